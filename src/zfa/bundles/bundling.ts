/** A day's bundles from configuration and database: for the build and for `zfa bundle`. */

import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { onExit } from '../../cleanup.js';
import { countText } from '../../cli/output.js';
import type { Config } from '../../config/model.js';
import { refusal, usageError } from '../../errors.js';
import { storageError } from '../../publish/storage.js';
import { systemUser } from '../../system-user.js';
import { readAgreementText } from '../agreement-text.js';
import { appendAudit } from '../audit/log.js';
import type { Database } from '../database/open.js';
import { type Holder, isActive } from '../holders/model.js';
import { listHolders } from '../holders/store.js';
import type { AgreementText } from './compose.js';
import { withDayChanges } from './day-changes.js';
import { type BundleDay, type DayZone, type DayZones, openDay, readDays } from './days.js';
import { bundlesFolder, dateOf, listLeftovers } from './folders.js';
import {
  currentOf,
  dayZone,
  generationOfDay,
  readGeneration,
  type Since,
  type ZoneGeneration,
} from './generations.js';
import { type BundlesMade, makeBundles } from './make.js';

export interface BundlingOptions {
  /** YYYYMMDD; of an earlier day than now's: from what was published when it ended. */
  readonly date: string;
  /** Seconds since 1970. */
  readonly now: number;
  /** Throws when the build's lock is lost. */
  readonly assertHeld: () => void;
  readonly warn: (text: string) => void;
}

/**
 * Makes the bundles of all active holders, and notes how the zones are that day.
 *
 * @throws ZonewrightError; see {@link makeBundles}, {@link gatherZones}, {@link readAgreement}.
 */
export async function bundleDay(
  config: Config,
  db: Database,
  { date, now, assertHeld, warn }: BundlingOptions,
): Promise<BundlesMade> {
  const { outputDir, stateDir } = config;
  const agreement = readAgreement(config);
  const gathered = await gatherZones(config, date, now, warn);
  const holders = listHolders(db, 'approved').filter((holder) => isActive(holder, now));
  warnOfForeignZones(config, holders, warn);
  const days = readDays(outputDir);
  noteMissedDays(db, days);
  const made = await withScratch(outputDir, async (scratch) => {
    const zones = await withChanges(gathered, { outputDir, db, days, date, scratch, warn });
    const bundles = await makeBundles({
      outputDir,
      stateDir,
      date,
      now,
      keepDays: config.zfa.keepDays,
      zones,
      agreement,
      holders,
      assertHeld,
      tellNewKey: ({ before, now: key }) => {
        warn(
          `the manifests are signed by another key than before, ${key} instead of ${before}: holders who keep the public key have to be told`,
        );
        appendAudit(db, stateDir, [
          { at: now, event: 'signing-key', by: systemUser(), before, now: key },
        ]);
      },
    });
    noteZoneDays(db, date, zones.map(dayZone));
    warnOfNextDay(days, date, zones, warn);
    return bundles;
  });
  if (made.without.length > 0) {
    warn(`no bundle for ${made.without.join(', ')}: none of their zones is published`);
  }
  if (made.badKeys.length > 0) {
    warn(`no encrypted bundle for ${made.badKeys.join(', ')}: their age keys can't be used`);
  }
  return made;
}

/** A past day whose bundles are others now: the next day's lists go on from what there was before. */
function warnOfNextDay(
  days: readonly DayZones[],
  date: string,
  zones: readonly ZoneGeneration[],
  warn: (text: string) => void,
): void {
  const later = days.filter((day) => day.date > date);
  for (const { zone, generation } of zones) {
    const next = daysOf(zone, later).at(-1);
    if (next === undefined || next.since?.generation === generation) continue;
    warn(
      `${zone}: the bundles of ${next.date} don't tell the names added and removed against these of ${date}: as far as that can be followed, they do when they are made again (zonewright zfa bundle --date ${next.date})`,
    );
  }
}

/** Holders may have zones that the configuration had once. */
function warnOfForeignZones(
  { zones }: Config,
  holders: readonly Holder[],
  warn: (text: string) => void,
): void {
  const labels = new Set(zones.map(({ label }) => label));
  const foreign = new Set(holders.flatMap((holder) => holder.zones.filter((z) => !labels.has(z))));
  for (const zone of [...foreign].sort()) {
    const { length } = holders.filter((holder) => holder.zones.includes(zone));
    warn(
      `${zone} is not in the configuration, and not in the bundles of those who may have it: ${length === 1 ? '1 holder' : `${countText(length)} holders`}`,
    );
  }
}

/**
 * Does something with a folder beside the bundles, from which files can be linked into them; it is
 * gone afterwards. What killed runs have left is removed before.
 */
async function withScratch<T>(
  outputDir: string,
  action: (scratch: string) => Promise<T>,
): Promise<T> {
  const all = bundlesFolder(outputDir);
  const remove = (name: string): void => rmSync(join(all, name), { recursive: true, force: true });
  const own = `.making-lists-${process.pid}-${randomBytes(4).toString('hex')}`;
  const forget = onExit(() => remove(own));
  try {
    mkdirSync(all, { recursive: true });
    for (const name of listLeftovers(outputDir)) remove(name);
    return await action(join(all, own));
  } catch (error) {
    throw storageError(error, all);
  } finally {
    forget();
    remove(own);
  }
}

export interface ChangesOptions {
  readonly outputDir: string;
  readonly db: Database;
  /** All that are kept, newest first. */
  readonly days: readonly DayZones[];
  /** YYYYMMDD. */
  readonly date: string;
  /** A folder for lists that have to be made. */
  readonly scratch: string;
  readonly warn: (text: string) => void;
}

/**
 * Zones with the names added and removed since the bundles of the last day before, see
 * {@link withDayChanges}.
 */
export async function withChanges(
  zones: readonly ZoneGeneration[],
  { outputDir, db, days, date, scratch, warn }: ChangesOptions,
): Promise<ZoneGeneration[]> {
  const day = earlierDay(outputDir, date);
  const past = days.filter((one) => one.date < date);
  const all: ZoneGeneration[] = [];
  for (const zone of zones) {
    const before = day?.zones.find((one) => one.zone === zone.zone);
    const earlier = before && { folder: day!.folder, zone: before };
    const noted = lastBundled(past, db, zone.zone, date);
    // A day that is neither kept nor noted may be the one that the bundles of before go on from.
    const since = before?.since;
    const base = since?.date !== undefined && since.date > (noted?.date ?? '') ? since : noted;
    all.push(await withDayChanges(zone, { outputDir, base, earlier, scratch, warn }));
  }
  return all;
}

/** Bundles of the day that were made before; of damaged ones nothing is taken over. */
function earlierDay(outputDir: string, date: string): BundleDay | undefined {
  try {
    return openDay(outputDir, date);
  } catch {
    return undefined;
  }
}

/** A zone as days have it, in their order. */
function daysOf(label: string, days: readonly DayZones[]): (DayZone & { readonly date: string })[] {
  return days.flatMap(({ date, zones }) => {
    const zone = zones.find((one) => one.zone === label);
    return zone === undefined ? [] : [{ ...zone, date }];
  });
}

/**
 * A zone as it was bundled on the last day before a date; undefined: it never was.
 *
 * What holders have is what the day's folder says. The database, which is written after it, remembers
 * days whose folder is not kept any more.
 *
 * @param days those before the date that are kept, newest first.
 */
function lastBundled(
  days: readonly DayZones[],
  db: Database,
  zone: string,
  date: string,
): Since | undefined {
  const kept = daysOf(zone, days)[0];
  const row = db
    .sql(
      `SELECT date, generation, serial FROM zone_days WHERE zone = ? AND date < ?
       ORDER BY date DESC LIMIT 1`,
    )
    .get(zone, date);
  if (kept !== undefined && (row === undefined || kept.date >= (row.date as string))) {
    return { date: kept.date, generation: kept.generation, serial: kept.serial };
  }
  return (
    row && {
      date: row.date as string,
      generation: row.generation as string,
      serial: row.serial as number,
    }
  );
}

/**
 * What is bundled of the configured zones; those of which nothing was published are told and left
 * out.
 *
 * @throws ZonewrightError: exit 2 for a day to come, 4 when nothing is published, or it is not
 *   there any more.
 */
export async function gatherZones(
  { outputDir, zones }: Config,
  date: string,
  now: number,
  warn: (text: string) => void,
): Promise<ZoneGeneration[]> {
  const today = dateOf(now);
  if (date > today) {
    throw usageError(`${date} is yet to come`, { hint: `today is ${today} (UTC)` });
  }
  const gathered: ZoneGeneration[] = [];
  const absent: string[] = [];
  for (const { label } of zones) {
    const generation =
      date === today ? currentOf(outputDir, label) : generationOfDay(outputDir, label, date);
    if (generation === undefined) absent.push(label);
    else gathered.push(await readGeneration(outputDir, label, generation));
  }
  const when = date === today ? 'yet' : `by the end of ${date}`;
  if (gathered.length === 0) {
    throw refusal(`nothing was published ${when}: there is nothing to bundle`, {
      place: { file: outputDir },
      hint: 'build the zones first (zonewright build)',
    });
  }
  for (const label of absent) warn(`${label}: nothing was published ${when}; not in the bundles`);
  return gathered;
}

/**
 * The agreement's text; undefined: none is configured.
 *
 * @throws ZonewrightError (exit 2) when its file can't be read.
 */
export function readAgreement({ zfa: { agreement } }: Config): AgreementText | undefined {
  if (agreement === undefined) return undefined;
  const { version, file } = agreement;
  const text = readAgreementText(file);
  const sha256 = createHash('sha256').update(text).digest('hex');
  return { version, text, bytes: text.length, sha256 };
}

/** Notes the zones as they are bundled on a day; of bundles made again the last ones. */
function noteZoneDays(db: Database, date: string, zones: readonly DayZone[]): void {
  const insert = db.sql(
    `INSERT OR REPLACE INTO zone_days
       (date, zone, generation, serial, delegations, added, removed, packed, sha256)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  db.change(() => {
    for (const { zone, generation, serial, delegations, added, removed, files } of zones) {
      const [{ bytes, sha256 }] = files;
      const counts = [delegations ?? null, added ?? null, removed ?? null];
      insert.run(date, zone, generation, serial, ...counts, bytes, sha256);
    }
  });
}

/** Notes what a run that was killed, or failed, after it had made its bundles did not. */
function noteMissedDays(db: Database, days: readonly DayZones[]): void {
  const noted = db.sql(
    'SELECT generation, added, removed FROM zone_days WHERE date = ? AND zone = ?',
  );
  for (const { date, zones } of days) {
    const missed = zones.filter(({ zone, generation, added = null, removed = null }) => {
      const row = noted.get(date, zone);
      return row?.generation !== generation || row.added !== added || row.removed !== removed;
    });
    if (missed.length > 0) noteZoneDays(db, date, missed);
  }
}
