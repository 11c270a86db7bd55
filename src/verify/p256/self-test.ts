/**
 * What a kernel has to get right before it is believed: signatures made for the key at hand
 * without its secret, and changed ones. What is right is computed with plain integers
 * (curve.ts), and those are held against OpenSSL.
 */

import { createECDH, createHash } from 'node:crypto';
import { type Affine, combine, fromOctets, invert, modulo, N } from './curve.js';
import type { Kernel } from './kernel.js';

const RANDOM_CASES = 4;

/** Scalars that lie at an end of something. */
const EXTREMES: readonly (readonly [u: bigint, v: bigint])[] = [
  [1n, 1n],
  [N - 1n, N - 2n],
  [2n ** 255n, 2n ** 128n - 1n],
  [2n, N - 1n],
];

/**
 * @param powersG 2⁰ to 2²⁵⁵ times G, and `powersQ` the same of the key.
 * @returns whether all is right.
 */
export function selfTest(
  kernel: Kernel,
  publicKey: Uint8Array,
  powersG: readonly Affine[],
  powersQ: readonly Affine[],
): boolean {
  const random = (index: number): bigint => {
    const digest = createHash('sha256').update(publicKey).update(Uint8Array.of(index)).digest();
    return 1n + modulo(fromOctets(digest), N - 1n);
  };
  if (!agreesWithOpenssl(random(0), publicKey, powersG, powersQ)) return false;
  const cases = [...EXTREMES];
  for (let i = 1; i <= RANDOM_CASES; i++) cases.push([random(2 * i), random(2 * i + 1)]);
  const digest = new Int32Array(8);
  const accepted = new Uint8Array(3 * cases.length);
  const expected: number[] = [];
  for (const [u, v] of cases) {
    // With r the x of uG + vQ, s = r/v and e = us the sum to be computed is this one.
    const point = combine(u, powersG, v, powersQ);
    // A key with a small secret can get here; its signatures go the slow way.
    if (point === undefined || point.x >= N) return false;
    const r = point.x;
    const s = modulo(r * invert(v, N), N);
    const e = modulo(u * s, N);
    const signature = new Uint8Array(64);
    signature.set(toOctets(r));
    signature.set(toOctets(s), 32);
    kernel.loadDigest(expected.length, toWords(e, digest), signature, 0);
    expected.push(1);
    kernel.loadDigest(expected.length, toWords(e ^ 1n, digest), signature, 0);
    expected.push(0);
    signature[31] ^= 1;
    kernel.loadDigest(expected.length, toWords(e, digest), signature, 0);
    expected.push(0);
  }
  kernel.verify(expected.length, accepted);
  return expected.every((value, i) => accepted[i] === value);
}

/** Does OpenSSL find the same multiples of G and of the key? */
function agreesWithOpenssl(
  scalar: bigint,
  publicKey: Uint8Array,
  powersG: readonly Affine[],
  powersQ: readonly Affine[],
): boolean {
  const ecdh = createECDH('prime256v1');
  ecdh.setPrivateKey(toOctets(scalar));
  const ofG = combine(scalar, powersG, 0n, powersQ);
  const ofQ = combine(0n, powersG, scalar, powersQ);
  if (ofG === undefined || ofQ === undefined) return false;
  const point = Buffer.concat([Uint8Array.of(4), publicKey]);
  return (
    fromOctets(ecdh.computeSecret(point)) === ofQ.x &&
    ecdh.getPublicKey().equals(Buffer.concat([Uint8Array.of(4), toOctets(ofG.x), toOctets(ofG.y)]))
  );
}

function toOctets(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex');
}

function toWords(value: bigint, out: Int32Array): Int32Array {
  const octets = toOctets(value);
  for (let i = 0; i < 8; i++) out[i] = octets.readInt32BE(4 * i);
  return out;
}
