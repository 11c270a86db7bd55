/**
 * What the nightly build does for zone file access when the zones are published: whose time is over
 * is noted, and the day's bundles are made for those who are holders now.
 *
 * Loaded by the build only where there are holders: SQLite takes its time to start.
 */

import type { Config } from '../config/model.js';
import { bundleDay } from './bundles/bundling.js';
import { dateOf } from './bundles/folders.js';
import { openDatabase } from './database/open.js';
import { type HoldersNight, holdersNight } from './holders/nightly.js';

export interface NightlyOptions {
  /** Throws when the build's lock is lost. */
  readonly assertHeld: () => void;
  readonly warn: (text: string) => void;
}

export interface NightlyDone {
  /** Whose access has ended, and whose will soon. */
  readonly ends: HoldersNight;
  /** The day, YYYYMMDD. */
  readonly date: string;
  /** Holders that have a bundle. */
  readonly holders: number;
  /** Octets that their own parts take. */
  readonly ownBytes: number;
}

/**
 * Does it, under the build's lock.
 *
 * @param now seconds since 1970.
 * @throws ZonewrightError; what was published stays so.
 */
export async function nightly(
  config: Config,
  now: number,
  { assertHeld, warn }: NightlyOptions,
): Promise<NightlyDone> {
  const db = openDatabase(config.stateDir);
  try {
    const ends = holdersNight(db, config.stateDir, now, warn);
    const date = dateOf(now);
    const { holders, ownBytes } = await bundleDay(config, db, { date, now, assertHeld, warn });
    return { ends, date, holders, ownBytes };
  } finally {
    db.close();
  }
}
