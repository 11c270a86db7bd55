/**
 * The short way of verification: the kernel (kernel/assembly/verify-walk.ts) goes over the owners
 * of a part as long as they are what nearly all of a large zone consists of, delegations without
 * glue and records of the NSEC3 chain, and nothing is wrong with them. At any other owner it stops
 * and leaves it to the walk (walk.ts), in which each rule and each message stands.
 *
 * What went before, the walk and its checkers know as much as the kernel does: names lie in memory
 * that is both's ({@link ShortWay.shared}), numbers are lent before the kernel goes on and taken
 * back behind it.
 */

import type { Kernel } from '../kernel/kernel.js';
import { MAX_KEY, MAX_WIRE } from '../names/name.js';
import type { VerifyContext } from './context.js';
import type { DenialChecker } from './denial.js';
import type { DigestText } from './digest-text.js';
import type { NonTerminals } from './non-terminals.js';
import type { SignatureChecker } from './signatures.js';
import type { WalkCounts } from './walk-result.js';

// The state as it lies in memory, in words; kernel/assembly/verify-state.ts has the same.
const NEXT = 0;
const STOP = 1;
const COVER_LENGTH = 2;
const NAMES = 3;
const DIGEST = 5;
const LINK = 7;
const JOBS = 12;
const DATA = 13;
const OWNERS = 14;
const RRSETS = 15;
const DELEGATIONS = 16;
const SECURE = 17;
const NSEC3 = 18;
const NOT_OPT_OUT = 19;
const SIGNATURES = 20;
const LEAST_LIFE = 21;
const SUM = 22;
const FLAGS = 28;
const NOW = 29;
const TTL = 30;
const OTHER_TTL = 31;
const ALGORITHM = 32;
const KEYS = 33;
const KEY_TABLE = 34;
const CHAIN_LENGTH = 66;
const JOB_TABLE = 67;
const JOB_LIMIT = 68;
const DATA_START = 69;
const DATA_SIZE = 70;
const WORDS = 80;
// Offsets of names and such, in octets.
const COVER = 320;
const LAST = 848;
const ANCESTORS = 1376;
const LINK_NEXT = 1520;
const LINK_KEY = 1792;
const LINK_FIRST = 2320;
const CHAIN = 2352;
const SECRET = 2624;
const STATE = 2688;

const HAS_CHAIN = 1;
const CHAINS_ALL = 2;
const SIGNED = 4;

/** Keys that signatures may be by, at most. */
const MAX_KEYS = 16;
/** Jobs, and octets of what they sign, that the kernel makes before they are taken away. */
const MAX_JOBS = 512;
const JOB_WORDS = 16;
const DATA_ROOM = 1 << 17;

/** What is lent to the kernel, beside what the zone's context says. */
export interface ShortWayState {
  readonly nonTerminals: NonTerminals;
  readonly denial: DenialChecker;
  readonly signatures: SignatureChecker;
  readonly digest: DigestText | undefined;
}

/** Memory of names that both ways know; each is the part of the checker of that name. */
export interface SharedNames {
  readonly cover: Uint8Array;
  readonly last: Uint8Array;
  readonly ancestors: Uint8Array;
  readonly linkNext: Uint8Array;
  readonly linkKey: Uint8Array;
  readonly linkFirst: Uint8Array;
}

export class ShortWay {
  readonly shared: SharedNames;
  private readonly state: number;
  private readonly words: Uint32Array;
  private readonly jobs: number;
  private readonly data: number;

  private constructor(
    private readonly kernel: Kernel,
    context: VerifyContext,
  ) {
    const state = kernel.take(STATE);
    this.state = state;
    this.jobs = kernel.take(MAX_JOBS * JOB_WORDS * 4);
    this.data = kernel.take(DATA_ROOM);
    this.words = kernel.words.subarray(state / 4, state / 4 + WORDS);
    const piece = (at: number, size: number): Uint8Array =>
      kernel.bytes.subarray(state + at, state + at + size);
    this.shared = {
      cover: piece(COVER, MAX_KEY),
      last: piece(LAST, MAX_KEY),
      ancestors: piece(ANCESTORS, 130),
      linkNext: piece(LINK_NEXT, MAX_WIRE + 1),
      linkKey: piece(LINK_KEY, MAX_KEY),
      linkFirst: piece(LINK_FIRST, 20),
    };
    this.tell(context);
  }

  /**
   * Opens the short way in a kernel, in whose memory the owners lie that it will be given.
   *
   * @returns undefined when nearly no owner of the zone would be one for it.
   */
  static open(kernel: Kernel, context: VerifyContext): ShortWay | undefined {
    const { apex, denial, chain, apexDname } = context;
    // With NSEC each delegation has a record of the chain, below a DNAME nothing may be.
    if (denial === 'nsec' || apexDname) return undefined;
    if (chain !== undefined && chain.algorithm !== 1) return undefined;
    const at = kernel.take(apex.length);
    kernel.bytes.set(apex, at);
    const isPlain = kernel.functions.setApex(at, apex.length) !== 0;
    return isPlain ? new ShortWay(kernel, context) : undefined;
  }

  /** Tells the kernel what the context says. */
  private tell(context: VerifyContext): void {
    const { kernel, words, state } = this;
    const { chain, soaTtl, soaMinimum, denialTtl, now } = context;
    if (chain !== undefined) {
      const { salt, iterations } = chain;
      const at = state + CHAIN;
      kernel.bytes.set([iterations >>> 8, iterations & 0xff, salt.length, ...salt], at);
      words[CHAIN_LENGTH] = 3 + salt.length;
      kernel.functions.setNsec3(at + 3, salt.length, iterations);
    }
    const least = Math.min(soaTtl, soaMinimum);
    const isLawful = denialTtl === least || denialTtl === soaMinimum;
    words[TTL] = isLawful ? denialTtl : least;
    words[OTHER_TTL] = isLawful ? denialTtl : soaMinimum;
    words[NOW] = now;
    words[JOB_TABLE] = this.jobs;
    words[JOB_LIMIT] = MAX_JOBS;
    words[DATA_START] = this.data;
    words[DATA_SIZE] = DATA_ROOM;
    kernel.bytes.set(context.fingerprintKey, state + SECRET);
  }

  /**
   * Begins a walk.
   *
   * @param all insecure delegations are in the NSEC3 chain.
   */
  begin(context: VerifyContext, signatures: SignatureChecker, all: boolean): void {
    const { words } = this;
    words.fill(0, OWNERS, SUM + 5);
    words[LEAST_LIFE] = 0x7fffffff;
    words[JOBS] = words[DATA] = 0;
    let flags = 0;
    if (context.chain !== undefined) flags |= HAS_CHAIN | (all ? CHAINS_ALL : 0);
    const { algorithms } = context;
    const keys = signatures.soleKeys().filter((k) => context.keys[k].algorithm === algorithms[0]);
    if (context.signed && algorithms.length === 1 && keys.length <= MAX_KEYS) flags |= SIGNED;
    words[FLAGS] = flags;
    words[ALGORITHM] = algorithms[0] ?? 0;
    words[KEYS] = Math.min(keys.length, MAX_KEYS);
    for (let i = 0; i < words[KEYS]; i++) {
      const { tag, algorithm } = context.keys[keys[i]];
      words[KEY_TABLE + 2 * i] = tag | (algorithm << 16);
      words[KEY_TABLE + 2 * i + 1] = keys[i];
    }
  }

  /**
   * Goes over the owners whose entries (records/entry.ts) are at `block[at, stop)`, which lies in
   * the kernel's memory.
   *
   * @param coverLength octets of the key of the cut or DNAME in {@link shared}, negative: none.
   * @returns where the first entry is that takes the long way.
   */
  run(
    block: Uint8Array,
    at: number,
    stop: number,
    coverLength: number,
    lent: ShortWayState,
  ): number {
    const { words, kernel, state } = this;
    const { nonTerminals, denial, signatures, digest } = lent;
    const base = block.byteOffset;
    words[NEXT] = base + at;
    words[STOP] = base + stop;
    words[COVER_LENGTH] = coverLength;
    nonTerminals.lend(words, NAMES);
    denial.nsec3.lend(words, LINK);
    if (digest === undefined) words[DIGEST] = 0;
    else digest.lend(words, DIGEST);
    for (;;) {
      const isFull = kernel.functions.verifyOwners(state) !== 0;
      const count = words[JOBS];
      if (count > 0) {
        signatures.takeJobs(kernel.bytes, this.data, kernel.words, this.jobs / 4, count);
        words[JOBS] = words[DATA] = 0;
      }
      if (!isFull) break;
    }
    nonTerminals.takeBack(words, NAMES);
    denial.nsec3.takeBack(words, LINK);
    digest?.takeBack(words, DIGEST);
    return words[NEXT] - base;
  }

  /** The length of the cover's key behind a run, -1: none. */
  get coverLength(): number {
    return signed(this.words[COVER_LENGTH]);
  }

  /** Adds what the kernel has counted since {@link begin}. */
  addTo(
    counts: WalkCounts,
    { denial, signatures }: Pick<ShortWayState, 'denial' | 'signatures'>,
    fingerprint: Int32Array,
  ): void {
    const { words } = this;
    counts.owners += words[OWNERS];
    counts.rrsets += words[RRSETS];
    counts.delegations += words[DELEGATIONS];
    counts.secureDelegations += words[SECURE];
    denial.nsec3Count += words[NSEC3];
    denial.notOptOut += words[NOT_OPT_OUT];
    signatures.signatures += words[SIGNATURES];
    signatures.verified += words[SIGNATURES];
    signatures.leastLife = Math.min(signatures.leastLife, signed(words[LEAST_LIFE]));
    for (let i = 0; i < fingerprint.length; i++) fingerprint[i] += words[SUM + i];
  }
}

/** A word as a signed number. */
function signed(word: number): number {
  return word | 0;
}
