/** Gives memory back between the stages of a run; see collect.task.ts. */

import { collect } from './collect.task.js';
import type { Pool, Task } from './pool.js';

const COLLECT: Task = {
  module: new URL('./collect.task.js', import.meta.url).href,
  name: 'collect',
};

/** Collects garbage in all threads. A pool without threads means a small zone: nothing to do. */
export async function releaseMemory(pool: Pool): Promise<void> {
  if (pool.size === 0) return;
  const collected = pool.runInAll(COLLECT, undefined);
  collect();
  await collected;
}
