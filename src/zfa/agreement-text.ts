/** The file of the agreement's text (`zfa.agreement`), read in one way wherever it is needed. */

import { readFileSync, statSync } from 'node:fs';
import { usageError } from '../errors.js';
import { storageError } from '../publish/storage.js';

/**
 * @throws ZonewrightError (exit 2) when it is not there, can't be read, or is no file: a pipe or a
 *   device would keep the reader for ever.
 */
export function readAgreementText(file: string): Buffer {
  const hint = 'put it there, or name another file (zfa.agreement)';
  try {
    const info = statSync(file);
    if (!info.isFile() && !info.isDirectory()) {
      throw usageError("the agreement's text is no regular file", { place: { file }, hint });
    }
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw storageError(error, file);
    throw usageError("the agreement's text is not there", { place: { file }, hint, cause: error });
  }
}
