import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseTime } from '#zonewright/config/time.js';
import { openDatabase } from '#zonewright/zfa/database/open.js';
import { noteEvent } from '#zonewright/zfa/holders/store.js';
import { SERVICE_BEGAN } from '#zonewright/zfa/report/report.js';
import { tempDir, zonewright, zonewrightOk } from '../../tools/cli.js';

const time = (text: string): number => parseTime(text)!;

async function registry(): Promise<string> {
  const folder = tempDir('report');
  await zonewrightOk(['init', '.'], { cwd: folder });
  return folder;
}

/** Two holders, three downloads. */
function fill(folder: string, service: boolean): void {
  const db = openDatabase(join(folder, 'state'));
  db.change(() => {
    for (const [holder, at] of [
      ['acme', '2026-10-05'],
      ['beta', '2026-11-05'],
    ] as const) {
      const detail = { expires: time('2027-10-05') };
      const zones = holder === 'acme' ? ['com', 'net'] : ['com'];
      noteEvent(db, { at: time(at) - 60, holder, event: 'added', detail: { zones } });
      noteEvent(db, { at: time(at), holder, event: 'approved', detail });
    }
    if (!service) return;
    db.sql('INSERT INTO facts VALUES (?, ?)').run(SERVICE_BEGAN, `${time('2026-10-20')}`);
    for (const [holder, file, began, ended, sent] of [
      ['acme', 'czds/com', '2026-11-05', '2026-11-05', 1000],
      ['acme', 'bundle/20261105', '2026-10-31', '2026-11-01', 5000],
      ['beta', 'files/net/net.zone.gz', '2026-11-09', null, 77],
      ['beta', 'czds/com', '2026-12-01', '2026-12-01', 1000],
    ] as const) {
      db.sql(
        `INSERT INTO downloads (holder, file, etag, size, began, ended, sent, ranges)
         VALUES (?, ?, 'e', 1, ?, ?, ?, '[]')`,
      ).run(holder, file, time(began), ended === null ? null : time(ended), sent);
    }
  });
  db.close();
}

it('prints the figures for people, for programs and for the activity report', async () => {
  const folder = await registry();
  fill(folder, true);
  const report = (...args: string[]) =>
    zonewrightOk(['zfa', 'report', '--month', '2026-11', '--now', '2026-12-24', ...args], {
      cwd: folder,
    });
  const { stdout } = await report('--json');
  expect(JSON.parse(stdout)).toEqual({
    version: 1,
    month: '2026-11',
    until: '2026-12-01T00:00:00Z',
    complete: true,
    knownSince: '2026-10-04T23:59:00Z',
    passwords: {
      previous: 1,
      new: 1,
      renewed: 0,
      expired: 0,
      revoked: 0,
      total: 2,
      by: { com: 2, net: 1 },
    },
    downloads: {
      complete: 2,
      unfinished: 1,
      bytes: 6077,
      holders: 2,
      since: '2026-10-20T00:00:00Z',
      by: {
        bundles: { complete: 1, unfinished: 0, bytes: 5000, holders: 1 },
        com: { complete: 1, unfinished: 0, bytes: 1000, holders: 1 },
        net: { complete: 0, unfinished: 1, bytes: 77, holders: 1 },
      },
      files: {
        bundles: { complete: 1, unfinished: 0, bytes: 5000, holders: 1 },
        'czds/com': { complete: 1, unfinished: 0, bytes: 1000, holders: 1 },
        'files/net/net.zone.gz': { complete: 0, unfinished: 1, bytes: 77, holders: 1 },
      },
    },
    'zfa-passwords': 2,
  });
  // RFC 4180, and Appendix 4 says it once more: line breaks are CRLF.
  expect((await report('--csv')).stdout).toBe('zfa-passwords\r\n2\r\n');
  expect((await report('--csv', '--zone', 'net')).stdout).toBe('zfa-passwords\r\n1\r\n');
  expect((await report()).stdout).toBe(`Zone file access activity, November 2026

Zone file access passwords previous month                1
New zone file access passwords                           1
Renewed after their end                                  0
Expired                                                  0
Revoked                                                  0
Total zone file access approvals end of reporting month  2
  for com                                                2
  for net                                                1
zfa-passwords                                            2

Downloads, complete                                      2
Downloads, begun and not complete                        1
Octets sent                                              6,077 (5.9 KiB)
Holders that downloaded                                  2
  bundles                                                1 complete, 0 not, 5,000 (4.9 KiB)
  files of com                                           1 complete, 0 not, 1,000 (1000 B)
  files of net                                           0 complete, 1 not, 77 (77 B)
`);
});

it('what is not known is unknown, not 0', async () => {
  const folder = await registry();
  fill(folder, false);
  const { stdout } = await zonewrightOk(
    ['zfa', 'report', '--month', '2026-09', '--json', '--now', '2026-12-24'],
    { cwd: folder },
  );
  expect(JSON.parse(stdout)).toMatchObject({
    passwords: null,
    downloads: null,
    'zfa-passwords': null,
  });
  const text = await zonewrightOk(['zfa', 'report', '--month', '2026-11', '--now', '2026-11-10'], {
    cwd: folder,
  });
  expect(text.stdout).toContain('November 2026 (so far, until 2026-11-10T00:00:00Z)');
  expect(text.stdout).toMatch(/^Downloads, complete +unknown$/m);
  expect(text.stdout).toMatch(/^Octets sent +unknown$/m);
  expect(text.stdout).not.toMatch(/Downloads.* 0$/m);
  expect(text.stdout).toContain('The download service had not run by then.\n');
  const early = await zonewrightOk(
    ['zfa', 'report', '--month', '2026-09', '--now', '2026-12-24', '--csv'],
    { cwd: folder },
  );
  expect(early.stdout).toBe('zfa-passwords\r\n\r\n');
  expect(early.stderr).toContain('unknown');
});

it('a month in which it all began says so', async () => {
  const folder = await registry();
  fill(folder, true);
  const { stdout } = await zonewrightOk(
    ['zfa', 'report', '--month', '2026-10', '--now', '2026-12-24'],
    { cwd: folder },
  );
  expect(stdout).toContain(
    'Holders are known from 2026-10-04T23:59:00Z on; what was before is not counted.\n',
  );
  expect(stdout).toContain('Downloads are known from 2026-10-20T00:00:00Z on.\n');
});

it('a database in which nothing has happened knows nothing', async () => {
  const folder = await registry();
  openDatabase(join(folder, 'state')).close();
  const report = (...args: string[]) =>
    zonewrightOk(['zfa', 'report', '--month', '2026-11', '--now', '2026-12-24', ...args], {
      cwd: folder,
    });
  expect(JSON.parse((await report('--json')).stdout)).toEqual({
    version: 1,
    month: '2026-11',
    until: '2026-12-01T00:00:00Z',
    complete: true,
    knownSince: null,
    passwords: null,
    downloads: null,
    'zfa-passwords': null,
  });
  const text = (await report()).stdout;
  expect(text).not.toMatch(/ 0$/m);
  expect(text).toContain('Nothing is written down of holders yet.\n');
  expect(text).toMatch(/^ {2}for each zone +unknown$/m);
});

it('says of which event the words were damaged', async () => {
  const folder = await registry();
  fill(folder, false);
  const db = openDatabase(join(folder, 'state'));
  db.change(() => db.sql("UPDATE events SET detail = '{' WHERE seq = 2").run());
  db.close();
  const done = await zonewright(['zfa', 'report', '--month', '2026-11', '--now', '2026-12-24'], {
    cwd: folder,
  });
  expect(done).toMatchObject({ status: 4, stderr: expect.stringContaining('event 2') });
});

it('refuses a month that has not begun, a word that is no month, and an unused state folder', async () => {
  const folder = await registry();
  const wrong = (...args: string[]) =>
    zonewright(['zfa', 'report', ...args, '--now', '2026-11-24'], { cwd: folder });
  expect(await wrong('--month', '2026-11')).toMatchObject({
    status: 2,
    stdout: '',
    stderr: expect.stringContaining('there are no holders'),
  });
  fill(folder, false);
  expect(await wrong('--month', '2026-12')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('has not begun'),
  });
  expect(await wrong('--month', 'November')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('a month such as 2026-11'),
  });
  expect(await wrong('--month', '2026-11', '--csv')).toMatchObject({
    status: 2,
    stdout: '',
    stderr: expect.stringContaining('November 2026 is not over'),
  });
  for (const flags of [
    ['--csv', '--json'],
    ['--zone', 'com'],
    ['--csv', '--zone', 'cmo'],
  ]) {
    expect(await wrong('--month', '2026-10', ...flags)).toMatchObject({ status: 2 });
  }
  expect(await wrong()).toMatchObject({ status: 2, stderr: expect.stringContaining('--month') });
  writeFileSync(join(folder, 'state/zfa/zfa.db'), 'no database');
  expect(await wrong('--month', '2026-11')).toMatchObject({ status: 4 });
});
