/**
 * Kill −9 before every call that changes the disk, of every command that changes key states and of
 * the builds that carry a roll on: the next run goes on as if nothing had happened, no key is lost,
 * and none signs that the published zone does not have.
 */
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { BIN, ROOT, run, tempDir, zonewrightOk } from '../../tools/cli.js';
import { sweepPoints } from '../../tools/lanes.js';
import { newZone } from './small-zone.js';

interface Key {
  readonly tag: number;
  readonly role: string;
  readonly goal: string;
  readonly states: Readonly<Record<string, string>>;
}

async function keysOf(folder: string, now: string): Promise<Key[]> {
  const { stdout } = await zonewrightOk(['keys', 'status', '--json', '--now', now], {
    cwd: folder,
  });
  return (JSON.parse(stdout) as { zones: { keys: Key[] }[] }).zones[0].keys;
}

/** Everything of the keys but which numbers they got. */
async function summary(folder: string, now: string): Promise<string[]> {
  const keys = await keysOf(folder, now);
  return keys.map(({ role, goal, states }) => `${role} ${goal} ${JSON.stringify(states)}`).sort();
}

/** Tags of the DNSKEYs of the published zone, by its RRSIGs: all that sign must be published. */
function signersAndKeys(folder: string): { signers: Set<number>; published: Set<number> } {
  const current = join(folder, 'out', 'example', 'current');
  const zone = readFileSync(join(current, 'example.zone'), 'utf8');
  const manifest = JSON.parse(readFileSync(join(current, 'manifest.json'), 'utf8')) as {
    keyTags: number[];
  };
  const signers = [...zone.matchAll(/\trrsig\t(?:\S+ ){6}(\d+) /g)].map(([, tag]) => Number(tag));
  return { signers: new Set(signers), published: new Set(manifest.keyTags) };
}

/** Every key file that the folder and its trash hold, by tag. */
function storedTags(folder: string): Set<number> {
  const names = readdirSync(join(folder, 'keys'), { recursive: true }) as string[];
  return new Set(names.flatMap((name) => /\+(\d{5})\.key$/.exec(name)?.slice(1).map(Number) ?? []));
}

function copyOf(base: string): string {
  const folder = join(tempDir('kill'), 'zone');
  cpSync(base, folder, { recursive: true, verbatimSymlinks: true });
  return folder;
}

function zonewright(folder: string, args: readonly string[], killBefore: number) {
  const preload = join(ROOT, 'test', 'tools', 'kill.cjs');
  return run(process.execPath, ['--require', preload, BIN, ...args], {
    cwd: folder,
    env: { KILL_BEFORE: String(killBefore) },
  });
}

/**
 * Kills a command at each of its points; afterwards the command, and a build at `next`, must end
 * where they end without a kill.
 *
 * @param stride builds make many calls outside the key files, too: every so many is looked at.
 */
async function sweep(
  base: string,
  args: readonly string[],
  next: string,
  stride = 1,
): Promise<number> {
  const build = ['build', '-q', '--now', next];
  const whole = copyOf(base);
  await zonewrightOk(args, { cwd: whole });
  await zonewrightOk(build, { cwd: whole });
  const expected = await summary(whole, next);
  return sweepPoints(stride, async (point) => {
    const folder = copyOf(base);
    const before = storedTags(folder);
    const killed = await zonewright(folder, args, point);
    const at = `point ${point}`;
    const after = await zonewright(folder, args, -1);
    expect(after.status, `${at}: ${after.stderr}`).toBe(0);
    const built = await zonewright(folder, build, -1);
    expect(built.status, `${at}: ${built.stderr}`).toBe(0);
    expect(await summary(folder, next), at).toEqual(expected);
    const { signers, published } = signersAndKeys(folder);
    for (const tag of signers) expect(published.has(tag), `${at}: ${tag} signs`).toBe(true);
    const stored = storedTags(folder);
    for (const tag of before) expect(stored.has(tag), `${at}: key ${tag} is lost`).toBe(true);
    if (killed.signal === 'SIGKILL') return true;
    expect(killed).toMatchObject({ status: 0 });
    return false;
  });
}

describe('killed before every call', { timeout: 900_000 }, () => {
  /** A secure zone; its KSK. */
  let secure = '';
  let ksk = 0;
  let points = 0;

  beforeAll(async () => {
    secure = await newZone('zsk-lifetime = "P10D"', 'a.example. 3600 in ns ns1.example.\n');
    const ok = (...args: readonly string[]) => zonewrightOk(args, { cwd: secure });
    for (const day of ['01', '03', '04']) await ok('build', '-q', '--now', `2026-01-${day}`);
    ksk = (await keysOf(secure, '2026-01-04')).find(({ role }) => role === 'ksk')!.tag;
    await ok('keys', 'ds-seen', '--zone', 'example', '--tag', `${ksk}`, '--now', '2026-01-04');
    await ok('build', '-q', '--now', '2026-01-06');
  });

  const zone = ['--zone', 'example'];

  it('keys roll, and the build that begins it', async () => {
    const roll = ['keys', 'roll', ...zone, '--role', 'ksk', '--now', '2026-01-07'];
    points += await sweep(secure, roll, '2026-01-07');
    const asked = copyOf(secure);
    await zonewrightOk(roll, { cwd: asked });
    points += await sweep(asked, ['build', '-q', '--now', '2026-01-07'], '2026-01-08', 3);
  });

  it('keys ds-seen and ds-gone', async () => {
    const rolling = copyOf(secure);
    const ok = (...args: readonly string[]) => zonewrightOk(args, { cwd: rolling });
    await ok('keys', 'roll', ...zone, '--role', 'ksk', '--now', '2026-01-06');
    for (const day of ['06', '08']) await ok('build', '-q', '--now', `2026-01-${day}`);
    const heir = (await keysOf(rolling, '2026-01-08')).find(
      ({ role, tag }) => role === 'ksk' && tag !== ksk,
    )!.tag;
    const seen = ['keys', 'ds-seen', ...zone, '--tag', `${heir}`, '--now', '2026-01-08'];
    points += await sweep(rolling, seen, '2026-01-09');
    await ok(...seen);
    const gone = ['keys', 'ds-gone', ...zone, '--tag', `${ksk}`, '--now', '2026-01-08'];
    points += await sweep(rolling, gone, '2026-01-10');
  });

  it('the build that moves a key to the trash', async () => {
    const late = copyOf(secure);
    for (const day of ['09', '11', '14']) {
      await zonewrightOk(['build', '-q', '--now', `2026-01-${day}`], { cwd: late });
    }
    points += await sweep(late, ['build', '-q', '--now', '2026-01-16'], '2026-01-17', 3);
    expect(points).toBeGreaterThan(150);
  });
});
