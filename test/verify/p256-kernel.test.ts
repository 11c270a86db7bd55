import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { G, invert, modulo, N, powersOfTwo } from '#zonewright/verify/p256/curve.js';
import { BATCH, type Kernel, openKernel } from '#zonewright/verify/p256/kernel.js';
import { selfTest } from '#zonewright/verify/p256/self-test.js';
import { joined, multipleOfG, number, octets32, signatureOf, signed, testKey } from './p256.js';

/** Small tables: quick to make. */
const WINDOWS = 32;
const KEY = testKey(0x1234_5678_9abc_def0_0fed_cba9_8765_4321_0011_2233n);

function kernelOf(publicKey: Uint8Array, windows = WINDOWS): Kernel {
  const kernel = openKernel(publicKey, windows);
  if (kernel === undefined) throw new Error('no kernel');
  return kernel;
}

function words(value: bigint): Int32Array {
  const octets = octets32(value);
  return Int32Array.from({ length: 8 }, (_, i) => octets.readInt32BE(4 * i));
}

/** What the kernel says of hashes and signatures. */
function judged(kernel: Kernel, items: readonly (readonly [bigint, Uint8Array])[]): number[] {
  for (const [i, [hash, sig]] of items.entries()) kernel.loadDigest(i, words(hash), sig, 0);
  const accepted = new Uint8Array(BATCH).fill(7);
  kernel.verify(items.length, accepted);
  return [...accepted.subarray(0, items.length)];
}

describe('kernel', () => {
  const kernel = kernelOf(KEY.publicKey);

  it.each([20, 22, 24, 26, 32, 64])('verifies with %i windows', (windows) => {
    const other = kernelOf(KEY.publicKey, windows);
    const items = Array.from({ length: BATCH }, (_, i) => {
      const hash = modulo(number(createHash('sha256').update(String(i)).digest()), 2n ** 256n);
      const [r, s] = signatureOf(KEY.secret, hash, hash ^ 5n);
      return [i % 3 === 2 ? hash ^ (1n << BigInt(i)) : hash, joined(r, s)] as const;
    });
    expect(judged(other, items)).toEqual(items.map((_, i) => (i % 3 === 2 ? 0 : 1)));
  });

  it('accepts s and n − s, and no r or s out of range', () => {
    const hash = 0xabcdefn;
    const [r, s] = signatureOf(KEY.secret, hash, 987_654_321n);
    const good = [joined(r, s), joined(r, N - s)];
    const ends = [0n, 1n, N - 1n, N, N + 1n, 2n ** 256n - 1n];
    const bad = ends.flatMap((end) => [joined(end, s), joined(r, end), joined(end, end)]);
    if (s + N < 2n ** 256n) bad.push(joined(r, s + N));
    const items = [...bad, ...good].map((sig) => [hash, sig] as const);
    expect(judged(kernel, items)).toEqual([...bad.map(() => 0), 1, 1]);
    // Any order and size of batch.
    expect(judged(kernel, [...items].reverse())).toEqual([1, 1, ...bad.map(() => 0)]);
    for (const item of items) {
      expect(judged(kernel, [item])).toEqual([good.includes(item[1]) ? 1 : 0]);
    }
  });

  it('takes any hash: 0, n, and what exceeds n', () => {
    const hashes = [0n, 1n, N - 1n, N, N + 1n, 2n ** 256n - 1n];
    for (const hash of hashes) {
      const [r, s] = signatureOf(KEY.secret, hash, 31_337n);
      // With a hash of 0 modulo n the multiple of G is the point at infinity: not for the kernel.
      expect(judged(kernel, [[hash, joined(r, s)]])).toEqual([modulo(hash, N) === 0n ? 0 : 1]);
    }
  });

  it('leaves a batch to others in which a sum has two equal or opposite points', () => {
    const [goodR, goodS] = signatureOf(KEY.secret, 99n, 12_345n);
    const good = [99n, joined(goodR, goodS)] as const;
    const nonce = 0x1_0000_0001n;
    const r = modulo(number(multipleOfG(nonce).subarray(0, 32)), N);
    // e = dr: both multiples are the same point, and the signature is a good one.
    const equal = modulo(KEY.secret * r, N);
    const s = modulo(2n * equal * invert(nonce, N), N);
    expect(signatureOf(KEY.secret, equal, nonce)).toEqual([r, s]);
    // e = −dr: their sum is the point at infinity.
    const opposite = modulo(-KEY.secret * r, N);
    for (const hash of [equal, opposite]) {
      expect(judged(kernel, [good, [hash, joined(r, s)], good])).toEqual([0, 0, 0]);
      expect(judged(kernel, [good, good])).toEqual([1, 1]);
    }
  });

  it('sees every changed bit', () => {
    const message = Buffer.from('changed bits');
    const sig = signed(KEY, message);
    const hash = number(createHash('sha256').update(message).digest());
    for (let from = 0; from < 512; from += 64) {
      const items = Array.from({ length: 65 }, (_, i) => {
        const other = sig.slice();
        if (i < 64) other[(from + i) >> 3] ^= 1 << (i & 7);
        return [hash, other] as const;
      });
      expect(judged(kernel, items)).toEqual([...new Array<number>(64).fill(0), 1]);
    }
    const hashes = Array.from(
      { length: 128 },
      (_, i) => [hash ^ (1n << BigInt(2 * i)), sig] as const,
    );
    expect(judged(kernel, hashes)).toEqual(new Array(128).fill(0));
  });

  it('agrees with the vectors of Project Wycheproof', () => {
    const lines = readFileSync(new URL('./vectors/wycheproof-p256.txt', import.meta.url), 'utf8');
    const octets = (text: string): Uint8Array =>
      new Uint8Array(Buffer.from(text === '-' ? '' : text, 'hex'));
    let current: Kernel | undefined;
    let [tests, refused] = [0, 0];
    const left: string[] = [];
    const accepted = new Uint8Array(1);
    for (const line of lines.split('\n')) {
      if (line === '' || line.startsWith('#')) continue;
      const [test, result, message, sig] = line.split(' ');
      if (test === 'key') {
        current = openKernel(octets(result), 64);
        if (current === undefined) refused++;
        continue;
      }
      tests++;
      const signature = octets(sig);
      if (current === undefined || signature.length !== 64) continue;
      const data = octets(message);
      current.load(0, data, 0, data.length, signature, 0);
      current.verify(1, accepted);
      if (accepted[0] === 1) expect(`${test} valid`).toBe(`${test} ${result}`);
      else if (result === 'valid') left.push(test);
    }
    expect(tests).toBe(262);
    // Good ones that are for others: an x from n on (115 and 257), two equal points (204); the
    // keys G and −G.
    expect(left).toEqual(['115', '204', '257']);
    expect(refused).toBe(2);
  }, 120_000);
});

describe('no kernel', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('for what is no point of the curve', () => {
    expect(openKernel(new Uint8Array(64), WINDOWS)).toBeUndefined();
    expect(openKernel(new Uint8Array(63), WINDOWS)).toBeUndefined();
    expect(openKernel(new Uint8Array(64).fill(0xff), WINDOWS)).toBeUndefined();
    const other = KEY.publicKey.slice();
    other[63] ^= 1;
    expect(openKernel(other, WINDOWS)).toBeUndefined();
  });

  it('where there is no WebAssembly', () => {
    vi.stubGlobal('WebAssembly', undefined);
    expect(openKernel(KEY.publicKey, WINDOWS)).toBeUndefined();
  });

  it('for a key that is a small multiple of G: sums of equal points are the rule there', () => {
    for (const secret of [1n, N - 1n]) {
      expect(openKernel(testKey(secret).publicKey, WINDOWS)).toBeUndefined();
    }
  });

  it('that fails its test: accepts all, nothing, or is of another key', () => {
    const key = {
      x: number(KEY.publicKey.subarray(0, 32)),
      y: number(KEY.publicKey.subarray(32)),
    };
    const [ofG, ofKey] = [powersOfTwo(G), powersOfTwo(key)];
    const saying = (verdict: number): Kernel => ({
      size: 0,
      load: () => undefined,
      loadDigest: () => undefined,
      verify: (count, accepted) => void accepted.fill(verdict, 0, count),
    });
    expect(selfTest(kernelOf(KEY.publicKey), KEY.publicKey, ofG, ofKey)).toBe(true);
    expect(selfTest(saying(1), KEY.publicKey, ofG, ofKey)).toBe(false);
    expect(selfTest(saying(0), KEY.publicKey, ofG, ofKey)).toBe(false);
    const stranger = testKey(4711n);
    expect(selfTest(kernelOf(stranger.publicKey), KEY.publicKey, ofG, ofKey)).toBe(false);
    expect(selfTest(kernelOf(KEY.publicKey), KEY.publicKey, ofKey, ofG)).toBe(false);
  });
});
