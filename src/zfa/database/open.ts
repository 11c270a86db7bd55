/**
 * The database of zone file access: SQLite, in one file of the state folder.
 *
 * Why SQLite: its transactions hold through a kill or a power cut at any moment, several processes
 * (the build, the operator's commands, the service) may use it at once, and any `sqlite3` reads and
 * backs it up. Why this binding: it has the interface of Node's own `node:sqlite`, which Node.js 20
 * lacks, comes compiled, and can one day be left out. The journal is a write-ahead log, with
 * `synchronous = FULL`: when a change returns it is on the disk.
 */

import { chmodSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite';
import { EXIT, lockedError, refusal, usageError, ZonewrightError } from '../../errors.js';
import { freeSpace, storageError } from '../../publish/storage.js';
import { hasDatabase, makeZfaFolder, zfaPlaces } from '../places.js';
import { STEPS } from './schema.js';

/** How long a command waits for another one's transaction, milliseconds. */
const PATIENCE = 10_000;
/** By how much SQLite's index of the write-ahead log grows, octets. */
const INDEX_BLOCK = 32 << 10;

/** An open database. Statements are prepared once and kept. */
export interface Database {
  readonly path: string;
  /** Nothing can be written: see {@link openToRead}. */
  readonly readOnly: boolean;
  /** A statement, prepared at its first use. */
  sql(text: string): Statement;
  /**
   * Runs `action` in one transaction that nobody else's change comes between. When it throws,
   * nothing of it has happened.
   *
   * @throws ZonewrightError (exit 5) when another process holds the database too long.
   */
  change<T>(action: () => T): T;
  /** Runs `action` on one state of the database, whatever others change meanwhile. */
  view<T>(action: () => T): T;
  /** Differs from before when another connection has changed something; costs a microsecond. */
  version(): number;
  close(): void;
}

export type Value = string | number | null;
export type Row = Readonly<Record<string, Value>>;

export interface Statement {
  run(...values: Value[]): { readonly changes: number; readonly lastInsertRowid: number };
  get(...values: Value[]): Row | undefined;
  all(...values: Value[]): Row[];
}

/**
 * Opens the database, which is made if it is not there.
 *
 * @throws ZonewrightError: exit 1 or 2 for the disk, 4 for a file that is no such database.
 */
export function openDatabase(stateDir: string): Database {
  const { database: path } = makeZfaFolder(stateDir);
  let db: DatabaseSyncInstance | undefined;
  try {
    db = new DatabaseSync(path, { timeout: PATIENCE });
    chmodSync(path, 0o600);
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON');
    bringForward(db, path, () => assertNothingLost(stateDir));
  } catch (error) {
    db?.close();
    throw databaseError(error, path);
  }
  return databaseOf(db, path);
}

/**
 * Opens the database for a command that only looks at it: it is not made, and where it can't be written
 * to (a full disk, a file system that became read-only) it is read as it stands, which is told.
 *
 * @throws ZonewrightError: exit 2 where there is none, else as {@link openDatabase}.
 */
export function openToRead(stateDir: string, warn: (text: string) => void): Database {
  assertDatabase(stateDir);
  try {
    return openDatabase(stateDir);
  } catch (error) {
    if (!isDiskFault(error)) throw error;
    const { database: path } = zfaPlaces(stateDir);
    const db = openImmutable(path);
    if (db === undefined) throw error;
    warn(`${path} can't be written to (${error.message}): it is shown as it stands`);
    return databaseOf(db, path, true);
  }
}

/** Not a database that another process holds, or that is damaged or lost. */
function isDiskFault(error: unknown): error is ZonewrightError {
  if (!(error instanceof ZonewrightError)) return false;
  return error.exitCode === EXIT.usage || error.exitCode === EXIT.unexpected;
}

/** @throws ZonewrightError (exit 2) where zone file access was never used. */
export function assertDatabase(stateDir: string): void {
  if (hasDatabase(stateDir)) return;
  throw usageError('there are no holders: zone file access was not used with this state folder', {
    place: { file: zfaPlaces(stateDir).database },
    hint: 'see state-dir in the configuration; "zonewright zfa add" begins',
  });
}

/**
 * Opens a database that nobody writes to, without the index of the write-ahead log that SQLite would
 * have to make. Undefined: that log has lines, which would not be seen; or it can't be opened so, either.
 */
function openImmutable(path: string): DatabaseSyncInstance | undefined {
  const log = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  if (log > 0) return undefined;
  let db: DatabaseSyncInstance | undefined;
  try {
    const url = pathToFileURL(path);
    url.searchParams.set('immutable', '1');
    db = new DatabaseSync(url.href, { readOnly: true });
    if (versionOf(db) === STEPS.length) return db;
  } catch {
    // The first error tells more.
  }
  db?.close();
  return undefined;
}

function databaseOf(db: DatabaseSyncInstance, path: string, readOnly = false): Database {
  const statements = new Map<string, Statement>();
  const sql = (text: string): Statement => {
    let statement = statements.get(text);
    if (statement === undefined) {
      const prepared = db.prepare(text);
      statement = {
        run: (...values) => {
          const { changes, lastInsertRowid } = prepared.run(...values);
          return { changes: Number(changes), lastInsertRowid: Number(lastInsertRowid) };
        },
        get: (...values) => prepared.get(...values) as Row | undefined,
        all: (...values) => prepared.all(...values) as Row[],
      };
      statements.set(text, statement);
    }
    return statement;
  };
  const transaction = <T>(begin: string, action: () => T): T => {
    try {
      db.exec(begin);
    } catch (error) {
      throw databaseError(error, path);
    }
    try {
      const result = action();
      db.exec('COMMIT');
      return result;
    } catch (error) {
      try {
        db.exec('ROLLBACK');
      } catch {
        // SQLite may have rolled back already (full disk).
      }
      throw databaseError(error, path);
    }
  };
  return {
    path,
    readOnly,
    sql,
    change: (action) => transaction('BEGIN IMMEDIATE', action),
    view: (action) => transaction('BEGIN', action),
    version: () => Number(sql('PRAGMA data_version').get()?.data_version),
    close: () => {
      // The binding ends statements when they are collected as garbage, and SQLite keeps its files
      // open till then; that is in order, but for unmounting the disk.
      statements.clear();
      try {
        // Back into the one file, as far as nobody is reading: so a copy of it is nearly a backup.
        db.exec('PRAGMA wal_checkpoint(PASSIVE)');
      } catch {
        // The write-ahead log keeps what it has.
      }
      db.close();
    },
  };
}

/**
 * A new database beside a log with lines is not the first one: the holders are lost, and going on as
 * if there were none would hide it.
 */
function assertNothingLost(stateDir: string): void {
  const { auditLog, database } = zfaPlaces(stateDir);
  const octets = statSync(auditLog, { throwIfNoEntry: false })?.size ?? 0;
  if (octets === 0) return;
  throw refusal('the database of holders is gone or empty, but they have an audit log', {
    place: { file: database },
    hint: `bring it back from a backup; to begin anew, move ${auditLog} away`,
  });
}

function versionOf(db: DatabaseSyncInstance): number {
  return Number((db.prepare('PRAGMA user_version').get() as Row).user_version);
}

/** @param first called before the first step of a new database. */
function bringForward(db: DatabaseSyncInstance, path: string, first: () => void): void {
  const found = versionOf(db);
  if (found === STEPS.length) return;
  if (found > STEPS.length) {
    throw refusal(`was written by a newer zonewright (database version ${found})`, {
      place: { file: path },
      hint: 'use that version, or a backup of the time before',
    });
  }
  db.exec('BEGIN IMMEDIATE');
  try {
    // Another process may have been first.
    const from = versionOf(db);
    if (from === 0) first();
    for (let n = from; n < STEPS.length; n++) {
      db.exec(`${STEPS[n]}; PRAGMA user_version = ${n + 1}`);
    }
    db.exec('COMMIT');
  } catch (error) {
    db.exec('ROLLBACK');
    throw error;
  }
}

/** The error to show for one of SQLite's (https://sqlite.org/rescode.html); others as they are. */
function databaseError(error: unknown, path: string): unknown {
  if (error instanceof ZonewrightError || !(error instanceof Error)) return error;
  const place = { file: path };
  const cause = error;
  // Extended result codes have the primary one in their low octet.
  switch (((error as { errcode?: number }).errcode ?? 0) & 0xff) {
    case 5: // SQLITE_BUSY
    case 6: // SQLITE_LOCKED
      return lockedError('another process is changing the holders', {
        place,
        hint: 'try again; if it stays so, see who has the file open (fuser)',
        cause,
      });
    case 11: // SQLITE_CORRUPT
    case 26: // SQLITE_NOTADB
      return refusal('is not a database of holders, or is damaged', {
        place,
        hint: 'bring it back from a backup (with its -wal file, if the backup has one)',
        cause,
      });
    case 13: // SQLITE_FULL
      return diskFull(path, cause);
    case 3: // SQLITE_PERM
    case 8: // SQLITE_READONLY
    case 14: // SQLITE_CANTOPEN
      return new ZonewrightError(EXIT.usage, "can't be opened for writing", {
        place,
        hint: 'see that this user owns the folder and the files in it',
        cause,
      });
    case 10: // SQLITE_IOERR
      // Also when the index of the write-ahead log can't grow.
      if (hasNoRoom(path)) return diskFull(path, cause);
      return new ZonewrightError(EXIT.unexpected, `can't be read or written: ${error.message}`, {
        place,
        hint: 'look at the system log (dmesg); nothing was changed',
        cause,
      });
    default:
      return storageError(error, path);
  }
}

function diskFull(path: string, cause: Error): ZonewrightError {
  return new ZonewrightError(EXIT.unexpected, 'the disk is full', {
    place: { file: path },
    hint: 'make room; nothing was changed',
    cause,
  });
}

function hasNoRoom(path: string): boolean {
  try {
    return freeSpace(dirname(path)) < INDEX_BLOCK;
  } catch {
    return false;
  }
}
