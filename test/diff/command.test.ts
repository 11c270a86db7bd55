/** `zonewright diff`, as a user runs it. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, expect, it } from 'vitest';
import { tempDir, zonewright } from '../tools/cli.js';

const zone = (serial: number, ...names: string[]): string =>
  [
    `com.\t900\tin\tsoa\ta.nic.net. b.nic.net. ${serial} 1800 900 604800 86400`,
    'com.\t900\tin\tns\ta.nic.net.',
    ...names.map((name) => `${name}.com.\t900\tin\tns\tns.${name}.net.`),
    '',
  ].join('\n');

let folder = '';
beforeAll(() => {
  folder = tempDir('diff');
  writeFileSync(join(folder, 'old.zone'), zone(1, 'a', 'b'));
  writeFileSync(join(folder, 'new.zone.gz'), gzipSync(zone(2, 'b', 'c')));
  const generation = join(folder, 'out', 'com', '20261122T000000Z-2');
  mkdirSync(generation, { recursive: true });
  writeFileSync(join(generation, 'com.zone'), zone(2, 'b', 'c'));
  writeFileSync(join(generation, 'com.zone.gz'), 'not looked at');
  symlinkSync('20261122T000000Z-2', join(folder, 'out', 'com', 'current'));
  writeFileSync(join(folder, 'net.zone'), zone(2).replaceAll('com.', 'net.'));
  writeFileSync(join(folder, 'relative.zone'), '@ 900 in soa a.nic.net. b.nic.net. 1 2 3 4 5\n');
  writeFileSync(join(folder, 'broken.zone'), `${zone(1)}x.com.\t900\tin\ta\t192.0.2.256\n`);
});
const diff = (...args: string[]) => zonewright(['diff', ...args], { cwd: folder });

it('prints names in canonical order on standard output, numbers on standard error', async () => {
  const done = await diff('old.zone', 'new.zone.gz');
  expect(done).toMatchObject({ status: 0, stdout: '- a.com.\n+ c.com.\n' });
  expect(done.stderr).toMatch(/1 added, 1 removed, 0 changed; delegations 2 → 2/);
});

it('takes the folder of a generation, also by its link, and prints one JSON object', async () => {
  const done = await diff('old.zone', 'out/com/current', '--json');
  expect(JSON.parse(done.stdout)).toEqual({
    version: 1,
    zone: 'com.',
    old: 'old.zone',
    new: 'out/com/current',
    added: 1,
    removed: 1,
    changed: 0,
    changes: { ns: 0, ds: 0, glue: 0, data: 0, ttl: 0 },
    delegations: { old: 2, new: 2, added: 1, removed: 1, changed: 0 },
  });
});

it.each([
  ['files of different zones', ['old.zone', 'net.zone'], 2, 'com. and net.'],
  ['a file that leaves its zone open', ['relative.zone', 'relative.zone'], 2, '--zone'],
  ['a file that is not there', ['old.zone', 'none.zone'], 3, 'none.zone'],
  ['a folder without a zone', ['old.zone', 'out'], 3, 'no zone file'],
  ['a record that is not one', ['old.zone', 'broken.zone'], 3, 'broken.zone:3'],
])('refuses %s', async (_name, args, status, message) => {
  const done = await diff(...args);
  expect(done.status).toBe(status);
  expect(done.stderr).toContain(message);
  expect(done.stdout).toBe('');
});

it('takes the name of the zone from --zone', async () => {
  const done = await diff('relative.zone', 'relative.zone', '--zone', 'com');
  expect(done).toMatchObject({ status: 0, stdout: '' });
});
