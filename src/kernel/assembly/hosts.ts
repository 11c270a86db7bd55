/**
 * A table of hosts by ROID, as far as they are known here: read/plain-rows.ts adds them as long as
 * there is room. An entry of its arena: u32 the entry that was asked for after this one the last time,
 * u8 octets of the ROID, u8 of the host's wire name, then both.
 */

import { copy, same } from './bytes';

const HEADER: usize = 6;
/** An odd number without pattern: 2^64 divided by the golden ratio. */
const MULTIPLIER: u64 = ((<u64>0x9e3779b9) << 32) | 0x7f4a7c15;

let slots: usize = 0;
/** The number of slots less one, which has no zero bits in between. */
let mask: usize = 0;
let at: usize = 0;
let arenaEnd: usize = 0;
let held: usize = 0;
/** The entry that was found last, 0: none. */
let last: usize = 0;

/**
 * Opens an empty table.
 *
 * @param slotMemory so many words, a power of two, that are zero.
 * @param arena memory for `size` octets of entries.
 */
export function openHosts(slotMemory: usize, count: usize, arena: usize, size: usize): void {
  slots = slotMemory;
  mask = count - 1;
  at = arena;
  arenaEnd = arena + size;
  held = 0;
  last = 0;
}

function isOf(entry: usize, roid: usize, length: usize): bool {
  return <usize>load<u8>(entry, 4) === length && same(entry + HEADER, roid, length);
}

/** The slot of a ROID: that which holds it, or a free one. */
function slotOf(roid: usize, length: usize): usize {
  let h: u64 = length;
  let p = roid;
  const stop = roid + length;
  for (; p + 8 <= stop; p += 8) {
    h = (h ^ load<u64>(p)) * MULTIPLIER;
    h ^= h >> 29;
  }
  if (p < stop) {
    h = (h ^ (load<u64>(p) << ((8 - (stop - p)) << 3))) * MULTIPLIER;
    h ^= h >> 29;
  }
  let slot = <usize>(h >> 32) & mask;
  for (;;) {
    const entry: usize = load<u32>(slots + (slot << 2));
    if (entry === 0 || isOf(entry, roid, length)) break;
    slot = (slot + 1) & mask;
  }
  return slots + (slot << 2);
}

/**
 * The entry of the host with the ROID `roid[0, length)`, 0: it is not known here.
 *
 * @param follows it serves the same domain as the one asked for before: often both serve others
 *   together, too, and what lies at hand is looked at first.
 */
export function findHost(roid: usize, length: usize, follows: bool): usize {
  const before = follows ? last : 0;
  if (before !== 0) {
    const next: usize = load<u32>(before);
    if (next !== 0 && isOf(next, roid, length)) {
      last = next;
      return next;
    }
  }
  last = load<u32>(slotOf(roid, length));
  if (before !== 0) store<u32>(before, <u32>last);
  return last;
}

/** The wire name of the host of an entry, and its octets. */
export function hostName(entry: usize): usize {
  return entry + HEADER + load<u8>(entry, 4);
}
export function hostNameLength(entry: usize): usize {
  return load<u8>(entry, 5);
}

/** Adds a host, unless it is there or there is no more room. ROID and name: 255 octets at most. */
export function addHost(roid: usize, length: usize, name: usize, nameLength: usize): void {
  if (held > mask >> 1 || at + HEADER + length + nameLength > arenaEnd) return;
  const slot = slotOf(roid, length);
  if (load<u32>(slot) !== 0) return;
  store<u32>(slot, <u32>at);
  store<u32>(at, 0);
  store<u8>(at, <u8>length, 4);
  store<u8>(at, <u8>nameLength, 5);
  copy(at + HEADER, roid, length);
  copy(at + HEADER + length, name, nameLength);
  at += HEADER + length + nameLength;
  held++;
}
