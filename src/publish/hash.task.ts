/** The worker's side of describing files: hashes a file from the disk. */

import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';

const BLOCK = 1 << 20;

/** Size and hashes (hexadecimal, in the order of `algorithms`) of a file. */
export interface FileHashes {
  readonly bytes: number;
  readonly hashes: readonly string[];
}

/** @throws the error of the file system. */
export function hashFile(args: {
  readonly file: string;
  readonly algorithms: readonly string[];
}): FileHashes {
  const hashes = args.algorithms.map((algorithm) => createHash(algorithm));
  const block = Buffer.allocUnsafe(BLOCK);
  const fd = openSync(args.file, 'r');
  let bytes = 0;
  try {
    for (;;) {
      const n = readSync(fd, block, 0, BLOCK, null);
      if (n === 0) break;
      bytes += n;
      for (const hash of hashes) hash.update(block.subarray(0, n));
    }
  } finally {
    closeSync(fd);
  }
  return { bytes, hashes: hashes.map((hash) => hash.digest('hex')) };
}
