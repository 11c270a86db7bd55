/** `zonewright build`, several runs in a row: old generations, clocks, kills, two at once. */
import { appendFileSync, cpSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { startZonewright, zonewright } from '../tools/cli.js';
import { build, currentGeneration, leftIn, type Registry } from '../tools/registry.js';
import { copyOf, later, makeBase } from './small-registry.js';

let base: Registry;
beforeAll(async () => {
  base = await makeBase();
});
const fresh = (): Registry => copyOf(base);

describe('runs in a row', () => {
  it('the oldest go beyond publish.keep', async () => {
    const registry = fresh();
    appendFileSync(join(registry.folder, 'zonewright.toml'), '\n[publish]\nkeep = 2\n');
    for (const day of [0, 1, 2]) await build(registry, '--now', later(86_400 * day + 5));
    expect(leftIn(registry, 'com')).toHaveLength(3);
    expect(leftIn(registry, 'com')[1]).toBe(currentGeneration(registry, 'com'));
  });

  it('a clock set back by an hour does not take the serial back; by a month is refused', async () => {
    const registry = fresh();
    const serialOf = () => Number(currentGeneration(registry, 'com')?.split('-')[1]);
    await build(registry, '--now', later(40 * 86_400));
    const serial = serialOf();
    await build(registry, '--now', later(40 * 86_400 - 3600));
    expect(serialOf()).toBe(serial + 1);
    const done = await zonewright(['build', '--now', later(10)], { cwd: registry.folder });
    expect(done.status).toBe(6);
    expect(done.stderr).toContain('guard clock');
  });

  it('a second build while one runs ends with exit 5', async () => {
    const registry = fresh();
    const runs = [1, 2, 3].map(() => startZonewright(['build'], { cwd: registry.folder }).finished);
    const statuses = (await Promise.all(runs)).map((done) => done.status).sort();
    expect(statuses.filter((status) => status === 0).length).toBeGreaterThanOrEqual(1);
    expect(statuses.every((status) => status === 0 || status === 5)).toBe(true);
    expect(leftIn(registry, 'com').filter((name) => name.startsWith('.'))).toEqual([]);
  });
});

describe('a run that was killed', () => {
  it('leaves nothing that the next one does not clear away', async () => {
    const registry = fresh();
    await build(registry);
    const current = currentGeneration(registry, 'com');
    const running = startZonewright(['build', '--now', later(60)], { cwd: registry.folder });
    // As soon as its folder is there, it works on the zones.
    const deadline = Date.now() + 30_000;
    while (!leftIn(registry, 'com').some((name) => name.startsWith('.building-'))) {
      if (Date.now() > deadline) throw new Error('the build did not begin');
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    running.child.kill('SIGKILL');
    await running.finished;
    expect(currentGeneration(registry, 'com')).toBe(current);
    const done = await build(registry, '--now', later(120));
    expect(done.stderr).toContain('interrupted');
    expect(leftIn(registry, 'com').filter((name) => name.startsWith('.'))).toEqual([]);
    expect(leftIn(registry, 'com')).toHaveLength(3);
  });

  it('within the switch, is finished or undone zone by zone', async () => {
    const registry = fresh();
    await build(registry, '--now', later(10));
    const state = join(registry.folder, 'state');
    const [com, net] = ['com', 'net'].map((zone) => currentGeneration(registry, zone) as string);
    const serial = Number(com.split('-')[1]);
    // As if killed when com was switched and net only had its name, before the state was noted.
    const unswitched = net.replace(/-\d+$/, `-${serial + 9}`);
    const out = join(registry.folder, 'out');
    cpSync(join(out, 'net', net), join(out, 'net', unswitched), { recursive: true });
    const zones = {
      com: { serial, generation: com, buildTime: '' },
      net: { serial: serial + 9, generation: unswitched, buildTime: '' },
    };
    writeFileSync(join(state, 'publishing.json'), JSON.stringify({ version: 1, zones }));
    rmSync(join(state, 'serials.json'));
    const done = await build(registry, '--now', later(60));
    expect(done.stderr).toContain(`after it had published com ${com}`);
    expect(done.stderr).toContain(`before it published net ${unswitched}`);
    expect(existsSync(join(out, 'net', unswitched))).toBe(false);
    expect(existsSync(join(state, 'publishing.json'))).toBe(false);
  });

  it('without its state, never takes the serial back', async () => {
    const registry = fresh();
    await build(registry, '--now', later(5000));
    const serial = Number(currentGeneration(registry, 'com')?.split('-')[1]);
    rmSync(join(registry.folder, 'state'), { recursive: true });
    await build(registry, '--now', later(10));
    expect(currentGeneration(registry, 'com')).toContain(`-${serial + 1}`);
  });
});
