/** How long the world remembers: the greater of what is configured and what was published or seen. */
import { describe, expect, it } from 'vitest';
import { parseConfig } from '#zonewright/config/config.js';
import { enginePolicy, noteTtls } from '#zonewright/keys/lifecycle/measures.js';
import { type KeyNote, NO_NOTE } from '#zonewright/keys/lifecycle/note.js';
import { DAY, NOW } from '../helpers.js';

const { zones } = parseConfig(
  `[source]
format = "master"
path = "example.zone"
[policy.p]
dnskey-ttl = "PT1H"
parent-ds-ttl = "PT1H"
[[zones]]
name = "example"
policy = "p"
ns-ttl = 3600
ds-ttl = 3600
`,
  'zonewright.toml',
);
const [zone] = zones as [(typeof zones)[number]];

function look(note: KeyNote, seen: Parameters<typeof noteTtls>[1], now: number): KeyNote {
  return noteTtls(note, seen, enginePolicy(zone.policy, zone, note, now), now);
}

function timesAt(note: KeyNote, now: number): readonly number[] {
  const { times } = enginePolicy(zone.policy, zone, note, now);
  return [times.dnskeyTtl, times.zoneTtl, times.dsTtl].map(({ seconds }) => seconds);
}

describe('TTLs that were seen', () => {
  it('count as long as they are published, and until caches have let go of them', () => {
    const note = look(NO_NOTE, { dnskey: 2 * DAY, zone: 3 * DAY }, NOW);
    expect(timesAt(NO_NOTE, NOW)).toEqual([3600, 3600, 3600]);
    // Published until the next build, be it when it may.
    for (const days of [0, 1, 100]) {
      expect(timesAt(note, NOW + days * DAY)).toEqual([2 * DAY, 3 * DAY, 3600]);
    }
    const later = look(note, { dnskey: 60, zone: 60 }, NOW + 100 * DAY);
    expect(timesAt(later, NOW + 102 * DAY)).toEqual([2 * DAY, 3 * DAY, 3600]);
    expect(timesAt(later, NOW + 120 * DAY)).toEqual([3600, 3600, 3600]);
    const forgotten = look(later, { dnskey: 60, zone: 60 }, NOW + 120 * DAY);
    expect(forgotten.seen.zone).toEqual([{ seconds: 60, lastSeen: NOW + 120 * DAY }]);
  });

  it('of the parent count until a later look finds another, and caches have let go of them', () => {
    const note = look(NO_NOTE, { ds: 4 * DAY }, NOW);
    expect(timesAt(note, NOW + 20 * DAY)[2]).toBe(4 * DAY);
    const later = look(note, { ds: 60 }, NOW + 20 * DAY);
    expect(timesAt(later, NOW + 24 * DAY)[2]).toBe(4 * DAY);
    expect(timesAt(later, NOW + 25 * DAY)[2]).toBe(3600);
  });
});
