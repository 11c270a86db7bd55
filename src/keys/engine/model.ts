/**
 * What the key engine works on: a zone's keys with the state of each of their records, the policy,
 * and the times that caches and name servers need. Data only; nothing here reads a clock or a file.
 *
 * The model is that of Schaeffer, Overeinder and Mekking, "Flexible and Robust Key Rollover in
 * DNSSEC" (2012), which BIND's dnssec-policy follows, too: four records hang on a key, and each is
 * in one of four states in the world's caches.
 *
 * All times are seconds since 1970, all durations seconds.
 */

import type { RecordState, Role } from '../statefile.js';

/**
 * The records of a key: its DNSKEY, the signatures that it makes over the zone (a ZSK, a CSK) and
 * over the DNSKEY RRset (a KSK, a CSK), and its DS at the parent (a KSK, a CSK).
 */
export type RecordName = 'dnskey' | 'zrrsig' | 'krrsig' | 'ds';

/** Where a key's records are meant to end up: all in the zone, or none of them. */
export type Goal = 'hidden' | 'omnipresent';

/** One record's state. */
export interface RecordStatus {
  readonly state: RecordState;
  /** When it came to this state. */
  readonly since: number;
  /** Of an unretentive record: when it had come into the zone; undefined: longer ago than caches
   * remember. */
  readonly from?: number | undefined;
}

/** A key, as the engine sees it. */
export interface EngineKey {
  /** Tells keys apart; stands for the DNSKEY's octets. */
  readonly id: string;
  readonly tag: number;
  /** DNSSEC algorithm number. */
  readonly algorithm: number;
  readonly role: Role;
  readonly goal: Goal;
  /** The records that the key's role has. */
  readonly records: Readonly<Partial<Record<RecordName, RecordStatus>>>;
  readonly created: number;
  /** It is not published before this time. */
  readonly notBefore?: number | undefined;
  /** When it began to sign; its lifetime counts from here. */
  readonly active?: number | undefined;
  /** When it shall cease to sign, as its files say; without it the policy's lifetime decides. */
  readonly retireAt?: number | undefined;
  /** The id of the key that it takes the place of. */
  readonly replaces?: string | undefined;
  /** When its DS was seen at the parent, and when it was seen to be gone. */
  readonly dsSeen?: number | undefined;
  readonly dsGone?: number | undefined;
  /** When it was revoked (RFC 5011). */
  readonly revoked?: number | undefined;
  /** A roll that does not wait for caches; see {@link RollRequest.emergency}. */
  readonly emergency?: boolean | undefined;
}

/** A duration that decides how long something waits, and where it comes from, for messages. */
export interface Measure {
  readonly seconds: number;
  /** `dnskey-ttl`, `dnskey-ttl as published`, … */
  readonly name: string;
}

/** How long the world remembers: for each the greater of what is configured and what was seen. */
export interface Times {
  readonly dnskeyTtl: Measure;
  /** The largest TTL of a signed RRset of the zone. */
  readonly zoneTtl: Measure;
  readonly dsTtl: Measure;
  readonly propagation: Measure;
  readonly parentPropagation: Measure;
  readonly margin: Measure;
}

export interface EnginePolicy {
  /** DNSSEC algorithm numbers; each of them signs everything. Empty: going insecure. */
  readonly algorithms: readonly number[];
  /** One key for both roles. */
  readonly csk: boolean;
  /** undefined: a key is never replaced by time. */
  readonly kskLifetime: number | undefined;
  readonly zskLifetime: number | undefined;
  /** What a new KSK begins with: its DNSKEY and signature, or its DS (RFC 6781 §4.1.2). */
  readonly kskRoll: 'double-signature' | 'double-ds';
  /** What validators trust: a DS at the parent, or a trust anchor that follows RFC 5011. */
  readonly anchor: 'parent' | 'rfc5011';
  readonly times: Times;
}

/** A roll that was asked for and has not begun. */
export interface RollRequest {
  readonly role: Role;
  /** The algorithm of the key to replace; undefined: of any. */
  readonly algorithm?: number | undefined;
  readonly at: number;
  /** Does not wait for caches; breaks validation for those who hold old data until it expires. */
  readonly emergency?: boolean | undefined;
  readonly reason?: string | undefined;
}

/** A zone's keys and what was asked for. */
export interface ZoneKeys {
  readonly keys: readonly EngineKey[];
  readonly rolls: readonly RollRequest[];
}

/** The zone-signing and the key-signing roles. */
export const hasZoneRole = (role: Role): boolean => role !== 'ksk';
export const hasKeyRole = (role: Role): boolean => role !== 'zsk';

/** The records that a key of this role has. */
export function recordsOf(role: Role): readonly RecordName[] {
  switch (role) {
    case 'zsk':
      return ['dnskey', 'zrrsig'];
    case 'ksk':
      return ['dnskey', 'krrsig', 'ds'];
    case 'csk':
      return ['dnskey', 'zrrsig', 'krrsig', 'ds'];
  }
}

/** The state of a record; `hidden` for one that the role does not have. */
export function stateOf(key: EngineKey, record: RecordName): RecordState {
  return key.records[record]?.state ?? 'hidden';
}

/** Is the record in the zone (or wanted at the parent) now? */
export function isPresent(key: EngineKey, record: RecordName): boolean {
  const state = stateOf(key, record);
  return state === 'rumoured' || state === 'omnipresent';
}

/** Is nothing of the key left in any cache? */
export function isGone(key: EngineKey): boolean {
  return recordsOf(key.role).every((record) => stateOf(key, record) === 'hidden');
}

/** A new key: nothing of it is published. */
export function newKey(
  key: Pick<EngineKey, 'id' | 'tag' | 'algorithm' | 'role' | 'replaces' | 'emergency'>,
  now: number,
): EngineKey {
  const records: Partial<Record<RecordName, RecordStatus>> = {};
  for (const record of recordsOf(key.role)) records[record] = { state: 'hidden', since: now };
  return { ...key, goal: 'omnipresent', records, created: now };
}

/** The key with one record in another state. */
export function withState(
  key: EngineKey,
  record: RecordName,
  state: RecordState,
  now: number,
): EngineKey {
  const before = key.records[record];
  const from = state === 'unretentive' && before?.state === 'rumoured' ? before.since : undefined;
  return { ...key, records: { ...key.records, [record]: { state, since: now, from } } };
}

/** Keys that a forecast makes up have tags from here on, beyond any real one. */
export const FIRST_FUTURE_TAG = 0x10000;

/** What a key is called in messages. */
export function keyName({ tag, role }: Pick<EngineKey, 'tag' | 'role'>): string {
  if (tag < FIRST_FUTURE_TAG) return `key ${tag}`;
  const number = tag === FIRST_FUTURE_TAG ? '' : ` no. ${tag - FIRST_FUTURE_TAG + 1}`;
  return `the new ${role.toUpperCase()}${number}`;
}

/** The order in which keys are shown: those that sign keys first, the older before the newer. */
export function byRole(a: EngineKey, b: EngineKey): number {
  const rank = { ksk: 0, csk: 1, zsk: 2 } as const;
  return rank[a.role] - rank[b.role] || a.created - b.created || a.tag - b.tag;
}
