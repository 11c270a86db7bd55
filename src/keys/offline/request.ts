/**
 * The bundles of a key signing request: one where the set of published zone-signing keys changes,
 * and one whenever the signatures of the one before have to be replaced. Pure.
 */

import { isoTime } from '../../config/time.js';
import { refusal, usageError } from '../../errors.js';
import { TYPE } from '../../records/types.js';
import type { KeyPair } from '../store.js';
import { phaseAt, TIMING_FIELDS } from '../timing.js';
import type { Bundle } from './bundle.js';
import { inOrder, sameRecords } from './rrset.js';

/** More than this are a mistake in a date. */
const MAX_BUNDLES = 2000;

/** Which ZSKs are in the DNSKEY RRset when. */
export interface ZskTimeline {
  /** @param t seconds since 1970. */
  publishedAt(t: number): readonly KeyPair[];
  /** Every time in `(from, to)` at which that may change, in any order. */
  changes(from: number, to: number): readonly number[];
}

/** The ZSKs that are published at a time, as their timing metadata has it. */
export function publishedZsks(zsks: readonly KeyPair[], t: number): readonly KeyPair[] {
  return zsks.filter((key) => phaseAt(key.timing, t).published);
}

/**
 * The timeline of keys by their timing metadata.
 *
 * @param publishedAt another rule; it may change its mind at times of the metadata only.
 */
export function timelineOf(
  zsks: readonly KeyPair[],
  publishedAt: (zsks: readonly KeyPair[], t: number) => readonly KeyPair[] = publishedZsks,
): ZskTimeline {
  return {
    publishedAt: (t) => publishedAt(zsks, t),
    changes: (from, to) =>
      zsks.flatMap((key) =>
        TIMING_FIELDS.flatMap(([name]) => {
          const at = key.timing[name];
          return at !== undefined && at > from && at < to ? [at] : [];
        }),
      ),
  };
}

export interface RequestTerms {
  /** Seconds since 1970, as `to`: the time of the first and of the last bundle. */
  readonly from: number;
  readonly to: number;
  /** Seconds after which the signatures of a bundle are replaced. */
  readonly step: number;
  /** TTL of the DNSKEY RRset. */
  readonly ttl: number;
}

/**
 * The bundles to be signed.
 *
 * @throws ZonewrightError: exit 2 for times that make no sense, 4 when no ZSK is published.
 */
export function requestBundles(timeline: ZskTimeline, terms: RequestTerms): Bundle[] {
  const { from, to, step, ttl } = terms;
  if (to <= from) {
    throw usageError(`--to ${isoTime(to)} is not after --from ${isoTime(from)}`);
  }
  if (step <= 0) {
    throw usageError('signatures would have to be replaced before they are used', {
      hint: 'make the validity longer than the refresh time (and than SOA expire and a day)',
    });
  }
  const changes = [...new Set(timeline.changes(from, to))].sort((a, b) => a - b);
  const bundles: Bundle[] = [];
  const add = (at: number): void => {
    if (bundles.length === MAX_BUNDLES) {
      throw usageError(`the time until ${isoTime(to)} takes more than ${MAX_BUNDLES} bundles`, {
        hint: 'ask for less, or make the validity longer',
      });
    }
    bundles.push(bundleAt(timeline, at, ttl));
  };
  add(from);
  for (const end of [...changes, to]) {
    for (let next = bundles[bundles.length - 1].at + step; next < end; next += step) add(next);
    const [{ rdata }] = bundles[bundles.length - 1].sets;
    const then = bundleAt(timeline, end, ttl);
    if (end === to || !sameRecords(then.sets[0].rdata, rdata)) add(end);
  }
  return bundles;
}

function bundleAt(timeline: ZskTimeline, at: number, ttl: number): Bundle {
  const keys = timeline.publishedAt(at);
  if (keys.length === 0) {
    throw refusal(`no ZSK is published at ${isoTime(at)}`, {
      hint: 'make one with "zonewright keys generate --role zsk", or begin later',
    });
  }
  const rdata = inOrder(keys.map((key) => key.dnskey));
  return { at, sets: [{ type: TYPE.DNSKEY, ttl, rdata }], rrsigs: [] };
}
