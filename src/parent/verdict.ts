/**
 * What an observation of the parent means for one key: is its DS there, or gone? Pure.
 *
 * The DS is found by computing the digest of the DNSKEY: a tag is a label that two keys may share.
 */

import { DIGESTS_MADE, DigestType, dsMatches } from '../dnssec/ds.js';
import { keyTag } from '../dnssec/keytag.js';
import { u16 } from '../records/numbers.js';
import { setText } from './agreement.js';
import type { ParentObservation } from './check.js';

export interface DsVerdict {
  /**
   * `seen`: every server has a DS of the key that validators use, over both transports. `gone`:
   * every server answers, and none has any DS of the key. `unclear`: neither is certain.
   */
  readonly verdict: 'seen' | 'gone' | 'unclear';
  /** Why it is unclear, as sentences; else empty. */
  readonly reasons: readonly string[];
}

/** Digest types that {@link dsMatches} can compute, SHA-1 included. */
const COMPUTED: readonly number[] = Object.values(DigestType);

/**
 * The verdict for one key.
 *
 * @param dnskey DNSKEY rdata.
 */
export function dsVerdict(observation: ParentObservation, dnskey: Uint8Array): DsVerdict {
  const { agreed, ds, zone, problems } = observation;
  if (!agreed || ds === undefined) return { verdict: 'unclear', reasons: problems };
  const own = ds.filter((rdata) => dsMatches(rdata, zone, dnskey));
  if (own.some((rdata) => DIGESTS_MADE.includes(rdata[3]))) return { verdict: 'seen', reasons: [] };
  if (own.length > 0) {
    // RFC 4509 §3: beside another DS with SHA-256 validators pass over it.
    const reason = `the parent has only ${setText(own)} of the key, with SHA-1, which validators need not take (RFC 9905)`;
    return { verdict: 'unclear', reasons: [reason] };
  }
  const maybe = ds.filter(
    (rdata) =>
      !COMPUTED.includes(rdata[3]) && u16(rdata, 0) === keyTag(dnskey) && rdata[2] === dnskey[3],
  );
  if (maybe.length > 0) {
    const reason = `the parent has ${setText(maybe)}, with a digest type that can't be computed here: it may be of this key`;
    return { verdict: 'unclear', reasons: [reason] };
  }
  return { verdict: 'gone', reasons: [] };
}
