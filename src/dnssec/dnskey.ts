/**
 * DNSKEY rdata (RFC 4034 §2): flags, protocol, algorithm and public key; the RSA form of the
 * public key (RFC 3110 §2); and its check against what the algorithm asks for.
 */

import type { Algorithm } from './algorithms.js';

/** Zone Key flag (RFC 4034 §2.1.1). */
export const FLAG_ZONE = 0x0100;
/** Secure Entry Point flag (RFC 4034 §2.1.1). */
export const FLAG_SEP = 0x0001;
/** REVOKE flag (RFC 5011 §7). */
export const FLAG_REVOKE = 0x0080;
/** The one protocol (RFC 4034 §2.1.2). */
export const PROTOCOL = 3;

export interface Dnskey {
  readonly flags: number;
  readonly protocol: number;
  readonly algorithm: number;
  /** A view of the rdata, not a copy. */
  readonly publicKey: Uint8Array;
}

/** The fields of DNSKEY rdata, or undefined when it is too short to have them. */
export function parseDnskey(rdata: Uint8Array): Dnskey | undefined {
  if (rdata.length < 5) return undefined;
  return {
    flags: (rdata[0] << 8) | rdata[1],
    protocol: rdata[2],
    algorithm: rdata[3],
    publicKey: rdata.subarray(4),
  };
}

/** DNSKEY rdata with the given fields; the protocol is 3. */
export function makeDnskey(flags: number, algorithm: number, publicKey: Uint8Array): Uint8Array {
  const rdata = new Uint8Array(4 + publicKey.length);
  rdata[0] = flags >> 8;
  rdata[1] = flags & 0xff;
  rdata[2] = PROTOCOL;
  rdata[3] = algorithm;
  rdata.set(publicKey, 4);
  return rdata;
}

/** The same key with its REVOKE flag set (RFC 5011 §2.1). */
export function revokeDnskey(rdata: Uint8Array): Uint8Array {
  const revoked = rdata.slice();
  revoked[1] |= FLAG_REVOKE;
  return revoked;
}

/** Presentation form of DNSKEY rdata, e.g. `257 3 13 GojIhhXUN…`. */
export function dnskeyText(rdata: Uint8Array): string {
  const flags = (rdata[0] << 8) | rdata[1];
  return `${flags} ${rdata[2]} ${rdata[3]} ${Buffer.from(rdata.subarray(4)).toString('base64')}`;
}

export interface RsaPublicKey {
  /** Big-endian, without leading zeros. */
  readonly exponent: Uint8Array;
  readonly modulus: Uint8Array;
}

/** Reads the RSA public key of a DNSKEY (RFC 3110 §2); undefined when it is broken. */
export function parseRsaPublicKey(publicKey: Uint8Array): RsaPublicKey | undefined {
  let at = 1;
  let length = publicKey[0];
  if (length === 0) {
    if (publicKey.length < 3) return undefined;
    length = (publicKey[1] << 8) | publicKey[2];
    at = 3;
  }
  if (length === undefined || length === 0 || at + length >= publicKey.length) return undefined;
  const exponent = stripZeros(publicKey.subarray(at, at + length));
  const modulus = stripZeros(publicKey.subarray(at + length));
  return exponent.length === 0 || modulus.length === 0 ? undefined : { exponent, modulus };
}

/** Writes an RSA public key in the form of RFC 3110 §2. */
export function makeRsaPublicKey(key: RsaPublicKey): Uint8Array {
  const exponent = stripZeros(key.exponent);
  const modulus = stripZeros(key.modulus);
  const short = exponent.length < 256;
  const at = short ? 1 : 3;
  const out = new Uint8Array(at + exponent.length + modulus.length);
  if (short) {
    out[0] = exponent.length;
  } else {
    out[1] = exponent.length >> 8;
    out[2] = exponent.length & 0xff;
  }
  out.set(exponent, at);
  out.set(modulus, at + exponent.length);
  return out;
}

/** A big-endian number without its leading zero octets; a view. */
export function stripZeros(bytes: Uint8Array): Uint8Array {
  let at = 0;
  while (at < bytes.length && bytes[at] === 0) at++;
  return bytes.subarray(at);
}

/** The number of significant bits of a big-endian number. */
export function bitLength(bytes: Uint8Array): number {
  const digits = stripZeros(bytes);
  return digits.length === 0 ? 0 : digits.length * 8 - (Math.clz32(digits[0]) - 24);
}

/**
 * What is wrong with the form of a public key, as a sentence part (`has 63 octets, not 64`), or
 * undefined. Whether a point lies on its curve is found out by the engine that loads it.
 */
export function publicKeyFault(algorithm: Algorithm, publicKey: Uint8Array): string | undefined {
  if (algorithm.family !== 'rsa') {
    return publicKey.length === algorithm.publicLength
      ? undefined
      : `has ${publicKey.length} octets, not the ${algorithm.publicLength} of ${algorithm.mnemonic}`;
  }
  const key = parseRsaPublicKey(publicKey);
  if (key === undefined) return 'is not an RSA key in the form of RFC 3110';
  const bits = bitLength(key.modulus);
  if (bits < algorithm.minBits || bits > algorithm.maxBits) {
    return `has a modulus of ${bits} bits, not ${algorithm.minBits} to ${algorithm.maxBits} as ${algorithm.mnemonic} asks for`;
  }
  return undefined;
}

/** Octets of the signatures that a key makes: fixed by the curve, or the length of the modulus. */
export function signatureLength(algorithm: Algorithm, publicKey: Uint8Array): number {
  if (algorithm.family !== 'rsa') return algorithm.signatureLength;
  return parseRsaPublicKey(publicKey)?.modulus.length ?? 0;
}
