/**
 * Runs in files: what does not fit in memory is written as pages, each with the keys front-coded
 * (an entry names only the octets in which its key differs from the one before) and a checksum.
 *
 *     page:  u32 length of the body | u32 CRC-32 of the body | body
 *     entry: varint octets shared with the key before | varint further octets | octets
 *            | varint length of the payload | payload
 *
 * The files are temporary: they are read by the process that wrote them, and by nobody else.
 */

import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { EXIT, ZonewrightError } from '../errors.js';
import { Kernel, KernelArea } from '../kernel/kernel.js';
import {
  ENTRY_HEADER,
  type EntryWriter,
  entryKeyEnd,
  entrySize,
  payloadLength,
  readU32,
} from '../records/entry.js';
import { eachPage } from './order.js';
import { PAGE_SIZE, PageTableBuilder } from './pages.js';
import { assertRoom, temporaryFileError } from './room.js';
import type { Run } from './run.js';

const PAGE_HEADER = 8;
/** Octets that are written at a time. */
const BATCH = 1 << 20;

/**
 * Sorts what a writer holds into a file. The writer can be cleared afterwards.
 *
 * @param file must not exist; its folder must.
 * @throws ZonewrightError (exit 1) when the disk is too full, or the file can't be written.
 */
export function spillRun(writer: EntryWriter, file: string): Run {
  try {
    assertRoom(dirname(file), writer.bytes);
    const fd = openSync(file, 'wx', 0o600);
    try {
      const sink = new PageWriter(fd);
      eachPage(writer, PAGE_SIZE, (from, start, end, entries) => {
        sink.take(from, start, end, entries);
      });
      sink.finish();
      const { count, bytes } = sink;
      return { blocks: [], file, pages: sink.pages.finish(), count, bytes };
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw temporaryFileError(error, file);
  }
}

/** Encodes pages and writes them. */
class PageWriter {
  readonly pages = new PageTableBuilder();
  count = 0;
  bytes = 0;
  private out = Buffer.allocUnsafeSlow(BATCH + 4 * PAGE_SIZE);
  private at = 0;
  private written = 0;

  constructor(private readonly fd: number) {}

  /** Takes the page `from[start, end)`. */
  take(from: Uint8Array, start: number, end: number, entries: number): void {
    const length = end - start;
    if (this.at >= BATCH) this.drain();
    // Front-coding an entry takes five octets more than its header at most, and its key is long then.
    const need = PAGE_HEADER + 2 * length + 20;
    if (this.at + need > this.out.length) this.makeRoom(need);
    const { out, at: pageAt } = this;
    this.pages.open(this.written + pageAt, from, start + ENTRY_HEADER, entryKeyEnd(from, start));
    const bodyEnd = encodePage(from, start, end, out, pageAt + PAGE_HEADER);
    const body = out.subarray(pageAt + PAGE_HEADER, bodyEnd);
    out.writeUInt32LE(body.length, pageAt);
    out.writeUInt32LE(crc32(body), pageAt + 4);
    this.pages.close(bodyEnd - pageAt, length, entries);
    this.at = bodyEnd;
    this.count += entries;
    this.bytes += length;
  }

  finish(): void {
    this.drain();
  }

  /** Only a page whose entries are very large needs more than there is. */
  private makeRoom(need: number): void {
    const wider = Buffer.allocUnsafeSlow(Math.max(this.out.length * 2, this.at + need));
    wider.set(this.out.subarray(0, this.at));
    this.out = wider;
  }

  private drain(): void {
    for (let from = 0; from < this.at; ) {
      from += writeSync(this.fd, this.out, from, this.at - from);
    }
    this.written += this.at;
    this.at = 0;
  }
}

/** Encodes the entries in `from[start, end)` to `out[at]`; returns the offset behind them. */
function encodePage(
  from: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  at: number,
): number {
  let o = at;
  let lastKey = 0;
  let lastLength = 0;
  for (let entry = start; entry < end; entry += entrySize(from, entry)) {
    const key = entry + ENTRY_HEADER;
    const keyEnd = entryKeyEnd(from, entry);
    const payload = payloadLength(from, entry);
    const limit = Math.min(keyEnd - key, lastLength);
    let shared = 0;
    while (shared < limit && from[lastKey + shared] === from[key + shared]) shared++;
    o = putVarint(out, o, shared);
    o = putVarint(out, o, keyEnd - key - shared);
    for (let p = key + shared; p < keyEnd; p++) out[o++] = from[p];
    o = putVarint(out, o, payload);
    if (payload > 256) {
      out.set(from.subarray(keyEnd, keyEnd + payload), o);
      o += payload;
    } else {
      for (let p = keyEnd, to = p + payload; p < to; p++) out[o++] = from[p];
    }
    lastKey = key;
    lastLength = keyEnd - key;
  }
  return o;
}

function putVarint(out: Uint8Array, at: number, value: number): number {
  let o = at;
  let v = value;
  while (v >= 0x80) {
    out[o++] = (v & 0x7f) | 0x80;
    v >>>= 7;
  }
  out[o++] = v;
  return o;
}

// ---- reading ---------------------------------------------------------------------------------

/** Files that this thread has opened. */
const files = new Map<string, number>();
/** The page of each file that this thread has read last: look-ups in order, and the next range,
 * often want it again. */
const lastPages = new Map<string, { readonly page: number; readonly entries: Uint8Array }>();
/** Memory in which this thread unpacks single pages. */
let unpacking: {
  readonly kernel: Kernel;
  readonly entries: KernelArea;
  readonly packed: KernelArea;
};

/**
 * Reads a page of a run in a file.
 *
 * @returns its entries as they lie in memory; they are read by others, too.
 * @throws ZonewrightError (exit 1) when the file was damaged or can't be read.
 */
export function readPage(run: Run, page: number): Uint8Array {
  const file = fileOf(run);
  const last = lastPages.get(file);
  if (last?.page === page) return last.entries;
  if (unpacking === undefined) {
    const kernel = new Kernel();
    unpacking = { kernel, entries: new KernelArea(kernel), packed: new KernelArea(kernel) };
  }
  const { kernel, entries: area, packed } = unpacking;
  const length = run.pages.length[page];
  const at = area.room(length);
  loadPages(run, page, page + 1, kernel, packed, at);
  const entries = kernel.bytes.slice(at, at + length);
  lastPages.set(file, { page, entries });
  return entries;
}

/**
 * Reads pages of a run in a file into a kernel's memory, one behind the other.
 *
 * @param packed for the pages as they lie in the file.
 * @param out where the entries go; there must be room for them.
 * @throws ZonewrightError (exit 1) when the file was damaged or can't be read.
 */
export function loadPages(
  run: Run,
  first: number,
  end: number,
  kernel: Kernel,
  packed: KernelArea,
  out: number,
): void {
  if (end === first) return;
  const file = fileOf(run);
  const { where, stored, length } = run.pages;
  const size = where[end - 1] + stored[end - 1] - where[first];
  const at = packed.room(size);
  const { bytes, functions } = kernel;
  try {
    const fd = openToRead(file);
    for (let done = 0; done < size; ) {
      const n = readSync(fd, bytes, at + done, size - done, where[first] + done);
      if (n === 0) throw damaged(file);
      done += n;
    }
  } catch (error) {
    throw temporaryFileError(error, file);
  }
  let o = out;
  for (let page = first; page < end; page++) {
    const header = at + where[page] - where[first];
    const body = header + PAGE_HEADER;
    const stop = header + stored[page];
    const sound =
      readU32(bytes, header) === stop - body &&
      readU32(bytes, header + 4) === crc32(bytes.subarray(body, stop));
    if (!sound) throw damaged(file);
    functions.unpackPage(body, stop, o);
    o += length[page];
  }
}

function fileOf(run: Run): string {
  if (run.file === undefined) throw new Error('the run is in memory');
  return run.file;
}

function openToRead(file: string): number {
  let fd = files.get(file);
  if (fd === undefined) {
    fd = openSync(file, 'r');
    files.set(file, fd);
  }
  return fd;
}

function damaged(file: string): Error {
  return new ZonewrightError(EXIT.unexpected, 'a temporary file was damaged or cut off', {
    place: { file },
    hint: 'Check the disk, or name another with --tmp-dir.',
  });
}

/** Closes the files that this thread has opened to read runs. */
export function closeRuns(): void {
  for (const fd of files.values()) closeSync(fd);
  files.clear();
  lastPages.clear();
}
