/** Records in wire form, uncompressed and canonical (RFC 4034 §6.2), into a growing buffer. */

import { copyOctets } from '../kernel/copy.js';

/** Collects records. `buffer[0, at)` is what was written. */
export class WireText {
  buffer: Uint8Array<ArrayBuffer>;
  at = 0;

  /** @param memory to be used again, or its size. */
  constructor(memory: number | ArrayBuffer) {
    this.buffer = typeof memory === 'number' ? new Uint8Array(memory) : new Uint8Array(memory);
  }

  /** Appends a record of class IN. */
  record(
    owner: Uint8Array,
    ownerLength: number,
    type: number,
    ttl: number,
    rdata: Uint8Array,
    at: number,
    length: number,
  ): void {
    if (this.at + ownerLength + 10 + length > this.buffer.length) this.grow();
    const { buffer } = this;
    let o = this.at;
    for (let i = 0; i < ownerLength; i++) buffer[o++] = owner[i];
    buffer[o] = type >>> 8;
    buffer[o + 1] = type;
    buffer[o + 2] = 0;
    buffer[o + 3] = 1;
    buffer[o + 4] = ttl >>> 24;
    buffer[o + 5] = ttl >>> 16;
    buffer[o + 6] = ttl >>> 8;
    buffer[o + 7] = ttl;
    buffer[o + 8] = length >>> 8;
    buffer[o + 9] = length;
    o += 10;
    for (let p = at, end = at + length; p < end; p++) buffer[o++] = rdata[p];
    this.at = o;
  }

  /** Appends records as they are. */
  append(records: Uint8Array, start: number, end: number): void {
    if (end === start) return;
    if (this.at + end - start > this.buffer.length) this.grow(end - start);
    copyOctets(records, start, end, this.buffer, this.at);
    this.at += end - start;
  }

  /** Room for so many octets, or for another record, the largest there can be. */
  private grow(room = 70_000): void {
    const wider = new Uint8Array(Math.max(this.buffer.length * 2, this.at + room));
    wider.set(this.buffer.subarray(0, this.at));
    this.buffer = wider;
  }
}
