/** Bundles from configuration to file, opened by the programs that holders have. */
import { createHash } from 'node:crypto';
import {
  existsSync,
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
import { listDays, openDay } from '#zonewright/zfa/bundles/days.js';
import { findBundle, openBundle } from '#zonewright/zfa/bundles/open.js';
import { openDatabase } from '#zonewright/zfa/database/open.js';
import type { ByteSource } from '#zonewright/zfa/stream/byte-source.js';
import { copyOf, makeBase } from '../../publish/small-registry.js';
import { run, tempDir, zonewright, zonewrightOk } from '../../tools/cli.js';
import { describeWithTools, judge } from '../../tools/judges.js';
import { published, type Registry } from '../../tools/registry.js';
import { addHolders, dayText, holder, NOON, noon } from './holders.js';

const today = dayText();
let plain: Registry;
let built: Registry;

beforeAll(async () => {
  plain = await makeBase();
  built = copyOf(plain);
  addHolders(
    built,
    holder('acme'),
    holder('bob', { zones: ['com'], agreement: undefined }),
    holder('gone', { state: 'revoked' }),
    holder('late', { expires: NOON - 10 }),
    holder('strange', { zones: ['zz'] }),
  );
  expect(await build(built)).toMatchObject({ status: 0 });
});

const outputOf = (registry: Registry): string => join(registry.folder, 'out');
const build = (registry: Registry, ...args: string[]) =>
  zonewright(['build', '--now', noon(), ...args], { cwd: registry.folder });
const bundle = (registry: Registry, ...args: string[]) =>
  zonewright(['zfa', 'bundle', '--now', noon(), ...args], { cwd: registry.folder });

async function readAll(source: ByteSource): Promise<Buffer> {
  const whole = Buffer.alloc(source.size);
  for (let at = 0; at < whole.length; ) at += await source.read(whole.subarray(at), at);
  await source.close();
  return whole;
}

async function bundleOf(registry: Registry, id: string, encrypted = false): Promise<Buffer> {
  const opened = await openBundle(outputOf(registry), today, id, { encrypted });
  return readAll(opened!.source);
}

describe('the nightly build', () => {
  it('makes the bundles of those who are holders, and none for others', () => {
    const day = openDay(outputOf(built), today)!;
    expect(listDays(outputOf(built))).toEqual([today]);
    expect([...day.holders]).toEqual(['acme', 'bob']);
    expect(day.zones.map(({ zone }) => zone).sort()).toEqual(['com', 'net']);
    const com = day.zones.find(({ zone }) => zone === 'com')!;
    const copy = readFileSync(published(built, 'com', 'com.zone.gz'));
    expect(com.unpackedBytes).toBe(gunzipSync(copy).length);
    expect(com.files.map(({ name }) => name)).toEqual([
      'com.zone.gz',
      'com.zone.gz.md5',
      'com.added.txt.gz',
      'com.removed.txt.gz',
    ]);
    expect(com.delegations).toBe(3);
  });

  it('notes the zones of the day in the database', () => {
    const db = openDatabase(join(built.folder, 'state'));
    try {
      const rows = db.sql('SELECT * FROM zone_days ORDER BY zone').all();
      expect(rows).toMatchObject([
        { date: today, zone: 'com', delegations: 3, added: 3, removed: 0 },
        { date: today, zone: 'net', delegations: 1 },
      ]);
      expect(rows[0].packed).toBe(statSync(published(built, 'com', 'com.zone.gz')).size);
    } finally {
      db.close();
    }
  });

  it('says so in its summary; null where there are no holders', async () => {
    const registry = copyOf(plain);
    const first = JSON.parse((await build(registry, '--json')).stdout) as { bundles: unknown };
    expect(first.bundles).toBeNull();
    expect(existsSync(join(outputOf(registry), 'bundles'))).toBe(false);
    addHolders(registry, holder('acme'));
    const { stdout } = await build(registry, '--json', '--now', `${today}130000`);
    expect(JSON.parse(stdout)).toMatchObject({
      bundles: { date: today, holders: 1, seconds: expect.any(Number) },
    });
  });

  it('costs no copy of the zone', () => {
    const { folder } = openDay(outputOf(built), today)!;
    const shared = statSync(join(folder, 'com.zone.gz'));
    expect(shared.ino).toBe(statSync(published(built, 'com', 'com.zone.gz')).ino);
    const own = ['parts', 'index', 'day.json'].map((name) => statSync(join(folder, name)).size);
    expect(own[0] / 2).toBeLessThan(16_384);
  });
});

const HOLDERS_TOOLS = ['tar', 'md5sum', 'minisign', 'gunzip', 'dnssec-verify', 'faketime'];
describeWithTools(HOLDERS_TOOLS, 'a bundle, for its holder', () => {
  let folder = '';
  let listing = '';

  beforeAll(async () => {
    folder = tempDir('bundle');
    writeFileSync(join(folder, 'b.tar'), await bundleOf(built, 'acme'));
    const list = await run('tar', ['-tvf', 'b.tar'], { cwd: folder });
    expect(list).toMatchObject({ status: 0, stderr: '' });
    listing = list.stdout;
    expect(
      await run('tar', ['--warning=no-timestamp', '-xf', 'b.tar'], { cwd: folder }),
    ).toMatchObject({ stderr: '' });
  });

  it('has the files of each zone, agreement, manifest and signature, in this order', () => {
    const names = listing
      .trim()
      .split('\n')
      .map((line) => line.split(' ').at(-1));
    const of = (zone: string) => [
      `${zone}.zone.gz`,
      `${zone}.zone.gz.md5`,
      `${zone}.added.txt.gz`,
      `${zone}.removed.txt.gz`,
    ];
    const own = ['AGREEMENT.txt', 'manifest.json', 'manifest.json.minisig'];
    expect(names).toEqual([...of('com'), ...of('net'), ...own]);
    for (const line of listing.trim().split('\n')) expect(line).toMatch(/^-rw-r--r-- 0\/0 /);
  });

  it('has the published files as they are', () => {
    for (const zone of ['com', 'net']) {
      const copy = `${zone}.zone.gz`;
      expect(readFileSync(join(folder, copy))).toEqual(readFileSync(published(built, zone, copy)));
    }
  });

  it('is checked by md5sum -c and minisign -V', async () => {
    const sums = await run('md5sum', ['-c', 'com.zone.gz.md5', 'net.zone.gz.md5'], { cwd: folder });
    expect(sums).toMatchObject({ status: 0 });
    const key = join(outputOf(built), 'bundles', 'minisign.pub');
    const verify = () => run('minisign', ['-Vm', 'manifest.json', '-p', key], { cwd: folder });
    expect(await verify()).toMatchObject({ status: 0 });
    const manifest = join(folder, 'manifest.json');
    const good = readFileSync(manifest);
    writeFileSync(manifest, `${good} `);
    expect((await verify()).status).not.toBe(0);
    writeFileSync(manifest, good);
  });

  it('has zones that gunzip unpacks and dnssec-verify finds good', async () => {
    for (const zone of ['com', 'net']) {
      expect(await run('gunzip', ['-k', `${zone}.zone.gz`], { cwd: folder })).toMatchObject({
        status: 0,
      });
      const file = join(folder, `${zone}.zone`);
      const good = { zone, file, now: new Date(NOON * 1000) };
      expect(await judge('dnssec-verify', good)).toMatchObject({ ok: true });
      writeFileSync(file, readFileSync(file, 'utf8').replace(/^(.*\tns\t)/m, '$1x'));
      expect(await judge('dnssec-verify', good)).toMatchObject({ ok: false });
    }
  });

  it('has a manifest that is true of every file, packed and unpacked', async () => {
    const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as {
      zones: { zone: string; files: Described[] }[];
      files: Described[];
    };
    expect(manifest).toMatchObject({
      version: 1,
      holder: 'acme',
      date: `${today.slice(0, 4)}-${today.slice(4, 6)}-${today.slice(6)}`,
      agreement: null,
      zones: [
        { zone: 'com', serial: expect.any(Number), counts: { delegations: 3, added: 3 } },
        { zone: 'net', counts: { delegations: 1 } },
      ],
    });
    const all = [...manifest.zones.flatMap(({ files }) => files), ...manifest.files];
    expect(all).toHaveLength(9);
    for (const { name, bytes, sha256, unpacked } of all) {
      const data = readFileSync(join(folder, name));
      expect({ name, bytes, sha256 }).toEqual({ name, ...digest(data) });
      expect(unpacked !== undefined).toBe(name.endsWith('.gz'));
      if (unpacked === undefined) continue;
      const out = join(folder, 'out');
      await run('sh', ['-c', `gunzip -c '${name}' > out`], { cwd: folder });
      expect({ name, ...unpacked }).toEqual({ name, ...digest(readFileSync(out)) });
    }
  });

  it('holds only the zones that are the holder’s, with the same octets', async () => {
    const other = tempDir('bundle');
    const output = join(other, 'b.tar');
    expect(await bundle(built, '--holder', 'bob', '--output', output)).toMatchObject({ status: 0 });
    await run('tar', ['--warning=no-timestamp', '-xf', 'b.tar'], { cwd: other });
    expect(readdirSync(other).filter((name) => name.startsWith('net'))).toEqual([]);
    const copy = readFileSync(join(other, 'com.zone.gz'));
    expect(copy).toEqual(readFileSync(join(folder, 'com.zone.gz')));
    expect(readFileSync(output)).toEqual(await bundleOf(built, 'bob'));
  });

  it('is put together from the generations where the day’s folder is damaged', async () => {
    const whole = await bundleOf(built, 'bob');
    const parts = join(openDay(outputOf(built), today)!.folder, 'parts');
    const before = readFileSync(parts);
    const output = join(tempDir('bundle'), 'b.tar');
    writeFileSync(parts, '');
    try {
      const done = await bundle(built, '--holder', 'bob', '--output', output);
      expect(done).toMatchObject({ status: 0, stderr: expect.stringContaining('are damaged') });
    } finally {
      writeFileSync(parts, before);
    }
    expect(readFileSync(output)).toEqual(whole);
  });
});

interface Described {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly unpacked?: { readonly bytes: number; readonly sha256: string };
}

function digest(data: Uint8Array): { bytes: number; sha256: string } {
  return { bytes: data.length, sha256: createHash('sha256').update(data).digest('hex') };
}

describeWithTools(['age', 'age-keygen'], 'zfa bundle', () => {
  it('finds the bundles there already, and changes nothing', async () => {
    const before = await bundleOf(built, 'acme');
    const { stdout } = await bundle(built, '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      date: today,
      fresh: false,
      holders: 2,
      without: ['strange'],
      removed: [],
    });
    expect(await bundleOf(built, 'acme')).toEqual(before);
    expect(readdirSync(join(outputOf(built), 'bundles')).sort()).toEqual([today, 'minisign.pub']);
  });

  it('gives the day another folder when a holder came, and keeps the one before', async () => {
    const registry = copyOf(built);
    const old = await openBundle(outputOf(registry), today, 'acme', { encrypted: false });
    addHolders(registry, holder('carl'));
    expect(await bundle(registry)).toMatchObject({ status: 0 });
    const names = readdirSync(join(outputOf(registry), 'bundles')).sort();
    expect(names).toEqual([today, `${today}-2`, 'minisign.pub']);
    expect([...openDay(outputOf(registry), today)!.holders]).toContain('carl');
    const facts = findBundle(outputOf(registry), today, 'acme', { encrypted: false })!;
    expect(facts.etag).toBe(old!.etag);
    expect(await readAll(old!.source)).toEqual(await bundleOf(registry, 'acme'));
  });

  it('stays readable when generations and the folder itself go away', async () => {
    const registry = copyOf(built);
    const whole = await bundleOf(registry, 'acme');
    rmSync(join(outputOf(registry), 'com'), { recursive: true });
    const opened = await openBundle(outputOf(registry), today, 'acme', { encrypted: false });
    rmSync(join(outputOf(registry), 'bundles'), { recursive: true });
    expect(await readAll(opened!.source)).toEqual(whole);
  });

  it('writes what the holder may have now, whatever the day’s folder has', async () => {
    const registry = copyOf(built);
    const key = join(registry.folder, 'key');
    const made = await run('age-keygen', ['-o', key]);
    const ageKey = /age1[0-9a-z]+/.exec(made.stderr)![0];
    addHolders(registry, holder('acme', { zones: ['net'] }), holder('bob', { ageKey }));
    const write = async (id: string, ...more: string[]) => {
      const output = join(registry.folder, `${id}.tar`);
      const done = await bundle(registry, '--json', '--holder', id, '--output', output, ...more);
      expect(done).toMatchObject({ status: 0 });
      const { zones } = JSON.parse(done.stdout) as { zones: string[] };
      return { zones, data: readFileSync(output) };
    };
    expect((await write('acme')).zones).toEqual(['net']);
    const plain = await write('bob');
    expect(plain.zones).toEqual(['com', 'net']);
    const sealed = await write('bob', '--age');
    writeFileSync(join(registry.folder, 'sealed'), sealed.data);
    writeFileSync(join(registry.folder, 'plain'), plain.data);
    const open = 'age -d -i key sealed | cmp - plain';
    const done = await run('sh', ['-c', open], { cwd: registry.folder });
    expect(done).toMatchObject({ status: 0 });
  });

  it('refuses what can’t be: exit codes', async () => {
    const output = join(tempDir('bundle'), 'b.tar');
    const at = async (...args: string[]) => {
      const { status, stderr } = await bundle(built, ...args);
      return { status, stderr };
    };
    const one = (id: string, ...more: string[]) => at('--holder', id, '--output', output, ...more);
    expect(await one('nobody')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('there is no holder "nobody"'),
    });
    expect(await one('gone')).toMatchObject({
      status: 4,
      stderr: expect.stringContaining('revoked'),
    });
    expect(await one('late')).toMatchObject({
      status: 4,
      stderr: expect.stringContaining('expired'),
    });
    expect((await one('strange')).status).toBe(4);
    expect((await one('acme', '--age')).status).toBe(2);
    expect((await one('acme', '--date', '20990101')).status).toBe(2);
    expect((await one('acme', '--date', '20260230')).status).toBe(2);
    expect((await one('acme', '--date', '20200101')).status).toBe(4);
    expect((await at('--holder', 'acme')).status).toBe(2);
    expect((await at('--date', '20200101')).stderr).toMatch(/nothing was published by the end/);
    expect((await bundle(plain)).status).toBe(2);
    expect(existsSync(output)).toBe(false);
    const unbuilt = copyOf(plain);
    addHolders(unbuilt, holder('acme'));
    expect(await bundle(unbuilt)).toMatchObject({
      status: 4,
      stderr: expect.stringContaining('nothing was published yet'),
    });
  });

  it('is refused while another run holds the lock', async () => {
    const registry = copyOf(built);
    const lock = join(registry.folder, 'state', 'lock');
    const start = readFileSync(`/proc/${process.pid}/stat`, 'latin1').split(') ')[1].split(' ')[19];
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    const self = { pid: process.pid, started: start, boot, pids: null, host: 'x', token: 't' };
    writeFileSync(lock, JSON.stringify({ ...self, command: 'build', since: 'now' }));
    expect((await bundle(registry)).status).toBe(5);
  });

  it('writes to standard output', async () => {
    const out = join(tempDir('bundle'), 'b.tar');
    const bin = join(process.cwd(), 'bin', 'zonewright.js');
    const text = `exec "${process.execPath}" "${bin}" zfa bundle -q --now ${noon()} --holder acme --output - > "${out}"`;
    expect(await run('sh', ['-c', text], { cwd: built.folder })).toMatchObject({ status: 0 });
    expect(readFileSync(out)).toEqual(await bundleOf(built, 'acme'));
  });
});

it('a reader that goes before the end of a bundle is told', async () => {
  const bin = join(process.cwd(), 'bin', 'zonewright.js');
  const text = `"${process.execPath}" "${bin}" zfa bundle -q --now ${noon()} --holder acme --output - | (exec <&-; sleep 2); echo "$PIPESTATUS"`;
  const { stdout, stderr } = await run('bash', ['-c', text], { cwd: built.folder });
  expect(stdout).toBe('1\n');
  expect(stderr).toContain('the reader of standard output has gone before the end');
  expect(stderr.match(/error/g)).toHaveLength(1);
});

describe('the agreement', () => {
  const agreed = (file: string): Registry => {
    const registry = copyOf(plain);
    const config = join(registry.folder, 'zonewright.toml');
    const table = `\n[zfa]\nagreement = { version = "2", file = "${file}" }\n`;
    writeFileSync(config, readFileSync(config, 'utf8') + table);
    addHolders(
      registry,
      holder('acme', { agreement: { version: '2', date: 1_700_000_000 } }),
      holder('old', { name: 'Evil\nAccepted: yes' }),
      holder('none', { agreement: undefined }),
    );
    return registry;
  };

  it('is in every bundle, once on the disk, with who accepted it and when', async () => {
    const registry = agreed('agreement.txt');
    writeFileSync(join(registry.folder, 'agreement.txt'), 'You shall not.\n'.repeat(5000));
    expect(await build(registry)).toMatchObject({ status: 0 });
    const text = async (id: string) => (await bundleOf(registry, id)).toString('latin1');
    expect(await text('acme')).toContain('Accepted: 2023-11-14T22:13:20Z');
    expect(await text('old')).toContain('Accepted: version 1 only, 2023-11-14T22:13:20Z');
    expect(await text('old')).not.toContain('\nAccepted: yes');
    expect(await text('none')).toContain('Accepted: not yet');
    expect((await text('none')).match(/You shall not/g)).toHaveLength(5000);
    const { folder } = openDay(outputOf(registry), today)!;
    expect(statSync(join(folder, 'parts')).size).toBeLessThan(3 * 16_384);
  });

  it('that is not there fails the bundling, not the publication', async () => {
    const registry = agreed('missing.txt');
    const { status, stderr, stdout } = await build(registry, '--json');
    expect(status).toBe(1);
    expect(stderr).toContain('com, net published, but the bundles');
    expect(stderr).toContain('zonewright zfa bundle');
    expect(stderr).toContain('missing.txt');
    expect(JSON.parse(stdout)).toMatchObject({ bundles: null });
    expect(existsSync(published(registry, 'com', 'com.zone.gz'))).toBe(true);
    expect((await bundle(registry)).status).toBe(2);
    // Neither does one that can be read for ever keep anybody waiting.
    const text = join(registry.folder, 'missing.txt');
    // A path that can't be looked at keeps no zone back, either.
    const config = join(registry.folder, 'zonewright.toml');
    const configured = readFileSync(config, 'utf8');
    writeFileSync(config, configured.replace('missing.txt', 'zonewright.toml/x'));
    const night = await build(registry, '--now', noon(1 / 24));
    expect(night.status).toBe(1);
    expect(night.stderr).toContain('com, net published, but the bundles');
    writeFileSync(config, configured);
    await run('mkfifo', [text]);
    for (const command of ['build', 'zfa bundle']) {
      const done = await zonewright([...command.split(' '), '--now', noon()], {
        cwd: registry.folder,
      });
      expect(done.status).toBe(command === 'build' ? 1 : 2);
      expect(done.stderr).toContain("missing.txt: the agreement's text is no regular file");
    }
    const { stdout: checks } = await zonewright(['doctor', '--json'], { cwd: registry.folder });
    expect(JSON.parse(checks).checks).toContainEqual(
      expect.objectContaining({ name: 'agreement', status: 'fail' }),
    );
    rmSync(text);
    writeFileSync(join(registry.folder, 'missing.txt'), 'Here it is.\n');
    expect((await bundle(registry)).status).toBe(0);
  });
});

describe('the key that signs', () => {
  const keyFile = (registry: Registry, name: string): string =>
    join(registry.folder, 'state/zfa', name);

  it('is not made anew in place of a lost one, unless the operator says so', async () => {
    const registry = copyOf(built);
    const handedOut = join(outputOf(registry), 'bundles/minisign.pub');
    const before = readFileSync(handedOut, 'utf8');
    rmSync(keyFile(registry, 'minisign.key'));
    const refused = await bundle(registry);
    expect(refused).toMatchObject({ status: 4, stdout: '' });
    expect(refused.stderr).toContain('minisign.key: the key that signs bundles is gone');
    expect(readFileSync(handedOut, 'utf8')).toBe(before);
    // The zones are published nonetheless, and the build says what is missing.
    const night = await build(registry, '--now', noon(1));
    expect(night.status).toBe(1);
    expect(night.stderr).toContain('com, net published, but the bundles');
    rmSync(keyFile(registry, 'minisign.pub'));
    const { status, stdout, stderr } = await bundle(registry, '--now', noon(1), '--json');
    expect(status).toBe(0);
    expect(stderr).toContain('signed by another key than before');
    const after = readFileSync(handedOut, 'utf8');
    expect(JSON.parse(stdout)).toMatchObject({
      newKey: { before: before.split('\n')[1], now: after.split('\n')[1] },
    });
    const log = await zonewrightOk(['zfa', 'log', '--json'], { cwd: registry.folder });
    const { lines } = JSON.parse(log.stdout) as { lines: { event: string }[] };
    expect(lines.at(-1)).toMatchObject({ event: 'signing-key', now: after.split('\n')[1] });
    expect((await bundle(registry, '--now', noon(1))).stderr).not.toContain('another key');
  });
});

describe('what was damaged on the disk', () => {
  const single = (registry: Registry, ...args: string[]) =>
    bundle(registry, '--holder', 'acme', '--output', 'b.tar', ...args);
  const damage = (path: string, at: number): void => {
    const octets = readFileSync(path);
    octets[at] ^= 1;
    writeFileSync(path, octets);
  };

  it('does not become a bundle: exit 4, and no file', async () => {
    const registry = copyOf(built);
    const { folder } = openDay(outputOf(registry), today)!;
    const file = join(folder, 'com.zone.gz');
    damage(file, 30);
    const day = await single(registry);
    expect(day.status).toBe(4);
    expect(day.stderr).toContain('com.zone.gz: is damaged');
    // Put together from the generation, whose file it is, it is no better.
    rmSync(folder, { recursive: true });
    damage(published(registry, 'com', 'com.zone.gz'), 30);
    const own = await single(registry);
    expect(own.status).toBe(4);
    expect(own.stderr).toContain('com.zone.gz: is damaged');
    expect(readdirSync(registry.folder).filter((name) => /b\.tar/.test(name))).toEqual([]);
  });

  it('of the holder’s own octets is put together anew, which is told', async () => {
    const registry = copyOf(built);
    const good = await bundleOf(registry, 'acme');
    const { folder } = openDay(outputOf(registry), today)!;
    const parts = join(folder, 'parts');
    damage(parts, readFileSync(parts).indexOf('Zone file access') + 3);
    const { status, stderr } = await single(registry);
    expect({ status, stderr }).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('the part of acme is damaged'),
    });
    expect(readFileSync(join(registry.folder, 'b.tar'))).toEqual(good);
  });
});

it('a zone that is not in the configuration any more is told', async () => {
  const { stderr } = await bundle(built);
  expect(stderr).toContain(
    'zz is not in the configuration, and not in the bundles of those who may have it: 1 holder',
  );
});

describe('days', () => {
  it('are kept as configured; replaced folders go with the next day', async () => {
    const registry = copyOf(plain);
    const config = join(registry.folder, 'zonewright.toml');
    writeFileSync(config, `${readFileSync(config, 'utf8')}\n[zfa]\nkeep-days = 2\n`);
    addHolders(registry, holder('acme'));
    const all = join(outputOf(registry), 'bundles');
    const on = async (days: number, ...args: string[]) => {
      const done = await bundle(registry, '--now', noon(days), ...args);
      expect(done).toMatchObject({ status: 0 });
    };
    expect(await build(registry)).toMatchObject({ status: 0 });
    const day = dayText;
    addHolders(registry, holder('bob'));
    mkdirSync(join(all, '.making-20200101-1-ff'));
    await on(0);
    expect(readdirSync(all).sort()).toEqual([day(0), `${day(0)}-2`, 'minisign.pub']);
    await on(1);
    expect(readdirSync(all).sort()).toEqual([`${day(0)}-2`, day(1), 'minisign.pub']);
    await on(2);
    expect(readdirSync(all).sort()).toEqual([day(1), day(2), 'minisign.pub']);
    const output = join(registry.folder, 'b.tar');
    await on(2, '--date', day(1), '--holder', 'acme', '--output', output);
    const { status, stderr } = await bundle(registry, '--now', noon(3), '--date', day(1));
    expect({ status, stderr }).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('would not be kept'),
    });
  });

  it('that are over are bundled from what was published when they ended', async () => {
    const registry = copyOf(plain);
    for (const days of [1, 3, 4]) {
      expect(await build(registry, '--now', noon(days))).toMatchObject({ status: 0 });
    }
    addHolders(registry, holder('acme'));
    const dayOf = async (days: number) => {
      const date = dayText(days);
      const { status } = await bundle(registry, '--now', noon(4), '--date', date);
      return { status, time: openDay(outputOf(registry), date)?.zones[0].buildTime };
    };
    expect(await dayOf(3)).toEqual({ status: 0, time: noon(3) });
    expect(await dayOf(2)).toEqual({ status: 0, time: noon(1) });
    expect(await dayOf(1)).toEqual({ status: 0, time: noon(1) });
    expect(await dayOf(0)).toEqual({ status: 4, time: undefined });
    const first = readdirSync(join(outputOf(registry), 'com')).sort()[0];
    rmSync(join(outputOf(registry), 'com', first), { recursive: true });
    const { status, stderr } = await bundle(registry, '--now', noon(4), '--date', dayText(1));
    expect({ status, stderr }).toMatchObject({
      status: 4,
      stderr: expect.stringContaining(`${dayText(1)} is not there any more: ${first}`),
    });
  });
});
