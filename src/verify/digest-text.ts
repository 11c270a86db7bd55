/**
 * The text that ZONEMD hashes under the scheme SIMPLE (RFC 8976 §3.3.1): every record of the zone
 * in canonical order and wire form, without repeated ones, the apex's ZONEMD and its signatures.
 */

import { copyOctets } from '../kernel/copy.js';
import { type Kernel, KernelArea } from '../kernel/kernel.js';
import { FACT_HEADER, factLength, factTtl } from '../records/entry.js';
import { TYPE } from '../records/types.js';
import type { OwnerRecords } from './owner-records.js';

/** Collects the text of a range. */
export class DigestText {
  private out: Uint8Array = new Uint8Array(0);
  private at = 0;
  private readonly area: KernelArea | undefined;

  /** @param kernel in whose memory the text shall lie, so that the short way can write it, too. */
  constructor(private readonly kernel?: Kernel | undefined) {
    this.area = kernel && new KernelArea(kernel);
  }

  /**
   * Begins a text.
   *
   * @param room octets that there is room for without growing.
   */
  restart(room: number): void {
    this.at = 0;
    this.open(room);
  }

  private open(room: number): void {
    const { area, kernel } = this;
    if (area === undefined || kernel === undefined) {
      this.out = new Uint8Array(room);
      return;
    }
    const address = area.room(room);
    this.out = kernel.bytes.subarray(address, address + room);
  }

  /** Hands the short way where the text ends and where its room ends, two words at `words[w]`. */
  lend(words: Uint32Array, w: number): void {
    words[w] = this.out.byteOffset + this.at;
    words[w + 1] = this.out.byteOffset + this.out.length;
  }

  /** Takes over what the short way has written. */
  takeBack(words: Uint32Array, w: number): void {
    this.at = words[w] - this.out.byteOffset;
  }

  /** Adds the records of an owner, whose name is `wire[0, wireEnd)`. */
  add(records: OwnerRecords, wire: Uint8Array, wireEnd: number, isApex: boolean): void {
    const { count, block, at, type } = records;
    let { out } = this;
    let o = this.at;
    for (let i = 0; i < count; i++) {
      const t = type[i];
      if (isApex) {
        if (t === TYPE.ZONEMD) continue;
        if (t === TYPE.RRSIG && records.covered(i) === TYPE.ZONEMD) continue;
      }
      const b = block[i];
      let p = at[i];
      const n = factLength(b, p);
      if (o + wireEnd + 10 + n > out.length) {
        this.at = o;
        this.grow(wireEnd + 10 + n);
        out = this.out;
      }
      for (let k = 0; k < wireEnd; k++) out[o++] = wire[k];
      const ttl = factTtl(b, p);
      out[o] = t >> 8;
      out[o + 1] = t;
      out[o + 2] = 0;
      out[o + 3] = 1;
      out[o + 4] = ttl >>> 24;
      out[o + 5] = ttl >>> 16;
      out[o + 6] = ttl >>> 8;
      out[o + 7] = ttl;
      out[o + 8] = n >> 8;
      out[o + 9] = n;
      o += 10;
      p += FACT_HEADER;
      for (const end = p + n; p < end; p++) out[o++] = b[p];
    }
    this.at = o;
  }

  /** The text so far; the array is the receiver's. */
  take(): Uint8Array<ArrayBuffer> {
    const text = new Uint8Array(this.at);
    copyOctets(this.out, 0, this.at, text, 0);
    return text;
  }

  private grow(more: number): void {
    const { out, at } = this;
    this.open(Math.max(out.length * 2, at + more));
    copyOctets(out, 0, at, this.out, 0);
  }
}
