/**
 * Octets in text: hexadecimal, base64 and base32hex (RFC 4648 §§4, 7, 8), and the
 * character-strings of zone files (RFC 1035 §5.1).
 *
 * Readers return the new offset or -1; writers return the new offset.
 */

const HEX = new Int8Array(256).fill(-1);
const B64 = new Int8Array(256).fill(-1);
const B32 = new Int8Array(256).fill(-1);
const HEX_DIGITS = new Uint8Array(16);
const B64_DIGITS = new Uint8Array(64);
const B32_DIGITS = new Uint8Array(32);
for (let i = 0; i < 16; i++) {
  HEX_DIGITS[i] = '0123456789ABCDEF'.charCodeAt(i);
  HEX[HEX_DIGITS[i]] = i;
  HEX['0123456789abcdef'.charCodeAt(i)] = i;
}
for (let i = 0; i < 64; i++) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  B64_DIGITS[i] = alphabet.charCodeAt(i);
  B64[B64_DIGITS[i]] = i;
}
for (let i = 0; i < 32; i++) {
  B32_DIGITS[i] = '0123456789abcdefghijklmnopqrstuv'.charCodeAt(i);
  B32[B32_DIGITS[i]] = i;
  B32['0123456789ABCDEFGHIJKLMNOPQRSTUV'.charCodeAt(i)] = i;
}

/** The value of a hexadecimal digit, or -1. */
export function hexDigit(c: number): number {
  return HEX[c];
}

/** Reads an even number of hexadecimal digits; an odd number or another character is -1. */
export function readHex(
  text: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  at: number,
): number {
  if (((end - start) & 1) !== 0) return -1;
  let o = at;
  for (let i = start; i < end; i += 2) {
    const high = HEX[text[i]];
    const low = HEX[text[i + 1]];
    if ((high | low) < 0) return -1;
    out[o++] = (high << 4) | low;
  }
  return o;
}

/** Writes `n` octets as upper-case hexadecimal. */
export function writeHex(
  wire: Uint8Array,
  at: number,
  n: number,
  out: Uint8Array,
  o: number,
): number {
  let w = o;
  for (let i = at; i < at + n; i++) {
    const c = wire[i];
    out[w++] = HEX_DIGITS[c >> 4];
    out[w++] = HEX_DIGITS[c & 15];
  }
  return w;
}

/** Reads base64 with its padding; unused bits must be zero (RFC 4648 §3.5). */
export function readBase64(
  text: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  at: number,
): number {
  if (((end - start) & 3) !== 0) return -1;
  if (end === start) return at;
  let o = at;
  const last = end - 4;
  let i = start;
  for (; i < last; i += 4) {
    const a = B64[text[i]];
    const b = B64[text[i + 1]];
    const c = B64[text[i + 2]];
    const d = B64[text[i + 3]];
    if ((a | b | c | d) < 0) return -1;
    out[o++] = (a << 2) | (b >> 4);
    out[o++] = (b << 4) | (c >> 2);
    out[o++] = (c << 6) | d;
  }
  const a = B64[text[i]];
  const b = B64[text[i + 1]];
  if ((a | b) < 0) return -1;
  out[o++] = (a << 2) | (b >> 4);
  if (text[i + 3] !== 0x3d) {
    const c = B64[text[i + 2]];
    const d = B64[text[i + 3]];
    if ((c | d) < 0) return -1;
    out[o++] = (b << 4) | (c >> 2);
    out[o++] = (c << 6) | d;
    return o;
  }
  if (text[i + 2] === 0x3d) return (b & 15) === 0 ? o : -1;
  const c = B64[text[i + 2]];
  if (c < 0 || (c & 3) !== 0) return -1;
  out[o++] = (b << 4) | (c >> 2);
  return o;
}

/** Writes `n` octets as base64 with padding, in one piece. */
export function writeBase64(
  wire: Uint8Array,
  at: number,
  n: number,
  out: Uint8Array,
  o: number,
): number {
  let w = o;
  let i = at;
  const end = at + n;
  for (const whole = at + n - (n % 3); i < whole; i += 3) {
    const v = (wire[i] << 16) | (wire[i + 1] << 8) | wire[i + 2];
    out[w++] = B64_DIGITS[v >> 18];
    out[w++] = B64_DIGITS[(v >> 12) & 63];
    out[w++] = B64_DIGITS[(v >> 6) & 63];
    out[w++] = B64_DIGITS[v & 63];
  }
  if (i < end) {
    const two = i + 1 < end;
    const v = (wire[i] << 16) | (two ? wire[i + 1] << 8 : 0);
    out[w++] = B64_DIGITS[v >> 18];
    out[w++] = B64_DIGITS[(v >> 12) & 63];
    out[w++] = two ? B64_DIGITS[(v >> 6) & 63] : 0x3d;
    out[w++] = 0x3d;
  }
  return w;
}

/** Reads base32hex without padding, in any case; unused bits must be zero (RFC 5155 §3.3). */
export function readBase32(
  text: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  at: number,
): number {
  let o = at;
  let bits = 0;
  let held = 0;
  for (let i = start; i < end; i++) {
    const v = B32[text[i]];
    if (v < 0) return -1;
    held = ((held << 5) | v) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      out[o++] = held >> bits;
    }
  }
  // A whole unused character, or unused bits that are not zero.
  if (bits >= 5 || (held & ((1 << bits) - 1)) !== 0) return -1;
  return o;
}

/** Writes `n` octets as lower-case base32hex without padding (RFC 5155 §3.3). */
export function writeBase32(
  wire: Uint8Array,
  at: number,
  n: number,
  out: Uint8Array,
  o: number,
): number {
  let w = o;
  let bits = 0;
  let held = 0;
  for (let i = at; i < at + n; i++) {
    held = ((held << 8) | wire[i]) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      out[w++] = B32_DIGITS[(held >> bits) & 31];
    }
  }
  if (bits > 0) out[w++] = B32_DIGITS[(held << (5 - bits)) & 31];
  return w;
}

/**
 * Reads characters with `\X` and `\DDD` escapes into octets, without a length octet.
 *
 * @param limit offset in `out` that must not be passed.
 * @returns the new offset, -1 for a broken escape, or -2 when there is more than room for.
 */
export function readEscaped(
  text: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  at: number,
  limit: number,
): number {
  let o = at;
  let i = start;
  while (i < end) {
    let c = text[i++];
    if (c === 0x5c) {
      if (i >= end) return -1;
      const d = text[i] - 0x30;
      if (d >= 0 && d <= 9) {
        if (i + 3 > end) return -1;
        const e = text[i + 1] - 0x30;
        const f = text[i + 2] - 0x30;
        if (e < 0 || e > 9 || f < 0 || f > 9) return -1;
        c = d * 100 + e * 10 + f;
        if (c > 255) return -1;
        i += 3;
      } else {
        c = text[i++];
      }
    }
    if (o >= limit) return -2;
    out[o++] = c;
  }
  return o;
}

/** Writes one octet of a quoted character-string. */
export function writeQuotedOctet(c: number, out: Uint8Array, o: number): number {
  if (c >= 0x20 && c < 0x7f) {
    if (c === 0x22 || c === 0x5c) out[o++] = 0x5c;
    out[o] = c;
    return o + 1;
  }
  out[o] = 0x5c;
  out[o + 1] = 0x30 + ((c / 100) | 0);
  out[o + 2] = 0x30 + (((c / 10) | 0) % 10);
  out[o + 3] = 0x30 + (c % 10);
  return o + 4;
}

/** Writes `n` octets in quotes; `"`, `\` and all that is not printable ASCII are escaped. */
export function writeQuoted(
  wire: Uint8Array,
  at: number,
  n: number,
  out: Uint8Array,
  o: number,
): number {
  let w = o;
  out[w++] = 0x22;
  for (let i = at; i < at + n; i++) w = writeQuotedOctet(wire[i], out, w);
  out[w++] = 0x22;
  return w;
}
