/** An event of a forecast, and what events are found by: each key before and after a moment. */

import { type EngineKey, type EnginePolicy, type RecordName, stateOf } from '../engine/model.js';
import type { RecordState } from '../statefile.js';
import type { KeyNames } from './names.js';

/**
 * Who acts: `zonewright` in a build, by itself; the `operator`, who has the parent's DS RRset
 * changed; the `parent`, which is taken to follow; or `caches`, by letting go of old data.
 */
export type Actor = 'zonewright' | 'operator' | 'parent' | 'caches';

export type EventKind =
  | 'made'
  | 'retired'
  | 'published'
  | 'signs'
  | 'signs-no-longer'
  | 'withdrawn'
  | 'revoked'
  | 'ds-wanted'
  | 'ds-seen'
  | 'known'
  | 'forgotten'
  | 'gone'
  | 'breaks';

export interface PlanEvent {
  readonly at: number;
  readonly kind: EventKind;
  readonly actor: Actor;
  readonly what: string;
  /** The formula that gives the time, or what allows the step; undefined: nothing to add. */
  readonly why: string | undefined;
  /** What the operator types. */
  readonly command?: string | undefined;
  /** It is assumed: nobody can know when the parent acts. */
  readonly assumed?: boolean | undefined;
  /** Ids of the keys that it is about. */
  readonly keys: readonly string[];
}

/** What the sentences depend on besides the keys. */
export interface EventContext {
  readonly zone: string;
  readonly policy: EnginePolicy;
  readonly names: KeyNames;
  /** Seconds in which the parent is taken to follow. */
  readonly parentDelay: number | undefined;
}

/** A key before and after a moment; `before` undefined: it is made then. */
export interface Pair {
  readonly before: EngineKey | undefined;
  readonly after: EngineKey;
}

/** The keys that pairs are about. */
export const ids = (pairs: readonly Pair[]): string[] => pairs.map(({ after }) => after.id);

/** Did the record come to this state? Of a record that is still hidden in a new key: no. */
export function came({ before, after }: Pair, record: RecordName, to: RecordState): boolean {
  const from = before === undefined ? 'hidden' : stateOf(before, record);
  return stateOf(after, record) === to && from !== to;
}

/** The verb for so many keys. */
export const areOf = (pairs: readonly Pair[]): string => (pairs.length === 1 ? 'is' : 'are');
