/**
 * One side of a comparison: walks sorted runs and yields units. A unit is a delegation with all
 * that lies at and below its cut (its glue), or any other owner by itself.
 */

import { compareBytes } from '../names/name.js';
import { FACT_HEADER, factLength, factType } from '../records/entry.js';
import { isMadeBySigner, TYPE } from '../records/types.js';
import { Cursor } from '../sort/cursor.js';
import type { Run } from '../sort/run.js';

/** What is compared with what has the same name in the other zone. */
export interface Unit {
  /** The unit's name has the key `keyBlock[keyStart, keyEnd)`. */
  readonly keyBlock: Uint8Array;
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly delegation: boolean;
  /** Facts of the unit: fact `i` is at `blocks[i][ats[i]]`, its owner's key beside it. */
  readonly count: number;
  readonly blocks: readonly Uint8Array[];
  readonly ats: readonly number[];
  readonly ownerBlocks: readonly Uint8Array[];
  readonly ownerStarts: readonly number[];
  readonly ownerEnds: readonly number[];
}

/** Where an owner's key lies. */
export interface Owner {
  readonly keyBlock: Uint8Array;
  readonly keyStart: number;
  readonly keyEnd: number;
}

/** A unit that is put together owner by owner. What a signer makes is left out. */
export class GatheredUnit implements Unit {
  keyBlock: Uint8Array = new Uint8Array(0);
  keyStart = 0;
  keyEnd = 0;
  delegation = false;
  count = 0;
  readonly blocks: Uint8Array[] = [];
  readonly ats: number[] = [];
  readonly ownerBlocks: Uint8Array[] = [];
  readonly ownerStarts: number[] = [];
  readonly ownerEnds: number[] = [];

  /** Begins a unit. */
  open({ keyBlock, keyStart, keyEnd }: Owner): void {
    this.keyBlock = keyBlock;
    this.keyStart = keyStart;
    this.keyEnd = keyEnd;
    this.delegation = false;
    this.count = 0;
  }

  /** Adds the fact at `block[at]`. Returns whether it is an NS record. */
  add({ keyBlock, keyStart, keyEnd }: Owner, block: Uint8Array, at: number): boolean {
    const type = factType(block, at);
    if (isMadeBySigner(type, keyEnd === keyStart)) return false;
    const n = this.count++;
    this.blocks[n] = block;
    this.ats[n] = at;
    this.ownerBlocks[n] = keyBlock;
    this.ownerStarts[n] = keyStart;
    this.ownerEnds[n] = keyEnd;
    return type === TYPE.NS;
  }
}

/** A position in a zone. Call {@link Side.next} before the first unit. */
export class Side {
  readonly unit = new GatheredUnit();
  private readonly cursor: Cursor;
  /** Is the cursor at an owner that no unit has taken in yet? */
  private waiting: boolean;

  constructor(runs: readonly Run[], from: Uint8Array | undefined, to: Uint8Array | undefined) {
    this.cursor = new Cursor(runs, from, to);
    this.waiting = this.cursor.next();
  }

  /** Makes {@link unit} the next one. Returns false at the end of the range. */
  next(): boolean {
    const { cursor, unit } = this;
    while (this.waiting) {
      unit.open(cursor);
      const hasNs = this.take();
      this.waiting = cursor.next();
      // Nothing but what a signer makes.
      if (unit.count === 0) continue;
      unit.delegation = hasNs && unit.keyEnd > unit.keyStart;
      while (unit.delegation && this.waiting && this.isBelow()) {
        this.take();
        this.waiting = cursor.next();
      }
      return true;
    }
    return false;
  }

  /** Takes in the cursor's owner. Returns whether it has an NS record. */
  private take(): boolean {
    const { cursor, unit } = this;
    let hasNs = false;
    for (let i = 0; i < cursor.parts; i++) {
      const block = cursor.partBlocks[i];
      const end = cursor.partEnds[i];
      for (let at = cursor.partStarts[i]; at < end; at += FACT_HEADER + factLength(block, at)) {
        if (unit.add(cursor, block, at)) hasNs = true;
      }
    }
    return hasNs;
  }

  private isBelow(): boolean {
    const { cursor, unit } = this;
    const length = unit.keyEnd - unit.keyStart;
    const start = cursor.keyStart;
    return (
      cursor.keyEnd - start > length &&
      compareBytes(
        cursor.keyBlock,
        start,
        start + length,
        unit.keyBlock,
        unit.keyStart,
        unit.keyEnd,
      ) === 0
    );
  }
}
