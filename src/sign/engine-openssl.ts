/**
 * The default engine: OpenSSL, by node:crypto, and many ECDSA signatures by libcrypto directly where
 * that can be had (libcrypto.ts).
 *
 * The key object and the options object are made once. One-shot `sign` and `verify` are as fast as any other form Node.js has (createSign,
 * DER instead of r‖s, a key from PEM, JWK or a generator: no difference beyond the noise).
 */

import { type KeyObject, sign, verify } from 'node:crypto';
import { signingAlgorithm } from '../dnssec/algorithms.js';
import { signatureLength } from '../dnssec/dnskey.js';
import { checkDnskey, publicKeyObject } from '../dnssec/keyobject.js';
import { keyTag } from '../dnssec/keytag.js';
import { keyObjectOf } from '../pkcs11/token-key.js';
import type { Signer, SigningKey, Verifier } from './engine-types.js';
import { type EcdsaSign, openEcdsa } from './libcrypto.js';

interface KeyOptions {
  readonly key: KeyObject;
  readonly dsaEncoding: 'ieee-p1363';
}

/** Signatures after which it is worth while to load libcrypto for the further ones. */
const MANY = 500;

/**
 * @param many after how many signatures libcrypto is asked directly; for tests.
 * @throws ZonewrightError (exit 4) when the algorithm signs nothing or the key is broken.
 */
export function openOpensslSigner(key: SigningKey, many = MANY): Signer {
  const algorithm = signingAlgorithm(key.algorithm, key.file);
  const { publicKey } = checkDnskey(key.dnskey, key.file);
  const { hash } = algorithm;
  const length = signatureLength(algorithm, publicKey);
  const secret = keyObjectOf(key);
  const options: KeyOptions = { key: secret, dsaEncoding: 'ieee-p1363' };
  const isEcdsa = algorithm.curve === 'P-256' || algorithm.curve === 'P-384';
  let left = isEcdsa && hash !== undefined ? many : Number.POSITIVE_INFINITY;
  let direct: EcdsaSign | undefined;
  return {
    algorithm: key.algorithm,
    tag: key.tag,
    signatureLength: length,
    sign(data, start, end, out, at) {
      if (left-- === 0 && hash !== undefined) {
        direct = openEcdsa(secret, hash, length / 2);
        if (direct !== undefined && !isTrue(direct, key.dnskey, length)) direct = undefined;
      }
      if (direct?.(data, start, end, out, at)) return at + length;
      const signature = sign(hash, data.subarray(start, end), options);
      out.set(signature, at);
      return at + signature.length;
    },
  };
}

/** Does a signature made this way verify, by node:crypto and the published key? */
function isTrue(direct: EcdsaSign, dnskey: Uint8Array, length: number): boolean {
  const signature = new Uint8Array(length);
  if (!direct(dnskey, 0, dnskey.length, signature, 0)) return false;
  return openOpensslVerifier(dnskey).verify(dnskey, 0, dnskey.length, signature, 0, length);
}

/**
 * @throws ZonewrightError (exit 4) when the algorithm is not known or the key is broken. (A
 *   string that is no point of an Edwards curve is taken, and then verifies nothing.)
 */
export function openOpensslVerifier(dnskey: Uint8Array): Verifier {
  const { algorithm, publicKey } = checkDnskey(dnskey);
  const length = signatureLength(algorithm, publicKey);
  const hash = algorithm.hash;
  const options: KeyOptions = { key: publicKeyObject(dnskey), dsaEncoding: 'ieee-p1363' };
  return {
    algorithm: algorithm.number,
    tag: keyTag(dnskey),
    signatureLength: length,
    verify(data, start, end, sig, sigStart, sigEnd) {
      if (sigEnd - sigStart !== length) return false;
      return verify(hash, data.subarray(start, end), options, sig.subarray(sigStart, sigEnd));
    },
  };
}
