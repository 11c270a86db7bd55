/**
 * The facts of one owner, and the rules that hold for them as RRsets, whatever the owner is: their
 * order and no duplicates (RFC 4034 §6.3), one TTL (RFC 2181 §5.2), a size that fits a message.
 */

import { compareBytes, MAX_WIRE } from '../names/name.js';
import {
  FACT_HEADER,
  factChunk,
  factLength,
  factLine,
  factTtl,
  factType,
} from '../records/entry.js';

/** Octets of a record in a message without owner and RDATA (RFC 1035 §4.1.3). */
const RR_OCTETS = 10;
/** Octets of the largest message; servers want an RRset to fit even without compression. */
const MAX_MESSAGE = 65_535;

/** Facts of one owner that fit an insertion sort; beyond, a comparison sort is used. */
const SMALL = 24;

/** A list of facts that is used again for each owner. */
export abstract class FactList {
  /** The facts that are left, by type, then RDATA: fact `i` lies at `blocks[i][ats[i]]`. */
  count = 0;
  readonly blocks: Uint8Array[] = [];
  readonly ats: number[] = [];
  /** The owner's wire name, `ownerLength` octets; set for delegations and on demand. */
  readonly owner = new Uint8Array(MAX_WIRE + 1);
  ownerLength = 0;

  /** The owner's wire name, in {@link owner}, `ownerLength` octets. */
  abstract wireOwner(): Uint8Array;

  /** A fact can't be used. */
  protected abstract reject(i: number, reason: string, occluded: boolean): void;

  protected countType(type: number): number {
    let n = 0;
    for (let i = 0; i < this.count; i++) if (factType(this.blocks[i], this.ats[i]) === type) n++;
    return n;
  }

  /** Rejects the owner's records of one type. */
  protected remove(type: number, reason: string): void {
    const { blocks, ats } = this;
    let kept = 0;
    for (let i = 0; i < this.count; i++) {
      if (factType(blocks[i], ats[i]) === type) {
        this.reject(i, reason, false);
        continue;
      }
      blocks[kept] = blocks[i];
      ats[kept++] = ats[i];
    }
    this.count = kept;
  }

  // ---- order, duplicates and TTLs -----------------------------------------------------------

  /** Puts the facts in order; what can't stand in one RRset goes. */
  protected order(): void {
    if (this.count > 1) this.sortFacts();
    this.refuseTooLarge();
  }

  /** Sorts the facts by type and RDATA, drops duplicates, and refuses second TTLs. */
  private sortFacts(): void {
    const { blocks, ats } = this;
    const n = this.count;
    if (n <= SMALL) {
      for (let i = 1; i < n; i++) {
        const block = blocks[i];
        const at = ats[i];
        let j = i - 1;
        while (j >= 0 && compareFacts(blocks[j], ats[j], block, at) > 0) {
          blocks[j + 1] = blocks[j];
          ats[j + 1] = ats[j];
          j--;
        }
        blocks[j + 1] = block;
        ats[j + 1] = at;
      }
    } else {
      const index = Array.from({ length: n }, (_, i) => i);
      const b = blocks.slice(0, n);
      const a = ats.slice(0, n);
      index.sort((x, y) => compareFacts(b[x], a[x], b[y], a[y]));
      for (let i = 0; i < n; i++) {
        blocks[i] = b[index[i]];
        ats[i] = a[index[i]];
      }
    }
    this.settleTtls();
    let kept = 1;
    for (let i = 1; i < this.count; i++) {
      if (compareFacts(blocks[kept - 1], ats[kept - 1], blocks[i], ats[i]) === 0) continue;
      blocks[kept] = blocks[i];
      ats[kept++] = ats[i];
    }
    this.count = Math.min(this.count, kept);
  }

  /** An RRset has to fit into a message, or no server can load it or answer with it. */
  private refuseTooLarge(): void {
    const { blocks, ats } = this;
    const n = this.count;
    let octets = 0;
    for (let i = 0; i < n; i++) octets += MAX_WIRE + RR_OCTETS + factLength(blocks[i], ats[i]);
    if (octets <= MAX_MESSAGE) return;
    this.wireOwner();
    const fixed = this.ownerLength + RR_OCTETS;
    let type = -1;
    let kept = 0;
    for (let i = 0; i < n; i++) {
      if (factType(blocks[i], ats[i]) !== type) {
        type = factType(blocks[i], ats[i]);
        octets = 0;
      }
      octets += fixed + factLength(blocks[i], ats[i]);
      if (octets > MAX_MESSAGE) {
        this.reject(i, 'makes its RRset larger than a message can be (65,535 octets)', false);
        continue;
      }
      blocks[kept] = blocks[i];
      ats[kept++] = ats[i];
    }
    this.count = kept;
  }

  /** One TTL an RRset (RFC 2181 §5.2): that of the record that came first in the input. */
  private settleTtls(): void {
    const { blocks, ats } = this;
    let kept = 0;
    for (let i = 0; i < this.count; ) {
      const type = factType(blocks[i], ats[i]);
      let end = i + 1;
      let mixed = false;
      const ttl = factTtl(blocks[i], ats[i]);
      while (end < this.count && factType(blocks[end], ats[end]) === type) {
        if (factTtl(blocks[end], ats[end]) !== ttl) mixed = true;
        end++;
      }
      let wanted = ttl;
      if (mixed) {
        let firstPlace = Number.POSITIVE_INFINITY;
        for (let k = i; k < end; k++) {
          const place = factChunk(blocks[k], ats[k]) * 2 ** 24 + factLine(blocks[k], ats[k]);
          if (place >= firstPlace) continue;
          firstPlace = place;
          wanted = factTtl(blocks[k], ats[k]);
        }
      }
      for (let k = i; k < end; k++) {
        if (mixed && factTtl(blocks[k], ats[k]) !== wanted) {
          this.reject(k, `has another TTL than the first record of its RRset (${wanted})`, false);
          continue;
        }
        blocks[kept] = blocks[k];
        ats[kept++] = ats[k];
      }
      i = end;
    }
    this.count = kept;
  }
}

/** By type, then RDATA as octets (RFC 4034 §6.3). */
function compareFacts(a: Uint8Array, i: number, b: Uint8Array, j: number): number {
  const d = factType(a, i) - factType(b, j);
  if (d !== 0) return d;
  const p = i + FACT_HEADER;
  const q = j + FACT_HEADER;
  return compareBytes(a, p, p + factLength(a, i), b, q, q + factLength(b, j));
}
