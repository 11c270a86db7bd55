/**
 * The folders of days: `<output-dir>/bundles/<yyyymmdd>[-<n>]/`.
 *
 * A folder is made under a name with a dot and gets its own by renaming, when every octet of it is
 * on the disk. After that it is never changed. The bundles of a day that are made again get a
 * folder of their own, with a greater `n`: the greatest counts, and the one before stays so long
 * that downloads of it can go on.
 */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { BUNDLES } from '../../config/places.js';
import { storageError } from '../../publish/storage.js';

const NAME = /^(\d{8})(?:-([1-9]\d{0,5}))?$/;
const TEMPORARY = /^\.(?:making|removing|key)-/;
const DAY = 86_400;

/** A sealed folder's name, taken apart. */
export interface FolderName {
  readonly name: string;
  /** YYYYMMDD. */
  readonly date: string;
  /** 1 for the first of the day. */
  readonly n: number;
}

/** Where all of them are. */
export function bundlesFolder(outputDir: string): string {
  return join(outputDir, BUNDLES);
}

/** @example dateOf(1795305600) // '20261122' */
export function dateOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 10).replaceAll('-', '');
}

/** Midnight (UTC) of a date as YYYYMMDD, which the calendar must have; undefined: it hasn't. */
export function dateStart(date: string): number | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)$/.exec(date);
  if (parts === null) return undefined;
  const [year, month, day] = parts.slice(1).map(Number);
  const seconds = Date.UTC(year, month - 1, day) / 1000;
  return seconds >= 0 && dateOf(seconds) === date ? seconds : undefined;
}

/** The name of a folder. */
export function folderName(date: string, n: number): string {
  return n === 1 ? date : `${date}-${n}`;
}

/** The sealed folders, the newest day's newest first. @throws ZonewrightError (exit 1 or 2). */
export function listFolders(outputDir: string): FolderName[] {
  return namesIn(bundlesFolder(outputDir))
    .map((name) => ({ name, parts: NAME.exec(name) }))
    .filter(({ parts }) => parts !== null && dateStart(parts[1]) !== undefined)
    .map(({ name, parts }) => ({ name, date: parts![1], n: Number(parts![2] ?? 1) }))
    .sort((a, b) => (a.date === b.date ? b.n - a.n : a.date < b.date ? 1 : -1));
}

/** What killed runs have left under temporary names. */
export function listLeftovers(outputDir: string): string[] {
  return namesIn(bundlesFolder(outputDir)).filter((name) => TEMPORARY.test(name));
}

/**
 * The folders that need not be kept: those of days that are too old, and, of days before `today`,
 * those that a later one of the same day has replaced.
 *
 * @param folders newest first.
 * @param keepDays days that are kept, today's counted.
 */
export function outdated(
  folders: readonly FolderName[],
  today: string,
  keepDays: number,
): FolderName[] {
  const oldest = oldestKept(today, keepDays);
  return folders.filter(
    ({ date }, i) => date < oldest || (date < today && folders[i - 1]?.date === date),
  );
}

/** The first date that is kept. */
export function oldestKept(today: string, keepDays: number): string {
  return dateOf(Math.max(0, dateStart(today)! - (keepDays - 1) * DAY));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw storageError(error, folder);
  }
}
