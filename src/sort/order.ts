/**
 * Puts the entries of a writer in key order. The first octets of the keys were packed into numbers
 * as the entries were appended; the runtime's own sort of numbers does the bulk, and what ties is
 * sorted by the next octets in the same way, or compared.
 */

import { compareBytes } from '../names/name.js';
import { ENTRY_HEADER, type EntryWriter, MAX_ENTRIES } from '../records/entry.js';

/**
 * The rank of each octet of a key: the label separator, `-`, digits and letters, of which host
 * names are made, have one of their own; the octets in each gap between them share one.
 */
const RANK = new Uint8Array(256);
const RANKS = 42;
/** Does an octet share its rank? Then what follows it in a key says nothing. */
const SHARED_RANK = new Uint8Array(256);
for (let octet = 1, rank = 0, inGap = false; octet < 256; octet++) {
  const own =
    octet === 0x2d || (octet >= 0x30 && octet <= 0x39) || (octet >= 0x61 && octet <= 0x7a);
  if (own || !inGap) rank++;
  inGap = !own;
  RANK[octet] = rank;
  SHARED_RANK[octet] = own ? 0 : 1;
}

/** Octets of a key that {@link rankWords} looks at. */
const RANKED = 7;
/**
 * Packs the ranks of seven octets of a key (39 bits) and a number (25 bits) into two words, low
 * word first. The words of two keys never contradict their order, they may only tie.
 *
 * @param at where in `key` the octets begin; those behind `end` count as 0.
 * @param number less than {@link MAX_ENTRIES}.
 */
function rankWords(
  key: Uint8Array,
  at: number,
  end: number,
  number: number,
  words: Uint32Array,
  o: number,
): void {
  if (at + RANKED <= end) {
    const a = key[at];
    const b = key[at + 1];
    const c = key[at + 2];
    const d = key[at + 3];
    const e = key[at + 4];
    const f = key[at + 5];
    const g = key[at + 6];
    const shared =
      SHARED_RANK[a] |
      SHARED_RANK[b] |
      SHARED_RANK[c] |
      SHARED_RANK[d] |
      SHARED_RANK[e] |
      SHARED_RANK[f] |
      SHARED_RANK[g];
    if (shared === 0) {
      const high = ((RANK[a] * RANKS + RANK[b]) * RANKS + RANK[c]) * RANKS + RANK[d];
      const low = (RANK[e] * RANKS + RANK[f]) * RANKS + RANK[g];
      words[o] = (low << 25) | number;
      words[o + 1] = (high << 10) | (low >>> 7);
      return;
    }
  }
  let four = 0;
  let three = 0;
  let i = at;
  let open = true;
  for (const to = at + 4; i < to; i++) {
    four *= RANKS;
    if (!open || i >= end) continue;
    const c = key[i];
    four += RANK[c];
    if (SHARED_RANK[c] !== 0) open = false;
  }
  for (const to = at + RANKED; i < to; i++) {
    three *= RANKS;
    if (!open || i >= end) continue;
    const c = key[i];
    three += RANK[c];
    if (SHARED_RANK[c] !== 0) open = false;
  }
  words[o] = (three << 25) | number;
  words[o + 1] = (four << 10) | (three >>> 7);
}

/** Is there an octet with a shared rank among those that {@link rankWords} looks at? */
function hasSharedRank(key: Uint8Array, at: number, end: number): boolean {
  for (let i = at; i < at + RANKED && i < end; i++) if (SHARED_RANK[key[i]] !== 0) return true;
  return false;
}

/** Ties up to this many are sorted by insertion. */
const FEW = 24;
/** Octets after which ties are compared whole: keys that differ there are rare. */
const MAX_RANKED = 12 * RANKED;
const ENTRY_MASK = MAX_ENTRIES - 1;

/** Addresses of the entries in key order; entries of one key are in the order of appending. */
export function sortedAddresses(writer: EntryWriter): Uint32Array {
  const { count, addresses, blocks } = writer;
  if (writer.sorted) return addresses;
  const order = new Uint32Array(2 * count);
  for (let i = 0; i < count; i++) {
    const block = blocks[addresses[i] >>> 24];
    const key = (addresses[i] & 0xffffff) + ENTRY_HEADER;
    rankWords(block, key, key + (block[key - 2] | (block[key - 1] << 8)), i, order, 2 * i);
  }
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
