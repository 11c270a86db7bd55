/**
 * `zonewright zfa import` and `export`: holders as CSV.
 *
 * `--json` of import prints {"version", "imported": [ids]}.
 */

import { existsSync } from 'node:fs';
import type { CommonOptions } from '../../../cli/common.js';
import { printJson } from '../../../cli/output.js';
import { writeSynced } from '../../../durable.js';
import { inputError, usageError } from '../../../errors.js';
import { storageError } from '../../../publish/storage.js';
import { type Exported, holdersToCsv, readHoldersCsv } from '../csv.js';
import { findHolder, listHolders, passwordHashOf, saveChange, savePasswordHash } from '../store.js';
import { withHolders } from './context.js';

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
      for (const { line, hash, ...change } of rows) {
        const { holder } = change;
        if (findHolder(db, holder.id) !== undefined) {
          throw inputError(`there is a holder "${holder.id}" already`, {
            place: { file, line, field: 'id' },
            hint: 'nothing was imported; take the row out, or give the holder another id',
          });
        }
        saveChange(db, change);
        if (hash !== undefined) savePasswordHash(db, holder.id, hash);
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
    writeSynced(path, text, 0o600);
  } catch (error) {
    throw storageError(error, path);
  }
}
