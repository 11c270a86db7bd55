/** Which folders of days there are, and which may go. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  decodeIndex,
  encodeIndex,
  findInIndex,
  type PartPlace,
} from '#zonewright/zfa/bundles/day-files.js';
import {
  bundlesFolder,
  dateOf,
  dateStart,
  listFolders,
  listLeftovers,
  outdated,
} from '#zonewright/zfa/bundles/folders.js';
import { tempDir } from '../../tools/cli.js';

describe('folders of days', () => {
  it('are listed newest first; others are none', () => {
    const out = tempDir('folders');
    expect(listFolders(out)).toEqual([]);
    const names = ['20261122', '20261122-2', '20261122-10', '20261121-3', '20270101'];
    const others = ['20261122-0', '20261122-02', '20261301', '20261122x', 'minisign.pub'];
    const left = ['.making-20261122-1-aa', '.removing-20261122', '.key-1-aa'];
    for (const name of [...names, ...others, ...left]) {
      mkdirSync(join(bundlesFolder(out), name), { recursive: true });
    }
    expect(listFolders(out).map(({ name }) => name)).toEqual([
      '20270101',
      '20261122-10',
      '20261122-2',
      '20261122',
      '20261121-3',
    ]);
    expect(listLeftovers(out).sort()).toEqual([...left].sort());
  });

  it('go when they are too old, or replaced and of an earlier day', () => {
    const folder = (date: string, n = 1) => ({ name: `${date}-${n}`, date, n });
    const all = [
      folder('20261202', 2),
      folder('20261202', 1),
      folder('20261201', 3),
      folder('20261201', 2),
      folder('20261130', 1),
      folder('20261129', 1),
    ];
    const gone = (keep: number) => outdated(all, '20261202', keep).map(({ name }) => name);
    expect(gone(3)).toEqual(['20261201-2', '20261129-1']);
    expect(gone(1)).toEqual(['20261201-3', '20261201-2', '20261130-1', '20261129-1']);
    expect(gone(400)).toEqual(['20261201-2']);
  });

  it('have dates of the calendar', () => {
    expect(dateOf(1_795_305_600)).toBe('20261122');
    expect(dateStart('20261122')).toBe(1_795_305_600);
    for (const bad of ['20260229', '20261301', '2026112', 'x', '']) {
      expect(dateStart(bad)).toBeUndefined();
    }
  });
});

describe('the index', () => {
  it('finds each holder, and nobody by a part of the name', () => {
    const places: PartPlace[] = ['a', 'a.b', 'ab', 'b', 'ba', 'z'].map((holder, i) => ({
      holder,
      at: i * 100,
      length: i + 1,
    }));
    const text = encodeIndex(places);
    expect(decodeIndex(text)).toEqual(places);
    for (const place of places) expect(findInIndex(text, place.holder)).toEqual(place);
    for (const other of ['', 'c', 'a.', '.b', '100', 'zz']) {
      expect(findInIndex(text, other)).toBeUndefined();
    }
    expect(findInIndex('', 'a')).toBeUndefined();
  });
});
