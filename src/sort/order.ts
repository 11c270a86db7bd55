/**
 * Puts the entries of a writer in key order. The first octets of the keys were packed into numbers
 * as the entries were appended; the runtime's own sort of numbers does the bulk, and what ties is
 * sorted by the next octets in the same way, or compared.
 */

import { compareBytes } from '../names/name.js';
import {
  ENTRY_HEADER,
  type EntryWriter,
  hasSharedRank,
  MAX_ENTRIES,
  RANKED,
  rankWords,
} from '../records/entry.js';

/** Ties up to this many are sorted by insertion. */
const FEW = 24;
/** Octets after which ties are compared whole: keys that differ there are rare. */
const MAX_RANKED = 12 * RANKED;
const ENTRY_MASK = MAX_ENTRIES - 1;

/** Addresses of the entries in key order; entries of one key are in the order of appending. */
export function sortedAddresses(writer: EntryWriter): Uint32Array {
  const { count, addresses, order, blocks } = writer;
  if (writer.sorted) return addresses.subarray(0, count);
  sortWords(order, count);
  const sorted = new Uint32Array(count);
  for (let i = 0; i < count; i++) sorted[i] = addresses[order[2 * i] & ENTRY_MASK];
  for (let i = 0; i < count; ) {
    const j = endOfTie(order, i, count);
    if (j - i > 1) sortTies(blocks, sorted, i, j, RANKED);
    i = j;
  }
  return sorted;
}

/** Sorts pairs of words, low word first, as numbers of 64 bits. */
function sortWords(words: Uint32Array, count: number): void {
  new BigUint64Array(words.buffer, words.byteOffset, count).sort();
}

/** The end of the numbers that agree with that at `i` in all but the entry's number. */
function endOfTie(words: Uint32Array, i: number, count: number): number {
  const low = words[2 * i] >>> 25;
  const high = words[2 * i + 1];
  let j = i + 1;
  while (j < count && words[2 * j + 1] === high && words[2 * j] >>> 25 === low) j++;
  return j;
}

/** Sorts `addresses[start, end)`, whose keys' ranks agree up to octet `from`. */
function sortTies(
  blocks: readonly Uint8Array[],
  addresses: Uint32Array,
  start: number,
  end: number,
  from: number,
): void {
  if (end - start <= FEW) {
    insertionSort(blocks, addresses, start, end);
    return;
  }
  const ties = addresses.slice(start, end);
  const some = addresses[start];
  const someKey = (some & 0xffffff) + ENTRY_HEADER;
  const someBlock = blocks[some >>> 24];
  const someEnd = someKey + (someBlock[someKey - 2] | (someBlock[someKey - 1] << 8));
  // Octets that share a rank leave the order open where they stand, not behind.
  if (from >= MAX_RANKED || hasSharedRank(someBlock, someKey + from - RANKED, someEnd)) {
    // Sorting is stable: entries of one key stay in the order of appending.
    const list = Array.from(ties).sort((x, y) => compareEntries(blocks, x, y));
    addresses.set(list, start);
    return;
  }
  const n = ties.length;
  const words = new Uint32Array(2 * n);
  for (let i = 0; i < n; i++) {
    const block = blocks[ties[i] >>> 24];
    const key = (ties[i] & 0xffffff) + ENTRY_HEADER;
    const keyEnd = key + (block[key - 2] | (block[key - 1] << 8));
    rankWords(block, key + from, keyEnd, i, words, 2 * i);
  }
  sortWords(words, n);
  for (let i = 0; i < n; i++) addresses[start + i] = ties[words[2 * i] & ENTRY_MASK];
  for (let i = 0; i < n; ) {
    const j = endOfTie(words, i, n);
    if (j - i > 1) sortTies(blocks, addresses, start + i, start + j, from + RANKED);
    i = j;
  }
}

function insertionSort(
  blocks: readonly Uint8Array[],
  addresses: Uint32Array,
  start: number,
  end: number,
): void {
  for (let i = start + 1; i < end; i++) {
    const x = addresses[i];
    let j = i - 1;
    while (j >= start && compareEntries(blocks, addresses[j], x) > 0) {
      addresses[j + 1] = addresses[j];
      j--;
    }
    addresses[j + 1] = x;
  }
}

/** Compares the keys of the entries at two addresses. */
export function compareEntries(blocks: readonly Uint8Array[], x: number, y: number): number {
  const a = blocks[x >>> 24];
  const b = blocks[y >>> 24];
  const p = (x & 0xffffff) + ENTRY_HEADER;
  const q = (y & 0xffffff) + ENTRY_HEADER;
  const pEnd = p + (a[p - 2] | (a[p - 1] << 8));
  const qEnd = q + (b[q - 2] | (b[q - 1] << 8));
  return compareBytes(a, p, pEnd, b, q, qEnd);
}
