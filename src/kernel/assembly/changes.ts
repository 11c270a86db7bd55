/**
 * In which lines two texts of the same range of a zone differ: an older one that was left lying
 * about, and what zonewright has just written in its place. Most lines are the same octets on both
 * sides and need no more than that. What is left are units (diff/side.ts), whole, on the one side,
 * the other or both: a delegation with all below its cut, or any other owner. What a signer makes
 * counts for nothing.
 *
 * The newer text is taken on trust. Of the older one the same lines are as good, and the others are
 * read by the caller, who judges them; here their owners must be plain and in order.
 */

import { compare, same } from './bytes';
import { CLASS, lineEnd, readOwner, TAB } from './owners';

/** `rrsig⇥`, `nsec⇥`, `nsec3⇥` and `ns⇥`: types as they stand in a line, first octet lowest. */
const RRSIG: u64 = 0x0967_6973_7272;
const NSEC: u64 = 0x09_6365_736e;
const NSEC3: u64 = 0x0933_6365_736e;
const NS: u64 = 0x09_736e;
/** `type`, before a number. */
const TYPE_NUMBER: u32 = 0x6570_7974;
const DOT: u32 = 0x2e;
const BACKSLASH: u32 = 0x5c;

/** A side: where the next line is, where its unit begins, and where the text ends. What differs is
 * moved to the front of the text, up to `out`. */
let old: usize = 0;
let oldUnit: usize = 0;
let oldEnd: usize = 0;
let oldOut: usize = 0;
let now: usize = 0;
let nowUnit: usize = 0;
let nowEnd: usize = 0;
let nowOut: usize = 0;

/** The unit that both sides are in, the same so far: its first owner, which has the octets
 * `[top, top + topLength)` with the tab behind it. 0: none. */
let top: usize = 0;
let topLength: usize = 0;
/** Octets of the apex as an owner, with the tab. */
let apexLength: usize = 0;
/** Has that owner an NS record, and is not the apex? */
let isCut: bool = false;
let delegations: u32 = 0;
/** The unit of the older side that ended last; 0: none. */
let lastOld: usize = 0;
/** Is there an owner of which can't be said what it is? */
let isOdd: bool = false;

const KEY: usize = memory.data(512);
const OTHER_KEY: usize = memory.data(512);

/** `scanChanges` was at both ends; or the range is left to the caller. */
const DONE: i32 = 0;
const ODD: i32 = 1;

/**
 * Says where the texts lie, both whole lines; they are used up.
 *
 * @param apexText octets of the apex as text: no other owner has so few, and it is no cut.
 */
export function openChanges(
  older: usize,
  olderEnd: usize,
  newer: usize,
  newerEnd: usize,
  apexText: usize,
): void {
  apexLength = apexText + 1;
  old = oldOut = older;
  oldEnd = olderEnd;
  now = nowOut = newer;
  nowEnd = newerEnd;
  top = 0;
  delegations = 0;
  lastOld = 0;
  isOdd = false;
}

/** Where the lines end that are left of the older text, and of the newer one. */
export function changedEnd(): usize {
  return oldOut;
}
export function newEnd(): usize {
  return nowOut;
}
/** Delegations among the units that are the same. */
export function sameDelegations(): u32 {
  return delegations;
}

/**
 * Compares the texts.
 *
 * @param from the key that none of the older text's is below, and `to` the one that all are below;
 *   empty: no bound.
 */
export function scanChanges(from: usize, fromLength: usize, to: usize, toLength: usize): i32 {
  while (true) {
    if (now < nowEnd) {
      const length = lineEnd(now) - now;
      if (old + length <= oldEnd && same(old, now, length)) {
        takeSame();
        old += length;
        now += length;
        continue;
      }
    }
    const oldLine = old;
    const nowLine = now;
    while (old < oldEnd && isMade(typeOf(old))) old = lineEnd(old);
    while (now < nowEnd && isMade(typeOf(now))) now = lineEnd(now);
    if (old !== oldLine || now !== nowLine) continue;
    if (top !== 0) {
      const isOld = old < oldEnd && isInUnit(old);
      const isNow = now < nowEnd && isInUnit(now);
      if (isOdd) return ODD;
      if (isOld || isNow) {
        top = 0;
        lastOld = oldOut;
        takeOld(oldUnit);
        takeNow(nowUnit);
        if (isOdd) return ODD;
        continue;
      }
      endUnit();
    }
    if (now === nowEnd && old === oldEnd) return isOdd ? ODD : DONE;
    let d: i32 = now === nowEnd ? -1 : 1;
    if (old < oldEnd) {
      const n = readOwner(old, ownerEnd(old), KEY);
      if (n < 0) return ODD;
      if (!isInPlace(n, from, fromLength, to, toLength)) return ODD;
      if (now < nowEnd) {
        const m = readOwner(now, ownerEnd(now), OTHER_KEY);
        if (m < 0) return ODD;
        d = compare(KEY, KEY + n, OTHER_KEY, OTHER_KEY + m);
      }
    }
    if (d <= 0) {
      lastOld = oldOut;
      takeOld(old);
    }
    if (d >= 0) takeNow(now);
    if (isOdd) return ODD;
  }
}

/** Takes a line that both sides have. */
function takeSame(): void {
  const isSame = top !== 0 && same(now, top, topLength);
  // All that matters of such a line is known.
  if (isSame && isCut) return;
  const owner = isSame ? now + topLength - 1 : ownerEnd(now);
  const type = typeBehind(owner);
  if (isMade(type)) return;
  if (!isSame && (top === 0 || !isInUnit(now))) {
    if (top !== 0) endUnit();
    top = now;
    topLength = owner + 1 - now;
    isCut = false;
    oldUnit = old;
    nowUnit = now;
  } else if (!isSame) return;
  if (!isCut && isNs(type)) isCut = topLength !== apexLength;
}

/** Ends a unit that is the same on both sides. */
function endUnit(): void {
  if (isCut) delegations++;
  lastOld = oldUnit;
  top = 0;
}

/** Is the owner of a line that of the unit, or below its cut? */
function isInUnit(line: usize): bool {
  if (same(line, top, topLength)) return true;
  if (!isCut) return false;
  const below = ownerEnd(line) + 1 - topLength;
  if (below <= line || !same(below, top, topLength)) return false;
  if (<u32>load<u8>(below - 1) !== DOT) return false;
  if (below - 1 > line && <u32>load<u8>(below - 2) === BACKSLASH) isOdd = true;
  return true;
}

/** Moves the unit that begins at `line` to what is left of the older text, and goes behind it. */
function takeOld(line: usize): void {
  old = unitEnd(line, oldEnd);
  memory.copy(oldOut, line, old - line);
  oldOut += old - line;
}

function takeNow(line: usize): void {
  now = unitEnd(line, nowEnd);
  memory.copy(nowOut, line, now - line);
  nowOut += now - line;
}

/** Where the unit ends whose first line this is. */
function unitEnd(line: usize, end: usize): usize {
  top = line;
  topLength = ownerEnd(line) + 1 - line;
  isCut = false;
  let p = line;
  while (p < end && isInUnit(p)) {
    if (!isCut && isNs(typeOf(p))) isCut = topLength !== apexLength;
    if (!isPlain(p)) isOdd = true;
    p = lineEnd(p);
  }
  // An owner that only a signer could have put there does not part a unit: it is not in order.
  let q = p;
  while (q < end && isMade(typeOf(q))) q = lineEnd(q);
  if (q > p && q < end && isInUnit(q)) isOdd = true;
  top = 0;
  return p;
}

/**
 * Does the older side's owner, whose key has `n` octets, come after the one before, and is it in
 * the range?
 */
function isInPlace(n: usize, from: usize, fromLength: usize, to: usize, toLength: usize): bool {
  if (compare(KEY, KEY + n, from, from + fromLength) < 0) return false;
  if (toLength > 0 && compare(KEY, KEY + n, to, to + toLength) >= 0) return false;
  if (lastOld === 0) return true;
  const m = readOwner(lastOld, ownerEnd(lastOld), OTHER_KEY);
  return m >= 0 && compare(OTHER_KEY, OTHER_KEY + m, KEY, KEY + n) < 0;
}

/** Where the owner of a line ends: at a tab, or where the line does. */
function ownerEnd(line: usize): usize {
  const last = i8x16.splat(0x0a);
  let p = line;
  while (true) {
    const hits = <u32>i8x16.bitmask(i8x16.le_u(v128.load(p), last));
    if (hits !== 0) return p + ctz(hits);
    p += 16;
  }
}

/** A line's type and what stands behind it, eight octets; 0: the line has another form. */
function typeOf(line: usize): u64 {
  return typeBehind(ownerEnd(line));
}

function typeBehind(owner: usize): u64 {
  let p = owner;
  if (<u32>load<u8>(p) !== TAB) return 0;
  p++;
  while (<u32>load<u8>(p) - 0x30 <= 9) p++;
  return load<u32>(p) === CLASS ? load<u64>(p, 4) : 0;
}

/**
 * Has a line a TTL, a class and a type as zonewright writes them? It may be NS in another form, or
 * without a TTL, which would be that of whatever line is read before.
 */
function isPlain(line: usize): bool {
  let p = ownerEnd(line) + 1;
  if (<u32>load<u8>(p) - 0x30 > 9) return false;
  const type = typeOf(line);
  if (type === 0 || <u32>type === TYPE_NUMBER) return false;
  while (<u32>load<u8>(p) !== TAB) p++;
  for (p += 4; <u32>load<u8>(p) !== TAB; p++) {
    const c = <u32>load<u8>(p);
    if (c - 0x61 > 25 && c - 0x30 > 9) return false;
  }
  return true;
}

function isNs(type: u64): bool {
  return (type & 0xff_ffff) === NS;
}

/** Does a signer make records of the type, whoever the owner is? */
function isMade(type: u64): bool {
  const six = type & 0xffff_ffff_ffff;
  return six === RRSIG || six === NSEC3 || (type & 0xff_ffff_ffff) === NSEC;
}
