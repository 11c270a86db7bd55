/** Making keys in a PKCS#11 token, as `key-storage` of a policy asks for. */

import type { Algorithm } from '../dnssec/algorithms.js';
import { usageError } from '../errors.js';
import { zoneLabel } from '../names/name.js';
import { makePair } from '../pkcs11/objects.js';
import { openToken } from '../pkcs11/token.js';
import type { TokenKey } from '../pkcs11/token-key.js';
import { formatTokenUri, parseTokenUri } from '../pkcs11/uri.js';
import type { KeyAccess } from './access.js';
import type { Role } from './statefile.js';

/** A pair that was made in a token. */
export interface NewTokenKey {
  readonly secret: TokenKey;
  /** The key field of its DNSKEY. */
  readonly publicKey: Uint8Array;
  /** Takes it out of the token again. */
  discard(): void;
}

/**
 * Makes a pair in the token that a URI names.
 *
 * @param storage the token's URI; where it has a pin-source, that goes to the `.private` file.
 * @throws ZonewrightError (exit 4, or 2 when nothing is known of a module).
 */
export function makeTokenKey(
  algorithm: Algorithm,
  bits: number,
  { storage, zone, role }: { storage: string; zone: Uint8Array; role: Role },
  { pkcs11 }: KeyAccess,
): NewTokenKey {
  if (pkcs11 === undefined) {
    throw usageError('keys shall be made in a PKCS#11 token, and no module to reach it is named', {
      hint: 'name the library of the HSM: module in [pkcs11] of the configuration, or --pkcs11-module',
    });
  }
  const uri = parseTokenUri(storage);
  const token = openToken(pkcs11, uri);
  const pair = makePair(token, uri, algorithm.number, bits, `${zoneLabel(zone)}-${role}`);
  const { module, sessions } = pkcs11;
  return {
    secret: { kind: 'token', module, label: formatTokenUri(pair.uri), sessions },
    publicKey: pair.publicKey,
    discard: pair.discard,
  };
}
