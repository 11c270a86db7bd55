/**
 * A private key in a PKCS#11 token, as it stands in place of a key object: plain data, which can
 * be posted to the threads and names no secret.
 */

import type { KeyObject } from 'node:crypto';
import { refusal } from '../errors.js';

export interface TokenKey {
  readonly kind: 'token';
  /** The library of the token. */
  readonly module: string;
  /** PKCS#11 URI of the key, as it stands in the `.private` file. */
  readonly label: string;
  /** Sessions that each signing thread may hold. */
  readonly sessions: number;
}

/** A private key: itself, or where it is. */
export type Secret = KeyObject | TokenKey;

export function isTokenKey(secret: Secret | undefined): secret is TokenKey {
  return secret !== undefined && 'kind' in secret && secret.kind === 'token';
}

/**
 * The key object of a key.
 *
 * @param file of the private half, for messages.
 * @throws ZonewrightError (exit 4): the key is in a token, which does not give it away.
 */
export function keyObjectOf({ secret, file }: { secret: Secret; file: string }): KeyObject {
  if (!isTokenKey(secret)) return secret;
  throw refusal('the private key is in a PKCS#11 token, and only the token can sign with it', {
    place: { file },
    hint: 'sign with --engine pkcs11, or with none named',
  });
}
