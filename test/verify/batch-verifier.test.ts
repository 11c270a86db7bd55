import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { algorithmByNumber } from '#zonewright/dnssec/algorithms.js';
import { makeDnskey } from '#zonewright/dnssec/dnskey.js';
import { publicKeyField } from '#zonewright/dnssec/keyobject.js';
import { ENGINES, openVerifier } from '#zonewright/sign/engine.js';
import {
  type BatchOptions,
  type BatchVerifier,
  openBatchVerifier,
} from '#zonewright/verify/batch-verifier.js';
import { invert, modulo, N } from '#zonewright/verify/p256/curve.js';
import { type Kernel, openKernel } from '#zonewright/verify/p256/kernel.js';
import { base64, dnskeyOf, signedData, VECTORS } from '../dnssec/vectors.js';
import { makePair } from '../tools/key-pairs.js';
import { joined, number, octets32, openssl, signed, type TestKey, testKey } from './p256.js';

const KEY = testKey(0x00c0_ffee_0000_1111_2222_3333_4444_5555_6666_7777_8888n);

interface Item {
  readonly message: Uint8Array;
  readonly sig: Uint8Array;
}

/** A kernel with small tables, for every signature. */
const AT_ONCE: BatchOptions = {
  kernelFrom: 0,
  openKernel: (publicKey) => openKernel(publicKey, 32),
};

function pushed(verifier: BatchVerifier, { message, sig }: Item): void {
  // In the midst of other octets, as they lie in a zone.
  const around = new Uint8Array(message.length + sig.length + 9).fill(0xee);
  around.set(message, 4);
  around.set(sig, 4 + message.length + 3);
  const at = 4 + message.length + 3;
  verifier.push(around, 4, 4 + message.length, around, at, at + sig.length);
  around.fill(0);
}

function badOnes(verifier: BatchVerifier, items: readonly Item[]): number[] {
  for (const item of items) pushed(verifier, item);
  expect(verifier.size).toBe(items.length);
  const bad: number[] = [];
  verifier.flush((index) => bad.push(index));
  expect(verifier.size).toBe(0);
  return bad;
}

function good(key: TestKey, text: string): Item {
  const message = new Uint8Array(Buffer.from(text));
  return { message, sig: signed(key, message) };
}

const GOOD = Array.from({ length: 1200 }, (_, i) => good(KEY, `message ${i}`));

function changed(octets: Uint8Array, at: number): Uint8Array {
  const other = octets.slice();
  other[at % other.length] ^= 1 << (at & 7);
  return other;
}

describe.each(ENGINES)('engine %s', (engine) => {
  it.each(VECTORS)('verifies $title in batches', async (vector) => {
    const dnskey = dnskeyOf(vector.dnskey);
    const verifier = await openBatchVerifier(dnskey, engine, AT_ONCE);
    const single = await openVerifier(dnskey, engine);
    expect([verifier.algorithm, verifier.tag, verifier.signatureLength]).toEqual([
      single.algorithm,
      single.tag,
      single.signatureLength,
    ]);
    const item = { message: signedData(vector), sig: base64(vector.signature) };
    const count = engine === 'openssl' ? 40 : 9;
    const items = Array.from({ length: count }, (_, i) => {
      if (i % 4 === 1) return { ...item, sig: changed(item.sig, 2 * i) };
      if (i % 4 === 2) return { ...item, message: changed(item.message, i) };
      if (i === 8) return { ...item, sig: item.sig.subarray(1) };
      return item;
    });
    const expected = items.flatMap((_, i) => (i % 4 === 1 || i % 4 === 2 || i === 8 ? [i] : []));
    expect(badOnes(verifier, items)).toEqual(expected);
    expect(badOnes(verifier, [])).toEqual([]);
    expect(badOnes(verifier, [items[1]])).toEqual([0]);
    expect(badOnes(verifier, [items[0]])).toEqual([]);
  });
});

describe('the kernel behind the batch verifier', () => {
  it('agrees with OpenSSL on batches of every kind', async () => {
    const verifier = await openBatchVerifier(KEY.dnskey, 'openssl', AT_ONCE);
    for (const size of [0, 1, 7, 8, 9, 127, 128, 129, 136, 255, 256, 257, 1024, 1025, 1200]) {
      expect(badOnes(verifier, GOOD.slice(0, size))).toEqual([]);
    }
    const mixed = GOOD.map((item, i) =>
      i % 7 === 3 ? { ...item, sig: changed(item.sig, i) } : item,
    );
    const expected = mixed.flatMap((_, i) => (i % 7 === 3 ? [i] : []));
    expect(badOnes(verifier, mixed)).toEqual(expected);
    expect(
      badOnes(
        verifier,
        GOOD.map((item) => ({ ...item, sig: GOOD[0].sig })),
      ).length,
    ).toBe(1199);
  });

  it('takes messages of every length from 0 to 300, and long ones', async () => {
    const verifier = await openBatchVerifier(KEY.dnskey, 'openssl', AT_ONCE);
    const lengths = [...Array.from({ length: 301 }, (_, i) => i), 4000, 65_535, 300_000];
    const items = lengths.map((n) => good(KEY, 'x'.repeat(n)));
    expect(badOnes(verifier, items)).toEqual([]);
    const longer = items.map(({ message, sig }) => ({
      message: Buffer.concat([message, 'x'].map((p) => Buffer.from(p))),
      sig,
    }));
    expect(badOnes(verifier, longer)).toEqual(longer.map((_, i) => i));
  });

  it('agrees with OpenSSL on r and s of all kinds', async () => {
    const verifier = await openBatchVerifier(KEY.dnskey, 'openssl', AT_ONCE);
    const [base] = GOOD;
    const [r, s] = [number(base.sig.subarray(0, 32)), number(base.sig.subarray(32))];
    const part = fc.oneof(
      fc.constantFrom(0n, 1n, 2n, r, s, N - r, N - s, N - 1n, N, N + 1n, 2n ** 256n - 1n),
      fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(part, part), { minLength: 8, maxLength: 20 }), (pairs) => {
        const items = [[r, s], [r, N - s], ...pairs].map(([x, y]) => ({
          message: base.message,
          sig: joined(x, y),
        }));
        const expected = items.flatMap(({ message, sig }, i) =>
          openssl(KEY, message, sig) ? [] : [i],
        );
        expect(expected.includes(0) || expected.includes(1)).toBe(false);
        expect(badOnes(verifier, items)).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  it('is right about the others when a signature makes equal or opposite points', async () => {
    const verifier = await openBatchVerifier(KEY.dnskey, 'openssl', AT_ONCE);
    for (const sign of [1n, -1n]) {
      const items = GOOD.slice(0, 200);
      const hash = number(createHash('sha256').update(items[20].message).digest());
      const r = modulo(sign * hash * invert(KEY.secret, N), N);
      items[20] = { ...items[20], sig: Buffer.concat([octets32(r), octets32(12_345n)]) };
      items[40] = { ...items[40], sig: changed(items[40].sig, 3) };
      expect(badOnes(verifier, items)).toEqual([20, 40]);
    }
  });

  it.each([1n, 2n, 3n, 4n, 255n, (N + 1n) / 2n, N - 2n, N - 1n])(
    'is right for the key of secret %i',
    async (secret) => {
      const key = testKey(secret);
      const verifier = await openBatchVerifier(key.dnskey, 'openssl', AT_ONCE);
      const items = Array.from({ length: 130 }, (_, i) => good(key, `message ${i}`));
      items[9] = { ...items[9], sig: GOOD[9].sig };
      expect(badOnes(verifier, items)).toEqual([9]);
    },
  );

  it('agrees with the vectors of Project Wycheproof', async () => {
    const text = readFileSync(new URL('./vectors/wycheproof-p256.txt', import.meta.url), 'utf8');
    const octets = (hex: string): Uint8Array =>
      new Uint8Array(Buffer.from(hex === '-' ? '' : hex, 'hex'));
    let verifier: BatchVerifier | undefined;
    let items: Item[] = [];
    let expected: number[] = [];
    const flush = (): void => {
      if (verifier === undefined) return;
      // Several times over, so that all are in batches for the kernel.
      const times = Math.ceil(8 / items.length);
      const all = Array.from({ length: times }, () => items).flat();
      const bad = Array.from({ length: times }, (_, k) =>
        expected.map((i) => i + k * items.length),
      );
      expect(badOnes(verifier, all)).toEqual(bad.flat());
    };
    for (const line of text.split('\n')) {
      if (line === '' || line.startsWith('#')) continue;
      const [test, result, message, sig] = line.split(' ');
      if (test === 'key') {
        flush();
        const dnskey = makeDnskey(256, 13, octets(result));
        verifier = await openBatchVerifier(dnskey, 'openssl', AT_ONCE);
        [items, expected] = [[], []];
      } else {
        if (result !== 'valid') expected.push(items.length);
        items.push({ message: octets(message), sig: octets(sig) });
      }
    }
    flush();
  }, 120_000);
});

describe('when there is a kernel', () => {
  /** A kernel that says what it is told to, and counts what it is asked. */
  function saying(verdict: number): {
    options: BatchOptions;
    asked: () => number;
    opened: () => number;
  } {
    let [asked, opened] = [0, 0];
    const kernel: Kernel = {
      size: 0,
      load: () => undefined,
      loadDigest: () => undefined,
      verify: (count, accepted) => {
        asked += count;
        accepted.fill(verdict, 0, count);
      },
    };
    const open = (): Kernel => {
      opened++;
      return kernel;
    };
    return {
      options: { kernelFrom: 1000, openKernel: open },
      asked: () => asked,
      opened: () => opened,
    };
  }

  it('has the engine judge what the kernel does not accept', async () => {
    const { options } = saying(0);
    const verifier = await openBatchVerifier(KEY.dnskey, 'openssl', { ...options, kernelFrom: 0 });
    const items = GOOD.slice(0, 20);
    items[4] = { ...items[4], sig: items[5].sig };
    expect(badOnes(verifier, items)).toEqual([4]);
  });

  it('shows the engine some of what the kernel accepts, and stops at a contradiction', async () => {
    const { options } = saying(1);
    const verifier = await openBatchVerifier(KEY.dnskey, 'openssl', { ...options, kernelFrom: 0 });
    expect(badOnes(verifier, GOOD.slice(0, 300))).toEqual([]);
    const bad = { ...GOOD[0], sig: GOOD[1].sig };
    for (let i = 0; i < 300; i++) pushed(verifier, bad);
    expect(() => verifier.flush(() => undefined)).toThrow('has accepted a signature that OpenSSL');
    // And is empty, and usable.
    expect(verifier.size).toBe(0);
  });

  it('makes it once there have been enough signatures, and no batch is too small', async () => {
    const { options, asked, opened } = saying(1);
    const verifier = await openBatchVerifier(KEY.dnskey, 'openssl', options);
    expect(badOnes(verifier, GOOD.slice(0, 999))).toEqual([]);
    expect([opened(), asked()]).toEqual([0, 0]);
    expect(badOnes(verifier, GOOD.slice(0, 5))).toEqual([]);
    expect([opened(), asked()]).toEqual([1, 0]);
    expect(badOnes(verifier, GOOD.slice(0, 8))).toEqual([]);
    expect([opened(), asked()]).toEqual([1, 8]);
  });

  it('makes none for other algorithms and the other engine', async () => {
    const { options, opened } = saying(1);
    const at0 = { ...options, kernelFrom: 0 };
    const other = await openBatchVerifier(KEY.dnskey, 'noble', at0);
    expect(badOnes(other, GOOD.slice(0, 9))).toEqual([]);
    const secret = makePair('ed25519').privateKey;
    const dnskey = makeDnskey(256, 15, publicKeyField(algorithmByNumber(15)!, secret));
    const edwards = await openBatchVerifier(dnskey, 'openssl', at0);
    expect(badOnes(edwards, GOOD.slice(0, 9))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(opened()).toBe(0);
  });

  it('does without when none can be made', async () => {
    const verifier = await openBatchVerifier(KEY.dnskey, 'openssl', {
      kernelFrom: 0,
      openKernel: () => undefined,
    });
    const items = GOOD.slice(0, 20);
    items[4] = { ...items[4], sig: items[5].sig };
    expect(badOnes(verifier, items)).toEqual([4]);
  });

  it('refuses a key that is no point of the curve as the engine does', async () => {
    const dnskey = makeDnskey(256, 13, new Uint8Array(64).fill(7));
    await expect(openBatchVerifier(dnskey, 'openssl')).rejects.toMatchObject({ exitCode: 4 });
  });
});
