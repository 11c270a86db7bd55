/**
 * DS digests (RFC 4034 §5.1.4; SHA-256: RFC 4509; SHA-384: RFC 6605): the hash of the owner name
 * and the DNSKEY rdata.
 */

import { createHash } from 'node:crypto';
import { refusal } from '../errors.js';
import { equalBytes } from '../names/name.js';
import { keyTag } from './keytag.js';

/** DS digest types (IANA "DS RR Type Digest Algorithms") that can be computed here. */
export const DigestType = { sha1: 1, sha256: 2, sha384: 4 } as const;

/** The digest types that zonewright makes; SHA-1 is only recognised (RFC 9905). */
export const DIGESTS_MADE: readonly number[] = [DigestType.sha256, DigestType.sha384];

const HASHES: Readonly<Record<number, string>> = { 1: 'sha1', 2: 'sha256', 4: 'sha384' };

/**
 * The digest of a DNSKEY.
 *
 * @param owner the zone's name, lower-case wire form.
 * @param dnskey DNSKEY rdata.
 * @returns undefined for a digest type that is not known.
 */
export function dsDigest(
  owner: Uint8Array,
  dnskey: Uint8Array,
  digestType: number,
): Uint8Array | undefined {
  const hash = HASHES[digestType];
  if (hash === undefined) return undefined;
  return new Uint8Array(createHash(hash).update(owner).update(dnskey).digest());
}

/**
 * DS rdata for a DNSKEY: tag, algorithm, digest type, digest.
 *
 * @throws ZonewrightError (exit 4) for a digest type that is not made (SHA-1, unknown ones).
 */
export function dsRdata(owner: Uint8Array, dnskey: Uint8Array, digestType: number): Uint8Array {
  const digest = DIGESTS_MADE.includes(digestType)
    ? dsDigest(owner, dnskey, digestType)
    : undefined;
  if (digest === undefined) {
    throw refusal(`no DS is made with digest type ${digestType}`, {
      hint: 'use 2 (SHA-256) or 4 (SHA-384)',
    });
  }
  const tag = keyTag(dnskey);
  const rdata = new Uint8Array(4 + digest.length);
  rdata[0] = tag >> 8;
  rdata[1] = tag & 0xff;
  rdata[2] = dnskey[3];
  rdata[3] = digestType;
  rdata.set(digest, 4);
  return rdata;
}

/** Does this DS rdata stand for this DNSKEY? A digest type that is not known never does. */
export function dsMatches(ds: Uint8Array, owner: Uint8Array, dnskey: Uint8Array): boolean {
  if (ds.length < 5 || ((ds[0] << 8) | ds[1]) !== keyTag(dnskey) || ds[2] !== dnskey[3]) {
    return false;
  }
  const digest = dsDigest(owner, dnskey, ds[3]);
  return digest !== undefined && equalBytes(digest, ds.subarray(4));
}
