/**
 * Several sessions for one signing thread. C_Sign holds up its caller until the token has answered,
 * so each further session has a thread of its own (crew.worker.ts). The signing thread lays a
 * batch into shared memory, signs with the others until all is taken, and waits for the last.
 *
 * Jobs have numbers that go on from batch to batch. A thread takes the next one by an atomic
 * exchange, and only below the limit, so that nobody can take a job of a batch that is still being
 * laid out, however late he comes.
 */

import { Worker } from 'node:worker_threads';
import { refusal } from '../errors.js';
import { moduleError } from './module.js';
import type { KeyToOpen, OpenKey } from './signing.js';

/** Jobs of a batch, and octets of what is to be signed in it. */
const JOBS = 4096;
const INPUT = 1 << 20;
/** Milliseconds that nothing may come from the token. */
const PATIENCE = 120_000;

/** The words of the shared memory. */
export const Word = {
  /** The job to take next. */
  next: 0,
  /** The first job that is not there yet. */
  limit: 1,
  /** Jobs that were done, well or badly. */
  done: 2,
  /** The number of the batch's first job. */
  base: 3,
  /** The return value of a signature that failed; 0: none. */
  fault: 4,
  /** 1: the threads shall end. */
  closing: 5,
  /** Counts the calls to work, and that to end. Threads that have nothing to do wait for it. */
  call: 6,
} as const;

/** Memory that the threads of a crew share. */
export interface CrewMemory {
  readonly words: Int32Array;
  /** Where each job's input begins and ends. */
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  readonly input: Buffer;
  /** The signatures, one behind the other. */
  readonly output: Buffer;
}

/** What a thread of the crew begins with. */
export interface CrewStart {
  readonly key: KeyToOpen;
  readonly length: number;
  readonly memory: SharedArrayBuffer;
}

export interface Crew {
  /**
   * Signs `data[starts[i], ends[i])` for all `i` below `count`; signature `i` goes to
   * `out[i * length…]`.
   *
   * @throws the module's error, or ZonewrightError (exit 4).
   */
  sign(
    data: Uint8Array,
    starts: Uint32Array,
    ends: Uint32Array,
    count: number,
    out: Uint8Array,
  ): void;
  close(): void;
}

/** Lays out a crew's memory. */
export function crewMemory(memory: SharedArrayBuffer, length: number): CrewMemory {
  let at = 64;
  const take = (octets: number): number => {
    const begin = at;
    at += octets;
    return begin;
  };
  return {
    words: new Int32Array(memory, 0, 16),
    starts: new Uint32Array(memory, take(4 * JOBS), JOBS),
    ends: new Uint32Array(memory, take(4 * JOBS), JOBS),
    input: Buffer.from(memory, take(INPUT), INPUT),
    output: Buffer.from(memory, take(JOBS * length), JOBS * length),
  };
}

/**
 * Starts the threads of a crew.
 *
 * @param own the key as this thread has it open.
 * @param helpers threads beside this one.
 */
export function openCrew(key: KeyToOpen, own: OpenKey, helpers: number): Crew {
  const { length } = own;
  const memory = new SharedArrayBuffer(64 + JOBS * (8 + length) + INPUT);
  const crew = crewMemory(memory, length);
  const { words, starts, ends, input, output } = crew;
  const workerData: CrewStart = { key, length, memory };
  for (let i = 0; i < helpers; i++) {
    const worker = new Worker(new URL('./crew.worker.js', import.meta.url), { workerData });
    // A session that can't be had is one session less. The run ends when it has no more to do.
    worker.on('error', () => undefined);
    worker.unref();
  }
  const call = (): void => {
    Atomics.add(words, Word.call, 1);
    Atomics.notify(words, Word.call);
  };

  /** Signs what was laid out, with the others. */
  const work = (): void => {
    takeJobs(crew, own);
    const limit = Atomics.load(words, Word.limit);
    for (;;) {
      const done = Atomics.load(words, Word.done);
      if (done === limit) break;
      if (Atomics.wait(words, Word.done, done, PATIENCE) === 'timed-out') {
        throw refusal(`the token has not answered for ${PATIENCE / 1000} seconds`);
      }
    }
    const fault = Atomics.load(words, Word.fault);
    if (fault !== 0) throw moduleError(fault >>> 0);
  };

  return {
    sign(data, from, to, count, out) {
      for (let i = 0; i < count; ) {
        const first = i;
        let end = 0;
        for (; i < count && i - first < JOBS; i++) {
          const one = own.input(data, from[i], to[i]);
          if (end + one.length > INPUT) break;
          input.set(one, end);
          starts[i - first] = end;
          end += one.length;
          ends[i - first] = end;
        }
        if (i === first) {
          // A single RRset of more than a mebibyte.
          const alone = Buffer.alloc(length);
          own.sign(own.input(data, from[i], to[i]), alone);
          out.set(alone, i++ * length);
          continue;
        }
        const limit = Atomics.load(words, Word.limit);
        Atomics.store(words, Word.base, limit);
        Atomics.store(words, Word.limit, (limit + i - first) | 0);
        call();
        work();
        out.set(output.subarray(0, (i - first) * length), first * length);
      }
    },
    close() {
      Atomics.store(words, Word.closing, 1);
      call();
    },
  };
}

/**
 * Takes jobs and signs them until all are taken. After a fault the rest are counted off, that
 * nobody waits for them.
 */
export function takeJobs({ words, starts, ends, input, output }: CrewMemory, key: OpenKey): void {
  const { length } = key;
  for (;;) {
    const job = Atomics.load(words, Word.next);
    if (job === Atomics.load(words, Word.limit)) return;
    if (Atomics.compareExchange(words, Word.next, job, (job + 1) | 0) !== job) continue;
    const i = (job - Atomics.load(words, Word.base)) | 0;
    if (Atomics.load(words, Word.fault) === 0) {
      try {
        key.sign(input.subarray(starts[i], ends[i]), output.subarray(i * length, (i + 1) * length));
      } catch (error) {
        Atomics.store(words, Word.fault, faultNumber(error));
      }
    }
    Atomics.add(words, Word.done, 1);
    Atomics.notify(words, Word.done);
  }
}

/** CKR_GENERAL_ERROR for what is none of the module's errors. */
function faultNumber(error: unknown): number {
  const { code } = error as { code?: unknown };
  return typeof code === 'number' && code !== 0 ? code | 0 : 5;
}
