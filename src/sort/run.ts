/**
 * A run: entries in key order, in memory that every thread can read.
 *
 * Keys are sorted by an LSD radix sort over their first eight octets; what ties is compared
 * whole. Input that is in order already, as most zone files are, is found to be so and costs
 * one comparison an entry.
 */

import { compareBytes } from '../names/name.js';
import { BLOCK_SIZE, ENTRY_HEADER, type EntryWriter } from '../records/entry.js';

/** Sorted entries. Posting it to another thread shares the memory, it copies nothing. */
export interface Run {
  readonly blocks: readonly Uint8Array[];
  /** Addresses of the entries in key order (records/entry.ts). */
  readonly index: Uint32Array;
  readonly count: number;
  readonly bytes: number;
}

/** Sorts what a writer holds. The writer must not be used afterwards. */
export function sortRun(writer: EntryWriter): Run {
  const { blocks, count } = writer;
  const index = new Uint32Array(new SharedArrayBuffer(count * 4));
  const addresses = writer.addresses.subarray(0, count);
  if (isSorted(blocks, addresses)) {
    index.set(addresses);
    return { blocks, index, count, bytes: writer.bytes };
  }
  radixSort(blocks, addresses, index);
  return { blocks: gather(blocks, index), index, count, bytes: writer.bytes };
}

/**
 * Copies the entries into new blocks in the order of `index`, and sets `index` to their new
 * addresses. Every later pass then reads memory from front to back, not all over the place.
 */
function gather(blocks: readonly Uint8Array[], index: Uint32Array): Uint8Array[] {
  const ordered: Uint8Array[] = [];
  let block: Uint8Array = new Uint8Array(0);
  let at = 0;
  for (let i = 0; i < index.length; i++) {
    const address = index[i];
    const from = blocks[address >>> 24];
    let p = address & 0xffffff;
    const payload = from[p] | (from[p + 1] << 8) | (from[p + 2] << 16) | (from[p + 3] << 24);
    const size = ENTRY_HEADER + (from[p + 4] | (from[p + 5] << 8)) + payload;
    if (at + size > block.length) {
      block = new Uint8Array(new SharedArrayBuffer(BLOCK_SIZE));
      ordered.push(block);
      at = 0;
    }
    index[i] = (((ordered.length - 1) << 24) | at) >>> 0;
    if (size > 256) {
      block.set(from.subarray(p, p + size), at);
      at += size;
    } else {
      for (const end = p + size; p < end; p++) block[at++] = from[p];
    }
  }
  return ordered;
}

/** Compares the keys of the entries at two addresses. */
function compareEntries(blocks: readonly Uint8Array[], x: number, y: number): number {
  const a = blocks[x >>> 24];
  const b = blocks[y >>> 24];
  const i = x & 0xffffff;
  const j = y & 0xffffff;
  const aLength = a[i + 4] | (a[i + 5] << 8);
  const bLength = b[j + 4] | (b[j + 5] << 8);
  const p = i + ENTRY_HEADER;
  const q = j + ENTRY_HEADER;
  return compareBytes(a, p, p + aLength, b, q, q + bLength);
}

function isSorted(blocks: readonly Uint8Array[], addresses: Uint32Array): boolean {
  for (let i = 1; i < addresses.length; i++) {
    if (compareEntries(blocks, addresses[i - 1], addresses[i]) > 0) return false;
  }
  return true;
}

const DIGITS = 1 << 16;

function radixSort(
  blocks: readonly Uint8Array[],
  addresses: Uint32Array,
  target: Uint32Array,
): void {
  const n = addresses.length;
  let high = new Uint32Array(n);
  let low = new Uint32Array(n);
  let from: Uint32Array = addresses;
  for (let i = 0; i < n; i++) {
    const address = addresses[i];
    const block = blocks[address >>> 24];
    const at = (address & 0xffffff) + ENTRY_HEADER;
    const length = block[at - 2] | (block[at - 1] << 8);
    if (length >= 8) {
      high[i] = (block[at] << 24) | (block[at + 1] << 16) | (block[at + 2] << 8) | block[at + 3];
      low[i] = (block[at + 4] << 24) | (block[at + 5] << 16) | (block[at + 6] << 8) | block[at + 7];
    } else {
      let h = 0;
      let l = 0;
      for (let k = 0; k < 4; k++) h = (h << 8) | (k < length ? block[at + k] : 0);
      for (let k = 4; k < 8; k++) l = (l << 8) | (k < length ? block[at + k] : 0);
      high[i] = h;
      low[i] = l;
    }
  }
  let high2 = new Uint32Array(n);
  let low2 = new Uint32Array(n);
  let to: Uint32Array = new Uint32Array(n);
  const counts = new Uint32Array(DIGITS);
  for (let pass = 0; pass < 4; pass++) {
    const word = pass < 2 ? low : high;
    const shift = (pass & 1) * 16;
    counts.fill(0);
    for (let i = 0; i < n; i++) counts[(word[i] >>> shift) & 0xffff]++;
    if (n > 0 && counts[(word[0] >>> shift) & 0xffff] === n) continue;
    let sum = 0;
    for (let d = 0; d < DIGITS; d++) {
      const c = counts[d];
      counts[d] = sum;
      sum += c;
    }
    for (let i = 0; i < n; i++) {
      const o = counts[(word[i] >>> shift) & 0xffff]++;
      to[o] = from[i];
      high2[o] = high[i];
      low2[o] = low[i];
    }
    [from, to] = [to, from === addresses ? new Uint32Array(n) : from];
    [high, high2] = [high2, high];
    [low, low2] = [low2, low];
  }
  target.set(from);
  // Entries that agree in their first eight octets are still in reading order.
  for (let i = 0; i < n; ) {
    let j = i + 1;
    while (j < n && high[j] === high[i] && low[j] === low[i]) j++;
    if (j - i > 1) sortTies(blocks, target, i, j);
    i = j;
  }
}

function sortTies(
  blocks: readonly Uint8Array[],
  index: Uint32Array,
  start: number,
  end: number,
): void {
  if (end - start > 16) {
    index.subarray(start, end).sort((x, y) => compareEntries(blocks, x, y) || 0);
    return;
  }
  for (let i = start + 1; i < end; i++) {
    const x = index[i];
    let j = i - 1;
    while (j >= start && compareEntries(blocks, index[j], x) > 0) {
      index[j + 1] = index[j];
      j--;
    }
    index[j + 1] = x;
  }
}
