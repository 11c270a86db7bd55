/**
 * Pages: the pieces in which a run is read. A table says of each where it lies and with which key
 * it begins, so that a reader finds its place without touching the entries.
 */

import { compareBytes } from '../names/name.js';

/** The pages of a run, in key order. Posting it to another thread shares the memory. */
export interface PageTable {
  readonly count: number;
  /** In memory: block × 2^24 + offset. On disk: offset in the file. */
  readonly where: Float64Array;
  /** Octets of the page as it lies there, and of its entries (the same in memory). */
  readonly stored: Uint32Array;
  readonly length: Uint32Array;
  readonly entries: Uint32Array;
  /** First key of page `p`: `keys[keyEnds[p - 1], keyEnds[p])`. */
  readonly keys: Uint8Array;
  readonly keyEnds: Uint32Array;
}

/** Octets of a page of a large run. */
export const PAGE_SIZE = 1 << 16;
/** Pages of a small run, about: it shall be possible to cut it in ranges, too. */
const LEAST_PAGES = 256;

/** The size that pages shall have in a run of so many octets. */
export function pageSize(bytes: number): number {
  return Math.max(256, Math.min(PAGE_SIZE, Math.ceil(bytes / LEAST_PAGES)));
}

/** Collects the pages of a run. */
export class PageTableBuilder {
  private count = 0;
  private where = new Float64Array(64);
  private stored: Uint32Array = new Uint32Array(64);
  private length: Uint32Array = new Uint32Array(64);
  private entries: Uint32Array = new Uint32Array(64);
  private keys = new Uint8Array(4096);
  private keyEnds: Uint32Array = new Uint32Array(64);
  private keyEnd = 0;

  /** Begins a page; `block[start, end)` is its first key. */
  open(where: number, block: Uint8Array, start: number, end: number): void {
    if (this.count === this.where.length) this.widen();
    if (this.keyEnd + end - start > this.keys.length) {
      const keys = new Uint8Array(Math.max(this.keys.length * 2, this.keyEnd + end - start));
      keys.set(this.keys);
      this.keys = keys;
    }
    const { count, keys } = this;
    this.where[count] = where;
    for (let i = start; i < end; i++) keys[this.keyEnd++] = block[i];
    this.keyEnds[count] = this.keyEnd;
    this.count++;
  }

  /** Ends the page that was begun last. */
  close(stored: number, length: number, entries: number): void {
    const p = this.count - 1;
    this.stored[p] = stored;
    this.length[p] = length;
    this.entries[p] = entries;
  }

  finish(): PageTable {
    const { count, keyEnd } = this;
    const u32 = (from: Uint32Array): Uint32Array => {
      const to = new Uint32Array(new SharedArrayBuffer(count * 4));
      to.set(from.subarray(0, count));
      return to;
    };
    const where = new Float64Array(new SharedArrayBuffer(count * 8));
    where.set(this.where.subarray(0, count));
    const keys = new Uint8Array(new SharedArrayBuffer(keyEnd));
    keys.set(this.keys.subarray(0, keyEnd));
    return {
      count,
      where,
      stored: u32(this.stored),
      length: u32(this.length),
      entries: u32(this.entries),
      keys,
      keyEnds: u32(this.keyEnds),
    };
  }

  private widen(): void {
    const size = this.count * 2;
    const u32 = (from: Uint32Array): Uint32Array => {
      const to = new Uint32Array(size);
      to.set(from);
      return to;
    };
    const where = new Float64Array(size);
    where.set(this.where);
    this.where = where;
    this.stored = u32(this.stored);
    this.length = u32(this.length);
    this.entries = u32(this.entries);
    this.keyEnds = u32(this.keyEnds);
  }
}

/** The page in which the first entry with a key not below `key` lies or would lie, if not at the
 * beginning of the next one. */
export function pageOf(pages: PageTable, key: Uint8Array): number {
  // The last page that begins below the key: equal keys may begin at its end.
  let low = 0;
  let high = pages.count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const start = middle === 0 ? 0 : pages.keyEnds[middle - 1];
    if (compareBytes(pages.keys, start, pages.keyEnds[middle], key, 0, key.length) < 0) {
      low = middle + 1;
    } else high = middle;
  }
  return Math.max(0, low - 1);
}

/** The first key of a page. */
export function firstKey(pages: PageTable, page: number): Uint8Array {
  return pages.keys.slice(page === 0 ? 0 : pages.keyEnds[page - 1], pages.keyEnds[page]);
}
