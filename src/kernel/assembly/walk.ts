/**
 * Goes over the owners of a range and does at once what is to be done with ordinary delegations;
 * at any other owner it returns. Both passes over a zone go this way: the plan counts, gathers who
 * names which host and hashes the secure names; the other one writes insecure delegations as text
 * and in wire form.
 */

import { compare, copy, same } from './bytes';
import {
  factCount,
  facts,
  isDomain,
  isHostName,
  isInDomain,
  isOrdinary,
  nsCount,
} from './delegation';
import {
  entryEnd,
  FACT_HEADER,
  factLength,
  factTtl,
  factType,
  keyEnd,
  keyStart,
  payloadLength,
  TYPE_A,
  TYPE_AAAA,
  TYPE_NS,
} from './entries';
import { keptCount, leastLife } from './kept';
import {
  end,
  endOf,
  firstEntry,
  hasKey,
  headKey,
  headKeyEnd,
  headOf,
  key,
  parts,
  partsOfKey,
  runCount,
  takeKey,
} from './merge';
import { ownerLength, ownerText, ownerTextLength, ownerWire, putName, readOwner } from './names';
import { hashName } from './nsec3';
import {
  advance,
  clearText,
  putNumber,
  putRecord,
  text,
  textStart,
  wire,
  wireStart,
} from './output';
import { hasRoom, isSoundHost, refer, slotOf } from './references';
import { clearJobs, dataLength, hasRoomToSign, jobsLength, mostJitter } from './signed';

/** What the walk stands at; `Stop` of kernel/owner-source.ts. */
const END: i32 = 0;
/** An owner of any other kind. */
const OWNER: i32 = 1;
/** One below the cut that was set last. */
const BELOW_CUT: i32 = 2;
/** An ordinary delegation that the caller has to do something with. */
const ORDINARY: i32 = 3;
/** The next key is not below the limit. Nothing was taken. */
const LIMIT: i32 = 4;
/** What was gathered has to be taken away first. Nothing was taken. */
const FULL: i32 = 5;

/** The walk's state for the caller, as numbers of 32 bits; `Field` of kernel/owner-source.ts. */
const state = memory.data(4 * 24, 16);
const KEY: usize = 0;
const KEY_END: usize = 4;
const PARTS: usize = 8;
const FACTS: usize = 12;
const TEXT: usize = 16;
const WIRE: usize = 20;
const HASHES: usize = 24;
const CUT: usize = 28;
const CUT_END: usize = 32;
const NS: usize = 36;
const DELEGATIONS: usize = 40;
const SECURE: usize = 44;
const NAME_SERVERS: usize = 48;
const DOMAINS: usize = 52;
const RRSETS: usize = 56;
const RECORDS: usize = 60;
const JOBS: usize = 64;
const DATA: usize = 68;
const JITTER: usize = 72;
const KEPT: usize = 76;
const LEAST_LIFE: usize = 80;

export function walkState(): usize {
  return state;
}
export function factsOfOwner(): usize {
  return facts;
}
export function partsOfOwner(): usize {
  return partsOfKey();
}

/** A cut that the caller has found. */
const cutKey = memory.data(512 + 16, 16);
let cut: usize = 0;
let cutEnd: usize = 0;
let limit: usize = 0;
let limitEnd: usize = 0;

/** Memory for hashes. */
let hashStart: usize = 0;
let hashStop: usize = 0;
let hash: usize = 0;

let checksNames: bool = false;
let checksInDomain: bool = false;
let hashesAll: bool = false;
let hashesSecure: bool = false;
let digests: bool = false;
let returnsAll: bool = false;

const HASH_ROOM: usize = 40;

/** Flags of {@link openWalk}; `Flag` of kernel/owner-source.ts. */
const CHECK_NAMES: u32 = 1;
const CHECK_IN_DOMAIN: u32 = 2;
const HASH_ALL: u32 = 4;
const HASH_SECURE: u32 = 8;
const DIGEST: u32 = 16;
const RETURN_ALL: u32 = 32;

/** Gives the memory for hashes. */
export function openHashes(at: usize, size: usize): void {
  hashStart = at;
  hashStop = at + size;
  hash = hashStart;
}

/** Begins a walk over what merge.ts was given. */
export function openWalk(flags: u32): void {
  checksNames = (flags & CHECK_NAMES) !== 0;
  checksInDomain = (flags & CHECK_IN_DOMAIN) !== 0;
  hashesAll = (flags & HASH_ALL) !== 0;
  hashesSecure = (flags & HASH_SECURE) !== 0;
  digests = (flags & DIGEST) !== 0;
  returnsAll = (flags & RETURN_ALL) !== 0;
  cut = 0;
  cutEnd = 0;
  limit = 0;
  limitEnd = 0;
  takenAway();
  for (let i = DELEGATIONS; i <= RECORDS; i += 4) store<u32>(state + i, 0);
}

/** The caller has taken away what was written. */
export function takenAway(): void {
  clearText();
  clearJobs();
  hash = hashStart;
}

/** Sets the cut at or above the owner that was returned last; none if it is empty. */
export function setCut(from: usize, length: usize): void {
  copy(cutKey, from, length);
  cut = cutKey;
  cutEnd = cutKey + length;
}

/** Is there an address under the key, which lies behind the owner that was returned last? */
export function hasAddressAhead(from: usize, fromEnd: usize): bool {
  for (let r: i32 = 0; r < runCount(); r++) {
    const stop = endOf(r);
    for (
      let entry = firstEntry(headOf(r), stop, from, fromEnd);
      entry < stop;
      entry = entryEnd(entry)
    ) {
      const facts = keyEnd(entry);
      if (compare(keyStart(entry), facts, from, fromEnd) !== 0) break;
      for (
        let fact = facts;
        fact < facts + payloadLength(entry);
        fact += FACT_HEADER + factLength(fact)
      ) {
        const type = factType(fact);
        if (type === TYPE_A || type === TYPE_AAAA) return true;
      }
    }
  }
  return false;
}

/** Sets the key at which the walk stops; none if it is empty. */
export function setLimit(at: usize, atEnd: usize): void {
  limit = at;
  limitEnd = atEnd;
}

function count(field: usize, n: u32): void {
  store<u32>(state + field, load<u32>(state + field) + n);
}

function stopAt(what: i32): i32 {
  store<u32>(state + KEY, <u32>key);
  store<u32>(state + KEY_END, <u32>end);
  store<u32>(state + PARTS, parts);
  store<u32>(state + FACTS, factCount);
  store<u32>(state + NS, nsCount);
  // A cut that the caller has set is known to it.
  store<u32>(state + CUT, cut === cutKey ? 0 : <u32>cut);
  store<u32>(state + CUT_END, <u32>cutEnd);
  return leave(what);
}

function leave(what: i32): i32 {
  store<u32>(state + HASHES, <u32>(hash - hashStart));
  return what;
}

/** Brings what was written, as {@link walkState} tells it, up to date. */
export function tellWritten(): void {
  store<u32>(state + TEXT, <u32>(text - textStart));
  store<u32>(state + WIRE, <u32>(wire - wireStart));
  store<u32>(state + JOBS, <u32>jobsLength());
  store<u32>(state + DATA, <u32>dataLength());
  store<u32>(state + JITTER, mostJitter);
  store<u32>(state + KEPT, keptCount);
  store<u32>(state + LEAST_LIFE, leastLife);
}

function isBelowCut(): bool {
  const length = cutEnd - cut;
  return length > 0 && end - key > length && same(key, cut, length);
}

/** The first pass: goes on to the next owner that is not done with. */
export function planOwners(): i32 {
  while (hasKey()) {
    const head = headKey();
    if (headKeyEnd() === head) {
      takeKey();
      continue;
    }
    if (!hasRoom(24) || hash + HASH_ROOM > hashStop) return leave(FULL);
    takeKey();
    if (isBelowCut()) return stopAt(BELOW_CUT);
    if (!isOrdinary() || !readOwner(key, end) || !plan()) return stopAt(OWNER);
    cut = key;
    cutEnd = end;
  }
  return leave(END);
}

const slots = memory.data(4 * 32, 16);

/** Counts the delegation. False, and nothing is changed, when that takes the long way. */
function plan(): bool {
  const n = nsCount;
  const secure = factCount > n;
  const hashed = hashesAll || (secure && hashesSecure);
  // Names further below the apex may need empty non-terminals.
  if (hashed && hasInnerLabel()) return false;
  for (let i: usize = 0; i < <usize>n; i++) {
    const fact: usize = load<u32>(facts + (i << 2));
    const host = fact + FACT_HEADER;
    const length = factLength(fact);
    if (isInDomain(host, length)) return false;
    const slot = slotOf(host, length);
    if (!isSoundHost(slot) && !isHostName(host, length)) return false;
    store<u32>(slots + (i << 2), <u32>slot);
  }
  for (let i: usize = 0; i < <usize>n; i++) {
    const fact: usize = load<u32>(facts + (i << 2));
    const host = fact + FACT_HEADER;
    const length = factLength(fact);
    let slot: usize = load<u32>(slots + (i << 2));
    // A host that the delegation names, too, may have taken the free slot.
    if (i > 0 && load<u32>(slot) !== 0) slot = slotOf(host, length);
    refer(slot, host, length, ownerWire, ownerLength, true);
  }
  count(DELEGATIONS, 1);
  count(NAME_SERVERS, n);
  if (isDomain) count(DOMAINS, 1);
  if (secure) count(SECURE, 1);
  if (hashed) {
    hashName(ownerWire, ownerLength, hash);
    store<u8>(hash, 0, 32);
    store<u8>(hash, secure ? 1 : 0, 33);
    hash += 34;
  }
  return true;
}

/** Has the owner more than one label below the apex? */
function hasInnerLabel(): bool {
  for (let p = key; p < end - 1; p++) if (load<u8>(p) === 0) return true;
  return false;
}

/**
 * The second pass: goes on to the next owner that is not done with.
 *
 * @param hold return the next owner in any case.
 */
export function writeOwners(hold: bool): i32 {
  while (hasKey()) {
    const head = headKey();
    const headEnd = headKeyEnd();
    if (headEnd === head) {
      takeKey();
      continue;
    }
    if (limitEnd > limit && compare(head, headEnd, limit, limitEnd) >= 0) return leave(LIMIT);
    if (!hasRoomToSign()) return leave(FULL);
    takeKey();
    if (isBelowCut()) return stopAt(BELOW_CUT);
    if (!isOrdinary() || !isSound()) return stopAt(OWNER);
    cut = key;
    cutEnd = end;
    if (hold || returnsAll || factCount > nsCount || !write()) return stopAt(ORDINARY);
  }
  return leave(END);
}

/** Has the delegation none of the faults for which name servers are dropped? */
function isSound(): bool {
  if (!checksNames && !checksInDomain) return true;
  if (!readOwner(key, end)) return false;
  for (let i: usize = 0; i < <usize>nsCount; i++) {
    const fact: usize = load<u32>(facts + (i << 2));
    const host = fact + FACT_HEADER;
    const length = factLength(fact);
    if (checksInDomain && isInDomain(host, length)) return false;
    if (checksNames && !isHostName(host, length)) return false;
  }
  return true;
}

/** What stands between owner and name server: TTL, class and type. */
const headText = memory.data(32, 16);
let headLength: usize = 0;
let headTtl: u32 = 0;

function setHead(ttl: u32): void {
  headTtl = ttl;
  store<u8>(headText, 0x09);
  const o = putNumber(headText + 1, ttl);
  // \t in \t ns \t
  store<u32>(o, 0x096e6909);
  store<u32>(o, 0x0009736e, 4);
  headLength = o + 7 - headText;
}

/** Writes the insecure delegation that was returned last; see {@link write}. */
export function writeInsecure(): bool {
  return hasRoomToSign() && write();
}

/** Writes an insecure delegation. False, and nothing is changed, when a name needs escapes. */
function write(): bool {
  if (!readOwner(key, end)) return false;
  const n = nsCount;
  const ttl = factTtl(load<u32>(facts));
  if (ttl !== headTtl || headLength === 0) setHead(ttl);
  let t = text;
  let w = wire;
  for (let i: usize = 0; i < <usize>n; i++) {
    const fact: usize = load<u32>(facts + (i << 2));
    const host = fact + FACT_HEADER;
    const length = factLength(fact);
    copy(t, ownerText, ownerTextLength);
    t += ownerTextLength;
    copy(t, headText, headLength);
    t += headLength;
    t = putName(t, host);
    if (t === 0) return false;
    store<u8>(t++, 0x0a);
    if (!digests) continue;
    w = putRecord(w, TYPE_NS, ttl, length);
    copy(w, host, length);
    w += length;
  }
  advance(t, w);
  count(DELEGATIONS, 1);
  count(RRSETS, 1);
  count(RECORDS, n);
  return true;
}
