/** The NSEC (RFC 4034 §4) or NSEC3 (RFC 5155 §3) record of an owner that is written. */

import type { NsecSuccessor } from '../denial/nsec-successor.js';
import type { Nsec3Walk } from '../denial/nsec3-chain.js';
import { HASH_LENGTH, HASH_TEXT, textToHash } from '../denial/nsec3-hash.js';
import { keyToWire } from '../names/name.js';
import { addType, finishBitmap } from '../records/bitmap.js';
import { FACT_HEADER, factType } from '../records/entry.js';
import { rdataTextRoom, writeRdata } from '../records/rdata.js';
import { TYPE } from '../records/types.js';
import type { ZoneContext } from '../zone/context.js';
import type { OwnerRecords } from './owner-records.js';

/** Room for the types' bitmap and the names or hashes beside it. */
const ROOM = 9000;

/** Makes the record of one owner at a time, in the same memory. */
export class DenialRecords {
  /** An NSEC record as a fact. */
  private readonly nsec = new Uint8Array(FACT_HEADER + ROOM);
  /** An NSEC3 record, whose beginning is always the same, and where that ends. */
  private readonly nsec3 = new Uint8Array(FACT_HEADER + ROOM);
  private nsec3HeadEnd = 0;

  /** @param ttl of the records, in seconds (RFC 9077 §3). */
  constructor(
    private readonly zone: ZoneContext,
    private readonly ttl: number,
  ) {}

  /** Adds the owner's NSEC record, in its place among the types. */
  addNsec(
    records: OwnerRecords,
    successor: NsecSuccessor,
    block: Uint8Array,
    keyStart: number,
    keyEnd: number,
  ): void {
    const { nsec } = this;
    const next = successor.after(block, keyStart, keyEnd);
    let o = FACT_HEADER;
    o = keyToWire(next, 0, next.length, this.zone.apex, nsec, o);
    const isDelegation = keyEnd > keyStart && records.has(TYPE.NS);
    for (let i = 0; i < records.count; i++) {
      const type = factType(records.blocks[i], records.ats[i]);
      // At a cut the parent is authoritative for NS, in the bitmap, and DS only.
      if (isDelegation && type !== TYPE.NS && type !== TYPE.DS) continue;
      addType(type);
    }
    addType(TYPE.NSEC);
    addType(TYPE.RRSIG);
    o = finishBitmap(nsec, o);
    records.insert(nsec, TYPE.NSEC, this.ttl, o);
  }

  /** Adds the NSEC3 record that the chain stands at. */
  addNsec3(records: OwnerRecords, chain: Nsec3Walk): void {
    const { nsec3 } = this;
    if (this.nsec3HeadEnd === 0) this.nsec3HeadEnd = this.putNsec3Head(nsec3);
    let o = this.nsec3HeadEnd;
    if (!textToHash(chain.nextBlock, chain.nextStart, nsec3, o)) {
      throw new Error('a name of the NSEC3 chain is no hash');
    }
    o += HASH_LENGTH;
    for (let p = chain.bitmapStart; p < chain.bitmapEnd; p++) nsec3[o++] = chain.bitmapBlock[p];
    records.insert(nsec3, TYPE.NSEC3, this.ttl, o);
  }

  /** What all NSEC3 records of the zone begin with: their RDATA and its text, up to the next hash. */
  nsec3Head(): { readonly rdata: Uint8Array; readonly text: Uint8Array } {
    // As a record with a hash of zeros, of which the text is known.
    const fact = new Uint8Array(FACT_HEADER + ROOM);
    const end = this.putNsec3Head(fact);
    const length = end + HASH_LENGTH - FACT_HEADER;
    const line = new Uint8Array(rdataTextRoom(TYPE.NSEC3, length));
    const lineEnd = writeRdata(TYPE.NSEC3, fact, FACT_HEADER, length, line, 0);
    return { rdata: fact.slice(FACT_HEADER, end - 1), text: line.subarray(0, lineEnd - HASH_TEXT) };
  }

  /** Writes an NSEC3 record up to the next hashed owner; returns where that goes. */
  private putNsec3Head(fact: Uint8Array): number {
    const { denial } = this.zone;
    if (denial.kind !== 'nsec3') throw new Error('the zone has no NSEC3 chain');
    const { salt, iterations, optOut } = denial;
    let o = FACT_HEADER;
    fact[o++] = 1;
    fact[o++] = optOut ? 1 : 0;
    fact[o++] = iterations >>> 8;
    fact[o++] = iterations;
    fact[o++] = salt.length;
    fact.set(salt, o);
    o += salt.length;
    fact[o++] = HASH_LENGTH;
    return o;
  }
}
