/** A day's bundles from configuration and database: for the build and for `zfa bundle`. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Config } from '../../config/model.js';
import { refusal, usageError } from '../../errors.js';
import { storageError } from '../../publish/storage.js';
import type { Database } from '../database/open.js';
import { isActive } from '../holders/model.js';
import { listHolders } from '../holders/store.js';
import type { AgreementText } from './compose.js';
import { dateOf } from './folders.js';
import {
  currentOf,
  dayZone,
  generationOfDay,
  readGeneration,
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
  const zones = await gatherZones(config, date, now, warn);
  const made = await makeBundles({
    outputDir,
    stateDir,
    date,
    now,
    keepDays: config.zfa.keepDays,
    zones,
    agreement,
    holders: listHolders(db, 'approved').filter((holder) => isActive(holder, now)),
    assertHeld,
  });
  noteZoneDays(db, date, zones);
  if (made.without.length > 0) {
    warn(`no bundle for ${made.without.join(', ')}: none of their zones is published`);
  }
  if (made.badKeys.length > 0) {
    warn(`no encrypted bundle for ${made.badKeys.join(', ')}: their age keys can't be used`);
  }
  return made;
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
  let text: Buffer;
  try {
    text = readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw storageError(error, file);
    throw usageError("the agreement's text is not there", {
      place: { file },
      hint: 'put it there, or name another file (zfa.agreement)',
      cause: error,
    });
  }
  const sha256 = createHash('sha256').update(text).digest('hex');
  return { version, text, bytes: text.length, sha256 };
}

/** Notes the zones as they are bundled on a day; of bundles made again the last ones. */
function noteZoneDays(db: Database, date: string, zones: readonly ZoneGeneration[]): void {
  const insert = db.sql(
    `INSERT OR REPLACE INTO zone_days
       (date, zone, generation, serial, delegations, added, removed, packed, sha256)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  db.change(() => {
    for (const zone of zones) {
      const { generation, serial, delegations, added, removed, files } = dayZone(zone);
      const [{ bytes, sha256 }] = files;
      const counts = [delegations ?? null, added ?? null, removed ?? null];
      insert.run(date, zone.zone, generation, serial, ...counts, bytes, sha256);
    }
  });
}
