/**
 * The rolls of a plan: the time from one rest of all keys to the next, with what is rolled in it.
 * Rolls that overlap are one episode, for they share the waits.
 */

import { algorithmName } from '../../dnssec/algorithms.js';
import {
  type EngineKey,
  type EnginePolicy,
  isGone,
  type RecordName,
  recordsOf,
  stateOf,
} from '../engine/model.js';
import type { PlanEvent } from './event.js';
import { type KeyNames, listText } from './names.js';
import { awaitsParent } from './phases.js';

export interface Episode {
  readonly from: number;
  /** When all keys are at rest again; the plan's end when that comes before. */
  readonly to: number;
  /** It began before the plan, or goes on after it. */
  readonly isUnderWay: boolean;
  readonly goesOn: boolean;
  /** At its end a DS is still waited for, and the forecast has a parent that does nothing. */
  readonly waitsForParent: boolean;
  readonly title: string;
  /** Alike for episodes that go the same way with other keys. */
  readonly pattern: string;
  readonly events: readonly PlanEvent[];
  /** Ids of the keys that something happens to. */
  readonly keys: readonly string[];
}

/** A moment of the plan. */
export interface Moment {
  readonly at: number;
  readonly events: readonly PlanEvent[];
  readonly keys: readonly EngineKey[];
}

/** Is a record of the key on its way through the caches? */
function inMotion(key: EngineKey): boolean {
  return recordsOf(key.role).some((record) => isMoving(key, record));
}

function isMoving(key: EngineKey, record: RecordName): boolean {
  const state = stateOf(key, record);
  return state === 'rumoured' || state === 'unretentive';
}

/**
 * @param before the keys when the plan begins.
 * @param moments in order; those in which nothing happens to tell of may be among them.
 * @param until the end of the plan.
 * @param parentNever the forecast is one in which the parent does nothing.
 */
export function episodesOf(
  before: readonly EngineKey[],
  moments: readonly Moment[],
  now: number,
  until: number,
  policy: EnginePolicy,
  names: KeyNames,
  parentNever: boolean,
): Episode[] {
  const episodes: Episode[] = [];
  let open: Moment[] = [];
  let start = before;
  const isUnderWay = before.some(inMotion);
  // What the parent never does would keep an episode open for ever.
  const isOpen = (key: EngineKey): boolean =>
    recordsOf(key.role).some(
      (record) =>
        isMoving(key, record) && !(parentNever && record === 'ds' && awaitsParent(key, policy)),
    );
  const close = (to: number, goesOn: boolean): void => {
    const events = open.flatMap((moment) => moment.events);
    const last = open[open.length - 1];
    const first = episodes.length === 0 && isUnderWay;
    if (last !== undefined && events.length > 0) {
      const keys = movedKeys(start, open);
      episodes.push({
        from: first ? now : open[0].at,
        to,
        isUnderWay: first,
        goesOn,
        waitsForParent: parentNever && last.keys.some((key) => awaitsParent(key, policy)),
        title: titleOf(start, keys, policy, names),
        pattern: patternOf(events, keys),
        events,
        keys: keys.map(({ id }) => id),
      });
    }
    start = last?.keys ?? start;
    open = [];
  };
  for (const moment of moments) {
    open.push(moment);
    if (!moment.keys.some(isOpen)) close(moment.at, false);
  }
  close(until, true);
  return episodes;
}

/** The keys that move in an episode, as they are last seen in it. */
function movedKeys(start: readonly EngineKey[], moments: readonly Moment[]): EngineKey[] {
  const last = new Map<string, EngineKey>();
  for (const { keys } of moments) for (const key of keys) last.set(key.id, key);
  const told = new Set(moments.flatMap(({ events }) => events.flatMap((event) => event.keys)));
  return [...last.values()].filter(
    (key) => told.has(key.id) || inMotion(start.find(({ id }) => id === key.id) ?? key),
  );
}

function titleOf(
  start: readonly EngineKey[],
  moved: readonly EngineKey[],
  policy: EnginePolicy,
  names: KeyNames,
): string {
  const rested = (key: EngineKey): boolean => {
    const was = start.find(({ id }) => id === key.id);
    return was !== undefined && !inMotion(was) && !isGone(was);
  };
  const list = (keys: readonly EngineKey[]): string => names.list(keys.map(({ id }) => id));
  const leaving = moved.filter(({ goal }) => goal === 'hidden');
  const fresh = moved.filter(
    (key) => !rested(key) && (key.goal === 'omnipresent' || heirOf(key, moved)),
  );
  if (leaving.length === 0) {
    if (fresh.length === 0) return `DS of ${list(moved)}`;
    return start.every(isGone)
      ? `The first keys: ${list(fresh)}`
      : `${list(fresh)} ${fresh.length === 1 ? 'comes' : 'come'} in`;
  }
  if (fresh.length === 0) {
    return policy.algorithms.length === 0
      ? `Going insecure: ${list(leaving)} go`
      : `${list(leaving)} on the way out`;
  }
  const algorithms = (keys: readonly EngineKey[]): string =>
    listText([...new Set(keys.map(({ algorithm }) => algorithmName(algorithm)))]);
  const newcomers = fresh.filter(
    (key) => !leaving.some(({ algorithm }) => algorithm === key.algorithm),
  );
  const parts: string[] = [];
  if (newcomers.length > 0) {
    parts.push(`Algorithm roll: ${algorithms(leaving)} → ${algorithms(newcomers)}`);
  }
  const rolled = newcomers.length > 0 ? fresh.filter((key) => !newcomers.includes(key)) : fresh;
  for (const role of ['ksk', 'csk', 'zsk'] as const) {
    const heirs = rolled.filter((key) => key.role === role);
    if (heirs.length === 0) continue;
    const first = leaving.filter((key) => heirs.some(({ replaces }) => replaces === key.id));
    const outgoing = first.filter((key) => !heirs.includes(key));
    if (outgoing.length === 0) {
      const others = leaving.filter((key) => !heirs.includes(key));
      parts.push(`${list(heirs)} in place of ${list(others)}`);
      continue;
    }
    const from = `${list(outgoing)} → `;
    const chain =
      heirs.length > 3
        ? `${names.of(heirs[0].id)} → … → ${names.of(heirs[heirs.length - 1].id)}`
        : heirs.map(({ id }) => names.of(id)).join(' → ');
    parts.push(`${role.toUpperCase()} roll: ${from}${chain}`);
  }
  return parts.join('; ');
}

const heirOf = (key: EngineKey, moved: readonly EngineKey[]): boolean =>
  moved.some(({ id }) => id === key.replaces);

function patternOf(events: readonly PlanEvent[], keys: readonly EngineKey[]): string {
  const roles = new Map(keys.map(({ id, role, algorithm }) => [id, `${role}${algorithm}`]));
  return events
    .map(({ kind, keys: about }) => `${kind} ${about.map((id) => roles.get(id)).join('+')}`)
    .join('; ');
}
