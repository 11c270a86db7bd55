/**
 * What a build must remember from run to run, in the state folder:
 *
 * - `serials.json`: the last serial published of each zone (RFC 1982: the next must be greater),
 *   replaced as a whole;
 * - `audit.jsonl`: the audit log, one JSON object a line, only ever appended to;
 * - `publishing.json`: there only while generations are being switched, so that a run after a
 *   crash knows which of them were, see {@link beginPublishing}.
 */

import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { isoTime } from '../config/time.js';
import { endsInLine } from '../durable.js';
import { refusal } from '../errors.js';
import { replaceFile } from '../keys/files.js';
import { systemUser } from '../system-user.js';
import { storageError } from './storage.js';

/** The last publication of a zone. */
export interface Publication {
  readonly serial: number;
  /** Name of the generation's folder. */
  readonly generation: string;
  /** ISO 8601: the time of the build (`--now`). */
  readonly buildTime: string;
}

/** `serials.json`, by zone label. */
export type Publications = Readonly<Record<string, Publication>>;

const SERIALS = 'serials.json';
const JOURNAL = 'publishing.json';
const AUDIT = 'audit.jsonl';

/**
 * The last publications.
 *
 * @throws ZonewrightError (exit 4) when the file is damaged: going on could take a serial back.
 */
export function readPublications(stateDir: string): Publications {
  const data = readJson(join(stateDir, SERIALS)) as { zones?: Publications } | undefined;
  return data?.zones ?? {};
}

/** Notes publications beside those already noted. */
export function notePublications(stateDir: string, publications: Publications): void {
  const zones = { ...readPublications(stateDir), ...publications };
  writeJson(join(stateDir, SERIALS), { version: 1, zones });
}

/**
 * Writes down which generations are about to be switched. After a crash the next run finds this
 * and knows of each one whether it was published (`current` points at it) or not.
 */
export function beginPublishing(stateDir: string, publications: Publications): void {
  writeJson(join(stateDir, JOURNAL), { version: 1, zones: publications });
}

/** The switches that a crashed run had begun; undefined: none. */
export function unfinishedPublishing(stateDir: string): Publications | undefined {
  const data = readJson(join(stateDir, JOURNAL)) as { zones?: Publications } | undefined;
  return data?.zones;
}

/** Says that the switches are done, or undone. */
export function endPublishing(stateDir: string): void {
  rmSync(join(stateDir, JOURNAL), { force: true });
}

function readJson(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw storageError(error, path);
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw refusal('is not JSON: the state of the last publications is not known', {
      place: { file: path },
      hint: 'bring it back from a backup, or remove it: the serials of the published generations are then used',
      cause,
    });
  }
}

function writeJson(path: string, data: unknown): void {
  try {
    replaceFile(path, `${JSON.stringify(data, undefined, 2)}\n`, 0o644);
  } catch (error) {
    throw storageError(error, path);
  }
}

/** A line of the audit log besides its time and its user. */
export interface AuditEvent {
  /** What happened: `published`, `refused`, `recovered`, … */
  readonly event: string;
  readonly [key: string]: unknown;
}

/**
 * Appends to the audit log: `{"at","by","event",…}`. The line is on the disk when this returns.
 *
 * @param now seconds since 1970.
 */
export function audit(stateDir: string, now: number, event: AuditEvent): void {
  const path = join(stateDir, AUDIT);
  try {
    const fd = openSync(path, 'a+', 0o640);
    try {
      const line = `${JSON.stringify({ at: isoTime(now), by: systemUser(), ...event })}\n`;
      // A line that a crash cut off must not swallow this one.
      writeSync(fd, endsInLine(fd, fstatSync(fd).size) ? line : `\n${line}`);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw storageError(error, path);
  }
}

/**
 * Makes sure that {@link audit} can append, before anything is published that the log would lack:
 * a log that another user began may be closed to this one.
 *
 * @throws ZonewrightError (exit 2).
 */
export function assertAuditable(stateDir: string): void {
  const path = join(stateDir, AUDIT);
  try {
    closeSync(openSync(path, constants.O_RDWR | constants.O_APPEND));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw storageError(error, path);
  }
}
