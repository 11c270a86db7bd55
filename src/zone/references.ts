/**
 * Counts how often delegations name a host, and keeps the canonically smallest delegation
 * that does as an example. Exact, and compact where a few hosts serve most names: repetitions
 * are folded in a table of bounded size before they become entries.
 */

import { compareBytes } from '../names/name.js';
import { type EntryWriter, FACT_HEADER, factLength, factTtl, Kind } from '../records/entry.js';
import { lookUp } from '../sort/cursor.js';
import type { Run } from '../sort/run.js';

const SLOTS = 1 << 16;
/** Octets of keys and examples that are held before the table is emptied. */
const ARENA = 4 << 20;

/** Folds the references to hosts of one zone. */
export class ReferenceTable {
  private readonly slots = new Int32Array(SLOTS).fill(-1);
  private readonly arena = new Uint8Array(ARENA);
  private at = 0;
  private held = 0;

  constructor(private readonly writer: EntryWriter) {}

  /**
   * Adds one reference.
   *
   * @param key sort key of the host in its zone.
   * @param example sort key, relative to the root, of the delegation that names it. It costs
   *   least when the examples come in ascending order.
   */
  add(key: Uint8Array, keyLength: number, example: Uint8Array, exampleLength: number): void {
    const { slots, arena } = this;
    let h = 0x811c9dc5 | 0;
    for (let i = 0; i < keyLength; i++) h = Math.imul(h ^ key[i], 0x01000193);
    let slot = (h ^ (h >>> 15)) & (SLOTS - 1);
    for (;;) {
      const a = slots[slot];
      if (a < 0) break;
      // u32 count | u16 key length | u16 example length | key | example
      const length = arena[a + 4] | (arena[a + 5] << 8);
      if (
        length === keyLength &&
        compareBytes(arena, a + 8, a + 8 + length, key, 0, keyLength) === 0
      ) {
        writeU32(arena, a, readU32(arena, a) + 1);
        const old = a + 8 + length;
        const oldEnd = old + (arena[a + 6] | (arena[a + 7] << 8));
        if (compareBytes(arena, old, oldEnd, example, 0, exampleLength) > 0) {
          // A smaller example, counted already: it goes beside the table.
          this.writer.append(
            key,
            0,
            keyLength,
            Kind.reference,
            0,
            0,
            0,
            0,
            example,
            0,
            exampleLength,
          );
        }
        return;
      }
      slot = (slot + 1) & (SLOTS - 1);
    }
    const size = 8 + keyLength + exampleLength;
    if (this.at + size > ARENA || this.held > SLOTS >> 1) {
      this.flush();
      this.add(key, keyLength, example, exampleLength);
      return;
    }
    let p = this.at;
    slots[slot] = p;
    this.held++;
    writeU32(arena, p, 1);
    arena[p + 4] = keyLength;
    arena[p + 5] = keyLength >>> 8;
    arena[p + 6] = exampleLength;
    arena[p + 7] = exampleLength >>> 8;
    p += 8;
    for (let i = 0; i < keyLength; i++) arena[p++] = key[i];
    for (let i = 0; i < exampleLength; i++) arena[p++] = example[i];
    this.at = p;
  }

  /** Moves what is held to the writer; call it before the writer is sorted. */
  flush(): void {
    const { arena, writer } = this;
    for (let a = 0; a < this.at; ) {
      const keyLength = arena[a + 4] | (arena[a + 5] << 8);
      const exampleLength = arena[a + 6] | (arena[a + 7] << 8);
      const key = a + 8;
      const example = key + keyLength;
      const end = example + exampleLength;
      const count = readU32(arena, a);
      writer.append(arena, key, example, Kind.reference, 0, count, 0, 0, arena, example, end);
      a = end;
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
