/**
 * Type bitmaps of NSEC, NSEC3 and CSYNC (RFC 4034 §4.1.2, RFC 5155 §3.2.1, RFC 7477 §2.1.1.3).
 */

import { writeTypeUpper } from './types.js';

/** One bit a type; clean between calls. */
const bits = new Uint8Array(8192);
let low = 256;
let high = -1;

/** Adds a type to the bitmap under construction. */
export function addType(type: number): void {
  bits[type >> 3] |= 0x80 >> (type & 7);
  const window = type >> 8;
  if (window < low) low = window;
  if (window > high) high = window;
}

/** Writes the bitmap under construction to `out[o]`, or drops it when `out` is undefined;
 * either way the next one starts empty. Returns the offset after it. */
export function finishBitmap(out: Uint8Array | undefined, o: number): number {
  let w = o;
  for (let window = low; window <= high; window++) {
    const from = window << 5;
    let n = 32;
    while (n > 0 && bits[from + n - 1] === 0) n--;
    if (n === 0) continue;
    if (out !== undefined) {
      out[w++] = window;
      out[w++] = n;
      for (let i = 0; i < n; i++) out[w++] = bits[from + i];
    }
    bits.fill(0, from, from + n);
  }
  low = 256;
  high = -1;
  return w;
}

/**
 * Writes the bitmap of the first `count` of `types` (any order, repetitions count once).
 *
 * @returns the offset after it; the same offset for no types.
 */
export function writeBitmap(
  types: ArrayLike<number>,
  count: number,
  out: Uint8Array,
  o: number,
): number {
  for (let i = 0; i < count; i++) addType(types[i]);
  return finishBitmap(out, o);
}

/** Is `wire[at, end)` a well-formed bitmap: windows ascending, 1 to 32 octets each, no empty
 * block and no trailing zero octet? An empty one is well formed. */
export function isBitmap(wire: Uint8Array, at: number, end: number): boolean {
  let p = at;
  let window = -1;
  while (p < end) {
    if (p + 2 > end || wire[p] <= window) return false;
    window = wire[p];
    const n = wire[p + 1];
    p += 2 + n;
    if (n === 0 || n > 32 || p > end || wire[p - 1] === 0) return false;
  }
  return true;
}

/**
 * The types of the bitmap `wire[at, end)` in ascending order.
 *
 * @returns undefined when the bitmap is malformed.
 */
export function readBitmap(wire: Uint8Array, at: number, end: number): number[] | undefined {
  if (!isBitmap(wire, at, end)) return undefined;
  const types: number[] = [];
  for (let p = at; p < end; p += 2 + wire[p + 1]) {
    for (let i = 0; i < wire[p + 1]; i++) {
      const octet = wire[p + 2 + i];
      for (let b = 0; b < 8; b++) {
        if ((octet & (0x80 >> b)) !== 0) types.push((wire[p] << 8) | (i << 3) | b);
      }
    }
  }
  return types;
}

/** Does the well-formed bitmap `wire[at, end)` hold `type`? */
export function bitmapHas(wire: Uint8Array, at: number, end: number, type: number): boolean {
  const octet = (type & 0xff) >> 3;
  for (let p = at; p < end; p += 2 + wire[p + 1]) {
    if (wire[p] !== type >> 8) continue;
    return octet < wire[p + 1] && (wire[p + 2 + octet] & (0x80 >> (type & 7))) !== 0;
  }
  return false;
}

/** Writes ` TYPE` (a space, then the mnemonic) for every type of a well-formed bitmap; returns
 * the offset after them. */
export function writeBitmapText(
  wire: Uint8Array,
  at: number,
  end: number,
  out: Uint8Array,
  o: number,
): number {
  let w = o;
  for (let p = at; p < end; p += 2 + wire[p + 1]) {
    const n = wire[p + 1];
    for (let i = 0; i < n; i++) {
      const octet = wire[p + 2 + i];
      if (octet === 0) continue;
      for (let b = 0; b < 8; b++) {
        if ((octet & (0x80 >> b)) === 0) continue;
        out[w++] = 0x20;
        w = writeTypeUpper((wire[p] << 8) | (i << 3) | b, out, w);
      }
    }
  }
  return w;
}
