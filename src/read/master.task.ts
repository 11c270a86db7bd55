/** The worker's side of reading master files: parses chunks into this thread's entries. */

import { Kernel } from '../kernel/kernel.js';
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
import { type ChunkOrder, orderSince } from './owner-order.js';

interface Job {
  readonly collector: Collector;
  readonly parser: MasterParser;
  readonly watchOrder: boolean;
  rejects: LineReject[];
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

/** Opens a job in this thread. */
export function openMaster({ job, options, watchOrder, spill }: OpenArgs): void {
  // Its memory is given back with the job.
  const collector = new Collector(spill, 1, new Kernel());
  const parser = new MasterParser(options, {
    writer: collector.writer,
    reject: (reject) => entry.rejects.push(reject),
  });
  const entry: Job = { collector, parser, watchOrder, rejects: [] };
  jobs.set(job, entry);
}

/** Parses one chunk. */
export function parseMasterChunk({ job, text, chunk, state, final }: ChunkArgs): ChunkAnswer {
  const entry = jobs.get(job);
  if (entry === undefined) throw new Error('the master reader is not open in this thread');
  entry.rejects = [];
  const { writer } = entry.collector;
  const { mark } = writer;
  const outcome = entry.parser.parse(text, chunk, state, final);
  const order = entry.watchOrder ? orderSince(writer, mark) : undefined;
  entry.collector.settle();
  return { outcome, rejects: outcome.needsState ? [] : entry.rejects, order };
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
