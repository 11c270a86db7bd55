/**
 * What a zone's keys wait for, in words: for each key that is not where it is meant to be, until
 * when, by which sum, or for what; and for a step that is not lawful yet, which rule forbids it.
 */

import { isoTime } from '../../config/time.js';
import { advance, RECORD_TEXT } from './advance.js';
import {
  type EngineKey,
  type EnginePolicy,
  keyName,
  recordsOf,
  stateOf,
  type ZoneKeys,
} from './model.js';
import type { Breakage } from './rules.js';
import { afterStep, judgeStep, wantedSteps } from './steps.js';
import { type Due, dueAt } from './times.js';

export interface Wait {
  /** The keys that it is about. */
  readonly ids: readonly string[];
  readonly what: string;
  /** The time at which it ends; undefined: it waits for something else than time. */
  readonly until: number | undefined;
  /** The sum that gives the time, with its numbers; or the rule that holds it up. */
  readonly why: string;
  /** Does it wait for the parent, and which command tells that it is done? */
  readonly parent?: 'ds-seen' | 'ds-gone' | undefined;
}

/**
 * Everything that a zone's keys wait for, in the order of the times.
 *
 * @param zone as {@link advance} returned it for `now`.
 */
export function explain(zone: ZoneKeys, policy: EnginePolicy, now: number): Wait[] {
  const waits: Wait[] = [];
  for (const key of zone.keys) {
    for (const record of recordsOf(key.role)) {
      const state = stateOf(key, record);
      if (state !== 'rumoured' && state !== 'unretentive') continue;
      const due = dueAt(key, record, policy);
      const rumoured = state === 'rumoured';
      // The signature over the DNSKEY RRset comes and goes with the DNSKEY.
      if (record === 'krrsig' && sameAsDnskey(key)) continue;
      if (due !== undefined) {
        const what = `${RECORD_TEXT[record]} of ${keyName(key)} is in ${rumoured ? 'all caches' : 'no cache'}`;
        waits.push({ ids: [key.id], what, until: due.at, why: due.formula });
      } else if (record === 'ds') {
        waits.push({
          ids: [key.id],
          what: rumoured
            ? `the DS of ${keyName(key)} is at the parent`
            : `the DS of ${keyName(key)} is gone from the parent`,
          until: undefined,
          why: 'time alone does not tell what the parent has published',
          parent: rumoured ? 'ds-seen' : 'ds-gone',
        });
      }
    }
    if (key.notBefore !== undefined && key.notBefore > now && stateOf(key, 'dnskey') === 'hidden') {
      waits.push({
        ids: [key.id],
        what: `${keyName(key)} may be published`,
        until: key.notBefore,
        why: 'its Publish time',
      });
    }
  }
  waits.push(...blockedSteps(zone, policy, now));
  const order = (wait: Wait): number => wait.until ?? Number.POSITIVE_INFINITY;
  return waits.sort((a, b) => order(a) - order(b));
}

function sameAsDnskey(key: EngineKey): boolean {
  const { dnskey, krrsig } = key.records;
  return dnskey?.state === krrsig?.state && dnskey?.since === krrsig?.since;
}

/**
 * The steps that the rules do not allow yet, each until the engine will take it: the last cache may
 * let go of what it would break before that, when a DS is forgotten everywhere and nobody validates.
 */
function blockedSteps(zone: ZoneKeys, policy: EnginePolicy, now: number): Wait[] {
  const { keys } = zone;
  const blocked = wantedSteps(keys, policy, now).flatMap((step) => {
    const { breaks } = judgeStep(keys, afterStep(keys, step, now), policy, now);
    return breaks.length === 0 ? [] : [{ step, breaks }];
  });
  if (blocked.length === 0) return [];
  const dues = comingDues(keys, policy, now);
  const ends = blocked.flatMap(({ breaks }) => breaks.map(({ until }) => until ?? now));
  const times = [...new Set([...dues.map(({ at }) => at), ...ends])]
    .filter((at) => at > now)
    .sort((a, b) => a - b);
  const taken = times.map((at) => ({
    at,
    steps: new Set(advance(zone, policy, at).events.map(({ what }) => what)),
  }));
  return blocked.map(({ step, breaks }): Wait => {
    const ids = [...new Set(step.changes.map(({ id }) => id))];
    const until = taken.find(({ steps }) => steps.has(step.what))?.at;
    const due = until === lawfulFrom(breaks) ? undefined : dues.find(({ at }) => at === until);
    const why = due === undefined ? breakText(breaks) : due.formula;
    return { ids, what: `then: ${step.what}`, until, why };
  });
}

/** The ends of all waits for caches that are still to come. */
export function comingDues(keys: readonly EngineKey[], policy: EnginePolicy, now: number): Due[] {
  return keys.flatMap((key) =>
    recordsOf(key.role).flatMap((record) => {
      const due = dueAt(key, record, policy);
      return due === undefined || due.at <= now ? [] : [due];
    }),
  );
}

/** When the last cache has let go of what a step would break; undefined: that is not a matter of time. */
export function lawfulFrom(breaks: readonly Breakage[]): number | undefined {
  let last = 0;
  for (const { until } of breaks) {
    if (until === undefined) return undefined;
    last = Math.max(last, until);
  }
  return last;
}

/** Which rules a step would break, and how. */
export function breakText(breaks: readonly Breakage[]): string {
  return breaks
    .map(({ rule, what, until, formula }) => {
      const end = until === undefined ? '' : ` until ${isoTime(until)} (${formula})`;
      return `rule ${rule}: ${what}${end}`;
    })
    .join('; ');
}
