/** `zonewright build`: what it leaves, and what it leaves alone. */
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { tempDir, zonewright, zonewrightOk } from '../tools/cli.js';
import { writeDeposit } from '../tools/deposit.js';
import {
  build,
  currentGeneration,
  leftIn,
  published,
  publishedState,
  publishedZone,
  type Registry,
} from '../tools/registry.js';
import { copyOf, GUARDS, later, makeBase, rows } from './small-registry.js';

let base: Registry;
beforeAll(async () => {
  base = await makeBase();
});
const fresh = (): Registry => copyOf(base);
const gunzipped = (file: string): string => gunzipSync(readFileSync(file)).toString();
const config = (registry: Registry, from: string, to: string): void => {
  const file = join(registry.folder, 'zonewright.toml');
  const text = readFileSync(file, 'utf8');
  expect(text).toContain(from);
  writeFileSync(file, text.replace(from, to));
};

describe('a generation', () => {
  it('has the files of the contract, and its manifest describes them', async () => {
    const registry = fresh();
    await build(registry, '--now', later(10));
    const generation = currentGeneration(registry, 'com') as string;
    expect(generation).toMatch(/^\d{8}T\d{6}Z-\d{10}$/);
    const folder = join(registry.folder, 'out', 'com', generation);
    expect(readdirSync(folder).sort()).toEqual(
      [
        'added.txt.gz',
        'com.zone',
        'com.zone.gz',
        'com.zone.gz.md5',
        'manifest.json',
        'orphans.csv',
        'removed.txt.gz',
      ].sort(),
    );
    const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
    expect(manifest).toMatchObject({ version: 1, zone: 'com', generation, previous: null });
    expect(generation.endsWith(`-${manifest.serial}`)).toBe(true);
    expect(manifest.counts).toMatchObject({ delegations: 3, added: 3, removed: 0 });
    expect(manifest.keyTags).toHaveLength(2);
    expect(manifest.files).toHaveLength(6);
    for (const { name, bytes, sha256 } of manifest.files) {
      const file = readFileSync(join(folder, name));
      expect({ name, bytes: file.length }).toEqual({ name, bytes });
      expect(createHash('sha256').update(file).digest('hex'), name).toBe(sha256);
    }
    const zone = readFileSync(join(folder, 'com.zone'), 'utf8');
    const soa = zone.slice(0, zone.indexOf('\n') + 1);
    expect(soa).toContain('\tsoa\t');
    expect(gunzipped(join(folder, 'com.zone.gz'))).toBe(zone + soa);
    const md5 = createHash('md5').update(readFileSync(join(folder, 'com.zone.gz')));
    expect(readFileSync(join(folder, 'com.zone.gz.md5'), 'utf8')).toBe(
      `${md5.digest('hex')}  com.zone.gz\n`,
    );
    expect(gunzipped(join(folder, 'added.txt.gz'))).toBe('a.com.\nb.com.\nhoster.com.\n');
    expect(gunzipped(join(folder, 'removed.txt.gz'))).toBe('');
  });

  it('lists the names added and removed against the one before', async () => {
    const registry = fresh();
    await build(registry);
    writeDeposit(registry.exportFolder, ['com', 'net'], rows(['b.com', 'aa.com', 'c.net']));
    await build(registry, '--now', later(60));
    expect(gunzipped(published(registry, 'com', 'added.txt.gz'))).toBe('aa.com.\n');
    expect(gunzipped(published(registry, 'com', 'removed.txt.gz'))).toBe('a.com.\n');
    expect(gunzipped(published(registry, 'net', 'added.txt.gz'))).toBe('');
  });

  it('has the older layout beside it where that is configured', async () => {
    const registry = fresh();
    config(registry, 'policy = "tld"', 'policy = "tld"\nformat = "verisign-classic"');
    await build(registry);
    const classic = readFileSync(published(registry, 'com', 'com.classic.zone'), 'utf8');
    expect(classic).toMatch(/^\$ORIGIN COM\.\n\$TTL 172800\n/);
    expect(leftIn(registry, 'net')).toHaveLength(2);
    expect(readdirSync(published(registry, 'net', '.'))).not.toContain('net.classic.zone');
    expect(readFileSync(published(registry, 'com', 'manifest.json'), 'utf8')).toContain(
      '"com.classic.zone"',
    );
  });

  it('prints one JSON object with what the manifests say', async () => {
    const registry = fresh();
    const { stdout } = await build(registry, '--json');
    const summary = JSON.parse(stdout);
    expect(summary).toMatchObject({ version: 1, dryRun: false, rejects: 0, after: [] });
    expect(summary.zones.map((zone: { zone: string }) => zone.zone)).toEqual(['com', 'net']);
    expect(summary.zones[0]).toMatchObject({
      published: true,
      generation: currentGeneration(registry, 'com'),
      counts: { delegations: 3 },
    });
    expect(statSync(summary.zones[0].path).isDirectory()).toBe(true);
  });
});

describe('--dry-run', () => {
  it('does everything and leaves nothing', async () => {
    const registry = fresh();
    const before = readdirSync(registry.folder, { recursive: true }).sort();
    const done = await build(registry, '--dry-run', '--json');
    expect(JSON.parse(done.stdout)).toMatchObject({
      dryRun: true,
      zones: [{ zone: 'com', published: false, path: null, counts: { delegations: 3 } }, {}],
    });
    expect(done.stderr).toContain('would be published');
    expect(readdirSync(registry.folder, { recursive: true }).sort()).toEqual(before);
  });

  it('refuses what a build would refuse', async () => {
    const registry = fresh();
    await build(registry);
    config(registry, 'max-removed = "100%"', 'max-removed = "1%"');
    writeDeposit(registry.exportFolder, ['com', 'net'], rows(['a.com']));
    const before = leftIn(registry, 'net');
    const done = await zonewright(['build', '--dry-run'], { cwd: registry.folder });
    expect(done.status).toBe(6);
    expect(leftIn(registry, 'net')).toEqual(before);
  });
});

describe('--zone', () => {
  it('builds one zone, and still sees who of the others names its hosts', async () => {
    const registry = fresh();
    await build(registry, '--zone', 'com');
    expect(leftIn(registry, 'net')).toEqual([]);
    // ns1.hoster.com is sibling glue: c.net names it.
    expect(readFileSync(publishedZone(registry, 'com'), 'utf8')).toContain('ns1.hoster.com.\t');
  });
});

describe('one zone refused', () => {
  it('keeps the others from being published, too', async () => {
    const registry = fresh();
    await build(registry);
    config(registry, 'max-removed = "100%"', 'max-removed = "10%"');
    const before = [publishedState(registry, 'com'), publishedState(registry, 'net')];
    writeDeposit(registry.exportFolder, ['com', 'net'], rows(['a.com', 'b.com', 'd.com']));
    const done = await zonewright(['build'], { cwd: registry.folder });
    expect(done.status).toBe(6);
    expect(done.stderr).toContain('net: guard max-removed: 100%');
    expect([publishedState(registry, 'com'), publishedState(registry, 'net')]).toEqual(before);
    expect(leftIn(registry, 'com')).toHaveLength(2);
    expect(readFileSync(join(registry.folder, 'state', 'audit.jsonl'), 'utf8')).toContain(
      '"refused"',
    );
  });
});

describe('a published zone file that is damaged', () => {
  it('refuses, since nobody can say what was removed, and can be overridden', async () => {
    const registry = fresh();
    await build(registry);
    appendFileSync(publishedZone(registry, 'com'), 'torn');
    const args = ['build', '--now', later(60)];
    const done = await zonewright(args, { cwd: registry.folder });
    expect(done.status).toBe(6);
    expect(done.stderr).toContain('guard max-removed: not known');
    const flags = ['--override', 'max-removed', '--override', 'max-change', '--reason', 'torn'];
    await build(registry, '--now', later(60), ...flags);
  });

  it.each([
    ['emptied', (text: string) => text.slice(0, 0)],
    ['cut off between two records', (text: string) => text.slice(0, text.indexOf('\n') + 1)],
  ])('refuses when it was %s: what is left reads as a zone with few names', async (_how, cut) => {
    const registry = fresh();
    await build(registry);
    const file = publishedZone(registry, 'com');
    writeFileSync(file, cut(readFileSync(file, 'utf8')));
    const done = await zonewright(['build', '--now', later(60)], { cwd: registry.folder });
    expect(done.status).toBe(6);
    expect(done.stderr).toContain('guard max-removed: not known');
    expect(done.stderr).toMatch(/com\.zone has \d+ octets, its manifest says \d+/);
  });
});

describe('publish.after', () => {
  const withCommand = (registry: Registry, command: string): void =>
    appendFileSync(
      join(registry.folder, 'zonewright.toml'),
      `\n[publish]\nafter = ${JSON.stringify(command)}\n`,
    );

  it('runs for each zone, after the switch', async () => {
    const registry = fresh();
    const script = join(registry.folder, 'after.sh');
    writeFileSync(script, '#!/bin/sh\necho "$1 $(readlink "out/$1/current")" >> after.log\n', {
      mode: 0o755,
    });
    withCommand(registry, './after.sh {zone}');
    await build(registry);
    const expected = ['com', 'net'].map((zone) => `${zone} ${currentGeneration(registry, zone)}`);
    const log = readFileSync(join(registry.folder, 'after.log'), 'utf8');
    expect(log.trimEnd().split('\n')).toEqual(expected);
  });

  it('that fails ends the run with exit 1, and says that the zones are published', async () => {
    const registry = fresh();
    withCommand(registry, 'false {zone}');
    const done = await zonewright(['build'], { cwd: registry.folder });
    expect(done.status).toBe(1);
    expect(done.stderr).toContain('com, net published, but the command after it failed: false com');
    expect(currentGeneration(registry, 'com')).toBeDefined();
  });

  it('that needs a shell is refused before any work', async () => {
    const registry = fresh();
    withCommand(registry, 'nsd-control reload {zone}; true');
    const done = await zonewright(['build'], { cwd: registry.folder });
    expect(done.status).toBe(2);
    expect(leftIn(registry, 'com')).toEqual([]);
  });
});

describe('storage', () => {
  it('an output folder that is a file is refused with exit 2', async () => {
    const registry = fresh();
    rmSync(join(registry.folder, 'out'), { recursive: true });
    writeFileSync(join(registry.folder, 'out'), '');
    const done = await zonewright(['build'], { cwd: registry.folder });
    expect(done.status).toBe(2);
    expect(done.stderr).toContain('out');
    expect(done.stderr).not.toContain('defect');
  });

  it('an audit log that takes nothing is refused before anything is published', async () => {
    const registry = fresh();
    await build(registry);
    const before = publishedState(registry, 'com');
    const log = join(registry.folder, 'state', 'audit.jsonl');
    rmSync(log);
    mkdirSync(log);
    const done = await zonewright(['build', '--now', later(60)], { cwd: registry.folder });
    expect(done.status).toBe(2);
    expect(done.stderr).toContain('audit.jsonl: a folder stands where a file belongs');
    expect(publishedState(registry, 'com')).toEqual(before);
  });
});

describe('format = "master"', () => {
  const ZONE = [
    '$ORIGIN example.',
    '@ 3600 in soa ns1 host 7 1800 900 604800 900',
    '@ 3600 in ns ns1',
    'ns1 3600 in a 192.0.2.1',
    'sub 3600 in ns ns.elsewhere.test.',
    '',
  ].join('\n');

  function master(serial: string, lines: readonly string[] = []): string {
    const folder = tempDir('master');
    const text = [
      '[source]',
      'format = "master"',
      'path = "zones"',
      '[policy.p]',
      '[[zones]]',
      'name = "example"',
      'policy = "p"',
      `serial = "${serial}"`,
      ...lines,
      '[guards]',
      ...GUARDS,
    ].join('\n');
    writeFileSync(join(folder, 'zonewright.toml'), text);
    mkdirSync(join(folder, 'zones'));
    mkdirSync(join(folder, 'keys'), { mode: 0o700 });
    writeFileSync(join(folder, 'zones', 'example.zone'), ZONE);
    return folder;
  }
  const soaOf = (folder: string): string =>
    readFileSync(join(folder, 'out/example/current/example.zone'), 'utf8').split('\n')[0];

  it('serial = "increment" goes on from the input and from what was published', async () => {
    const cwd = master('increment');
    await zonewrightOk(['keys', 'generate'], { cwd });
    await zonewrightOk(['build'], { cwd });
    expect(soaOf(cwd)).toContain(' 8 1800 ');
    await zonewrightOk(['build', '--now', later(60)], { cwd });
    expect(soaOf(cwd)).toContain(' 9 1800 ');
  });

  it('serial = "keep" is refused with exit 4 when anything has changed', async () => {
    const cwd = master('keep');
    await zonewrightOk(['keys', 'generate'], { cwd });
    await zonewrightOk(['build'], { cwd });
    expect(soaOf(cwd)).toContain(' 7 1800 ');
    const done = await zonewright(['build', '--now', later(60)], { cwd });
    expect(done.status).toBe(4);
    expect(done.stderr).toContain('serial 7 is kept');
    const file = join(cwd, 'zones', 'example.zone');
    writeFileSync(file, ZONE.replace(' 7 ', ' 8 '));
    await zonewrightOk(['build', '--now', later(60)], { cwd });
    expect(soaOf(cwd)).toContain(' 8 1800 ');
  });

  it('a DS at the parent that leads to no key refuses the zone', async () => {
    const cwd = master('unixtime', [`parent-ds = ["1 13 2 ${'ab'.repeat(32)}"]`]);
    await zonewrightOk(['keys', 'generate'], { cwd });
    const done = await zonewright(['build'], { cwd });
    expect(done.status).toBe(6);
    expect(done.stderr).toContain('guard parent-ds: 0 of 1 DS');
    expect(done.stderr).toContain('--override parent-ds');
  });
});
