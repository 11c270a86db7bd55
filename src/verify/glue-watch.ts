/**
 * Watches for the addresses of in-domain name servers: a delegation's subtree goes by right
 * behind the delegation, and at its end what has not come is missing (RFC 9471 §2.1).
 */

import { compareBytes, MAX_KEY, wireToKey } from '../names/name.js';

export class GlueWatch {
  /** Name servers waited for or seen. */
  count = 0;
  private arena: Uint8Array = new Uint8Array(64 * MAX_KEY);
  private readonly starts: number[] = [];
  private readonly ends: number[] = [];
  private readonly seen: boolean[] = [];
  private readonly blocks: Uint8Array[] = [];
  private readonly ats: number[] = [];

  clear(): void {
    this.count = 0;
  }

  /** Waits for the addresses of the name at `wire[at]`, which the fact at `block[fact]` names. */
  want(wire: Uint8Array, at: number, apexLabels: number, block: Uint8Array, fact: number): void {
    const start = this.count === 0 ? 0 : this.ends[this.count - 1];
    if (start + MAX_KEY > this.arena.length) {
      const wider = new Uint8Array(this.arena.length * 2);
      wider.set(this.arena);
      this.arena = wider;
    }
    this.starts[this.count] = start;
    this.ends[this.count] = wireToKey(wire, at, apexLabels, this.arena, start);
    this.seen[this.count] = false;
    this.blocks[this.count] = block;
    this.ats[this.count] = fact;
    this.count++;
  }

  /** An address goes by. */
  address(key: Uint8Array, start: number, end: number): void {
    for (let i = 0; i < this.count; i++) {
      if (this.ends[i] - this.starts[i] !== end - start) continue;
      if (compareBytes(this.arena, this.starts[i], this.ends[i], key, start, end) === 0) {
        this.seen[i] = true;
      }
    }
  }

  /** Tells what has not come, and forgets all. */
  finish(
    missing: (key: Uint8Array, start: number, end: number, block: Uint8Array, fact: number) => void,
  ): void {
    for (let i = 0; i < this.count; i++) {
      if (this.seen[i]) continue;
      missing(this.arena, this.starts[i], this.ends[i], this.blocks[i], this.ats[i]);
    }
    this.count = 0;
  }
}

/** Is the name `b[p, pEnd)` at or below the name `wire[0, wireEnd)`? */
export function isInDomain(
  b: Uint8Array,
  p: number,
  pEnd: number,
  wire: Uint8Array,
  wireEnd: number,
): boolean {
  const from = pEnd - wireEnd;
  if (from < p) return false;
  for (let i = 0; i < wireEnd; i++) if (b[from + i] !== wire[i]) return false;
  let q = p;
  while (q < from) q += b[q] + 1;
  return q === from;
}
