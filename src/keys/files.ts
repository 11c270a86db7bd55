/** Files that are whole or not there: written beside their place, synced, then moved or linked. */

import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Replaces a file, or makes it. After a crash it is whole and old, or whole and new. */
export function replaceFile(path: string, text: string, mode: number): void {
  const temporary = writeBeside(path, text, mode);
  try {
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncFolder(dirname(path));
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
  syncFolder(dirname(path));
}

function writeBeside(path: string, text: string, mode: number): string {
  // The name begins with a dot and so is no key file to any reader of the folder.
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  rmSync(temporary, { force: true });
  const fd = openSync(temporary, 'wx', mode);
  try {
    // Unlike writeSync, goes on after a part was written, and fails on a full disk.
    writeFileSync(fd, text);
    fsyncSync(fd);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(fd);
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

/** Makes what was changed in a folder's list of files last. */
export function syncFolder(dir: string): void {
  const fd = openSync(dir, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
