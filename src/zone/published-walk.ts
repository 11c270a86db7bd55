/**
 * Walks what is published of a zone below its apex: the owners of zone/owner-walk.ts with
 * the glue rules applied. Needs the references that the first pass gathered.
 */

import { compareBytes } from '../names/name.js';
import { FACT_HEADER, factLength, factTtl, factType, Kind } from '../records/entry.js';
import { TYPE } from '../records/types.js';
import { Cursor } from '../sort/cursor.js';
import type { Run } from '../sort/run.js';
import { isApexHost, type ZoneContext } from './context.js';
import { classifyGlue, GlueClass, keepsGlue } from './glue.js';
import { type OwnerSource, Stop } from './owner-source.js';
import { OwnerWalk, Role } from './owner-walk.js';

/** An address that is an orphan: a row of orphans.csv. */
export interface OrphanSink {
  orphan(
    walk: OwnerWalk,
    glueClass: number,
    kept: boolean,
    block: Uint8Array,
    at: number,
    count: number,
    example: Uint8Array | undefined,
  ): void;
}

/** See the file's header. Call {@link next} before the first owner. */
export class PublishedWalk {
  /** The owner, its role and its facts; what the glue rules strip is gone from the facts. */
  readonly walk: OwnerWalk;
  /** Addresses below or at cuts that are published. */
  glue = 0;

  private readonly references: Cursor;
  private referencesLeft = true;
  private referenceCount = 0;
  private example: Uint8Array | undefined;

  constructor(
    private readonly zone: ZoneContext,
    references: readonly Run[],
    from: Uint8Array | undefined,
    to: Uint8Array | undefined,
    source: OwnerSource,
    private readonly sink: OrphanSink | undefined,
  ) {
    this.walk = new OwnerWalk(source, zone.rules, undefined);
    this.references = new Cursor(references, from, to);
    this.referencesLeft = this.references.next();
  }

  /**
   * Goes to the next owner of which something is published.
   *
   * @returns {@link Stop}: `owner`, `limit` or `end`.
   */
  next(): number {
    const { walk } = this;
    for (;;) {
      const stop = walk.next();
      if (stop !== Stop.owner) return stop;
      if (walk.role === Role.delegation) {
        this.glueAtCut();
        return stop;
      }
      this.judge(walk.role === Role.belowCut);
      if (walk.count > 0) return stop;
    }
  }

  /** Addresses at the cut itself, the owner being a delegation. */
  private glueAtCut(): void {
    const { walk } = this;
    if (walk.isOrdinary) return;
    for (let i = 0; i < walk.count; i++) {
      const type = factType(walk.blocks[i], walk.ats[i]);
      if (type !== TYPE.A && type !== TYPE.AAAA) continue;
      this.judge(true);
      return;
    }
  }

  /** Classes the owner's addresses and takes out what is stripped. */
  private judge(hasCut: boolean): void {
    const { walk, zone } = this;
    const { blocks, ats } = walk;
    const n = walk.count;
    let first = -1;
    let registryHost = true;
    for (let i = 0; i < n; i++) {
      const type = factType(blocks[i], ats[i]);
      if (type !== TYPE.A && type !== TYPE.AAAA) continue;
      if (first < 0) first = i;
      if (blocks[i][ats[i]] !== Kind.address) registryHost = false;
    }
    if (first < 0) return;
    const namedByCut = hasCut && walk.isNamedByCut();
    let namedByApex = false;
    let referenced = false;
    if (!namedByCut) {
      namedByApex = isApexHost(zone, walk.keyBlock, walk.keyStart, walk.keyEnd);
      referenced = this.findReferences();
    }
    const glueClass = classifyGlue(hasCut, namedByCut, namedByApex, referenced, registryHost);
    const kept = keepsGlue(glueClass, zone.glue, namedByApex, zone.keepSac048);
    const isOrphan =
      glueClass === GlueClass.unreferencedOrphan || glueClass === GlueClass.sac048Orphan;
    let left = 0;
    for (let i = 0; i < n; i++) {
      const type = factType(blocks[i], ats[i]);
      if (type === TYPE.A || type === TYPE.AAAA) {
        if (isOrphan) {
          const count = referenced ? this.referenceCount : 0;
          const example = referenced ? this.example : undefined;
          this.sink?.orphan(walk, glueClass, kept, blocks[i], ats[i], count, example);
        }
        if (!kept) continue;
        if (hasCut) this.glue++;
      }
      blocks[left] = blocks[i];
      ats[left++] = ats[i];
    }
    walk.count = left;
  }

  /** Moves the references up to the owner; true when some delegation names it. */
  private findReferences(): boolean {
    const { walk, references } = this;
    while (this.referencesLeft) {
      const d = compareBytes(
        references.keyBlock,
        references.keyStart,
        references.keyEnd,
        walk.keyBlock,
        walk.keyStart,
        walk.keyEnd,
      );
      if (d > 0) return false;
      if (d === 0) {
        this.sumReferences();
        return this.referenceCount > 0;
      }
      this.referencesLeft = references.next();
    }
    return false;
  }

  private sumReferences(): void {
    const { references } = this;
    let count = 0;
    let example: Uint8Array | undefined;
    for (let i = 0; i < references.parts; i++) {
      const block = references.partBlocks[i];
      const end = references.partEnds[i];
      for (let at = references.partStarts[i]; at < end; at += FACT_HEADER + factLength(block, at)) {
        count += factTtl(block, at);
        const p = at + FACT_HEADER;
        const q = p + factLength(block, at);
        if (example === undefined || compareBytes(block, p, q, example, 0, example.length) < 0) {
          example = block.subarray(p, q);
        }
      }
    }
    this.referenceCount = count;
    this.example = example;
  }
}
