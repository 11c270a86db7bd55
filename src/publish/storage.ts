/**
 * What can go wrong with a disk, said in words; and whether there is room before a build begins.
 */

import { existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { formatSize } from '../config/size.js';
import { EXIT, ZonewrightError } from '../errors.js';

const CODES: Readonly<Record<string, readonly [number, string, string]>> = {
  ENOSPC: [EXIT.unexpected, 'the disk is full', 'make room, or name a folder on another disk'],
  EDQUOT: [EXIT.unexpected, "the user's disk quota is used up", 'make room, or raise the quota'],
  EFBIG: [EXIT.unexpected, 'the file gets larger than is allowed', 'raise the limit (ulimit -f)'],
  EIO: [EXIT.unexpected, 'the disk has a fault', 'look at the system log (dmesg)'],
  EROFS: [EXIT.usage, 'the file system is read-only', 'mount it writable, or name another folder'],
  EACCES: [
    EXIT.usage,
    "it can't be written to or read (permission denied)",
    'give this user the right, or run as the user who has it',
  ],
  EPERM: [
    EXIT.usage,
    "it can't be changed (operation not permitted)",
    'give this user the right, or run as the user who has it',
  ],
  EISDIR: [EXIT.usage, 'a folder stands where a file belongs', 'move it out of the way'],
  ERR_FS_EISDIR: [EXIT.usage, 'a folder stands where a file belongs', 'move it out of the way'],
  ENOTDIR: [EXIT.usage, 'a part of the path is not a folder', 'name another folder'],
  EEXIST: [EXIT.usage, 'something else stands there', 'move it out of the way'],
  EMFILE: [EXIT.unexpected, 'too many files are open', 'raise the limit (ulimit -n)'],
};

/** The system's error code; errors from other threads have it in their message only. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code } = error as NodeJS.ErrnoException;
  return code ?? /^([A-Z][A-Z0-9]{2,}): /.exec(error.message)?.[1];
}

/**
 * The error to show for a failure of the file system: full disk, missing right, read-only folder
 * and the like as ZonewrightError (exit 1 or 2), anything else as it is.
 *
 * @param path the folder or file that was being worked on.
 */
export function storageError(error: unknown, path: string): unknown {
  if (error instanceof ZonewrightError) return error;
  const known = CODES[codeOf(error) ?? ''];
  if (known === undefined) return error;
  const [exitCode, message, hint] = known;
  const file = (error as NodeJS.ErrnoException).path ?? path;
  return new ZonewrightError(exitCode, message, { place: { file }, hint, cause: error });
}

/** Bytes that this user may still write in a folder, or where it will be made. */
export function freeSpace(folder: string): number {
  let there = folder;
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
  const { bavail, bsize } = statfsSync(there);
  return bavail * bsize;
}

/**
 * Makes sure that a folder has room.
 *
 * @param need bytes, estimated.
 * @param what what the room is for.
 * @throws ZonewrightError (exit 1).
 */
export function assertSpace(folder: string, need: number, what: string): void {
  const free = freeSpace(folder);
  if (free >= need) return;
  throw new ZonewrightError(
    EXIT.unexpected,
    `not enough space on the disk: ${formatSize(free)} are free, ${what} needs about ${formatSize(need)}`,
    { place: { file: folder }, hint: 'make room, keep fewer generations, or name another folder' },
  );
}
