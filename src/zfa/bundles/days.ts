/** The days of which there are bundles, for those who hand them out or show them. */

import { join } from 'node:path';
import { type DayZone, decodeIndex, readDay, readIndex } from './day-files.js';
import { bundlesFolder, type FolderName, listFolders } from './folders.js';

export type { DayFile, DayZone } from './day-files.js';

/** A day's bundles. */
export interface BundleDay {
  /** YYYYMMDD. */
  readonly date: string;
  readonly folder: string;
  /** Seconds since 1970. */
  readonly modified: number;
  readonly zones: readonly DayZone[];
  /** Ids of the holders that have a bundle. */
  readonly holders: ReadonlySet<string>;
}

/** Dates as YYYYMMDD, newest first. @throws ZonewrightError (exit 1 or 2). */
export function listDays(outputDir: string): readonly string[] {
  return [...new Set(listFolders(outputDir).map(({ date }) => date))];
}

/**
 * A day; undefined: there are no bundles of it.
 *
 * @throws the error of the file system, and an Error for a folder that is damaged.
 */
export function openDay(outputDir: string, date: string): BundleDay | undefined {
  return withNewestFolder(outputDir, date, (folder) => {
    const day = readDay(folder);
    const { modified, zones } = day;
    const holders = new Set(decodeIndex(readIndex(folder, day)).map(({ holder }) => holder));
    return { date, folder, modified, zones, holders };
  });
}

/** What the bundles of a day have of the zones. */
export interface DayZones {
  /** YYYYMMDD. */
  readonly date: string;
  readonly zones: readonly DayZone[];
}

/** The zones of all days, newest first; damaged days are left out. @throws ZonewrightError (exit 1 or 2). */
export function readDays(outputDir: string): readonly DayZones[] {
  return listDays(outputDir).flatMap((date) => {
    try {
      return (
        withNewestFolder(outputDir, date, (folder) => ({ date, zones: readDay(folder).zones })) ??
        []
      );
    } catch {
      return [];
    }
  });
}

/**
 * Does something with the folder that counts for a date. It may be removed meanwhile because its
 * bundles were made again: then it is done with the new one.
 *
 * @param date YYYYMMDD; undefined: the newest.
 * @returns undefined when there is none.
 */
export function withNewestFolder<T>(
  outputDir: string,
  date: string | undefined,
  action: (folder: string) => T,
): T | undefined {
  const find = (): FolderName | undefined =>
    listFolders(outputDir).find((one) => date === undefined || one.date === date);
  for (let turn = 0; ; turn++) {
    const newest = find();
    if (newest === undefined) return undefined;
    try {
      return action(join(bundlesFolder(outputDir), newest.name));
    } catch (error) {
      const again = (error as NodeJS.ErrnoException).code === 'ENOENT' && turn < 3;
      if (!again || find()?.name === newest.name) throw error;
    }
  }
}
