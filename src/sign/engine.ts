/**
 * Signing engines: what makes signatures from a private key, and checks them from published
 * DNSKEY bytes.
 *
 * - `openssl`: node:crypto, the fast one and the default.
 * - `pkcs11`: a token, for the keys that are in one.
 * - `noble`: @noble/curves and a plain RSA, the independent second implementation. Its ECDSA is
 *   deterministic (RFC 6979), so that a zone can be reproduced byte for byte.
 *
 * Signatures are in the form of DNSSEC: RFC 3110 §3 (RSA), RFC 6605 §4 (ECDSA, r and s each at
 * full length), RFC 8080 §4 (EdDSA).
 */

import { isTokenKey } from '../pkcs11/token-key.js';
import type { EngineName, Signer, SigningKey, Verifier } from './engine-types.js';

export type { EngineName, Signer, SigningKey, Verifier } from './engine-types.js';

/** The names of the engines, for flags. */
export const ENGINES: readonly EngineName[] = ['openssl', 'noble'];

/**
 * Makes the signer of a key: once a worker and key, never once a signature. A key in a token is
 * signed with there, unless `noble` is asked for, which can't have it.
 *
 * @throws ZonewrightError (exit 4) when the algorithm signs nothing or the key is broken.
 */
export async function openSigner(key: SigningKey, engine: EngineName): Promise<Signer> {
  // Each engine is loaded when it is asked for: @noble costs tens of milliseconds.
  if (engine === 'noble') return (await import('./engine-noble.js')).openNobleSigner(key);
  if (isTokenKey(key.secret)) return (await import('./engine-pkcs11.js')).openTokenSigner(key);
  return (await import('./engine-openssl.js')).openOpensslSigner(key);
}

/**
 * Makes the verifier of a published key.
 *
 * @param dnskey DNSKEY rdata.
 * @throws ZonewrightError (exit 4) when the algorithm is not known or the key is broken.
 */
export async function openVerifier(dnskey: Uint8Array, engine: EngineName): Promise<Verifier> {
  if (engine === 'noble') return (await import('./engine-noble.js')).openNobleVerifier(dnskey);
  return (await import('./engine-openssl.js')).openOpensslVerifier(dnskey);
}
