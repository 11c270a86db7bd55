/** A new file that is on the disk when the call returns. */

import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';

/** Writes a file anew, with this mode. @throws the error of the file system. */
export function writeSynced(path: string, bytes: Uint8Array, mode: number): void {
  const fd = openSync(path, 'w', mode);
  try {
    writeSync(fd, bytes);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
