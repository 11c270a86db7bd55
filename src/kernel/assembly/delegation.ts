/**
 * Ordinary delegations: owners that have NS and DS records and nothing else, of a zone file or of
 * a domain object that may be delegated. They come out as the long way (zone/owner-walk.ts) has
 * them: their facts by type and RDATA, none twice.
 */

import { compare, same } from './bytes';
import {
  FACT_HEADER,
  factKind,
  factLength,
  factTtl,
  factType,
  KIND_DOMAIN,
  KIND_RECORD,
  KIND_STATUS,
  TYPE_DS,
  TYPE_NS,
} from './entries';
import { end, key, parts, partsOfKey } from './merge';
import { endsTwice, ownerLength, ownerWire } from './names';

/** More facts are left to the long way. */
const MAX_FACTS: u32 = 24;
/** Octets of a message, and of a record in it beside name and RDATA (RFC 1035 §4.1.3). */
const MAX_MESSAGE: usize = 65535;
const RR_OCTETS: usize = 255 + 10;

/** Addresses of the facts: the NS records, then the DS records. */
export const facts = memory.data(4 * 32, 16);
export let factCount: u32 = 0;
export let nsCount: u32 = 0;
/** Is there a domain object? */
export let isDomain: bool = false;
let forbidding: u32 = 0;

/** Statuses of which none may be there, as a mask. */
export function setForbidding(mask: u32): void {
  forbidding = mask;
}

/** Is what was taken last an ordinary delegation? Then its facts are in {@link facts}. */
export function isOrdinary(): bool {
  // `*` as the first label, the last of the key: no delegation at all.
  if (load<u8>(end - 2) === 0x2a && (end - 2 === key || load<u8>(end - 3) === 0)) return false;
  let n: u32 = 0;
  let ns: u32 = 0;
  let domains: u32 = 0;
  let statuses: u32 = 0;
  let needsDomain = false;
  let inOrder = true;
  let nsTtl: u32 = 0;
  let dsTtl: u32 = 0;
  let lastType: u32 = 0;
  let octets: usize = 0;
  const table = partsOfKey();
  for (let i: usize = 0; i < <usize>parts; i++) {
    let fact: usize = load<u32>(table + (i << 3));
    const stop: usize = load<u32>(table + (i << 3), 4);
    while (fact < stop) {
      const kind = factKind(fact);
      const length = factLength(fact);
      if (kind === KIND_DOMAIN) domains++;
      else if (kind === KIND_STATUS) statuses |= 1 << load<u8>(fact + FACT_HEADER);
      else {
        if (n === MAX_FACTS) return false;
        const type = factType(fact);
        const ttl = factTtl(fact);
        if (type === TYPE_NS) {
          if (ns++ === 0) nsTtl = ttl;
          else if (ttl !== nsTtl) return false;
        } else if (type === TYPE_DS) {
          if (n === ns) dsTtl = ttl;
          else if (ttl !== dsTtl) return false;
        } else return false;
        if (kind !== KIND_RECORD) needsDomain = true;
        if (inOrder && n > 0 && type <= lastType) {
          inOrder = compareFacts(load<u32>(facts + ((<usize>(n - 1)) << 2)), fact) < 0;
        }
        lastType = type;
        octets += RR_OCTETS + length;
        store<u32>(facts + ((<usize>n) << 2), <u32>fact);
        n++;
      }
      fact += FACT_HEADER + length;
    }
  }
  if (ns === 0 || octets > MAX_MESSAGE || domains > 1) return false;
  if (domains === 0 && (needsDomain || statuses !== 0)) return false;
  if ((statuses & forbidding) !== 0) return false;
  factCount = n;
  nsCount = ns;
  isDomain = domains > 0;
  if (!inOrder) sortFacts();
  return true;
}

/** By type, then RDATA as octets (RFC 4034 §6.3). */
function compareFacts(a: usize, b: usize): i32 {
  const d = <i32>factType(a) - <i32>factType(b);
  if (d !== 0) return d;
  const p = a + FACT_HEADER;
  const q = b + FACT_HEADER;
  return compare(p, p + factLength(a), q, q + factLength(b));
}

function sortFacts(): void {
  const n = <i32>factCount;
  for (let i = 1; i < n; i++) {
    const fact = load<u32>(facts + ((<usize>i) << 2));
    let j = i - 1;
    while (j >= 0 && compareFacts(load<u32>(facts + ((<usize>j) << 2)), fact) > 0) {
      store<u32>(facts + ((<usize>j) << 2), load<u32>(facts + ((<usize>j) << 2)), 4);
      j--;
    }
    store<u32>(facts + ((<usize>(j + 1)) << 2), fact);
  }
  let kept: u32 = 1;
  let ns: u32 = 1;
  for (let i: u32 = 1; i < factCount; i++) {
    const fact = load<u32>(facts + ((<usize>i) << 2));
    if (compareFacts(load<u32>(facts + ((<usize>(kept - 1)) << 2)), fact) === 0) continue;
    if (factType(fact) === TYPE_NS) ns++;
    store<u32>(facts + ((<usize>kept) << 2), fact);
    kept++;
  }
  factCount = kept;
  nsCount = ns;
}

/** Does the delegation's name server at `host` lie in the delegation itself, or seem to? */
export function isInDomain(host: usize, length: usize): bool {
  return length >= ownerLength && same(host + length - ownerLength, ownerWire, ownerLength);
}

/** Can the wire name be a name server's beyond doubt (zone/host.ts)? */
export function isHostName(name: usize, length: usize): bool {
  let p = name;
  let n: usize = load<u8>(p);
  if (n === 0) return false;
  let hasLetter = false;
  while (n !== 0) {
    const first = p + 1;
    const stop = first + n;
    if (load<u8>(first) === 0x2d || load<u8>(stop - 1) === 0x2d) return false;
    for (p = first; p < stop; p++) {
      const c = load<u8>(p);
      if (c - 0x61 < 26) hasLetter = true;
      else if (c - 0x30 >= 10 && c !== 0x2d) return false;
    }
    n = load<u8>(p);
  }
  return hasLetter && !endsTwice(name, length);
}
