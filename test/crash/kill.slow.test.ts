/**
 * Kill −9 at a hundred random moments of a build: the published generation is whole and old or
 * whole and new, and the next build succeeds and tidies up.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { below, seeded } from '../fuzz/mutate.js';
import { startZonewright } from '../tools/cli.js';
import { build, currentGeneration, makeRegistry, type Registry } from '../tools/registry.js';
import { expectTidy, expectWhole } from './published.js';

const KILLS = 100;

function generations(registry: Registry): string {
  return registry.zones.map(({ name }) => currentGeneration(registry, name)).join();
}

describe('build', () => {
  it(`survives being killed ${KILLS} times`, async () => {
    const registry = await makeRegistry({
      domains: 600,
      // Missing glue is a case of the sample; here every zone must be faultless.
      zoneLines: ['missing-glue = "drop"'],
    });
    const work = join(registry.folder, 'work');
    const args = ['--tmp-dir', work];
    const began = performance.now();
    await build(registry, ...args);
    const duration = performance.now() - began;
    await expectWhole(registry);

    const random = seeded(20261122);
    let killed = 0;
    let switched = 0;
    for (let round = 0; round < KILLS; round++) {
      const before = generations(registry);
      const running = startZonewright(['build', ...args], { cwd: registry.folder });
      // Towards the end the writing and switching happens: aim there more often.
      const share = round % 2 === 0 ? random() : 0.6 + 0.6 * random();
      await wait(share * duration + below(random, 5));
      running.child.kill('SIGKILL');
      const done = await running.finished;
      if (done.signal === 'SIGKILL') killed++;
      await expectWhole(registry);
      if (generations(registry) !== before) switched++;
      // A good build after every fifth is enough to find what a kill leaves in the way; each
      // killed one has found what the one before left, too.
      if (round % 5 === 4) {
        await build(registry, ...args);
        await expectWhole(registry);
        expectTidy(registry);
        expect(existsSync(work) ? readdirSync(work) : []).toEqual([]);
      }
    }
    expect(killed).toBeGreaterThan(KILLS / 2);
    console.info(`killed ${killed} of ${KILLS}, ${switched} after a switch`);
  });
});
