/**
 * The engine for keys in a PKCS#11 token. Each thread signs in a session of its own, one signature
 * after the other; where the token turns out to be one that lets its callers wait, as those in a
 * network do, a batch of signatures goes to several sessions at a time (crew.ts).
 *
 * Any failure of the token ends the run: a session that was closed, a token that was taken out.
 */

import { refusal } from '../errors.js';
import { type Crew, openCrew } from '../pkcs11/crew.js';
import { tokenError } from '../pkcs11/module.js';
import { openKey } from '../pkcs11/signing.js';
import { isTokenKey } from '../pkcs11/token-key.js';
import { keyName, parseTokenUri, tokenName } from '../pkcs11/uri.js';
import { createWaitMeter } from '../pkcs11/wait-meter.js';
import { openOpensslVerifier } from './engine-openssl.js';
import type { Signer, SigningKey } from './engine-types.js';

/** Signatures in one go from which on several sessions are worth while. */
const BATCH = 16;

/**
 * Opens a key in its token; it has signed a probe that its DNSKEY verifies.
 *
 * @param mayWait says whether the token lets its callers wait; for tests.
 * @throws ZonewrightError (exit 4).
 */
export function openTokenSigner(key: SigningKey, mayWait = createWaitMeter()): Signer {
  const { secret, dnskey, file, algorithm, tag } = key;
  if (!isTokenKey(secret)) {
    throw refusal('the key is in a file, not in a token', { place: { file } });
  }
  const verifier = openOpensslVerifier(dnskey);
  const open = openKey({ secret, dnskey, file }, (data, signature) =>
    verifier.verify(data, 0, data.length, signature, 0, signature.length),
  );
  const { length } = open;
  const uri = parseTokenUri(secret.label);
  const lost = (error: unknown): unknown =>
    tokenError(error, `the ${keyName(uri)} in the ${tokenName(uri)} signs no longer`, { file });
  const made = Buffer.alloc(length);
  let crew: Crew | undefined;
  const sign = (
    data: Uint8Array,
    start: number,
    end: number,
    out: Uint8Array,
    at: number,
  ): number => {
    try {
      const input = open.input(data, start, end);
      mayWait.begin();
      open.sign(input, made);
      mayWait.end();
    } catch (error) {
      throw lost(error);
    }
    out.set(made, at);
    return at + length;
  };
  return {
    algorithm,
    tag,
    signatureLength: length,
    sign,
    signMany(data, starts, ends, count, out) {
      const one = (i: number): number => sign(data, starts[i], ends[i], out, i * length);
      let i = 0;
      // It shows at the first few how the token works.
      while (i < count && mayWait.measures()) one(i++);
      if (count - i < BATCH || secret.sessions < 2 || !mayWait.waits()) {
        while (i < count) one(i++);
        return;
      }
      crew ??= openCrew({ secret, dnskey, file }, open, secret.sessions - 1);
      try {
        crew.sign(data, starts.subarray(i), ends.subarray(i), count - i, out.subarray(i * length));
      } catch (error) {
        throw lost(error);
      }
    },
    close() {
      crew?.close();
      open.close();
    },
  };
}
