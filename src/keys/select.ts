/**
 * Which keys are in the DNSKEY RRset at a time, and which of them sign what.
 *
 * The KSK signs DNSKEY, CDS and CDNSKEY, the ZSK the rest, a CSK all. Every algorithm in the
 * DNSKEY RRset signs everything (RFC 4035 §2.2); a set of keys that can't is refused, with the
 * key that is missing and the next command. Pure: keys and a time in, keys out.
 */

import { isoTime } from '../config/time.js';
import { algorithmName, signingAlgorithm } from '../dnssec/algorithms.js';
import { FLAG_REVOKE, revokeDnskey } from '../dnssec/dnskey.js';
import { keyTag, revokedKeyTag } from '../dnssec/keytag.js';
import { refusal, type ZonewrightError } from '../errors.js';
import { zoneLabel } from '../names/name.js';
import { isAnnounced } from './keyrecords.js';
import { type Presigned, refuseOtherKeys, withOfflineKsks } from './offline/presigned.js';
import { isInHand, isPresent, keyRoles, phaseOf } from './roles.js';
import type { Role } from './statefile.js';
import { isRevoked, type KeyPair } from './store.js';

export interface KeySelection {
  /** The keys whose DNSKEYs are published, revoked ones in their revoked form. */
  readonly dnskeys: readonly KeyPair[];
  /** The keys that sign DNSKEY, CDS and CDNSKEY. */
  readonly ksks: readonly KeyPair[];
  /** The keys that sign everything else. */
  readonly zsks: readonly KeyPair[];
  /** The keys whose DS the parent is asked for (CDS, CDNSKEY), be they published or not. */
  readonly announced: readonly KeyPair[];
  /** What the KSK has signed on another machine; there are no {@link ksks} then. */
  readonly presigned?: Presigned | undefined;
}

/** Of a zone that is not signed. */
export const NO_KEYS: KeySelection = { dnskeys: [], ksks: [], zsks: [], announced: [] };

/**
 * The keys that a zone is published and signed with at `now`.
 *
 * @param stored all keys of one zone (`readKeys`).
 * @param now seconds since 1970.
 * @param presigned stands for the KSKs (`presignedAt`).
 * @param isLetGo keys of which nothing is expected any more: they are replaced in an emergency.
 * @throws ZonewrightError (exit 4) when the keys can't make a valid zone: no key, equal tags, an
 *   algorithm without a KSK or ZSK, an algorithm that signs nothing, other ZSKs than were signed.
 */
export function selectKeys(
  stored: readonly KeyPair[],
  now: number,
  presigned?: Presigned,
  isLetGo: (key: KeyPair) => boolean = () => false,
): KeySelection {
  const keys =
    presigned === undefined || stored.length === 0
      ? stored
      : withOfflineKsks(stored, stored[0].zone, presigned);
  if (keys.length === 0) {
    throw refusal('the zone has no keys', {
      hint: 'make them with "zonewright keys generate", or name their folder with --key-dir',
    });
  }
  // What the offline KSK has signed follows the times that the ZSKs had then.
  const byTime = presigned !== undefined;
  const live = keys.filter((key) => !phaseOf(key, now, byTime).removed);
  refuseEqualTags(live);

  const roles = keyRoles(keys, now);
  const dnskeys: KeyPair[] = [];
  const ksks: KeyPair[] = [];
  const zsks: KeyPair[] = [];
  for (const key of live) {
    const phase = phaseOf(key, now, byTime);
    const revoked = phase.revoked || isRevoked(key);
    const form = phase.revoked ? revokedForm(key) : key;
    if (phase.published) dnskeys.push(form);
    const role = roles.get(key);
    if (key.secret === undefined) {
      if (presigned === undefined && !isLetGo(key)) refuseLost(key, role);
      continue;
    }
    // A revoked key signs the DNSKEY RRset, to prove its revocation, and nothing else.
    if (phase.published && phase.signsKeys && (revoked || role !== 'zsk')) ksks.push(form);
    // Signatures may come before their DNSKEY (RFC 6781 §4.1.4, a new algorithm).
    if (phase.signsZone && !revoked && role !== 'ksk') zsks.push(form);
  }
  if (dnskeys.length === 0) {
    throw refusal(`no key of ${zoneLabel(keys[0].zone)} is published at ${isoTime(now)}`, {
      hint: waitHint(keys, now),
    });
  }
  for (const algorithm of new Set(dnskeys.map((key) => key.algorithm))) {
    signingAlgorithm(algorithm, dnskeys.find((key) => key.algorithm === algorithm)?.file);
    const able = (key: KeyPair): boolean => key.algorithm === algorithm && dnskeys.includes(key);
    // That each algorithm has signed the pre-signed RRsets, presignedAt has made sure of.
    if (presigned === undefined && !ksks.some((key) => able(key) && !isRevoked(key))) {
      throw missing('ksk', algorithm, live, roles, now);
    }
    if (!zsks.some(able)) throw missing('zsk', algorithm, live, roles, now);
  }
  if (presigned !== undefined) {
    const published = dnskeys.map((key) => key.dnskey);
    refuseOtherKeys(keys[0].zone, published, presigned, now);
  }
  return { dnskeys, ksks, zsks, announced: announcedKeys(keys, dnskeys, now), presigned };
}

/**
 * The keys whose DS the parent is asked for. Of keys in hand that is what their states say, and not
 * whether they are published: with double DS the DS of a new KSK is there before it, and that of the
 * old one stays until no cache needs it any longer.
 */
function announcedKeys(
  keys: readonly KeyPair[],
  dnskeys: readonly KeyPair[],
  now: number,
): KeyPair[] {
  const byTimes = dnskeys.filter(({ state }) => state === undefined || !isInHand(state));
  const byStates = keys.filter(
    ({ state }) => state !== undefined && isInHand(state) && isPresent(state.ds),
  );
  return [...byTimes, ...byStates].filter((key) => isAnnounced(key.timing, now));
}

/** The key as it is published after its revocation: REVOKE flag set, and so another tag. */
export function revokedForm(key: KeyPair): KeyPair {
  if (isRevoked(key)) return key;
  const dnskey = revokeDnskey(key.dnskey);
  return { ...key, flags: key.flags | FLAG_REVOKE, dnskey, tag: keyTag(dnskey) };
}

/**
 * Two live keys must not share a tag, also not in the form one of them has after revocation: a
 * signature then could not be told to be of the one or the other. (In January 2024 .ru failed to
 * validate after two keys had come to share a tag.)
 */
function refuseEqualTags(live: readonly KeyPair[]): void {
  for (const [i, key] of live.entries()) {
    for (const other of live.slice(i + 1)) {
      if (other.algorithm !== key.algorithm || !tagsMeet(key.dnskey, other.dnskey)) continue;
      throw refusal(
        `two live keys share a key tag: ${key.file} (${key.tag}, revoked ${revokedKeyTag(key.dnskey)}) and ${other.file} (${other.tag}, revoked ${revokedKeyTag(other.dnskey)})`,
        { hint: 'move the one that is not in use out of the folder, and generate another' },
      );
    }
  }
}

/** Do two keys have a tag in common, each as it is or revoked? */
export function tagsMeet(dnskey: Uint8Array, other: Uint8Array): boolean {
  const tags = [keyTag(dnskey), revokedKeyTag(dnskey)];
  return tags.includes(keyTag(other)) || tags.includes(revokedKeyTag(other));
}

/**
 * A key that has signed, as its states say, goes on doing so: caches, and the steps of a roll, count
 * on its signatures, whoever signs besides.
 */
function refuseLost(key: KeyPair, role: Role | undefined): void {
  const { state } = key;
  if (state === undefined || !isInHand(state)) return;
  const signs =
    (role !== 'zsk' && isPresent(state.krrsig)) || (role !== 'ksk' && isPresent(state.zrrsig));
  if (!signs) return;
  throw refusal(
    `the ${(role ?? 'csk').toUpperCase()} with tag ${key.tag} of ${zoneLabel(key.zone)} signs, and its private half is not here`,
    {
      place: { file: key.file },
      hint: `${bringBack(key, role)}; if it is lost for good, replace it at once: zonewright keys roll --zone ${zoneLabel(key.zone)} --role ${role ?? 'csk'} --emergency --reason "…"`,
    },
  );
}

/** What to do about a private half that is not here. */
function bringBack({ file }: KeyPair, role: Role | undefined): string {
  const back = `bring its private half back as ${file.replace(/\.key$/, '.private')}`;
  if (role !== 'ksk') return back;
  return `${back}, or import what it has signed elsewhere with "zonewright keys import-response"`;
}

function missing(
  need: 'ksk' | 'zsk',
  algorithm: number,
  live: readonly KeyPair[],
  roles: ReadonlyMap<KeyPair, Role>,
  now: number,
): ZonewrightError {
  const own = live.filter((key) => key.algorithm === algorithm);
  const label = zoneLabel(own[0].zone);
  const name = algorithmName(algorithm);
  const candidates = own.filter((key) => {
    const role = roles.get(key);
    return (role === need || role === 'csk') && !isRevoked(key);
  });
  const what = `${label} publishes ${name} and lacks an active ${need.toUpperCase()} of it; every published algorithm must sign everything (RFC 4035 §2.2)`;
  const published = candidates.find((key) => key.secret === undefined);
  const waiting = candidates.find((key) => key.secret !== undefined);
  if (waiting !== undefined) {
    return refusal(what, {
      place: { file: waiting.file },
      hint: `${whyIdle(waiting, now)}; to use this key now: dnssec-settime ${waiting.state === undefined ? '' : '-s '}-P now -A now -I none -D none ${waiting.file}`,
    });
  }
  if (published !== undefined) {
    return refusal(what, {
      place: { file: published.file },
      hint: `this key is only published: ${bringBack(published, need)}`,
    });
  }
  return refusal(what, {
    hint: `make one: zonewright keys generate --zone ${label} --algorithm ${name}`,
  });
}

function whyIdle(key: KeyPair, now: number): string {
  const { publish, activate, inactive } = key.timing;
  if (inactive !== undefined && inactive <= now)
    return `key ${key.tag} ceased to sign at ${isoTime(inactive)}`;
  if (activate === undefined) return `key ${key.tag} has no Activate time`;
  if (activate > now) return `key ${key.tag} begins to sign at ${isoTime(activate)}`;
  if (publish !== undefined && publish > now)
    return `key ${key.tag} is published at ${isoTime(publish)}`;
  return `key ${key.tag} does not sign at ${isoTime(now)}`;
}

function waitHint(keys: readonly KeyPair[], now: number): string {
  const times = keys.map((key) => key.timing.publish ?? 0).filter((time) => time > now);
  const label = zoneLabel(keys[0].zone);
  return times.length > 0
    ? `the next one is published at ${isoTime(Math.min(...times))}; change that with dnssec-settime -P`
    : `make new ones: zonewright keys generate --zone ${label}`;
}
