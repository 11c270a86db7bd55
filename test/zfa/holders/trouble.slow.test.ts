/** Commands on holders on a disk that is full or read-only, and beside others that are killed. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startZonewright } from '../../tools/cli.js';
import { describeUnless } from '../../tools/judges.js';
import { booksOf, FIELDS, makeSite, NOW, tryZfa, zfa } from './site.js';

function noMount(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can mount a small disk';
  return existsSync('/proc/self/mounts') ? undefined : 'no tmpfs on this system';
}

describeUnless(noMount(), 'the state folder on a small disk', () => {
  let site = '';
  let disk = '';
  const disks: string[] = [];
  const mount = (...args: string[]): void => {
    execFileSync('mount', args, { stdio: 'pipe' });
  };

  beforeAll(async () => {
    site = makeSite();
    disk = join(site, 'state');
    mkdirSync(disk);
    mount('-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk);
    disks.push(disk);
    for (const id of ['one', 'two']) await zfa(site, 'add', id, ...FIELDS);
  });

  afterAll(() => {
    for (const path of disks) {
      try {
        execFileSync('umount', ['--lazy', path], { stdio: 'pipe' });
      } catch {
        // Not mounted: the preparation failed and said so.
      }
    }
  });

  it('a full disk: exit 1 and no change, or the change whole; afterwards all goes on', async () => {
    const filler = join(disk, 'filler');
    const statuses = new Set<number | null>();
    let changes = 0;
    // From no room at all to enough of it, page by page.
    for (let room = 0; room <= 160; room += 8) {
      const { bavail, bsize } = statfsSync(disk);
      writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - room * 1024), 1));
      const purpose = `room ${room}`;
      const done = await tryZfa(site, 'change', 'one', '--purpose', purpose);
      rmSync(filler);
      statuses.add(done.status);
      expect([0, 1], done.stderr).toContain(done.status);
      if (done.status === 1) expect(done.stderr).toMatch(/disk is full|make room/);
      expect(done.stderr).not.toMatch(/unexpected failure|defect| {4}at /);
      const books = booksOf(site);
      // Without room for the line of the audit log the change may have been made before.
      const made = books.holders.get('one')!.purpose === purpose;
      if (made) changes++;
      expect(done.stderr.includes('the change was made')).toBe(made && done.status === 1);
      if (!made) expect(done.status).toBe(1);
      expect(books.events).toHaveLength(2 + changes);
      expect(books.logged).toEqual(books.events);
      expect(books.faults).toEqual([]);
    }
    expect([...statuses].sort()).toEqual([0, 1]);
  });

  it('a password that was made is shown, even when its line can not be written', async () => {
    const filler = join(disk, 'filler');
    const countOf = () => booksOf(site).events.filter((event) => event.endsWith(' passwd')).length;
    await zfa(site, 'approve', 'two');
    let shown = 0;
    for (let room = 0; room <= 160; room += 16) {
      const { bavail, bsize } = statfsSync(disk);
      writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - room * 1024), 1));
      const done = await tryZfa(site, 'passwd', 'two');
      rmSync(filler);
      if (done.stdout !== '') shown++;
      expect(countOf(), done.stderr).toBe(shown);
    }
    expect(shown).toBeGreaterThan(0);
  });

  it('a full disk: what is there can be looked at', async () => {
    const filler = join(disk, 'filler');
    const { bavail, bsize } = statfsSync(disk);
    writeFileSync(filler, Buffer.alloc(bavail * bsize, 1));
    try {
      for (const args of [['list'], ['show', 'one'], ['log'], ['log', '--check'], ['export']]) {
        const done = await tryZfa(site, ...args);
        expect(done.status, `${args.join(' ')}: ${done.stderr}`).toBe(0);
        if (!args.includes('--check')) expect(done.stdout).toContain('one');
      }
    } finally {
      rmSync(filler);
    }
  });

  it('a read-only disk: changes are exit 2 and which folder, the rest is shown', async () => {
    // Nothing but the commands has this one open: what is open can't be made read-only.
    const own = makeSite();
    const state = join(own, 'state');
    mkdirSync(state);
    mount('-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', state);
    disks.push(state);
    await zfa(own, 'add', 'one', ...FIELDS);
    const before = await zfa(own, 'list', '--json');
    mount('-o', 'remount,ro', state);
    try {
      for (const args of [
        ['change', 'one', '--purpose', 'x'],
        ['add', 'three', ...FIELDS],
      ]) {
        const done = await tryZfa(own, ...args);
        expect(done.status, `${args[0]}: ${done.stderr}`).toBe(2);
        expect(done.stderr).toMatch(/state\/zfa.*(read-only|can't be opened for writing)/);
        expect(done.stdout).toBe('');
      }
      for (const args of [
        ['list', '--json'],
        ['show', 'one'],
        ['log', '--check'],
      ]) {
        const done = await tryZfa(own, ...args);
        expect(done.status, `${args[0]}: ${done.stderr}`).toBe(0);
        expect(done.stderr).toMatch(/zfa\.db can't be written to .*read-only/);
        if (args[0] === 'list') expect(done.stdout).toBe(before);
      }
    } finally {
      mount('-o', 'remount,rw', state);
    }
    expect(await zfa(own, 'list', '--json')).toBe(before);
    await zfa(own, 'add', 'three', ...FIELDS);
  });
});

it('beside commands that are killed at any time nobody waits, and nothing is lost', async () => {
  const site = makeSite();
  const done = new Set<string>();
  const lane = async (lane: number): Promise<void> => {
    for (let n = 0; n < 12; n++) {
      const id = `h${lane}-${n}`;
      const args = ['zfa', 'add', id, ...FIELDS, '--now', NOW];
      const { child, finished } = startZonewright(args, { cwd: site, timeout: 60_000 });
      // Two of three are killed, early ones while they start, late ones while they write.
      const timer = setTimeout(
        () => n % 3 > 0 && child.kill('SIGKILL'),
        60 + 25 * ((n * 7 + lane * 3) % 20),
      );
      const { status, signal, stderr } = await finished;
      clearTimeout(timer);
      if (signal !== 'SIGKILL') {
        expect(status, stderr).toBe(0);
        done.add(id);
      }
    }
  };
  await Promise.all([0, 1, 2, 3].map(lane));
  const books = booksOf(site);
  for (const id of done) expect([...books.holders.keys()]).toContain(id);
  expect(done.size).toBeGreaterThanOrEqual(16);
  expect(books.events).toHaveLength(books.holders.size);
  expect(books.logged).toEqual(books.events);
  expect(books.faults).toEqual([]);
});
