/**
 * Passwords of holders: random, shown once, kept as scrypt hashes (RFC 7914) in the PHC string
 * form `$scrypt$ln=17,r=8,p=1$<salt>$<hash>`.
 *
 * A check takes 128 MiB and a third of a second, on purpose. Whoever checks for strangers lets them
 * stand in line (service/password-line.ts), so that a flood can take neither memory nor processors.
 */

import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

const LN = 17;
const R = 8;
const P = 1;
const SALT = 16;
const LENGTH = 32;
/** Without letters and digits that look alike. 32 signs: 5 bits each. */
const SIGNS = 'abcdefghijkmnpqrstuvwxyz23456789';
const PHC = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

/** A new password: 150 random bits as 30 signs in six groups, e.g. `k3vx9-…`. */
export function makePassword(): string {
  const bytes = randomBytes(30);
  const signs = Array.from(bytes, (byte) => SIGNS[byte & 31]).join('');
  return signs.replace(/(.{5})(?=.)/g, '$1-');
}

/** The hash to keep of a password. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT);
  const hash = await derive(password, salt, LN, R, P, LENGTH);
  return `$scrypt$ln=${LN},r=${R},p=${P}$${base64(salt)}$${base64(hash)}`;
}

/** Stands in for the hash of a holder that has none: the work is the same, the answer is no. */
const NOBODY = `$scrypt$ln=${LN},r=${R},p=${P}$${base64(randomBytes(SALT))}$${base64(randomBytes(LENGTH))}`;

/**
 * Is this the password? Takes the same time whether there is a hash or not.
 *
 * @param phc undefined: there is no such holder, or it has no password.
 */
export async function checkPassword(password: string, phc: string | undefined): Promise<boolean> {
  const parts = PHC.exec(phc ?? NOBODY) ?? PHC.exec(NOBODY)!;
  const [ln, r, p] = parts.slice(1, 4).map(Number);
  const expected = Buffer.from(parts[5], 'base64');
  const salt = Buffer.from(parts[4], 'base64');
  const found = await derive(password, salt, ln, r, p, expected.length);
  return timingSafeEqual(found, expected) && phc !== undefined;
}

/** Is this text a hash that {@link checkPassword} can check, of bearable cost? */
export function isPasswordHash(text: string): boolean {
  const parts = PHC.exec(text);
  if (parts === null) return false;
  const [ln, r, p] = parts.slice(1, 4).map(Number);
  return ln >= 14 && ln <= 20 && r >= 1 && r <= 16 && p >= 1 && p <= 4;
}

function derive(
  password: string,
  salt: Buffer,
  ln: number,
  r: number,
  p: number,
  length: number,
): Promise<Buffer> {
  const N = 2 ** ln;
  return new Promise((resolve, reject) => {
    scrypt(password, salt, length, { N, r, p, maxmem: 256 * N * r + (1 << 20) }, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}
