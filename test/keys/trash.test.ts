/** Removed keys: into the trash, back, and away for good; a crash at every point of each. */

import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generateKeyPair } from '#zonewright/keys/generate.js';
import type { StateFile } from '#zonewright/keys/statefile.js';
import { type KeyPair, readKeys } from '#zonewright/keys/store.js';
import {
  isGone,
  listTrash,
  purgeTrash,
  restoreKey,
  settleStore,
  signaturesEnd,
  trashGoneKeys,
  trashKey,
} from '#zonewright/keys/trash.js';
import { writeKey } from '#zonewright/keys/write.js';
import { killAtEveryPoint } from './crash.js';
import {
  ACTIVE,
  DAY,
  keyFolder,
  keyObject,
  NOW,
  newKey,
  refusalWith,
  text,
  ZONE,
} from './helpers.js';

const GONE: StateFile = {
  ksk: false,
  zsk: true,
  generated: NOW - 100 * DAY,
  published: NOW - 100 * DAY,
  active: NOW - 99 * DAY,
  retired: NOW - 9 * DAY,
  removed: NOW - DAY,
  dnskey: 'hidden',
  zrrsig: 'hidden',
  goal: 'hidden',
};
const WEEKS = 14 * DAY;

/** The files of a folder and of its trash, with what they hold. */
function files(dir: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of readdirSync(dir, { recursive: true, encoding: 'utf8' }).sort()) {
    if (statSync(join(dir, name)).isFile()) found[name] = readFileSync(join(dir, name), 'utf8');
  }
  return found;
}

function caught(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

function gone(dir: string): KeyPair {
  return writeKey(newKey(dir, 'zsk'), { state: GONE });
}

const TAGS = (dir: string): number[] => readKeys(dir, ZONE).map(({ tag }) => tag);

/** All of a key is in one place, and its bytes are what they were. */
function expectWhole(dir: string, key: KeyPair, before: Record<string, string>): 'here' | 'trash' {
  const stem = basename(key.file, '.key');
  const all = files(dir);
  const here = TAGS(dir).includes(key.tag);
  const names = Object.keys(all).filter((name) => name.includes(stem) && !name.endsWith('.trash'));
  const prefix = here ? '' : 'trash/';
  expect(names).toEqual(Object.keys(before).map((name) => prefix + name));
  for (const [name, content] of Object.entries(before)) expect(all[prefix + name]).toBe(content);
  expect(listTrash(dir)).toHaveLength(here ? 0 : 1);
  return here ? 'here' : 'trash';
}

describe('a key that is gone', () => {
  it.each([
    [GONE, true],
    [{ ...GONE, ds: 'hidden', krrsig: 'hidden' } as const, true],
    [{ ...GONE, dnskey: 'unretentive' } as const, false],
    [{ ...GONE, zrrsig: 'unretentive' } as const, false],
    [{ ...GONE, ds: 'omnipresent' } as const, false],
    [{ ...GONE, goal: 'omnipresent' } as const, false],
    [{ ...GONE, goal: undefined }, false],
    [undefined, false],
  ])('is one whose goal and records are all hidden: %j', (state, expected) => {
    expect(isGone(state)).toBe(expected);
  });

  it('has signatures until its retirement and their validity, a revoked one until its removal', () => {
    const key = newKey(keyFolder(), 'ksk');
    const end = (timing: KeyPair['timing']) => signaturesEnd({ ...key, timing }, WEEKS, NOW);
    expect(end({ inactive: NOW - DAY, delete: NOW })).toBe(NOW - DAY + WEEKS);
    expect(end({ inactive: NOW - 9 * DAY, revoke: NOW - 8 * DAY, delete: NOW - DAY })).toBe(
      NOW - DAY + WEEKS,
    );
    expect(end({ inactive: NOW - 9 * DAY, revoke: NOW - 8 * DAY })).toBe(NOW + WEEKS);
    expect(end({ delete: NOW - DAY })).toBe(NOW - DAY + WEEKS);
    expect(end({})).toBe(NOW + WEEKS);
  });

  it('moves to the trash with all its files and a note, the others stay', () => {
    const dir = keyFolder();
    const stays = newKey(dir, 'ksk');
    const key = gone(dir);
    const before = files(dir);
    const moved = trashGoneKeys(readKeys(dir, ZONE), NOW, WEEKS);
    expect(moved).toEqual([
      {
        dir: join(dir, 'trash'),
        stem: basename(key.file, '.key'),
        movedAt: NOW,
        until: NOW + 5 * DAY,
      },
    ]);
    expect(TAGS(dir)).toEqual([stays.tag]);
    expect(listTrash(dir)).toEqual(moved);
    expect(statSync(join(dir, 'trash')).mode & 0o777).toBe(0o700);
    const after = files(dir);
    for (const [name, content] of Object.entries(before)) {
      const ours = name.startsWith(moved[0].stem);
      expect(after[ours ? `trash/${name}` : name]).toBe(content);
    }
    const note = text(join(dir, 'trash', `${moved[0].stem}.trash`));
    expect(note).toContain(`zonewright keys restore --zone example --tag ${key.tag}`);
    expect(note).toContain('Moved: 20261122000000 (');
    expect(note).toContain('Until: 20261127000000 (');
  });

  it('comes back as it was', () => {
    const dir = keyFolder();
    const key = gone(dir);
    const before = files(dir);
    trashKey(key, NOW, NOW + DAY);
    expect(restoreKey(dir, ZONE, key.tag)).toBe(key.file);
    expect(files(dir)).toEqual(before);
  });

  it('is purged when its signatures have expired, not before', () => {
    const dir = keyFolder();
    const key = gone(dir);
    trashKey(key, NOW, NOW + 5 * DAY);
    expect(purgeTrash(dir, NOW + 5 * DAY - 1)).toEqual([]);
    expect(listTrash(dir)).toHaveLength(1);
    expect(purgeTrash(dir, NOW + 5 * DAY)).toHaveLength(1);
    expect(files(dir)).toEqual({});
    expect(purgeTrash(dir, NOW + 6 * DAY)).toEqual([]);
  });

  it('comes not back when a key of the store has its tag, or is not in the trash', () => {
    const dir = keyFolder();
    const key = gone(dir);
    trashKey(key, NOW, NOW + DAY);
    expect(caught(() => restoreKey(dir, ZONE, (key.tag + 1) & 0xffff))).toSatisfy(
      refusalWith('no key', `there are ${key.tag} (algorithm 13)`),
    );
    expect(caught(() => restoreKey(dir, ZONE, key.tag, 8))).toSatisfy(refusalWith('no key'));
    // The same numbers with the SEP flag taken back: another key with another name, and its tag.
    const twin = keyFolder();
    const copy = generateKeyPair(
      twin,
      { zone: ZONE, algorithm: 13, role: 'zsk', timing: ACTIVE },
      () => keyObject(key.secret),
    );
    expect(copy.tag).toBe(key.tag);
    for (const name of readdirSync(twin)) renameSync(join(twin, name), join(dir, name));
    writeFileSync(join(dir, 'mark'), '');
    expect(TAGS(dir)).toEqual([key.tag]);
    // Its files are there under the same name: the move is taken for one that was interrupted.
    expect(caught(() => restoreKey(dir, ZONE, key.tag))).toSatisfy(refusalWith('there already'));
    expect(TAGS(dir)).toEqual([key.tag]);
  });

  it("'s tag is not given to a new key", () => {
    const dir = keyFolder();
    const key = gone(dir);
    trashKey(key, NOW, NOW + DAY);
    const offers = [keyObject(key.secret), keyObject(newKey(keyFolder(), 'zsk').secret)];
    const made = generateKeyPair(
      dir,
      { zone: ZONE, algorithm: 13, role: 'zsk', timing: ACTIVE },
      () => offers.shift()!,
    );
    expect(offers).toEqual([]);
    expect(made.tag).not.toBe(key.tag);
  });

  it('a note that is broken is refused, a file that got lost takes nothing with it', () => {
    const dir = keyFolder();
    const key = gone(dir);
    const { stem } = trashKey(key, NOW, NOW + DAY);
    const trash = join(dir, 'trash');
    renameSync(join(trash, `${stem}.key`), join(dir, 'elsewhere'));
    settleStore(dir);
    expect(existsSync(join(trash, `${stem}.private`))).toBe(true);
    const note = join(trash, `${stem}.trash`);
    writeFileSync(note, text(note).replace(/Until.*/, 'Until: soon'));
    expect(caught(() => purgeTrash(dir, NOW))).toSatisfy(refusalWith('Until', note));
  });
});

describe('killed at any point', () => {
  const setUp = () => {
    const dir = keyFolder();
    const key = gone(dir);
    return { dir, key, before: files(dir) };
  };

  it('a removal leaves a whole key, here or there, and the next run goes on', () => {
    const ends = new Set<string>();
    const points = killAtEveryPoint(
      setUp,
      ({ key }) => trashKey(key, NOW, NOW + DAY),
      ({ dir, key, before }) => {
        // The store can be read at once.
        expect(TAGS(dir).length).toBeLessThanOrEqual(1);
        settleStore(dir);
        const where = expectWhole(dir, key, before);
        ends.add(where);
        if (where === 'here') {
          trashKey(readKeys(dir, ZONE)[0], NOW, NOW + DAY);
          expect(expectWhole(dir, key, before)).toBe('trash');
        }
      },
    );
    expect(points).toBeGreaterThan(10);
    expect([...ends].sort()).toEqual(['here', 'trash']);
  });

  it('a restoration leaves a whole key, here or there, and the next run goes on', () => {
    const ends = new Set<string>();
    const points = killAtEveryPoint(
      () => {
        const set = setUp();
        trashKey(set.key, NOW, NOW + DAY);
        return set;
      },
      ({ dir, key }) => restoreKey(dir, ZONE, key.tag),
      ({ dir, key, before }) => {
        const live = TAGS(dir);
        settleStore(dir);
        const where = expectWhole(dir, key, before);
        ends.add(where);
        // What was live is live: nothing is taken back after the fact.
        expect(where).toBe(live.length === 1 ? 'here' : 'trash');
        if (where === 'trash') restoreKey(dir, ZONE, key.tag);
        expect(expectWhole(dir, key, before)).toBe('here');
      },
    );
    expect(points).toBeGreaterThan(5);
    expect([...ends].sort()).toEqual(['here', 'trash']);
  });

  it('a purge is gone through with by the next one', () => {
    const points = killAtEveryPoint(
      () => {
        const set = setUp();
        trashKey(set.key, NOW, NOW + DAY);
        return set;
      },
      ({ dir }) => purgeTrash(dir, NOW + DAY),
      ({ dir }) => {
        purgeTrash(dir, NOW + DAY);
        expect(files(dir)).toEqual({});
      },
    );
    expect(points).toBeGreaterThan(5);
  });
});
