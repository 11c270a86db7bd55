/** What bundles cost: a thousand holders of a zone of 1 GiB, in time and on the disk. */
import { lstatSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { describe, expect, it } from 'vitest';
import { makeBundles } from '#zonewright/zfa/bundles/make.js';
import { openBundle } from '#zonewright/zfa/bundles/open.js';
import { run, tempDir } from '../../tools/cli.js';
import { dayText, holder } from './holders.js';
import { fakeZone, job } from './zones.js';

const HOLDERS = 1000;
const GIB = 2 ** 30;
const BUDGET = 2;

describe('a thousand holders of a zone of 1 GiB', { timeout: 300_000 }, () => {
  async function measure(keys: readonly (string | undefined)[]) {
    const folder = tempDir('thousand');
    const zones = [fakeZone(join(folder, 'g'), 'com', [GIB, 'm'.repeat(46), 'added', 'removed'])];
    const text = Buffer.from('You shall not.\n'.repeat(2000));
    const agreement = { version: '1', text, bytes: text.length, sha256: 'x' };
    const holders = keys.map((ageKey, i) => holder(`holder-${i}`, { zones: ['com'], ageKey }));
    const began = performance.now();
    const made = await makeBundles(job(folder, { zones, agreement, holders }));
    const seconds = (performance.now() - began) / 1000;
    expect(made).toMatchObject({ holders: HOLDERS, fresh: true, badKeys: [] });
    let octets = 0;
    for (const name of readdirSync(made.folder)) {
      const { blocks, nlink } = lstatSync(join(made.folder, name));
      if (nlink === 1) octets += blocks * 512;
    }
    return { folder, seconds, each: octets / HOLDERS };
  }

  it('costs less than two seconds and 64 KiB each; every bundle is whole', async () => {
    const { folder, seconds, each } = await measure(Array(HOLDERS).fill(undefined));
    console.log(`${HOLDERS} holders: ${seconds.toFixed(2)} s, ${Math.round(each)} octets each`);
    expect(seconds).toBeLessThan(BUDGET);
    expect(each).toBeLessThan(65_536);
    for (const id of ['holder-0', 'holder-999']) {
      const { source, size } = (await openBundle(join(folder, 'out'), dayText(), id, {
        encrypted: false,
      }))!;
      expect(size).toBeGreaterThan(GIB);
      const end = Buffer.alloc(40_000);
      const at = 512 + GIB;
      let n = 0;
      while (n < 5000) n += await source.read(end.subarray(n), at + n);
      expect(end.toString('latin1', 0, 512)).toContain('com.zone.gz.md5');
      await source.close();
    }
  });

  it('costs little more when all have an age key', async () => {
    const recipient = async () => identityToRecipient(await generateX25519Identity());
    const keys = await Promise.all(Array.from({ length: HOLDERS }, recipient));
    const before = process.cpuUsage();
    const { seconds, each } = await measure(keys);
    const cpu = process.cpuUsage(before).user / 1e6;
    console.log(`with age keys: ${seconds.toFixed(2)} s, ${Math.round(each)} octets each`);
    expect(each).toBeLessThan(65_536);
    // Two operations on a curve for each: by processor time, which others on the machine don't change.
    expect(cpu).toBeLessThan(2 * BUDGET);
  });

  it('is written as a tar file that tar reads', async () => {
    const { folder } = await measure(Array(HOLDERS).fill(undefined));
    const { writeSource } = await import('#zonewright/zfa/bundles/write-source.js');
    const { source } = (await openBundle(join(folder, 'out'), dayText(), 'holder-7', {
      encrypted: false,
    }))!;
    const output = join(folder, 'x.tar');
    const began = performance.now();
    await writeSource(source, output, () => undefined);
    console.log(`1 GiB written: ${((performance.now() - began) / 1000).toFixed(1)} s`);
    await source.close();
    expect(statSync(output).size).toBe(source.size);
    const list = await run('tar', ['-tf', output]);
    expect(list.stdout.trim().split('\n')).toHaveLength(7);
  });
});
