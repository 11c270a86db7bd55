/**
 * The text of a zone file: one record a line, owner, TTL, class, type and RDATA with one tab
 * between (gTLD registry agreement, Specification 4 §2.1.4), into a buffer that grows.
 */

import { rdataTextRoom, writeRdata } from '../records/rdata.js';
import { TYPE, writeType } from '../records/types.js';

const TAB = 0x09;
const LF = 0x0a;

/** Types whose text is at most this many octets an octet of RDATA, plus {@link LINE_ROOM}. */
const LINE_ROOM = 1400;

/** Collects lines. `buffer[0, at)` is what was written. */
export class RecordText {
  buffer: Uint8Array<ArrayBuffer>;
  at = 0;
  private ttl = -1;
  private readonly ttlText = new Uint8Array(12);
  private ttlLength = 0;

  constructor(size: number) {
    this.buffer = new Uint8Array(size);
  }

  /** Appends one record; `owner[0, ownerLength)` is the owner's text. */
  record(
    owner: Uint8Array,
    ownerLength: number,
    ttl: number,
    type: number,
    rdata: Uint8Array,
    at: number,
    length: number,
  ): void {
    const room = type === TYPE.NS ? LINE_ROOM + 1100 : LINE_ROOM + rdataTextRoom(type, length);
    if (this.at + room > this.buffer.length) this.grow(room);
    const { buffer } = this;
    let o = this.at;
    for (let i = 0; i < ownerLength; i++) buffer[o++] = owner[i];
    buffer[o++] = TAB;
    if (ttl !== this.ttl) this.setTtl(ttl);
    for (let i = 0; i < this.ttlLength; i++) buffer[o++] = this.ttlText[i];
    buffer[o] = TAB;
    buffer[o + 1] = 0x69;
    buffer[o + 2] = 0x6e;
    buffer[o + 3] = TAB;
    o = writeType(type, buffer, o + 4);
    buffer[o++] = TAB;
    o = writeRdata(type, rdata, at, length, buffer, o);
    buffer[o++] = LF;
    this.at = o;
  }

  private setTtl(ttl: number): void {
    this.ttl = ttl;
    const text = String(ttl);
    for (let i = 0; i < text.length; i++) this.ttlText[i] = text.charCodeAt(i);
    this.ttlLength = text.length;
  }

  private grow(room: number): void {
    const wider = new Uint8Array(Math.max(this.buffer.length * 2, this.at + room));
    wider.set(this.buffer.subarray(0, this.at));
    this.buffer = wider;
  }
}
