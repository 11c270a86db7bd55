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
import {
  aligned,
  ENTRY_HEADER,
  type EntryWriter,
  entryKeyEnd,
  entrySize,
  payloadLength,
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
let packed = Buffer.alloc(0);
let offset = 0;

/**
 * Reads a page of a run in a file.
 *
 * @returns its entries as they lie in memory; they are read by others, too.
 * @throws ZonewrightError (exit 1) when the file was damaged or can't be read.
 */
export function readPage(run: Run, page: number): Uint8Array {
  const { file, pages } = run;
  if (file === undefined) throw new Error('the run is in memory');
  const last = lastPages.get(file);
  if (last?.page === page) return last.entries;
  const size = pages.stored[page];
  if (size > packed.length) packed = Buffer.allocUnsafeSlow(size * 2);
  try {
    const fd = openToRead(file);
    for (let at = 0; at < size; ) {
      const n = readSync(fd, packed, at, size - at, pages.where[page] + at);
      if (n === 0) throw damaged(file);
      at += n;
    }
  } catch (error) {
    throw temporaryFileError(error, file);
  }
  const body = packed.subarray(PAGE_HEADER, size);
  if (packed.readUInt32LE(0) !== body.length || packed.readUInt32LE(4) !== crc32(body)) {
    throw damaged(file);
  }
  const entries = unpackPage(body, pages.length[page]);
  lastPages.set(file, { page, entries });
  return entries;
}

function openToRead(file: string): number {
  let fd = files.get(file);
  if (fd === undefined) {
    fd = openSync(file, 'r');
    files.set(file, fd);
  }
  return fd;
}

function unpackPage(body: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length);
  const end = body.length;
  let o = 0;
  let lastKey = 0;
  offset = 0;
  while (offset < end) {
    const shared = getVarint(body);
    const further = getVarint(body);
    const keyLength = shared + further;
    const key = o + ENTRY_HEADER;
    for (let i = 0; i < shared; i++) out[key + i] = out[lastKey + i];
    let p = offset;
    let q = key + shared;
    for (const stop = p + further; p < stop; p++) out[q++] = body[p];
    offset = p;
    const payload = getVarint(body);
    out[o] = payload;
    out[o + 1] = payload >>> 8;
    out[o + 2] = payload >>> 16;
    out[o + 3] = payload >>> 24;
    out[o + 4] = keyLength;
    out[o + 5] = keyLength >>> 8;
    p = offset;
    if (payload > 256) {
      out.set(body.subarray(p, p + payload), q);
      p += payload;
    } else {
      for (const stop = p + payload; p < stop; p++) out[q++] = body[p];
    }
    offset = p;
    lastKey = key;
    o = aligned(key + keyLength + payload);
  }
  return out;
}

function getVarint(from: Uint8Array): number {
  let c = from[offset++];
  if (c < 0x80) return c;
  let value = c & 0x7f;
  for (let shift = 7; c >= 0x80; shift += 7) {
    c = from[offset++];
    value |= (c & 0x7f) << shift;
  }
  return value >>> 0;
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
