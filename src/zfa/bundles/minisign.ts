/**
 * Signatures and keys in the format of minisign (https://jedisct1.github.io/minisign/): Ed25519
 * over BLAKE2b-512 of the text, and a trusted comment that is signed with it. Pure.
 */

import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { blake2b } from '@noble/hashes/blake2.js';

const SEED = 32;
const NUMBER = 8;
/** Octets of a secret key file's line: kinds, salt, limits, then number, seed, public key, sum. */
const SECRET = 6 + 32 + 8 + 8 + NUMBER + SEED + 32 + 32;
const NUMBER_AT = 54;
/** Ed25519 private key, PKCS #8 (RFC 8410), without the seed at its end. */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** A key pair that can sign. */
export interface SigningKey {
  /** Eight octets that name the key. */
  readonly number: Buffer;
  /** 32 octets. */
  readonly publicKey: Buffer;
  readonly privateKey: KeyObject;
}

/** A new key from random octets: 32 of the seed, 8 of the number. */
export function keyFromSeed(seed: Uint8Array, number: Uint8Array): SigningKey {
  const der = Buffer.concat([PKCS8, seed]);
  try {
    const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
    return { number: Buffer.from(number), publicKey: spki.subarray(-32), privateKey };
  } finally {
    der.fill(0);
  }
}

/** The secret key as `minisign -G -W` writes it: not encrypted. */
export function secretKeyText(key: SigningKey, seed: Uint8Array): string {
  const line = Buffer.alloc(SECRET);
  line.write('Ed', 0, 'latin1');
  line.write('B2', 4, 'latin1');
  key.number.copy(line, NUMBER_AT);
  line.set(seed, NUMBER_AT + NUMBER);
  key.publicKey.copy(line, NUMBER_AT + NUMBER + SEED);
  return `untrusted comment: minisign secret key of a zonewright, not encrypted\n${line.toString('base64')}\n`;
}

/** The public key file. */
export function publicKeyText({ number, publicKey }: SigningKey): string {
  const id = Buffer.from(number).reverse().toString('hex').toUpperCase();
  const line = Buffer.concat([Buffer.from('Ed'), number, publicKey]).toString('base64');
  return `untrusted comment: minisign public key ${id}\n${line}\n`;
}

/**
 * Reads a secret key file.
 *
 * @returns `encrypted` for one with a passphrase, undefined for what is no such file.
 */
export function parseSecretKey(text: string): SigningKey | 'encrypted' | undefined {
  const line = Buffer.from(text.split('\n')[1]?.trim() ?? '', 'base64');
  if (line.length !== SECRET || line.toString('latin1', 0, 2) !== 'Ed') return undefined;
  if (line[2] !== 0 || line[3] !== 0) return 'encrypted';
  const number = Buffer.from(line.subarray(NUMBER_AT, NUMBER_AT + NUMBER));
  const seedAt = NUMBER_AT + NUMBER;
  const key = keyFromSeed(line.subarray(seedAt, seedAt + SEED), number);
  const stated = line.subarray(seedAt + SEED, seedAt + SEED + 32);
  return key.publicKey.equals(stated) ? key : undefined;
}

/**
 * A signature file over a text. The same text, key and comment give the same octets.
 *
 * @param comment one line; it is signed with the text.
 */
export function signatureText(key: SigningKey, text: Uint8Array, comment: string): string {
  const signature = sign(null, blake2b(text, { dkLen: 64 }), key.privateKey);
  const all = sign(null, Buffer.concat([signature, Buffer.from(comment)]), key.privateKey);
  const line = Buffer.concat([Buffer.from('ED'), key.number, signature]).toString('base64');
  return [
    'untrusted comment: signature of zonewright; verify with minisign.pub',
    line,
    `trusted comment: ${comment}`,
    all.toString('base64'),
    '',
  ].join('\n');
}
