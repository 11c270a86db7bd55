/** `keys request`: which bundles there are, and the ZSKs that are made for them. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { keyTag } from '#zonewright/dnssec/keytag.js';
import { dnskeysOf, expiryOf } from '#zonewright/keys/offline/bundle.js';
import { requestBundles, timelineOf } from '#zonewright/keys/offline/request.js';
import { planSuccessors } from '#zonewright/keys/offline/successors.js';
import { type KeyPair, readKeys } from '#zonewright/keys/store.js';
import { DAY, keyFolder, NOW, newKey, refusalWith, ZONE } from '../helpers.js';
import { at, keys, machines, request, requestOf, responseOf, signed } from './helpers.js';

const RULES = { lifetime: 30 * DAY, prepublish: 2 * DAY, retire: 9 * DAY };

function zsk(timing: object): KeyPair {
  return newKey(keyFolder(), 'zsk', { created: NOW, publish: NOW, activate: NOW, ...timing });
}

describe('the bundles of a request', () => {
  it('one a step, one at each change of the set, one at the end', () => {
    const first = zsk({ inactive: NOW + 10 * DAY, delete: NOW + 12 * DAY });
    const second = zsk({ publish: NOW + 9 * DAY, activate: NOW + 10 * DAY });
    const bundles = requestBundles(timelineOf([first, second]), {
      from: NOW,
      to: NOW + 20 * DAY,
      step: 4 * DAY,
      ttl: 60,
    });
    // Not on day 10: there the set that is published stays the same.
    expect(bundles.map((one) => [(one.at - NOW) / DAY, dnskeysOf(one).length])).toEqual([
      [0, 1],
      [4, 1],
      [8, 1],
      [9, 2],
      [12, 1],
      [16, 1],
      [20, 1],
    ]);
    expect(bundles[6].sets[0]).toMatchObject({ ttl: 60, rdata: [second.dnskey] });
  });

  it('the rule of what is published can be another one', () => {
    const key = zsk({});
    const other = zsk({ publish: NOW + DAY, activate: NOW + DAY });
    const timeline = timelineOf([key, other], (zsks, t) => zsks.slice(0, t < NOW + DAY ? 2 : 1));
    const terms = { from: NOW, to: NOW + 2 * DAY, step: 7 * DAY, ttl: 60 };
    expect(requestBundles(timeline, terms).map((one) => dnskeysOf(one).length)).toEqual([2, 1, 1]);
  });

  it('no ZSK at some time is exit 4; too many bundles and an end before the begin are exit 2', () => {
    const timeline = timelineOf([zsk({ delete: NOW + DAY })]);
    const terms = { from: NOW, to: NOW + 2 * DAY, step: DAY, ttl: 60 };
    expect(() => requestBundles(timeline, terms)).toThrow(
      expect.objectContaining({
        exitCode: 4,
        message: expect.stringContaining('no ZSK') as string,
      }),
    );
    const short = { ...terms, step: 1 };
    expect(() => requestBundles(timeline, short)).toThrow(expect.objectContaining({ exitCode: 2 }));
    const back = { ...terms, to: NOW };
    expect(() => requestBundles(timeline, back)).toThrow(expect.objectContaining({ exitCode: 2 }));
    const none = { ...terms, step: 0 };
    expect(() => requestBundles(timeline, none)).toThrow(expect.objectContaining({ exitCode: 2 }));
  });
});

describe('the ZSKs of the time to come', () => {
  const timesOf = (made: ReturnType<typeof planSuccessors>['made']) =>
    made.map(({ timing: { publish = 0, activate = 0, inactive, delete: gone } }) => [
      (publish - NOW) / DAY,
      (activate - NOW) / DAY,
      inactive === undefined ? undefined : (inactive - NOW) / DAY,
      gone === undefined ? undefined : (gone - NOW) / DAY,
    ]);

  it('follow each other by the lifetime, each published before it signs', () => {
    const { retimed, made } = planSuccessors([zsk({})], RULES, NOW, NOW, NOW + 70 * DAY);
    expect(retimed.map(({ timing }) => timing)).toMatchObject([
      { inactive: NOW + 30 * DAY, delete: NOW + 39 * DAY },
    ]);
    expect(timesOf(made)).toEqual([
      [28, 30, 60, 69],
      [58, 60, undefined, undefined],
    ]);
  });

  it('are not made twice: a plan that was carried out needs nothing more', () => {
    const first = zsk({ inactive: NOW + 30 * DAY, delete: NOW + 39 * DAY });
    const second = zsk({ publish: NOW + 28 * DAY, activate: NOW + 30 * DAY });
    const plan = planSuccessors([first, second], RULES, NOW, NOW, NOW + 50 * DAY);
    expect(plan).toEqual({ retimed: [], made: [] });
  });

  it('come with an end that the key files name, and none without lifetime and end', () => {
    const rules = { ...RULES, lifetime: undefined };
    const end = zsk({ inactive: NOW + 20 * DAY });
    const { retimed, made } = planSuccessors([end], rules, NOW, NOW, NOW + 70 * DAY);
    expect(retimed.map(({ timing }) => timing.delete)).toEqual([NOW + 29 * DAY]);
    expect(timesOf(made)).toEqual([[18, 20, undefined, undefined]]);
    expect(planSuccessors([zsk({})], rules, NOW, NOW, NOW + 9999 * DAY).made).toEqual([]);
  });

  it('do not come before the request: what is signed already can not be changed', () => {
    const late = zsk({ inactive: NOW + 3 * DAY });
    const from = NOW + 10 * DAY;
    const { retimed, made } = planSuccessors([late], RULES, NOW, from, NOW + 20 * DAY);
    expect(retimed.map(({ timing }) => timing.inactive)).toEqual([from + 2 * DAY]);
    expect(timesOf(made)).toEqual([[10, 12, undefined, undefined]]);
  });

  it('each algorithm has its own line; one whose last key has ceased is refused', () => {
    const dir = keyFolder();
    const times = { created: NOW, publish: NOW, activate: NOW };
    const both = [newKey(dir, 'zsk', times, 13), newKey(dir, 'zsk', times, 15)];
    const { made } = planSuccessors(both, RULES, NOW, NOW, NOW + 40 * DAY);
    expect(made.map(({ algorithm }) => algorithm)).toEqual([13, 15]);
    const ceased = zsk({ publish: NOW - 9 * DAY, activate: NOW - 9 * DAY, inactive: NOW - DAY });
    expect(() => planSuccessors([ceased], RULES, NOW, NOW, NOW + DAY)).toThrow(
      expect.objectContaining({
        exitCode: 4,
        message: expect.stringContaining('ceased') as string,
      }),
    );
  });
});

describe('keys request', () => {
  it('makes the keys, says their times, and is the same when it is asked again', async () => {
    const { online, zsk } = machines();
    const flags = ['--zsk-lifetime', 'P30D', '--format', 'knot'] as const;
    const text = await request(online, [0, 45], ...flags);
    const made = readKeys(online, ZONE);
    expect(made).toHaveLength(2);
    expect(made.find((key) => key.tag === zsk.tag)?.timing.inactive).toBe(NOW + 30 * DAY);
    expect(await request(online, [0, 45], ...flags)).toBe(text);
    const bundles = requestOf(text);
    expect(new Set(bundles.flatMap(dnskeysOf).map(keyTag))).toEqual(
      new Set(made.map(({ tag }) => tag)),
    );
    // The steps are validity − refresh.
    expect(bundles[1].at - bundles[0].at).toBe(7 * DAY);
    expect(text).toContain(', validity P14D, refresh P7D, inception-offset PT1H\n');
  });

  it('writes a file and its SHA-256; JSON needs a file', async () => {
    const { online } = machines();
    const out = join(keyFolder(), 'example.ksr');
    const flags = ['--zone', 'example', '--key-dir', online, '--now', at(0), '--to', at(20)];
    const told = await keys('request', ...flags, '--out', out, '--json');
    expect(JSON.parse(told.out)).toMatchObject({ zone: 'example', from: at(0), to: at(20) });
    expect(told.err).toContain((JSON.parse(told.out) as { sha256: string }).sha256);
    expect(requestOf(readFileSync(out, 'latin1'))).toHaveLength(4);
    await expect(keys('request', ...flags, '--json')).rejects.toMatchObject({ exitCode: 2 });
  });

  it('without a ZSK, or with a configuration that has a CSK: refused', async () => {
    const flags = ['request', '--zone', 'example', '--now', at(0), '--to', at(20)];
    await expect(keys(...flags, '--key-dir', keyFolder())).rejects.toSatisfy(
      refusalWith('no ZSK', 'keys generate'),
    );
  });

  it('asks for the times of its flags, and the offline machine follows', async () => {
    const { online, offline } = machines();
    const flags = ['--validity', 'P20D', '--refresh', 'P5D', '--inception-offset', 'PT2H'] as const;
    const response = responseOf(await signed(await request(online, [0, 30], ...flags), offline));
    expect(response.map((bundle) => (bundle.at - NOW) / DAY)).toEqual([0, 15, 30]);
    for (const bundle of response) expect(expiryOf(bundle)).toBe(bundle.at + 20 * DAY);
  });
});
