/**
 * The plan of a zone's keys: what the engine's forecast says, put in order for people. Each key with
 * its phases and its records' states over time; each event with why it comes when it does and who
 * acts; the events by roll. Data only: text.ts, json.ts and html.ts show it.
 *
 * All times are seconds since 1970, all durations seconds.
 */

import { type ForecastMoment, type ForecastOptions, forecast } from '../engine/forecast.js';
import {
  byRole,
  type EngineKey,
  type EnginePolicy,
  isGone,
  type RecordName,
  recordsOf,
  type ZoneKeys,
} from '../engine/model.js';
import type { Role } from '../statefile.js';
import { type Episode, episodesOf, type Moment } from './episodes.js';
import type { EventContext, PlanEvent } from './event.js';
import { breakEvents, momentEvents } from './events.js';
import { isFuture, nameKeys } from './names.js';
import { openEvents } from './parent-events.js';
import {
  awaitsParent,
  type Phase,
  phasesOf,
  type RecordPhase,
  type Snapshot,
  type Span,
  statesOf,
} from './phases.js';

/** What a plan is made of: a zone's keys as they are at `now`, and what is to be done with them. */
export interface PlanSubject {
  /** `com`, `root`. */
  readonly zoneLabel: string;
  readonly zone: ZoneKeys;
  readonly policy: EnginePolicy;
  readonly now: number;
}

export interface PlanKey {
  readonly id: string;
  /** `ZSK 12345`, or of one that will be made `ZSK 2`. */
  readonly name: string;
  /** undefined: it does not exist yet. */
  readonly tag: number | undefined;
  readonly role: Role;
  readonly algorithm: number;
  readonly phases: readonly Span<Phase>[];
  readonly records: readonly {
    readonly record: RecordName;
    readonly states: readonly Span<RecordPhase>[];
  }[];
}

export interface Plan {
  readonly zone: string;
  readonly policy: EnginePolicy;
  readonly now: number;
  readonly until: number;
  readonly interval: number;
  readonly parentDelay: number | undefined;
  /** Those in use first, then in the order in which they come. */
  readonly keys: readonly PlanKey[];
  /** In the order of time. */
  readonly events: readonly PlanEvent[];
  readonly episodes: readonly Episode[];
  /** Something waits for the parent when the plan ends, or for ever. */
  readonly waitsForParent: boolean;
}

/** The plan of one zone. */
export function makePlan(subject: PlanSubject, options: ForecastOptions): Plan {
  const { zone, policy, now } = subject;
  return planOf(subject, forecast(zone, policy, now, options), options);
}

/** The plan that a forecast of the subject stands for. */
export function planOf(
  { zoneLabel, zone, policy, now }: PlanSubject,
  forecasted: readonly ForecastMoment[],
  { until, interval, parentDelay }: ForecastOptions,
): Plan {
  const before = zone.keys.filter((key) => key.goal === 'omnipresent' || !isGone(key));
  const histories = historiesOf(before, forecasted, now);
  const names = nameKeys(histories.map((history) => history[0].key));
  const context: EventContext = { zone: zoneLabel, policy, names, parentDelay };
  const moments: Moment[] = [];
  const open = openEvents(before, now, context);
  if (open.length > 0) moments.push({ at: now, events: open, keys: before });
  let last = before;
  for (const { at, events, keys } of forecasted) {
    const told = [...momentEvents(last, keys, at, context), ...breakEvents(at, events, names)];
    moments.push({ at, events: told, keys });
    last = [...keys];
  }
  return {
    zone: zoneLabel,
    policy,
    now,
    until,
    interval,
    parentDelay,
    keys: histories.map((history): PlanKey => {
      const { key } = history[history.length - 1];
      return {
        id: key.id,
        name: names.of(key.id),
        tag: isFuture(key) ? undefined : key.tag,
        role: key.role,
        algorithm: key.algorithm,
        phases: phasesOf(history, policy, until),
        records: recordsOf(key.role).map((record) => ({
          record,
          states: statesOf(history, record, policy, until),
        })),
      };
    }),
    events: moments.flatMap(({ events }) => events),
    episodes: episodesOf(before, moments, now, until, policy, names, parentDelay === undefined),
    waitsForParent: last.some((key) => awaitsParent(key, policy)),
  };
}

/** Each key from moment to moment, in the order in which they come. */
function historiesOf(
  before: readonly EngineKey[],
  moments: readonly ForecastMoment[],
  now: number,
): Snapshot[][] {
  const histories = new Map<string, Snapshot[]>();
  const add = (key: EngineKey, from: number): void => {
    const history = histories.get(key.id);
    if (history === undefined) histories.set(key.id, [{ from, key }]);
    // At a time there is one state: the last one.
    else if (history[history.length - 1].from === from) history[history.length - 1] = { from, key };
    else history.push({ from, key });
  };
  for (const key of [...before].sort(byRole)) add(key, now);
  for (const { at, keys } of moments) for (const key of keys) add(key, at);
  return [...histories.values()];
}
