/**
 * The DNSSEC algorithms (IANA "DNS Security Algorithm Numbers"): what their keys and signatures
 * look like, and which of them zonewright signs with.
 *
 * RFC 3110 and RFC 5702 (RSA), RFC 6605 (ECDSA), RFC 8080 (EdDSA). The algorithms with SHA-1,
 * 5 and 7, are known, so that their signatures can be checked, but they sign nothing (RFC 9905).
 */

import { refusal, type ZonewrightError } from '../errors.js';

export type Family = 'rsa' | 'ecdsa' | 'eddsa';
/** Hash names as node:crypto has them. EdDSA hashes inside. */
export type HashName = 'sha1' | 'sha256' | 'sha384' | 'sha512';
/** Curve names as JSON Web Keys have them (RFC 7518 §6.2.1.1, RFC 8037 §2). */
export type CurveName = 'P-256' | 'P-384' | 'Ed25519' | 'Ed448';

export interface Algorithm {
  readonly number: number;
  readonly mnemonic: string;
  readonly family: Family;
  readonly hash: HashName | undefined;
  readonly curve: CurveName | undefined;
  /** Octets of the public key field of a DNSKEY; 0 for RSA, where it varies. */
  readonly publicLength: number;
  /** Octets of the private value in a key file; 0 for RSA, which has several. */
  readonly privateLength: number;
  /** Octets of a signature; 0 for RSA, where it is the length of the modulus. */
  readonly signatureLength: number;
  /** RSA: the lawful sizes of the modulus, in bits; else the size of the curve. */
  readonly minBits: number;
  readonly maxBits: number;
  /** Bits of a key generated without a wish. */
  readonly defaultBits: number;
  /** May new signatures be made with it? */
  readonly signs: boolean;
}

function rsa(
  number: number,
  mnemonic: string,
  hash: HashName,
  minBits: number,
  signs: boolean,
): Algorithm {
  return {
    number,
    mnemonic,
    family: 'rsa',
    hash,
    curve: undefined,
    publicLength: 0,
    privateLength: 0,
    signatureLength: 0,
    minBits,
    maxBits: 4096,
    defaultBits: 2048,
    signs,
  };
}

function curve(
  number: number,
  mnemonic: string,
  curve: CurveName,
  hash: HashName | undefined,
  bits: number,
  lengths: readonly [publicKey: number, privateKey: number, signature: number],
): Algorithm {
  return {
    number,
    mnemonic,
    family: hash === undefined ? 'eddsa' : 'ecdsa',
    hash,
    curve,
    publicLength: lengths[0],
    privateLength: lengths[1],
    signatureLength: lengths[2],
    minBits: bits,
    maxBits: bits,
    defaultBits: bits,
    signs: true,
  };
}

const TABLE: readonly Algorithm[] = [
  rsa(5, 'RSASHA1', 'sha1', 512, false),
  rsa(7, 'NSEC3RSASHA1', 'sha1', 512, false),
  rsa(8, 'RSASHA256', 'sha256', 512, true),
  rsa(10, 'RSASHA512', 'sha512', 1024, true),
  curve(13, 'ECDSAP256SHA256', 'P-256', 'sha256', 256, [64, 32, 64]),
  curve(14, 'ECDSAP384SHA384', 'P-384', 'sha384', 384, [96, 48, 96]),
  curve(15, 'ED25519', 'Ed25519', undefined, 256, [32, 32, 64]),
  curve(16, 'ED448', 'Ed448', undefined, 456, [57, 57, 114]),
];

const BY_NUMBER = new Map(TABLE.map((algorithm) => [algorithm.number, algorithm]));
const BY_NAME = new Map(TABLE.map((algorithm) => [algorithm.mnemonic, algorithm]));
// Both spellings are in use; the first is the registry's.
BY_NAME.set('RSASHA1-NSEC3-SHA1', TABLE[1]);

/** The algorithm with this number, if zonewright knows how its signatures are checked. */
export function algorithmByNumber(number: number): Algorithm | undefined {
  return BY_NUMBER.get(number);
}

/** The algorithm with this mnemonic (any case) or decimal number. */
export function algorithmByName(text: string): Algorithm | undefined {
  return BY_NAME.get(text.toUpperCase()) ?? (/^\d+$/.test(text) ? BY_NUMBER.get(+text) : undefined);
}

/** `ECDSAP256SHA256`, or `algorithm 250` when the number is not known. */
export function algorithmName(number: number): string {
  return BY_NUMBER.get(number)?.mnemonic ?? `algorithm ${number}`;
}

/** The mnemonics that sign, as a list for messages. */
export function signingMnemonics(): string {
  return TABLE.filter((algorithm) => algorithm.signs)
    .map((algorithm) => algorithm.mnemonic)
    .join(', ');
}

/** Why nothing is signed with an algorithm, as an error with exit code 4. */
export function algorithmRefusal(number: number, file?: string): ZonewrightError {
  const name = algorithmName(number);
  const why = BY_NUMBER.has(number)
    ? `${name} (${number}) uses SHA-1, which signs nothing any more (RFC 9905)`
    : `${name} is not one that zonewright signs with`;
  return refusal(why, {
    place: file === undefined ? undefined : { file },
    hint: `use a key of one of ${signingMnemonics()}`,
  });
}

/**
 * The algorithm with this number, if new signatures may be made with it.
 *
 * @param file the key file to name in the error.
 * @throws ZonewrightError (exit 4).
 */
export function signingAlgorithm(number: number, file?: string): Algorithm {
  const algorithm = BY_NUMBER.get(number);
  if (!algorithm?.signs) throw algorithmRefusal(number, file);
  return algorithm;
}
