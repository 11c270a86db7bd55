/** One run at a time, also after kill -9. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { acquireLock, type Holder } from '#zonewright/publish/lock.js';
import { ROOT, tempDir } from '../tools/cli.js';

const EXIT_5 = expect.objectContaining({ exitCode: 5 });
const MODULE = join(ROOT, 'dist/publish/lock.js');

/** Starts a process that takes the lock, says so, and holds it. */
function holderProcess(dir: string) {
  const script = `const { acquireLock } = await import(${JSON.stringify(MODULE)});
    acquireLock(${JSON.stringify(dir)}, 'build'); console.log('held'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script]);
  const held = new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    child.once('exit', () => reject(new Error('ended without the lock')));
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return { child, held, ended };
}

function changeHolder(dir: string, change: Partial<Holder>): void {
  const path = join(dir, 'lock');
  const holder = JSON.parse(readFileSync(path, 'utf8')) as Holder;
  writeFileSync(path, JSON.stringify({ ...holder, ...change }));
}

it('a second run is refused with exit 5, the holder named; a released lock is free', () => {
  const dir = join(tempDir(), 'state');
  const lock = acquireLock(dir, 'build');
  expect(() => acquireLock(dir, 'build')).toThrow(EXIT_5);
  expect(() => acquireLock(dir, 'build')).toThrow(new RegExp(`build, process ${process.pid}`));
  lock.assertHeld();
  lock.release();
  const other = acquireLock(dir, 'keys');
  expect(readdirSync(dir)).toEqual(['lock']);
  other.release();
  // The folder that was made for the lock goes with it.
  expect(existsSync(dir)).toBe(false);
});

it('another process is refused while one holds it, and takes over after kill -9', async () => {
  const dir = tempDir();
  const other = holderProcess(dir);
  await other.held;
  expect(() => acquireLock(dir, 'build')).toThrow(
    expect.objectContaining({ message: expect.stringContaining(`process ${other.child.pid}`) }),
  );
  other.child.kill('SIGKILL');
  await other.ended;
  acquireLock(dir, 'build').release();
});

it.skipIf(process.platform !== 'linux')(
  'a process that has the number of a dead holder is not taken for it',
  () => {
    const dir = tempDir();
    acquireLock(dir, 'build');
    expect(() => acquireLock(dir, 'build')).toThrow(EXIT_5);
    changeHolder(dir, { started: '1' });
    acquireLock(dir, 'build').release();
  },
);

it.skipIf(process.platform !== 'linux')('a lock from before the last boot is taken over', () => {
  const dir = tempDir();
  acquireLock(dir, 'build');
  changeHolder(dir, { boot: 'another' });
  acquireLock(dir, 'build').release();
});

it('a lock of another machine is respected, and the error says which file to remove', () => {
  const dir = tempDir();
  acquireLock(dir, 'build');
  changeHolder(dir, { host: 'elsewhere', boot: 'another' });
  expect(() => acquireLock(dir, 'build')).toThrow(
    expect.objectContaining({ exitCode: 5, hint: expect.stringContaining(join(dir, 'lock')) }),
  );
});

it('an empty lock file, as a power cut leaves it, is taken over', () => {
  const dir = tempDir();
  writeFileSync(join(dir, 'lock'), '');
  acquireLock(dir, 'build').release();
});

it('a run whose lock was taken from it finds out before it publishes', () => {
  const dir = tempDir();
  const lock = acquireLock(dir, 'build');
  changeHolder(dir, { token: 'of another run' });
  expect(() => lock.assertHeld()).toThrow(EXIT_5);
  lock.release();
  // It does not remove what is not its own.
  expect(readdirSync(dir)).toEqual(['lock']);
});

it('of several processes that find a stale lock at once, one gets it', async () => {
  const dir = tempDir();
  acquireLock(dir, 'build');
  changeHolder(dir, { pid: deadPid(), started: '1' });
  const others = Array.from({ length: 4 }, () => holderProcess(dir));
  const results = await Promise.allSettled(others.map((other) => other.held));
  for (const other of others) other.child.kill('SIGKILL');
  await Promise.all(others.map((other) => other.ended));
  expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
});

function deadPid(): number {
  return Number(execFileSync('sh', ['-c', 'echo $$']).toString());
}
