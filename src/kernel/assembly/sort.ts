/**
 * Puts entries in key order. The first octets of each key are packed into a number, and the numbers
 * are sorted by their digits; what ties is sorted by the next octets in the same way, or compared.
 *
 * Arrays here are parallel, an element for each entry: `ranks` of 64 bits, and `addresses` of 32.
 */

import { compare } from './bytes';
import { entryEnd, keyEnd, keyStart } from './entries';

/** Octets of a key that one number holds. */
const RANKED: usize = 11;
/** Octets after which ties are compared whole: keys that differ there are rare. */
const MAX_RANKED: usize = 8 * RANKED;
/** Ties up to this many are sorted by insertion, and numbers up to this many. */
const FEW: usize = 24;
const FEW_RANKS: usize = 64;
/** Bits of a number: 42^11 is less than 2^60. Of few numbers a digit has fewer bits. */
const BITS: u32 = 60;
const MANY: usize = 1 << 15;
const DIGIT_OF_MANY: u32 = 12;
const DIGIT_OF_SOME: u32 = 8;
/** Elements that a function goes over in one call: the engine exchanges a function for a faster
 * one between calls. */
const SLICE: usize = 1 << 13;

/**
 * The rank of each octet of a key: the label separator, `-`, digits and letters, of which host
 * names are made, have one of their own; the octets in each gap between them share one.
 */
const RANKS: u64 = 42;
const RANK: usize = memory.data(256);
/** The ranks of two octets, by the 16 bits that they are in memory; SHARED: one of them has no rank
 * of its own, and what follows it in a key says nothing. */
const PAIRS: usize = memory.data(131072);
const SHARED: u32 = 0x8000;
const COUNTS: usize = memory.data(81920);
let hasPairs: bool = false;

function isOwn(octet: u32): bool {
  return octet === 0 || octet === 0x2d || octet - 0x30 < 10 || octet - 0x61 < 26;
}

function fillPairs(): void {
  let rank: u32 = 0;
  let inGap = false;
  for (let octet: u32 = 1; octet < 256; octet++) {
    const own = isOwn(octet);
    if (own || !inGap) rank++;
    inGap = !own;
    store<u8>(RANK + octet, rank);
  }
  for (let pair: u32 = 0; pair < 65536; pair++) {
    const a = pair & 0xff;
    const b = pair >> 8;
    const both = <u32>load<u8>(RANK + a) * <u32>RANKS + load<u8>(RANK + b);
    store<u16>(PAIRS + 2 * pair, isOwn(a) && isOwn(b) ? both : both | SHARED);
  }
  hasPairs = true;
}

/** The ranks of the octets of an entry's key from octet `from` on; those behind its end are 0. The
 * ranks of two keys never contradict their order, they may only tie. */
function rankOf(entry: usize, from: usize): u64 {
  const at = keyStart(entry) + from;
  const end = keyEnd(entry);
  if (at >= end) return 0;
  const length: u64 = end - at;
  let low = load<u64>(at);
  let high = load<u32>(at, 8) & 0xffffff;
  if (length < 11) {
    if (length <= 8) {
      high = 0;
      if (length < 8) low &= (1 << (length << 3)) - 1;
    } else high &= (1 << ((<u32>length - 8) << 3)) - 1;
  }
  const a: u32 = load<u16>(PAIRS + <usize>((low & 0xffff) << 1));
  const b: u32 = load<u16>(PAIRS + <usize>(((low >> 16) & 0xffff) << 1));
  const c: u32 = load<u16>(PAIRS + <usize>(((low >> 32) & 0xffff) << 1));
  const d: u32 = load<u16>(PAIRS + <usize>((low >> 48) << 1));
  const e: u32 = load<u16>(PAIRS + <usize>((high & 0xffff) << 1));
  const last = high >> 16;
  if (((a | b | c | d | e) & SHARED) === 0) {
    const first = <u64>(a * 1764 + b) * 3111696 + <u64>(c * 1764 + d);
    return (first * 1764 + e) * RANKS + load<u8>(RANK + last);
  }
  let rank: u64 = 0;
  let open = true;
  for (let i: u32 = 0; i < <u32>RANKED; i++) {
    const octet: u32 =
      i < 8 ? <u32>(low >> ((<u64>i) << 3)) & 0xff : (high >> ((i - 8) << 3)) & 0xff;
    rank *= RANKS;
    if (!open) continue;
    rank += load<u8>(RANK + octet);
    open = isOwn(octet);
  }
  return rank;
}

/** Is there an octet without a rank of its own among those that {@link rankOf} looks at? */
function hasShared(entry: usize, from: usize): bool {
  const start = keyStart(entry) + from;
  const end = min(start + RANKED, keyEnd(entry));
  for (let p = start; p < end; p++) if (!isOwn(load<u8>(p))) return true;
  return false;
}

/**
 * Writes the addresses of the entries in `[from, end)`, which follow each other, to `addresses` on.
 *
 * @param ranks where their ranks go, 0: they are not wanted.
 * @returns where the next address goes.
 */
export function listEntries(from: usize, end: usize, addresses: usize, ranks: usize): usize {
  if (!hasPairs) fillPairs();
  while (from < end) {
    const next = entryEnd(from);
    store<u32>(addresses, from);
    addresses += 4;
    if (ranks !== 0) {
      store<u64>(ranks, rankOf(from, 0));
      ranks += 8;
    }
    from = next;
  }
  return addresses;
}

/**
 * Sorts entries by their keys; those of one key stay in their order.
 *
 * @param ranks as listEntries gives them; they are overwritten.
 * @param spareRanks as large as `ranks`; `spare` as `addresses`.
 */
export function sortEntries(
  addresses: usize,
  spare: usize,
  ranks: usize,
  spareRanks: usize,
  count: usize,
): void {
  sortBy(0, addresses, spare, ranks, spareRanks, count);
}

/** Sorts entries whose keys agree before octet `from`, by the ranks from there on. */
function sortBy(
  from: usize,
  addresses: usize,
  spare: usize,
  ranks: usize,
  spareRanks: usize,
  count: usize,
): void {
  if (count <= FEW_RANKS) insertByRank(addresses, ranks, count);
  else sortByDigits(addresses, spare, ranks, spareRanks, count);
  for (let i: usize = 0; i < count; ) {
    const rank = load<u64>(ranks + 8 * i);
    let j = i + 1;
    while (j < count && load<u64>(ranks + 8 * j) === rank) j++;
    const n = j - i;
    if (n > 1)
      sortTies(from, addresses + 4 * i, spare + 4 * i, ranks + 8 * i, spareRanks + 8 * i, n);
    i = j;
  }
}

/** Sorts entries whose ranks from octet `from` on are the same. */
function sortTies(
  from: usize,
  addresses: usize,
  spare: usize,
  ranks: usize,
  spareRanks: usize,
  count: usize,
): void {
  if (count <= FEW) {
    insertByKey(addresses, count);
    return;
  }
  // Octets that share a rank leave the order open where they stand, not behind.
  if (from >= MAX_RANKED || hasShared(load<u32>(addresses), from)) {
    mergeSort(addresses, spare, count);
    return;
  }
  const behind = from + RANKED;
  for (let i: usize = 0; i < count; i++) {
    store<u64>(ranks + 8 * i, rankOf(load<u32>(addresses + 4 * i), behind));
  }
  sortBy(behind, addresses, spare, ranks, spareRanks, count);
}

function insertByRank(addresses: usize, ranks: usize, count: usize): void {
  for (let i: usize = 1; i < count; i++) {
    const rank = load<u64>(ranks + 8 * i);
    const address = load<u32>(addresses + 4 * i);
    let j = i;
    while (j > 0 && load<u64>(ranks + 8 * j - 8) > rank) {
      store<u64>(ranks + 8 * j, load<u64>(ranks + 8 * j - 8));
      store<u32>(addresses + 4 * j, load<u32>(addresses + 4 * j - 4));
      j--;
    }
    store<u64>(ranks + 8 * j, rank);
    store<u32>(addresses + 4 * j, address);
  }
}

function sortByDigits(
  addresses: usize,
  spare: usize,
  ranks: usize,
  spareRanks: usize,
  count: usize,
): void {
  const bits = count < MANY ? DIGIT_OF_SOME : DIGIT_OF_MANY;
  const digits: usize = (BITS + bits - 1) / bits;
  const size: usize = 4 << bits;
  memory.fill(COUNTS, 0, digits * size);
  for (let i: usize = 0; i < count; i += SLICE) {
    countDigits(ranks + 8 * i, ranks + 8 * min(count, i + SLICE), bits);
  }
  let fromRanks = ranks;
  let toRanks = spareRanks;
  let from = addresses;
  let to = spare;
  for (let digit: usize = 0; digit < digits; digit++) {
    const counts = COUNTS + digit * size;
    const shift = <u64>digit * bits;
    const some = <usize>((load<u64>(fromRanks) >> shift) & ((1 << bits) - 1));
    // All have this digit.
    if (load<u32>(counts + 4 * some) === <u32>count) continue;
    let sum: u32 = 0;
    for (let p = counts, end = counts + size; p < end; p += 4) {
      const n = load<u32>(p);
      store<u32>(p, sum);
      sum += n;
    }
    for (let i: usize = 0; i < count; i += SLICE) {
      const n = min(SLICE, count - i);
      deal(fromRanks + 8 * i, from + 4 * i, n, counts, shift, (1 << bits) - 1, toRanks, to);
    }
    let swap = fromRanks;
    fromRanks = toRanks;
    toRanks = swap;
    swap = from;
    from = to;
    to = swap;
  }
  if (from !== addresses) {
    memory.copy(addresses, from, 4 * count);
    memory.copy(ranks, fromRanks, 8 * count);
  }
}

/** Counts how often each digit has each value. */
export function countDigits(ranks: usize, end: usize, bits: u32): void {
  const mask: u64 = (1 << bits) - 1;
  const size: usize = 4 << bits;
  for (; ranks < end; ranks += 8) {
    let rank = load<u64>(ranks);
    let counts = COUNTS;
    for (let bit: u32 = 0; bit < BITS; bit += bits) {
      const at = counts + 4 * <usize>(rank & mask);
      store<u32>(at, load<u32>(at) + 1);
      rank >>= bits;
      counts += size;
    }
  }
}

/** Puts elements where their digit says. */
export function deal(
  ranks: usize,
  addresses: usize,
  count: usize,
  counts: usize,
  shift: u64,
  mask: u64,
  toRanks: usize,
  to: usize,
): void {
  for (let i: usize = 0; i < count; i++) {
    const rank = load<u64>(ranks + 8 * i);
    const at = counts + 4 * <usize>((rank >> shift) & mask);
    const place: usize = load<u32>(at);
    store<u32>(at, place + 1);
    store<u64>(toRanks + 8 * place, rank);
    store<u32>(to + 4 * place, load<u32>(addresses + 4 * i));
  }
}

function compareKeys(a: usize, b: usize): i32 {
  return compare(keyStart(a), keyEnd(a), keyStart(b), keyEnd(b));
}

function insertByKey(addresses: usize, count: usize): void {
  for (let i: usize = 1; i < count; i++) {
    const entry: usize = load<u32>(addresses + 4 * i);
    let p = addresses + 4 * i;
    while (p > addresses && compareKeys(load<u32>(p - 4), entry) > 0) {
      store<u32>(p, load<u32>(p - 4));
      p -= 4;
    }
    store<u32>(p, entry);
  }
}

function mergeSort(addresses: usize, spare: usize, count: usize): void {
  if (count <= FEW) {
    insertByKey(addresses, count);
    return;
  }
  const half = count >> 1;
  mergeSort(addresses, spare, half);
  mergeSort(addresses + 4 * half, spare, count - half);
  memory.copy(spare, addresses, 4 * half);
  let a = spare;
  const aEnd = spare + 4 * half;
  let b = addresses + 4 * half;
  const bEnd = addresses + 4 * count;
  let o = addresses;
  while (a < aEnd && b < bEnd) {
    if (compareKeys(load<u32>(a), load<u32>(b)) <= 0) {
      store<u32>(o, load<u32>(a));
      a += 4;
    } else {
      store<u32>(o, load<u32>(b));
      b += 4;
    }
    o += 4;
  }
  memory.copy(o, a, aEnd - a);
}
