/** Commands that change keys: one at a time, and none beside a build. */

import { acquireLock } from '../../publish/lock.js';

/**
 * Does work under the lock of a folder.
 *
 * @param folder the state folder of the configuration; undefined: there is none, and no build that
 *   could come in between.
 * @param command what is done, for those who find the folder locked.
 * @throws ZonewrightError (exit 5) when another run holds the lock.
 */
export async function underLock<T>(
  folder: string | undefined,
  command: string,
  work: () => T | Promise<T>,
): Promise<T> {
  const lock = folder === undefined ? undefined : acquireLock(folder, command);
  try {
    return await work();
  } finally {
    lock?.release();
  }
}
