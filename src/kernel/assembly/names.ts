/** Names: from sort key to wire form and text (names/name.ts), where no octet needs an escape. */

import { copy } from './bytes';

/** 1 for octets that stand for themselves in a name's text; upper case does not occur. */
export const plain = memory.data(256, 16);
for (let c: usize = 0x21; c < 0x7f; c++) {
  const special =
    c === 0x22 ||
    c === 0x24 ||
    c === 0x28 ||
    c === 0x29 ||
    c === 0x2e ||
    c === 0x3b ||
    c === 0x40 ||
    c === 0x5c;
  store<u8>(plain + c, special ? 0 : 1);
}

/** The zone's name; its text is without what `.` alone is for the root. */
export const apex = memory.data(256 + 16, 16);
export const apexText = memory.data(256 + 16, 16);
export let apexLength: usize = 0;
export let apexTextLength: usize = 0;
/** Labels of the zone's name, the root's not among them. */
export let apexLabels: u32 = 0;

export const ownerWire = memory.data(512 + 32, 16);
export const ownerText = memory.data(1024 + 32, 16);
export let ownerLength: usize = 0;
export let ownerTextLength: usize = 0;
/** Labels of the owner below the zone's name; set by {@link readWire}. */
export let ownerDepth: u32 = 0;

/** Sets the zone. False when its name has octets that need an escape. */
export function setApex(name: usize, length: usize): bool {
  copy(apex, name, length);
  apexLength = length;
  let p = apex;
  let t = apexText;
  apexLabels = 0;
  for (let n: usize = load<u8>(p); n !== 0; n = load<u8>(p)) {
    p++;
    for (const stop = p + n; p < stop; p++) {
      const c: usize = load<u8>(p);
      if (load<u8>(plain + c) === 0) return false;
      store<u8>(t++, <u8>c);
    }
    store<u8>(t++, 0x2e);
    apexLabels++;
  }
  apexTextLength = t - apexText;
  return true;
}

/**
 * Makes wire form and text of the owner with the key `[key, end)`.
 *
 * @returns false when there is an octet that needs an escape.
 */
export function readOwner(key: usize, end: usize): bool {
  let w = ownerWire;
  let t = ownerText;
  let stop = end - 1;
  for (;;) {
    let s = stop;
    while (s > key && load<u8>(s - 1) !== 0) s--;
    store<u8>(w++, <u8>(stop - s));
    for (let p = s; p < stop; p++) {
      const c: usize = load<u8>(p);
      if (load<u8>(plain + c) === 0) return false;
      store<u8>(w++, <u8>c);
      store<u8>(t++, <u8>c);
    }
    store<u8>(t++, 0x2e);
    if (s === key) break;
    stop = s - 1;
  }
  copy(w, apex, apexLength);
  copy(t, apexText, apexTextLength);
  ownerLength = w + apexLength - ownerWire;
  ownerTextLength = t + apexTextLength - ownerText;
  return true;
}

/**
 * Makes the wire form alone of the owner with the key `[key, end)`, which is not the apex.
 *
 * @returns false when an octet of the key is escaped.
 */
export function readWire(key: usize, end: usize): bool {
  let w = ownerWire;
  let labels: u32 = 0;
  let stop = end - 1;
  for (;;) {
    let s = stop;
    for (; s > key; s--) {
      const c = load<u8>(s - 1);
      if (c > 1) continue;
      if (c === 1) return false;
      break;
    }
    store<u8>(w, <u8>(stop - s));
    copy(w + 1, s, stop - s);
    w += 1 + (stop - s);
    labels++;
    if (s === key) break;
    stop = s - 1;
  }
  copy(w, apex, apexLength);
  ownerLength = w + apexLength - ownerWire;
  ownerDepth = labels;
  return true;
}

/** Does a name end in the zone's name twice? Without regard to where labels begin. */
export function endsTwice(name: usize, length: usize): bool {
  const inner = apexLength - 1;
  if (inner === 0 || length < 2 * inner + 1) return false;
  const from = name + length - 1 - 2 * inner;
  for (let i: usize = 0; i < inner; i++) {
    const c = load<u8>(apex + i);
    if (load<u8>(from + i) !== c || load<u8>(from + inner + i) !== c) return false;
  }
  return true;
}

/** Writes the text of a wire name; returns where it ends, or 0 when an octet needs an escape. */
export function putName(o: usize, name: usize): usize {
  let p = name;
  let n: usize = load<u8>(p++);
  if (n === 0) return 0;
  while (n !== 0) {
    for (const stop = p + n; p < stop; p++) {
      const c: usize = load<u8>(p);
      if (load<u8>(plain + c) === 0) return 0;
      store<u8>(o++, <u8>c);
    }
    store<u8>(o++, 0x2e);
    n = load<u8>(p++);
  }
  return o;
}
