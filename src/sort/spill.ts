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
import { ENTRY_HEADER, type EntryWriter, entryKeyEnd, readU32 } from '../records/entry.js';
import { eachPage, sortingKernel } from './order.js';
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
    const kernel = sortingKernel(writer);
    const { top } = kernel;
    try {
      const sink = new PageWriter(fd, kernel);
      eachPage(writer, PAGE_SIZE, (from, start, end, entries) => {
        sink.take(from, start, end, entries);
      });
      sink.finish();
      const { count, bytes } = sink;
      return { blocks: [], file, pages: sink.pages.finish(), count, bytes };
    } finally {
      kernel.release(top);
      closeSync(fd);
    }
  } catch (error) {
    throw temporaryFileError(error, file);
  }
}

/** Octets of packed pages that are held. */
const ROOM = BATCH + 4 * PAGE_SIZE;

/** Packs pages of a kernel's memory and writes them. */
class PageWriter {
  readonly pages = new PageTableBuilder();
  count = 0;
  bytes = 0;
  private readonly out: number;
  private at = 0;
  private written = 0;

  constructor(
    private readonly fd: number,
    private readonly kernel: Kernel,
  ) {
    this.out = kernel.take(ROOM);
  }

  /** Takes the page `from[start, end)`. */
  take(from: Uint8Array, start: number, end: number, entries: number): void {
    const { kernel, pages } = this;
    const length = end - start;
    // Front-coding an entry takes five octets more than its header at most, and its key is long then.
    const need = PAGE_HEADER + 2 * length + 20;
    if (this.at >= BATCH || this.at + need > ROOM) this.drain();
    pages.open(this.written + this.at, from, start + ENTRY_HEADER, entryKeyEnd(from, start));
    const { top } = kernel;
    const isLarge = need > ROOM;
    const page = isLarge ? kernel.take(need) : this.out + this.at;
    const body = page + PAGE_HEADER;
    const stop = kernel.functions.packPage(start, end, body) >>> 0;
    const { bytes } = kernel;
    writeU32(bytes, page, stop - body);
    writeU32(bytes, page + 4, crc32(bytes.subarray(body, stop)));
    pages.close(stop - page, length, entries);
    if (isLarge) {
      this.write(page, stop);
      kernel.release(top);
    } else this.at += stop - page;
    this.count += entries;
    this.bytes += length;
  }

  finish(): void {
    this.drain();
  }

  private drain(): void {
    this.write(this.out, this.out + this.at);
    this.at = 0;
  }

  /** Writes the kernel's memory `[from, end)`. */
  private write(from: number, end: number): void {
    for (let p = from; p < end; ) p += writeSync(this.fd, this.kernel.bytes, p, end - p);
    this.written += end - from;
  }
}

function writeU32(bytes: Uint8Array, at: number, value: number): void {
  for (let i = 0; i < 4; i++) bytes[at + i] = value >>> (8 * i);
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
