/** Finds the next owner that has an NSEC record: the one behind, or the apex at the end. */

import { compareBytes } from '../names/name.js';
import type { Run } from '../sort/run.js';
import type { ZoneContext } from '../zone/context.js';
import { CursorSource, Stop } from '../zone/owner-source.js';
import { Role } from '../zone/owner-walk.js';
import { PublishedWalk } from '../zone/published-walk.js';

/** A walk of its own, ahead of the one that asks. */
export class NsecSuccessor {
  private readonly scout: PublishedWalk;
  private has: boolean;

  constructor(zone: ZoneContext, references: readonly Run[], from: Uint8Array | undefined) {
    const source = new CursorSource(zone.runs, from, undefined);
    this.scout = new PublishedWalk(zone, references, from, undefined, source, undefined);
    this.has = this.scout.next() === Stop.owner;
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
      this.has = this.scout.next() === Stop.owner;
    }
    return new Uint8Array(0);
  }
}
