/**
 * Kill −9 before every call that changes the disk, of making bundles: nobody ever sees a torn
 * bundle, what was there before stays, and the next run ends where it would have ended.
 */
import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { listDays, openDay } from '#zonewright/zfa/bundles/days.js';
import { openBundle } from '#zonewright/zfa/bundles/open.js';
import { writeSource } from '#zonewright/zfa/bundles/write-source.js';
import { zfaPlaces } from '#zonewright/zfa/places.js';
import { copyOf, makeBase } from '../../publish/small-registry.js';
import { BIN, ROOT, run, zonewrightOk } from '../../tools/cli.js';
import { describeWithTools } from '../../tools/judges.js';
import { sweepPoints } from '../../tools/lanes.js';
import type { Registry } from '../../tools/registry.js';
import { addHolders, dayText, holder, noon } from './holders.js';

function zonewright(folder: string, args: readonly string[], killBefore: number) {
  const preload = join(ROOT, 'test', 'tools', 'kill.cjs');
  return run(process.execPath, ['--require', preload, BIN, ...args], {
    cwd: folder,
    env: { KILL_BEFORE: String(killBefore) },
  });
}

/** Every bundle that can be seen is whole: tar, md5sum and minisign agree with it. */
async function expectWhole(folder: string, at: string): Promise<void> {
  const out = join(folder, 'out');
  for (const date of listDays(out)) {
    for (const id of openDay(out, date)!.holders) {
      const bundle = (await openBundle(out, date, id, { encrypted: false }))!;
      const file = join(folder, `${date}-${id}.tar`);
      await writeSource(bundle.source, file, () => undefined);
      await bundle.source.close();
      const x = join(folder, 'x');
      rmSync(x, { recursive: true, force: true });
      const check = [
        'mkdir x',
        'cd x',
        `tar --warning=no-timestamp -xf '${file}'`,
        'md5sum -c --quiet *.md5',
        'minisign -qVm manifest.json -p ../state/zfa/minisign.pub',
      ];
      const done = await run('sh', ['-ec', check.join('\n')], { cwd: folder });
      expect(done, `${at}: ${date} of ${id}: ${done.stderr}`).toMatchObject({ status: 0 });
    }
  }
}

describeWithTools(['tar', 'md5sum', 'minisign'], 'killed before every call', () => {
  describe('making bundles', { timeout: 900_000 }, () => {
    /** Published, with bundles of two earlier days, the first of which goes today. */
    let days: Registry;
    /** Published, never bundled: the key is made. */
    let fresh: Registry;
    let points = 0;

    beforeAll(async () => {
      const plain = await makeBase();
      const ok = (registry: Registry, ...args: readonly string[]) =>
        zonewrightOk(args, { cwd: registry.folder });
      await ok(plain, 'build', '-q', '--now', noon());
      fresh = copyOf(plain);
      addHolders(fresh, holder('acme'), holder('bob'));
      days = copyOf(fresh);
      const config = join(days.folder, 'zonewright.toml');
      await run('sh', ['-c', `printf '\n[zfa]\nkeep-days = 2\n' >> '${config}'`]);
      await ok(days, 'zfa', 'bundle', '-q', '--now', noon());
      await ok(days, 'zfa', 'bundle', '-q', '--now', noon(1));
      addHolders(days, holder('carl'));
      await ok(days, 'zfa', 'bundle', '-q', '--now', noon(1));
    });

    /** What there is of a registry's bundles. */
    const seen = (folder: string) => ({
      names: readdirSync(join(folder, 'out', 'bundles')).sort(),
      holders: listDays(join(folder, 'out')).map((date) => [
        ...openDay(join(folder, 'out'), date)!.holders,
      ]),
    });

    async function sweep(base: Registry, args: readonly string[], stride = 1): Promise<number> {
      const whole = copyOf(base).folder;
      await zonewrightOk(args, { cwd: whole });
      const expected = seen(whole);
      const before = existsSync(join(base.folder, 'out', 'bundles'))
        ? seen(base.folder)
        : undefined;
      return sweepPoints(stride, async (point) => {
        const { folder } = copyOf(base);
        const killed = await zonewright(folder, args, point);
        const at = `${args.join(' ')}, point ${point}`;
        await expectWhole(folder, at);
        // Of each day that is kept there are bundles, as long as there were some.
        if (before !== undefined) expect(listDays(join(folder, 'out')), at).toContain(dayText(1));
        const { publicKey } = zfaPlaces(join(folder, 'state'));
        const key = join(folder, 'key-before');
        if (existsSync(publicKey)) cpSync(publicKey, key);
        const after = await zonewright(folder, args, -1);
        expect(after.status, `${at}: ${after.stderr}`).toBe(0);
        const { names, holders } = seen(folder);
        // A second folder of the day is one that was whole before the kill.
        const today = expected.names.filter((name) => name.startsWith('2'));
        expect(
          names.filter((name) => name.startsWith('.')),
          at,
        ).toEqual([]);
        for (const name of today) expect(names, at).toContain(name);
        expect(holders, at).toEqual(expected.holders);
        if (existsSync(key)) {
          const same = await run('cmp', [key, publicKey]);
          expect(same, `${at}: the key`).toMatchObject({ status: 0 });
        }
        await expectWhole(folder, at);
        rmSync(folder, { recursive: true });
        if (killed.signal === 'SIGKILL') return true;
        expect(killed).toMatchObject({ status: 0 });
        return false;
      });
    }

    it('the first ever', async () => {
      points += await sweep(fresh, ['zfa', 'bundle', '--now', noon()]);
    });

    it('of a day when an earlier one goes', async () => {
      points += await sweep(days, ['zfa', 'bundle', '--now', noon(2)]);
    });

    it('in the nightly build, which publishes first', async () => {
      // Most of a build's calls are not of the bundles: every so many is looked at.
      await sweep(fresh, ['build', '-q', '--now', noon(1)], 7);
    });

    it('of a day again', async () => {
      addHolders(days, holder('dora'));
      points += await sweep(days, ['zfa', 'bundle', '--now', noon(1)]);
      console.log(`${points} points of making bundles`);
      expect(points).toBeGreaterThanOrEqual(80);
    });
  });
});
