/**
 * A source of owners (zone/owner-source.ts) that merges a range of runs in the kernel. Ordinary
 * delegations are done there: the walk gets to see those only of which something is left to do.
 */

import type { Kernel } from '../kernel/kernel.js';
import type { Run } from '../sort/run.js';
import { type OwnerSource, Stop } from './owner-source.js';
import type { WalkRules } from './owner-walk.js';
import { FORBIDDING } from './status.js';
import { type KeptRun, Place, type WalkKernel, walkKernel } from './walk-kernel.js';

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
  jobs: 16,
  data: 17,
  jitter: 18,
  kept: 19,
  leastLife: 20,
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

/** What writing a signed RRset came to; signed.ts has the same. */
const DONE = 1;
const NO_ROOM = 2;

/** What the kernel has written. Numbers are addresses in `bytes` but for the jobs, which lie in
 * `words`: four words each, beginning and end of what is to be signed, in octets from `data`, and
 * where the signature goes in text and wire form, in octets from where those begin. */
export interface Written {
  readonly bytes: Uint8Array;
  readonly text: number;
  readonly textEnd: number;
  readonly wire: number;
  readonly wireEnd: number;
  readonly words: Uint32Array;
  readonly jobs: number;
  readonly jobCount: number;
  readonly data: number;
  readonly dataEnd: number;
  /** Seconds by which a signature of this range expires early, at most so far. */
  readonly jitter: number;
}

/** Octets of a job. */
const JOB_SIZE = 16;

/** A record of the NSEC3 chain: its owner's key and that of the next one. */
export interface ChainRecord {
  readonly keyBlock: Uint8Array;
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly nextBlock: Uint8Array;
  readonly nextStart: number;
}

/** How the kernel lays RRSIG records out; times are in seconds since 1970. */
export interface KernelSigning {
  readonly algorithm: number;
  readonly tag: number;
  readonly signatureLength: number;
  readonly inception: number;
  readonly expiration: number;
  readonly jitter: number;
  /** NSEC3 RDATA up to the next hashed owner, and its text. */
  readonly chain: { readonly ttl: number; readonly rdata: Uint8Array; readonly text: Uint8Array };
}

/** Takes what the kernel has gathered. */
export interface KernelSink {
  /** Lines of text, and the same records in wire form. */
  written?(written: Written): void;
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
  | {
      readonly kind: 'write';
      readonly digest: boolean;
      readonly all: boolean;
      /** undefined: signed RRsets are none of the kernel's. */
      readonly signing: KernelSigning | undefined;
      /** Signatures that are kept; undefined: there is no previous zone. */
      readonly kept: KeptRun | undefined;
    };

/** What the kernel did by itself. */
export interface KernelCounts {
  readonly delegations: number;
  readonly secureDelegations: number;
  readonly nameServers: number;
  /** Delegations of domain objects. */
  readonly domains: number;
  readonly rrsets: number;
  readonly records: number;
  /** Signatures kept of the previous zone, and when the first of them expires, if any was. */
  readonly kept: number;
  readonly earliestKept: number;
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
  /** Does the kernel write signed RRsets? */
  readonly signs: boolean;
  private holds = false;
  /** The time from which the life of kept signatures counts. */
  private readonly keptNow: number;

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
    this.signs = use.kind === 'write' && use.signing !== undefined;
    this.kernel.functions.setForbidding(FORBIDDING);
    const kept = use.kind === 'write' ? use.kept : undefined;
    this.keptNow = kept?.now ?? 0;
    memory.openKept(kept);
    if (use.kind === 'write' && use.signing !== undefined)
      this.openSigning(use.signing, use.digest);
    this.kernel.functions.openWalk(flags);
  }

  private openSigning(signing: KernelSigning, digest: boolean): void {
    const { functions, bytes } = this.kernel;
    const { algorithm, tag, signatureLength, inception, expiration, jitter, chain } = signing;
    // Times beyond 32 bits are cut there, as the record has them (RFC 4034 §3.1.5).
    const [from, until] = [inception, expiration].map((time) => time % 0x1_0000_0000);
    functions.setSigner(algorithm, tag, signatureLength, from, until, jitter, digest ? 1 : 0);
    const rdata = this.memory.keys + Place.parameters;
    const text = rdata + 512;
    bytes.set(chain.rdata, rdata);
    bytes.set(chain.text, text);
    functions.setChain(chain.ttl, rdata, chain.rdata.length, text, chain.text.length);
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
      switch (stop) {
        case FULL:
          this.drain();
          this.sink.full?.();
          continue;
        case Stop.end:
          this.drain();
          return stop;
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
    const at = memory.keys + Place.cut;
    for (let i = 0; i < length; i++) keyBlock[at + i] = key[i];
    this.kernel.functions.setCut(at, Math.max(0, length));
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
    const at = memory.keys + Place.limit;
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
    const at = memory.keys + Place.ahead;
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
      kept: at(Field.kept),
      earliestKept: this.keptNow + at(Field.leastLife),
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

  /** Writes the insecure delegation that was returned. False: it takes the long way. */
  writeInsecure(): boolean {
    const { functions } = this.kernel;
    if (functions.writeInsecure() !== 0) return true;
    this.drain();
    return functions.writeInsecure() !== 0;
  }

  /** Writes the secure delegation that was returned, with its RRSIG. False: it takes the long way. */
  writeSecure(): boolean {
    const { functions } = this.kernel;
    const { keyStart, keyEnd } = this;
    let done = functions.writeSecure(keyStart, keyEnd);
    if (done === NO_ROOM) {
      this.drain();
      done = functions.writeSecure(keyStart, keyEnd);
    }
    return done === DONE;
  }

  /**
   * Writes an NSEC3 record, the only one of its owner, with its RRSIG.
   *
   * @param secure its types are NS, DS and RRSIG; false: NS alone.
   * @returns false: it takes the long way.
   */
  writeNsec3(
    { keyBlock, keyStart, keyEnd, nextBlock, nextStart }: ChainRecord,
    secure: boolean,
  ): boolean {
    const { memory, keyBlock: bytes } = this;
    const { functions } = this.kernel;
    const key = memory.keys + Place.chain;
    const next = memory.keys + Place.next;
    const length = keyEnd - keyStart;
    for (let i = 0; i < length; i++) {
      bytes[key + i] = keyBlock[keyStart + i];
      bytes[next + i] = nextBlock[nextStart + i];
    }
    let done = functions.writeNsec3(key, key + length, next, secure ? 1 : 0);
    if (done === NO_ROOM) {
      this.drain();
      done = functions.writeNsec3(key, key + length, next, secure ? 1 : 0);
    }
    return done === DONE;
  }

  /** Hands over what was gathered. Call it before writing what comes behind. */
  drain(): void {
    const { words, memory, keyBlock, sink } = this;
    const { functions } = this.kernel;
    functions.tellWritten();
    const { state, text, wire, data } = memory;
    const at = (field: number): number => words[state + field];
    if (at(Field.text) > 0) {
      sink.written?.({
        bytes: keyBlock,
        text,
        textEnd: text + at(Field.text),
        wire,
        wireEnd: wire + at(Field.wire),
        words,
        jobs: memory.jobs >>> 2,
        jobCount: at(Field.jobs) / JOB_SIZE,
        data,
        dataEnd: data + at(Field.data),
        jitter: at(Field.jitter),
      });
    }
    const hashes = at(Field.hashes);
    if (hashes > 0) sink.hashed?.(keyBlock, memory.hashes, memory.hashes + hashes);
    functions.takenAway();
  }
}
