/** The plan as data: names, phases, events with their reasons, rolls. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTime } from '#zonewright/config/time.js';
import { makePlan, type Plan, type PlanKey } from '#zonewright/keys/plan/model.js';
import { CASES, DAY, HOUR, key, NOW, pair, planFor, subject } from './subjects.js';

const time = (text: string): number => parseTime(text)!;
const byName = (plan: Plan, name: string): PlanKey =>
  plan.keys.find((one) => one.name === name) ?? expect.unreachable(`no ${name}`);
const told = (plan: Plan): string[] => plan.events.map(({ what }) => what);

describe('a ZSK roll', () => {
  const plan = planFor(subject(pair(), { kskLifetime: undefined }), 60);

  it('gives the new key its number and the old one its tag', () => {
    expect(plan.keys.map(({ name, tag }) => [name, tag])).toEqual([
      ['KSK 12345', 12345],
      ['ZSK 2345', 2345],
      ['ZSK 2', undefined],
    ]);
  });

  it('has the phases of both keys, which overlap', () => {
    const swap = time('2027-01-11T00:00:00Z');
    expect(byName(plan, 'ZSK 2345').phases).toEqual([
      { value: 'in-use', from: NOW, to: swap },
      { value: 'retiring', from: swap, to: swap + 50 * HOUR },
      { value: 'leaving', from: swap + 50 * HOUR, to: swap + 76 * HOUR },
      { value: 'gone', from: swap + 76 * HOUR, to: plan.until },
    ]);
    expect(byName(plan, 'ZSK 2').phases).toEqual([
      { value: 'coming', from: swap - 26 * HOUR, to: swap },
      { value: 'in-use', from: swap, to: plan.until },
    ]);
  });

  it('tells each step, why then, and who acts', () => {
    expect(plan.events.map(({ what, actor }) => [actor, what])).toEqual([
      ['zonewright', 'ZSK 2 is made and published, to take the place of ZSK 2345'],
      ['caches', 'every cache knows the DNSKEY of ZSK 2'],
      ['zonewright', 'ZSK 2 signs the zone instead of ZSK 2345'],
      ['caches', 'no cache holds the zone signatures by ZSK 2345 any more'],
      ['caches', 'every cache knows the zone signatures by ZSK 2'],
      ['zonewright', 'ZSK 2345 is withdrawn'],
      ['caches', 'no cache holds the DNSKEY of ZSK 2345 any more: the key is gone'],
    ]);
    expect(plan.events[0].why).toBe(
      'active + zsk-lifetime - propagation-delay - dnskey-ttl - safety-margin = 2026-10-13T00:00:00Z + P90D - PT1H - P1D - PT1H = 2027-01-09T22:00:00Z',
    );
    expect(plan.events[1].why).toBe(
      'published + propagation-delay + dnskey-ttl + safety-margin = 2027-01-09T22:00:00Z + PT1H + P1D + PT1H = 2027-01-11T00:00:00Z',
    );
  });

  it('is one roll', () => {
    expect(plan.episodes).toHaveLength(1);
    expect(plan.episodes[0]).toMatchObject({
      title: 'ZSK roll: ZSK 2345 → ZSK 2',
      isUnderWay: false,
      goesOn: false,
      keys: ['key-2345', 'future zsk 65536'],
    });
  });
});

describe('a KSK roll', () => {
  const plan = planFor(subject(pair(), { zskLifetime: undefined }), 250);

  it('asks the operator once, and marks what the parent does as assumed', () => {
    const acts = plan.events.filter(({ actor }) => actor === 'operator');
    expect(acts).toHaveLength(1);
    expect(acts[0]).toMatchObject({
      at: time('2027-05-06T00:00:00Z'),
      what: 'have the parent publish the DS of KSK 2 and remove that of KSK 12345',
      command: 'zonewright keys ds --zone com',
    });
    expect(plan.events.filter(({ assumed }) => assumed).map(({ at, what }) => [at, what])).toEqual([
      [
        time('2027-05-07T00:00:00Z'),
        'the parent has the DS of KSK 2 and no longer has the DS of KSK 12345',
      ],
    ]);
  });

  it('keeps the old key in use until the parent has acted', () => {
    expect(byName(plan, 'KSK 12345').phases[0].to).toBe(time('2027-05-07T00:00:00Z'));
    expect(byName(plan, 'KSK 2').phases.map(({ value, from }) => [value, from])).toEqual([
      ['coming', time('2027-05-04T22:00:00Z')],
      ['in-use', time('2027-05-07T00:00:00Z')],
    ]);
    const ds = byName(plan, 'KSK 2').records.find(({ record }) => record === 'ds');
    expect(ds?.states.map(({ value }) => [value.state, value.awaitsParent])).toEqual([
      ['hidden', false],
      ['rumoured', true],
      ['rumoured', false],
      ['omnipresent', false],
    ]);
  });

  it('of double DS adds the DS first and swaps the DNSKEYs', () => {
    const what = told(
      planFor(subject(pair(), { kskRoll: 'double-ds', zskLifetime: undefined }), 250),
    );
    expect(what).toContain('have the parent publish the DS of KSK 2 beside what it has');
    expect(what).toContain('KSK 2 is published instead of KSK 12345');
    expect(what).toContain('have the parent remove the DS of KSK 12345');
    expect(what.some((text) => text.includes('is withdrawn'))).toBe(false);
  });

  it('of a trust anchor asks nobody', () => {
    const plan = CASES['a trust anchor']();
    expect(plan.events.some(({ actor }) => actor === 'operator' || actor === 'parent')).toBe(false);
    expect(told(plan)).toContain('KSK 12345 is revoked (RFC 5011)');
    expect(told(plan)).toContain('every resolver that follows RFC 5011 trusts KSK 2');
  });
});

describe('other paths', () => {
  it('an algorithm roll is named so, and says why its order is as it is', () => {
    const plan = planFor(subject(pair({ algorithm: 8 })), 60);
    expect(plan.episodes.map(({ title }) => title)).toEqual([
      'Algorithm roll: RSASHA256 → ECDSAP256SHA256',
    ]);
    expect(plan.events[0]).toMatchObject({
      what: 'KSK 2 and ZSK 2 are made',
      why: 'the policy asks for ECDSAP256SHA256',
    });
    expect(told(plan)).toContain('ZSK 2 signs the zone, ahead of its DNSKEY');
    const withdrawn = plan.events.find(({ kind }) => kind === 'withdrawn');
    expect(withdrawn).toMatchObject({
      what: 'KSK 12345 and ZSK 2345 are withdrawn',
      why: 'signatures of an algorithm go after its DNSKEYs (RFC 6781 §4.1.4)',
    });
  });

  it('the first keys are number 1', () => {
    const plan = CASES['no keys yet']();
    expect(plan.episodes[0].title).toBe('The first keys: KSK 1 and ZSK 1');
    expect(plan.episodes[1].title).toBe('ZSK roll: ZSK 1 → ZSK 2');
  });

  it('a CSK in place of two keys, and going insecure', () => {
    expect(CASES['from KSK and ZSK to a CSK']().episodes[0].title).toContain('CSK 1');
    expect(CASES['going insecure']().episodes.map(({ title }) => title)).toEqual([
      'Going insecure: KSK 12345 and ZSK 2345 go',
    ]);
  });

  it('an emergency says what it breaks, and does not claim to have waited', () => {
    const plan = CASES['an emergency']();
    const breaks = plan.events.filter(({ kind }) => kind === 'breaks');
    expect(breaks[0]).toMatchObject({
      what: 'emergency: resolvers with old data fail to validate until 2026-11-23T02:00:00Z',
      why: expect.stringMatching(
        /^rule 2: the DS of KSK 2 leads to no key that signs the DNSKEY RRset until 2026-11-23T02:00:00Z \(changed \+ /,
      ),
    });
    expect(plan.events.find(({ actor }) => actor === 'operator')?.why).toContain('does not wait');
  });

  it('a parent that does nothing leaves the KSK roll open and the ZSK rolls apart', () => {
    const plan = CASES['a parent that does nothing']();
    expect(plan.waitsForParent).toBe(true);
    const ksk = plan.episodes.find(({ title }) => title.includes('KSK roll'));
    expect(ksk).toMatchObject({ waitsForParent: true });
    expect(plan.episodes.length).toBeGreaterThan(3);
  });

  it('what waits for the parent already is the first thing to do', () => {
    const waiting = key(54, 'ksk', 3 * DAY, {
      replaces: 'key-12345',
      records: {
        dnskey: { state: 'omnipresent', since: NOW - 2 * DAY },
        krrsig: { state: 'omnipresent', since: NOW - 2 * DAY },
        ds: { state: 'rumoured', since: NOW - HOUR },
      },
    });
    const plan = planFor(subject([...pair(), waiting]), 30);
    expect(plan.events[0]).toMatchObject({
      at: NOW,
      actor: 'operator',
      what: 'have the parent publish the DS of KSK 54, unless it does already',
      command: 'zonewright keys ds-seen --zone com --tag 54',
    });
    expect(plan.episodes[0].isUnderWay).toBe(true);
  });

  it('the names of keys are never those of others', () => {
    const plan = planFor(subject([key(2, 'zsk', 40 * DAY), key(12345, 'ksk', DAY)]), 365);
    const names = plan.keys.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain('ZSK 2');
    expect(names).toContain('ZSK 3');
  });

  it('commands quote what a shell would take apart', () => {
    const plan = planFor(subject(pair(), {}, [{ role: 'ksk', at: NOW }], 'a\\032$(b)'), 20);
    const { command } = plan.events.find(({ actor }) => actor === 'operator')!;
    expect(command).toBe("zonewright keys ds --zone 'a\\032$(b)'");
    const root = planFor(subject(pair(), {}, [{ role: 'ksk', at: NOW }], 'root'), 20);
    expect(root.events.find(({ actor }) => actor === 'operator')?.command).toBe(
      'zonewright keys ds --zone .',
    );
  });
});

/** What every plan keeps to. */
function checkPlan(plan: Plan): void {
  for (const { phases, records } of plan.keys) {
    for (const spans of [phases, ...records.map(({ states }) => states)]) {
      expect(spans.length).toBeGreaterThan(0);
      expect(spans[spans.length - 1].to).toBe(plan.until);
      for (const [i, span] of spans.entries()) {
        expect(span.to).toBeGreaterThanOrEqual(span.from);
        if (i > 0) expect(span.from).toBe(spans[i - 1].to);
      }
    }
  }
  const times = plan.events.map(({ at }) => at);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(plan.episodes.flatMap(({ events }) => events)).toEqual(plan.events);
  for (const { what, why } of plan.events) {
    expect(`${what} ${why}`).not.toMatch(/\bkey \d|future|undefined \(|NaN/);
  }
}

describe('every plan', () => {
  it.each(Object.entries(CASES))('%s', (_, make) => checkPlan(make()));

  it('of any policy', () => {
    const days = (from: number, to: number) =>
      fc.integer({ min: from, max: to }).map((n) => n * DAY);
    fc.assert(
      fc.property(
        fc.option(days(20, 400), { nil: undefined }),
        fc.option(days(20, 400), { nil: undefined }),
        fc.constantFrom('double-signature' as const, 'double-ds' as const),
        fc.constantFrom('parent' as const, 'rfc5011' as const),
        fc.boolean(),
        fc.constantFrom(0, DAY),
        fc.option(days(0, 9), { nil: undefined }),
        fc.integer({ min: 1, max: 400 }),
        (kskLifetime, zskLifetime, kskRoll, anchor, csk, interval, parentDelay, length) => {
          const one = subject(pair(), { kskLifetime, zskLifetime, kskRoll, anchor, csk });
          checkPlan(makePlan(one, { until: NOW + length * DAY, interval, parentDelay }));
        },
      ),
      { numRuns: 60 },
    );
  });
});
