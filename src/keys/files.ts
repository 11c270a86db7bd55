/** Files that are whole or not there: written beside their place, synced, then moved or linked. */

import { linkSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { syncPath, writeSynced } from '../durable.js';

/** Replaces a file, or makes it. After a crash it is whole and old, or whole and new. */
export function replaceFile(path: string, text: string, mode: number): void {
  const temporary = writeBeside(path, text, mode);
  try {
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncPath(dirname(path));
}

/**
 * Makes a file that must not be there yet.
 *
 * @throws the system's EEXIST error when it is.
 */
export function createFile(path: string, text: string, mode: number): void {
  const temporary = writeBeside(path, text, mode);
  try {
    // A link, unlike a rename, never takes the place of another file.
    linkSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
  syncPath(dirname(path));
}

function writeBeside(path: string, text: string, mode: number): string {
  // The name begins with a dot and so is no key file to any reader of the folder.
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  rmSync(temporary, { force: true });
  try {
    writeSynced(temporary, text, mode);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  return temporary;
}

/**
 * Removes what killed runs have left of files that they were writing: these may hold a private
 * key. Those of other runs that are alive stay.
 */
export function sweepTemporary(dir: string): void {
  for (const name of readdirSync(dir)) {
    const pid = /^\.K.*\.(\d+)\.tmp$/.exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    rmSync(join(dir, name), { force: true });
  }
}

function isAlive(pid: number): boolean {
  // Writing is done in one go: this run has nothing half written now.
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
