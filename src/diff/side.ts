/**
 * One side of a comparison: walks sorted runs and yields units. A unit is a delegation with all
 * that lies at and below its cut (its glue), or any other owner by itself.
 */

import { compareBytes } from '../names/name.js';
import { FACT_HEADER, factLength, factType } from '../records/entry.js';
import { TYPE } from '../records/types.js';
import { Cursor } from '../sort/cursor.js';
import type { Run } from '../sort/run.js';

/** A position in a zone. Call {@link Side.next} before the first unit. */
export class Side {
  /** The unit's name has the key `keyBlock[keyStart, keyEnd)`. */
  keyBlock: Uint8Array = new Uint8Array(0);
  keyStart = 0;
  keyEnd = 0;
  delegation = false;
  /** Facts of the unit: fact `i` is at `blocks[i][ats[i]]`, its owner's key beside it. */
  count = 0;
  readonly blocks: Uint8Array[] = [];
  readonly ats: number[] = [];
  readonly ownerBlocks: Uint8Array[] = [];
  readonly ownerStarts: number[] = [];
  readonly ownerEnds: number[] = [];

  private readonly cursor: Cursor;
  /** Is the cursor at an owner that no unit has taken in yet? */
  private waiting: boolean;

  constructor(runs: readonly Run[], from: Uint8Array | undefined, to: Uint8Array | undefined) {
    this.cursor = new Cursor(runs, from, to);
    this.waiting = this.cursor.next();
  }

  /** Goes to the next unit. Returns false at the end of the range. */
  next(): boolean {
    const { cursor } = this;
    if (!this.waiting) return false;
    this.count = 0;
    this.keyBlock = cursor.keyBlock;
    this.keyStart = cursor.keyStart;
    this.keyEnd = cursor.keyEnd;
    const isApex = this.keyStart === this.keyEnd;
    this.delegation = this.take() && !isApex;
    this.waiting = cursor.next();
    if (!this.delegation) return true;
    while (this.waiting && this.isBelow()) {
      this.take();
      this.waiting = cursor.next();
    }
    return true;
  }

  /** Takes in the cursor's owner. Returns whether it has an NS record. */
  private take(): boolean {
    const { cursor, blocks, ats, ownerBlocks, ownerStarts, ownerEnds } = this;
    let n = this.count;
    let hasNs = false;
    for (let i = 0; i < cursor.parts; i++) {
      const block = cursor.partBlocks[i];
      const end = cursor.partEnds[i];
      for (let at = cursor.partStarts[i]; at < end; at += FACT_HEADER + factLength(block, at)) {
        if (factType(block, at) === TYPE.NS) hasNs = true;
        blocks[n] = block;
        ats[n] = at;
        ownerBlocks[n] = cursor.keyBlock;
        ownerStarts[n] = cursor.keyStart;
        ownerEnds[n++] = cursor.keyEnd;
      }
    }
    this.count = n;
    return hasNs;
  }

  private isBelow(): boolean {
    const { cursor } = this;
    const length = this.keyEnd - this.keyStart;
    const start = cursor.keyStart;
    return (
      cursor.keyEnd - start > length &&
      compareBytes(
        cursor.keyBlock,
        start,
        start + length,
        this.keyBlock,
        this.keyStart,
        this.keyEnd,
      ) === 0
    );
  }
}
