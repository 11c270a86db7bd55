/**
 * A run: entries in key order, in pages that every thread can read, in shared memory or in a
 * file. Entries of one key are one entry, unless it would be larger than a page should be.
 */

import { copyOctets } from '../kernel/copy.js';
import { compareBytes } from '../names/name.js';
import { BLOCK_SIZE, ENTRY_HEADER, type EntryWriter, entryKeyEnd } from '../records/entry.js';
import { eachPage } from './order.js';
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

/** Sorts what a writer holds into a run in memory. The writer can be cleared afterwards. */
export function sortRun(writer: EntryWriter): Run {
  const pages = new PageTableBuilder();
  const blocks: Uint8Array[] = [];
  let count = 0;
  let bytes = 0;
  let block: Uint8Array = new Uint8Array(0);
  let at = 0;
  const limit = pageSize(writer.bytes);
  // Joining saves headers and never adds octets beyond the padding of an entry, and of a page.
  let left = writer.bytes + 4 * writer.count + 8 * Math.ceil(writer.bytes / limit);
  eachPage(writer, limit, (from, start, end, entries) => {
    const length = end - start;
    // What begins where words of 64 bits do is copied by words.
    at = (at + 7) & ~7;
    if (at + length > block.length) {
      const room = Math.max(length, Math.min(BLOCK_SIZE, left));
      block = new Uint8Array(new SharedArrayBuffer(room));
      blocks.push(block);
      at = 0;
    }
    const where = (blocks.length - 1) * BLOCK_SIZE + at;
    pages.open(where, from, start + ENTRY_HEADER, entryKeyEnd(from, start));
    pages.close(length, length, entries);
    copyOctets(from, start, end, block, at);
    at += length;
    left -= length + 4;
    count += entries;
    bytes += length;
  });
  return { blocks, file: undefined, pages: pages.finish(), count, bytes };
}

/** Compares the key of the entry at `block[at]` with `key`. */
export function compareKey(block: Uint8Array, at: number, key: Uint8Array): number {
  const start = at + ENTRY_HEADER;
  return compareBytes(block, start, entryKeyEnd(block, at), key, 0, key.length);
}
