/** `keys import-response`: what is stored, and what of a response is refused. */

import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ZonewrightError } from '#zonewright/errors.js';
import { type Bundle, SKR } from '#zonewright/keys/offline/bundle.js';
import { formatBundles } from '#zonewright/keys/offline/format.js';
import { responseFile } from '#zonewright/keys/offline/store.js';
import { writeTiming } from '#zonewright/keys/write.js';
import { TYPE } from '#zonewright/records/types.js';
import { MUTATIONS, seeded } from '../../fuzz/mutate.js';
import { DAY, keyFolder, NOW, newKey, refusalWith, text, ZONE } from '../helpers.js';
import {
  bringPublic,
  ceremony,
  golden,
  goldenStore,
  imported,
  keyOf,
  type Maker,
  machines,
  request,
  responseOf,
  signed,
} from './helpers.js';

const stored = (dir: string): readonly Bundle[] => responseOf(text(responseFile(dir, ZONE)));
const days = (bundles: readonly Bundle[]) => bundles.map((one) => (one.at - NOW) / DAY);
const rewritten = (bundles: readonly Bundle[]) => formatBundles(SKR, 'bind', ZONE, bundles, NOW);

describe('what is stored', () => {
  it('K<zone>.skr beside the keys, mode 0644, nothing else', async () => {
    const both = machines();
    const before = readdirSync(both.online);
    await ceremony(both, [0, 10]);
    expect(readdirSync(both.online).sort()).toEqual([...before, 'Kexample.skr'].sort());
    expect(statSync(join(both.online, 'Kexample.skr')).mode & 0o777).toBe(0o644);
    expect(days(stored(both.online))).toEqual([0, 7, 10]);
  });

  it('the next response goes on where the one before ended; what is over is dropped', async () => {
    const both = machines();
    await ceremony(both, [0, 20]);
    const { online, offline } = both;
    // Without --from the request begins with the last bundle that is stored.
    const text = await request(online, [20, 40]);
    await imported(await signed(text, offline, 15), online, 15);
    expect(days(stored(online))).toEqual([14, 20, 27, 34, 40]);
  });

  it.each<Maker>(['bind', 'knot'])('the golden response of %s', async (maker) => {
    const dir = goldenStore(maker);
    await imported(golden(maker, 'response'), dir);
    expect(stored(dir)).toHaveLength(maker === 'bind' ? 7 : 9);
  });

  it('an import that is cut off leaves the old response: the file is replaced as a whole', async () => {
    const both = machines();
    await ceremony(both, [0, 10]);
    const before = text(responseFile(both.online, ZONE));
    const more = await signed(await request(both.online, [10, 20]), both.offline, 5);
    await expect(imported(more.slice(0, -200), both.online, 5)).rejects.toMatchObject({
      exitCode: 3,
    });
    expect(text(responseFile(both.online, ZONE))).toBe(before);
  });
});

describe('which KSKs are known', () => {
  it('with none known the first is taken at its word, with a warning; then another is not', async () => {
    const { online, offline, ksk } = machines();
    const asked = await request(online, [0, 10]);
    expect(await imported(await signed(asked, offline), online)).toContain(`(${ksk.tag})`);
    const stranger = keyFolder();
    newKey(stranger, 'ksk', { created: NOW, publish: NOW, activate: NOW });
    const foreign = await signed(asked, stranger);
    await expect(imported(foreign, online)).rejects.toSatisfy(
      refusalWith('no KSK that is known here'),
    );
  });

  it('with the .key file of one in the store, no other', async () => {
    const { online, offline, ksk } = machines();
    bringPublic(ksk, online);
    const asked = await request(online, [0, 10]);
    const stranger = keyFolder();
    newKey(stranger, 'ksk', { created: NOW, publish: NOW, activate: NOW });
    await expect(imported(await signed(asked, stranger), online)).rejects.toSatisfy(
      refusalWith('no KSK that is known here', '.key file'),
    );
    expect(await imported(await signed(asked, offline), online)).not.toContain('warning');
  });

  it('a new KSK that a known one signs along with is known from then on', async () => {
    const both = machines();
    const { online, offline, ksk } = both;
    await ceremony(both, [0, 10]);
    const from = NOW + 12 * DAY;
    const next = newKey(offline, 'ksk', { created: NOW, publish: from, activate: from });
    await imported(await signed(await request(online, [10, 20]), offline, 5), online, 5);
    const end = { inactive: NOW + 21 * DAY, delete: NOW + 21 * DAY };
    writeTiming(keyOf(offline, ksk.tag), { ...ksk.timing, ...end });
    await imported(await signed(await request(online, [20, 30]), offline, 15), online, 15);
    const last = stored(online).at(-1);
    expect(last?.sets[0].rdata).toContainEqual(next.dnskey);
    expect(last?.sets[0].rdata).not.toContainEqual(ksk.dnskey);
  });
});

describe('what is refused', () => {
  const both = machines();
  const { online, offline, zsk } = both;
  const whole = async () => responseOf(await signed(await request(online, [0, 20]), offline));
  const refused = (bundles: readonly Bundle[], ...parts: readonly string[]) =>
    expect(imported(rewritten(bundles), online)).rejects.toSatisfy(refusalWith(...parts));

  it('a signature that does not verify, is missing, or is of no RRset', async () => {
    const [first, ...rest] = await whole();
    const bad = first.rrsigs.map((rdata, i) => {
      const copy = rdata.slice();
      if (i === 0) copy[copy.length - 1] ^= 1;
      return copy;
    });
    await refused([{ ...first, rrsigs: bad }, ...rest], 'does not verify');
    const fewer = first.rrsigs.filter((rdata) => rdata[1] !== TYPE.DNSKEY);
    await refused([{ ...first, rrsigs: fewer }, ...rest], 'the DNSKEY RRset has no signature');
    const bare = rewritten([first, ...rest]).replace(/^.*\tIN\tCDS\t.*\n/m, '');
    await expect(imported(bare, online)).rejects.toSatisfy(
      refusalWith('a signature over CDS and no such RRset'),
    );
    const ttl = first.sets.map((set) => ({ ...set, ttl: set.ttl + 1 }));
    await refused([{ ...first, sets: ttl }, ...rest], 'does not verify');
  });

  it('signatures that end before the next bundle, and a gap to what is stored', async () => {
    const bundles = await whole();
    await refused([bundles[0], bundles[3]], 'before the next bundle takes its place');
    const dir = machines();
    await ceremony(dir, [0, 10]);
    const later = await signed(await request(dir.online, [30, 40]), dir.offline, 25);
    await expect(imported(later, dir.online, 5)).rejects.toSatisfy(
      refusalWith('there would be none', '--from 2026-12-16T00:00:00Z --to 2026-12-22T00:00:00Z'),
    );
  });

  it('ZSKs that are not ours, or not published then', async () => {
    const bundles = await whole();
    const elsewhere = keyFolder();
    newKey(elsewhere, 'zsk', { created: NOW, publish: NOW, activate: NOW });
    await expect(imported(rewritten(bundles), elsewhere)).rejects.toSatisfy(
      refusalWith(`ZSK ${zsk.tag} is not in our store`),
    );
    const second = newKey(online, 'zsk', { publish: NOW + 9 * DAY, activate: NOW + 9 * DAY });
    await refused(bundles, '2026-12-01', `it has ZSK ${zsk.tag}`, String(second.tag));
    for (const ending of ['key', 'private', 'state']) {
      rmSync(second.file.replace(/key$/, ending));
    }
  });

  it('a response that is over, and an old one in the place of a newer', async () => {
    const bundles = await whole();
    await expect(imported(rewritten(bundles), online, 60)).rejects.toSatisfy(
      refusalWith('expired', 'the latest'),
    );
    const pair = machines();
    const short = await signed(await request(pair.online, [0, 10]), pair.offline);
    await ceremony(pair, [0, 30]);
    await expect(imported(short, pair.online)).rejects.toSatisfy(
      refusalWith('2027-01-05', '--shorten'),
    );
    await imported(short, pair.online, 0, '--shorten');
    expect(days(stored(pair.online))).toEqual([0, 7, 10]);
  });

  it('CDS and CDNSKEY of no KSK of the zone, such as the request to delete the DS', async () => {
    const [first] = await whole();
    const others = first.rrsigs.filter((rdata) => rdata[1] === TYPE.DNSKEY);
    const gone = { type: TYPE.CDS, ttl: 0, rdata: [Uint8Array.from([0, 0, 0, 0, 0])] };
    await refused([{ ...first, sets: [first.sets[0], gone], rrsigs: others }], 'the CDS RRset');
  });

  it('a request, and a response of another zone', async () => {
    await expect(imported(await request(online, [0, 9]), online)).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringContaining('a key signing request') as string,
    });
    const other = rewritten(await whole()).replaceAll('example.', 'elsewhere.');
    await expect(imported(other, online)).rejects.toMatchObject({ exitCode: 3 });
  });

  it('broken responses: an error of ours, and nothing is stored that is not good', async () => {
    const good = Buffer.from(rewritten(await whole()), 'latin1');
    const random = seeded(7);
    const dir = machines();
    const file = responseFile(dir.online, ZONE);
    let refusedOnes = 0;
    for (const mutate of Object.values(MUTATIONS)) {
      for (let i = 0; i < 3; i++) {
        const broken = mutate(good, random).toString('latin1');
        try {
          await imported(broken, online);
        } catch (error) {
          if (!(error instanceof ZonewrightError)) throw error;
          expect([3, 4]).toContain(error.exitCode);
          refusedOnes++;
        }
      }
    }
    expect(refusedOnes).toBeGreaterThan(20);
    expect(existsSync(file)).toBe(false);
    // Whatever was taken is a response that each check passes once more.
    const kept = readFileSync(responseFile(online, ZONE), 'latin1');
    await imported(kept, online, 0, '--shorten');
  });
});
