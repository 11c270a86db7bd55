/**
 * The text that ZONEMD hashes under the scheme SIMPLE (RFC 8976 §3.3.1): every record of the zone
 * in canonical order and wire form, without repeated ones, the apex's ZONEMD and its signatures.
 */

import { TYPE } from '../records/types.js';
import type { OwnerRecords } from './owner-records.js';

/** Collects the text of a range. */
export class DigestText {
  private out: Uint8Array<ArrayBuffer>;
  private at = 0;

  /** @param room octets that there is room for without growing. */
  constructor(room: number) {
    this.out = new Uint8Array(room);
  }

  /** Adds the records of an owner, whose name is `wire[0, wireEnd)`. */
  add(records: OwnerRecords, wire: Uint8Array, wireEnd: number, isApex: boolean): void {
    for (let i = 0; i < records.count; i++) {
      const type = records.type[i];
      if (isApex) {
        if (type === TYPE.ZONEMD) continue;
        if (type === TYPE.RRSIG && records.covered(i) === TYPE.ZONEMD) continue;
      }
      const n = records.rdlength(i);
      if (this.at + wireEnd + 10 + n > this.out.length) this.grow(wireEnd + 10 + n);
      const { out } = this;
      let o = this.at;
      for (let k = 0; k < wireEnd; k++) out[o++] = wire[k];
      const ttl = records.ttl(i);
      out[o++] = type >> 8;
      out[o++] = type;
      out[o++] = 0;
      out[o++] = 1;
      out[o++] = ttl >>> 24;
      out[o++] = ttl >>> 16;
      out[o++] = ttl >>> 8;
      out[o++] = ttl;
      out[o++] = n >> 8;
      out[o++] = n;
      const b = records.block[i];
      const p = records.rdata(i);
      for (let k = p; k < p + n; k++) out[o++] = b[k];
      this.at = o;
    }
  }

  /** The text so far; the array is the receiver's. */
  take(): Uint8Array<ArrayBuffer> {
    return this.out.subarray(0, this.at);
  }

  private grow(more: number): void {
    const wider = new Uint8Array(Math.max(this.out.length * 2, this.at + more));
    wider.set(this.out.subarray(0, this.at));
    this.out = wider;
  }
}
