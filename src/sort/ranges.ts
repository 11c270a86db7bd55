/**
 * Cuts the key space of some runs into ranges of about equal numbers of entries, so that
 * threads can merge them independently.
 */

import { compareBytes } from '../names/name.js';
import { ENTRY_HEADER } from '../records/entry.js';
import type { Run } from './run.js';

/** `[from, to)`; an absent bound is open. */
export interface KeyRange {
  readonly from: Uint8Array | undefined;
  readonly to: Uint8Array | undefined;
}

/**
 * Ranges that together cover every key once.
 *
 * @param entries how many entries a range should hold, about.
 * @param adjust may move a boundary, e.g. so that it does not fall inside a delegated
 *   subtree; it must not move it down. `undefined` gives the boundary up.
 */
export function splitRanges(
  runs: readonly Run[],
  entries: number,
  adjust: (key: Uint8Array) => Uint8Array | undefined = (key) => key,
): KeyRange[] {
  const stride = Math.max(1, Math.min(256, entries >> 4));
  const samples: Uint8Array[] = [];
  for (const run of runs) {
    for (let i = stride; i < run.count; i += stride) {
      const address = run.index[i];
      const block = run.blocks[address >>> 24];
      const at = (address & 0xffffff) + ENTRY_HEADER;
      samples.push(block.subarray(at, at + (block[at - 2] | (block[at - 1] << 8))));
    }
  }
  samples.sort((a, b) => compareBytes(a, 0, a.length, b, 0, b.length));
  const step = Math.max(1, Math.round(entries / stride));
  const ranges: KeyRange[] = [];
  let from: Uint8Array | undefined;
  for (let i = step; i < samples.length; i += step) {
    const to = adjust(samples[i].slice());
    if (to === undefined || to.length === 0) continue;
    if (from !== undefined && compareBytes(to, 0, to.length, from, 0, from.length) <= 0) continue;
    ranges.push({ from, to });
    from = to;
  }
  ranges.push({ from, to: undefined });
  return ranges;
}
