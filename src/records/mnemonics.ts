/**
 * Mnemonics of numbers inside RDATA: DNSSEC algorithms (RFC 4034 A.1 and the IANA registry
 * "DNS Security Algorithm Numbers"), DS digest types, CERT types (RFC 4398 §2.1) and DSYNC
 * schemes (RFC 9859). They are read; numbers are what is written.
 */

import { parseNumber } from './numbers.js';

const ALGORITHM: Readonly<Record<string, number>> = {
  RSAMD5: 1,
  DH: 2,
  DSA: 3,
  RSASHA1: 5,
  NSEC3DSA: 6,
  'DSA-NSEC3-SHA1': 6,
  NSEC3RSASHA1: 7,
  'RSASHA1-NSEC3-SHA1': 7,
  RSASHA256: 8,
  RSASHA512: 10,
  'ECC-GOST': 12,
  ECCGOST: 12,
  ECDSAP256SHA256: 13,
  ECDSAP384SHA384: 14,
  ED25519: 15,
  ED448: 16,
  SM2SM3: 17,
  'ECC-GOST12': 23,
  INDIRECT: 252,
  PRIVATEDNS: 253,
  PRIVATEOID: 254,
};

const DIGEST: Readonly<Record<string, number>> = {
  'SHA-1': 1,
  SHA1: 1,
  'SHA-256': 2,
  SHA256: 2,
  GOST: 3,
  'SHA-384': 4,
  SHA384: 4,
};

const CERTIFICATE: Readonly<Record<string, number>> = {
  PKIX: 1,
  SPKI: 2,
  PGP: 3,
  IPKIX: 4,
  ISPKI: 5,
  IPGP: 6,
  ACPKIX: 7,
  IACPKIX: 8,
  URI: 253,
  OID: 254,
};

const SCHEME: Readonly<Record<string, number>> = { NOTIFY: 1 };

const decoder = new TextDecoder('latin1');

function read(
  table: Readonly<Record<string, number>>,
  max: number,
  text: Uint8Array,
  start: number,
  end: number,
): number {
  const number = parseNumber(text, start, end, max);
  if (number >= 0 || end - start > 20) return number;
  const word = decoder.decode(text.subarray(start, end)).toUpperCase();
  return Object.hasOwn(table, word) ? table[word] : -1;
}

/** A DNSSEC algorithm as a number or mnemonic; -1 when it is neither. */
export function readAlgorithm(text: Uint8Array, start: number, end: number): number {
  return read(ALGORITHM, 255, text, start, end);
}

/** A DS digest type as a number or mnemonic; -1 when it is neither. */
export function readDigestType(text: Uint8Array, start: number, end: number): number {
  return read(DIGEST, 255, text, start, end);
}

/** A CERT type as a number or mnemonic; -1 when it is neither. */
export function readCertificateType(text: Uint8Array, start: number, end: number): number {
  return read(CERTIFICATE, 65535, text, start, end);
}

/** A DSYNC scheme as a number or mnemonic; -1 when it is neither. */
export function readScheme(text: Uint8Array, start: number, end: number): number {
  return read(SCHEME, 255, text, start, end);
}
