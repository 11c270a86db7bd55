/**
 * Encrypting the private halves of key pairs, and bringing them back: see sealed.ts for the form.
 * Each is all or nothing for a key, and at no moment is its only copy one that was not proved.
 */

import { existsSync, rmSync } from 'node:fs';
import { algorithmByNumber, algorithmName } from '../dnssec/algorithms.js';
import { refusal } from '../errors.js';
import { isTokenKey } from '../pkcs11/token-key.js';
import { replaceFile } from './files.js';
import type { Passphrase } from './passphrase.js';
import { openPem, ROUNDS, sealPem } from './pkcs8.js';
import { externalText, parsePrivateFile, plainText } from './privatefile.js';
import { isSecretOf, openSealed, pemFileOf } from './sealed.js';
import { type KeyPair, provePair, readText, signingKey } from './store.js';

/**
 * Encrypts the private half of a pair. The plain one is replaced only after the encrypted one has
 * been read back from the disk, opened, and has signed for the DNSKEY.
 *
 * @param rounds of PBKDF2; fewer in tests.
 * @returns false when it is encrypted already.
 * @throws ZonewrightError (exit 4) when the pair has no private half of its own.
 */
export function sealKey(key: KeyPair, passphrase: Passphrase, rounds = ROUNDS): boolean {
  if (key.sealedFile !== undefined) return false;
  const { privateFile, secret, dnskey } = key;
  if (privateFile === undefined || secret === undefined) {
    throw refusal('the key has no private half here to encrypt', { place: { file: key.file } });
  }
  // What is in a token can't leave it, and its file holds no secret.
  if (isTokenKey(secret)) return false;
  const file = pemFileOf(key.file);
  replaceFile(file, sealPem(secret, passphrase, rounds), 0o600);
  const opened = openSealed(readText(file), file, dnskey, passphrase);
  provePair({ ...signingKey(key), file, secret: opened }, key.file);
  replaceFile(privateFile, externalText(readText(privateFile)), 0o600);
  return true;
}

/**
 * Brings the private half of a pair back in plain form. The encrypted one is removed only after
 * the plain one has been proved.
 *
 * @returns false when it is plain already; what an interrupted run has left of the encrypted one
 *   is removed then.
 * @throws ZonewrightError (exit 4) as {@link openSealed} does.
 */
export function unsealKey(key: KeyPair, passphrase: Passphrase): boolean {
  const { privateFile, sealedFile, dnskey } = key;
  if (sealedFile === undefined || privateFile === undefined) {
    const left = pemFileOf(key.file);
    if (key.secret !== undefined && existsSync(left)) {
      // Only what is surely a copy of this key.
      const copy = openPem(readText(left), passphrase);
      if (copy !== undefined && isSecretOf(copy, dnskey)) rmSync(left);
    }
    return false;
  }
  const algorithm = algorithmByNumber(key.algorithm);
  if (algorithm === undefined) throw refusal(`${algorithmName(key.algorithm)} is not known`);
  const secret = openSealed(readText(sealedFile), sealedFile, dnskey, passphrase);
  const text = plainText(readText(privateFile), algorithm, secret);
  const proved = parsePrivateFile(text, privateFile, dnskey, algorithm).secret;
  provePair({ ...signingKey({ ...key, secret: proved }), file: privateFile }, key.file);
  replaceFile(privateFile, text, 0o600);
  rmSync(sealedFile);
  return true;
}
