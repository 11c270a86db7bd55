/** The worker thread's side of the pool: runs the tasks that it is sent, one after another. */

import { parentPort, workerData } from 'node:worker_threads';
import { type Answer, loadTask, Moved, type Task, toWireError } from './pool.js';

const port = parentPort;
if (port === null) throw new Error('threads/worker.js runs in a worker thread only');

let last: Promise<void> = Promise.resolve();

port.on('message', ({ id, task, args }: { id: number; task: Task; args: unknown }) => {
  last = last.then(async () => {
    try {
      const value = await (await loadTask(task))(args);
      if (value instanceof Moved) {
        port.postMessage({ id, value: value.value } satisfies Answer, value.transfer);
      } else {
        port.postMessage({ id, value } satisfies Answer);
      }
    } catch (error) {
      port.postMessage({ id, error: toWireError(error) } satisfies Answer);
    }
  });
});

for (const module of workerData as readonly string[]) {
  // Whoever asks for a task of it is told what is wrong.
  await import(module).catch(() => undefined);
}
