/** P-256 keys and signatures for tests of the kernel. */

import {
  createECDH,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { makeDnskey } from '#zonewright/dnssec/dnskey.js';
import { invert, modulo, N } from '#zonewright/verify/p256/curve.js';

export interface TestKey {
  readonly secret: bigint;
  /** x and y. */
  readonly publicKey: Uint8Array;
  readonly dnskey: Uint8Array;
  readonly signing: KeyObject;
}

export function octets32(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex');
}

export function number(octets: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(octets).toString('hex')}`);
}

/** x and y of a multiple of G, by OpenSSL. */
export function multipleOfG(scalar: bigint): Uint8Array {
  const ecdh = createECDH('prime256v1');
  ecdh.setPrivateKey(octets32(scalar));
  return new Uint8Array(ecdh.getPublicKey().subarray(1));
}

export function testKey(secret: bigint): TestKey {
  const publicKey = multipleOfG(secret);
  const text = (octets: Uint8Array): string => Buffer.from(octets).toString('base64url');
  const signing = createPrivateKey({
    format: 'jwk',
    key: {
      kty: 'EC',
      crv: 'P-256',
      x: text(publicKey.subarray(0, 32)),
      y: text(publicKey.subarray(32)),
      d: text(octets32(secret)),
    },
  });
  return { secret, publicKey, dnskey: makeDnskey(256, 13, publicKey), signing };
}

export function signed(key: TestKey, message: Uint8Array): Uint8Array {
  return new Uint8Array(sign('sha256', message, { key: key.signing, dsaEncoding: 'ieee-p1363' }));
}

export function openssl(key: TestKey, message: Uint8Array, signature: Uint8Array): boolean {
  const options = { key: createPublicKey(key.signing), dsaEncoding: 'ieee-p1363' as const };
  return verify('sha256', message, options, signature);
}

/** The signature of a hash by a nonce (FIPS 186-4 §6.4). */
export function signatureOf(secret: bigint, hash: bigint, nonce: bigint): [r: bigint, s: bigint] {
  const r = modulo(number(multipleOfG(nonce).subarray(0, 32)), N);
  return [r, modulo(invert(nonce, N) * (hash + r * secret), N)];
}

export function joined(r: bigint, s: bigint): Uint8Array {
  return new Uint8Array(Buffer.concat([octets32(r), octets32(s)]));
}
