/**
 * Key pairs whose private half is encrypted at rest ("sealed"): the `.private` file keeps its head
 * and its times, with `External:` in place of the key, and the key is in `K….pem` beside it, as
 * PKCS#8 under a passphrase.
 *
 * `External:` is BIND's own word for a private half that is kept elsewhere. So dnssec-settime goes
 * on working on such a pair, named and dnssec-signzone know that they can't sign with it, and
 * times and states are read without the passphrase. Sealing is done with the one rename that
 * replaces the plain `.private`; unsealing is, the other way round, done with the rename that
 * brings it back. A `.pem` beside a plain `.private` is what a crash in between leaves, and is not
 * looked at.
 */

import { createPublicKey, type KeyObject } from 'node:crypto';
import { algorithmByNumber } from '../dnssec/algorithms.js';
import { publicKeyField } from '../dnssec/keyobject.js';
import { refusal } from '../errors.js';
import { equalBytes } from '../names/name.js';
import type { Passphrase } from './passphrase.js';
import { isSealedPem, openPem } from './pkcs8.js';

/** The file of a key's encrypted private half, whether it is there or not. */
export function pemFileOf(keyFile: string): string {
  return keyFile.replace(/\.(?:key|private)$/, '.pem');
}

/**
 * Opens the encrypted private half of a pair.
 *
 * @param text what the `.pem` file holds.
 * @param file its path, for errors.
 * @param passphrase undefined: none was given.
 * @throws ZonewrightError (exit 4): no passphrase was given, it is another one, or the key is not
 *   that of the DNSKEY. Says nothing of key or passphrase.
 */
export function openSealed(
  text: string,
  file: string,
  dnskey: Uint8Array,
  passphrase: Passphrase | undefined,
): KeyObject {
  const place = { file };
  if (!isSealedPem(text)) {
    throw refusal('is not an encrypted private key in PEM form', {
      place,
      hint: 'restore it from a backup',
    });
  }
  if (passphrase === undefined) {
    throw refusal('the private key is encrypted, and no passphrase was given', {
      place,
      hint: 'name the file that holds it with --passphrase-file, or in the configuration: [keys] passphrase = { file = "…" }',
    });
  }
  const secret = openPem(text, passphrase);
  if (secret === undefined) {
    throw refusal(
      "the private key can't be opened: the passphrase is another, or the file is damaged",
      {
        place,
        hint: 'try another passphrase file; if the file is damaged, restore it from a backup',
      },
    );
  }
  if (!isSecretOf(secret, dnskey)) {
    throw refusal('the private key does not belong to the published DNSKEY', {
      place,
      hint: `it is not the key of ${file.replace(/\.pem$/, '.key')}; restore the files from a backup`,
    });
  }
  return secret;
}

/** Is this the private half of a DNSKEY? */
export function isSecretOf(secret: KeyObject, dnskey: Uint8Array): boolean {
  const algorithm = algorithmByNumber(dnskey[3]);
  if (algorithm === undefined) return false;
  try {
    return equalBytes(publicKeyField(algorithm, createPublicKey(secret)), dnskey.subarray(4));
  } catch {
    // A key of another kind has not even the parts.
    return false;
  }
}
