/** The hashed owner names of NSEC3 (RFC 5155 §5, RFC 4648 §7). */

import { sha1 } from './sha1.js';

/** Octets of a SHA-1 hash. */
export const HASH_LENGTH = 20;
/** Octets of its base32hex form. */
export const HASH_TEXT = 32;

export interface Nsec3Params {
  /** Additional iterations; RFC 9276 wants 0. */
  readonly iterations: number;
  /** Salt, 0 to 255 octets; RFC 9276 wants none. */
  readonly salt: Uint8Array;
}

const work = new Uint8Array(255 + 255 + HASH_LENGTH);

/** Writes the hash of the wire name `name[start, end)` (lower case) to `out[at]`. */
export function nsec3Hash(
  name: Uint8Array,
  start: number,
  end: number,
  params: Nsec3Params,
  out: Uint8Array,
  at: number,
): void {
  const { iterations, salt } = params;
  if (salt.length === 0) {
    sha1(name, start, end, out, at);
    for (let i = 0; i < iterations; i++) sha1(out, at, at + HASH_LENGTH, out, at);
    return;
  }
  let n = 0;
  for (let i = start; i < end; i++) work[n++] = name[i];
  work.set(salt, n);
  sha1(work, 0, n + salt.length, out, at);
  for (let i = 0; i < iterations; i++) {
    for (let k = 0; k < HASH_LENGTH; k++) work[k] = out[at + k];
    work.set(salt, HASH_LENGTH);
    sha1(work, 0, HASH_LENGTH + salt.length, out, at);
  }
}

const DIGITS = new Uint8Array(32);
const VALUES = new Int8Array(256).fill(-1);
for (let i = 0; i < 32; i++) {
  DIGITS[i] = '0123456789abcdefghijklmnopqrstuv'.charCodeAt(i);
  VALUES[DIGITS[i]] = i;
}

/** Writes the 32 base32hex digits (lower case) of the 20 octets `hash[at…]` to `out[o]`. */
export function hashToText(hash: Uint8Array, at: number, out: Uint8Array, o: number): void {
  for (let g = 0, p = at, q = o; g < 4; g++, p += 5, q += 8) {
    const a = hash[p];
    const b = hash[p + 1];
    const c = hash[p + 2];
    const d = hash[p + 3];
    const e = hash[p + 4];
    out[q] = DIGITS[a >> 3];
    out[q + 1] = DIGITS[((a & 7) << 2) | (b >> 6)];
    out[q + 2] = DIGITS[(b >> 1) & 31];
    out[q + 3] = DIGITS[((b & 1) << 4) | (c >> 4)];
    out[q + 4] = DIGITS[((c & 15) << 1) | (d >> 7)];
    out[q + 5] = DIGITS[(d >> 2) & 31];
    out[q + 6] = DIGITS[((d & 3) << 3) | (e >> 5)];
    out[q + 7] = DIGITS[e & 31];
  }
}

/** Reads 32 base32hex digits (lower case) at `text[at]` into `out[o]`; false: not such text. */
export function textToHash(text: Uint8Array, at: number, out: Uint8Array, o: number): boolean {
  for (let g = 0, p = at, q = o; g < 4; g++, p += 8, q += 5) {
    let high = 0;
    let low = 0;
    for (let k = 0; k < 4; k++) {
      const x = VALUES[text[p + k]];
      const y = VALUES[text[p + 4 + k]];
      if (x < 0 || y < 0) return false;
      high = (high << 5) | x;
      low = (low << 5) | y;
    }
    out[q] = high >>> 12;
    out[q + 1] = high >>> 4;
    out[q + 2] = (high << 4) | (low >>> 16);
    out[q + 3] = low >>> 8;
    out[q + 4] = low;
  }
  return true;
}
