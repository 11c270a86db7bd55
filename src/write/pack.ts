/**
 * Packs the text of a zone as gzip while it is written: each part is a member of its own (RFC
 * 1952 §2.2), made by the thread that made the text. The ZONEMD record is known only at the end;
 * it gets a member that is stored, not compressed, whose size is known before, and is put in then.
 */

import { type FileHandle, open } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';

/** Zone text gets half a percent larger than at gzip's own 6, and a seventh faster. */
const LEVEL = 5;

/** Packs a part; with `hole` it becomes three members, of which the second is stored. */
export function packPart(
  text: Uint8Array,
  hole: { readonly start: number; readonly end: number } | undefined,
): Uint8Array<ArrayBuffer>[] {
  if (hole === undefined) return text.length === 0 ? [] : [compressed(text)];
  return [
    compressed(text.subarray(0, hole.start)),
    stored(text.subarray(hole.start, hole.end)),
    compressed(text.subarray(hole.end)),
  ];
}

// zlib writes no time stamp: the same text gives the same octets.
const compressed = (text: Uint8Array): Uint8Array<ArrayBuffer> =>
  new Uint8Array(gzipSync(text, { level: LEVEL }));
const stored = (text: Uint8Array): Uint8Array<ArrayBuffer> =>
  new Uint8Array(gzipSync(text, { level: 0 }));

/** A packed file that is being written. */
export interface PackedFile {
  /** Appends the members of a part, as {@link packPart} made them. */
  add(members: readonly Uint8Array[]): Promise<void>;
  /** Puts the text that was missing into its place, and `last` at the end; closes the file. */
  finish(hole: Uint8Array | undefined, last: Uint8Array): Promise<void>;
  /** Closes the file as it is, after a failure. */
  abandon(): Promise<void>;
}

/**
 * Opens a packed file, which must not be there yet.
 *
 * @throws the error of the file system.
 */
export async function createPackedFile(path: string): Promise<PackedFile> {
  const handle = await open(path, 'wx', 0o644);
  let bytes = 0;
  /** The stored member of the first part. */
  let holeAt = -1;
  let holeSize = 0;
  const append = async (member: Uint8Array): Promise<void> => {
    await writeAll(handle, member);
    bytes += member.length;
  };
  return {
    async add(members) {
      if (bytes === 0 && members.length === 3) {
        holeAt = members[0].length;
        holeSize = members[1].length;
      }
      for (const member of members) await append(member);
    },
    async finish(hole, last) {
      try {
        await append(compressed(last));
        if (hole !== undefined) {
          const member = stored(hole);
          if (holeAt < 0 || member.length !== holeSize) {
            throw new Error('the packed ZONEMD record does not fit its place');
          }
          await writeAll(handle, member, holeAt);
        }
        await handle.sync();
      } finally {
        await handle.close();
      }
    },
    abandon: () => handle.close(),
  };
}

/**
 * Writes octets to a file, all of them: the system may take fewer at a time.
 *
 * @param position where they go; without it behind what was written before.
 */
export async function writeAll(
  handle: FileHandle,
  bytes: Uint8Array,
  position?: number,
): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const place = position === undefined ? null : position + at;
    const { bytesWritten } = await handle.write(bytes, at, bytes.length - at, place);
    at += bytesWritten;
  }
}
