/**
 * The names added and removed as a day's bundles have them: since the last bundles of an earlier day,
 * however many builds there were since. A holder may take one bundle a day, and the lists of a
 * generation tell only what is new since the generation before, which may be an hour old.
 *
 * Generations hang together by their manifests (`previous`), also where an operator went back to an
 * older one. The lists on the way from the one that was bundled to the one that is, joined
 * (name-lists.ts), are what the holder needs; those of an earlier making of the same day take the
 * place of generations that are gone.
 */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ADDED, REMOVED } from '../../publish/generation.js';
import { describeFiles, readManifest } from '../../publish/manifest.js';
import { storageError } from '../../publish/storage.js';
import { changeListNames } from '../shared-files.js';
import type { DayZone } from './day-files.js';
import { comparedWith, type Since, type ZoneGeneration } from './generations.js';
import { type ChangeLists, inverse, joinChanges, UnusableList } from './name-lists.js';

/** Generations that are walked back at most: many a day for weeks. */
const MOST = 10_000;

/** A zone as it was bundled on a day, to be gone on from. */
export interface EarlierLists {
  /** The folder of the day's bundles. */
  readonly folder: string;
  readonly zone: DayZone;
}

export interface DayChangesOptions {
  readonly outputDir: string;
  /** The zone in the bundles of the last day before; undefined: in none. */
  readonly base: Since | undefined;
  /** The zone in bundles of the same day that were made before; undefined: in none. */
  readonly earlier: EarlierLists | undefined;
  /** A folder for new lists, which may have to be made. They have to stay until they were bundled. */
  readonly scratch: string;
  readonly warn: (text: string) => void;
}

/**
 * The zone with the lists that its bundles have.
 *
 * Where the way from one generation to the other is not there any more, or a list on it is damaged, the
 * lists are those of the day's bundles before, gone on with; else those of the generation. It is said, and
 * `since` names what they are against.
 *
 * @throws ZonewrightError (exit 1 or 2) for the disk.
 */
export async function withDayChanges(
  zone: ZoneGeneration,
  { outputDir, base, earlier, scratch, warn }: DayChangesOptions,
): Promise<ZoneGeneration> {
  const { changes } = zone;
  // On the first day there is nothing to go on from.
  if (base === undefined) return zone;
  if (changes.since?.generation === base.generation) {
    return { ...zone, changes: { ...changes, since: base } };
  }
  const ways = waysFrom(join(outputDir, zone.zone), zone, base, earlier);
  let result = zone;
  let why: string | undefined;
  for (const [i, { steps, since }] of ways.entries()) {
    const folder = join(scratch, `${zone.zone}-${i}`);
    try {
      result = await joined(zone, steps(), since, folder);
      break;
    } catch (error) {
      // One list less must not keep bundles from being made; a disk that takes no file does.
      if (!(error instanceof UnusableList)) throw storageError(error, folder);
      why ??= error.message;
    }
  }
  const { since } = result.changes;
  if (since !== base) {
    const against = since === undefined ? 'nothing' : `serial ${since.serial}`;
    warn(
      `${zone.zone}: what was published since the bundles of ${base.date} can't be followed (${why}): the names added and removed are told against ${against}, not against serial ${base.serial}`,
    );
  }
  return result;
}

/** Changes, and what they are against; undefined: nothing. */
interface Way {
  /** In the order of time. @throws UnusableList. */
  readonly steps: () => readonly ChangeLists[];
  readonly since: Since | undefined;
}

/**
 * The ways from the base to the zone, the shortest first; last one that does not begin at the base, but
 * before the generation's own.
 */
function waysFrom(
  zoneDir: string,
  zone: ZoneGeneration,
  base: Since,
  earlier: EarlierLists | undefined,
): readonly Way[] {
  const whole: Way = {
    steps: () => wayBetween(zoneDir, base.generation, zone.generation),
    since: base,
  };
  if (earlier === undefined) return [whole];
  const { generation, since } = earlier.zone;
  const steps = (): readonly ChangeLists[] => [
    listsIn(earlier.folder, changeListNames(zone.zone)),
    ...wayBetween(zoneDir, generation, zone.generation),
  ];
  if (since?.generation === base.generation) return [{ steps, since: base }, whole];
  // Then the generation's own lists say as much, and more of them.
  const same =
    generation === zone.generation && since?.generation === zone.changes.since?.generation;
  return same ? [whole] : [whole, { steps, since }];
}

/** The changes from one generation to another. @throws UnusableList when some are not known. */
function wayBetween(zoneDir: string, from: string, to: string): readonly ChangeLists[] {
  const back = lineOf(zoneDir, from);
  const forth = lineOf(zoneDir, to);
  const common = forth.findIndex((name) => back.includes(name));
  if (common < 0) {
    const first = forth[forth.length - 1];
    throw new UnusableList(
      readManifest(join(zoneDir, first)) === undefined
        ? `generations are not there any more, ${first} is the first that is missed`
        : `the lists of ${first} are against nothing: what was published before it was damaged, or there was nothing`,
    );
  }
  const lists = (generation: string): ChangeLists =>
    listsIn(join(zoneDir, generation), { added: ADDED, removed: REMOVED });
  return [
    ...back.slice(0, back.indexOf(forth[common])).map((name) => inverse(lists(name))),
    ...forth
      .slice(0, common)
      .reverse()
      .map((name) => lists(name)),
  ];
}

/** A generation and those before it, the newest first, as far as their manifests tell. */
function lineOf(zoneDir: string, generation: string): string[] {
  const line = [generation];
  while (line.length < MOST) {
    const manifest = readManifest(join(zoneDir, line[line.length - 1]));
    const before = manifest && comparedWith(manifest)?.generation;
    if (before === undefined) break;
    line.push(before);
  }
  return line;
}

async function joined(
  zone: ZoneGeneration,
  steps: readonly ChangeLists[],
  since: Since | undefined,
  scratch: string,
): Promise<ZoneGeneration> {
  mkdirSync(scratch, { recursive: true });
  const names = changeListNames(zone.zone);
  const made = await joinChanges(steps, listsIn(scratch, names));
  const unpacked = new Map([
    [names.added, made.added.unpacked],
    [names.removed, made.removed.unpacked],
  ]);
  const described = new Map((await describeFiles(scratch)).map((file) => [file.name, file]));
  const files = zone.files.map((file) => {
    const own = described.get(file.name);
    if (own === undefined) return file;
    const { name, bytes, sha256 } = own;
    return { name, path: join(scratch, name), bytes, sha256, unpacked: unpacked.get(name) };
  });
  const changes = {
    added: made.added.names,
    removed: made.removed.names,
    // Names that changed on the way and are again what they were can't be told from the lists.
    changed: undefined,
    since,
  };
  return { ...zone, files, changes };
}

function listsIn(folder: string, { added, removed }: ChangeLists): ChangeLists {
  return { added: join(folder, added), removed: join(folder, removed) };
}
