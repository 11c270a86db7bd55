/**
 * `zonewright zfa import` and `export`: holders as CSV.
 *
 * `--json` of import prints {"version", "imported": [ids]}, and of export {"version", "output",
 * "count"}; without `--output`, where it takes the place of the CSV, `output` is null and "holders" has
 * the rows, by the columns of csv.ts.
 */

import { existsSync } from 'node:fs';
import type { CommonOptions } from '../../../cli/common.js';
import { countText, printJson, wantWholeOutput } from '../../../cli/output.js';
import { writeSynced } from '../../../durable.js';
import { inputError, usageError } from '../../../errors.js';
import { assertPlace, outputError } from '../../../write/place.js';
import { type Exported, holderRows, holdersToCsv, readHoldersCsv } from '../csv.js';
import { isActive } from '../model.js';
import { findHolder, listHolders, passwordHashOf, saveChange, savePasswordHash } from '../store.js';
import { lookAtHolders, withNewHolders } from './context.js';

export interface ImportOptions extends CommonOptions {
  /** A path, or `-` for standard input. */
  readonly file: string;
}

/** `zfa import`: all holders of a file, or none of them. */
export async function importCommand(options: ImportOptions): Promise<void> {
  const { file, now } = options;
  await withNewHolders(options, async ({ config, db }) => {
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
    options.reporter.info(`imported ${holdersText(rows.length)}`);
    const without = rows.filter(({ holder, hash }) => isActive(holder, now) && !hash).length;
    if (without > 0) {
      options.reporter.info(
        `approved and without a password here: ${countText(without)}; zonewright zfa passwd ID gives one`,
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
  if (output !== undefined) assertNewFile(output);
  await lookAtHolders(options, ({ db }) => {
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
    const count = all.length;
    if (output === undefined) wantWholeOutput();
    if (output !== undefined) writeExport(output, holdersToCsv(all, hashes));
    else if (!options.json) process.stdout.write(holdersToCsv(all, hashes));
    options.reporter.info(`${holdersText(count)}${output === undefined ? '' : ` in ${output}`}`);
    if (!options.json) return;
    const rows = output === undefined ? { holders: holderRows(all, hashes) } : {};
    printJson({ output: output ?? null, count, ...rows });
  });
}

function holdersText(count: number): string {
  return `${countText(count)} ${count === 1 ? 'holder' : 'holders'}`;
}

function assertNewFile(path: string): void {
  assertPlace(path);
  if (!existsSync(path)) return;
  throw usageError('is there already', {
    place: { file: path },
    hint: 'name another file, or take it away',
  });
}

/** What is written of people is for the operator's eyes. */
function writeExport(path: string, text: string): void {
  try {
    writeSynced(path, text, 0o600);
  } catch (error) {
    throw outputError(error, path);
  }
}
