/** `init` makes a configuration that every other command takes, and overwrites nothing. */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readConfig } from '#zonewright/config/config.js';
import { tempDir, zonewright, zonewrightOk } from '../tools/cli.js';

test('writes the configuration and its folders; the key folder is closed to others', async () => {
  const folder = join(tempDir('init'), 'new', 'tld');
  await zonewrightOk(['init', folder]);
  const config = readConfig(join(folder, 'zonewright.toml'));
  expect(config.zones.map((zone) => zone.label)).toEqual(['com', 'net']);
  for (const path of [config.stateDir, config.outputDir, config.keyDir, config.source.path!]) {
    expect(statSync(path).isDirectory(), path).toBe(true);
  }
  expect(statSync(config.keyDir).mode & 0o777).toBe(0o700);
});

test('in the present folder without an argument; --json names what it wrote', async () => {
  const folder = tempDir('init');
  const { stdout } = await zonewrightOk(['init', '--json', '--quiet'], { cwd: folder });
  const summary = JSON.parse(stdout) as { version: number; config: string; folders: string[] };
  expect(summary.version).toBe(1);
  expect(existsSync(summary.config)).toBe(true);
  expect(summary.folders.every((path) => existsSync(path))).toBe(true);
});

test('refuses to overwrite, and leaves what is there', async () => {
  const folder = tempDir('init');
  const file = join(folder, 'zonewright.toml');
  writeFileSync(file, '# mine\n');
  const { status, stderr } = await zonewright(['init', folder]);
  expect(status).toBe(2);
  expect(stderr).toContain(`${file}: exists already`);
  expect(stderr).toContain('hint: ');
  expect(readFileSync(file, 'utf8')).toBe('# mine\n');
  expect(existsSync(join(folder, 'state'))).toBe(false);
});

test('folders that are there stay as they are', async () => {
  const folder = tempDir('init');
  mkdirSync(join(folder, 'export'));
  writeFileSync(join(folder, 'export', 'deposit.xml'), 'x');
  await zonewrightOk(['init', folder]);
  expect(readFileSync(join(folder, 'export', 'deposit.xml'), 'utf8')).toBe('x');
});
