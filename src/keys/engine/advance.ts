/**
 * The key engine: what the states of a zone's keys are at a time, and what is done about them.
 *
 *     (keys, policy, now) → (keys, events, keys that have to be made)
 *
 * A pure function: it reads no clock and no file, and called again with what it returned and the
 * same time it changes nothing. Who calls it makes the keys it asks for (schedule.ts), adds them and
 * calls it once more, publishes the zone with the keys as they are then, and stores them.
 */

import {
  type EngineKey,
  type EnginePolicy,
  isGone,
  keyName,
  type RecordName,
  recordsOf,
  withState,
  type ZoneKeys,
} from './model.js';
import type { Breakage } from './rules.js';
import { assignGoals, type NeededKey, neededKeys, takeRequests } from './schedule.js';
import { afterStep, isEmergency, judgeStep, type Step, wantedSteps } from './steps.js';
import { dueAt } from './times.js';

/** Something that happened to a zone's keys. */
export interface KeyEvent {
  readonly at: number;
  readonly what: string;
  /** The keys that it is about. */
  readonly ids: readonly string[];
  /** What an emergency breaks. */
  readonly breaks?: readonly Breakage[];
}

export interface Advance {
  readonly zone: ZoneKeys;
  readonly events: readonly KeyEvent[];
  /** Keys to make; then call {@link advance} again. */
  readonly needed: readonly NeededKey[];
}

/** Brings a zone's keys to the state that they have at `now`, and does what is lawful then. */
export function advance(zone: ZoneKeys, policy: EnginePolicy, now: number): Advance {
  const events: KeyEvent[] = [];
  const settled = { ...zone, keys: settle(zone.keys, policy, now, events) };
  const taken = takeRequests(settled, now);
  const needed = neededKeys(taken, policy, now);
  const { rolls, keys: meant } = assignGoals(taken, policy);
  for (const [i, key] of meant.entries()) {
    if (key.goal !== zone.keys[i].goal) {
      events.push({ at: now, what: `${keyName(key)} is to go`, ids: [key.id] });
    }
  }
  let keys = meant;
  for (;;) {
    const next = nextStep(keys, policy, now);
    if (next === undefined) break;
    const { step, breaks } = next;
    keys = afterStep(keys, step, now);
    const ids = [...new Set(step.changes.map(({ id }) => id))];
    events.push({ at: now, what: step.what, ids, ...(breaks.length > 0 ? { breaks } : {}) });
  }
  return { zone: { keys: endEmergencies(keys), rolls }, events, needed };
}

/** Records whose waiting time is over come to rest. Each that does is an event. */
export function settle(
  keys: readonly EngineKey[],
  policy: EnginePolicy,
  now: number,
  events: KeyEvent[] = [],
): EngineKey[] {
  return keys.map((key) => {
    let settled = key;
    for (const record of recordsOf(key.role)) {
      const due = dueAt(key, record, policy);
      if (due === undefined || due.at > now) continue;
      const rumoured = key.records[record]?.state === 'rumoured';
      settled = withState(settled, record, rumoured ? 'omnipresent' : 'hidden', now);
      const what = `${RECORD_TEXT[record]} of ${keyName(key)} ${rumoured ? 'is known everywhere' : 'is forgotten everywhere'}`;
      events.push({ at: now, what, ids: [key.id] });
    }
    return settled;
  });
}

/** What the records are called in messages. */
export const RECORD_TEXT: Readonly<Record<RecordName, string>> = {
  dnskey: 'the DNSKEY',
  zrrsig: 'the set of zone signatures',
  krrsig: 'the signature over the DNSKEY RRset',
  ds: 'the DS',
};

interface Lawful {
  readonly step: Step;
  readonly breaks: readonly Breakage[];
}

function nextStep(
  keys: readonly EngineKey[],
  policy: EnginePolicy,
  now: number,
): Lawful | undefined {
  for (const step of wantedSteps(keys, policy, now)) {
    const { consistent, breaks } = judgeStep(keys, afterStep(keys, step, now), policy, now);
    if (!consistent) continue;
    if (breaks.length === 0 || isEmergency(keys, step)) return { step, breaks };
  }
  return undefined;
}

/** An emergency is over when the key that it was about is gone. */
function endEmergencies(keys: readonly EngineKey[]): EngineKey[] {
  const ending = ({ emergency, goal, retireAt }: EngineKey): boolean =>
    emergency === true && (goal === 'hidden' || retireAt !== undefined);
  const urgent = new Set(keys.filter((key) => ending(key) && !isGone(key)).map(({ id }) => id));
  return keys.map((key) => {
    if (key.emergency !== true || urgent.has(key.id)) return key;
    return urgent.has(key.replaces ?? '') ? key : { ...key, emergency: undefined };
  });
}
