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
 */
export function openAuditWriter(
  stateDir: string,
  onState: (error: Error | undefined) => void,
): AuditWriter {
  const thread = new Worker(new URL('./writer.worker.js', import.meta.url), {
    workerData: { stateDir },
  });
  // The process may end when nothing else keeps it; whoever cares calls close.
  thread.unref();
  let waiting: AuditEntry[] = [];
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let failing = false;
  let dead: Error | undefined;
  let answer: ((answer: Answer) => void) | undefined;
  thread.on('message', (message: Answer) => answer?.(message));
  thread.on('error', (error) => {
    dead = error;
    answer?.({ error: error.message });
  });

  const send = async (): Promise<void> => {
    const lines = waiting;
    waiting = [];
    const { error } = await new Promise<Answer>((resolve) => {
      answer = resolve;
      if (dead !== undefined) resolve({ error: dead.message });
      else thread.postMessage(lines);
    });
    answer = undefined;
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
      if (dead === undefined) {
        const ended = new Promise((resolve) => thread.once('exit', resolve));
        thread.postMessage('end');
        await ended;
      }
    },
  };
}
