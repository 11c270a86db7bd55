/**
 * A table of how often delegations name each host; see zone/references.ts. An entry of its arena:
 * u32 count, u8 length of the host's name, u8 of the delegation's, u8 1 if the host's name was found to be
 * one, both names in wire form.
 */

import { copy, same } from './bytes';

const HEADER: usize = 7;
const SLOTS: u32 = 1 << 16;
/** An odd number without pattern: 2^64 divided by the golden ratio. */
const MULTIPLIER: u64 = ((<u64>0x9e3779b9) << 32) | 0x7f4a7c15;

let slots: usize = 0;
let arena: usize = 0;
let arenaEnd: usize = 0;
let at: usize = 0;
let held: u32 = 0;

/** Opens an empty table: memory for its slots (zero octets), and for its arena. */
export function openReferences(slotMemory: usize, arenaMemory: usize, size: usize): void {
  slots = slotMemory;
  arena = arenaMemory;
  arenaEnd = arenaMemory + size;
  clearReferences();
}

export function clearReferences(): void {
  memory.fill(slots, 0, (<usize>SLOTS) << 2);
  at = arena;
  held = 0;
}

/** Where the arena ends. */
export function endOfReferences(): usize {
  return at;
}

/** Is there room for so many hosts more? */
export function hasRoom(hosts: u32): bool {
  return held + hosts <= SLOTS >> 1 && at + <usize>hosts * (HEADER + 2 * 256) + 16 <= arenaEnd;
}

/** The slot of a host: that which holds it, or a free one. */
export function slotOf(host: usize, length: usize): usize {
  let h: u64 = length;
  let p = host;
  const stop = host + length;
  for (; p + 8 <= stop; p += 8) {
    h = (h ^ load<u64>(p)) * MULTIPLIER;
    h ^= h >> 29;
  }
  if (p < stop) {
    h = (h ^ (load<u64>(p) << ((8 - (stop - p)) << 3))) * MULTIPLIER;
    h ^= h >> 29;
  }
  let slot = <u32>(h >> 32) & (SLOTS - 1);
  for (;;) {
    const entry: usize = load<u32>(slots + ((<usize>slot) << 2));
    if (entry === 0) break;
    if (<usize>load<u8>(entry, 4) === length && same(entry + HEADER, host, length)) break;
    slot = (slot + 1) & (SLOTS - 1);
  }
  return slots + ((<usize>slot) << 2);
}

/** Is there a host in the slot whose name is beyond doubt? */
export function isSoundHost(slot: usize): bool {
  const entry: usize = load<u32>(slot);
  return entry !== 0 && load<u8>(entry, 6) !== 0;
}

/**
 * Counts one reference to the host of a slot, by the delegation `owner`.
 *
 * @param sound its name is beyond doubt (delegation.ts).
 */
export function refer(
  slot: usize,
  host: usize,
  length: usize,
  owner: usize,
  ownerLength: usize,
  sound: bool,
): void {
  let entry: usize = load<u32>(slot);
  if (entry !== 0) {
    if (sound) store<u8>(entry, 1, 6);
    store<u32>(entry, load<u32>(entry) + 1);
    return;
  }
  entry = at;
  store<u32>(slot, <u32>entry);
  store<u32>(entry, 1);
  store<u8>(entry, <u8>length, 4);
  store<u8>(entry, <u8>ownerLength, 5);
  store<u8>(entry, sound ? 1 : 0, 6);
  copy(entry + HEADER, host, length);
  copy(entry + HEADER + length, owner, ownerLength);
  at = entry + HEADER + length + ownerLength;
  held++;
}

/** Adds one reference. Only when there is room. */
export function addReference(host: usize, length: usize, owner: usize, ownerLength: usize): void {
  refer(slotOf(host, length), host, length, owner, ownerLength, false);
}
