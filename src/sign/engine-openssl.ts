/**
 * The default engine: node:crypto, that is OpenSSL.
 *
 * The key object and the options object are made once; a call then costs OpenSSL's own time and
 * some microseconds. One-shot `sign` and `verify` are as fast as any other form Node.js has (createSign,
 * DER instead of r‖s, a key from PEM, JWK or a generator: no difference beyond the noise).
 */

import { type KeyObject, sign, verify } from 'node:crypto';
import { signingAlgorithm } from '../dnssec/algorithms.js';
import { signatureLength } from '../dnssec/dnskey.js';
import { checkDnskey, publicKeyObject } from '../dnssec/keyobject.js';
import { keyTag } from '../dnssec/keytag.js';
import type { Signer, SigningKey, Verifier } from './engine-types.js';

interface KeyOptions {
  readonly key: KeyObject;
  readonly dsaEncoding: 'ieee-p1363';
}

/**
 * @throws ZonewrightError (exit 4) when the algorithm signs nothing or the key is broken.
 */
export function openOpensslSigner(key: SigningKey): Signer {
  const algorithm = signingAlgorithm(key.algorithm, key.file);
  const { publicKey } = checkDnskey(key.dnskey, key.file);
  const hash = algorithm.hash;
  const options: KeyOptions = { key: key.secret, dsaEncoding: 'ieee-p1363' };
  return {
    algorithm: key.algorithm,
    tag: key.tag,
    signatureLength: signatureLength(algorithm, publicKey),
    sign(data, start, end, out, at) {
      const signature = sign(hash, data.subarray(start, end), options);
      out.set(signature, at);
      return at + signature.length;
    },
  };
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
