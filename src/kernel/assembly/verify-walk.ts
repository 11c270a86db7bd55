/**
 * Verification's short way over the owners of a part (verify/walk.ts is the long one, and has each
 * rule and each message): delegations, secure or not, without glue, and the records of the NSEC3
 * chain, in which there is nothing to be found fault with. Before the first owner of which that is
 * not certain it stops, and nothing has happened to that one.
 */

import { compare, copy, same } from './bytes';
import {
  entryEnd,
  FACT_HEADER,
  factLength,
  factTtl,
  factType,
  keyEnd,
  keyStart,
  payloadLength,
  TYPE_DS,
  TYPE_NS,
  TYPE_NSEC3,
  TYPE_RRSIG,
} from './entries';
import { ownerDepth, ownerLength, ownerWire, readWire } from './names';
import { putRecord } from './output';
import { expectDelegation, follow, isLink } from './verify-chain';
import { hasJobs, hasRoomForJob, isLawful, makeJob } from './verify-signed';
import {
  ANCESTORS,
  CHAINS_ALL,
  COVER,
  COVER_LENGTH,
  DELEGATIONS,
  DIGEST,
  DIGEST_END,
  FLAGS,
  FRESH,
  HAS_CHAIN,
  LAST,
  LAST_LENGTH,
  NEXT,
  NONE,
  OWNERS,
  RRSETS,
  SECURE,
  SIGNED,
  STOP,
  tally,
} from './verify-state';

/** More records are left to the long way. */
const MAX_FACTS: usize = 24;
const RR_HEADER: usize = 10;

/** What is known of an ancestor (verify/non-terminals.ts). */
const DONE: u8 = 1;
const MAY: u8 = 2;

/** The owner's facts in their order, which is that of types and RDATA. */
const facts = memory.data(4 * 32, 16);
let factCount: usize = 0;
let nsCount: usize = 0;
let dsCount: usize = 0;
let rrsigCount: usize = 0;
let nsec3Count: usize = 0;

/**
 * Goes over the owners from NEXT on.
 *
 * @returns whether it has stopped since there is no room for jobs: when they are taken away, it
 *   can go on.
 */
export function verifyOwners(s: usize): bool {
  const stop: usize = load<u32>(s, STOP);
  const flags = load<u32>(s, FLAGS);
  const hasChain = (flags & HAS_CHAIN) !== 0;
  let entry: usize = load<u32>(s, NEXT);
  let isFull = false;
  while (entry < stop) {
    const key = keyStart(entry);
    const end = keyEnd(entry);
    const octets = payloadLength(entry);
    // The apex and what lies below a cut take the long way.
    if (end === key || isCovered(s, key, end)) break;
    if (!readFacts(end, end + octets) || !readWire(key, end)) break;
    if (!hasDigestRoom(s, octets)) break;
    const isSecure = dsCount > 0;
    if (nsCount > 0) {
      if (nsec3Count > 0 || rrsigCount !== (isSecure ? 1 : 0)) break;
      if (namesOwnServer() || (hasChain && !isSettled(s, key, end, isSecure))) break;
    } else if (!hasChain || isSecure || nsec3Count !== 1 || rrsigCount !== 1) break;
    if (rrsigCount > 0) {
      // RRSIG stands before NSEC3 and behind DS.
      const first: usize = nsCount === 0 ? 1 : nsCount;
      const rrsig: usize = load<u32>(facts + ((nsCount + dsCount) << 2));
      const rrset: usize = load<u32>(facts + (first << 2));
      if ((flags & SIGNED) === 0 || !isLawful(s, rrsig, rrset)) break;
      if (nsCount === 0 && !isLink(s, key, end - key, rrset)) break;
      const count: usize = nsCount === 0 ? 1 : dsCount;
      if (!hasRoomForJob(s, count, octets)) {
        isFull = hasJobs(s);
        break;
      }
      makeJob(s, key, end - key, rrsig, facts + (first << 2), count);
      if (nsCount === 0) follow(s, key, rrset);
    }
    // ---- it is done with ---------------------------------------------------------------------
    tally(s, OWNERS, 1);
    putDigest(s);
    if (nsCount > 0) delegation(s, key, end, isSecure, flags);
    else {
      tally(s, RRSETS, 1);
      store<u32>(s, NONE, COVER_LENGTH);
    }
    entry = entryEnd(entry);
  }
  store<u32>(s, <u32>entry, NEXT);
  return isFull;
}

/** Does the owner lie below the cut or DNAME that was entered last? */
function isCovered(s: usize, key: usize, end: usize): bool {
  const length = load<u32>(s, COVER_LENGTH);
  return length !== NONE && end - key > <usize>length && same(key, s + COVER, length);
}

/**
 * Reads the owner's facts, by type and RDATA. False when there are others than NS, DS, RRSIG and
 * NSEC3, they are in another order, one stands twice or the TTLs of an RRset differ.
 */
function readFacts(from: usize, end: usize): bool {
  let n: usize = 0;
  let ns: usize = 0;
  let ds: usize = 0;
  let rrsig: usize = 0;
  let nsec3: usize = 0;
  let before: usize = 0;
  let typeBefore: u32 = 0;
  for (let fact = from; fact < end; ) {
    if (n === MAX_FACTS) return false;
    const type = factType(fact);
    const rdata = fact + FACT_HEADER;
    const length = factLength(fact);
    if (type === TYPE_NS) ns++;
    else if (type === TYPE_DS) ds++;
    else if (type === TYPE_RRSIG) rrsig++;
    else if (type === TYPE_NSEC3) nsec3++;
    else return false;
    if (type === typeBefore) {
      if (factTtl(fact) !== factTtl(before)) return false;
      const other = before + FACT_HEADER;
      if (compare(other, other + factLength(before), rdata, rdata + length) >= 0) return false;
    } else if (type < typeBefore) {
      // In text, an NSEC3 record stands before its signature.
      if (n !== 1 || type !== TYPE_RRSIG || typeBefore !== TYPE_NSEC3 || rdata + length !== end) {
        return false;
      }
      store<u32>(facts, <u32>fact);
      fact = before;
    }
    store<u32>(facts + (n << 2), <u32>fact);
    n++;
    before = fact;
    typeBefore = type;
    fact = rdata + length;
  }
  factCount = n;
  nsCount = ns;
  dsCount = ds;
  rrsigCount = rrsig;
  nsec3Count = nsec3;
  return true;
}

/** Does the delegation name a server in itself, or seem to, so that it needs glue? */
function namesOwnServer(): bool {
  for (let i: usize = 0; i < nsCount; i++) {
    const fact: usize = load<u32>(facts + (i << 2));
    const length = factLength(fact);
    if (length < ownerLength) continue;
    if (same(fact + FACT_HEADER + length - ownerLength, ownerWire, ownerLength)) return true;
  }
  return false;
}

/**
 * Is there nothing to be found out about the ancestors of the name: each is a name, or was found
 * to be none before?
 *
 * @param must the name must have an NSEC3 record.
 */
function isSettled(s: usize, key: usize, end: usize, must: bool): bool {
  if (ownerDepth === 1) return true;
  const last = s + LAST;
  const stop = key + min<usize>(end - key, load<u32>(s, LAST_LENGTH));
  let depth: usize = 0;
  let p = key;
  for (; p < stop && load<u8>(p) === load<u8>(last + (p - key)); p++) {
    if (load<u8>(p) !== 0) continue;
    const known = load<u8>(s + ANCESTORS + ++depth);
    if (known !== DONE && (must || known !== MAY)) return false;
  }
  // Its other ancestors, of which there must be none, are new.
  for (; p < end - 1; p++) if (load<u8>(p) === 0) return false;
  return true;
}

function hasDigestRoom(s: usize, octets: usize): bool {
  const at: usize = load<u32>(s, DIGEST);
  const need = factCount * (ownerLength + RR_HEADER) + octets + 16;
  return at === 0 || at + need <= <usize>load<u32>(s, DIGEST_END);
}

/** Adds the records to the text that ZONEMD hashes. */
function putDigest(s: usize): void {
  let o: usize = load<u32>(s, DIGEST);
  if (o === 0) return;
  for (let i: usize = 0; i < factCount; i++) {
    const fact: usize = load<u32>(facts + (i << 2));
    const length = factLength(fact);
    o = putRecord(o, factType(fact), factTtl(fact), length);
    copy(o, fact + FACT_HEADER, length);
    o += length;
  }
  store<u32>(s, <u32>o, DIGEST);
}

/** Enters the delegation. */
function delegation(s: usize, key: usize, end: usize, isSecure: bool, flags: u32): void {
  tally(s, DELEGATIONS, 1);
  tally(s, RRSETS, isSecure ? 2 : 1);
  if (isSecure) tally(s, SECURE, 1);
  const length = end - key;
  if ((flags & HAS_CHAIN) !== 0) {
    if (isSecure || (flags & CHAINS_ALL) !== 0) expectDelegation(s, isSecure);
    copy(s + LAST, key, length);
    store<u32>(s, <u32>length, LAST_LENGTH);
    store<u32>(s, 0, FRESH);
    store<u8>(s + ANCESTORS + <usize>ownerDepth, DONE);
  }
  copy(s + COVER, key, length);
  store<u32>(s, <u32>length, COVER_LENGTH);
}
