/** Work that is done once for each point of a sweep, some points at a time. */

import { availableParallelism } from 'node:os';

/**
 * Calls `at` for the points 0, stride, 2 × stride, … until it says that there was no such point.
 *
 * @param at does the work of a point; false: the sweep is over.
 * @returns the first point that there was not.
 */
export async function sweepPoints(
  stride: number,
  at: (point: number) => Promise<boolean>,
): Promise<number> {
  let next = 0;
  let end = Number.POSITIVE_INFINITY;
  const lane = async (): Promise<void> => {
    while (next < end) {
      const point = next;
      next += stride;
      if (!(await at(point))) end = Math.min(end, point);
    }
  };
  const lanes = Math.max(1, Math.min(4, availableParallelism()));
  await Promise.all(Array.from({ length: lanes }, lane));
  return end;
}
