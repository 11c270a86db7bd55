/** A registry whose zones are built, and holders of them, for the tests of bundles. */
import { join } from 'node:path';
import { openDatabase } from '#zonewright/zfa/database/open.js';
import type { Holder } from '#zonewright/zfa/holders/model.js';
import { saveHolder } from '#zonewright/zfa/holders/store.js';
import type { Registry } from '../../tools/registry.js';
import { approvedHolder } from '../holder.js';

const DAY = 86_400;
/**
 * The time at which the tests' commands run, `--now`: the noon after the next midnight, so that
 * keys made a moment ago are in use, and no test sees the date change.
 */
export const NOON = (Math.floor(Date.now() / 1000 / DAY) + 1) * DAY + DAY / 2;

/** That time so many days later, as flags take it. */
export function noon(days = 0): string {
  return new Date((NOON + days * DAY) * 1000).toISOString().replace('.000', '');
}

/** YYYYMMDD of that time so many days later. */
export function dayText(days = 0): string {
  return noon(days).slice(0, 10).replaceAll('-', '');
}

/** An approved holder of com and net that has accepted version 1 and gave no key. */
export function holder(id: string, more: Partial<Holder> = {}): Holder {
  return approvedHolder(id, {
    zones: ['com', 'net'],
    agreement: { version: '1', date: 1_700_000_000 },
    ...more,
  });
}

/** Puts holders into a registry's database; it is made if it is not there. */
export function addHolders(registry: Registry, ...holders: readonly Holder[]): void {
  const db = openDatabase(join(registry.folder, 'state'));
  try {
    db.change(() => {
      for (const one of holders) saveHolder(db, one);
    });
  } finally {
    db.close();
  }
}
