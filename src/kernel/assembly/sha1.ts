/** SHA-1 (FIPS 180-4 §6.1), for NSEC3 hashes (RFC 5155 §5). */

const w = memory.data(4 * 80, 16);
const message = memory.data(1024, 16);

let h0: u32 = 0;
let h1: u32 = 0;
let h2: u32 = 0;
let h3: u32 = 0;
let h4: u32 = 0;

/** Digests `[from, from + length)`, at most 900 octets, to the 20 octets at `out`. */
export function sha1(from: usize, length: usize, out: usize): void {
  memory.copy(message, from, length);
  store<u8>(message + length, 0x80);
  const total = (length + 9 + 63) & ~63;
  memory.fill(message + length + 1, 0, total - length - 1);
  store<u32>(message + total - 4, bswap(<u32>(length << 3)));
  h0 = 0x67452301;
  h1 = 0xefcdab89;
  h2 = 0x98badcfe;
  h3 = 0x10325476;
  h4 = 0xc3d2e1f0;
  for (let block = message; block < message + total; block += 64) digestBlock(block);
  store<u32>(out, bswap(h0));
  store<u32>(out, bswap(h1), 4);
  store<u32>(out, bswap(h2), 8);
  store<u32>(out, bswap(h3), 12);
  store<u32>(out, bswap(h4), 16);
}

function digestBlock(block: usize): void {
  for (let t: usize = 0; t < 64; t += 4) store<u32>(w + t, bswap(load<u32>(block + t)));
  for (let t = w + 64; t < w + 320; t += 4) {
    store<u32>(
      t,
      rotl(load<u32>(t - 12) ^ load<u32>(t - 32) ^ load<u32>(t - 56) ^ load<u32>(t - 64), 1),
    );
  }
  let a = h0;
  let b = h1;
  let c = h2;
  let d = h3;
  let e = h4;
  let t = w;
  for (; t < w + 80; t += 4) {
    const x = rotl(a, 5) + ((b & c) | (~b & d)) + e + load<u32>(t) + 0x5a827999;
    e = d;
    d = c;
    c = rotl(b, 30);
    b = a;
    a = x;
  }
  for (; t < w + 160; t += 4) {
    const x = rotl(a, 5) + (b ^ c ^ d) + e + load<u32>(t) + 0x6ed9eba1;
    e = d;
    d = c;
    c = rotl(b, 30);
    b = a;
    a = x;
  }
  for (; t < w + 240; t += 4) {
    const x = rotl(a, 5) + ((b & c) | (b & d) | (c & d)) + e + load<u32>(t) + 0x8f1bbcdc;
    e = d;
    d = c;
    c = rotl(b, 30);
    b = a;
    a = x;
  }
  for (; t < w + 320; t += 4) {
    const x = rotl(a, 5) + (b ^ c ^ d) + e + load<u32>(t) + 0xca62c1d6;
    e = d;
    d = c;
    c = rotl(b, 30);
    b = a;
    a = x;
  }
  h0 += a;
  h1 += b;
  h2 += c;
  h3 += d;
  h4 += e;
}
