/**
 * The records of one owner in the order of RFC 8976 §3.3.1 (type, then RDATA), without repeated
 * ones. The columns are reused from owner to owner: a record is an index, never an object.
 */

import { compareBytes } from '../names/name.js';
import { FACT_HEADER, factLength, factTtl, factType } from '../records/entry.js';
import { TYPE } from '../records/types.js';
import type { Cursor } from '../sort/cursor.js';

/** Above this many records of an owner the sort is not one by insertion. */
const MANY = 48;

/** Columns of an owner's records. */
export class OwnerRecords {
  /** Records without repetitions. */
  count = 0;
  /** Record `i` is the fact at `block[i][at[i]]`. */
  block: Uint8Array[] = [];
  at: Int32Array = new Int32Array(64);
  type: Uint16Array = new Uint16Array(64);
  /** Records that repeat another one; behind the `count` others in the columns. */
  repeated = 0;
  /** Where the records of type RRSIG begin and end. */
  firstSignature = 0;
  endSignatures = 0;
  /** Are all records NS? Then there are no repeated ones either. */
  onlyNs = false;

  /** Takes in the records under the cursor's key. */
  load(cursor: Cursor): void {
    const { partBlocks, partStarts, partEnds } = cursor;
    let n = 0;
    let sorted = true;
    for (let part = 0; part < cursor.parts; part++) {
      const b = partBlocks[part];
      const end = partEnds[part];
      for (let p = partStarts[part]; p < end; p += FACT_HEADER + factLength(b, p)) {
        if (n === this.at.length) this.grow();
        this.block[n] = b;
        this.at[n] = p;
        this.type[n] = factType(b, p);
        if (n > 0 && sorted && this.compare(n - 1, n) >= 0) sorted = false;
        n++;
      }
    }
    this.finish(n, sorted);
  }

  /** Takes in the facts in `block[start, end)`. */
  loadFacts(block: Uint8Array, start: number, end: number): void {
    let n = 0;
    let sorted = true;
    for (let p = start; p < end; p += FACT_HEADER + factLength(block, p)) {
      if (n === this.at.length) this.grow();
      this.block[n] = block;
      this.at[n] = p;
      this.type[n] = factType(block, p);
      if (n > 0 && sorted && this.compare(n - 1, n) >= 0) sorted = false;
      n++;
    }
    this.finish(n, sorted);
  }

  private finish(count: number, sorted: boolean): void {
    this.count = count;
    this.repeated = 0;
    this.onlyNs = false;
    if (!sorted) this.sort();
    else if (count > 0 && this.type[0] === TYPE.NS && this.type[count - 1] === TYPE.NS) {
      this.onlyNs = true;
      this.firstSignature = this.endSignatures = 0;
      return;
    }
    this.firstSignature = this.endSignatures = 0;
    for (let i = 0; i < this.count; i++) {
      if (this.type[i] !== TYPE.RRSIG) continue;
      if (this.endSignatures === 0) this.firstSignature = i;
      this.endSignatures = i + 1;
    }
  }

  /** The end of the RRset that begins at record `i`. */
  rrsetEnd(i: number): number {
    const type = this.type[i];
    let end = i + 1;
    while (end < this.count && this.type[end] === type) end++;
    return end;
  }

  ttl(i: number): number {
    return factTtl(this.block[i], this.at[i]);
  }

  rdata(i: number): number {
    return this.at[i] + FACT_HEADER;
  }

  rdlength(i: number): number {
    return factLength(this.block[i], this.at[i]);
  }

  /** Is there a record of this type? */
  has(type: number): boolean {
    for (let i = 0; i < this.count; i++) if (this.type[i] === type) return true;
    return false;
  }

  /** The type that the RRSIG `i` covers. */
  covered(i: number): number {
    const b = this.block[i];
    const p = this.rdata(i);
    return (b[p] << 8) | b[p + 1];
  }

  private compare(i: number, j: number): number {
    if (this.type[i] !== this.type[j]) return this.type[i] - this.type[j];
    const p = this.at[i] + FACT_HEADER;
    const q = this.at[j] + FACT_HEADER;
    return compareBytes(
      this.block[i],
      p,
      p + this.rdlength(i),
      this.block[j],
      q,
      q + this.rdlength(j),
    );
  }

  private sort(): void {
    const n = this.count;
    if (n > MANY) {
      const order = Int32Array.from({ length: n }, (_, i) => i);
      order.sort((i, j) => this.compare(i, j));
      const block = Array.from(order, (i) => this.block[i]);
      const at = Int32Array.from(order, (i) => this.at[i]);
      const type = Uint16Array.from(order, (i) => this.type[i]);
      for (let i = 0; i < n; i++) {
        this.block[i] = block[i];
        this.at[i] = at[i];
        this.type[i] = type[i];
      }
    } else {
      for (let i = 1; i < n; i++) {
        for (let j = i; j > 0 && this.compare(j - 1, j) > 0; j--) this.exchange(j - 1, j);
      }
    }
    let kept = 1;
    for (let i = 1; i < n; i++) {
      if (this.compare(kept - 1, i) === 0) continue;
      if (i !== kept) this.exchange(i, kept);
      kept++;
    }
    this.count = kept;
    this.repeated = n - kept;
  }

  private exchange(i: number, j: number): void {
    const b = this.block[i];
    this.block[i] = this.block[j];
    this.block[j] = b;
    const a = this.at[i];
    this.at[i] = this.at[j];
    this.at[j] = a;
    const t = this.type[i];
    this.type[i] = this.type[j];
    this.type[j] = t;
  }

  private grow(): void {
    const at = new Int32Array(this.at.length * 2);
    at.set(this.at);
    this.at = at;
    const type = new Uint16Array(this.type.length * 2);
    type.set(this.type);
    this.type = type;
  }
}
