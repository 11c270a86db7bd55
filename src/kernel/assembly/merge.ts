/**
 * Merges runs: goes over the keys that they hold, in order, and for each of them over the facts
 * of all entries under it. All entries lie in the kernel's memory.
 */

import { compare, same } from './bytes';
import { entryEnd, keyEnd, keyStart, payloadLength } from './entries';

export const MAX_RUNS: i32 = 1024;
/** Entries under one key: those of a run have been joined as far as 64 KiB. */
const MAX_PARTS: u32 = 8192;
const AT_END: u64 = ~0;

/** Of each run: the entry at its head, and where its entries end. */
const heads = memory.data(4 * 1024, 16);
const ends = memory.data(4 * 1024, 16);
/** The first eight octets of the key at the head, as a number. */
const ranks = memory.data(8 * 1024, 16);
/** A tree of losers: node 1 is the root, the runs are the leaves; each node holds who lost there. */
const losers = memory.data(4 * 1024, 16);
const winners = memory.data(2 * 4 * 1024, 16);
/** Pairs of addresses: where the facts of a part begin and end. */
const partTable = memory.data(8 * 8192, 16);

let size: i32 = 0;
let winner: u32 = 0;

/** The key that was taken last, and its parts. */
export let key: usize = 0;
export let end: usize = 0;
export let parts: u32 = 0;

export function runHeads(): usize {
  return heads;
}
export function runEnds(): usize {
  return ends;
}
export function partsOfKey(): usize {
  return partTable;
}

export function runCount(): i32 {
  return size;
}
export function headOf(run: i32): usize {
  return load<u32>(heads + ((<usize>run) << 2));
}
export function endOf(run: i32): usize {
  return load<u32>(ends + ((<usize>run) << 2));
}

/** The first entry of `[entry, stop)` whose key is not below `[from, fromEnd)`. */
export function firstEntry(entry: usize, stop: usize, from: usize, fromEnd: usize): usize {
  while (entry < stop && compare(keyStart(entry), keyEnd(entry), from, fromEnd) < 0) {
    entry = entryEnd(entry);
  }
  return entry;
}

/** Begins to merge `count` runs, whose heads and ends are in their tables. */
export function openMerge(count: i32): void {
  size = count;
  winner = 0;
  for (let r: u32 = 0; r < <u32>count; r++) {
    setRank(r);
    store<u32>(winners + ((<usize>count + r) << 2), r);
  }
  for (let node = count - 1; node > 0; node--) {
    const a = load<u32>(winners + ((<usize>node * 2) << 2));
    const b = load<u32>(winners + ((<usize>node * 2 + 1) << 2));
    const first = isBefore(a, b);
    store<u32>(winners + ((<usize>node) << 2), first ? a : b);
    store<u32>(losers + ((<usize>node) << 2), first ? b : a);
  }
  if (count > 1) winner = load<u32>(winners + 4);
}

/** Is there another key? Then {@link headKey} is it. */
export function hasKey(): bool {
  const at = (<usize>winner) << 2;
  return size > 0 && load<u32>(heads + at) < load<u32>(ends + at);
}

export function headKey(): usize {
  return keyStart(load<u32>(heads + ((<usize>winner) << 2)));
}
export function headKeyEnd(): usize {
  return keyEnd(load<u32>(heads + ((<usize>winner) << 2)));
}

/** Takes the next key: all entries under it. Only when there is one. */
export function takeKey(): void {
  let run = winner;
  key = headKey();
  end = headKeyEnd();
  const rank = load<u64>(ranks + ((<usize>run) << 3));
  const length = end - key;
  parts = 0;
  do {
    let entry: usize = load<u32>(heads + ((<usize>run) << 2));
    const stop: usize = load<u32>(ends + ((<usize>run) << 2));
    do {
      const facts = keyEnd(entry);
      if (parts === MAX_PARTS) unreachable();
      store<u32>(partTable + ((<usize>parts) << 3), <u32>facts);
      store<u32>(partTable + ((<usize>parts) << 3), <u32>(facts + payloadLength(entry)), 4);
      parts++;
      entry = entryEnd(entry);
    } while (entry < stop && isKey(entry, length));
    store<u32>(heads + ((<usize>run) << 2), <u32>entry);
    setRank(run);
    replay(run);
    run = winner;
  } while (
    load<u64>(ranks + ((<usize>run) << 3)) === rank &&
    load<u32>(heads + ((<usize>run) << 2)) < load<u32>(ends + ((<usize>run) << 2)) &&
    isKey(load<u32>(heads + ((<usize>run) << 2)), length)
  );
}

/** Is the entry under the key that is being taken? */
function isKey(entry: usize, length: usize): bool {
  const start = keyStart(entry);
  return keyEnd(entry) - start === length && same(start, key, length);
}

function setRank(run: u32): void {
  const entry: usize = load<u32>(heads + ((<usize>run) << 2));
  let rank = AT_END;
  if (entry < <usize>load<u32>(ends + ((<usize>run) << 2))) {
    const start = keyStart(entry);
    const length = keyEnd(entry) - start;
    rank = bswap(load<u64>(start));
    if (length < 8) rank = length === 0 ? 0 : rank & (AT_END << ((8 - length) << 3));
  }
  store<u64>(ranks + ((<usize>run) << 3), rank);
}

/** Does the head of run `a` come before that of run `b`? */
function isBefore(a: u32, b: u32): bool {
  const x = load<u64>(ranks + ((<usize>a) << 3));
  const y = load<u64>(ranks + ((<usize>b) << 3));
  if (x !== y) return x < y;
  const p: usize = load<u32>(heads + ((<usize>a) << 2));
  const q: usize = load<u32>(heads + ((<usize>b) << 2));
  const aHas = p < <usize>load<u32>(ends + ((<usize>a) << 2));
  const bHas = q < <usize>load<u32>(ends + ((<usize>b) << 2));
  if (!aHas || !bHas) return aHas === bHas ? a < b : aHas;
  const d = compare(keyStart(p), keyEnd(p), keyStart(q), keyEnd(q));
  return d === 0 ? a < b : d < 0;
}

/** Finds the winner again after the head of run `r`, the winner so far, has changed. */
function replay(r: u32): void {
  let best = r;
  for (let node = (<i32>r + size) >> 1; node > 0; node >>= 1) {
    const at = losers + ((<usize>node) << 2);
    const loser = load<u32>(at);
    if (isBefore(loser, best)) {
      store<u32>(at, best);
      best = loser;
    }
  }
  winner = best;
}
