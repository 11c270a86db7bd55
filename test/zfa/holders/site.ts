/** A configuration of two zones whose holders the tests change, and a look at what came of it. */

import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkAudit, logEvents, readAudit } from '#zonewright/zfa/audit/log.js';
import { openDatabase } from '#zonewright/zfa/database/open.js';
import type { Holder } from '#zonewright/zfa/holders/model.js';
import { listHolders, passwordHashOf } from '#zonewright/zfa/holders/store.js';
import { tempDir, zonewright, zonewrightOk } from '../../tools/cli.js';

export const NOW = '2026-11-25T12:00:00Z';
/** Flags that make a holder of any id. */
export const FIELDS = ['--name', 'Acme', '--email', 'a@acme.example', '--zones', 'com'];

/** A folder with a configuration; nobody has access yet. */
export function makeSite(): string {
  const folder = join(tempDir('holders'), 'site');
  mkdirSync(folder);
  writeFileSync(
    join(folder, 'zonewright.toml'),
    `state-dir = "state"
output-dir = "out"
key-dir = "keys"
[source]
format = "master"
path = "export"
[policy.p]
zsk-lifetime = "P30D"
${['com', 'net'].map((zone) => `[[zones]]\nname = "${zone}"\npolicy = "p"\n`).join('')}`,
  );
  return folder;
}

export function copyOfSite(base: string): string {
  const folder = join(tempDir('holders'), 'site');
  cpSync(base, folder, { recursive: true });
  return folder;
}

/** Runs `zfa …` at {@link NOW} (or as args say), and wants exit 0. @returns standard output. */
export async function zfa(folder: string, ...args: string[]): Promise<string> {
  return (await zonewrightOk(['zfa', ...timed(args)], { cwd: folder })).stdout;
}

/** Runs `zfa …`, whatever comes of it. */
export function tryZfa(folder: string, ...args: string[]) {
  return zonewright(['zfa', ...timed(args)], { cwd: folder });
}

function timed(args: readonly string[]): string[] {
  return args.includes('--now') ? [...args] : [...args, '--now', NOW];
}

/** Runs `zfa … --json` and reads what it printed. */
export async function zfaJson<T>(folder: string, ...args: string[]): Promise<T> {
  return JSON.parse(await zfa(folder, ...args, '--json')) as T;
}

/** What the state folder of a site holds. */
export interface Books {
  readonly holders: ReadonlyMap<string, Holder>;
  readonly hashes: ReadonlyMap<string, string | undefined>;
  /** `holder event`, in order. */
  readonly events: readonly string[];
  /** The same from the audit log. */
  readonly logged: readonly string[];
  /** Of the audit log. */
  readonly faults: readonly string[];
}

export function booksOf(folder: string): Books {
  const state = join(folder, 'state');
  const db = openDatabase(state);
  try {
    logEvents(db, state);
    const holders = listHolders(db);
    const { faults } = checkAudit(db, state);
    return {
      holders: new Map(holders.map((holder) => [holder.id, holder])),
      hashes: new Map(holders.map(({ id }) => [id, passwordHashOf(db, id)])),
      events: db
        .sql('SELECT seq, holder, event FROM events ORDER BY seq')
        .all()
        .map(({ seq, holder, event }) => `${seq} ${holder} ${event}`),
      logged: [...readAudit(state)].map(
        ({ change, holder, event }) => `${change as number} ${holder as string} ${event}`,
      ),
      faults: faults.map(({ line, what }) => `${line}: ${what}`),
    };
  } finally {
    db.close();
  }
}
