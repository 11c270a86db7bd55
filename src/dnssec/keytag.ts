/**
 * Key tags (RFC 4034 appendix B): a 16-bit sum over DNSKEY rdata. A label, not an identity: two
 * keys may have the same tag, and a key has another one once it is revoked (RFC 5011 §2.1).
 */

import { FLAG_REVOKE } from './dnskey.js';

/** RSA/MD5, whose tag is a part of the modulus instead (RFC 4034 appendix B.1). */
const RSAMD5 = 1;

/** The key tag of DNSKEY rdata (flags, protocol, algorithm, public key). */
export function keyTag(rdata: Uint8Array): number {
  return tagOf(rdata, 0);
}

/** The key tag that the key has once its REVOKE flag is set (RFC 5011 §2.1). */
export function revokedKeyTag(rdata: Uint8Array): number {
  return tagOf(rdata, FLAG_REVOKE);
}

function tagOf(rdata: Uint8Array, flags: number): number {
  const n = rdata.length;
  if (rdata[3] === RSAMD5) return n < 7 ? 0 : (rdata[n - 3] << 8) | rdata[n - 2];
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const octet = i === 1 ? rdata[i] | flags : rdata[i];
    sum += (i & 1) === 0 ? octet << 8 : octet;
  }
  // At most 64 KiB of rdata: the carries fit the upper half of a 32-bit sum.
  return (sum + (sum >>> 16)) & 0xffff;
}
