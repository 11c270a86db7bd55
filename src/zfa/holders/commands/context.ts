/**
 * What the commands on holders have in common. Each change is one transaction of the database with
 * its event; then the audit log gets the event (log.ts, logEvents, also what a killed command has
 * left).
 */

import type { CommonOptions } from '../../../cli/common.js';
import { printJson } from '../../../cli/output.js';
import { loadConfig } from '../../../config/config.js';
import type { Config } from '../../../config/model.js';
import { usageError } from '../../../errors.js';
import { logEvents, logPending } from '../../audit/log.js';
import { assertDatabase, type Database, openDatabase, openToRead } from '../../database/open.js';
import { FieldFault } from '../fields.js';
import type { Holder } from '../model.js';
import type { Change } from '../rules.js';
import { requireHolder, saveChange } from '../store.js';
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

/**
 * Runs the work of a command that changes holders, and sees to it that the audit log has what it did.
 *
 * @throws ZonewrightError: also exit 2 where there are no holders at all.
 */
export async function withHolders<T>(
  options: CommonOptions,
  work: (site: Site) => T | Promise<T>,
): Promise<T> {
  const config = loadConfig(options.config);
  assertDatabase(config.stateDir);
  return changing(options, config, work);
}

/** The same for a command that may bring the first holder. */
export function withNewHolders<T>(
  options: CommonOptions,
  work: (site: Site) => T | Promise<T>,
): Promise<T> {
  return changing(options, loadConfig(options.config), work);
}

async function changing<T>(
  { reporter }: CommonOptions,
  config: Config,
  work: (site: Site) => T | Promise<T>,
): Promise<T> {
  const db = openDatabase(config.stateDir);
  try {
    logEvents(db, config.stateDir);
    const result = await work({ config, db });
    try {
      logEvents(db, config.stateDir);
    } catch (error) {
      reporter.warn(
        'the change was made; its line of the audit log is written by the next command',
      );
      throw error;
    }
    return result;
  } finally {
    db.close();
  }
}

/**
 * Runs the work of a command that only looks.
 *
 * @throws ZonewrightError: also exit 2 where there are no holders at all.
 */
export async function lookAtHolders<T>(
  { config: path, reporter }: CommonOptions,
  work: (site: Site) => T | Promise<T>,
): Promise<T> {
  const config = loadConfig(path);
  const db = openToRead(config.stateDir, reporter.warn);
  try {
    logPending(db, config.stateDir, reporter.warn);
    return await work({ config, db });
  } finally {
    db.close();
  }
}

/** Changes a holder as a rule says, in one transaction; `also` is part of it. */
export function apply(
  { db }: Site,
  id: string,
  rule: (holder: Holder) => Change,
  also?: (holder: Holder) => void,
): Holder {
  return db.change(() => {
    const change = rule(requireHolder(db, id));
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

/** Tells what was done, with `--json` {"version", "holder"} as in view.ts. */
export function tellHolder(options: HolderOptions, holder: Holder, what: string): void {
  options.reporter.info(`${holder.id}: ${what}`);
  if (options.json) printJson({ holder: holderJson(holder, options.now) });
}
