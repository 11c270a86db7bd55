/** Zones to plan for: keys at rest, and policies with round numbers. */

import type {
  EngineKey,
  EnginePolicy,
  RecordName,
  ZoneKeys,
} from '#zonewright/keys/engine/model.js';
import { recordsOf } from '#zonewright/keys/engine/model.js';
import { makePlan, type Plan, type PlanSubject } from '#zonewright/keys/plan/model.js';
import type { Role } from '#zonewright/keys/statefile.js';

export const HOUR = 3600;
export const DAY = 24 * HOUR;
/** 2026-11-22T00:00:00Z, a Sunday. */
export const NOW = Date.UTC(2026, 10, 22) / 1000;

export function policy(more: Partial<EnginePolicy> = {}): EnginePolicy {
  return {
    algorithms: [13],
    csk: false,
    kskLifetime: 365 * DAY,
    zskLifetime: 90 * DAY,
    kskRoll: 'double-signature',
    anchor: 'parent',
    times: {
      dnskeyTtl: { seconds: DAY, name: 'dnskey-ttl' },
      zoneTtl: { seconds: 2 * DAY, name: 'largest TTL of the zone' },
      dsTtl: { seconds: DAY, name: 'parent-ds-ttl' },
      propagation: { seconds: HOUR, name: 'propagation-delay' },
      parentPropagation: { seconds: HOUR, name: 'parent-propagation-delay' },
      margin: { seconds: HOUR, name: 'safety-margin' },
    },
    ...more,
  };
}

/** A key that has been in use for `age` seconds, known to all caches. */
export function key(
  tag: number,
  role: Role,
  age: number,
  more: Partial<EngineKey> = {},
): EngineKey {
  const since = NOW - age;
  const records: Partial<Record<RecordName, { state: 'omnipresent'; since: number }>> = {};
  for (const record of recordsOf(role)) records[record] = { state: 'omnipresent', since };
  return {
    id: `key-${tag}`,
    tag,
    algorithm: 13,
    role,
    goal: 'omnipresent',
    records,
    created: since,
    active: since,
    ...more,
  };
}

/** A KSK that is 200 days old and a ZSK that is 40 days old. */
export const pair = (more: Partial<EngineKey> = {}): EngineKey[] => [
  key(12345, 'ksk', 200 * DAY, more),
  key(2345, 'zsk', 40 * DAY, more),
];

export const subject = (
  keys: readonly EngineKey[],
  more: Partial<EnginePolicy> = {},
  rolls: ZoneKeys['rolls'] = [],
  zoneLabel = 'com',
): PlanSubject => ({ zoneLabel, zone: { keys, rolls }, policy: policy(more), now: NOW });

/** The plan of a subject for a number of days, with a parent that takes a day. */
export const planFor = (
  one: PlanSubject,
  days: number,
  parentDelay: number | undefined = DAY,
): Plan => makePlan(one, { until: NOW + days * DAY, interval: 0, parentDelay });

/** One zone for each way that a plan can go. */
export const CASES: Readonly<Record<string, () => Plan>> = {
  'ZSK rolls in two years': () => planFor(subject(pair(), { kskLifetime: undefined }), 730),
  'KSK and ZSK rolls in three years': () => planFor(subject(pair()), 1095),
  'double DS': () => planFor(subject(pair(), { kskRoll: 'double-ds' }), 365),
  'an algorithm roll': () => planFor(subject(pair({ algorithm: 8 })), 90),
  'a CSK': () => planFor(subject([key(777, 'csk', 200 * DAY)], { csk: true }), 730),
  'from KSK and ZSK to a CSK': () => planFor(subject(pair(), { csk: true }), 365),
  'a trust anchor': () =>
    planFor(
      subject(pair(), { anchor: 'rfc5011' }, [{ role: 'ksk', at: NOW + 20 * DAY }], 'root'),
      365,
    ),
  'no keys yet': () => planFor(subject([]), 180),
  'no keys and none wanted': () => planFor(subject([], { algorithms: [] }), 180),
  'unlimited lifetimes': () =>
    planFor(subject(pair(), { kskLifetime: undefined, zskLifetime: undefined }), 730),
  'two weeks': () => planFor(subject(pair(), {}, [{ role: 'ksk', at: NOW + DAY }]), 14),
  'ZSKs of two weeks': () => planFor(subject(pair(), { zskLifetime: 14 * DAY }), 730),
  'going insecure': () => planFor(subject(pair(), { algorithms: [] }), 30),
  'an emergency': () =>
    planFor(subject(pair(), {}, [{ role: 'ksk', at: NOW, emergency: true }]), 365),
  'a parent that does nothing': () =>
    makePlan(subject(pair()), { until: NOW + 365 * DAY, interval: 0, parentDelay: undefined }),
  'nightly builds': () =>
    makePlan(subject(pair()), { until: NOW + 365 * DAY, interval: DAY, parentDelay: DAY }),
};
