/**
 * Puts the entries of a writer in key order and hands them on page by page. The kernel sorts and
 * copies (kernel/assembly/sort.ts, gather.ts); a writer that is small may have its entries elsewhere,
 * and they are copied into the kernel's memory first.
 */

import { copyOctets } from '../kernel/copy.js';
import { type Kernel, threadKernel } from '../kernel/kernel.js';
import type { EntryWriter } from '../records/entry.js';

/**
 * Takes a page: `entries` of them in `from[start, end)`, which is overwritten by the next. Entries of
 * one key are one entry, unless it would be larger than a page should be.
 */
export type TakePage = (from: Uint8Array, start: number, end: number, entries: number) => void;

// The state of the kernel's gatherPage, in words; the last is its own.
const NEXT = 0;
const END = 1;
const OUT = 2;
const OUT_END = 3;
const LIMIT = 4;
const LENGTH = 5;
const STATE = 28;

/**
 * Goes over a writer's entries in key order; those of one key are in the order of appending.
 *
 * @param limit a page ends with the entry that brings it to so many octets.
 */
export function eachPage(writer: EntryWriter, limit: number, take: TakePage): void {
  const kernel = sortingKernel(writer);
  const { top } = kernel;
  try {
    const addresses = sortIn(kernel, writer);
    gather(kernel, addresses, writer.count, limit, take);
  } finally {
    kernel.release(top);
  }
}

/** The kernel in whose memory a writer's entries are sorted, and the pages lie that are taken. */
export function sortingKernel(writer: EntryWriter): Kernel {
  return writer.kernel ?? threadKernel();
}

/** Sorts; returns where the entries' addresses are in the kernel's memory. */
function sortIn(kernel: Kernel, writer: EntryWriter): number {
  const { blocks, count } = writer;
  const { listEntries, sortEntries } = kernel.functions;
  const addresses = kernel.take(4 * count);
  const ranks = writer.sorted ? 0 : kernel.take(8 * count);
  let listed = 0;
  for (let b = 0; b < blocks.length; b++) {
    const used = writer.used(b);
    let at = blocks[b].byteOffset;
    if (writer.kernel === undefined) {
      at = kernel.take(used);
      copyOctets(blocks[b], 0, used, kernel.bytes, at);
    }
    const next = addresses + 4 * listed;
    const end = listEntries(at, at + used, next, ranks && ranks + 8 * listed) >>> 0;
    listed += (end - next) / 4;
  }
  if (writer.sorted) return addresses;
  sortEntries(addresses, kernel.take(4 * count), ranks, kernel.take(8 * count), count);
  return addresses;
}

function gather(
  kernel: Kernel,
  addresses: number,
  count: number,
  limit: number,
  take: TakePage,
): void {
  const state = kernel.take(STATE);
  let room = 2 * limit;
  let out = kernel.take(room);
  const words = kernel.words.subarray(state / 4, state / 4 + STATE / 4);
  words[NEXT] = addresses;
  words[END] = addresses + 4 * count;
  words[LIMIT] = limit;
  while (words[NEXT] < words[END]) {
    words[OUT] = out;
    words[OUT_END] = out + room;
    const entries = kernel.functions.gatherPage(state);
    const length = words[LENGTH];
    if (entries > 0) {
      take(kernel.bytes, out, out + length, entries);
    } else {
      // An entry larger than pages are.
      room = length;
      out = kernel.take(room);
    }
  }
}
