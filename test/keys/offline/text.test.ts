/** The text of requests and responses: both dialects there and back, and files that are hostile. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyTag } from '#zonewright/dnssec/keytag.js';
import { ZonewrightError } from '#zonewright/errors.js';
import { type Bundle, type Dialect, dnskeysOf, KSR, SKR } from '#zonewright/keys/offline/bundle.js';
import { formatBundles } from '#zonewright/keys/offline/format.js';
import { parseBundles } from '#zonewright/keys/offline/parse.js';
import { inOrder, type RecordSet } from '#zonewright/keys/offline/rrset.js';
import { TYPE } from '#zonewright/records/types.js';
import { MUTATIONS, seeded } from '../../fuzz/mutate.js';
import { DAY, NOW, ZONE } from '../helpers.js';
import { golden, type Maker } from './helpers.js';

const MAKERS: readonly Maker[] = ['bind', 'knot'];

const tagsOf = (bundle: Bundle): number[] =>
  dnskeysOf(bundle)
    .map(keyTag)
    .sort((a, b) => a - b);

describe('golden files', () => {
  it('a request of dnssec-ksr', () => {
    const { dialect, bundles, times } = parseBundles(KSR, golden('bind', 'request'), 'f', ZONE);
    expect(dialect).toBe('bind');
    expect(times).toBeUndefined();
    expect(bundles.map((bundle) => [bundle.at - NOW, tagsOf(bundle)])).toEqual([
      [0, [46966]],
      [30 * DAY - 7500, [14994, 46966]],
    ]);
  });

  it('a response of dnssec-ksr: CDS and CDNSKEY come with the second bundle', () => {
    const { dialect, bundles } = parseBundles(SKR, golden('bind', 'response'), 'f', ZONE);
    expect(dialect).toBe('bind');
    expect(bundles).toHaveLength(7);
    expect(bundles.map(({ sets, rrsigs }) => `${sets.length} ${rrsigs.length}`)).toEqual([
      '1 1',
      ...Array.from({ length: 6 }, () => '3 3'),
    ]);
    expect(bundles[6].at).toBe(Date.UTC(2026, 11, 30, 21, 55) / 1000);
  });

  it('a request of keymgr, whose last bundle is the end', () => {
    const { dialect, bundles } = parseBundles(KSR, golden('knot', 'request'), 'f', ZONE);
    expect(dialect).toBe('knot');
    expect(bundles.map((bundle) => [(bundle.at - NOW) / DAY, tagsOf(bundle)])).toEqual([
      [0, [16467]],
      [19, [16467, 34816]],
      [20, [16467, 34816]],
      [30, [34816]],
      [40, [34816]],
    ]);
  });

  it('a response of keymgr: TTL 0 of CDS and CDNSKEY is kept', () => {
    const { bundles } = parseBundles(SKR, golden('knot', 'response'), 'f', ZONE);
    expect(bundles).toHaveLength(9);
    expect(bundles[0].sets.map(({ type, ttl }) => [type, ttl])).toEqual([
      [TYPE.DNSKEY, 3600],
      [TYPE.CDNSKEY, 0],
      [TYPE.CDS, 0],
    ]);
  });

  it('of two bundles of one time, as dnssec-ksr writes them at a change of keys, the later holds', () => {
    const text = golden('bind', 'response');
    const [first, second] = text.split(/(?=;; SignedKeyResponse 1\.0 \d)/);
    const twice = second.replace('20261122220000 (Sun Nov 22 22', '20261122000000 (Sun Nov 22 00');
    const rest = text.slice(first.length + second.length);
    const { bundles } = parseBundles(SKR, first + twice + rest, 'f', ZONE);
    expect(bundles).toHaveLength(6);
    expect(bundles[0].sets).toHaveLength(3);
  });
});

// ---- there and back -----------------------------------------------------------------------------

const bytes = (min: number, max: number) => fc.uint8Array({ minLength: min, maxLength: max });

const recordSet = (type: number, rdata: fc.Arbitrary<Uint8Array>): fc.Arbitrary<RecordSet> =>
  fc
    .record({
      ttl: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
      rdata: fc.uniqueArray(rdata, {
        minLength: 1,
        maxLength: 4,
        selector: (one) => Buffer.from(one).toString('hex'),
      }),
    })
    .map(({ ttl, rdata }) => ({ type, ttl, rdata: inOrder(rdata) }));

const dnskey = bytes(5, 300);
const cds = bytes(32, 32).map((digest) => Uint8Array.from([1, 2, 13, 2, ...digest]));

function rrsig(type: number): fc.Arbitrary<Uint8Array> {
  return fc.tuple(bytes(16, 16), bytes(1, 100)).map(([fixed, signature]) => {
    const head = Uint8Array.from([type >> 8, type & 0xff, ...fixed]);
    // A TTL has 31 bits.
    head[4] &= 0x7f;
    return Uint8Array.from([...head, ...ZONE, ...signature]);
  });
}

const bundle: fc.Arbitrary<Omit<Bundle, 'at'>> = fc
  .record({
    dnskeys: recordSet(TYPE.DNSKEY, dnskey),
    cdnskeys: fc.option(recordSet(TYPE.CDNSKEY, dnskey), { nil: undefined }),
    cds: fc.option(recordSet(TYPE.CDS, cds), { nil: undefined }),
    rrsigs: fc.array(rrsig(TYPE.DNSKEY), { maxLength: 2 }),
  })
  .map(({ dnskeys, cdnskeys, cds, rrsigs }) => ({
    sets: [dnskeys, cdnskeys, cds].filter((set) => set !== undefined),
    rrsigs: inOrder(rrsigs),
  }));

const file = fc
  .record({
    parts: fc.array(bundle, { minLength: 1, maxLength: 4 }),
    times: fc.uniqueArray(fc.integer({ min: 0, max: 2 ** 32 + 1e6 }), {
      minLength: 4,
      maxLength: 4,
    }),
  })
  .map(({ parts, times }) => {
    const inTime = [...times].sort((a, b) => a - b);
    return parts.map((part, i) => ({ at: inTime[i], ...part }));
  });

const withoutLines = (bundles: readonly Bundle[]) => bundles.map(({ line: _, ...rest }) => rest);

describe('there and back', () => {
  it.each<Dialect>(['bind', 'knot'])('responses, in the dialect of %s', (dialect) => {
    fc.assert(
      fc.property(file, (bundles) => {
        const text = formatBundles(SKR, dialect, ZONE, bundles, NOW);
        const back = parseBundles(SKR, text, 'f', ZONE);
        expect(back.dialect).toBe(dialect);
        expect(withoutLines(back.bundles)).toEqual(bundles);
      }),
      { numRuns: 200 },
    );
  });

  it.each<Dialect>(['bind', 'knot'])(
    'requests with their times, in the dialect of %s',
    (dialect) => {
      const seconds = fc.integer({ min: 0, max: 10 ** 9 });
      const times = fc.record({ validity: seconds, refresh: seconds, inceptionOffset: seconds });
      fc.assert(
        fc.property(file, times, (bundles, times) => {
          const asked = bundles.map(({ at, sets }) => ({ at, sets: [sets[0]], rrsigs: [] }));
          const text = formatBundles(KSR, dialect, ZONE, asked, NOW, times);
          const back = parseBundles(KSR, text, 'f', ZONE);
          expect(withoutLines(back.bundles)).toEqual(asked);
          expect(back.times).toEqual(times);
        }),
        { numRuns: 100 },
      );
    },
  );

  it.each(MAKERS)('the golden files of %s, written by us in the other dialect', (maker) => {
    for (const [kind, name] of [
      [KSR, 'request'],
      [SKR, 'response'],
    ] as const) {
      const { bundles } = parseBundles(kind, golden(maker, name), 'f', ZONE);
      const other = maker === 'bind' ? 'knot' : 'bind';
      const text = formatBundles(kind, other, ZONE, bundles, NOW);
      const back = parseBundles(kind, text, 'f', ZONE);
      expect(withoutLines(back.bundles)).toEqual(withoutLines(bundles));
    }
  });
});

// ---- hostile ------------------------------------------------------------------------------------

const HEAD = ';; KeySigningRequest 1.0 20261122000000 (Sun)';
const KEY = 'example. 3600 IN DNSKEY 256 3 13 AAAA';
const FOOT = ';; KeySigningRequest 1.0 generated at x by y';

function fault(...lines: readonly string[]): ZonewrightError {
  try {
    parseBundles(KSR, lines.join('\n'), 'the.ksr', ZONE);
  } catch (error) {
    if (error instanceof ZonewrightError) return error;
    throw error;
  }
  throw new Error('was taken');
}

describe('what is refused, with the line', () => {
  it('takes the text that the others are made of', () => {
    expect(parseBundles(KSR, [HEAD, KEY, FOOT].join('\n'), 'f', ZONE).bundles).toHaveLength(1);
  });

  it.each<[string, number, readonly string[]]>([
    ['was cut off', 2, [HEAD, KEY]],
    ['not after the bundle before', 3, [HEAD, KEY, HEAD, KEY, FOOT]],
    ['another form', 3, [HEAD, KEY, ';; KeySigningRequest 1.0 1895305600', KEY, FOOT]],
    ['of version 2.0', 1, [HEAD.replace('1.0', '2.0'), KEY, FOOT]],
    ['a signed key response', 1, [HEAD.replace('KeySigningRequest', 'SignedKeyResponse'), FOOT]],
    ['not a whole header', 1, [';; KeySigningRequest 1.0', KEY, FOOT]],
    ['not known', 1, [HEAD.replace('KeyS', 'keys'), KEY, FOOT]],
    ['no time', 1, [HEAD.replace('20261122', '20261332'), KEY, FOOT]],
    ['after the last line', 4, [HEAD, KEY, FOOT, KEY]],
    ['before the first header', 1, [KEY, HEAD, KEY, FOOT]],
    ['no DNSKEY record', 1, [HEAD, FOOT]],
    ['has no bundle', 1, [FOOT]],
    ['there twice', 3, [HEAD, KEY, KEY, FOOT]],
    ['another TTL', 3, [HEAD, KEY, KEY.replace('3600', '60').replace('AAAA', 'BBBB'), FOOT]],
    ['record of other.', 2, [HEAD, KEY.replace('example', 'other'), FOOT]],
    ['no TTL', 2, [HEAD, KEY.replace('3600 ', ''), FOOT]],
    ['no TTL', 2, [HEAD, KEY.replace('3600', '4000000000'), FOOT]],
    ['no record of type DNSKEY', 2, [HEAD, KEY.replace('DNSKEY', 'CDNSKEY'), FOOT]],
    ["can't be read", 2, [HEAD, KEY.replace('AAAA', 'A*AA'), FOOT]],
    ['no owner', 2, [HEAD, `  ${KEY}`, FOOT]],
    ['( without its )', 3, [HEAD, `${KEY} (`]],
    [') without its (', 2, [HEAD, `${KEY} )`, FOOT]],
    ['between ( and )', 3, [HEAD, `${KEY} (`, HEAD, FOOT]],
    ['longer than', 2, [HEAD, KEY + 'A'.repeat(9000), FOOT]],
    ['more than 200', 202, [HEAD, ...many(201), FOOT]],
  ])('%s', (message, line, lines) => {
    const error = fault(...lines);
    expect(error.exitCode).toBe(3);
    const text = `${error.message} ${error.hint ?? ''}`;
    if (message === '( without its )') expect(text).toContain('between ( and )');
    else if (message === 'was cut off') expect(text).toContain('cut off');
    else expect(text).toContain(message);
    if (!['has no bundle', '( without its )', 'was cut off'].includes(message)) {
      expect(error.place).toMatchObject({ file: 'the.ksr', line });
    }
  });

  it.each(MAKERS)('broken files of %s: an error of ours or bundles, soon', (maker) => {
    const random = seeded(maker.length);
    let refused = 0;
    let runs = 0;
    for (const [kind, name] of [
      [KSR, 'request'],
      [SKR, 'response'],
    ] as const) {
      const whole = Buffer.from(golden(maker, name), 'latin1');
      for (const mutate of Object.values(MUTATIONS)) {
        for (let i = 0; i < 10; i++) {
          const broken = mutate(MUTATIONS['dropped line'](whole, random), random);
          const since = performance.now();
          try {
            runs++;
            parseBundles(kind, broken.toString('latin1'), 'f', ZONE);
          } catch (error) {
            if (!(error instanceof ZonewrightError)) throw error;
            expect(error.exitCode).toBe(3);
            refused++;
          }
          expect(performance.now() - since).toBeLessThan(2000);
        }
      }
    }
    expect(refused).toBeGreaterThan(runs / 10);
  });
});

/** Different records. */
function many(count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    return KEY.replace('AAAA', Buffer.from([0, i >> 8, i & 255]).toString('base64'));
  });
}
