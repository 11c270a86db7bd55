/**
 * Fields of lines of a master file in their plain form: no escapes, quotes or parentheses, names
 * absolute. A reader takes where the field's text begins and where its wire form shall go, and
 * returns the address behind the text, or 0 when the field is not of that form: then it is read
 * by the parser (read/master-parser.ts) and its codec (records/rdata.ts), where the rules stand.
 *
 * Readers stop at a line feed at the latest; there must be one behind the text.
 */

import {
  TYPE_A,
  TYPE_AAAA,
  TYPE_CAA,
  TYPE_CDNSKEY,
  TYPE_CDS,
  TYPE_CNAME,
  TYPE_DNAME,
  TYPE_DNSKEY,
  TYPE_DS,
  TYPE_MX,
  TYPE_NS,
  TYPE_NSEC,
  TYPE_NSEC3,
  TYPE_NSEC3PARAM,
  TYPE_PTR,
  TYPE_RRSIG,
  TYPE_SOA,
  TYPE_SRV,
  TYPE_TLSA,
  TYPE_TXT,
  TYPE_ZONEMD,
} from './entries';

/** The mnemonics in lower case, first octet lowest. */
const WORD_A: u64 = 0x61;
const WORD_NS: u64 = 0x736e;
const WORD_CNAME: u64 = 0x656d616e63;
const WORD_SOA: u64 = 0x616f73;
const WORD_PTR: u64 = 0x727470;
const WORD_MX: u64 = 0x786d;
const WORD_TXT: u64 = 0x747874;
const WORD_AAAA: u64 = 0x61616161;
const WORD_SRV: u64 = 0x767273;
const WORD_DNAME: u64 = 0x656d616e64;
const WORD_DS: u64 = 0x7364;
const WORD_RRSIG: u64 = 0x6769737272;
const WORD_NSEC: u64 = 0x6365736e;
const WORD_DNSKEY: u64 = 0x79656b736e64;
const WORD_NSEC3: u64 = 0x336365736e;
const WORD_TLSA: u64 = 0x61736c74;
const WORD_CDS: u64 = 0x736463;
const WORD_CDNSKEY: u64 = (0x79656b << 32) | 0x736e6463;
const WORD_ZONEMD: u64 = 0x646d656e6f7a;
const WORD_CAA: u64 = 0x616163;
const WORD_NSEC3PAR: u64 = (0x72617033 << 32) | 0x6365736e;
const WORD_AM: u32 = 0x6d61;

/** What makes letters small, in eight octets. */
const LOWER: u64 = (0x20202020 << 32) | 0x20202020;

export const LF: u32 = 0x0a;
const TAB: u32 = 0x09;
const SPACE: u32 = 0x20;
const DOT: u32 = 0x2e;
const COLON: u32 = 0x3a;

/** Longest wire form of a name. */
const MAX_WIRE: usize = 255;
/** Characters of a signature; longer ones are the parser's. */
const MAX_BASE64: usize = 2800;

/** Offsets of the labels of the name read last; their number, and the octets of its wire form. */
export const LABELS: usize = memory.data(160);
export let labelCount: i32 = 0;
export let nameLength: usize = 0;
/** What {@link readNumber}, {@link readTime} and {@link readType} have read. */
export let value: u32 = 0;
/** Where the wire form of what was read last ends. */
export let written: usize = 0;

/** Values of hexadecimal, base64 and base32hex digits; 0xff for other octets. */
const HEX: usize = memory.data(256);
const BASE64: usize = memory.data(256);
const BASE32: usize = memory.data(256);
/** A signature of several tokens, put together. */
const JOINED: usize = memory.data(3072);

memory.fill(HEX, 0xff, 256);
memory.fill(BASE64, 0xff, 256);
memory.fill(BASE32, 0xff, 256);
for (let i: u32 = 0; i < 26; i++) {
  store<u8>(BASE64 + 0x41 + i, i);
  store<u8>(BASE64 + 0x61 + i, 26 + i);
}
for (let i: u32 = 0; i < 10; i++) {
  store<u8>(HEX + 0x30 + i, i);
  store<u8>(BASE32 + 0x30 + i, i);
  store<u8>(BASE64 + 0x30 + i, 52 + i);
}
for (let i: u32 = 0; i < 22; i++) {
  store<u8>(BASE32 + 0x41 + i, 10 + i);
  store<u8>(BASE32 + 0x61 + i, 10 + i);
}
for (let i: u32 = 0; i < 6; i++) {
  store<u8>(HEX + 0x41 + i, 10 + i);
  store<u8>(HEX + 0x61 + i, 10 + i);
}
store<u8>(BASE64 + 0x2b, 62);
store<u8>(BASE64 + 0x2f, 63);

export function isBlank(c: u32): bool {
  return c === SPACE || c === TAB;
}

/** Behind the blanks at `p`, of which there must be one; or 0. */
export function skipBlanks(p: usize): usize {
  let c: u32 = load<u8>(p);
  if (!isBlank(c)) return 0;
  do c = load<u8>(++p);
  while (isBlank(c));
  return p;
}

/**
 * An absolute name of letters, digits, `-`, `_` and `*`, to wire form in lower case; 16 octets at
 * a time: where a dot stood, the length of the label behind it goes. `out` must have room for 288.
 */
export function readName(p: usize, out: usize): usize {
  let label = out;
  let count: i32 = 0;
  for (let k: usize = 0; k < 256; k += 16) {
    const v = v128.load(p + k);
    const upper = i8x16.lt_u(i8x16.sub(v, i8x16.splat(0x41)), i8x16.splat(26));
    const lower = v128.or(v, v128.and(upper, i8x16.splat(0x20)));
    v128.store(out + 1 + k, lower);
    const letters = i8x16.lt_u(i8x16.sub(lower, i8x16.splat(0x61)), i8x16.splat(26));
    const digits = i8x16.lt_u(i8x16.sub(v, i8x16.splat(0x30)), i8x16.splat(10));
    const marks = v128.or(
      i8x16.eq(v, i8x16.splat(0x2d)),
      v128.or(i8x16.eq(v, i8x16.splat(0x5f)), i8x16.eq(v, i8x16.splat(0x2a))),
    );
    let dots: u32 = i8x16.bitmask(i8x16.eq(v, i8x16.splat(<i8>DOT)));
    const plain: u32 = i8x16.bitmask(v128.or(letters, v128.or(digits, marks)));
    const stops = ~(plain | dots) & 0xffff;
    const n: usize = stops === 0 ? 16 : ctz(stops);
    dots &= (1 << (<u32>n)) - 1;
    while (dots !== 0) {
      const dot = out + 1 + k + ctz(dots);
      dots &= dots - 1;
      const length = dot - label - 1;
      if (length - 1 > 62) return 0;
      store<u8>(label, length);
      store<u8>(LABELS + count++, label - out);
      label = dot;
    }
    if (stops === 0) continue;
    // Behind the last dot stands nothing more: the root's label.
    if (count === 0 || label !== out + k + n || label - out >= MAX_WIRE) return 0;
    store<u8>(label, 0);
    labelCount = count;
    nameLength = label - out + 1;
    written = label + 1;
    return p + k + n;
  }
  return 0;
}

/** A number of at most ten digits. */
export function readNumber(p: usize, max: u64): usize {
  const from = p;
  let n: u64 = 0;
  let digit: u32 = <u32>load<u8>(p) - 0x30;
  while (digit <= 9) {
    n = n * 10 + digit;
    digit = <u32>load<u8>(++p) - 0x30;
  }
  if (p === from || p - from > 10 || n > max) return 0;
  value = <u32>n;
  return p;
}

/** A number, and the blanks behind it. */
function readField(p: usize, max: u64): usize {
  const behind = readNumber(p, max);
  return behind === 0 ? 0 : skipBlanks(behind);
}

/** Two digits; something far beyond 99 when they are none. */
function twoDigits(p: usize): u32 {
  const a: u32 = <u32>load<u8>(p) - 0x30;
  const b: u32 = <u32>load<u8>(p + 1) - 0x30;
  return a <= 9 && b <= 9 ? a * 10 + b : 1_000_000;
}

/** A time in fourteen digits, of the years until 2099, and the blanks behind it. */
function readTime(p: usize): usize {
  const year = twoDigits(p) * 100 + twoDigits(p + 2);
  const month = twoDigits(p + 4);
  const day = twoDigits(p + 6);
  const hour = twoDigits(p + 8);
  const minute = twoDigits(p + 10);
  const second = twoDigits(p + 12);
  if (year < 1970 || year > 2099 || month - 1 > 11 || day < 1) return 0;
  if (hour > 23 || minute > 59 || second > 59) return 0;
  const days: u32 = month === 2 ? ((year & 3) === 0 ? 29 : 28) : 30 + ((month + (month >> 3)) & 1);
  if (day > days) return 0;
  // Years from March on, so that the leap day is their last.
  const y = month <= 2 ? year - 1 : year;
  const m = month <= 2 ? month + 9 : month - 3;
  const number = y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 719469;
  value = number * 86400 + hour * 3600 + minute * 60 + second;
  return skipBlanks(p + 14);
}

/** A mnemonic of one of the types that are frequent in zones and in type bitmaps. */
export function readType(p: usize): usize {
  const from = p;
  while (load<u8>(p) > SPACE) p++;
  const n = p - from;
  if (n > 10) return 0;
  value = typeOf(from, n);
  return value === 0 ? 0 : p;
}

function typeOf(p: usize, n: usize): u32 {
  // Letters in lower case. Digits have that bit, too, and no other octet above a blank turns into one.
  let word = load<u64>(p) | LOWER;
  if (n < 8) word &= (1 << ((<u64>n) << 3)) - 1;
  else if (n > 8) {
    const rest = <u32>load<u16>(p, 8) | 0x2020;
    return n === 10 && word === WORD_NSEC3PAR && rest === WORD_AM ? TYPE_NSEC3PARAM : 0;
  }
  if (word === WORD_A) return TYPE_A;
  if (word === WORD_NS) return TYPE_NS;
  if (word === WORD_DS) return TYPE_DS;
  if (word === WORD_AAAA) return TYPE_AAAA;
  if (word === WORD_RRSIG) return TYPE_RRSIG;
  if (word === WORD_NSEC3) return TYPE_NSEC3;
  if (word === WORD_CNAME) return TYPE_CNAME;
  if (word === WORD_SOA) return TYPE_SOA;
  if (word === WORD_PTR) return TYPE_PTR;
  if (word === WORD_MX) return TYPE_MX;
  if (word === WORD_TXT) return TYPE_TXT;
  if (word === WORD_SRV) return TYPE_SRV;
  if (word === WORD_DNAME) return TYPE_DNAME;
  if (word === WORD_NSEC) return TYPE_NSEC;
  if (word === WORD_DNSKEY) return TYPE_DNSKEY;
  if (word === WORD_TLSA) return TYPE_TLSA;
  if (word === WORD_CDS) return TYPE_CDS;
  if (word === WORD_CDNSKEY) return TYPE_CDNSKEY;
  if (word === WORD_ZONEMD) return TYPE_ZONEMD;
  if (word === WORD_CAA) return TYPE_CAA;
  return 0;
}

/** A dotted quad. */
function readIPv4(p: usize, out: usize): usize {
  for (let part: usize = 0; part < 4; part++) {
    if (part > 0 && load<u8>(p++) !== <u8>DOT) return 0;
    let n: u32 = <u32>load<u8>(p) - 0x30;
    if (n > 9) return 0;
    let digit: u32 = <u32>load<u8>(++p) - 0x30;
    if (digit <= 9) {
      if (n === 0) return 0;
      n = n * 10 + digit;
      digit = <u32>load<u8>(++p) - 0x30;
      if (digit <= 9) {
        n = n * 10 + digit;
        if (n > 255) return 0;
        p++;
      }
    }
    store<u8>(out + part, n);
  }
  written = out + 4;
  return p;
}

/** An IPv6 address without a dotted quad. */
function readIPv6(p: usize, out: usize): usize {
  const full = out + 16;
  let o = out;
  let gap: usize = 0;
  if (load<u8>(p) === <u8>COLON) {
    // A colon at the very start must be half of a `::`.
    if (load<u8>(p, 1) !== <u8>COLON) return 0;
    gap = o;
    p += 2;
  }
  while (load<u8>(p) > SPACE) {
    if (o >= full) return 0;
    const from = p;
    let n: u32 = 0;
    let digit: u32 = load<u8>(HEX + load<u8>(p));
    while (digit < 16) {
      n = (n << 4) | digit;
      digit = load<u8>(HEX + load<u8>(++p));
    }
    if (p === from || p - from > 4) return 0;
    store<u16>(o, bswap<u16>(<u16>n));
    o += 2;
    let c: u32 = load<u8>(p);
    if (c <= SPACE) break;
    if (c !== COLON) return 0;
    c = load<u8>(++p);
    if (c <= SPACE) return 0;
    if (c === COLON) {
      if (gap !== 0) return 0;
      gap = o;
      p++;
    }
  }
  written = full;
  if (gap === 0) return o === full ? p : 0;
  // `::` stands for at least one group of zeros.
  if (o === full) return 0;
  const tail = o - gap;
  memory.copy(full - tail, gap, tail);
  memory.fill(gap, 0, full - o);
  return p;
}

/** `n` octets in hexadecimal. */
export function readHex(p: usize, n: usize, out: usize): usize {
  for (const end = out + n; out < end; out++) {
    const high: u32 = load<u8>(HEX + load<u8>(p));
    const low: u32 = load<u8>(HEX + load<u8>(p, 1));
    if ((high | low) > 15) return 0;
    store<u8>(out, (high << 4) | low);
    p += 2;
  }
  written = out;
  return p;
}

/** Octets of a digest of one of the types in use; 0: the parser knows. */
export function digestLength(type: u32): usize {
  return type === 2 ? 32 : type === 1 ? 20 : type === 4 ? 48 : 0;
}

function readDs(p: usize, out: usize): usize {
  p = readField(p, 0xffff);
  if (p === 0) return 0;
  store<u16>(out, bswap<u16>(<u16>value));
  p = readField(p, 0xff);
  if (p === 0) return 0;
  store<u8>(out, value, 2);
  p = readField(p, 0xff);
  if (p === 0) return 0;
  store<u8>(out, value, 3);
  // Digests of other types are the parser's.
  const length = digestLength(value);
  return length === 0 ? 0 : readHex(p, length, out + 4);
}

/** What is left of the line, in base64. */
function readBase64(p: usize, out: usize): usize {
  let from = p;
  while (load<u8>(p) > SPACE) p++;
  let n = p - from;
  if (n === 0 || n > MAX_BASE64) return 0;
  if (isBlank(load<u8>(p))) {
    // Several pieces.
    let o = JOINED;
    let q = from;
    for (;;) {
      if (o + (p - q) - JOINED > MAX_BASE64) return 0;
      memory.copy(o, q, p - q);
      o += p - q;
      q = skipBlanks(p);
      if (q === 0) break;
      p = q;
      while (load<u8>(p) > SPACE) p++;
    }
    from = JOINED;
    n = o - JOINED;
  }
  if ((n & 3) !== 0) return 0;
  const last = from + n - 4;
  let q = from;
  let faults: u32 = 0;
  for (; q < last; q += 4) {
    const a: u32 = load<u8>(BASE64 + load<u8>(q));
    const b: u32 = load<u8>(BASE64 + load<u8>(q, 1));
    const c: u32 = load<u8>(BASE64 + load<u8>(q, 2));
    const d: u32 = load<u8>(BASE64 + load<u8>(q, 3));
    faults |= a | b | c | d;
    store<u32>(out, bswap<u32>((a << 26) | (b << 20) | (c << 14) | (d << 8)));
    out += 3;
  }
  const a: u32 = load<u8>(BASE64 + load<u8>(q));
  const b: u32 = load<u8>(BASE64 + load<u8>(q, 1));
  let c: u32 = load<u8>(BASE64 + load<u8>(q, 2));
  let d: u32 = load<u8>(BASE64 + load<u8>(q, 3));
  let octets: usize = 3;
  if (load<u8>(q, 3) === 0x3d) {
    octets = 2;
    d = 0;
    if (load<u8>(q, 2) === 0x3d) {
      octets = 1;
      c = 0;
      // Unused bits must be zero.
      if ((b & 15) !== 0) return 0;
    } else if ((c & 3) !== 0) return 0;
  }
  if ((faults | a | b | c | d) > 63) return 0;
  store<u32>(out, bswap<u32>((a << 26) | (b << 20) | (c << 14) | (d << 8)));
  written = out + octets;
  return p;
}

function readRrsig(p: usize, out: usize): usize {
  p = readType(p);
  if (p === 0) return 0;
  store<u16>(out, bswap<u16>(<u16>value));
  p = skipBlanks(p);
  if (p === 0) return 0;
  p = readField(p, 0xff);
  if (p === 0) return 0;
  store<u8>(out, value, 2);
  p = readField(p, 0xff);
  if (p === 0) return 0;
  store<u8>(out, value, 3);
  p = readField(p, 0xffffffff);
  if (p === 0) return 0;
  store<u32>(out, bswap<u32>(value), 4);
  p = readTime(p);
  if (p === 0) return 0;
  store<u32>(out, bswap<u32>(value), 8);
  p = readTime(p);
  if (p === 0) return 0;
  store<u32>(out, bswap<u32>(value), 12);
  p = readField(p, 0xffff);
  if (p === 0) return 0;
  store<u16>(out, bswap<u16>(<u16>value), 16);
  p = readName(p, out + 18);
  if (p === 0) return 0;
  const signature = written;
  p = skipBlanks(p);
  return p === 0 ? 0 : readBase64(p, signature);
}

/** The hashed name in base32hex, behind its length. */
function readHash(p: usize, out: usize): usize {
  let o = out + 1;
  let bits: u32 = 0;
  let held: u32 = 0;
  const from = p;
  for (let c: u32 = load<u8>(p); c > SPACE; c = load<u8>(++p)) {
    const digit: u32 = load<u8>(BASE32 + c);
    if (digit > 31) return 0;
    held = ((held << 5) | digit) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      store<u8>(o++, held >> bits);
    }
    if (p - from > 400) return 0;
  }
  // A whole unused character, or unused bits that are not zero.
  if (o === out + 1 || bits >= 5 || (held & ((1 << bits) - 1)) !== 0) return 0;
  store<u8>(out, o - out - 1);
  written = o;
  return p;
}

function readNsec3(p: usize, out: usize): usize {
  p = readField(p, 0xff);
  if (p === 0) return 0;
  store<u8>(out, value);
  p = readField(p, 0xff);
  if (p === 0) return 0;
  store<u8>(out, value, 1);
  p = readField(p, 0xffff);
  if (p === 0) return 0;
  store<u16>(out, bswap<u16>(<u16>value), 2);
  // The salt.
  if (load<u8>(p) === 0x2d) {
    store<u8>(out, 0, 4);
    out += 5;
    p++;
  } else {
    let n: usize = 0;
    while (load<u8>(p + n) > SPACE) n++;
    if (n === 0 || (n & 1) !== 0 || n > 510) return 0;
    p = readHex(p, n >> 1, out + 5);
    if (p === 0) return 0;
    store<u8>(out, n >> 1, 4);
    out = written;
  }
  p = skipBlanks(p);
  if (p === 0) return 0;
  p = readHash(p, out);
  if (p === 0) return 0;
  out = written;
  // The bitmap's first window; types of the others are the parser's.
  store<u64>(out, 0);
  store<u64>(out, 0, 8);
  let most: u32 = 0;
  while (load<u8>(p) !== <u8>LF) {
    p = skipBlanks(p);
    if (p === 0) return 0;
    p = readType(p);
    if (p === 0 || value > 111) return 0;
    const at = out + 2 + (value >> 3);
    store<u8>(at, <u32>load<u8>(at) | (0x80 >> (value & 7)));
    if (value > most) most = value;
  }
  if (most !== 0) {
    const n = (most >> 3) + 1;
    store<u8>(out, n, 1);
    written = out + 2 + n;
  }
  return p;
}

/** RDATA of a type of {@link readType}. `out` must have room for 4 KiB. */
export function readRdata(type: u32, p: usize, out: usize): usize {
  if (type === TYPE_NS) return readName(p, out);
  if (type === TYPE_A) return readIPv4(p, out);
  if (type === TYPE_AAAA) return readIPv6(p, out);
  if (type === TYPE_DS) return readDs(p, out);
  if (type === TYPE_RRSIG) return readRrsig(p, out);
  if (type === TYPE_NSEC3) return readNsec3(p, out);
  return 0;
}
