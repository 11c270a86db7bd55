/**
 * Generations of a zone: folders `<build time>-<serial>` under `<output-dir>/<zone>/`, and the
 * link `current` to the one that is published.
 *
 * A generation is made in a folder `.building-…` beside the others. It gets its name only when
 * every octet of it is on the disk, and `current` is replaced by renaming a new link over it:
 * at any moment, also after a power cut, `current` leads to a whole generation. Names that begin
 * with a dot are of no generation; what a killed run leaves under such names is removed by the
 * next run, which holds the lock.
 */

import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { onExit } from '../cleanup.js';
import { basicTime } from '../config/time.js';
import { syncPath } from '../durable.js';
import { usageError } from '../errors.js';
import { storageError } from './storage.js';

export const CURRENT = 'current';
/** Files of a generation: the delegated names that are new and gone since the one before. */
export const ADDED = 'added.txt.gz';
export const REMOVED = 'removed.txt.gz';

const NAME = /^(\d{8}T\d{6}Z)-(\d{1,10})(?:-(\d+))?$/;
const TEMPORARY = /^\.(?:building|current|removing)-/;

/** A generation's folder name, taken apart. */
export interface GenerationName {
  readonly name: string;
  readonly serial: number;
}

/** `20261122T000000Z-1795305600`. */
export function generationName(now: number, serial: number): string {
  return `${basicTime(now)}-${serial}`;
}

/** The serial in a generation's name; undefined: no generation has this name. */
export function generationSerial(name: string): number | undefined {
  const parts = NAME.exec(name);
  return parts === null ? undefined : Number(parts[2]);
}

/** The generations in a zone's folder, oldest first. */
export function listGenerations(zoneDir: string): GenerationName[] {
  let names: string[];
  try {
    names = readdirSync(zoneDir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw storageError(error, zoneDir);
  }
  return names
    .map((name) => ({ name, parts: NAME.exec(name) }))
    .filter((entry) => entry.parts !== null)
    .sort(
      (a, b) =>
        compare(a.parts![1], b.parts![1]) ||
        // Of one second: in the order of their serials, which wrap around.
        (Number(a.parts![2]) - Number(b.parts![2])) | 0 ||
        Number(a.parts![3] ?? 1) - Number(b.parts![3] ?? 1),
    )
    .map(({ name, parts }) => ({ name, serial: Number(parts![2]) }));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * The name of the published generation; undefined before the first.
 *
 * @throws ZonewrightError (exit 2) when `current` is something else than a link to a generation
 *   beside it.
 */
export function currentGeneration(zoneDir: string): string | undefined {
  const link = join(zoneDir, CURRENT);
  let target: string;
  try {
    target = readlinkSync(link);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code === 'EINVAL') {
      throw usageError('is not a symbolic link', {
        place: { file: link },
        hint: 'the build makes this link: move what is there out of the way',
      });
    }
    throw storageError(error, link);
  }
  const name = target.replace(/\/+$/, '');
  if (generationSerial(name) !== undefined && isFolder(join(zoneDir, name))) return name;
  throw usageError(`leads to "${target}", which is no generation in this folder`, {
    place: { file: link },
    hint: `let it lead to one (ln -sfn GENERATION ${link}), or remove it to begin anew`,
  });
}

function isFolder(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** A generation that is being made. */
export interface Draft {
  /** The zone's folder. */
  readonly zoneDir: string;
  /** The folder to write into. */
  readonly folder: string;
  /** Removes it, with the folders that were made for it. Does nothing once it is sealed. */
  discard(): void;
  /** Puts every octet on the disk; the long part, to be done before {@link Draft.seal}. */
  sync(): void;
  /** Gives it its name, which no generation must have yet. */
  seal(name: string): void;
}

/**
 * Opens a new generation of a zone. It is removed when the process ends before it is sealed.
 *
 * @throws ZonewrightError (exit 1 or 2) when the folder can't be made.
 */
export function openDraft(zoneDir: string, now: number): Draft {
  let madeFirst: string | undefined;
  const folder = join(zoneDir, `.building-${basicTime(now)}-${process.pid}`);
  const removeMade = (): void => {
    if (madeFirst === undefined) return;
    // Only what is empty goes; another zone's folder may stand in the same output folder.
    for (let path = zoneDir; path.length >= madeFirst.length; path = dirname(path)) {
      try {
        rmdirSync(path);
      } catch {
        return;
      }
    }
  };
  try {
    madeFirst = mkdirSync(zoneDir, { recursive: true });
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
  } catch (error) {
    removeMade();
    throw storageError(error, zoneDir);
  }
  let open = true;
  const remove = (): void => {
    if (!open) return;
    open = false;
    rmSync(folder, { recursive: true, force: true });
    removeMade();
  };
  const forget = onExit(remove);
  return {
    zoneDir,
    folder,
    discard: () => {
      forget();
      remove();
    },
    sync: () => syncTree(folder),
    seal: (name) => {
      const target = join(zoneDir, name);
      if (lstatSync(target, { throwIfNoEntry: false }) !== undefined) {
        throw new Error(`${target} is there already`);
      }
      try {
        renameSync(folder, target);
        open = false;
        forget();
        sync(zoneDir);
        // The folders that were made for it are entries of other folders.
        for (let path = zoneDir; path.length >= (madeFirst?.length ?? Infinity); ) {
          path = dirname(path);
          sync(path);
        }
      } catch (error) {
        throw storageError(error, target);
      }
    },
  };
}

/**
 * Lets `current` lead to a sealed generation. When this returns, that is on the disk.
 */
export function switchCurrent(zoneDir: string, name: string): void {
  const fresh = join(zoneDir, `.current-${process.pid}`);
  try {
    rmSync(fresh, { force: true });
    symlinkSync(name, fresh);
    renameSync(fresh, join(zoneDir, CURRENT));
    sync(zoneDir);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw storageError(error, join(zoneDir, CURRENT));
  }
}

/** A name for a new generation that none has yet: a second one in a second gets `-2`. */
export function freeName(zoneDir: string, now: number, serial: number): string {
  const base = generationName(now, serial);
  let name = base;
  for (let i = 2; lstatSync(join(zoneDir, name), { throwIfNoEntry: false }) !== undefined; i++) {
    name = `${base}-${i}`;
  }
  return name;
}

/** Removes what killed runs have left under temporary names. Only under the lock. */
export function removeLeftovers(zoneDir: string): string[] {
  let names: string[];
  try {
    names = readdirSync(zoneDir).filter((name) => TEMPORARY.test(name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw storageError(error, zoneDir);
  }
  for (const name of names) rmSync(join(zoneDir, name), { recursive: true, force: true });
  return names;
}

/** Removes one generation; never the current one. */
export function removeGeneration(zoneDir: string, name: string): void {
  if (currentGeneration(zoneDir) === name) throw new Error(`${name} is the current generation`);
  // First under a temporary name: half a generation must not look like one.
  const aside = join(zoneDir, `.removing-${name}`);
  try {
    rmSync(aside, { recursive: true, force: true });
    renameSync(join(zoneDir, name), aside);
    rmSync(aside, { recursive: true, force: true });
  } catch (error) {
    throw storageError(error, join(zoneDir, name));
  }
}

/**
 * Removes the oldest generations until `keep` are left, the current one counted. The current one
 * stays, and so do those that are newer: an operator may have gone back to an older one.
 *
 * @returns the names of what was removed.
 */
export function removeOld(zoneDir: string, keep: number): string[] {
  const current = currentGeneration(zoneDir);
  const names = listGenerations(zoneDir).map((generation) => generation.name);
  const at = current === undefined ? -1 : names.indexOf(current);
  if (at < 0) return [];
  const gone = names.slice(0, Math.min(at, Math.max(0, names.length - keep)));
  for (const name of gone) removeGeneration(zoneDir, name);
  return gone;
}

/** fsync of every file in a folder, and of the folder. */
function syncTree(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) syncTree(path);
    else sync(path);
  }
  sync(folder);
}

/** @throws ZonewrightError where the file system says what is wrong. */
function sync(path: string): void {
  try {
    syncPath(path);
  } catch (error) {
    throw storageError(error, path);
  }
}
