/**
 * Holders as CSV (RFC 4180), to move them from one registry's books to another's. The columns:
 *
 *     id, name, organisation, email, purpose, zones, allow, agreement, agreement-date, state,
 *     created, approved, expires, ended, age-key [, password-hash]
 *
 * Zones and ranges of addresses have blanks between them; times are ISO 8601, a date alone its
 * midnight. An import needs id, name, email and zones; a state other than pending needs the dates that
 * belong to it, so that the monthly figures of the past come out right.
 *
 * A field that a spreadsheet would take for a formula is exported with an apostrophe before it, which an
 * import takes off again: names come from strangers.
 */

import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import { isoTime, parseTime, TIME_FORM } from '../../config/time.js';
import { inputError, messageOf } from '../../errors.js';
import { storageError } from '../../publish/storage.js';
import {
  ageKeyField,
  agreementField,
  allowField,
  emailField,
  FieldFault,
  idField,
  textField,
  zonesField,
} from './fields.js';
import { HOLDER_STATES, type Holder, type HolderState } from './model.js';
import { isPasswordHash } from './password.js';
import type { HolderEvent } from './store.js';

const COLUMNS = [
  'id',
  'name',
  'organisation',
  'email',
  'purpose',
  'zones',
  'allow',
  'agreement',
  'agreement-date',
  'state',
  'created',
  'approved',
  'expires',
  'ended',
  'age-key',
  'password-hash',
] as const;
type Column = (typeof COLUMNS)[number];
const NEEDED: readonly Column[] = ['id', 'name', 'email', 'zones'];

/** A holder with the hash of its password and when its access was taken away. */
export interface Exported {
  readonly holder: Holder;
  readonly hash: string | undefined;
  readonly ended: number | undefined;
}

/** A holder as it stands in a row: all columns, an absent value as an empty text. */
export type HolderRow = Readonly<Record<Column, string>>;

/** A text that a spreadsheet runs, also one that has been made harmless. */
const FORMULA = /^'*[=+\-@]/;
const HARMLESS = /^'+[=+\-@]/;

/**
 * The rows of holders; without the column password-hash, which lets who has it try passwords at
 * leisure, unless `hashes` says so.
 */
export function holderRows(
  all: readonly Exported[],
  hashes: boolean,
): readonly Partial<HolderRow>[] {
  return rowsOf(all).map(({ 'password-hash': hash, ...row }) =>
    hashes ? { ...row, 'password-hash': hash } : row,
  );
}

/** @param hashes with the column password-hash. */
export function holdersToCsv(all: readonly Exported[], hashes: boolean): string {
  const columns = COLUMNS.filter((column) => hashes || column !== 'password-hash');
  return stringify([...holderRows(all, hashes)], {
    header: true,
    columns: [...columns],
    cast: { string: (text) => (FORMULA.test(text) ? `'${text}` : text) },
  });
}

function rowsOf(all: readonly Exported[]): HolderRow[] {
  const time = (seconds: number | undefined): string =>
    seconds === undefined ? '' : isoTime(seconds);
  return all.map(({ holder, hash, ended }): HolderRow => {
    const { agreement } = holder;
    return {
      id: holder.id,
      name: holder.name,
      organisation: holder.organisation ?? '',
      email: holder.email,
      purpose: holder.purpose ?? '',
      zones: holder.zones.join(' '),
      allow: holder.allow.join(' '),
      agreement: agreement?.version ?? '',
      'agreement-date': time(agreement?.date),
      state: holder.state,
      created: time(holder.created),
      approved: time(holder.approved),
      expires: time(holder.expires),
      ended: time(ended),
      'age-key': holder.ageKey ?? '',
      'password-hash': hash ?? '',
    };
  });
}

/** A holder that an import brings. */
export interface Imported {
  readonly line: number;
  readonly holder: Holder;
  readonly hash: string | undefined;
  readonly event: HolderEvent;
}

interface ParsedRow {
  readonly record: Readonly<Record<string, string>>;
  readonly info: { readonly lines: number };
}

/**
 * Reads holders.
 *
 * @param zones labels of the configured zones.
 * @throws ZonewrightError (exit 3) with file, line and field of the first row that can't be taken.
 */
export async function readHoldersCsv(
  file: string,
  zones: readonly string[],
  now: number,
): Promise<Imported[]> {
  const rows = parseRows(file);
  const all: Imported[] = [];
  const ids = new Set<string>();
  for (const { record, info } of rows) {
    // The parser counts a row's last line; none of the fields may hold a newline.
    const line = info.lines;
    try {
      const row = await rowOf(record, zones, now);
      if (ids.has(row.holder.id)) {
        throw new FieldFault('id', `"${row.holder.id}" stands in the file twice`);
      }
      ids.add(row.holder.id);
      all.push({ line, ...row });
    } catch (error) {
      if (!(error instanceof FieldFault)) throw error;
      throw inputError(error.message, {
        place: { file, line, field: error.field },
        hint: 'nothing was imported; mend the row and import the file again',
      });
    }
  }
  return all;
}

function parseRows(file: string): ParsedRow[] {
  let octets: Buffer;
  try {
    octets = readFileSync(file === '-' ? 0 : file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'EISDIR') throw storageError(error, file);
    throw inputError(code === 'ENOENT' ? 'is not there' : 'is a folder', {
      place: { file },
      hint: 'name a CSV file, or - for standard input',
    });
  }
  const hint = `columns: ${COLUMNS.join(', ')}; needed: ${NEEDED.join(', ')}`;
  const text = textOf(octets, file);
  if (text.trim() === '') throw inputError('is empty', { place: { file }, hint });
  try {
    return parse(text, {
      bom: true,
      // Also several kinds in one file: the first line says nothing of the rest.
      record_delimiter: ['\r\n', '\n', '\r'],
      info: true,
      skip_empty_lines: true,
      cast: (text, { header }) => (!header && HARMLESS.test(text) ? text.slice(1) : text),
      columns: (header: string[]) => {
        const names = header.map((name) => name.trim().toLowerCase());
        const wrong = names.find((name) => !COLUMNS.includes(name as Column));
        if (wrong !== undefined && /[;\t]/.test(wrong)) {
          throw new FieldFault('header', 'has fields that are separated by other than a comma');
        }
        if (wrong !== undefined) throw new FieldFault('header', `has no column "${wrong}"`);
        const lacking = NEEDED.find((name) => !names.includes(name));
        if (lacking !== undefined) throw new FieldFault('header', `lacks the column "${lacking}"`);
        const twice = names.find((name, i) => names.indexOf(name) !== i);
        if (twice !== undefined) throw new FieldFault('header', `has the column "${twice}" twice`);
        return names;
      },
    }) as unknown as ParsedRow[];
  } catch (error) {
    if (error instanceof FieldFault) {
      throw inputError(error.message, { place: { file, line: 1 }, hint });
    }
    const line = (error as { lines?: number }).lines;
    throw inputError(messageOf(error), {
      place: { file, line },
      hint,
    });
  }
}

/** Names in another encoding would come out as somebody else's. */
function textOf(octets: Buffer, file: string): string {
  if (isUtf8(octets)) return octets.toString('utf8');
  let line = 1;
  for (let from = 0, end = 0; end >= 0; from = end + 1, line++) {
    end = octets.indexOf(0x0a, from);
    if (!isUtf8(octets.subarray(from, end < 0 ? undefined : end))) break;
  }
  throw inputError('is not UTF-8', {
    place: { file, line },
    hint: 'a spreadsheet writes it as "CSV UTF-8"; or: iconv -f LATIN1 -t UTF-8',
  });
}

async function rowOf(
  row: Readonly<Record<string, string>>,
  zones: readonly string[],
  now: number,
): Promise<Omit<Imported, 'line'>> {
  const maybe = (column: Column): string | undefined => {
    const text = row[column]?.trim();
    return text === '' ? undefined : text;
  };
  const words = (column: Column): string[] => maybe(column)?.split(/[\s,;]+/) ?? [];
  const time = (column: Column): number | undefined => {
    const text = maybe(column);
    if (text === undefined) return undefined;
    const seconds = parseTime(text);
    if (seconds === undefined) throw new FieldFault(column, `"${text}" is not ${TIME_FORM}`);
    return seconds;
  };
  const optional = (column: Column): string | undefined => {
    const text = maybe(column);
    return text === undefined ? undefined : textField(column, text);
  };
  const state = (maybe('state') ?? 'pending') as HolderState;
  if (!HOLDER_STATES.includes(state)) {
    throw new FieldFault('state', `"${state}" is not one of ${HOLDER_STATES.join(', ')}`);
  }
  const created = time('created') ?? time('approved') ?? now;
  const dates = datesOf(state, time('approved'), time('expires'), time('ended'), now);
  if (created > now) throw new FieldFault('created', 'is in the future');
  const hash = maybe('password-hash');
  if (hash !== undefined && !isPasswordHash(hash)) {
    throw new FieldFault('password-hash', 'is not a hash of scrypt ($scrypt$ln=17,r=8,p=1$…)');
  }
  const version = maybe('agreement');
  const ageKey = maybe('age-key');
  const holder: Holder = {
    id: idField(maybe('id') ?? ''),
    name: textField('name', row.name ?? ''),
    organisation: optional('organisation'),
    email: emailField(row.email ?? ''),
    purpose: optional('purpose'),
    zones: zonesField(words('zones'), zones),
    allow: allowField(words('allow')),
    agreement:
      version === undefined
        ? undefined
        : { version: agreementField(version), date: time('agreement-date') ?? created },
    state,
    expires: dates.expires,
    ageKey: ageKey === undefined ? undefined : await ageKeyField(ageKey),
    hasPassword: hash !== undefined,
    epoch: 1,
    created: Math.min(created, dates.approved ?? created),
    approved: dates.approved,
    changed: now,
  };
  const { approved, expires } = dates;
  const detail = {
    state,
    zones: holder.zones,
    ...(approved === undefined ? {} : { approved }),
    ...(expires === undefined ? {} : { expires }),
  };
  const event = { at: dates.ended ?? now, holder: holder.id, event: 'imported', detail };
  return { holder, hash, event };
}

interface Dates {
  readonly approved: number | undefined;
  readonly expires: number | undefined;
  readonly ended: number | undefined;
}

/** The dates that a state needs, and no other. */
function datesOf(
  state: HolderState,
  approved: number | undefined,
  expires: number | undefined,
  ended: number | undefined,
  now: number,
): Dates {
  const need = (column: Column, value: number | undefined): number => {
    if (value !== undefined) return value;
    throw new FieldFault(column, `is empty, and a holder that is ${state} has one`);
  };
  if (state === 'pending') {
    if (approved !== undefined)
      throw new FieldFault('approved', 'is set, and the state is pending');
    return { approved: undefined, expires: undefined, ended: undefined };
  }
  if (state === 'denied') return { approved: undefined, expires: undefined, ended };
  const from = need('approved', approved);
  if (from > now) throw new FieldFault('approved', 'is in the future');
  if (expires !== undefined && expires <= from) {
    throw new FieldFault('expires', 'is not after approved');
  }
  if (state === 'revoked') {
    const at = need('ended', ended);
    if (at < from || at > now) throw new FieldFault('ended', 'is not between approved and now');
    return { approved: from, expires, ended: at };
  }
  const to = need('expires', expires);
  if (state === 'expired' && to > now) throw new FieldFault('expires', 'is in the future');
  return { approved: from, expires: to, ended: undefined };
}
