/**
 * Collects the records of an export that can't be used: counts them, writes them to a file and
 * ends the run when there are too many. Memory does not grow with their number.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { inputError, placeText } from '../errors.js';

/** A record that can't be used, and why. */
export interface Reject {
  readonly file: string;
  readonly line: number | undefined;
  readonly field: string;
  /** What is wrong, as it follows the name of the field: `is not a domain name`. */
  readonly reason: string;
  /** The record as it stood in the input, cut when it is long. */
  readonly text: string;
}

/** A collector of rejects; `add` can be handed to a reader as it is. */
export interface Rejects {
  /** @throws ZonewrightError (exit 3) for the first reject beyond the limit. */
  readonly add: (reject: Reject) => void;
  readonly count: () => number;
  /** The reject that came first. */
  readonly first: () => Reject | undefined;
  /** Writes what is left and closes the file. */
  readonly close: () => void;
}

/** Rejects that the error message names. */
const SHOWN = 5;
const BUFFER = 1 << 16;

/** The first row of a rejects file. */
export const REJECTS_HEADER = 'file,line,field,reason,text';

/**
 * A collector that allows `max` rejects.
 *
 * @param path the rejects file (CSV, RFC 4180); it is made when the first reject comes, and an
 *   older one is replaced. Without a path rejects are only counted.
 */
export function createRejects(max: number, path?: string | undefined): Rejects {
  const first: Reject[] = [];
  let count = 0;
  let fd = -1;
  let rows: string[] = [];
  let held = 0;
  const flush = (): void => {
    if (fd >= 0 && rows.length > 0) writeSync(fd, rows.join(''));
    rows = [];
    held = 0;
  };
  const add = (reject: Reject): void => {
    count++;
    if (first.length < SHOWN) first.push(reject);
    if (path !== undefined) {
      if (fd < 0) {
        fd = openSync(path, 'w', 0o640);
        rows.push(`${REJECTS_HEADER}\n`);
      }
      const row = rejectRow(reject);
      rows.push(row);
      held += row.length;
      if (held > BUFFER) flush();
    }
    if (count > max) {
      flush();
      throw tooMany(first, max, path);
    }
  };
  return {
    add,
    count: () => count,
    first: () => first[0],
    close: () => {
      if (fd < 0) return;
      flush();
      closeSync(fd);
      fd = -1;
    },
  };
}

/** A reject as a row of CSV, with its line feed. */
export function rejectRow(reject: Reject): string {
  const { file, line, field, reason, text } = reject;
  return `${[file, line ?? '', field, reason, text].map((v) => quoted(String(v))).join(',')}\n`;
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The reject as one line for a person. */
export function rejectText(reject: Reject): string {
  const { file, line, field, reason, text } = reject;
  return `${placeText({ file, line, field })}${reason}: ${text.trimEnd()}`;
}

function tooMany(first: readonly Reject[], max: number, path: string | undefined): Error {
  if (max === 0) {
    const [{ file, line, field, reason, text }] = first;
    return inputError(reason, {
      place: { file, line, field },
      text,
      hint: 'Mend the record. --max-rejects (source.max-rejects) allows some of them.',
    });
  }
  const where = path === undefined ? '' : ` All so far are in ${path}.`;
  const shown = first.map((reject) => `  ${rejectText(reject)}`).join('\n');
  return inputError(`more than ${max} records can't be used (max-rejects)`, {
    hint: `Mend the export, or raise source.max-rejects.${where} These were the first:\n${shown}`,
  });
}
