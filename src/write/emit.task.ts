/** The worker's side of the second pass over a zone: writes ranges of names (emitter.ts). */

import { RrsetSigner, type SigningContext } from '../sign/rrsigs.js';
import type { Run } from '../sort/run.js';
import { closeRuns } from '../sort/spill.js';
import { Moved } from '../threads/pool.js';
import type { ZoneContext } from '../zone/context.js';
import type { EmitCounts } from './counts.js';
import { Emitter } from './emitter.js';
import { packPart } from './pack.js';

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
  /** Pack the text, too (pack.ts). */
  readonly pack: boolean;
}

export interface EmitPart {
  readonly text: Uint8Array;
  /** Canonical wire form, without what RFC 8976 §3.3.1 leaves out; empty unless asked for. */
  readonly wire: Uint8Array;
  /** Where the apex ZONEMD record and its signatures stand in the text. */
  readonly zonemd: { readonly start: number; readonly end: number } | undefined;
  readonly counts: EmitCounts;
  readonly orphanRows: readonly string[];
}

/** A part with its text packed as gzip members, none unless asked for. */
export interface PackedPart extends EmitPart {
  readonly packed: readonly Uint8Array[];
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
}

const jobs = new Map<number, Job>();

/** Opens a job in this thread: loads its keys. */
export async function openEmit(args: { job: number; context: EmitContext }): Promise<void> {
  const signer = await RrsetSigner.open(args.context.signing);
  jobs.set(args.job, { context: args.context, signer });
}

/** Closes a job in this thread. */
export function closeEmit({ job }: { job: number }): void {
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
}): Moved<PackedPart> {
  const job = jobs.get(args.job);
  if (job === undefined) throw new Error('the writer is not open in this thread');
  const emitter = new Emitter(job.context, job.signer, args.spare);
  emitter.range(args.from, args.to);
  const part = emitter.finish();
  const packed = job.context.pack ? packPart(part.text, part.zonemd) : [];
  return new Moved({ ...part, packed }, [
    part.text.buffer as ArrayBuffer,
    part.wire.buffer as ArrayBuffer,
    ...packed.map((member) => member.buffer),
  ]);
}
