/**
 * What the engine is told of a zone's policy: the configuration, and for each TTL the greater of
 * what is configured and what was seen in the world, for caches hold what was published and not
 * what was meant to be.
 */

import type { Policy, ZoneConfig } from '../../config/model.js';
import type { EnginePolicy, Times } from '../engine/model.js';
import { greatestTtl, type Lag, observeTtl } from '../engine/observed.js';
import type { KeyNote, TtlKind } from './note.js';

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
  const lags = {
    propagation: { seconds: policy.propagationDelay, name: 'propagation-delay' },
    parentPropagation: {
      seconds: policy.parentPropagationDelay,
      name: 'parent-propagation-delay',
    },
    margin: { seconds: policy.safetyMargin, name: 'safety-margin' },
  };
  const greatest = (kind: TtlKind, seconds: number, name: string) =>
    greatestTtl({ seconds, name }, note.seen[kind], now, lagOf(kind, lags));
  return {
    algorithms: policy.insecure ? [] : policy.algorithms,
    csk: policy.csk,
    kskLifetime: policy.kskLifetime,
    zskLifetime: policy.zskLifetime,
    kskRoll: policy.kskRoll,
    anchor: policy.trustAnchor ? 'rfc5011' : 'parent',
    times: {
      dnskeyTtl: greatest('dnskey', policy.dnskeyTtl, 'dnskey-ttl'),
      zoneTtl: greatest('zone', signed, 'largest TTL of the zone'),
      dsTtl: greatest('ds', policy.parentDsTtl, 'parent-ds-ttl'),
      ...lags,
    },
  };
}

/** Whose name servers lag behind: the zone's, or the parent's. */
function lagOf(kind: TtlKind, times: Omit<Times, `${TtlKind}Ttl`>): Lag {
  const { propagation, parentPropagation, margin } = times;
  return { propagation: kind === 'ds' ? parentPropagation : propagation, margin };
}

/** The note with TTLs that were seen, or published, at `now`; what no cache can hold is forgotten. */
export function noteTtls(
  note: KeyNote,
  seen: Readonly<Partial<Record<TtlKind, number>>>,
  { times }: EnginePolicy,
  now: number,
): KeyNote {
  const after = { ...note.seen };
  for (const kind of ['dnskey', 'zone', 'ds'] as const) {
    const seconds = seen[kind];
    if (seconds !== undefined) {
      after[kind] = observeTtl(note.seen[kind], seconds, now, lagOf(kind, times));
    }
  }
  return { ...note, seen: after };
}
