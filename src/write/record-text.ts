/**
 * The text of a zone file: one record a line, owner, TTL, class, type and RDATA with one tab
 * between (gTLD registry agreement, Specification 4 §2.1.4), into a buffer that grows.
 */

import { copyOctets } from '../kernel/copy.js';
import { wireToText } from '../names/name.js';
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
  /** What stands between owner and RDATA in a record of this type and TTL. */
  private readonly head = new Uint8Array(32);
  private headLength = 0;
  private ttl = -1;
  private type = -1;

  /** @param memory to be used again, or its size. */
  constructor(memory: number | ArrayBuffer) {
    this.buffer = typeof memory === 'number' ? new Uint8Array(memory) : new Uint8Array(memory);
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
    if (ttl !== this.ttl || type !== this.type) this.setHead(ttl, type);
    const { buffer, head, headLength } = this;
    let o = this.at;
    for (let i = 0; i < ownerLength; i++) buffer[o++] = owner[i];
    for (let i = 0; i < headLength; i++) buffer[o++] = head[i];
    o =
      type === TYPE.NS
        ? wireToText(rdata, at, buffer, o)
        : writeRdata(type, rdata, at, length, buffer, o);
    buffer[o++] = LF;
    this.at = o;
  }

  /** Appends lines as they are. */
  append(lines: Uint8Array, start: number, end: number): void {
    if (this.at + end - start > this.buffer.length) this.grow(end - start);
    copyOctets(lines, start, end, this.buffer, this.at);
    this.at += end - start;
  }

  private setHead(ttl: number, type: number): void {
    const { head } = this;
    this.ttl = ttl;
    this.type = type;
    const text = String(ttl);
    let o = 0;
    head[o++] = TAB;
    for (let i = 0; i < text.length; i++) head[o++] = text.charCodeAt(i);
    head[o++] = TAB;
    head[o++] = 0x69;
    head[o++] = 0x6e;
    head[o++] = TAB;
    o = writeType(type, head, o);
    head[o++] = TAB;
    this.headLength = o;
  }

  private grow(room: number): void {
    const wider = new Uint8Array(Math.max(this.buffer.length * 2, this.at + room));
    wider.set(this.buffer.subarray(0, this.at));
    this.buffer = wider;
  }
}
