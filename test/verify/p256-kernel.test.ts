import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  type Affine,
  combine,
  G,
  invert,
  isOnCurve,
  modulo,
  N,
  P,
  powersOfTwo,
} from '#zonewright/verify/p256/curve.js';
import { NUMBER } from '#zonewright/verify/p256/field.js';
import { BATCH, type Kernel, openKernel } from '#zonewright/verify/p256/kernel.js';
import { type Machine, newMachine } from '#zonewright/verify/p256/machine.js';
import { JOB, POINT } from '#zonewright/verify/p256/module.js';
import { limbsOf, put, putOctets, R, take } from '#zonewright/verify/p256/numbers.js';
import { selfTest } from '#zonewright/verify/p256/self-test.js';
import { sha256 } from '#zonewright/verify/p256/sha256.js';
import { cutWindows, newChooser } from '#zonewright/verify/p256/tables.js';
import { joined, multipleOfG, number, octets32, signatureOf, signed, testKey } from './p256.js';

/** Small tables: quick to make. */
const WINDOWS = 32;
const KEY = testKey(0x1234_5678_9abc_def0_0fed_cba9_8765_4321_0011_2233n);

function machineOf(own = 4096): Machine {
  const machine = newMachine(256, 0, own);
  if (machine === undefined) throw new Error('no WebAssembly');
  return machine;
}

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

const scalar = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }),
  fc.constantFrom(0n, 1n, 2n, N - 1n, N, P - 1n, P, 2n ** 256n - 1n, 2n ** 255n, 2n ** 29n - 1n),
);
/** Limbs as they come about: at the ends of their range, with either sign. */
const limb = fc.oneof(
  fc.integer({ min: -(2 ** 29) - 8, max: 2 ** 29 + 8 }),
  fc.constantFrom(-(2 ** 29) - 8, 2 ** 29 + 8, 2 ** 29 - 1, 0, -1),
);
const limbs = fc
  .tuple(
    fc.array(limb, { minLength: 8, maxLength: 8 }),
    fc.integer({ min: -(2 ** 25), max: 2 ** 25 }),
  )
  .map(([low, top]) => [...low, top]);

describe('arithmetic', () => {
  const machine = machineOf();
  const { functions, words: memory } = machine;
  const [a, b, out] = [0, 1, 2].map((k) => machine.layout.own + k * NUMBER);
  const check = (modulus: bigint): void => {
    const [x, y, z] = [a, b, out].map((at) => take(memory, at / 4));
    expect(modulo(z * R - x * y, modulus)).toBe(0n);
    // Modulus and a little more, with limbs but the last of 29 bits.
    expect(z > -modulus && z < 2n * modulus).toBe(true);
    expect(memory.subarray(out / 4, out / 4 + 8).every((l) => l >= 0 && l < 2 ** 29)).toBe(true);
  };

  it('multiplies and squares modulo p and n, whatever the limbs', () => {
    fc.assert(
      fc.property(limbs, limbs, (x, y) => {
        memory.set(x, a / 4);
        memory.set(y, b / 4);
        functions.multiplyP(out, a, b);
        check(P);
        functions.multiplyN(out, a, b);
        check(N);
        memory.set(x, b / 4);
        functions.squareP(out, a, 1);
        check(P);
      }),
      { numRuns: 2000 },
    );
  });

  it('multiplies in place, and squares many times', () => {
    put(memory, a / 4, 3n);
    put(memory, b / 4, R % P);
    functions.multiplyP(a, a, b);
    expect(modulo(take(memory, a / 4), P)).toBe(3n);
    put(memory, a / 4, 3n);
    put(memory, b / 4, R % N);
    functions.multiplyN(a, b, a);
    expect(modulo(take(memory, a / 4), N)).toBe(3n);
    put(memory, a / 4, 3n);
    functions.squareP(a, a, 3);
    // a → a²/R, three times.
    expect(modulo(take(memory, a / 4) * R ** 7n - 3n ** 8n, P)).toBe(0n);
  });

  it('inverts modulo n', () => {
    fc.assert(
      fc.property(scalar, (x) => {
        put(memory, a / 4, x);
        machine.invertN(out, a);
        expect(modulo(take(memory, out / 4), N)).toBe(modulo(R * R * invert(x, N), N));
      }),
      { numRuns: 100 },
    );
  });

  it('reads numbers from octets', () => {
    fc.assert(
      fc.property(scalar, (x) => {
        putOctets(memory, a / 4, octets32(x), 0);
        expect([...memory.subarray(a / 4, a / 4 + 9)]).toEqual(limbsOf(x));
      }),
    );
  });
});

describe('points', () => {
  const powers = powersOfTwo(G);

  it('has the powers of two times G that OpenSSL has', () => {
    for (const [i, { x, y }] of powers.entries()) {
      const expected = multipleOfG(modulo(2n ** BigInt(i), N));
      expect(Buffer.concat([octets32(x), octets32(y)]).equals(expected)).toBe(true);
      expect(isOnCurve({ x, y })).toBe(true);
    }
    expect(isOnCurve({ x: G.x, y: G.y + 1n })).toBe(false);
    expect(isOnCurve({ x: G.x + P, y: G.y })).toBe(false);
  });

  it('combines multiples as OpenSSL does, at infinity too', () => {
    fc.assert(
      fc.property(scalar, scalar, (u, v) => {
        const secret = 77n;
        const sum = modulo(u + v * secret, N);
        const key: Affine = (() => {
          const octets = multipleOfG(secret);
          return { x: number(octets.subarray(0, 32)), y: number(octets.subarray(32)) };
        })();
        const point = combine(u, powers, v, powersOfTwo(key));
        if (sum === 0n) expect(point).toBeUndefined();
        else expect(joined(point!.x, point!.y)).toEqual(multipleOfG(sum));
      }),
      { numRuns: 30 },
    );
  });

  const machine = machineOf(64 * POINT);
  const { layout, words: memory } = machine;
  const at = (i: number): number => layout.own + i * POINT;
  const place = (i: number, { x, y }: Affine): void => {
    put(memory, at(i) / 4, (x * R) % P);
    put(memory, (at(i) + NUMBER) / 4, (y * R) % P);
  };
  const pointAt = (address: number): Affine => ({
    x: modulo(take(memory, address / 4) * invert(R, P), P),
    y: modulo(take(memory, (address + NUMBER) / 4) * invert(R, P), P),
  });
  const job = (k: number, first: number, second: number, out: number): void => {
    memory.set([first, second, out], (layout.jobs + k * JOB) / 4);
  };

  it('adds and subtracts many pairs at once', () => {
    for (let i = 0; i < 8; i++) place(i, powers[i * 30]);
    const signs: [number, number][] = [];
    for (let i = 0; i < 8; i++) {
      for (let j = 0; j < 8; j++) if (i !== j) signs.push([i, j]);
    }
    for (const [k, [i, j]] of signs.entries()) {
      job(k, at(i) | (k & 1), at(j) | ((k >> 1) & 1), layout.slots + k * POINT);
    }
    expect(machine.addPoints(layout.jobs, signs.length)).toBe(true);
    for (const [k, [i, j]] of signs.entries()) {
      const u = (k & 1 ? -1n : 1n) * 2n ** BigInt(30 * i);
      const v = ((k >> 1) & 1 ? -1n : 1n) * 2n ** BigInt(30 * j);
      expect(pointAt(layout.slots + k * POINT)).toEqual(
        combine(modulo(u + v, N), powers, 0n, powers),
      );
    }
  });

  it('goes on with its sums for thousands of rounds, in place', () => {
    place(0, powers[1]);
    place(1, powers[0]);
    job(0, at(0), at(1), at(0));
    job(1, at(2), at(1) | 1, at(2));
    place(2, powers[20]);
    for (let round = 0; round < 3000; round++) {
      expect(machine.addPoints(layout.jobs, 2)).toBe(true);
    }
    expect(pointAt(at(0))).toEqual(combine(3002n, powers, 0n, powers));
    expect(pointAt(at(2))).toEqual(combine(2n ** 20n - 3000n, powers, 0n, powers));
  });

  it('says when two points of a pair are equal or opposite', () => {
    for (let i = 0; i < 4; i++) place(i, powers[i]);
    job(0, at(0), at(1), layout.slots);
    expect(machine.addPoints(layout.jobs, 1)).toBe(true);
    for (const sign of [0, 1]) {
      job(1, at(2), at(2) | sign, layout.slots + POINT);
      expect(machine.addPoints(layout.jobs, 2)).toBe(false);
      // The same point in another form: x + p, in limbs that stick out.
      place(3, { x: powers[2].x, y: powers[2].y });
      put(memory, at(3) / 4, ((powers[2].x * R) % P) + P);
      job(1, at(2), at(3) | sign, layout.slots + POINT);
      expect(machine.addPoints(layout.jobs, 2)).toBe(false);
    }
    expect(machine.addPoints(layout.jobs, 0)).toBe(true);
  });
});

describe('windows', () => {
  it.each([20, 22, 24, 26, 30, 32, 64])(
    '%i of them choose points that make the scalar',
    (count) => {
      const windows = cutWindows(count);
      expect(windows.widths.reduce((sum, width) => sum + width, 0)).toBe(256);
      const choose = newChooser(windows);
      const memory = new Int32Array(16 + count * 3);
      fc.assert(
        fc.property(scalar, (u) => {
          const value = u >= 2n * N ? u - N : u;
          put(memory, 0, value);
          choose(0, 1 << 20, memory, 16);
          let sum = 0n;
          for (let k = 0; k < count; k++) {
            const address = memory[16 + (k >> 1) * 3 + (k & 1)];
            const index = ((address & -2) - (1 << 20)) / POINT - windows.firsts[k];
            expect(index >= 0 && index < 1 << (windows.widths[k] - 1)).toBe(true);
            const digit = BigInt(address & 1 ? -(2 * index + 1) : 2 * index + 1);
            sum += digit << BigInt(windows.offsets[k]);
          }
          expect(modulo(sum - value, N)).toBe(0n);
          // The scalar stays as it was.
          expect(take(memory, 0)).toBe(value);
        }),
        { numRuns: 300 },
      );
    },
  );
});

describe('SHA-256', () => {
  it('hashes messages of every length from 0 to 300, and long ones', () => {
    const message = new Uint8Array(100_003).map((_, i) => i * 7 + (i >> 8));
    const out = new Int32Array(8);
    for (const length of [...Array.from({ length: 301 }, (_, i) => i), 4096, 100_000]) {
      sha256(message, 3, 3 + length, out);
      const expected = createHash('sha256')
        .update(message.subarray(3, 3 + length))
        .digest();
      expect([...out]).toEqual(Array.from({ length: 8 }, (_, i) => expected.readInt32BE(4 * i)));
    }
  });
});

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
