/**
 * Finds the owners that have signatures in a signed zone's text, and makes entries of their
 * records: what can be kept of a previous zone (reuse/signed-owners.ts). All other lines are but
 * searched for the type RRSIG, 32 octets at a time.
 *
 * The text is that of zonewright's own writer: one record a line, absolute owners, single tabs. Of
 * an owner with a line that is not plain all lines are left to the parser; when an owner itself is
 * anything but plain and in its place, the whole range is.
 */

import { compare, copy, same } from './bytes';
import { ENTRY_HEADER, FACT_HEADER, KIND_RECORD } from './entries';
import { LF, readNumber, readRdata, readType, skipBlanks, value, written } from './fields';
import { CLASS, isPlainOwner, lineEnd, lineStart, readOwner, TAB } from './owners';

const MAX_TTL: u64 = 0x7fffffff;
/** Octets of facts in an entry; more are rare. */
const MAX_FACTS: usize = 0xffff;

/** `rrsig⇥` in two words: what is searched for, behind the class. */
const RRSI: u32 = 0x6973_7272;
const G_TAB: u32 = 0x0967;
const RRSIG_LENGTH: usize = 10;

/** What is left of the text. */
let at: usize = 0;
let textEnd: usize = 0;
/** Where the next entry goes, and how many there are. */
let out: usize = 0;
let entries: u32 = 0;
/** The owner's key, and the one's before; the buffers change places. */
let key: usize = memory.data(512);
let keyLength: usize = 0;
let lastKey: usize = memory.data(512);
let lastLength: usize = 0;
/** Was there an owner before? If not, the last key is the first that is allowed. */
let hasLast: bool = false;
/** The lines that are left to the parser. */
let linesBegin: usize = 0;
let linesEnd: usize = 0;

/** `scanSigned` is at the text's end. */
const DONE: i32 = 0;
/** An owner's lines are left to the parser. */
const OTHER: i32 = 1;
/** The whole range is. */
const ODD: i32 = 2;

/**
 * Begins a range.
 *
 * @param text whole lines, up to `end`.
 * @param to where the entries go: room for twice as many octets as the text has, and 4 KiB.
 * @param from key that no owner's is below, 512 octets at most.
 */
export function enterSigned(
  text: usize,
  end: usize,
  to: usize,
  from: usize,
  fromLength: usize,
): void {
  at = text;
  textEnd = end;
  out = to;
  entries = 0;
  memory.copy(lastKey, from, fromLength);
  lastLength = fromLength;
  hasLast = false;
}

export function signedEnd(): usize {
  return out;
}
export function signedCount(): u32 {
  return entries;
}
export function signedLines(): usize {
  return linesBegin;
}
export function signedLinesEnd(): usize {
  return linesEnd;
}
/** The key of the last owner, and its octets: 0 also when there was none. */
export function signedKey(): usize {
  return lastKey;
}
export function signedKeyLength(): usize {
  return hasLast ? lastLength : 0;
}

/** Goes on to the end, or to an owner whose lines are not all plain. */
export function scanSigned(): i32 {
  for (let hit = findRrsig(at, textEnd); hit < textEnd; hit = findRrsig(at, textEnd)) {
    const owner = lineStart(hit, at);
    let ownerEnd = owner;
    while (<u32>load<u8>(ownerEnd) !== TAB) ownerEnd++;
    const n = readOwner(owner, ownerEnd, key);
    if (n < 0) return ODD;
    keyLength = n;
    // With the tab behind it.
    const length = ownerEnd + 1 - owner;
    let begin = owner;
    while (begin > at) {
      const before = lineStart(begin - 1, at);
      if (!same(before, owner, length)) break;
      // NS is signed at the apex only, and glue before it nowhere.
      if (keyLength > 0 && hasType(before + length, 0x6e)) break;
      begin = before;
    }
    let end = lineEnd(hit);
    while (end < textEnd && same(end, owner, length)) end = lineEnd(end);
    if (!isWhole(begin, end, owner, length)) return ODD;
    if (!isInOrder()) return ODD;
    at = end;
    if (readLines(begin, end, length)) continue;
    if (!haveTtls(begin, end, length)) return ODD;
    linesBegin = begin;
    linesEnd = end;
    return OTHER;
  }
  return DONE;
}

/** Has each line a TTL? Else it would be that of whatever line is parsed before. */
function haveTtls(begin: usize, end: usize, length: usize): bool {
  for (let line = begin; line < end; line = lineEnd(line)) {
    if (<u32>load<u8>(line + length) - 0x30 > 9) return false;
  }
  return true;
}

/** Where `⇥in⇥rrsig⇥` is in `[p, end)`; `end`: nowhere. */
function findRrsig(from: usize, end: usize): usize {
  if (end < from + RRSIG_LENGTH) return end;
  const r = i8x16.splat(0x72);
  const s = i8x16.splat(0x73);
  const tab = i8x16.splat(0x09);
  const last = end - RRSIG_LENGTH;
  let p = from;
  while (p <= last) {
    const a = v128.and(
      v128.and(i8x16.eq(v128.load(p, 4), r), i8x16.eq(v128.load(p, 6), s)),
      i8x16.eq(v128.load(p, 9), tab),
    );
    const b = v128.and(
      v128.and(i8x16.eq(v128.load(p, 20), r), i8x16.eq(v128.load(p, 22), s)),
      i8x16.eq(v128.load(p, 25), tab),
    );
    if (v128.any_true(v128.or(a, b))) {
      let hits = <u32>i8x16.bitmask(a) | ((<u32>i8x16.bitmask(b)) << 16);
      for (; hits !== 0; hits &= hits - 1) {
        const q = p + ctz(hits);
        if (q > last) break;
        const isType = load<u32>(q, 4) === RRSI && <u32>load<u16>(q, 8) === G_TAB;
        if (isType && load<u32>(q) === CLASS) return q;
      }
    }
    p += 32;
  }
  return end;
}

/** Does a line go on, behind its owner, with a TTL and the type NS (`first` is n) or DS? */
function hasType(p: usize, first: u32): bool {
  while (<u32>load<u8>(p) - 0x30 <= 9) p++;
  return (
    <u32>load<u8>(p, 4) === first && <u32>load<u8>(p, 5) === 0x73 && <u32>load<u8>(p, 6) === TAB
  );
}

/** Does the owner come after the one before? It is the last one then. */
function isInOrder(): bool {
  const d = compare(key, key + keyLength, lastKey, lastKey + lastLength);
  if (hasLast ? d <= 0 : d < 0) return false;
  hasLast = true;
  const free = lastKey;
  lastKey = key;
  lastLength = keyLength;
  key = free;
  return true;
}

/** Is nothing left out of the owner's signed RRsets? See reuse/sorted-file.ts. */
function isWhole(begin: usize, end: usize, owner: usize, length: usize): bool {
  let first = begin;
  while (first > at) {
    const before = lineStart(first - 1, at);
    if (!same(before, owner, length)) {
      if (!isPlainOwner(before)) return false;
      break;
    }
    // What stands before NS at a cut is glue.
    if (hasType(before + length, 0x64)) return false;
    first = before;
  }
  return end === textEnd || isPlainOwner(end);
}

// ---- records -----------------------------------------------------------------------------------

/** Makes an entry of the lines `[begin, end)` of the owner, if they are all plain. */
function readLines(begin: usize, end: usize, length: usize): bool {
  store<u16>(out, <u16>lastLength, 4);
  let fact = out + ENTRY_HEADER;
  copy(fact, lastKey, lastLength);
  fact += lastLength;
  const facts = fact;
  for (let p = begin; p < end; p++) {
    p = readNumber(p + length, MAX_TTL);
    if (p === 0 || load<u32>(p) !== CLASS) return false;
    const ttl = value;
    p = readType(p + 4);
    if (p === 0) return false;
    const type = value;
    p = skipBlanks(p);
    if (p === 0) return false;
    const rdata = fact + FACT_HEADER;
    p = readRdata(type, p, rdata);
    if (p === 0 || <u32>load<u8>(p) !== LF) return false;
    store<u8>(fact, KIND_RECORD);
    store<u16>(fact, type, 1);
    store<u16>(fact, written - rdata, 3);
    store<u32>(fact, ttl, 5);
    // Its place is of no interest.
    store<u32>(fact, 0, 9);
    store<u8>(fact, 0, 13);
    fact = written;
  }
  if (fact - facts > MAX_FACTS) return false;
  store<u32>(out, fact - facts);
  out = (fact + 3) & ~3;
  entries++;
  return true;
}
