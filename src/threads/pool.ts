/**
 * A pool of worker threads that run tasks: functions exported by `*.task.ts` modules.
 *
 * The main thread only coordinates. A pool of size 0 runs its tasks in the calling thread,
 * so that a small zone does not pay for threads and everything works the same way.
 */

import { Worker } from 'node:worker_threads';
import { ZonewrightError } from '../errors.js';

/** A task's result together with the buffers that move, not copy, to the other thread. */
export class Moved<T> {
  constructor(
    readonly value: T,
    readonly transfer: ArrayBuffer[],
  ) {}
}

/** A function of a `*.task.ts` module: give `import.meta.resolve('./x.task.js')` and its name. */
export interface Task {
  readonly module: string;
  readonly name: string;
}

export interface Pool {
  /** Worker threads; 0 when tasks run in this thread. */
  readonly size: number;
  /** Places a task can run in: at least 1. */
  readonly slots: number;
  /** Runs a task in a given slot, after those already given to that slot. */
  runIn<T>(slot: number, task: Task, args: unknown, transfer?: ArrayBuffer[]): Promise<T>;
  /** Runs a task in whichever slot is free first; at most two wait in a slot. */
  run<T>(task: Task, args: unknown, transfer?: ArrayBuffer[]): Promise<T>;
  /** Runs a task once in every slot. */
  runInAll<T>(task: Task, args: unknown): Promise<T[]>;
  close(): Promise<void>;
}

/** What crosses from a worker. */
export interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: WireError;
}

/** An error as it crosses between threads. */
export interface WireError {
  readonly message: string;
  readonly stack: string | undefined;
  readonly zonewright:
    | {
        readonly exitCode: number;
        readonly hint: string | undefined;
        readonly place: ZonewrightError['place'];
        readonly text: string | undefined;
      }
    | undefined;
}

/** Packs an error for another thread. */
export function toWireError(error: unknown): WireError {
  if (error instanceof ZonewrightError) {
    const { exitCode, hint, place, text } = error;
    return {
      message: error.message,
      stack: error.stack,
      zonewright: { exitCode, hint, place, text },
    };
  }
  if (error instanceof Error) {
    return { message: error.message, stack: error.stack, zonewright: undefined };
  }
  return { message: String(error), stack: undefined, zonewright: undefined };
}

function fromWireError(wire: WireError): Error {
  if (wire.zonewright !== undefined) {
    const { exitCode, hint, place, text } = wire.zonewright;
    return new ZonewrightError(exitCode, wire.message, { hint, place, text });
  }
  const error = new Error(wire.message);
  if (wire.stack !== undefined) error.stack = wire.stack;
  return error;
}

/**
 * Opens a pool of `size` worker threads (0: none).
 *
 * @param modules the threads load while they have nothing to do yet, in this order.
 */
export function createPool(size: number, modules: readonly string[] = []): Pool {
  return size === 0 ? inlinePool() : threadPool(size, modules);
}

type AnyTask = (args: unknown) => unknown;

/** Finds a task's function. */
export async function loadTask(task: Task): Promise<AnyTask> {
  const module = (await import(task.module)) as Record<string, unknown>;
  const fn = module[task.name];
  if (typeof fn !== 'function') throw new Error(`no task ${task.name} in ${task.module}`);
  return fn as AnyTask;
}

function inlinePool(): Pool {
  let last: Promise<unknown> = Promise.resolve();
  const runIn = <T>(_slot: number, task: Task, args: unknown): Promise<T> => {
    const result = last.then(async () => {
      const value = await (await loadTask(task))(args);
      return (value instanceof Moved ? value.value : value) as T;
    });
    last = result.catch(() => undefined);
    return result;
  };
  return {
    size: 0,
    slots: 1,
    runIn,
    run: (task, args) => runIn(0, task, args),
    runInAll: async (task, args) => [await runIn(0, task, args)],
    close: async () => undefined,
  };
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

interface Slot {
  readonly worker: Worker;
  readonly waiting: Map<number, Waiting>;
  failed: Error | undefined;
}

/** Tasks given to a slot before `run` holds further ones back: one works, one waits. */
const SLOT_DEPTH = 2;

function threadPool(size: number, modules: readonly string[]): Pool {
  let nextId = 0;
  let closing = false;
  const queue: Array<(slot: number) => void> = [];
  const slots: Slot[] = [];
  const pump = (): void => {
    while (queue.length > 0) {
      let best = -1;
      for (let i = 0; i < size; i++) {
        if (slots[i].waiting.size >= SLOT_DEPTH) continue;
        if (best < 0 || slots[i].waiting.size < slots[best].waiting.size) best = i;
      }
      if (best < 0) return;
      queue.shift()?.(best);
    }
  };
  for (let i = 0; i < size; i++) {
    const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: modules });
    const slot: Slot = { worker, waiting: new Map(), failed: undefined };
    const fail = (error: Error): void => {
      slot.failed = error;
      for (const w of slot.waiting.values()) w.reject(error);
      slot.waiting.clear();
      pump();
    };
    worker.on('message', (answer: Answer) => {
      const w = slot.waiting.get(answer.id);
      slot.waiting.delete(answer.id);
      if (answer.error !== undefined) w?.reject(fromWireError(answer.error));
      else w?.resolve(answer.value);
      pump();
    });
    worker.on('error', fail);
    worker.on('exit', (code) => {
      if (!closing) fail(new Error(`a worker thread ended with code ${code}`));
    });
    slots.push(slot);
  }
  const runIn = <T>(
    slotNumber: number,
    task: Task,
    args: unknown,
    transfer: ArrayBuffer[] = [],
  ): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      const slot = slots[slotNumber];
      if (slot.failed !== undefined) {
        reject(slot.failed);
        return;
      }
      const id = nextId++;
      slot.waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      slot.worker.postMessage({ id, task, args }, transfer);
    });
  return {
    size,
    slots: size,
    runIn,
    run: <T>(task: Task, args: unknown, transfer?: ArrayBuffer[]): Promise<T> =>
      new Promise<T>((resolve, reject) => {
        queue.push((slot) => {
          runIn<T>(slot, task, args, transfer).then(resolve, reject);
        });
        pump();
      }),
    runInAll: (task, args) => Promise.all(slots.map((_, i) => runIn<never>(i, task, args))),
    close: async () => {
      closing = true;
      await Promise.all(slots.map((slot) => slot.worker.terminate()));
    },
  };
}
