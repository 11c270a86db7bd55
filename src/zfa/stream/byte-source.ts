/**
 * A run of octets of known length that can be read from any place: a file, a bundle that is put
 * together from parts of files, the encrypted form of one. What the download service sends, and
 * `zfa bundle --output` writes, is always one of these, so that Range requests and whole downloads
 * go one way.
 */

import {
  close as closeCallback,
  closeSync,
  fstatSync,
  openSync,
  read as readCallback,
} from 'node:fs';
import { promisify } from 'node:util';

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
  /**
   * Where the octets from `at` on stand in an open file, as far as they do without a break; undefined:
   * in none. For those who can send a file without reading it.
   */
  fileAt?(at: number): FilePlace | undefined;
  /** Ends it; files that it holds are closed. */
  close(): Promise<void>;
}

/** A run of octets of an open file. */
export interface FilePlace {
  /** File descriptor. */
  readonly fd: number;
  readonly at: number;
  readonly length: number;
}

/**
 * A file as a source. It stays readable when the file's name is taken away or given to another.
 *
 * However many read a file at a time, it is open once: a thousand bundles of a day are a thousand
 * times the same files.
 *
 * @param size octets that it must have; undefined: what it has.
 * @throws the error of the file system; an Error when the size differs.
 */
export async function fileSource(path: string, size?: number): Promise<ByteSource> {
  const file = openShared(path);
  if (size === undefined || file.size === size) return sourceOf(file, path);
  await release(file);
  throw new Error(`${path} has ${file.size} octets, expected ${size}`);
}

/** A file that is open, and for how many sources. */
interface SharedFile {
  readonly fd: number;
  readonly size: number;
  /** Device and inode: what a name leads to may change, this file does not. */
  readonly key: string;
  users: number;
}

const close = promisify(closeCallback);

const files = new Map<string, SharedFile>();

/** At once, since the way through a thread takes longer than opening, and a bundle has many files. */
function openShared(path: string): SharedFile {
  const fd = openSync(path, 'r');
  try {
    const { dev, ino, size } = fstatSync(fd);
    const key = `${dev} ${ino}`;
    const there = files.get(key);
    if (there !== undefined && there.size === size) {
      there.users++;
      closeSync(fd);
      return there;
    }
    const file = { fd, size, key, users: 1 };
    // One that has grown since is another one to those who come now.
    if (there === undefined) files.set(key, file);
    return file;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

async function release(file: SharedFile): Promise<void> {
  if (--file.users > 0) return;
  if (files.get(file.key) === file) files.delete(file.key);
  await close(file.fd);
}

function sourceOf(file: SharedFile, path: string): ByteSource {
  const { fd, size } = file;
  let closed: Promise<void> | undefined;
  return {
    size,
    read: (into, at) => {
      const length = Math.min(into.length, size - at);
      if (length <= 0) return Promise.resolve(0);
      // Not by a FileHandle: with small pieces its promises cost more than the reading.
      return new Promise((resolve, reject) => {
        readCallback(fd, into, 0, length, at, (error, n) => {
          if (error !== null) reject(error);
          else if (n === 0) reject(new Error(`${path} ends at ${at}, before its ${size} octets`));
          else resolve(n);
        });
      });
    },
    fileAt: (at) => (at < size ? { fd, at, length: size - at } : undefined),
    close: () => {
      closed ??= release(file);
      return closed;
    },
  };
}
