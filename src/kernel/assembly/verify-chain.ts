/**
 * The NSEC3 chain in verification's short way: both sides of its fingerprint (verify/
 * fingerprint.ts), and its records, by the rules of verify/denial.ts.
 */

import { compare, copy, same } from './bytes';
import { FACT_HEADER, factChunk, factLength, factLine, factTtl } from './entries';
import { ownerLength, ownerWire } from './names';
import { hashOctets, hashOfDigits } from './nsec3';
import { sha1 } from './sha1';
import {
  CHAIN,
  CHAIN_LENGTH,
  LINK_CHUNK,
  LINK_FIRST,
  LINK_HAS_FIRST,
  LINK_KEY,
  LINK_KEY_LENGTH,
  LINK_LINE,
  LINK_NEXT,
  LINK_NEXT_LENGTH,
  NONE,
  NOT_OPT_OUT,
  NSEC3,
  OTHER_TTL,
  SECRET,
  SUM,
  TTL,
  tally,
} from './verify-state';

const HASH: usize = 20;
/** Digits of a hash as a label of a key, and the octet that ends it. */
const OWNER_KEY: usize = 33;
/** Octets of a bitmap that go into a fingerprint at once; longer ones are rare. */
const MAX_BITMAP: usize = 512;

const hash = memory.data(32, 16);
const message = memory.data(2 * 20 + 512 + 16, 16);
const value = memory.data(32, 16);

/** The bitmaps of NS; of NS, DS and RRSIG (RFC 4034 §4.1.2). */
const insecure = memory.data<u8>([0, 1, 0x20, 0, 0, 0, 0, 0]);
const secure = memory.data<u8>([0, 6, 0x20, 0, 0, 0, 0, 0x12]);

/** What {@link isLink} has read. */
let next: usize = 0;
let bitmap: usize = 0;
let bitmapLength: usize = 0;

/** A name needs a record: the delegation at hand. */
export function expectDelegation(s: usize, isSecure: bool): void {
  hashOctets(ownerWire, ownerLength, hash);
  if (isSecure) mix(s, secure, 8);
  else mix(s, insecure, 3);
  for (let i: usize = 0; i < HASH; i += 4) {
    const sum = s + SUM + i;
    store<u32>(sum, load<u32>(sum) + bswap(load<u32>(value + i)));
  }
}

/** The fingerprint's value of {@link hash} and a bitmap. */
function mix(s: usize, types: usize, length: usize): void {
  copy(message, s + SECRET, HASH);
  copy(message + HASH, hash, HASH);
  copy(message + 2 * HASH, types, length);
  sha1(message, 2 * HASH + length, value);
}

/** Is there nothing to say against the NSEC3 record, and is it the next one of the chain? */
export function isLink(s: usize, key: usize, keyLength: usize, fact: usize): bool {
  if (keyLength !== OWNER_KEY || !hashOfDigits(key, hash)) return false;
  const ttl = factTtl(fact);
  if (ttl !== load<u32>(s, TTL) && ttl !== load<u32>(s, OTHER_TTL)) return false;
  const p = fact + FACT_HEADER;
  const end = p + factLength(fact);
  const chainLength: usize = load<u32>(s, CHAIN_LENGTH);
  next = p + 2 + chainLength;
  if (next >= end || load<u8>(p) !== 1 || load<u8>(p, 1) > 1) return false;
  if (!same(p + 2, s + CHAIN, chainLength)) return false;
  bitmap = next + 1 + <usize>load<u8>(next);
  if (bitmap > end || end - bitmap > MAX_BITMAP) return false;
  bitmapLength = end - bitmap;
  if (load<u32>(s, LINK_HAS_FIRST) === 0) return true;
  const length = load<u32>(s, LINK_NEXT_LENGTH);
  if (length === NONE) return true;
  const wanted = s + LINK_NEXT;
  return compare(wanted, wanted + length, hash, hash + HASH) === 0;
}

/** Goes on in the chain, to the record that was looked at last. */
export function follow(s: usize, key: usize, fact: usize): void {
  tally(s, NSEC3, 1);
  if ((load<u8>(fact + FACT_HEADER, 1) & 1) === 0) tally(s, NOT_OPT_OUT, 1);
  if (load<u32>(s, LINK_HAS_FIRST) === 0) {
    store<u32>(s, 1, LINK_HAS_FIRST);
    memory.copy(s + LINK_FIRST, hash, HASH);
  }
  const length: usize = load<u8>(next);
  memory.copy(s + LINK_NEXT, next + 1, length);
  store<u32>(s, <u32>length, LINK_NEXT_LENGTH);
  memory.copy(s + LINK_KEY, key, OWNER_KEY);
  store<u32>(s, <u32>OWNER_KEY, LINK_KEY_LENGTH);
  store<u32>(s, factChunk(fact), LINK_CHUNK);
  store<u32>(s, factLine(fact), LINK_LINE);
  mix(s, bitmap, bitmapLength);
  for (let i: usize = 0; i < HASH; i += 4) {
    const sum = s + SUM + i;
    store<u32>(sum, load<u32>(sum) - bswap(load<u32>(value + i)));
  }
}
