/** The worker's side of `verify`: walks ranges, compares hashes, names hashes. */

import type { KeyRange } from '../sort/ranges.js';
import type { Run } from '../sort/run.js';
import { closeRuns } from '../sort/spill.js';
import type { SpillPlan } from '../sort/spill-plan.js';
import { Moved } from '../threads/pool.js';
import { type ChainResult, compareChain } from './chain.js';
import { EntrySink } from './chain-sink.js';
import type { VerifyContext } from './context.js';
import { type OpenKeys, openKeys } from './open-keys.js';
import { RangeWalker } from './walk.js';
import type { RangeResult, WalkMode } from './walk-result.js';

interface Job {
  readonly context: VerifyContext;
  readonly runs: readonly Run[];
  readonly spill: SpillPlan;
  readonly keys: OpenKeys;
  walker: RangeWalker;
  collected: EntrySink;
}

const jobs = new Map<number, Job>();

function jobOf(job: number): Job {
  const found = jobs.get(job);
  if (found === undefined) throw new Error('the verification is not open in this thread');
  return found;
}

export interface OpenArgs {
  readonly job: number;
  readonly context: VerifyContext;
  readonly runs: readonly Run[];
  readonly spill: SpillPlan;
}

/**
 * Opens a job in this thread: makes the verifiers, once for all signatures.
 *
 * @returns for each key, what is wrong with it.
 */
export async function openVerification(args: OpenArgs): Promise<readonly (string | undefined)[]> {
  const { job, context, runs, spill } = args;
  const keys = await openKeys(context);
  const collected = new EntrySink(spill);
  const walker = new RangeWalker(context, { ...keys, runs, collect: collected });
  jobs.set(job, { context, runs, spill, keys, walker, collected });
  return keys.wrong;
}

export interface WalkArgs {
  readonly job: number;
  readonly range: KeyRange;
  readonly mode: WalkMode;
}

/** Walks one range. A thread gets its ranges in ascending order. */
export function walkRange({ job, range, mode }: WalkArgs): RangeResult | Moved<RangeResult> {
  const { walker, collected } = jobOf(job);
  const result = walker.walk(range, mode);
  collected.settle();
  return result.digest === undefined
    ? result
    : new Moved(result, [result.digest.buffer as ArrayBuffer]);
}

export interface HashRuns {
  readonly expected: readonly Run[];
  readonly actual: readonly Run[];
}

/** Sorts the hashes that the walks of this thread have collected, and begins anew. */
export function takeHashes({ job }: { job: number }): HashRuns {
  const state = jobOf(job);
  const { expected, actual } = state.collected;
  const collected = new EntrySink(state.spill);
  state.collected = collected;
  state.walker = new RangeWalker(state.context, {
    ...state.keys,
    runs: state.runs,
    collect: collected,
  });
  return { expected: expected.finish(), actual: actual.finish() };
}

export interface CompareArgs {
  readonly expected: readonly Run[];
  readonly actual: readonly Run[];
  readonly range: KeyRange;
  readonly limit: number;
}

/** Compares the names and the records of a range of hashes. */
export function compareHashes(args: CompareArgs): ChainResult {
  return compareChain(args.expected, args.actual, args.range, args.limit);
}

export interface NameArgs {
  readonly job: number;
  readonly range: KeyRange;
  /** Hashes of 20 octets, one behind the other. */
  readonly hashes: Uint8Array;
}

export interface NamedHash {
  /** Index of the hash. */
  readonly index: number;
  readonly key: Uint8Array;
}

/** Finds the names in a range that have one of some hashes. */
export function nameHashes({ job, range, hashes }: NameArgs): NamedHash[] {
  const { context, runs } = jobOf(job);
  const byPrefix = new Map<number, number[]>();
  const prefix = (b: Uint8Array, p: number): number =>
    (b[p] << 24) | (b[p + 1] << 16) | (b[p + 2] << 8) | b[p + 3];
  for (let i = 0; i * 20 < hashes.length; i++) {
    const p = prefix(hashes, i * 20);
    byPrefix.set(p, [...(byPrefix.get(p) ?? []), i]);
  }
  const found: NamedHash[] = [];
  const walker = new RangeWalker(context, {
    runs,
    verifiers: [],
    batches: [],
    named: (hash, key, start, end) => {
      for (const index of byPrefix.get(prefix(hash, 0)) ?? []) {
        if (hash.every((octet, k) => octet === hashes[index * 20 + k])) {
          found.push({ index, key: key.slice(start, end) });
        }
      }
    },
  });
  walker.walk(range, 'name');
  return found;
}

/** Closes a job in this thread. */
export function closeVerification({ job }: { job: number }): void {
  jobs.delete(job);
  closeRuns();
}
