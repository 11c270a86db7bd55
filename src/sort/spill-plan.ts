/**
 * Decides how much a run of the program may hold in memory and where the rest goes: a folder of
 * its own for temporary files, made by the first thread that needs it and removed on every exit.
 */

import { randomUUID } from 'node:crypto';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { onExit } from '../cleanup.js';

/** Where runs go that do not fit. Plain data: it is posted to the threads. */
export interface SpillPlan {
  /** Folder for temporary files; it may not be there yet. */
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

/** A plan whose files {@link close} removes. */
export interface OpenSpillPlan extends SpillPlan {
  close(): void;
}

/** @param threads worker threads of the pool that will hold the entries. */
export function openSpillPlan(options: {
  readonly tmpDir: string;
  readonly memory: number;
  readonly threads: number;
}): OpenSpillPlan {
  const { tmpDir, memory, threads } = options;
  removeAbandoned(tmpDir);
  const folder = join(tmpDir, `zonewright-${process.pid}-${randomUUID()}`);
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const forget = onExit(remove);
  return {
    folder,
    memory,
    threads,
    close() {
      remove();
      forget();
    },
  };
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
    // Whoever writes there first will say what is wrong with it.
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
