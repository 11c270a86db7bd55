/**
 * The walk by ranges finds the same as a walk in one piece, wherever the ranges begin; and the
 * names that need an NSEC3 are those of a plain definition.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareBytes, keyFromName, nameFromText } from '#zonewright/names/name.js';
import { MasterParser } from '#zonewright/read/master-parser.js';
import { EntryWriter } from '#zonewright/records/entry.js';
import { splitRanges } from '#zonewright/sort/ranges.js';
import { sortRun } from '#zonewright/sort/run.js';
import { createPool } from '#zonewright/threads/pool.js';
import { readApex } from '#zonewright/verify/apex.js';
import { FaultList } from '#zonewright/verify/faults.js';
import {
  addFingerprint,
  emptyFingerprint,
  fingerprintKey,
  isBalanced,
} from '#zonewright/verify/fingerprint.js';
import { NonTerminals } from '#zonewright/verify/non-terminals.js';
import { openKeys } from '#zonewright/verify/open-keys.js';
import { rangeStart } from '#zonewright/verify/range-start.js';
import { RangeWalker } from '#zonewright/verify/walk.js';
import { BROKEN, type Denial, goodZone } from './broken.js';
import { check, faultsOf, sameInRanges } from './check.js';
import {
  cutsOf,
  isSigned,
  type Key,
  makeKey,
  nsec3Chain,
  nsecChain,
  type Rec,
  rrsets,
  signRRset,
  zoneText,
} from './plain-signer.js';

const DENIALS: readonly Denial[] = ['nsec', 'nsec3', 'opt-out'];

describe('verify in ranges', () => {
  it.each(DENIALS)('accepts the good zone with %s', async (denial) => {
    const text = goodZone(denial);
    expect((await check(text)).faults).toEqual([]);
    await sameInRanges(text);
  });

  // What a range can't see alone: chains, subtrees, hashes. All of the set is in the slow tests.
  const across = BROKEN.filter(({ title }) =>
    /hole|chain|half-way|tied|no glue|below a/.test(title),
  );

  it.each(across.map((one) => [one.title, one] as const))('finds the same: %s', async (_, one) => {
    await sameInRanges(one.make().text);
  });

  it('finds the same in threads', async () => {
    const pool = createPool(2);
    try {
      for (const denial of DENIALS) {
        const text = goodZone(denial);
        expect((await check(text, 'example', { pool, rangeOwners: 3 })).faults).toEqual([]);
      }
      const broken = BROKEN.filter(({ title }) => /hole|corrupted|ZONEMD|glue/.test(title));
      expect(broken.length).toBeGreaterThan(5);
      for (const one of broken) {
        const { text } = one.make();
        const threads = await check(text, 'example', { pool, rangeOwners: 2 });
        expect(faultsOf(threads)).toEqual(faultsOf(await check(text)));
      }
    } finally {
      await pool.close();
    }
  });
});

// ---- random zones ------------------------------------------------------------------------

const KEYS: readonly Key[] = [makeKey(257), makeKey(256)];
const DS = `1 13 2 ${'ab'.repeat(32)}`;

/** A zone in which every name is a delegation (secure or not) or holds data. */
function randomZone(names: ReadonlyMap<string, 'secure' | 'insecure' | 'data'>): Rec[] {
  const rec = (owner: string, type: string, rdata: string): Rec => {
    return { owner, ttl: 3600, type, rdata };
  };
  const records = [
    rec('example.', 'SOA', 'ns.elsewhere.test. h.example. 1 1800 900 604800 900'),
    rec('example.', 'NS', 'ns.elsewhere.test.'),
    ...KEYS.map((key) => rec('example.', 'DNSKEY', key.dnskey)),
  ];
  const isCut = (name: string): boolean => ['secure', 'insecure'].includes(names.get(name) ?? '');
  for (const [name, what] of names) {
    const above = name.split('.').map((_, i, labels) => labels.slice(i + 1).join('.'));
    if (above.some(isCut)) continue;
    if (what === 'data') records.push(rec(name, 'TXT', '"x"'));
    else records.push(rec(name, 'NS', 'ns.elsewhere.test.'));
    if (what === 'secure') records.push(rec(name, 'DS', DS));
  }
  return records;
}

function signed(
  contents: readonly Rec[],
  denial: Denial,
  change = (chain: Rec[]) => chain,
): string {
  const param: Rec = { owner: 'example.', ttl: 0, type: 'NSEC3PARAM', rdata: '1 0 0 -' };
  const records = denial === 'nsec' ? [...contents] : [...contents, param];
  const optOut = denial === 'opt-out';
  records.push(
    ...(denial === 'nsec'
      ? nsecChain(records, 'example.', 900)
      : change(nsec3Chain(records, 'example.', { optOut, ttl: 900 }))),
  );
  const cuts = cutsOf(records, 'example.');
  for (const rrset of rrsets(records)) {
    const [first] = rrset;
    if (!isSigned(first, 'example.', cuts)) continue;
    records.push(signRRset(rrset, 'example.', KEYS[first.type === 'DNSKEY' ? 0 : 1]));
  }
  return zoneText(records);
}

const label = fc.constantFrom('a', 'b', 'b-', 'c', 'ab');
const name = fc
  .array(label, { minLength: 1, maxLength: 4 })
  .map((labels) => `${labels.join('.')}.example.`);
const names = fc.dictionary(name, fc.constantFrom('secure', 'insecure', 'data'), {
  minKeys: 1,
  maxKeys: 12,
});

describe('verify of random zones', () => {
  it.each(DENIALS)('accepts them with %s, in any ranges', async (denial) => {
    await fc.assert(
      fc.asyncProperty(names, fc.integer({ min: 1, max: 6 }), async (zone, rangeOwners) => {
        const text = signed(randomZone(new Map(Object.entries(zone))), denial);
        const report = await check(text, 'example', { rangeOwners });
        expect(faultsOf(report)).toEqual([]);
      }),
      { numRuns: 15 },
    );
  });

  it('accepts an opt-out chain with every name in it (RFC 5155 section 7.1)', async () => {
    await fc.assert(
      fc.asyncProperty(names, fc.integer({ min: 1, max: 6 }), async (zone, rangeOwners) => {
        const flagged = (chain: Rec[]): Rec[] =>
          chain.map((record) => ({ ...record, rdata: record.rdata.replace(/^1 0/, '1 1') }));
        const text = signed(randomZone(new Map(Object.entries(zone))), 'nsec3', flagged);
        const report = await check(text, 'example', { rangeOwners });
        expect(faultsOf(report)).toEqual([]);
      }),
      { numRuns: 10 },
    );
  });

  it('misses no name that a chain lacks', async () => {
    await fc.assert(
      fc.asyncProperty(names, fc.nat(), async (zone, pick) => {
        const drop = (chain: Rec[]): Rec[] => {
          const i = pick % chain.length;
          return chain.filter((_, k) => k !== i || chain.length === 1);
        };
        const contents = randomZone(new Map(Object.entries(zone)));
        const report = await check(signed(contents, 'nsec3', drop), 'example', { rangeOwners: 2 });
        // The hole is seen twice: nobody points there, and the name has no record.
        expect(report.faultsByCode['wrong-nsec3-next']).toBe(1);
        const lacking =
          (report.faultsByCode['missing-nsec3'] ?? 0) +
          (report.faultsByCode['unlawful-opt-out'] ?? 0);
        expect(lacking).toBe(1);
      }),
      { numRuns: 15 },
    );
  });
});

/** The names and the NSEC3 records of a zone, added up over ranges. */
async function fingerprintOf(text: string, rangeOwners: number): Promise<Int32Array> {
  const zone = nameFromText('example');
  const writer = new EntryWriter();
  const parser = new MasterParser(
    { apex: zone, dropDnssec: false },
    { writer, reject: () => undefined },
  );
  const state = { origin: zone, ttl: -1, lastTtl: -1, owner: undefined };
  parser.parse(new TextEncoder().encode(text), 0, state, true);
  const runs = [sortRun(writer)];
  const faults = new FaultList(zone, 100, []);
  const { context } = readApex(
    runs,
    {
      apex: zone,
      now: Math.floor(Date.now() / 1000),
      engine: 'openssl',
      maxErrors: 100,
      tolerated: [],
      fingerprintKey: fingerprintKey(),
    },
    faults,
  );
  const walker = new RangeWalker(context, { ...(await openKeys(context)), runs });
  const sum = emptyFingerprint();
  for (const range of splitRanges(runs, rangeOwners, (key) => rangeStart(runs, key))) {
    addFingerprint(sum, walker.walk(range, context.optOut ? 'check' : 'check-all').fingerprint);
  }
  return sum;
}

describe('fingerprints of ranges', () => {
  it.each(['nsec3', 'opt-out'] as const)('fit in zones with %s, wherever ranges begin', (denial) =>
    fc.assert(
      fc.asyncProperty(names, fc.integer({ min: 1, max: 6 }), async (zone, rangeOwners) => {
        const contents = randomZone(new Map(Object.entries(zone)));
        const text = signed(contents, denial);
        expect(isBalanced(await fingerprintOf(text, rangeOwners))).toBe(true);
        let links = 0;
        const lost = signed(contents, denial, (chain) => {
          links = chain.length;
          return chain.slice(1);
        });
        // Without any record there is no chain that could be followed.
        if (links > 1) expect(isBalanced(await fingerprintOf(lost, rangeOwners))).toBe(false);
      }),
      { numRuns: 25 },
    ),
  );
});

describe('NonTerminals', () => {
  it('finds what the definition says, whatever goes by', () => {
    fc.assert(
      fc.property(fc.dictionary(name, fc.boolean(), { minKeys: 1 }), (zone) => {
        const apex = nameFromText('example');
        const text = new Map<string, string>();
        const keys = Object.keys(zone).map((owner) => {
          const key = keyFromName(nameFromText(owner), apex);
          text.set(key.toString(), owner);
          return { key, owner };
        });
        keys.sort((a, b) => compareBytes(a.key, 0, a.key.length, b.key, 0, b.key.length));

        const expected = new Map<string, boolean>();
        for (const owner of Object.keys(zone)) {
          const labels = owner.split('.').slice(0, -2);
          for (let i = 1; i < labels.length; i++) {
            const up = `${labels.slice(i).join('.')}.example.`;
            if (up in zone) continue;
            expected.set(up, (expected.get(up) ?? false) || (zone[owner] as boolean));
          }
        }
        const found = new Map<string, boolean>();
        const walk = new NonTerminals(
          () => false,
          (key, start, end, must) => {
            const up = key.slice(start, end).toString();
            found.set(up, (found.get(up) ?? false) || must);
          },
        );
        walk.restart();
        for (const { key, owner } of keys) walk.visit(key, 0, key.length, zone[owner] as boolean);
        const asKeys = [...expected].map(([owner, must]): [string, boolean] => [
          keyFromName(nameFromText(owner), apex).toString(),
          must,
        ]);
        expect([...found].sort()).toEqual(asKeys.sort());
      }),
    );
  });
});
