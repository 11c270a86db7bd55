/** Fresh key pairs, made so that using them can't stop the process (see newPrivateKey in src/keys). */

import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';

interface Options {
  readonly modulusLength?: number;
  readonly namedCurve?: string;
}

/** A pair, as generateKeyPairSync makes it, but without its hidden tie to the generator's job. */
export function makePair(
  type: 'rsa' | 'ec' | 'ed25519' | 'ed448' | 'x25519',
  options: Options = {},
): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  const encodings = {
    privateKeyEncoding: { format: 'der', type: 'pkcs8' },
    publicKeyEncoding: { format: 'der', type: 'spki' },
  };
  const make = generateKeyPairSync as unknown as (
    type: string,
    options: object,
  ) => { privateKey: Buffer };
  const key = make(type, { ...options, ...encodings }).privateKey;
  const privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  return { privateKey, publicKey: createPublicKey(privateKey) };
}
