/**
 * The line in which password checks wait. One check takes a third of a second and 128 MiB, so that
 * one runs at a time; addresses take turns, so that a flood from one does not keep others waiting;
 * addresses from which somebody has signed in before come first; and the line has an end.
 */

export interface Line {
  /**
   * Runs `action` when it is its turn.
   *
   * @returns undefined: the line is full, nothing was done.
   */
  run<T>(key: string, first: boolean, action: () => Promise<T>): Promise<T> | undefined;
  /** How many wait or run. */
  readonly length: number;
}

type Job = () => Promise<void>;

/** @param most that may wait in all. @param mostOfOne that may wait of one address. */
export function createLine(most: number, mostOfOne: number): Line {
  /** Waiting by key; keys in the order of their next turn. First those that come first. */
  const queues: readonly Map<string, Job[]>[] = [new Map(), new Map()];
  let length = 0;
  let running = false;

  const next = (): Job | undefined => {
    for (const queue of queues) {
      for (const [key, waiting] of queue) {
        const job = waiting.shift()!;
        queue.delete(key);
        if (waiting.length > 0) queue.set(key, waiting);
        return job;
      }
    }
    return undefined;
  };
  const work = async (): Promise<void> => {
    if (running) return;
    running = true;
    for (let job = next(); job !== undefined; job = next()) {
      await job();
      length--;
    }
    running = false;
  };
  return {
    get length() {
      return length;
    },
    run: (key, first, action) => {
      const queue = queues[first ? 0 : 1];
      const waiting = queue.get(key) ?? [];
      if (length >= most || waiting.length >= mostOfOne) return undefined;
      length++;
      return new Promise((resolve, reject) => {
        waiting.push(() => action().then(resolve, reject));
        queue.set(key, waiting);
        void work();
      });
    },
  };
}
