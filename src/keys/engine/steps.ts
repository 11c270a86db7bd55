/**
 * The steps that bring each key's records nearer to its goal. Every kind of roll is a path of
 * these: a step is tried in a fixed order and taken when the rules (rules.ts) hold after it, so
 * that the order in which a roll goes, and what it waits for, follows from the rules.
 *
 * - A ZSK is published first and signs when all caches have its DNSKEY: pre-publication
 *   (RFC 6781 §4.1.1.1). The signatures of old and new key change in one step.
 * - A KSK signs the DNSKEY RRset from its publication on; when all caches have it, the DS is changed
 *   at the parent: double signature (§4.1.2). Or the DS comes first, and the DNSKEYs change in one
 *   step: double DS.
 * - A new algorithm signs before its DNSKEYs are published, and an old one as long as they may be in
 *   caches (§4.1.4).
 */

import type { RecordState } from '../statefile.js';
import {
  type EngineKey,
  type EnginePolicy,
  hasKeyRole,
  hasZoneRole,
  isPresent,
  keyName,
  type RecordName,
  recordsOf,
  stateOf,
  withState,
} from './model.js';
import { type Breakage, breakages } from './rules.js';

/** One record of one key comes to another state. */
export interface Change {
  readonly id: string;
  readonly record: RecordName;
  readonly to: RecordState;
}

/** Changes that are made together or not at all. */
export interface Step {
  readonly what: string;
  readonly changes: readonly Change[];
  /** Keys that are revoked by it. */
  readonly revokes?: readonly string[];
}

const stays = (key: EngineKey): boolean => key.goal === 'omnipresent';
const leaves = (key: EngineKey): boolean => key.goal === 'hidden';

/** Do all caches know the record? In an emergency nobody waits for that. */
function known(key: EngineKey, record: RecordName): boolean {
  const state = stateOf(key, record);
  return state === 'omnipresent' || (state === 'rumoured' && isUrgent(key, record));
}

/** Has every cache let go of it, or nobody waits for that? */
function away(key: EngineKey, record: RecordName): boolean {
  const state = stateOf(key, record);
  if (state === 'hidden') return true;
  return state === 'unretentive' && isUrgent(key, record);
}

/** The DS is never taken for granted, also not in an emergency. */
function isUrgent(key: EngineKey, record: RecordName): boolean {
  if (key.emergency !== true) return false;
  const seen = stateOf(key, 'ds') === 'unretentive' ? key.dsGone : key.dsSeen;
  return record !== 'ds' || seen !== undefined;
}

const label = (keys: readonly EngineKey[]): string => keys.map(keyName).join(', ');

const put = (keys: readonly EngineKey[], record: RecordName, to: RecordState): Change[] =>
  keys
    .filter((key) => recordsOf(key.role).includes(record))
    .filter((key) =>
      to === 'rumoured' ? stateOf(key, record) === 'hidden' : isPresent(key, record),
    )
    .map(({ id }) => ({ id, record, to }));

const publish = (keys: readonly EngineKey[]): Change[] => [
  ...put(keys, 'dnskey', 'rumoured'),
  ...put(keys, 'krrsig', 'rumoured'),
];
const withdraw = (keys: readonly EngineKey[]): Change[] => [
  ...put(keys, 'dnskey', 'unretentive'),
  ...put(keys, 'krrsig', 'unretentive'),
];

/** The steps that the keys' goals ask for, whether lawful now or not, the best ones first. */
export function wantedSteps(
  keys: readonly EngineKey[],
  policy: EnginePolicy,
  now: number,
): readonly Step[] {
  const ready = (key: EngineKey): boolean => (key.notBefore ?? now) <= now;
  const algorithms = [...new Set(keys.map((key) => key.algorithm))];
  const steps: Step[] = [];
  for (const algorithm of algorithms) {
    const own = keys.filter((key) => key.algorithm === algorithm);
    steps.push(...signSteps(own.filter((key) => leaves(key) || ready(key))));
    steps.push(
      ...publishSteps(
        own.filter((key) => leaves(key) || ready(key)),
        policy,
      ),
    );
  }
  steps.push(...dsSteps(keys, policy));
  for (const algorithm of algorithms) {
    steps.push(...withdrawSteps(keys.filter((key) => key.algorithm === algorithm)));
  }
  return steps.filter((step) => step.changes.length > 0);
}

/** A key begins to sign the zone. `own`: the keys of an algorithm. */
function* signSteps(own: readonly EngineKey[]): Generator<Step> {
  const signing = own.filter((key) => isPresent(key, 'zrrsig'));
  // A key beside one that goes on signing stands by.
  if (signing.some(stays)) return;
  for (const key of own) {
    if (!stays(key) || !hasZoneRole(key.role) || stateOf(key, 'zrrsig') !== 'hidden') continue;
    if (signing.length > 0 && !known(key, 'dnskey')) continue;
    const instead = signing.length > 0 ? ` instead of ${label(signing)}` : '';
    yield {
      what: `${keyName(key)} signs the zone${instead}`,
      changes: [...put([key], 'zrrsig', 'rumoured'), ...put(signing, 'zrrsig', 'unretentive')],
    };
  }
}

/** DNSKEYs come into the zone: one by one or, of an algorithm that is new, all together. */
function* publishSteps(own: readonly EngineKey[], policy: EnginePolicy): Generator<Step> {
  const waiting = own.filter((key) => stays(key) && stateOf(key, 'dnskey') === 'hidden');
  for (const key of waiting) {
    const old = own.filter(
      (other) => leaves(other) && other.role === 'ksk' && isPresent(other, 'dnskey'),
    );
    const swap = policy.kskRoll === 'double-ds' && policy.anchor === 'parent';
    if (swap && key.role === 'ksk' && old.some((other) => stateOf(other, 'ds') !== 'hidden')) {
      if (!known(key, 'ds')) continue;
      yield {
        what: `${keyName(key)} is published instead of ${label(old)}`,
        changes: [...publish([key]), ...withdraw(old)],
      };
    } else {
      yield { what: `${keyName(key)} is published`, changes: publish([key]) };
    }
  }
  if (waiting.length > 1)
    yield { what: `${label(waiting)} are published`, changes: publish(waiting) };
}

/** What shall be at the parent changes. */
function* dsSteps(keys: readonly EngineKey[], policy: EnginePolicy): Generator<Step> {
  const anchors = keys.filter((key) => hasKeyRole(key.role));
  const old = anchors.filter((key) => leaves(key) && isPresent(key, 'ds'));
  if (policy.algorithms.length === 0) {
    // Validators that have a trust anchor let go of the last one by no lawful way.
    if (policy.anchor === 'rfc5011') return;
    yield { what: `the DS of ${label(old)} shall go`, changes: put(old, 'ds', 'unretentive') };
    return;
  }
  const wanting = anchors.filter((key) => stays(key) && stateOf(key, 'ds') === 'hidden');
  const complete = wanting.filter((key) => known(key, 'dnskey') && known(key, 'krrsig'));
  const shall = `the DS of ${label(complete)} shall be at the parent`;
  if (policy.anchor === 'rfc5011') {
    // Resolvers take a new trust anchor up by themselves, and drop a revoked one.
    yield { what: `resolvers learn ${label(complete)}`, changes: put(complete, 'ds', 'rumoured') };
    if (anchors.some((key) => stays(key) && known(key, 'ds'))) {
      // With the last KSK of an algorithm all its DNSKEYs go; its signatures stay for a while.
      const rest = keys.filter(
        (key) =>
          leaves(key) &&
          !old.includes(key) &&
          old.some(({ algorithm }) => algorithm === key.algorithm) &&
          !keys.some((other) => stays(other) && other.algorithm === key.algorithm),
      );
      yield {
        what: `${label(old)} is revoked`,
        changes: [...put(old, 'ds', 'unretentive'), ...withdraw([...old, ...rest])],
        revokes: old.map(({ id }) => id),
      };
    }
    return;
  }
  // A DS that leads nowhere: its key was to be the next one and is not any more.
  const vain = old.filter((key) => stateOf(key, 'dnskey') === 'hidden');
  if (vain.length < old.length) {
    yield { what: `the DS of ${label(vain)} shall go`, changes: put(vain, 'ds', 'unretentive') };
  }
  if (complete.length > 0) {
    const instead = old.length > 0 ? ` instead of that of ${label(old)}` : '';
    yield {
      what: `${shall}${instead}`,
      changes: [...put(complete, 'ds', 'rumoured'), ...put(old, 'ds', 'unretentive')],
    };
  }
  if (policy.kskRoll === 'double-ds' && old.length > 0) {
    const first = wanting.filter(
      (key) => key.role === 'ksk' && old.some((other) => other.algorithm === key.algorithm),
    );
    yield {
      what: `the DS of ${label(first)} shall be at the parent besides`,
      changes: put(first, 'ds', 'rumoured'),
    };
  }
  // The rest goes when what stays is there, and its DNSKEY can be followed.
  const followed = anchors.filter((key) => stays(key) && known(key, 'ds'));
  for (const key of old) {
    if (!followed.some((other) => known(other, 'dnskey'))) continue;
    yield { what: `the DS of ${keyName(key)} shall go`, changes: put([key], 'ds', 'unretentive') };
  }
}

/** Signatures and DNSKEYs of keys that are to go are taken out. */
function* withdrawSteps(own: readonly EngineKey[]): Generator<Step> {
  const going = own.filter(leaves);
  for (const key of going) {
    yield {
      what: `${keyName(key)} signs the zone no longer`,
      changes: put([key], 'zrrsig', 'unretentive'),
    };
  }
  const free = going.filter((key) => away(key, 'ds'));
  for (const key of free) {
    if (!away(key, 'zrrsig')) continue;
    yield { what: `${keyName(key)} is withdrawn`, changes: withdraw([key]) };
  }
  // The last keys of an algorithm go together, before its signatures do.
  if (!own.some(stays) && free.length === going.length && going.length > 0) {
    yield { what: `${label(going)} are withdrawn`, changes: withdraw(going) };
  }
}

/** The keys after a step. */
export function afterStep(keys: readonly EngineKey[], step: Step, now: number): EngineKey[] {
  return keys.map((key) => {
    let after = key;
    for (const { id, record, to } of step.changes) {
      if (id !== key.id) continue;
      after = withState(after, record, to, now);
      const signs = record === 'zrrsig' || record === 'krrsig';
      // What was seen of an earlier DS of the key says nothing about this one.
      if (record === 'ds' && to === 'rumoured') after = { ...after, dsSeen: undefined };
      if (record === 'ds') after = { ...after, dsGone: undefined };
      if (signs && to === 'rumoured') after = { ...after, active: after.active ?? now };
    }
    if (step.revokes?.includes(key.id)) after = { ...after, revoked: now };
    return after;
  });
}

/**
 * What would not validate after a step and does so now; what was broken before may be mended in
 * steps. With `consistent` false the zone itself would be no signed zone.
 */
export interface Verdict {
  readonly consistent: boolean;
  readonly breaks: readonly Breakage[];
}

export function judgeStep(
  before: readonly EngineKey[],
  after: readonly EngineKey[],
  policy: EnginePolicy,
  now: number,
): Verdict {
  const known = new Set(breakages(before, policy, now).map(({ rule, what }) => `${rule} ${what}`));
  const breaks = breakages(after, policy, now).filter(
    ({ rule, what }) => !known.has(`${rule} ${what}`),
  );
  return { consistent: isConsistent(after, policy) || !isConsistent(before, policy), breaks };
}

/** Is the zone that is published now signed by each of its algorithms, by keys that it has? */
function isConsistent(keys: readonly EngineKey[], policy: EnginePolicy): boolean {
  const there = keys.filter((key) => isPresent(key, 'dnskey'));
  if (there.length === 0) return policy.algorithms.length === 0;
  return there.every(({ algorithm }) => {
    const own = there.filter((key) => key.algorithm === algorithm);
    return (
      own.some((key) => isPresent(key, 'krrsig')) && own.some((key) => isPresent(key, 'zrrsig'))
    );
  });
}

/** Is it a step of an emergency, which is taken whatever it breaks? */
export function isEmergency(keys: readonly EngineKey[], step: Step): boolean {
  return step.changes.some(({ id }) => keys.find((key) => key.id === id)?.emergency === true);
}
