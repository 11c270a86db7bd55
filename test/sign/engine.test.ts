import { createPrivateKey, type KeyObject } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { algorithmByNumber } from '#zonewright/dnssec/algorithms.js';
import { makeDnskey } from '#zonewright/dnssec/dnskey.js';
import { publicKeyField } from '#zonewright/dnssec/keyobject.js';
import { keyTag } from '#zonewright/dnssec/keytag.js';
import { parsePrivateFile } from '#zonewright/keys/privatefile.js';
import { ENGINES, openSigner, openVerifier, type SigningKey } from '#zonewright/sign/engine.js';
import { base64, dnskeyOf, signedData, VECTORS, type Vector, wire } from '../dnssec/vectors.js';
import { keyObject } from '../keys/helpers.js';
import { makePair } from '../tools/key-pairs.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function keyOf(vector: Vector): SigningKey {
  const dnskey = dnskeyOf(vector.dnskey);
  const algorithm = algorithmByNumber(dnskey[3]);
  if (algorithm === undefined) throw new Error('unknown algorithm');
  const { secret } = parsePrivateFile(vector.private, 'vector.private', dnskey, algorithm);
  return key(dnskey, keyObject(secret));
}

function key(dnskey: Uint8Array, secret: KeyObject): SigningKey {
  const flags = (dnskey[0] << 8) | dnskey[1];
  return {
    zone: wire('example'),
    flags,
    algorithm: dnskey[3],
    tag: keyTag(dnskey),
    dnskey,
    file: 'Kexample.private',
    secret,
  };
}

const MAKE: Readonly<Record<number, () => KeyObject>> = {
  8: () => makePair('rsa', { modulusLength: 1024 }).privateKey,
  10: () => makePair('rsa', { modulusLength: 1032 }).privateKey,
  13: () => makePair('ec', { namedCurve: 'P-256' }).privateKey,
  14: () => makePair('ec', { namedCurve: 'P-384' }).privateKey,
  15: () => makePair('ed25519').privateKey,
  16: () => makePair('ed448').privateKey,
};
const SIGNING = Object.keys(MAKE).map(Number);

function freshKey(number: number): SigningKey {
  const algorithm = algorithmByNumber(number);
  if (algorithm === undefined) throw new Error('unknown algorithm');
  const secret = MAKE[number]();
  return key(makeDnskey(256, number, publicKeyField(algorithm, secret)), secret);
}

/** Signs `data` in the midst of other octets, as the signer does with its batches. */
async function signature(signingKey: SigningKey, engine: 'openssl' | 'noble', data: Uint8Array) {
  const signer = await openSigner(signingKey, engine);
  const batch = new Uint8Array(data.length + 20).fill(0xee);
  batch.set(data, 7);
  const out = new Uint8Array(2000);
  const end = signer.sign(batch, 7, 7 + data.length, out, 11);
  expect(end - 11).toBe(signer.signatureLength);
  expect(hex(out.subarray(0, 11))).toBe('00'.repeat(11));
  expect(out.subarray(end).every((octet) => octet === 0)).toBe(true);
  return out.slice(11, end);
}

describe.each(ENGINES)('engine %s', (engine) => {
  describe.each(VECTORS)('$title', (vector) => {
    it('verifies the printed signature from the DNSKEY, and nothing that differs by a bit', async () => {
      const verifier = await openVerifier(dnskeyOf(vector.dnskey), engine);
      const data = signedData(vector);
      const sig = base64(vector.signature);
      expect(verifier.tag).toBe(vector.tag);
      expect(verifier.signatureLength).toBe(sig.length);
      expect(verifier.verify(data, 0, data.length, sig, 0, sig.length)).toBe(true);
      for (const at of [0, sig.length >> 1, sig.length - 2]) {
        const other = sig.slice();
        other[at] ^= 1;
        expect(verifier.verify(data, 0, data.length, other, 0, other.length)).toBe(false);
      }
      data[20] ^= 1;
      expect(verifier.verify(data, 0, data.length, sig, 0, sig.length)).toBe(false);
    });

    it(
      vector.deterministic ? 'makes the printed signature' : 'makes one that verifies',
      async () => {
        const data = signedData(vector);
        const made = await signature(keyOf(vector), engine, data);
        if (vector.deterministic) expect(hex(made)).toBe(hex(base64(vector.signature)));
        const verifier = await openVerifier(dnskeyOf(vector.dnskey), engine);
        expect(verifier.verify(data, 0, data.length, made, 0, made.length)).toBe(true);
      },
    );
  });

  it.each(SIGNING)('verifies what the other engine signs, algorithm %i', async (number) => {
    const other = engine === 'openssl' ? 'noble' : 'openssl';
    const signingKey = freshKey(number);
    const verifier = await openVerifier(signingKey.dnskey, engine);
    for (const length of [0, 1, 150]) {
      const data = new Uint8Array(length).fill(length);
      const made = await signature(signingKey, other, data);
      expect(verifier.verify(data, 0, length, made, 0, made.length)).toBe(true);
      const stranger = await openVerifier(freshKey(number).dnskey, engine);
      expect(stranger.verify(data, 0, length, made, 0, made.length)).toBe(false);
    }
  });

  it('takes ECDSA signatures with a high s as well as with a low one (RFC 6605 §4)', async () => {
    const signingKey = freshKey(13);
    const verifier = await openVerifier(signingKey.dnskey, engine);
    const n = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
    const data = new Uint8Array(40);
    const made = await signature(signingKey, 'openssl', data);
    const s = BigInt(`0x${hex(made.subarray(32))}`);
    const mirrored = made.slice();
    mirrored.set(Buffer.from((n - s).toString(16).padStart(64, '0'), 'hex'), 32);
    for (const sig of [made, mirrored]) {
      expect(verifier.verify(data, 0, 40, sig, 0, 64)).toBe(true);
    }
  });

  it.each(SIGNING)(
    'calls a signature of a wrong length or of zeros false, algorithm %i',
    async (n) => {
      const signingKey = freshKey(n);
      const verifier = await openVerifier(signingKey.dnskey, engine);
      const data = new Uint8Array(10);
      const made = await signature(signingKey, 'openssl', data);
      const longer = new Uint8Array(made.length + 1);
      longer.set(made);
      expect(verifier.verify(data, 0, 10, longer, 0, longer.length)).toBe(false);
      expect(verifier.verify(data, 0, 10, made, 0, made.length - 1)).toBe(false);
      expect(verifier.verify(data, 0, 10, made, 0, 0)).toBe(false);
      expect(verifier.verify(data, 0, 10, new Uint8Array(made.length), 0, made.length)).toBe(false);
      const ones = new Uint8Array(made.length).fill(255);
      expect(verifier.verify(data, 0, 10, ones, 0, ones.length)).toBe(false);
    },
  );

  it.each([
    ['a P-256 key of 63 octets', makeDnskey(256, 13, new Uint8Array(63).fill(1))],
    ['a point off P-256', makeDnskey(256, 13, new Uint8Array(64).fill(1))],
    ['a point off P-384', makeDnskey(256, 14, new Uint8Array(96).fill(1))],
    ['an Ed25519 key of 33 octets', makeDnskey(256, 15, new Uint8Array(33))],
    ['an Ed448 key of 56 octets', makeDnskey(256, 16, new Uint8Array(56))],
    ['an RSA key without modulus', makeDnskey(256, 8, Uint8Array.of(3, 1, 0, 1))],
    [
      'an RSA key of 256 bits',
      makeDnskey(256, 8, Uint8Array.of(1, 3, ...new Uint8Array(32).fill(255))),
    ],
    ['no key at all', makeDnskey(256, 8, new Uint8Array())],
    ['an unknown algorithm', makeDnskey(256, 250, new Uint8Array(64))],
    ['three octets', Uint8Array.of(1, 0, 3)],
  ])('refuses %s with exit code 4', async (_, dnskey) => {
    await expect(openVerifier(dnskey, engine)).rejects.toMatchObject({ exitCode: 4 });
  });

  it.each([5, 7])('signs nothing with SHA-1, algorithm %i', async (number) => {
    const signingKey = freshKey(8);
    const dnskey = signingKey.dnskey.slice();
    dnskey[3] = number;
    const old = { ...signingKey, algorithm: number, dnskey };
    await expect(openSigner(old, engine)).rejects.toMatchObject({ exitCode: 4 });
  });
});

describe('engine noble', () => {
  // RFC 6979 A.2.5 and A.2.6: public key, private key, and the signatures of "sample" and "test"
  // with the hash that DNSSEC has for the curve.
  it.each([
    [
      'A.2.5, P-256 with SHA-256',
      13,
      '60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6' +
        '7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299',
      'C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721',
      'EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716' +
        'F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8',
      'F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367' +
        '019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083',
    ],
    [
      'A.2.6, P-384 with SHA-384',
      14,
      'EC3A4E415B4E19A4568618029F427FA5DA9A8BC4AE92E02E06AAE5286B300C64' +
        'DEF8F0EA9055866064A254515480BC13' +
        '8015D9B72D7D57244EA8EF9AC0C621896708A59367F9DFB9F54CA84B3F1C9DB1' +
        '288B231C3AE0D4FE7344FD2533264720',
      '6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D8' +
        '96D5724E4C70A825F872C9EA60D2EDF5',
      '94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C' +
        '81A648152E44ACF96E36DD1E80FABE46' +
        '99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94F' +
        'A329C145786E679E7B82C71A38628AC8',
      '8203B63D3C853E8D77227FB377BCF7B7B772E97892A80F36AB775D509D7A5FEB' +
        '0542A7F0812998DA8F1DD3CA3CF023DB' +
        'DDD0760448D42D8A43AF45AF836FCE4DE8BE06B485E9B61B827C2F13173923E0' +
        '6A739F040649A667BF3B828246BAA5A5',
    ],
  ])(
    'makes the deterministic signatures of RFC 6979 %s',
    async (_, number, pub, secret, sample, test) => {
      const publicKey = Buffer.from(pub, 'hex');
      const half = publicKey.length / 2;
      const secretKey = createPrivateKey({
        key: {
          kty: 'EC',
          crv: number === 13 ? 'P-256' : 'P-384',
          x: publicKey.subarray(0, half).toString('base64url'),
          y: publicKey.subarray(half).toString('base64url'),
          d: Buffer.from(secret, 'hex').toString('base64url'),
        },
        format: 'jwk',
      });
      const signingKey = key(makeDnskey(256, number, publicKey), secretKey);
      const encoder = new TextEncoder();
      expect(hex(await signature(signingKey, 'noble', encoder.encode('sample')))).toBe(
        sample.toLowerCase(),
      );
      expect(hex(await signature(signingKey, 'noble', encoder.encode('test')))).toBe(
        test.toLowerCase(),
      );
    },
  );
});

describe('SigningKey', () => {
  it('shows nothing of its secret as text or JSON', () => {
    const signingKey = keyOf(VECTORS[2]);
    const raw = 'GU6SnQ/Ou+xC5RumuIUIuJZteXT2z0O';
    expect(JSON.stringify(signingKey)).not.toContain(raw);
    expect(JSON.stringify(signingKey.secret)).toBe('{}');
    expect(String(signingKey.secret)).not.toContain(raw);
  });

  it('signs in a worker that it was sent to', async () => {
    const signingKey = keyOf(VECTORS[4]);
    const engine = new URL('../../dist/sign/engine.js', import.meta.url).href;
    const worker = new Worker(
      `const { parentPort } = require('node:worker_threads');
       parentPort.once('message', async ({ key, data }) => {
         const { openSigner } = await import(${JSON.stringify(engine)});
         const out = new Uint8Array(64);
         (await openSigner(key, 'openssl')).sign(data, 0, data.length, out, 0);
         parentPort.postMessage(out);
       });`,
      { eval: true },
    );
    const made = await new Promise<Uint8Array>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.postMessage({ key: signingKey, data: signedData(VECTORS[4]) });
    });
    await worker.terminate();
    expect(hex(made)).toBe(hex(base64(VECTORS[4].signature)));
  });
});
