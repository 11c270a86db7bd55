/** Generations: whole or not there, switched by one rename, the old ones removed in order. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import {
  currentGeneration,
  freeName,
  generationName,
  listGenerations,
  openDraft,
  removeLeftovers,
  removeOld,
  switchCurrent,
} from '#zonewright/publish/generation.js';
import { tempDir } from '../tools/cli.js';

const NOW = 1795305600;

function publish(zoneDir: string, now: number, serial: number): string {
  const draft = openDraft(zoneDir, now);
  writeFileSync(join(draft.folder, 'com.zone'), `serial ${serial}\n`);
  draft.sync();
  const name = freeName(zoneDir, now, serial);
  draft.seal(name);
  switchCurrent(zoneDir, name);
  return name;
}

it('is named by build time and serial', () => {
  expect(generationName(NOW, 1795305600)).toBe('20261122T000000Z-1795305600');
});

it('current leads to the latest switch, by a relative link', () => {
  const zoneDir = join(tempDir(), 'out', 'com');
  expect(currentGeneration(zoneDir)).toBeUndefined();
  const first = publish(zoneDir, NOW, 1);
  const second = publish(zoneDir, NOW + 1, 2);
  expect(readlinkSync(join(zoneDir, 'current'))).toBe(second);
  expect(readFileSync(join(zoneDir, 'current', 'com.zone'), 'utf8')).toBe('serial 2\n');
  expect(listGenerations(zoneDir).map((g) => g.name)).toEqual([first, second]);
  expect(readdirSync(zoneDir).sort()).toEqual([first, second, 'current'].sort());
});

it('a draft that is given up leaves nothing, also no folders that were made for it', () => {
  const out = join(tempDir(), 'out');
  const draft = openDraft(join(out, 'com'), NOW);
  writeFileSync(join(draft.folder, 'com.zone'), 'half');
  draft.discard();
  expect(existsSync(out)).toBe(false);
});

it('a draft that is given up leaves what was there before', () => {
  const out = tempDir();
  const zoneDir = join(out, 'com');
  const name = publish(zoneDir, NOW, 1);
  openDraft(zoneDir, NOW + 1).discard();
  expect(readdirSync(zoneDir).sort()).toEqual([name, 'current'].sort());
});

it('the same second and serial again get a name of their own', () => {
  const zoneDir = tempDir();
  expect(publish(zoneDir, NOW, 7)).toBe('20261122T000000Z-7');
  expect(publish(zoneDir, NOW, 7)).toBe('20261122T000000Z-7-2');
  expect(publish(zoneDir, NOW, 7)).toBe('20261122T000000Z-7-3');
  expect(listGenerations(zoneDir).map((g) => g.serial)).toEqual([7, 7, 7]);
  expect(currentGeneration(zoneDir)).toBe('20261122T000000Z-7-3');
});

it('leftovers of killed runs go, generations and strange files stay', () => {
  const zoneDir = tempDir();
  const name = publish(zoneDir, NOW, 1);
  for (const left of ['.building-20261122T000000Z-99', '.removing-x']) {
    mkdirSync(join(zoneDir, left));
    writeFileSync(join(zoneDir, left, 'com.zone'), 'half');
  }
  symlinkSync('nowhere', join(zoneDir, '.current-99'));
  writeFileSync(join(zoneDir, 'README'), 'mine');
  expect(removeLeftovers(zoneDir)).toHaveLength(3);
  expect(readdirSync(zoneDir).sort()).toEqual([name, 'README', 'current'].sort());
});

it('keep: the newest stay, the oldest go', () => {
  const zoneDir = tempDir();
  const names = [1, 2, 3, 4, 5].map((i) => publish(zoneDir, NOW + i, i));
  expect(removeOld(zoneDir, 3)).toEqual(names.slice(0, 2));
  expect(listGenerations(zoneDir).map((g) => g.name)).toEqual(names.slice(2));
  expect(removeOld(zoneDir, 3)).toEqual([]);
});

it('keep: after going back, the current one and all newer ones stay', () => {
  const zoneDir = tempDir();
  const names = [1, 2, 3, 4].map((i) => publish(zoneDir, NOW + i, i));
  switchCurrent(zoneDir, names[1]);
  expect(removeOld(zoneDir, 1)).toEqual([names[0]]);
  expect(currentGeneration(zoneDir)).toBe(names[1]);
  expect(listGenerations(zoneDir).map((g) => g.name)).toEqual(names.slice(1));
});

it.each([
  ['a folder', (path: string) => mkdirSync(path)],
  ['a dangling link', (path: string) => symlinkSync('20261122T000000Z-1', path)],
  ['a link out of the folder', (path: string) => symlinkSync('/tmp', path)],
])('current as %s is refused with exit 2, not replaced', (_name, make) => {
  const zoneDir = tempDir();
  make(join(zoneDir, 'current'));
  expect(() => currentGeneration(zoneDir)).toThrow(expect.objectContaining({ exitCode: 2 }));
});
