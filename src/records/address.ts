/**
 * Addresses in text: IPv4 as a strict dotted quad (RFC 1035 §3.4.1), IPv6 in every form of
 * RFC 4291 §2.2, written in the one form of RFC 5952.
 */

import { hexDigit } from './encodings.js';

/** Reads a dotted quad; each part 0–255 without leading zeros. Returns the offset or -1. */
export function readIPv4(
  text: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  at: number,
): number {
  if (end - start < 7 || end - start > 15) return -1;
  let o = at;
  let i = start;
  for (let part = 0; part < 4; part++) {
    if (part > 0 && text[i++] !== 0x2e) return -1;
    let v = i < end ? text[i++] - 0x30 : -1;
    if (v < 0 || v > 9) return -1;
    let d = i < end ? text[i] - 0x30 : -1;
    if (d >= 0 && d <= 9) {
      if (v === 0) return -1;
      v = v * 10 + d;
      d = ++i < end ? text[i] - 0x30 : -1;
      if (d >= 0 && d <= 9) {
        v = v * 10 + d;
        if (v > 255) return -1;
        i++;
      }
    }
    out[o++] = v;
  }
  return i === end ? o : -1;
}

/** Writes a dotted quad. */
export function writeIPv4(wire: Uint8Array, at: number, out: Uint8Array, o: number): number {
  let w = writeOctet(wire[at], out, o);
  for (let i = 1; i < 4; i++) {
    out[w++] = 0x2e;
    w = writeOctet(wire[at + i], out, w);
  }
  return w;
}

function writeOctet(n: number, out: Uint8Array, o: number): number {
  if (n < 10) {
    out[o] = 0x30 + n;
    return o + 1;
  }
  let w = o;
  let rest = n;
  if (n >= 100) {
    const hundreds = n >= 200 ? 2 : 1;
    out[w++] = 0x30 + hundreds;
    rest -= hundreds * 100;
  }
  const tens = (rest * 205) >> 11;
  out[w++] = 0x30 + tens;
  out[w++] = 0x30 + rest - tens * 10;
  return w;
}

/** Reads an IPv6 address: groups, one `::`, a dotted quad at the end. The offset or -1. */
export function readIPv6(
  text: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  at: number,
): number {
  const full = at + 16;
  let o = at;
  let gap = -1;
  let i = start;
  if (i + 1 < end && text[i] === 0x3a) {
    // A colon at the very start must be half of a `::`.
    if (text[i + 1] !== 0x3a) return -1;
    gap = o;
    i += 2;
  }
  while (i < end) {
    if (o >= full) return -1;
    const from = i;
    let v = 0;
    for (; i < end; i++) {
      const h = hexDigit(text[i]);
      if (h < 0) break;
      v = (v << 4) | h;
      if (i - from > 3) return -1;
    }
    if (i < end && text[i] === 0x2e) {
      if (o + 4 > full) return -1;
      o = readIPv4(text, from, end, out, o);
      if (o < 0) return -1;
      i = end;
      break;
    }
    if (i === from) return -1;
    out[o++] = v >> 8;
    out[o++] = v & 255;
    if (i === end) break;
    if (text[i++] !== 0x3a) return -1;
    if (i === end) return -1;
    if (text[i] === 0x3a) {
      if (gap >= 0) return -1;
      gap = o;
      i++;
    }
  }
  if (gap < 0) return o === full ? o : -1;
  // `::` stands for at least one group of zeros.
  if (o === full) return -1;
  const tail = o - gap;
  for (let k = 1; k <= tail; k++) out[full - k] = out[o - k];
  for (let k = gap; k < full - tail; k++) out[k] = 0;
  return full;
}

const HEX_LOWER = new TextEncoder().encode('0123456789abcdef');

/**
 * Writes an IPv6 address as RFC 5952 has it: lower case, no leading zeros, the longest (first
 * of equals) run of two or more zero groups as `::`; IPv4-mapped ones with a dotted quad (§5).
 */
export function writeIPv6(wire: Uint8Array, at: number, out: Uint8Array, o: number): number {
  let best = -1;
  let bestLength = 1;
  let run = 0;
  for (let g = 0; g < 8; g++) {
    if ((wire[at + 2 * g] | wire[at + 2 * g + 1]) !== 0) {
      run = 0;
    } else if (++run > bestLength) {
      bestLength = run;
      best = g - run + 1;
    }
  }
  let w = o;
  const mapped = best === 0 && bestLength === 5 && wire[at + 10] === 255 && wire[at + 11] === 255;
  const groups = mapped ? 6 : 8;
  for (let g = 0; g < groups; g++) {
    if (g === best) {
      out[w++] = 0x3a;
      out[w++] = 0x3a;
      g += bestLength - 1;
      continue;
    }
    if (g > 0 && g !== best + bestLength) out[w++] = 0x3a;
    const v = (wire[at + 2 * g] << 8) | wire[at + 2 * g + 1];
    if (v > 0xfff) out[w++] = HEX_LOWER[v >> 12];
    if (v > 0xff) out[w++] = HEX_LOWER[(v >> 8) & 15];
    if (v > 0xf) out[w++] = HEX_LOWER[(v >> 4) & 15];
    out[w++] = HEX_LOWER[v & 15];
  }
  if (mapped) {
    out[w++] = 0x3a;
    w = writeIPv4(wire, at + 12, out, w);
  }
  return w;
}

/** Reads an EUI-48 or EUI-64 (`00-00-5e-00-53-2a`, RFC 7043): `octets` pairs of digits. */
export function readEui(
  text: Uint8Array,
  start: number,
  end: number,
  octets: number,
  out: Uint8Array,
  at: number,
): number {
  return readPairs(text, start, end, octets, 0x2d, out, at);
}

function readPairs(
  text: Uint8Array,
  start: number,
  end: number,
  octets: number,
  separator: number,
  out: Uint8Array,
  at: number,
): number {
  if (end - start !== 3 * octets - 1) return -1;
  for (let k = 0; k < octets; k++) {
    const i = start + 3 * k;
    const high = hexDigit(text[i]);
    const low = hexDigit(text[i + 1]);
    if ((high | low) < 0) return -1;
    if (k > 0 && text[i - 1] !== separator) return -1;
    out[at + k] = (high << 4) | low;
  }
  return at + octets;
}

/** Writes an EUI-48 or EUI-64 in lower case. */
export function writeEui(
  wire: Uint8Array,
  at: number,
  octets: number,
  out: Uint8Array,
  o: number,
): number {
  let w = o;
  for (let k = 0; k < octets; k++) {
    if (k > 0) out[w++] = 0x2d;
    out[w++] = HEX_LOWER[wire[at + k] >> 4];
    out[w++] = HEX_LOWER[wire[at + k] & 15];
  }
  return w;
}

/** Reads four groups of one to four hexadecimal digits, `:` between (RFC 6742 §2.1.2). */
export function readLocator(
  text: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  at: number,
): number {
  let i = start;
  for (let g = 0; g < 4; g++) {
    if (g > 0 && text[i++] !== 0x3a) return -1;
    const from = i;
    let v = 0;
    for (; i < end && i - from < 4; i++) {
      const h = hexDigit(text[i]);
      if (h < 0) break;
      v = (v << 4) | h;
    }
    if (i === from) return -1;
    out[at + 2 * g] = v >> 8;
    out[at + 2 * g + 1] = v & 255;
  }
  return i === end ? at + 8 : -1;
}

/** Writes four groups of four hexadecimal digits, `:` between (RFC 6742 §2.1.2). */
export function writeLocator(wire: Uint8Array, at: number, out: Uint8Array, o: number): number {
  let w = o;
  for (let k = 0; k < 8; k++) {
    if (k > 0 && (k & 1) === 0) out[w++] = 0x3a;
    out[w++] = HEX_LOWER[wire[at + k] >> 4];
    out[w++] = HEX_LOWER[wire[at + k] & 15];
  }
  return w;
}
