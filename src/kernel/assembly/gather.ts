/** Copies entries in the order in which they shall lie in a run, those of one key into one. */

import { copy, same } from './bytes';
import { ENTRY_HEADER, keyEnd, keyStart, payloadLength } from './entries';

/** Entries of one key are put together up to this many octets. */
const MAX_JOINED: usize = 1 << 16;

// The state, in words; sort/order.ts has the same.
/** Where the next address stands, and where the last one ends. */
const NEXT: usize = 0;
const END: usize = 4;
const OUT: usize = 8;
const OUT_END: usize = 12;
const LIMIT: usize = 16;
const LENGTH: usize = 20;
/** What was touched last is written here, so that it is really read. */
const TOUCHED: usize = 24;

/** Entries that are touched in a row before they are copied: they lie anywhere, and the processor
 * fetches many at a time, but only if nothing stands between. */
const BATCH: usize = 32;

/**
 * Writes the next page: entries until they have `LIMIT` octets.
 *
 * @param s the state; LENGTH says how many octets were written. Without an entry it says how many
 *   the next one needs.
 * @returns the number of entries.
 */
export function gatherPage(s: usize): u32 {
  const end: usize = load<u32>(s, END);
  const out: usize = load<u32>(s, OUT);
  const outEnd: usize = load<u32>(s, OUT_END);
  const stop = out + load<u32>(s, LIMIT);
  let next: usize = load<u32>(s, NEXT);
  let o = out;
  let entries: u32 = 0;
  let needed: usize = 0;
  let fetched = next;
  while (next < end && o < stop) {
    if (next >= fetched) {
      fetched = min(end, next + 4 * BATCH);
      store<u32>(s, touch(next, fetched), TOUCHED);
    }
    const entry: usize = load<u32>(next);
    const key = keyStart(entry);
    const keyLength = keyEnd(entry) - key;
    const own = payloadLength(entry);
    let payload = own;
    let behind = next + 4;
    while (behind < end) {
      const other: usize = load<u32>(behind);
      const otherKey = keyStart(other);
      if (keyEnd(other) - otherKey !== keyLength || !same(key, otherKey, keyLength)) break;
      const more = payloadLength(other);
      if (payload + more > MAX_JOINED) break;
      payload += more;
      behind += 4;
    }
    const size = (ENTRY_HEADER + keyLength + payload + 3) & ~3;
    if (o + size > outEnd) {
      needed = size;
      break;
    }
    let p = o + ENTRY_HEADER + keyLength + own;
    copy(o, entry, p - o);
    store<u32>(o, payload);
    for (next += 4; next < behind; next += 4) {
      const other: usize = load<u32>(next);
      const more = payloadLength(other);
      copy(p, keyEnd(other), more);
      p += more;
    }
    o += size;
    entries++;
  }
  store<u32>(s, next, NEXT);
  store<u32>(s, entries === 0 ? needed : o - out, LENGTH);
  return entries;
}

function touch(from: usize, to: usize): u32 {
  let sum: u32 = 0;
  for (; from < to; from += 4) {
    const entry: usize = load<u32>(from);
    sum += <u32>load<u8>(entry) + <u32>load<u8>(entry, 64);
  }
  return sum;
}
