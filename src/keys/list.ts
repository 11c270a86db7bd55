/**
 * The list of a zone's keys: role, times, the state of each record, and what comes next.
 *
 * The states are those of a `.state` file where there is one. Else they follow from the times
 * and the policy's TTLs, as far as times can tell: a record is rumoured until every cache that
 * held the old data has let it go (RFC 7583 §3.2 and §3.3), unretentive while one may still hold
 * it. The DS is never derived: time alone does not put it into the parent.
 */

import { isoTime } from '../config/time.js';
import { algorithmName } from '../dnssec/algorithms.js';
import { dnskeyText } from '../dnssec/dnskey.js';
import { zoneLabel } from '../names/name.js';
import { keyRoles } from './roles.js';
import type { RecordState, Role } from './statefile.js';
import type { KeyPair } from './store.js';
import { nextTiming, phaseAt, TIMING_FIELDS, type TimingEvent } from './timing.js';

/** What the states depend on; seconds. */
export interface StatePolicy {
  readonly dnskeyTtl: number;
  readonly propagationDelay: number;
  readonly signatureValidity: number;
  readonly signatureRefresh: number;
}

/** The defaults of the configuration, for a folder without one. */
export const DEFAULT_STATE_POLICY: StatePolicy = {
  dnskeyTtl: 86_400,
  propagationDelay: 3_600,
  signatureValidity: 14 * 86_400,
  signatureRefresh: 7 * 86_400,
};

export interface KeyStates {
  readonly dnskey: RecordState;
  readonly zrrsig: RecordState;
  readonly krrsig: RecordState;
  readonly ds: RecordState;
}

/** One key of `keys list --json`. */
export interface ListedKey {
  /** Without final dot. */
  readonly zone: string;
  readonly tag: number;
  readonly role: Role;
  /** Mnemonic. */
  readonly algorithm: string;
  /** Presentation form of the rdata. */
  readonly dnskey: string;
  readonly states: KeyStates;
  /** ISO 8601 times by name: created, publish, activate, … */
  readonly timing: Readonly<Record<string, string>>;
  readonly nextEvent: { readonly at: string; readonly what: string; readonly why: string } | null;
}

/**
 * Lists the keys of one zone.
 *
 * @param keys all keys of the zone (`readKeys`).
 * @param now seconds since 1970.
 */
export function listKeys(
  keys: readonly KeyPair[],
  now: number,
  policy: StatePolicy = DEFAULT_STATE_POLICY,
): ListedKey[] {
  const roles = keyRoles(keys, now);
  return keys.map((key): ListedKey => {
    const role = roles.get(key) ?? 'zsk';
    const next = nextTiming(key.timing, now);
    return {
      zone: zoneLabel(key.zone),
      tag: key.tag,
      role,
      algorithm: algorithmName(key.algorithm),
      dnskey: dnskeyText(key.dnskey),
      states: keyStates(key, role, now, policy),
      timing: timesOf(key),
      nextEvent: next === undefined ? null : eventOf(next),
    };
  });
}

/** The times that are set, ISO 8601, by name. */
export function timesOf(key: KeyPair): Record<string, string> {
  const times: Record<string, string> = {};
  for (const [name] of TIMING_FIELDS) {
    const at = key.timing[name];
    if (at !== undefined) times[name] = isoTime(at);
  }
  return times;
}

function eventOf(event: TimingEvent) {
  return { at: isoTime(event.at), what: event.what, why: event.why };
}

/** The states of a key's records at `now`. */
export function keyStates(
  key: KeyPair,
  role: Role,
  now: number,
  policy: StatePolicy = DEFAULT_STATE_POLICY,
): KeyStates {
  const { timing, state } = key;
  const phase = phaseAt(timing, now);
  const keySet = policy.dnskeyTtl + policy.propagationDelay;
  // Old signatures are kept until `refresh` of their life is left; only then all are new.
  const turnover = Math.max(policy.signatureValidity - policy.signatureRefresh, 0) + keySet;
  const published = phase.published || phase.removed;
  const publishedFrom = published ? (timing.publish ?? timing.activate ?? 0) : undefined;
  const signsFrom =
    phase.signs || reached(timing.inactive, now) || phase.removed
      ? (timing.activate ?? publishedFrom)
      : undefined;
  const signsTo = earliest(timing.inactive, timing.delete);
  const keySignsFrom =
    signsFrom === undefined || publishedFrom === undefined
      ? undefined
      : Math.max(signsFrom, publishedFrom);
  return {
    dnskey: state?.dnskey ?? stateAt(publishedFrom, timing.delete, keySet, keySet, now),
    zrrsig:
      state?.zrrsig ??
      (role === 'ksk' ? 'hidden' : stateAt(signsFrom, signsTo, turnover, turnover, now)),
    krrsig:
      state?.krrsig ??
      (role === 'zsk' ? 'hidden' : stateAt(keySignsFrom, signsTo, keySet, keySet, now)),
    ds: state?.ds ?? 'hidden',
  };
}

function reached(time: number | undefined, now: number): boolean {
  return time !== undefined && time <= now;
}

function earliest(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined) return b;
  return b === undefined ? a : Math.min(a, b);
}

function stateAt(
  from: number | undefined,
  to: number | undefined,
  spread: number,
  fade: number,
  now: number,
): RecordState {
  if (from === undefined || from > now) return 'hidden';
  if (to !== undefined && to <= now) return now < to + fade ? 'unretentive' : 'hidden';
  return now < from + spread ? 'rumoured' : 'omnipresent';
}
