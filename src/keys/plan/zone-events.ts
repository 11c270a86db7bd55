/** Events in the zone: keys that are published, sign, are revoked and withdrawn. */

import {
  type EngineKey,
  type EnginePolicy,
  hasKeyRole,
  hasZoneRole,
  isPresent,
  stateOf,
} from '../engine/model.js';
import { areOf, came, type EventContext, ids, type Pair, type PlanEvent } from './event.js';

/** Changes of the key that signs the zone. */
export function signingEvents(
  pairs: readonly Pair[],
  at: number,
  { names }: EventContext,
): PlanEvent[] {
  const events: PlanEvent[] = [];
  const ceasing = pairs.filter((pair) => came(pair, 'zrrsig', 'unretentive'));
  const replaced = new Set<Pair>();
  for (const pair of pairs) {
    const { after } = pair;
    if (!came(pair, 'zrrsig', 'rumoured')) continue;
    const old = ceasing.filter((one) => one.after.algorithm === after.algorithm);
    for (const one of old) replaced.add(one);
    const instead = old.length > 0 ? ` instead of ${names.list(ids(old))}` : '';
    const ahead = isPresent(after, 'dnskey') ? '' : ', ahead of its DNSKEY';
    let why: string | undefined;
    if (old.length > 0) why = 'every cache has its DNSKEY';
    else if (ahead !== '') {
      why = 'signatures of a new algorithm come before its DNSKEY (RFC 6781 §4.1.4)';
    }
    events.push({
      at,
      kind: 'signs',
      actor: 'zonewright',
      what: `${names.of(after.id)} signs the zone${instead}${ahead}`,
      why,
      keys: ids([pair, ...old]),
    });
  }
  const ended = ceasing.filter((pair) => !replaced.has(pair) && pair.after.revoked === undefined);
  if (ended.length > 0) {
    events.push({
      at,
      kind: 'signs-no-longer',
      actor: 'zonewright',
      what: `${names.list(ids(ended))} no longer sign${ended.length === 1 ? 's' : ''} the zone`,
      why: undefined,
      keys: ids(ended),
    });
  }
  return events;
}

const isSwapped = ({ after }: Pair): boolean => after.role === 'ksk' && after.revoked === undefined;

/** DNSKEYs that come; of keys that are made at the same time it is said there. */
export function publishingEvents(
  pairs: readonly Pair[],
  at: number,
  context: EventContext,
): PlanEvent[] {
  const { names, policy } = context;
  const coming = pairs.filter(
    (pair) => pair.before !== undefined && came(pair, 'dnskey', 'rumoured'),
  );
  if (coming.length === 0) return [];
  const old = swappedOut(pairs, policy);
  const instead = old.length > 0 ? ` instead of ${names.list(ids(old))}` : '';
  const ahead = coming.every(({ after }) => !hasZoneRole(after.role) || isPresent(after, 'zrrsig'));
  const signed = ahead && coming.some(({ after }) => hasZoneRole(after.role));
  let why: string | undefined;
  if (old.length > 0) why = 'every cache has its DS';
  else if (signed) why = 'every cache has the signatures that go with them';
  return [
    {
      at,
      kind: 'published',
      actor: 'zonewright',
      what: `${names.list(ids(coming))} ${areOf(coming)} published${instead}`,
      why,
      keys: ids([...coming, ...old]),
    },
  ];
}

/** The KSKs that are withdrawn in the same step as others are published: double DS. */
function swappedOut(pairs: readonly Pair[], { kskRoll, anchor }: EnginePolicy): Pair[] {
  if (kskRoll !== 'double-ds' || anchor !== 'parent') return [];
  const comes = pairs.filter((pair) => isSwapped(pair) && came(pair, 'dnskey', 'rumoured'));
  return pairs.filter(
    (pair) =>
      isSwapped(pair) &&
      came(pair, 'dnskey', 'unretentive') &&
      comes.some(({ after }) => after.algorithm === pair.after.algorithm),
  );
}

/** Keys that are revoked, and DNSKEYs that are taken out. */
export function leavingEvents(
  pairs: readonly Pair[],
  at: number,
  context: EventContext,
): PlanEvent[] {
  const { names, policy } = context;
  const events: PlanEvent[] = [];
  const revoked = pairs.filter(
    ({ before, after }) => before?.revoked === undefined && after.revoked !== undefined,
  );
  if (revoked.length > 0) {
    events.push({
      at,
      kind: 'revoked',
      actor: 'zonewright',
      what: `${names.list(ids(revoked))} ${areOf(revoked)} revoked (RFC 5011)`,
      why: 'resolvers trust its successor',
      keys: ids(revoked),
    });
  }
  const swapped = swappedOut(pairs, policy);
  const going = pairs.filter(
    (pair) =>
      came(pair, 'dnskey', 'unretentive') && !revoked.includes(pair) && !swapped.includes(pair),
  );
  if (going.length > 0) {
    events.push({
      at,
      kind: 'withdrawn',
      actor: 'zonewright',
      what: `${names.list(ids(going))} ${areOf(going)} withdrawn`,
      why: withdrawalReason(going),
      keys: ids(going),
    });
  }
  return events;
}

function withdrawalReason(going: readonly Pair[]): string | undefined {
  const keys = going.map(({ after }) => after);
  if (keys.some((key) => isPresent(key, 'zrrsig'))) {
    return 'signatures of an algorithm go after its DNSKEYs (RFC 6781 §4.1.4)';
  }
  if (!keys.every(isUnneeded)) return undefined;
  const trails = [
    ...(keys.some(({ role }) => hasKeyRole(role)) ? ['a DS that leads to it'] : []),
    ...(keys.some(({ role }) => hasZoneRole(role)) ? ['zone signatures by it'] : []),
  ];
  return `no cache holds ${trails.join(' or ')} any more`;
}

/** Is nothing left that leads to the key or needs it? */
function isUnneeded(key: EngineKey): boolean {
  return stateOf(key, 'ds') === 'hidden' && stateOf(key, 'zrrsig') === 'hidden';
}
