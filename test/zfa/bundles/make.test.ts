/** The bundles of a day: what is shared, what is kept from one making to the next, who gets what. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { describe, expect, it } from 'vitest';
import { openDay } from '#zonewright/zfa/bundles/days.js';
import { makeBundles } from '#zonewright/zfa/bundles/make.js';
import { findBundle, openBundle } from '#zonewright/zfa/bundles/open.js';
import type { KeyChange } from '#zonewright/zfa/bundles/signing-key.js';
import { writeSource } from '#zonewright/zfa/bundles/write-source.js';
import { run, tempDir } from '../../tools/cli.js';
import { describeUnless, describeWithTools } from '../../tools/judges.js';
import { dayText, holder } from './holders.js';
import { fakeZone, job } from './zones.js';

const today = dayText();
const COM = ['packed com', 'sum', 'added', 'removed'] as const;

async function save(folder: string, id: string, encrypted: boolean): Promise<string> {
  const bundle = await openBundle(join(folder, 'out'), today, id, { encrypted });
  expect(bundle).toBeDefined();
  const output = join(folder, bundle!.fileName);
  const { bytes } = await writeSource(bundle!.source, output, () => undefined);
  await bundle!.source.close();
  expect(bytes).toBe(bundle!.size);
  return output;
}

describeWithTools(['age', 'age-keygen', 'tar', 'cmp'], 'encrypted bundles', () => {
  it('are opened by age, and are the same at each reading and making', async () => {
    const folder = tempDir('make');
    const key = join(folder, 'key');
    const made = await run('age-keygen', ['-o', key]);
    const ageKey = /age1[0-9a-z]+/.exec(made.stderr)![0];
    const work = job(folder, {
      zones: [fakeZone(join(folder, 'g'), 'com', ['x'.repeat(300_000), 'm', 'a', 'r'])],
      holders: [holder('acme', { ageKey }), holder('bob')],
    });
    await makeBundles(work);
    const plain = await save(folder, 'acme', false);
    const sealed = await save(folder, 'acme', true);
    expect(sealed).toMatch(/zfa-acme-\d{8}\.tar\.age$/);
    const check = `age -d -i key ${sealed} | cmp - ${plain}`;
    expect(await run('sh', ['-c', check], { cwd: folder })).toMatchObject({ status: 0 });
    const facts = () => findBundle(work.outputDir, today, 'acme', { encrypted: true });
    const first = facts();
    expect(first!.etag).not.toBe(
      findBundle(work.outputDir, today, 'acme', { encrypted: false })!.etag,
    );
    expect(findBundle(work.outputDir, today, 'bob', { encrypted: true })).toBeUndefined();
    expect((await makeBundles(work)).fresh).toBe(false);
    // Another holder makes it another folder, and the encrypted form stays what it was.
    await makeBundles({ ...work, holders: [...work.holders, holder('carl')] });
    expect(facts()).toEqual(first);
    const other = [holder('acme', { ageKey, name: 'Other' })];
    await makeBundles({ ...work, holders: other });
    expect(facts()!.etag).not.toBe(first!.etag);
  });

  it('are not there for a key that is none; all else is', async () => {
    const folder = tempDir('make');
    const made = await makeBundles(
      job(folder, {
        zones: [fakeZone(join(folder, 'g'), 'com', [...COM])],
        holders: [holder('acme', { ageKey: 'age1nonsense' }), holder('bob')],
      }),
    );
    expect(made).toMatchObject({ holders: 2, badKeys: ['acme'] });
    await save(folder, 'acme', false);
    expect(findBundle(join(folder, 'out'), today, 'acme', { encrypted: true })).toBeUndefined();
  });
});

describe('the bundles of a day', () => {
  it('differ between holders in their own parts only, and say so by their tags', async () => {
    const folder = tempDir('make');
    const zones = [
      fakeZone(join(folder, 'g'), 'com', [...COM]),
      fakeZone(join(folder, 'g'), 'net', ['packed net', 'sum', 'added', 'removed']),
    ];
    const holders = ['a', 'b', 'c'].map((id) => holder(id));
    const made = await makeBundles(job(folder, { zones, holders }));
    expect(made).toMatchObject({ fresh: true, holders: 3, without: [] });
    const tags = ['a', 'b', 'c'].map(
      (id) => findBundle(join(folder, 'out'), today, id, { encrypted: false })!.etag,
    );
    expect(new Set(tags).size).toBe(3);
    expect(findBundle(join(folder, 'out'), today, 'd', { encrypted: false })).toBeUndefined();
    expect(readdirSync(made.folder).sort()).toEqual(
      [
        'day.json',
        'index',
        'parts',
        ...zones.flatMap(({ files }) => files.map((f) => f.name)),
      ].sort(),
    );
  });

  it('that were replaced are opened by their tag, to go on with a download', async () => {
    const folder = tempDir('make');
    const work = job(folder, {
      zones: [fakeZone(join(folder, 'g'), 'com', [...COM])],
      holders: [holder('a')],
    });
    await makeBundles(work);
    const find = (etag?: string) =>
      findBundle(work.outputDir, today, 'a', { encrypted: false, etag });
    const first = find()!;
    await makeBundles({ ...work, holders: [holder('a', { name: 'Other' })] });
    const second = find()!;
    expect(second.etag).not.toBe(first.etag);
    expect(find(first.etag)).toEqual(first);
    expect(find(second.etag)).toEqual(second);
    expect(find('x')).toBeUndefined();
    const old = await openBundle(work.outputDir, today, 'a', {
      encrypted: false,
      etag: first.etag,
    });
    const output = join(folder, 'x.tar');
    await writeSource(old!.source, output, () => undefined);
    await old!.source.close();
    expect(readFileSync(output, 'latin1')).toContain('Holder: a (Name of a)');
  });

  it('of another key: it is told before the public half is handed out, or told again', async () => {
    const folder = tempDir('make');
    const work = job(folder, {
      zones: [fakeZone(join(folder, 'g'), 'com', [...COM])],
      holders: [holder('a')],
    });
    const handedOut = join(work.outputDir, 'bundles/minisign.pub');
    await makeBundles({ ...work, tellNewKey: () => expect.fail('the first key is no other') });
    const before = readFileSync(handedOut, 'utf8');
    rmSync(join(work.stateDir, 'zfa'), { recursive: true });
    // As when it is killed in the midst of telling.
    const killed = makeBundles({
      ...work,
      tellNewKey: () => {
        throw new Error('killed');
      },
    });
    await expect(killed).rejects.toThrow('killed');
    expect(readFileSync(handedOut, 'utf8')).toBe(before);
    const told: KeyChange[] = [];
    const tellNewKey = (change: KeyChange) => void told.push(change);
    const { newKey } = await makeBundles({ ...work, tellNewKey });
    expect(told).toEqual([newKey]);
    const after = readFileSync(handedOut, 'utf8');
    expect(newKey).toEqual({ before: before.split('\n')[1], now: after.split('\n')[1] });
    expect(await makeBundles({ ...work, tellNewKey })).toMatchObject({ newKey: undefined });
    expect(told).toHaveLength(1);
  });

  it('are made anew when a shared file of them has gone', async () => {
    const folder = tempDir('make');
    const work = job(folder, {
      zones: [fakeZone(join(folder, 'g'), 'com', [...COM])],
      holders: [holder('a')],
    });
    const { folder: first } = await makeBundles(work);
    rmSync(join(first, 'com.zone.gz'));
    await expect(openBundle(work.outputDir, today, 'a', { encrypted: false })).rejects.toThrow();
    const again = await makeBundles(work);
    expect(again).toMatchObject({ fresh: true, folder: `${first}-2` });
    await save(folder, 'a', false);
  });

  it('are made although the folder before is damaged', async () => {
    const folder = tempDir('make');
    const zones = [fakeZone(join(folder, 'g'), 'com', [...COM])];
    const ageKey = await identityToRecipient(await generateX25519Identity());
    const work = job(folder, { zones, holders: [holder('a', { ageKey })] });
    const { folder: first } = await makeBundles(work);
    for (const text of ['', 'a 0 99999\n', 'x']) {
      rmSync(join(work.outputDir, 'bundles', `${today}-2`), { recursive: true, force: true });
      writeFileSync(join(first, 'index'), text);
      writeFileSync(join(first, 'parts'), text);
      expect(await makeBundles(work)).toMatchObject({ fresh: true, badKeys: [] });
      await save(folder, 'a', false);
    }
  });

  it.each(['', 'x', 'a 0 10\n', 'b 0 10\n'])(
    'a damaged index (%j) is an error, and not a day without the holder',
    async (text) => {
      const folder = tempDir('make');
      const zones = [fakeZone(join(folder, 'g'), 'com', [...COM])];
      const work = job(folder, { zones, holders: [holder('a')] });
      const { folder: made } = await makeBundles(work);
      const index = readFileSync(join(made, 'index'));
      writeFileSync(join(made, 'index'), text);
      const find = (id: string) => findBundle(work.outputDir, today, id, { encrypted: false });
      expect(() => find('a')).toThrow('index is damaged');
      expect(() => find('b')).toThrow('index is damaged');
      expect(() => openDay(work.outputDir, today)).toThrow('index is damaged');
      writeFileSync(join(made, 'index'), index);
      expect(find('a')).toBeDefined();
      expect(find('b')).toBeUndefined();
    },
  );

  it('leave nothing when the lock is lost', async () => {
    const folder = tempDir('make');
    const assertHeld = (): void => {
      throw new Error('lost');
    };
    const zones = [fakeZone(join(folder, 'g'), 'com', [...COM])];
    const work = job(folder, { zones, holders: [holder('a')], assertHeld });
    await expect(makeBundles(work)).rejects.toThrow('lost');
    expect(readdirSync(join(folder, 'out', 'bundles'))).toEqual([]);
  });
});

const memoryDisk = '/dev/shm';
const otherDisk = (() => {
  try {
    return statSync(memoryDisk).dev !== statSync(tmpdir()).dev;
  } catch {
    return false;
  }
})();

describeUnless(
  otherDisk ? undefined : `${memoryDisk} is no other disk`,
  'generations on another disk',
  () => {
    it('are copied, once for all holders', async () => {
      const folder = tempDir('make');
      const far = mkdtempSync(join(memoryDisk, 'zonewright-'));
      try {
        mkdirSync(far, { recursive: true });
        const zones = [fakeZone(far, 'com', [...COM])];
        const made = await makeBundles(job(folder, { zones, holders: [holder('a'), holder('b')] }));
        expect(statSync(join(made.folder, 'com.zone.gz'))).toMatchObject({ nlink: 1, size: 10 });
      } finally {
        rmSync(far, { recursive: true });
      }
      await save(folder, 'a', false);
    });
  },
);
