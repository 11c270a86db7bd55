/**
 * Walks the NSEC3 chain of a zone (RFC 5155 §7.1) over a range of names, one step ahead: what
 * each record says comes next is the name behind it, for the last one the first of the chain.
 */

import { guardError } from '../errors.js';
import { compareBytes, nameFromKey, nameToText } from '../names/name.js';
import { FACT_HEADER, factLength, factType } from '../records/entry.js';
import { Cursor } from '../sort/cursor.js';
import type { Run } from '../sort/run.js';

/** What the type field of a hash fact (records/entry.ts) says of the name. */
export const HashKind = {
  insecureDelegation: 0,
  secureDelegation: 1,
  /** Authoritative data; its RDATA holds the name, too. */
  authoritative: 2,
  /** An empty non-terminal; its RDATA holds the name, too. */
  emptyNonTerminal: 3,
} as const;

/** The sort key of the first NSEC3 owner of a chain; undefined for an empty one. */
export function firstOfChain(hashes: readonly Run[]): Uint8Array | undefined {
  const cursor = new Cursor(hashes);
  return cursor.next() ? cursor.keyBlock.slice(cursor.keyStart, cursor.keyEnd) : undefined;
}

/** See the file's header. Call {@link next} before the first record. */
export class Nsec3Walk {
  /** Sort key of the NSEC3 record's owner: `keyBlock[keyStart, keyEnd)`. */
  keyBlock: Uint8Array = new Uint8Array(0);
  keyStart = 0;
  keyEnd = 0;
  /** Its type bitmap: `bitmapBlock[bitmapStart, bitmapEnd)`. */
  bitmapBlock: Uint8Array = new Uint8Array(0);
  bitmapStart = 0;
  bitmapEnd = 0;
  /** Is the name a delegation and nothing else, and a secure one? Then its types are those that go
   * with that. */
  isDelegation = false;
  isSecure = false;
  /** Sort key of the next one: `nextBlock[nextStart…]`. */
  nextBlock: Uint8Array;
  nextStart = 0;

  private readonly cursor: Cursor;
  private has: boolean;

  /**
   * @param first sort key of the first of the whole chain.
   * @param apex the zone's wire name, for messages.
   */
  constructor(
    hashes: readonly Run[],
    private readonly first: Uint8Array,
    private readonly apex: Uint8Array,
    from: Uint8Array | undefined,
    private readonly to: Uint8Array | undefined,
  ) {
    // Beyond the range, too: the record behind the last one is wanted.
    this.cursor = new Cursor(hashes, from, undefined);
    this.has = this.cursor.next();
    this.nextBlock = first;
  }

  /**
   * Goes to the next record. False at the end of the range.
   *
   * @throws ZonewrightError (exit 6) when two names have one hash.
   */
  next(): boolean {
    const { cursor, to } = this;
    if (!this.has) return false;
    const { keyBlock, keyStart, keyEnd } = cursor;
    if (to !== undefined && compareBytes(keyBlock, keyStart, keyEnd, to, 0, to.length) >= 0) {
      return false;
    }
    this.keyBlock = keyBlock;
    this.keyStart = keyStart;
    this.keyEnd = keyEnd;
    this.takeBitmap();
    this.has = cursor.next();
    this.nextBlock = this.has ? cursor.keyBlock : this.first;
    this.nextStart = this.has ? cursor.keyStart : 0;
    return true;
  }

  /** Finds the bitmap: that of the name itself where a range saw an empty non-terminal only. */
  private takeBitmap(): void {
    const { cursor } = this;
    let facts = 0;
    let best = HashKind.emptyNonTerminal + 1;
    for (let i = 0; i < cursor.parts; i++) {
      const block = cursor.partBlocks[i];
      const end = cursor.partEnds[i];
      for (let at = cursor.partStarts[i]; at < end; at += FACT_HEADER + factLength(block, at)) {
        facts++;
        const kind = factType(block, at);
        if (kind >= best) continue;
        best = kind;
        const p = at + FACT_HEADER;
        this.bitmapBlock = block;
        if (kind === HashKind.authoritative || kind === HashKind.emptyNonTerminal) {
          this.bitmapStart = p + 2;
          this.bitmapEnd = p + 2 + ((block[p] << 8) | block[p + 1]);
        } else {
          this.bitmapStart = p;
          this.bitmapEnd = p + factLength(block, at);
        }
      }
    }
    this.isSecure = best === HashKind.secureDelegation;
    this.isDelegation = this.isSecure || best === HashKind.insecureDelegation;
    if (facts > 1) this.refuseCollision();
  }

  /**
   * Two names with one hash can't both be proven (RFC 5155 §7.1 wants another salt). An empty
   * non-terminal may come from several ranges, and may turn out to be a name with data.
   */
  private refuseCollision(): void {
    const { cursor } = this;
    let name: Uint8Array | undefined;
    let clash = false;
    for (let i = 0; i < cursor.parts; i++) {
      const block = cursor.partBlocks[i];
      const end = cursor.partEnds[i];
      for (let at = cursor.partStarts[i]; at < end; at += FACT_HEADER + factLength(block, at)) {
        const kind = factType(block, at);
        if (kind !== HashKind.authoritative && kind !== HashKind.emptyNonTerminal) {
          clash = true;
          continue;
        }
        const p = at + FACT_HEADER;
        const from = p + 2 + ((block[p] << 8) | block[p + 1]);
        const mine = block.subarray(from, p + factLength(block, at));
        if (name !== undefined && compareBytes(name, 0, name.length, mine, 0, mine.length) !== 0) {
          clash = true;
        }
        name = mine;
      }
    }
    if (!clash) return;
    const hash = this.keyBlock.slice(this.keyStart, this.keyEnd);
    throw guardError(
      `two names of the zone have the NSEC3 hash ${nameToText(nameFromKey(hash, this.apex))}`,
      { hint: 'Choose another salt for this zone (nsec3 salt), or sign it with NSEC.' },
    );
  }
}
