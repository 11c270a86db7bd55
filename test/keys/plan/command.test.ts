/** `zonewright keys plan` from checked options to output, with zones of our own. */

import {
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createReporter } from '#zonewright/cli/output.js';
import { ZonewrightError } from '#zonewright/errors.js';
import { type KeysPlanOptions, planCommand } from '#zonewright/keys/plan/command.js';
import { tempDir, zonewright, zonewrightOk } from '../../tools/cli.js';
import { CONFIG } from '../lifecycle/small-zone.js';
import { DAY, NOW, pair, subject } from './subjects.js';

afterEach(() => vi.restoreAllMocks());

const settings = { quiet: true, verbose: false, color: true, json: false };
const options = (more: Partial<KeysPlanOptions> = {}): KeysPlanOptions => ({
  ...settings,
  config: undefined,
  threads: 1,
  memory: 1 << 26,
  tmpDir: '/tmp',
  now: NOW,
  debug: false,
  reporter: createReporter(settings),
  zones: [],
  until: NOW + 365 * DAY,
  interval: 0,
  parentDelay: DAY,
  html: undefined,
  ...more,
});

const command = planCommand(() => [subject(pair()), subject(pair(), {}, [], 'net')]);

/** What a run prints on standard output. */
async function run(more: Partial<KeysPlanOptions> = {}): Promise<string> {
  let out = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    out += String(chunk);
    return true;
  });
  await command(options(more));
  vi.restoreAllMocks();
  return out;
}

const refusalOf = async (more: Partial<KeysPlanOptions>): Promise<ZonewrightError> => {
  const error: unknown = await run(more).catch((caught: unknown) => caught);
  if (!(error instanceof ZonewrightError)) throw new Error('it was not refused');
  return error;
};

describe('keys plan', () => {
  it('prints the text', async () => {
    expect(await run()).toMatch(/^com: 22 Nov 2026 to 22 Nov 2027\n/);
  });

  it('prints JSON with times, names and reasons', async () => {
    const { version, plans } = JSON.parse(await run({ json: true })) as {
      version: number;
      plans: Record<string, unknown>[];
    };
    expect(version).toBe(1);
    expect(plans.map(({ zone }) => zone)).toEqual(['com', 'net']);
    expect(plans[0]).toMatchObject({
      from: '2026-11-22T00:00:00Z',
      until: '2027-11-22T00:00:00Z',
      interval: null,
      parentDelay: 'P1D',
      waitsForParent: false,
      keys: expect.arrayContaining([
        expect.objectContaining({
          name: 'ZSK 2',
          tag: null,
          role: 'zsk',
          algorithm: 'ECDSAP256SHA256',
        }),
      ]),
    });
    expect((plans[0].events as unknown[])[2]).toEqual({
      at: '2027-01-11T00:00:00Z',
      kind: 'signs',
      actor: 'zonewright',
      what: 'ZSK 2 signs the zone instead of ZSK 2345',
      why: 'every cache has its DNSKEY',
      command: null,
      assumed: false,
      keys: ['ZSK 2', 'ZSK 2345'],
    });
  });

  it('writes the page, whole, in place of an older one and through a link', async () => {
    const dir = tempDir();
    const file = join(dir, 'plan.html');
    writeFileSync(file, 'old');
    symlinkSync(file, join(dir, 'link.html'));
    const text = await run({ html: join(dir, 'link.html') });
    expect(text).toMatch(/^com: /);
    expect(readFileSync(file, 'utf8')).toMatch(/^<!DOCTYPE html>.*<\/html>\n$/s);
    expect(readdirSync(dir).sort()).toEqual(['link.html', 'plan.html']);
    expect(statSync(file).mode & 0o111).toBe(0);
  });

  it('writes the page to standard output for -', async () => {
    expect(await run({ html: '-' })).toMatch(/^<!DOCTYPE html>.*<\/html>\n$/s);
  });

  it('refuses what is no file, before it reads a key', async () => {
    const dir = tempDir();
    mkdirSync(join(dir, 'folder'));
    writeFileSync(join(dir, 'file'), 'x');
    const never = planCommand(() => expect.unreachable('the keys are read'));
    for (const [html, message] of [
      [join(dir, 'folder'), '--html names a folder'],
      [join(dir, 'none', 'plan.html'), `there is no folder ${join(dir, 'none')}`],
      [join(dir, 'none/'), `there is no folder ${join(dir, 'none/')}`],
      [join(dir, 'file', 'plan.html'), `there is no folder ${join(dir, 'file')}`],
      ['/dev/null', '--html names no regular file'],
    ]) {
      await expect(never(options({ html }))).rejects.toMatchObject({ message, exitCode: 2 });
    }
    expect(readFileSync(join(dir, 'file'), 'utf8')).toBe('x');
  });

  it('refuses times that make no plan', async () => {
    expect(await refusalOf({ until: NOW })).toMatchObject({
      exitCode: 2,
      message: '--until 2026-11-22T00:00:00Z is not after now, 2026-11-22T00:00:00Z',
    });
    expect((await refusalOf({ until: NOW + 1e9 })).message).toContain('more than 30 years away');
    expect((await refusalOf({ json: true, html: '-' })).message).toContain('standard output');
    await expect(planCommand(() => [])(options())).rejects.toMatchObject({ exitCode: 2 });
  });
});

describe('zonewright keys plan', () => {
  it('plans for the zones of a configuration, and changes nothing', async () => {
    const cwd = tempDir();
    writeFileSync(join(cwd, 'zonewright.toml'), CONFIG);
    const now = ['--now', '2026-11-22'];
    await zonewrightOk(['keys', 'generate', ...now], { cwd });
    const before = readdirSync(join(cwd, 'keys')).map((file) =>
      readFileSync(join(cwd, 'keys', file), 'utf8'),
    );
    const args = ['keys', 'plan', '--until', 'P120D', '--html', 'plan.html', ...now];
    const { stdout, stderr } = await zonewrightOk(args, { cwd });
    expect(stdout).toMatch(/^example: 22 Nov 2026 to 22 Mar 2027$/m);
    expect(stdout).toMatch(
      /^> Tue 24 {2}02:00 {2}YOU: have the parent publish the DS of KSK \d+$/m,
    );
    expect(stderr).toContain('the timeline is in plan.html');
    expect(readFileSync(join(cwd, 'plan.html'), 'utf8')).toContain('Key plan of example');
    const after = readdirSync(join(cwd, 'keys')).map((file) =>
      readFileSync(join(cwd, 'keys', file), 'utf8'),
    );
    expect(after).toEqual(before);
    expect(readdirSync(cwd).sort()).toEqual(['keys', 'plan.html', 'zonewright.toml']);
  });

  it('takes a parent that does nothing, and says what is no end or no delay', async () => {
    const cwd = tempDir();
    writeFileSync(join(cwd, 'zonewright.toml'), CONFIG);
    await zonewrightOk(['keys', 'generate', '--now', '2026-11-22'], { cwd });
    const never = await zonewrightOk(['keys', 'plan', '--parent-delay', 'never', '--json'], {
      cwd,
    });
    const { plans } = JSON.parse(never.stdout) as { plans: { parentDelay: unknown }[] };
    expect(plans).toMatchObject([{ parentDelay: null, waitsForParent: true }]);
    for (const flags of [
      ['--until', 'soon'],
      ['--parent-delay', 'soon'],
      ['--interval', 'daily'],
    ]) {
      const { status, stderr } = await zonewright(['keys', 'plan', ...flags], { cwd });
      expect(status).toBe(2);
      expect(stderr).toContain('Expected ');
    }
  });
});
