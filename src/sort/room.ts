/**
 * Room for temporary files: whether there is enough, and what is said when there is not. Said here
 * and not where a command ends, since an error that crosses threads has lost its path by then.
 */

import { statfsSync } from 'node:fs';
import { formatSize } from '../config/size.js';
import { EXIT, ZonewrightError } from '../errors.js';

/** Octets that shall be left on the disk. */
const RESERVE = 16 << 20;

/**
 * Makes sure that a folder has room for so many octets more.
 *
 * @throws ZonewrightError (exit 1).
 */
export function assertRoom(folder: string, octets: number): void {
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  if (free < octets + RESERVE) throw noRoom(folder, octets + RESERVE, free);
}

function noRoom(folder: string, needed: number, free: number): ZonewrightError {
  return new ZonewrightError(
    EXIT.unexpected,
    `no room for temporary files: about ${formatSize(needed)} are needed, ${formatSize(free)} are free`,
    { place: { file: folder }, hint: HINT },
  );
}

const HINT = 'name a larger disk with --tmp-dir, or give more --memory';

const FULL: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk for temporary files is full',
  EDQUOT: "the user's disk quota is used up by temporary files",
  EFBIG: 'a temporary file gets larger than is allowed (ulimit -f)',
  EMFILE: 'too many temporary files are open (ulimit -n)',
};

/** The error to show for one of the file system about a temporary file (exit 1). */
export function temporaryFileError(error: unknown, file: string): unknown {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  if (error instanceof ZonewrightError || code === undefined) return error;
  return new ZonewrightError(
    EXIT.unexpected,
    FULL[code] ?? `a temporary file can't be written or read (${code})`,
    { place: { file }, hint: HINT, cause: error },
  );
}
