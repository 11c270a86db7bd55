/**
 * What the commands on holders have in common. Each change is one transaction of the database with
 * its event; then the audit log gets the event (log.ts, logEvents, also what a killed command has
 * left).
 */

import type { CommonOptions } from '../../../cli/common.js';
import { printJson } from '../../../cli/output.js';
import { loadConfig } from '../../../config/config.js';
import type { Config } from '../../../config/model.js';
import { nearest } from '../../../config/suggest.js';
import { usageError } from '../../../errors.js';
import { logEvents } from '../../audit/log.js';
import { type Database, openDatabase } from '../../database/open.js';
import { FieldFault } from '../fields.js';
import type { Holder } from '../model.js';
import type { Change } from '../rules.js';
import { findHolder, listHolders, saveChange } from '../store.js';
import { holderJson } from '../view.js';

/** A command on one holder. */
export interface HolderOptions extends CommonOptions {
  readonly id: string;
}

/** What a command works with. */
export interface Site {
  readonly config: Config;
  readonly db: Database;
}

/** Runs a command's work with the database, and sees to it that the audit log has what it did. */
export async function withHolders<T>(
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
export function holderOf(db: Database, id: string): Holder {
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
export function apply(
  { db }: Site,
  id: string,
  rule: (holder: Holder) => Change,
  also?: (holder: Holder) => void,
): Holder {
  return db.change(() => {
    const change = rule(holderOf(db, id));
    saveChange(db, change);
    also?.(change.holder);
    return change.holder;
  });
}

/** A wrong field of a flag is wrong usage. @param name of the flag; undefined: as the field's. */
export function flagFault(error: unknown, name?: string): unknown {
  if (!(error instanceof FieldFault)) return error;
  return usageError(`${name ?? `--${error.field}`} ${error.message}`);
}

/** Without the version that the configuration asks for nothing can be downloaded. */
export function warnOfAgreement(
  { reporter }: CommonOptions,
  { zfa }: Config,
  holder: Holder,
): void {
  const wanted = zfa.agreement?.version;
  const has = holder.agreement?.version;
  if (wanted === undefined || has === wanted) return;
  reporter.warn(
    `${holder.id} has agreed to ${has === undefined ? 'nothing' : `"${has}"`}, the configuration asks for "${wanted}": downloads are refused until then (in the portal, or zfa change --agreement)`,
  );
}

/** Tells what was done, with `--json` {"version", "holder"} as in view.ts. */
export function tellHolder(options: HolderOptions, holder: Holder, what: string): void {
  options.reporter.info(`${holder.id}: ${what}`);
  if (options.json) printJson({ holder: holderJson(holder, options.now) });
}
