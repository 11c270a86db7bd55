/**
 * What the engine is told of a zone's policy: the configuration, and for each TTL the greater of
 * what is configured and what was seen in the world, for caches hold what was published and not
 * what was meant to be.
 */

import type { Policy, ZoneConfig } from '../../config/config.js';
import type { EnginePolicy, Measure } from '../engine/model.js';
import type { KeyNote, SeenTtl, TtlKind } from './note.js';

/** What is needed of a zone's configuration; the TTLs are those of signed RRsets at the apex. */
export type ZoneTtls = Pick<ZoneConfig, 'soa' | 'nsTtl' | 'dsTtl'>;

/** The engine's policy at `now`. */
export function enginePolicy(
  policy: Policy,
  zone: ZoneTtls,
  note: KeyNote,
  now: number,
): EnginePolicy {
  const { soa, nsTtl, dsTtl } = zone;
  const signed = Math.max(nsTtl, dsTtl, soa?.ttl ?? 0, policy.dnskeyTtl);
  return {
    algorithms: policy.insecure ? [] : policy.algorithms,
    csk: policy.csk,
    kskLifetime: policy.kskLifetime,
    zskLifetime: policy.zskLifetime,
    kskRoll: policy.kskRoll,
    anchor: policy.trustAnchor ? 'rfc5011' : 'parent',
    times: {
      dnskeyTtl: greater({ seconds: policy.dnskeyTtl, name: 'dnskey-ttl' }, note.seen.dnskey, now),
      zoneTtl: greater({ seconds: signed, name: 'largest TTL of the zone' }, note.seen.zone, now),
      dsTtl: greater({ seconds: policy.parentDsTtl, name: 'parent-ds-ttl' }, note.seen.ds, now),
      propagation: { seconds: policy.propagationDelay, name: 'propagation-delay' },
      parentPropagation: {
        seconds: policy.parentPropagationDelay,
        name: 'parent-propagation-delay',
      },
      margin: { seconds: policy.safetyMargin, name: 'safety-margin' },
    },
  };
}

function greater(configured: Measure, seen: readonly SeenTtl[], now: number): Measure {
  const most = seen
    .filter((one) => isHeld(one, now))
    .reduce((max, { seconds }) => Math.max(max, seconds), 0);
  return most > configured.seconds
    ? { seconds: most, name: `${configured.name} as seen` }
    : configured;
}

/** How much longer than its TTL something that was seen counts: for what came after the look. */
const GRACE = 7 * 86_400;

/** May a cache hold data with this TTL? */
function isHeld({ seconds, lastSeen }: SeenTtl, now: number): boolean {
  return lastSeen + seconds + GRACE > now;
}

/** The note with TTLs that were seen at `now`; what no cache can hold is forgotten. */
export function noteTtls(
  note: KeyNote,
  seen: Readonly<Partial<Record<TtlKind, number>>>,
  now: number,
): KeyNote {
  const after = { ...note.seen };
  for (const kind of ['dnskey', 'zone', 'ds'] as const) {
    const seconds = seen[kind];
    const held = note.seen[kind].filter((one) => isHeld(one, now) && one.seconds !== seconds);
    after[kind] = seconds === undefined ? held : [...held, { seconds, lastSeen: now }];
  }
  return { ...note, seen: after };
}
