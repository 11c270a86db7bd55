/** What a walk over a part of a zone is given, and what comes of it. */

import type { Kernel } from '../kernel/kernel.js';
import type { Verifier } from '../sign/engine-types.js';
import type { Run } from '../sort/run.js';
import type { BatchVerifier } from './batch-verifier.js';
import type { ChainSink } from './chain-sink.js';
import type { ChainEnds } from './denial.js';
import type { FoundFaults } from './faults.js';

/** What a walk counts; counts of ranges are added up. */
export interface WalkCounts {
  owners: number;
  rrsets: number;
  signatures: number;
  verified: number;
  uncheckedSignatures: number;
  /** By an algorithm of which the zone has no key. */
  keylessSignatures: number;
  delegations: number;
  secureDelegations: number;
  glue: number;
  nsec: number;
  nsec3: number;
  /** NSEC3 records of the chain without the opt-out flag. */
  notOptOut: number;
  /** NSEC3 records of a further chain. */
  otherChain: number;
}

/** What came of a range. */
export interface RangeResult {
  readonly faults: FoundFaults;
  readonly counts: WalkCounts;
  /** Least `expiration − now` of the signatures, in seconds. */
  readonly leastLife: number;
  /** Greatest TTL of the signed RRsets, in seconds. */
  readonly greatestTtl: number;
  readonly nsec: ChainEnds;
  readonly nsec3: ChainEnds;
  /** Both sides of the NSEC3 chain, added up (fingerprint.ts). */
  readonly fingerprint: Int32Array;
  /** Indices of the keys that sign the DNSKEY RRset validly, and of those that do it badly. */
  readonly dnskeySigners: readonly number[];
  readonly dnskeyMissigners: readonly number[];
  /** Indices of the apex's name servers whose addresses have gone by, perhaps repeated. */
  readonly servers: readonly number[];
  /** The records in the form that ZONEMD hashes. */
  readonly digest: Uint8Array | undefined;
}

/** What a walk is for. */
export type WalkMode =
  /** All checks; names that must have an NSEC3 are held against the records. */
  | 'check'
  /** All checks; names that may have an NSEC3, too, are held against the records. */
  | 'check-all'
  /** No checks; names that must have an NSEC3, and the records, are collected. */
  | 'must'
  /** No checks; also names that may have an NSEC3 are collected. */
  | 'all'
  /** No checks; names that may have an NSEC3 are collected, and nothing else. */
  | 'may'
  /** No checks; every name is shown to `named`. */
  | 'name';

export interface WalkTools {
  /** The zone, when ranges of it are walked: a range asks for the ancestors of its first name. */
  readonly runs?: readonly Run[];
  /** By the index of the key; undefined: can't be checked. */
  readonly verifiers: readonly (Verifier | undefined)[];
  readonly batches: readonly (BatchVerifier | undefined)[];
  /** In whose memory the entries lie that the walker is given, so that it can take many at once. */
  readonly kernel?: Kernel;
  /** In the modes that collect: takes both sides of the NSEC3 chain. */
  readonly collect?: ChainSink;
  /** In mode `name`: is given the hash and the key of every name that may be in the chain. */
  readonly named?: (hash: Uint8Array, key: Uint8Array, start: number, end: number) => void;
}

/** Counts of nothing. */
export function newCounts(): WalkCounts {
  return {
    owners: 0,
    rrsets: 0,
    signatures: 0,
    verified: 0,
    uncheckedSignatures: 0,
    keylessSignatures: 0,
    delegations: 0,
    secureDelegations: 0,
    glue: 0,
    nsec: 0,
    nsec3: 0,
    notOptOut: 0,
    otherChain: 0,
  };
}

/** Adds counts up. */
export function addCounts(sum: WalkCounts, more: WalkCounts): void {
  for (const name of Object.keys(more) as (keyof WalkCounts)[]) sum[name] += more[name];
}
