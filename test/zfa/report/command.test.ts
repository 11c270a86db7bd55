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
    passwords: { previous: 1, new: 1, renewed: 0, expired: 0, revoked: 0, total: 2 },
    downloads: {
      complete: 2,
      unfinished: 1,
      bytes: 6077,
      holders: 2,
      by: {
        bundles: { complete: 1, unfinished: 0, bytes: 5000, holders: 1 },
        com: { complete: 1, unfinished: 0, bytes: 1000, holders: 1 },
        net: { complete: 0, unfinished: 1, bytes: 77, holders: 1 },
      },
    },
    'zfa-passwords': 2,
  });
  expect((await report('--csv')).stdout).toBe('zfa-passwords\n2\n');
  const text = (await report()).stdout;
  expect(text).toMatch(/^Zone file access activity, November 2026\n/);
  expect(text).toMatch(/^Zone file access passwords previous month +1$/m);
  expect(text).toMatch(/^Total zone file access passwords end of reporting month +2$/m);
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
  expect(await wrong()).toMatchObject({ status: 2, stderr: expect.stringContaining('--month') });
  writeFileSync(join(folder, 'state/zfa/zfa.db'), 'no database');
  expect(await wrong('--month', '2026-11')).toMatchObject({ status: 4 });
});
