/**
 * Takes the facts of a text that is in canonical order already and hands them on owner by owner:
 * no entries are kept, nothing is sorted. One array holds the facts of a part of the text and is
 * used again for the next.
 */

import { compareBytes, MAX_KEY, MAX_WIRE } from '../names/name.js';
import { EntryWriter, FACT_HEADER, Kind, putFactHeader } from '../records/entry.js';
import { TYPE } from '../records/types.js';

const DOT = 0x2e;
const FIRST_ROOM = 1 << 20;
/** Room for the RDATA of an NS record, and for any fact's header. */
const NS_ROOM = FACT_HEADER + 256;

/** Octets that stand for themselves in a name in lower case. */
export const PLAIN = new Uint8Array(256);
for (const c of 'abcdefghijklmnopqrstuvwxyz0123456789-_') PLAIN[c.charCodeAt(0)] = 1;

/** Is given each owner: facts in `block[start, end)`, its sort key in `key[0, keyLength)`. The
 * key is overwritten with the next owner's, the facts stay until {@link OwnerFeed.begin}. */
export type TakeOwner = (
  block: Uint8Array,
  start: number,
  end: number,
  key: Uint8Array,
  keyLength: number,
) => void;

/** In the place of a writer of entries: the parser writes here. */
export class OwnerFeed extends EntryWriter {
  /** Did an owner come that does not belong behind the one before? */
  disorder = false;
  /** Key of the first owner. */
  first: Uint8Array | undefined;
  /** Lines before the text that the parser is given. */
  lineBase = 0;

  private out: Uint8Array = new Uint8Array(FIRST_ROOM);
  private end = 0;
  /** Where the owner's facts begin. */
  private start = 0;
  private readonly key = new Uint8Array(MAX_KEY);
  private keyLength = -1;
  private targetLength = 0;

  constructor(private readonly take: TakeOwner) {
    super();
  }

  /** Begins a part. */
  begin(): void {
    this.disorder = false;
    this.first = undefined;
    this.lineBase = 0;
    this.end = this.start = 0;
    this.keyLength = -1;
  }

  /** Hands on the last owner. @returns its key. */
  finish(): Uint8Array | undefined {
    if (this.keyLength < 0) return undefined;
    this.handOn();
    return this.key.slice(0, this.keyLength);
  }

  /** Takes a fact from the parser. */
  override append(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    kind: number,
    type: number,
    ttl: number,
    chunk: number,
    line: number,
    rdata: Uint8Array,
    rdataStart: number,
    rdataEnd: number,
  ): void {
    this.turn(key, keyStart, keyEnd);
    const length = rdataEnd - rdataStart;
    if (this.end + FACT_HEADER + length > this.out.length) this.grow(FACT_HEADER + length);
    const { out } = this;
    let o = this.end + FACT_HEADER;
    this.header(kind, type, length, ttl, chunk, line + this.lineBase);
    if (length < 64) {
      for (let i = rdataStart; i < rdataEnd; i++) out[o++] = rdata[i];
    } else {
      out.set(rdata.subarray(rdataStart, rdataEnd), o);
      o += length;
    }
    this.end = o;
    this.facts++;
  }

  /**
   * Reads the absolute name of plain octets at `text[start]`, as the RDATA of the next NS record.
   *
   * @returns the offset behind the name, or -1: it is not such a name.
   */
  readTarget(text: Uint8Array, start: number): number {
    if (this.end + NS_ROOM > this.out.length) this.grow(NS_ROOM);
    const { out } = this;
    const at = this.end + FACT_HEADER;
    let label = at;
    let o = at + 1;
    let p = start;
    for (;;) {
      const c = text[p];
      if (PLAIN[c] === 1) {
        out[o++] = c;
      } else if (c === DOT) {
        const n = o - label - 1;
        if (n === 0 || n > 63) return -1;
        out[label] = n;
        label = o++;
      } else {
        break;
      }
      p++;
    }
    if (o !== label + 1 || label === at || o - at > MAX_WIRE) return -1;
    out[label] = 0;
    this.targetLength = o - at;
    return p;
  }

  /** Takes an NS record of the owner at hand, whose target was read last. */
  appendNs(ttl: number, chunk: number, line: number): void {
    const length = this.targetLength;
    this.header(Kind.record, TYPE.NS, length, ttl, chunk, line);
    this.end += FACT_HEADER + length;
    this.facts++;
  }

  /** Goes on to the owner with this key, unless it is the one at hand. */
  turn(key: Uint8Array, start: number, end: number): void {
    if (this.keyLength >= 0) {
      const d = compareBytes(this.key, 0, this.keyLength, key, start, end);
      if (d === 0) return;
      if (d > 0) this.disorder = true;
      this.handOn();
      this.start = this.end;
    } else {
      this.first = key.slice(start, end);
    }
    const own = this.key;
    for (let i = start; i < end; i++) own[i - start] = key[i];
    this.keyLength = end - start;
  }

  private handOn(): void {
    if (this.disorder) return;
    this.take(this.out, this.start, this.end, this.key, this.keyLength);
  }

  /** Writes a fact's header at the end, as records/entry.ts has it. */
  private header(
    kind: number,
    type: number,
    length: number,
    ttl: number,
    chunk: number,
    line: number,
  ): void {
    putFactHeader(this.out, this.end, kind, type, length, ttl, chunk, line);
  }

  /** Facts of earlier owners stay where they were: somebody may hold on to them. */
  private grow(more: number): void {
    const wider = new Uint8Array(Math.max(this.out.length * 2, this.end + more));
    wider.set(this.out.subarray(0, this.end));
    this.out = wider;
  }
}
