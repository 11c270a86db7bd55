/** Where output can't go, and books that can't be written, or are not there. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { openToRead } from '#zonewright/zfa/database/open.js';
import { listHolders } from '#zonewright/zfa/holders/store.js';
import { BIN, run, tempDir } from '../../tools/cli.js';
import { booksOf, copyOfSite, FIELDS, makeSite, NOW, tryZfa, zfa, zfaJson } from './site.js';

let site = '';
beforeAll(async () => {
  site = makeSite();
  await zfa(site, 'add', 'acme', ...FIELDS);
  await zfa(site, 'add', 'acme2', ...FIELDS);
  await zfa(site, 'approve', 'acme');
});

/** Runs `zfa …` with its standard output led elsewhere by the shell. */
const led = (folder: string, where: string, ...args: string[]) =>
  run('sh', ['-c', `node "$0" zfa "$@" --now ${NOW} ${where}`, BIN, ...args], { cwd: folder });

describe('a password that can’t be shown', () => {
  it.each([
    ['>/dev/full', 1, 'ENOSPC'],
    ['| true', 0, 'EPIPE'], // the status of a pipe is that of its end
    ['>&-', 0, 'leads nowhere'],
    ['>/dev/null', 0, 'leads nowhere'],
  ])('%s: the change is made, and the way to another one is told', async (where, status, what) => {
    for (const command of ['approve', 'passwd']) {
      const own = copyOfSite(site);
      const id = command === 'approve' ? 'acme2' : 'acme';
      // `| true` has to be gone first.
      const slow = where === '| true' ? '| (exec <&-; sleep 2; true)' : where;
      for (const json of [[], ['--json']]) {
        const before = booksOf(own).hashes.get(id);
        const done = await led(own, slow, json.length > 0 ? 'passwd' : command, id, ...json);
        expect(done).toMatchObject({ status, stdout: '' });
        expect(done.stderr).toContain(what);
        expect(done.stderr).toContain(`zonewright zfa passwd ${id}`);
        expect(done.stderr).not.toContain('defect');
        expect(booksOf(own).hashes.get(id)).not.toBe(before);
      }
    }
  });
});

it('a reader that does not read: the change is made, and it is told when patience ends', async () => {
  const own = copyOfSite(site);
  const fifo = join(tempDir('fifo'), 'out');
  await run('mkfifo', [fifo]);
  const out = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
  try {
    const filled = Buffer.alloc(1 << 16);
    expect(() => {
      for (;;) writeSync(out, filled);
    }).toThrow('EAGAIN');
    const begin = performance.now();
    const child = spawn('node', [BIN, 'zfa', 'passwd', 'acme', '--now', NOW], {
      cwd: own,
      stdio: ['ignore', out, 'pipe'],
    });
    const texts: string[] = [];
    child.stderr!.on('data', (text: Buffer) => texts.push(text.toString()));
    const [status] = (await once(child, 'close')) as [number];
    expect(status).toBe(1);
    expect(texts.join('')).toContain('could not be written to standard output (EAGAIN)');
    expect(performance.now() - begin).toBeLessThan(30_000);
  } finally {
    closeSync(out);
  }
});

it('a full standard output is no defect of zonewright', async () => {
  for (const command of [['list'], ['list', '--json'], ['show', 'acme'], ['log'], ['export']]) {
    const { status, stderr } = await led(site, '>/dev/full', ...command);
    expect(status, command.join(' ')).toBe(1);
    expect(stderr).toMatch(/^zonewright: error: standard output: the disk is full$/m);
    expect(stderr).not.toContain('defect');
  }
});

describe('zfa export', () => {
  it('to a reader that goes early: exit 1; of a whole file it is nothing', async () => {
    const own = copyOfSite(site);
    const gone = '| (exec <&-; sleep 2); echo "$PIPESTATUS"';
    const led = async (args: string) => {
      const line = `node "$0" zfa export ${args} --now ${NOW} ${gone}`;
      return (await run('bash', ['-c', line, BIN], { cwd: own })).stdout.trim();
    };
    expect(await led('')).toBe('1');
    expect(await led('--output all.csv --json')).toBe('0');
    expect(await led('--output all2.csv 2>&1 >/dev/null')).toBe('0');
  });

  it('--json: the rows, or how many are in the file', async () => {
    const { output, count, holders } = await zfaJson<{
      output: null;
      count: number;
      holders: Record<string, string>[];
    }>(site, 'export');
    expect({ output, count }).toEqual({ output: null, count: 2 });
    expect(holders[0]).toMatchObject({ id: 'acme', zones: 'com', state: 'approved', ended: '' });
    expect(holders[0]).not.toHaveProperty('password-hash');
    const file = join(tempDir('export'), 'holders.csv');
    const told = await zfaJson(site, 'export', '--output', file, '--with-hashes');
    expect(told).toEqual({ version: 1, output: file, count: 2 });
    expect(readFileSync(file, 'utf8')).toContain('$scrypt$');
  });

  it.each(['none/e.csv', '', '/proc/e.csv', 'zonewright.toml/e.csv'])(
    'where no file can be: --output "%s" is wrong usage',
    async (output) => {
      for (const command of [
        ['export', '--output', output],
        ['bundle', '--holder', 'acme', '--output', output],
      ]) {
        const done = await tryZfa(site, ...command);
        // Nothing is published here: what is wrong with the place comes first, or last.
        expect([2, 4], done.stderr).toContain(done.status);
        if (command[0] === 'export') expect(done.status).toBe(2);
        expect(done.stderr).toContain('hint:');
        expect(done.stderr).not.toContain('defect');
      }
    },
  );

  it('no name is a formula in a spreadsheet, and all come back as they were', async () => {
    const own = copyOfSite(site);
    const names = ['=cmd|x', '+1', '-1', '@a', "'=x", "''-y", "'plain", 'plain'];
    for (const [i, name] of names.entries()) {
      await zfa(own, 'change', 'acme', `--name=${name}`);
      const csv = await zfa(own, 'export');
      expect(csv.split('\n')[1]).not.toMatch(/[,"][=+@-]/);
      const other = makeSite();
      writeFileSync(join(other, 'h.csv'), csv);
      await zfa(other, 'import', 'h.csv');
      expect(booksOf(other).holders.get('acme')?.name, `${i}`).toBe(name);
    }
  });
});

describe('books that are not there', () => {
  it('are not made by commands that look or change', async () => {
    const fresh = makeSite();
    expect(await tryZfa(fresh, 'list', '--json')).toMatchObject({
      status: 0,
      stdout: '{"version":1,"holders":[]}\n',
    });
    for (const command of [
      ['show', 'x'],
      ['approve', 'x'],
      ['passwd', 'x'],
      ['deny', 'x', '--reason', 'r'],
      ['change', 'x', '--name', 'n'],
      ['export'],
      ['log'],
      ['log', '--check'],
      ['report', '--month', '2026-11'],
      ['bundle'],
    ]) {
      const { status, stderr } = await tryZfa(fresh, ...command);
      expect(status, command.join(' ')).toBe(2);
      expect(stderr).toContain('zone file access was not used with this state folder');
    }
    expect(existsSync(join(fresh, 'state/zfa'))).toBe(false);
  });

  it('a file where their folder belongs is told', async () => {
    const fresh = makeSite();
    mkdirSync(join(fresh, 'state'));
    writeFileSync(join(fresh, 'state/zfa'), '');
    const { status, stderr } = await tryZfa(fresh, 'add', 'x', ...FIELDS);
    expect(status).toBe(2);
    expect(stderr).toMatch(/state\/zfa: something else stands there\nhint: move it out of the way/);
  });
});

describe('books that can’t be written', () => {
  /** The index of SQLite's write-ahead log can't be made: as on a full or a read-only disk. */
  function locked(): string {
    const own = copyOfSite(site);
    symlinkSync('/dev/null', join(own, 'state/zfa/zfa.db-shm'));
    return own;
  }

  it('are shown as they stand, which is told', async () => {
    const own = locked();
    const octets = () => readFileSync(join(own, 'state/zfa/zfa.db'));
    const before = octets();
    for (const [command, text] of [
      [['list'], 'acme2'],
      [['show', 'acme'], 'approved by'],
      [['log'], 'added'],
      [['log', '--check'], ''],
      [['export'], 'acme2,'],
      [['report', '--month', '2026-11'], 'previous month'],
    ] as const) {
      const done = await tryZfa(own, ...command);
      expect(done.status, done.stderr).toBe(0);
      expect(done.stdout).toContain(text);
      expect(done.stderr).toMatch(
        /warning: .*zfa\.db can't be written to .*: it is shown as it stands/,
      );
    }
    expect((await tryZfa(own, 'passwd', 'acme')).status).not.toBe(0);
    expect(octets()).toEqual(before);
  });

  it('but not when the write-ahead log has what would not be seen', () => {
    const own = locked();
    const state = join(own, 'state');
    const db = openToRead(state, () => undefined);
    expect(db.readOnly).toBe(true);
    expect(listHolders(db)).toHaveLength(2);
    db.close();
    writeFileSync(join(state, 'zfa/zfa.db-wal'), 'x'.repeat(100));
    expect(() => openToRead(state, () => undefined)).toThrow();
    rmSync(join(state, 'zfa/zfa.db-wal'));
  });
});

it('a newline that was cut from the end of the audit log is found', async () => {
  const own = copyOfSite(site);
  const log = join(own, 'state/zfa/audit.jsonl');
  writeFileSync(log, readFileSync(log).subarray(0, -1));
  const { status, stdout } = await tryZfa(own, 'log', '--check');
  expect(status).toBe(6);
  expect(stdout).toMatch(/audit\.jsonl:3: does not end in a newline any more\n$/);
});
