/**
 * Compares two zones name by name: the threads walk ranges of names through both zones' runs, and
 * the results come out in canonical order (RFC 4034 §6.1), a few ranges at a time.
 */

import { FACT_HEADER, factLength, factType } from '../records/entry.js';
import { TYPE } from '../records/types.js';
import { lookUp } from '../sort/cursor.js';
import { splitRanges } from '../sort/ranges.js';
import type { Run } from '../sort/run.js';
import type { Pool, Task } from '../threads/pool.js';
import {
  type DiffCounts,
  type DiffLists,
  NO_DIFFERENCE,
  type RangeAnswer,
  sumCounts,
} from './range-diff.js';

export type { DiffCounts, DiffLists } from './range-diff.js';

const module = new URL('./compare.task.js', import.meta.url).href;
const OPEN: Task = { module, name: 'openDiff' };
const RANGE: Task = { module, name: 'diffRange' };
const CLOSE: Task = { module, name: 'closeDiff' };

/** Entries of both zones in a range. */
const RANGE_ENTRIES = 1 << 16;

let nextJob = 1;

/** Where the names go, in canonical order; each call may be waited for. */
export interface DiffOutput {
  /** `marked`: lines `+ name`, `- name`, `~ name`. Else: `name` lines of added delegations. */
  first(lines: Uint8Array): void | Promise<void>;
  /** Not with `marked`: `name` lines of removed delegations. */
  second?(lines: Uint8Array): void | Promise<void>;
}

/**
 * Compares two zones of one apex. An empty list of runs stands for a zone that is not there.
 *
 * @param lists which names to write, see {@link DiffLists}.
 * @param entries about how many entries of both zones a thread takes at a time.
 */
export async function compareZones(
  older: readonly Run[],
  newer: readonly Run[],
  apex: Uint8Array,
  pool: Pool,
  lists: DiffLists,
  output: DiffOutput,
  entries = RANGE_ENTRIES,
): Promise<DiffCounts> {
  const job = nextJob++;
  const both = [...older, ...newer];
  const ranges = splitRanges(both, entries, (key) => outOfSubtree(both, key));
  await pool.runInAll(OPEN, { job, older, newer, apex, lists });
  const pending: Promise<RangeAnswer>[] = [];
  let total = NO_DIFFERENCE;
  const takeOldest = async (): Promise<void> => {
    const answer = await pending.shift();
    if (answer === undefined) return;
    total = sumCounts(total, answer.counts);
    if (answer.first.length > 0) await output.first(answer.first);
    if (answer.second.length > 0) await output.second?.(answer.second);
  };
  try {
    for (const { from, to } of ranges) {
      const answer = pool.run<RangeAnswer>(RANGE, { job, from, to });
      // A failure is seen when its turn comes.
      answer.catch(() => undefined);
      pending.push(answer);
      if (pending.length > pool.slots * 3) await takeOldest();
    }
    while (pending.length > 0) await takeOldest();
  } finally {
    await Promise.allSettled(pending);
    await pool.runInAll(CLOSE, { job });
  }
  return total;
}

/**
 * Moves a boundary that falls below a cut of either zone to the end of that cut's subtree, so
 * that a delegation and its glue are in one range.
 */
function outOfSubtree(runs: readonly Run[], key: Uint8Array): Uint8Array | undefined {
  // Ancestors from the apex outward: a label ends in 0x00, which stands nowhere else in a key.
  for (let end = key.indexOf(0) + 1; end > 0 && end < key.length; ) {
    const ancestor = key.slice(0, end);
    if (hasNs(runs, ancestor)) {
      // The first key behind all that begin with the ancestor's.
      ancestor[end - 1] = 1;
      return ancestor;
    }
    end = key.indexOf(0, end) + 1;
  }
  return key;
}

function hasNs(runs: readonly Run[], key: Uint8Array): boolean {
  let found = false;
  lookUp(runs, key, (block, start, end) => {
    for (let at = start; at < end; at += FACT_HEADER + factLength(block, at)) {
      if (factType(block, at) === TYPE.NS) found = true;
    }
  });
  return found;
}
