/**
 * The short way for the lines of which nearly all of a large zone file consists: an absolute
 * owner of plain characters, TTL, class, and a name server, an address, a DS, or an RRSIG or NSEC3
 * without quotes, escapes and parentheses, with blanks between. It reads such a line as the parser
 * does (master-parser.ts), and leaves it to the parser when anything else turns up, so that each
 * rule and each message stands there.
 */

import { MAX_KEY, MAX_WIRE } from '../names/name.js';
import { readIPv4, readIPv6 } from '../records/address.js';
import { readHex } from '../records/encodings.js';
import { dsDigestLength } from '../records/layout.js';
import { parseRdata, type Tokens } from '../records/rdata.js';
import { TYPE } from '../records/types.js';

const LF = 0x0a;
const TAB = 0x09;
const SPACE = 0x20;
const DOT = 0x2e;

/** Lower case of the octets that stand for themselves in a name; 0 for all others. */
const PLAIN = new Uint8Array(256);
for (let c = 0x21; c < 0x7f; c++) {
  if ('"$();@\\.'.includes(String.fromCharCode(c))) continue;
  PLAIN[c] = c >= 0x41 && c <= 0x5a ? c + 32 : c;
}

/** Octets of which a token consists that needs no care. */
const TOKEN = new Uint8Array(256);
for (let c = 0x21; c < 0x7f; c++) if (!'";()\\'.includes(String.fromCharCode(c))) TOKEN[c] = 1;
/** Tokens of RDATA; more are rare. */
const MAX_TOKENS = 64;

/** The line is none of these. */
export const NOT_PLAIN = -1;

/** Reads lines into its own arrays. */
export class PlainLines {
  /** Did the last line have another owner than the one before? Then it is this one. */
  isNewOwner = false;
  readonly owner = new Uint8Array(MAX_WIRE + 2);
  ownerLength = 0;
  /** Where the owner's text ends. */
  ownerEnd = 0;
  /** Its sort key, if it is in the zone. */
  readonly key = new Uint8Array(MAX_KEY);
  keyLength = 0;
  inZone = false;
  ttl = 0;
  type = 0;
  /** Octets of {@link rdata}. */
  length = 0;
  readonly rdata = new Uint8Array(66_000);

  private readonly tokens: Tokens = {
    text: new Uint8Array(0),
    start: new Int32Array(MAX_TOKENS),
    end: new Int32Array(MAX_TOKENS),
    quoted: new Uint8Array(MAX_TOKENS),
    count: 0,
  };
  /** Of the name read last: offsets of its labels, where its text ends, octets of wire form. */
  private readonly labels = new Uint8Array(128);
  private labelCount = 0;
  private nameEnd = 0;
  private nameLength = 0;

  /** @param apex the zone's wire name. */
  constructor(private readonly apex: Uint8Array) {}

  /**
   * Reads the line at `text[start]`.
   *
   * @param last text of the owner before, `text[last, lastEnd)`; empty: there is none.
   * @returns the offset behind its line feed, or {@link NOT_PLAIN}.
   */
  read(text: Uint8Array, start: number, end: number, last: number, lastEnd: number): number {
    let p = start;
    // ---- owner -------------------------------------------------------------------------------
    let q = last;
    while (q < lastEnd && text[p] === text[q]) {
      p++;
      q++;
    }
    let c = text[p];
    const isSame = q === lastEnd && last < lastEnd && (c === TAB || c === SPACE);
    if (!isSame) {
      if (!this.name(text, start, end, this.owner)) return NOT_PLAIN;
      p = this.nameEnd;
      c = text[p];
      if (c !== TAB && c !== SPACE) return NOT_PLAIN;
      this.ownerEnd = p;
      this.ownerLength = this.nameLength;
      this.enter();
    }
    this.isNewOwner = !isSame;
    // ---- TTL, class --------------------------------------------------------------------------
    do c = text[++p];
    while (c === TAB || c === SPACE);
    let ttl = 0;
    let digits = 0;
    for (; c >= 0x30 && c <= 0x39; c = text[++p]) {
      ttl = ttl * 10 + c - 0x30;
      if (++digits > 10) return NOT_PLAIN;
    }
    if (digits === 0 || ttl > 0x7fffffff || (c !== TAB && c !== SPACE)) return NOT_PLAIN;
    do c = text[++p];
    while (c === TAB || c === SPACE);
    if ((c | 0x20) !== 0x69 || (text[p + 1] | 0x20) !== 0x6e) return NOT_PLAIN;
    p += 2;
    c = text[p];
    if (c !== TAB && c !== SPACE) return NOT_PLAIN;
    do c = text[++p];
    while (c === TAB || c === SPACE);
    // ---- type, RDATA -------------------------------------------------------------------------
    const typeAt = p;
    while (c !== TAB && c !== SPACE && p - typeAt < 5) c = text[++p];
    const type = typeOf(text, typeAt, p - typeAt);
    if (type < 0 || (c !== TAB && c !== SPACE)) return NOT_PLAIN;
    while (c === TAB || c === SPACE) c = text[++p];
    if (p >= end) return NOT_PLAIN;
    const behind = this.readRdata(type, text, p, end);
    if (behind < 0 || text[behind] !== LF) return NOT_PLAIN;
    this.ttl = ttl;
    this.type = type;
    return behind + 1;
  }

  private readRdata(type: number, text: Uint8Array, start: number, end: number): number {
    const { rdata } = this;
    if (type === TYPE.NS) {
      if (!this.name(text, start, end, rdata)) return NOT_PLAIN;
      this.length = this.nameLength;
      return this.nameEnd;
    }
    if (type === TYPE.RRSIG || type === TYPE.NSEC3) return this.fields(type, text, start, end);
    let p = start;
    while (p < end && text[p] > SPACE) p++;
    if (type === TYPE.A) {
      this.length = 4;
      return readIPv4(text, start, p, rdata, 0) < 0 ? NOT_PLAIN : p;
    }
    if (type === TYPE.AAAA) {
      this.length = 16;
      return readIPv6(text, start, p, rdata, 0) < 0 ? NOT_PLAIN : p;
    }
    return this.ds(text, start, end);
  }

  /** RDATA of several fields, read as the parser reads it once the tokens are known. */
  private fields(type: number, text: Uint8Array, start: number, end: number): number {
    const { tokens } = this;
    let p = start;
    let count = 0;
    while (p < end && text[p] !== LF) {
      if (count === MAX_TOKENS) return NOT_PLAIN;
      tokens.start[count] = p;
      while (TOKEN[text[p]] === 1) p++;
      tokens.end[count] = p;
      if (p === tokens.start[count++]) return NOT_PLAIN;
      while (text[p] === SPACE || text[p] === TAB) p++;
    }
    if (p >= end) return NOT_PLAIN;
    tokens.text = text;
    tokens.count = count;
    // The origin is the parser's business, and so is what is wrong.
    this.length = parseRdata(type, tokens, 0, undefined, this.rdata, 0);
    return this.length < 0 ? NOT_PLAIN : p;
  }

  /** Key tag, algorithm and digest type as numbers, and the digest in one piece. */
  private ds(text: Uint8Array, start: number, end: number): number {
    const { rdata } = this;
    let p = start;
    for (let field = 0; field < 3; field++) {
      let n = 0;
      let digits = 0;
      let c = text[p];
      for (; c >= 0x30 && c <= 0x39 && digits < 6; c = text[++p], digits++) n = n * 10 + c - 0x30;
      if (digits === 0 || (c !== SPACE && c !== TAB) || n > (field === 0 ? 65_535 : 255)) {
        return NOT_PLAIN;
      }
      if (field === 0) {
        rdata[0] = n >>> 8;
        rdata[1] = n;
      } else {
        rdata[field + 1] = n;
      }
      while (c === SPACE || c === TAB) c = text[++p];
    }
    const from = p;
    while (p < end && text[p] > SPACE) p++;
    if (p - from > 256) return NOT_PLAIN;
    const stop = readHex(text, from, p, rdata, 4);
    // Digests of unknown types, and wrong ones, are the parser's business.
    if (stop < 0 || stop - 4 !== dsDigestLength(rdata[3])) return NOT_PLAIN;
    this.length = stop;
    return p;
  }

  /**
   * Reads the absolute name at `text[start]` to wire form; sets what is known of the name
   * read last. False when it is not of plain characters, or none.
   */
  private name(text: Uint8Array, start: number, end: number, out: Uint8Array): boolean {
    const { labels } = this;
    let count = 0;
    let label = 0;
    let o = 1;
    let p = start;
    const limit = Math.min(end, start + MAX_WIRE);
    for (; p < limit; p++) {
      const c = text[p];
      const plain = PLAIN[c];
      if (plain !== 0) {
        out[o++] = plain;
        continue;
      }
      if (c !== DOT) break;
      const n = o - label - 1;
      if (n === 0 || n > 63) return false;
      out[label] = n;
      labels[count++] = label;
      label = o++;
    }
    // Behind the last dot stands nothing more: the root's label.
    if (count === 0 || o !== label + 1 || label >= MAX_WIRE) return false;
    out[label] = 0;
    this.nameEnd = p;
    this.labelCount = count;
    this.nameLength = label + 1;
    return true;
  }

  /** Is the owner in the zone, and with which key? */
  private enter(): void {
    const { owner, apex, labels, labelCount, key } = this;
    const from = this.ownerLength - apex.length;
    this.inZone = false;
    if (from < 0) return;
    for (let i = apex.length - 1, q = from + i; i >= 0; i--, q--) {
      if (owner[q] !== apex[i]) return;
    }
    let l = labelCount;
    while (l > 0 && labels[l - 1] >= from) l--;
    // The tail must begin where a label does: the label before must end there.
    if (l > 0 && labels[l - 1] + 1 + owner[labels[l - 1]] !== from) return;
    if (l === 0 && from !== 0) return;
    this.inZone = true;
    let o = 0;
    for (l--; l >= 0; l--) {
      // No plain character is one that keys escape.
      let q = labels[l];
      for (const stop = q + 1 + owner[q++]; q < stop; q++) key[o++] = owner[q];
      key[o++] = 0;
    }
    this.keyLength = o;
  }
}

/** The type in `text[at, at + length)`, in any case, of those that are read here; or -1. */
function typeOf(text: Uint8Array, at: number, length: number): number {
  const a = text[at] | 0x20;
  const b = text[at + 1] | 0x20;
  switch (length) {
    case 1:
      return a === 0x61 ? TYPE.A : -1;
    case 2:
      if (b !== 0x73) return -1;
      return a === 0x6e ? TYPE.NS : a === 0x64 ? TYPE.DS : -1;
    case 4: {
      const isAaaa =
        a === 0x61 &&
        b === 0x61 &&
        (text[at + 2] | 0x20) === 0x61 &&
        (text[at + 3] | 0x20) === 0x61;
      return isAaaa ? TYPE.AAAA : -1;
    }
    case 5:
      if (a === 0x72 && b === 0x72) return isWord(text, at + 2, 0x73, 0x69, 0x67) ? TYPE.RRSIG : -1;
      // The digit has no case: 0x13 would pass for it.
      if (a === 0x6e && b === 0x73 && text[at + 4] === 0x33) {
        return isWord(text, at + 2, 0x65, 0x63, 0x33) ? TYPE.NSEC3 : -1;
      }
      return -1;
    default:
      return -1;
  }
}

/** Three octets, letters in any case. */
function isWord(text: Uint8Array, at: number, a: number, b: number, c: number): boolean {
  return (text[at] | 0x20) === a && (text[at + 1] | 0x20) === b && (text[at + 2] | 0x20) === c;
}
