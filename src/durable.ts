/** Writing that a kill or a power cut leaves either done or not done. Synchronous. */

import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/** Writes a new file; its octets are on the disk when this returns, its name not yet. */
export function writeSynced(path: string, data: string | Uint8Array, mode = 0o644): void {
  const file = openSync(path, 'wx', mode);
  try {
    // Unlike writeSync, goes on after a part was written, and fails on a full disk.
    writeFileSync(file, data);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** A new file beside `path` with a name of its own (`.key-…`). @returns its path. */
export function writeBeside(path: string, data: string | Uint8Array, mode = 0o644): string {
  const own = join(dirname(path), `.key-${process.pid}-${randomBytes(6).toString('hex')}`);
  writeSynced(own, data, mode);
  return own;
}

/**
 * Makes a file, whole, unless it is there: of several processes one is the first.
 *
 * @throws the error of the file system.
 */
export function createOnce(path: string, data: string | Uint8Array, mode: number): void {
  const own = writeBeside(path, data, mode);
  try {
    linkSync(own, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(own, { force: true });
  }
  syncPath(dirname(path));
}

/** Gives a file this text if it has another; a kill leaves the one or the other. */
export function putText(path: string, text: string): void {
  if (readText(path) === text) return;
  const own = writeBeside(path, text);
  try {
    renameSync(own, path);
  } catch (error) {
    rmSync(own, { force: true });
    throw error;
  }
  syncPath(dirname(path));
}

/** The text of a file; undefined: it is not there. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Puts a file's octets, or the entries of a folder, on the disk. */
export function syncPath(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Does a line end right before this octet of the file? */
export function endsInLine(fd: number, at: number): boolean {
  if (at === 0) return true;
  const last = new Uint8Array(1);
  return readSync(fd, last, 0, 1, at - 1) === 1 && last[0] === 0x0a;
}
