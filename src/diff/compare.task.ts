/** The worker's side of comparing zones: one range of names at a time. */

import type { Run } from '../sort/run.js';
import { Moved } from '../threads/pool.js';
import { type DiffLists, type RangeAnswer, RangeDiff } from './range-diff.js';
import { Side } from './side.js';

export interface OpenArgs {
  readonly job: number;
  readonly older: readonly Run[];
  readonly newer: readonly Run[];
  readonly apex: Uint8Array;
  readonly lists: DiffLists;
}

export interface RangeArgs {
  readonly job: number;
  readonly from: Uint8Array | undefined;
  readonly to: Uint8Array | undefined;
}

const jobs = new Map<number, OpenArgs>();

/** Opens a comparison in this thread. */
export function openDiff(args: OpenArgs): void {
  jobs.set(args.job, args);
}

/** Closes it. */
export function closeDiff({ job }: { job: number }): void {
  jobs.delete(job);
}

/** Compares the names of one range, which no delegation's subtree crosses. */
export function diffRange({ job, from, to }: RangeArgs): Moved<RangeAnswer> {
  const args = jobs.get(job);
  if (args === undefined) throw new Error('the comparison is not open in this thread');
  const diff = new RangeDiff(new Side(args.older, from, to), args.apex, args.lists);
  const newer = new Side(args.newer, from, to);
  while (newer.next()) diff.take(newer.unit);
  const answer = diff.finish();
  return new Moved(answer, [answer.first.buffer, answer.second.buffer]);
}
