/** Months that are made by the commands themselves, day after day, and counted by hand. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { tempDir, zonewrightOk } from '../../tools/cli.js';

interface Site {
  /** `zonewright zfa …` on a day; its standard output. */
  zfa(day: string, ...args: string[]): Promise<string>;
  report(month: string, ...args: string[]): Promise<Record<string, unknown>>;
}

async function site(today: string): Promise<Site & { readonly folder: string }> {
  const folder = tempDir('months');
  await zonewrightOk(['init', '.'], { cwd: folder });
  const zfa: Site['zfa'] = async (day, ...args) =>
    (await zonewrightOk(['zfa', ...args, '--now', day], { cwd: folder })).stdout;
  const report: Site['report'] = async (month, ...args) =>
    JSON.parse(await zfa(today, 'report', '--month', month, '--json', ...args));
  return { folder, zfa, report };
}

/**
 * VeriSign's report of November 2003, table 3: "Zone file access passwords previous month 953, New
 * zone file access passwords 10, Total zone file access approvals end of reporting month 963".
 */
it.each([
  ['before the month', '2003-10-31T12:00:00Z', false],
  ['long after it', '2026-11-25', true],
])('November 2003, its 953 holders imported %s', async (_, importedAt, told) => {
  const { folder, zfa, report } = await site('2026-11-26');
  const old = Array.from({ length: 953 }, (_, n) => {
    const approved = `2003-${String((n % 10) + 1).padStart(2, '0')}-${String((n % 28) + 1).padStart(2, '0')}`;
    const zones = n % 3 === 0 ? 'com' : 'com net';
    return `h${n},Holder ${n},h${n}@example.net,${zones},approved,${approved},2004-06-30`;
  });
  const file = join(folder, 'holders.csv');
  writeFileSync(file, `${['id,name,email,zones,state,approved,expires', ...old].join('\n')}\n`);
  await zfa(importedAt, 'import', file);
  for (let n = 0; n < 10; n++) {
    const day = `2003-11-${String(3 * n + 1).padStart(2, '0')}`;
    const flags = ['--name', `New ${n}`, '--email', `n${n}@example.net`, '--zones', 'net'];
    await zfa(day, 'add', `n${n}`, ...flags);
    await zfa(day, 'approve', `n${n}`);
  }
  const passwords = { previous: 953, new: 10, renewed: 0, expired: 0, revoked: 0, total: 963 };
  // 318 of the 953 have com alone.
  expect(await report('2003-11')).toMatchObject({
    complete: true,
    passwords: { ...passwords, by: { com: 953, net: 645 } },
    downloads: null,
    'zfa-passwords': 963,
  });
  const text = await zfa('2003-12-01', 'report', '--month', '2003-11');
  expect(text).toMatch(/^Zone file access passwords previous month +953$/m);
  expect(/^Holders imported after the month began: 953;/m.test(text)).toBe(told);
  expect(text).toMatch(/^New zone file access passwords +10$/m);
  expect(text).toMatch(/^Total zone file access approvals end of reporting month +963$/m);
  expect(await zfa('2003-12-01', 'report', '--month', '2003-11', '--csv')).toBe(
    'zfa-passwords\r\n963\r\n',
  );
  expect(await report('2003-10')).toMatchObject({ passwords: { total: 953 } });
  expect(await report('2003-12')).toMatchObject({
    passwords: { ...passwords, previous: 963, new: 0 },
  });
  // All of the old ones end on one day of 2004, and nothing has noted it.
  expect(await report('2004-06')).toMatchObject({
    passwords: { previous: 963, expired: 953, total: 10 },
  });
});

it('a month of everything, counted by hand', async () => {
  const { zfa, report } = await site('2026-04-01');
  const add = (day: string, id: string): Promise<string> =>
    zfa(day, 'add', id, '--name', id, '--email', 'z@example.net', '--zones', 'com');
  const approve = async (day: string, id: string, expires: string): Promise<void> => {
    await add(day, id);
    await zfa(day, 'approve', id, '--expires', expires);
  };
  // January: five.
  await approve('2026-01-05', 'stays', '2027-01-05');
  await approve('2026-01-06', 'ends', '2026-02-14');
  await approve('2026-01-07', 'taken', '2027-01-07');
  await approve('2026-01-08', 'longer', '2026-02-20');
  await approve('2026-01-09', 'returns', '2026-01-31'); // expired in January
  // February: two new ones, one of them for some days; one returns.
  await approve('2026-02-01', 'first', '2027-02-01');
  await add('2026-02-02', 'refused');
  await zfa('2026-02-03', 'deny', 'refused', '--reason', 'no purpose');
  await approve('2026-02-03', 'brief', '2026-02-10');
  await zfa('2026-02-04', 'renew', 'longer', '--expires', '2027-02-20'); // no password more
  await zfa('2026-02-05', 'renew', 'returns', '--expires', '2027-02-05');
  await zfa('2026-02-06', 'passwd', 'stays'); // another one for the old one
  await zfa('2026-02-07', 'revoke', 'taken', '--reason', 'sold the data');
  await add('2026-02-28T23:59:59Z', 'waits');
  // March: what had expired is revoked; the one that waited is approved.
  await zfa('2026-03-02', 'revoke', 'ends', '--reason', 'gone');
  await zfa('2026-03-03', 'approve', 'waits', '--expires', '2027-03-03');

  expect(await report('2025-12')).toMatchObject({ passwords: null, 'zfa-passwords': null });
  expect(await report('2026-01')).toMatchObject({
    // Before the first record nothing is known.
    passwords: { previous: null, new: 5, renewed: 0, expired: 1, revoked: 0, total: 4 },
  });
  expect(await report('2026-02')).toMatchObject({
    // new: first, brief; renewed: returns; expired: ends, brief; revoked: taken.
    passwords: { previous: 4, new: 2, renewed: 1, expired: 2, revoked: 1, total: 4 },
    'zfa-passwords': 4, // stays, longer, returns, first
  });
  expect(await report('2026-03')).toMatchObject({
    passwords: { previous: 4, new: 1, renewed: 0, expired: 0, revoked: 0, total: 5 },
  });
  // The same of a day within the month.
  const soFar = await zfa('2026-02-10', 'report', '--month', '2026-02', '--json');
  expect(JSON.parse(soFar)).toMatchObject({
    complete: false,
    until: '2026-02-10T00:00:00Z',
    passwords: { previous: 4, new: 2, renewed: 1, expired: 1, revoked: 1, total: 5 },
  });
});
