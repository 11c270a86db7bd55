/**
 * Keys between their DNSSEC form and node:crypto's KeyObject, by way of JSON Web Keys (RFC 7517,
 * RFC 7518 §6, RFC 8037), the one form that takes raw numbers for all algorithms.
 *
 * A private KeyObject prints as nothing and can be sent to a worker, so that a key's secret
 * never is a string or an array that could end up in a log.
 */

import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { refusal } from '../errors.js';
import { type Algorithm, algorithmByNumber, algorithmName } from './algorithms.js';
import {
  makeRsaPublicKey,
  parseDnskey,
  parseRsaPublicKey,
  publicKeyFault,
  stripZeros,
} from './dnskey.js';

/** The numbers of an RSA private key, big-endian (RFC 8017 §3.2; the names of BIND's files). */
export interface RsaSecret {
  readonly modulus: Uint8Array;
  readonly publicExponent: Uint8Array;
  readonly privateExponent: Uint8Array;
  readonly prime1: Uint8Array;
  readonly prime2: Uint8Array;
  readonly exponent1: Uint8Array;
  readonly exponent2: Uint8Array;
  readonly coefficient: Uint8Array;
}

const encode = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
const decode = (text: string | undefined): Uint8Array =>
  new Uint8Array(Buffer.from(text ?? '', 'base64url'));

/** The algorithm and the public key of DNSKEY rdata, checked for form. */
export interface CheckedDnskey {
  readonly algorithm: Algorithm;
  readonly publicKey: Uint8Array;
}

/**
 * Checks that DNSKEY rdata is of a known algorithm and has a public key of its form.
 *
 * @throws ZonewrightError (exit 4) that says what is wrong.
 */
export function checkDnskey(rdata: Uint8Array, file?: string): CheckedDnskey {
  const place = file === undefined ? undefined : { file };
  const key = parseDnskey(rdata);
  if (key === undefined) throw refusal('the DNSKEY is too short to hold a key', { place });
  const algorithm = algorithmByNumber(key.algorithm);
  if (algorithm === undefined) {
    throw refusal(`${algorithmName(key.algorithm)} is not known`, { place });
  }
  const fault = publicKeyFault(algorithm, key.publicKey);
  if (fault !== undefined) throw refusal(`the public key ${fault}`, { place });
  return { algorithm, publicKey: key.publicKey };
}

/**
 * The public key of DNSKEY rdata.
 *
 * @throws ZonewrightError (exit 4) when it is none: wrong length, not a point of the curve.
 */
export function publicKeyObject(rdata: Uint8Array, file?: string): KeyObject {
  const { algorithm, publicKey } = checkDnskey(rdata, file);
  try {
    return createPublicKey({ key: publicJwk(algorithm, publicKey), format: 'jwk' });
  } catch (cause) {
    throw refusal(`the public key is not a valid ${algorithm.mnemonic} key`, {
      place: file === undefined ? undefined : { file },
      cause,
    });
  }
}

function publicJwk(algorithm: Algorithm, publicKey: Uint8Array): JsonWebKey {
  if (algorithm.family === 'rsa') {
    const rsa = parseRsaPublicKey(publicKey);
    return { kty: 'RSA', n: encode(rsa!.modulus), e: encode(rsa!.exponent) };
  }
  if (algorithm.family === 'eddsa') {
    return { kty: 'OKP', crv: algorithm.curve!, x: encode(publicKey) };
  }
  const half = algorithm.publicLength / 2;
  return {
    kty: 'EC',
    crv: algorithm.curve!,
    x: encode(publicKey.subarray(0, half)),
    y: encode(publicKey.subarray(half)),
  };
}

/**
 * A private key from the raw value of a key file and the DNSKEY it belongs to. That the two do
 * belong together is not checked here; see `provePair` in the key store.
 *
 * @param secret the raw value (ECDSA, EdDSA) or the numbers of RSA.
 * @throws ZonewrightError (exit 4); the message never holds a part of the key.
 */
export function privateKeyObject(
  dnskey: Uint8Array,
  secret: Uint8Array | RsaSecret,
  file?: string,
): KeyObject {
  const { algorithm, publicKey } = checkDnskey(dnskey, file);
  const place = file === undefined ? undefined : { file };
  try {
    if (!(secret instanceof Uint8Array)) {
      return createPrivateKey({ key: rsaJwk(secret), format: 'jwk' });
    }
    const raw = fitSecret(algorithm, secret);
    if (raw !== undefined) {
      const key = { ...publicJwk(algorithm, publicKey), d: encode(raw) };
      return createPrivateKey({ key, format: 'jwk' });
    }
  } catch {
    // The cause is left out: it could quote the key.
    throw refusal(`the private key is not a valid ${algorithm.mnemonic} key`, { place });
  }
  throw refusal(
    `the private key does not have the ${algorithm.privateLength} octets of ${algorithm.mnemonic}`,
    { place },
  );
}

/** ECDSA scalars are numbers: some tools write them without leading zeros. EdDSA seeds are not. */
function fitSecret(algorithm: Algorithm, secret: Uint8Array): Uint8Array | undefined {
  if (algorithm.family === 'eddsa') {
    return secret.length === algorithm.privateLength ? secret : undefined;
  }
  const digits = stripZeros(secret);
  if (algorithm.family !== 'ecdsa' || digits.length > algorithm.privateLength) return undefined;
  const raw = new Uint8Array(algorithm.privateLength);
  raw.set(digits, raw.length - digits.length);
  return raw;
}

function rsaJwk(secret: RsaSecret): JsonWebKey {
  return {
    kty: 'RSA',
    n: encode(stripZeros(secret.modulus)),
    e: encode(stripZeros(secret.publicExponent)),
    d: encode(stripZeros(secret.privateExponent)),
    p: encode(stripZeros(secret.prime1)),
    q: encode(stripZeros(secret.prime2)),
    dp: encode(stripZeros(secret.exponent1)),
    dq: encode(stripZeros(secret.exponent2)),
    qi: encode(stripZeros(secret.coefficient)),
  };
}

/** The raw value of a private key (ECDSA, EdDSA): for key files and the second engine only. */
export function rawSecret(key: KeyObject): Uint8Array {
  return decode(key.export({ format: 'jwk' }).d);
}

/** The numbers of an RSA private key: for key files and the second engine only. */
export function rsaSecret(key: KeyObject): RsaSecret {
  const jwk = key.export({ format: 'jwk' });
  return {
    modulus: decode(jwk.n),
    publicExponent: decode(jwk.e),
    privateExponent: decode(jwk.d),
    prime1: decode(jwk.p),
    prime2: decode(jwk.q),
    exponent1: decode(jwk.dp),
    exponent2: decode(jwk.dq),
    coefficient: decode(jwk.qi),
  };
}

/** The public key field of the DNSKEY for a key pair or public key. */
export function publicKeyField(algorithm: Algorithm, key: KeyObject): Uint8Array {
  const jwk = key.export({ format: 'jwk' });
  if (algorithm.family === 'rsa') {
    return makeRsaPublicKey({ modulus: decode(jwk.n), exponent: decode(jwk.e) });
  }
  const x = decode(jwk.x);
  const y = algorithm.family === 'ecdsa' ? decode(jwk.y) : new Uint8Array();
  const field = new Uint8Array(x.length + y.length);
  field.set(x);
  field.set(y, x.length);
  return field;
}
