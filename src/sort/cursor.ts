/**
 * Merges sorted runs over a range of names. A step yields one key with all the payloads that
 * any run holds under it; threads that walk different ranges share nothing but the runs.
 */

import { compareBytes } from '../names/name.js';
import { ENTRY_HEADER } from '../records/entry.js';
import type { Run } from './run.js';

const NO_KEY = new Uint8Array(0);

/** A position in the merge of several runs. Call {@link next} before the first key. */
export class Cursor {
  /** The current key is `keyBlock[keyStart, keyEnd)`. */
  keyBlock: Uint8Array = NO_KEY;
  keyStart = 0;
  keyEnd = 0;
  /** Payload `i` of the current key is `partBlocks[i][partStarts[i], partEnds[i])`. */
  parts = 0;
  readonly partBlocks: Uint8Array[] = [];
  readonly partStarts: number[] = [];
  readonly partEnds: number[] = [];

  private readonly heads: number[];
  private readonly ends: number[];

  /**
   * @param from first key of the range (inclusive), absent: the first of all.
   * @param to end of the range (exclusive), absent: the end.
   */
  constructor(
    private readonly runs: readonly Run[],
    from?: Uint8Array | undefined,
    to?: Uint8Array | undefined,
  ) {
    this.heads = runs.map((run) => (from === undefined ? 0 : lowerBound(run, from)));
    this.ends = runs.map((run) => (to === undefined ? run.count : lowerBound(run, to)));
  }

  /** Goes to the next key. Returns false at the end of the range. */
  next(): boolean {
    const { runs, heads, ends } = this;
    let found = false;
    let block: Uint8Array = NO_KEY;
    let start = 0;
    let end = 0;
    this.parts = 0;
    for (let r = 0; r < runs.length; r++) {
      if (heads[r] >= ends[r]) continue;
      const address = runs[r].index[heads[r]];
      const b = runs[r].blocks[address >>> 24];
      const s = (address & 0xffffff) + ENTRY_HEADER;
      const e = s + (b[s - 2] | (b[s - 1] << 8));
      if (found) {
        const d = compareBytes(b, s, e, block, start, end);
        if (d > 0) continue;
        if (d === 0) {
          this.take(r, b, s, e);
          continue;
        }
        // A smaller key: what was taken under the former one goes back.
        for (let q = 0; q < r; q++) this.putBack(q);
        this.parts = 0;
      }
      found = true;
      block = b;
      start = s;
      end = e;
      this.take(r, b, s, e);
    }
    this.keyBlock = block;
    this.keyStart = start;
    this.keyEnd = end;
    for (let r = 0; r < runs.length; r++) this.taken[r] = 0;
    return found;
  }

  /** An independent cursor just behind the current key. */
  fork(): Cursor {
    const copy = new Cursor(this.runs, NO_KEY, NO_KEY);
    for (let r = 0; r < this.runs.length; r++) {
      copy.heads[r] = this.heads[r];
      copy.ends[r] = this.ends[r];
    }
    return copy;
  }

  /** Becomes an independent copy of another cursor over the same runs, without allocating. */
  assign(other: Cursor): void {
    for (let r = 0; r < this.runs.length; r++) {
      this.heads[r] = other.heads[r];
      this.ends[r] = other.ends[r];
    }
  }

  /** Like {@link fork}, but running on beyond the end of this cursor's range to `to`. */
  forkTo(to: Uint8Array | undefined): Cursor {
    const copy = this.fork();
    for (let r = 0; r < this.runs.length; r++) {
      copy.ends[r] = to === undefined ? this.runs[r].count : lowerBound(this.runs[r], to);
    }
    return copy;
  }

  private readonly taken: number[] = [];

  /** Takes every entry of run `r` under the key at its head. */
  private take(r: number, block: Uint8Array, start: number, end: number): void {
    const { heads, ends } = this;
    const run = this.runs[r];
    let b = block;
    let e = end;
    let s = start;
    let n = 0;
    for (;;) {
      const h = s - ENTRY_HEADER;
      this.partBlocks[this.parts] = b;
      this.partStarts[this.parts] = e;
      this.partEnds[this.parts] =
        e + ((b[h] | (b[h + 1] << 8) | (b[h + 2] << 16) | (b[h + 3] << 24)) >>> 0);
      this.parts++;
      n++;
      heads[r]++;
      if (heads[r] >= ends[r]) break;
      const address = run.index[heads[r]];
      b = run.blocks[address >>> 24];
      s = (address & 0xffffff) + ENTRY_HEADER;
      e = s + (b[s - 2] | (b[s - 1] << 8));
      if (e - s !== end - start || compareBytes(b, s, e, block, start, end) !== 0) break;
    }
    this.taken[r] = n;
  }

  private putBack(r: number): void {
    const n = this.taken[r];
    if (n > 0) {
      this.heads[r] -= n;
      this.taken[r] = 0;
    }
  }
}

/** Position of the first entry of a run whose key is not below `key`. */
export function lowerBound(run: Run, key: Uint8Array): number {
  let low = 0;
  let high = run.count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const address = run.index[middle];
    const b = run.blocks[address >>> 24];
    const s = (address & 0xffffff) + ENTRY_HEADER;
    const e = s + (b[s - 2] | (b[s - 1] << 8));
    if (compareBytes(b, s, e, key, 0, key.length) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Does any run hold an entry under `key`? Calls `each` with every payload found. */
export function lookUp(
  runs: readonly Run[],
  key: Uint8Array,
  each?: (block: Uint8Array, start: number, end: number) => void,
): boolean {
  let found = false;
  for (const run of runs) {
    for (let i = lowerBound(run, key); i < run.count; i++) {
      const address = run.index[i];
      const b = run.blocks[address >>> 24];
      const s = (address & 0xffffff) + ENTRY_HEADER;
      const e = s + (b[s - 2] | (b[s - 1] << 8));
      if (compareBytes(b, s, e, key, 0, key.length) !== 0) break;
      found = true;
      const h = s - ENTRY_HEADER;
      each?.(b, e, e + ((b[h] | (b[h + 1] << 8) | (b[h + 2] << 16) | (b[h + 3] << 24)) >>> 0));
    }
  }
  return found;
}
