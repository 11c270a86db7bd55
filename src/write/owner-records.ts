/** The owner that is being written, and its records as facts: those that were read, and what is added. */

import { keyToWire, MAX_WIRE, wireToText } from '../names/name.js';
import { FACT_HEADER, factLength, factType, Kind, putFactHeader } from '../records/entry.js';
import type { OwnerWalk } from '../zone/owner-walk.js';

/** One owner at a time, in the same memory. */
export class OwnerRecords {
  /** Wire form and presentation form of its name. */
  readonly owner = new Uint8Array(MAX_WIRE + 1);
  ownerLength = 0;
  readonly ownerText = new Uint8Array(4 * MAX_WIRE + 1);
  ownerTextLength = 0;
  /** Its sort key is `keyBlock[keyStart, keyEnd)`. */
  keyBlock: Uint8Array = new Uint8Array(0);
  keyStart = 0;
  keyEnd = 0;
  /** Fact `i` is at `ats[i]` in `blocks[i]`; by type, and canonical within a type. */
  blocks: Uint8Array[] = [];
  ats: number[] = [];
  count = 0;
  /** The lists that are in use when they are not a walk's. */
  private readonly ownBlocks: Uint8Array[] = [];
  private readonly ownAts: number[] = [];

  /** @param apex wire form, the zone's name. */
  constructor(private readonly apex: Uint8Array) {}

  /** The records are those that a walk stands at; nothing may be added to them. */
  useWalk(walk: OwnerWalk): void {
    this.blocks = walk.blocks;
    this.ats = walk.ats;
    this.count = walk.count;
  }

  /** There are no records yet. */
  clear(): void {
    this.blocks = this.ownBlocks;
    this.ats = this.ownAts;
    this.count = 0;
  }

  setName(block: Uint8Array, start: number, end: number): void {
    const { owner, ownerText } = this;
    this.keyBlock = block;
    this.keyStart = start;
    this.keyEnd = end;
    this.ownerLength = keyToWire(block, start, end, this.apex, owner, 0);
    this.ownerTextLength = wireToText(owner, 0, ownerText, 0);
  }

  /** Adds all facts in `block[start, end)`. */
  addAll(block: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end; at += FACT_HEADER + factLength(block, at)) this.add(block, at);
  }

  /** Adds what a walk stands at. */
  addWalk(walk: OwnerWalk): void {
    for (let i = 0; i < walk.count; i++) this.add(walk.blocks[i], walk.ats[i]);
  }

  /**
   * Adds a record in its place among the types.
   *
   * @param fact its RDATA begins at FACT_HEADER and ends at `end`; what is before it is written here.
   */
  insert(fact: Uint8Array, type: number, ttl: number, end: number): void {
    putFactHeader(fact, 0, Kind.record, type, end - FACT_HEADER, ttl, 0, 0);
    const { blocks, ats } = this;
    let i = this.count++;
    while (i > 0 && factType(blocks[i - 1], ats[i - 1]) > type) {
      blocks[i] = blocks[i - 1];
      ats[i] = ats[i - 1];
      i--;
    }
    blocks[i] = fact;
    ats[i] = 0;
  }

  has(type: number): boolean {
    for (let i = 0; i < this.count; i++) {
      if (factType(this.blocks[i], this.ats[i]) === type) return true;
    }
    return false;
  }

  private add(block: Uint8Array, at: number): void {
    this.blocks[this.count] = block;
    this.ats[this.count++] = at;
  }
}
