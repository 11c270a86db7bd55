/** What a worker thread has to know of a zone, in either pass over it. Plain data: it is
 * posted to the threads; the runs are shared memory. */

import { compareBytes } from '../names/name.js';
import { FACT_HEADER, factLength, factType } from '../records/entry.js';
import { TYPE } from '../records/types.js';
import { lookUp } from '../sort/cursor.js';
import type { KeyRange } from '../sort/ranges.js';
import { splitRanges } from '../sort/ranges.js';
import type { Run } from '../sort/run.js';
import type { GluePolicy } from './glue.js';
import type { WalkRules } from './owner-walk.js';

/** How the zone denies names (RFC 4034 §4 or RFC 5155), or `none`: it is not signed. */
export type ZoneDenial =
  | { readonly kind: 'none' }
  | { readonly kind: 'nsec' }
  | {
      readonly kind: 'nsec3';
      readonly optOut: boolean;
      readonly iterations: number;
      readonly salt: Uint8Array;
    };

export interface ZoneContext {
  readonly apex: Uint8Array;
  /** Everything below the apex: facts of the export and of the zone's own master files. */
  readonly runs: readonly Run[];
  readonly rules: WalkRules;
  readonly glue: GluePolicy;
  readonly keepSac048: boolean;
  /** Sort keys of the hosts in the zone that its own NS set names. */
  readonly apexHosts: readonly Uint8Array[];
  /** Types at the apex, for its bitmap, without RRSIG, NSEC. */
  readonly apexTypes: readonly number[];
  readonly denial: ZoneDenial;
}

/** Entries of each run that a range should hold: some pages. */
const ENTRIES_OF_A_RUN = 1500;
/** Entries of a zone that make as much work as an NSEC3 record, which is signed. */
const ENTRIES_OF_A_HASH = 8;

/** Does the apex NS set name the host with this key? */
export function isApexHost(
  zone: ZoneContext,
  block: Uint8Array,
  start: number,
  end: number,
): boolean {
  for (const host of zone.apexHosts) {
    if (compareBytes(host, 0, host.length, block, start, end) === 0) return true;
  }
  return false;
}

/**
 * Ranges of about `entries` keys (the first of about `first`) that never cut a delegated subtree in
 * two: they begin with names one label below the apex, or where that leaves them too large, with
 * names that have no cut above them.
 *
 * @param alsoCut is there a cut at a key in another zone, whose subtrees shall not be cut either?
 * @param hashes of the NSEC3 chain, if its records belong to the ranges: names that look like hashes
 *   are few, and hashes many, where labels begin with a digit.
 */
export function zoneRanges(
  runs: readonly Run[],
  entries: number,
  first = entries,
  alsoCut?: (key: Uint8Array) => boolean,
  hashes: readonly Run[] = [],
): KeyRange[] {
  // A range reads the first and the last of its pages in part only: of many runs it must be larger.
  const least = runs.length * ENTRIES_OF_A_RUN;
  const adjust = (key: Uint8Array, above: Uint8Array | undefined): Uint8Array => {
    const first = key.subarray(0, key.indexOf(0) + 1);
    if (above === undefined || compareBytes(first, 0, first.length, above, 0, above.length) > 0) {
      return first.slice();
    }
    for (let end = first.length; end < key.length; end = key.indexOf(0, end) + 1) {
      const ancestor = key.slice(0, end);
      if (!hasCut(runs, ancestor) && alsoCut?.(ancestor) !== true) continue;
      // The first key behind the ancestor's subtree: its last separator becomes 0x01.
      ancestor[end - 1] = 1;
      return ancestor;
    }
    return key;
  };
  const weigh = (run: Run): number => (hashes.includes(run) ? ENTRIES_OF_A_HASH : 1);
  return splitRanges([...runs, ...hashes], Math.max(entries, least), adjust, first, weigh);
}

/** Could there be a cut, or a DNAME, at this key? */
export function hasCut(runs: readonly Run[], key: Uint8Array): boolean {
  let cut = false;
  lookUp(runs, key, (block, start, end) => {
    for (let at = start; at < end; at += FACT_HEADER + factLength(block, at)) {
      const type = factType(block, at);
      if (type === TYPE.NS || type === TYPE.DNAME) cut = true;
    }
  });
  return cut;
}
