/** The folder for temporary files: made, checked and removed, and what others left in its place. */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  statfsSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ZonewrightError } from '#zonewright/errors.js';
import { Kind } from '#zonewright/records/entry.js';
import { Collector } from '#zonewright/sort/collector.js';
import { IN_MEMORY, openSpillPlan } from '#zonewright/sort/spill-plan.js';
import { tempDir } from '../tools/cli.js';

const MEMORY = 64 << 20;
const UUID = '01234567-89ab-cdef-0123-456789abcdef';

function open(tmpDir: string, input: number | undefined, memory = MEMORY) {
  return openSpillPlan({ tmpDir, memory, threads: 2, input });
}

function failure(make: () => unknown): ZonewrightError {
  try {
    make();
  } catch (error) {
    if (error instanceof ZonewrightError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('the folder for temporary files', () => {
  it("is the user's own and gone afterwards, with what is in it", () => {
    const tmpDir = tempDir('plan');
    const plan = open(tmpDir, undefined);
    expect(readdirSync(tmpDir).length).toBe(1);
    expect(statSync(plan.folder).mode & 0o777).toBe(0o700);
    writeFileSync(join(plan.folder, 'x.run'), 'x');
    plan.close();
    expect(readdirSync(tmpDir)).toEqual([]);
    // A thread that comes late finds no place to write to.
    expect(() => openSync(join(plan.folder, 'y.run'), 'wx')).toThrow('ENOENT');
    plan.close();
  });

  it('is refused before the work begins where it may be needed', () => {
    const there = tempDir('plan');
    const missing = join(there, 'missing', 'deep');
    const file = join(there, 'file');
    writeFileSync(file, '');
    for (const [tmpDir, reason] of [
      [missing, 'is not there'],
      [file, 'is not a folder'],
    ] as const) {
      for (const input of [undefined, MEMORY]) {
        const error = failure(() => open(tmpDir, input));
        expect(error.message).toContain(reason);
        expect(error.exitCode).toBe(2);
        expect(error.place?.file).toBe(tmpDir);
        expect(error.hint).toContain('--tmp-dir');
      }
      // A small zone can be made where there is none.
      open(tmpDir, 1000).close();
    }
    expect(existsSync(join(there, 'missing'))).toBe(false);
  });

  it('is refused when it has no room for what the input will need', () => {
    const tmpDir = tempDir('plan');
    const { bavail, bsize } = statfsSync(tmpDir);
    const free = bavail * bsize;
    const error = failure(() => open(tmpDir, 2 * free));
    expect(error.exitCode).toBe(1);
    expect(error.message).toMatch(
      /^no room for temporary files: about .* are needed, .* are free$/,
    );
    expect(readdirSync(tmpDir)).toEqual([]);
    // What fits in memory needs no room.
    open(tmpDir, 2 * free, 8 * free).close();
    open(tmpDir, undefined).close();
  });
});

describe('what a killed run has left', () => {
  it('is removed after a day, and nothing else', () => {
    const tmpDir = tempDir('plan');
    // A process that has ended: nobody else has its number so soon.
    const { pid } = spawnSync(process.execPath, ['--version']);
    const day = 86_400;
    const now = Date.now() / 1000;
    const make = (name: string, age: number): void => {
      mkdirSync(join(tmpDir, name));
      writeFileSync(join(tmpDir, name, 'x.run'), 'x');
      utimesSync(join(tmpDir, name), now - age, now - age);
    };
    make(`zonewright-${pid}-${UUID}`, day + 60);
    const stay = [
      // Not a day old; of a process that runs; not of this kind at all.
      [`zonewright-${pid}-${UUID.replace('0', '1')}`, day - 60],
      [`zonewright-${process.pid}-${UUID}`, 3 * day],
      [`zonewright-${pid}-${UUID}x`, 3 * day],
      [`zonewright-${pid}`, 3 * day],
      [`zonewright-sign-${UUID}`, 3 * day],
      [`my-zonewright-${pid}-${UUID}`, 3 * day],
    ] as const;
    for (const [name, age] of stay) make(name, age);
    // Where a link leads is not ours to remove.
    const elsewhere = tempDir('elsewhere');
    writeFileSync(join(elsewhere, 'precious'), 'x');
    utimesSync(elsewhere, now - 3 * day, now - 3 * day);
    symlinkSync(elsewhere, join(tmpDir, `zonewright-${pid}-${UUID.replace('0', '2')}`));
    open(tmpDir, undefined).close();
    const left = readdirSync(tmpDir).filter(
      (name) => name !== `zonewright-${pid}-${UUID.replace('0', '2')}`,
    );
    expect(left.sort()).toEqual(stay.map(([name]) => name).sort());
    expect(existsSync(join(elsewhere, 'precious'))).toBe(true);
  });
});

describe('a plan without a folder', () => {
  it('keeps runs in memory when one sort can take no more', () => {
    const collector = new Collector(IN_MEMORY);
    const { writer } = collector;
    const append = (c: number): void =>
      writer.append(Uint8Array.of(c, 0), 0, 2, Kind.record, 1, 0, 0, 0, Uint8Array.of(c), 0, 1);
    append(0x62);
    append(0x61);
    collector.settle(Number.POSITIVE_INFINITY);
    append(0x63);
    const runs = collector.finish();
    expect(runs.length).toBe(2);
    expect(runs.every((run) => run.file === undefined)).toBe(true);
  });
});
