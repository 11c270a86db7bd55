/**
 * The external sort from end to end: the same octets in memory and from files, whatever the number
 * of threads, the denial and the source; no temporary file is left, whatever happens.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exampleKeys } from '../sign/sign.js';
import {
  BIN,
  type Finished,
  startZonewright,
  tempDir,
  zonewright,
  zonewrightOk,
} from '../tools/cli.js';
import { describeUnless } from '../tools/judges.js';
import { makeRegistry, published, type Registry } from '../tools/registry.js';
import { buildWithin, countRuns, NO_OPT_OUT, NSEC, OPT_OUT, signWithin } from './bounded.js';
import { zoneText } from './zone-lines.js';

const TIGHT = 200_000;
const LARGE = 2 ** 30;

describe('sign', () => {
  it.each([
    ['NSEC3 with opt-out', OPT_OUT],
    ['NSEC3 without', NO_OPT_OUT],
    ['NSEC', NSEC],
  ])('gives the same from files as from memory with %s', async (_, denial) => {
    const folder = tempDir('bounded');
    const tmpDir = tempDir('bounded-tmp');
    const keys = exampleKeys(folder, 15);
    const input = join(folder, 'zone');
    writeFileSync(input, zoneText(5000));
    const wanted = join(folder, 'wanted');
    const plain = { memory: LARGE, threads: 1, tmpDir };
    await signWithin(plain, { input, output: wanted, keys }, denial);
    for (const threads of [1, 2, 3]) {
      const output = join(folder, `out-${threads}`);
      const within = { memory: TIGHT, threads, tmpDir };
      const runs = await countRuns(tmpDir, () =>
        signWithin(within, { input, output, keys }, denial),
      );
      expect(runs).toBeGreaterThan(3);
      expect(readFileSync(output).equals(readFileSync(wanted)), `${threads} threads`).toBe(true);
    }
    expect(readdirSync(tmpDir)).toEqual([]);
  });
});

describe('build', () => {
  /** Sums of everything that a generation holds, but of the manifest with its times. */
  const filesOf = (registry: Registry, zone: string): Map<string, string> => {
    const folder = published(registry, zone, '');
    const names = readdirSync(folder).filter((name) => name !== 'manifest.json');
    return new Map(
      names.sort().map((name) => {
        const stored = readFileSync(join(folder, name));
        return [name, createHash('sha256').update(stored).digest('hex')];
      }),
    );
  };

  it.each(['rde-csv', 'master'] as const)(
    'gives the same from files as from memory: %s',
    async (format) => {
      const registry = await makeRegistry({
        domains: 8000,
        algorithm: 'ED25519',
        optOut: false,
        zoneLines: ['missing-glue = "drop"'],
      });
      const config = join(registry.folder, 'zonewright.toml');
      if (format === 'master') {
        const zones = join(registry.folder, 'zones');
        mkdirSync(zones);
        for (const { name } of registry.zones) {
          const zone = name.slice(0, -1);
          const out = join(zones, `${zone}.zone`);
          const flags = ['--domains', '24000', '--format', 'master', '--zones', zone, '--out', '-'];
          writeFileSync(out, (await zonewrightOk(['sample', ...flags])).stdout);
        }
        const text = readFileSync(config, 'utf8');
        writeFileSync(
          config,
          text.replace('format = "rde-csv"', 'format = "master"').replace('"export"', '"zones"'),
        );
      }
      const tmpDir = tempDir('bounded-tmp');
      const now = Math.ceil(Date.now() / 1000);
      const results: Array<Map<string, string>[]> = [];
      for (const [memory, threads] of [
        [LARGE, 1],
        [TIGHT, 1],
        [TIGHT, 2],
        [TIGHT, 3],
      ]) {
        for (const name of ['state', 'out']) {
          rmSync(join(registry.folder, name), { recursive: true });
          mkdirSync(join(registry.folder, name));
        }
        const runs = await countRuns(tmpDir, () =>
          buildWithin({ memory, threads, tmpDir, now }, config),
        );
        if (memory === LARGE) expect(runs).toBe(0);
        else expect(runs).toBeGreaterThan(5);
        results.push(registry.zones.map(({ name }) => filesOf(registry, name)));
      }
      expect(results[0][0].size).toBeGreaterThan(1);
      for (const result of results.slice(1)) expect(result).toEqual(results[0]);
      expect(readdirSync(tmpDir)).toEqual([]);
    },
  );
});

describe('a run that does not end well', () => {
  let folder: string;
  let tmpDir: string;
  let input: string;
  let keys: string;

  beforeAll(async () => {
    folder = tempDir('trouble');
    tmpDir = tempDir('trouble-tmp');
    keys = join(folder, 'keys');
    mkdirSync(keys, { mode: 0o700 });
    await zonewrightOk(['keys', 'generate', '--zone', 'com', '--key-dir', keys]);
    input = join(folder, 'com.zone');
    // More than 64 MiB of memory hold.
    const flags = ['--domains', '400000', '--format', 'master', '--zones', 'com', '--out', '-'];
    execFileSync('sh', [
      '-c',
      `exec "$0" "$@" > '${input}'`,
      process.execPath,
      BIN,
      'sample',
      ...flags,
    ]);
  });

  const flags = (from = input, to = tmpDir): string[] => [
    ...['sign', from, '--zone', 'com', '--key-dir', keys, '--output', join(folder, 'out')],
    ...['--memory', '64MiB', '--threads', '2', '--tmp-dir', to, '--no-verify'],
  ];
  const hasRuns = (): boolean =>
    readdirSync(tmpDir).some((name) =>
      existsSync(join(tmpDir, name)) ? readdirSync(join(tmpDir, name)).length > 0 : false,
    );
  const expectNothing = (): void => {
    expect(readdirSync(tmpDir)).toEqual([]);
    expect(readdirSync(folder).sort()).toEqual(['com.zone', 'keys']);
  };

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('leaves nothing behind on %s', async (signal, status) => {
    for (const delay of [0, 3, 30, 150, 400, 700]) {
      const { child, finished } = startZonewright(flags());
      while (!hasRuns() && child.exitCode === null) await wait(1);
      await wait(delay);
      child.kill(signal);
      const done = await finished;
      expect(done.status, done.stderr).toBe(status);
      expectNothing();
    }
  });

  it('leaves nothing behind when the input has a fault far on', async () => {
    const faulty = join(folder, 'keys', 'faulty');
    writeFileSync(faulty, `${readFileSync(input, 'latin1')}x.com. 60 IN A 1.2.3\n`, 'latin1');
    const done = await zonewright(flags(faulty));
    rmSync(faulty);
    expect(done.status, done.stderr).toBe(3);
    expectNothing();
  });

  it('is tidied up by the next one after kill -9, a day later', async () => {
    const { child, finished } = startZonewright(flags());
    while (!hasRuns()) await wait(1);
    child.kill('SIGKILL');
    await finished;
    for (const name of readdirSync(folder)) {
      if (name.startsWith('.out-')) rmSync(join(folder, name), { recursive: true });
    }
    const [left] = readdirSync(tmpDir);
    expect(readdirSync(join(tmpDir, left)).length).toBeGreaterThan(0);
    // What the next one does is all the same.
    const small = join(folder, 'keys', 'small');
    writeFileSync(small, 'com. 60 IN SOA a. b. 1 2 3 4 5\ncom. 60 IN NS a.net.\n');
    const next = (): Promise<Finished> => zonewrightOk(flags(small));
    await next();
    expect(readdirSync(tmpDir)).toEqual([left]);
    const dayAgo = Date.now() / 1000 - 86_500;
    utimesSync(join(tmpDir, left), dayAgo, dayAgo);
    await next();
    rmSync(join(folder, 'out'));
    rmSync(small);
    expectNothing();
  });

  describeUnless(noMount(), 'on a small disk', () => {
    let disk: string;
    const mounted = (size: string): void => {
      disk = join(folder, 'keys', 'disk');
      mkdirSync(disk, { recursive: true });
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', disk]);
    };
    const unmount = (): void => {
      execFileSync('umount', [disk]);
      rmSync(disk, { recursive: true });
    };
    afterAll(() => {
      if (existsSync(disk)) unmount();
    });

    it('says so before it begins, when the size of the input is known', async () => {
      mounted('30m');
      const began = performance.now();
      const done = await zonewright(flags(input, disk));
      expect(done.status).toBe(1);
      expect(done.stderr).toMatch(/no room for temporary files: about .* are needed, .* are free/);
      expect(done.stderr).toContain(disk);
      expect(done.stderr).toContain('--tmp-dir');
      expect(performance.now() - began).toBeLessThan(5000);
      expect(readdirSync(disk)).toEqual([]);
      unmount();
      expectNothing();
    });

    it('says so when it is full, and publishes nothing', async () => {
      mounted('48m');
      const done = await zonewright(flags('-', disk), { input: readFileSync(input) });
      expect(done.status, done.stderr).toBe(1);
      expect(done.stderr).toContain('no room for temporary files');
      expect(done.stderr).not.toContain('    at ');
      expect(readdirSync(disk)).toEqual([]);
      unmount();
      expectNothing();
    });
  });
});

/** Why this machine can't have a small disk for the tests, or undefined if it can. */
function noMount(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can mount a small disk';
  return existsSync('/proc/self/mounts') ? undefined : 'no tmpfs on this system';
}
