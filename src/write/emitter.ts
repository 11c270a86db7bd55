/**
 * Writes a range of a zone's names as text, with their NSEC or NSEC3 records and signatures, and
 * the same records in wire form for ZONEMD. The signatures of a range are made at its end, all at
 * once, and put into the room that was left for them.
 */

import { NsecSuccessor } from '../denial/nsec-successor.js';
import { Nsec3Walk } from '../denial/nsec3-chain.js';
import { HASH_LENGTH, HASH_TEXT, textToHash } from '../denial/nsec3-hash.js';
import { compareBytes, countLabels, keyToWire, MAX_WIRE, wireToText } from '../names/name.js';
import { addType, finishBitmap } from '../records/bitmap.js';
import {
  FACT_HEADER,
  factLength,
  factTtl,
  factType,
  Kind,
  putFactHeader,
} from '../records/entry.js';
import { rdataTextRoom, writeRdata } from '../records/rdata.js';
import { TYPE } from '../records/types.js';
import type { KeptSignatures } from '../reuse/kept.js';
import { KEPT, type RrsetSigner } from '../sign/rrsigs.js';
import { Cursor } from '../sort/cursor.js';
import { GlueClass } from '../zone/glue.js';
import { type KernelSigning, KernelSource, type Written } from '../zone/kernel-source.js';
import { CursorSource, Stop } from '../zone/owner-source.js';
import { type OwnerWalk, Role } from '../zone/owner-walk.js';
import { PublishedWalk } from '../zone/published-walk.js';
import { emptyCounts } from './counts.js';
import type { EmitContext, SpareMemory, WrittenPart } from './emit.task.js';
import { SignatureHoles } from './holes.js';
import { orphanRow } from './orphan-row.js';
import { RecordText } from './record-text.js';
import { WireText } from './wire-text.js';

const NO_KEY = new Uint8Array(0);
/** Octets of the first part's text and wire form, about. */
const FIRST_SIZE = 1 << 20;

/** Compares the owner of the chain's record with that of the walk. */
function compareKeys(chain: Nsec3Walk, walk: OwnerWalk): number {
  return compareBytes(
    chain.keyBlock,
    chain.keyStart,
    chain.keyEnd,
    walk.keyBlock,
    walk.keyStart,
    walk.keyEnd,
  );
}

/** Writes one range. */
export class Emitter {
  private readonly text: RecordText;
  private readonly wire: WireText;
  private readonly counts = emptyCounts();
  private readonly orphanRows: string[] = [];
  private zonemd: { start: number; end: number } | undefined;

  private readonly owner = new Uint8Array(MAX_WIRE + 1);
  private ownerLength = 0;
  private readonly ownerText = new Uint8Array(4 * MAX_WIRE + 1);
  private ownerTextLength = 0;
  /** The owner's sort key is `keyBlock[keyStart, keyEnd)`. */
  keyBlock: Uint8Array = NO_KEY;
  keyStart = 0;
  keyEnd = 0;
  /** Facts of the owner that is being written: the walk's own, or these, with a denial record. */
  private blocks: Uint8Array[] = [];
  private ats: number[] = [];
  private count = 0;
  private readonly ownBlocks: Uint8Array[] = [];
  private readonly ownAts: number[] = [];
  /** An NSEC record as a fact. */
  private readonly denial = new Uint8Array(FACT_HEADER + 9000);
  /** An NSEC3 record, whose beginning is always the same, and where that ends. */
  private readonly nsec3Denial = new Uint8Array(FACT_HEADER + 9000);
  private nsec3HeadEnd = 0;
  private readonly holes = new SignatureHoles();
  /** The kernel, while a range is written that is one for it. */
  private kernel: KernelSource | undefined;

  constructor(
    private readonly context: EmitContext,
    private readonly signer: RrsetSigner,
    spare: SpareMemory | undefined,
    private readonly kept: KeptSignatures | undefined,
  ) {
    this.text = new RecordText(spare?.text ?? FIRST_SIZE);
    this.wire = new WireText(spare?.wire ?? (context.digest ? FIRST_SIZE : 0));
    signer.made = 0;
    signer.reused = 0;
    signer.earliestExpiration = Number.POSITIVE_INFINITY;
  }

  /** Makes the signatures and hands over what was written. */
  finish(): WrittenPart {
    const { signer, text, wire } = this;
    this.holes.fill(signer, text, wire);
    this.counts.signatures = signer.made;
    this.counts.reused = signer.reused;
    this.counts.earliestExpiration = signer.earliestExpiration;
    return {
      text: text.buffer.subarray(0, text.at),
      wire: wire.buffer.subarray(0, wire.at),
      zonemd: this.zonemd,
      counts: this.counts,
      orphanRows: this.orphanRows,
    };
  }

  range(from: Uint8Array | undefined, to: Uint8Array | undefined): void {
    const { context } = this;
    const { zone, firstHash } = context;
    const chain =
      firstHash === undefined
        ? undefined
        : new Nsec3Walk(context.hashes, firstHash, zone.apex, from, to);
    const nextOwner =
      zone.denial.kind === 'nsec' ? new NsecSuccessor(zone, context.references, from) : undefined;
    if (from === undefined) this.apex(nextOwner);

    const kernel = this.openKernel(from, to, nextOwner !== undefined);
    this.kernel = kernel;
    const source = kernel ?? new CursorSource(zone.runs, from, to);
    const names = new PublishedWalk(zone, context.references, from, to, source, {
      orphan: (walk, glueClass, kept, block, at, count, example) =>
        this.orphan(walk, glueClass, kept, block, at, count, example),
    });
    const { walk } = names;
    /** Goes on in the chain; names stop before its next record. */
    const follow = (): boolean => {
      if (chain === undefined || !chain.next()) {
        source.setLimit(NO_KEY, 0, 0);
        return false;
      }
      source.setLimit(chain.keyBlock, chain.keyStart, chain.keyEnd);
      return true;
    };
    let hasNsec3 = follow();
    for (;;) {
      let stop = names.next();
      if (stop === Stop.limit) {
        // The name is the record's own, or lies behind it: let it be seen in any case.
        source.setLimit(NO_KEY, 0, 0);
        source.hold();
        stop = names.next();
        source.release();
      }
      const hasName = stop === Stop.owner;
      let same = false;
      while (chain !== undefined && hasNsec3) {
        const d = hasName ? compareKeys(chain, walk) : -1;
        same = d === 0;
        if (d >= 0) break;
        this.nsec3(chain);
        hasNsec3 = follow();
      }
      if (!hasName) break;
      // Anybody can register a name that looks like a hash: then the owner has both.
      this.published(walk, nextOwner, same ? chain : undefined);
      if (same) hasNsec3 = follow();
    }
    kernel?.drain();
    this.counts.glue += names.glue;
    const done = kernel?.counts();
    if (done === undefined) return;
    this.counts.delegations += done.delegations;
    this.counts.rrsets += done.rrsets;
    this.counts.records += done.records;
    if (done.kept > 0) this.signer.noteKept(done.earliestKept, done.kept);
  }

  /**
   * Has the kernel write insecure delegations, if they are all there is to be done with.
   *
   * @param nsec they have NSEC records.
   */
  private openKernel(
    from: Uint8Array | undefined,
    to: Uint8Array | undefined,
    nsec: boolean,
  ): KernelSource | undefined {
    const { zone, digest } = this.context;
    const kept = this.kept?.wholeRun(this.signer.soleZoneKey());
    const finds = this.kept === undefined || kept !== undefined;
    const signing = nsec || !finds ? undefined : this.kernelSigning();
    const use = { kind: 'write', digest, all: nsec, signing, kept } as const;
    return KernelSource.open(zone.runs, from, to, use, zone.rules, {
      written: (written) => this.take(written),
    });
  }

  /** How the kernel signs; undefined: several keys do, and the zone has no NSEC3 chain. */
  private kernelSigning(): KernelSigning | undefined {
    const { signer, context } = this;
    const s = signer.soleZoneKey();
    if (s < 0 || context.zone.denial.kind !== 'nsec3') return undefined;
    // The record up to the next hashed owner, of which the text is known to be zeros here.
    const { denial } = this;
    const end = this.putNsec3Head(denial);
    denial.fill(0, end, end + HASH_LENGTH);
    const rdata = denial.slice(FACT_HEADER, end - 1);
    const line = new Uint8Array(rdataTextRoom(TYPE.NSEC3, end + HASH_LENGTH));
    const length = end + HASH_LENGTH - FACT_HEADER;
    const lineEnd = writeRdata(TYPE.NSEC3, denial, FACT_HEADER, length, line, 0);
    const chain = { ttl: context.denialTtl, rdata, text: line.subarray(0, lineEnd - HASH_TEXT) };
    const { algorithm, tag, signatureLength, ...times } = signer.terms(s);
    return { algorithm, tag, signatureLength, chain, ...times };
  }

  /** Takes over what the kernel has written. */
  private take(written: Written): void {
    const { text, wire, signer, holes } = this;
    const { bytes, words, jobs, jobCount } = written;
    const textAt = text.at;
    const wireAt = wire.at;
    text.append(bytes, written.text, written.textEnd);
    wire.append(bytes, written.wire, written.wireEnd);
    if (jobCount === 0) return;
    const { data, dataEnd, jitter } = written;
    const s = signer.soleZoneKey();
    const first = signer.takeJobs(s, bytes, data, dataEnd, words, jobs, jobCount, jitter);
    for (let i = 0, job = jobs; i < jobCount; i++, job += 4) {
      holes.setText(first + i, textAt + words[job + 2]);
      if (this.context.digest) holes.setWire(first + i, wireAt + words[job + 3]);
    }
  }

  /** The apex: SOA first, the rest by type. */
  private apex(nextOwner: NsecSuccessor | undefined): void {
    const { context } = this;
    const cursor = new Cursor(context.apex);
    if (!cursor.next() || cursor.keyEnd !== cursor.keyStart) throw new Error('the apex is missing');
    this.openOwn();
    for (let i = 0; i < cursor.parts; i++) {
      const block = cursor.partBlocks[i];
      for (let at = cursor.partStarts[i]; at < cursor.partEnds[i]; ) {
        this.add(block, at);
        at += FACT_HEADER + factLength(block, at);
      }
    }
    this.setOwner(NO_KEY, 0, 0);
    if (nextOwner !== undefined) this.addNsec(nextOwner, NO_KEY, 0, 0);
    this.write(true, true);
  }

  /** @param chain the NSEC3 chain when it stands at a record with the same owner. */
  private published(
    walk: OwnerWalk,
    nextOwner: NsecSuccessor | undefined,
    chain: Nsec3Walk | undefined,
  ): void {
    const { counts } = this;
    this.blocks = walk.blocks;
    this.ats = walk.ats;
    this.count = walk.count;
    if (walk.role === Role.delegation) {
      counts.delegations++;
      const secure = this.has(TYPE.DS);
      if (secure) counts.secureDelegations++;
      if (nextOwner === undefined && chain === undefined) {
        if (secure ? this.writeSecure(walk) : this.writeInsecure(walk)) return;
      }
    }
    this.setOwner(walk.keyBlock, walk.keyStart, walk.keyEnd);
    const hasNsec = nextOwner !== undefined && walk.role !== Role.belowCut;
    if (hasNsec || chain !== undefined) {
      this.openOwn();
      for (let i = 0; i < walk.count; i++) this.add(walk.blocks[i], walk.ats[i]);
      if (hasNsec) this.addNsec(nextOwner, walk.keyBlock, walk.keyStart, walk.keyEnd);
      if (chain !== undefined) this.addNsec3(chain);
    }
    this.write(walk.role === Role.authoritative, false);
  }

  private setOwner(block: Uint8Array, start: number, end: number): void {
    const { owner, ownerText } = this;
    this.keyBlock = block;
    this.keyStart = start;
    this.keyEnd = end;
    this.ownerLength = keyToWire(block, start, end, this.context.zone.apex, owner, 0);
    this.ownerTextLength = wireToText(owner, 0, ownerText, 0);
  }

  private openOwn(): void {
    this.blocks = this.ownBlocks;
    this.ats = this.ownAts;
    this.count = 0;
  }

  private add(block: Uint8Array, at: number): void {
    this.blocks[this.count] = block;
    this.ats[this.count++] = at;
  }

  private has(type: number): boolean {
    for (let i = 0; i < this.count; i++) {
      if (factType(this.blocks[i], this.ats[i]) === type) return true;
    }
    return false;
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
    const isDelegation = keyEnd > keyStart && this.has(TYPE.NS);
    for (let i = 0; i < this.count; i++) {
      const type = factType(this.blocks[i], this.ats[i]);
      // At a cut the parent is authoritative for NS, in the bitmap, and DS only.
      if (isDelegation && type !== TYPE.NS && type !== TYPE.DS) continue;
      addType(type);
    }
    addType(TYPE.NSEC);
    addType(TYPE.RRSIG);
    o = finishBitmap(denial, o);
    this.insertDenial(denial, TYPE.NSEC, o);
    this.counts.nsec++;
  }

  /** Writes the NSEC3 record that the chain stands at, the only record of its owner. */
  private nsec3(chain: Nsec3Walk): void {
    if (this.writeNsec3(chain)) return;
    this.openOwn();
    this.addNsec3(chain);
    this.setOwner(chain.keyBlock, chain.keyStart, chain.keyEnd);
    this.write(true, false);
  }

  /** Has the kernel write the record that the chain stands at. False: it does not. */
  private writeNsec3(chain: Nsec3Walk): boolean {
    const { kernel, counts } = this;
    if (kernel === undefined || !kernel.signs || !chain.isDelegation) return false;
    if (!kernel.writeNsec3(chain, chain.isSecure)) return false;
    counts.nsec3++;
    counts.rrsets++;
    counts.records += 2;
    return true;
  }

  /** Adds the NSEC3 record that the chain stands at (RFC 5155 §3). */
  private addNsec3(chain: Nsec3Walk): void {
    const { nsec3Denial } = this;
    if (this.nsec3HeadEnd === 0) this.nsec3HeadEnd = this.putNsec3Head(nsec3Denial);
    let o = this.nsec3HeadEnd;
    if (!textToHash(chain.nextBlock, chain.nextStart, nsec3Denial, o)) {
      throw new Error('a name of the NSEC3 chain is no hash');
    }
    o += HASH_LENGTH;
    for (let p = chain.bitmapStart; p < chain.bitmapEnd; p++) {
      nsec3Denial[o++] = chain.bitmapBlock[p];
    }
    this.insertDenial(nsec3Denial, TYPE.NSEC3, o);
    this.counts.nsec3++;
  }

  /** Writes an NSEC3 record up to the next hashed owner; returns where that goes. */
  private putNsec3Head(denial: Uint8Array): number {
    const { context } = this;
    if (context.zone.denial.kind !== 'nsec3') throw new Error('the zone has no NSEC3 chain');
    const { salt, iterations, optOut } = context.zone.denial;
    let o = FACT_HEADER;
    denial[o++] = 1;
    denial[o++] = optOut ? 1 : 0;
    denial[o++] = iterations >>> 8;
    denial[o++] = iterations;
    denial[o++] = salt.length;
    denial.set(salt, o);
    o += salt.length;
    denial[o++] = HASH_LENGTH;
    return o;
  }

  /** Adds the record in `denial`, whose RDATA ends at `end`, in its place by type. */
  private insertDenial(denial: Uint8Array, type: number, end: number): void {
    const { context } = this;
    const length = end - FACT_HEADER;
    putFactHeader(denial, 0, Kind.record, type, length, context.denialTtl, 0, 0);
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

  /** Has the kernel write a secure delegation that it has returned. False: it does not. */
  private writeSecure(walk: OwnerWalk): boolean {
    const { kernel, counts } = this;
    if (kernel === undefined || !kernel.signs || !walk.isOrdinary) return false;
    if (!kernel.writeSecure()) return false;
    counts.rrsets += 2;
    counts.records += walk.count + 1;
    return true;
  }

  /** Writes an insecure delegation: nothing of it is signed. */
  private writeInsecure(walk: OwnerWalk): boolean {
    const { counts, kernel } = this;
    if (walk.isOrdinary && kernel?.writeInsecure() === true) {
      // The kernel has counted it.
      counts.delegations--;
      return true;
    }
    kernel?.drain();
    this.setOwner(walk.keyBlock, walk.keyStart, walk.keyEnd);
    this.writeUnsigned();
    return true;
  }

  private writeUnsigned(): void {
    const { blocks, ats, count, text, wire, counts, ownerText, ownerTextLength } = this;
    const { digest } = this.context;
    let lastType = -1;
    for (let i = 0; i < count; i++) {
      const block = blocks[i];
      const at = ats[i];
      const type = factType(block, at);
      const ttl = factTtl(block, at);
      const length = factLength(block, at);
      const rdata = at + FACT_HEADER;
      if (type !== lastType) counts.rrsets++;
      lastType = type;
      text.record(ownerText, ownerTextLength, ttl, type, block, rdata, length);
      if (digest) wire.record(this.owner, this.ownerLength, type, ttl, block, rdata, length);
    }
    counts.records += count;
  }

  /**
   * Writes the owner in `this.owner` with the gathered facts.
   *
   * @param authoritative everything is signed; otherwise DS, NSEC and NSEC3 only (RFC 4035 §2.2).
   * @param isApex SOA first, and the ZONEMD record is not part of its own digest.
   */
  private write(authoritative: boolean, isApex: boolean): void {
    const { owner, signer, blocks, ats, count } = this;
    this.kernel?.drain();
    // A leading asterisk label is not counted (RFC 4034 §3.1.3).
    const labels = countLabels(owner) - (owner[0] === 1 && owner[1] === 0x2a ? 1 : 0);
    signer.count = 0;
    this.kept?.seek(this.keyBlock, this.keyStart, this.keyEnd);
    let end = 0;
    if (isApex) {
      for (let i = 0; i < count; i++) {
        if (factType(blocks[i], ats[i]) !== TYPE.SOA) continue;
        end = this.rrset(labels, i, i + 1, true, end);
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
        end = this.rrset(labels, i, j, signed, end);
        if (isApex && type === TYPE.ZONEMD) this.zonemd = { start, end: this.text.at };
      }
      i = j;
    }
    if (this.context.digest) this.digest(isApex);
  }

  private rrset(
    labels: number,
    from: number,
    to: number,
    signed: boolean,
    rrsigAt: number,
  ): number {
    const { blocks, ats, text, ownerText, ownerTextLength, signer, counts } = this;
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
    const { owner, ownerLength, kept, holes } = this;
    const end = signer.prepare(owner, ownerLength, labels, blocks, ats, from, to, rrsigAt, kept);
    for (let s = first; s < signer.count; s++) {
      const start = signer.starts[s];
      const length = signer.ends[s] - start;
      text.record(ownerText, ownerTextLength, ttl, TYPE.RRSIG, signer.out, start, length);
      counts.records++;
      if (signer.numbers[s] === KEPT) continue;
      // The line ends in the signature's base64 and a line feed.
      const digits = 4 * Math.ceil(signer.signatureLength(s) / 3);
      holes.setText(signer.numbers[s], text.at - 1 - digits);
    }
    return end;
  }

  /** The owner's records in the order of RFC 8976 §3.3.1: by type, RRSIG among the types. */
  private digest(isApex: boolean): void {
    const { blocks, ats, count } = this;
    let i = 0;
    for (; i < count; i++) {
      if (factType(blocks[i], ats[i]) > TYPE.RRSIG) break;
      this.digestFact(i);
    }
    this.digestRrsigs(isApex);
    for (; i < count; i++) {
      if (isApex && factType(blocks[i], ats[i]) === TYPE.ZONEMD) continue;
      this.digestFact(i);
    }
  }

  private digestFact(i: number): void {
    const block = this.blocks[i];
    const at = this.ats[i];
    const length = factLength(block, at);
    const ttl = factTtl(block, at);
    const { owner, ownerLength } = this;
    this.wire.record(owner, ownerLength, factType(block, at), ttl, block, at + FACT_HEADER, length);
  }

  private digestRrsigs(isApex: boolean): void {
    const { signer } = this;
    if (signer.count === 0) return;
    const { out, starts, ends, count } = signer;
    if (!isApex) {
      // The RRsets were signed by ascending type, so the records are in order.
      for (let s = 0; s < count; s++) this.digestRrsig(s);
      return;
    }
    const order = Array.from({ length: count }, (_, s) => s);
    order.sort((x, y) => compareBytes(out, starts[x], ends[x], out, starts[y], ends[y]));
    for (const s of order) {
      if (((out[starts[s]] << 8) | out[starts[s] + 1]) !== TYPE.ZONEMD) this.digestRrsig(s);
    }
  }

  private digestRrsig(s: number): void {
    const { signer, wire, owner, ownerLength } = this;
    const { out } = signer;
    const start = signer.starts[s];
    const length = signer.ends[s] - start;
    const ttl =
      ((out[start + 4] << 24) | (out[start + 5] << 16) | (out[start + 6] << 8) | out[start + 7]) >>>
      0;
    wire.record(owner, ownerLength, TYPE.RRSIG, ttl, out, start, length);
    const number = signer.numbers[s];
    if (number !== KEPT) this.holes.setWire(number, wire.at - signer.signatureLength(s));
  }

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
    const { apex } = this.context.zone;
    this.orphanRows.push(orphanRow(walk, apex, glueClass, kept, block, at, count, example));
  }
}
