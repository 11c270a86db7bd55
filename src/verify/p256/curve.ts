/**
 * The curve P-256 (FIPS 186-4 §D.1.2.3) in the language's own integers: slow, and plain enough
 * to be read. The kernel's tables start from what it computes, and its self-test is judged by
 * it.
 */

export const P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
/** The order of G. */
export const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;

export interface Affine {
  readonly x: bigint;
  readonly y: bigint;
}

export const G: Affine = {
  x: 0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
  y: 0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
};

export function modulo(a: bigint, modulus: bigint): bigint {
  const rest = a % modulus;
  return rest < 0n ? rest + modulus : rest;
}

/** 1/a modulo a prime, by Euclid's algorithm; 0 for 0. */
export function invert(a: bigint, prime: bigint): bigint {
  let [r, next] = [prime, modulo(a, prime)];
  let [s, t] = [0n, 1n];
  if (next === 0n) return 0n;
  while (next !== 0n) {
    const q = r / next;
    [r, next] = [next, r - q * next];
    [s, t] = [t, s - q * t];
  }
  return modulo(s, prime);
}

/** A big-endian number. */
export function fromOctets(octets: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(octets).toString('hex')}`);
}

/** Is it a point of the curve, with coordinates in range? */
export function isOnCurve({ x, y }: Affine): boolean {
  return x >= 0n && x < P && y >= 0n && y < P && modulo(y * y - (x * x - 3n) * x - B, P) === 0n;
}

/** x = X / Z², y = Y / Z³; Z = 0 is the point at infinity. */
interface Jacobian {
  readonly x: bigint;
  readonly y: bigint;
  readonly z: bigint;
}

function double({ x, y, z }: Jacobian): Jacobian {
  const yy = (y * y) % P;
  const s = (4n * x * yy) % P;
  const zz = (z * z) % P;
  const m = (3n * (x - zz) * (x + zz)) % P;
  const x3 = modulo(m * m - 2n * s, P);
  return { x: x3, y: modulo(m * (s - x3) - 8n * yy * yy, P), z: (2n * y * z) % P };
}

function addAffine(a: Jacobian, b: Affine): Jacobian {
  if (a.z === 0n) return { x: b.x, y: b.y, z: 1n };
  const zz = (a.z * a.z) % P;
  const h = modulo(b.x * zz - a.x, P);
  const r = modulo(b.y * zz * a.z - a.y, P);
  if (h === 0n) return r === 0n ? double(a) : { x: 1n, y: 1n, z: 0n };
  const hh = (h * h) % P;
  const hhh = (hh * h) % P;
  const v = (a.x * hh) % P;
  const x = modulo(r * r - hhh - 2n * v, P);
  return { x, y: modulo(r * (v - x) - a.y * hhh, P), z: (a.z * h) % P };
}

function affine(point: Jacobian, inverseOfZ: bigint): Affine {
  const square = (inverseOfZ * inverseOfZ) % P;
  return { x: (point.x * square) % P, y: (((point.y * square) % P) * inverseOfZ) % P };
}

/** 2⁰, 2¹ … 2²⁵⁵ times a point of the curve. */
export function powersOfTwo(point: Affine): Affine[] {
  const powers: Jacobian[] = [{ ...point, z: 1n }];
  for (let i = 1; i < 256; i++) powers.push(double(powers[i - 1]));
  // One inversion for all: products up to each Z, then back.
  const products = [1n];
  for (const { z } of powers) products.push((products[products.length - 1] * z) % P);
  let inverse = invert(products[powers.length], P);
  const out: Affine[] = [];
  for (let i = powers.length - 1; i >= 0; i--) {
    out.push(affine(powers[i], (inverse * products[i]) % P));
    inverse = (inverse * powers[i].z) % P;
  }
  return out.reverse();
}

/**
 * u·A + v·B, from the powers of two times A and B.
 *
 * @returns undefined for the point at infinity.
 */
export function combine(
  u: bigint,
  powersOfA: readonly Affine[],
  v: bigint,
  powersOfB: readonly Affine[],
): Affine | undefined {
  let sum: Jacobian = { x: 1n, y: 1n, z: 0n };
  for (let i = 0; i < 256; i++) {
    if ((u >> BigInt(i)) & 1n) sum = addAffine(sum, powersOfA[i]);
    if ((v >> BigInt(i)) & 1n) sum = addAffine(sum, powersOfB[i]);
  }
  return sum.z === 0n ? undefined : affine(sum, invert(sum.z, P));
}
