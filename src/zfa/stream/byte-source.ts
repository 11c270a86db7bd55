/**
 * A run of octets of known length that can be read from any place: a file, a bundle that is put
 * together from parts of files, the encrypted form of one. What the download service sends, and
 * `zfa bundle --output` writes, is always one of these, so that Range requests and whole downloads
 * go one way.
 */

import { type FileHandle, open } from 'node:fs/promises';

export interface ByteSource {
  /** Octets. */
  readonly size: number;
  /**
   * Reads octets from `at` on.
   *
   * @param into is filled from its beginning; as much as fits, or as there is without effort.
   * @returns how many; 0 only at the end.
   * @throws when the octets that were promised are not there.
   */
  read(into: Buffer, at: number): Promise<number>;
  /** Ends it; files that it holds are closed. */
  close(): Promise<void>;
}

/**
 * A file as a source. It stays readable when the file's name is taken away or given to another.
 *
 * @param size octets that it must have; undefined: what it has.
 * @throws the error of the file system; an Error when the size differs.
 */
export async function fileSource(path: string, size?: number): Promise<ByteSource> {
  const file = await open(path, 'r');
  try {
    const { size: found } = await file.stat();
    if (size !== undefined && found !== size) {
      throw new Error(`${path} has ${found} octets, expected ${size}`);
    }
    return sourceOf(file, path, found);
  } catch (error) {
    await file.close();
    throw error;
  }
}

function sourceOf(file: FileHandle, path: string, size: number): ByteSource {
  return {
    size,
    read: async (into, at) => {
      const length = Math.min(into.length, size - at);
      if (length <= 0) return 0;
      const { bytesRead } = await file.read(into, 0, length, at);
      if (bytesRead === 0) throw new Error(`${path} ends at ${at}, before its ${size} octets`);
      return bytesRead;
    },
    close: () => file.close(),
  };
}
