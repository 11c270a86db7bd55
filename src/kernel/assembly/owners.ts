/** Lines of a signed zone's text, and their owners. */

import { copy, same } from './bytes';
import { LABELS, labelCount, nameLength, readName } from './fields';

export const TAB: u32 = 0x09;
const SPACE: u32 = 0x20;
const BACKSLASH: u32 = 0x5c;

/** `⇥in⇥`. */
export const CLASS: u32 = 0x096e_6909;

/** The apex's wire name. */
let apex: usize = 0;
let apexLength: usize = 0;
let apexLabels: i32 = 0;

/** The wire name of an owner. */
const NAME: usize = memory.data(320);

/** Says which zone it is: its wire name, and how many labels that has. */
export function openOwners(wire: usize, length: usize, labels: i32): void {
  apex = wire;
  apexLength = length;
  apexLabels = labels;
}

/** Where the line begins in which `p` lies, not before `from`. */
export function lineStart(p: usize, from: usize): usize {
  const lf = i8x16.splat(0x0a);
  while (p > from) {
    // The octet before `p` is the highest.
    const hits = <u32>i8x16.bitmask(i8x16.eq(v128.load(p - 16), lf));
    if (hits !== 0) return max(p - 16 + (32 - clz(hits)), from);
    p -= 16;
  }
  return from;
}

/** Where the line ends in which `p` lies. */
export function lineEnd(p: usize): usize {
  const lf = i8x16.splat(0x0a);
  while (true) {
    const hits = <u32>i8x16.bitmask(i8x16.eq(v128.load(p), lf));
    if (hits !== 0) return p + ctz(hits) + 1;
    p += 16;
  }
}

/** Reads a plain owner of the zone, which ends at `end`: its key's octets, or -1. */
export function readOwner(owner: usize, end: usize, key: usize): i32 {
  if (!isPlainOwner(owner) || readName(owner, NAME) !== end) return -1;
  const own = labelCount - apexLabels;
  if (own < 0 || nameLength < apexLength) return -1;
  const from = nameLength - apexLength;
  const begin: usize = own < labelCount ? load<u8>(LABELS + own) : nameLength - 1;
  if (begin !== from || !same(NAME + from, apex, apexLength)) return -1;
  let o = key;
  for (let l = own - 1; l >= 0; l--) {
    const label = NAME + load<u8>(LABELS + l);
    const n: usize = load<u8>(label);
    copy(o, label + 1, n);
    o += n;
    store<u8>(o++, 0);
  }
  return <i32>(o - key);
}

/** Is the owner of a line without letters in upper case and without escapes? */
export function isPlainOwner(line: usize): bool {
  let p = line;
  for (let c = <u32>load<u8>(p); c > SPACE; c = <u32>load<u8>(++p)) {
    if (c === BACKSLASH || c - 0x41 <= 25) return false;
  }
  return true;
}
