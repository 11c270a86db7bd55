/**
 * The audit log of zone file access, `state/zfa/audit.jsonl`: what happened to holders, and every
 * sign-in, refusal and download. Only ever appended to; how the lines hang together is in chain.ts.
 *
 * Whoever appends does so in a writing transaction of the database: that is the lock between all
 * processes (SQLite's, which a killed process can't keep), and where the head of the chain stands.
 * A process that is killed between the two leaves lines that the head does not know; the next one
 * takes them over, and cuts off what is not a whole line: nobody was told that it was written.
 */

import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  writeFileSync,
} from 'node:fs';
import { isoTime, parseTime } from '../../config/time.js';
import { endsInLine, syncPath } from '../../durable.js';
import { storageError } from '../../publish/storage.js';
import type { Database } from '../database/open.js';
import { zfaPlaces } from '../places.js';
import {
  type AuditEntry,
  type AuditLine,
  createChainCheck,
  EMPTY,
  type Head,
  lineHash,
  linesAfter,
  parseLine,
} from './chain.js';

const HEAD = 'audit-head';
const BLOCK = 1 << 16;

/**
 * Appends entries. When this returns they are on the disk.
 *
 * @throws ZonewrightError (exit 1, 2 or 5); then none of them counts as written.
 */
export function appendAudit(db: Database, stateDir: string, entries: readonly AuditEntry[]): void {
  if (entries.length === 0) return;
  let written = false;
  try {
    db.change(() => {
      append(db, stateDir, settle(db, stateDir), entries);
      written = true;
    });
  } catch (error) {
    // The lines stand in the file, and only the head could not be moved on: whoever comes next takes
    // them over. Written again they would stand there twice.
    if (!written) throw error;
  }
}

/**
 * Appends what happened to holders and is not in the log yet (the table `events`): after each change,
 * and at the start of whatever uses the database, for those that were killed before they could.
 *
 * @returns how many lines.
 */
export function logEvents(db: Database, stateDir: string): number {
  if (db.readOnly) return 0;
  const pending = 'SELECT seq FROM events WHERE logged = 0 LIMIT 1';
  if (db.sql(pending).get() === undefined) return 0;
  return db.change(() => {
    // First what a killed process has appended already: that may be some of these.
    const head = settle(db, stateDir);
    const rows = db
      .sql('SELECT seq, at, by, holder, event, detail FROM events WHERE logged = 0 ORDER BY seq')
      .all();
    const entries = rows.map(
      (row): AuditEntry => ({
        at: row.at as number,
        event: row.event as string,
        holder: row.holder as string,
        ...readable(JSON.parse(row.detail as string) as Record<string, unknown>),
        by: row.by as string,
        change: row.seq,
      }),
    );
    append(db, stateDir, head, entries);
    db.sql('UPDATE events SET logged = 1 WHERE logged = 0').run();
    return entries.length;
  });
}

/** The same for commands that only look: that nothing can be written must not keep them from it. */
export function logPending(db: Database, stateDir: string, warn: (text: string) => void): void {
  try {
    logEvents(db, stateDir);
  } catch (error) {
    warn(`changes wait to be written to the audit log: ${(error as Error).message}`);
  }
}

/** Times of an event as people read them. */
function readable(detail: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(detail).map(([name, value]) => [
      name,
      typeof value === 'number' && ['expires', 'approved'].includes(name) ? isoTime(value) : value,
    ]),
  );
}

function append(db: Database, stateDir: string, head: Head, entries: readonly AuditEntry[]): void {
  if (entries.length === 0) return;
  const { text, head: next } = linesAfter(head, entries);
  withLog(stateDir, 'a+', (fd) => {
    const before = fstatSync(fd).size;
    // Somebody has taken the last newline away: their line must not swallow ours.
    const octets = Buffer.from(endsInLine(fd, before) ? text : `\n${text}`);
    try {
      writeFileSync(fd, octets);
      fsyncSync(fd);
      // A new file's name is to be on the disk, too.
      if (before === 0) syncPath(zfaPlaces(stateDir).folder);
    } catch (error) {
      // A full disk: half a line must not stay.
      ftruncateSync(fd, before);
      throw error;
    }
    saveHead(db, { ...next, octets: before + octets.length });
  });
}

/**
 * Takes over what stands in the file after the head. In a transaction.
 *
 * @returns the head to go on from.
 */
function settle(db: Database, stateDir: string): Head {
  const known = readHead(db) ?? EMPTY;
  return withLog(stateDir, 'a+', (fd) => {
    const { size } = fstatSync(fd);
    if (size <= known.octets) return known;
    let head = known;
    // Is there still a line's end where there was one? Else this is not what a killed process left.
    const sound = endsInLine(fd, known.octets);
    const adopted: AuditLine[] = [];
    for (const { text, whole, start } of linesFrom(fd, known.octets)) {
      if (!whole) {
        if (sound) ftruncateSync(fd, start);
        break;
      }
      const line = parseLine(text);
      // Somebody's own words are left where they are; the check tells of them.
      if (line?.prev === head.hash && line.n === head.lines + 1) {
        head = { lines: line.n, octets: 0, hash: lineHash(text) };
        adopted.push(line);
      }
    }
    head = { ...head, octets: fstatSync(fd).size };
    for (const line of adopted) markLogged(db, line);
    saveHead(db, head);
    return head;
  });
}

/**
 * Marks the event that a line is of. A database that was brought back from a backup gives the numbers
 * of lost changes again, to others: those are still to be written.
 */
function markLogged(db: Database, { change, at, event, holder }: AuditLine): void {
  if (typeof change !== 'number' || typeof holder !== 'string') return;
  db.sql('UPDATE events SET logged = 1 WHERE seq = ? AND at = ? AND event = ? AND holder = ?').run(
    change,
    parseTime(at) ?? null,
    event,
    holder,
  );
}

/** What a check of the log found. */
export interface AuditVerdict {
  readonly path: string;
  readonly lines: number;
  /** Empty: each line is as it was written, and none is missing. */
  readonly faults: readonly { readonly line: number; readonly what: string }[];
}

/** Checks the whole log as it is now. Appending goes on meanwhile: what was written only once stays. */
export function checkAudit(db: Database, stateDir: string): AuditVerdict {
  const look = (): { head: Head | undefined; size: number } => ({
    head: readHead(db),
    size: withLog(stateDir, 'r', (fd) => fstatSync(fd).size),
  });
  const { head, size } = db.readOnly
    ? look()
    : db.change(() => {
        settle(db, stateDir);
        return look();
      });
  const check = createChainCheck(head);
  withLog(stateDir, 'r', (fd) => {
    for (const { text, whole } of linesFrom(fd, 0, size)) check.line(text, whole);
  });
  check.end();
  return { path: zfaPlaces(stateDir).auditLog, lines: check.lines, faults: check.faults };
}

/** The lines of the log, as far as they can be read; the others are for {@link checkAudit}. */
export function* readAudit(stateDir: string): Generator<AuditLine> {
  const fd = openLog(stateDir, 'r');
  try {
    for (const { text } of linesFrom(fd, 0)) {
      const line = parseLine(text);
      if (line !== undefined) yield line;
    }
  } finally {
    closeSync(fd);
  }
}

/** @param to where the file ends for us; what is behind it is being written. */
function* linesFrom(
  fd: number,
  from: number,
  to: number = Number.POSITIVE_INFINITY,
): Generator<{ readonly text: string; readonly whole: boolean; readonly start: number }> {
  const block = Buffer.allocUnsafe(BLOCK);
  let rest = Buffer.alloc(0);
  let start = from;
  for (let at = from; ; ) {
    const n = at >= to ? 0 : readSync(fd, block, 0, Math.min(BLOCK, to - at), at);
    if (n === 0) break;
    at += n;
    rest = Buffer.concat([rest, block.subarray(0, n)]);
    for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a)) {
      yield { text: rest.toString('utf8', 0, end), whole: true, start };
      rest = rest.subarray(end + 1);
      start += end + 1;
    }
  }
  if (rest.length > 0) yield { text: rest.toString('utf8'), whole: false, start };
}

function readHead(db: Database): Head | undefined {
  const value = db.sql('SELECT value FROM facts WHERE name = ?').get(HEAD)?.value;
  return typeof value === 'string' ? (JSON.parse(value) as Head) : undefined;
}

function saveHead(db: Database, head: Head): void {
  db.sql('INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)').run(
    HEAD,
    JSON.stringify(head),
  );
}

function openLog(stateDir: string, flags: string): number {
  const { auditLog } = zfaPlaces(stateDir);
  try {
    return openSync(auditLog, flags, 0o600);
  } catch (error) {
    // A log that was taken away is a log without lines; the check tells how many are missing.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return openSync('/dev/null', 'r');
    throw storageError(error, auditLog);
  }
}

function withLog<T>(stateDir: string, flags: string, action: (fd: number) => T): T {
  const fd = openLog(stateDir, flags);
  try {
    return action(fd);
  } catch (error) {
    throw storageError(error, zfaPlaces(stateDir).auditLog);
  } finally {
    closeSync(fd);
  }
}
