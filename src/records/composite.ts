/**
 * RDATA whose fields depend on one another: APL (RFC 3123), HIP (RFC 8005 §§5, 6), the
 * gateways of IPSECKEY (RFC 4025 §2) and AMTRELAY (RFC 8777 §4), and NSAP (RFC 1706 §7).
 *
 * Readers take tokens to the end, return the new offset or -1 with the reason in `rdataFault`.
 * `is…` tells whether a wire form is well formed; the writers need one that is.
 */

import { nameFaultText, textToWire, wireToText } from '../names/name.js';
import { readIPv4, readIPv6, writeIPv4, writeIPv6 } from './address.js';
import { hexDigit, readBase64, readHex, writeBase64, writeHex } from './encodings.js';
import { fail, type Tokens } from './fault.js';
import { parseNumber, u16, writeNumber } from './numbers.js';
import { nameEnd } from './wire.js';

// ---- gateways ----------------------------------------------------------------------------

/** Reads one token as a gateway of the type 0 (none), 1 (IPv4), 2 (IPv6) or 3 (name). */
export function readGateway(
  tokens: Tokens,
  t: number,
  type: number,
  what: string,
  origin: Uint8Array | undefined,
  out: Uint8Array,
  at: number,
): number {
  const { text, start, end } = tokens;
  let o = -1;
  if (type === 0) {
    if (end[t] - start[t] === 1 && text[start[t]] === 0x2e) return at;
    return fail(t, `${what} is not "." although its type is 0`);
  }
  if (type === 1) {
    o = readIPv4(text, start[t], end[t], out, at);
    return o < 0 ? fail(t, `${what} is not an IPv4 address although its type is 1`) : o;
  }
  if (type === 2) {
    o = readIPv6(text, start[t], end[t], out, at);
    return o < 0 ? fail(t, `${what} is not an IPv6 address although its type is 2`) : o;
  }
  if (type === 3) {
    o = textToWire(text, start[t], end[t], origin, out, at, true);
    return o < 0 ? fail(t, `${what} ${nameFaultText(o)}`) : o;
  }
  return fail(t, `${what} has an unknown type (0 to 3 are known)`);
}

/** The offset after the gateway at `wire[at]`, or -1. */
export function gatewayEnd(wire: Uint8Array, at: number, end: number, type: number): number {
  const o = type === 3 ? nameEnd(wire, at, end) : type < 3 ? at + [0, 4, 16][type] : -1;
  return o > end ? -1 : o;
}

/** Writes a gateway; returns the offset after it. */
export function writeGateway(
  wire: Uint8Array,
  at: number,
  type: number,
  out: Uint8Array,
  o: number,
): number {
  if (type === 1) return writeIPv4(wire, at, out, o);
  if (type === 2) return writeIPv6(wire, at, out, o);
  if (type === 3) return wireToText(wire, at, out, o);
  out[o] = 0x2e;
  return o + 1;
}

// ---- AMTRELAY ----------------------------------------------------------------------------

/** Reads `precedence discovery-optional type relay`. */
export function readAmtRelay(
  tokens: Tokens,
  t: number,
  origin: Uint8Array | undefined,
  out: Uint8Array,
  at: number,
): number {
  const { text, start, end, count } = tokens;
  const what = ['precedence', 'discovery optional', 'relay type'];
  const max = [255, 1, 127];
  const value = [0, 0, 0];
  for (let k = 0; k < 3; k++) {
    if (t + k >= count) return fail(count, `${what[k]} is missing`);
    value[k] = parseNumber(text, start[t + k], end[t + k], max[k]);
    if (value[k] < 0) return fail(t + k, `${what[k]} is not a number from 0 to ${max[k]}`);
  }
  if (t + 3 >= count) return fail(count, 'relay is missing');
  if (t + 4 < count) return fail(t + 4, 'text comes after the relay, the last field');
  out[at] = value[0];
  out[at + 1] = (value[1] << 7) | value[2];
  return readGateway(tokens, t + 3, value[2], 'relay', origin, out, at + 2);
}

export function isAmtRelay(wire: Uint8Array, at: number, end: number): boolean {
  return end - at >= 2 && gatewayEnd(wire, at + 2, end, wire[at + 1] & 127) === end;
}

export function writeAmtRelay(wire: Uint8Array, at: number, out: Uint8Array, o: number): number {
  let w = writeNumber(wire[at], out, o);
  out[w++] = 0x20;
  out[w++] = 0x30 + (wire[at + 1] >> 7);
  out[w++] = 0x20;
  w = writeNumber(wire[at + 1] & 127, out, w);
  out[w++] = 0x20;
  return writeGateway(wire, at + 2, wire[at + 1] & 127, out, w);
}

// ---- APL ---------------------------------------------------------------------------------

/** Reads items `[!]family:address/prefix`; none is well formed. */
export function readApl(tokens: Tokens, first: number, out: Uint8Array, at: number): number {
  const { text, start, end, count } = tokens;
  let o = at;
  for (let t = first; t < count; t++) {
    let i = start[t];
    const negated = text[i] === 0x21 ? 0x80 : 0;
    if (negated !== 0) i++;
    let slash = end[t] - 1;
    while (slash > i && text[slash] !== 0x2f) slash--;
    const family = text[i] === 0x31 ? 1 : text[i] === 0x32 ? 2 : 0;
    const read = family === 1 ? readIPv4 : readIPv6;
    const octets = family === 1 ? 4 : 16;
    const prefix = parseNumber(text, slash + 1, end[t], 8 * octets);
    if (family === 0 || text[i + 1] !== 0x3a || prefix < 0) {
      return fail(t, 'address prefix is not [!]1:IPv4/prefix or [!]2:IPv6/prefix');
    }
    if (read(text, i + 2, slash, out, o + 4) < 0) {
      return fail(t, `address prefix has no IPv${family === 1 ? 4 : 6} address`);
    }
    // Trailing zero octets are left out (RFC 3123 §4).
    let n = octets;
    while (n > 0 && out[o + 3 + n] === 0) n--;
    out[o] = 0;
    out[o + 1] = family;
    out[o + 2] = prefix;
    out[o + 3] = negated | n;
    o += 4 + n;
    if (o - at > 65535) return fail(t, 'address prefixes are longer than 65535 octets');
  }
  return o;
}

export function isApl(wire: Uint8Array, at: number, end: number): boolean {
  let p = at;
  while (p < end) {
    if (p + 4 > end) return false;
    const family = u16(wire, p);
    const octets = family === 1 ? 4 : family === 2 ? 16 : 0;
    const n = wire[p + 3] & 127;
    if (octets === 0 || n > octets || wire[p + 2] > 8 * octets || p + 4 + n > end) return false;
    if (n > 0 && wire[p + 3 + n] === 0) return false;
    p += 4 + n;
  }
  return true;
}

const address = new Uint8Array(16);

/** Writes the items with spaces between. */
export function writeApl(
  wire: Uint8Array,
  at: number,
  end: number,
  out: Uint8Array,
  o: number,
): number {
  let w = o;
  for (let p = at; p < end; p += 4 + (wire[p + 3] & 127)) {
    if (p > at) out[w++] = 0x20;
    if (wire[p + 3] > 127) out[w++] = 0x21;
    out[w++] = 0x30 + wire[p + 1];
    out[w++] = 0x3a;
    const n = wire[p + 3] & 127;
    for (let k = 0; k < 16; k++) address[k] = k < n ? wire[p + 4 + k] : 0;
    w = wire[p + 1] === 1 ? writeIPv4(address, 0, out, w) : writeIPv6(address, 0, out, w);
    out[w++] = 0x2f;
    w = writeNumber(wire[p + 2], out, w);
  }
  return w;
}

// ---- HIP ---------------------------------------------------------------------------------

/** Reads `algorithm HIT public-key [rendezvous server]…`. */
export function readHip(
  tokens: Tokens,
  t: number,
  origin: Uint8Array | undefined,
  out: Uint8Array,
  at: number,
): number {
  const { text, start, end, count } = tokens;
  const what = ['public key algorithm', 'host identity tag', 'public key'];
  if (count - t < 3) return fail(count, `${what[count - t]} is missing`);
  const algorithm = parseNumber(text, start[t], end[t], 255);
  if (algorithm < 0) return fail(t, 'public key algorithm is not a number from 0 to 255');
  const hit = at + 4;
  const key = readHex(text, start[t + 1], end[t + 1], out, hit);
  if (key <= hit || key - hit > 255) {
    return fail(t + 1, 'host identity tag is not hexadecimal of 1 to 255 octets');
  }
  let o =
    end[t + 2] - start[t + 2] > 80000 ? -1 : readBase64(text, start[t + 2], end[t + 2], out, key);
  if (o <= key) return fail(t + 2, 'public key is not base64');
  out[at] = key - hit;
  out[at + 1] = algorithm;
  out[at + 2] = (o - key) >> 8;
  out[at + 3] = (o - key) & 255;
  for (let k = t + 3; k < count; k++) {
    if (o - at > 65535) return fail(k, 'rendezvous servers are longer than 65535 octets');
    o = textToWire(text, start[k], end[k], origin, out, o, true);
    if (o < 0) return fail(k, `rendezvous server ${nameFaultText(o)}`);
  }
  return o;
}

export function isHip(wire: Uint8Array, at: number, end: number): boolean {
  if (end - at < 4) return false;
  const key = at + 4 + wire[at];
  let p = key + u16(wire, at + 2);
  if (wire[at] === 0 || p === key || p > end) return false;
  while (p >= 0 && p < end) p = nameEnd(wire, p, end);
  return p === end;
}

export function writeHip(
  wire: Uint8Array,
  at: number,
  end: number,
  out: Uint8Array,
  o: number,
): number {
  const key = at + 4 + wire[at];
  const n = u16(wire, at + 2);
  let w = writeNumber(wire[at + 1], out, o);
  out[w++] = 0x20;
  w = writeHex(wire, at + 4, wire[at], out, w);
  out[w++] = 0x20;
  w = writeBase64(wire, key, n, out, w);
  for (let p = key + n; p < end; p = nameEnd(wire, p, end)) {
    out[w++] = 0x20;
    w = wireToText(wire, p, out, w);
  }
  return w;
}

// ---- NSAP --------------------------------------------------------------------------------

/** Reads `0x` and hexadecimal digits with dots anywhere between them. */
export function readNsap(tokens: Tokens, t: number, out: Uint8Array, at: number): number {
  const { text, start, end, count } = tokens;
  if (t + 1 < count) return fail(t + 1, 'text comes after the address, the last field');
  const i = start[t];
  let o = at;
  let high = -1;
  let good = text[i] === 0x30 && (text[i + 1] | 0x20) === 0x78;
  for (let k = i + 2; good && k < end[t]; k++) {
    if (text[k] === 0x2e) continue;
    const digit = hexDigit(text[k]);
    if (digit < 0) good = false;
    else if (high < 0) high = digit;
    else {
      out[o++] = (high << 4) | digit;
      high = -1;
    }
  }
  if (!good || high >= 0 || o === at) return fail(t, 'address is not 0x and hexadecimal octets');
  return o;
}

export function writeNsap(
  wire: Uint8Array,
  at: number,
  end: number,
  out: Uint8Array,
  o: number,
): number {
  out[o] = 0x30;
  out[o + 1] = 0x78;
  return writeHex(wire, at, end - at, out, o + 2);
}
