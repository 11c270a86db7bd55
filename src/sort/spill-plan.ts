/**
 * Decides how much a run of the program may hold in memory and where the rest goes: a folder of
 * its own for temporary files, removed on every exit. That there is room for them is made sure
 * before the work begins, as far as can be told from the input's size.
 */

import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { onExit } from '../cleanup.js';
import { usageError } from '../errors.js';
import { assertRoom } from './room.js';

/** Where runs go that do not fit. Plain data: it is posted to the threads. */
export interface SpillPlan {
  /** Folder for temporary files; empty: all is held in memory. */
  readonly folder: string;
  /** Octets that all threads together may hold. */
  readonly memory: number;
  /** Threads that share them. */
  readonly threads: number;
}

/** For inputs that are known to be small. */
export const IN_MEMORY: SpillPlan = {
  folder: '',
  memory: Number.POSITIVE_INFINITY,
  threads: 1,
};

/** The folders' names: the process that made them, then a random part. */
const NAME = /^zonewright-(\d+)-[0-9a-f-]{36}$/;
/** Seconds after which a folder whose process is gone was left by kill -9 or a power cut. No run
 * takes as long, also none in another container that shares the folder and not its processes. */
const ABANDONED = 86_400;

/**
 * Input of fewer octets than this part of the memory is held in memory in any case; of more than
 * the second, surely not.
 */
const SURELY_FITS = 0.1;
const SURELY_SPILLS = 0.5;
/** Octets of temporary files for an octet of input: 0.75 for the delegations of a zone file, as
 * much as half again where every name has an NSEC3 record. */
const SPILLED = 0.75;

/** A plan whose files {@link close} removes. */
export interface OpenSpillPlan extends SpillPlan {
  close(): void;
}

/**
 * Makes the folder for temporary files.
 *
 * @param threads worker threads of the pool that will hold the entries.
 * @param input octets of text that will be read, about; undefined: not known.
 * @throws ZonewrightError: exit 2 when `tmpDir` can't be used and may be needed, 1 when it has
 *   no room for what will be needed.
 */
export function openSpillPlan(options: {
  readonly tmpDir: string;
  readonly memory: number;
  readonly threads: number;
  readonly input: number | undefined;
}): OpenSpillPlan {
  const { tmpDir, memory, threads, input } = options;
  removeAbandoned(tmpDir);
  const newName = (): string => join(tmpDir, `zonewright-${process.pid}-${randomUUID()}`);
  const folder = newName();
  const remove = (): void => {
    // Under another name nothing is added any more: a thread may be about to write.
    const old = newName();
    try {
      renameSync(folder, old);
    } catch {
      return;
    }
    rmSync(old, { recursive: true, force: true });
  };
  const forget = onExit(remove);
  const close = (): void => {
    remove();
    forget();
  };
  try {
    mkdirSync(folder, { mode: 0o700 });
    if (input !== undefined && input > memory * SURELY_SPILLS) assertRoom(folder, input * SPILLED);
  } catch (error) {
    close();
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    // Where nothing will be written, a system without a folder for it will do.
    if (input === undefined || input > memory * SURELY_FITS) throw unusable(tmpDir, code);
  }
  return { folder, memory, threads, close };
}

const WRONG: Readonly<Record<string, string>> = {
  ENOENT: 'is not there',
  ENOTDIR: 'is not a folder',
  EACCES: "can't be written to (permission denied)",
  EPERM: "can't be written to (operation not permitted)",
  EROFS: 'is on a file system that is read-only',
  ENOSPC: 'is on a disk that is full',
};

function unusable(tmpDir: string, code: string): Error {
  return usageError(`the folder for temporary files ${WRONG[code] ?? `can't be used (${code})`}`, {
    place: { file: tmpDir },
    hint: 'name another one with --tmp-dir',
  });
}

/** The part of a plan that the threads are told. */
export function planData({ folder, memory, threads }: SpillPlan): SpillPlan {
  return { folder, memory, threads };
}

function removeAbandoned(tmpDir: string): void {
  let names: string[];
  try {
    names = readdirSync(tmpDir);
  } catch {
    // Making the folder will say what is wrong.
    return;
  }
  for (const name of names) {
    const pid = NAME.exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    const folder = join(tmpDir, name);
    try {
      if (Date.now() - statSync(folder).mtimeMs < ABANDONED * 1000) continue;
      rmSync(folder, { recursive: true, force: true });
    } catch {
      // Another user's, or gone by now.
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
