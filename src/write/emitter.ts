/**
 * Walks a range of a zone's names, and its part of the NSEC3 chain, and has each owner written with
 * its NSEC or NSEC3 record: ordinary delegations by the kernel, all else by owner-writer.ts.
 */

import { NsecSuccessor } from '../denial/nsec-successor.js';
import { Nsec3Walk } from '../denial/nsec3-chain.js';
import { compareBytes } from '../names/name.js';
import { TYPE } from '../records/types.js';
import type { KeptSignatures } from '../reuse/kept.js';
import type { RrsetSigner } from '../sign/rrsigs.js';
import { Cursor } from '../sort/cursor.js';
import { GlueClass } from '../zone/glue.js';
import { type KernelSigning, KernelSource } from '../zone/kernel-source.js';
import { CursorSource, Stop } from '../zone/owner-source.js';
import { type OwnerWalk, Role } from '../zone/owner-walk.js';
import { PublishedWalk } from '../zone/published-walk.js';
import { emptyCounts } from './counts.js';
import { DenialRecords } from './denial-records.js';
import type { EmitContext, SpareMemory, WrittenPart } from './emit.task.js';
import { orphanRow } from './orphan-row.js';
import { OwnerRecords } from './owner-records.js';
import { OwnerWriter } from './owner-writer.js';

const NO_KEY = new Uint8Array(0);

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
  private readonly counts = emptyCounts();
  private readonly orphanRows: string[] = [];
  private readonly records: OwnerRecords;
  private readonly denial: DenialRecords;
  private readonly writer: OwnerWriter;
  /** The kernel, while a range is written that is one for it. */
  private kernel: KernelSource | undefined;

  constructor(
    private readonly context: EmitContext,
    private readonly signer: RrsetSigner,
    spare: SpareMemory | undefined,
    private readonly kept: KeptSignatures | undefined,
  ) {
    const { zone, denialTtl, digest } = context;
    this.records = new OwnerRecords(zone.apex);
    this.denial = new DenialRecords(zone, denialTtl);
    this.writer = new OwnerWriter(this.records, signer, kept, this.counts, digest, spare);
  }

  /** Makes the signatures and hands over what was written. */
  finish(): WrittenPart {
    const { writer, counts, orphanRows } = this;
    writer.finish();
    const { text, wire, zonemd } = writer;
    return {
      text: text.buffer.subarray(0, text.at),
      wire: wire.buffer.subarray(0, wire.at),
      zonemd,
      counts,
      orphanRows,
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

  /** The apex: SOA first, the rest by type. */
  private apex(nextOwner: NsecSuccessor | undefined): void {
    const { context, records } = this;
    const cursor = new Cursor(context.apex);
    if (!cursor.next() || cursor.keyEnd !== cursor.keyStart) throw new Error('the apex is missing');
    records.clear();
    for (let i = 0; i < cursor.parts; i++) {
      records.addAll(cursor.partBlocks[i], cursor.partStarts[i], cursor.partEnds[i]);
    }
    records.setName(NO_KEY, 0, 0);
    if (nextOwner !== undefined) this.addNsec(nextOwner, NO_KEY, 0, 0);
    this.write(true, true);
  }

  /** @param chain the NSEC3 chain when it stands at a record with the same owner. */
  private published(
    walk: OwnerWalk,
    nextOwner: NsecSuccessor | undefined,
    chain: Nsec3Walk | undefined,
  ): void {
    const { counts, records } = this;
    records.useWalk(walk);
    if (walk.role === Role.delegation) {
      counts.delegations++;
      const secure = records.has(TYPE.DS);
      if (secure) counts.secureDelegations++;
      if (nextOwner === undefined && chain === undefined) {
        if (secure ? this.writeSecure(walk) : this.writeInsecure(walk)) return;
      }
    }
    records.setName(walk.keyBlock, walk.keyStart, walk.keyEnd);
    const hasNsec = nextOwner !== undefined && walk.role !== Role.belowCut;
    if (hasNsec || chain !== undefined) {
      records.clear();
      records.addWalk(walk);
      if (hasNsec) this.addNsec(nextOwner, walk.keyBlock, walk.keyStart, walk.keyEnd);
      if (chain !== undefined) this.addNsec3(chain);
    }
    this.write(walk.role === Role.authoritative, false);
  }

  /** Writes the NSEC3 record that the chain stands at, the only record of its owner. */
  private nsec3(chain: Nsec3Walk): void {
    if (this.writeNsec3(chain)) return;
    const { records } = this;
    records.clear();
    this.addNsec3(chain);
    records.setName(chain.keyBlock, chain.keyStart, chain.keyEnd);
    this.write(true, false);
  }

  private addNsec(successor: NsecSuccessor, block: Uint8Array, start: number, end: number): void {
    this.denial.addNsec(this.records, successor, block, start, end);
    this.counts.nsec++;
  }

  private addNsec3(chain: Nsec3Walk): void {
    this.denial.addNsec3(this.records, chain);
    this.counts.nsec3++;
  }

  /** Writes the owner, behind what the kernel has written; see OwnerWriter. */
  private write(authoritative: boolean, isApex: boolean): void {
    this.kernel?.drain();
    this.writer.write(authoritative, isApex);
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

  // ---- what the kernel writes --------------------------------------------------------------

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
      written: (written) => this.writer.take(written),
    });
  }

  /** How the kernel signs; undefined: several keys do, and the zone has no NSEC3 chain. */
  private kernelSigning(): KernelSigning | undefined {
    const { signer, context } = this;
    const s = signer.soleZoneKey();
    if (s < 0 || context.zone.denial.kind !== 'nsec3') return undefined;
    const chain = { ttl: context.denialTtl, ...this.denial.nsec3Head() };
    const { algorithm, tag, signatureLength, ...times } = signer.terms(s);
    return { algorithm, tag, signatureLength, chain, ...times };
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
    const { counts, kernel, records } = this;
    if (walk.isOrdinary && kernel?.writeInsecure() === true) {
      // The kernel has counted it.
      counts.delegations--;
      return true;
    }
    kernel?.drain();
    records.setName(walk.keyBlock, walk.keyStart, walk.keyEnd);
    this.writer.writeUnsigned();
    return true;
  }
}
