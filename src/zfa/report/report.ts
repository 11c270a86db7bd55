/**
 * The monthly figures of zone file access (.com agreement, Appendix 4, item 3 and field 04; the
 * layout is that of table 3 of VeriSign's report of November 2003). Reads the database; what is
 * not known is undefined, never 0.
 */

import type { Database } from '../database/open.js';
import { countDownloads, type DownloadFigures, type DownloadsByKind } from './downloads.js';
import type { Month } from './month.js';
import { countPasswords, type PasswordEvent, type PasswordFigures } from './passwords.js';

/** The fact that says when the download service ran for the first time. */
export const SERVICE_BEGAN = 'service-began';

export interface Report {
  readonly month: Month;
  /** The figures go to here: the month's end, or the time of the report. */
  readonly until: number;
  /** undefined: nothing was written down by then. */
  readonly passwords: PasswordFigures | undefined;
  /** undefined: the service had not run by then. */
  readonly downloads: { readonly all: DownloadFigures; readonly by: DownloadsByKind } | undefined;
}

/** @param now seconds since 1970; what comes after is not counted. */
export function reportOf(db: Database, month: Month, now: number): Report {
  const until = Math.min(month.to, now + 1);
  return db.view(() => ({
    month,
    until: Math.min(month.to, now),
    passwords: countPasswords(eventsOf(db), month.from, until),
    downloads: downloadsOf(db, month.from, until),
  }));
}

function eventsOf(db: Database): PasswordEvent[] {
  return db
    .sql('SELECT seq, at, holder, event, detail FROM events ORDER BY seq')
    .all()
    .map((row) => ({
      seq: row.seq as number,
      at: row.at as number,
      holder: row.holder as string,
      event: row.event as string,
      detail: JSON.parse(row.detail as string) as Record<string, unknown>,
    }));
}

function downloadsOf(db: Database, from: number, to: number): Report['downloads'] {
  const began = db.sql('SELECT value FROM facts WHERE name = ?').get(SERVICE_BEGAN)?.value;
  if (typeof began !== 'string' || Number(began) >= to) return undefined;
  const rows = db
    .sql(
      'SELECT holder, file, began, ended, sent FROM downloads WHERE coalesce(ended, began) >= ? AND coalesce(ended, began) < ?',
    )
    .all(from, to)
    .map((row) => ({
      holder: row.holder as string,
      file: row.file as string,
      began: row.began as number,
      ended: (row.ended as number | null) ?? undefined,
      sent: row.sent as number,
    }));
  return countDownloads(rows, from, to);
}
