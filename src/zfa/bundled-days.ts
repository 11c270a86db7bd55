/**
 * The days of which there are bundles, as far as the download service looks at them for the lists of
 * names added and removed: it answers for the zones also while the bundles are out of order.
 */

import { statSync } from 'node:fs';
import { join } from 'node:path';
import { DAY_FILE, type DayZone, readDay } from './bundles/day-files.js';
import { bundlesFolder, type FolderName, listFolders } from './bundles/folders.js';

/** A folder of bundles and what it has. */
export interface BundledDay {
  readonly folder: string;
  /** When it was made, seconds since 1970. */
  readonly made: number;
  readonly zones: readonly DayZone[];
}

export interface BundledDays {
  /** The newest; undefined: there is none that can be read. */
  newest(): BundledDay | undefined;
  /** All that can be read, the newest first. */
  all(): readonly BundledDay[];
}

/** @param warn is told once of each thing that is out of order. */
export function createBundledDays(outputDir: string, warn: (text: string) => void): BundledDays {
  const told = new Set<string>();
  const attempt = <T>(action: () => T): T | undefined => {
    try {
      return action();
    } catch (error) {
      // It was replaced, and has just gone.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      const text = `bundles are out of order (zonewright zfa bundle makes them again): ${(error as Error).message}`;
      if (told.size >= 1000) told.clear();
      if (!told.has(text)) warn(text);
      told.add(text);
      return undefined;
    }
  };
  const folders = (): readonly FolderName[] => attempt(() => listFolders(outputDir)) ?? [];
  // A folder never changes; but one that was removed may be made anew under its name.
  const known = new Map<string, { readonly file: string; readonly day: BundledDay }>();
  const dayOf = ({ name }: FolderName): BundledDay | undefined =>
    attempt(() => {
      const folder = join(bundlesFolder(outputDir), name);
      const { ino, mtimeMs } = statSync(join(folder, DAY_FILE));
      const file = `${ino} ${mtimeMs}`;
      const found = known.get(name);
      if (found?.file === file) return found.day;
      const day = { folder, made: Math.floor(mtimeMs / 1000), zones: readDay(folder).zones };
      if (known.size >= 1000) known.clear();
      known.set(name, { file, day });
      return day;
    });
  return {
    newest: () => {
      const [newest] = folders();
      return newest && dayOf(newest);
    },
    all: () => folders().flatMap((folder) => dayOf(folder) ?? []),
  };
}
