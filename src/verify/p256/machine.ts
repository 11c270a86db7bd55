/**
 * The compiled functions with their memory, and what is put together of them: inverses by
 * Fermat's theorem, and rounds of additions.
 */

import { N, P } from './curve.js';
import { LIMB_BITS, LIMBS, NUMBER } from './field.js';
import { type Functions, JOB, kernelFunctions, POINT } from './module.js';
import { limbsOf, put, R, take } from './numbers.js';
import { assemble, type Code, instantiate, PAGE } from './wasm.js';

export const LIMBS_OF_N: readonly number[] = limbsOf(N);

/** Addresses in the memory. */
export interface Layout {
  /** R mod p, R mod n, and 1. */
  readonly oneP: number;
  readonly oneN: number;
  readonly one: number;
  /** For the caller's results. */
  readonly scratch: number;
  readonly inverse: number;
  /** Room for jobs, for the products noted before them, and for their sums. */
  readonly jobs: number;
  readonly notes: number;
  readonly slots: number;
  /** What the caller has asked for. */
  readonly own: number;
}

export interface Machine {
  readonly functions: Functions;
  readonly words: Int32Array;
  readonly layout: Layout;
  /** Octets of the memory. */
  readonly size: number;
  /** out = R²/a mod n. */
  invertN(out: number, a: number): void;
  /**
   * Does `count` jobs, an even number, from the address `jobs` on.
   *
   * @returns whether the sums are right: false when two points of one job are equal or opposite.
   */
  addPoints(jobs: number, count: number): boolean;
}

const INVERSE_OF_N = Number(negativeInverse(N));

/** −1/modulus modulo 2^29. */
function negativeInverse(modulus: bigint): bigint {
  // Each step doubles the number of right bits (Newton).
  let x = 1n;
  for (let i = 0; i < 6; i++) x = BigInt.asUintN(LIMB_BITS, x * (2n - modulus * x));
  return BigInt.asUintN(LIMB_BITS, -x);
}

/** The exponents of Fermat's theorem, in digits of four bits. */
const digits = (exponent: bigint): number[] =>
  [...exponent.toString(16)].map((digit) => Number.parseInt(digit, 16));
const TO_INVERT_P = digits(P - 2n);
const TO_INVERT_N = digits(N - 2n);

let code: readonly Code[] | undefined;

/**
 * A machine for rounds of up to `jobs` jobs, with room for more jobs and `own` octets.
 *
 * @returns undefined where there is no WebAssembly.
 */
export function newMachine(jobs: number, moreJobs: number, own: number): Machine | undefined {
  let end = 0;
  const room = (size: number): number => {
    const at = end;
    end += (size + 63) & ~63;
    return at;
  };
  const number = (): number => room(NUMBER);
  const layout: Layout = {
    oneP: number(),
    oneN: number(),
    one: number(),
    scratch: number(),
    inverse: number(),
    jobs: room((jobs + moreJobs) * JOB),
    notes: room(jobs * NUMBER),
    slots: room(jobs * POINT),
    own: room(own),
  };
  const powers = room(16 * NUMBER);
  /** Of even and of odd jobs: limbs by turns, and by themselves. */
  const pair = room(2 * NUMBER);
  const [even, odd, product, check] = [number(), number(), number(), number()];
  code ??= kernelFunctions(LIMBS_OF_N, INVERSE_OF_N);
  const octets = assemble(code, Math.ceil(end / PAGE));
  const functions = instantiate(octets) as Functions | undefined;
  if (functions === undefined) return undefined;
  const words = new Int32Array(functions.memory.buffer);
  put(words, layout.oneP / 4, R % P);
  put(words, layout.oneN / 4, R % N);
  put(words, layout.one / 4, 1n);

  /** out = a to the power of an exponent, all in Montgomery form. */
  const power = (
    out: number,
    a: number,
    exponent: readonly number[],
    multiply: (out: number, a: number, b: number) => void,
    toThe16th: (at: number) => void,
  ): void => {
    words.copyWithin((powers + NUMBER) / 4, a / 4, (a + NUMBER) / 4);
    for (let i = 2; i < 16; i++) {
      multiply(powers + i * NUMBER, powers + (i - 1) * NUMBER, powers + NUMBER);
    }
    const first = powers + exponent[0] * NUMBER;
    words.copyWithin(out / 4, first / 4, (first + NUMBER) / 4);
    for (let k = 1; k < exponent.length; k++) {
      toThe16th(out);
      if (exponent[k] !== 0) multiply(out, out, powers + exponent[k] * NUMBER);
    }
  };
  const { multiplyP, multiplyN, squareP, forward, backward, finish } = functions;
  const isOne = (at: number): boolean => (take(words, at / 4) - R) % P === 0n;
  const pairUp = (first: number, second: number): void => {
    for (let i = 0; i < LIMBS; i++) {
      words[pair / 4 + 2 * i] = words[first / 4 + i];
      words[pair / 4 + 2 * i + 1] = words[second / 4 + i];
    }
  };
  const takeApart = (): void => {
    for (let i = 0; i < LIMBS; i++) {
      words[even / 4 + i] = words[pair / 4 + 2 * i];
      words[odd / 4 + i] = words[pair / 4 + 2 * i + 1];
    }
  };

  return {
    functions,
    words,
    layout,
    size: words.length * 4,
    invertN: (out, a) =>
      power(out, a, TO_INVERT_N, multiplyN, (at) => {
        for (let i = 0; i < 4; i++) multiplyN(at, at, at);
      }),
    addPoints: (first, count) => {
      if (count === 0) return true;
      const { inverse, notes, oneP } = layout;
      const end = first + count * JOB;
      pairUp(oneP, oneP);
      forward(first, end, notes, pair);
      takeApart();
      multiplyP(product, even, odd);
      power(inverse, product, TO_INVERT_P, multiplyP, (at) => squareP(at, at, 4));
      // A product of 0 has no inverse.
      multiplyP(check, product, inverse);
      if (!isOne(check)) return false;
      multiplyP(odd, odd, inverse);
      multiplyP(even, even, inverse);
      // The inverse of the one is the other one times the inverse of both.
      pairUp(odd, even);
      backward(first, end, notes + count * NUMBER, pair);
      finish(first, end, notes);
      return true;
    },
  };
}
