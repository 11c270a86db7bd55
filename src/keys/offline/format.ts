/**
 * Writes key signing requests and signed key responses as text, in either of the two dialects.
 *
 *     ;; KeySigningRequest 1.0 20261122000000 (Sun Nov 22 00:00:00 2026)      bind
 *     ;; KeySigningRequest 1.0 1795305600 (2026-11-22T00:00:00Z) =========     knot
 *     example. 3600 IN DNSKEY 256 3 13 …
 *     ;; KeySigningRequest 1.0 generated at …                                 the last line
 *
 * Responses likewise, with `SignedKeyResponse`. Debian 12's keymgr (3.2) reads its own only, later
 * ones both; dnssec-ksr reads requests of both, named responses of its own. Neither has room for a proof that the sender of a request holds its private
 * keys. What follows `generated at` is free text: there stand the times that are asked for.
 */

import { packageVersion } from '../../cli/main.js';
import { formatDuration } from '../../config/duration.js';
import { isoTime, stampTime } from '../../config/time.js';
import { nameToText } from '../../names/name.js';
import { rdataToText } from '../../records/rdata.js';
import { TYPE, typeToText } from '../../records/types.js';
import { commentTime } from '../timing.js';
import {
  BUNDLE_VERSION,
  type Bundle,
  type BundleKind,
  type Dialect,
  type SignatureTimes,
} from './bundle.js';
import { parseRrsig, type RecordSet } from './rrset.js';

/**
 * The text of a request or response.
 *
 * @param now when it was made, for its last line.
 * @param times what a request asks for.
 */
export function formatBundles(
  kind: BundleKind,
  dialect: Dialect,
  zone: Uint8Array,
  bundles: readonly Bundle[],
  now: number,
  times?: SignatureTimes,
): string {
  const lines: string[] = [];
  const owner = nameToText(zone);
  const record = ({ type, ttl }: Pick<RecordSet, 'type' | 'ttl'>, rdata: Uint8Array): void => {
    const text = rdataToText(type, rdata);
    // Knot's zone parser wants no class, BIND's takes both; each as its own tool writes it.
    const head = dialect === 'bind' ? `${owner}\t${ttl}\tIN\t` : `${owner} ${ttl} `;
    const gap = dialect === 'bind' ? '\t' : ' ';
    lines.push(`${head}${typeToText(type)}${gap}${text}`);
  };
  for (const { at, sets, rrsigs } of bundles) {
    lines.push(`;; ${kind} ${BUNDLE_VERSION} ${timeText(dialect, at)}`);
    const signatures = (type: number): void => {
      for (const rdata of rrsigs) {
        const { covered, ttl } = parseRrsig(rdata);
        if (covered === type) record({ type: TYPE.RRSIG, ttl }, rdata);
      }
    };
    for (const set of sets) {
      for (const rdata of set.rdata) record(set, rdata);
      if (dialect === 'bind') signatures(set.type);
    }
    if (dialect === 'knot') for (const { type } of sets) signatures(type);
  }
  lines.push(
    `;; ${kind} ${BUNDLE_VERSION} generated at ${nowText(dialect, now)} by zonewright ${packageVersion()}${timesText(times)}`,
    '',
  );
  return lines.join('\n');
}

function timeText(dialect: Dialect, at: number): string {
  return dialect === 'bind'
    ? `${stampTime(at)} (${nowText(dialect, at)})`
    : `${at} (${isoTime(at)}) =========`;
}

function nowText(dialect: Dialect, at: number): string {
  // `20261122000000 (Sun Nov 22 00:00:00 2026)`: what stands in the parentheses.
  return dialect === 'bind' ? commentTime(at).slice(16, -1) : isoTime(at);
}

/** `, validity P14D, refresh P7D, inception-offset PT1H`; parse.ts reads it. */
function timesText(times: SignatureTimes | undefined): string {
  if (times === undefined) return '';
  const { validity, refresh, inceptionOffset } = times;
  return `, validity ${formatDuration(validity)}, refresh ${formatDuration(refresh)}, inception-offset ${formatDuration(inceptionOffset)}`;
}
