/**
 * Puts together a WebAssembly module (WebAssembly Core Specification 2.0, §5) from instructions,
 * as far as straight arithmetic with loops needs it: functions take i32 values and return
 * nothing, there is one memory, and the host sees both.
 *
 * Node.js brings the compiler that makes machine code of it, on every architecture; nothing is
 * built when the package is installed.
 */

/** A memory, as far as it is used here. */
export interface Memory {
  readonly buffer: ArrayBuffer;
}

/** Octets of a page of memory. */
export const PAGE = 65_536;

interface Host {
  readonly Module: new (octets: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}

/**
 * Compiles a module.
 *
 * @returns what it exports; undefined where there is no WebAssembly (`--jitless`), or none with
 *   vectors.
 */
export function instantiate(octets: Uint8Array<ArrayBuffer>): unknown {
  const host = (globalThis as { WebAssembly?: Host }).WebAssembly;
  if (host === undefined) return undefined;
  try {
    return new host.Instance(new host.Module(octets)).exports;
  } catch {
    return undefined;
  }
}

/** Instructions and their operands (§5.4). */
export const OP = {
  loop: 0x03,
  if: 0x04,
  end: 0x0b,
  brIf: 0x0d,
  get: 0x20,
  set: 0x21,
  tee: 0x22,
  loadI32: 0x28,
  loadI64From32: 0x34,
  storeI64As32: 0x3e,
  constI32: 0x41,
  constI64: 0x42,
  i32LtU: 0x49,
  i32GtU: 0x4b,
  i32Add: 0x6a,
  i32And: 0x71,
  i64Add: 0x7c,
  i64Sub: 0x7d,
  i64Mul: 0x7e,
  i64And: 0x83,
  i64Shl: 0x86,
  i64ShrS: 0x87,
} as const;

/** Vector instructions, without their prefix (§5.4.8). */
export const VECTOR = {
  load: 0x00,
  constant: 0x0c,
  /** i8x16.shuffle */
  shuffle: 0x0d,
  and: 0x4e,
  xor: 0x51,
  load32Lane: 0x56,
  store32Lane: 0x5a,
  store64Lane: 0x5b,
  load32Zero: 0x5c,
  load64Zero: 0x5d,
  i32Shl: 0xab,
  i32ShrS: 0xac,
  i32Add: 0xae,
  i32Sub: 0xb1,
  i64Shl: 0xcb,
  i64ShrU: 0xcd,
  i64Add: 0xce,
  i64Sub: 0xd1,
  /** i64x2.extmul_low_i32x4_s */
  multiplyLow: 0xdc,
} as const;

const VECTOR_PREFIX = 0xfd;

/** A block without parameters and results. */
export const VOID = 0x40;

const I32 = 0x7f;
const I64 = 0x7e;
const V128 = 0x7b;

/** A function in the making. Locals are named by their index; parameters come first. */
export interface Code {
  readonly name: string;
  readonly params: number;
  /** Types of the locals behind the parameters. */
  readonly locals: number[];
  readonly bytes: number[];
}

export function newCode(name: string, params: number): Code {
  return { name, params, locals: [], bytes: [] };
}

/** A new local; 128 bits are a vector. */
export function local(code: Code, bits: 32 | 64 | 128): number {
  code.locals.push(bits === 32 ? I32 : bits === 64 ? I64 : V128);
  return code.params + code.locals.length - 1;
}

export function locals(code: Code, bits: 32 | 64 | 128, count: number): number[] {
  return Array.from({ length: count }, () => local(code, bits));
}

/** Appends an instruction that has no operands in the code. */
export function op(code: Code, instruction: number): void {
  code.bytes.push(instruction);
}

/** Appends an instruction with one unsigned operand: an index of a local, a label, a block type. */
export function opU(code: Code, instruction: number, operand: number): void {
  code.bytes.push(instruction);
  unsigned(code.bytes, operand);
}

/** Appends an `i32.const` or `i64.const` of a value of less than 31 bits and a sign. */
export function constant(code: Code, instruction: number, value: number): void {
  code.bytes.push(instruction);
  signed(code.bytes, value);
}

/** Appends a load or store of four octets at `offset` from the address on the stack. */
export function memory(code: Code, instruction: number, offset: number): void {
  code.bytes.push(instruction, 2);
  unsigned(code.bytes, offset);
}

/** Appends a vector instruction; `operands` are octets. */
export function vector(code: Code, instruction: number, operands: readonly number[] = []): void {
  code.bytes.push(VECTOR_PREFIX);
  unsigned(code.bytes, instruction);
  for (const octet of operands) code.bytes.push(octet);
}

/** Appends a vector of two equal numbers of 64 bits. */
export function vectorConstant(code: Code, value: bigint): void {
  const octets = Array.from({ length: 16 }, (_, i) =>
    Number((value >> BigInt(8 * (i & 7))) & 255n),
  );
  vector(code, VECTOR.constant, octets);
}

/**
 * Appends a load or store of a vector or of some lanes of one, at `offset` from the address on
 * the stack; the instructions for one lane have its number.
 */
export function vectorMemory(code: Code, instruction: number, offset: number, lane?: number): void {
  vector(code, instruction, [2]);
  unsigned(code.bytes, offset);
  if (lane !== undefined) code.bytes.push(lane);
}

/**
 * The octets of a module with these functions and a memory of `pages`, exported as `memory`.
 */
export function assemble(functions: readonly Code[], pages: number): Uint8Array<ArrayBuffer> {
  const out: number[] = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const section = (id: number, items: readonly number[][]): void => {
    const body: number[] = [];
    unsigned(body, items.length);
    for (const item of items) for (const octet of item) body.push(octet);
    out.push(id);
    unsigned(out, body.length);
    for (const octet of body) out.push(octet);
  };
  section(
    1,
    functions.map(({ params }) => [0x60, params, ...new Array<number>(params).fill(I32), 0]),
  );
  section(
    3,
    functions.map((_, index) => [index]),
  );
  const limits = [0];
  unsigned(limits, pages);
  section(5, [limits]);
  section(7, [
    exported('memory', 2, 0),
    ...functions.map(({ name }, index) => exported(name, 0, index)),
  ]);
  section(
    10,
    functions.map((code) => {
      const body: number[] = [];
      unsigned(body, code.locals.length);
      for (const type of code.locals) body.push(1, type);
      for (const octet of code.bytes) body.push(octet);
      body.push(OP.end);
      const sized: number[] = [];
      unsigned(sized, body.length);
      for (const octet of body) sized.push(octet);
      return sized;
    }),
  );
  return new Uint8Array(out);
}

function exported(name: string, kind: number, index: number): number[] {
  return [name.length, ...Buffer.from(name, 'latin1'), kind, index];
}

/** LEB128 (§5.2.2). */
function unsigned(out: number[], value: number): void {
  let rest = value;
  while (rest >= 0x80) {
    out.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  out.push(rest);
}

function signed(out: number[], value: number): void {
  let rest = value;
  for (;;) {
    const octet = rest & 0x7f;
    rest >>= 7;
    if ((rest === 0 && (octet & 0x40) === 0) || (rest === -1 && (octet & 0x40) !== 0)) {
      out.push(octet);
      return;
    }
    out.push(octet | 0x80);
  }
}
