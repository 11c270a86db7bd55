/** Pages of runs in files (sort/spill.ts): entries whose keys are front-coded. */

import { copy } from './bytes';
import { ENTRY_HEADER } from './entries';

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
