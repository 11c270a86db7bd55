/** The commands on holders as an operator types them. */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkPassword } from '#zonewright/zfa/holders/password.js';
import { zonewright } from '../../tools/cli.js';
import { booksOf, copyOfSite, FIELDS, makeSite, NOW, tryZfa, zfa, zfaJson } from './site.js';

interface Told {
  readonly version: number;
  readonly id: string;
  readonly password: string;
  readonly expires: string;
}

/** What stands in the state folder, all files together, as text. */
function stateText(folder: string): string {
  const zfaFolder = join(folder, 'state/zfa');
  return readdirSync(zfaFolder)
    .map((name) => readFileSync(join(zfaFolder, name), 'latin1'))
    .join('\n');
}

describe('the life of a holder', () => {
  let site = '';
  beforeAll(async () => {
    site = makeSite();
    await zfa(
      site,
      'add',
      'acme',
      ...FIELDS,
      '--organisation',
      'Acme Inc',
      '--allow',
      '192.0.2.0/24',
    );
  });

  it('from adding to revoking; the password is shown once and kept nowhere', async () => {
    const told = await zfaJson<Told>(site, 'approve', 'acme', '--expires', '2027-06-30');
    expect(told).toEqual({
      version: 1,
      id: 'acme',
      password: expect.stringMatching(/^[a-z2-9]{5}(-[a-z2-9]{5}){5}$/),
      expires: '2027-06-30T00:00:00Z',
    });
    const first = booksOf(site).hashes.get('acme');
    expect(await checkPassword(told.password, first)).toBe(true);

    const { status, stdout, stderr } = await tryZfa(site, 'passwd', 'acme');
    expect(status).toBe(0);
    const password = stdout.trimEnd();
    expect(stdout).toBe(`${password}\n`);
    expect(stderr).not.toContain(password);
    const books = booksOf(site);
    expect(await checkPassword(password, books.hashes.get('acme'))).toBe(true);
    expect(await checkPassword(told.password, books.hashes.get('acme'))).toBe(false);

    const ended = await tryZfa(site, 'passwd', 'acme', '--now', '2027-07-01');
    expect(ended).toMatchObject({ status: 4, stdout: '' });
    await zfa(site, 'renew', 'acme', '--expires', '2028-06-30', '--now', '2027-07-02');
    expect(booksOf(site).hashes.get('acme')).toBe(books.hashes.get('acme'));
    await zfa(site, 'revoke', 'acme', '--reason', 'sold the data', '--now', '2027-07-03');
    expect(booksOf(site).hashes.get('acme')).toBeUndefined();

    const { events } = await zfaJson<{ events: { event: string }[] }>(site, 'show', 'acme');
    const life = ['added', 'approved', 'passwd', 'expired', 'renewed', 'revoked'];
    expect(events.map(({ event }) => event)).toEqual(life);
    const { lines } = await zfaJson<{ lines: { event: string }[] }>(site, 'log', 'acme');
    expect(lines.map(({ event }) => event)).toEqual(life);
    const state = stateText(site);
    for (const secret of [told.password, password]) {
      expect(state).not.toContain(secret);
      expect(state).not.toContain(Buffer.from(secret).toString('base64'));
    }
    expect(await zfa(site, 'log', '--check')).toBe('');
  });
});

describe.concurrent('what is refused changes nothing', () => {
  let site = '';
  let before = '';
  const books = (): string => {
    const { holders, events } = booksOf(site);
    return JSON.stringify([[...holders], events]);
  };
  beforeAll(async () => {
    site = makeSite();
    await zfa(site, 'add', 'acme', ...FIELDS);
    before = books();
  });

  it.each<[number, RegExp, string[]]>([
    [4, /"acme" already/, ['add', 'acme', ...FIELDS]],
    [2, /"\.\.\/x" is not an id of/, ['add', '../x', ...FIELDS]],
    [2, /"de".*com, net/, ['add', 'x', '--name', 'n', '--email', 'a@b.c', '--zones', 'com,de']],
    [2, /--email/, ['add', 'x', '--name', 'n', '--email', 'nobody', '--zones', 'com']],
    [2, /--email/, ['add', 'x', '--name', 'n', '--zones', 'com']],
    [2, /no holder "acm".*\n.*acme/, ['approve', 'acm']],
    [2, /future/, ['approve', 'acme', '--expires', '2026-11-25']],
    [4, /acme is pending/, ['revoke', 'acme', '--reason', 'x']],
    [2, /--reason .*empty/, ['deny', 'acme', '--reason', ' ']],
    [2, /nothing to change/, ['change', 'acme']],
    [
      2,
      /exclude(.|\n)*usage: zonewright zfa change/,
      ['change', 'acme', '--allow', '192.0.2.1', '--allow-any'],
    ],
    [2, /--with-hashes needs --output/, ['export', '--with-hashes']],
  ])('exit %i: %s', async (status, message, args) => {
    const done = await tryZfa(site, ...args);
    expect(done.stderr).toMatch(message);
    expect(done).toMatchObject({ status, stdout: '' });
    expect(books()).toBe(before);
  });

  it('with --json as an object', async () => {
    const done = await tryZfa(site, 'revoke', 'acme', '--reason', 'x', '--json');
    expect(JSON.parse(done.stdout)).toMatchObject({ version: 1, error: { exitCode: 4 } });
  });
});

it('renew: of a holder that has no password it is told', async () => {
  const site = makeSite();
  const file = join(site, 'old.csv');
  writeFileSync(
    file,
    'id,name,email,zones,state,approved,expires\nold,A,a@b.c,com,expired,2025-01-01,2026-01-01\n',
  );
  await zfa(site, 'import', file);
  const { stderr } = await tryZfa(site, 'renew', 'old', '--expires', '2027-11-25');
  expect(stderr).toContain('old has no password: zonewright zfa passwd old makes one');
  await zfa(site, 'passwd', 'old');
  const again = await tryZfa(site, 'renew', 'old', '--expires', '2027-12-25');
  expect(again).toMatchObject({ status: 0 });
  expect(again.stderr).not.toContain('password');
});

it('change: what is named changes, an empty text takes away, the log says what', async () => {
  const site = makeSite();
  await zfa(site, 'add', 'acme', ...FIELDS, '--purpose', 'research', '--allow', '192.0.2.1');
  await zfa(
    site,
    'change',
    'acme',
    '--zones',
    'net,com,net',
    '--purpose',
    '',
    '--allow-any',
    '--agreement',
    '2026-1',
  );
  expect(booksOf(site).holders.get('acme')).toMatchObject({
    name: 'Acme',
    zones: ['com', 'net'],
    purpose: undefined,
    allow: [],
    agreement: { version: '2026-1', date: Date.parse(NOW) / 1000 },
    state: 'pending',
  });
  const { lines } = await zfaJson<{ lines: { fields?: object }[] }>(site, 'log', 'acme');
  expect(lines[1].fields).toEqual({
    zones: ['com', 'net'],
    purpose: null,
    allow: [],
    agreement: '2026-1',
  });
});

it('change --zones: says what becomes of the bundles that there are', async () => {
  const site = makeSite();
  await zfa(site, 'add', 'acme', ...FIELDS, '--zones', 'com');
  const change = async (zones: string) =>
    (await tryZfa(site, 'change', 'acme', '--zones', zones)).stderr;
  expect(await change('com,net')).not.toContain('bundle');
  await zfa(site, 'approve', 'acme');
  expect(await change('net')).toContain(
    'acme: bundles with com are refused from now on; for a new one',
  );
  expect(await change('com,net')).toContain(
    'acme: com will be in the next bundle; for a new one now',
  );
  expect(await change('com,net')).not.toContain('bundle');
});

it('an agreement that is not the one asked for is warned of', async () => {
  const site = makeSite();
  const config = join(site, 'zonewright.toml');
  const text = readFileSync(config, 'utf8');
  writeFileSync(join(site, 'agreement.txt'), 'Be kind.\n');
  writeFileSync(
    config,
    `${text}[zfa]\nagreement = { version = "2026-2", file = "agreement.txt" }\n`,
  );
  await zfa(site, 'add', 'acme', ...FIELDS, '--agreement', '2026-1');
  const warning = 'acme has agreed to "2026-1", the configuration asks for "2026-2"';
  expect((await tryZfa(site, 'approve', 'acme')).stderr).toContain(warning);
  const agreed = await tryZfa(site, 'change', 'acme', '--agreement', '2026-2');
  expect(agreed).toMatchObject({ status: 0, stderr: expect.not.stringContaining('warning') });
});

it('list: by state as it is at the time, and whose end is near', async () => {
  const site = makeSite();
  const rows = ['a,2026-12-01', 'b,2027-12-01', 'c,2026-11-24'].map(
    (row) => `${row.replace(',', ',approved,2026-01-01,')},A,a@b.example,com`,
  );
  writeFileSync(
    join(site, 'h.csv'),
    `id,state,approved,expires,name,email,zones\n${rows.join('\n')}\n`,
  );
  await zfa(site, 'import', 'h.csv');
  const ids = async (...args: string[]) =>
    (await zfaJson<{ holders: { id: string }[] }>(site, 'list', ...args)).holders.map(
      ({ id }) => id,
    );
  expect(await ids('--state', 'approved')).toEqual(['a', 'b']);
  expect(await ids('--state', 'expired')).toEqual(['c']);
  expect(await ids('--expiring')).toEqual(['a']);
  expect(await ids('--expiring', '500')).toEqual(['a', 'b']);
  expect(await zfa(site, 'list', '--state', 'pending')).toBe('');
  expect((await zfa(site, 'list')).trimEnd().split('\n')).toHaveLength(4);
});

describe('import and export', () => {
  it('move the holders with their passwords and their past', async () => {
    const from = makeSite();
    for (const id of ['one', 'two', 'three']) await zfa(from, 'add', id, ...FIELDS);
    const { password } = await zfaJson<Told>(from, 'approve', 'one');
    await zfa(from, 'deny', 'two', '--reason', 'no purpose');
    await zfa(from, 'export', '--with-hashes', '--output', 'holders.csv');
    const file = join(from, 'holders.csv');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await tryZfa(from, 'export', '--output', 'holders.csv')).toMatchObject({ status: 2 });
    const to = makeSite();
    await zfa(to, 'import', file);
    const [a, b] = [booksOf(from), booksOf(to)];
    expect([...b.holders.keys()]).toEqual(['one', 'three', 'two']);
    for (const [id, holder] of a.holders) {
      expect(b.holders.get(id)).toEqual({ ...holder, epoch: 1 });
    }
    expect(await checkPassword(password, b.hashes.get('one'))).toBe(true);
    expect(b.logged).toEqual(['1 one imported', '2 three imported', '3 two imported']);
    expect(await zfa(to, 'export')).not.toContain('scrypt');
  });

  it('all or nothing', async () => {
    const site = makeSite();
    await zfa(site, 'add', 'acme', ...FIELDS);
    const file = join(site, 'h.csv');
    writeFileSync(file, 'id,name,email,zones\none,A,a@b.c,com\nacme,A,a@b.c,com\n');
    const done = await tryZfa(site, 'import', 'h.csv');
    expect(done.status).toBe(3);
    expect(done.stderr).toContain('h.csv:3 (id): there is a holder "acme" already');
    expect([...booksOf(site).holders.keys()]).toEqual(['acme']);
  });

  it('as many holders as .com has, from standard input', async () => {
    const site = makeSite();
    const rows = Array.from({ length: 953 }, (_, n) => `h${n},Acme ${n},a@b.example,com net`);
    const input = ['id,name,email,zones', ...rows, ''].join('\n');
    const done = await zonewright(['zfa', 'import', '-', '--now', NOW], { cwd: site, input });
    expect(done.status, done.stderr).toBe(0);
    const books = booksOf(site);
    expect(books.holders.size).toBe(953);
    expect(books.logged).toHaveLength(953);
    expect(books.faults).toEqual([]);
  });
});

it('eight commands at once lose nothing', async () => {
  const base = makeSite();
  for (const id of ['pending', 'denied', 'changed']) await zfa(base, 'add', id, ...FIELDS);
  const site = copyOfSite(base);
  const all = await Promise.all([
    tryZfa(site, 'approve', 'pending'),
    tryZfa(site, 'deny', 'denied', '--reason', 'no purpose'),
    tryZfa(site, 'change', 'changed', '--purpose', 'research'),
    tryZfa(site, 'change', 'changed', '--organisation', 'Acme Inc'),
    tryZfa(site, 'change', 'changed', '--zones', 'com,net'),
    ...['new1', 'new2', 'new2'].map((id) => tryZfa(site, 'add', id, ...FIELDS)),
  ]);
  expect(all.map(({ status }) => status).sort()).toEqual([0, 0, 0, 0, 0, 0, 0, 4]);
  const books = booksOf(site);
  expect([...books.holders].map(([id, { state }]) => `${id} ${state}`)).toEqual([
    'changed pending',
    'denied denied',
    'new1 pending',
    'new2 pending',
    'pending approved',
  ]);
  expect(books.holders.get('changed')).toMatchObject({
    purpose: 'research',
    organisation: 'Acme Inc',
    zones: ['com', 'net'],
  });
  expect(books.events).toHaveLength(10);
  expect(books.logged).toEqual(books.events);
  expect(books.faults).toEqual([]);
});

it('a file that is no database is told with exit code 4 and left as it is', async () => {
  const site = makeSite();
  mkdirSync(join(site, 'state/zfa'), { recursive: true });
  const file = join(site, 'state/zfa/zfa.db');
  writeFileSync(file, 'garbage '.repeat(2000));
  for (const args of [['list'], ['add', 'x', ...FIELDS], ['log', '--check']]) {
    const done = await tryZfa(site, ...args);
    expect(done.stderr).toMatch(/zfa\.db: is not a database of holders/);
    expect(done.status).toBe(4);
  }
  expect(statSync(file).size).toBe(16_000);
});
