/**
 * The arithmetic modulo p of field.ts for two numbers at once, in the lanes of vectors.
 *
 * The limbs of equal rank of two numbers are the two lower i32 of a vector, as
 * `i64x2.extmul_low_i32x4_s` takes them. Limbs, bounds and the order of things are those of
 * field.ts. There is no cheap arithmetic shift of i64 in vectors, so that columns are kept
 * positive: 2^63 is added to each, of which the carry takes 2^34 along, so that the next one
 * needs 2^63 − 2^34.
 */

import { LIMB_BITS, LIMB_MASK, LIMBS } from './field.js';
import {
  type Code,
  constant,
  local,
  locals,
  OP,
  opU,
  VECTOR,
  vector,
  vectorConstant,
  vectorMemory,
} from './wasm.js';

/** Locals that hold the limbs of two numbers. */
export type Lanes = readonly number[];

export function newLanes(code: Code): Lanes {
  return locals(code, 128, LIMBS);
}

/** What the operations of one function share. */
export interface LaneScratch {
  readonly t: number;
  readonly u: number;
  /** The multiples of p, by column. */
  readonly m: Lanes;
  readonly twice: Lanes;
  /** 2^29 − 1 in both lanes of 64 bits, and in all of 32. */
  readonly mask64: number;
  readonly mask32: number;
  /** 2^63, and 2^63 − 2^34. */
  readonly bias: number;
  readonly nextBias: number;
}

/** Appends the making of the constants, too: to be called outside of loops. */
export function newLaneScratch(code: Code): LaneScratch {
  const value = (number: bigint): number => {
    const at = local(code, 128);
    vectorConstant(code, number);
    set(code, at);
    return at;
  };
  const mask = BigInt(LIMB_MASK);
  return {
    t: local(code, 128),
    u: local(code, 128),
    m: newLanes(code),
    twice: newLanes(code),
    mask64: value(mask),
    mask32: value((mask << 32n) | mask),
    bias: value(1n << 63n),
    nextBias: value((1n << 63n) - (1n << BigInt(63 - LIMB_BITS))),
  };
}

const get = (code: Code, at: number): void => opU(code, OP.get, at);
const set = (code: Code, at: number): void => opU(code, OP.set, at);

function shift(code: Code, instruction: number, bits: number): void {
  constant(code, OP.constI32, bits);
  vector(code, instruction);
}

/** out = ab / R mod p; `out` may be one of the factors. */
export function multiplyLanes(code: Code, s: LaneScratch, a: Lanes, b: Lanes, out: Lanes): void {
  columns(code, s, out, (k) => {
    const from = Math.max(0, k - LIMBS + 1);
    for (let i = from; i <= Math.min(k, LIMBS - 1); i++) {
      get(code, a[i]);
      get(code, b[k - i]);
      vector(code, VECTOR.multiplyLow);
      if (i > from) vector(code, VECTOR.i64Add);
    }
  });
}

/** out = a² / R mod p. */
export function squareLanes(code: Code, s: LaneScratch, a: Lanes, out: Lanes): void {
  for (let i = 0; i < LIMBS - 1; i++) {
    get(code, a[i]);
    shift(code, VECTOR.i32Shl, 1);
    set(code, s.twice[i]);
  }
  columns(code, s, out, (k) => {
    const from = Math.max(0, k - LIMBS + 1);
    for (let i = from; 2 * i <= k; i++) {
      get(code, 2 * i === k ? a[i] : s.twice[i]);
      get(code, a[k - i]);
      vector(code, VECTOR.multiplyLow);
      if (i > from) vector(code, VECTOR.i64Add);
    }
  });
}

function columns(code: Code, s: LaneScratch, out: Lanes, product: (k: number) => void): void {
  const { m, t } = s;
  for (let k = 0; k < 2 * LIMBS - 1; k++) {
    product(k);
    get(code, k === 0 ? s.bias : s.nextBias);
    vector(code, VECTOR.i64Add);
    addMultiplesOfP(code, m, k);
    if (k > 0) {
      get(code, t);
      shift(code, VECTOR.i64ShrU, LIMB_BITS);
      vector(code, VECTOR.i64Add);
    }
    opU(code, OP.tee, t);
    get(code, s.mask64);
    vector(code, VECTOR.and);
    if (k < LIMBS) {
      set(code, m[k]);
    } else {
      narrow(code, s);
      set(code, out[k - LIMBS]);
    }
  }
  get(code, t);
  shift(code, VECTOR.i64ShrU, LIMB_BITS);
  // What is left of the bias is above 32 bits.
  narrow(code, s);
  set(code, out[LIMBS - 1]);
}

/** Adds what is known of mp to column k: see field.ts. */
function addMultiplesOfP(code: Code, m: Lanes, k: number): void {
  const has = (above: number): boolean => k >= above && k - above < LIMBS;
  const term = (above: number, bits: number, instruction: number): void => {
    get(code, m[k - above]);
    if (bits > 0) shift(code, VECTOR.i64Shl, bits);
    vector(code, instruction);
  };
  if (has(3)) term(3, 9, VECTOR.i64Add);
  if (has(8)) {
    get(code, m[k - 8]);
    shift(code, VECTOR.i64Shl, 3);
    if (has(7)) term(7, 0, VECTOR.i64Sub);
    shift(code, VECTOR.i64Shl, 3);
    if (has(6)) term(6, 0, VECTOR.i64Add);
    shift(code, VECTOR.i64Shl, 18);
    vector(code, VECTOR.i64Add);
  } else {
    if (has(6)) term(6, 18, VECTOR.i64Add);
    if (has(7)) term(7, 21, VECTOR.i64Sub);
  }
}

/** The lower halves of two i64 as the two lower i32. */
function narrow(code: Code, s: LaneScratch): void {
  opU(code, OP.tee, s.u);
  get(code, s.u);
  shuffle(code, [0, 2, 0, 2]);
}

/** Four i32 out of the eight of two vectors. */
function shuffle(code: Code, lanes: readonly number[]): void {
  vector(
    code,
    VECTOR.shuffle,
    lanes.flatMap((lane) => [0, 1, 2, 3].map((octet) => 4 * lane + octet)),
  );
}

/** out = a − b, limb by limb. */
export function subtractLanes(code: Code, a: Lanes, b: Lanes, out: Lanes): void {
  for (let i = 0; i < LIMBS; i++) {
    get(code, a[i]);
    get(code, b[i]);
    vector(code, VECTOR.i32Sub);
    set(code, out[i]);
  }
}

/** Negates a number where its lane of `sign` is −1 and not 0: (a xor −1) − (−1) is −a. */
export function negateLanes(code: Code, sign: number, a: Lanes): void {
  for (let i = 0; i < LIMBS; i++) {
    get(code, a[i]);
    get(code, sign);
    vector(code, VECTOR.xor);
    get(code, sign);
    vector(code, VECTOR.i32Sub);
    set(code, a[i]);
  }
}

/**
 * Brings a number to the range of p and its limbs to 29 bits, give or take a few: for factors of
 * later products. The limbs are below 2^30 and a bit.
 */
export function tidyLanes(code: Code, s: LaneScratch, a: Lanes): void {
  const top = LIMBS - 1;
  // What sticks out above 2^256 goes, as so many times p.
  get(code, a[top]);
  shift(code, VECTOR.i32ShrS, 24);
  set(code, s.t);
  const term = (limb: number, bits: number, instruction: number): void => {
    get(code, a[limb]);
    get(code, s.t);
    shift(code, VECTOR.i32Shl, bits);
    vector(code, instruction);
    set(code, a[limb]);
  };
  term(0, 0, VECTOR.i32Add);
  term(3, 9, VECTOR.i32Sub);
  term(6, 18, VECTOR.i32Sub);
  term(7, 21, VECTOR.i32Add);
  term(top, 24, VECTOR.i32Sub);
  for (let i = top; i >= 0; i--) {
    get(code, a[i]);
    if (i < top) {
      get(code, s.mask32);
      vector(code, VECTOR.and);
    }
    if (i > 0) {
      get(code, a[i - 1]);
      shift(code, VECTOR.i32ShrS, LIMB_BITS);
      vector(code, VECTOR.i32Add);
    }
    set(code, a[i]);
  }
}

/** Loads two numbers, each at `offset` from the address in a local. */
export function loadLanes(
  code: Code,
  s: LaneScratch,
  first: number,
  second: number,
  offset: number,
  out: Lanes,
): void {
  for (const i of [0, 4]) {
    get(code, first);
    vectorMemory(code, VECTOR.load, offset + 4 * i);
    set(code, s.t);
    get(code, second);
    vectorMemory(code, VECTOR.load, offset + 4 * i);
    set(code, s.u);
    for (const k of [0, 2]) {
      get(code, s.t);
      get(code, s.u);
      shuffle(code, [k, k + 4, k + 1, k + 5]);
      opU(code, OP.tee, out[i + k]);
      get(code, out[i + k]);
      shuffle(code, [2, 3, 2, 3]);
      set(code, out[i + k + 1]);
    }
  }
  loadTwo(code, first, offset + 32, second, offset + 32);
  set(code, out[LIMBS - 1]);
}

/** Puts two i32 on the stack, as the lower lanes of a vector. */
export function loadTwo(
  code: Code,
  first: number,
  firstOffset: number,
  second: number,
  secondOffset: number,
): void {
  get(code, second);
  get(code, first);
  vectorMemory(code, VECTOR.load32Zero, firstOffset);
  vectorMemory(code, VECTOR.load32Lane, secondOffset, 1);
}

export function storeLanes(
  code: Code,
  first: number,
  second: number,
  offset: number,
  a: Lanes,
): void {
  for (const [lane, address] of [first, second].entries()) {
    for (let i = 0; i < LIMBS; i++) {
      get(code, address);
      get(code, a[i]);
      vectorMemory(code, VECTOR.store32Lane, offset + 4 * i, lane);
    }
  }
}

/** Loads two numbers that are kept together: their limbs by turns. */
export function loadPair(code: Code, address: number, out: Lanes): void {
  for (let i = 0; i < LIMBS; i++) {
    get(code, address);
    vectorMemory(code, VECTOR.load64Zero, 8 * i);
    set(code, out[i]);
  }
}

export function storePair(code: Code, address: number, a: Lanes): void {
  for (let i = 0; i < LIMBS; i++) {
    get(code, address);
    get(code, a[i]);
    vectorMemory(code, VECTOR.store64Lane, 8 * i, 0);
  }
}
