/** What is written: lines of text, and the same records in wire form, into memory of the caller. */

import { copy } from './bytes';
import { ownerLength, ownerText, ownerTextLength, ownerWire } from './names';

export let textStart: usize = 0;
export let wireStart: usize = 0;
/** Octets of either. */
let size: usize = 0;
/** Where they end. */
export let text: usize = 0;
export let wire: usize = 0;

/** Gives the memory to write to. */
export function openText(textAt: usize, wireAt: usize, octets: usize): void {
  textStart = textAt;
  wireStart = wireAt;
  size = octets;
  clearText();
}

export function clearText(): void {
  text = textStart;
  wire = wireStart;
}

/** Is there room for so many octets of text, and of wire form? */
export function hasTextRoom(octets: usize): bool {
  return text + octets <= textStart + size && wire + octets <= wireStart + size;
}

/** What was written ends here now. */
export function advance(textEnd: usize, wireEnd: usize): void {
  text = textEnd;
  wire = wireEnd;
}

/** Writes a number in decimal. */
export function putNumber(o: usize, n: u32): usize {
  let digits: usize = 1;
  for (let m = n; m >= 10; m /= 10) digits++;
  let m = n;
  for (let p = o + digits; p > o; ) {
    store<u8>(--p, <u8>(0x30 + (m % 10)));
    m /= 10;
  }
  return o + digits;
}

/** Writes owner, TTL and class, and the tabs between and behind them. */
export function putOwner(o: usize, ttl: u32): usize {
  copy(o, ownerText, ownerTextLength);
  o += ownerTextLength;
  store<u8>(o++, 0x09);
  o = putNumber(o, ttl);
  // \t in \t
  store<u32>(o, 0x096e6909);
  return o + 4;
}

const hexDigits = memory.data(16, 16);
for (let i: usize = 0; i < 16; i++) store<u8>(hexDigits + i, <u8>(i < 10 ? 0x30 + i : 0x37 + i));

/** Writes hexadecimal in upper case. */
export function putHex(o: usize, from: usize, n: usize): usize {
  for (const stop = from + n; from < stop; from++) {
    const c: usize = load<u8>(from);
    store<u8>(o, load<u8>(hexDigits + (c >> 4)));
    store<u8>(o, load<u8>(hexDigits + (c & 15)), 1);
    o += 2;
  }
  return o;
}

const base64Digits = memory.data(64, 16);
for (let i: usize = 0; i < 26; i++) {
  store<u8>(base64Digits + i, <u8>(0x41 + i));
  store<u8>(base64Digits + 26 + i, <u8>(0x61 + i));
}
for (let i: usize = 0; i < 10; i++) store<u8>(base64Digits + 52 + i, <u8>(0x30 + i));
store<u8>(base64Digits + 62, 0x2b);
store<u8>(base64Digits + 63, 0x2f);

/** Writes base64 (RFC 4648 §4). */
export function putBase64(o: usize, from: usize, n: usize): usize {
  const whole = from + n - (n % 3);
  for (; from < whole; from += 3) {
    const v = bswap(load<u32>(from)) >> 8;
    store<u8>(o, load<u8>(base64Digits + (v >> 18)));
    store<u8>(o, load<u8>(base64Digits + ((v >> 12) & 63)), 1);
    store<u8>(o, load<u8>(base64Digits + ((v >> 6) & 63)), 2);
    store<u8>(o, load<u8>(base64Digits + (v & 63)), 3);
    o += 4;
  }
  const left = n % 3;
  if (left > 0) {
    const a: u32 = load<u8>(from);
    const b: u32 = left > 1 ? load<u8>(from, 1) : 0;
    const v = (a << 16) | (b << 8);
    store<u8>(o, load<u8>(base64Digits + (v >> 18)));
    store<u8>(o, load<u8>(base64Digits + ((v >> 12) & 63)), 1);
    store<u8>(o, left > 1 ? load<u8>(base64Digits + ((v >> 6) & 63)) : 0x3d, 2);
    store<u8>(o, 0x3d, 3);
    o += 4;
  }
  return o;
}

/** Writes what of a record stands before its RDATA: the owner, class IN. */
export function putRecord(o: usize, type: u32, ttl: u32, rdlength: usize): usize {
  copy(o, ownerWire, ownerLength);
  o += ownerLength;
  store<u16>(o, bswap(<u16>type));
  store<u16>(o, 0x0100, 2);
  store<u32>(o, bswap(ttl), 4);
  store<u16>(o, bswap(<u16>rdlength), 8);
  return o + 10;
}
