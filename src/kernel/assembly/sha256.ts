/** SHA-256 (FIPS 180-4 §6.2), for signed data. */

const k = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);
const w = memory.data(4 * 64, 16);
const tail = memory.data(128 + 16, 16);
const hash = memory.data(32, 16);

/** Digests `[from, from + length)` to eight words at `out`, each as a number, first word first. */
export function sha256(from: usize, length: usize, out: usize): void {
  store<u32>(hash, 0x6a09e667);
  store<u32>(hash, 0xbb67ae85, 4);
  store<u32>(hash, 0x3c6ef372, 8);
  store<u32>(hash, 0xa54ff53a, 12);
  store<u32>(hash, 0x510e527f, 16);
  store<u32>(hash, 0x9b05688c, 20);
  store<u32>(hash, 0x1f83d9ab, 24);
  store<u32>(hash, 0x5be0cd19, 28);
  const end = from + length;
  let block = from;
  for (; block + 64 <= end; block += 64) digestBlock(block);
  const rest = end - block;
  memory.copy(tail, block, rest);
  store<u8>(tail + rest, 0x80);
  const total: usize = rest < 56 ? 64 : 128;
  memory.fill(tail + rest + 1, 0, total - rest - 1);
  store<u64>(tail + total - 8, bswap((<u64>length) << 3));
  for (let q = tail; q < tail + total; q += 64) digestBlock(q);
  memory.copy(out, hash, 32);
}

function digestBlock(block: usize): void {
  for (let t: usize = 0; t < 64; t += 4) store<u32>(w + t, bswap(load<u32>(block + t)));
  for (let t = w + 64; t < w + 256; t += 4) {
    const x = load<u32>(t - 60);
    const y = load<u32>(t - 8);
    const s0 = rotr(x, 7) ^ rotr(x, 18) ^ (x >> 3);
    const s1 = rotr(y, 17) ^ rotr(y, 19) ^ (y >> 10);
    store<u32>(t, load<u32>(t - 64) + s0 + load<u32>(t - 28) + s1);
  }
  let a = load<u32>(hash);
  let b = load<u32>(hash, 4);
  let c = load<u32>(hash, 8);
  let d = load<u32>(hash, 12);
  let e = load<u32>(hash, 16);
  let f = load<u32>(hash, 20);
  let g = load<u32>(hash, 24);
  let h = load<u32>(hash, 28);
  for (let t: usize = 0; t < 256; t += 4) {
    const s1 = rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25);
    const t1 = h + s1 + (g ^ (e & (f ^ g))) + load<u32>(k + t) + load<u32>(w + t);
    const s0 = rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22);
    const t2 = s0 + ((a & b) | (c & (a | b)));
    h = g;
    g = f;
    f = e;
    e = d + t1;
    d = c;
    c = b;
    b = a;
    a = t1 + t2;
  }
  store<u32>(hash, load<u32>(hash) + a);
  store<u32>(hash, load<u32>(hash, 4) + b, 4);
  store<u32>(hash, load<u32>(hash, 8) + c, 8);
  store<u32>(hash, load<u32>(hash, 12) + d, 12);
  store<u32>(hash, load<u32>(hash, 16) + e, 16);
  store<u32>(hash, load<u32>(hash, 20) + f, 20);
  store<u32>(hash, load<u32>(hash, 24) + g, 24);
  store<u32>(hash, load<u32>(hash, 28) + h, 28);
}
