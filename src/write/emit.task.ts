/** The worker's side of the second pass over a zone: writes ranges of names (emitter.ts). */

import { type RangeAnswer, RangeDiff } from '../diff/range-diff.js';
import { Side } from '../diff/side.js';
import { PreviousFault } from '../reuse/fault.js';
import { KeptSignatures, type ReuseRules } from '../reuse/kept.js';
import { orderedLines } from '../reuse/ordered-lines.js';
import type { PreviousSource } from '../reuse/previous.js';
import { SortedZoneFile } from '../reuse/sorted-file.js';
import { RrsetSigner, type SigningContext } from '../sign/rrsigs.js';
import type { Run } from '../sort/run.js';
import { closeRuns } from '../sort/spill.js';
import { Moved } from '../threads/pool.js';
import type { ZoneContext } from '../zone/context.js';
import { type EmitCounts, emptyCounts } from './counts.js';
import { Emitter } from './emitter.js';

/** Everything a thread needs for the second pass. Plain data. */
export interface EmitContext {
  readonly zone: ZoneContext;
  readonly references: readonly Run[];
  readonly hashes: readonly Run[];
  /** Sort key of the first owner of the NSEC3 chain; undefined without such a chain. */
  readonly firstHash: Uint8Array | undefined;
  /** The apex's records, complete but for NSEC and RRSIG, under the empty key; in the place of
   * a ZONEMD record one of the same length. */
  readonly apex: readonly Run[];
  readonly signing: SigningContext;
  /** TTL of NSEC and NSEC3 (RFC 9077 §3). */
  readonly denialTtl: number;
  /** Gather the input of the ZONEMD digest. */
  readonly digest: boolean;
  /** Gather the rows of orphans.csv. */
  readonly orphans: boolean;
  readonly previous: PreviousContext | undefined;
}

/** The previous zone, and what it is wanted for. */
export interface PreviousContext {
  readonly source: PreviousSource;
  /** Which of its signatures are kept; undefined: none. */
  readonly reuse: ReuseRules | undefined;
  /** Compare with it. */
  readonly compare: boolean;
}

/** A range as it was written. */
export interface WrittenPart {
  readonly text: Uint8Array;
  /** Canonical wire form, without what RFC 8976 §3.3.1 leaves out; empty unless asked for. */
  readonly wire: Uint8Array;
  /** Where the apex ZONEMD record and its signatures stand in the text. */
  readonly zonemd: { readonly start: number; readonly end: number } | undefined;
  readonly counts: EmitCounts;
  readonly orphanRows: readonly string[];
}

export interface EmitPart extends WrittenPart {
  /** In what the range differs from the previous zone; undefined: not compared. */
  readonly change: RangeAnswer | undefined;
  /** The previous zone is not what it seemed to be, and the part is empty. */
  readonly previousFault: string | undefined;
}

/** Memory of a part that was taken. */
export interface SpareMemory {
  /** undefined: somebody else has it now. */
  readonly text: ArrayBuffer | undefined;
  readonly wire: ArrayBuffer;
}

interface Job {
  readonly context: EmitContext;
  readonly signer: RrsetSigner;
  /** The previous zone's file; opened when it is wanted first. */
  file: SortedZoneFile | undefined;
}

const jobs = new Map<number, Job>();

/** Opens a job in this thread: loads its keys. */
export async function openEmit(args: { job: number; context: EmitContext }): Promise<void> {
  const signer = await RrsetSigner.open(args.context.signing);
  jobs.set(args.job, { context: args.context, signer, file: undefined });
}

/** Closes a job in this thread. */
export function closeEmit({ job }: { job: number }): void {
  const open = jobs.get(job);
  open?.file?.close();
  open?.signer.close();
  jobs.delete(job);
  closeRuns();
}

/** Writes a range of names; the first range begins with the apex. */
export function emitRange(args: {
  readonly job: number;
  readonly from: Uint8Array | undefined;
  readonly to: Uint8Array | undefined;
  /** Memory of an earlier part, to be used again: fresh memory costs time. */
  readonly spare: SpareMemory | undefined;
}): Moved<EmitPart> {
  const job = jobs.get(args.job);
  if (job === undefined) throw new Error('the writer is not open in this thread');
  const { from, to, spare } = args;
  try {
    const previous = previousRange(job, from, to);
    const emitter = new Emitter(job.context, job.signer, spare, previous?.kept);
    emitter.range(from, to);
    const written = emitter.finish();
    const change = previous?.compare?.(written.text);
    const moved = [written.text.buffer as ArrayBuffer, written.wire.buffer as ArrayBuffer];
    if (change !== undefined) moved.push(change.first.buffer, change.second.buffer);
    return new Moved({ ...written, change, previousFault: undefined }, moved);
  } catch (error) {
    if (!(error instanceof PreviousFault)) throw error;
    return new Moved(emptyPart(error.message), []);
  }
}

/** What of the previous zone a range is written beside. */
interface PreviousRange {
  /** Signatures that may be kept. */
  readonly kept: KeptSignatures | undefined;
  /** Says in what it differs from the text that takes its place; undefined: nobody asks. */
  readonly compare: ((text: Uint8Array) => RangeAnswer) | undefined;
}

/** @throws PreviousFault */
function previousRange(
  job: Job,
  from: Uint8Array | undefined,
  to: Uint8Array | undefined,
): PreviousRange | undefined {
  const { previous, zone } = job.context;
  if (previous === undefined) return undefined;
  const { source, reuse } = previous;
  const { apex } = zone;
  const compare = (older: Side, newer: readonly Run[], same: number): RangeAnswer =>
    new RangeDiff(older, apex, 'delegations', same).takeAll(new Side(newer, undefined, undefined));
  if (source.kind === 'runs') {
    const { runs } = source;
    return {
      kept: reuse && new KeptSignatures(reuse, runs, from, to),
      compare: previous.compare
        ? (text) => compare(new Side(runs, from, to), orderedLines(apex).parse(text, from, to), 0)
        : undefined,
    };
  }
  job.file ??= new SortedZoneFile(source.file, apex);
  const { file } = job;
  const runs = file.range(from, to, true);
  return {
    // These runs hold the range and nothing else.
    kept: reuse && new KeptSignatures(reuse, runs, undefined, undefined),
    compare: previous.compare
      ? (text) => {
          const { older, newer, sameDelegations } = file.changes(text);
          return compare(new Side(older, undefined, undefined), newer, sameDelegations);
        }
      : undefined,
  };
}

function emptyPart(previousFault: string): EmitPart {
  return {
    text: new Uint8Array(0),
    wire: new Uint8Array(0),
    zonemd: undefined,
    counts: emptyCounts(),
    orphanRows: [],
    change: undefined,
    previousFault,
  };
}
