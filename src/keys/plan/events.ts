/**
 * What happens at each moment of a forecast, in sentences: what changed from the moment before, why
 * then, and who acts. It is told from the states, so that what one step does to several keys is
 * one sentence, and every waiting time comes with its formula.
 */

import { isoTime } from '../../config/time.js';
import { breakText } from '../engine/explain.js';
import { byRole, type EngineKey } from '../engine/model.js';
import { cacheEvents } from './cache-events.js';
import type { EventContext, Pair, PlanEvent } from './event.js';
import { makingEvents } from './lifetime-events.js';
import type { KeyNames } from './names.js';
import { dsEvents, parentEvents } from './parent-events.js';
import { leavingEvents, publishingEvents, signingEvents } from './zone-events.js';

/** The events of a moment, in the order in which one leads to another. */
export function momentEvents(
  before: readonly EngineKey[],
  after: readonly EngineKey[],
  at: number,
  context: EventContext,
): PlanEvent[] {
  const pairs = [...after].sort(byRole).map(
    (key): Pair => ({
      before: before.find(({ id }) => id === key.id),
      after: key,
    }),
  );
  return [
    ...parentEvents(pairs, at, context),
    ...cacheEvents(pairs, at, context),
    ...makingEvents(pairs, at, context),
    ...publishingEvents(pairs, at, context),
    ...signingEvents(pairs, at, context),
    ...dsEvents(pairs, at, context),
    ...leavingEvents(pairs, at, context),
  ];
}

/** What an emergency breaks; `what` names keys as the engine does. */
export function breakEvents(
  at: number,
  events: readonly {
    readonly ids: readonly string[];
    readonly breaks?: Parameters<typeof breakText>[0];
  }[],
  names: KeyNames,
): PlanEvent[] {
  return events.flatMap(({ ids: keys, breaks = [] }): PlanEvent[] => {
    if (breaks.length === 0) return [];
    const ends = breaks.map(({ until }) => until);
    const last = ends.includes(undefined) ? undefined : Math.max(...ends.map((end) => end ?? 0));
    return [
      {
        at,
        kind: 'breaks',
        actor: 'zonewright',
        what: `emergency: resolvers with old data fail to validate${last === undefined ? '' : ` until ${isoTime(last)}`}`,
        why: names.inText(breakText(breaks), keys),
        keys,
      },
    ];
  });
}
