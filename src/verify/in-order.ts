/** Runs numbered pieces of work at once, a bounded number of them, and takes the results in
 * order: what comes early waits, what would come too early is not begun. */

/**
 * @param window pieces begun and not yet taken, at most.
 * @throws what `start` or `take` throws first, after all that was begun has ended.
 */
export async function inOrder<T>(
  count: number,
  window: number,
  start: (index: number) => Promise<T>,
  take: (result: T, index: number) => void,
): Promise<void> {
  const waiting: Promise<T>[] = [];
  let next = 0;
  try {
    for (let i = 0; i < count; i++) {
      while (next < count && waiting.length < window) {
        const promise = start(next++);
        // A failure is seen when its turn comes.
        promise.catch(() => undefined);
        waiting.push(promise);
      }
      take(await (waiting[0] as Promise<T>), i);
      waiting.shift();
    }
  } finally {
    await Promise.allSettled(waiting);
  }
}
