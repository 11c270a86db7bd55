/**
 * What the nightly build does for zone file access: whose time is over is noted, and when the zones are
 * published, the day's bundles are made for those who are holders now.
 *
 * Loaded by the build only where there are holders: SQLite takes its time to start.
 */

import type { Config } from '../config/model.js';
import { bundleDay } from './bundles/bundling.js';
import { dateOf } from './bundles/folders.js';
import { openDatabase } from './database/open.js';
import { holdersNight, type NotedEnds } from './holders/nightly.js';

/**
 * Notes whose access has ended, and warns of whose will soon.
 *
 * @param now seconds since 1970.
 * @throws ZonewrightError.
 */
export function noteEnds(config: Config, now: number, warn: (text: string) => void): NotedEnds {
  const db = openDatabase(config.stateDir);
  try {
    return holdersNight(db, config.stateDir, now, warn);
  } finally {
    db.close();
  }
}

export interface BundleNightOptions {
  /** Throws when the build's lock is lost. */
  readonly assertHeld: () => void;
  readonly warn: (text: string) => void;
}

export interface BundleNight {
  /** The day, YYYYMMDD. */
  readonly date: string;
  /** Holders that have a bundle. */
  readonly holders: number;
}

/**
 * Makes the day's bundles, under the build's lock.
 *
 * @param now seconds since 1970.
 * @throws ZonewrightError; what was published stays so.
 */
export async function bundleNight(
  config: Config,
  now: number,
  { assertHeld, warn }: BundleNightOptions,
): Promise<BundleNight> {
  const db = openDatabase(config.stateDir);
  try {
    const date = dateOf(now);
    const { holders } = await bundleDay(config, db, { date, now, assertHeld, warn });
    return { date, holders };
  } finally {
    db.close();
  }
}
