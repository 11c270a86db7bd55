/**
 * A private key under a passphrase: PKCS#8 EncryptedPrivateKeyInfo (RFC 5958 §3) as PEM "ENCRYPTED
 * PRIVATE KEY" (RFC 7468 §11), with PBES2 (RFC 8018 §6.2) of PBKDF2-HMAC-SHA256 and AES-256-CBC.
 *
 * Node's own export would do, but counts PBKDF2 2,048 times, which a stolen file is soon through
 * with. The few DER structures are therefore put together here, with 600,000 rounds (OWASP's and
 * NIST SP 800-132's order of size). They are opened by OpenSSL, so keys that `openssl pkcs8
 * -topk8` has encrypted otherwise are taken, too, and `openssl pkey` opens ours.
 *
 * CBC does not notice tampering: who opens a key compares it with its DNSKEY; see sealed.ts.
 */

import {
  createCipheriv,
  createPrivateKey,
  type KeyObject,
  pbkdf2Sync,
  randomBytes,
} from 'node:crypto';
import type { Passphrase } from './passphrase.js';

/** Rounds of PBKDF2: about a tenth of a second for each key. */
export const ROUNDS = 600_000;

/** DER of the object identifiers, with their header. */
const OID = {
  /** 1.2.840.113549.1.5.13 */
  pbes2: Buffer.from('06092a864886f70d01050d', 'hex'),
  /** 1.2.840.113549.1.5.12 */
  pbkdf2: Buffer.from('06092a864886f70d01050c', 'hex'),
  /** 1.2.840.113549.2.9 */
  hmacSha256: Buffer.from('06082a864886f70d0209', 'hex'),
  /** 2.16.840.1.101.3.4.1.42 */
  aes256Cbc: Buffer.from('060960864801650304012a', 'hex'),
} as const;
const NULL = Buffer.from([5, 0]);
const SEQUENCE = 0x30;
const OCTETS = 0x04;
const INTEGER = 0x02;

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const { length } = body;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), body]);
  const digits: number[] = [];
  for (let rest = length; rest > 0; rest >>>= 8) digits.unshift(rest & 0xff);
  return Buffer.concat([Buffer.from([tag, 0x80 | digits.length, ...digits]), body]);
}

function derInteger(n: number): Buffer {
  const digits: number[] = [];
  for (let rest = n; rest > 0; rest >>>= 8) digits.unshift(rest & 0xff);
  // A first octet of 128 or more would make it negative.
  if (digits.length === 0 || digits[0] >= 0x80) digits.unshift(0);
  return der(INTEGER, Buffer.from(digits));
}

/**
 * Encrypts a private key.
 *
 * @returns PEM text. The salt and with it the text differ from call to call.
 */
export function sealPem(secret: KeyObject, passphrase: Passphrase, rounds = ROUNDS): string {
  const salt = randomBytes(16);
  const iv = randomBytes(16);
  const phrase = passphrase.export();
  const key = pbkdf2Sync(phrase, salt, rounds, 32, 'sha256');
  const plain = secret.export({ type: 'pkcs8', format: 'der' });
  try {
    const cipher = createCipheriv('aes-256-cbc', key, iv);
    const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
    const derivation = der(
      SEQUENCE,
      OID.pbkdf2,
      der(SEQUENCE, der(OCTETS, salt), derInteger(rounds), der(SEQUENCE, OID.hmacSha256, NULL)),
    );
    const scheme = der(SEQUENCE, OID.aes256Cbc, der(OCTETS, iv));
    const algorithm = der(SEQUENCE, OID.pbes2, der(SEQUENCE, derivation, scheme));
    const base64 = der(SEQUENCE, algorithm, der(OCTETS, sealed)).toString('base64');
    const lines = base64.match(/.{1,64}/g) ?? [];
    return ['-----BEGIN ENCRYPTED PRIVATE KEY-----', ...lines, `${END}\n`].join('\n');
  } finally {
    for (const secretBytes of [phrase, key, plain]) secretBytes.fill(0);
  }
}

const END = '-----END ENCRYPTED PRIVATE KEY-----';

/** Is this PEM text an encrypted private key? */
export function isSealedPem(text: string): boolean {
  return text.includes('-----BEGIN ENCRYPTED PRIVATE KEY-----') && text.includes(END);
}

/**
 * Opens an encrypted private key; undefined when the passphrase is not its, or the text is broken
 * (the two can't be told apart).
 */
export function openPem(text: string, passphrase: Passphrase): KeyObject | undefined {
  if (!isSealedPem(text)) return undefined;
  const phrase = passphrase.export();
  try {
    return createPrivateKey({ key: text, format: 'pem', passphrase: phrase });
  } catch {
    return undefined;
  } finally {
    phrase.fill(0);
  }
}
