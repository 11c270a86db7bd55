/**
 * Where a walk over owners (zone/owner-walk.ts) gets them from: a merge of runs, in canonical
 * order. There are two: a cursor, which takes any runs, and the kernel (zone/kernel-source.ts),
 * which is fast and does ordinary delegations by itself.
 */

import { compareBytes } from '../names/name.js';
import { FACT_HEADER, factLength, factType } from '../records/entry.js';
import { TYPE } from '../records/types.js';
import { Cursor } from '../sort/cursor.js';
import type { Run } from '../sort/run.js';

/** What a source stands at after `next`; the kernel (kernel/assembly/walk.ts) has the same. */
export const Stop = {
  /** The end of the range. */
  end: 0,
  /** An owner. */
  owner: 1,
  /** An owner below the cut that was found last. */
  belowCut: 2,
  /** An ordinary delegation: its NS and DS records are known, in order, none twice. */
  ordinary: 3,
  /** The next owner is not below the limit; it was not taken. */
  limit: 4,
} as const;

export interface OwnerSource {
  /** The owner's key is `keyBlock[keyStart, keyEnd)`. */
  readonly keyBlock: Uint8Array;
  readonly keyStart: number;
  readonly keyEnd: number;
  /** Its facts: those in `partBlocks[i][partStarts[i], partEnds[i])`. */
  readonly parts: number;
  readonly partBlocks: readonly Uint8Array[];
  readonly partStarts: readonly number[];
  readonly partEnds: readonly number[];
  /** Of an ordinary delegation: its facts begin at `keyBlock[facts[i]]`, NS records first. */
  readonly facts: ArrayLike<number>;
  readonly factCount: number;
  readonly nsCount: number;
  /** Goes to the next owner: a {@link Stop}. */
  next(): number;
  /** The walk has found a cut with this key, or none, of length -1, at or above the owner. */
  setCut(key: Uint8Array, length: number): void;
  /**
   * The cut above the owner, if the source has found it by itself since {@link setCut}: its key
   * goes to `key`.
   *
   * @returns the key's length, or -1: it is the walk's own; then the {@link facts} are the cut's.
   */
  ownCut(key: Uint8Array): number;
  /** Stops before this key; empty: nowhere. */
  setLimit(block: Uint8Array, start: number, end: number): void;
  /** Returns the next owner in any case, and each one until {@link release}. */
  hold(): void;
  release(): void;
  /** Is there an address under the key, which lies behind the owner? */
  hasAddressAhead(key: Uint8Array, length: number): boolean;
}

const NONE = new Uint8Array(0);

/** A source that takes any runs. */
export class CursorSource implements OwnerSource {
  keyBlock: Uint8Array = NONE;
  keyStart = 0;
  keyEnd = 0;
  parts = 0;
  partBlocks: readonly Uint8Array[];
  partStarts: readonly number[];
  partEnds: readonly number[];
  readonly facts = [];
  readonly factCount = 0;
  readonly nsCount = 0;
  private readonly cursor: Cursor;
  private ahead: Cursor | undefined;
  private isTaken = false;
  private cut: Uint8Array = NONE;
  private cutLength = -1;
  private limit: Uint8Array = NONE;
  private limitStart = 0;
  private limitEnd = 0;

  constructor(runs: readonly Run[], from: Uint8Array | undefined, to: Uint8Array | undefined) {
    this.cursor = new Cursor(runs, from, to);
    this.partBlocks = this.cursor.partBlocks;
    this.partStarts = this.cursor.partStarts;
    this.partEnds = this.cursor.partEnds;
  }

  next(): number {
    const { cursor } = this;
    do {
      if (!this.isTaken && !cursor.next()) return Stop.end;
      this.isTaken = true;
      if (this.isAtLimit()) return Stop.limit;
      this.isTaken = false;
    } while (cursor.keyEnd === cursor.keyStart);
    this.keyBlock = cursor.keyBlock;
    this.keyStart = cursor.keyStart;
    this.keyEnd = cursor.keyEnd;
    this.parts = cursor.parts;
    return this.isBelowCut() ? Stop.belowCut : Stop.owner;
  }

  setCut(key: Uint8Array, length: number): void {
    this.cut = key;
    this.cutLength = length;
  }

  ownCut(): number {
    return -1;
  }

  setLimit(block: Uint8Array, start: number, end: number): void {
    this.limit = block;
    this.limitStart = start;
    this.limitEnd = end;
  }

  hold(): void {
    // Every owner is returned.
  }

  release(): void {
    // Every owner is returned.
  }

  hasAddressAhead(key: Uint8Array, length: number): boolean {
    this.ahead ??= this.cursor.fork();
    const { ahead } = this;
    ahead.assign(this.cursor);
    while (ahead.next()) {
      const d = compareBytes(ahead.keyBlock, ahead.keyStart, ahead.keyEnd, key, 0, length);
      if (d > 0) return false;
      if (d < 0) continue;
      for (let i = 0; i < ahead.parts; i++) {
        const part = ahead.partBlocks[i];
        let p = ahead.partStarts[i];
        for (; p < ahead.partEnds[i]; p += FACT_HEADER + factLength(part, p)) {
          const type = factType(part, p);
          if (type === TYPE.A || type === TYPE.AAAA) return true;
        }
      }
      return false;
    }
    return false;
  }

  private isAtLimit(): boolean {
    const { cursor, limit, limitStart, limitEnd } = this;
    if (limitEnd === limitStart) return false;
    const { keyBlock, keyStart, keyEnd } = cursor;
    return compareBytes(keyBlock, keyStart, keyEnd, limit, limitStart, limitEnd) >= 0;
  }

  private isBelowCut(): boolean {
    const { keyBlock, keyStart, cut, cutLength } = this;
    return (
      cutLength > 0 &&
      this.keyEnd - keyStart > cutLength &&
      compareBytes(keyBlock, keyStart, keyStart + cutLength, cut, 0, cutLength) === 0
    );
  }
}
