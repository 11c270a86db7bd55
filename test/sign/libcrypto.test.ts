/** Many ECDSA signatures are made by libcrypto directly: they are signatures like any other. */
import { randomBytes, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { loadOwn, loadSystems, openEcdsa, rawFromDer } from '#zonewright/sign/libcrypto.js';
import { makePair } from '../tools/key-pairs.js';

const own = loadOwn();
const systems = loadSystems();
const CASES = [
  ['P-256', "Node.js's own libcrypto", 'sha256', 32, own],
  ['P-384', "Node.js's own libcrypto", 'sha384', 48, own],
  ['P-256', "the system's libcrypto", 'sha256', 32, systems],
  ['P-384', "the system's libcrypto", 'sha384', 48, systems],
] as const;

describe.each(CASES)('ECDSA on %s by %s', (namedCurve, _, hash, half, library) => {
  const { privateKey, publicKey } = makePair('ec', { namedCurve });
  const direct = openEcdsa(privateKey, hash, half, library);

  it('is there where the tools are', () => {
    if (process.env.REQUIRE_TOOLS === '1') expect(direct).toBeDefined();
  });

  it.skipIf(direct === undefined)('verifies by node:crypto, whatever the message', () => {
    const options = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const;
    const out = new Uint8Array(3 + 2 * half);
    // One in 256 numbers has a leading zero.
    for (let i = 0; i < (half === 32 ? 1500 : 100); i++) {
      const data = randomBytes(i % 300);
      const start = Math.min(5, data.length);
      expect(direct?.(data, start, data.length, out, 3)).toBe(true);
      const signature = out.subarray(3);
      expect(verify(hash, data.subarray(start), options, signature)).toBe(true);
      signature[i % signature.length] ^= 1;
      expect(verify(hash, data.subarray(start), options, signature)).toBe(false);
    }
  });
});

it('gives no signer for a key that is not one of the curve', () => {
  const { privateKey } = makePair('ed25519');
  const direct = openEcdsa(privateKey, 'sha256', 32);
  expect(direct?.(new Uint8Array(9), 0, 9, new Uint8Array(64), 0) ?? false).toBe(false);
});

it('gives no signer, and no error, for a key that has no secret', () => {
  const { publicKey } = makePair('ec', { namedCurve: 'P-256' });
  expect(openEcdsa(publicKey, 'sha256', 32)).toBeUndefined();
});

it('gives no signer for a key of another kind', () => {
  const { privateKey } = makePair('x25519');
  expect(openEcdsa(privateKey, 'sha256', 32)).toBeUndefined();
});

describe('r and s from DER', () => {
  const raw = (hex: string, half: number): string | false => {
    const out = new Uint8Array(2 * half);
    return rawFromDer(Buffer.from(hex, 'hex'), half, out, 0) && Buffer.from(out).toString('hex');
  };

  it('are padded and stripped to full length', () => {
    expect(raw('3006020101020102', 2)).toBe('00010002');
    expect(raw('3008020200ff02020080', 2)).toBe('00ff0080');
    expect(raw('300a02030080010203008002', 2)).toBe('80018002');
  });

  it('are refused when they are too long or no numbers', () => {
    expect(raw('300a02030180010203008002', 2)).toBe(false);
    expect(raw('3006030101020102', 2)).toBe(false);
    expect(raw('3106020101020102', 2)).toBe(false);
    expect(raw('3007020101020102', 2)).toBe(false);
  });
});
