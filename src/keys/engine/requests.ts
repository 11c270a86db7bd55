/**
 * What an operator may ask of the engine: to roll a key, to revoke one, to take note of what the
 * parent publishes. Each is checked by the rules first; one that would break validation is refused
 * with the earliest lawful time, or carried out in an emergency, which says what it breaks.
 */

import { isoTime } from '../../config/time.js';
import type { Role } from '../statefile.js';
import { settle } from './advance.js';
import { breakText, comingDues } from './explain.js';
import {
  type EngineKey,
  type EnginePolicy,
  hasKeyRole,
  isPresent,
  keyName,
  type RollRequest,
  recordsOf,
  stateOf,
  withState,
  type ZoneKeys,
} from './model.js';
import type { Breakage } from './rules.js';
import { rollTarget } from './schedule.js';
import { afterStep, judgeStep, type Step } from './steps.js';

/** A request that was carried out, and what it breaks: only in an emergency anything. */
export interface Granted {
  readonly zone: ZoneKeys;
  readonly what: string;
  readonly breaks: readonly Breakage[];
}

/** A request that is refused: why, and the earliest lawful time if time mends it. */
export interface Refused {
  readonly refused: string;
  readonly earliest: number | undefined;
  readonly why: string;
}

export type Answer = Granted | Refused;

/** Asks for a roll. It begins when the engine runs next at or after `request.at`. */
export function requestRoll(zone: ZoneKeys, request: RollRequest): Answer {
  const target = rollTarget(zone.keys, request);
  if (target === undefined) {
    return refuse(`there is no ${request.role.toUpperCase()} in use that could be rolled`);
  }
  const same = (other: RollRequest): boolean =>
    other.role === request.role && other.algorithm === request.algorithm;
  const rolls = [...zone.rolls.filter((other) => !same(other)), request];
  const what = `the roll of ${keyName(target)} begins at ${isoTime(request.at)}`;
  return { zone: { ...zone, rolls }, what, breaks: [] };
}

/** When something was seen, at the latest now, and whether it is noted whatever it breaks. */
export interface Observation {
  readonly at: number;
  readonly now: number;
  readonly emergency?: boolean | undefined;
  /** It takes the place of what was said before; else the earlier time holds. */
  readonly corrects?: boolean | undefined;
}

/** The time that is noted. */
const noted = (before: number | undefined, { at, corrects }: Observation): number =>
  corrects === true ? at : Math.min(before ?? at, at);

/** Takes note that the DS of a key is at the parent. */
export function noteDsSeen(
  zone: ZoneKeys,
  key: EngineKey,
  policy: EnginePolicy,
  observation: Observation,
): Answer {
  const { at, now, emergency = false } = observation;
  if (!hasKeyRole(key.role)) return refuse(`${keyName(key)} is a ZSK: it has no DS`);
  if (at < key.created) {
    return refuse(
      `the DS of ${keyName(key)} can't have been at the parent at ${isoTime(at)}: the key was made at ${isoTime(key.created)}`,
    );
  }
  const state = stateOf(key, 'ds');
  const what = `the DS of ${keyName(key)} was seen at the parent at ${isoTime(at)}`;
  if (state === 'omnipresent') return { zone, what: `${what}, as known`, breaks: [] };
  if (state === 'rumoured') {
    const dsSeen = noted(key.dsSeen, observation);
    return { zone: replace(zone, { ...key, dsSeen, dsGone: undefined }), what, breaks: [] };
  }
  if (state === 'unretentive') {
    return refuse(
      `the DS of ${keyName(key)} is to go from the parent: nothing waits for it to be seen`,
    );
  }
  // It was not asked for yet.
  const early = (one: EngineKey, time: number): EngineKey => ({
    ...withState(one, 'ds', 'rumoured', time),
    dsSeen: time,
    dsGone: undefined,
  });
  const change = changeOf(key, (one, time) => early(one, time === now ? at : time));
  return judged(zone, change, policy, now, what, emergency);
}

/** Takes note that the DS of a key is gone from the parent. */
export function noteDsGone(
  zone: ZoneKeys,
  key: EngineKey,
  policy: EnginePolicy,
  observation: Observation,
): Answer {
  const { at, now, emergency = false } = observation;
  if (!hasKeyRole(key.role)) return refuse(`${keyName(key)} is a ZSK: it has no DS`);
  const there = Math.max(key.created, key.dsSeen ?? 0);
  if (at < there) {
    return refuse(
      `the DS of ${keyName(key)} can't have been gone from the parent at ${isoTime(at)}: it came there after ${isoTime(there)}`,
    );
  }
  const state = stateOf(key, 'ds');
  const what = `the DS of ${keyName(key)} was seen to be gone from the parent at ${isoTime(at)}`;
  if (state === 'hidden') return { zone, what: `${what}, as known`, breaks: [] };
  if (state === 'unretentive') {
    const dsGone = noted(key.dsGone, observation);
    return { zone: replace(zone, { ...key, dsGone }), what, breaks: [] };
  }
  // It is still wanted there.
  const early = (one: EngineKey, time: number): EngineKey => ({
    ...withState(one, 'ds', 'unretentive', time),
    dsGone: time,
  });
  const change = changeOf(key, (one, time) => early(one, time === now ? at : time));
  return judged(zone, change, policy, now, what, emergency);
}

/** Revokes a key (RFC 5011 §2.1): its DNSKEY carries the REVOKE flag from now on, and it is to go. */
export function revokeKey(
  zone: ZoneKeys,
  key: EngineKey,
  policy: EnginePolicy,
  now: number,
  emergency = false,
): Answer {
  if (!hasKeyRole(key.role)) {
    return refuse(`${keyName(key)} is a ZSK: only a key that is a trust anchor is revoked`);
  }
  if (key.revoked !== undefined) return refuse(`${keyName(key)} is revoked already`);
  if (!isPresent(key, 'dnskey')) return refuse(`${keyName(key)} is not published`);
  const revoke: Change = (keys, time) => {
    const step: Step = { what, changes: withdrawnRecords(keys, key.id), revokes: [key.id] };
    return afterStep(keys, step, time).map(
      (one): EngineKey => (one.id === key.id ? { ...one, goal: 'hidden' } : one),
    );
  };
  const what = `${keyName(key)} is revoked`;
  return judged(zone, revoke, policy, now, what, emergency);
}

function withdrawnRecords(keys: readonly EngineKey[], id: string): Step['changes'] {
  const key = keys.find((one) => one.id === id);
  if (key === undefined) return [];
  return recordsOf(key.role)
    .filter((record) => isPresent(key, record))
    .map((record) => ({ id, record, to: 'unretentive' }));
}

/** What a request makes of the keys, carried out at a time. */
type Change = (keys: readonly EngineKey[], time: number) => readonly EngineKey[];

const changeOf =
  ({ id }: EngineKey, change: (key: EngineKey, time: number) => EngineKey): Change =>
  (keys, time) =>
    keys.map((one) => (one.id === id ? change(one, time) : one));

function judged(
  zone: ZoneKeys,
  change: Change,
  policy: EnginePolicy,
  now: number,
  what: string,
  emergency: boolean,
): Answer {
  // The last build may be a while ago: what caches have forgotten since then counts no more.
  const judgedAt = (time: number) => {
    const before = settle(zone.keys, policy, time);
    const after = change(before, time);
    return { after, ...judgeStep(before, after, policy, time) };
  };
  const { after, consistent, breaks } = judgedAt(now);
  if (!consistent) return refuse(`${what}: no key would be left that signs in its place`);
  if (breaks.length === 0 || emergency) return { zone: { ...zone, keys: after }, what, breaks };
  const ends = [
    ...comingDues(zone.keys, policy, now).map(({ at }) => at),
    ...breaks.map(({ until }) => until ?? now),
  ];
  const times = ends.filter((at) => at > now).sort((a, b) => a - b);
  return {
    refused: `${what}: resolvers would fail to validate the zone`,
    earliest: times.find((at) => {
      const then = judgedAt(at);
      return then.consistent && then.breaks.length === 0;
    }),
    why: breakText(breaks),
  };
}

const refuse = (refused: string): Refused => ({ refused, earliest: undefined, why: '' });

const replace = (zone: ZoneKeys, key: EngineKey): ZoneKeys => ({
  ...zone,
  keys: zone.keys.map((one) => (one.id === key.id ? key : one)),
});

/** The roles that a roll may name, for messages. */
export const ROLES: readonly Role[] = ['ksk', 'zsk', 'csk'];
