/** The worker's side of reading master files: parses chunks into this thread's entries. */

import { compareBytes } from '../names/name.js';
import { Collector } from '../sort/collector.js';
import type { Run } from '../sort/run.js';
import type { SpillPlan } from '../sort/spill-plan.js';
import {
  type ChunkOutcome,
  type LineReject,
  type MasterOptions,
  MasterParser,
  type MasterState,
} from './master-parser.js';

interface Job {
  readonly collector: Collector;
  readonly parser: MasterParser;
  rejects: LineReject[];
  order: OrderWatch | undefined;
}

const jobs = new Map<number, Job>();

export interface OpenArgs {
  readonly job: number;
  readonly options: MasterOptions;
  readonly watchOrder: boolean;
  readonly spill: SpillPlan;
}

export interface ChunkArgs {
  readonly job: number;
  readonly text: Uint8Array;
  readonly chunk: number;
  readonly state: MasterState;
  readonly final: boolean;
}

export interface ChunkAnswer {
  readonly outcome: ChunkOutcome;
  readonly rejects: readonly LineReject[];
  readonly order: ChunkOrder | undefined;
}

/** First and last owner of a chunk, and the first owner that is out of canonical order. */
export interface OwnerSpan {
  readonly first: Uint8Array | undefined;
  readonly last: Uint8Array | undefined;
  readonly disorderLine: number;
}

/** The order of a chunk's owners. NSEC3 records are looked at by themselves: some signers
 * write them in place, some behind the other names. */
export interface ChunkOrder {
  readonly names: OwnerSpan;
  readonly nsec3: OwnerSpan;
}

interface Watch {
  first: Uint8Array | undefined;
  last: Uint8Array;
  lastLength: number;
  disorderLine: number;
}

interface OrderWatch {
  readonly names: Watch;
  readonly nsec3: Watch;
}

const newWatch = (): Watch => ({
  first: undefined,
  last: new Uint8Array(512),
  lastLength: -1,
  disorderLine: 0,
});

function see(watch: Watch, key: Uint8Array, length: number, line: number): void {
  if (watch.lastLength < 0) watch.first = key.slice(0, length);
  else if (
    watch.disorderLine === 0 &&
    compareBytes(watch.last, 0, watch.lastLength, key, 0, length) > 0
  ) {
    watch.disorderLine = line;
  }
  for (let i = 0; i < length; i++) watch.last[i] = key[i];
  watch.lastLength = length;
}

const span = (watch: Watch): OwnerSpan => ({
  first: watch.first,
  last: watch.lastLength < 0 ? undefined : watch.last.slice(0, watch.lastLength),
  disorderLine: watch.disorderLine,
});

/** Opens a job in this thread. */
export function openMaster({ job, options, watchOrder, spill }: OpenArgs): void {
  const collector = new Collector(spill);
  const rejects: LineReject[] = [];
  const parser = new MasterParser(options, {
    writer: collector.writer,
    reject: (reject) => entry.rejects.push(reject),
    ...(watchOrder
      ? {
          owner: (key: Uint8Array, length: number, line: number, nsec3: boolean) => {
            const order = entry.order;
            if (order !== undefined) see(nsec3 ? order.nsec3 : order.names, key, length, line);
          },
        }
      : {}),
  });
  const entry: Job = { collector, parser, rejects, order: undefined };
  if (watchOrder) entry.order = { names: newWatch(), nsec3: newWatch() };
  jobs.set(job, entry);
}

/** Parses one chunk. */
export function parseMasterChunk({ job, text, chunk, state, final }: ChunkArgs): ChunkAnswer {
  const entry = jobs.get(job);
  if (entry === undefined) throw new Error('the master reader is not open in this thread');
  entry.rejects = [];
  if (entry.order !== undefined) entry.order = { names: newWatch(), nsec3: newWatch() };
  const outcome = entry.parser.parse(text, chunk, state, final);
  entry.collector.settle();
  const { order } = entry;
  return {
    outcome,
    rejects: outcome.needsState ? [] : entry.rejects,
    order: order && { names: span(order.names), nsec3: span(order.nsec3) },
  };
}

export interface MasterPart {
  readonly runs: readonly Run[];
  readonly records: number;
  /** Records left out, by type. */
  readonly dropped: ReadonlyMap<number, number>;
}

/** Sorts what this thread has parsed and closes the job. */
export function closeMaster({ job }: { job: number }): MasterPart {
  const entry = jobs.get(job);
  if (entry === undefined) throw new Error('the master reader is not open in this thread');
  jobs.delete(job);
  return {
    runs: entry.collector.finish(),
    records: entry.parser.records,
    dropped: entry.parser.dropped,
  };
}
