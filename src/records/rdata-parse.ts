/**
 * RDATA from presentation form to wire form, driven by the table in `layout.ts`; see `rdata.ts`.
 *
 * The kinds of fields are compared most frequent first.
 */

import { nameFaultText, textToWire } from '../names/name.js';
import { readEui, readIPv4, readIPv6, readLocator } from './address.js';
import { addType, finishBitmap } from './bitmap.js';
import { readAmtRelay, readApl, readGateway, readHip, readNsap } from './composite.js';
import { readBase32, readBase64, readEscaped, readHex } from './encodings.js';
import { fail, rdataFault, type Tokens } from './fault.js';
import {
  ALGORITHM,
  APL,
  BASE64,
  BITMAP,
  CASE_NAME,
  CERT_TYPE,
  DIGEST_TYPE,
  DS_DIGEST,
  EUI48,
  EUI64,
  GATEWAY,
  HASH,
  HEX,
  HIP,
  IPV4,
  IPV6,
  LOC,
  LOCATOR,
  NAME,
  NSAP,
  OPT_BASE64,
  OPT_STRING,
  PERIOD,
  SALT,
  SCHEME,
  STRING,
  STRINGS,
  SVC_PARAMS,
  TAG,
  TEXT,
  TIME,
  TYPE_COVERED,
  U8,
  U16,
  U32,
  ZONE_DIGEST,
} from './kinds.js';
import { dsDigestLength, FIELD_NAMES, LAYOUT_OF, LAYOUTS, zoneDigestLength } from './layout.js';
import { readLoc } from './loc.js';
import { readAlgorithm, readCertificateType, readDigestType, readScheme } from './mnemonics.js';
import { parseNumber, parsePeriod, parseTime, putU16, putU32, u16 } from './numbers.js';
import { readSvcParams } from './svcb.js';
import { typeFromText, typeToText } from './types.js';
import { canonicalRdata, isTag } from './wire.js';

/** Longest RDATA (RFC 1035 §3.2.1). */
export const MAX_RDATA = 65535;

/**
 * Reads the tokens `first` to `tokens.count - 1` as the RDATA of a record of this type, also
 * in the form of RFC 3597 (`\# 4 0A000001`), and writes its canonical wire form at `out[at]`,
 * where there must be room for 66 000 octets.
 *
 * @param origin wire form of the name that completes relative names.
 * @returns the offset after the RDATA, or a negative number; then {@link rdataFault} tells
 *   why. Never throws.
 */
export function parseRdata(
  type: number,
  tokens: Tokens,
  first: number,
  origin: Uint8Array | undefined,
  out: Uint8Array,
  at: number,
): number {
  const { text, start, end, count } = tokens;
  if (first < count && isGenericMark(tokens, first)) {
    return parseGeneric(type, tokens, first + 1, out, at);
  }
  const layout = LAYOUT_OF[type];
  const kinds = LAYOUTS[layout];
  if (kinds.length === 0) {
    return fail(first, `RDATA of ${typeToText(type)} is not in the form \\# LENGTH HEX (RFC 3597)`);
  }
  let t = first;
  let o = at;
  for (let f = 0; f < kinds.length; f++) {
    const kind = kinds[f];
    if (kind >= BITMAP) {
      o = parseRest(kind, tokens, t, origin, out, at, o, FIELD_NAMES[layout][f]);
      if (o < 0) return -1;
      t = count;
      break;
    }
    if (t >= count) return fail(t, `${FIELD_NAMES[layout][f]} is missing`);
    if (kind === NAME) o = textToWire(text, start[t], end[t], origin, out, o);
    else if (kind === IPV4) o = readIPv4(text, start[t], end[t], out, o);
    else o = parseField(kind, tokens, t, origin, out, o);
    if (o < 0) return fieldFault(kind, FIELD_NAMES[layout][f], t, o);
    t++;
  }
  if (t < count) return fail(t, `text comes after the ${lastField(layout)}, the last field`);
  if (o - at > MAX_RDATA) return fail(count - 1, 'RDATA is longer than 65535 octets');
  return o;
}

function lastField(layout: number): string {
  return FIELD_NAMES[layout][FIELD_NAMES[layout].length - 1];
}

/** One token. Returns the offset after the field or a negative number. */
function parseField(
  kind: number,
  tokens: Tokens,
  t: number,
  origin: Uint8Array | undefined,
  out: Uint8Array,
  o: number,
): number {
  const text = tokens.text;
  const s = tokens.start[t];
  const e = tokens.end[t];
  let v = 0;
  switch (kind) {
    case U16:
      v = parseNumber(text, s, e, 65535);
      return v < 0 ? -1 : putU16(v, out, o);
    case U8:
      v = parseNumber(text, s, e, 255);
      break;
    case ALGORITHM:
      v = readAlgorithm(text, s, e);
      break;
    case DIGEST_TYPE:
      v = readDigestType(text, s, e);
      break;
    case SCHEME:
      v = readScheme(text, s, e);
      break;
    case U32:
      v = parseNumber(text, s, e, 0xffffffff);
      return v < 0 ? -1 : putU32(v, out, o);
    case IPV6:
      return readIPv6(text, s, e, out, o);
    case PERIOD:
      v = parsePeriod(text, s, e, 0xffffffff);
      return v < 0 ? -1 : putU32(v, out, o);
    case TIME:
      v = parseTime(text, s, e);
      return v < 0 ? -1 : putU32(v, out, o);
    case TYPE_COVERED:
      v = typeFromText(text, s, e);
      return v < 0 ? -1 : putU16(v, out, o);
    case SALT:
      return readSalt(text, s, e, out, o);
    case HASH: {
      const n = e - s > 408 ? -1 : readBase32(text, s, e, out, o + 1);
      if (n <= o + 1) return -1;
      out[o] = n - o - 1;
      return n;
    }
    case CASE_NAME:
      return textToWire(text, s, e, origin, out, o, true);
    case STRING:
      return readString(text, s, e, out, o);
    case TAG: {
      const n = readString(text, s, e, out, o);
      return n >= 0 && isTag(out, o, n) ? n : -1;
    }
    case TEXT:
      return readEscaped(text, s, e, out, o, o + MAX_RDATA);
    case CERT_TYPE:
      v = readCertificateType(text, s, e);
      return v < 0 ? -1 : putU16(v, out, o);
    case EUI48:
      return readEui(text, s, e, 6, out, o);
    case EUI64:
      return readEui(text, s, e, 8, out, o);
    case LOCATOR:
      return readLocator(text, s, e, out, o);
    case GATEWAY:
      return readGateway(tokens, t, out[o - 2], 'gateway', origin, out, o);
    default:
      return -1;
  }
  if (v < 0) return -1;
  out[o] = v;
  return o + 1;
}

/** A character-string: a length octet and up to 255 octets. */
function readString(text: Uint8Array, s: number, e: number, out: Uint8Array, o: number): number {
  const n = readEscaped(text, s, e, out, o + 1, o + 256);
  if (n < 0) return n;
  out[o] = n - o - 1;
  return n;
}

function readSalt(text: Uint8Array, s: number, e: number, out: Uint8Array, o: number): number {
  if (e - s === 1 && text[s] === 0x2d) {
    out[o] = 0;
    return o + 1;
  }
  if (e === s || e - s > 510) return -1;
  const n = readHex(text, s, e, out, o + 1);
  if (n < 0) return -1;
  out[o] = n - o - 1;
  return n;
}

/** Says what is wrong with a field of one token; `result` is what its reader returned. */
function fieldFault(kind: number, name: string, t: number, result: number): number {
  switch (kind) {
    case NAME:
    case CASE_NAME:
      return fail(t, `${name} ${nameFaultText(result)}`);
    case GATEWAY:
      return -1;
    case STRING:
      return fail(t, `${name} ${stringFault(result)}`);
    case TEXT:
      return fail(
        t,
        `${name} ${result === -2 ? 'is longer than 65535 octets' : stringFault(result)}`,
      );
    default:
      return fail(t, `${name} is not ${EXPECTED[kind]}`);
  }
}

function stringFault(result: number): string {
  return result === -2
    ? 'is longer than 255 octets'
    : 'has a broken escape (\\X or \\DDD with DDD up to 255)';
}

/** Kind of field → what its text must be. */
const EXPECTED: Readonly<Record<number, string>> = {
  [IPV4]: 'an IPv4 address (four numbers from 0 to 255)',
  [IPV6]: 'an IPv6 address',
  [U8]: 'a number from 0 to 255',
  [U16]: 'a number from 0 to 65535',
  [U32]: 'a number from 0 to 4294967295',
  [PERIOD]: 'a number of seconds from 0 to 4294967295 (units such as 1d are allowed)',
  [TIME]: 'a time YYYYMMDDHHMMSS or a number from 0 to 4294967295',
  [TYPE_COVERED]: 'a type',
  [ALGORITHM]: 'an algorithm number from 0 to 255 or mnemonic',
  [DIGEST_TYPE]: 'a digest type number from 0 to 255 or mnemonic',
  [SCHEME]: 'a scheme number from 0 to 255 or mnemonic',
  [CERT_TYPE]: 'a certificate type number from 0 to 65535 or mnemonic',
  [SALT]: '"-" or hexadecimal of at most 255 octets',
  [HASH]: 'base32hex of 1 to 255 octets',
  [TAG]: 'one to 255 letters and digits',
  [EUI48]: 'six octets in hexadecimal with "-" between',
  [EUI64]: 'eight octets in hexadecimal with "-" between',
  [LOCATOR]: 'four groups of hexadecimal digits with ":" between',
};

/** A field that takes all tokens from `t`. `at` is where the RDATA begins, `o` the field. */
function parseRest(
  kind: number,
  tokens: Tokens,
  t: number,
  origin: Uint8Array | undefined,
  out: Uint8Array,
  at: number,
  o: number,
  name: string,
): number {
  switch (kind) {
    case BITMAP:
      return parseBitmap(tokens, t, out, o);
    case DS_DIGEST:
      return parseDigest(tokens, t, out, o, dsDigestLength(out[at + 3]), 1, name);
    case BASE64:
      return parseBase64(tokens, t, out, o, name);
    case HEX:
      return parseHex(tokens, t, out, o, name);
    case STRINGS:
      return parseStrings(tokens, t, out, at, o, name);
    case ZONE_DIGEST:
      // RFC 8976 §2.2.4: never shorter than 12 octets.
      return parseDigest(tokens, t, out, o, zoneDigestLength(out[at + 4], out[at + 5]), 12, name);
    case OPT_BASE64:
      return t === tokens.count ? o : parseBase64(tokens, t, out, o, name);
    case OPT_STRING:
      if (t + 1 < tokens.count) return fail(t + 1, `text comes after the ${name}, the last field`);
      return t === tokens.count ? o : parseStrings(tokens, t, out, at, o, name);
    case SVC_PARAMS:
      return readSvcParams(tokens, t, u16(out, at), out, o);
    case APL:
      return readApl(tokens, t, out, o);
    default:
      break;
  }
  if (t >= tokens.count) return fail(t, `${name} is missing`);
  switch (kind) {
    case NSAP:
      return readNsap(tokens, t, out, o);
    case LOC:
      return readLoc(tokens, t, out, o);
    case HIP:
      return limited(readHip(tokens, t, origin, out, o), at, tokens);
    default:
      return readAmtRelay(tokens, t, origin, out, o);
  }
}

function limited(o: number, at: number, tokens: Tokens): number {
  if (o - at <= MAX_RDATA) return o;
  return fail(tokens.count - 1, 'RDATA is longer than 65535 octets');
}

function parseBitmap(tokens: Tokens, first: number, out: Uint8Array, o: number): number {
  for (let t = first; t < tokens.count; t++) {
    const type = typeFromText(tokens.text, tokens.start[t], tokens.end[t]);
    if (type < 0) {
      finishBitmap(undefined, 0);
      return fail(t, 'type is unknown (write TYPEnnn)');
    }
    addType(type);
  }
  return finishBitmap(out, o);
}

function parseStrings(
  tokens: Tokens,
  first: number,
  out: Uint8Array,
  at: number,
  o: number,
  name: string,
): number {
  if (first >= tokens.count) return fail(first, `${name} is missing`);
  let p = o;
  for (let t = first; t < tokens.count; t++) {
    p = readString(tokens.text, tokens.start[t], tokens.end[t], out, p);
    if (p < 0) return fail(t, `${name} ${stringFault(p)}`);
    if (p - at > MAX_RDATA) return fail(t, 'RDATA is longer than 65535 octets');
  }
  return p;
}

/** Where hexadecimal or base64 that is split over tokens is put together. */
let joined = new Uint8Array(512);
/** Longest text of 65535 octets, in hexadecimal. */
const MAX_JOINED = 2 * MAX_RDATA;

/** Puts tokens `first…` together in `joined`; the length, or -1 when it can't be right. */
function join(tokens: Tokens, first: number): number {
  let n = 0;
  for (let t = first; t < tokens.count; t++) n += tokens.end[t] - tokens.start[t];
  if (n > MAX_JOINED) return -1;
  if (n > joined.length) joined = new Uint8Array(Math.min(2 * n, MAX_JOINED));
  let o = 0;
  for (let t = first; t < tokens.count; t++) {
    for (let i = tokens.start[t]; i < tokens.end[t]; i++) joined[o++] = tokens.text[i];
  }
  return n;
}

function parseHex(tokens: Tokens, t: number, out: Uint8Array, o: number, name: string): number {
  if (t >= tokens.count) return fail(t, `${name} is missing`);
  let end = -1;
  if (t === tokens.count - 1 && tokens.end[t] - tokens.start[t] <= MAX_JOINED) {
    end = readHex(tokens.text, tokens.start[t], tokens.end[t], out, o);
  } else {
    const n = join(tokens, t);
    if (n >= 0) end = readHex(joined, 0, n, out, o);
  }
  return end > o ? end : fail(t, `${name} is not hexadecimal of 1 to 65535 octets`);
}

function parseBase64(tokens: Tokens, t: number, out: Uint8Array, o: number, name: string): number {
  if (t >= tokens.count) return fail(t, `${name} is missing`);
  let end = -1;
  // 65535 octets are 87380 characters; more could not be right.
  if (t === tokens.count - 1) {
    const n = tokens.end[t] - tokens.start[t];
    if (n <= 87380) end = readBase64(tokens.text, tokens.start[t], tokens.end[t], out, o);
  } else {
    const n = join(tokens, t);
    if (n >= 0 && n <= 87380) end = readBase64(joined, 0, n, out, o);
  }
  return end > o ? end : fail(t, `${name} is not base64 of 1 to 65535 octets`);
}

/** Hexadecimal of exactly `length` octets, or of at least `least` when `length` is 0. */
function parseDigest(
  tokens: Tokens,
  t: number,
  out: Uint8Array,
  o: number,
  length: number,
  least: number,
  name: string,
): number {
  const end = parseHex(tokens, t, out, o, name);
  if (end < 0 || end - o === length || (length === 0 && end - o >= least)) return end;
  const needed = length === 0 ? `at least ${least}` : String(length);
  return fail(t, `${name} has ${end - o} octets, and needs ${needed}`);
}

/** Is token `t` the `\#` of RFC 3597 §5? */
function isGenericMark(tokens: Tokens, t: number): boolean {
  const s = tokens.start[t];
  return (
    tokens.end[t] - s === 2 &&
    tokens.text[s] === 0x5c &&
    tokens.text[s + 1] === 0x23 &&
    tokens.quoted[t] === 0
  );
}

/** The tokens after `\#`: a length and that many octets in hexadecimal (RFC 3597 §5). */
function parseGeneric(
  type: number,
  tokens: Tokens,
  t: number,
  out: Uint8Array,
  at: number,
): number {
  if (t >= tokens.count) return fail(t, 'RDATA length is missing');
  const length = parseNumber(tokens.text, tokens.start[t], tokens.end[t], MAX_RDATA);
  if (length < 0) return fail(t, 'RDATA length is not a number from 0 to 65535');
  const n = join(tokens, t + 1);
  const end = n < 0 ? -1 : readHex(joined, 0, n, out, at);
  if (end < 0) return fail(t + 1, 'RDATA is not hexadecimal');
  if (end - at !== length) {
    return fail(t, `RDATA length is ${length}, but there are ${end - at} octets`);
  }
  const wrong = canonicalRdata(type, out, at, length);
  return wrong === undefined ? end : fail(t + 1, wrong);
}
