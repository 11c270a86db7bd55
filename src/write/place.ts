/** What stands where output is to go. */

import { stat } from 'node:fs/promises';
import { usageError } from '../errors.js';

/**
 * Is this a device, a pipe or the like, which is written into and not replaced?
 *
 * @throws ZonewrightError (exit 2) for a folder.
 */
export async function isDevice(path: string): Promise<boolean> {
  const info = await stat(path).catch(() => undefined);
  if (info?.isDirectory() === true) {
    throw usageError(`--output ${path} is a folder`, { hint: 'name a file in it' });
  }
  return info !== undefined && !info.isFile();
}

/** There is no folder for the output. */
export function noFolder(folder: string): Error {
  return usageError(`there is no folder ${folder}`, { hint: 'make it, or name another output' });
}
