/**
 * The one signature over an RRset, as verification's short way checks it: what an RRSIG says is
 * held against the RRset here, by the rules of verify/signatures.ts; what is signed is built, and
 * a job made of it, so that the bits are checked later, many at once.
 */

import { copy, same } from './bytes';
import { FACT_HEADER, factLength, factTtl, factType } from './entries';
import { apex, apexLabels, apexLength, ownerDepth, ownerLength, ownerWire } from './names';
import { putRecord } from './output';
import { sha256 } from './sha256';
import {
  ALGORITHM,
  DATA,
  DATA_SIZE,
  DATA_START,
  JOB_LIMIT,
  JOB_TABLE,
  JOBS,
  KEY_TABLE,
  KEYS,
  LEAST_LIFE,
  NOW,
  SIGNATURES,
  tally,
} from './verify-state';

/** Octets of an RRSIG before the signer's name. */
const FIXED: usize = 18;
const RR_HEADER: usize = 10;

/**
 * A job; verify/signatures.ts has the same. Words: where what is signed ends and where its
 * signature, which is right behind it, ends, from the data's start; the owner's key and its
 * length; the type covered; the RRSIG's fact; the index of the key; one that is not used; the
 * SHA-256 of what is signed.
 */
const JOB: usize = 64;

/** Of the signature looked at last: the key's index, and seconds until it expires. */
let signer: u32 = 0;
let life: i32 = 0;

/** Does nothing that the RRSIG says speak against it, and is its key one that can be asked? */
export function isLawful(s: usize, rrsig: usize, rrset: usize): bool {
  const p = rrsig + FACT_HEADER;
  const length = factLength(rrsig);
  if (length < FIXED + apexLength || !same(p + FIXED, apex, apexLength)) return false;
  if (<u32>bswap(load<u16>(p)) !== factType(rrset)) return false;
  // An asterisk as the first label is not counted.
  if (load<u16>(ownerWire) === 0x2a01) return false;
  if (<u32>load<u8>(p, 3) !== ownerDepth + apexLabels) return false;
  if (bswap(load<u32>(p, 4)) !== factTtl(rrset)) return false;
  const now = load<u32>(s, NOW);
  const expiration = bswap(load<u32>(p, 8));
  const inception = bswap(load<u32>(p, 12));
  life = <i32>(expiration - now);
  if (life < 0 || <i32>(expiration - inception) < 0 || <i32>(now - inception) < 0) return false;
  const algorithm = <u32>load<u8>(p, 2);
  if (algorithm !== load<u32>(s, ALGORITHM)) return false;
  const key = <u32>bswap(load<u16>(p, 16)) | (algorithm << 16);
  const table = s + KEY_TABLE;
  const stop = table + ((<usize>load<u32>(s, KEYS)) << 3);
  for (let at = table; at < stop; at += 8) {
    if (load<u32>(at) !== key) continue;
    signer = load<u32>(at, 4);
    return true;
  }
  return false;
}

/** Is there room for the job of an RRset with so many records and octets of facts? */
export function hasRoomForJob(s: usize, records: usize, octets: usize): bool {
  if (load<u32>(s, JOBS) === load<u32>(s, JOB_LIMIT)) return false;
  const need = FIXED + apexLength + records * (ownerLength + RR_HEADER) + octets + 16;
  return <usize>load<u32>(s, DATA) + need <= <usize>load<u32>(s, DATA_SIZE);
}

/** Is any job made, so that there will be more room when they are taken away? */
export function hasJobs(s: usize): bool {
  return load<u32>(s, JOBS) !== 0;
}

/**
 * Makes the job of the signature that was lawful last.
 *
 * @param facts addresses of the RRset's facts, of which there are `count`.
 */
export function makeJob(
  s: usize,
  key: usize,
  keyLength: usize,
  rrsig: usize,
  facts: usize,
  count: usize,
): void {
  const start: usize = load<u32>(s, DATA_START);
  const data = start + <usize>load<u32>(s, DATA);
  const p = rrsig + FACT_HEADER;
  const fields = FIXED + apexLength;
  let d = data;
  copy(d, p, fields);
  d += fields;
  let type: u32 = 0;
  for (let i: usize = 0; i < count; i++) {
    const fact: usize = load<u32>(facts + (i << 2));
    const length = factLength(fact);
    type = factType(fact);
    d = putRecord(d, type, factTtl(fact), length);
    copy(d, fact + FACT_HEADER, length);
    d += length;
  }
  const octets = factLength(rrsig) - fields;
  copy(d, p + fields, octets);
  const n = load<u32>(s, JOBS);
  const job = <usize>load<u32>(s, JOB_TABLE) + <usize>n * JOB;
  store<u32>(job, <u32>(d - start));
  store<u32>(job, <u32>(d + octets - start), 4);
  store<u32>(job, <u32>key, 8);
  store<u32>(job, <u32>keyLength, 12);
  store<u32>(job, type, 16);
  store<u32>(job, <u32>rrsig, 20);
  store<u32>(job, signer, 24);
  sha256(data, d - data, job + 32);
  store<u32>(s, n + 1, JOBS);
  store<u32>(s, <u32>(d + octets - start), DATA);
  tally(s, SIGNATURES, 1);
  if (life < load<i32>(s, LEAST_LIFE)) store<i32>(s, life, LEAST_LIFE);
}
