/**
 * Checks that what follows `xn--` in a label is Punycode (RFC 3492 §6.2), without making the
 * string: the cheap test that an A-label of a registry has to pass.
 */

const BASE = 36;
const TMIN = 1;
const TMAX = 26;
const SKEW = 38;
const DAMP = 700;
const INITIAL_BIAS = 72;
const INITIAL_N = 128;
const MAX_INT = 0x7fffffff;

function adapt(delta: number, points: number, first: boolean): number {
  let d = first ? Math.floor(delta / DAMP) : delta >> 1;
  d += Math.floor(d / points);
  let k = 0;
  for (; d > ((BASE - TMIN) * TMAX) >> 1; k += BASE) d = Math.floor(d / (BASE - TMIN));
  return k + Math.floor(((BASE - TMIN + 1) * d) / (d + SKEW));
}

/**
 * Does `bytes[start, end)`, the part of a lower-case label behind `xn--`, decode to code points
 * of which at least one is not ASCII?
 */
export function isPunycode(bytes: Uint8Array, start: number, end: number): boolean {
  let delimiter = end - 1;
  while (delimiter > start && bytes[delimiter] !== 0x2d) delimiter--;
  // Basic code points stand before the last hyphen; a hyphen in front of all is not one.
  const basic = delimiter > start ? delimiter - start : 0;
  let p = basic > 0 ? delimiter + 1 : start;
  if (p >= end) return false;
  let n = INITIAL_N;
  let i = 0;
  let bias = INITIAL_BIAS;
  let points = basic;
  while (p < end) {
    const before = i;
    let weight = 1;
    for (let k = BASE; ; k += BASE) {
      if (p >= end) return false;
      const c = bytes[p++];
      const digit = c >= 0x61 && c <= 0x7a ? c - 0x61 : c >= 0x30 && c <= 0x39 ? c - 22 : -1;
      if (digit < 0) return false;
      i += digit * weight;
      if (i > MAX_INT) return false;
      const t = k <= bias ? TMIN : k >= bias + TMAX ? TMAX : k - bias;
      if (digit < t) break;
      weight *= BASE - t;
      if (weight > MAX_INT) return false;
    }
    points++;
    bias = adapt(i - before, points, before === 0);
    n += Math.floor(i / points);
    // No Unicode code point, or half of a surrogate pair.
    if (n > 0x10ffff || (n >= 0xd800 && n <= 0xdfff)) return false;
    i = (i % points) + 1;
  }
  return true;
}
