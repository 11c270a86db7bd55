/**
 * Which keys a zone needs, and which it is to let go: the beginning of every roll. A roll has begun
 * when the new key exists and the old one's goal is `hidden`; what follows is steps.ts.
 *
 * A change of the policy begins rolls in the same way: another algorithm, a CSK instead of KSK and
 * ZSK, no algorithm at all (going insecure).
 */

import type { Role } from '../statefile.js';
import {
  type EngineKey,
  type EnginePolicy,
  hasKeyRole,
  hasZoneRole,
  isGone,
  keyName,
  type RollRequest,
  type ZoneKeys,
} from './model.js';
import { publicationLead } from './times.js';

/** A key that has to be made. */
export interface NeededKey {
  readonly role: Role;
  readonly algorithm: number;
  /** The id of the key that it takes the place of; undefined: of none. */
  readonly replaces: string | undefined;
  readonly emergency?: boolean | undefined;
  readonly why: string;
}

/** The roles that a policy gives to new keys. */
export function wantedRoles(policy: EnginePolicy): readonly Role[] {
  return policy.csk ? ['csk'] : ['ksk', 'zsk'];
}

/** Is the key meant to stay? */
const stays = (key: EngineKey): boolean => key.goal === 'omnipresent';

/** What a role does: signs the DNSKEY RRset, signs the zone. */
const dutiesOf = (role: Role): number => (hasKeyRole(role) ? 1 : 0) | (hasZoneRole(role) ? 2 : 0);

const dutiesOfAll = (keys: readonly EngineKey[]): number =>
  keys.reduce((duties, key) => duties | dutiesOf(key.role), 0);

/** When the policy or its files end a key's life; undefined: never. */
export function retirementOf(key: EngineKey, policy: EnginePolicy): number | undefined {
  const lifetime = key.role === 'zsk' ? policy.zskLifetime : policy.kskLifetime;
  const byAge =
    lifetime === undefined || key.active === undefined ? undefined : key.active + lifetime;
  if (key.retireAt === undefined) return byAge;
  return byAge === undefined ? key.retireAt : Math.min(key.retireAt, byAge);
}

/** When the successor of a key is due, which is so much earlier that caches get to know it. */
export function rollStart(key: EngineKey, policy: EnginePolicy): number | undefined {
  const end = retirementOf(key, policy);
  return end === undefined ? undefined : end - publicationLead(policy);
}

/** The key that a request is about: the oldest in use of that role. */
export function rollTarget(
  keys: readonly EngineKey[],
  request: RollRequest,
): EngineKey | undefined {
  const { role, algorithm } = request;
  const fits = keys.filter(
    (key) =>
      stays(key) && key.role === role && (algorithm === undefined || key.algorithm === algorithm),
  );
  const age = (key: EngineKey): number => key.active ?? key.created;
  return fits.sort((a, b) => age(a) - age(b) || a.tag - b.tag)[0];
}

/** Turns the requests whose time has come into the end of a key's life. */
export function takeRequests(zone: ZoneKeys, now: number): ZoneKeys {
  let { keys } = zone;
  for (const request of zone.rolls) {
    if (request.at > now) continue;
    const target = rollTarget(keys, request);
    if (target === undefined) continue;
    const ended: EngineKey = {
      ...target,
      retireAt: Math.min(target.retireAt ?? request.at, request.at),
      emergency: request.emergency || target.emergency,
    };
    keys = keys.map((key) => (key === target ? ended : key));
  }
  return { keys, rolls: zone.rolls.filter(({ at }) => at > now) };
}

/** The keys that have to be made now. */
export function neededKeys(
  { keys }: ZoneKeys,
  policy: EnginePolicy,
  now: number,
): readonly NeededKey[] {
  const needed: NeededKey[] = [];
  const roles = wantedRoles(policy);
  for (const algorithm of policy.algorithms) {
    const own = keys.filter((key) => key.algorithm === algorithm && stays(key));
    // Two keys do for one of both roles, until one of them is rolled.
    const covered = dutiesOfAll(own);
    for (const role of roles) {
      if ((dutiesOf(role) & ~covered) === 0) continue;
      needed.push({ role, algorithm, replaces: undefined, why: 'the policy asks for it' });
    }
    for (const key of own) {
      const start = rollStart(key, policy);
      if (start === undefined || start > now) continue;
      // Where the parent never follows, keys that grow old don't pile up.
      const isAsked = key.retireAt !== undefined && key.retireAt <= now;
      if (!isAsked && keys.some((other) => other.id === key.replaces && !isGone(other))) continue;
      const heirs = dutiesOfAll(own.filter((other) => other.replaces === key.id));
      for (const role of roles) {
        const duties = dutiesOf(role) & dutiesOf(key.role);
        if (duties === 0 || (duties & ~heirs) === 0) continue;
        if (needed.some((one) => one.role === role && one.algorithm === algorithm)) continue;
        const why = `${keyName(key)} is to be replaced`;
        const { emergency } = key;
        needed.push({ role, algorithm, replaces: key.id, emergency, why });
      }
    }
  }
  return needed;
}

/** Sets the goal of every key that is to go. What is to go once never comes back. */
export function assignGoals({ keys, rolls }: ZoneKeys, policy: EnginePolicy): ZoneKeys {
  const roles = wantedRoles(policy);
  const staying = keys.filter(stays);
  const complete = policy.algorithms.every(
    (algorithm) => dutiesOfAll(staying.filter((key) => key.algorithm === algorithm)) === 3,
  );
  const goes = (key: EngineKey): boolean => {
    if (key.revoked !== undefined) return true;
    if (!policy.algorithms.includes(key.algorithm)) return complete;
    const peers = staying.filter((other) => other !== key && other.algorithm === key.algorithm);
    const duties = dutiesOf(key.role);
    const heirs = dutiesOfAll(peers.filter((other) => other.replaces === key.id));
    if ((duties & ~heirs) === 0) return true;
    // A role that the policy no longer gives, and whose duties others have now.
    const others = dutiesOfAll(peers.filter((other) => roles.includes(other.role)));
    return !roles.includes(key.role) && (duties & ~others) === 0;
  };
  return {
    keys: keys.map((key) => (stays(key) && goes(key) ? { ...key, goal: 'hidden' } : key)),
    rolls,
  };
}
