/**
 * An instance of the kernel (assembly/): the loops over all octets of a zone, in WebAssembly. An
 * instance has memory of its own, from which callers take pieces. It is a stack: what was taken last
 * can be taken anew, but the memory is given back all at once, when nobody holds the instance any
 * longer.
 */

import { readFileSync } from 'node:fs';

/** What the kernel's functions are; the comments stand with them, in assembly/. */
export interface KernelFunctions {
  compare(a: number, aEnd: number, b: number, bEnd: number): number;
  readLines(state: number): void;
  listEntries(from: number, end: number, addresses: number, ranks: number): number;
  sortEntries(
    addresses: number,
    spare: number,
    ranks: number,
    spareRanks: number,
    count: number,
  ): void;
  gatherPage(state: number): number;
}

/** Octets of a page of WebAssembly. */
const PAGE = 1 << 16;
/** Pages that the kernel itself uses; asconfig.json has the same. */
const OWN_PAGES = 16;
/** Pages of the largest memory: 4 GiB. */
const MAX_PAGES = 1 << 16;
/** What is taken begins at multiples of this many octets. */
const ALIGNED = 64;
/** Octets behind each piece that a copy of eight octets at a time may read or write. */
const SLACK = 64;

/** What is used of WebAssembly; Node.js 20 comes without types of it. */
interface Memory {
  readonly buffer: SharedArrayBuffer;
  grow(pages: number): number;
}
interface Host {
  readonly Module: new (octets: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
  readonly Memory: new (size: { initial: number; maximum: number; shared: boolean }) => Memory;
}
const host = (globalThis as unknown as { readonly WebAssembly: Host }).WebAssembly;

let compiled: object | undefined;

function compile(): object {
  compiled ??= new host.Module(readFileSync(new URL('./kernel.wasm', import.meta.url)));
  return compiled;
}

/** See the file's header. */
export class Kernel {
  readonly functions: KernelFunctions;
  /** All of the memory. Views stay good when it grows, but end where it ended. */
  bytes: Uint8Array;
  words: Uint32Array;
  private readonly memory = new host.Memory({
    initial: OWN_PAGES,
    maximum: MAX_PAGES,
    shared: true, // Views of memory that is not shared are void after it has grown.
  });
  private end = OWN_PAGES * PAGE;

  constructor() {
    const instance = new host.Instance(compile(), { env: { memory: this.memory } });
    this.functions = instance.exports as KernelFunctions;
    this.bytes = new Uint8Array(this.memory.buffer);
    this.words = new Uint32Array(this.memory.buffer);
  }

  /**
   * Takes a piece of the memory: its address.
   *
   * @throws RangeError beyond 4 GiB.
   */
  take(size: number): number {
    const address = this.end;
    this.end = Math.ceil((address + size + SLACK) / ALIGNED) * ALIGNED;
    const missing = Math.ceil(this.end / PAGE) - this.memory.buffer.byteLength / PAGE;
    if (missing > 0) {
      this.memory.grow(missing);
      this.bytes = new Uint8Array(this.memory.buffer);
      this.words = new Uint32Array(this.memory.buffer);
    }
    return address;
  }

  /** Where the next piece will be taken. */
  get top(): number {
    return this.end;
  }

  /** Gives back what was taken since {@link top} was this. */
  release(top: number): void {
    this.end = top;
  }
}

let ofThread: Kernel | undefined;

/** The instance of this thread, for what is not large. */
export function threadKernel(): Kernel {
  ofThread ??= new Kernel();
  return ofThread;
}
