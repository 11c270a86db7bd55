/**
 * SHA-1 (FIPS 180-4) of short messages into a caller's array: the hash of NSEC3. A call into
 * OpenSSL for each of millions of twenty-octet names costs more than the hash itself.
 */

const words = new Int32Array(80);
const padded = new Uint8Array(64 * 12);

/** Longest message, in octets. */
export const SHA1_MAX = padded.length - 9;

/** Writes the 20 octets of SHA-1(`message[start, end)`) to `out[at]`. */
export function sha1(
  message: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  at: number,
): void {
  const n = end - start;
  if (n > SHA1_MAX) throw new RangeError(`a message of ${n} octets is longer than ${SHA1_MAX}`);
  const blocks = ((n + 8) >> 6) + 1;
  const size = blocks << 6;
  for (let i = 0; i < n; i++) padded[i] = message[start + i];
  padded[n] = 0x80;
  padded.fill(0, n + 1, size - 4);
  const bits = n * 8;
  padded[size - 4] = bits >>> 24;
  padded[size - 3] = bits >>> 16;
  padded[size - 2] = bits >>> 8;
  padded[size - 1] = bits;

  let h0 = 0x67452301;
  let h1 = 0xefcdab89 | 0;
  let h2 = 0x98badcfe | 0;
  let h3 = 0x10325476;
  let h4 = 0xc3d2e1f0 | 0;
  const w = words;
  for (let base = 0; base < size; base += 64) {
    for (let t = 0, p = base; t < 16; t++, p += 4) {
      w[t] = (padded[p] << 24) | (padded[p + 1] << 16) | (padded[p + 2] << 8) | padded[p + 3];
    }
    for (let t = 16; t < 80; t++) {
      const x = w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16];
      w[t] = (x << 1) | (x >>> 31);
    }
    let a = h0;
    let b = h1;
    let c = h2;
    let d = h3;
    let e = h4;
    for (let t = 0; t < 20; t++) {
      const x = (((a << 5) | (a >>> 27)) + ((b & c) | (~b & d)) + e + w[t] + 0x5a827999) | 0;
      e = d;
      d = c;
      c = (b << 30) | (b >>> 2);
      b = a;
      a = x;
    }
    for (let t = 20; t < 40; t++) {
      const x = (((a << 5) | (a >>> 27)) + (b ^ c ^ d) + e + w[t] + 0x6ed9eba1) | 0;
      e = d;
      d = c;
      c = (b << 30) | (b >>> 2);
      b = a;
      a = x;
    }
    for (let t = 40; t < 60; t++) {
      const x =
        (((a << 5) | (a >>> 27)) + ((b & c) | (b & d) | (c & d)) + e + w[t] + 0x8f1bbcdc) | 0;
      e = d;
      d = c;
      c = (b << 30) | (b >>> 2);
      b = a;
      a = x;
    }
    for (let t = 60; t < 80; t++) {
      const x = (((a << 5) | (a >>> 27)) + (b ^ c ^ d) + e + w[t] + 0xca62c1d6) | 0;
      e = d;
      d = c;
      c = (b << 30) | (b >>> 2);
      b = a;
      a = x;
    }
    h0 = (h0 + a) | 0;
    h1 = (h1 + b) | 0;
    h2 = (h2 + c) | 0;
    h3 = (h3 + d) | 0;
    h4 = (h4 + e) | 0;
  }
  let o = at;
  for (let k = 0; k < 5; k++) {
    const h = k === 0 ? h0 : k === 1 ? h1 : k === 2 ? h2 : k === 3 ? h3 : h4;
    out[o++] = h >>> 24;
    out[o++] = h >>> 16;
    out[o++] = h >>> 8;
    out[o++] = h;
  }
}
