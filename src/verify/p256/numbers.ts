/** Numbers of nine limbs (field.ts) in an array of words: from and to other forms. */

import { LIMB_BITS, LIMB_MASK, LIMBS } from './field.js';

/** Montgomery's R. */
export const R = 1n << BigInt(LIMBS * LIMB_BITS);

/** The limbs of a number from 0 to 2^261 − 1. */
export function limbsOf(value: bigint): number[] {
  return Array.from({ length: LIMBS }, (_, i) =>
    Number((value >> BigInt(i * LIMB_BITS)) & BigInt(LIMB_MASK)),
  );
}

/** Writes a number at a word. */
export function put(words: Int32Array, at: number, value: bigint): void {
  words.set(limbsOf(value), at);
}

/** The number at a word; its limbs may be of any size and sign. */
export function take(words: Int32Array, at: number): bigint {
  let value = 0n;
  for (let i = LIMBS - 1; i >= 0; i--) value = (value << BigInt(LIMB_BITS)) + BigInt(words[at + i]);
  return value;
}

/** Writes the number of eight big-endian words, the most significant first. */
export function putWords(words: Int32Array, at: number, source: Int32Array): void {
  for (let i = 0, bit = 0; i < LIMBS; i++, bit += LIMB_BITS) {
    const k = 7 - (bit >> 5);
    const shift = bit & 31;
    let limb = source[k] >>> shift;
    // A limb of 29 bits reaches into the next word unless it begins in the lowest 4 bits.
    if (shift > 3 && k > 0) limb |= source[k - 1] << (32 - shift);
    words[at + i] = limb & LIMB_MASK;
  }
}

/** Writes the number of 32 octets, big-endian. */
export function putOctets(words: Int32Array, at: number, octets: Uint8Array, start: number): void {
  for (let i = 0, p = start; i < 8; i++, p += 4) {
    eight[i] = (octets[p] << 24) | (octets[p + 1] << 16) | (octets[p + 2] << 8) | octets[p + 3];
  }
  putWords(words, at, eight);
}

const eight = new Int32Array(8);

/** Is the number at a word below another? Both have limbs from 0 to 2^29 − 1. */
export function isBelow(words: Int32Array, at: number, limit: readonly number[]): boolean {
  for (let i = LIMBS - 1; i >= 0; i--) {
    const difference = words[at + i] - limit[i];
    if (difference !== 0) return difference < 0;
  }
  return false;
}

export function isZero(words: Int32Array, at: number): boolean {
  for (let i = 0; i < LIMBS; i++) if (words[at + i] !== 0) return false;
  return true;
}

/** out = limit − out, for numbers with limbs from 0 to 2^29 − 1 and a result that is not negative. */
export function subtractFrom(limit: readonly number[], words: Int32Array, at: number): void {
  let carry = 0;
  for (let i = 0; i < LIMBS; i++) {
    const limb = limit[i] - words[at + i] + carry;
    words[at + i] = limb & LIMB_MASK;
    carry = limb >> LIMB_BITS;
  }
}

/** out = out − limit, likewise. */
export function subtractLimit(limit: readonly number[], words: Int32Array, at: number): void {
  let carry = 0;
  for (let i = 0; i < LIMBS; i++) {
    const limb = words[at + i] - limit[i] + carry;
    words[at + i] = limb & LIMB_MASK;
    carry = limb >> LIMB_BITS;
  }
}
