/**
 * What was sent to whom: rows of `downloads` (database/schema.ts), which the rule of one download a
 * day and the monthly figures are made from.
 *
 * Octets are counted in memory and written once a second, all at once. Two services may run at a
 * time, one of them draining: each adds what it has sent to the row as it is then. A killed service
 * loses a second of counting; limits.ts (unnotedGap) heals that when the client resumes with the next.
 */

import type { Database, Row } from '../database/open.js';
import { addInterval, type Interval, isWhole, octetsIn, type SentRecord } from './limits.js';

/** A file of some version, as its record names it. */
export interface RecordedFile {
  readonly holder: string;
  /** `czds/com`, `bundle/20261122`, `files/com/com.zone.gz`. */
  readonly file: string;
  readonly etag: string;
  /** Of the zone; of a bundle the date. */
  readonly serial: string | undefined;
  /** Octets. */
  readonly size: number;
}

/** A record that a running download counts in. */
export interface OpenRecord {
  /** Counts octets that were sent. @returns octets sent in all. */
  add(start: number, end: number, now: number): number;
  /** Counts octets that the client has got without a count: they are not sent anew. */
  fill(gap: Interval, now: number): void;
  /** Has all of the file been sent? */
  readonly whole: boolean;
  /** Octets sent after that, by all downloads of the record. */
  readonly resent: number;
  /** The download has ended, in whatever way. */
  release(): void;
}

export interface DownloadRecords {
  /** What was sent of a file to a holder, the latest last. */
  of(holder: string, file: string): readonly SentRecord[];
  /** Opens a new record, or the latest of this version. Call right after the decision. */
  open(file: RecordedFile, kind: 'new' | 'same', now: number): OpenRecord;
  /** Writes what is not written yet. @throws ZonewrightError when that can't be done now. */
  flush(): void;
}

/** Records that are looked at, of a holder and file. */
const LOOKED_AT = 16;
/** Intervals of a record; a client that asks for odd pieces must not make it grow. */
const MOST_INTERVALS = 512;

interface Live {
  readonly file: RecordedFile;
  readonly began: number;
  /** Of its row; undefined: it has none yet. */
  number: number | undefined;
  ended: number | undefined;
  /** When something was counted last. */
  counted: number;
  /** As in the row when it was last looked at. */
  base: { readonly sent: number; readonly resent: number; readonly ranges: readonly Interval[] };
  /** What is not in the row. */
  sent: number;
  resent: number;
  ranges: readonly Interval[];
  dirty: boolean;
  users: number;
}

export function createDownloadRecords(db: Database): DownloadRecords {
  /** By holder and file. */
  const live = new Map<string, Live[]>();
  const keyOf = (holder: string, file: string): string => `${holder} ${file}`;

  const rowsOf = (holder: string, file: string): Row[] =>
    db
      .sql(
        `SELECT number, etag, size, began, ended, sent, resent, ranges FROM downloads
         WHERE holder = ? AND file = ? ORDER BY number DESC LIMIT ${LOOKED_AT}`,
      )
      .all(holder, file)
      .reverse();

  const of = (holder: string, file: string): SentRecord[] => {
    const own = live.get(keyOf(holder, file)) ?? [];
    const written = rowsOf(holder, file).map((row): SentRecord => {
      const open = own.find((one) => one.number === row.number);
      const record = recordOf(row);
      if (open === undefined) return record;
      return {
        ...record,
        ended: record.ended ?? open.ended,
        sent: record.sent + open.sent,
        resent: record.resent + open.resent,
        ranges: union(record.ranges, open.ranges),
      };
    });
    const fresh = own
      .filter((one) => one.number === undefined)
      .map((one): SentRecord => {
        const { began, ended, sent, resent, ranges } = one;
        return { etag: one.file.etag, size: one.file.size, began, ended, sent, resent, ranges };
      });
    return [...written, ...fresh];
  };

  const find = (file: RecordedFile): Live | undefined => {
    const own = live.get(keyOf(file.holder, file.file)) ?? [];
    const found = own.findLast((one) => one.file.etag === file.etag);
    if (found !== undefined) return found;
    const row = rowsOf(file.holder, file.file).findLast((one) => one.etag === file.etag);
    if (row === undefined) return undefined;
    const { began, ended, sent, resent, ranges } = recordOf(row);
    const number = row.number as number;
    return keep({ ...blank(file, began), number, ended, base: { sent, resent, ranges } });
  };
  const keep = (one: Live): Live => {
    const key = keyOf(one.file.holder, one.file.file);
    live.set(key, [...(live.get(key) ?? []), one]);
    return one;
  };
  const forgetUnused = (): void => {
    for (const [key, own] of live) {
      const used = own.filter((one) => one.users > 0 || one.dirty);
      if (used.length === 0) live.delete(key);
      else if (used.length < own.length) live.set(key, used);
    }
  };

  const write = (one: Live): void => {
    const { file, began } = one;
    const row =
      one.number === undefined
        ? undefined
        : db.sql('SELECT * FROM downloads WHERE number = ?').get(one.number);
    const before = row === undefined ? undefined : recordOf(row);
    const ranges = union(before?.ranges ?? [], one.ranges);
    const sent = (before?.sent ?? 0) + one.sent;
    const resent = (before?.resent ?? 0) + one.resent;
    // Two services may each have sent a part: only here it shows that nothing is missing.
    const whole = isWhole(ranges, file.size) ? one.counted : undefined;
    const ended = before?.ended ?? one.ended ?? whole ?? null;
    if (row !== undefined) {
      db.sql(
        'UPDATE downloads SET sent = ?, resent = ?, ranges = ?, ended = ? WHERE number = ?',
      ).run(sent, resent, JSON.stringify(ranges), ended, row.number);
    } else {
      const { lastInsertRowid } = db
        .sql(
          `INSERT INTO downloads (holder, file, etag, serial, size, began, ended, sent, resent, ranges)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        )
        .run(
          file.holder,
          file.file,
          file.etag,
          file.serial ?? null,
          file.size,
          began,
          ended,
          sent,
          resent,
          JSON.stringify(ranges),
        );
      written.push(() => {
        one.number = lastInsertRowid;
      });
    }
    written.push(() => {
      one.ended = ended ?? undefined;
      one.base = { sent, resent, ranges };
      one.sent = 0;
      one.resent = 0;
      one.ranges = [];
      one.dirty = false;
    });
  };
  /** What holds once the transaction has gone through. */
  const written: (() => void)[] = [];

  return {
    of,
    open: (file, kind, now) => {
      const one = (kind === 'same' ? find(file) : undefined) ?? keep(blank(file, now));
      one.users++;
      const whole = (): boolean =>
        octetsIn(one.base.ranges) + octetsIn(one.ranges) >= file.size &&
        isWhole(union(one.base.ranges, one.ranges), file.size);
      const count = (gap: Interval, now: number): void => {
        const ranges = addInterval(one.ranges, gap);
        if (ranges.length <= MOST_INTERVALS) one.ranges = ranges;
        one.dirty = true;
        one.counted = now;
        if (one.ended === undefined && whole()) one.ended = now;
      };
      // A download of which nothing was sent is still one that was begun.
      if (one.number === undefined) one.dirty = true;
      return {
        add: (start, end, now) => {
          one.sent += end - start;
          if (one.ended !== undefined) one.resent += end - start;
          count([start, end], now);
          return one.base.sent + one.sent;
        },
        fill: count,
        get whole() {
          return one.ended !== undefined;
        },
        get resent() {
          return one.base.resent + one.resent;
        },
        release: () => {
          one.users--;
        },
      };
    },
    flush: () => {
      const dirty = [...live.values()].flat().filter((one) => one.dirty);
      written.length = 0;
      if (dirty.length > 0) {
        db.change(() => dirty.forEach(write));
        for (const done of written) done();
      }
      forgetUnused();
    },
  };
}

function blank(file: RecordedFile, began: number): Live {
  return {
    file,
    began,
    number: undefined,
    ended: undefined,
    counted: began,
    base: { sent: 0, resent: 0, ranges: [] },
    sent: 0,
    resent: 0,
    ranges: [],
    dirty: false,
    users: 0,
  };
}

function recordOf(row: Row): SentRecord {
  return {
    etag: row.etag as string,
    size: row.size as number,
    began: row.began as number,
    ended: (row.ended as number | null) ?? undefined,
    sent: row.sent as number,
    resent: row.resent as number,
    ranges: JSON.parse(row.ranges as string) as Interval[],
  };
}

function union(a: readonly Interval[], b: readonly Interval[]): readonly Interval[] {
  return b.reduce(addInterval, a);
}
