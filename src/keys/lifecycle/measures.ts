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
  const seen = (kind: TtlKind): number[] => heldTtls(note, kind, now).map(({ seconds }) => seconds);
  return {
    algorithms: policy.insecure ? [] : policy.algorithms,
    csk: policy.csk,
    kskLifetime: policy.kskLifetime,
    zskLifetime: policy.zskLifetime,
    kskRoll: policy.kskRoll,
    anchor: policy.trustAnchor ? 'rfc5011' : 'parent',
    times: {
      dnskeyTtl: greater({ seconds: policy.dnskeyTtl, name: 'dnskey-ttl' }, seen('dnskey')),
      zoneTtl: greater({ seconds: signed, name: 'largest TTL of the zone' }, seen('zone')),
      dsTtl: greater({ seconds: policy.parentDsTtl, name: 'parent-ds-ttl' }, seen('ds')),
      propagation: { seconds: policy.propagationDelay, name: 'propagation-delay' },
      parentPropagation: {
        seconds: policy.parentPropagationDelay,
        name: 'parent-propagation-delay',
      },
      margin: { seconds: policy.safetyMargin, name: 'safety-margin' },
    },
  };
}

function greater(configured: Measure, seen: readonly number[]): Measure {
  const most = Math.max(0, ...seen);
  return most > configured.seconds
    ? { seconds: most, name: `${configured.name} as seen` }
    : configured;
}

/** How much longer than its TTL something that was seen counts: for what came after the look. */
const GRACE = 7 * 86_400;

/** May a cache hold data with this TTL, which was not seen again since? */
function isHeld({ seconds, lastSeen }: SeenTtl, now: number): boolean {
  return lastSeen + seconds + GRACE > now;
}

/** TTLs of the zone's own records: the one noted last is that of the zone that is published. */
const isOwn = (kind: TtlKind): boolean => kind !== 'ds';

/** What was seen of a kind and may be in caches at `now`: what is published is, however old. */
function heldTtls({ seen }: KeyNote, kind: TtlKind, now: number): readonly SeenTtl[] {
  const all = seen[kind];
  return all.flatMap((one, i) => {
    if (isOwn(kind) && i === all.length - 1) return [{ ...one, lastSeen: now }];
    return isHeld(one, now) ? [one] : [];
  });
}

/**
 * The note with TTLs that were seen, or published, at `now`; what no cache can hold is forgotten.
 * What was published before counts as seen until now: name servers had it all the while.
 */
export function noteTtls(
  note: KeyNote,
  seen: Readonly<Partial<Record<TtlKind, number>>>,
  now: number,
): KeyNote {
  const after = { ...note.seen };
  for (const kind of ['dnskey', 'zone', 'ds'] as const) {
    const seconds = seen[kind];
    const held = heldTtls(note, kind, now);
    after[kind] =
      seconds === undefined
        ? held
        : [...held.filter((one) => one.seconds !== seconds), { seconds, lastSeen: now }];
  }
  return { ...note, seen: after };
}
