/**
 * RDATA in wire form: is it well formed, and its canonical form (RFC 4034 §6.2, RFC 6840 §5.1).
 *
 * Needed for RDATA that comes as octets (RFC 3597 `\#` of a known type): its names must be
 * lower-cased and its fields checked just as if it had come as text.
 */

import { lowerCase } from '../names/name.js';
import { isBitmap } from './bitmap.js';
import { gatewayEnd, isAmtRelay, isApl, isHip } from './composite.js';
import {
  dsDigestLength,
  FIELD,
  FIELD_NAMES,
  LAYOUT_OF,
  LAYOUTS,
  zoneDigestLength,
} from './layout.js';
import { isLoc } from './loc.js';
import { u16 } from './numbers.js';
import { svcParamsFault } from './svcb.js';

/**
 * The offset after the uncompressed name at `wire[at]`, or -1 when none ends before `end`.
 */
export function nameEnd(wire: Uint8Array, at: number, end: number): number {
  let p = at;
  while (p < end) {
    const n = wire[p];
    if (n === 0) return p + 1 - at <= 255 ? p + 1 : -1;
    if (n > 63) return -1;
    p += n + 1;
  }
  return -1;
}

/** The offset after the field of this kind at `wire[p]` when it is well formed, or -1.
 * `at` is where the RDATA begins. */
function fieldEnd(kind: number, wire: Uint8Array, at: number, p: number, end: number): number {
  switch (kind) {
    case FIELD.name:
    case FIELD.casename:
      return nameEnd(wire, p, end);
    case FIELD.u8:
    case FIELD.algorithm:
    case FIELD.digesttype:
    case FIELD.scheme:
      return p + 1;
    case FIELD.u16:
    case FIELD.type:
    case FIELD.certtype:
      return p + 2;
    case FIELD.u32:
    case FIELD.period:
    case FIELD.time:
    case FIELD.ipv4:
      return p + 4;
    case FIELD.eui48:
      return p + 6;
    case FIELD.eui64:
    case FIELD.locator:
      return p + 8;
    case FIELD.ipv6:
      return p + 16;
    case FIELD.salt:
    case FIELD.string:
      return p < end ? p + 1 + wire[p] : -1;
    case FIELD.hash:
      return p < end && wire[p] > 0 ? p + 1 + wire[p] : -1;
    case FIELD.tag:
      return isTag(wire, p, end) ? p + 1 + wire[p] : -1;
    case FIELD.gateway:
      return gatewayEnd(wire, p, end, wire[p - 2]);
    case FIELD.text:
    case FIELD.optbase64:
      return end;
    case FIELD.hex:
    case FIELD.base64:
    case FIELD.nsap:
      return p < end ? end : -1;
    case FIELD.dsdigest: {
      const n = dsDigestLength(wire[at + 3]);
      return p < end && (n === 0 || n === end - p) ? end : -1;
    }
    case FIELD.zonedigest: {
      const n = zoneDigestLength(wire[at + 4], wire[at + 5]);
      return end - p >= 12 && (n === 0 || n === end - p) ? end : -1;
    }
    case FIELD.strings:
      return isStrings(wire, p, end) ? end : -1;
    case FIELD.optstring:
      return p === end ? p : p + 1 + wire[p];
    case FIELD.bitmap:
      return isBitmap(wire, p, end) ? end : -1;
    case FIELD.loc:
      return isLoc(wire, p, end) ? end : -1;
    case FIELD.svcparams:
      return svcParamsFault(wire, p, end, u16(wire, at)) === undefined ? end : -1;
    case FIELD.apl:
      return isApl(wire, p, end) ? end : -1;
    case FIELD.hip:
      return isHip(wire, p, end) ? end : -1;
    case FIELD.amtrelay:
      return isAmtRelay(wire, p, end) ? end : -1;
    default:
      return -1;
  }
}

/** Is there at least one character-string, and do they end at `end`? */
export function isStrings(wire: Uint8Array, at: number, end: number): boolean {
  let p = at;
  while (p < end) p += 1 + wire[p];
  return p === end && p > at;
}

/** Is there a CAA tag of letters and digits at `wire[p]`? */
export function isTag(wire: Uint8Array, p: number, end: number): boolean {
  const n = wire[p];
  if (p >= end || n === 0 || p + 1 + n > end) return false;
  for (let i = p + 1; i <= p + n; i++) {
    const c = wire[i] | 0x20;
    if (!((wire[i] >= 0x30 && wire[i] <= 0x39) || (c >= 0x61 && c <= 0x7a))) return false;
  }
  return true;
}

function walk(
  type: number,
  wire: Uint8Array,
  at: number,
  length: number,
  lower: boolean,
): string | undefined {
  const end = at + length;
  if (length > 65535) return 'RDATA is longer than 65535 octets';
  const layout = LAYOUT_OF[type];
  if (layout === 0) return undefined;
  const kinds = LAYOUTS[layout];
  let p = at;
  for (let f = 0; f < kinds.length; f++) {
    const next = fieldEnd(kinds[f], wire, at, p, end);
    if (next < 0) return `${FIELD_NAMES[layout][f]} is malformed or cut short`;
    if (next > end) return `${FIELD_NAMES[layout][f]} is cut short`;
    if (lower && kinds[f] === FIELD.name) lowerCase(wire, p, next);
    p = next;
  }
  return p === end ? undefined : 'octets come after the last field';
}

/**
 * Is the RDATA `wire[at, at + length)` well formed for its type?
 *
 * @returns undefined when it is (always for types known only as octets), otherwise a sentence
 *   part that names the field.
 */
export function checkRdata(
  type: number,
  wire: Uint8Array,
  at: number,
  length: number,
): string | undefined {
  return walk(type, wire, at, length, false);
}

/** Checks as {@link checkRdata} and brings the RDATA into canonical form in place. */
export function canonicalRdata(
  type: number,
  wire: Uint8Array,
  at: number,
  length: number,
): string | undefined {
  return walk(type, wire, at, length, true);
}

/** The offsets of the names in well-formed RDATA, in order; for cold paths. */
export function rdataNames(type: number, wire: Uint8Array, at: number, length: number): number[] {
  const kinds = LAYOUTS[LAYOUT_OF[type]];
  const found: number[] = [];
  let p = at;
  for (const kind of kinds) {
    if (kind === FIELD.name || kind === FIELD.casename) found.push(p);
    p = fieldEnd(kind, wire, at, p, at + length);
    if (p < 0) break;
  }
  return found;
}
