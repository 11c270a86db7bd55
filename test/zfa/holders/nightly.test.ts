import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readAudit } from '#zonewright/zfa/audit/log.js';
import { listDays, openDay } from '#zonewright/zfa/bundles/days.js';
import { openDatabase } from '#zonewright/zfa/database/open.js';
import { isActive } from '#zonewright/zfa/holders/model.js';
import { holdersNight } from '#zonewright/zfa/holders/nightly.js';
import { added, approved } from '#zonewright/zfa/holders/rules.js';
import { findHolder, saveHolder } from '#zonewright/zfa/holders/store.js';
import { zfaPlaces } from '#zonewright/zfa/places.js';
import { copyOf, later, makeBase, rows } from '../../publish/small-registry.js';
import { tempDir, zonewright, zonewrightOk } from '../../tools/cli.js';
import { writeDeposit } from '../../tools/deposit.js';
import { zfa, zfaJson } from './site.js';

const NOW = 1_795_305_600; // 2026-11-22
const DAY = 86_400;

const WISH = {
  name: 'Acme',
  organisation: undefined,
  email: 'a@acme.example',
  purpose: undefined,
  zones: ['com'],
  allow: [],
  agreement: undefined,
  ageKey: undefined,
};

/** A database with holders whose access ends so many days from now. */
function holders(days: Readonly<Record<string, number>>) {
  const state = tempDir('night');
  const db = openDatabase(state);
  for (const [id, day] of Object.entries(days)) {
    const { holder } = added({ id, ...WISH }, NOW - 400 * DAY);
    saveHolder(db, approved(holder, NOW + day * DAY, NOW - 400 * DAY).holder);
  }
  const warnings: string[] = [];
  const night = (now = NOW) => holdersNight(db, state, now, (text) => warnings.push(text));
  return { db, state, warnings, night };
}

it('notes an end at the time that it was, once, and voids tokens', () => {
  const { db, state, night } = holders({ past: -3, now: 0, later: 90 });
  const before = findHolder(db, 'past')!;
  expect(isActive(before, NOW)).toBe(false);
  expect(night()).toEqual({ night: { expired: ['now', 'past'], expiring: [] } });
  expect(night()).toEqual({ night: { expired: [], expiring: [] } });
  const after = findHolder(db, 'past')!;
  expect(after).toMatchObject({ state: 'expired', expires: NOW - 3 * DAY });
  expect(after.epoch).toBeGreaterThan(before.epoch);
  expect(findHolder(db, 'later')).toMatchObject({ state: 'approved' });
  expect([...readAudit(state)]).toMatchObject([
    { event: 'expired', holder: 'now', at: '2026-11-22T00:00:00Z', by: 'build' },
    { event: 'expired', holder: 'past', at: '2026-11-19T00:00:00Z', noted: '2026-11-22T00:00:00Z' },
  ]);
  db.close();
});

it('warns of ends within 30 days, the next first, and counts what it does not name', () => {
  const { warnings, night } = holders({ b: 30, a: 5, c: 31 });
  expect(night().night.expiring).toEqual([
    { id: 'a', expires: '2026-11-27T00:00:00Z' },
    { id: 'b', expires: '2026-12-22T00:00:00Z' },
  ]);
  expect(warnings).toEqual([
    'access of holder a (Acme) ends 2026-11-27T00:00:00Z; zonewright zfa renew a --expires DATE',
    'access of holder b (Acme) ends 2026-12-22T00:00:00Z; zonewright zfa renew b --expires DATE',
  ]);
  const many = holders(Object.fromEntries(Array.from({ length: 25 }, (_, n) => [`h${n}`, 7])));
  expect(many.night().night.expiring).toHaveLength(25);
  expect(many.warnings).toHaveLength(11);
  expect(many.warnings.at(-1)).toContain('15 more');
});

/** Adds holders of com, and approves them for so many days. */
async function approve(folder: string, days: Readonly<Record<string, number>>): Promise<void> {
  const fields = ['--name', 'Acme', '--email', 'a@acme.example', '--zones', 'com'];
  for (const [id, count] of Object.entries(days)) {
    await zfa(folder, 'add', id, ...fields, '--now', later(70));
    await zfa(folder, 'approve', id, '--expires', later(count * DAY), '--now', later(80));
  }
}

it('build --json names both; null where nobody ever was a holder', async () => {
  const { folder } = copyOf(await makeBase());
  const build = async (now: string) => {
    const done = await zonewrightOk(['build', '--json', '--now', now], { cwd: folder });
    const { holders, warnings } = JSON.parse(done.stdout);
    return { holders, warnings };
  };
  // The keys are as old as the test.
  expect(await build(later(60))).toMatchObject({ holders: null });
  const fields = ['--name', 'Acme', '--email', 'a@acme.example', '--zones', 'com'];
  const end = later(2 * DAY);
  await zfa(folder, 'add', 'acme', ...fields, '--now', later(70));
  await zfa(folder, 'approve', 'acme', '--expires', end, '--now', later(80));
  const soon = await build(later(DAY));
  expect(soon.holders).toEqual({ expired: [], expiring: [{ id: 'acme', expires: end }] });
  expect(soon.warnings).toContainEqual(
    expect.stringMatching(/^access of holder acme \(Acme\) ends/),
  );
  const after = await build(later(2 * DAY + 60));
  expect(after.holders).toEqual({ expired: ['acme'], expiring: [] });
  const log = await zfa(folder, 'log', 'acme');
  expect(log).toMatch(new RegExp(`^${end} {2}expired {2}acme .*by=build`, 'm'));
});

it('a build that is refused notes and tells it, too', async () => {
  const { folder } = copyOf(await makeBase());
  await zonewrightOk(['build', '--now', later(60)], { cwd: folder });
  await approve(folder, { past: 1, soon: 3 });
  // Another export removes nearly all.
  writeDeposit(`${folder}/export`, ['com', 'net'], rows(['x.com']));
  const config = readFileSync(`${folder}/zonewright.toml`, 'utf8');
  writeFileSync(`${folder}/zonewright.toml`, config.replace(/"100%"/g, '"10%"'));
  const refused = await zonewright(['build', '--now', later(2 * DAY)], { cwd: folder });
  expect(refused.status).toBe(6);
  expect(refused.stderr).toContain('access of holder soon (Acme) ends');
  const { holders } = await zfaJson<{ holders: { id: string }[] }>(folder, 'list');
  expect(holders).toMatchObject([
    { id: 'past', state: 'expired' },
    { id: 'soon', state: 'approved' },
  ]);
  expect(await zfa(folder, 'log', 'past')).toContain('expired  past');
});

it('what keeps ends from being noted is told, and keeps no zone and no bundle from being made', async () => {
  const registry = copyOf(await makeBase());
  const { folder } = registry;
  await zonewrightOk(['build', '--now', later(60)], { cwd: folder });
  await approve(folder, { past: 1, other: 90 });
  const log = zfaPlaces(join(folder, 'state')).auditLog;
  renameSync(log, `${log}.aside`);
  mkdirSync(log);
  const trouble = 'whose access to the zone files has ended could not be noted';
  const built = await zonewright(['build', '--now', later(2 * DAY)], { cwd: folder });
  expect(built).toMatchObject({ status: 1 });
  expect(built.stderr).toContain(`com, net published, but ${trouble}`);
  expect(built.stderr).not.toContain('bundles of zone file access could not');
  const { folder: made } = openDay(join(folder, 'out'), listDays(join(folder, 'out'))[0])!;
  expect(readFileSync(join(made, 'index'), 'latin1')).toMatch(/^other \d+ \d+\n$/);
  // A build that is refused tells it, too.
  writeDeposit(join(folder, 'export'), ['com', 'net'], rows(['x.com']));
  const config = readFileSync(join(folder, 'zonewright.toml'), 'utf8');
  writeFileSync(join(folder, 'zonewright.toml'), config.replace(/"100%"/g, '"10%"'));
  const refused = await zonewright(['build', '--now', later(3 * DAY)], { cwd: folder });
  expect(refused.status).toBe(6);
  expect(refused.stderr).toContain(`warning: ${trouble}`);
  rmSync(log, { recursive: true });
  renameSync(`${log}.aside`, log);
  writeFileSync(join(folder, 'zonewright.toml'), config);
  await zonewrightOk(['build', '--now', later(4 * DAY)], { cwd: folder });
  expect(await zfa(folder, 'log', 'past')).toContain('expired  past');
});

it('ends whose lines can be written only after publication are noted, and named', async () => {
  const { folder } = copyOf(await makeBase());
  await zonewrightOk(['build', '--now', later(60)], { cwd: folder });
  await approve(folder, { past: 1 });
  const log = zfaPlaces(join(folder, 'state')).auditLog;
  renameSync(log, `${log}.aside`);
  mkdirSync(log);
  const mend = join(folder, 'mend.sh');
  writeFileSync(mend, `#!/bin/sh\nrmdir ${log} && mv ${log}.aside ${log}\n`, { mode: 0o755 });
  const config = join(folder, 'zonewright.toml');
  appendFileSync(config, `\n[publish]\nafter = "${mend}"\n`);
  const built = await zonewrightOk(['build', '--json', '--now', later(2 * DAY)], { cwd: folder });
  const { holders, warnings } = JSON.parse(built.stdout) as {
    holders: object;
    warnings: readonly string[];
  };
  expect(holders).toEqual({ expired: ['past'], expiring: [] });
  expect(warnings.filter((warning) => warning.includes('access to the zone files'))).toEqual([
    expect.stringContaining('could not be noted'),
    expect.stringContaining('is noted now'),
  ]);
  expect(await zfa(folder, 'log', 'past')).toContain('expired  past');
});
