/**
 * Arithmetic modulo the prime p of P-256 and modulo the order n of its base point (FIPS 186-4
 * §D.1.2.3, SEC 2 §2.4.2), as WebAssembly instructions.
 *
 * A number is nine limbs of 29 bits, least first, each in an i64: sums of nine products stay
 * below 2^63, so that carries wait until a column is done. Limbs are signed and may stick out a
 * little: subtraction needs no care. Numbers are in Montgomery form, times R = 2^261; products
 * are taken column by column, and each of the lower nine columns is made divisible by 2^29 as
 * soon as it is known. For p that costs no multiplication: −1/p mod 2^29 is 1, and
 * p = 2^256 − 2^224 + 2^192 + 2^96 − 1.
 *
 * Bounds. Let every limb of the factors be below 2^29 in magnitude times α and β, and let αβ be
 * at most 3.5; then a column is below 9 · 3.5 · 2^58 + 2^55 < 2^63. (The columns modulo n hold
 * nine more products of 2^58: αβ at most 2.5 there.) The product is (ab + mp) / R with
 * 0 ≤ m < R: it is between −|ab|/R and p + |ab|/R, its limbs are from 0 to 2^29 − 1 but for the
 * last one, which has the sign.
 */

import { type Code, constant, local, locals, memory, OP, op, opU } from './wasm.js';

export const LIMBS = 9;
export const LIMB_BITS = 29;
export const LIMB_MASK = 2 ** LIMB_BITS - 1;
/** Octets of a number in memory: limbs are i32 there. */
export const NUMBER = LIMBS * 4;

/** Locals that hold the limbs of a number. */
export type Limbs = readonly number[];

export function newLimbs(code: Code): Limbs {
  return locals(code, 64, LIMBS);
}

/** Loads a number from the address in a local. */
export function load(code: Code, address: number, out: Limbs): void {
  for (let i = 0; i < LIMBS; i++) {
    opU(code, OP.get, address);
    memory(code, OP.loadI64From32, 4 * i);
    opU(code, OP.set, out[i]);
  }
}

export function store(code: Code, address: number, limbs: Limbs): void {
  for (let i = 0; i < LIMBS; i++) {
    opU(code, OP.get, address);
    opU(code, OP.get, limbs[i]);
    memory(code, OP.storeI64As32, 4 * i);
  }
}

/** What multiplications of one function share. */
export interface Scratch {
  readonly t: number;
  /** The multiples of the modulus, by column. */
  readonly m: Limbs;
  readonly twice: Limbs;
}

export function newScratch(code: Code): Scratch {
  return { t: local(code, 64), m: newLimbs(code), twice: newLimbs(code) };
}

/** out = ab / R mod p; `out` may be one of the factors. */
export function multiplyP(code: Code, s: Scratch, a: Limbs, b: Limbs, out: Limbs): void {
  columns(code, s, (k) => products(code, a, b, k), out, addMultiplesOfP(code, s));
}

/** out = a² / R mod p. */
export function squareP(code: Code, s: Scratch, a: Limbs, out: Limbs): void {
  columns(code, s, squares(code, s, a), out, addMultiplesOfP(code, s));
}

/** out = ab / R mod n, where `n` has the limbs of n and `inverse` is −1/n mod 2^29. */
export function multiplyN(
  code: Code,
  s: Scratch,
  a: Limbs,
  b: Limbs,
  out: Limbs,
  n: readonly number[],
  inverse: number,
): void {
  columns(code, s, (k) => products(code, a, b, k), out, {
    sum: (k) => {
      for (let i = Math.max(0, k - LIMBS + 1); i < Math.min(k, LIMBS); i++) {
        addProduct(code, s.m[i], n[k - i]);
      }
    },
    quotient: (k) => {
      opU(code, OP.get, s.t);
      constant(code, OP.constI64, inverse);
      op(code, OP.i64Mul);
      constant(code, OP.constI64, LIMB_MASK);
      op(code, OP.i64And);
      opU(code, OP.set, s.m[k]);
      opU(code, OP.get, s.t);
      addProduct(code, s.m[k], n[0]);
      opU(code, OP.set, s.t);
    },
  });
}

interface Reduction {
  /** Adds the multiples of the modulus that are known to the column on the stack. */
  sum(k: number): void;
  /** Finds the multiple that makes the column in `t` divisible, and adds it. */
  quotient(k: number): void;
}

function columns(
  code: Code,
  s: Scratch,
  product: (k: number) => void,
  out: Limbs,
  reduction: Reduction,
): void {
  for (let k = 0; k < 2 * LIMBS - 1; k++) {
    product(k);
    reduction.sum(k);
    if (k > 0) {
      // The carry comes last: the rest of the column need not wait for it.
      opU(code, OP.get, s.t);
      constant(code, OP.constI64, LIMB_BITS);
      op(code, OP.i64ShrS);
      op(code, OP.i64Add);
    }
    opU(code, OP.set, s.t);
    if (k < LIMBS) {
      reduction.quotient(k);
    } else {
      opU(code, OP.get, s.t);
      constant(code, OP.constI64, LIMB_MASK);
      op(code, OP.i64And);
      opU(code, OP.set, out[k - LIMBS]);
    }
  }
  opU(code, OP.get, s.t);
  constant(code, OP.constI64, LIMB_BITS);
  op(code, OP.i64ShrS);
  opU(code, OP.set, out[LIMBS - 1]);
}

/** Puts the sum of aᵢbⱼ with i + j = k on the stack. */
function products(code: Code, a: Limbs, b: Limbs, k: number): void {
  const from = Math.max(0, k - LIMBS + 1);
  for (let i = from; i <= Math.min(k, LIMBS - 1); i++) {
    opU(code, OP.get, a[i]);
    opU(code, OP.get, b[k - i]);
    op(code, OP.i64Mul);
    if (i > from) op(code, OP.i64Add);
  }
}

function squares(code: Code, s: Scratch, a: Limbs): (k: number) => void {
  for (let i = 0; i < LIMBS - 1; i++) {
    opU(code, OP.get, a[i]);
    constant(code, OP.constI64, 1);
    op(code, OP.i64Shl);
    opU(code, OP.set, s.twice[i]);
  }
  return (k) => {
    const from = Math.max(0, k - LIMBS + 1);
    for (let i = from; 2 * i <= k; i++) {
      opU(code, OP.get, 2 * i === k ? a[i] : s.twice[i]);
      opU(code, OP.get, a[k - i]);
      op(code, OP.i64Mul);
      if (i > from) op(code, OP.i64Add);
    }
  };
}

function addMultiplesOfP(code: Code, s: Scratch): Reduction {
  const { m } = s;
  const has = (limb: number): boolean => limb >= 0 && limb < LIMBS;
  return {
    sum: (k) => {
      if (has(k - 3)) {
        opU(code, OP.get, m[k - 3]);
        shiftLeft(code, 96 - 3 * LIMB_BITS);
        op(code, OP.i64Add);
      }
      // The other three in one go: ((m₈ · 2³ − m₇) · 2³ + m₆) · 2¹⁸, by the limbs above.
      if (!has(k - 6) && !has(k - 8)) return;
      if (has(k - 8)) {
        opU(code, OP.get, m[k - 8]);
        shiftLeft(code, 3);
      } else {
        constant(code, OP.constI64, 0);
      }
      if (has(k - 7)) {
        opU(code, OP.get, m[k - 7]);
        op(code, OP.i64Sub);
      }
      shiftLeft(code, 3);
      if (has(k - 6)) {
        opU(code, OP.get, m[k - 6]);
        op(code, OP.i64Add);
      }
      shiftLeft(code, 192 - 6 * LIMB_BITS);
      op(code, OP.i64Add);
    },
    // The term −1 of p takes the low bits away: the carry is the same as before.
    quotient: (k) => {
      opU(code, OP.get, s.t);
      constant(code, OP.constI64, LIMB_MASK);
      op(code, OP.i64And);
      opU(code, OP.set, m[k]);
    },
  };
}

function shiftLeft(code: Code, bits: number): void {
  constant(code, OP.constI64, bits);
  op(code, OP.i64Shl);
}

function addProduct(code: Code, m: number, constantLimb: number): void {
  opU(code, OP.get, m);
  constant(code, OP.constI64, constantLimb);
  op(code, OP.i64Mul);
  op(code, OP.i64Add);
}
