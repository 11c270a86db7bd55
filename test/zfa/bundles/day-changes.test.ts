/** The names added and removed in bundles: from day to day, whatever was built and undone between. */
import {
  appendFileSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { readManifest } from '#zonewright/publish/manifest.js';
import { readDay } from '#zonewright/zfa/bundles/day-files.js';
import { listDays, openDay } from '#zonewright/zfa/bundles/days.js';
import { openDatabase } from '#zonewright/zfa/database/open.js';
import { createPublishedZones } from '#zonewright/zfa/published.js';
import { copyOf, makeBase, NAMES, rows } from '../../publish/small-registry.js';
import { run, tempDir, zonewright, zonewrightOk } from '../../tools/cli.js';
import { writeDeposit } from '../../tools/deposit.js';
import type { Registry } from '../../tools/registry.js';
import { addHolders, dayText, holder, noon } from './holders.js';

/** Built and bundled on day 0. */
let base: Registry;

beforeAll(async () => {
  const registry = await makeBase();
  addHolders(registry, holder('acme'));
  base = await build(registry, 0, 0, NAMES);
});

const outputOf = ({ folder }: Registry): string => join(folder, 'out');

/** Builds these names at an hour after noon of a day. */
async function build(
  registry: Registry,
  day: number,
  hour: number,
  names: readonly string[],
  ...args: readonly string[]
): Promise<Registry> {
  writeDeposit(registry.exportFolder, ['com', 'net'], rows(names));
  const now = noon(day + hour / 24);
  await zonewrightOk(['build', '--now', now, ...args], { cwd: registry.folder });
  return registry;
}

/** Takes the row of a day's bundles away, as after a kill between the bundles and the row. */
function forget(registry: Registry, day: number): void {
  const db = openDatabase(join(registry.folder, 'state'));
  db.change(() => db.sql('DELETE FROM zone_days WHERE date = ?').run(dayText(day)));
  db.close();
}

const bundle = (registry: Registry, day: number, ...args: string[]) =>
  zonewrightOk(['zfa', 'bundle', '--now', noon(day), '--json', ...args], { cwd: registry.folder });

const com = (registry: Registry, day: number) => told(registry, day, 'com');

/** What the newest bundles of a day tell of a zone. */
function told(registry: Registry, day: number, label: string) {
  const { folder } = openDay(outputOf(registry), dayText(day))!;
  const zone = readDay(folder).zones.find((one) => one.zone === label)!;
  const list = (name: string): string[] =>
    gunzipSync(readFileSync(join(folder, `${label}.${name}.txt.gz`)))
      .toString()
      .split('\n')
      .filter((line) => line !== '');
  const { added, removed, since, generation, serial } = zone;
  const lists = { added: list('added'), removed: list('removed') };
  expect({ added, removed }).toEqual({ added: lists.added.length, removed: lists.removed.length });
  return { ...lists, since, generation, serial };
}

const without = (...gone: string[]): string[] => NAMES.filter((name) => !gone.includes(name));

describe('the names added and removed in bundles', () => {
  it('of the first day are the generation’s own, against nothing', () => {
    const { added, removed, since } = com(base, 0);
    expect({ added, removed, since }).toEqual({
      added: ['a.com.', 'b.com.', 'hoster.com.'],
      removed: [],
      since: undefined,
    });
  });

  it('of the next day are since the day before, and are the generation’s files', async () => {
    const registry = copyOf(base);
    const before = com(registry, 0);
    await build(registry, 1, 0, [...without('a.com'), 'new.com']);
    const { since, ...lists } = com(registry, 1);
    expect(lists).toMatchObject({ added: ['new.com.'], removed: ['a.com.'] });
    const { generation, serial } = before;
    expect(since).toEqual({ date: dayText(0), generation, serial });
    // No copy is made where none is needed.
    const [own, shared] = [join('com', lists.generation, 'added.txt.gz'), 'added'].map((name, i) =>
      i === 0
        ? join(outputOf(registry), name)
        : join(openDay(outputOf(registry), dayText(1))!.folder, 'com.added.txt.gz'),
    );
    expect((await run('stat', ['-c', '%i', own])).stdout).toBe(
      (await run('stat', ['-c', '%i', shared])).stdout,
    );
  });

  it('stay those of the day when it is built again, also when generations are gone', async () => {
    const registry = copyOf(base);
    const { generation, serial } = com(registry, 0);
    await build(registry, 1, 0, [...without('b.com'), 'brief.com']);
    await build(registry, 1, 1, [...NAMES, 'new.com']);
    const expected = {
      added: ['new.com.'],
      removed: [],
      since: { date: dayText(0), generation, serial },
    };
    expect(com(registry, 1)).toMatchObject(expected);
    // The first of that day is gone with its lists: those of its bundles have them.
    rmSync(join(outputOf(registry), 'com', generation), { recursive: true });
    await build(registry, 1, 2, [...NAMES, 'new.com', 'late.com']);
    expect(com(registry, 1)).toMatchObject({ ...expected, added: ['late.com.', 'new.com.'] });
    // Made again without a new generation they stay what they are, and the service hands out the same.
    const { folder } = openDay(outputOf(registry), dayText(1))!;
    expect(JSON.parse((await bundle(registry, 1 + 3 / 24)).stdout)).toMatchObject({ fresh: false });
    const zones = createPublishedZones(outputOf(registry), ['com', 'net'], (text) =>
      expect.fail(text),
    );
    const current = zones.current('com')!;
    expect(current.counts).toMatchObject({ added: 2, removed: 0 });
    const list = current.files.get('com.added.txt.gz')!;
    expect(list.path).toBe(join(folder, 'com.added.txt.gz'));
    expect(zones.withEtag('com', list.name, list.etag)).toEqual(list);
    // The generation's own has another date, by which a client could take the one for the other.
    const own = current.files.get('com.zone.gz')!;
    expect(list.modified).toBeGreaterThan(own.modified);
  });

  it('that can not be read give way to the generation’s, in the service; until they can', async () => {
    const registry = copyOf(base);
    const output = outputOf(registry);
    await build(registry, 1, 0, [...NAMES, 'one.com']);
    await build(registry, 1, 1, [...NAMES, 'one.com', 'two.com']);
    const warnings: string[] = [];
    const zones = createPublishedZones(output, ['com'], (text) => warnings.push(text));
    const added = () => zones.current('com')!.counts.added;
    expect(added()).toBe(2);
    const { folder } = openDay(output, dayText(1))!;
    const day = readFileSync(join(folder, 'day.json'));
    writeFileSync(join(folder, 'day.json'), '{');
    expect([added(), added()]).toEqual([1, 1]);
    expect(warnings).toEqual([expect.stringContaining('bundles are out of order')]);
    writeFileSync(join(folder, 'day.json'), day);
    expect(added()).toBe(2);
    renameSync(join(output, 'bundles'), join(output, 'aside'));
    expect(added()).toBe(1);
    writeFileSync(join(output, 'bundles'), '');
    expect(added()).toBe(1);
    expect(zones.withEtag('com', 'com.added.txt.gz', `${com.length}-1-x`)).toBeUndefined();
    expect(warnings).toHaveLength(2);
    rmSync(join(output, 'bundles'));
    renameSync(join(output, 'aside'), join(output, 'bundles'));
    expect(added()).toBe(2);
    expect(warnings).toHaveLength(2);
  });

  it.each([
    ['day.json', '{"version":1}'],
    ['day.json', '{"version":1,"zones":[null]}'],
    ['day.json', { added: {} }],
    ['day.json', { since: null }],
    ['day.json', { serial: '1' }],
    ['day.json', undefined],
    ['com.added.txt.gz', ''],
    ['com.removed.txt.gz', undefined],
  ])('a damaged %s (%j) takes neither the zone nor the next bundles', async (name, text) => {
    const registry = copyOf(base);
    const output = outputOf(registry);
    await build(registry, 1, 0, [...NAMES, 'one.com']);
    await build(registry, 1, 1, [...NAMES, 'one.com', 'two.com']);
    const file = join(openDay(output, dayText(1))!.folder, name);
    const { zones: told, ...day } = JSON.parse(readFileSync(join(file, '../day.json'), 'utf8')) as {
      zones: object[];
    };
    const edited = (more: object) =>
      JSON.stringify({ ...day, zones: told.map((z) => ({ ...z, ...more })) });
    rmSync(file);
    if (text !== undefined) writeFileSync(file, typeof text === 'string' ? text : edited(text));
    const warnings: string[] = [];
    const zones = createPublishedZones(output, ['com'], (warning) => warnings.push(warning));
    for (let n = 0; n < 2; n++) {
      const { counts, generation, files } = zones.current('com')!;
      expect(counts.added).toBe(1);
      const own = join(output, 'com', generation, 'added.txt.gz');
      expect(files.get('com.added.txt.gz')!.path).toBe(own);
      expect(zones.withEtag('com', 'com.added.txt.gz', '1-1-x')).toBeUndefined();
    }
    expect(warnings).toEqual([expect.stringContaining(file)]);
    await build(registry, 2, 0, [...NAMES, 'one.com', 'two.com', 'three.com']);
    expect(com(registry, 2)).toMatchObject({
      added: ['three.com.'],
      since: { date: dayText(1) },
    });
  });

  it('are against what the holders have, whatever the database remembers', async () => {
    const registry = copyOf(base);
    await build(registry, 1, 0, [...NAMES, 'one.com']);
    forget(registry, 1);
    await build(registry, 2, 0, [...NAMES, 'one.com', 'two.com']);
    expect(com(registry, 2)).toMatchObject({ added: ['two.com.'], since: { date: dayText(1) } });
    // A folder that is not kept any more is remembered.
    for (const day of [0, 1, 2]) {
      rmSync(openDay(outputOf(registry), dayText(day))!.folder, { recursive: true });
    }
    await build(registry, 3, 0, [...NAMES, 'two.com']);
    expect(com(registry, 3)).toMatchObject({ removed: ['one.com.'], since: { date: dayText(2) } });
  });

  it('stay so when the folder that they are against is not kept', async () => {
    const registry = copyOf(base);
    const config = join(registry.folder, 'zonewright.toml');
    appendFileSync(config, '\n[zfa]\nkeep-days = 1\n');
    await build(registry, 1, 0, [...NAMES, 'one.com']);
    forget(registry, 1);
    await build(registry, 2, 0, [...NAMES, 'one.com', 'two.com']);
    expect(listDays(outputOf(registry))).toEqual([dayText(2)]);
    await build(registry, 2, 1, [...NAMES, 'one.com', 'two.com', 'three.com']);
    const expected = { added: ['three.com.', 'two.com.'], since: { date: dayText(1) } };
    expect(com(registry, 2)).toMatchObject(expected);
    // Also where the row is lost for good: what the day's bundles of before are against is known.
    forget(registry, 1);
    expect(JSON.parse((await bundle(registry, 2 + 2 / 24)).stdout)).toMatchObject({ fresh: false });
    expect(com(registry, 2)).toMatchObject(expected);
  });

  it('that can not go on from the day before go on with what was told on the day', async () => {
    const registry = copyOf(base);
    await build(registry, 0, 1, [...NAMES, 'zero.com']);
    writeFileSync(join(outputOf(registry), 'com/current/com.zone'), '');
    const guards = ['--override', 'max-change', '--override', 'max-removed', '--reason', 'damaged'];
    await build(registry, 1, 0, [...NAMES, 'zero.com', 'one.com'], ...guards);
    const all = ['a.com.', 'b.com.', 'hoster.com.', 'one.com.', 'zero.com.'];
    const first = com(registry, 1);
    expect(first).toMatchObject({ added: all, removed: [], since: undefined });
    const { counts } = readManifest(join(outputOf(registry), 'com', first.generation))!;
    expect(counts).toMatchObject({ previousDelegations: null });
    expect(JSON.parse((await bundle(registry, 1)).stdout)).toMatchObject({ fresh: false });
    writeDeposit(registry.exportFolder, ['com', 'net'], rows([...NAMES, 'one.com', 'two.com']));
    const now = noon(1 + 1 / 24);
    const built = await zonewrightOk(['build', '--now', now], { cwd: registry.folder });
    expect(built.stderr).toContain(`the lists of ${first.generation} are against nothing`);
    const second = com(registry, 1);
    expect(second).toMatchObject({
      added: ['a.com.', 'b.com.', 'hoster.com.', 'one.com.', 'two.com.'],
      removed: [],
      since: undefined,
    });
    expect(JSON.parse((await bundle(registry, 1 + 2 / 24)).stdout)).toMatchObject({ fresh: false });
    await build(registry, 2, 0, [...NAMES, 'two.com']);
    expect(com(registry, 2)).toMatchObject({ removed: ['one.com.'], since: { date: dayText(1) } });
  });

  it('are made again where their file was damaged', async () => {
    const registry = copyOf(base);
    await build(registry, 1, 0, [...NAMES, 'one.com']);
    await build(registry, 1, 1, [...NAMES, 'one.com', 'two.com']);
    const made = com(registry, 1);
    const list = join(openDay(outputOf(registry), dayText(1))!.folder, 'com.added.txt.gz');
    const octets = readFileSync(list);
    octets[octets.length - 5] ^= 1;
    writeFileSync(list, octets);
    const output = join(registry.folder, 'b.tar');
    const single = ['zfa', 'bundle', '--now', noon(1 + 2 / 24), '--holder', 'acme'];
    const refused = await zonewright([...single, '--output', output], { cwd: registry.folder });
    expect(refused).toMatchObject({ status: 4 });
    expect(refused.stderr).toContain('zonewright zfa bundle makes the bundles again');
    const again = await bundle(registry, 1 + 2 / 24);
    expect(JSON.parse(again.stdout)).toMatchObject({ fresh: true });
    expect(com(registry, 1)).toEqual(made);
    await bundle(registry, 1 + 2 / 24, '--holder', 'acme', '--output', output);
  });

  it('of the day after one whose bundles have become others want making again', async () => {
    const registry = copyOf(base);
    await build(registry, 1, 0, [...NAMES, 'one.com']);
    await build(registry, 1, 1, [...NAMES, 'one.com', 'two.com']);
    rmSync(openDay(outputOf(registry), dayText(1))!.folder, { recursive: true });
    await build(registry, 2, 0, [...NAMES, 'one.com', 'two.com', 'three.com']);
    expect(com(registry, 2)).toMatchObject({ added: ['three.com.', 'two.com.'] });
    const { stderr } = await bundle(registry, 2, '--date', dayText(1));
    const hint = `zonewright zfa bundle --date ${dayText(2)}`;
    expect(stderr).toMatch(new RegExp(`com: the bundles of ${dayText(2)} .*\\(${hint}\\)`));
    expect((await bundle(registry, 2, '--date', dayText(2))).stderr).not.toContain('again');
    expect(com(registry, 2)).toMatchObject({ added: ['three.com.'], since: { date: dayText(1) } });
    expect((await bundle(registry, 2, '--date', dayText(1))).stderr).not.toContain('again');
  });

  it('of the day after one that is bundled late want making again, too', async () => {
    const registry = copyOf(base);
    await build(registry, 1, 0, [...NAMES, 'one.com']);
    rmSync(openDay(outputOf(registry), dayText(1))!.folder, { recursive: true });
    forget(registry, 1);
    await build(registry, 2, 0, [...NAMES, 'one.com', 'two.com']);
    expect(com(registry, 2)).toMatchObject({ added: ['one.com.', 'two.com.'] });
    const late = await bundle(registry, 2, '--date', dayText(1));
    expect(com(registry, 1)).toMatchObject({ added: ['one.com.'] });
    expect(late.stderr).toContain(`com: the bundles of ${dayText(2)} don't tell`);
    await bundle(registry, 2, '--date', dayText(2));
    expect(com(registry, 2)).toMatchObject({ added: ['two.com.'] });
  });

  it('go on from a zone without delegations', async () => {
    const registry = copyOf(base);
    await build(registry, 1, 0, without('c.net'));
    const empty = told(registry, 1, 'net');
    expect(empty).toMatchObject({ added: [], removed: ['c.net.'] });
    await build(registry, 2, 0, NAMES);
    await build(registry, 2, 1, [...NAMES, 'd.net']);
    const { generation, serial } = empty;
    expect(told(registry, 2, 'net')).toMatchObject({
      added: ['c.net.', 'd.net.'],
      since: { date: dayText(1), generation, serial },
    });
  });

  it('of a day without a build are none', async () => {
    const registry = copyOf(base);
    await bundle(registry, 1);
    expect(com(registry, 1)).toMatchObject({ added: [], removed: [] });
    await build(registry, 2, 0, [...NAMES, 'new.com']);
    expect(com(registry, 2)).toMatchObject({ added: ['new.com.'], since: { date: dayText(1) } });
  });

  it('after an operator went back to an older generation are what that changes', async () => {
    const registry = copyOf(base);
    const { generation } = com(registry, 0);
    await build(registry, 1, 0, [...without('a.com'), 'wrong.com']);
    const current = join(outputOf(registry), 'com/current');
    unlinkSync(current);
    symlinkSync(generation, current);
    await bundle(registry, 2);
    expect(com(registry, 2)).toMatchObject({ added: ['a.com.'], removed: ['wrong.com.'] });
    await build(registry, 3, 0, [...NAMES, 'right.com']);
    expect(com(registry, 3)).toMatchObject({ added: ['right.com.'], removed: [] });
    // As they are put together for a single one.
    rmSync(openDay(outputOf(registry), dayText(3))!.folder, { recursive: true });
    const folder = tempDir('bundle');
    const out = join(folder, 'b.tar');
    await bundle(registry, 3, '--holder', 'acme', '--output', out);
    await run('tar', ['-xf', out], { cwd: folder });
    expect(gunzipSync(readFileSync(join(folder, 'com.added.txt.gz'))).toString()).toBe(
      'right.com.\n',
    );
    const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as {
      zones: { zone: string; counts: object; changesSince: object }[];
    };
    expect(manifest.zones.find(({ zone }) => zone === 'com')).toMatchObject({
      counts: { added: 1, removed: 0 },
      changesSince: { date: noon(2).slice(0, 10), serial: com(base, 0).serial },
    });
  });

  it('go the other way around a damaged list', async () => {
    const registry = copyOf(base);
    await build(registry, 1, 0, [...NAMES, 'one.com']);
    const { folder } = openDay(outputOf(registry), dayText(1))!;
    const list = join(folder, 'com.added.txt.gz');
    rmSync(list);
    writeFileSync(list, 'no gzip');
    await build(registry, 1, 1, [...NAMES, 'one.com', 'two.com']);
    expect(com(registry, 1)).toMatchObject({
      added: ['one.com.', 'two.com.'],
      since: { date: dayText(0) },
    });
  });

  it('say what they are against where the way to the day before is lost', async () => {
    const registry = copyOf(base);
    await build(registry, 1, 0, [...NAMES, 'one.com']);
    rmSync(openDay(outputOf(registry), dayText(1))!.folder, { recursive: true });
    await build(registry, 1, 1, [...NAMES, 'one.com', 'two.com']);
    const second = com(registry, 1);
    expect(second).toMatchObject({ added: ['one.com.', 'two.com.'] });
    rmSync(openDay(outputOf(registry), dayText(1))!.folder, { recursive: true });
    rmSync(join(outputOf(registry), 'com', second.generation, 'manifest.json'));
    writeDeposit(registry.exportFolder, ['com', 'net'], rows([...NAMES, 'two.com', 'three.com']));
    const built = await zonewright(['build', '--now', noon(1 + 2 / 24)], { cwd: registry.folder });
    expect(built).toMatchObject({ status: 0 });
    expect(built.stderr).toMatch(
      /com: what was published since the bundles of \d+ can't be followed/,
    );
    const { since } = com(registry, 1);
    expect(since?.date).toBeUndefined();
    expect(since?.serial).toBe(second.serial);
  });
});
