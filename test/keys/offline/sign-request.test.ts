/** `keys sign-request`: what is signed, and what of a request is refused. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FLAG_SEP, makeDnskey, revokeDnskey } from '#zonewright/dnssec/dnskey.js';
import { dsMatches } from '#zonewright/dnssec/ds.js';
import { keyTag, revokedKeyTag } from '#zonewright/dnssec/keytag.js';
import { type Bundle, dnskeysOf, KSR, setOf } from '#zonewright/keys/offline/bundle.js';
import { bundleFault, signersOf } from '#zonewright/keys/offline/check.js';
import { formatBundles } from '#zonewright/keys/offline/format.js';
import { inOrder, parseRrsig } from '#zonewright/keys/offline/rrset.js';
import { TYPE } from '#zonewright/records/types.js';
import { DAY, keyFolder, NOW, newKey, refusalWith, ZONE } from '../helpers.js';
import {
  at,
  fileOf,
  golden,
  keys,
  type Maker,
  machines,
  request,
  responseOf,
  signed,
} from './helpers.js';

const ACTIVE = { created: NOW, publish: NOW, activate: NOW };

/** A request with these DNSKEYs in its bundles, by day. */
function requestFor(...bundles: readonly (readonly [day: number, keys: readonly Uint8Array[]])[]) {
  const all = bundles.map(([day, keys]): Bundle => {
    const set = { type: TYPE.DNSKEY, ttl: 3600, rdata: inOrder(keys) };
    return { at: NOW + day * DAY, sets: [set], rrsigs: [] };
  });
  return formatBundles(KSR, 'bind', ZONE, all, NOW);
}

describe('what is signed', () => {
  it.each([8, 13, 15, 16])('all three RRsets of each bundle, algorithm %i', async (algorithm) => {
    const both = machines(algorithm);
    const response = responseOf(await signed(await request(both.online, [0, 20]), both.offline));
    expect(response.map((bundle) => (bundle.at - NOW) / DAY)).toEqual([0, 7, 14, 20]);
    for (const [i, bundle] of response.entries()) {
      expect(bundleFault(ZONE, bundle, response[i + 1]?.at)).toBeUndefined();
      expect(dnskeysOf(bundle)).toEqual(inOrder([both.ksk.dnskey, both.zsk.dnskey]));
      expect(setOf(bundle, TYPE.CDNSKEY)?.rdata).toEqual([both.ksk.dnskey]);
      const [cds] = setOf(bundle, TYPE.CDS)?.rdata ?? [];
      expect(dsMatches(cds, ZONE, both.ksk.dnskey)).toBe(true);
      expect(bundle.rrsigs.map((rdata) => parseRrsig(rdata)).map(({ tag }) => tag)).toEqual(
        Array.from({ length: 3 }, () => both.ksk.tag),
      );
    }
  });

  it('what lies between bundles that are far apart is filled; --to goes on after the last', async () => {
    const { offline, zsk } = machines();
    const text = requestFor([0, [zsk.dnskey]], [16, [zsk.dnskey]]);
    const days = (bundles: readonly Bundle[]) => bundles.map((one) => (one.at - NOW) / DAY);
    expect(days(responseOf(await signed(text, offline)))).toEqual([0, 7, 14, 16]);
    const longer = await signed(text, offline, 0, '--to', at(31));
    expect(days(responseOf(longer))).toEqual([0, 7, 14, 16, 23, 30]);
  });

  it('a KSK roll within the request: both sign, each is announced in its time', async () => {
    const { offline, online, ksk } = machines();
    const from = NOW + 5 * DAY;
    const times = { created: NOW, publish: from, activate: from, syncPublish: NOW + 8 * DAY };
    const next = newKey(offline, 'ksk', times);
    const response = responseOf(await signed(await request(online, [0, 10]), offline));
    const told = response.map((bundle) => [
      (bundle.at - NOW) / DAY,
      signersOf(bundle).map(keyTag).sort(),
      setOf(bundle, TYPE.CDNSKEY)?.rdata.map(keyTag).sort(),
    ]);
    const both = [ksk.tag, next.tag].sort();
    expect(told).toEqual([
      [0, [ksk.tag], [ksk.tag]],
      [5, both, [ksk.tag]],
      [7, both, [ksk.tag]],
      [8, both, both],
      [10, both, both],
    ]);
  });

  it('a KSK that is revoked within the request: in its revoked form it signs on, unannounced', async () => {
    const { offline, online, ksk } = machines();
    const gone = newKey(offline, 'ksk', { ...ACTIVE, revoke: NOW + 3 * DAY, syncPublish: NOW });
    const response = responseOf(await signed(await request(online, [0, 5]), offline));
    const revoked = revokeDnskey(gone.dnskey);
    const told = response.map((bundle) => [
      (bundle.at - NOW) / DAY,
      signersOf(bundle).map(keyTag).sort(),
      setOf(bundle, TYPE.CDNSKEY)?.rdata.length,
    ]);
    const then = [ksk.tag, keyTag(revoked)].sort();
    expect(told).toEqual([
      [0, [ksk.tag, gone.tag].sort(), 2],
      [3, then, 1],
      [5, then, 1],
    ]);
    for (const [i, bundle] of response.entries()) {
      expect(bundleFault(ZONE, bundle, response[i + 1]?.at)).toBeUndefined();
    }
  });

  it('--digest chooses the digests of CDS, --format the text', async () => {
    const { offline, online } = machines();
    const flags = ['--digest', '2,4', '--format', 'knot'] as const;
    const text = await signed(await request(online, [0, 2]), offline, 0, ...flags);
    expect(text).toMatch(/^;; SignedKeyResponse 1\.0 1795305600 /);
    expect(
      setOf(responseOf(text)[0], TYPE.CDS)
        ?.rdata.map((ds) => ds[3])
        .sort(),
    ).toEqual([2, 4]);
  });

  it.each<Maker>(['bind', 'knot'])('the golden request of %s', async (maker) => {
    const { offline } = machines();
    const text = await signed(golden(maker, 'request'), offline);
    const response = responseOf(text);
    // In the dialect of the request.
    expect(text.startsWith(`;; SignedKeyResponse 1.0 ${maker === 'bind' ? 2026 : 1795}`)).toBe(
      true,
    );
    for (const [i, bundle] of response.entries()) {
      expect(bundleFault(ZONE, bundle, response[i + 1]?.at)).toBeUndefined();
    }
  });

  it('it is shown before: times, tags and the SHA-256 of the request', async () => {
    const { online, offline, ksk, zsk } = machines();
    const file = fileOf(await request(online, [0, 10]));
    const flags = [file, '--zone', 'example', '--key-dir', offline, '--now', at(0)];
    const { err } = await keys('sign-request', ...flags);
    expect(err).toMatch(/request \S+, SHA-256 [0-9a-f]{64}\n/);
    expect(err).toContain(`until ${at(14)}  ZSK ${zsk.tag}  KSK ${ksk.tag}  CDS ${ksk.tag}`);
    expect(err).toContain(`signed by ${ksk.tag}\n`);
  });
});

// ---- what is refused ----------------------------------------------------------------------------

describe('what is refused, exit 4', () => {
  const pair = machines();
  const { zsk, ksk } = pair;
  const other = newKey(keyFolder(), 'zsk', ACTIVE);
  const flagged = (flags: number) => makeDnskey(flags, 13, zsk.dnskey.subarray(4));
  const changed = (at: number, value: number): Uint8Array => {
    const key = zsk.dnskey.slice();
    key[at] = value;
    return key;
  };

  /** A key with a tag: its last two octets make up for the rest. OpenSSL takes any octets as an
   * Ed25519 key. */
  function withTag(like: Uint8Array, tagOf: (dnskey: Uint8Array) => number): Uint8Array {
    const key = like.slice();
    key[10] ^= 1;
    for (let i = 0; i < 65536; i++) {
      key[key.length - 2] = i >> 8;
      key[key.length - 1] = i & 255;
      if (tagOf(key) === keyTag(like)) return key;
    }
    throw new Error('no such key');
  }

  it.each<[string, () => string]>([
    ['flags 257', () => requestFor([0, [flagged(256 | FLAG_SEP)]])],
    ['flags 384', () => requestFor([0, [flagged(256 | 128)]])],
    ['flags 0', () => requestFor([0, [flagged(0)]])],
    ['protocol 2', () => requestFor([0, [changed(2, 2)]])],
    ['RSASHA1', () => requestFor([0, [changed(3, 5)]])],
    ['algorithm 200', () => requestFor([0, [changed(3, 200)]])],
    ['has 63 octets', () => requestFor([0, [zsk.dnskey.slice(0, 67)]])],
    ['could be checked with', () => requestFor([0, [changed(20, zsk.dnskey[20] ^ 1)]])],
    [
      'a KSK with other flags',
      () => requestFor([0, [makeDnskey(256, 13, ksk.dnskey.subarray(4))]]),
    ],
    [
      'no KSK of it signs here',
      () => requestFor([0, [newKey(keyFolder(), 'zsk', ACTIVE, 15).dnskey]]),
    ],
    ['at once', () => requestFor([0, [zsk.dnskey]], [1, [other.dnskey]])],
    ['would have expired', () => requestFor([-20, [zsk.dnskey]], [-1, [zsk.dnskey]])],
    ['more than P400D', () => requestFor([0, [zsk.dnskey]], [390, [zsk.dnskey]])],
    ['no KSK of it signs here', () => requestFor([-1, [zsk.dnskey]], [1, [zsk.dnskey]])],
  ])('%s', async (message, text) => {
    const said = message.startsWith('flags') ? `the ${message}` : message;
    await expect(signed(text(), pair.offline)).rejects.toSatisfy(refusalWith(said));
  });

  it.each([
    ['as it is', keyTag],
    ['revoked', revokedKeyTag],
  ] as const)('the tag of another key, %s', async (_, tagOf) => {
    const { offline, ksk, zsk } = machines(15);
    const asZsk = makeDnskey(256, 15, ksk.dnskey.subarray(4));
    for (const like of [zsk.dnskey, asZsk]) {
      const meant = like === zsk.dnskey ? zsk.tag : ksk.tag;
      const clash = withTag(like, (key) => tagOf(key) + keyTag(like) - meant);
      await expect(signed(requestFor([0, [zsk.dnskey, clash]]), offline)).rejects.toSatisfy(
        refusalWith('with the tag of another one'),
      );
    }
  });

  it('an algorithm of the KSKs that has no ZSK', async () => {
    const dir = keyFolder();
    newKey(dir, 'ksk', ACTIVE, 13);
    newKey(dir, 'ksk', ACTIVE, 15);
    await expect(signed(requestFor([0, [zsk.dnskey]]), dir)).rejects.toSatisfy(
      refusalWith('no ZSK of ED25519'),
    );
  });

  it('weak RSA keys', async () => {
    const dir = keyFolder();
    newKey(dir, 'ksk', ACTIVE, 8);
    const { dnskey } = newKey(keyFolder(), 'zsk', ACTIVE, 8);
    // RFC 3110: length of the exponent, exponent 65537, modulus; of half the length.
    const weak = dnskey.slice(0, 8 + 128);
    await expect(signed(requestFor([0, [weak]]), dir)).rejects.toSatisfy(
      refusalWith('1024 bits', '2048'),
    );
  });

  it('times: a life that is too long, none left to refresh, a begin far before', async () => {
    const text = requestFor([0, [zsk.dnskey]]);
    const sign = (...flags: readonly string[]) => signed(text, pair.offline, 0, ...flags);
    await expect(sign('--validity', 'P90D')).rejects.toSatisfy(refusalWith('--max-validity'));
    await expect(sign('--validity', 'P90D', '--max-validity', 'P91D')).resolves.toContain('RRSIG');
    await expect(sign('--refresh', 'P14D')).rejects.toSatisfy(refusalWith('--refresh'));
    await expect(sign('--inception-offset', 'P8D')).rejects.toSatisfy(refusalWith('P7D'));
    await expect(sign('--to', at(500))).rejects.toSatisfy(refusalWith('--max-period'));
    await expect(sign('--validity', 'PT2S', '--refresh', 'PT1S', '--to', at(1))).rejects.toSatisfy(
      refusalWith('10000'),
    );
  });

  it('a request cannot ask for more than the limits of this machine', async () => {
    const flags = ['--validity', 'P300D', '--refresh', 'P10D'] as const;
    const text = await request(pair.online, [0, 20], ...flags);
    await expect(signed(text, pair.offline)).rejects.toSatisfy(refusalWith('P300D', 'P60D'));
  });

  it('a machine without a KSK, and a folder that is open', async () => {
    const text = requestFor([0, [zsk.dnskey]]);
    await expect(signed(text, pair.online)).rejects.toSatisfy(refusalWith('no KSK'));
  });

  it('any ZSKs at any times: a response that is good, or a refusal', async () => {
    const odd = [flagged(257), changed(3, 14), changed(20, 0), ksk.dnskey];
    const good = [other, newKey(keyFolder(), 'zsk', ACTIVE)].map((key) => key.dnskey);
    const some = (from: readonly Uint8Array[]) => fc.subarray([...from]);
    const keysOf = fc.oneof(
      { weight: 4, arbitrary: some(good).map((more) => [zsk.dnskey, ...more]) },
      { weight: 1, arbitrary: some([...good, ...odd]).filter((keys) => keys.length > 0) },
    );
    let done = 0;
    const days = fc.uniqueArray(fc.integer({ min: -3, max: 430 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(
        days,
        fc.array(keysOf, { minLength: 4, maxLength: 4 }),
        async (all, sets) => {
          const inTime = [...all].sort((a, b) => a - b);
          const text = requestFor(...inTime.map((day, i) => [day, sets[i]] as const));
          let response: readonly Bundle[];
          try {
            response = responseOf(await signed(text, pair.offline));
            done++;
          } catch (error) {
            expect(error).toMatchObject({ exitCode: 4 });
            return;
          }
          for (const [i, bundle] of response.entries()) {
            expect(bundleFault(ZONE, bundle, response[i + 1]?.at)).toBeUndefined();
          }
        },
      ),
      { numRuns: 60 },
    );
    expect(done).toBeGreaterThan(3);
  });
});
