/** What the nightly build does with the holders: it notes whose access has ended, and warns of whose will. */

import { countText } from '../../cli/output.js';
import { isoTime } from '../../config/time.js';
import { logEvents } from '../audit/log.js';
import type { Database } from '../database/open.js';
import { expireDue, expiringSoon } from './expire.js';

/** As `build --json` prints it, `holders`. */
export interface HoldersNight {
  /** Ids of those whose access was found to have ended. */
  readonly expired: readonly string[];
  /** Those whose access ends within 30 days, the next first; ISO 8601. */
  readonly expiring: readonly { readonly id: string; readonly expires: string }[];
}

/** Warnings that are written out; all are counted. */
const SHOWN = 10;

export interface NotedEnds {
  readonly night: HoldersNight;
  /** Why the audit log lacks lines, which whatever uses the database next will write; undefined: it doesn't. */
  readonly unlogged: unknown;
}

/**
 * @param now seconds since 1970.
 * @throws ZonewrightError: exit 1, 2, 4 or 5 for the database.
 */
export function holdersNight(
  db: Database,
  stateDir: string,
  now: number,
  warn: (text: string) => void,
): NotedEnds {
  const expired = expireDue(db, now, 'build');
  let unlogged: unknown;
  try {
    logEvents(db, stateDir);
  } catch (error) {
    unlogged = error;
  }
  const expiring = expiringSoon(db, now).map(({ id, name, expires }) => ({
    id,
    name,
    expires: isoTime(expires!),
  }));
  for (const { id, name, expires } of expiring.slice(0, SHOWN)) {
    warn(
      `access of holder ${id} (${name}) ends ${expires}; zonewright zfa renew ${id} --expires DATE`,
    );
  }
  if (expiring.length > SHOWN) {
    const more = countText(expiring.length - SHOWN);
    warn(`access of ${more} more holders ends within 30 days; zonewright zfa list --expiring`);
  }
  const night = { expired, expiring: expiring.map(({ id, expires }) => ({ id, expires })) };
  return { night, unlogged };
}
