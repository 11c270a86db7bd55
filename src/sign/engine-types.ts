/** What a signing engine takes and gives; see engine.ts. */

import type { Secret } from '../pkcs11/token-key.js';

export type EngineName = 'openssl' | 'noble';

/**
 * All that a worker needs to sign with one key. It can be sent with postMessage; the secret
 * stays inside its KeyObject, which prints as nothing, or in its token.
 */
export interface SigningKey {
  /** The zone's name, lower-case wire form. */
  readonly zone: Uint8Array;
  readonly flags: number;
  readonly algorithm: number;
  readonly tag: number;
  /** DNSKEY rdata, as published. */
  readonly dnskey: Uint8Array;
  /** The file of the private half, for messages. */
  readonly file: string;
  readonly secret: Secret;
}

export interface Signer {
  readonly algorithm: number;
  readonly tag: number;
  /** Octets of each signature. */
  readonly signatureLength: number;
  /**
   * Signs `data[start, end)` and writes the signature at `out[at]`.
   *
   * @returns the offset after the signature.
   */
  sign(data: Uint8Array, start: number, end: number, out: Uint8Array, at: number): number;
  /**
   * Signs `data[starts[i], ends[i])` for all `i` below `count`; signature `i` goes to
   * `out[i * signatureLength…]`. Only where that may be faster than one after the other.
   */
  signMany?(
    data: Uint8Array,
    starts: Uint32Array,
    ends: Uint32Array,
    count: number,
    out: Uint8Array,
  ): void;
  /** Gives back what the key holds outside of this process. */
  close?(): void;
}

export interface Verifier {
  readonly algorithm: number;
  readonly tag: number;
  readonly signatureLength: number;
  /** Is `sig[sigStart, sigEnd)` a signature of this key over `data[start, end)`? Never throws. */
  verify(
    data: Uint8Array,
    start: number,
    end: number,
    sig: Uint8Array,
    sigStart: number,
    sigEnd: number,
  ): boolean;
}
