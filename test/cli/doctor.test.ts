/** `doctor` finds what would keep a build from running, and says what to do. */
import { chmodSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { exitCodeOf, tableOf } from '#zonewright/doctor/command.js';
import { tempDir, zonewright, zonewrightOk } from '../tools/cli.js';

interface Line {
  readonly name: string;
  readonly status: string;
  readonly detail: string;
  readonly advice?: string;
}

async function doctor(folder: string, ...args: string[]): Promise<{ code: number; lines: Line[] }> {
  const done = await zonewright(['doctor', '--json', ...args], { cwd: folder });
  const { checks, exitCode } = JSON.parse(done.stdout) as { checks: Line[]; exitCode: number };
  expect(exitCode).toBe(done.status);
  return { code: exitCode, lines: checks };
}

function line(lines: readonly Line[], name: string): Line {
  const found = lines.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no line "${name}"`);
  return found;
}

/** A folder where nothing is wrong. */
async function healthy(): Promise<string> {
  const folder = tempDir('doctor');
  await zonewrightOk(['init', folder]);
  await zonewrightOk(['keys', 'generate'], { cwd: folder });
  writeFileSync(join(folder, 'export', 'deposit.xml'), 'x');
  return folder;
}

describe('doctor', () => {
  test('exit 0 where all is well, with a table', async () => {
    const folder = await healthy();
    const { status, stdout } = await zonewright(['doctor'], { cwd: folder });
    expect(stdout).toMatch(/^ok {4}configuration +\S+zonewright\.toml: zones com, net$/m);
    expect(stdout).toMatch(/^ok {4}keys of com +2 published/m);
    expect(stdout).toContain(' 0 failed\n');
    expect(status).toBe(0);
  });

  test('holders: who waits, whose access ends, a log that was changed, secrets in the open', async () => {
    const folder = await healthy();
    expect((await doctor(folder)).lines.map(({ name }) => name)).not.toContain('holders');
    const add = ['zfa', 'add', 'acme', '--name', 'A', '--email', 'a@b.example', '--zones', 'com'];
    await zonewrightOk(add, { cwd: folder });
    const { code, lines } = await doctor(folder);
    expect(code).toBe(0);
    expect(line(lines, 'holders')).toMatchObject({
      status: 'warn',
      detail: '0 of 1 may download; 1 wait for approval',
    });
    expect(line(lines, 'audit log')).toMatchObject({ status: 'ok' });
    const log = join(folder, 'state/zfa/audit.jsonl');
    writeFileSync(log, readFileSync(log, 'utf8').replace('acme', 'acne'));
    chmodSync(join(folder, 'state/zfa'), 0o755);
    const after = await doctor(folder);
    expect(after.code).toBe(2);
    expect(line(after.lines, 'audit log')).toMatchObject({ status: 'fail' });
    expect(line(after.lines, 'holders’ secrets').detail).toContain('state/zfa');
    writeFileSync(join(folder, 'state/zfa/zfa.db'), 'no database');
    expect(line((await doctor(folder)).lines, 'holders')).toMatchObject({ status: 'fail' });
  });

  test('no configuration: exit 2', async () => {
    const { code, lines } = await doctor(tempDir('doctor'), '--config', 'none.toml');
    expect(code).toBe(2);
    expect(line(lines, 'configuration')).toMatchObject({
      status: 'fail',
      advice: expect.stringContaining('zonewright init') as string,
    });
  });

  test('keys: lacking ones, an open folder and an open private key are exit 4', async () => {
    const folder = await healthy();
    const keys = join(folder, 'keys');
    const secret = readdirSync(keys).find((name) => /^Kcom.*\.private$/.test(name))!;

    chmodSync(keys, 0o755);
    let found = await doctor(folder);
    expect(found.code).toBe(4);
    expect(line(found.lines, 'key folder')).toMatchObject({
      status: 'fail',
      advice: expect.stringContaining('chmod 700') as string,
    });
    chmodSync(keys, 0o700);

    chmodSync(join(keys, secret), 0o644);
    found = await doctor(folder);
    expect(found.code).toBe(4);
    expect(line(found.lines, 'key folder').detail).toContain(secret);
    expect(line(found.lines, 'keys of com').status).toBe('fail');
    expect(line(found.lines, 'keys of net').status).toBe('ok');

    rmSync(join(keys, secret));
    rmSync(join(keys, secret.replace('.private', '.key')));
    found = await doctor(folder);
    expect(found.code).toBe(4);
    expect(line(found.lines, 'keys of com').advice).toBe('zonewright keys generate --zone com');
  });

  test('a clock that was set back', async () => {
    const folder = await healthy();
    const future = Date.now() / 1000 + 86_400;
    utimesSync(join(folder, 'state'), future, future);
    const { code, lines } = await doctor(folder);
    expect(code).toBe(2);
    expect(line(lines, 'clock')).toMatchObject({ status: 'fail' });
  });

  test('an export that is missing, empty or old', async () => {
    const folder = await healthy();
    const deposit = join(folder, 'export', 'deposit.xml');
    rmSync(deposit);
    expect(line((await doctor(folder)).lines, 'export').status).toBe('warn');
    const old = Date.now() / 1000 - 5 * 86_400;
    utimesSync(join(folder, 'export'), old, old);
    writeFileSync(join(folder, 'x'), '');
    rmSync(join(folder, 'export'), { recursive: true });
    const { code, lines } = await doctor(folder);
    expect(code).toBe(2);
    expect(line(lines, 'export').status).toBe('fail');
  });

  test('a folder that is a file, and a command that is not there', async () => {
    const folder = await healthy();
    rmSync(join(folder, 'out'), { recursive: true });
    writeFileSync(join(folder, 'out'), '');
    const { code, lines } = await doctor(folder);
    expect(code).toBe(2);
    expect(line(lines, 'output folder').detail).toContain('is not a folder');
  });
});

test('failed keys beside another failure are exit 2; warnings alone exit 0', () => {
  const ok = { name: 'a', status: 'ok', detail: '' } as const;
  const warn = { name: 'b', status: 'warn', detail: '', advice: 'x' } as const;
  const fail = { name: 'c', status: 'fail', detail: '', advice: 'x' } as const;
  expect(exitCodeOf([ok, warn])).toBe(0);
  expect(exitCodeOf([warn, { ...fail, keys: true }])).toBe(4);
  expect(exitCodeOf([fail, { ...fail, keys: true }])).toBe(2);
  expect(tableOf([ok, warn, fail])).toContain('1 ok, 1 to look at, 1 failed');
});
