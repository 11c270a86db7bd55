/** Fingerprints of both sides of an NSEC3 chain: equal for equal sets, and only for those. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addFingerprint,
  emptyFingerprint,
  Fingerprint,
  fingerprintKey,
  isBalanced,
} from '#zonewright/verify/fingerprint.js';

type Entry = readonly [hash: Uint8Array, bitmap: Uint8Array];

const entry = fc.tuple(
  fc.uint8Array({ minLength: 20, maxLength: 20 }),
  fc.oneof(fc.uint8Array({ maxLength: 12 }), fc.uint8Array({ minLength: 505, maxLength: 1600 })),
);
const entries = fc.uniqueArray(entry, {
  maxLength: 12,
  selector: ([hash, bitmap]) => `${hash.join()}|${bitmap.join()}`,
});

function sumOf(expected: readonly Entry[], actual: readonly Entry[]): Int32Array {
  const key = fingerprintKey();
  // In two walks, as by two threads.
  const one = new Fingerprint(key);
  const other = new Fingerprint(key);
  expected.forEach(([hash, bitmap], i) => {
    (i % 2 === 0 ? one : other).expect(hash, bitmap, 0, bitmap.length);
  });
  actual.forEach(([hash, bitmap], i) => {
    (i % 3 === 0 ? one : other).meet(hash, bitmap, 0, bitmap.length);
  });
  const sum = emptyFingerprint();
  addFingerprint(sum, one.sum);
  addFingerprint(sum, other.sum);
  return sum;
}

describe('Fingerprint', () => {
  it('is nothing for equal sets in any order', () => {
    fc.assert(
      fc.property(entries, fc.nat(), (set, turn) => {
        const at = set.length === 0 ? 0 : turn % set.length;
        const turned = [...set.slice(at), ...set.slice(0, at)];
        expect(isBalanced(sumOf(set, turned))).toBe(true);
      }),
    );
  });

  it('tells sets that differ in one octet, one entry or its number', () => {
    fc.assert(
      fc.property(entries, entry, fc.nat(), (set, [hash, bitmap], pick) => {
        const extra: Entry = [hash, bitmap];
        expect(isBalanced(sumOf([...set, extra], set))).toBe(false);
        expect(isBalanced(sumOf(set, [...set, extra]))).toBe(false);
        expect(isBalanced(sumOf([...set, extra], [...set, extra, extra]))).toBe(false);
        const all = Uint8Array.from([...hash, ...bitmap]);
        all[pick % all.length] ^= 1;
        const changed: Entry = [all.slice(0, 20), all.slice(20)];
        expect(isBalanced(sumOf([...set, extra], [...set, changed]))).toBe(false);
      }),
    );
  });

  it('tells entries whose hashes and bitmaps were exchanged', () => {
    const a = new Uint8Array(20).fill(1);
    const b = new Uint8Array(20).fill(2);
    const x = Uint8Array.of(0, 1, 0x22);
    const y = Uint8Array.of(0, 1, 0x20);
    const straight: Entry[] = [
      [a, x],
      [b, y],
    ];
    const crossed: Entry[] = [
      [a, y],
      [b, x],
    ];
    expect(isBalanced(sumOf(straight, crossed))).toBe(false);
  });

  it('depends on a key that is another one each time', () => {
    const hash = new Uint8Array(20);
    const sums = [1, 2].map(() => {
      const one = new Fingerprint(fingerprintKey());
      one.expect(hash, hash, 0, 3);
      return one.sum.join();
    });
    expect(sums[0]).not.toBe(sums[1]);
  });
});
