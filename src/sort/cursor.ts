/**
 * Merges sorted runs over a range of names. A step yields one key with all the payloads that
 * any run holds under it; threads that walk different ranges share nothing but the runs.
 *
 * The head of each run is kept unpacked, with its first eight octets as two numbers: most
 * comparisons end there.
 */

import { compareBytes } from '../names/name.js';
import { ENTRY_HEADER } from '../records/entry.js';
import type { Run } from './run.js';

const NO_KEY: Uint8Array = new Uint8Array(0);

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

  /** Position of each run's head, and where the run's range ends. */
  private readonly heads: Float64Array;
  private readonly ends: Float64Array;
  /** The heads' keys: `blocks[r][starts[r], stops[r])`, first octets in `high` and `low`. */
  private readonly blocks: Uint8Array[];
  private readonly starts: Uint32Array;
  private readonly stops: Uint32Array;
  private readonly high: Uint32Array;
  private readonly low: Uint32Array;

  /**
   * @param from first key of the range (inclusive), absent: the first of all.
   * @param to end of the range (exclusive), absent: the end.
   */
  constructor(
    private readonly runs: readonly Run[],
    from?: Uint8Array | undefined,
    to?: Uint8Array | undefined,
  ) {
    const n = runs.length;
    this.heads = new Float64Array(n);
    this.ends = new Float64Array(n);
    this.blocks = new Array<Uint8Array>(n).fill(NO_KEY);
    this.starts = new Uint32Array(n);
    this.stops = new Uint32Array(n);
    this.high = new Uint32Array(n);
    this.low = new Uint32Array(n);
    for (let r = 0; r < n; r++) {
      this.heads[r] = from === undefined ? 0 : lowerBound(runs[r], from);
      this.ends[r] = to === undefined ? runs[r].count : lowerBound(runs[r], to);
      this.load(r);
    }
  }

  /** Goes to the next key. Returns false at the end of the range. */
  next(): boolean {
    const { heads, ends, high, low, blocks, starts, stops } = this;
    const n = this.runs.length;
    let best = -1;
    let ties = false;
    for (let r = 0; r < n; r++) {
      if (heads[r] >= ends[r]) continue;
      if (best < 0) {
        best = r;
        continue;
      }
      let d = high[r] - high[best];
      if (d === 0) d = low[r] - low[best];
      if (d === 0) {
        d = compareBytes(blocks[r], starts[r], stops[r], blocks[best], starts[best], stops[best]);
      }
      if (d > 0) continue;
      ties = d === 0;
      if (d < 0) best = r;
    }
    this.parts = 0;
    if (best < 0) {
      this.keyBlock = NO_KEY;
      this.keyStart = 0;
      this.keyEnd = 0;
      return false;
    }
    this.keyBlock = blocks[best];
    this.keyStart = starts[best];
    this.keyEnd = stops[best];
    this.take(best);
    // Ties can only be with the runs behind: the first of equal heads is the best.
    if (ties) for (let r = best + 1; r < n; r++) if (this.isAtKey(r)) this.take(r);
    return true;
  }

  /** An independent cursor just behind the current key. */
  fork(): Cursor {
    const copy = new Cursor(this.runs, NO_KEY, NO_KEY);
    copy.assign(this);
    return copy;
  }

  /** Becomes an independent copy of another cursor over the same runs, without allocating. */
  assign(other: Cursor): void {
    for (let r = 0; r < this.runs.length; r++) {
      this.heads[r] = other.heads[r];
      this.ends[r] = other.ends[r];
      this.blocks[r] = other.blocks[r];
      this.starts[r] = other.starts[r];
      this.stops[r] = other.stops[r];
      this.high[r] = other.high[r];
      this.low[r] = other.low[r];
    }
  }

  private isAtKey(r: number): boolean {
    if (this.heads[r] >= this.ends[r]) return false;
    const s = this.starts[r];
    const e = this.stops[r];
    const { keyBlock, keyStart, keyEnd } = this;
    return (
      e - s === keyEnd - keyStart &&
      compareBytes(this.blocks[r], s, e, keyBlock, keyStart, keyEnd) === 0
    );
  }

  /** Takes every entry of run `r` under the key at its head. */
  private take(r: number): void {
    do {
      const b = this.blocks[r];
      const s = this.starts[r];
      const e = this.stops[r];
      const h = s - ENTRY_HEADER;
      const length = (b[h] | (b[h + 1] << 8) | (b[h + 2] << 16) | (b[h + 3] << 24)) >>> 0;
      const part = this.parts++;
      this.partBlocks[part] = b;
      this.partStarts[part] = e;
      this.partEnds[part] = e + length;
      this.heads[r]++;
      this.load(r);
    } while (this.isAtKey(r));
  }

  /** Unpacks the head of run `r`. */
  private load(r: number): void {
    const head = this.heads[r];
    if (head >= this.ends[r]) return;
    const run = this.runs[r];
    const address = run.index[head];
    const b = run.blocks[address >>> 24];
    const s = (address & 0xffffff) + ENTRY_HEADER;
    const length = b[s - 2] | (b[s - 1] << 8);
    this.blocks[r] = b;
    this.starts[r] = s;
    this.stops[r] = s + length;
    if (length >= 8) {
      this.high[r] = (b[s] << 24) | (b[s + 1] << 16) | (b[s + 2] << 8) | b[s + 3];
      this.low[r] = (b[s + 4] << 24) | (b[s + 5] << 16) | (b[s + 6] << 8) | b[s + 7];
      return;
    }
    let high = 0;
    let low = 0;
    for (let k = 0; k < 4; k++) high = (high << 8) | (k < length ? b[s + k] : 0);
    for (let k = 4; k < 8; k++) low = (low << 8) | (k < length ? b[s + k] : 0);
    this.high[r] = high;
    this.low[r] = low;
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
