/**
 * A zone whose key-signing key is on another machine: the DNSKEY, CDNSKEY and CDS RRsets with
 * signatures that it is published with today, from the stored response, and how long that will do.
 *
 * The one rule of when they are used: a response is stored, and no key that signs the DNSKEY RRset
 * has its private half here. Then there must be a bundle for today, with exactly the zone-signing
 * keys that the store publishes today; anything else is refused, and yesterday's zone stays.
 */

import { existsSync } from 'node:fs';
import { formatDuration } from '../../config/duration.js';
import { isoTime } from '../../config/time.js';
import { keyTag } from '../../dnssec/keytag.js';
import { refusal } from '../../errors.js';
import { equalBytes, zoneLabel } from '../../names/name.js';
import { ownRole, signsKeysHere } from '../roles.js';
import type { KeyPair } from '../store.js';
import { type Bundle, dnskeysOf, expiryOf } from './bundle.js';
import { bundleFault, isKsk, signersOf } from './check.js';
import { timelineOf } from './request.js';
import { inOrder, type RecordSet, sameRecords } from './rrset.js';
import { readResponse, responseFile } from './store.js';

/** Less time than this before the last signatures expire, in seconds, is worth a warning. */
export const WARN_BEFORE = 30 * 86_400;

/** What a zone is published with in the place of what its key-signing key would make now. */
export interface Presigned {
  readonly file: string;
  /** DNSKEY first, then CDNSKEY and CDS where there are any. */
  readonly sets: readonly RecordSet[];
  /** RRSIG RDATA. */
  readonly rrsigs: readonly Uint8Array[];
  /** DNSKEY RDATA of the keys that have signed. */
  readonly signers: readonly Uint8Array[];
  /** The bundle is for `[from, until)`, seconds since 1970. */
  readonly from: number;
  readonly until: number;
  /** When what is stored will do no more: the last signatures expire, or the ZSKs change. */
  readonly lasts: number;
  /** A sentence when {@link lasts} is near. */
  readonly warning: string | undefined;
}

/** The stretch of time that a bundle is for: until the next one, and while its signatures live. */
export function spanOf(bundles: readonly Bundle[], i: number): { from: number; until: number } {
  const until = Math.min(expiryOf(bundles[i]), bundles[i + 1]?.at ?? Number.POSITIVE_INFINITY);
  return { from: bundles[i].at, until };
}

/**
 * From `now` on, the time at which there is no bundle any more; undefined when there is none now.
 */
export function coveredUntil(bundles: readonly Bundle[], now: number): number | undefined {
  let end: number | undefined;
  for (const i of bundles.keys()) {
    const { from, until } = spanOf(bundles, i);
    if (from <= (end ?? now) && until > (end ?? now)) end = until;
  }
  return end;
}

/**
 * As {@link coveredUntil}, but no longer than the ZSKs that the store publishes stay those of the
 * last bundle: its signatures may outlive them.
 */
function usableUntil(
  bundles: readonly Bundle[],
  keys: readonly KeyPair[],
  now: number,
): number | undefined {
  const end = coveredUntil(bundles, now);
  if (end === undefined) return undefined;
  const last = bundles[bundles.length - 1];
  const signed = inOrder(dnskeysOf(last).filter((key) => !isKsk(key)));
  const timeline = timelineOf(zsksOf(keys));
  const changes = [...timeline.changes(Math.max(now, last.at), end)].sort((a, b) => a - b);
  const isOther = (t: number): boolean =>
    !sameRecords(inOrder(timeline.publishedAt(t).map((key) => key.dnskey)), signed);
  return changes.find(isOther) ?? end;
}

/** The zone-signing keys among a zone's keys. */
export function zsksOf(keys: readonly KeyPair[]): KeyPair[] {
  return keys.filter((key) => ownRole(key) === 'zsk');
}

/**
 * The records that the zone is published with at `now` in the place of those that its KSK would
 * sign; undefined when a KSK signs here, or no response is stored.
 *
 * @param keys all keys of the zone (`readKeys`).
 * @throws ZonewrightError (exit 4) when no bundle is for `now`, or the one that is has a fault.
 */
export function presignedAt(
  dir: string,
  zone: Uint8Array,
  keys: readonly KeyPair[],
  now: number,
): Presigned | undefined {
  const bundles = isOffline(dir, zone, keys, now) ? readResponse(dir, zone) : undefined;
  if (bundles === undefined) return undefined;
  const file = responseFile(dir, zone);
  const label = zoneLabel(zone);
  const current = [...bundles.keys()].find((i) => {
    const { from, until } = spanOf(bundles, i);
    return from <= now && now < until;
  });
  if (current === undefined) throw noBundle(bundles, label, file, now);
  const bundle = bundles[current];
  const { from, until } = spanOf(bundles, current);
  const fault = bundleFault(zone, bundle, undefined);
  if (fault !== undefined) {
    throw refusal(`the pre-signed keys of ${label} from ${isoTime(from)} on: ${fault}`, {
      place: { file, line: bundle.line },
      hint: 'the stored response was changed after its import: import it again',
    });
  }
  const lasts = usableUntil(bundles, keys, now) ?? until;
  return {
    file,
    sets: bundle.sets,
    rrsigs: bundle.rrsigs,
    signers: signersOf(bundle),
    from,
    until,
    lasts,
    warning: warningOf(label, lasts, now),
  };
}

/** Does the KSK sign on another machine: is a response stored, and no KSK that signs here? */
export function isOffline(
  dir: string,
  zone: Uint8Array,
  keys: readonly KeyPair[],
  now: number,
): boolean {
  return !signsKeysHere(keys, now) && existsSync(responseFile(dir, zone));
}

function noBundle(bundles: readonly Bundle[], label: string, file: string, now: number) {
  const next = bundles.find(({ at }) => at > now);
  const ends = bundles.map((_, i) => spanOf(bundles, i).until).filter((until) => until <= now);
  const last = ends.length > 0 ? `; they ran out at ${isoTime(Math.max(...ends))}` : '';
  const first = next === undefined ? '' : `; the next are for ${isoTime(next.at)}`;
  return refusal(
    `${label} has no pre-signed DNSKEY RRset for ${isoTime(now)}${last}${first}, and the private half of its KSK is not here`,
    {
      place: { file },
      hint: renewHint(
        label,
        next === undefined ? '--to …' : `--from ${isoTime(now)} --to ${isoTime(next.at)}`,
      ),
    },
  );
}

function renewHint(label: string, times = '--to …'): string {
  return `ask the offline machine for new ones: zonewright keys request --zone ${label} ${times} --out ${label}.ksr`;
}

function warningOf(label: string, lasts: number, now: number): string | undefined {
  if (lasts - now > WARN_BEFORE) return undefined;
  return `${label}: the pre-signed DNSKEY RRsets run out at ${isoTime(lasts)}, in ${formatDuration(lasts - now)}; ${renewHint(label)}`;
}

/**
 * The keys as they are with a response in use: those of the store that are no KSKs, and the
 * bundle's KSKs, which are published and have no private half. A KSK that the store has no file
 * of is given the response's.
 */
export function withOfflineKsks(
  keys: readonly KeyPair[],
  zone: Uint8Array,
  presigned: Pick<Presigned, 'file' | 'sets'>,
): KeyPair[] {
  const [{ ttl, rdata }] = presigned.sets;
  const ksks = rdata.filter(isKsk).map((dnskey): KeyPair => {
    const stored = keys.find((key) => equalBytes(key.dnskey, dnskey));
    return {
      zone,
      flags: (dnskey[0] << 8) | dnskey[1],
      algorithm: dnskey[3],
      tag: keyTag(dnskey),
      dnskey,
      ttl,
      state: stored?.state,
      file: stored?.file ?? presigned.file,
      // When it is published and signs, the other machine has decided.
      timing: {},
      declaredRole: 'ksk',
      privateFile: undefined,
      secret: undefined,
    };
  });
  return [...keys.filter((key) => ownRole(key) === 'zsk'), ...ksks];
}

/**
 * The keys of a zone as {@link withOfflineKsks} gives them, if it is one whose KSK is elsewhere;
 * for lists, which must not fail where a bundle is missing.
 */
export function withStoredKsks(
  dir: string,
  zone: Uint8Array,
  keys: readonly KeyPair[],
  now: number,
): readonly KeyPair[] {
  if (signsKeysHere(keys, now)) return keys;
  const bundles = readResponse(dir, zone);
  // The one that is in use, else the last that was, else the first to come.
  const bundle = bundles?.findLast(({ at }) => at <= now) ?? bundles?.[0];
  if (bundle === undefined) return keys;
  return withOfflineKsks(keys, zone, { file: responseFile(dir, zone), sets: bundle.sets });
}

/**
 * What `keys list` says of a stored response that is in use: the object of its JSON, and a warning
 * when it runs out or has run out. Undefined: there is none, or a KSK signs here.
 */
export function storedResponse(
  dir: string,
  zone: Uint8Array,
  keys: readonly KeyPair[],
  now: number,
): { readonly json: Record<string, unknown>; readonly warning: string | undefined } | undefined {
  if (signsKeysHere(keys, now)) return undefined;
  const bundles = readResponse(dir, zone);
  if (bundles === undefined) return undefined;
  const label = zoneLabel(zone);
  const file = responseFile(dir, zone);
  const lasts = usableUntil(bundles, keys, now);
  return {
    json: {
      zone: label,
      file,
      bundles: bundles.map((bundle, i) => {
        const { from, until } = spanOf(bundles, i);
        const tags = bundle.sets[0].rdata.map(keyTag);
        return { from: isoTime(from), until: isoTime(until), tags };
      }),
      lasts: lasts === undefined ? null : isoTime(lasts),
    },
    warning:
      lasts === undefined
        ? noBundle(bundles, label, file, now).message
        : warningOf(label, lasts, now),
  };
}

/**
 * Refuses a bundle that has other zone-signing keys than the store publishes: signatures of a key
 * that is not in the DNSKEY RRset prove nothing.
 *
 * @param published DNSKEY RDATA of what the store publishes, the bundle's KSKs among them.
 * @throws ZonewrightError (exit 4) with the tags.
 */
export function refuseOtherKeys(
  zone: Uint8Array,
  published: readonly Uint8Array[],
  presigned: Presigned,
  now: number,
): void {
  const signed = presigned.sets[0].rdata;
  const less = published.filter((key) => !signed.some((one) => equalBytes(one, key)));
  const more = signed.filter((key) => !published.some((one) => equalBytes(one, key)));
  if (less.length === 0 && more.length === 0) return;
  const list = (keys: readonly Uint8Array[]): string => keys.map(keyTag).join(', ');
  const parts = [
    ...(less.length > 0 ? [`lacks ZSK ${list(less)}, which the key files publish`] : []),
    ...(more.length > 0 ? [`has ZSK ${list(more)}, which the key files do not publish`] : []),
  ];
  const label = zoneLabel(zone);
  throw refusal(
    `the pre-signed DNSKEY RRset of ${label} for ${isoTime(now)} ${parts.join(' and ')}`,
    {
      place: { file: presigned.file },
      hint: `with an offline KSK the ZSKs' times may not be changed after the request: set them back, or ${renewHint(label)}`,
    },
  );
}
