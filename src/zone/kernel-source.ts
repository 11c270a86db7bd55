/**
 * A source of owners (zone/owner-source.ts) that merges a range of runs in the kernel. Ordinary
 * delegations are done there: the walk gets to see those only of which something is left to do.
 */

import type { Kernel } from '../kernel/kernel.js';
import type { Run } from '../sort/run.js';
import { type OwnerSource, Stop } from './owner-source.js';
import type { WalkRules } from './owner-walk.js';
import { FORBIDDING } from './status.js';
import { type WalkKernel, walkKernel } from './walk-kernel.js';

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

/** Octets of a hash: 32 digits, 0, and 1 for a secure delegation. */
export const HASH_SIZE = 34;

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
