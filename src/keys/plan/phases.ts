/**
 * The life of a key as a picture shows it: the states of its records over time, and the phases of
 * its roll that follow from them. Spans are half-open, [from, to), in seconds since 1970, in order
 * and without gaps.
 */

import {
  type EngineKey,
  type EnginePolicy,
  hasKeyRole,
  hasZoneRole,
  isGone,
  isPresent,
  type RecordName,
  stateOf,
} from '../engine/model.js';
import type { RecordState } from '../statefile.js';

/**
 * - `made`: nothing of it is published.
 * - `coming`: its DNSKEY, its signatures or its DS are there ahead of its use.
 * - `in-use`: it signs the zone (ZSK), the parent's DS leads to it (KSK), or both (CSK).
 * - `retiring`: out of use; caches may still need its DNSKEY, which stays published.
 * - `leaving`: withdrawn; caches may still hold something of it.
 * - `gone`: nothing of it is anywhere.
 */
export type Phase = 'made' | 'coming' | 'in-use' | 'retiring' | 'leaving' | 'gone';

export interface Span<T> {
  readonly value: T;
  readonly from: number;
  readonly to: number;
}

/** A record's state, and whether it waits for the parent to act. */
export interface RecordPhase {
  readonly state: RecordState;
  readonly awaitsParent: boolean;
}

/** A key from a time on. */
export interface Snapshot {
  readonly from: number;
  readonly key: EngineKey;
}

/** Does the DS wait for the parent to put it there, or to take it away? */
export function awaitsParent(key: EngineKey, { anchor }: EnginePolicy): boolean {
  if (anchor !== 'parent') return false;
  const state = stateOf(key, 'ds');
  if (state === 'rumoured') return key.dsSeen === undefined;
  return state === 'unretentive' && key.dsGone === undefined;
}

/** Does what validators trust lead to the key now? */
function isAnchored(key: EngineKey, policy: EnginePolicy): boolean {
  const state = stateOf(key, 'ds');
  if (state === 'omnipresent') return true;
  if (policy.anchor !== 'parent') return false;
  // Until the parent has taken it away it is there.
  if (state === 'rumoured') return key.dsSeen !== undefined;
  const wasThere = key.dsSeen !== undefined || key.records.ds?.from === undefined;
  return wasThere && awaitsParent(key, policy);
}

export function phaseOf(key: EngineKey, policy: EnginePolicy): Phase {
  if (isGone(key)) return key.goal === 'hidden' ? 'gone' : 'made';
  if (isPresent(key, 'dnskey')) {
    const signs = hasZoneRole(key.role) && isPresent(key, 'zrrsig');
    if (signs || (hasKeyRole(key.role) && isAnchored(key, policy))) return 'in-use';
    return key.goal === 'hidden' ? 'retiring' : 'coming';
  }
  return key.goal === 'hidden' ? 'leaving' : 'coming';
}

/** The phases of a key. @param until the end of the last one. */
export function phasesOf(
  snapshots: readonly Snapshot[],
  policy: EnginePolicy,
  until: number,
): Span<Phase>[] {
  return spans(snapshots, until, (key) => phaseOf(key, policy), Object.is);
}

/** The states of one of its records. */
export function statesOf(
  snapshots: readonly Snapshot[],
  record: RecordName,
  policy: EnginePolicy,
  until: number,
): Span<RecordPhase>[] {
  return spans(
    snapshots,
    until,
    (key) => ({
      state: stateOf(key, record),
      awaitsParent: record === 'ds' && awaitsParent(key, policy),
    }),
    (a, b) => a.state === b.state && a.awaitsParent === b.awaitsParent,
  );
}

function spans<T>(
  snapshots: readonly Snapshot[],
  until: number,
  read: (key: EngineKey) => T,
  same: (a: T, b: T) => boolean,
): Span<T>[] {
  const found: Span<T>[] = [];
  for (const [i, { from, key }] of snapshots.entries()) {
    const to = snapshots[i + 1]?.from ?? until;
    const value = read(key);
    const last = found[found.length - 1];
    if (last !== undefined && same(last.value, value)) found[found.length - 1] = { ...last, to };
    else found.push({ value, from, to });
  }
  return found;
}
