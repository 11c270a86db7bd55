/** What stands where output is to go, and what is wrong with a place where no file can be made. */

import { type Stats, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { usageError } from '../errors.js';
import { storageError } from '../publish/storage.js';

/**
 * Is this a device, a pipe or the like, which is written into and not replaced?
 *
 * @throws ZonewrightError (exit 2) for a folder, and where no file can be.
 */
export async function isDevice(path: string): Promise<boolean> {
  assertPlace(path);
  const info = await stat(path).catch(() => undefined);
  if (info?.isDirectory() === true) {
    throw usageError(`--output ${path} is a folder`, { hint: 'name a file in it' });
  }
  return info !== undefined && !info.isFile();
}

/** @throws ZonewrightError (exit 2) for a path without a name, and for one without a folder. */
export function assertPlace(path: string): void {
  if (path === '') throw usageError('--output "" names no file', { hint: 'name one' });
  const folder = dirname(path);
  let info: Stats | undefined;
  try {
    info = statSync(folder, { throwIfNoEntry: false });
  } catch (error) {
    throw storageError(error, folder);
  }
  if (info === undefined) {
    throw usageError(`there is no folder ${folder}`, { hint: 'make it, or name another output' });
  }
  if (!info.isDirectory()) {
    throw usageError(`${folder} is not a folder`, { hint: 'name another output' });
  }
}

/** The error to show when a file of output could not be made. */
export function outputError(error: unknown, path: string): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return storageError(error, path);
  // The folder is there, and takes no files: /proc, or it went away meanwhile.
  return usageError('no file can be made there', {
    place: { file: path },
    hint: 'name another output',
    cause: error,
  });
}
