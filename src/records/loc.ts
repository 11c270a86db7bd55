/**
 * LOC records: a place on earth (RFC 1876 §§2, 3).
 */

import { fail, type Tokens } from './fault.js';
import { parseNumber, putU32, u32, writeNumber } from './numbers.js';

const EQUATOR = 2147483648;
const MAX_LATITUDE = 90 * 3600000;
const MAX_LONGITUDE = 180 * 3600000;
/** Altitude 0 on the wire: 100 000 m below the WGS 84 spheroid, in centimetres. */
const BASE_ALTITUDE = 10000000;

/**
 * A decimal number with at most `places` decimals, times 10^places; -1 when it is none or
 * is over `max` (in the same unit).
 */
function parseFixed(
  text: Uint8Array,
  start: number,
  end: number,
  places: number,
  max: number,
): number {
  let dot = start;
  while (dot < end && text[dot] !== 0x2e) dot++;
  const whole = parseNumber(text, start, dot, 4294967295);
  if (whole < 0) return -1;
  let value = whole;
  const decimals = dot < end ? end - dot - 1 : 0;
  if (decimals > places || (dot < end && decimals === 0)) return -1;
  for (let k = 1; k <= places; k++) {
    const d = k <= decimals ? text[dot + k] - 0x30 : 0;
    if (d < 0 || d > 9) return -1;
    value = value * 10 + d;
  }
  return value <= max ? value : -1;
}

/** The next token and what it held; set by {@link readAngle}. */
let next = 0;

/** Reads `d [m [s]] X` with X one of two letters; thousandths of a second from the equator or
 * prime meridian, or -1 after a fault. */
function readAngle(
  tokens: Tokens,
  first: number,
  what: string,
  letters: string,
  max: number,
): number {
  const { text, start, end, count } = tokens;
  let value = 0;
  for (let k = 0; k < 4; k++) {
    const t = first + k;
    if (t >= count) return fail(t, `${what} is not complete (degrees minutes seconds ${letters})`);
    const c = String.fromCharCode(text[start[t]] & 0xdf);
    if (end[t] - start[t] === 1 && k > 0 && letters.includes(c)) {
      if (value > max) return fail(first, `${what} is more than ${max / 3600000} degrees`);
      next = t + 1;
      return EQUATOR + (c === letters[0] ? value : -value);
    }
    const part =
      k < 2
        ? parseNumber(text, start[t], end[t], k === 0 ? 180 : 59)
        : k === 2
          ? parseFixed(text, start[t], end[t], 3, 59999)
          : -1;
    if (part < 0) return fail(t, `${what} is not degrees, minutes, seconds and ${letters}`);
    value += k === 0 ? part * 3600000 : k === 1 ? part * 60000 : part;
  }
  return fail(first + 3, `${what} has no ${letters}`);
}

/** A size in centimetres as mantissa and exponent; rounds down as RFC 1876 appendix A does. */
function packSize(centimetres: number): number {
  let exponent = 0;
  let mantissa = centimetres;
  while (mantissa > 9) {
    mantissa = Math.floor(mantissa / 10);
    exponent++;
  }
  return (mantissa << 4) | exponent;
}

/** Reads the tokens of a LOC record from `first` to `out[at]`; the offset or -1. */
export function readLoc(tokens: Tokens, first: number, out: Uint8Array, at: number): number {
  const { text, start, end, count } = tokens;
  const latitude = readAngle(tokens, first, 'latitude', 'NS', MAX_LATITUDE);
  if (latitude < 0) return -1;
  const longitude = readAngle(tokens, next, 'longitude', 'EW', MAX_LONGITUDE);
  if (longitude < 0) return -1;
  let t = next;
  if (t >= count) return fail(t, 'altitude is missing');
  const sign = text[start[t]] === 0x2d ? -1 : 1;
  const digitsAt = start[t] + (text[start[t]] === 0x2d || text[start[t]] === 0x2b ? 1 : 0);
  const metres = parseFixed(text, digitsAt, withoutM(text, digitsAt, end[t]), 2, 4284967295);
  if (metres < 0 || (sign < 0 && metres > BASE_ALTITUDE)) {
    return fail(t, 'altitude is not from -100000.00 to 42849672.95 metres');
  }
  out[at] = 0;
  // Defaults: size 1 m, horizontal precision 10 km, vertical precision 10 m.
  out[at + 1] = 0x12;
  out[at + 2] = 0x16;
  out[at + 3] = 0x13;
  const what = ['size', 'horizontal precision', 'vertical precision'];
  for (let k = 0; k < 3; k++) {
    if (++t >= count) break;
    const size = parseFixed(text, start[t], withoutM(text, start[t], end[t]), 2, 9000000000);
    if (size < 0) return fail(t, `${what[k]} is not from 0 to 90000000.00 metres`);
    out[at + 1 + k] = packSize(size);
  }
  if (t + 1 < count) return fail(t + 1, 'text comes after the vertical precision, the last field');
  let o = putU32(latitude, out, at + 4);
  o = putU32(longitude, out, o);
  return putU32(BASE_ALTITUDE + sign * metres, out, o);
}

function withoutM(text: Uint8Array, start: number, end: number): number {
  return end > start && (text[end - 1] | 0x20) === 0x6d ? end - 1 : end;
}

/** Is `wire[at, end)` a LOC record of version 0 with every field in its range? */
export function isLoc(wire: Uint8Array, at: number, end: number): boolean {
  if (end - at !== 16 || wire[at] !== 0) return false;
  for (let k = 1; k <= 3; k++) {
    const mantissa = wire[at + k] >> 4;
    const exponent = wire[at + k] & 15;
    if (mantissa > 9 || exponent > 9 || (mantissa === 0 && exponent !== 0)) return false;
  }
  return (
    Math.abs(u32(wire, at + 4) - EQUATOR) <= MAX_LATITUDE &&
    Math.abs(u32(wire, at + 8) - EQUATOR) <= MAX_LONGITUDE
  );
}

function writeAngle(value: number, letters: string, out: Uint8Array, o: number): number {
  const v = Math.abs(value - EQUATOR);
  let w = writeNumber(Math.floor(v / 3600000), out, o);
  out[w++] = 0x20;
  w = writeNumber(Math.floor(v / 60000) % 60, out, w);
  out[w++] = 0x20;
  w = writeFixed(v % 60000, 3, out, w);
  out[w++] = 0x20;
  out[w++] = letters.charCodeAt(value >= EQUATOR ? 0 : 1);
  out[w++] = 0x20;
  return w;
}

function writeFixed(value: number, places: number, out: Uint8Array, o: number): number {
  const scale = 10 ** places;
  const w = writeNumber(Math.floor(value / scale), out, o);
  out[w] = 0x2e;
  let rest = value % scale;
  for (let k = places; k > 0; k--) {
    out[w + k] = 0x30 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
  return w + 1 + places;
}

function writeMetres(centimetres: number, out: Uint8Array, o: number): number {
  const w = writeFixed(centimetres, 2, out, o);
  out[w] = 0x6d;
  return w + 1;
}

/** Writes a LOC record that {@link isLoc} accepts; returns the offset after it. */
export function writeLoc(wire: Uint8Array, at: number, out: Uint8Array, o: number): number {
  let w = writeAngle(u32(wire, at + 4), 'NS', out, o);
  w = writeAngle(u32(wire, at + 8), 'EW', out, w);
  const altitude = u32(wire, at + 12) - BASE_ALTITUDE;
  if (altitude < 0) out[w++] = 0x2d;
  w = writeMetres(Math.abs(altitude), out, w);
  for (let k = 1; k <= 3; k++) {
    out[w++] = 0x20;
    w = writeMetres((wire[at + k] >> 4) * 10 ** (wire[at + k] & 15), out, w);
  }
  return w;
}
