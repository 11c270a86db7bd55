/**
 * Verifies many ECDSA signatures on P-256 with SHA-256 (FIPS 186-4 §6.4, RFC 6605) by one public
 * key at once, some times as fast as one-shot calls of node:crypto.
 *
 * All there is to know about a signature is public, so that nothing runs in constant time, and
 * tables may be large: 2m points, m from the multiples of G and m from those of the public key
 * Q, add up to (e/s)G + (r/s)Q. They are added in pairs, then the sums in pairs, and so on, for
 * all signatures of a batch in one round, in affine coordinates with one inversion per round
 * (module.ts); the inverses of all s come from one inversion too.
 *
 * What the kernel accepts is proved: r and s are in range, no addition met a case that its
 * formula does not cover (two points equal, opposite or at infinity make the round's product
 * zero), and the x of the sum is r. What it does not accept may still be good — such a case
 * elsewhere in the batch, or an x from n to p − 1 — and is for another verifier to judge.
 */

import { type Affine, fromOctets, G, isOnCurve, powersOfTwo } from './curve.js';
import { LIMBS, NUMBER } from './field.js';
import { LIMBS_OF_N, type Machine, newMachine } from './machine.js';
import { JOB, POINT } from './module.js';
import { isBelow, isZero, putOctets, putWords } from './numbers.js';
import { selfTest } from './self-test.js';
import { sha256 } from './sha256.js';
import { cutWindows, fillTable, newChooser } from './tables.js';

/** Octets of a signature: r and s (RFC 6605 §4). */
export const SIGNATURE = 64;

/** Most signatures of a batch, even: their sums fit a core's second-level cache. */
export const BATCH = 128;

/**
 * Windows of a scalar; even. Tables for G and Q have 40,960 points, 3 MB. Larger ones save
 * additions and cost as much in misses of the cache, smaller ones the other way round.
 */
const WINDOWS = 24;

export interface Kernel {
  /** Octets of memory, tables included. */
  readonly size: number;
  /** Makes `sig[at, at + 64)` over `data[start, end)` signature `index` of the batch. */
  load(
    index: number,
    data: Uint8Array,
    start: number,
    end: number,
    sig: Uint8Array,
    at: number,
  ): void;
  /** The same for a message that has been hashed to eight words. */
  loadDigest(index: number, digest: Int32Array, sig: Uint8Array, at: number): void;
  /**
   * Verifies signatures 0 to `count` − 1 of the batch; writes 1 into `accepted` for each one
   * that is good, and 0 for one that is bad or for others to judge.
   */
  verify(count: number, accepted: Uint8Array): void;
}

let powersOfG: readonly Affine[] | undefined;

/**
 * Makes the kernel for a public key: some 30 ms. It is tested before it is handed out.
 *
 * @param publicKey 64 octets, x and y (RFC 6605 §4).
 * @returns undefined when the key is not a point of the curve, there is no WebAssembly, or the
 *   self-test fails.
 */
export function openKernel(publicKey: Uint8Array, windowCount = WINDOWS): Kernel | undefined {
  if (publicKey.length !== 64) return undefined;
  const key: Affine = {
    x: fromOctets(publicKey.subarray(0, 32)),
    y: fromOctets(publicKey.subarray(32)),
  };
  if (!isOnCurve(key)) return undefined;
  const windows = cutWindows(windowCount);
  const points = 2 * windows.count;
  // The first round adds the points in pairs; the others add `points / 2` sums to one.
  const room = (BATCH * points) / 2;
  const table = windows.points * POINT;
  const numbers = BATCH * NUMBER;
  const machine = newMachine(room, room, 2 * table + 4 * numbers + NUMBER);
  if (machine === undefined) return undefined;
  const { words, layout, functions } = machine;
  const tableG = layout.own;
  const tableQ = tableG + table;
  powersOfG ??= powersOfTwo(G);
  const powersG = powersOfG;
  const powersQ = powersOfTwo(key);
  if (!fillTable(machine, windows, powersG, tableG, room)) return undefined;
  if (!fillTable(machine, windows, powersQ, tableQ, room)) return undefined;

  const r = tableQ + table;
  const s = r + numbers;
  const e = s + numbers;
  /** The product of the s before each. */
  const before = e + numbers;
  words.copyWithin(before / 4, layout.oneN / 4, layout.oneN / 4 + LIMBS);
  const rounds = laterRounds(machine, points / 2, layout.jobs + room * JOB);
  for (let i = 0; i < room; i++) words[(layout.jobs + i * JOB) / 4 + 2] = layout.slots + i * POINT;
  const choose = newChooser(windows);
  const inRange = new Uint8Array(BATCH);
  const digestOf = new Int32Array(8);

  const loadDigest = (index: number, digest: Int32Array, sig: Uint8Array, at: number): void => {
    const [ri, si] = [(r + index * NUMBER) / 4, (s + index * NUMBER) / 4];
    putOctets(words, ri, sig, at);
    putOctets(words, si, sig, at + 32);
    putWords(words, (e + index * NUMBER) / 4, digest);
    const good =
      isBelow(words, ri, LIMBS_OF_N) &&
      isBelow(words, si, LIMBS_OF_N) &&
      !isZero(words, ri) &&
      !isZero(words, si);
    inRange[index] = good ? 1 : 0;
    if (good) return;
    // Something of order n, for the products of the batch to be so too.
    words.copyWithin(ri, layout.one / 4, layout.one / 4 + LIMBS);
    words.copyWithin(si, layout.one / 4, layout.one / 4 + LIMBS);
  };

  /** Chooses the points of each signature: the jobs of the first round. */
  const choosePoints = (count: number): void => {
    const { multiplyN } = functions;
    const { scratch, inverse, one, jobs } = layout;
    for (let i = 0; i < count; i++) {
      multiplyN(before + (i + 1) * NUMBER, before + i * NUMBER, s + i * NUMBER);
    }
    // Each product above has lost a factor R. R/product leads to all R/s without more ado.
    machine.invertN(scratch, before + count * NUMBER);
    multiplyN(inverse, scratch, one);
    for (let i = count - 1; i >= 0; i--) {
      const w = before + (i + 1) * NUMBER;
      multiplyN(w, inverse, before + i * NUMBER);
      multiplyN(inverse, inverse, s + i * NUMBER);
      const job = (jobs + i * windows.count * JOB) / 4;
      multiplyN(scratch, e + i * NUMBER, w);
      choose(scratch / 4, tableG, words, job);
      multiplyN(scratch, r + i * NUMBER, w);
      choose(scratch / 4, tableQ, words, job + (windows.count / 2) * (JOB / 4));
    }
  };

  const addAll = (count: number): boolean => {
    if (!machine.addPoints(layout.jobs, count * windows.count)) return false;
    for (const { jobs, each } of rounds) {
      if (!machine.addPoints(jobs, count * each)) return false;
    }
    return true;
  };

  const kernel: Kernel = {
    size: machine.size,
    load(index, data, start, end, sig, at) {
      sha256(data, start, end, digestOf);
      loadDigest(index, digestOf, sig, at);
    },
    loadDigest,
    verify(count, accepted) {
      if (count === 0) return;
      const even = count + (count & 1);
      if (even > count) {
        // Jobs are done by twos: the last signature once more.
        for (const list of [r, s, e]) {
          const last = (list + count * NUMBER) / 4;
          words.copyWithin(last, last - LIMBS, last);
        }
      }
      choosePoints(even);
      if (!addAll(even)) {
        accepted.fill(0, 0, count);
        return;
      }
      const x = layout.scratch / 4;
      for (let i = 0; i < count; i++) {
        // The first of a signature's sums has been added to by the others. Out of Montgomery
        // form it is from 0 to p; p is not below n, so that r is not that.
        functions.multiplyP(layout.scratch, layout.slots + i * windows.count * POINT, layout.one);
        const ri = (r + i * NUMBER) / 4;
        let same = inRange[i];
        for (let k = 0; k < LIMBS; k++) if (words[x + k] !== words[ri + k]) same = 0;
        accepted[i] = same;
      }
    },
  };
  return selfTest(kernel, publicKey, powersG, powersQ) ? kernel : undefined;
}

interface Round {
  readonly jobs: number;
  /** Jobs of one signature. */
  readonly each: number;
}

/**
 * Writes the jobs of all rounds but the first; they are the same for every batch. Each sum takes
 * the place of its first point, and a signature's jobs lie together, so that a smaller batch has
 * the first ones of each round.
 */
function laterRounds(machine: Machine, sums: number, from: number): Round[] {
  const { words, layout } = machine;
  const rounds: Round[] = [];
  let at = from;
  for (let step = 1; step < sums; step *= 2) {
    const jobs = at;
    let each = 0;
    for (let i = 0; i < BATCH; i++) {
      each = 0;
      for (let k = 0; k + step < sums; k += 2 * step) {
        const first = layout.slots + (i * sums + k) * POINT;
        words[at / 4] = first;
        words[at / 4 + 1] = first + step * POINT;
        words[at / 4 + 2] = first;
        at += JOB;
        each++;
      }
    }
    rounds.push({ jobs, each });
  }
  return rounds;
}
