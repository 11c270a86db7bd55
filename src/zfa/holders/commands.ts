/**
 * The commands on holders, `zonewright zfa add|approve|deny|revoke|renew|passwd|change|list|show|
 * import|export`. Each change is one transaction of the database with its event; then the audit log
 * gets the event (log.ts, logEvents, also what a killed command has left).
 *
 * `--json` prints {"version", "id", "password", "expires"} for approve and passwd, {"version",
 * "holders": […]} for list, {"version", "holder", "events"} for show, {"version", "imported": [ids]}
 * for import and {"version", "holder"} for the others; a holder as in view.ts.
 */

import { closeSync, existsSync, fsyncSync, openSync, writeFileSync } from 'node:fs';
import type { CommonOptions } from '../../cli/common.js';
import { printJson } from '../../cli/output.js';
import { type Config, loadConfig } from '../../config/config.js';
import { nearest } from '../../config/suggest.js';
import { isoTime } from '../../config/time.js';
import { inputError, refusal, usageError } from '../../errors.js';
import { zoneLabel } from '../../names/name.js';
import { storageError } from '../../publish/storage.js';
import { logEvents } from '../audit/log.js';
import { type Database, openDatabase } from '../database/open.js';
import { type Exported, holdersToCsv, readHoldersCsv } from './csv.js';
import { expireDue, expiringSoon } from './expire.js';
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
import type { Holder, HolderState } from './model.js';
import { hashPassword, makePassword } from './password.js';
import * as rules from './rules.js';
import {
  findHolder,
  listHolders,
  noteEvent,
  passwordHashOf,
  saveHolder,
  savePasswordHash,
} from './store.js';
import { holderJson, holderTable, holderText, stateAt } from './view.js';

/** A command on one holder. */
export interface HolderOptions extends CommonOptions {
  readonly id: string;
}

/** What `add` and `change` say of a holder; undefined: nothing is said. */
export interface FieldFlags {
  readonly name?: string | undefined;
  readonly organisation?: string | undefined;
  readonly email?: string | undefined;
  readonly purpose?: string | undefined;
  /** Wire names. */
  readonly zones?: readonly Uint8Array[] | undefined;
  readonly allow?: readonly string[] | undefined;
  /** Addresses are not bounded any more. */
  readonly allowAny?: boolean | undefined;
  readonly agreement?: string | undefined;
  /** Empty: none any more. */
  readonly ageKey?: string | undefined;
}

interface Site {
  readonly config: Config;
  readonly db: Database;
}

/** Runs a command's work with the database, and sees to it that the audit log has what it did. */
async function withHolders<T>(
  options: CommonOptions,
  work: (site: Site) => T | Promise<T>,
): Promise<T> {
  const config = loadConfig(options.config);
  const db = openDatabase(config.stateDir);
  try {
    logEvents(db, config.stateDir);
    const result = await work({ config, db });
    try {
      logEvents(db, config.stateDir);
    } catch (error) {
      options.reporter.warn(
        'the change was made; its line of the audit log is written by the next command',
      );
      throw error;
    }
    return result;
  } finally {
    db.close();
  }
}

/** @throws ZonewrightError (exit 2) with the ids that come near. */
function holderOf(db: Database, id: string): Holder {
  const holder = findHolder(db, id);
  if (holder !== undefined) return holder;
  const near = nearest(
    id,
    listHolders(db).map((one) => one.id),
  );
  throw usageError(`there is no holder "${id}"`, {
    hint: near === undefined ? 'see: zonewright zfa list' : `did you mean "${near}"?`,
  });
}

/** Changes a holder as a rule says, in one transaction; `also` is part of it. */
function apply(
  { db }: Site,
  id: string,
  rule: (holder: Holder) => rules.Change,
  also?: (holder: Holder) => void,
): Holder {
  return db.change(() => {
    const { holder, event } = rule(holderOf(db, id));
    saveHolder(db, holder);
    also?.(holder);
    noteEvent(db, event);
    return holder;
  });
}

/** A wrong field of a flag is wrong usage. */
async function checkedFields(flags: FieldFlags, config: Config): Promise<rules.HolderEdit> {
  const known = config.zones.map((zone) => zone.label);
  const { name, organisation, email, purpose, zones, allow, allowAny, ageKey } = flags;
  try {
    return {
      ...(name === undefined ? {} : { name: textField('name', name) }),
      ...(organisation === undefined
        ? {}
        : { organisation: maybeText('organisation', organisation) }),
      ...(email === undefined ? {} : { email: emailField(email) }),
      ...(purpose === undefined ? {} : { purpose: maybeText('purpose', purpose) }),
      ...(zones === undefined
        ? {}
        : {
            zones: zonesField(
              zones.map((zone) => zoneLabel(zone)),
              known,
            ),
          }),
      ...(allow === undefined ? {} : { allow: allowField(allow) }),
      ...(allowAny === true ? { allow: [] } : {}),
      ...(ageKey === undefined
        ? {}
        : { ageKey: ageKey === '' ? undefined : await ageKeyField(ageKey) }),
    };
  } catch (error) {
    if (!(error instanceof FieldFault)) throw error;
    throw usageError(`--${error.field} ${error.message}`);
  }
}

function maybeText(field: string, text: string): string | undefined {
  return text.trim() === '' ? undefined : textField(field, text);
}

function agreementOf(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : agreementField(text);
  } catch (error) {
    if (!(error instanceof FieldFault)) throw error;
    throw usageError(`--agreement ${error.message}`);
  }
}

/** Without the version that the configuration asks for nothing can be downloaded. */
function warnOfAgreement({ reporter }: CommonOptions, { zfa }: Config, holder: Holder): void {
  const wanted = zfa.agreement?.version;
  const has = holder.agreement?.version;
  if (wanted === undefined || has === wanted) return;
  reporter.warn(
    `${holder.id} has agreed to ${has === undefined ? 'nothing' : `"${has}"`}, the configuration asks for "${wanted}": downloads are refused until then (in the portal, or zfa change --agreement)`,
  );
}

function tellHolder(options: HolderOptions, holder: Holder, what: string): void {
  options.reporter.info(`${holder.id}: ${what}`);
  if (options.json) printJson({ holder: holderJson(holder, options.now) });
}

export interface AddOptions extends HolderOptions, FieldFlags {}

/** `zfa add`: a holder that waits for approval. */
export async function addCommand(options: AddOptions): Promise<void> {
  const { id, now } = options;
  await withHolders(options, async (site) => {
    const { config, db } = site;
    const edit = await checkedFields({ ...options, name: options.name ?? '' }, config);
    const version = agreementOf(options.agreement);
    try {
      idField(id);
    } catch (error) {
      if (!(error instanceof FieldFault)) throw error;
      throw usageError(`"${id}" ${error.message}`);
    }
    const all = listHolders(db).map((one) => one.id);
    const near = all.includes(id) ? undefined : nearest(id, all);
    if (near !== undefined) options.reporter.warn(`"${near}" is there, too: is it another one?`);
    const { holder, event } = rules.added(
      {
        id,
        name: edit.name!,
        organisation: edit.organisation,
        email: edit.email!,
        purpose: edit.purpose,
        zones: edit.zones!,
        allow: edit.allow ?? [],
        agreement: version === undefined ? undefined : { version, date: now },
        ageKey: edit.ageKey,
      },
      now,
    );
    db.change(() => {
      const there = findHolder(db, id);
      if (there !== undefined) {
        throw refusal(`there is a holder "${id}" already, ${stateAt(there, now)}: ${there.name}`, {
          hint: `an id is given once; see: zonewright zfa show ${id}`,
        });
      }
      saveHolder(db, holder);
      noteEvent(db, event);
    });
    tellHolder(options, holder, `added, pending; next: zonewright zfa approve ${id}`);
  });
}

export interface ChangeOptions extends HolderOptions, FieldFlags {}

/** `zfa change`: what is known of a holder. */
export async function changeCommand(options: ChangeOptions): Promise<void> {
  const { id, now } = options;
  await withHolders(options, async (site) => {
    const edit = await checkedFields(options, site.config);
    const version = agreementOf(options.agreement);
    const full = version === undefined ? edit : { ...edit, agreement: { version, date: now } };
    if (Object.keys(full).length === 0) {
      throw usageError('nothing to change', { hint: 'name a field, e.g. --zones com,net' });
    }
    const holder = apply(site, id, (before) => rules.edited(before, full, now));
    if (version !== undefined) warnOfAgreement(options, site.config, holder);
    tellHolder(options, holder, `changed: ${Object.keys(full).join(', ')}`);
  });
}

export interface ApproveOptions extends HolderOptions {
  /** Seconds since 1970; undefined: as configured. */
  readonly expires: number | undefined;
}

/** `zfa approve`: access, and the password, shown this once. */
export async function approveCommand(options: ApproveOptions): Promise<void> {
  const { now } = options;
  await withHolders(options, async (site) => {
    const expires = options.expires ?? now + site.config.zfa.validity;
    const rule = (holder: Holder): rules.Change => rules.approved(holder, expires, now);
    await givePassword(options, site, rule, 'approved');
  });
}

/** `zfa passwd`: another password, shown this once; the old one and its tokens are void. */
export async function passwdCommand(options: HolderOptions): Promise<void> {
  await withHolders(options, (site) =>
    givePassword(
      options,
      site,
      (holder) => rules.passwordChanged(holder, options.now),
      'has another password; the old one and its tokens are void',
    ),
  );
}

async function givePassword(
  options: HolderOptions,
  site: Site,
  rule: (holder: Holder) => rules.Change,
  what: string,
): Promise<void> {
  const { id } = options;
  // Refusals come before the third of a second that the hash takes.
  rule(holderOf(site.db, id));
  const password = makePassword();
  const hash = await hashPassword(password);
  const holder = apply(site, id, rule, () => savePasswordHash(site.db, id, hash));
  const expires = isoTime(holder.expires!);
  warnOfAgreement(options, site.config, holder);
  options.reporter.info(`${id}: ${what}; access until ${expires}`);
  options.reporter.info('the password, shown this once (zonewright zfa passwd makes another):');
  if (options.json) printJson({ id, password, expires });
  else process.stdout.write(`${password}\n`);
}

export interface ReasonOptions extends HolderOptions {
  readonly reason: string;
}

/** `zfa deny`. */
export async function denyCommand(options: ReasonOptions): Promise<void> {
  await end(options, rules.denied, 'denied');
}

/** `zfa revoke`: access ends at once, running downloads too. */
export async function revokeCommand(options: ReasonOptions): Promise<void> {
  await end(options, rules.revoked, 'revoked: password and tokens are void, downloads end');
}

async function end(
  options: ReasonOptions,
  rule: (holder: Holder, reason: string, now: number) => rules.Change,
  what: string,
): Promise<void> {
  const { id, now } = options;
  const reason = reasonOf(options.reason);
  await withHolders(options, (site) => {
    const holder = apply(
      site,
      id,
      (before) => rule(before, reason, now),
      () => savePasswordHash(site.db, id, null),
    );
    tellHolder(options, { ...holder, hasPassword: false }, what);
  });
}

function reasonOf(text: string): string {
  try {
    return textField('reason', text);
  } catch (error) {
    if (!(error instanceof FieldFault)) throw error;
    throw usageError(`--reason ${error.message}`);
  }
}

export interface RenewOptions extends HolderOptions {
  readonly expires: number;
}

/** `zfa renew`: access until another time, with the password that there is. */
export async function renewCommand(options: RenewOptions): Promise<void> {
  const { id, now, expires } = options;
  await withHolders(options, (site) => {
    // Its end is noted first, if no build has: the figures of the month count it.
    expireDue(site.db, now);
    const holder = apply(site, id, (before) => rules.renewed(before, expires, now));
    tellHolder(options, holder, `access until ${isoTime(expires)}`);
  });
}

export interface ListOptions extends CommonOptions {
  readonly state: HolderState | undefined;
  /** Only those whose access ends within so many days. */
  readonly expiring: number | undefined;
}

/** `zfa list`. */
export async function listCommand(options: ListOptions): Promise<void> {
  const { now, state, expiring } = options;
  await withHolders(options, ({ db }) => {
    const all = expiring === undefined ? listHolders(db) : expiringSoon(db, now, expiring);
    const holders = all.filter((holder) => state === undefined || stateAt(holder, now) === state);
    if (options.json) printJson({ holders: holders.map((holder) => holderJson(holder, now)) });
    else if (holders.length > 0) process.stdout.write(holderTable(holders, now));
    else options.reporter.info('no holder');
  });
}

/** `zfa show`: a holder and what happened to it. */
export async function showCommand(options: HolderOptions): Promise<void> {
  const { id, now } = options;
  await withHolders(options, ({ db }) => {
    const holder = holderOf(db, id);
    const events = db
      .sql('SELECT at, by, event, detail FROM events WHERE holder = ? ORDER BY seq')
      .all(id)
      .map((row) => ({
        at: isoTime(row.at as number),
        by: row.by as string,
        event: row.event as string,
        detail: JSON.parse(row.detail as string) as Record<string, unknown>,
      }));
    if (options.json) {
      printJson({ holder: holderJson(holder, now), events });
      return;
    }
    const lines = events.map(({ at, by, event, detail }) => {
      const reason = typeof detail.reason === 'string' ? `: ${detail.reason}` : '';
      return `${at}  ${event} by ${by}${reason}\n`;
    });
    process.stdout.write(`${holderText(holder, now)}\n${lines.join('')}`);
  });
}

export interface ImportOptions extends CommonOptions {
  /** A path, or `-` for standard input. */
  readonly file: string;
}

/** `zfa import`: all holders of a file, or none of them. */
export async function importCommand(options: ImportOptions): Promise<void> {
  const { file, now } = options;
  await withHolders(options, async ({ config, db }) => {
    const zones = config.zones.map((zone) => zone.label);
    const rows = await readHoldersCsv(file, zones, now);
    db.change(() => {
      for (const { line, holder, hash, event } of rows) {
        if (findHolder(db, holder.id) !== undefined) {
          throw inputError(`there is a holder "${holder.id}" already`, {
            place: { file, line, field: 'id' },
            hint: 'nothing was imported; take the row out, or give the holder another id',
          });
        }
        saveHolder(db, holder);
        if (hash !== undefined) savePasswordHash(db, holder.id, hash);
        noteEvent(db, event);
      }
    });
    options.reporter.info(`${rows.length} holders imported`);
    const without = rows.filter(({ holder, hash }) => holder.state === 'approved' && !hash).length;
    if (without > 0) {
      options.reporter.info(
        `${without} of them are approved and have no password here: zonewright zfa passwd ID`,
      );
    }
    if (options.json) printJson({ imported: rows.map(({ holder }) => holder.id) });
  });
}

export interface ExportOptions extends CommonOptions {
  /** A path; undefined: standard output. */
  readonly output: string | undefined;
  readonly hashes: boolean;
}

/** `zfa export`. */
export async function exportCommand(options: ExportOptions): Promise<void> {
  const { output, hashes } = options;
  if (hashes && output === undefined) {
    throw usageError(
      '--with-hashes needs --output FILE: hashes of passwords belong in no terminal',
    );
  }
  if (output !== undefined && existsSync(output)) {
    throw usageError('is there already', {
      place: { file: output },
      hint: 'name another file, or take it away',
    });
  }
  await withHolders(options, ({ db }) => {
    const all = db.view(() =>
      listHolders(db).map((holder): Exported => {
        const ended = db
          .sql(
            `SELECT at FROM events WHERE holder = ? AND (event IN ('revoked', 'denied') OR
               (event = 'imported' AND ? IN ('revoked', 'denied'))) ORDER BY seq DESC LIMIT 1`,
          )
          .get(holder.id, holder.state)?.at;
        return {
          holder,
          hash: hashes ? passwordHashOf(db, holder.id) : undefined,
          ended: typeof ended === 'number' ? ended : undefined,
        };
      }),
    );
    const text = holdersToCsv(all, hashes);
    if (output === undefined) process.stdout.write(text);
    else writeExport(output, text);
    options.reporter.info(`${all.length} holders${output === undefined ? '' : ` in ${output}`}`);
  });
}

/** What is written of people is for the operator's eyes. */
function writeExport(path: string, text: string): void {
  try {
    const fd = openSync(path, 'wx', 0o600);
    try {
      writeFileSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw storageError(error, path);
  }
}
