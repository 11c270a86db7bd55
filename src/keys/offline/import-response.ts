/**
 * What the online machine does with a signed key response: makes sure that the zone can be
 * published with it every day it is for, and puts its bundles behind those that are there. Pure.
 *
 * A key-signing key is known when the store has its `.key` file, an earlier response has it, or
 * the parent's DS, where it is configured, leads to it; and when a known key signs along with it,
 * as in a double-signature roll. The first response of a store that knows none is taken at its word.
 */

import { formatDuration } from '../../config/duration.js';
import { isoTime } from '../../config/time.js';
import { keyTag } from '../../dnssec/keytag.js';
import { refusal, type ZonewrightError } from '../../errors.js';
import { zoneLabel } from '../../names/name.js';
import type { KeyPair } from '../store.js';
import { type Bundle, dnskeysOf, expiryOf } from './bundle.js';
import { bundleFault, isAmong, isKsk, signersOf } from './check.js';
import { coveredUntil, spanOf } from './presigned.js';
import type { ZskTimeline } from './request.js';
import { inOrder, sameRecords } from './rrset.js';

export interface ImportTerms {
  readonly zone: Uint8Array;
  /** The response's file, for messages. */
  readonly file: string;
  /** What is stored. */
  readonly stored: readonly Bundle[];
  /** The ZSKs of our store. */
  readonly zsks: readonly KeyPair[];
  readonly timeline: ZskTimeline;
  /** DNSKEY RDATA of KSKs that are known. */
  readonly known: readonly Uint8Array[];
  /** Is a KSK known because the parent has its DS? */
  readonly atParent: (dnskey: Uint8Array) => boolean;
  /** Seconds of life that the build wants the signatures to have; fewer are warned of. */
  readonly leastLife: number | undefined;
  /** The zone may be left with pre-signed records for less time than before. */
  readonly mayShorten: boolean;
  readonly now: number;
}

export interface ImportResult {
  /** What is to be stored. */
  readonly bundles: readonly Bundle[];
  readonly warnings: readonly string[];
}

/**
 * Checks a response and joins it to what is stored.
 *
 * @throws ZonewrightError (exit 4) with the bundle that can't be used, and why.
 */
export function joinResponse(incoming: readonly Bundle[], terms: ImportTerms): ImportResult {
  const { file, stored, now } = terms;
  const warnings: string[] = [];
  const refuseAt =
    (bundle: Bundle) =>
    (message: string, hint?: string): ZonewrightError =>
      refusal(`the bundle of ${isoTime(bundle.at)}: ${message}`, {
        place: { file, line: bundle.line },
        hint,
      });
  const known = [...terms.known, ...stored.flatMap((bundle) => dnskeysOf(bundle).filter(isKsk))];
  for (const [i, bundle] of incoming.entries()) {
    const refuse = refuseAt(bundle);
    const fault = bundleFault(terms.zone, bundle, incoming[i + 1]?.at);
    if (fault !== undefined) throw refuse(fault, 'nothing was imported; ask for another response');
    learnKsks(bundle, known, terms, refuse, warnings);
    const { from, until } = spanOf(incoming, i);
    // What is over needs no keys any more.
    if (until > now)
      checkZsks(bundle, Math.max(from, now), until, incoming.length - 1 === i, terms, refuse);
  }
  const last = incoming[incoming.length - 1];
  if (expiryOf(last) <= now) {
    throw refuseAt(last)(
      `its signatures expired at ${isoTime(expiryOf(last))}`,
      'the response is an old one: import the latest',
    );
  }
  warnOfLife(incoming, terms, warnings);
  const first = incoming[0].at;
  const kept = stored.filter((bundle, i) => bundle.at < first && spanOf(stored, i).until > now);
  const bundles = [...kept, ...incoming.filter((_, i) => spanOf(incoming, i).until > now)];
  refuseGaps(bundles, terms, warnings);
  refuseLoss(bundles, terms);
  return { bundles, warnings };
}

/** A KSK that signs must be known, or be vouched for by a known one that signs along. */
function learnKsks(
  bundle: Bundle,
  known: Uint8Array[],
  { zone, atParent }: ImportTerms,
  refuse: (message: string, hint?: string) => ZonewrightError,
  warnings: string[],
): void {
  const ksks = dnskeysOf(bundle).filter(isKsk);
  const isKnown = (key: Uint8Array): boolean => isAmong(key, known) || atParent(key);
  if (known.length === 0 && !ksks.some(atParent)) {
    const tags = ksks.map(keyTag).join(', ');
    warnings.push(
      `no KSK of ${zoneLabel(zone)} was known here: the response's (${tags}) is taken at its word; compare its DS with the parent's`,
    );
    known.push(...ksks);
    return;
  }
  if (!signersOf(bundle).some(isKnown)) {
    throw refuse(
      `no KSK that is known here has signed it (${ksks.map(keyTag).join(', ')} are in it)`,
      'copy the .key file of the right KSK into the key folder, if this one is it',
    );
  }
  known.push(...ksks.filter((key) => !isAmong(key, known)));
}

/** The bundle's ZSKs are those that our store publishes, all the time that it is for. */
function checkZsks(
  bundle: Bundle,
  from: number,
  until: number,
  isLast: boolean,
  { zsks, timeline }: ImportTerms,
  refuse: (message: string, hint?: string) => ZonewrightError,
): void {
  const signed = inOrder(dnskeysOf(bundle).filter((key) => !isKsk(key)));
  const stranger = signed.find((key) => !zsks.some((one) => isAmong(key, [one.dnskey])));
  if (stranger !== undefined) {
    throw refuse(
      `ZSK ${keyTag(stranger)} is not in our store`,
      'Is this the response to our own request, and are all key files there?',
    );
  }
  // Nobody knows how long the last one will have to serve: a request that begins with it may follow.
  const times = isLast ? [from] : [from, ...timeline.changes(from, until)];
  for (const t of times) {
    const ours = inOrder(timeline.publishedAt(t).map((key) => key.dnskey));
    if (sameRecords(ours, signed)) continue;
    const list = (keys: readonly Uint8Array[]): string => keys.map(keyTag).join(', ') || 'none';
    throw refuse(
      `it has ZSK ${list(signed)}, and at ${isoTime(t)} our store publishes ${list(ours)}`,
      "the ZSKs' times were changed after the request: set them back, or make a new request",
    );
  }
}

/** The build's guard on signature life will ask for more than an expiry in the future. */
function warnOfLife(
  incoming: readonly Bundle[],
  { leastLife }: ImportTerms,
  warnings: string[],
): void {
  if (leastLife === undefined) return;
  for (const [i, bundle] of incoming.entries()) {
    const next = incoming[i + 1]?.at ?? bundle.at;
    const life = expiryOf(bundle) - next;
    if (life >= leastLife) continue;
    warnings.push(
      `the signatures of ${isoTime(bundle.at)} have ${formatDuration(life)} to live when others take their place; the build wants ${formatDuration(leastLife)} (SOA expire and a day): sign with a longer --validity`,
    );
    return;
  }
}

/** An old response, imported once more, must not take the place of its successors. */
function refuseLoss(bundles: readonly Bundle[], terms: ImportTerms): void {
  const { file, stored, now, mayShorten } = terms;
  const before = coveredUntil(stored, now);
  const after = coveredUntil(bundles, now);
  if (mayShorten || before === undefined || (after !== undefined && after >= before)) return;
  throw refusal(
    `what is stored lasts until ${isoTime(before)}; with this response it would ${after === undefined ? 'not do for today' : `until ${isoTime(after)}`}`,
    {
      place: { file },
      hint: 'Is it an old response? If it is meant to take the place of what is stored, say --shorten',
    },
  );
}

/** No day between now and the end may be without a bundle. */
function refuseGaps(
  bundles: readonly Bundle[],
  { file, now, zone }: ImportTerms,
  warnings: string[],
): void {
  for (const i of bundles.keys()) {
    const { until } = spanOf(bundles, i);
    const next = bundles[i + 1]?.at;
    if (next === undefined || until >= next) continue;
    throw refusal(
      `between ${isoTime(until)}, when the signatures that are stored expire, and ${isoTime(next)} there would be none`,
      { place: { file }, hint: `ask for them: --from ${isoTime(until)} --to ${isoTime(next)}` },
    );
  }
  const first = bundles[0].at;
  if (first <= now) return;
  warnings.push(
    `the first bundle of ${zoneLabel(zone)} is for ${isoTime(first)}: until then the zone can be built with a KSK in the key folder only`,
  );
}
