/**
 * A run: entries in key order, in pages that every thread can read, in shared memory or in a
 * file. Entries of one key are one entry, unless it would be larger than a page should be.
 */

import { compareBytes } from '../names/name.js';
import {
  aligned,
  BLOCK_SIZE,
  ENTRY_HEADER,
  type EntryWriter,
  payloadLength,
} from '../records/entry.js';
import { compareEntries, sortedAddresses } from './order.js';
import { type PageTable, PageTableBuilder, pageSize } from './pages.js';

/** Sorted entries. Posting it to another thread shares what it holds, it copies nothing. */
export interface Run {
  /** The pages' memory; empty for a run in a file. */
  readonly blocks: readonly Uint8Array[];
  /** The file in which the pages lie (spill.ts); undefined: they are in memory. */
  readonly file: string | undefined;
  readonly pages: PageTable;
  readonly count: number;
  /** Octets of the entries. */
  readonly bytes: number;
}

/** Entries of one key are put together up to this many octets. */
const MAX_JOINED = 1 << 16;

/** Sorts what a writer holds into a run in memory. The writer can be cleared afterwards. */
export function sortRun(writer: EntryWriter): Run {
  const pages = new PageTableBuilder();
  const gather = new Gather(writer, pages);
  eachEntry(writer, gather);
  gather.closePage();
  const { blocks, count, bytes } = gather;
  return { blocks, file: undefined, pages: pages.finish(), count, bytes };
}

/** Copies entries into blocks of shared memory, so that later passes read from front to back. */
class Gather implements EntrySink {
  readonly blocks: Uint8Array[] = [];
  block: Uint8Array = new Uint8Array(0);
  count = 0;
  bytes = 0;
  private readonly sources: readonly Uint32Array[];
  private readonly limit: number;
  private words: Uint32Array = new Uint32Array(0);
  private left: number;
  private at = 0;
  private pageAt = -1;
  private inPage = 0;

  constructor(
    writer: EntryWriter,
    private readonly pages: PageTableBuilder,
  ) {
    this.sources = writer.blocks.map(
      (block) => new Uint32Array(block.buffer, block.byteOffset, block.length >> 2),
    );
    this.limit = pageSize(writer.bytes);
    // Joining saves headers and never adds octets beyond the padding of an entry.
    this.left = writer.bytes + 4 * writer.count;
  }

  put(from: Uint8Array, number: number, start: number, size: number, joined: number): number {
    if (this.at + joined > this.block.length) this.openBlock(joined);
    const { at } = this;
    if (this.pageAt >= 0 && at - this.pageAt >= this.limit) this.closePage();
    if (this.pageAt < 0) {
      this.pageAt = at;
      const key = start + ENTRY_HEADER;
      const keyEnd = key + (from[key - 2] | (from[key - 1] << 8));
      this.pages.open((this.blocks.length - 1) * BLOCK_SIZE + at, from, key, keyEnd);
    }
    // Entries begin at multiples of four, here and there.
    const source = this.sources[number];
    const { words } = this;
    let w = at >>> 2;
    for (let p = start >>> 2, end = (start + size + 3) >>> 2; p < end; p++) words[w++] = source[p];
    this.inPage++;
    this.count++;
    this.bytes += joined;
    this.left -= joined;
    this.at = at + joined;
    return at;
  }

  closePage(): void {
    if (this.pageAt < 0) return;
    const length = this.at - this.pageAt;
    this.pages.close(length, length, this.inPage);
    this.pageAt = -1;
    this.inPage = 0;
  }

  private openBlock(size: number): void {
    this.closePage();
    const room = Math.max(size, Math.min(BLOCK_SIZE, aligned(this.left)));
    const memory = new SharedArrayBuffer(room);
    this.block = new Uint8Array(memory);
    this.words = new Uint32Array(memory);
    this.blocks.push(this.block);
    this.at = 0;
  }
}

/** Takes a writer's entries in key order. */
export interface EntrySink {
  /** Where the last entry went. */
  readonly block: Uint8Array;
  /**
   * Takes the entry `from[start, start + size)`.
   *
   * @param number that of the block `from` among the writer's.
   * @param joined octets that it will have with what is joined to it, and padding.
   * @returns where in {@link block} it lies now.
   */
  put(from: Uint8Array, number: number, start: number, size: number, joined: number): number;
}

/** Goes over a writer's entries in key order and makes those of one key one. */
export function eachEntry(writer: EntryWriter, sink: EntrySink): void {
  const { blocks } = writer;
  const addresses = sortedAddresses(writer);
  const n = addresses.length;
  for (let i = 0; i < n; ) {
    const address = addresses[i];
    const block = blocks[address >>> 24];
    const start = address & 0xffffff;
    let payload = payloadLength(block, start);
    const keyLength = block[start + 4] | (block[start + 5] << 8);
    const size = ENTRY_HEADER + keyLength + payload;
    let j = i + 1;
    while (j < n && compareEntries(blocks, address, addresses[j]) === 0) {
      const more = payloadLength(blocks[addresses[j] >>> 24], addresses[j] & 0xffffff);
      if (payload + more > MAX_JOINED) break;
      payload += more;
      j++;
    }
    const joined = aligned(ENTRY_HEADER + keyLength + payload);
    const at = sink.put(block, address >>> 24, start, size, joined);
    if (j - i > 1) {
      const to = sink.block;
      to[at] = payload;
      to[at + 1] = payload >>> 8;
      to[at + 2] = payload >>> 16;
      to[at + 3] = payload >>> 24;
      let o = at + size;
      for (let k = i + 1; k < j; k++) {
        const from = blocks[addresses[k] >>> 24];
        const p = addresses[k] & 0xffffff;
        const facts = p + ENTRY_HEADER + keyLength;
        for (let q = facts, end = facts + payloadLength(from, p); q < end; q++) to[o++] = from[q];
      }
    }
    i = j;
  }
}

/** Compares the key of the entry at `block[at]` with `key`. */
export function compareKey(block: Uint8Array, at: number, key: Uint8Array): number {
  const start = at + ENTRY_HEADER;
  const end = start + (block[start - 2] | (block[start - 1] << 8));
  return compareBytes(block, start, end, key, 0, key.length);
}
