/**
 * Randomness of the sample export: pure functions of a seed and a counter, so that any part of
 * an export can be made without the rest and the same seed gives the same bytes everywhere.
 */

/** How many different names a sample can hold: suffixes are permutations of 28 bits. */
export const MAX_DOMAINS = 2 ** 28;

/** 32 well-mixed bits from a seed and a counter. */
export function mix(seed: number, counter: number): number {
  let h =
    Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul((counter + 0x7f4a7c15) | 0, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return (h ^ (h >>> 16)) >>> 0;
}

/**
 * A permutation of the numbers below 2^28: every step (exclusive or, product with an odd
 * number, xor-shift) can be undone, so different indexes stay different.
 */
export function permute(seed: number, index: number): number {
  const mask = MAX_DOMAINS - 1;
  let x = (index ^ seed) & mask;
  x = Math.imul(x, 0x2c1b3c6d) & mask;
  x ^= x >>> 14;
  x = Math.imul(x, 0x297a2d39) & mask;
  x ^= x >>> 13;
  x = Math.imul(x, 0x1b56c4e9) & mask;
  x ^= x >>> 14;
  return x;
}

/** The 32-bit number that a seed given as text stands for (FNV-1a). */
export function seedFromText(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}
