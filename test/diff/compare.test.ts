/** Comparing zones: names, delegations, order, ranges and threads. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareZones, type DiffCounts } from '#zonewright/diff/compare.js';
import { nameFromText } from '#zonewright/names/name.js';
import { readMaster } from '#zonewright/read/master.js';
import { createPlaces } from '#zonewright/read/places.js';
import type { Run } from '#zonewright/sort/run.js';
import { createPool, type Pool } from '#zonewright/threads/pool.js';

const APEX = nameFromText('com.');
const inline = createPool(0);
const text = new TextDecoder();

async function runsOf(lines: readonly string[], pool: Pool = inline): Promise<readonly Run[]> {
  const bytes = new TextEncoder().encode(lines.map((line) => `${line}\n`).join(''));
  const facts = await readMaster('zone', {
    apex: APEX,
    dropDnssec: true,
    pool,
    places: createPlaces(),
    reject: (reject) => {
      throw new Error(reject.reason);
    },
    source: (async function* () {
      yield bytes;
    })(),
  });
  return facts.runs;
}

async function marked(
  older: readonly string[],
  newer: readonly string[],
  entries?: number,
  pool: Pool = inline,
): Promise<{ lines: string[]; counts: DiffCounts }> {
  let out = '';
  const counts = await compareZones(
    await runsOf(older, pool),
    await runsOf(newer, pool),
    APEX,
    pool,
    'marked',
    {
      first: (bytes) => {
        out += text.decode(bytes);
      },
    },
    entries,
  );
  return { lines: out.split('\n').slice(0, -1), counts };
}

const SOA = (serial: number) => `com. 900 in soa a.nic.com. b.nic.com. ${serial} 1 2 3 4`;
const ZONE = [
  SOA(1),
  'com. 900 in ns a.nic.com.',
  'a.com. 900 in ns ns1.a.com.',
  'a.com. 900 in ns ns.b.com.',
  'a.com. 900 in ds 1 13 2 0000000000000000000000000000000000000000000000000000000000000000',
  'ns1.a.com. 900 in a 192.0.2.1',
  'ns1.a.com. 900 in aaaa 2001:db8::1',
  'b.com. 900 in ns ns.b.com.',
  'ns.b.com. 900 in a 192.0.2.2',
  'nic.com. 900 in txt "mine"',
];
const change = (from: string, to: string): string[] =>
  ZONE.map((line) => (line === from ? to : line)).filter((line) => line !== '');

describe('names', () => {
  it('a zone does not differ from itself in another order, with another serial, or signed', async () => {
    const other = [
      SOA(2),
      ...ZONE.slice(1).reverse(),
      ZONE[1],
      'com. 900 in nsec a.com. ns soa rrsig nsec',
    ];
    expect(await marked(ZONE, other)).toMatchObject({
      lines: [],
      counts: { oldDelegations: 2, newDelegations: 2, added: 0, removed: 0, changed: 0 },
    });
  });

  it('everything is added to an empty zone and removed from it, a delegation once', async () => {
    const names = ['com.', 'a.com.', 'b.com.', 'nic.com.'];
    expect((await marked([], ZONE)).lines).toEqual(names.map((name) => `+ ${name}`));
    const gone = await marked(ZONE, []);
    expect(gone.lines).toEqual(names.map((name) => `- ${name}`));
    expect(gone.counts).toMatchObject({ removed: 4, delegationsRemoved: 2, oldDelegations: 2 });
  });

  it.each([
    ['ns', change(ZONE[3], ''), '~ a.com.', 1],
    ['ds', change(ZONE[4], ''), '~ a.com.', 1],
    ['glue', change(ZONE[6], 'ns1.a.com. 900 in aaaa 2001:db8::2'), '~ a.com.', 0],
    ['data', change(ZONE[9], 'nic.com. 900 in txt "yours"'), '~ nic.com.', 0],
    ['ttl', change(ZONE[7], 'b.com. 901 in ns ns.b.com.'), '~ b.com.', 0],
    ['data', change(SOA(1), SOA(1).replace(' 4', ' 5')), '~ com.', 0],
  ])('a change of %s', async (kind, newer, line, delegationsChanged) => {
    const { lines, counts } = await marked(ZONE, newer as string[]);
    expect(lines).toEqual([line]);
    expect(counts).toMatchObject({ changed: 1, delegationsChanged });
    const kinds = { ns: 0, ds: 1, glue: 2, data: 3, ttl: 4 };
    expect(counts.kinds.map((n, i) => (n > 0 ? i : -1)).filter((i) => i >= 0)).toEqual([
      kinds[kind as keyof typeof kinds],
    ]);
  });

  it('a name that ceases to be delegated changes, and what was its glue is a name', async () => {
    const { lines, counts } = await marked(
      ['b.com. 900 in ns ns.b.com.', 'ns.b.com. 900 in a 192.0.2.2'],
      ['b.com. 900 in txt "x"', 'ns.b.com. 900 in a 192.0.2.2'],
    );
    expect(lines).toEqual(['~ b.com.', '+ ns.b.com.']);
    expect(counts).toMatchObject({ delegationsRemoved: 1, delegationsChanged: 0, changed: 1 });
  });
});

describe('delegations', () => {
  it('those added and removed are listed apart, as names with a final dot', async () => {
    let added = '';
    let removed = '';
    const older = [...ZONE, 'old.com. 900 in ns ns.b.com.', 'x.nic.com. 900 in txt "x"'];
    const newer = [...ZONE, 'new.com. 900 in ns ns.b.com.', 'new2.com. 900 in ns ns.b.com.'];
    const counts = await compareZones(
      await runsOf(older),
      await runsOf(newer),
      APEX,
      inline,
      'delegations',
      {
        first: (bytes) => {
          added += text.decode(bytes);
        },
        second: (bytes) => {
          removed += text.decode(bytes);
        },
      },
    );
    expect(added).toBe('new.com.\nnew2.com.\n');
    expect(removed).toBe('old.com.\n');
    expect(counts).toMatchObject({
      oldDelegations: 3,
      newDelegations: 4,
      delegationsAdded: 2,
      delegationsRemoved: 1,
      delegationsChanged: 0,
    });
  });
});

describe('ranges and threads', () => {
  const zone = fc.uniqueArray(
    fc.tuple(
      fc.constantFrom('a', 'b', 'c', 'ns.a', 'ns.b', 'x.ns.a', 'aa', 'a-b', 'b\\001', 'b\\000c'),
      fc.constantFrom('ns ns.a.com.', 'ns ns.b.com.', 'a 192.0.2.1', 'txt x'),
    ),
    { selector: (pair) => pair.join(' '), maxLength: 20 },
  );
  const lines = (pairs: readonly (readonly [string, string])[]) =>
    pairs.map(([owner, rest]) => `${owner}.com. 900 in ${rest}`);

  it('the result does not depend on where the ranges are cut', async () => {
    await fc.assert(
      fc.asyncProperty(zone, zone, async (a, b) => {
        const whole = await marked(lines(a), lines(b), 1 << 20);
        expect(await marked(lines(a), lines(b), 1)).toEqual(whole);
      }),
    );
  });

  it('what is added one way is removed the other', async () => {
    await fc.assert(
      fc.asyncProperty(zone, zone, async (a, b) => {
        const there = await marked(lines(a), lines(b), 1);
        const back = await marked(lines(b), lines(a), 1);
        const swap = { '+': '-', '-': '+', '~': '~' };
        const mirrored = there.lines.map((line) => swap[line[0] as '+'] + line.slice(1));
        expect(back.lines).toEqual(mirrored);
      }),
    );
  });

  it('threads give the same lines, in canonical order', async () => {
    const pool = createPool(2);
    try {
      const names = Array.from({ length: 20_000 }, (_, i) => `n${i}`);
      const older = names.map((n) => `${n}.com. 900 in ns ns.${n}.com.`);
      const newer = names.filter((_, i) => i % 100 !== 0).map((n) => `${n}.com. 900 in ns x.net.`);
      const { lines: out, counts } = await marked(older, newer, 500, pool);
      const order = [...names].sort((a, b) => (a < b ? -1 : 1));
      const expected = order.map((n) => `${Number(n.slice(1)) % 100 === 0 ? '-' : '~'} ${n}.com.`);
      expect(out).toEqual(expected);
      expect(counts).toMatchObject({ removed: 200, changed: 19_800, oldDelegations: 20_000 });
    } finally {
      await pool.close();
    }
  });
});
