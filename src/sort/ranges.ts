/**
 * Cuts the key space of some runs into ranges of about equal numbers of entries, so that
 * threads can merge them independently.
 */

import { compareBytes } from '../names/name.js';
import { firstKey } from './pages.js';
import type { Run } from './run.js';

/** `[from, to)`; an absent bound is open. */
export interface KeyRange {
  readonly from: Uint8Array | undefined;
  readonly to: Uint8Array | undefined;
}

/**
 * Ranges that together cover every key once. Boundaries are the keys with which pages begin.
 *
 * @param entries how many entries a range should hold, about; `first`: the first of them.
 * @param adjust may move a boundary, e.g. so that it does not fall inside a delegated
 *   subtree. `undefined` gives the boundary up, as does one that is not above the one before.
 * @param weigh for how many entries one of the run counts, by the work that it makes.
 */
export function splitRanges(
  runs: readonly Run[],
  entries: number,
  adjust: (key: Uint8Array, above: Uint8Array | undefined) => Uint8Array | undefined = (key) => key,
  first = entries,
  weigh: (run: Run) => number = () => 1,
): KeyRange[] {
  /** Pages of all runs in the order of their first keys. */
  const pages: { readonly key: Uint8Array; readonly entries: number }[] = [];
  for (const run of runs) {
    const weight = weigh(run);
    for (let p = 0; p < run.pages.count; p++) {
      pages.push({ key: firstKey(run.pages, p), entries: run.pages.entries[p] * weight });
    }
  }
  pages.sort((a, b) => compareBytes(a.key, 0, a.key.length, b.key, 0, b.key.length));
  const ranges: KeyRange[] = [];
  let from: Uint8Array | undefined;
  let inRange = 0;
  for (const page of pages) {
    if (inRange >= (ranges.length === 0 ? first : entries)) {
      const to = adjust(page.key, from);
      if (to !== undefined && to.length > 0 && isAbove(to, from)) {
        ranges.push({ from, to });
        from = to;
        inRange = 0;
      }
    }
    inRange += page.entries;
  }
  ranges.push({ from, to: undefined });
  return ranges;
}

function isAbove(key: Uint8Array, other: Uint8Array | undefined): boolean {
  return other === undefined || compareBytes(key, 0, key.length, other, 0, other.length) > 0;
}
