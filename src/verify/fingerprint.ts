/**
 * Are two sets of NSEC3 entries equal? A fingerprint answers without keeping either: the sum of a
 * keyed pseudo-random value of each expected entry (hash of a name, type bitmap), less that of
 * each record that is there. Equal sets give zero, in whatever order and parts they come.
 *
 * Different ones give zero with a probability of about 2^-160: the value of an entry is five words of
 * SHA-1 over a random key, the hash and the bitmap, and each word is summed by itself (modulo
 * 2^32), so a sum over entries that do not cancel out is as good as evenly distributed. That
 * collisions of SHA-1 and sums that cancel out (Wagner's generalised birthdays) can be searched
 * for is of no use to someone who registers names: the search needs the key, which is drawn anew
 * for each verification and never leaves the process.
 */

import { randomBytes } from 'node:crypto';
import { sha1 } from '../denial/sha1.js';

const KEY = 20;
const HASH = 20;
const WORDS = 5;
/** Octets of a bitmap that are mixed at once; longer ones are taken in pieces, each hashed with
 * what came of the pieces before. */
const PIECE = 512;

/** A key for one verification. */
export function fingerprintKey(): Uint8Array {
  return new Uint8Array(randomBytes(KEY));
}

/** The sum of a walk; sums of walks are added up with {@link addFingerprint}. */
export class Fingerprint {
  readonly sum = new Int32Array(WORDS);
  private readonly message = new Uint8Array(KEY + HASH + PIECE);
  private readonly value = new Uint8Array(HASH);

  constructor(key: Uint8Array) {
    this.message.set(key.subarray(0, KEY));
  }

  /** Begins anew. */
  clear(): void {
    this.sum.fill(0);
  }

  /** A name with this hash must have a record with the bitmap `bitmap[start, end)`. */
  expect(hash: Uint8Array, bitmap: Uint8Array, start: number, end: number): void {
    this.mix(hash, bitmap, start, end);
    const { sum, value } = this;
    for (let i = 0; i < WORDS; i++) sum[i] += word(value, i);
  }

  /** There is a record with this hash and bitmap. */
  meet(hash: Uint8Array, bitmap: Uint8Array, start: number, end: number): void {
    this.mix(hash, bitmap, start, end);
    const { sum, value } = this;
    for (let i = 0; i < WORDS; i++) sum[i] -= word(value, i);
  }

  private mix(hash: Uint8Array, bitmap: Uint8Array, start: number, end: number): void {
    const { message, value } = this;
    for (let i = 0; i < HASH; i++) message[KEY + i] = hash[i];
    let p = start;
    for (;;) {
      const stop = Math.min(p + PIECE, end);
      let o = KEY + HASH;
      while (p < stop) message[o++] = bitmap[p++];
      sha1(message, 0, o, value, 0);
      if (p >= end) return;
      for (let i = 0; i < HASH; i++) message[KEY + i] = value[i];
    }
  }
}

function word(b: Uint8Array, i: number): number {
  const p = i * 4;
  return (b[p] << 24) | (b[p + 1] << 16) | (b[p + 2] << 8) | b[p + 3];
}

/** Adds the sum of a further walk to `sum`. */
export function addFingerprint(sum: Int32Array, more: Int32Array): void {
  for (let i = 0; i < WORDS; i++) sum[i] += more[i];
}

/** The sum of nothing. */
export function emptyFingerprint(): Int32Array {
  return new Int32Array(WORDS);
}

/** Were both sets equal? */
export function isBalanced(sum: Int32Array): boolean {
  return sum.every((value) => value === 0);
}
