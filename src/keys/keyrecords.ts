/**
 * The RRsets that a zone's keys make at its apex, all signed by the KSK: DNSKEY, and CDNSKEY and
 * CDS (RFC 7344) for the keys that the parent is to have. The one place that decides it, for keys
 * that sign here and for those that sign on an offline machine.
 */

import { DigestType, dsRdata } from '../dnssec/ds.js';
import { TYPE } from '../records/types.js';
import { inOrder, type RecordSet } from './offline/rrset.js';
import type { KeyTiming } from './timing.js';

/**
 * The RRsets.
 *
 * @param dnskeys DNSKEY RDATA, those to publish.
 * @param announced those for which CDS and CDNSKEY are published; or the parent is asked to take the
 *   DS away (RFC 8078 §4).
 * @param digests DS digest types of the CDS records.
 */
export function keyRecordSets(
  zone: Uint8Array,
  dnskeys: readonly Uint8Array[],
  announced: readonly Uint8Array[] | 'delete',
  ttl: number,
  digests: readonly number[] = [DigestType.sha256],
): RecordSet[] {
  const sets: RecordSet[] = [{ type: TYPE.DNSKEY, ttl, rdata: inOrder(dnskeys) }];
  if (announced === 'delete') {
    sets.push({ type: TYPE.CDNSKEY, ttl, rdata: [Uint8Array.of(0, 0, 3, 0, 0)] });
    sets.push({ type: TYPE.CDS, ttl, rdata: [Uint8Array.of(0, 0, 0, 0, 0)] });
    return sets;
  }
  if (announced.length === 0) return sets;
  const ds = announced.flatMap((dnskey) => digests.map((type) => dsRdata(zone, dnskey, type)));
  sets.push({ type: TYPE.CDNSKEY, ttl, rdata: inOrder(announced) });
  sets.push({ type: TYPE.CDS, ttl, rdata: inOrder(ds) });
  return sets;
}

/** CDS and CDNSKEY of a key are published at `now` (the SyncPublish and SyncDelete times of BIND). */
export function isAnnounced({ syncPublish, syncDelete }: KeyTiming, now: number): boolean {
  if (syncPublish === undefined || syncPublish > now) return false;
  return syncDelete === undefined || syncDelete > now;
}
