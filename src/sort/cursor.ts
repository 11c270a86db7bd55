/**
 * Merges sorted runs over a range of names. A step yields one key with all the payloads that
 * any run holds under it; threads that walk different ranges share nothing but the runs.
 *
 * The head of each run is kept unpacked, with its first six octets as a number: most comparisons
 * end there. The blocks that a step yields stay as they are: whoever holds on to them can read
 * them later.
 */

import { compareBytes } from '../names/name.js';
import { BLOCK_SIZE, ENTRY_HEADER, entrySize, payloadLength } from '../records/entry.js';
import { pageOf } from './pages.js';
import { compareKey, type Run } from './run.js';
import { readPage } from './spill.js';

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

  private readonly size: number;
  /** Page of each run's head; the head is the entry at `ats[r]`, the page ends at `ends[r]`. */
  private readonly pages: Int32Array;
  private readonly ats: Int32Array;
  private readonly ends: Int32Array;
  /** The heads' keys: `blocks[r][starts[r], stops[r])`, the first octets in `ranks`; a run that
   * is at its end has the rank Infinity. */
  private readonly blocks: Uint8Array[];
  private readonly starts: Int32Array;
  private readonly stops: Int32Array;
  private readonly ranks: Float64Array;
  /** A tree of losers: the heads of the runs have played for the smallest key. Node 1 is the root,
   * the runs are the leaves `size…2 size`; each node holds the run that lost there. */
  private readonly losers: Int32Array;
  private winner = 0;

  /**
   * @param from first key of the range (inclusive), absent: the first of all.
   * @param to end of the range (exclusive), absent: the end.
   */
  constructor(
    private readonly runs: readonly Run[],
    from?: Uint8Array | undefined,
    private readonly to?: Uint8Array | undefined,
    seek = true,
  ) {
    const n = runs.length;
    this.size = n;
    this.pages = new Int32Array(n);
    this.ats = new Int32Array(n);
    this.ends = new Int32Array(n);
    this.blocks = new Array<Uint8Array>(n).fill(NO_KEY);
    this.starts = new Int32Array(n);
    this.stops = new Int32Array(n);
    this.ranks = new Float64Array(n).fill(Number.POSITIVE_INFINITY);
    this.losers = new Int32Array(n);
    if (!seek) return;
    const isEmpty =
      from !== undefined &&
      to !== undefined &&
      compareBytes(from, 0, from.length, to, 0, to.length) >= 0;
    if (isEmpty) return;
    for (let r = 0; r < n; r++) this.seek(r, from);
    this.build();
  }

  /** Goes to the next key. Returns false at the end of the range. */
  next(): boolean {
    const { ranks, blocks, starts, stops } = this;
    this.parts = 0;
    let best = this.winner;
    const rank = this.size === 0 ? Number.POSITIVE_INFINITY : ranks[best];
    if (rank === Number.POSITIVE_INFINITY) {
      this.keyBlock = NO_KEY;
      this.keyStart = 0;
      this.keyEnd = 0;
      return false;
    }
    this.keyBlock = blocks[best];
    this.keyStart = starts[best];
    this.keyEnd = stops[best];
    // Runs with equal heads win one after the other.
    do {
      this.take(best, rank);
      this.replay(best);
      best = this.winner;
    } while (this.isAtKey(best, rank));
    return true;
  }

  /**
   * Leaves out the keys below `from`; the next step yields the first of the others. Look-ups in key
   * order that each go on from the one before read every page once.
   */
  skipTo(from: Uint8Array): void {
    for (let r = 0; r < this.size; r++) {
      if (this.ranks[r] === Number.POSITIVE_INFINITY) continue;
      const { keys, keyEnds, count } = this.runs[r].pages;
      const page = this.pages[r];
      const isLater =
        page + 1 < count &&
        compareBytes(keys, keyEnds[page], keyEnds[page + 1], from, 0, from.length) < 0;
      if (isLater) this.openPage(r, pageOf(this.runs[r].pages, from));
      this.leaveOut(r, from);
    }
    this.build();
  }

  /** Does the head of run `r` come before that of run `q`? */
  private isBefore(r: number, q: number): boolean {
    const { ranks, blocks, starts, stops } = this;
    const rank = ranks[r];
    const other = ranks[q];
    if (rank !== other) return rank < other;
    if (rank === Number.POSITIVE_INFINITY) return r < q;
    const d = compareBytes(blocks[r], starts[r], stops[r], blocks[q], starts[q], stops[q]);
    return d === 0 ? r < q : d < 0;
  }

  /** Fills the tree of losers from the heads of all runs. */
  private build(): void {
    const n = this.size;
    const winners = new Int32Array(2 * n);
    for (let r = 0; r < n; r++) winners[n + r] = r;
    for (let node = n - 1; node > 0; node--) {
      const a = winners[2 * node];
      const b = winners[2 * node + 1];
      const isFirst = this.isBefore(a, b);
      winners[node] = isFirst ? a : b;
      this.losers[node] = isFirst ? b : a;
    }
    this.winner = n > 1 ? winners[1] : 0;
  }

  /** Finds the winner again after the head of run `r`, the winner so far, has changed. */
  private replay(r: number): void {
    const { losers } = this;
    let winner = r;
    for (let node = (r + this.size) >> 1; node > 0; node >>= 1) {
      const loser = losers[node];
      if (this.isBefore(loser, winner)) {
        losers[node] = winner;
        winner = loser;
      }
    }
    this.winner = winner;
  }

  /** An independent cursor just behind the current key. */
  fork(): Cursor {
    const copy = new Cursor(this.runs, undefined, this.to, false);
    copy.assign(this);
    return copy;
  }

  /** Becomes an independent copy of another cursor over the same runs and range. */
  assign(other: Cursor): void {
    for (let r = 0; r < this.size; r++) {
      this.pages[r] = other.pages[r];
      this.ats[r] = other.ats[r];
      this.ends[r] = other.ends[r];
      this.blocks[r] = other.blocks[r];
      this.starts[r] = other.starts[r];
      this.stops[r] = other.stops[r];
      this.ranks[r] = other.ranks[r];
      this.losers[r] = other.losers[r];
    }
    this.winner = other.winner;
  }

  private isAtKey(r: number, rank: number): boolean {
    if (this.ranks[r] !== rank) return false;
    const { keyBlock, keyStart, keyEnd } = this;
    return (
      compareBytes(this.blocks[r], this.starts[r], this.stops[r], keyBlock, keyStart, keyEnd) === 0
    );
  }

  /** Takes every entry of run `r` under the key at its head. */
  private take(r: number, rank: number): void {
    do {
      const block = this.blocks[r];
      const stop = this.stops[r];
      const at = this.ats[r];
      const part = this.parts++;
      this.partBlocks[part] = block;
      this.partStarts[part] = stop;
      const end = stop + payloadLength(block, at);
      this.partEnds[part] = end;
      const next = (end + 3) & ~3;
      if (next < this.ends[r]) {
        this.ats[r] = next;
        this.unpack(r, block, next);
      } else this.openPage(r, this.pages[r] + 1);
    } while (this.isAtKey(r, rank));
  }

  /** Goes to the first entry of run `r` that is not below `from`. */
  private seek(r: number, from: Uint8Array | undefined): void {
    const { pages } = this.runs[r];
    this.openPage(r, from === undefined ? 0 : pageOf(pages, from));
    if (from !== undefined) this.leaveOut(r, from);
  }

  /** Goes on to the first entry of run `r` that is not below `from`. */
  private leaveOut(r: number, from: Uint8Array): void {
    while (this.ranks[r] !== Number.POSITIVE_INFINITY) {
      const block = this.blocks[r];
      let at = this.ats[r];
      while (at < this.ends[r] && compareKey(block, at, from) < 0) at += entrySize(block, at);
      if (at < this.ends[r]) {
        this.ats[r] = at;
        this.unpack(r, block, at);
        return;
      }
      this.openPage(r, this.pages[r] + 1);
    }
  }

  /** Goes to the beginning of a page. */
  private openPage(r: number, page: number): void {
    const run = this.runs[r];
    const { pages } = run;
    this.pages[r] = page;
    if (page >= pages.count || this.isBehind(pages.keys, pages.keyEnds, page)) {
      this.ranks[r] = Number.POSITIVE_INFINITY;
      return;
    }
    const { block, at } = pageEntries(run, page);
    let end = at + pages.length[page];
    const { to } = this;
    // The last page of the range: the next one begins behind it.
    if (
      to !== undefined &&
      (page + 1 >= pages.count || this.isBehind(pages.keys, pages.keyEnds, page + 1))
    ) {
      let p = at;
      while (p < end && compareKey(block, p, to) < 0) p += entrySize(block, p);
      end = p;
    }
    this.blocks[r] = block;
    this.ats[r] = at;
    this.ends[r] = end;
    if (at < end) this.unpack(r, block, at);
    else this.ranks[r] = Number.POSITIVE_INFINITY;
  }

  /** Does a page begin behind the range? */
  private isBehind(keys: Uint8Array, keyEnds: Uint32Array, page: number): boolean {
    const { to } = this;
    if (to === undefined) return false;
    const start = page === 0 ? 0 : keyEnds[page - 1];
    return compareBytes(keys, start, keyEnds[page], to, 0, to.length) >= 0;
  }

  /** Unpacks the head of run `r`, the entry at `b[at]`. */
  private unpack(r: number, b: Uint8Array, at: number): void {
    const s = at + ENTRY_HEADER;
    const length = b[s - 2] | (b[s - 1] << 8);
    this.starts[r] = s;
    this.stops[r] = s + length;
    if (length >= 6) {
      this.ranks[r] =
        (((b[s] << 24) | (b[s + 1] << 16) | (b[s + 2] << 8) | b[s + 3]) >>> 0) * 65_536 +
        ((b[s + 4] << 8) | b[s + 5]);
      return;
    }
    let rank = 0;
    for (let k = 0; k < 6; k++) rank = rank * 256 + (k < length ? b[s + k] : 0);
    this.ranks[r] = rank;
  }
}

/** Does any run hold an entry under `key`? Calls `each` with every payload found. */
export function lookUp(
  runs: readonly Run[],
  key: Uint8Array,
  each?: (block: Uint8Array, start: number, end: number) => void,
): boolean {
  const cursor = new Cursor(runs, key);
  if (!cursor.next()) return false;
  const { keyBlock, keyStart, keyEnd } = cursor;
  if (compareBytes(keyBlock, keyStart, keyEnd, key, 0, key.length) !== 0) return false;
  for (let i = 0; i < cursor.parts; i++) {
    each?.(cursor.partBlocks[i], cursor.partStarts[i], cursor.partEnds[i]);
  }
  return true;
}

/**
 * The greatest key below `key` that any run holds.
 *
 * @param key undefined: the greatest of all.
 */
export function lastBelow(
  runs: readonly Run[],
  key: Uint8Array | undefined,
): { readonly block: Uint8Array; readonly keyStart: number; readonly keyEnd: number } | undefined {
  let best: { block: Uint8Array; keyStart: number; keyEnd: number } | undefined;
  for (const run of runs) {
    const { pages } = run;
    if (pages.count === 0) continue;
    const page = key === undefined ? pages.count - 1 : pageOf(pages, key);
    const { block, at: first } = pageEntries(run, page);
    const end = first + pages.length[page];
    let found = -1;
    for (let at = first; at < end; at += entrySize(block, at)) {
      if (key !== undefined && compareKey(block, at, key) >= 0) break;
      found = at;
    }
    if (found < 0) continue;
    const keyStart = found + ENTRY_HEADER;
    const keyEnd = keyStart + (block[keyStart - 2] | (block[keyStart - 1] << 8));
    if (
      best === undefined ||
      compareBytes(block, keyStart, keyEnd, best.block, best.keyStart, best.keyEnd) > 0
    ) {
      best = { block, keyStart, keyEnd };
    }
  }
  return best;
}

/** The entries of a page: where the first lies. */
function pageEntries(run: Run, page: number): { block: Uint8Array; at: number } {
  if (run.file !== undefined) return { block: readPage(run, page), at: 0 };
  const where = run.pages.where[page];
  return { block: run.blocks[Math.floor(where / BLOCK_SIZE)], at: (where % BLOCK_SIZE) | 0 };
}
