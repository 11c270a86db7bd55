/**
 * Where the sample's bytes go: a large buffer in front of a file, which also keeps the file's
 * checksum and size. Compression makes one gzip member a buffer (RFC 1952 §2.2).
 *
 * Standard output is a file like the others, but for the waiting: its full buffers lie there
 * until {@link drain} has handed them to the reader, at the reader's speed.
 */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { crc32, gzipSync } from 'node:zlib';

const SIZE = 1 << 20;
/** Free room in the buffer after {@link makeRoom}; no single append may be longer. */
export const ROOM = 1 << 14;

export type ChecksumAlgorithm = 'CRC32' | 'SHA256';

/** The path that means standard output. */
export const STDOUT = '-';

export interface Sink {
  bytes: Uint8Array;
  at: number;
  /** undefined: standard output. */
  readonly fd: number | undefined;
  /** Full buffers, not written yet; of standard output only. */
  readonly full: Uint8Array[];
  readonly gzip: boolean;
  readonly hash: Hash | undefined;
  crc: number;
  /** Rows written, kept by the writer of the rows. */
  rows: number;
  /** Octets of text, before compression. */
  size: number;
}

/** Creates (or truncates) a file to write to; {@link STDOUT} is there already. */
export function openSink(path: string, gzip: boolean, algorithm: ChecksumAlgorithm): Sink {
  return {
    bytes: new Uint8Array(SIZE),
    at: 0,
    fd: path === STDOUT ? undefined : openSync(path, 'w'),
    full: [],
    gzip,
    hash: algorithm === 'SHA256' ? createHash('sha256') : undefined,
    crc: 0,
    rows: 0,
    size: 0,
  };
}

/** Makes sure that {@link ROOM} octets fit. */
export function makeRoom(sink: Sink): void {
  if (sink.at > SIZE - ROOM) flush(sink);
}

function flush(sink: Sink): void {
  if (sink.at === 0) return;
  const text = sink.bytes.subarray(0, sink.at);
  const data = sink.gzip ? gzipSync(text, { level: 1 }) : text;
  if (sink.hash === undefined) sink.crc = crc32(data, sink.crc);
  else sink.hash.update(data);
  if (sink.fd === undefined) {
    sink.full.push(data);
    sink.bytes = new Uint8Array(SIZE);
  } else {
    for (let done = 0; done < data.length; ) done += writeSync(sink.fd, data, done);
  }
  sink.size += text.length;
  sink.at = 0;
}

/**
 * Waits until the reader of standard output has taken what lies there; a file has nothing.
 *
 * @throws the system's error, EPIPE when the reader has gone.
 */
export async function drain(sink: Sink): Promise<void> {
  for (const data of sink.full.splice(0)) {
    await new Promise<void>((resolve, reject) => {
      process.stdout.write(data, (error) => (error ? reject(error) : resolve()));
    });
  }
}

/**
 * Writes what is left and closes the file; standard output stays open, and is to be drained.
 *
 * @returns the checksum in upper-case hexadecimal.
 */
export function closeSink(sink: Sink): string {
  flush(sink);
  if (sink.fd !== undefined) closeSync(sink.fd);
  const sum =
    sink.hash === undefined ? sink.crc.toString(16).padStart(8, '0') : sink.hash.digest('hex');
  return sum.toUpperCase();
}

const encoder = new TextEncoder();

/** Octets of a constant, for {@link putBytes}. */
export function constant(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Appends octets. */
export function putBytes(sink: Sink, bytes: Uint8Array, length = bytes.length): void {
  const out = sink.bytes;
  let at = sink.at;
  for (let i = 0; i < length; i++) out[at++] = bytes[i];
  sink.at = at;
}

/** Appends one octet. */
export function putByte(sink: Sink, byte: number): void {
  sink.bytes[sink.at++] = byte;
}

/** Appends text; for rare rows. */
export function putText(sink: Sink, text: string): void {
  sink.at += encoder.encodeInto(text, sink.bytes.subarray(sink.at)).written;
}

/** Appends a whole number below 2^53 in decimal. */
export function putNumber(sink: Sink, value: number): void {
  let digits = 1;
  for (let v = value; v >= 10; v = Math.floor(v / 10)) digits++;
  sink.at += digits;
  let at = sink.at;
  let rest = value;
  while (digits-- > 0) {
    const next = Math.floor(rest / 10);
    sink.bytes[--at] = 0x30 + (rest - next * 10);
    rest = next;
  }
}

const HEX = encoder.encode('0123456789ABCDEF');

/** Appends four octets in hexadecimal. */
export function putHex32(sink: Sink, value: number): void {
  const out = sink.bytes;
  let at = sink.at;
  for (let shift = 28; shift >= 0; shift -= 4) out[at++] = HEX[(value >>> shift) & 15];
  sink.at = at;
}
