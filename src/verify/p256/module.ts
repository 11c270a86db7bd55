/**
 * The functions of the kernel, in WebAssembly: products, and additions of many pairs of points
 * that share one inversion.
 *
 * A point is two numbers (field.ts) behind each other, x and y, in Montgomery form; there is no
 * point at infinity. A sum is a job of three addresses: two points and where their sum goes,
 * which may be where one of them is. Bit 0 of a point's address stands for its negative. Two
 * jobs are done at once (lanes.ts), so that their number is even.
 *
 * With d = x₂ − x₁ the sum is λ = (y₂ − y₁)/d, x₃ = λ² − x₁ − x₂, y₃ = λ(x₁ − x₃) − y₁ (SEC 1
 * §2.2.1). `forward` multiplies the d of all jobs and notes each product before its job; the
 * caller inverts the last one; `backward` goes from the last job to the first with the inverse
 * of the product up to there, and so has every 1/d for two multiplications (Montgomery's
 * trick), which it notes instead; `finish` does the rest. If any two points are equal or opposite
 * the whole product is 0 modulo p, which the caller must look for. (These are three functions
 * because one of all would have more values alive than there are registers.)
 *
 * Bounds, by field.ts: coordinates are tidy, so that they lie between −p/100 and 1.01 p, and
 * their limbs exceed 29 bits by a few units at most. The limbs of d and of y₂ − y₁ then are below
 * 2^29 and 2^30 and a bit, those of x₁ − x₃ below 3 · 2^29 and a bit; all are multiplied by
 * products, whose limbs are below 2^29 and whose value is between −p/5 and 1.2 p.
 */

import {
  load,
  multiplyN,
  multiplyP,
  NUMBER,
  newLimbs,
  newScratch,
  squareP,
  store,
} from './field.js';
import {
  loadLanes,
  loadPair,
  loadTwo,
  multiplyLanes,
  negateLanes,
  newLaneScratch,
  newLanes,
  squareLanes,
  storeLanes,
  storePair,
  subtractLanes,
  tidyLanes,
} from './lanes.js';
import {
  type Code,
  constant,
  local,
  locals,
  type Memory,
  memory,
  newCode,
  OP,
  op,
  opU,
  VECTOR,
  VOID,
  vector,
} from './wasm.js';

/** Octets of a point, and of a job. */
export const POINT = 2 * NUMBER;
export const JOB = 12;

/**
 * What the module exports. All arguments are addresses but `times`. `notes` has a pair of numbers
 * for every two jobs, limbs by turns, and so have `products` and `inverses` for even and odd jobs.
 */
export interface Functions {
  readonly memory: Memory;
  /** out = ab / R mod p. */
  multiplyP(out: number, a: number, b: number): void;
  /** Squares modulo p one time or more. */
  squareP(out: number, a: number, times: number): void;
  multiplyN(out: number, a: number, b: number): void;
  /** Multiplies the numbers at `products` by the d of the jobs. */
  forward(jobs: number, jobsEnd: number, notes: number, products: number): void;
  /** Notes every 1/d; at `inverses` are the inverses of what `forward` left. */
  backward(jobs: number, jobsEnd: number, notesEnd: number, inverses: number): void;
  /** Writes the sums. */
  finish(jobs: number, jobsEnd: number, notes: number): void;
}

/** The module's functions, in its own form. */
export function kernelFunctions(n: readonly number[], inverseOfN: number): Code[] {
  return [productP(), squaresP(), productN(n, inverseOfN), forward(), backward(), finish()];
}

function productP(): Code {
  const code = newCode('multiplyP', 3);
  const [a, b, s] = [newLimbs(code), newLimbs(code), newScratch(code)];
  load(code, 1, a);
  load(code, 2, b);
  multiplyP(code, s, a, b, a);
  store(code, 0, a);
  return code;
}

function squaresP(): Code {
  const code = newCode('squareP', 3);
  const [a, s] = [newLimbs(code), newScratch(code)];
  load(code, 1, a);
  opU(code, OP.loop, VOID);
  squareP(code, s, a, a);
  advance(code, 2, -1);
  opU(code, OP.get, 2);
  opU(code, OP.brIf, 0);
  op(code, OP.end);
  store(code, 0, a);
  return code;
}

function productN(n: readonly number[], inverse: number): Code {
  const code = newCode('multiplyN', 3);
  const [a, b, s] = [newLimbs(code), newLimbs(code), newScratch(code)];
  load(code, 1, a);
  load(code, 2, b);
  multiplyN(code, s, a, b, a, n, inverse);
  store(code, 0, a);
  return code;
}

function forward(): Code {
  const code = newCode('forward', 4);
  const [jobs, end, notes, products] = [0, 1, 2, 3];
  const points = newPoints(code);
  const [x1, x2, acc] = [newLanes(code), newLanes(code), newLanes(code)];
  const s = newLaneScratch(code);
  loadPair(code, products, acc);
  opU(code, OP.loop, VOID);
  storePair(code, notes, acc);
  addresses(code, jobs, points);
  loadLanes(code, s, points.first[0], points.first[1], 0, x1);
  loadLanes(code, s, points.second[0], points.second[1], 0, x2);
  subtractLanes(code, x2, x1, x2);
  multiplyLanes(code, s, acc, x2, acc);
  advance(code, notes, 2 * NUMBER);
  advance(code, jobs, 2 * JOB);
  again(code, jobs, OP.i32LtU, end);
  op(code, OP.end);
  storePair(code, products, acc);
  return code;
}

function backward(): Code {
  const code = newCode('backward', 4);
  const [jobs, at, notes, inverses] = [0, 1, 2, 3];
  const points = newPoints(code);
  const [x1, x2, acc, inverse] = [0, 1, 2, 3].map(() => newLanes(code));
  const s = newLaneScratch(code);
  loadPair(code, inverses, acc);
  opU(code, OP.loop, VOID);
  advance(code, at, -2 * JOB);
  advance(code, notes, -2 * NUMBER);
  loadPair(code, notes, inverse);
  multiplyLanes(code, s, acc, inverse, inverse);
  storePair(code, notes, inverse);
  addresses(code, at, points);
  loadLanes(code, s, points.first[0], points.first[1], 0, x1);
  loadLanes(code, s, points.second[0], points.second[1], 0, x2);
  subtractLanes(code, x2, x1, x2);
  multiplyLanes(code, s, acc, x2, acc);
  again(code, at, OP.i32GtU, jobs);
  op(code, OP.end);
  return code;
}

function finish(): Code {
  const code = newCode('finish', 3);
  const [jobs, end, notes] = [0, 1, 2];
  const points = newPoints(code);
  const { first, second } = points;
  const sign = local(code, 128);
  const [x1, x2, y1, y2] = [newLanes(code), newLanes(code), newLanes(code), newLanes(code)];
  const [d, slope] = [newLanes(code), newLanes(code)];
  const s = newLaneScratch(code);
  opU(code, OP.loop, VOID);
  addresses(code, jobs, points);
  for (const [offset, [a, b], y] of [[0, first, y1] as const, [4, second, y2] as const]) {
    loadLanes(code, s, a, b, NUMBER, y);
    signs(code, jobs, offset, sign);
    negateLanes(code, sign, y);
  }
  subtractLanes(code, y2, y1, d);
  loadPair(code, notes, slope);
  multiplyLanes(code, s, slope, d, slope);
  loadLanes(code, s, first[0], first[1], 0, x1);
  loadLanes(code, s, second[0], second[1], 0, x2);
  // x₃, in `x2`.
  squareLanes(code, s, slope, d);
  subtractLanes(code, d, x2, x2);
  subtractLanes(code, x2, x1, x2);
  // y₃, in `d`.
  subtractLanes(code, x1, x2, d);
  multiplyLanes(code, s, slope, d, d);
  subtractLanes(code, d, y1, d);
  tidyLanes(code, s, x2);
  tidyLanes(code, s, d);
  address(code, jobs, 8, first[0]);
  address(code, jobs, JOB + 8, first[1]);
  storeLanes(code, first[0], first[1], 0, x2);
  storeLanes(code, first[0], first[1], NUMBER, d);
  advance(code, notes, 2 * NUMBER);
  advance(code, jobs, 2 * JOB);
  again(code, jobs, OP.i32LtU, end);
  op(code, OP.end);
  return code;
}

/** Locals for the addresses of the points of two jobs. */
interface Points {
  readonly first: readonly number[];
  readonly second: readonly number[];
}

function newPoints(code: Code): Points {
  return { first: locals(code, 32, 2), second: locals(code, 32, 2) };
}

function addresses(code: Code, jobs: number, { first, second }: Points): void {
  for (const lane of [0, 1]) {
    address(code, jobs, lane * JOB, first[lane]);
    address(code, jobs, lane * JOB + 4, second[lane]);
  }
}

/** The address at a place of a job, without the bit of its sign. */
function address(code: Code, job: number, offset: number, out: number): void {
  opU(code, OP.get, job);
  memory(code, OP.loadI32, offset);
  constant(code, OP.constI32, -2);
  op(code, OP.i32And);
  opU(code, OP.set, out);
}

/** For each of two jobs 0, or −1 for a point that is to be negated. */
function signs(code: Code, jobs: number, offset: number, out: number): void {
  loadTwo(code, jobs, offset, jobs, offset + JOB);
  for (const instruction of [VECTOR.i32Shl, VECTOR.i32ShrS]) {
    constant(code, OP.constI32, 31);
    vector(code, instruction);
  }
  opU(code, OP.set, out);
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
