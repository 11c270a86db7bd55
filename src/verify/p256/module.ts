/**
 * The functions of the kernel, in WebAssembly: products, and additions of many pairs of points
 * that share one inversion.
 *
 * A point is two numbers (field.ts) behind each other, x and y, in Montgomery form; there is no
 * point at infinity. A sum is a job of three addresses: two points and where their sum goes,
 * which may be where one of them is. Bit 0 of a point's address stands for its negative.
 *
 * With d = x₂ − x₁ the sum is λ = (y₂ − y₁)/d, x₃ = λ² − x₁ − x₂, y₃ = λ(x₁ − x₃) − y₁ (SEC 1
 * §2.2.1). `forward` multiplies the d of all jobs and notes each product before its job; the
 * caller inverts the last one; `backward` goes from the last job to the first with the inverse
 * of the product up to there, and so has every 1/d for two multiplications (Montgomery's
 * trick). If any two points are equal or opposite the whole product is 0 modulo p, which the
 * caller must look for.
 */

import {
  LIMBS,
  type Limbs,
  load,
  loadLimb,
  multiplyN,
  multiplyP,
  NUMBER,
  newLimbs,
  newScratch,
  squareP,
  store,
  subtract,
  tidyP,
} from './field.js';
import {
  type Code,
  constant,
  local,
  type Memory,
  memory,
  newCode,
  OP,
  op,
  opU,
  VOID,
} from './wasm.js';

/** Octets of a point, and of a job. */
export const POINT = 2 * NUMBER;
export const JOB = 12;

/** What the module exports. All arguments are addresses but `times`. */
export interface Functions {
  readonly memory: Memory;
  /** out = ab / R mod p. */
  multiplyP(out: number, a: number, b: number): void;
  /** Squares modulo p one time or more. */
  squareP(out: number, a: number, times: number): void;
  multiplyN(out: number, a: number, b: number): void;
  /** Multiplies the number at `product` by the d of the jobs. */
  forward(jobs: number, jobsEnd: number, notes: number, product: number): void;
  /** Does the jobs; at `inverse` is the inverse of what `forward` left. */
  backward(jobs: number, jobsEnd: number, notesEnd: number, inverse: number): void;
}

/** The module's functions, in its own form. */
export function kernelFunctions(n: readonly number[], inverseOfN: number): Code[] {
  return [productP(), squaresP(), productN(n, inverseOfN), forward(), backward()];
}

function productP(): Code {
  const code = newCode('multiplyP', 3);
  const [a, b, s] = [newLimbs(code), newLimbs(code), newScratch(code)];
  load(code, 1, 0, a);
  load(code, 2, 0, b);
  multiplyP(code, s, a, b, a);
  store(code, 0, 0, a);
  return code;
}

function squaresP(): Code {
  const code = newCode('squareP', 3);
  const [a, s] = [newLimbs(code), newScratch(code)];
  load(code, 1, 0, a);
  opU(code, OP.loop, VOID);
  squareP(code, s, a, a);
  advance(code, 2, -1);
  opU(code, OP.get, 2);
  opU(code, OP.brIf, 0);
  op(code, OP.end);
  store(code, 0, 0, a);
  return code;
}

function productN(n: readonly number[], inverse: number): Code {
  const code = newCode('multiplyN', 3);
  const [a, b, s] = [newLimbs(code), newLimbs(code), newScratch(code)];
  load(code, 1, 0, a);
  load(code, 2, 0, b);
  multiplyN(code, s, a, b, a, n, inverse);
  store(code, 0, 0, a);
  return code;
}

function forward(): Code {
  const code = newCode('forward', 4);
  const [jobs, end, notes, product] = [0, 1, 2, 3];
  const [p1, p2] = [local(code, 32), local(code, 32)];
  const [d, acc, s] = [newLimbs(code), newLimbs(code), newScratch(code)];
  load(code, product, 0, acc);
  opU(code, OP.loop, VOID);
  store(code, notes, 0, acc);
  address(code, jobs, 0, p1);
  address(code, jobs, 4, p2);
  for (let i = 0; i < LIMBS; i++) {
    loadLimb(code, p2, 0, i);
    loadLimb(code, p1, 0, i);
    op(code, OP.i64Sub);
    opU(code, OP.set, d[i]);
  }
  multiplyP(code, s, acc, d, acc);
  advance(code, notes, NUMBER);
  advance(code, jobs, JOB);
  again(code, jobs, OP.i32LtU, end);
  op(code, OP.end);
  store(code, product, 0, acc);
  return code;
}

function backward(): Code {
  const code = newCode('backward', 4);
  const [jobs, at, notes, inverse] = [0, 1, 2, 3];
  const [p1, p2, out] = [local(code, 32), local(code, 32), local(code, 32)];
  const [sign1, sign2] = [local(code, 64), local(code, 64)];
  const acc = newLimbs(code);
  const [x1, x2, y1, y2] = [newLimbs(code), newLimbs(code), newLimbs(code), newLimbs(code)];
  const [d, inv] = [newLimbs(code), newLimbs(code)];
  const s = newScratch(code);
  load(code, inverse, 0, acc);
  opU(code, OP.loop, VOID);
  advance(code, at, -JOB);
  advance(code, notes, -NUMBER);
  signOf(code, at, 0, sign1);
  signOf(code, at, 4, sign2);
  address(code, at, 0, p1);
  address(code, at, 4, p2);
  load(code, p1, 0, x1);
  load(code, p2, 0, x2);
  subtract(code, x2, x1, d);
  load(code, notes, 0, inv);
  multiplyP(code, s, acc, inv, inv);
  multiplyP(code, s, acc, d, acc);
  loadSigned(code, p1, sign1, y1);
  loadSigned(code, p2, sign2, y2);
  // λ, in `inv`.
  subtract(code, y2, y1, d);
  multiplyP(code, s, inv, d, inv);
  // x₃, in `x2`.
  squareP(code, s, inv, d);
  subtract(code, d, x2, x2);
  subtract(code, x2, x1, x2);
  // y₃, in `d`.
  subtract(code, x1, x2, d);
  multiplyP(code, s, inv, d, d);
  subtract(code, d, y1, d);
  tidyP(code, s, x2);
  tidyP(code, s, d);
  opU(code, OP.get, at);
  memory(code, OP.loadI32, 8);
  opU(code, OP.set, out);
  store(code, out, 0, x2);
  store(code, out, NUMBER, d);
  again(code, at, OP.i32GtU, jobs);
  op(code, OP.end);
  return code;
}

/** The address in a job, without the bit of its sign. */
function address(code: Code, job: number, offset: number, out: number): void {
  opU(code, OP.get, job);
  memory(code, OP.loadI32, offset);
  constant(code, OP.constI32, -2);
  op(code, OP.i32And);
  opU(code, OP.set, out);
}

/** 0, or −1 for a point that is to be negated. */
function signOf(code: Code, job: number, offset: number, out: number): void {
  constant(code, OP.constI32, 0);
  opU(code, OP.get, job);
  memory(code, OP.loadI32, offset);
  constant(code, OP.constI32, 1);
  op(code, OP.i32And);
  op(code, OP.i32Sub);
  op(code, OP.i64ExtendI32);
  opU(code, OP.set, out);
}

/** Loads a point's y, or −y: (y xor −1) − (−1) is −y. */
function loadSigned(code: Code, point: number, sign: number, out: Limbs): void {
  for (let i = 0; i < LIMBS; i++) {
    loadLimb(code, point, NUMBER, i);
    opU(code, OP.get, sign);
    op(code, OP.i64Xor);
    opU(code, OP.get, sign);
    op(code, OP.i64Sub);
    opU(code, OP.set, out[i]);
  }
}

function advance(code: Code, variable: number, by: number): void {
  opU(code, OP.get, variable);
  constant(code, OP.constI32, by);
  op(code, OP.i32Add);
  opU(code, OP.set, variable);
}

/** Goes round the loop again if `a` compares so with `b`. */
function again(code: Code, a: number, comparison: number, b: number): void {
  opU(code, OP.get, a);
  opU(code, OP.get, b);
  op(code, comparison);
  opU(code, OP.brIf, 0);
}
