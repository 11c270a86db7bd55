/**
 * Signatures of the previous zone that are kept: the rules of reuse/kept.ts, for RRsets that the
 * kernel writes. The previous zone's signed owners lie as entries in the kernel's memory.
 */

import { compare, same } from './bytes';
import {
  entryEnd,
  FACT_HEADER,
  factLength,
  factTtl,
  factType,
  keyEnd,
  keyStart,
  payloadLength,
  TYPE_RRSIG,
} from './entries';
import { apex, apexLength } from './names';

/** Octets of an RRSIG's RDATA before the signer's name (RFC 4034 §3.1). */
const FIXED: usize = 18;

let entry: usize = 0;
let stop: usize = 0;
let now: u32 = 0;
let refresh: i32 = 0;
let validity: i32 = 0;
let life: i32 = 0;

/** Signatures kept so far, and the fewest seconds that one of them has left. */
export let keptCount: u32 = 0;
export let leastLife: u32 = 0;

/** Opens the entries of a range; none if there are no octets. Times are in seconds, `at` modulo 2^32. */
export function openKept(from: usize, end: usize, at: u32, fresh: i32, valid: i32): void {
  entry = from;
  stop = end;
  now = at;
  refresh = fresh;
  validity = valid;
  keptCount = 0;
  leastLife = ~0;
}

/** Was the signature that was found last kept? Then it counts. */
export function noteKept(): void {
  keptCount++;
  if (<u32>life < leastLife) leastLife = life;
}

/**
 * The RDATA of the RRSIG to be kept over an RRset, or 0. Owners come in order.
 *
 * @param facts table of `count` addresses: the RRset's facts, all different.
 */
export function findKept(
  key: usize,
  end: usize,
  type: u32,
  ttl: u32,
  facts: usize,
  count: u32,
  algorithm: u32,
  tag: u32,
  labels: u32,
  signatureLength: usize,
): usize {
  let d: i32 = -1;
  while (entry < stop) {
    d = compare(keyStart(entry), keyEnd(entry), key, end);
    if (d >= 0) break;
    entry = entryEnd(entry);
  }
  if (d !== 0) return 0;
  const from = keyEnd(entry);
  const to = from + payloadLength(entry);
  if (!isUnchanged(from, to, type, ttl, facts, count)) return 0;
  const length = FIXED + apexLength + signatureLength;
  life = refresh;
  let found: usize = 0;
  for (let fact = from; fact < to; fact += FACT_HEADER + factLength(fact)) {
    if (factType(fact) !== TYPE_RRSIG || factLength(fact) !== length) continue;
    const p = fact + FACT_HEADER;
    if (bswap(load<u16>(p)) !== <u16>type || load<u8>(p, 2) !== <u8>algorithm) continue;
    if (bswap(load<u16>(p, 16)) !== <u16>tag || load<u8>(p, 3) !== <u8>labels) continue;
    if (bswap(load<u32>(p, 4)) !== ttl || !same(p + FIXED, apex, apexLength)) continue;
    const remaining = lifeOf(bswap(load<u32>(p, 8)), bswap(load<u32>(p, 12)));
    if (remaining <= life) continue;
    life = remaining;
    found = p;
  }
  return found;
}

function isUnchanged(from: usize, to: usize, type: u32, ttl: u32, facts: usize, count: u32): bool {
  let n: u32 = 0;
  for (let fact = from; fact < to; fact += FACT_HEADER + factLength(fact)) {
    if (factType(fact) !== type) continue;
    if (factTtl(fact) !== ttl) return false;
    n++;
    // As many, and the RRset's all different: each of these must be one of those.
    let i: u32 = 0;
    while (i < count && !isSame(fact, load<u32>(facts + ((<usize>i) << 2)))) i++;
    if (i === count) return false;
  }
  return n === count && isEach(from, to, type, facts, count);
}

/** Is each of the RRset's facts there? Those of the previous zone might be there twice. */
function isEach(from: usize, to: usize, type: u32, facts: usize, count: u32): bool {
  if (count === 1) return true;
  for (let i: u32 = 0; i < count; i++) {
    const wanted: usize = load<u32>(facts + ((<usize>i) << 2));
    let fact = from;
    while (fact < to && !(factType(fact) === type && isSame(fact, wanted))) {
      fact += FACT_HEADER + factLength(fact);
    }
    if (fact >= to) return false;
  }
  return true;
}

function isSame(a: usize, b: usize): bool {
  const length = factLength(a);
  return factLength(b) === length && same(a + FACT_HEADER, b + FACT_HEADER, length);
}

/** Seconds that a signature has left; 0 when its times can't be of one made by these rules. */
function lifeOf(expiration: u32, inception: u32): i32 {
  // RFC 1982: differences modulo 2^32 as signed numbers.
  const remaining = <i32>(expiration - now);
  const age = <i32>(now - inception);
  const whole = <i32>(expiration - inception);
  return remaining > validity || age < 0 || whole <= 0 ? 0 : remaining;
}
