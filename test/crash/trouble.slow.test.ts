/**
 * Trouble that a nightly build meets: a full disk, a read-only one, another run at the same time,
 * a clock that was set back. The published generation stays, the exit code says what it was, and
 * the build succeeds when the trouble is over.
 */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startZonewright, zonewright } from '../tools/cli.js';
import { describeUnless } from '../tools/judges.js';
import {
  build,
  currentGeneration,
  makeExport,
  makeRegistry,
  publishedState,
  publishedZone,
  type Registry,
} from '../tools/registry.js';
import { readZoneText } from '../tools/zone-text.js';
import { expectTidy, expectWhole } from './published.js';

const OPTIONS = {
  zoneLines: ['missing-glue = "drop"'],
  guards: ['max-change = "100%"', 'max-removed = "100%"'],
};

function states(registry: Registry): string[] {
  return registry.zones.map(({ name }) => publishedState(registry, name));
}

function mount(...args: readonly string[]): void {
  execFileSync('mount', args, { stdio: 'pipe' });
}

/** Why this machine can't have a small disk for the tests, or undefined if it can. */
function noMount(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can mount a small disk';
  return existsSync('/proc/self/mounts') ? undefined : 'no tmpfs on this system';
}

describeUnless(noMount(), 'build on a small disk', () => {
  let registry: Registry;
  let disk: string;

  beforeAll(async () => {
    registry = await makeRegistry({ domains: 300, ...OPTIONS });
    disk = join(registry.folder, 'out');
    rmSync(disk, { recursive: true, force: true });
    mkdirSync(disk);
    mount('-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', disk);
    await build(registry);
  });

  afterAll(() => {
    try {
      execFileSync('umount', [disk], { stdio: 'pipe' });
    } catch {
      // Not mounted: the preparation failed and said so.
    }
  });

  const filler = (): string => join(disk, 'filler');

  /** Fills the disk to the last block, or so that `left` bytes are free. */
  function fill(left: number): void {
    const file = openSync(filler(), 'w');
    try {
      const block = Buffer.alloc(65_536);
      for (;;) {
        const { bavail, bsize } = statfsSync(disk);
        if (bavail * bsize <= left) return;
        writeSync(file, block, 0, Math.min(block.length, bavail * bsize - left));
      }
    } finally {
      closeSync(file);
    }
  }

  it('says so before it begins when there is no room', async () => {
    const before = states(registry);
    fill(1_000_000);
    const done = await zonewright(['build'], { cwd: registry.folder, timeout: 60_000 });
    rmSync(filler());
    expect(done.status).not.toBe(0);
    expect(done.stderr).toMatch(/disk|space|room/);
    expect(states(registry)).toEqual(before);
    await expectWhole(registry);
  });

  it('keeps the published generation when the disk fills up under it, and goes on later', async () => {
    const before = states(registry);
    const small = join(registry.folder, 'small');
    cpSync(registry.exportFolder, small, { recursive: true });
    rmSync(registry.exportFolder, { recursive: true });
    await makeExport(registry, 30_000, 1);
    const running = startZonewright(['build'], { cwd: registry.folder, timeout: 120_000 });
    let ended = false;
    void running.finished.then(() => {
      ended = true;
    });
    const beganWriting = (): boolean =>
      ['com', 'net'].some((zone) =>
        readdirSync(join(disk, zone)).some((name) => name.startsWith('.')),
      );
    while (!ended && !beganWriting()) await wait(5);
    expect(ended).toBe(false);
    fill(0);
    const done = await running.finished;
    expect(done.timedOut).toBe(false);
    expect(done.status, done.stderr).not.toBe(0);
    expect(done.stderr).toMatch(/space|ENOSPC|full/i);
    expect(done.stderr).toContain(disk);
    expect(done.stderr).not.toContain('    at ');
    rmSync(filler());
    expect(states(registry)).toEqual(before);
    await expectWhole(registry);

    rmSync(registry.exportFolder, { recursive: true });
    cpSync(small, registry.exportFolder, { recursive: true });
    await build(registry);
    await expectWhole(registry);
    expectTidy(registry);
  });

  it('keeps the published generation when the disk is read-only', async () => {
    const before = states(registry);
    mount('-o', 'remount,ro', disk);
    try {
      const done = await zonewright(['build'], { cwd: registry.folder, timeout: 60_000 });
      expect(done.status).not.toBe(0);
      expect(done.stderr).toMatch(/read-only|EROFS/i);
      expect(done.stderr).not.toContain('    at ');
      expect(states(registry)).toEqual(before);
    } finally {
      mount('-o', 'remount,rw', disk);
    }
    await build(registry);
    await expectWhole(registry);
  });
});

describe('build beside another build', () => {
  it('ends with exit 5 and leaves the first alone', async () => {
    const registry = await makeRegistry({ domains: 30_000, ...OPTIONS });
    const first = startZonewright(['build'], { cwd: registry.folder });
    let firstEnded = false;
    void first.finished.then(() => {
      firstEnded = true;
    });
    // As soon as the first holds the lock, the second can't have it.
    while (!existsSync(join(registry.folder, 'state', 'lock')) && !firstEnded) await wait(20);
    const second = await zonewright(['build'], { cwd: registry.folder, timeout: 60_000 });
    expect(firstEnded, 'the first still runs').toBe(false);
    expect(second.status, second.stderr).toBe(5);
    expect(second.stderr).toContain(String(first.child.pid));
    expect((await first.finished).status).toBe(0);
    await expectWhole(registry);
    await build(registry);
  });
});

describe('build with the clock set back', () => {
  it('does not take the serial back', async () => {
    const registry = await makeRegistry({ domains: 300, ...OPTIONS });
    await build(registry);
    const serial = (): number =>
      Number(readZoneText(publishedZone(registry, 'com'))[0]?.rdata.split(' ')[2]);
    const first = serial();
    const generation = currentGeneration(registry, 'com');
    const earlier = new Date(Date.now() - 2 * 86_400_000).toISOString();
    const done = await zonewright(['build', '--now', earlier], { cwd: registry.folder });
    if (done.status === 0) {
      expect(serial()).toBeGreaterThan(first);
    } else {
      expect([4, 6]).toContain(done.status);
      expect(currentGeneration(registry, 'com')).toBe(generation);
    }
    await build(registry);
    expect(serial()).toBeGreaterThan(first);
  });
});
