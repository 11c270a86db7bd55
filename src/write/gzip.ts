/**
 * Writes gzip files with all threads: the text is cut into pieces of 1 MiB, each packed as a
 * member of its own. A file of several members unpacks to their texts in order (RFC 1952 §2.2).
 * The cuts depend on the text alone, so that the same text gives the same octets.
 *
 * Text that is known only at the end, such as a zone's ZONEMD record, gets a member that is
 * stored, not compressed: its size is known before, and it is put in then.
 */

import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import type { Pool, Task } from '../threads/pool.js';

const PACK: Task = { module: new URL('./gzip.task.js', import.meta.url).href, name: 'packMember' };

/** Octets of text in a member. */
const MEMBER = 1 << 20;
/** Zone text gets half a percent larger than at gzip's own 6, and a seventh faster. */
const LEVEL = 5;

export interface GzipFile {
  /** Appends text; waits when the threads are behind. The text is copied. */
  write(text: Uint8Array): Promise<void>;
  /** Leaves room for text of this length, once; {@link fill} puts it in. */
  leaveRoom(length: number): Promise<void>;
  /** Puts in the text that room was left for; after the last `write`. */
  fill(text: Uint8Array): Promise<void>;
  /** Writes what is left, syncs the file to disk and closes it. */
  close(): Promise<void>;
  /** Closes the file as it is, after a failure. */
  abandon(): Promise<void>;
}

/**
 * Opens a gzip file, which must not be there yet.
 *
 * @throws the error of the file system.
 */
export async function createGzip(path: string, pool: Pool): Promise<GzipFile> {
  const handle = await open(path, 'wx', 0o644);
  const pending: Promise<Uint8Array>[] = [];
  let bytes = 0;
  let member = new Uint8Array(MEMBER);
  let held = 0;
  let members = 0;
  let roomAt = -1;
  let room = 0;

  const takeOldest = async (): Promise<void> => {
    const packed = await pending.shift();
    if (packed === undefined) return;
    await writeAll(handle, packed);
    bytes += packed.length;
  };
  const settle = async (): Promise<void> => {
    while (pending.length > 0) await takeOldest();
  };
  const submit = (): void => {
    const text = held === MEMBER ? member : member.slice(0, held);
    const packed = pool.run<Uint8Array>(PACK, { text, level: LEVEL }, [text.buffer]);
    // A failure is seen when its turn comes.
    packed.catch(() => undefined);
    pending.push(packed);
    members++;
    if (held === MEMBER) member = new Uint8Array(MEMBER);
    held = 0;
  };
  return {
    async write(text) {
      for (let at = 0; at < text.length; ) {
        const n = Math.min(text.length - at, MEMBER - held);
        member.set(text.subarray(at, at + n), held);
        held += n;
        at += n;
        if (held < MEMBER) continue;
        submit();
        while (pending.length > pool.slots * 2) await takeOldest();
      }
    },
    async leaveRoom(length) {
      if (roomAt >= 0) throw new Error('room was left before');
      if (held > 0) submit();
      await settle();
      const packed = stored(new Uint8Array(length));
      roomAt = bytes;
      room = packed.length;
      members++;
      await writeAll(handle, packed);
      bytes += packed.length;
    },
    async fill(text) {
      const packed = stored(text);
      if (roomAt < 0 || packed.length !== room) throw new Error('the text does not fit its room');
      await writeAll(handle, packed, roomAt);
    },
    async close() {
      try {
        // No text at all is one empty member.
        if (held > 0 || members === 0) submit();
        await settle();
        await handle.sync();
      } finally {
        await Promise.allSettled(pending);
        await handle.close();
      }
    },
    async abandon() {
      await Promise.allSettled(pending);
      await handle.close();
    },
  };
}

/** Octets and SHA-256 (hexadecimal) of a text. */
export interface TextDigest {
  readonly bytes: number;
  readonly sha256: string;
}

/** A gzip file that knows what it unpacks to. */
export interface DigestedGzip extends Pick<GzipFile, 'write' | 'close' | 'abandon'> {
  /** Of the text written so far. */
  digest(): TextDigest;
}

/** Takes what is written down on its way. */
export function digested(file: GzipFile): DigestedGzip {
  const hash = createHash('sha256');
  let bytes = 0;
  return {
    write: (text) => {
      hash.update(text);
      bytes += text.length;
      return file.write(text);
    },
    close: () => file.close(),
    abandon: () => file.abandon(),
    digest: () => ({ bytes, sha256: hash.copy().digest('hex') }),
  };
}

/** A member whose size depends on the length of the text alone (RFC 1951 §3.2.4). */
const stored = (text: Uint8Array): Uint8Array => gzipSync(text, { level: 0 });

/** Writes octets to a file: behind those written last, or at a place. */
export async function writeAll(
  handle: FileHandle,
  bytes: Uint8Array,
  place?: number,
): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const where = place === undefined ? null : place + at;
    const { bytesWritten } = await handle.write(bytes, at, bytes.length - at, where);
    at += bytesWritten;
  }
}
