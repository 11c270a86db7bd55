/** The worker's side of `verify`: walks ranges, compares hashes, names hashes. */

import { EntryWriter } from '../records/entry.js';
import { openVerifier } from '../sign/engine.js';
import type { Verifier } from '../sign/engine-types.js';
import type { KeyRange } from '../sort/ranges.js';
import { type Run, sortRun } from '../sort/run.js';
import { Moved } from '../threads/pool.js';
import { type ChainResult, compareChain } from './chain.js';
import type { VerifyContext } from './context.js';
import { type RangeResult, RangeWalker, type WalkMode } from './walk.js';

interface Job {
  readonly context: VerifyContext;
  readonly runs: readonly Run[];
  readonly verifiers: readonly (Verifier | undefined)[];
  walker: RangeWalker;
  expected: EntryWriter;
  actual: EntryWriter;
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
}

/**
 * Opens a job in this thread: makes the verifiers, once for all signatures.
 *
 * @returns for each key, what is wrong with it.
 */
export async function openVerification(args: OpenArgs): Promise<(string | undefined)[]> {
  const { job, context, runs } = args;
  const verifiers: (Verifier | undefined)[] = [];
  const wrong: (string | undefined)[] = [];
  for (const key of context.keys) {
    let verifier: Verifier | undefined;
    let fault: string | undefined;
    if (key.supported) {
      try {
        verifier = await openVerifier(key.rdata, context.engine);
      } catch (error) {
        fault = (error as Error).message;
      }
    }
    verifiers.push(verifier);
    wrong.push(fault);
  }
  const expected = new EntryWriter();
  const actual = new EntryWriter();
  const walker = new RangeWalker(context, runs, verifiers, { expected, actual });
  jobs.set(job, { context, runs, verifiers, walker, expected, actual });
  return wrong;
}

export interface WalkArgs {
  readonly job: number;
  readonly range: KeyRange;
  readonly mode: WalkMode;
}

/** Walks one range. A thread gets its ranges in ascending order. */
export function walkRange({ job, range, mode }: WalkArgs): RangeResult | Moved<RangeResult> {
  const result = jobOf(job).walker.walk(range, mode);
  return result.digest === undefined
    ? result
    : new Moved(result, [result.digest.buffer as ArrayBuffer]);
}

export interface HashRuns {
  readonly expected: Run;
  readonly actual: Run;
}

/** Sorts the hashes that the walks of this thread have collected, and begins anew. */
export function takeHashes({ job }: { job: number }): HashRuns {
  const state = jobOf(job);
  const runs = { expected: sortRun(state.expected), actual: sortRun(state.actual) };
  state.expected = new EntryWriter();
  state.actual = new EntryWriter();
  const { expected, actual } = state;
  state.walker = new RangeWalker(state.context, state.runs, state.verifiers, { expected, actual });
  return runs;
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
  const walker = new RangeWalker(context, runs, [], {
    expected: new EntryWriter(),
    actual: new EntryWriter(),
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
}
