import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
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
import { type Machine, newMachine } from '#zonewright/verify/p256/machine.js';
import { JOB, POINT } from '#zonewright/verify/p256/module.js';
import { limbsOf, put, putOctets, R, take } from '#zonewright/verify/p256/numbers.js';
import { sha256 } from '#zonewright/verify/p256/sha256.js';
import { cutWindows, newChooser } from '#zonewright/verify/p256/tables.js';
import { joined, multipleOfG, number, octets32 } from './p256.js';

function machineOf(own = 4096): Machine {
  const machine = newMachine(256, 0, own);
  if (machine === undefined) throw new Error('no WebAssembly');
  return machine;
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

  it('adds whatever limbs a sum may have', () => {
    const coordinate = fc
      .tuple(
        fc.array(
          fc.oneof(fc.constantFrom(-8, 0, 2 ** 29 + 8), fc.integer({ min: -8, max: 2 ** 29 + 8 })),
          {
            minLength: 8,
            maxLength: 8,
          },
        ),
        fc.oneof(fc.constantFrom(-8, 2 ** 24 + 8), fc.integer({ min: -8, max: 2 ** 24 + 8 })),
      )
      .map(([low, top]) => [...low, top]);
    const raw = fc.tuple(coordinate, coordinate).map((numbers) => numbers.flat());
    const pairs = fc.array(fc.tuple(raw, raw, fc.nat(3)), { minLength: 2, maxLength: 2 });
    const value = (limbs: readonly number[]): bigint =>
      take(Int32Array.from(limbs), 0) * invert(R, P);
    fc.assert(
      fc.property(pairs, (jobs) => {
        for (const [k, [first, second, signs]] of jobs.entries()) {
          memory.set(first, at(2 * k) / 4);
          memory.set(second, at(2 * k + 1) / 4);
          job(k, at(2 * k) | (signs & 1), at(2 * k + 1) | (signs >> 1), layout.slots + k * POINT);
        }
        const numbers = jobs.map(([first, second, signs]) => ({
          x1: value(first.slice(0, 9)),
          y1: (signs & 1 ? -1n : 1n) * value(first.slice(9)),
          x2: value(second.slice(0, 9)),
          y2: (signs & 2 ? -1n : 1n) * value(second.slice(9)),
        }));
        const isSum = numbers.every(({ x1, x2 }) => modulo(x2 - x1, P) !== 0n);
        expect(machine.addPoints(layout.jobs, 2)).toBe(isSum);
        if (!isSum) return;
        for (const [k, { x1, y1, x2, y2 }] of numbers.entries()) {
          const slope = modulo((y2 - y1) * invert(x2 - x1, P), P);
          const x = modulo(slope * slope - x1 - x2, P);
          const sum = layout.slots + k * POINT;
          expect(pointAt(sum)).toEqual({ x, y: modulo(slope * (x1 - x) - y1, P) });
          // And the sum is one that may be added to another.
          for (const [i, limb] of memory.subarray(sum / 4, (sum + POINT) / 4).entries()) {
            expect(limb >= -8 && limb <= 8 + 2 ** (i % 9 === 8 ? 24 : 29)).toBe(true);
          }
        }
      }),
      { numRuns: 2000 },
    );
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
    job(1, at(2), at(3), layout.slots + POINT);
    expect(machine.addPoints(layout.jobs, 2)).toBe(true);
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
