/**
 * A table of hosts by ROID, as far as they are known here: read/plain-rows.ts adds them as they are
 * met, as long as there is room. An entry of its arena: u8 octets of the ROID, u8 of the host's wire
 * name, then both.
 */

import { copy, same } from './bytes';

const HEADER: usize = 2;
/** An odd number without pattern: 2^64 divided by the golden ratio. */
const MULTIPLIER: u64 = ((<u64>0x9e3779b9) << 32) | 0x7f4a7c15;

let slots: usize = 0;
/** The number of slots less one, which has no zero bits in between. */
let mask: usize = 0;
let at: usize = 0;
let arenaEnd: usize = 0;
let held: usize = 0;

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
    if (entry === 0) break;
    if (<usize>load<u8>(entry) === length && same(entry + HEADER, roid, length)) break;
    slot = (slot + 1) & mask;
  }
  return slots + (slot << 2);
}

/** The entry of the host with the ROID `roid[0, length)`, 0: it is not known here. */
export function findHost(roid: usize, length: usize): usize {
  return load<u32>(slotOf(roid, length));
}

/** The wire name of the host of an entry, and its octets. */
export function hostName(entry: usize): usize {
  return entry + HEADER + load<u8>(entry);
}
export function hostNameLength(entry: usize): usize {
  return load<u8>(entry, 1);
}

/** Adds a host, unless it is there or there is no more room. ROID and name: 255 octets at most. */
export function addHost(roid: usize, length: usize, name: usize, nameLength: usize): void {
  if (held > mask >> 1 || at + HEADER + length + nameLength > arenaEnd) return;
  const slot = slotOf(roid, length);
  if (load<u32>(slot) !== 0) return;
  store<u32>(slot, <u32>at);
  store<u8>(at, <u8>length);
  store<u8>(at, <u8>nameLength, 1);
  copy(at + HEADER, roid, length);
  copy(at + HEADER + length, name, nameLength);
  at += HEADER + length + nameLength;
  held++;
}
