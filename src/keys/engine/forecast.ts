/**
 * What will happen to a zone's keys: the engine run ahead of time, with made-up keys in the place of
 * those that will be made, and with a parent that does what it is asked for within a given time.
 */

import type { Role } from '../statefile.js';
import { advance, type KeyEvent } from './advance.js';
import {
  type EngineKey,
  type EnginePolicy,
  FIRST_FUTURE_TAG,
  isGone,
  keyName,
  newKey,
  stateOf,
  type ZoneKeys,
} from './model.js';
import { rollStart } from './schedule.js';
import { dueAt } from './times.js';

export interface ForecastOptions {
  readonly until: number;
  /** Seconds from one build to the next; 0: each step is done at its earliest time. */
  readonly interval: number;
  /** Seconds in which the parent is taken to follow; undefined: it never does. */
  readonly parentDelay: number | undefined;
}

/** A time at which something happens, and the keys after it. */
export interface ForecastMoment {
  readonly at: number;
  readonly events: readonly KeyEvent[];
  readonly keys: readonly EngineKey[];
}

/** A forecast that does not come to rest is a defect. */
const MOST_MOMENTS = 100_000;

/** Runs the engine from `now` on. Moments at which nothing happens are left out. */
export function forecast(
  zone: ZoneKeys,
  policy: EnginePolicy,
  now: number,
  options: ForecastOptions,
): ForecastMoment[] {
  const moments: ForecastMoment[] = [];
  let state = zone;
  let at = now;
  const made: EngineKey[] = [];
  for (let n = 0; ; n++) {
    if (n > MOST_MOMENTS) throw new Error('the forecast of the keys comes to no rest');
    const observed = observe(state, policy, now, at, options.parentDelay);
    const events: KeyEvent[] = [...observed.events];
    let step = advance(observed.zone, policy, at);
    events.push(...step.events);
    if (step.needed.length > 0) {
      const keys: EngineKey[] = [];
      for (const { role, algorithm, replaces, emergency } of step.needed) {
        const tag = futureTag([...step.zone.keys, ...keys, ...made], role);
        const id = `future ${role} ${tag}`;
        keys.push(newKey({ id, tag, algorithm, role, replaces, emergency }, at));
      }
      made.push(...keys);
      for (const key of keys) events.push({ at, what: madeText(key.role), ids: [key.id] });
      step = advance({ ...step.zone, keys: [...step.zone.keys, ...keys] }, policy, at);
      events.push(...step.events);
    }
    const keys = step.zone.keys;
    if (events.length > 0) moments.push({ at, events, keys });
    state = {
      ...step.zone,
      keys: keys.filter((key) => key.goal === 'omnipresent' || !isGone(key)),
    };
    const next = nextTime(state, policy, now, at, options);
    if (next === undefined) return moments;
    at =
      options.interval > 0
        ? now + Math.ceil((next - now) / options.interval) * options.interval
        : next;
    if (at > options.until) return moments;
  }
}

/** The tag of the next made-up key of a role. */
function futureTag(keys: readonly EngineKey[], role: Role): number {
  const tags = keys.filter((key) => key.role === role).map(({ tag }) => tag + 1);
  return Math.max(FIRST_FUTURE_TAG, ...tags);
}

const madeText = (role: Role): string => `a new ${role.toUpperCase()} is made`;

/** What the parent is taken to have done by `at`: `delay` after it was asked, or after now. */
function observe(
  zone: ZoneKeys,
  policy: EnginePolicy,
  now: number,
  at: number,
  delay: number | undefined,
): { zone: ZoneKeys; events: KeyEvent[] } {
  if (delay === undefined || policy.anchor !== 'parent') return { zone, events: [] };
  const events: KeyEvent[] = [];
  const keys = zone.keys.map((key) => {
    const status = key.records.ds;
    if (status === undefined || Math.max(status.since, now) + delay > at) return key;
    if (status.state === 'rumoured' && key.dsSeen === undefined) {
      events.push({ at, what: `the DS of ${keyName(key)} is seen at the parent`, ids: [key.id] });
      return { ...key, dsSeen: at };
    }
    if (status.state === 'unretentive' && key.dsGone === undefined) {
      events.push({ at, what: `the DS of ${keyName(key)} is gone from the parent`, ids: [key.id] });
      return { ...key, dsGone: at };
    }
    return key;
  });
  return { zone: { ...zone, keys }, events };
}

/** When something may happen next, after `at`. */
function nextTime(
  zone: ZoneKeys,
  policy: EnginePolicy,
  now: number,
  at: number,
  { parentDelay }: ForecastOptions,
): number | undefined {
  const times: (number | undefined)[] = zone.rolls.map((roll) => roll.at);
  for (const key of zone.keys) {
    for (const record of ['dnskey', 'zrrsig', 'krrsig', 'ds'] as const) {
      times.push(dueAt(key, record, policy)?.at);
    }
    times.push(key.notBefore);
    if (key.goal === 'omnipresent') times.push(rollStart(key, policy));
    if (parentDelay === undefined || key.records.ds === undefined) continue;
    const state = stateOf(key, 'ds');
    const open =
      (state === 'rumoured' && key.dsSeen === undefined) ||
      (state === 'unretentive' && key.dsGone === undefined);
    if (open) times.push(Math.max(key.records.ds.since, now) + parentDelay);
  }
  const later = times.filter((time): time is number => time !== undefined && time > at);
  return later.length === 0 ? undefined : Math.min(...later);
}
