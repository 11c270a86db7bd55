/** The sample registry on later days: deterministic, about a hundredth changed a day. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sampleCommand } from '#zonewright/sample/sample.js';
import { tempFolder } from '../read/deposit.js';
import { readFacts } from '../read/registry-facts.js';

const DOMAINS = 20_000;

/** The NS and DS records of each delegation. */
type Delegations = Map<string, { ns: string; ds: string }>;

async function master(day: number | undefined): Promise<{ text: string; zone: Delegations }> {
  const out = join(tempFolder(), 'export');
  await sampleCommand({ domains: DOMAINS, out, format: 'master', zones: ['com'], day });
  const text = readFileSync(join(out, 'com.zone'), 'utf8');
  const zone: Delegations = new Map();
  for (const line of text.trimEnd().split('\n')) {
    const [owner, , , type, rdata] = line.split('\t');
    if ((type !== 'ns' && type !== 'ds') || owner === 'com.') continue;
    const entry = zone.get(owner) ?? { ns: '', ds: '' };
    entry[type] += `${rdata}\n`;
    zone.set(owner, entry);
  }
  return { text, zone };
}

function changes(before: Delegations, after: Delegations) {
  const names = [...after.keys()];
  const both = names.filter((name) => before.has(name));
  const of = (name: string) => [before.get(name), after.get(name)] as const;
  const ds = both.map(of).filter(([a, b]) => a?.ds !== b?.ds);
  return {
    added: names.length - both.length,
    removed: [...before.keys()].filter((name) => !after.has(name)).length,
    ns: both.map(of).filter(([a, b]) => a?.ns !== b?.ns).length,
    ds: ds.length,
    secured: ds.filter(([a]) => a?.ds === '').length,
    unsecured: ds.filter(([, b]) => b?.ds === '').length,
  };
}

const secure = (zone: Delegations): number => [...zone.values()].filter(({ ds }) => ds).length;

describe('a sample some days later', () => {
  it('is, on day 0, the sample', async () => {
    expect((await master(0)).text).toBe((await master(undefined)).text);
  });

  it('is the same each time, with a later serial', async () => {
    const one = await master(7);
    expect((await master(7)).text).toBe(one.text);
    expect(one.text.split('\n', 1)[0]).toContain(` ${1_795_305_600 + 7 * 86_400} `);
  });

  it.each([
    [0, 1],
    [1, 2],
    [500, 501],
  ])('has from day %i to day %i a hundredth changed', async (from, to) => {
    const [before, after] = [(await master(from)).zone, (await master(to)).zone];
    const { added, removed, ns, ds } = changes(before, after);
    // 0.25%, 0.25%, 0.5% of 95% of the names, and 1% of the secure ones.
    expect(added).toBe(removed);
    expect(added).toBeGreaterThan(DOMAINS * 0.0015);
    expect(ns).toBeGreaterThan(DOMAINS * 0.003);
    expect(ds).toBeGreaterThan(0);
    const share = (added + removed + ns + ds) / DOMAINS;
    expect(share).toBeGreaterThan(0.007);
    expect(share).toBeLessThan(0.013);
    expect(after.size).toBe(DOMAINS);
    expect(secure(after) / DOMAINS).toBeCloseTo(secure(before) / DOMAINS, 3);
  });

  it('has after many days no name twice, and DS gained and lost', async () => {
    const [before, after] = [(await master(0)).zone, (await master(300)).zone];
    expect(after.size).toBe(DOMAINS);
    const { secured, unsecured } = changes(before, after);
    expect(secured).toBeGreaterThan(10);
    expect(unsecured).toBeGreaterThan(10);
    expect(secure(after) / DOMAINS).toBeCloseTo(0.047, 2);
  });

  it('as a deposit is read without a reject, with the registry objects of the new names', async () => {
    const out = join(tempFolder(), 'export');
    await sampleCommand({ domains: 2500, out, day: 400 });
    const { rejects, warnings, result } = await readFacts(out, ['com', 'net']);
    expect([rejects, warnings]).toEqual([[], []]);
    expect(result).toMatchObject({ domains: 2500 });
    const roids = readFileSync(join(out, 'com-net_domain.csv'), 'utf8').match(/^D\d+_1-ZW,/gm);
    // All ordinary names have changed hands once in 400 days.
    expect(roids).toHaveLength(2500 - 3 * 50);
    expect(readFileSync(join(out, 'com-net_deposit.xml'), 'utf8')).toContain(
      '2027-12-27T00:00:00Z',
    );
  });

  it('refuses days that can not be', async () => {
    const out = join(tempFolder(), 'x');
    for (const day of [-1, 0.5, 14_601]) {
      await expect(sampleCommand({ domains: 50, out, day })).rejects.toMatchObject({ exitCode: 2 });
    }
  });
});
