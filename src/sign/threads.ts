/**
 * The threads of `zonewright sign`, a file of its own so that they can start while the command is
 * still being loaded.
 */

import type { SignOptions } from '../cli/options.js';
import { sourceSize } from '../read/source.js';
import { createPool, type Pool } from '../threads/pool.js';

/** Input below this many octets is not worth starting threads for. */
const SMALL_INPUT = 4 << 20;
/** The same for gzip input, which unpacks to several times its size. */
const GZIP_SHRINKS = 8;
/** What the threads will be asked for, in that order. */
const TASKS: readonly string[] = [
  '../read/master.task.js',
  '../threads/collect.task.js',
  '../zone/plan.task.js',
  '../write/emit.task.js',
].map((path) => new URL(path, import.meta.url).href);

/** Starts as many threads as the input is worth. */
export async function openSignPool({
  input,
  threads,
}: Pick<SignOptions, 'input' | 'threads'>): Promise<Pool> {
  return createPool((await isSmall(input)) ? 0 : threads, TASKS);
}

async function isSmall(input: string): Promise<boolean> {
  const size = await sourceSize(input);
  const scale = input.endsWith('.gz') ? GZIP_SHRINKS : 1;
  return size !== undefined && size * scale < SMALL_INPUT;
}
