/**
 * Writes a signed zone: hands ranges of names to the threads, takes their text in order to
 * the output, digests the zone on the way, and puts ZONEMD into its place at the end.
 */

import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { firstOfChain } from '../denial/nsec3-chain.js';
import type { DiffOutput } from '../diff/compare.js';
import { type DiffCounts, NO_DIFFERENCE, sumCounts } from '../diff/range-diff.js';
import { wireToText } from '../names/name.js';
import { ENTRY_HEADER, EntryWriter, Kind } from '../records/entry.js';
import { TYPE } from '../records/types.js';
import { PreviousFault } from '../reuse/fault.js';
import type { ReuseRules } from '../reuse/kept.js';
import { type PreviousSource, previousCuts } from '../reuse/previous.js';
import { RrsetSigner, type SigningContext } from '../sign/rrsigs.js';
import type { Pool, Task } from '../threads/pool.js';
import { type SignedApex, zonemdRdata } from '../zone/apex.js';
import { zoneRanges } from '../zone/context.js';
import type { ZonePlan } from '../zone/plan.js';
import { addCounts, type EmitCounts, emptyCounts } from './counts.js';
import type { EmitContext, EmitPart, SpareMemory } from './emit.task.js';
import { createGzip, type GzipFile, writeAll } from './gzip.js';
import { RecordText } from './record-text.js';

const module = new URL('./emit.task.js', import.meta.url).href;
const OPEN: Task = { module, name: 'openEmit' };
const RANGE: Task = { module, name: 'emitRange' };
const CLOSE: Task = { module, name: 'closeEmit' };

/** Entries of a range: about a megabyte of text. */
const RANGE_ENTRIES = 10_000;
/** Entries of the first, which holds the apex: it is needed once more when ZONEMD is known. */
const FIRST_ENTRIES = 500;

/** Octets after which the file is synced to the disk, beside the work. */
const SYNC_EVERY = 32 << 20;

const LF = 0x0a;

let nextJob = 1;

export interface WriteZoneOptions {
  readonly plan: ZonePlan;
  readonly apex: SignedApex;
  readonly signing: SigningContext;
  readonly denialTtl: number;
  readonly zonemd: boolean;
  /** Gather the rows of orphans.csv. */
  readonly orphans: boolean;
  /** The file to write; it must not exist. */
  readonly file: string;
  /** The same text as gzip, with the SOA record once more at the end; it must not exist. */
  readonly packedFile?: string | undefined;
  /** Is shown the text on its way to the file. */
  readonly tap?: TextTap | undefined;
  readonly pool: Pool;
  /** The previous zone, to keep signatures of it and to compare with it. */
  readonly previous?: PreviousUse | undefined;
  /** Called with each piece of text in order; ZONEMD is still missing in the first. */
  readonly progress?: (octets: number) => void;
}

/** Takes a zone's text while it is written, part by part, in the order of the file. */
export interface TextTap {
  /** @param give the memory may move to another thread. */
  feed(text: Uint8Array, give: boolean): Promise<void>;
  /** The first part as it stands in the file in the end: with its ZONEMD record. */
  replaceFirst(text: Uint8Array): Promise<void>;
}

export interface WrittenZone extends EmitCounts {
  readonly octets: number;
  /** Rows of orphans.csv, sorted, without the header. */
  readonly orphanRows: readonly string[];
  /** In what it differs from the previous zone; no differences if it was not compared. */
  readonly change: DiffCounts;
}

/** A previous zone, and what it is wanted for. */
export interface PreviousUse {
  readonly source: PreviousSource;
  /** Which of its signatures are kept; undefined: none. */
  readonly reuse: ReuseRules | undefined;
  /** Takes the names of delegations added and removed; undefined: no comparison. */
  readonly compare: DiffOutput | undefined;
}

/**
 * Writes the zone and syncs the file to disk.
 *
 * @throws PreviousFault when the previous zone is not what it seemed to be; the file is then
 *   incomplete.
 * @throws the error of the file system (ENOSPC and the like); the file is then incomplete.
 */
export async function writeZone(options: WriteZoneOptions): Promise<WrittenZone> {
  const { plan, pool, apex, signing } = options;
  const { zone } = plan;
  const context: EmitContext = {
    zone,
    references: plan.references,
    hashes: plan.hashes,
    firstHash: zone.denial.kind === 'nsec3' ? firstOfChain(plan.hashes) : undefined,
    apex: [apex.run],
    signing,
    denialTtl: options.denialTtl,
    digest: options.zonemd,
    orphans: options.orphans,
    previous: options.previous && {
      source: options.previous.source,
      reuse: options.previous.reuse,
      compare: options.previous.compare !== undefined,
    },
  };
  const job = nextJob++;
  const handle = await open(options.file, 'wx', 0o644);
  try {
    await pool.runInAll(OPEN, { job, context });
    try {
      return await emit(job, handle, options);
    } finally {
      await pool.runInAll(CLOSE, { job });
    }
  } finally {
    await handle.close();
  }
}

async function emit(
  job: number,
  handle: FileHandle,
  options: WriteZoneOptions,
): Promise<WrittenZone> {
  const { pool, plan, tap } = options;
  const { source, compare } = options.previous ?? {};
  // A unit of the comparison lies in one range: a cut of either zone with all below it.
  const cuts = compare && source && previousCuts(source, plan.zone.apex);
  const ranges = zoneRanges(plan.zone.runs, RANGE_ENTRIES, FIRST_ENTRIES, cuts, plan.hashes);
  const digest = options.zonemd ? createHash('sha384') : undefined;
  const total = emptyCounts();
  const orphanRows: string[] = [];
  let octets = 0;
  let change = NO_DIFFERENCE;
  let zonemd: EmitPart['zonemd'];
  /** The first part's text, in which ZONEMD is missing. */
  let first: Uint8Array = new Uint8Array(0);
  const packed =
    options.packedFile === undefined ? undefined : await createGzip(options.packedFile, pool);
  const pending: Array<Promise<EmitPart>> = [];
  const spare: SpareMemory[] = [];
  let syncing: Promise<void> = Promise.resolve();
  let written = 0;
  let next = 0;
  const depth = pool.slots * 2 + 2;
  try {
    while (next < ranges.length || pending.length > 0) {
      while (next < ranges.length && pending.length < depth) {
        const memory = spare.pop();
        const transfer = [memory?.text, memory?.wire].filter((one) => one !== undefined);
        const args = { job, ...ranges[next++], spare: memory };
        const part = pool.run<EmitPart>(RANGE, args, transfer);
        part.catch(() => undefined);
        pending.push(part);
      }
      const part = await (pending.shift() as Promise<EmitPart>);
      if (part.previousFault !== undefined) throw new PreviousFault(part.previousFault);
      if (octets === 0) {
        zonemd = part.zonemd;
        first = part.text.slice();
      }
      const writing = writeAll(handle, part.text);
      digest?.update(part.wire);
      await writing;
      written += part.text.length;
      if (written >= SYNC_EVERY) {
        // The disk works while the threads do: at the end there is little left to wait for.
        await syncing;
        syncing = handle.datasync();
        syncing.catch(() => undefined);
        written = 0;
      }
      if (packed !== undefined) await pack(packed, part);
      const { length } = part.text;
      octets += length;
      const text = tap === undefined ? (part.text.buffer as ArrayBuffer) : undefined;
      spare.push({ text, wire: part.wire.buffer as ArrayBuffer });
      if (length > 0) await tap?.feed(part.text, true);
      addCounts(total, part.counts);
      for (const row of part.orphanRows) orphanRows.push(row);
      if (compare !== undefined && part.change !== undefined) {
        change = sumCounts(change, part.change.counts);
        await compare.first(part.change.first);
        await compare.second?.(part.change.second);
      }
      options.progress?.(octets);
    }
    await syncing;
    if (digest !== undefined) {
      if (zonemd === undefined) throw new Error('the apex has no place for ZONEMD');
      const text = await zonemdText(options, digest.digest());
      if (text.length !== zonemd.end - zonemd.start) {
        throw new Error('the ZONEMD record does not fit its place');
      }
      await writeAll(handle, text, zonemd.start);
      first.set(text, zonemd.start);
      await packed?.fill(text);
      await tap?.replaceFirst(first);
    }
    // The SOA record once more, as zone transfers end.
    await packed?.write(first.subarray(0, first.indexOf(LF) + 1));
  } catch (error) {
    await Promise.allSettled([...pending, syncing, packed?.abandon()]);
    throw error;
  }
  await packed?.close();
  await handle.sync();
  orphanRows.sort();
  return { ...total, octets, orphanRows, change };
}

/** Packs a part's text; where ZONEMD is missing, room is left for it. */
async function pack(packed: GzipFile, { text, zonemd }: EmitPart): Promise<void> {
  if (zonemd === undefined) return packed.write(text);
  await packed.write(text.subarray(0, zonemd.start));
  await packed.leaveRoom(zonemd.end - zonemd.start);
  return packed.write(text.subarray(zonemd.end));
}

/** The apex ZONEMD record and its signatures as text (RFC 8976 §3.4). */
async function zonemdText(options: WriteZoneOptions, digest: Uint8Array): Promise<Uint8Array> {
  const { signing, apex, plan } = options;
  const owner = plan.zone.apex;
  const rdata = zonemdRdata(apex.serial, digest);
  const writer = new EntryWriter();
  const key = new Uint8Array(0);
  writer.append(key, 0, 0, Kind.record, TYPE.ZONEMD, apex.zonemdTtl, 0, 0, rdata, 0, rdata.length);
  const signer = await RrsetSigner.open(signing);
  const blocks = [writer.blocks[0]];
  let labels = 0;
  for (let p = 0; owner[p] !== 0; p += owner[p] + 1) labels++;
  signer.prepare(owner, owner.length, labels, blocks, [ENTRY_HEADER], 0, 1, 0);
  const { out, ends, numbers } = signer;
  signer.signAll((number, signature, length) => {
    const i = numbers.indexOf(number);
    out.set(signature.subarray(0, length), ends[i] - length);
  });
  signer.close();
  const text = new RecordText(1 << 14);
  const ownerText = new Uint8Array(1024);
  const ownerLength = wireToText(owner, 0, ownerText, 0);
  text.record(ownerText, ownerLength, apex.zonemdTtl, TYPE.ZONEMD, rdata, 0, rdata.length);
  for (let s = 0; s < signer.count; s++) {
    const start = signer.starts[s];
    const length = signer.ends[s] - start;
    text.record(ownerText, ownerLength, apex.zonemdTtl, TYPE.RRSIG, signer.out, start, length);
  }
  return text.buffer.subarray(0, text.at);
}
