/**
 * What a key is and does at a time: its role among the zone's keys, and whether it is published
 * and signs. Pure, and without what signing itself takes, so that lists of keys come at once.
 */

import type { RecordState, Role, StateFile } from './statefile.js';
import { isRevoked, isSep, type KeyPair } from './store.js';
import { phaseAt } from './timing.js';

/**
 * The roles of a zone's keys. A role that a `.state` file declares holds; else it follows from
 * the SEP flag, and where all live keys of an algorithm are of one kind, they act as CSKs. One
 * without a private half acts as nothing else than it says: it does no other's work.
 *
 * @param now seconds since 1970; keys whose deletion time has come do not count.
 */
export function keyRoles(keys: readonly KeyPair[], now: number): ReadonlyMap<KeyPair, Role> {
  const roles = new Map<KeyPair, Role>();
  const live = keys.filter((key) => !phaseOf(key, now).removed);
  for (const key of keys) {
    if (key.declaredRole !== undefined) {
      roles.set(key, key.declaredRole);
      continue;
    }
    const peers = live.filter((other) => other.algorithm === key.algorithm && !isRevoked(other));
    const oneKind = peers.every(
      (other) => isSep(other) === isSep(key) && other.declaredRole === undefined,
    );
    roles.set(
      key,
      oneKind && hasSecret(key) && !isRevoked(key) ? 'csk' : isSep(key) ? 'ksk' : 'zsk',
    );
  }
  return roles;
}

/** The role that a key has by its own word, whatever stands beside it. */
export function ownRole(key: KeyPair): Role {
  return key.declaredRole ?? (isSep(key) ? 'ksk' : 'zsk');
}

/** Is the private half here, be it encrypted? */
export const hasSecret = ({ secret, sealedFile }: KeyPair): boolean =>
  secret !== undefined || sealedFile !== undefined;

/** Can a key here sign the DNSKEY RRset at `now`? */
export function signsKeysHere(keys: readonly KeyPair[], now: number): boolean {
  return keys.some(
    (key) => hasSecret(key) && ownRole(key) !== 'zsk' && phaseAt(key.timing, now).signs,
  );
}

/** What a key does at a time. */
export interface Phase {
  readonly published: boolean;
  /** It signs the DNSKEY RRset, if its role is to. */
  readonly signsKeys: boolean;
  /** It signs the rest of the zone, if its role is to. */
  readonly signsZone: boolean;
  readonly revoked: boolean;
  readonly removed: boolean;
}

/**
 * The phase of a key at `now`: as its states say, once it has any (the key engine, or BIND's
 * dnssec-policy, has it in hand), and as its times say before that. Times can't say that a CSK signs
 * the DNSKEY RRset and not yet the zone.
 */
export function phaseOf(key: KeyPair, now: number, byTime = false): Phase {
  const { timing, state } = key;
  if (byTime || state === undefined || !isInHand(state)) {
    const phase = phaseAt(timing, now);
    return { ...phase, signsKeys: phase.signs, signsZone: phase.signs };
  }
  const { delete: end } = timing;
  const revoked = isRevokedAt(timing.revoke, state, now);
  if (revoked) {
    const published = end === undefined || end > now;
    return { published, signsKeys: published, signsZone: false, revoked, removed: !published };
  }
  const published = isPresent(state.dnskey);
  const signsKeys = isPresent(state.krrsig);
  const signsZone = isPresent(state.zrrsig);
  const removed = state.goal === 'hidden' && !published && !signsZone && !signsKeys;
  return { published, signsKeys, signsZone, revoked, removed };
}

/**
 * Is a key revoked at `now`? Once the engine has revoked it, it stays so, also when the clock is set
 * back: no validator takes back what it has let go (RFC 5011 §2.1).
 *
 * @param revoke the time in its files.
 */
export function isRevokedAt(
  revoke: number | undefined,
  state: StateFile | undefined,
  now: number,
): boolean {
  if (revoke === undefined) return false;
  return revoke <= now || (state?.goal === 'hidden' && state.dnskey === 'unretentive');
}

/** Do some or all caches have the record? */
export const isPresent = (state: RecordState | undefined): boolean =>
  state === 'rumoured' || state === 'omnipresent';

/** Has something of the key been published, as its states say? */
export function isInHand({ dnskey, zrrsig, krrsig, ds, goal }: StateFile): boolean {
  if (dnskey === undefined) return false;
  const states = [dnskey, zrrsig, krrsig, ds];
  return goal === 'hidden' || states.some((state) => state !== undefined && state !== 'hidden');
}
