/**
 * `zonewright zfa list` and `show`.
 *
 * `--json` prints {"version", "holders": […]} and {"version", "holder", "events"}; a holder as in
 * view.ts.
 */

import type { CommonOptions } from '../../../cli/common.js';
import { printJson } from '../../../cli/output.js';
import { loadConfig } from '../../../config/config.js';
import { isoTime } from '../../../config/time.js';
import { hasDatabase } from '../../places.js';
import { expiringSoon } from '../expire.js';
import type { HolderState } from '../model.js';
import { listHolders, requireHolder } from '../store.js';
import { holderJson, holderTable, holderText, stateAt } from '../view.js';
import { type HolderOptions, lookAtHolders } from './context.js';

export interface ListOptions extends CommonOptions {
  readonly state: HolderState | undefined;
  /** Only those whose access ends within so many days. */
  readonly expiring: number | undefined;
}

/** `zfa list`. */
export async function listCommand(options: ListOptions): Promise<void> {
  const { now, state, expiring, reporter, json } = options;
  const { stateDir } = loadConfig(options.config);
  if (!hasDatabase(stateDir)) {
    reporter.info(`no holder: zone file access was not used with ${stateDir} yet`);
    if (json) printJson({ holders: [] });
    return;
  }
  await lookAtHolders(options, ({ db }) => {
    const all = expiring === undefined ? listHolders(db) : expiringSoon(db, now, expiring);
    const holders = all.filter((holder) => state === undefined || stateAt(holder, now) === state);
    if (json) printJson({ holders: holders.map((holder) => holderJson(holder, now)) });
    else if (holders.length > 0) process.stdout.write(holderTable(holders, now));
    else reporter.info('no holder');
  });
}

/** `zfa show`: a holder and what happened to it. */
export async function showCommand(options: HolderOptions): Promise<void> {
  const { id, now } = options;
  await lookAtHolders(options, ({ db }) => {
    const holder = requireHolder(db, id);
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
