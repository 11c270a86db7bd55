/**
 * The days of which there are bundles, as far as the download service looks at them for the lists of
 * names added and removed: it answers for the zones also while the bundles are out of order.
 */

import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DAY_FILE, type DayFile, type DayZone, readDay } from './bundles/day-files.js';
import { withNewestFolder } from './bundles/days.js';
import { bundlesFolder, listFolders } from './bundles/folders.js';
import { isChangeList } from './shared-files.js';

/** A zone in the bundles of a day. */
export interface BundledZone extends DayZone {
  readonly folder: string;
  /** When the bundles were made, seconds since 1970. */
  readonly made: number;
  /** Its lists of names added and removed. */
  readonly lists: readonly DayFile[];
}

export interface BundledDays {
  /** The zone in the newest bundles; undefined: it is not in them, or they can't be used. */
  newest(label: string): BundledZone | undefined;
  /** The zone in all bundles that can be used, the newest first. */
  all(label: string): readonly BundledZone[];
}

/** A folder of bundles and what it has. */
interface Day {
  readonly made: number;
  readonly zones: readonly DayZone[];
}

/** @param warn is told once of each thing that is out of order. */
export function createBundledDays(outputDir: string, warn: (text: string) => void): BundledDays {
  const told = new Set<string>();
  const tell = (why: string): void => {
    if (told.size >= 1000) told.clear();
    if (!told.has(why)) {
      warn(`bundles are out of order (zonewright zfa bundle makes them again): ${why}`);
    }
    told.add(why);
  };
  /** Undefined when there are none; a folder that has just gone is not told. */
  const attempt = <T>(folder: string, action: () => T): T | undefined => {
    try {
      return action();
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT' || existsSync(folder)) tell(message);
      return undefined;
    }
  };
  const all = bundlesFolder(outputDir);
  // A folder never changes; but one that was removed may be made anew under its name.
  const known = new Map<string, { readonly file: string; readonly day: Day }>();
  const dayOf = (folder: string): Day => {
    const { ino, mtimeMs } = statSync(join(folder, DAY_FILE));
    const file = `${ino} ${mtimeMs}`;
    const found = known.get(folder);
    if (found?.file === file) return found.day;
    const day = { made: Math.floor(mtimeMs / 1000), zones: readDay(folder).zones };
    if (known.size >= 1000) known.clear();
    known.set(folder, { file, day });
    return day;
  };
  const zoneIn = (label: string, folder: string): BundledZone | undefined => {
    const { made, zones } = dayOf(folder);
    const zone = zones.find((one) => one.zone === label);
    if (zone === undefined) return undefined;
    const lists = zone.files.filter(({ name }) => isChangeList(label, name));
    for (const { name, bytes } of lists) {
      const path = join(folder, name);
      if (statSync(path).size !== bytes) throw new Error(`${path} has not its size`);
    }
    return { ...zone, folder, made, lists };
  };
  return {
    newest: (label) =>
      attempt(all, () => withNewestFolder(outputDir, undefined, (folder) => zoneIn(label, folder))),
    all: (label) => {
      const folders = attempt(all, () => listFolders(outputDir)) ?? [];
      return folders.flatMap(({ name }) => {
        const folder = join(all, name);
        return attempt(folder, () => zoneIn(label, folder)) ?? [];
      });
    },
  };
}
