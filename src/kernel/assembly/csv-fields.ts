/**
 * Rows of CSV text in their plain form, taken apart: fields without quotes, or in quotes and without
 * any inside; and what stands in the fields. Anything else is read by read/rde-csv.task.ts and
 * read/registry-rows.ts, where the rules stand.
 */

import { copy } from './bytes';

export const LF: u32 = 0x0a;
export const CR: u32 = 0x0d;
export const HASH: u32 = 0x23;
const QUOTE: u32 = 0x22;
const DOT: u32 = 0x2e;
const HYPHEN: u32 = 0x2d;
/** `xn--`, first octet lowest. */
const ACE: u32 = 0x2d2d6e78;

/** Octets of a name's text without its final dot: those of its wire form less two. */
const MAX_TEXT: usize = 253;

/** Where each field begins and ends; 256 fields at most. */
const FIELDS: usize = memory.data(2048, 16);

/** The text of a status, with zero octets behind it. */
const STATUS: usize = memory.data(64, 16);
/** Octets of an entry of a list of statuses. */
const STATUS_ENTRY: usize = 48;

/** Offsets of the labels of the name read last; their number, and the octets of its wire form. */
const LABELS: usize = memory.data(160);
export let labelCount: i32 = 0;
export let nameLength: usize = 0;
/** The first of its labels that begins with `xn--`; beyond all labels: none. */
export let firstAce: i32 = 0;
const NO_ACE: i32 = 1000;

/** Where a field of the row begins, and where it ends. */
export function fieldStart(column: usize): usize {
  return load<u32>(FIELDS + (column << 3));
}
export function fieldEnd(column: usize): usize {
  return load<u32>(FIELDS + (column << 3), 4);
}

/**
 * Finds the fields of the row at `p`: 16 octets at a time those octets that mean something.
 *
 * @param end where the text ends, with a line feed behind it.
 * @returns the address of the line feed; 0: it is not plain, or has not so many fields.
 */
export function splitRow(p: usize, end: usize, separator: u32, width: usize): usize {
  const separators = i8x16.splat(<i8>separator);
  let to = FIELDS;
  const last = FIELDS + ((width - 1) << 3);
  let start = p;
  let quoted = false;
  let closed: usize = 0;
  for (let from = p; from <= end; from += 16) {
    const v = v128.load(from);
    const special = v128.or(
      i8x16.eq(v, separators),
      v128.or(i8x16.eq(v, i8x16.splat(<i8>LF)), i8x16.eq(v, i8x16.splat(<i8>QUOTE))),
    );
    let marks: u32 = i8x16.bitmask(special);
    while (marks !== 0) {
      const at = from + ctz(marks);
      marks &= marks - 1;
      const c: u32 = load<u8>(at);
      if (c === QUOTE) {
        if (quoted) {
          quoted = false;
          closed = at;
        } else {
          if (at !== start || closed !== 0) return 0;
          quoted = true;
          start = at + 1;
        }
        continue;
      }
      if (quoted) {
        if (c === LF) return 0;
        continue;
      }
      let stop = at;
      if (c === LF && stop > start && load<u8>(stop - 1) === <u8>CR) stop--;
      if (closed !== 0) {
        // Nothing may stand behind the closing quote; another quote there means one in the text.
        if (closed + 1 !== stop) return 0;
        stop = closed;
        closed = 0;
      }
      store<u32>(to, <u32>start);
      store<u32>(to, <u32>stop, 4);
      if (c === LF) return to === last ? at : 0;
      if (to === last) return 0;
      to += 8;
      start = at + 1;
    }
  }
  return 0;
}

/** Ends a label of the name at `name`; false: it is none of a host name. */
function endLabel(name: usize, label: usize, end: usize): bool {
  const length = end - label - 1;
  if (length - 1 > 62) return false;
  if (load<u8>(label, 1) === <u8>HYPHEN || load<u8>(end - 1) === <u8>HYPHEN) return false;
  if (load<u32>(label, 1) === ACE && firstAce === NO_ACE) firstAce = labelCount;
  store<u8>(label, <u8>length);
  store<u8>(LABELS + labelCount++, <u8>(label - name));
  return true;
}

/**
 * A name of letters, digits and hyphens, with a final dot or without, in `p[0, n)`: to wire form in
 * lower case. `out` must have room for 288 octets.
 *
 * @returns false: it is none; what is wrong, or right, about it is not known here.
 */
export function readHostName(p: usize, n: usize, out: usize): bool {
  if (n !== 0 && load<u8>(p + n - 1) === <u8>DOT) n--;
  if (n - 1 >= MAX_TEXT) return false;
  let label = out;
  labelCount = 0;
  firstAce = NO_ACE;
  for (let k: usize = 0; k < n; k += 16) {
    const v = v128.load(p + k);
    const upper = i8x16.lt_u(i8x16.sub(v, i8x16.splat(0x41)), i8x16.splat(26));
    const lower = v128.or(v, v128.and(upper, i8x16.splat(0x20)));
    v128.store(out + 1 + k, lower);
    const letters = i8x16.lt_u(i8x16.sub(lower, i8x16.splat(0x61)), i8x16.splat(26));
    const digits = i8x16.lt_u(i8x16.sub(v, i8x16.splat(0x30)), i8x16.splat(10));
    const hyphens = i8x16.eq(v, i8x16.splat(<i8>HYPHEN));
    let dots: u32 = i8x16.bitmask(i8x16.eq(v, i8x16.splat(<i8>DOT)));
    const plain: u32 = i8x16.bitmask(v128.or(letters, v128.or(digits, hyphens)));
    const inside: u32 = n - k < 16 ? (1 << (<u32>(n - k))) - 1 : 0xffff;
    if ((~(plain | dots) & inside) !== 0) return false;
    dots &= inside;
    while (dots !== 0) {
      const dot = out + 1 + k + ctz(dots);
      dots &= dots - 1;
      if (!endLabel(out, label, dot)) return false;
      label = dot;
    }
  }
  const end = out + 1 + n;
  if (!endLabel(out, label, end)) return false;
  store<u8>(end, 0);
  nameLength = n + 2;
  return true;
}

/** Where in the name read last its label `l` begins; behind the last one: the root's. */
export function labelStart(l: i32): usize {
  return l < labelCount ? <usize>load<u8>(LABELS + l) : nameLength - 1;
}

/**
 * Writes the sort key of the first `own` labels of the name read last, which stands at `name`;
 * returns its length. No octet of a host name makes it longer.
 */
export function putKey(name: usize, own: i32, out: usize): usize {
  let o = out;
  for (let l = own - 1; l >= 0; l--) {
    const at = name + load<u8>(LABELS + l);
    const n: usize = load<u8>(at);
    copy(o, at + 1, n);
    o += n;
    store<u8>(o++, 0);
  }
  return o - out;
}

/**
 * The code of a status.
 *
 * @param list the statuses of a vocabulary, `end` behind the last: for each the code as a word, and
 *   at 16 its name in lower case in 32 octets, zero behind its end.
 * @returns -1: it is none of them.
 */
export function statusCode(p: usize, n: usize, list: usize, end: usize): i32 {
  if (n > 32) return -1;
  // Letters in lower case; no octet but a letter turns into one.
  const small = i8x16.splat(0x20);
  v128.store(STATUS, v128.or(v128.load(p), small));
  v128.store(STATUS, v128.or(v128.load(p, 16), small), 16);
  v128.store(STATUS + n, i8x16.splat(0));
  v128.store(STATUS + n, i8x16.splat(0), 16);
  const low = v128.load(STATUS);
  const high = v128.load(STATUS, 16);
  for (let entry = list; entry < end; entry += STATUS_ENTRY) {
    const a = i8x16.eq(low, v128.load(entry, 16));
    const b = i8x16.eq(high, v128.load(entry, 32));
    if (i8x16.all_true(v128.and(a, b))) return load<u32>(entry);
  }
  return -1;
}
