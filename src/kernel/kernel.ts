/**
 * An instance of the kernel (assembly/): the loops over all octets of a zone, in WebAssembly. An
 * instance has memory of its own, from which callers take pieces. It is a stack: what was taken last
 * can be taken anew, but the memory is given back all at once, when nobody holds the instance any
 * longer.
 */

import { readFileSync } from 'node:fs';
import { EXIT, ZonewrightError } from '../errors.js';

/** What the kernel's functions are; the comments stand with them, in assembly/. */
export interface KernelFunctions {
  // merge.ts
  runHeads(): number;
  runEnds(): number;
  firstEntry(entry: number, stop: number, from: number, fromEnd: number): number;
  openMerge(count: number): void;
  // names.ts, nsec3.ts, delegation.ts
  setApex(name: number, length: number): number;
  setNsec3(salt: number, length: number, iterations: number): void;
  setForbidding(mask: number): void;
  // pages.ts
  packPage(from: number, end: number, out: number): number;
  unpackPage(body: number, end: number, out: number): number;
  // references.ts
  openReferences(slots: number, arena: number, size: number): void;
  clearReferences(): void;
  endOfReferences(): number;
  hasRoom(hosts: number): number;
  addReference(host: number, length: number, owner: number, ownerLength: number): void;
  // walk.ts
  walkState(): number;
  factsOfOwner(): number;
  partsOfOwner(): number;
  openHashes(hashes: number, size: number): void;
  openWalk(flags: number): void;
  tellWritten(): void;
  takenAway(): void;
  setCut(key: number, length: number): void;
  setLimit(key: number, end: number): void;
  hasAddressAhead(key: number, end: number): number;
  planOwners(): number;
  writeOwners(hold: number): number;
  writeInsecure(): number;
  // kept.ts
  openKept(from: number, end: number, now: number, refresh: number, validity: number): void;
  // output.ts, signed.ts
  openText(text: number, wire: number, size: number): void;
  openJobs(jobs: number, jobsSize: number, data: number, dataSize: number): void;
  setSigner(
    algorithm: number,
    tag: number,
    signatureLength: number,
    inception: number,
    expiration: number,
    jitter: number,
    digest: number,
  ): void;
  setChain(ttl: number, head: number, headLength: number, text: number, textLength: number): void;
  writeSecure(key: number, end: number): number;
  writeNsec3(key: number, end: number, next: number, secure: number): number;
  compare(a: number, aEnd: number, b: number, bEnd: number): number;
  readLines(state: number): void;
  // csv.ts, hosts.ts
  readRows(state: number): void;
  openHosts(slots: number, count: number, arena: number, size: number): void;
  addHost(roid: number, length: number, name: number, nameLength: number): void;
  listEntries(from: number, end: number, addresses: number, ranks: number): number;
  sortEntries(
    addresses: number,
    spare: number,
    ranks: number,
    spareRanks: number,
    count: number,
  ): void;
  gatherPage(state: number): number;
  // changes.ts
  openChanges(
    older: number,
    olderEnd: number,
    newer: number,
    newerEnd: number,
    apexText: number,
  ): void;
  scanChanges(from: number, fromLength: number, to: number, toLength: number): number;
  changedEnd(): number;
  newEnd(): number;
  sameDelegations(): number;
  // verify-walk.ts
  verifyOwners(state: number): number;
  // owners.ts
  openOwners(wire: number, length: number, labels: number): void;
  // previous.ts
  enterSigned(text: number, end: number, to: number, from: number, fromLength: number): void;
  scanSigned(): number;
  signedEnd(): number;
  signedCount(): number;
  signedLines(): number;
  signedLinesEnd(): number;
  signedKey(): number;
  signedKeyLength(): number;
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

/** @throws ZonewrightError (exit 1) when the process may not reserve the address space. */
function newMemory(): Memory {
  try {
    return new host.Memory({
      initial: OWN_PAGES,
      maximum: MAX_PAGES,
      shared: true, // Views of memory that is not shared are void after it has grown.
    });
  } catch (cause) {
    throw new ZonewrightError(EXIT.unexpected, "WebAssembly can't reserve its address space", {
      hint: 'Raise the limit on address space (ulimit -v), 64 GiB for two threads; or use fewer --threads.',
      cause,
    });
  }
}

/** See the file's header. */
export class Kernel {
  readonly functions: KernelFunctions;
  /** All of the memory. Views stay good when it grows, but end where it ended. */
  bytes: Uint8Array;
  words: Uint32Array;
  private readonly memory = newMemory();
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

/** A piece of a kernel's memory that grows when more is wanted; what it held then is lost. */
export class KernelArea {
  private address = 0;
  private size = 0;

  constructor(private readonly kernel: Kernel) {}

  /** The address of a piece with room for `size` octets. */
  room(size: number): number {
    if (size > this.size) {
      // What is left behind stays with the kernel: growing by halves and more keeps it small.
      this.size = Math.max(size, 1.5 * this.size, 1 << 16);
      this.address = this.kernel.take(this.size);
    }
    return this.address;
  }
}

let ofThread: Kernel | undefined;

/** The instance of this thread, for what is taken and released at once. */
export function threadKernel(): Kernel {
  ofThread ??= new Kernel();
  return ofThread;
}
