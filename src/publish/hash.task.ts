/** The worker's side of describing files: hashes a file from the disk. */

import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';

const BLOCK = 1 << 20;
const LF = 10;

/** Size and hashes (hexadecimal, in the order of `algorithms`) of a file. */
export interface FileHashes {
  readonly bytes: number;
  readonly hashes: readonly string[];
  /** SHA-256 of the file with its first line once more at its end, and its octets. */
  readonly again: { readonly bytes: number; readonly sha256: string } | undefined;
}

/**
 * @param args `again`: find {@link FileHashes.again}; the file's first line, of 1 MiB at most, ends
 *   in a line feed, and `sha256` is among the algorithms.
 * @throws the error of the file system.
 */
export function hashFile(args: {
  readonly file: string;
  readonly algorithms: readonly string[];
  readonly again?: boolean;
}): FileHashes {
  const hashes = args.algorithms.map((algorithm) => createHash(algorithm));
  let first: Buffer | undefined;
  const block = Buffer.allocUnsafe(BLOCK);
  const fd = openSync(args.file, 'r');
  let bytes = 0;
  try {
    for (;;) {
      const n = readSync(fd, block, 0, BLOCK, null);
      if (n === 0) break;
      if (args.again && first === undefined) {
        first = Buffer.from(block.subarray(0, block.indexOf(LF) + 1));
      }
      bytes += n;
      for (const hash of hashes) hash.update(block.subarray(0, n));
    }
  } finally {
    closeSync(fd);
  }
  const again = first && {
    bytes: bytes + first.length,
    sha256: hashes[args.algorithms.indexOf('sha256')].copy().update(first).digest('hex'),
  };
  return { bytes, hashes: hashes.map((hash) => hash.digest('hex')), again };
}
