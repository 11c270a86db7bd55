/** The benchmark from end to end, on a registry that is small enough for a test. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT, run, tempDir } from '../tools/cli.js';

const BENCH = join(ROOT, 'dist', 'bench', 'bench.js');

describe('the benchmark', () => {
  test('measures what it is asked for, and leaves nothing behind', async () => {
    const folder = tempDir('bench');
    const names = ['sign-no-verify', 'next-day', 'verify', 'build', 'kzonesign-build'];
    const args = ['--domains', '2000', '--runs', '1', '--memory', '128MiB', '--json'];
    const done = await run(process.execPath, [
      ...[BENCH, ...args],
      ...['--only', names.join(','), '--tmp-dir', folder],
    ]);
    expect(done.status, done.stderr).toBe(0);
    const found = JSON.parse(done.stdout);
    expect(found).toMatchObject({
      memory: 2 ** 27,
      zone: { delegations: 2000 },
      registry: { domains: 2000, zones: ['com', 'net'] },
    });
    expect(found.zone.secureDelegations).toBeGreaterThan(80);
    const measured = found.results.map(({ name }: { name: string }) => name);
    const missing = found.missing.map(({ name }: { name: string }) => name);
    expect([...measured, ...missing].sort()).toEqual([...names].sort());
    expect(measured).toEqual(expect.arrayContaining(['sign-no-verify', 'verify', 'build']));
    for (const { name, runs, stages, signatures } of found.results) {
      expect(runs[0].seconds, name).toBeGreaterThan(0);
      if (name === 'kzonesign-build') continue;
      expect(stages[0].total, name).toBeGreaterThan(0);
      if (name !== 'verify') expect(signatures.made, name).toBeGreaterThan(0);
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  test('reports as Markdown, of the registry alone as well', async () => {
    const done = await run(process.execPath, [
      ...[BENCH, '--domains', '50', '--runs', '1', '--no-check', '--only', 'build'],
      ...['--tmp-dir', tempDir('bench')],
    ]);
    expect(done.status, done.stderr).toBe(0);
    expect(done.stdout).toMatch(/^Registry of 50 domains in com and net/);
    expect(done.stdout).toContain('| `zonewright build` |');
    expect(done.stdout).toContain('(--no-check)');
  });
});
