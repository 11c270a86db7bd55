/**
 * The `.private` file of a key that lives in a PKCS#11 token: BIND's `Engine` and `Label` in place
 * of the key's numbers. Both are base64 of the text and a final zero octet; files written by hand,
 * with the text itself, are read as well.
 */

import type { Algorithm } from '../dnssec/algorithms.js';
import { parseRsaPublicKey } from '../dnssec/dnskey.js';
import { refusal, usageError } from '../errors.js';
import type { TokenKey } from '../pkcs11/token-key.js';
import { parseTokenUri, UriFault } from '../pkcs11/uri.js';
import type { KeyAccess } from './access.js';
import { type KeyTiming, timingLines } from './timing.js';

/** What BIND calls the OpenSSL engine for PKCS#11. */
const ENGINE = 'pkcs11';

/** Does a `.private` file with these lines (by tag in lower case) have its key in a token? */
export function isTokenFile(values: ReadonlyMap<string, string>): boolean {
  return values.has('engine') || values.has('label');
}

/**
 * The key that a `.private` file names.
 *
 * @throws ZonewrightError: exit 4 for a label that is no PKCS#11 URI of a key, exit 2 when nothing
 *   is known of a module.
 */
export function parseTokenFile(
  values: ReadonlyMap<string, string>,
  file: string,
  { pkcs11, leaveSealed }: KeyAccess,
): TokenKey {
  const place = { file };
  const label = labelText(values.get('label') ?? '');
  try {
    parseTokenUri(label);
  } catch (cause) {
    if (!(cause instanceof UriFault)) throw cause;
    throw refusal(`has a Label that is no PKCS#11 URI of a key: it ${cause.message}`, {
      place,
      hint: 'such as pkcs11:token=zw;object=com-ksk (RFC 7512)',
    });
  }
  if (pkcs11 === undefined) {
    if (leaveSealed) return { kind: 'token', module: '', label, sessions: 0 };
    throw usageError('has its key in a PKCS#11 token, and no module to reach it is named', {
      place,
      hint: 'name the library of the HSM: module in [pkcs11] of the configuration, or --pkcs11-module',
    });
  }
  return { kind: 'token', module: pkcs11.module, label, sessions: pkcs11.sessions };
}

function labelText(value: string): string {
  if (/^pkcs11:/i.test(value)) return value;
  const bytes = Buffer.from(value.replaceAll(/\s/g, ''), 'base64');
  return bytes.toString('utf8').replace(/\0$/, '');
}

/**
 * The text of a new `.private` file for a key in a token.
 *
 * @param publicKey key field of the DNSKEY; BIND wants RSA's numbers here, too.
 */
export function formatTokenFile(
  algorithm: Algorithm,
  publicKey: Uint8Array,
  label: string,
  timing: KeyTiming,
): string {
  const base64 = (value: Uint8Array | string): string => Buffer.from(value).toString('base64');
  const rsa = algorithm.family === 'rsa' ? parseRsaPublicKey(publicKey) : undefined;
  return [
    'Private-key-format: v1.3',
    `Algorithm: ${algorithm.number} (${algorithm.mnemonic})`,
    ...(rsa === undefined
      ? []
      : [`Modulus: ${base64(rsa.modulus)}`, `PublicExponent: ${base64(rsa.exponent)}`]),
    `Engine: ${base64(`${ENGINE}\0`)}`,
    `Label: ${base64(`${label}\0`)}`,
    ...timingLines(timing),
    '',
  ].join('\n');
}
