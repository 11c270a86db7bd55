/**
 * The worker's side of the second pass over a zone: writes a range of names as text, with
 * its NSEC or NSEC3 records and signatures, and the same records in wire form for ZONEMD.
 */

import { HASH_LENGTH, textToHash } from '../denial/nsec3-hash.js';
import {
  compareBytes,
  countLabels,
  keyToWire,
  MAX_WIRE,
  nameFromKey,
  nameToText,
  wireToText,
} from '../names/name.js';
import { addType, finishBitmap } from '../records/bitmap.js';
import { FACT_HEADER, factLength, factTtl, factType, Kind } from '../records/entry.js';
import { rdataToText } from '../records/rdata.js';
import { TYPE } from '../records/types.js';
import { RrsetSigner, type SigningContext } from '../sign/rrsigs.js';
import { Cursor } from '../sort/cursor.js';
import type { Run } from '../sort/run.js';
import { Moved } from '../threads/pool.js';
import type { ZoneContext } from '../zone/context.js';
import { GLUE_CLASS_NAMES, GlueClass } from '../zone/glue.js';
import { type OwnerWalk, Role } from '../zone/owner-walk.js';
import { HashKind } from '../zone/plan.task.js';
import { PublishedWalk } from '../zone/published-walk.js';
import { type EmitCounts, emptyCounts } from './counts.js';
import { RecordText } from './record-text.js';

/** Everything a thread needs for the second pass. Plain data. */
export interface EmitContext {
  readonly zone: ZoneContext;
  readonly references: readonly Run[];
  readonly hashes: readonly Run[];
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

interface Job {
  readonly context: EmitContext;
  readonly signer: RrsetSigner;
  /** Sizes of the last range's output: a good guess for the next. */
  textSize: number;
  wireSize: number;
}

const jobs = new Map<number, Job>();

/** Opens a job in this thread: loads its keys. */
export async function openEmit(args: { job: number; context: EmitContext }): Promise<void> {
  const signer = await RrsetSigner.open(args.context.signing);
  jobs.set(args.job, { context: args.context, signer, textSize: 1 << 20, wireSize: 1 << 20 });
}

/** Closes a job in this thread. */
export function closeEmit({ job }: { job: number }): void {
  jobs.delete(job);
}

/** Writes a range of names; the first range begins with the apex. */
export function emitRange(args: {
  readonly job: number;
  readonly from: Uint8Array | undefined;
  readonly to: Uint8Array | undefined;
}): Moved<EmitPart> {
  const job = jobs.get(args.job);
  if (job === undefined) throw new Error('the writer is not open in this thread');
  const emitter = new Emitter(job.context, job.signer, job.textSize, job.wireSize);
  emitter.range(args.from, args.to);
  const part = emitter.finish();
  job.textSize = Math.max(1 << 16, Math.round(part.text.length * 1.1));
  job.wireSize = Math.max(1 << 16, Math.round(part.wire.length * 1.1));
  return new Moved(part, [part.text.buffer as ArrayBuffer, part.wire.buffer as ArrayBuffer]);
}

/** Writes one range. */
class Emitter {
  private readonly text: RecordText;
  private readonly wire: WireText;
  private readonly counts = emptyCounts();
  private readonly orphanRows: string[] = [];
  private zonemd: { start: number; end: number } | undefined;

  private readonly owner = new Uint8Array(MAX_WIRE + 1);
  private readonly ownerText = new Uint8Array(4 * MAX_WIRE + 1);
  /** Facts of the owner that is being written, an NSEC record among them. */
  private readonly blocks: Uint8Array[] = [];
  private readonly ats: number[] = [];
  private count = 0;
  /** An NSEC or NSEC3 record as a fact. */
  private readonly denial = new Uint8Array(FACT_HEADER + 9000);

  constructor(
    private readonly context: EmitContext,
    private readonly signer: RrsetSigner,
    textSize: number,
    wireSize: number,
  ) {
    this.text = new RecordText(textSize);
    this.wire = new WireText(context.digest ? wireSize : 0);
    signer.made = 0;
    signer.earliestExpiration = Number.POSITIVE_INFINITY;
  }

  finish(): EmitPart {
    this.counts.signatures = this.signer.made;
    this.counts.earliestExpiration = this.signer.earliestExpiration;
    return {
      text: this.text.buffer.subarray(0, this.text.at),
      wire: this.wire.buffer.subarray(0, this.wire.at),
      zonemd: this.zonemd,
      counts: this.counts,
      orphanRows: this.orphanRows,
    };
  }

  range(from: Uint8Array | undefined, to: Uint8Array | undefined): void {
    const { context } = this;
    const { zone } = context;
    const names = new PublishedWalk(zone, context.references, from, to, {
      orphan: (walk, glueClass, kept, block, at, count, example) =>
        this.orphan(walk, glueClass, kept, block, at, count, example),
    });
    const chain = zone.denial.kind === 'nsec3' ? new Nsec3Walk(context, from, to) : undefined;
    const nextOwner = zone.denial.kind === 'nsec' ? new NsecSuccessor(context, from) : undefined;
    if (from === undefined) this.apex(nextOwner);

    const { walk } = names;
    let hasName = names.next();
    let hasNsec3 = chain?.next() ?? false;
    while (hasName || (hasNsec3 && chain !== undefined)) {
      let same = false;
      if (chain !== undefined && hasNsec3) {
        const key = chain.key;
        const d = hasName
          ? compareBytes(key, 0, key.length, walk.keyBlock, walk.keyStart, walk.keyEnd)
          : -1;
        if (d < 0) {
          this.nsec3(chain);
          hasNsec3 = chain.next();
          continue;
        }
        same = d === 0;
      }
      // Anybody can register a name that looks like a hash: then the owner has both.
      this.published(walk, nextOwner, same ? chain : undefined);
      if (same) hasNsec3 = chain?.next() ?? false;
      hasName = names.next();
    }
    this.counts.glue += names.glue;
  }

  /** The apex: SOA first, the rest by type. */
  private apex(nextOwner: NsecSuccessor | undefined): void {
    const { context } = this;
    const cursor = new Cursor(context.apex);
    if (!cursor.next() || cursor.keyEnd !== cursor.keyStart) throw new Error('the apex is missing');
    this.count = 0;
    for (let i = 0; i < cursor.parts; i++) {
      const block = cursor.partBlocks[i];
      for (let at = cursor.partStarts[i]; at < cursor.partEnds[i]; ) {
        this.add(block, at);
        at += FACT_HEADER + factLength(block, at);
      }
    }
    const ownerLength = keyToWire(new Uint8Array(0), 0, 0, context.zone.apex, this.owner, 0);
    if (nextOwner !== undefined) this.addNsec(nextOwner, new Uint8Array(0), 0, 0);
    this.write(ownerLength, true, true);
  }

  /** @param chain the NSEC3 chain when it stands at a record with the same owner. */
  private published(
    walk: OwnerWalk,
    nextOwner: NsecSuccessor | undefined,
    chain: Nsec3Walk | undefined,
  ): void {
    const { counts } = this;
    this.count = 0;
    for (let i = 0; i < walk.count; i++) this.add(walk.blocks[i], walk.ats[i]);
    const ownerLength = keyToWire(
      walk.keyBlock,
      walk.keyStart,
      walk.keyEnd,
      this.context.zone.apex,
      this.owner,
      0,
    );
    const authoritative = walk.role === Role.authoritative;
    if (walk.role === Role.delegation) {
      counts.delegations++;
      for (let i = 0; i < walk.count; i++) {
        if (factType(walk.blocks[i], walk.ats[i]) !== TYPE.DS) continue;
        counts.secureDelegations++;
        break;
      }
    }
    if (nextOwner !== undefined && walk.role !== Role.belowCut) {
      this.addNsec(nextOwner, walk.keyBlock, walk.keyStart, walk.keyEnd);
    }
    if (chain !== undefined) this.addNsec3(chain);
    this.write(ownerLength, authoritative, false);
  }

  private add(block: Uint8Array, at: number): void {
    this.blocks[this.count] = block;
    this.ats[this.count++] = at;
  }

  // ---- denial ----------------------------------------------------------------------------------

  /** Adds the owner's NSEC record (RFC 4034 §4), in its place among the types. */
  private addNsec(
    successor: NsecSuccessor,
    block: Uint8Array,
    keyStart: number,
    keyEnd: number,
  ): void {
    const { denial, context } = this;
    const next = successor.after(block, keyStart, keyEnd);
    let o = FACT_HEADER;
    o = keyToWire(next, 0, next.length, context.zone.apex, denial, o);
    const isDelegation = keyEnd > keyStart && this.isDelegation();
    for (let i = 0; i < this.count; i++) {
      const type = factType(this.blocks[i], this.ats[i]);
      // At a cut the parent is authoritative for NS, in the bitmap, and DS only.
      if (isDelegation && type !== TYPE.NS && type !== TYPE.DS) continue;
      addType(type);
    }
    addType(TYPE.NSEC);
    addType(TYPE.RRSIG);
    o = finishBitmap(denial, o);
    this.insertDenial(TYPE.NSEC, o);
    this.counts.nsec++;
  }

  private isDelegation(): boolean {
    for (let i = 0; i < this.count; i++) {
      if (factType(this.blocks[i], this.ats[i]) === TYPE.NS) return true;
    }
    return false;
  }

  /** Writes the NSEC3 record that the chain stands at, the only record of its owner. */
  private nsec3(chain: Nsec3Walk): void {
    this.count = 0;
    this.addNsec3(chain);
    const { key } = chain;
    const ownerLength = keyToWire(key, 0, key.length, this.context.zone.apex, this.owner, 0);
    this.write(ownerLength, true, false);
  }

  /** Adds the NSEC3 record that the chain stands at (RFC 5155 §3). */
  private addNsec3(chain: Nsec3Walk): void {
    const { denial, context } = this;
    const { zone } = context;
    if (zone.denial.kind !== 'nsec3') return;
    const { salt, iterations, optOut } = zone.denial;
    let o = FACT_HEADER;
    denial[o++] = 1;
    denial[o++] = optOut ? 1 : 0;
    denial[o++] = iterations >>> 8;
    denial[o++] = iterations;
    denial[o++] = salt.length;
    denial.set(salt, o);
    o += salt.length;
    denial[o++] = HASH_LENGTH;
    const next = chain.nextKey;
    if (!textToHash(next, 0, denial, o)) throw new Error('a name of the NSEC3 chain is no hash');
    o += HASH_LENGTH;
    o = chain.bitmap(denial, o);
    this.insertDenial(TYPE.NSEC3, o);
    this.counts.nsec3++;
  }

  /** Adds the record in `this.denial`, whose RDATA ends at `end`, in its place by type. */
  private insertDenial(type: number, end: number): void {
    const { denial, context } = this;
    const length = end - FACT_HEADER;
    const ttl = context.denialTtl;
    denial[0] = Kind.record;
    denial[1] = type;
    denial[2] = type >>> 8;
    denial[3] = length;
    denial[4] = length >>> 8;
    denial[5] = ttl;
    denial[6] = ttl >>> 8;
    denial[7] = ttl >>> 16;
    denial[8] = ttl >>> 24;
    let i = this.count++;
    while (i > 0 && factType(this.blocks[i - 1], this.ats[i - 1]) > type) {
      this.blocks[i] = this.blocks[i - 1];
      this.ats[i] = this.ats[i - 1];
      i--;
    }
    this.blocks[i] = denial;
    this.ats[i] = 0;
  }

  // ---- an owner's records and signatures ---------------------------------------------------------

  /**
   * Writes the owner in `this.owner` with the gathered facts.
   *
   * @param authoritative everything is signed; otherwise DS, NSEC and NSEC3 only (RFC 4035 §2.2).
   * @param isApex SOA first, and the ZONEMD record is not part of its own digest.
   */
  private write(ownerLength: number, authoritative: boolean, isApex: boolean): void {
    const { owner, ownerText, signer, blocks, ats, count } = this;
    const ownerTextLength = wireToText(owner, 0, ownerText, 0);
    // A leading asterisk label is not counted (RFC 4034 §3.1.3).
    const labels = countLabels(owner) - (owner[0] === 1 && owner[1] === 0x2a ? 1 : 0);
    signer.count = 0;
    let end = 0;
    if (isApex) {
      for (let i = 0; i < count; i++) {
        if (factType(blocks[i], ats[i]) !== TYPE.SOA) continue;
        end = this.rrset(ownerLength, ownerTextLength, labels, i, i + 1, true, end);
      }
    }
    for (let i = 0; i < count; ) {
      const type = factType(blocks[i], ats[i]);
      let j = i + 1;
      while (j < count && factType(blocks[j], ats[j]) === type) j++;
      if (!isApex || type !== TYPE.SOA) {
        const start = this.text.at;
        const signed =
          authoritative || type === TYPE.DS || type === TYPE.NSEC || type === TYPE.NSEC3;
        end = this.rrset(ownerLength, ownerTextLength, labels, i, j, signed, end);
        if (isApex && type === TYPE.ZONEMD) this.zonemd = { start, end: this.text.at };
      }
      i = j;
    }
    if (this.context.digest) this.digest(ownerLength, isApex);
  }

  private rrset(
    ownerLength: number,
    ownerTextLength: number,
    labels: number,
    from: number,
    to: number,
    signed: boolean,
    rrsigAt: number,
  ): number {
    const { blocks, ats, text, ownerText, signer, counts } = this;
    const type = factType(blocks[from], ats[from]);
    const ttl = factTtl(blocks[from], ats[from]);
    counts.rrsets++;
    counts.records += to - from;
    for (let i = from; i < to; i++) {
      const block = blocks[i];
      const at = ats[i];
      const length = factLength(block, at);
      text.record(ownerText, ownerTextLength, ttl, type, block, at + FACT_HEADER, length);
    }
    if (!signed) return rrsigAt;
    const first = signer.count;
    const end = signer.sign(this.owner, ownerLength, labels, blocks, ats, from, to, rrsigAt);
    for (let s = first; s < signer.count; s++) {
      const start = signer.starts[s];
      const length = signer.ends[s] - start;
      text.record(ownerText, ownerTextLength, ttl, TYPE.RRSIG, signer.out, start, length);
      counts.records++;
    }
    return end;
  }

  /** The owner's records in the order of RFC 8976 §3.3.1: by type, RRSIG among the types. */
  private digest(ownerLength: number, isApex: boolean): void {
    const { blocks, ats, count } = this;
    let i = 0;
    for (; i < count; i++) {
      if (factType(blocks[i], ats[i]) > TYPE.RRSIG) break;
      this.digestFact(ownerLength, i);
    }
    this.digestRrsigs(ownerLength, isApex);
    for (; i < count; i++) {
      if (isApex && factType(blocks[i], ats[i]) === TYPE.ZONEMD) continue;
      this.digestFact(ownerLength, i);
    }
  }

  private digestFact(ownerLength: number, i: number): void {
    const block = this.blocks[i];
    const at = this.ats[i];
    this.wire.record(
      this.owner,
      ownerLength,
      factType(block, at),
      factTtl(block, at),
      block,
      at + FACT_HEADER,
      factLength(block, at),
    );
  }

  private digestRrsigs(ownerLength: number, isApex: boolean): void {
    const { signer, wire, owner } = this;
    if (signer.count === 0) return;
    const { out, starts, ends } = signer;
    const order = Array.from({ length: signer.count }, (_, s) => s);
    if (isApex) {
      order.sort((x, y) => compareBytes(out, starts[x], ends[x], out, starts[y], ends[y]));
    }
    for (const s of order) {
      const start = starts[s];
      const covered = (out[start] << 8) | out[start + 1];
      if (isApex && covered === TYPE.ZONEMD) continue;
      const ttl =
        ((out[start + 4] << 24) |
          (out[start + 5] << 16) |
          (out[start + 6] << 8) |
          out[start + 7]) >>>
        0;
      wire.record(owner, ownerLength, TYPE.RRSIG, ttl, out, start, ends[s] - start);
    }
  }

  // ---- orphans -------------------------------------------------------------------------------------

  private orphan(
    walk: OwnerWalk,
    glueClass: number,
    kept: boolean,
    block: Uint8Array,
    at: number,
    count: number,
    example: Uint8Array | undefined,
  ): void {
    const { orphans } = this.counts;
    const tally = glueClass === GlueClass.sac048Orphan ? orphans.sac048 : orphans.unreferenced;
    if (kept) tally.kept++;
    else tally.stripped++;
    if (!this.context.orphans) return;
    const host = nameToText(walk.wireOwner());
    const p = at + FACT_HEADER;
    const address = rdataToText(factType(block, at), block.subarray(p, p + factLength(block, at)));
    const superordinate = walk.cutLength > 0 ? nameToText(walk.cutName()) : this.firstLevel(walk);
    const from = example === undefined ? '' : nameToText(nameFromKey(example.slice()));
    const action = kept ? 'keep' : 'strip';
    this.orphanRows.push(
      `${GLUE_CLASS_NAMES[glueClass]},${action},${csv(host)},${address},${csv(superordinate)},${count},${csv(from)}\n`,
    );
  }

  /** The name one label below the apex that a host lies at or below. */
  private firstLevel(walk: OwnerWalk): string {
    let end = walk.keyStart;
    while (walk.keyBlock[end] !== 0) end++;
    const key = walk.keyBlock.slice(walk.keyStart, end + 1);
    return nameToText(nameFromKey(key, this.context.zone.apex));
  }
}

/** A field of a CSV row (RFC 4180 §2): quoted where a label holds a comma or a quote. */
function csv(text: string): string {
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Walks the NSEC3 chain over a range of names, one step ahead. */
class Nsec3Walk {
  /** Sort key of the NSEC3 record's owner. */
  key: Uint8Array = new Uint8Array(0);
  /** Sort key of the next one in the chain, the first after the last. */
  nextKey: Uint8Array = new Uint8Array(0);

  private readonly here: Cursor;
  private readonly ahead: Cursor;
  private readonly first: Uint8Array;

  constructor(context: EmitContext, from: Uint8Array | undefined, to: Uint8Array | undefined) {
    this.here = new Cursor(context.hashes, from, to);
    this.ahead = new Cursor(context.hashes, from, undefined);
    this.ahead.next();
    const start = new Cursor(context.hashes);
    if (!start.next()) throw new Error('the NSEC3 chain is empty');
    this.first = start.keyBlock.slice(start.keyStart, start.keyEnd);
  }

  next(): boolean {
    const { here, ahead } = this;
    if (!here.next()) return false;
    this.key = here.keyBlock.subarray(here.keyStart, here.keyEnd);
    this.nextKey = ahead.next()
      ? ahead.keyBlock.subarray(ahead.keyStart, ahead.keyEnd)
      : this.first;
    return true;
  }

  /** Writes the bitmap at `out[o]`: that of the name itself where a range saw an ENT only. */
  bitmap(out: Uint8Array, o: number): number {
    const { here } = this;
    for (let i = 0; i < here.parts; i++) {
      const block = here.partBlocks[i];
      const end = here.partEnds[i];
      for (let at = here.partStarts[i]; at < end; at += FACT_HEADER + factLength(block, at)) {
        const kind = factType(block, at);
        if (kind === HashKind.emptyNonTerminal) continue;
        let p = at + FACT_HEADER;
        let q = p + factLength(block, at);
        if (kind === HashKind.authoritative) {
          q = p + 2 + ((block[p] << 8) | block[p + 1]);
          p += 2;
        }
        let w = o;
        while (p < q) out[w++] = block[p++];
        return w;
      }
    }
    return o;
  }
}

/** Finds the next owner that has an NSEC record: the one behind, or the apex at the end. */
class NsecSuccessor {
  private readonly scout: PublishedWalk;
  private has: boolean;

  constructor(context: EmitContext, from: Uint8Array | undefined) {
    this.scout = new PublishedWalk(context.zone, context.references, from, undefined, undefined);
    this.has = this.scout.next();
  }

  /** The sort key of the successor of the owner with the given key; owners come in order. */
  after(block: Uint8Array, start: number, end: number): Uint8Array {
    const { walk } = this.scout;
    while (this.has) {
      const further =
        compareBytes(walk.keyBlock, walk.keyStart, walk.keyEnd, block, start, end) > 0;
      if (further && walk.role !== Role.belowCut) {
        return walk.keyBlock.subarray(walk.keyStart, walk.keyEnd);
      }
      this.has = this.scout.next();
    }
    return new Uint8Array(0);
  }
}

/** Records in wire form, uncompressed and canonical (RFC 4034 §6.2), into a growing buffer. */
class WireText {
  buffer: Uint8Array<ArrayBuffer>;
  at = 0;

  constructor(size: number) {
    this.buffer = new Uint8Array(size);
  }

  record(
    owner: Uint8Array,
    ownerLength: number,
    type: number,
    ttl: number,
    rdata: Uint8Array,
    at: number,
    length: number,
  ): void {
    if (this.at + ownerLength + 10 + length > this.buffer.length) {
      const wider = new Uint8Array(Math.max(this.buffer.length * 2, this.at + 70_000));
      wider.set(this.buffer.subarray(0, this.at));
      this.buffer = wider;
    }
    const { buffer } = this;
    let o = this.at;
    for (let i = 0; i < ownerLength; i++) buffer[o++] = owner[i];
    buffer[o] = type >>> 8;
    buffer[o + 1] = type;
    buffer[o + 2] = 0;
    buffer[o + 3] = 1;
    buffer[o + 4] = ttl >>> 24;
    buffer[o + 5] = ttl >>> 16;
    buffer[o + 6] = ttl >>> 8;
    buffer[o + 7] = ttl;
    buffer[o + 8] = length >>> 8;
    buffer[o + 9] = length;
    o += 10;
    for (let i = 0, p = at; i < length; i++) buffer[o++] = rdata[p++];
    this.at = o;
  }
}
