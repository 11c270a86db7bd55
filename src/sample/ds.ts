/**
 * The made-up DS records and keys of the sample's secure names (RFC 4034 §5, §2). The digests are
 * of no key, as nobody will ask.
 */

import type { Plan, Registry } from './plan.js';
import { mix } from './random.js';
import { constant, putByte, putBytes, putHex32, putNumber, type Sink } from './sink.js';

/** Digest of each type, in units of four octets (RFC 4509, RFC 6605). */
const DIGEST_WORDS: Readonly<Record<number, number>> = { 1: 5, 2: 8, 4: 12 };
const ALGORITHMS = [13, 13, 13, 8, 8, 10];
const BASE64 = constant('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
const BASE64_END = constant('Q==');

/** What the `i`-th DS record of a domain is made from. */
export function dsRandom(registry: Registry, plan: Plan, i: number): number {
  return mix(registry.seed ^ plan.changes.dsSeed ^ (0xd5 + i * 977), plan.index);
}

/** Appends key tag, algorithm, digest type and digest of a made-up DS record. */
export function putDsFields(sink: Sink, random: number, type: number, separator: number): void {
  putNumber(sink, random >>> 16);
  putByte(sink, separator);
  putNumber(sink, ALGORITHMS[(random >>> 3) % ALGORITHMS.length]);
  putByte(sink, separator);
  putNumber(sink, type);
  putByte(sink, separator);
  for (let k = 0; k < DIGEST_WORDS[type]; k++) putHex32(sink, mix(random, k));
}

/** Appends flags, protocol, algorithm and public key of a made-up P-256 KSK. */
export function putKeyFields(sink: Sink, random: number, separator: number): void {
  for (const field of [257, 3, 13]) {
    putNumber(sink, field);
    putByte(sink, separator);
  }
  // 64 octets: 85 full characters, one with two free bits, two of padding.
  for (let k = 0; k < 85; k++) putByte(sink, BASE64[mix(random, k) & 63]);
  putBytes(sink, BASE64_END);
}
