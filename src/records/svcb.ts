/**
 * The parameters of SVCB and HTTPS records (RFC 9460 §§2.1, 2.2, 7, 8 and appendix A).
 *
 * All keys are read by name or as `keyNNNNN`; those of RFC 9460 itself are written by name,
 * later ones as `keyNNNNN`, which every program reads.
 */

import { readIPv4, readIPv6, writeIPv4, writeIPv6 } from './address.js';
import {
  readBase64,
  readEscaped,
  writeBase64,
  writeQuoted,
  writeQuotedOctet,
} from './encodings.js';
import { fail, type Tokens } from './fault.js';
import { parseNumber, putU16, u16, writeNumber } from './numbers.js';

const KEYS: readonly string[] = [
  'mandatory',
  'alpn',
  'no-default-alpn',
  'port',
  'ipv4hint',
  'ech',
  'ipv6hint',
  'dohpath',
  'ohttp',
  'tls-supported-groups',
  'docpath',
];
const MANDATORY = 0;
const ALPN = 1;
const NO_DEFAULT_ALPN = 2;
const PORT = 3;
const IPV4HINT = 4;
const ECH = 5;
const IPV6HINT = 6;
const OHTTP = 8;
const GROUPS = 9;
/** The keys that are written by name. */
const NAMED = 7;

const encoder = new TextEncoder();
const decoder = new TextDecoder('latin1');

function keyFromText(text: string): number {
  const known = KEYS.indexOf(text);
  if (known >= 0) return known;
  // RFC 9460 §2.1: no leading zeros; 65535 is the reserved "invalid key".
  const number = /^key(0|[1-9][0-9]{0,4})$/.exec(text);
  return number !== null && Number(number[1]) < 65535 ? Number(number[1]) : -1;
}

function keyToText(key: number): string {
  return key < NAMED ? KEYS[key] : `key${key}`;
}

/** The items of a comma-separated value (RFC 9460 A.1), `\,` and `\\` undone; undefined for
 * an empty item or a broken escape. */
function splitList(value: Uint8Array): Uint8Array[] | undefined {
  const items: Uint8Array[] = [];
  let item: number[] = [];
  for (let i = 0; i < value.length; i++) {
    const c = value[i];
    if (c === 0x2c) {
      if (item.length === 0) return undefined;
      items.push(Uint8Array.from(item));
      item = [];
      continue;
    }
    if (c === 0x5c && ++i === value.length) return undefined;
    item.push(value[i]);
  }
  if (item.length === 0) return undefined;
  items.push(Uint8Array.from(item));
  return items;
}

/** The wire form of a parameter's value, or what is wrong with it. */
function valueFromText(key: number, value: Uint8Array): Uint8Array | string {
  // The densest text is `::`, 2 characters for 16 octets.
  const out = new Uint8Array(8 * value.length + 16);
  let o = 0;
  switch (key) {
    case NO_DEFAULT_ALPN:
    case OHTTP:
      return value.length === 0 ? value : 'takes no value';
    case PORT: {
      const port = parseNumber(value, 0, value.length, 65535);
      if (port < 0) return 'is not a number from 0 to 65535';
      return out.slice(0, putU16(port, out, 0));
    }
    case ECH:
      o = readBase64(value, 0, value.length, out, 0);
      return o > 0 ? out.slice(0, o) : 'is not base64';
    case MANDATORY:
    case ALPN:
    case IPV4HINT:
    case IPV6HINT:
    case GROUPS:
      break;
    default:
      return value;
  }
  const items = splitList(value);
  if (items === undefined) return 'has no value, an empty item or a broken escape';
  if (key === MANDATORY) {
    const keys = items.map((item) => keyFromText(decoder.decode(item)));
    if (keys.includes(-1)) return 'names an unknown key';
    for (const k of keys.sort((a, b) => a - b)) o = putU16(k, out, o);
    return out.slice(0, o);
  }
  for (const item of items) {
    if (key === ALPN) {
      if (item.length > 255) return 'has a protocol longer than 255 octets';
      out[o++] = item.length;
      out.set(item, o);
      o += item.length;
    } else if (key === GROUPS) {
      const group = parseNumber(item, 0, item.length, 65535);
      if (group < 0) return 'is not a list of numbers from 0 to 65535';
      o = putU16(group, out, o);
    } else if (key === IPV4HINT) {
      o = readIPv4(item, 0, item.length, out, o);
      if (o < 0) return 'is not a list of IPv4 addresses';
    } else {
      o = readIPv6(item, 0, item.length, out, o);
      if (o < 0) return 'is not a list of IPv6 addresses';
    }
  }
  return out.slice(0, o);
}

interface Parameter {
  readonly key: number;
  readonly token: number;
  readonly value: Uint8Array;
}

/**
 * Reads the parameters in tokens `first` and following to `out[at]`, sorted by key.
 *
 * @returns the offset after them, or -1 with the reason in `rdataFault`.
 */
export function readSvcParams(
  tokens: Tokens,
  first: number,
  priority: number,
  out: Uint8Array,
  at: number,
): number {
  const { text, start, end, quoted, count } = tokens;
  const parameters: Parameter[] = [];
  for (let t = first; t < count; t++) {
    if (priority === 0) return fail(t, 'parameters are not allowed with priority 0');
    let equals = start[t];
    while (equals < end[t] && text[equals] !== 0x3d) equals++;
    const name = decoder.decode(text.subarray(start[t], equals)).toLowerCase();
    const key = keyFromText(name);
    if (key < 0) return fail(t, 'parameter key is unknown (write keyNNNNN)');
    let from = Math.min(equals + 1, end[t]);
    let to = end[t];
    const token = t;
    if (to - from >= 2 && text[from] === 0x22 && text[to - 1] === 0x22) {
      from++;
      to--;
    } else if (from === to && equals < end[t] && t + 1 < count && quoted[t + 1] === 1) {
      if (start[t + 1] === end[t] + 1) {
        t++;
        from = start[t];
        to = end[t];
      }
    }
    const octets = new Uint8Array(to - from);
    const n = readEscaped(text, from, to, octets, 0, to - from);
    if (n < 0) return fail(token, `parameter ${name} has a broken escape`);
    // Written keyNNNNN, the octets are the wire form, of known keys too (RFC 9460 §2.1).
    const value =
      KEYS[key] === name ? valueFromText(key, octets.subarray(0, n)) : octets.subarray(0, n);
    if (typeof value === 'string') return fail(token, `parameter ${name} ${value}`);
    if (value.length > 65535) return fail(token, `parameter ${name} is too long`);
    parameters.push({ key, token, value });
  }
  parameters.sort((a, b) => a.key - b.key);
  let o = at;
  for (const { key, token, value } of parameters) {
    if (o - at + value.length > 65535)
      return fail(token, 'parameters are longer than 65535 octets');
    o = putU16(key, out, o);
    o = putU16(value.length, out, o);
    out.set(value, o);
    o += value.length;
  }
  const wrong = svcParamsFault(out, at, o, priority);
  if (wrong === undefined) return o;
  return fail(parameters[wrong.index]?.token ?? first, wrong.message);
}

/**
 * What is wrong with the parameters in `wire[at, end)`, and with which of them (counted from
 * 0); undefined when they are well formed and fit together (RFC 9460 §§2.2, 7, 8).
 */
export function svcParamsFault(
  wire: Uint8Array,
  at: number,
  end: number,
  priority: number,
): { index: number; message: string } | undefined {
  let previous = -1;
  let mandatoryAt = -1;
  let noDefaultAt = -1;
  const present = new Set<number>();
  let index = 0;
  for (let p = at; p < end; index++) {
    if (priority === 0) return { index, message: 'parameters are not allowed with priority 0' };
    if (p + 4 > end) return { index, message: 'parameters are cut short' };
    const key = u16(wire, p);
    const n = u16(wire, p + 2);
    const v = p + 4;
    if (v + n > end) return { index, message: 'parameters are cut short' };
    if (key === previous) return { index, message: `parameter ${keyToText(key)} stands twice` };
    if (key < previous) return { index, message: 'parameters are not sorted' };
    if (key === 65535) return { index, message: 'parameter key65535 is reserved' };
    const wrong = valueFault(key, wire, v, n);
    if (wrong !== undefined) return { index, message: `parameter ${keyToText(key)} ${wrong}` };
    if (key === MANDATORY) mandatoryAt = v;
    if (key === NO_DEFAULT_ALPN) noDefaultAt = index;
    present.add(key);
    previous = key;
    p = v + n;
  }
  if (noDefaultAt >= 0 && !present.has(ALPN)) {
    return { index: noDefaultAt, message: 'parameter no-default-alpn needs alpn beside it' };
  }
  if (mandatoryAt >= 0) {
    const n = u16(wire, mandatoryAt - 2);
    for (let p = mandatoryAt; p < mandatoryAt + n; p += 2) {
      const key = u16(wire, p);
      if (!present.has(key)) {
        return {
          index: 0,
          message: `parameter mandatory names ${keyToText(key)}, which is missing`,
        };
      }
    }
  }
  return undefined;
}

function valueFault(key: number, wire: Uint8Array, v: number, n: number): string | undefined {
  switch (key) {
    case MANDATORY: {
      if (n === 0 || (n & 1) !== 0) return 'is not a list of keys';
      let previous = 0;
      for (let p = v; p < v + n; p += 2) {
        const k = u16(wire, p);
        if (k === 0) return 'names itself';
        if (k === previous) return 'names a key twice';
        if (k < previous) return 'is not sorted';
        previous = k;
      }
      return undefined;
    }
    case ALPN: {
      let p = v;
      while (p < v + n && wire[p] > 0) p += 1 + wire[p];
      return n > 0 && p === v + n ? undefined : 'is not a list of protocols';
    }
    case NO_DEFAULT_ALPN:
    case OHTTP:
      return n === 0 ? undefined : 'takes no value';
    case PORT:
      return n === 2 ? undefined : 'is not a number from 0 to 65535';
    case ECH:
      return n > 0 ? undefined : 'has no value';
    case IPV4HINT:
      return n > 0 && n % 4 === 0 ? undefined : 'is not a list of IPv4 addresses';
    case IPV6HINT:
      return n > 0 && n % 16 === 0 ? undefined : 'is not a list of IPv6 addresses';
    case GROUPS:
      return n > 0 && n % 2 === 0 ? undefined : 'is not a list of numbers from 0 to 65535';
    default:
      return undefined;
  }
}

/** Writes well-formed parameters, each after a space; returns the offset after them. */
export function writeSvcParams(
  wire: Uint8Array,
  at: number,
  end: number,
  out: Uint8Array,
  o: number,
): number {
  let w = o;
  for (let p = at; p < end; ) {
    const key = u16(wire, p);
    const n = u16(wire, p + 2);
    const v = p + 4;
    p = v + n;
    out[w++] = 0x20;
    w = writeAscii(keyToText(key), out, w);
    if (n === 0) continue;
    out[w++] = 0x3d;
    if (key >= NAMED) w = writeQuoted(wire, v, n, out, w);
    else w = writeValue(key, wire, v, n, out, w);
  }
  return w;
}

function writeAscii(text: string, out: Uint8Array, o: number): number {
  const bytes = encoder.encode(text);
  out.set(bytes, o);
  return o + bytes.length;
}

function writeValue(
  key: number,
  wire: Uint8Array,
  v: number,
  n: number,
  out: Uint8Array,
  o: number,
): number {
  if (key === ALPN) return writeAlpn(wire, v, n, out, o);
  if (key === ECH) return writeBase64(wire, v, n, out, o);
  const step = key === IPV4HINT ? 4 : key === IPV6HINT ? 16 : 2;
  let w = o;
  for (let p = v; p < v + n; p += step) {
    if (p > v) out[w++] = 0x2c;
    if (key === IPV4HINT) w = writeIPv4(wire, p, out, w);
    else if (key === IPV6HINT) w = writeIPv6(wire, p, out, w);
    else if (key === PORT) w = writeNumber(u16(wire, p), out, w);
    else w = writeAscii(keyToText(u16(wire, p)), out, w);
  }
  return w;
}

/** `,` and `\` of a protocol are escaped for the list (A.1), then all of it for the string. */
function writeAlpn(wire: Uint8Array, v: number, n: number, out: Uint8Array, o: number): number {
  let w = o;
  out[w++] = 0x22;
  for (let p = v; p < v + n; ) {
    if (p > v) out[w++] = 0x2c;
    for (const end = p + 1 + wire[p++]; p < end; p++) {
      const c = wire[p];
      if (c === 0x2c || c === 0x5c) w = writeQuotedOctet(0x5c, out, w);
      w = writeQuotedOctet(c, out, w);
    }
  }
  out[w++] = 0x22;
  return w;
}
