/**
 * The monthly figures of zone file access (.com agreement, Appendix 4, (A) item 3 and (c) field 04;
 * the layout is that of table 3 of VeriSign's report of November 2003). Reads the database; what is
 * not known is undefined, never 0.
 */

import { refusal } from '../../errors.js';
import type { Database, Row } from '../database/open.js';
import { listHolders } from '../holders/store.js';
import { countDownloads, type DownloadCount, type DownloadRow } from './downloads.js';
import type { Month } from './month.js';
import {
  countPasswords,
  knownFrom,
  type PasswordEvent,
  type PasswordFigures,
  type PasswordsByZone,
  passwordsByZone,
} from './passwords.js';

/** The fact that says when the download service ran for the first time; seconds since 1970. */
export const SERVICE_BEGAN = 'service-began';

export interface Report {
  readonly month: Month;
  /** The figures go to here: the month's end, or the time of the report. */
  readonly until: number;
  /** undefined: nothing was written down by then. */
  readonly passwords: PasswordFigures | undefined;
  /** Passwords at the end by zone; undefined: not known. */
  readonly byZone: PasswordsByZone | undefined;
  /** When what is known of passwords begins; undefined: nothing is known at all. */
  readonly knownSince: number | undefined;
  /** Holders whose past, in this month or before, is as an import told it later. */
  readonly imported: number;
  /** undefined: the service had not run by then. */
  readonly downloads:
    | (DownloadCount & { /** As far as it is known. */ readonly since: number })
    | undefined;
}

/**
 * @param zones labels of the configured zones.
 * @param now seconds since 1970; what comes after is not counted.
 * @throws ZonewrightError (exit 4) for an event that can't be read.
 */
export function reportOf(
  db: Database,
  month: Month,
  zones: readonly string[],
  now: number,
): Report {
  const until = Math.min(month.to, now + 1);
  return db.view(() => {
    const events = eventsOf(db);
    const known = knownFrom(events);
    const zonesNow = new Map(listHolders(db).map((holder) => [holder.id, holder.zones]));
    return {
      month,
      until: Math.min(month.to, now),
      passwords: countPasswords(events, month.from, until),
      byZone: passwordsByZone(events, until, zones, (holder) => zonesNow.get(holder)),
      knownSince: Number.isFinite(known) ? known : undefined,
      imported: events.filter(
        ({ event, at, detail }) =>
          event === 'imported' &&
          at >= month.from &&
          typeof detail.approved === 'number' &&
          detail.approved < until,
      ).length,
      downloads: downloadsOf(db, month.from, until, now),
    };
  });
}

/** What begins the books, or tells of passwords and zones. */
const TELLING =
  "'added', 'approved', 'denied', 'expired', 'revoked', 'renewed', 'imported', 'changed'";

function eventsOf(db: Database): PasswordEvent[] {
  return db
    .sql(`SELECT seq, at, holder, event, detail FROM events WHERE event IN (${TELLING})`)
    .all()
    .map((row) => ({
      seq: row.seq as number,
      at: row.at as number,
      holder: row.holder as string,
      event: row.event as string,
      detail: detailOf(db, row),
    }));
}

function detailOf(db: Database, row: Row): PasswordEvent['detail'] {
  try {
    return JSON.parse(row.detail as string) as PasswordEvent['detail'];
  } catch (cause) {
    throw refusal(`event ${row.seq} of holder ${row.holder} can't be read`, {
      place: { file: db.path },
      text: row.detail as string,
      hint: 'it was changed by something else; bring the database back from a backup',
      cause,
    });
  }
}

function downloadsOf(db: Database, from: number, to: number, now: number): Report['downloads'] {
  const since = serviceBegan(db);
  if (since === undefined || since >= to) return undefined;
  const columns = 'SELECT holder, file, began, ended, sent FROM downloads WHERE';
  // Three questions, each of which the index on `ended` answers.
  const rows = db
    .sql(
      `${columns} ended >= ? AND ended < ?
       UNION ALL ${columns} ended IS NULL AND began >= ? AND began < ?
       UNION ALL ${columns} ended > ? AND began >= ? AND began < ?`,
    )
    .all(from, to, from, to, now, from, to)
    .map(
      (row): DownloadRow => ({
        holder: row.holder as string,
        file: row.file as string,
        began: row.began as number,
        ended: (row.ended as number | null) ?? undefined,
        sent: row.sent as number,
      }),
    );
  return { ...countDownloads(rows, from, to, now), since };
}

/** When the service first ran, as it noted, or, had it not, the first download that there is. */
function serviceBegan(db: Database): number | undefined {
  const noted = db.sql('SELECT value FROM facts WHERE name = ?').get(SERVICE_BEGAN)?.value;
  const first = db.sql('SELECT began FROM downloads ORDER BY number LIMIT 1').get()?.began;
  const times = [noted, first].flatMap((value) =>
    value === null || value === undefined || !Number.isFinite(Number(value)) ? [] : [Number(value)],
  );
  return times.length === 0 ? undefined : Math.min(...times);
}
