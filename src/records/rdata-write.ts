/**
 * RDATA from wire form to presentation form, driven by the table in `layout.ts`; see `rdata.ts`.
 *
 * The kinds of fields are compared most frequent first.
 */

import { wireToText } from '../names/name.js';
import { writeEui, writeIPv4, writeIPv6, writeLocator } from './address.js';
import { isBitmap, writeBitmapText } from './bitmap.js';
import {
  gatewayEnd,
  isAmtRelay,
  isApl,
  isHip,
  writeAmtRelay,
  writeApl,
  writeGateway,
  writeHip,
  writeNsap,
} from './composite.js';
import { writeBase32, writeBase64, writeHex, writeQuoted } from './encodings.js';
import {
  ALGORITHM,
  AMT_RELAY,
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
import { LAYOUT_OF, LAYOUTS } from './layout.js';
import { isLoc, writeLoc } from './loc.js';
import { u16, u32, writeNumber, writeTime } from './numbers.js';
import { svcParamsFault, writeSvcParams } from './svcb.js';
import { TYPE, writeTypeUpper } from './types.js';
import { isStrings, isTag, nameEnd } from './wire.js';

/**
 * Octets that the presentation form of RDATA of this length can take at most; what `out` of
 * {@link writeRdata} must have room for.
 */
export function rdataTextRoom(type: number, length: number): number {
  // A set bit of a bitmap becomes up to eleven characters, an octet elsewhere at most eight.
  const bitmap = type === TYPE.NSEC || type === TYPE.NSEC3 || type === TYPE.CSYNC;
  return (bitmap ? 88 : 8) * length + 1100;
}

/**
 * Writes the presentation form of the RDATA `wire[at, at + length)` to `out[o]`: single
 * spaces, names fully qualified, addresses in RFC 5952 form, hexadecimal in upper case, base64
 * in one piece. RDATA of unknown types, and malformed RDATA, is written as RFC 3597 has it
 * (`\# 4 0A000001`). `out` must have room for {@link rdataTextRoom}.
 *
 * @returns the offset after the text. Never throws, never fails.
 */
export function writeRdata(
  type: number,
  wire: Uint8Array,
  at: number,
  length: number,
  out: Uint8Array,
  o: number,
): number {
  const kinds = LAYOUTS[LAYOUT_OF[type]];
  const end = at + length;
  let p = at;
  let w = o;
  for (let f = 0; f < kinds.length; f++) {
    const kind = kinds[f];
    if (kind >= BITMAP) {
      w = writeRest(kind, wire, at, p, end, f > 0, out, w);
      return w < 0 ? writeGeneric(wire, at, length, out, o) : w;
    }
    if (f > 0) out[w++] = 0x20;
    if (kind === NAME || kind === CASE_NAME) {
      const after = nameEnd(wire, p, end);
      if (after < 0) return writeGeneric(wire, at, length, out, o);
      w = wireToText(wire, p, out, w);
      p = after;
    } else if (kind === IPV4) {
      if (p + 4 > end) return writeGeneric(wire, at, length, out, o);
      w = writeIPv4(wire, p, out, w);
      p += 4;
    } else {
      w = writeField(kind, wire, p, end, out, w);
      if (w < 0) return writeGeneric(wire, at, length, out, o);
      p = fieldAfter;
    }
  }
  if (p !== end || kinds.length === 0) return writeGeneric(wire, at, length, out, o);
  return w;
}

/** Where the field that {@link writeField} wrote ends. */
let fieldAfter = 0;

/** Writes one field; the offset after it, or -1 when the wire form is malformed. */
function writeField(
  kind: number,
  wire: Uint8Array,
  p: number,
  end: number,
  out: Uint8Array,
  w: number,
): number {
  switch (kind) {
    case U16:
    case CERT_TYPE:
      fieldAfter = p + 2;
      return fieldAfter > end ? -1 : writeNumber(u16(wire, p), out, w);
    case U8:
    case ALGORITHM:
    case DIGEST_TYPE:
    case SCHEME:
      fieldAfter = p + 1;
      return fieldAfter > end ? -1 : writeNumber(wire[p], out, w);
    case U32:
    case PERIOD:
      fieldAfter = p + 4;
      return fieldAfter > end ? -1 : writeNumber(u32(wire, p), out, w);
    case IPV6:
      fieldAfter = p + 16;
      return fieldAfter > end ? -1 : writeIPv6(wire, p, out, w);
    case TIME:
      fieldAfter = p + 4;
      return fieldAfter > end ? -1 : writeTime(u32(wire, p), out, w);
    case TYPE_COVERED:
      fieldAfter = p + 2;
      return fieldAfter > end ? -1 : writeTypeUpper(u16(wire, p), out, w);
    case SALT: {
      fieldAfter = p + 1 + wire[p];
      if (p >= end || fieldAfter > end) return -1;
      if (wire[p] > 0) return writeHex(wire, p + 1, wire[p], out, w);
      out[w] = 0x2d;
      return w + 1;
    }
    case HASH:
      fieldAfter = p + 1 + wire[p];
      if (p >= end || fieldAfter > end || wire[p] === 0) return -1;
      return writeBase32(wire, p + 1, wire[p], out, w);
    case STRING:
      fieldAfter = p + 1 + wire[p];
      if (p >= end || fieldAfter > end) return -1;
      return writeQuoted(wire, p + 1, wire[p], out, w);
    case TAG:
      fieldAfter = p + 1 + wire[p];
      if (!isTag(wire, p, end)) return -1;
      for (let i = p + 1; i < fieldAfter; i++) out[w++] = wire[i];
      return w;
    case EUI48:
      fieldAfter = p + 6;
      return fieldAfter > end ? -1 : writeEui(wire, p, 6, out, w);
    case EUI64:
      fieldAfter = p + 8;
      return fieldAfter > end ? -1 : writeEui(wire, p, 8, out, w);
    case LOCATOR:
      fieldAfter = p + 8;
      return fieldAfter > end ? -1 : writeLocator(wire, p, out, w);
    case GATEWAY:
      fieldAfter = gatewayEnd(wire, p, end, wire[p - 2]);
      return fieldAfter < 0 ? -1 : writeGateway(wire, p, wire[p - 2], out, w);
    case TEXT:
      fieldAfter = end;
      return writeQuoted(wire, p, end - p, out, w);
    default:
      return -1;
  }
}

/** Writes the field that takes all octets left, after a space if there is anything to write
 * and something before it; the offset after it, or -1 when the wire form is malformed. */
function writeRest(
  kind: number,
  wire: Uint8Array,
  at: number,
  p: number,
  end: number,
  space: boolean,
  out: Uint8Array,
  w: number,
): number {
  const n = end - p;
  let o = w;
  if (kind === BITMAP) return isBitmap(wire, p, end) ? writeBitmapText(wire, p, end, out, o) : -1;
  if (kind === SVC_PARAMS) {
    if (svcParamsFault(wire, p, end, u16(wire, at)) !== undefined) return -1;
    return writeSvcParams(wire, p, end, out, o);
  }
  if (kind === OPT_BASE64 && n === 0) return o;
  if (kind === OPT_STRING) {
    if (n === 0) return o;
    if (p + 1 + wire[p] !== end) return -1;
    out[o++] = 0x20;
    return writeQuoted(wire, p + 1, wire[p], out, o);
  }
  if (n <= 0) return -1;
  if (space) out[o++] = 0x20;
  switch (kind) {
    case DS_DIGEST:
    case ZONE_DIGEST:
    case HEX:
      return writeHex(wire, p, n, out, o);
    case BASE64:
    case OPT_BASE64:
      return writeBase64(wire, p, n, out, o);
    case STRINGS:
      return isStrings(wire, p, end) ? writeStrings(wire, p, end, out, o) : -1;
    case NSAP:
      return writeNsap(wire, p, end, out, o);
    case LOC:
      return isLoc(wire, p, end) ? writeLoc(wire, p, out, o) : -1;
    case APL:
      return isApl(wire, p, end) ? writeApl(wire, p, end, out, o) : -1;
    case HIP:
      return isHip(wire, p, end) ? writeHip(wire, p, end, out, o) : -1;
    case AMT_RELAY:
      return isAmtRelay(wire, p, end) ? writeAmtRelay(wire, p, out, o) : -1;
    default:
      return -1;
  }
}

function writeStrings(
  wire: Uint8Array,
  at: number,
  end: number,
  out: Uint8Array,
  o: number,
): number {
  let w = o;
  for (let p = at; p < end; p += 1 + wire[p]) {
    if (p > at) out[w++] = 0x20;
    w = writeQuoted(wire, p + 1, wire[p], out, w);
  }
  return w;
}

/** Writes RDATA as RFC 3597 §5 has it, e.g. `\# 4 0A000001`; returns the offset after it. */
function writeGeneric(
  wire: Uint8Array,
  at: number,
  length: number,
  out: Uint8Array,
  o: number,
): number {
  out[o] = 0x5c;
  out[o + 1] = 0x23;
  out[o + 2] = 0x20;
  const w = writeNumber(length, out, o + 3);
  if (length === 0) return w;
  out[w] = 0x20;
  return writeHex(wire, at, length, out, w + 1);
}
