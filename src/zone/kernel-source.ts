/**
 * A source of owners (zone/owner-source.ts) that merges a range of runs in the kernel. Ordinary
 * delegations are done there: the walk gets to see those only of which something is left to do.
 */

import { Kernel, KernelArea } from '../kernel/kernel.js';
import { equalBytes } from '../names/name.js';
import { BLOCK_SIZE } from '../records/entry.js';
import { type PageTable, pageOf } from '../sort/pages.js';
import type { Run } from '../sort/run.js';
import { loadPages } from '../sort/spill.js';
import { type OwnerSource, Stop } from './owner-source.js';
import type { WalkRules } from './owner-walk.js';
import { FORBIDDING } from './status.js';

/** What the kernel stands at besides: what it has gathered has to be taken. */
const FULL = 5;
/** Fields of the kernel's state, in words (kernel/assembly/walk.ts). */
const Field = {
  key: 0,
  keyEnd: 1,
  parts: 2,
  facts: 3,
  text: 4,
  wire: 5,
  hashes: 6,
  cut: 7,
  cutEnd: 8,
  ns: 9,
  delegations: 10,
  secure: 11,
  nameServers: 12,
  domains: 13,
  rrsets: 14,
  records: 15,
} as const;
const Flag = {
  checkNames: 1,
  checkInDomain: 2,
  hashAll: 4,
  hashSecure: 8,
  digest: 16,
  returnAll: 32,
} as const;

/** Octets of a range's entries that the kernel takes; larger ones are rare. */
const MAX_INPUT = 64 << 20;
const FIRST_INPUT = 2 << 20;
/** Runs that the kernel merges; merge.ts has the same. */
const MAX_RUNS = 1024;
/** Octets for text, and for wire form. */
const OUTPUT = 1 << 18;
/** Octets for hashes; each takes {@link HASH_SIZE}. */
const HASHES = 1 << 18;
/** Octets of a hash: 32 digits, 0, and 1 for a secure delegation. */
export const HASH_SIZE = 34;
/** Octets for keys that go to the kernel. */
const KEYS = 4096;

/** An instance with its memory for walks; a thread has one. */
export class WalkKernel {
  readonly kernel = new Kernel();
  readonly text: number;
  readonly wire: number;
  readonly hashes: number;
  readonly keys: number;
  readonly heads: number;
  readonly ends: number;
  readonly state: number;
  readonly facts: number;
  readonly parts: number;
  private readonly input = new KernelArea(this.kernel);
  private readonly packed = new KernelArea(this.kernel);
  private apex: Uint8Array | undefined;
  private isPlain = false;

  constructor() {
    const { kernel } = this;
    const { functions } = kernel;
    this.text = kernel.take(OUTPUT);
    this.wire = kernel.take(OUTPUT);
    this.hashes = kernel.take(HASHES);
    this.keys = kernel.take(KEYS);
    this.heads = functions.runHeads() >>> 2;
    this.ends = functions.runEnds() >>> 2;
    this.state = functions.walkState() >>> 2;
    this.facts = functions.factsOfOwner() >>> 2;
    this.parts = functions.partsOfOwner() >>> 2;
    functions.openOutput(this.text, this.wire, OUTPUT, this.hashes, HASHES);
  }

  /** Sets the zone. False when its name needs escapes. */
  setApex(apex: Uint8Array): boolean {
    if (this.apex === undefined || !equalBytes(apex, this.apex)) {
      this.kernel.bytes.set(apex, this.keys);
      this.isPlain = this.kernel.functions.setApex(this.keys, apex.length) !== 0;
      this.apex = apex;
    }
    return this.isPlain;
  }

  /** How names are hashed (RFC 5155 §5). */
  setNsec3({ salt, iterations }: { readonly salt: Uint8Array; readonly iterations: number }): void {
    this.kernel.bytes.set(salt, this.keys);
    this.kernel.functions.setNsec3(this.keys, salt.length, iterations);
  }

  /**
   * Loads a range of runs and begins to merge it.
   *
   * @returns false when it is too large.
   */
  load(runs: readonly Run[], from: Uint8Array | undefined, to: Uint8Array | undefined): boolean {
    if (runs.length > MAX_RUNS) return false;
    const { kernel } = this;
    const { functions } = kernel;
    let size = 0;
    const spans = runs.map((run) => {
      const span = pagesOf(run.pages, from, to);
      for (let p = span.first; p < span.end; p++) size += run.pages.length[p];
      return span;
    });
    if (size > MAX_INPUT) return false;
    let at = this.input.room(Math.max(size, FIRST_INPUT));
    // Before the views are taken: the memory may grow.
    this.packed.room(Math.max(...runs.map((run, r) => storedOctets(run, spans[r])), 0));
    const { keys } = this;
    const { bytes, words } = kernel;
    const fromEnd = keys + (from?.length ?? 0);
    if (from !== undefined) bytes.set(from, keys);
    const toAt = keys + 1024;
    if (to !== undefined) bytes.set(to, toAt);
    for (const [r, run] of runs.entries()) {
      const { first, end } = spans[r];
      const { pages } = run;
      let head = at;
      let last = at;
      if (run.file !== undefined) {
        loadPages(run, first, end, kernel, this.packed, at);
        for (let p = first; p < end; p++) {
          last = at;
          at += pages.length[p];
        }
      }
      for (let p = first; run.file === undefined && p < end; ) {
        // Pages that lie behind each other go at once.
        const where = pages.where[p];
        let length = 0;
        for (; p < end && pages.where[p] === where + length; p++) {
          last = at + length;
          length += pages.length[p];
        }
        const start = where % BLOCK_SIZE;
        bytes.set(run.blocks[Math.floor(where / BLOCK_SIZE)].subarray(start, start + length), at);
        at += length;
      }
      let stop = at;
      if (to !== undefined) stop = functions.firstEntry(last, stop, toAt, toAt + to.length);
      if (from !== undefined) head = functions.firstEntry(head, stop, keys, fromEnd);
      words[this.heads + r] = head;
      words[this.ends + r] = stop;
    }
    functions.openMerge(runs.length);
    return true;
  }
}

interface PageSpan {
  readonly first: number;
  readonly end: number;
}

/** Octets of a run's pages in its file; 0 for a run in memory. */
function storedOctets({ file, pages }: Run, { first, end }: PageSpan): number {
  if (file === undefined || end === first) return 0;
  return pages.where[end - 1] + pages.stored[end - 1] - pages.where[first];
}

/** The pages in which keys of a range lie, `[first, end)`. */
function pagesOf(
  pages: PageTable,
  from: Uint8Array | undefined,
  to: Uint8Array | undefined,
): PageSpan {
  const first = from === undefined ? 0 : pageOf(pages, from);
  let end = pages.count;
  if (to !== undefined) {
    // Keys below the end lie up to the page in which it would be found.
    end = pages.count === 0 ? 0 : pageOf(pages, to) + 1;
  }
  return { first, end: Math.max(first, end) };
}

let ofThread: WalkKernel | undefined;

/** This thread's. */
export function walkKernel(): WalkKernel {
  ofThread ??= new WalkKernel();
  return ofThread;
}

/** Takes what the kernel has gathered. */
export interface KernelSink {
  /** Lines of text, and the same records in wire form: `bytes[text, textEnd)`, `bytes[wire, wireEnd)`. */
  written?(bytes: Uint8Array, text: number, textEnd: number, wire: number, wireEnd: number): void;
  /** Hashes of {@link HASH_SIZE} octets in `bytes[at, end)`. */
  hashed?(bytes: Uint8Array, at: number, end: number): void;
  /** There is no room for the hosts of another delegation. */
  full?(): void;
}

/** What a walk over ordinary delegations is for. */
export type KernelUse =
  /** Plan: count, refer, hash. */
  | { readonly kind: 'plan'; readonly hash: 'all' | 'secure' | 'none' }
  /** Write insecure delegations; `digest`: their wire form, too; `all`: write none, return all. */
  | { readonly kind: 'write'; readonly digest: boolean; readonly all: boolean };

/** What the kernel did by itself. */
export interface KernelCounts {
  readonly delegations: number;
  readonly secureDelegations: number;
  readonly nameServers: number;
  /** Delegations of domain objects. */
  readonly domains: number;
  readonly rrsets: number;
  readonly records: number;
}

/**
 * See the file's header. There is one at a time in a thread.
 */
export class KernelSource implements OwnerSource {
  keyBlock: Uint8Array;
  keyStart = 0;
  keyEnd = 0;
  parts = 0;
  readonly partBlocks: Uint8Array[] = [];
  readonly partStarts: number[] = [];
  readonly partEnds: number[] = [];
  readonly facts: Uint32Array;
  factCount = 0;
  nsCount = 0;
  private readonly kernel: Kernel;
  private readonly words: Uint32Array;
  private readonly plans: boolean;
  private holds = false;

  private constructor(
    private readonly memory: WalkKernel,
    use: KernelUse,
    rules: WalkRules,
    private readonly sink: KernelSink,
  ) {
    this.kernel = memory.kernel;
    this.keyBlock = memory.kernel.bytes;
    this.words = memory.kernel.words;
    this.facts = this.words.subarray(memory.facts, memory.facts + 32);
    this.plans = use.kind === 'plan';
    let flags = 0;
    if (use.kind === 'plan') {
      if (use.hash !== 'none') flags |= use.hash === 'all' ? Flag.hashAll : Flag.hashSecure;
    } else {
      if (use.digest) flags |= Flag.digest;
      if (use.all) flags |= Flag.returnAll;
    }
    if (rules.dropInvalidNs) flags |= Flag.checkNames;
    if (rules.dropMissingGlue) flags |= Flag.checkInDomain;
    this.kernel.functions.setForbidding(FORBIDDING);
    this.kernel.functions.openWalk(flags);
  }

  /** Opens a range; undefined when it is none for the kernel. */
  static open(
    runs: readonly Run[],
    from: Uint8Array | undefined,
    to: Uint8Array | undefined,
    use: KernelUse,
    rules: WalkRules,
    sink: KernelSink,
  ): KernelSource | undefined {
    if (rules.apexIsDname) return undefined;
    const memory = walkKernel();
    if (!memory.setApex(rules.apex) || !memory.load(runs, from, to)) return undefined;
    return new KernelSource(memory, use, rules, sink);
  }

  next(): number {
    const { functions } = this.kernel;
    for (;;) {
      const stop = this.plans ? functions.planOwners() : functions.writeOwners(this.holds ? 1 : 0);
      this.drain();
      switch (stop) {
        case FULL:
          this.sink.full?.();
          continue;
        case Stop.end:
        case Stop.limit:
          return stop;
        default:
          this.takeOwner(stop);
          return stop;
      }
    }
  }

  setCut(key: Uint8Array, length: number): void {
    const { memory, keyBlock } = this;
    for (let i = 0; i < length; i++) keyBlock[memory.keys + i] = key[i];
    this.kernel.functions.setCut(memory.keys, Math.max(0, length));
  }

  ownCut(key: Uint8Array): number {
    const { words, memory, keyBlock } = this;
    const start = words[memory.state + Field.cut];
    if (start === 0) return -1;
    const length = words[memory.state + Field.cutEnd] - start;
    for (let i = 0; i < length; i++) key[i] = keyBlock[start + i];
    this.factCount = words[memory.state + Field.facts];
    this.nsCount = words[memory.state + Field.ns];
    return length;
  }

  setLimit(block: Uint8Array, start: number, end: number): void {
    const { memory, keyBlock } = this;
    const at = memory.keys + 2048;
    for (let i = start, o = at; i < end; i++, o++) keyBlock[o] = block[i];
    this.kernel.functions.setLimit(at, at + end - start);
  }

  hold(): void {
    this.holds = true;
  }

  release(): void {
    this.holds = false;
  }

  hasAddressAhead(key: Uint8Array, length: number): boolean {
    const { memory, keyBlock } = this;
    const at = memory.keys + 3072;
    for (let i = 0; i < length; i++) keyBlock[at + i] = key[i];
    return this.kernel.functions.hasAddressAhead(at, at + length) !== 0;
  }

  /** What the kernel did by itself in this range so far. */
  counts(): KernelCounts {
    const { words, memory } = this;
    const at = (field: number): number => words[memory.state + field];
    return {
      delegations: at(Field.delegations),
      secureDelegations: at(Field.secure),
      nameServers: at(Field.nameServers),
      domains: at(Field.domains),
      rrsets: at(Field.rrsets),
      records: at(Field.records),
    };
  }

  private takeOwner(stop: number): void {
    const { words, memory, keyBlock } = this;
    const { state } = memory;
    this.keyStart = words[state + Field.key];
    this.keyEnd = words[state + Field.keyEnd];
    if (stop === Stop.ordinary) {
      this.factCount = words[state + Field.facts];
      this.nsCount = words[state + Field.ns];
      return;
    }
    const parts = words[state + Field.parts];
    this.parts = parts;
    for (let i = 0, p = memory.parts; i < parts; i++, p += 2) {
      this.partBlocks[i] = keyBlock;
      this.partStarts[i] = words[p];
      this.partEnds[i] = words[p + 1];
    }
  }

  private drain(): void {
    const { words, memory, keyBlock, sink } = this;
    const { state } = memory;
    const text = words[state + Field.text];
    const hashes = words[state + Field.hashes];
    if (text === 0 && hashes === 0) return;
    if (text > 0) {
      const wireEnd = memory.wire + words[state + Field.wire];
      sink.written?.(keyBlock, memory.text, memory.text + text, memory.wire, wireEnd);
    }
    if (hashes > 0) sink.hashed?.(keyBlock, memory.hashes, memory.hashes + hashes);
    this.kernel.functions.takenAway();
  }
}
