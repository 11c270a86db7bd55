/**
 * The audit log for a process that must not wait for the disk: lines are gathered for a moment and
 * appended by a thread, in order.
 *
 * What could not be written is kept and tried again; the owner is told, so that it can stop doing
 * what must not go unlogged.
 */

import { Worker } from 'node:worker_threads';
import type { AuditEntry } from './chain.js';

/** How long lines are gathered, milliseconds. */
const GATHER = 25;
/** How long after a failure it is tried again. */
const AGAIN = 1000;

export interface AuditWriter {
  write(entry: AuditEntry): void;
  /** Resolves when all that was written so far is on the disk, or could not be written. */
  flush(): Promise<void>;
  /** Writes the rest and ends the thread. */
  close(): Promise<void>;
}

/** What the thread answers to lines. */
export interface Answer {
  readonly error?: string;
}

/**
 * @param onState told when lines can't be written (why), and when they can again (undefined).
 * @param onThread called when the thread has begun, and whenever another one has.
 */
export function openAuditWriter(
  stateDir: string,
  onState: (error: Error | undefined) => void,
  onThread: () => void = () => undefined,
): AuditWriter {
  let answer: ((answer: Answer) => void) | undefined;
  const start = (): Worker => {
    const fresh = new Worker(new URL('./writer.worker.js', import.meta.url), {
      workerData: { stateDir },
    });
    fresh.once('online', onThread);
    // Only lines that are being written keep the process from ending.
    fresh.unref();
    fresh.on('message', (message: Answer) => answer?.(message));
    // A thread that has died is followed by another one at the next try.
    fresh.on('error', (error) => {
      if (thread === fresh) thread = undefined;
      answer?.({ error: error.message });
    });
    return fresh;
  };
  let thread: Worker | undefined = start();
  let waiting: AuditEntry[] = [];
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let failing = false;
  const send = async (): Promise<void> => {
    const lines = waiting;
    waiting = [];
    const { error } = await new Promise<Answer>((resolve) => {
      answer = resolve;
      thread ??= start();
      thread.ref();
      thread.postMessage(lines);
    });
    answer = undefined;
    thread?.unref();
    if (error === undefined) {
      if (failing) onState(undefined);
      failing = false;
      return;
    }
    // Back in front: nothing is lost, and nothing is out of order.
    waiting = lines.concat(waiting);
    failing = true;
    onState(new Error(error));
  };
  const run = (): Promise<void> => {
    running ??= send().finally(() => {
      running = undefined;
      if (waiting.length > 0) plan(failing ? AGAIN : GATHER);
    });
    return running;
  };
  const plan = (delay: number): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      void run();
    }, delay);
    timer.unref();
  };
  const flush = async (): Promise<void> => {
    await running;
    if (waiting.length > 0) await run();
  };
  return {
    write: (entry) => {
      waiting.push(entry);
      plan(failing ? AGAIN : GATHER);
    },
    flush,
    close: async () => {
      await flush();
      clearTimeout(timer);
      const last = thread;
      if (last === undefined) return;
      const ended = new Promise((resolve) => last.once('exit', resolve));
      last.ref();
      last.postMessage('end');
      await ended;
    },
  };
}
