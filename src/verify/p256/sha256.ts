/**
 * SHA-256 (FIPS 180-4 §6.2) of many short messages, into a caller's array of words. A call into
 * OpenSSL for each RRset costs more than the hash of its hundred octets.
 */

const K = new Int32Array(64);
const INITIAL = new Int32Array(8);

// FIPS 180-4 §4.2.2 and §5.3.3: fraction bits of the cube roots and square roots of the primes.
for (let prime = 2, count = 0; count < 64; prime++) {
  let isPrime = true;
  for (let d = 2; d * d <= prime; d++) if (prime % d === 0) isPrime = false;
  if (!isPrime) continue;
  if (count < 8) INITIAL[count] = fraction(BigInt(prime) << 64n, 2);
  K[count++] = fraction(BigInt(prime) << 96n, 3);
}

/** The low 32 bits of the integer root of a number. */
function fraction(value: bigint, degree: 2 | 3): number {
  let low = 0n;
  let high = 1n << 48n;
  while (high - low > 1n) {
    const middle = (low + high) >> 1n;
    if (middle ** BigInt(degree) <= value) low = middle;
    else high = middle;
  }
  return Number(BigInt.asIntN(32, low));
}

const w = new Int32Array(64);
const state = new Int32Array(8);
const tail = new Uint8Array(128);

/** Writes the eight words of SHA-256(`message[start, end)`) to `out`, first word first. */
export function sha256(message: Uint8Array, start: number, end: number, out: Int32Array): void {
  state.set(INITIAL);
  let p = start;
  for (; p + 64 <= end; p += 64) compress(message, p);
  const rest = end - p;
  for (let i = 0; i < rest; i++) tail[i] = message[p + i];
  tail[rest] = 0x80;
  const size = rest < 56 ? 64 : 128;
  tail.fill(0, rest + 1, size);
  const length = end - start;
  const high = Math.floor(length / 0x2000_0000);
  const low = length << 3;
  for (let i = 0; i < 4; i++) {
    tail[size - 8 + i] = high >>> (24 - 8 * i);
    tail[size - 4 + i] = low >>> (24 - 8 * i);
  }
  for (let q = 0; q < size; q += 64) compress(tail, q);
  for (let i = 0; i < 8; i++) out[i] = state[i];
}

function compress(block: Uint8Array, at: number): void {
  for (let t = 0, p = at; t < 16; t++, p += 4) {
    w[t] = (block[p] << 24) | (block[p + 1] << 16) | (block[p + 2] << 8) | block[p + 3];
  }
  for (let t = 16; t < 64; t++) {
    const x = w[t - 15];
    const y = w[t - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    w[t] = (w[t - 16] + s0 + w[t - 7] + s1) | 0;
  }
  let a = state[0];
  let b = state[1];
  let c = state[2];
  let d = state[3];
  let e = state[4];
  let f = state[5];
  let g = state[6];
  let h = state[7];
  for (let t = 0; t < 64; t++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[t] + w[t]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  state[0] = (state[0] + a) | 0;
  state[1] = (state[1] + b) | 0;
  state[2] = (state[2] + c) | 0;
  state[3] = (state[3] + d) | 0;
  state[4] = (state[4] + e) | 0;
  state[5] = (state[5] + f) | 0;
  state[6] = (state[6] + g) | 0;
  state[7] = (state[7] + h) | 0;
}
