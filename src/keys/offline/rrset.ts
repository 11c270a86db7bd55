/**
 * RRsets of a zone's apex as plain objects, and the RRSIG records over them (RFC 4034 §3.1.8.1,
 * §6.3). A key bundle has three RRsets; the zone's own are signed by sign/rrsigs.ts.
 */

import { keyTag } from '../../dnssec/keytag.js';
import { ZonewrightError } from '../../errors.js';
import { compareBytes, countLabels, equalBytes } from '../../names/name.js';
import { openOpensslVerifier } from '../../sign/engine-openssl.js';
import type { Signer } from '../../sign/engine-types.js';

/** An RRset of the apex. */
export interface RecordSet {
  readonly type: number;
  readonly ttl: number;
  /** RDATA in canonical order, each different. */
  readonly rdata: readonly Uint8Array[];
}

/** The fields of an RRSIG record (RFC 4034 §3.1). */
export interface Rrsig {
  readonly covered: number;
  readonly algorithm: number;
  readonly labels: number;
  readonly ttl: number;
  /** 32 bits; see {@link timeNear}. */
  readonly expiration: number;
  readonly inception: number;
  readonly tag: number;
  /** Wire name. */
  readonly signer: Uint8Array;
  readonly signature: Uint8Array;
}

/** Octets of an RRSIG's RDATA before the signer's name. */
const RRSIG_FIXED = 18;

/** Sorts RDATA into canonical order (RFC 4034 §6.3). */
export function inOrder(rdata: readonly Uint8Array[]): Uint8Array[] {
  return [...rdata].sort((a, b) => compareBytes(a, 0, a.length, b, 0, b.length));
}

/** Do two RRsets have the same TTL and records? */
export function sameRecords(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((one, i) => equalBytes(one, b[i]));
}

/** The fields of RRSIG RDATA that is well-formed. */
export function parseRrsig(rdata: Uint8Array): Rrsig {
  const view = new DataView(rdata.buffer, rdata.byteOffset, rdata.byteLength);
  let end = RRSIG_FIXED;
  while (rdata[end] !== 0) end += rdata[end] + 1;
  end++;
  return {
    covered: view.getUint16(0),
    algorithm: rdata[2],
    labels: rdata[3],
    ttl: view.getUint32(4),
    expiration: view.getUint32(8),
    inception: view.getUint32(12),
    tag: view.getUint16(16),
    signer: rdata.subarray(RRSIG_FIXED, end),
    signature: rdata.subarray(end),
  };
}

/** The time in seconds since 1970 that 32 bits stand for, within 68 years of `near` (RFC 1982). */
export function timeNear(time: number, near: number): number {
  return near + ((time - (near % 0x1_0000_0000)) | 0);
}

/**
 * Makes the RRSIG record of one key over an RRset of the apex.
 *
 * @param inception seconds since 1970, as `expiration`; written modulo 2^32.
 * @returns RDATA.
 */
export function signRecordSet(
  zone: Uint8Array,
  set: RecordSet,
  signer: Signer,
  inception: number,
  expiration: number,
): Uint8Array {
  const head = new Uint8Array(RRSIG_FIXED + zone.length);
  const view = new DataView(head.buffer);
  view.setUint16(0, set.type);
  head[2] = signer.algorithm;
  head[3] = countLabels(zone);
  view.setUint32(4, set.ttl);
  view.setUint32(8, expiration % 0x1_0000_0000);
  view.setUint32(12, inception % 0x1_0000_0000);
  view.setUint16(16, signer.tag);
  head.set(zone, RRSIG_FIXED);
  const data = signedData(zone, set, head);
  const rdata = new Uint8Array(head.length + signer.signatureLength);
  rdata.set(head);
  signer.sign(data, 0, data.length, rdata, head.length);
  return rdata;
}

/** Is the RRSIG one of this key over this RRset? Times are not looked at. */
export function verifyRrsig(
  zone: Uint8Array,
  set: RecordSet,
  rdata: Uint8Array,
  dnskey: Uint8Array,
): boolean {
  const { covered, algorithm, labels, ttl, tag, signer, signature } = parseRrsig(rdata);
  if (covered !== set.type || ttl !== set.ttl || labels !== countLabels(zone)) return false;
  if (algorithm !== dnskey[3] || tag !== keyTag(dnskey) || !equalBytes(signer, zone)) return false;
  const data = signedData(zone, set, rdata.subarray(0, rdata.length - signature.length));
  try {
    const verifier = openOpensslVerifier(dnskey);
    return verifier.verify(data, 0, data.length, signature, 0, signature.length);
  } catch (error) {
    // A key that is none, such as a point that is not on its curve, has signed nothing.
    if (!(error instanceof ZonewrightError)) throw error;
    return false;
  }
}

/** RRSIG RDATA without the signature, then the RRset in canonical form. */
function signedData(zone: Uint8Array, set: RecordSet, head: Uint8Array): Uint8Array {
  const size = set.rdata.reduce((sum, one) => sum + zone.length + 10 + one.length, head.length);
  const data = new Uint8Array(size);
  const view = new DataView(data.buffer);
  data.set(head);
  let at = head.length;
  for (const one of set.rdata) {
    data.set(zone, at);
    at += zone.length;
    view.setUint16(at, set.type);
    view.setUint16(at + 2, 1);
    view.setUint32(at + 4, set.ttl);
    view.setUint16(at + 8, one.length);
    data.set(one, at + 10);
    at += 10 + one.length;
  }
  return data;
}
