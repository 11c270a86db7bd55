/** Pages of runs in files (sort/spill.ts): entries whose keys are front-coded. */

import { copy } from './bytes';
import { ENTRY_HEADER, entryEnd, keyEnd, keyStart, payloadLength } from './entries';

let at: usize = 0;

function varint(): usize {
  let c: usize = load<u8>(at++);
  let value = c & 0x7f;
  for (let shift: usize = 7; c >= 0x80; shift += 7) {
    c = load<u8>(at++);
    value |= (c & 0x7f) << shift;
  }
  return value;
}

function putVarint(value: usize): void {
  while (value >= 0x80) {
    store<u8>(at++, <u8>(value | 0x80));
    value >>= 7;
  }
  store<u8>(at++, <u8>value);
}

/** Octets in which `a` and `b` agree, `limit` at most. */
function agreeing(a: usize, b: usize, limit: usize): usize {
  for (let n: usize = 0; n < limit; n += 8) {
    const differs = load<u64>(a + n) ^ load<u64>(b + n);
    if (differs !== 0) return min(limit, n + (<usize>ctz(differs) >> 3));
  }
  return limit;
}

/**
 * Packs the entries in `[from, end)` to `out`; returns where the page ends. An entry gets five octets
 * longer at most.
 */
export function packPage(from: usize, end: usize, out: usize): usize {
  let lastKey: usize = 0;
  let lastLength: usize = 0;
  at = out;
  for (let entry = from; entry < end; entry = entryEnd(entry)) {
    const key = keyStart(entry);
    const facts = keyEnd(entry);
    const length = facts - key;
    const payload = payloadLength(entry);
    const shared = agreeing(lastKey, key, min(length, lastLength));
    putVarint(shared);
    putVarint(length - shared);
    copy(at, key + shared, length - shared);
    at += length - shared;
    putVarint(payload);
    copy(at, facts, payload);
    at += payload;
    lastKey = key;
    lastLength = length;
  }
  return at;
}

/** Unpacks the page `[body, end)` to `out`; returns where its entries end. */
export function unpackPage(body: usize, end: usize, out: usize): usize {
  let lastKey: usize = 0;
  at = body;
  while (at < end) {
    const shared = varint();
    const further = varint();
    const key = out + ENTRY_HEADER;
    copy(key, lastKey, shared);
    copy(key + shared, at, further);
    at += further;
    const payload = varint();
    store<u32>(out, <u32>payload);
    store<u16>(out, <u16>(shared + further), 4);
    const facts = key + shared + further;
    copy(facts, at, payload);
    at += payload;
    lastKey = key;
    out = (facts + payload + 3) & ~3;
  }
  return out;
}
