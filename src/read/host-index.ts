/**
 * Finds the host object with a given ROID: an open-addressing hash table in shared memory over
 * packed entries (records/entry.ts), which every thread reads. Hosts are few beside domains
 * (1 to 3 of a hundred), about 90 octets each, so that name servers are resolved as their rows
 * are read and no reference has to be sorted.
 */
import { compareBytes, nameToText } from '../names/name.js';
import {
  ENTRY_HEADER,
  entryKeyEnd,
  entrySize,
  FACT_HEADER,
  factChunk,
  factLength,
  factLine,
  payloadLength,
} from '../records/entry.js';

/** Kind of the fact of a host: RDATA is its wire name. */
export const HOST = 0x40;
/** Kind of a host whose ROID other hosts have, too: none of them can be meant. */
export const AMBIGUOUS_HOST = 0x41;

const EMPTY = 0xffffffff;

/** Packed entries whose keys are ROIDs, as one thread collected them. */
export interface HostPart {
  readonly blocks: readonly Uint8Array[];
  readonly addresses: Uint32Array;
}

/** The table; posting it to a thread shares its memory. */
export interface HostIndex {
  readonly slots: Uint32Array;
  readonly blocks: readonly Uint8Array[];
  readonly hosts: number;
}

/** Hosts with one ROID: the places of their rows, and whether they are the same host. */
export interface DuplicateRoid {
  readonly roid: string;
  readonly sameName: boolean;
  readonly rows: readonly {
    readonly chunk: number;
    readonly line: number;
    readonly name: string;
  }[];
}

function hash(bytes: Uint8Array, start: number, end: number): number {
  let h = 0x811c9dc5;
  for (let i = start; i < end; i++) h = Math.imul(h ^ bytes[i], 0x01000193);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  return (h ^ (h >>> 13)) >>> 0;
}

/** Builds the table. Hosts that share a ROID are returned, and marked unless they are the same. */
export function buildHostIndex(parts: readonly HostPart[]): {
  index: HostIndex;
  duplicates: DuplicateRoid[];
} {
  const hosts = parts.reduce((sum, part) => sum + part.addresses.length, 0);
  let size = 16;
  while (size < hosts * 2) size *= 2;
  const slots = new Uint32Array(new SharedArrayBuffer(size * 4)).fill(EMPTY);
  const blocks: Uint8Array[] = [];
  const repeated = new Map<number, number[]>();
  for (const part of parts) {
    const base = blocks.length << 24;
    blocks.push(...part.blocks);
    for (const own of part.addresses) {
      const address = (base + own) >>> 0;
      const block = blocks[address >>> 24];
      const at = (address & 0xffffff) + ENTRY_HEADER;
      const end = at + (block[at - 2] | (block[at - 1] << 8));
      const slot = find(slots, blocks, block, at, end);
      if (slots[slot] === EMPTY) {
        slots[slot] = address;
        // Rows of one ROID that follow each other share an entry.
        if (end + FACT_HEADER + factLength(block, end) < entryEnd(block, at, end)) {
          repeated.set(slot, []);
        }
      } else {
        const more = repeated.get(slot);
        if (more === undefined) repeated.set(slot, [address]);
        else more.push(address);
      }
    }
  }
  const duplicates: DuplicateRoid[] = [];
  for (const [slot, more] of repeated) {
    duplicates.push(describeDuplicate(blocks, [slots[slot], ...more]));
  }
  return { index: { slots, blocks, hosts }, duplicates };
}

function entryEnd(block: Uint8Array, at: number, keyEnd: number): number {
  const h = at - ENTRY_HEADER;
  return keyEnd + (block[h] | (block[h + 1] << 8) | (block[h + 2] << 16) | (block[h + 3] << 24));
}

function describeDuplicate(
  blocks: readonly Uint8Array[],
  addresses: readonly number[],
): DuplicateRoid {
  const rows: { chunk: number; line: number; name: string }[] = [];
  let roid = '';
  const facts: [block: Uint8Array, at: number][] = [];
  for (const address of addresses) {
    const block = blocks[address >>> 24];
    const at = (address & 0xffffff) + ENTRY_HEADER;
    const keyEnd = at + (block[at - 2] | (block[at - 1] << 8));
    roid = Buffer.from(block.subarray(at, keyEnd)).toString('utf8');
    const end = entryEnd(block, at, keyEnd);
    for (let f = keyEnd; f < end; f += FACT_HEADER + factLength(block, f)) {
      facts.push([block, f]);
      const name = nameToText(block, f + FACT_HEADER).slice(0, -1);
      rows.push({ chunk: factChunk(block, f), line: factLine(block, f), name });
    }
  }
  rows.sort((a, b) => a.chunk - b.chunk || a.line - b.line);
  const sameName = rows.every((row) => row.name === rows[0].name);
  if (!sameName) for (const [block, f] of facts) block[f] = AMBIGUOUS_HOST;
  return { roid, sameName, rows };
}

/** The slot of a ROID, or the empty one where it would be. */
function find(
  slots: Uint32Array,
  blocks: readonly Uint8Array[],
  key: Uint8Array,
  start: number,
  end: number,
): number {
  const mask = slots.length - 1;
  let slot = hash(key, start, end) & mask;
  for (;;) {
    const address = slots[slot];
    if (address === EMPTY) return slot;
    const block = blocks[address >>> 24];
    const at = (address & 0xffffff) + ENTRY_HEADER;
    const length = block[at - 2] | (block[at - 1] << 8);
    if (length === end - start && compareBytes(block, at, at + length, key, start, end) === 0) {
      return slot;
    }
    slot = (slot + 1) & mask;
  }
}

/** Calls `each` with the ROID `block[start, end)` and the first fact of every host in the table. */
export function eachHost(
  { blocks }: HostIndex,
  each: (block: Uint8Array, start: number, end: number, fact: number) => void,
): void {
  for (const block of blocks) {
    // Behind the last entry the memory is as it was: zero.
    for (let at = 0; at + ENTRY_HEADER < block.length; at += entrySize(block, at)) {
      if (payloadLength(block, at) === 0) break;
      const end = entryKeyEnd(block, at);
      each(block, at + ENTRY_HEADER, end, end);
    }
  }
}

/**
 * Looks up the ROID `key[start, end)`.
 *
 * @returns the address of the host's fact (`block << 24 | offset`; its kind is {@link HOST} or
 *   {@link AMBIGUOUS_HOST}), or -1.
 */
export function findHost(index: HostIndex, key: Uint8Array, start: number, end: number): number {
  const address = index.slots[find(index.slots, index.blocks, key, start, end)];
  return address === EMPTY ? -1 : address + ENTRY_HEADER + (end - start);
}
