/**
 * Counts how often delegations name a host, and keeps the canonically smallest delegation
 * that does as an example. Exact, and compact where a few hosts serve most names: repetitions
 * are folded in a table of bounded size before they become entries.
 */

import { compareBytes } from '../names/name.js';
import { FACT_HEADER, factLength, factTtl } from '../records/entry.js';
import { lookUp } from '../sort/cursor.js';
import type { Run } from '../sort/run.js';

const SLOTS = 1 << 16;
/** Octets of names that are held before the table is emptied. */
const ARENA = 4 << 20;
/** Octets before an entry's names: u32 count, u8 length of the host, u8 of the delegation. */
const HEADER = 6;

/**
 * Folds the references of the delegations of one zone after another. Delegations come in
 * canonical order, so that the first that names a host is the smallest; it is the example.
 */
export class ReferenceTable {
  private readonly slots = new Int32Array(SLOTS).fill(-1);
  private readonly arena = new Uint8Array(ARENA);
  private at = 0;
  private held = 0;

  /** @param put takes a host (`arena[host, hostEnd)`) and how often it was named; at `hostEnd`
   * stands the name of the first delegation that did. All names are in wire form. */
  constructor(
    private readonly put: (arena: Uint8Array, host: number, hostEnd: number, count: number) => void,
  ) {}

  /** Adds one reference: the delegation `owner[0, ownerLength)` names the host in `b[at, end)`. */
  add(b: Uint8Array, at: number, end: number, owner: Uint8Array, ownerLength: number): void {
    const { slots, arena } = this;
    const length = end - at;
    // Four octets at a time: names are compared anyway.
    let h = length;
    let p = at;
    for (const stop = end - 3; p < stop; p += 4) {
      const word = b[p] | (b[p + 1] << 8) | (b[p + 2] << 16) | (b[p + 3] << 24);
      h = Math.imul(h ^ word, 0x2c1b3c6d);
      h ^= h >>> 15;
    }
    for (; p < end; p++) h = Math.imul(h ^ b[p], 0x01000193);
    let slot = (h ^ (h >>> 16)) & (SLOTS - 1);
    for (let a = slots[slot]; a >= 0; a = slots[slot]) {
      if (arena[a + 4] === length) {
        let i = 0;
        const held = a + HEADER;
        while (i < length && arena[held + i] === b[at + i]) i++;
        if (i === length) {
          writeU32(arena, a, readU32(arena, a) + 1);
          return;
        }
      }
      slot = (slot + 1) & (SLOTS - 1);
    }
    if (this.at + HEADER + length + ownerLength > ARENA || this.held > SLOTS >> 1) {
      this.flush();
      this.add(b, at, end, owner, ownerLength);
      return;
    }
    let o = this.at;
    slots[slot] = o;
    this.held++;
    writeU32(arena, o, 1);
    arena[o + 4] = length;
    arena[o + 5] = ownerLength;
    o += HEADER;
    for (let i = at; i < end; i++) arena[o++] = b[i];
    for (let i = 0; i < ownerLength; i++) arena[o++] = owner[i];
    this.at = o;
  }

  /** Hands over what is held. Call it before the delegations of another zone come, and at the end. */
  flush(): void {
    const { arena } = this;
    for (let a = 0; a < this.at; ) {
      const host = a + HEADER;
      const hostEnd = host + arena[a + 4];
      this.put(arena, host, hostEnd, readU32(arena, a));
      a = hostEnd + arena[a + 5];
    }
    this.slots.fill(-1);
    this.at = 0;
    this.held = 0;
  }
}

/** Who names a host. */
export interface References {
  readonly count: number;
  /** Sort key, relative to the root, of the smallest delegation that names the host. */
  readonly example: Uint8Array | undefined;
}

const NONE: References = { count: 0, example: undefined };

/** The references to the host with the key `key`, from all runs. */
export function referencesTo(runs: readonly Run[], key: Uint8Array): References {
  let count = 0;
  let example: Uint8Array | undefined;
  lookUp(runs, key, (block, start, end) => {
    for (let at = start; at < end; at += FACT_HEADER + factLength(block, at)) {
      count += factTtl(block, at);
      const p = at + FACT_HEADER;
      const q = p + factLength(block, at);
      if (example === undefined || compareBytes(block, p, q, example, 0, example.length) < 0) {
        example = block.slice(p, q);
      }
    }
  });
  return count === 0 ? NONE : { count, example };
}

function readU32(b: Uint8Array, at: number): number {
  return (b[at] | (b[at + 1] << 8) | (b[at + 2] << 16) | (b[at + 3] << 24)) >>> 0;
}

function writeU32(b: Uint8Array, at: number, value: number): void {
  b[at] = value;
  b[at + 1] = value >>> 8;
  b[at + 2] = value >>> 16;
  b[at + 3] = value >>> 24;
}
