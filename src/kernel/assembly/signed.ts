/**
 * Signed RRsets: writes the records of secure delegations and of the NSEC3 chain with their RRSIG
 * records, one each (RFC 4034 §3). Where a signature is yet to be made, room is left for it and
 * what is to be signed is noted.
 */

import { copy } from './bytes';
import { factCount, facts, nsCount } from './delegation';
import {
  FACT_HEADER,
  factLength,
  factTtl,
  TYPE_DS,
  TYPE_NS,
  TYPE_NSEC3,
  TYPE_RRSIG,
} from './entries';
import { findKept, noteKept } from './kept';
import {
  apex,
  apexLength,
  apexText,
  apexTextLength,
  ownerLength,
  ownerWire,
  putName,
  readOwner,
} from './names';
import { hashOfDigits } from './nsec3';
import {
  advance,
  hasTextRoom,
  putBase64,
  putHex,
  putNumber,
  putOwner,
  putRecord,
  text,
  textStart,
  wire,
  wireStart,
} from './output';
import { putTime } from './times';

/** Octets of an RRSIG's RDATA before the signer's name. */
const FIXED: usize = 18;
/** Octets of RDATA that an RRset may have here; larger ones are rare. */
const MAX_RDATA: usize = 2048;
/** Room for any RRset and its signature. */
const ROOM: usize = 24 * 2200;
const NOWHERE: u32 = ~0;

/** What writing comes to; `Done` of zone/kernel-source.ts. */
const OTHER: i32 = 0;
const DONE: i32 = 1;
const FULL: i32 = 2;

let algorithm: u32 = 0;
let tag: u32 = 0;
let signatureLength: usize = 0;
let inception: u32 = 0;
let expiration: u32 = 0;
let jitter: u32 = 0;
let digests: bool = false;
/** Signatures expire earlier than they could by so many seconds at most. */
export let mostJitter: u32 = 0;

/** Jobs: u32 beginning and end of what is to be signed, where in text and wire the signature goes. */
let jobs: usize = 0;
let jobsEnd: usize = 0;
let job: usize = 0;
let data: usize = 0;
let dataStop: usize = 0;
let dataEnd: usize = 0;

/** NSEC3 RDATA up to the next hashed owner, and its text. */
const nsec3Head = memory.data(512, 16);
let nsec3HeadLength: usize = 0;
const nsec3Text = memory.data(1024, 16);
let nsec3TextLength: usize = 0;
let denialTtl: u32 = 0;
const rrsig = memory.data(512, 16);
/** An NSEC3 record as a fact, and the table of facts that holds it. */
const nsec3Fact = memory.data(1024, 16);
const nsec3 = nsec3Fact + FACT_HEADER;
const nsec3Facts = memory.data(16, 16);
store<u32>(nsec3Facts, <u32>nsec3Fact);

/** Gives the memory for jobs, and for what is to be signed. */
export function openJobs(jobsAt: usize, jobsSize: usize, dataAt: usize, dataSize: usize): void {
  jobs = jobsAt;
  jobsEnd = jobsAt + jobsSize;
  data = dataAt;
  dataStop = dataAt + dataSize;
  clearJobs();
}

export function clearJobs(): void {
  job = jobs;
  dataEnd = data;
}

/** Octets of {@link jobs} in use. */
export function jobsLength(): usize {
  return job - jobs;
}
export function dataLength(): usize {
  return dataEnd - data;
}

/** How signatures are made (sign/rrsigs.ts); times are modulo 2^32. */
export function setSigner(
  algorithmNumber: u32,
  keyTag: u32,
  length: usize,
  from: u32,
  until: u32,
  spread: u32,
  digest: bool,
): void {
  algorithm = algorithmNumber;
  tag = keyTag;
  signatureLength = length;
  inception = from;
  expiration = until;
  jitter = spread;
  digests = digest;
  mostJitter = 0;
}

/** The NSEC3 parameters: RDATA and text up to the next hashed owner. */
export function setChain(
  ttl: u32,
  head: usize,
  headLength: usize,
  line: usize,
  lineLength: usize,
): void {
  denialTtl = ttl;
  memory.copy(nsec3Head, head, headLength);
  nsec3HeadLength = headLength;
  memory.copy(nsec3Text, line, lineLength);
  nsec3TextLength = lineLength;
}

/** Is there room for another signed RRset? */
export function hasRoomToSign(): bool {
  return hasTextRoom(ROOM) && job + 16 <= jobsEnd && dataEnd + ROOM <= dataStop;
}

/** Seconds by which a signature expires early (RrsetSigner.jitter). */
function jitterOf(type: u32): u32 {
  if (jitter === 0) return 0;
  let h: u32 = 0x811c9dc5;
  for (let p = ownerWire; p < ownerWire + ownerLength; p++) h = (h ^ load<u8>(p)) * 0x01000193;
  h = (h ^ (type >> 8)) * 0x01000193;
  h = (h ^ (type & 0xff)) * 0x01000193;
  h ^= h >> 15;
  h *= 0x2c1b3c6d;
  h ^= h >> 13;
  return h % (jitter + 1);
}

/** Labels of the owner. */
function countLabels(): u32 {
  let labels: u32 = 0;
  let p = ownerWire;
  for (let n: usize = load<u8>(p); n !== 0; n = load<u8>(p)) {
    labels++;
    p += n + 1;
  }
  return labels;
}

/** Makes the RDATA of a new RRSIG, but for the signature. */
function makeRrsig(type: u32, ttl: u32): void {
  const early = jitterOf(type);
  if (early > mostJitter) mostJitter = early;
  store<u16>(rrsig, bswap(<u16>type));
  store<u8>(rrsig, <u8>algorithm, 2);
  store<u8>(rrsig, <u8>countLabels(), 3);
  store<u32>(rrsig, bswap(ttl), 4);
  store<u32>(rrsig, bswap(expiration - early), 8);
  store<u32>(rrsig, bswap(inception), 12);
  store<u16>(rrsig, bswap(<u16>tag), 16);
  copy(rrsig + FIXED, apex, apexLength);
}

/** The RDATA of the RRSIG that the RRset keeps, or 0; it counts as kept. */
function findKeptOf(key: usize, end: usize, type: u32, ttl: u32, rrset: usize, count: u32): usize {
  const labels = countLabels();
  const kept = findKept(key, end, type, ttl, rrset, count, algorithm, tag, labels, signatureLength);
  if (kept !== 0) noteKept();
  return kept;
}

/** Writes the line of an RRSIG record up to its signature. `type`: eight octets, with a space. */
function putRrsig(o: usize, rdata: usize, ttl: u32, type: u64, typeLength: usize): usize {
  o = putOwner(o, ttl);
  // rrsig \t
  store<u64>(o, 0x0967_6973_7272);
  store<u64>(o + 6, type);
  o += 6 + typeLength;
  o = putNumber(o, load<u8>(rdata, 2));
  store<u8>(o++, 0x20);
  o = putNumber(o, load<u8>(rdata, 3));
  store<u8>(o++, 0x20);
  o = putNumber(o, bswap(load<u32>(rdata, 4)));
  store<u8>(o++, 0x20);
  o = putTime(o, bswap(load<u32>(rdata, 8)));
  store<u8>(o++, 0x20);
  o = putTime(o, bswap(load<u32>(rdata, 12)));
  store<u8>(o++, 0x20);
  o = putNumber(o, bswap(load<u16>(rdata, 16)));
  store<u8>(o++, 0x20);
  if (apexTextLength === 0) store<u8>(o++, 0x2e);
  copy(o, apexText, apexTextLength);
  o += apexTextLength;
  store<u8>(o++, 0x20);
  return o;
}

/**
 * Writes the line of the RRSIG record, whose RDATA is `kept` or that of {@link makeRrsig}, with
 * room for a signature that is yet to be made; returns where it ends.
 */
function putSignature(t: usize, kept: usize, ttl: u32, type: u64, typeLength: usize): usize {
  const rdata = kept === 0 ? rrsig : kept;
  const header = FIXED + apexLength;
  t = putRrsig(t, rdata, ttl, type, typeLength);
  if (kept === 0) {
    store<u32>(job, <u32>(t - textStart), 8);
    t += ((signatureLength + 2) / 3) << 2;
  } else {
    t = putBase64(t, kept + header, signatureLength);
  }
  store<u8>(t++, 0x0a);
  return t;
}

/** Writes the RRSIG record in wire form; returns where it ends. */
function putSignatureWire(w: usize, kept: usize, ttl: u32): usize {
  const rdata = kept === 0 ? rrsig : kept;
  const header = FIXED + apexLength;
  w = putRecord(w, TYPE_RRSIG, ttl, header + signatureLength);
  copy(w, rdata, header);
  w += header;
  if (kept === 0) store<u32>(job, <u32>(w - wireStart), 12);
  else copy(w, kept + header, signatureLength);
  return w + signatureLength;
}

/** Begins a job; what is signed begins with the RRSIG's RDATA (RFC 4034 §3.1.8.1). */
function openJob(): usize {
  store<u32>(job, <u32>(dataEnd - data));
  store<u32>(job, NOWHERE, 12);
  const header = FIXED + apexLength;
  copy(dataEnd, rrsig, header);
  return dataEnd + header;
}

function closeJob(end: usize): void {
  store<u32>(job, <u32>(end - data), 4);
  dataEnd = end;
  job += 16;
}

/** Writes the secure delegation that the walk has returned. */
export function writeSecure(key: usize, end: usize): i32 {
  if (!hasRoomToSign()) return FULL;
  if (!readOwner(key, end)) return OTHER;
  let octets: usize = 0;
  for (let i: usize = nsCount; i < <usize>factCount; i++) {
    const length = factLength(load<u32>(facts + (i << 2)));
    if (length < 5) return OTHER;
    octets += length;
  }
  if (octets > MAX_RDATA) return OTHER;
  let t = text;
  let w = wire;
  const nsTtl = factTtl(load<u32>(facts));
  const ns = <usize>nsCount;
  for (let i: usize = 0; i < ns; i++) {
    const fact: usize = load<u32>(facts + (i << 2));
    const host = fact + FACT_HEADER;
    t = putOwner(t, nsTtl);
    // ns \t
    store<u32>(t, 0x0009736e);
    t = putName(t + 3, host);
    if (t === 0) return OTHER;
    store<u8>(t++, 0x0a);
    if (!digests) continue;
    const length = factLength(fact);
    w = putRecord(w, TYPE_NS, nsTtl, length);
    copy(w, host, length);
    w += length;
  }
  const ttl = factTtl(load<u32>(facts + (ns << 2)));
  const dsFacts = facts + (ns << 2);
  const kept = findKeptOf(key, end, TYPE_DS, ttl, dsFacts, factCount - nsCount);
  if (kept === 0) makeRrsig(TYPE_DS, ttl);
  let d = kept === 0 ? openJob() : 0;
  for (let i: usize = ns; i < <usize>factCount; i++) {
    const fact: usize = load<u32>(facts + (i << 2));
    const rdata = fact + FACT_HEADER;
    const length = factLength(fact);
    t = putOwner(t, ttl);
    // ds \t
    store<u32>(t, 0x00097364);
    t = putNumber(t + 3, bswap(load<u16>(rdata)));
    store<u8>(t++, 0x20);
    t = putNumber(t, load<u8>(rdata, 2));
    store<u8>(t++, 0x20);
    t = putNumber(t, load<u8>(rdata, 3));
    store<u8>(t++, 0x20);
    t = putHex(t, rdata + 4, length - 4);
    store<u8>(t++, 0x0a);
    if (digests) {
      w = putRecord(w, TYPE_DS, ttl, length);
      copy(w, rdata, length);
      w += length;
    }
    if (kept !== 0) continue;
    d = putRecord(d, TYPE_DS, ttl, length);
    copy(d, rdata, length);
    d += length;
  }
  // DS and a space.
  t = putSignature(t, kept, ttl, 0x205344, 3);
  if (digests) w = putSignatureWire(w, kept, ttl);
  if (kept === 0) closeJob(d);
  advance(t, w);
  return DONE;
}

/**
 * Writes an NSEC3 record beside which nothing is at the owner.
 *
 * @param key the owner's sort key, `keyEnd` where it ends.
 * @param next digits of the next hashed owner.
 * @param secure its types are NS, DS and RRSIG; false: NS alone.
 */
export function writeNsec3(key: usize, keyEnd: usize, next: usize, secure: bool): i32 {
  if (!hasRoomToSign()) return FULL;
  if (!readOwner(key, keyEnd)) return OTHER;
  let p = nsec3 + nsec3HeadLength;
  memory.copy(nsec3, nsec3Head, nsec3HeadLength);
  store<u8>(p++, 20);
  if (!hashOfDigits(next, p)) return OTHER;
  p += 20;
  // Types NS, DS and RRSIG, or NS (RFC 4034 §4.1.2).
  store<u64>(p, secure ? 0x1200_0000_0020_0600 : 0x20_0100);
  p += secure ? 8 : 3;
  const length = p - nsec3;
  let d: usize = 0;
  store<u16>(nsec3Fact, <u16>length, 3);
  const kept = findKeptOf(key, keyEnd, TYPE_NSEC3, denialTtl, nsec3Facts, 1);
  if (kept === 0) {
    makeRrsig(TYPE_NSEC3, denialTtl);
    d = putRecord(openJob(), TYPE_NSEC3, denialTtl, length);
    copy(d, nsec3, length);
  }
  let t = putOwner(text, denialTtl);
  // nsec3 \t
  store<u64>(t, 0x0933_6365_736e);
  t += 6;
  copy(t, nsec3Text, nsec3TextLength);
  t += nsec3TextLength;
  memory.copy(t, next, 32);
  t += 32;
  // NS, or NS DS RRSIG, with spaces before.
  store<u32>(t, 0x00534e20);
  t += 3;
  if (secure) {
    store<u32>(t, 0x20534420);
    store<u32>(t, 0x49535252, 4);
    store<u8>(t, 0x47, 8);
    t += 9;
  }
  store<u8>(t++, 0x0a);
  t = putSignature(t, kept, denialTtl, 0x2033_4345_534e, 6);
  let w = wire;
  if (digests) {
    w = putSignatureWire(w, kept, denialTtl);
    w = putRecord(w, TYPE_NSEC3, denialTtl, length);
    copy(w, nsec3, length);
    w += length;
  }
  if (kept === 0) closeJob(d + length);
  advance(t, w);
  return DONE;
}
