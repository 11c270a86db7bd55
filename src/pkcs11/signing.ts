/**
 * Signing with a key of a token, in one session: which mechanism, what is handed to the token, and
 * the check that the key is the one of the DNSKEY.
 *
 * ECDSA is handed the hash, which saves it work and is what all tokens know. The others hash by
 * themselves: EdDSA has to, and RSA with a hash of the caller's is not allowed by all of them.
 */

import { hash } from 'node:crypto';
import { type Algorithm, signingAlgorithm } from '../dnssec/algorithms.js';
import { signatureLength } from '../dnssec/dnskey.js';
import { checkDnskey } from '../dnssec/keyobject.js';
import { refusal, ZonewrightError } from '../errors.js';
import { equalBytes } from '../names/name.js';
import { type Api, type Handle, tokenError } from './module.js';
import { findPrivateKeys, publicHalf } from './objects.js';
import { closeSession, findToken, openSession, type Token } from './token.js';
import type { TokenKey } from './token-key.js';
import { keyName, parseTokenUri, type TokenUri, tokenName } from './uri.js';

const CKM_SHA256_RSA_PKCS = 0x40;
const CKM_SHA512_RSA_PKCS = 0x42;
const CKM_ECDSA = 0x1041;
const CKM_ECDSA_SHA256 = 0x1044;
const CKM_ECDSA_SHA384 = 0x1045;
const CKM_EDDSA = 0x1057;

/** How a key signs. */
export interface Method {
  readonly mechanism: number;
  /** The hash of the data is what is handed over; undefined: the data. */
  readonly hash: 'sha256' | 'sha384' | undefined;
}

/** A key that is open in a session of this thread. */
export interface OpenKey {
  /** Octets of a signature. */
  readonly length: number;
  /** What the token is handed for `data[start, end)`. */
  input(data: Uint8Array, start: number, end: number): Buffer;
  /**
   * Signs what {@link input} gave.
   *
   * @param out has room for the signature.
   * @throws the module's error.
   */
  sign(input: Buffer, out: Buffer): void;
  close(): void;
}

/** A key of a token and the DNSKEY that it must belong to. */
export interface KeyToOpen {
  readonly secret: TokenKey;
  readonly dnskey: Uint8Array;
  /** The file of the private half, for messages. */
  readonly file: string;
}

const PROBE = new TextEncoder().encode(
  'zonewright: does this key in a token belong to its DNSKEY?',
);

/**
 * Opens a key in a session of its own. The process must be logged in (token.ts).
 *
 * @param verify says whether a signature over the data is one of the DNSKEY.
 * @throws ZonewrightError (exit 4): there is no such token or key, or none that belongs to the DNSKEY.
 */
export function openKey(
  { secret, dnskey, file }: KeyToOpen,
  verify: (data: Uint8Array, signature: Uint8Array) => boolean,
): OpenKey {
  const algorithm = signingAlgorithm(dnskey[3], file);
  const { publicKey } = checkDnskey(dnskey, file);
  const uri = parseTokenUri(secret.label);
  const token = findToken(secret.module, uri);
  const method = methodOf(token, algorithm, uri);
  const session = openSession(token);
  const length = signatureLength(algorithm, publicKey);
  try {
    const found = findPrivateKeys(token, session, uri, algorithm);
    for (const object of found) {
      const there = publicHalf(token, session, object, algorithm);
      if (there !== undefined && !equalBytes(there, publicKey)) continue;
      const key = openObject(token.api, session, object, method, length);
      const signature = Buffer.alloc(length);
      key.sign(key.input(PROBE, 0, PROBE.length), signature);
      if (verify(PROBE, signature)) return key;
    }
    const other = found.length === 1 ? 'belongs to another DNSKEY' : 'belong to other DNSKEYs';
    throw refusal(
      `${found.length === 1 ? 'the' : 'all'} ${keyName(uri)} in the ${tokenName(uri)} ${other}`,
      { hint: 'the .key file and the key in the token must be one pair' },
    );
  } catch (error) {
    closeSession(token.api, session);
    throw placed(
      tokenError(error, `the ${keyName(uri)} in the ${tokenName(uri)} can't sign`),
      file,
    );
  }
}

/** The same error with the key's file, if it has no place yet. */
function placed(error: unknown, file: string): unknown {
  if (!(error instanceof ZonewrightError) || error.place !== undefined) return error;
  return new ZonewrightError(error.exitCode, error.message, { hint: error.hint, place: { file } });
}

function openObject(
  api: Api,
  session: Handle,
  object: Handle,
  method: Method,
  length: number,
): OpenKey {
  const how = { mechanism: method.mechanism };
  return {
    length,
    input: (data, start, end) => {
      const part = data.subarray(start, end);
      return method.hash === undefined
        ? Buffer.from(part.buffer, part.byteOffset, part.length)
        : hash(method.hash, part, 'buffer');
    },
    sign(input, out) {
      api.C_SignInit(session, how, object);
      const made = api.C_Sign(session, input, out).length;
      if (made !== length) {
        throw refusal(`the token makes signatures of ${made} octets instead of ${length}`);
      }
    },
    close: () => closeSession(api, session),
  };
}

/** @throws ZonewrightError (exit 4) when the token can't make such signatures. */
function methodOf({ mechanisms }: Token, algorithm: Algorithm, uri: TokenUri): Method {
  for (const method of methods(algorithm)) {
    if (mechanisms.has(method.mechanism)) return method;
  }
  throw refusal(`the ${tokenName(uri)} does not sign with ${algorithm.mnemonic}`, {
    hint: 'choose another algorithm, or another token',
  });
}

/** By preference. */
function methods(algorithm: Algorithm): readonly Method[] {
  const whole = (mechanism: number): Method => ({ mechanism, hash: undefined });
  switch (algorithm.family) {
    case 'rsa':
      return [whole(algorithm.hash === 'sha512' ? CKM_SHA512_RSA_PKCS : CKM_SHA256_RSA_PKCS)];
    case 'ecdsa':
      return algorithm.hash === 'sha384'
        ? [{ mechanism: CKM_ECDSA, hash: 'sha384' }, whole(CKM_ECDSA_SHA384)]
        : [{ mechanism: CKM_ECDSA, hash: 'sha256' }, whole(CKM_ECDSA_SHA256)];
    default:
      return [whole(CKM_EDDSA)];
  }
}
