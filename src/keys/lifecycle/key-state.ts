/**
 * Key files to the engine's keys and back: the states of a `.state` file as BIND has them, or for
 * keys without states what their times tell.
 *
 * A key without states was not in the engine's hands before. Its states follow from its times
 * (RFC 7583 §§3.2, 3.3), but for the DS: whether that is at the parent no time tells, so that of a
 * KSK in use counts as rumoured, may be there or not, until it is seen.
 */

import { createHash } from 'node:crypto';
import { FLAG_REVOKE } from '../../dnssec/dnskey.js';
import { dsMatches } from '../../dnssec/ds.js';
import {
  type EngineKey,
  type EnginePolicy,
  hasKeyRole,
  hasZoneRole,
  isPresent,
  type RecordName,
  type RecordStatus,
  recordsOf,
} from '../engine/model.js';
import { HOLD_DOWN, retention } from '../engine/times.js';
import { isRevokedAt } from '../roles.js';
import type { Role, StateFile } from '../statefile.js';
import type { KeyPair } from '../store.js';
import { type KeyTiming, phaseAt } from '../timing.js';
import type { KeyNote } from './note.js';

/** What tells a key apart: the SHA-256 of its DNSKEY RDATA, as it is when it is not revoked. */
export function keyId(dnskey: Uint8Array): string {
  const plain = dnskey.slice();
  plain[0] &= ~(FLAG_REVOKE >> 8);
  plain[1] &= ~(FLAG_REVOKE & 0xff);
  return createHash('sha256').update(plain).digest('hex');
}

const CHANGE = {
  dnskey: 'dnskeyChange',
  zrrsig: 'zrrsigChange',
  krrsig: 'krrsigChange',
  ds: 'dsChange',
} as const;

/** What is known of the parent: its DS RRset, or nothing. */
export type ParentDs = readonly Uint8Array[] | undefined;

/**
 * A key as the engine sees it.
 *
 * @param role the key's role among the others (roles.ts, `keyRoles`).
 * @param peers all keys of the zone, for the key that this one replaces.
 */
export function engineKey(
  pair: KeyPair,
  role: Role,
  peers: readonly KeyPair[],
  note: KeyNote,
  policy: EnginePolicy,
  parentDs: ParentDs,
  now: number,
): EngineKey {
  const { timing, state } = pair;
  const id = keyId(pair.dnskey);
  const isKnown = note.known.some((known) => known.id === id);
  const isLive = note.known.length > 0;
  const records: Partial<Record<RecordName, RecordStatus>> = {};
  for (const record of recordsOf(role)) {
    const given = state?.[record];
    const status =
      given === undefined
        ? derived(pair, role, record, policy, parentDs, now)
        : { state: given, since: state?.[CHANGE[record]] ?? now };
    const came = withFrom(status, record, timing);
    if (isKnown) records[record] = came;
    else if (isLive) records[record] = begunAnew(came, record, given === undefined, now);
    else records[record] = record === 'zrrsig' ? adopted(came, now) : came;
  }
  const phase = phaseAt(timing, now);
  const isNews = isLive && !isKnown;
  const leaving = phase.removed || reached(timing.inactive, now) || reached(timing.revoke, now);
  const predecessor = peers.find(({ tag }) => tag === state?.predecessor);
  return {
    id,
    tag: pair.tag,
    algorithm: pair.algorithm,
    role,
    goal: state?.goal ?? (leaving ? 'hidden' : 'omnipresent'),
    records,
    created: timing.created ?? state?.generated ?? 0,
    notBefore: later(timing.publish, now),
    active: isInUse(records) ? (isNews ? now : timing.activate) : undefined,
    retireAt: later(timing.inactive, now),
    replaces: predecessor === undefined ? undefined : keyId(predecessor.dnskey),
    dsSeen: isNews ? undefined : (state?.dsPublish ?? undefined),
    dsGone: isNews ? undefined : (state?.dsRemoved ?? undefined),
    revoked: isRevokedAt(timing.revoke, state, now) ? timing.revoke : undefined,
    emergency: note.emergency.includes(id) ? true : undefined,
  };
}

/** Has the key signed anything yet? */
const isInUse = ({ zrrsig, krrsig }: EngineKey['records']): boolean =>
  [zrrsig, krrsig].some((status) => status !== undefined && status.state !== 'hidden');

const reached = (time: number | undefined, now: number): boolean =>
  time !== undefined && time <= now;
const later = (time: number | undefined, now: number): number | undefined =>
  time !== undefined && time > now ? time : undefined;

/** When an unretentive record had come into the zone. */
function withFrom(status: RecordStatus, record: RecordName, timing: KeyTiming): RecordStatus {
  if (status.state !== 'unretentive') return status;
  const from =
    record === 'dnskey' ? timing.publish : record === 'ds' ? timing.syncPublish : timing.activate;
  return from === undefined || from >= status.since ? status : { ...status, from };
}

/**
 * Signatures of a store that comes from another signer change over one by one there, and all at
 * once in the first zone that is made here: what is on its way begins its way anew.
 */
function adopted(status: RecordStatus, now: number): RecordStatus {
  const moving = status.state === 'rumoured' || status.state === 'unretentive';
  return moving ? { ...status, since: now } : status;
}

/**
 * A key that comes to a zone which is in hand already: its files tell of another zone, another
 * store, or what somebody had in mind. No cache knows it for that, so all of it begins now.
 *
 * @param isDerived what its DS is was not said by its files, but found out here.
 */
function begunAnew(
  status: RecordStatus,
  record: RecordName,
  isDerived: boolean,
  now: number,
): RecordStatus {
  if (record === 'ds' && isDerived) return status;
  switch (status.state) {
    case 'hidden':
      return status;
    case 'unretentive':
      return { ...status, since: now };
    default:
      return { state: 'rumoured', since: now };
  }
}

/** The state that a key's times tell. */
function derived(
  pair: KeyPair,
  role: Role,
  record: RecordName,
  policy: EnginePolicy,
  parentDs: ParentDs,
  now: number,
): RecordStatus {
  const { timing } = pair;
  const phase = phaseAt(timing, now);
  const wasPublished = phase.published || phase.removed;
  const publishedFrom = wasPublished ? (timing.publish ?? timing.activate ?? 0) : undefined;
  if (record === 'dnskey') {
    return stateAt(publishedFrom, earliest(timing.delete, timing.revoke), record, policy, now);
  }
  const signed = phase.signs || phase.removed || reached(timing.inactive, now);
  const signsFrom = signed ? (timing.activate ?? publishedFrom) : undefined;
  const signsTo = earliest(timing.inactive, timing.delete);
  if (record === 'zrrsig') return stateAt(signsFrom, signsTo, record, policy, now);
  const bothFrom =
    signsFrom === undefined || publishedFrom === undefined
      ? undefined
      : Math.max(signsFrom, publishedFrom);
  const signature = stateAt(bothFrom, signsTo, 'krrsig', policy, now);
  if (record === 'krrsig') return signature;
  if (parentDs !== undefined) {
    const there = parentDs.some((ds) => dsMatches(ds, pair.zone, pair.dnskey));
    return { state: there ? 'omnipresent' : 'hidden', since: now };
  }
  const inUse = hasKeyRole(role) && signature.state !== 'hidden';
  return { state: inUse ? 'rumoured' : 'hidden', since: bothFrom ?? now };
}

function earliest(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined) return b;
  return b === undefined ? a : Math.min(a, b);
}

function stateAt(
  from: number | undefined,
  to: number | undefined,
  record: RecordName,
  policy: EnginePolicy,
  now: number,
): RecordStatus {
  const keep = retention(record, policy);
  if (from === undefined || from > now) return { state: 'hidden', since: now };
  if (to !== undefined && to <= now) {
    return now < to + keep
      ? { state: 'unretentive', since: to }
      : { state: 'hidden', since: to + keep };
  }
  return now < from + keep
    ? { state: 'rumoured', since: from }
    : { state: 'omnipresent', since: from + keep };
}

/** The times and states of a key's files that say what the engine decided. */
export function filesOf(
  key: EngineKey,
  pair: KeyPair,
  keys: readonly EngineKey[],
  policy: EnginePolicy,
  now: number,
): { readonly timing: KeyTiming; readonly state: StateFile } {
  const timing = timingOf(key, pair.timing, now);
  const tagOf = (id: string | undefined): number | undefined =>
    keys.find((other) => other.id === id)?.tag;
  const { records } = key;
  const lifetime = key.role === 'zsk' ? policy.zskLifetime : policy.kskLifetime;
  const state: StateFile = {
    ...pair.state,
    ksk: hasKeyRole(key.role),
    zsk: hasZoneRole(key.role),
    lifetime: lifetime ?? 0,
    predecessor: tagOf(key.replaces) ?? pair.state?.predecessor,
    successor: keys.find((other) => other.replaces === key.id)?.tag ?? pair.state?.successor,
    dsPublish: key.dsSeen,
    dsRemoved: key.dsGone,
    dnskey: records.dnskey?.state,
    zrrsig: records.zrrsig?.state,
    krrsig: records.krrsig?.state,
    ds: records.ds?.state,
    dnskeyChange: records.dnskey?.since,
    zrrsigChange: records.zrrsig?.since,
    krrsigChange: records.krrsig?.since,
    dsChange: records.ds?.since,
    goal: key.goal,
  };
  return { timing, state };
}

function timingOf(key: EngineKey, before: KeyTiming, now: number): KeyTiming {
  const { dnskey, zrrsig, krrsig, ds } = key.records;
  const entered = (status: RecordStatus | undefined, old: number | undefined) => {
    if (status === undefined || status.state === 'hidden') return old;
    if (status.state === 'rumoured') return status.since;
    return old ?? status.from ?? status.since;
  };
  const left = (status: RecordStatus | undefined, old: number | undefined) => {
    if (status === undefined) return undefined;
    if (status.state === 'unretentive') return status.since;
    return status.state === 'hidden' ? old : undefined;
  };
  const signs = isPresent(key, 'zrrsig') || isPresent(key, 'krrsig');
  const ceased = Math.max(left(zrrsig, before.inactive) ?? 0, left(krrsig, before.inactive) ?? 0);
  return {
    created: before.created ?? key.created,
    publish: key.notBefore ?? entered(dnskey, before.publish),
    activate: key.active ?? before.activate,
    revoke: key.revoked,
    inactive: signs || ceased === 0 ? later(key.retireAt, now) : ceased,
    delete:
      key.revoked === undefined ? left(dnskey, before.delete) : key.revoked + HOLD_DOWN.seconds,
    dsPublish: key.dsSeen,
    syncPublish: entered(ds, before.syncPublish),
    syncDelete: left(ds, before.syncDelete),
  };
}

const HIDDEN = { goal: 'omnipresent', dnskey: 'hidden' } as const;

/** What the `.state` file of a new key says: nothing of it is published. */
export const HIDDEN_STATE: Readonly<Record<Role, StateFile>> = {
  zsk: { ...HIDDEN, zrrsig: 'hidden' },
  ksk: { ...HIDDEN, krrsig: 'hidden', ds: 'hidden' },
  csk: { ...HIDDEN, zrrsig: 'hidden', krrsig: 'hidden', ds: 'hidden' },
};
