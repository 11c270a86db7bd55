/**
 * Tables of multiples of a fixed point, and the digits that choose from them.
 *
 * A scalar of 256 bits is cut into windows. Digits are odd, so that none is zero and no sum
 * needs the point at infinity: with windows of wₖ bits at bit oₖ, an odd u is
 * Σ (2bₖ + 1 − 2^wₖ) 2^oₖ where the bₖ are the windows of (u − 1)/2 + 2^255 (the sum telescopes).
 * For an even u, n − u is odd, and all points are negated. A window's table has the
 * 2^(wₖ−1) odd multiples 1, 3, 5 … of 2^oₖ times the point; the other half are their negatives.
 */

import type { Affine } from './curve.js';
import { P } from './curve.js';
import { LIMB_BITS, LIMBS, NUMBER } from './field.js';
import type { Machine } from './machine.js';
import { LIMBS_OF_N } from './machine.js';
import { JOB, POINT } from './module.js';
import { isBelow, put, R, subtractFrom, subtractLimit } from './numbers.js';

const BITS = 256;

/** How a scalar is cut; arrays have an item for each window, the lowest first. */
export interface Windows {
  readonly count: number;
  readonly widths: Int32Array;
  /** Where the table of the window begins, in points from the beginning of all. */
  readonly firsts: Int32Array;
  /** First bit. */
  readonly offsets: Int32Array;
  /** Points of all windows. */
  readonly points: number;
}

/** Cuts a scalar into windows as equal as can be. */
export function cutWindows(count: number): Windows {
  const [widths, firsts, offsets] = [0, 1, 2].map(() => new Int32Array(count));
  let points = 0;
  let offset = 0;
  for (let k = 0; k < count; k++) {
    widths[k] = Math.floor(BITS / count) + (k < BITS % count ? 1 : 0);
    offsets[k] = offset;
    firsts[k] = points;
    offset += widths[k];
    points += 1 << (widths[k] - 1);
  }
  return { count, widths, firsts, offsets, points };
}

/**
 * Fills a table.
 *
 * @param powers 2⁰ to 2²⁵⁵ times the point.
 * @param room the jobs that the machine takes at once.
 * @returns whether the sums came out; they do for every point of the curve.
 */
export function fillTable(
  machine: Machine,
  windows: Windows,
  powers: readonly Affine[],
  table: number,
  room: number,
): boolean {
  const { words, layout } = machine;
  const place = (at: number, point: Affine): void => {
    put(words, at / 4, (point.x * R) % P);
    put(words, (at + NUMBER) / 4, (point.y * R) % P);
  };
  const { count, widths, firsts, offsets } = windows;
  for (let k = 0; k < count; k++) place(table + firsts[k] * POINT, powers[offsets[k]]);
  // (2(j + h) + 1)B = (2j + 1)B + 2hB: the table doubles, h = 1, 2, 4 …
  for (let bit = 0; bit < widths[0] - 1; bit++) {
    const half = 1 << bit;
    let jobs = 0;
    for (let k = 0; k < count; k++) {
      if (bit >= widths[k] - 1) continue;
      // 2hB is needed in this round alone.
      const step = layout.slots + k * POINT;
      place(step, powers[offsets[k] + bit + 1]);
      const first = table + firsts[k] * POINT;
      for (let j = 0; j < half; j++) {
        const w = (layout.jobs + jobs * JOB) / 4;
        words[w] = first + j * POINT;
        words[w + 1] = step;
        words[w + 2] = first + (half + j) * POINT;
        if (++jobs === room) {
          if (!machine.addPoints(layout.jobs, jobs)) return false;
          jobs = 0;
        }
      }
    }
    if (!machine.addPoints(layout.jobs, jobs)) return false;
  }
  return true;
}

/** Chooses the points of a scalar. */
export type Chooser = (scalar: number, table: number, words: Int32Array, at: number) => void;

/**
 * Makes a chooser. It takes the scalar (from 0 to 2n − 1) at the word `scalar`, and writes the
 * addresses of the points whose sum is that multiple of the table's point into the words of jobs:
 * two from `at` on, and so on, job by job. 0 has points like any other; their sum does not exist.
 */
export function newChooser(windows: Windows): Chooser {
  const { count, widths, firsts, offsets } = windows;
  const limb = new Int32Array(count);
  const shift = new Int32Array(count);
  const octets = new Int32Array(count);
  for (let k = 0; k < count; k++) {
    // Bit 0 of (u − 1)/2 is bit 1 of u.
    limb[k] = Math.floor((offsets[k] + 1) / LIMB_BITS);
    shift[k] = (offsets[k] + 1) % LIMB_BITS;
    octets[k] = firsts[k] * POINT;
  }
  const u = new Int32Array(LIMBS + 1);
  const topLimb = LIMBS_OF_N[LIMBS - 1];
  return (scalar, table, words, at) => {
    for (let i = 0; i < LIMBS; i++) u[i] = words[scalar + i];
    if (u[LIMBS - 1] >= topLimb && !isBelow(u, 0, LIMBS_OF_N)) subtractLimit(LIMBS_OF_N, u, 0);
    const even = ~u[0] & 1;
    if (even !== 0) subtractFrom(LIMBS_OF_N, u, 0);
    let w = at;
    for (let k = 0; k < count; k++) {
      const width = widths[k];
      const half = 1 << (width - 1);
      const i = limb[k];
      let b = (u[i] >>> shift[k]) | (u[i + 1] << (LIMB_BITS - shift[k]));
      if (k === count - 1) b |= half;
      b &= 2 * half - 1;
      // 0 in the upper half, −1 in the lower one, where the digit is negative.
      const lower = (b >> (width - 1)) - 1;
      const index = (b ^ lower) & (half - 1);
      words[w] = (table + octets[k] + index * POINT) | ((lower & 1) ^ even);
      w += (k & 1) === 0 ? 1 : JOB / 4 - 1;
    }
  };
}
