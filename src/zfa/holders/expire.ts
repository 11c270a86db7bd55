/**
 * The end of holders' access. Whether one may download is decided by the clock at each request
 * (model.ts, isActive); here the state follows, once a night, with its event, and those whose end
 * is near are named.
 */

import type { Database } from '../database/open.js';
import type { Holder } from './model.js';
import { expired } from './rules.js';
import { listHolders, saveChange } from './store.js';

const DAY = 86_400;
/** How many days ahead a coming end is told. */
export const WARNING_DAYS = 30;

/** Notes the end of all whose time has ended. @returns their ids. */
export function expireDue(db: Database, now: number, by?: string): string[] {
  const due = (): Holder[] =>
    listHolders(db, 'approved').filter(({ expires }) => expires !== undefined && expires <= now);
  if (due().length === 0) return [];
  return db.change(() =>
    due().map((holder) => {
      const change = expired(holder, now);
      saveChange(db, change, by);
      return holder.id;
    }),
  );
}

/** Holders whose access ends within some days, the next first. */
export function expiringSoon(db: Database, now: number, days: number = WARNING_DAYS): Holder[] {
  return listHolders(db, 'approved')
    .filter(({ expires }) => expires !== undefined && expires > now && expires <= now + days * DAY)
    .sort((a, b) => a.expires! - b.expires! || (a.id < b.id ? -1 : 1));
}
