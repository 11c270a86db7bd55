/** A small registry with holders and history, and `zonewright zfa serve` over it. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { expect } from 'vitest';
import { type Database, openDatabase } from '#zonewright/zfa/database/open.js';
import { hashPassword, makePassword } from '#zonewright/zfa/holders/password.js';
import { saveHolder, savePasswordHash } from '#zonewright/zfa/holders/store.js';
import { copyOf, makeBase } from '../../publish/small-registry.js';
import { type Running, run, startZonewright, tempDir, zonewrightOk } from '../../tools/cli.js';
import type { Registry } from '../../tools/registry.js';
import { openPage, type Watched } from './browser.js';
import { DAY, date } from './pages.js';

/** What holders have to accept. */
export const AGREEMENT = 'ZONE FILE ACCESS AGREEMENT\n\nUse it <well>, and not for mass mail.\n';

/** By holder. */
export type Passwords = Readonly<Record<string, string>>;

export interface Portal {
  readonly registry: Registry;
  readonly passwords: Passwords;
  /** The age identity of `acme`. */
  readonly identity: string;
  /** Approves a holder, without an agreement. */
  approve(id: string, zones: readonly string[], ageKey?: string): Promise<void>;
  /** Runs an action on the holders, as a command does while the service runs. */
  withHolders<T>(action: (db: Database) => T | Promise<T>): Promise<T>;
  /** A file of the published generation. */
  published(zone: string, name: string): Buffer;
}

/** A registry with com and net, built once: `acme` has both and an age key, `plain` has net. */
export async function makePortal(): Promise<Portal> {
  const registry = copyOf(await makeBase());
  const { folder } = registry;
  const passwords: Record<string, string> = {};
  const withHolders = async <T>(action: (db: Database) => T | Promise<T>): Promise<T> => {
    const db = openDatabase(join(folder, 'state'));
    try {
      return await action(db);
    } finally {
      db.close();
    }
  };
  const approve = (id: string, zones: readonly string[], ageKey?: string): Promise<void> =>
    withHolders(async (db) => {
      passwords[id] = makePassword();
      const hash = await hashPassword(passwords[id]);
      const now = Math.floor(Date.now() / 1000);
      db.change(() => {
        saveHolder(db, {
          ...{ id, name: `Holder ${id}`, organisation: undefined, email: `${id}@example.com` },
          ...{ purpose: undefined, zones, allow: [], agreement: undefined, state: 'approved' },
          ...{ expires: now + 90 * DAY, ageKey, hasPassword: true, epoch: 1 },
          ...{ created: now, approved: now, changed: now },
        });
        savePasswordHash(db, id, hash);
      });
    });
  appendFileSync(
    join(folder, 'zonewright.toml'),
    '\n[zfa]\nlimit-hours = 0\nagreement = { version = "2026-1", file = "AGREEMENT.txt" }\n',
  );
  writeFileSync(join(folder, 'AGREEMENT.txt'), AGREEMENT);
  const identity = join(folder, 'identity.txt');
  execFileSync('age-keygen', ['-o', identity], { stdio: 'ignore' });
  await approve(
    'acme',
    ['com', 'net'],
    execFileSync('age-keygen', ['-y', identity]).toString().trim(),
  );
  await approve('plain', ['net']);
  await zonewrightOk(['build'], { cwd: folder });
  await withHolders((db) => {
    const insert = db.sql('INSERT INTO zone_days VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)');
    for (const zone of ['com', 'net']) {
      for (let i = 1; i <= 40; i++) {
        const day = date(Date.now() / 1000 - i * DAY);
        const generation = `${day}T000000Z-${1000 - i}`;
        insert.run(day, zone, generation, 1000 - i, 100 - i, 3, 2, 5000, 'ab'.repeat(32));
      }
    }
  });
  return {
    registry,
    passwords,
    identity,
    approve,
    withHolders,
    published: (zone, name) => readFileSync(join(folder, 'out', zone, 'current', name)),
  };
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0));
    });
  });
}

/** Starts the service and waits until it answers. */
export async function serve(
  registry: Registry,
  flags: readonly string[],
  scheme: 'http' | 'https',
): Promise<{ readonly base: string; stop(): Promise<void> }> {
  const port = await freePort();
  const running: Running = startZonewright(
    ['zfa', 'serve', '--listen', `127.0.0.1:${port}`, ...flags],
    { cwd: registry.folder },
  );
  let ended: unknown;
  running.finished.then((end) => {
    ended = end;
  });
  const base = `${scheme}://127.0.0.1:${port}`;
  for (let i = 0; ; i++) {
    const answer = await run('curl', ['-skf', `${base}/healthz`]);
    if (answer.status === 0) break;
    if (ended !== undefined || i > 150) throw new Error(`no answer: ${JSON.stringify(ended)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    base,
    stop: async () => {
      running.child.kill('SIGTERM');
      await running.finished;
    },
  };
}

/** A page where a holder is signed in. */
export async function signedIn(
  browser: Browser,
  base: string,
  passwords: Passwords,
  id: string,
): Promise<Watched> {
  const watched = await openPage(browser, base, { acceptDownloads: true });
  await watched.page.goto(base);
  await signIn(watched, id, passwords[id]);
  await watched.page.getByText(`Signed in as ${id}`).waitFor();
  return watched;
}

/** Fills in the form and sends it. */
export async function signIn({ page }: Watched, name: string, password: string): Promise<void> {
  await page.getByLabel('Account').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** Accepts the agreement. */
export async function acceptAgreement(page: Page): Promise<void> {
  await page.getByLabel(/I have read the agreement/).check();
  await page.getByRole('button', { name: 'Accept the agreement' }).click();
  await page.getByRole('heading', { name: 'Bundles', exact: true }).waitFor();
}

/** Follows a link to a file. @returns the path of what was downloaded. */
export async function download(page: Page, name: RegExp): Promise<string> {
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name }).first().click(),
  ]);
  return file.path();
}

/**
 * Runs commands of the page, each in a terminal of its own, because what asks for a password turns
 * its echo off.
 *
 * @param how titles of those that are wanted (default: all), and the folder to run in (default: a new
 *   one).
 * @returns the folder in which they ran, and what they printed, by title.
 */
export async function runCommands(
  page: Page,
  { passwords, identity }: Pick<Portal, 'passwords' | 'identity'>,
  id: string,
  how: { readonly only?: readonly string[]; readonly folder?: string } = {},
): Promise<{ readonly folder: string; readonly printed: ReadonlyMap<string, string> }> {
  const titles = await page.locator('.steps h3').allTextContents();
  const codes = await page.locator('.steps pre code').allTextContents();
  const folder = how.folder ?? tempDir('commands');
  mkdirSync(join(folder, 'home'), { recursive: true });
  writeFileSync(
    join(folder, 'home', '.zfa-login'),
    `machine 127.0.0.1 login ${id} password ${passwords[id]}\n`,
    { mode: 0o600 },
  );
  writeFileSync(join(folder, 'age-identity.txt'), readFileSync(identity));
  const printed = new Map<string, string>();
  for (const [i, code] of codes.slice(0, titles.length).entries()) {
    if (how.only?.includes(titles[i]) === false) continue;
    const file = join(folder, `step-${i}.sh`);
    writeFileSync(file, `set -e\n${code}\n`);
    const done = await run('script', ['-qec', `sh ${file}`, '/dev/null'], {
      cwd: folder,
      input: `${passwords[id]}\n`,
      env: { HOME: join(folder, 'home') },
    });
    expect(done.status, `${titles[i]}:\n${code}\n${done.stdout}`).toBe(0);
    printed.set(titles[i], done.stdout);
  }
  return { folder, printed };
}
