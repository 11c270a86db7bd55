/**
 * The keys of the zone under verification, from the DNSKEY RRset at its apex (RFC 4034 §2,
 * RFC 5011 §2.1, RFC 6840 §5.11): which ones may verify, and which algorithms must sign.
 */

import { algorithmByNumber, algorithmName } from '../dnssec/algorithms.js';
import {
  FLAG_REVOKE,
  FLAG_SEP,
  FLAG_ZONE,
  PROTOCOL,
  parseDnskey,
  publicKeyFault,
} from '../dnssec/dnskey.js';
import { keyTag } from '../dnssec/keytag.js';
import type { FaultCode } from './faults.js';

/** A key that signatures of the zone may be made with. */
export interface ZoneKey {
  readonly rdata: Uint8Array;
  readonly algorithm: number;
  readonly tag: number;
  readonly sep: boolean;
  /** A revoked key signs the DNSKEY RRset, to say so, and nothing else. */
  readonly revoked: boolean;
  /** Is it in the DNSKEY RRset? A new algorithm signs before its keys are published, an old one
   * until nobody has them (RFC 6781 §4.1.4). */
  readonly published: boolean;
  /** Can its signatures be checked here? */
  readonly supported: boolean;
}

export interface ZoneKeys {
  readonly keys: readonly ZoneKey[];
  /** The algorithms that must sign every RRset, ascending. */
  readonly algorithms: readonly number[];
}

/**
 * Sorts out the DNSKEY RRset.
 *
 * @param fault is told what is wrong with the set.
 */
export function readKeys(
  rrset: readonly Uint8Array[],
  fault: (code: FaultCode, message: string) => void,
): ZoneKeys {
  const keys: ZoneKey[] = [];
  let zoneFlags = 0;
  for (const rdata of rrset) {
    const key = parseDnskey(rdata);
    if (key === undefined) {
      fault('bad-dnskey', 'a DNSKEY is too short to hold a key');
      continue;
    }
    const tag = keyTag(rdata);
    const name = `key ${tag} (${algorithmName(key.algorithm)})`;
    if ((key.flags & FLAG_ZONE) !== 0) zoneFlags++;
    if (key.protocol !== PROTOCOL) {
      fault('bad-dnskey', `${name} has protocol ${key.protocol}, not ${PROTOCOL}`);
      continue;
    }
    const algorithm = algorithmByNumber(key.algorithm);
    const wrong = algorithm === undefined ? undefined : publicKeyFault(algorithm, key.publicKey);
    if (wrong !== undefined) fault('bad-dnskey', `the public key of ${name} ${wrong}`);
    // RFC 4034 §2.1.1: without the flag a key is none of the zone's.
    if ((key.flags & FLAG_ZONE) === 0) continue;
    keys.push({
      rdata,
      algorithm: key.algorithm,
      tag,
      sep: (key.flags & FLAG_SEP) !== 0,
      revoked: (key.flags & FLAG_REVOKE) !== 0,
      published: true,
      supported: algorithm !== undefined && wrong === undefined,
    });
  }
  if (zoneFlags === 0) fault('no-zone-key', 'no DNSKEY has the Zone Key flag (256)');
  const live = keys.filter((key) => !key.revoked);
  if (keys.length > 0 && live.every((key) => algorithmByNumber(key.algorithm) === undefined)) {
    const names = [...new Set(live.map((key) => algorithmName(key.algorithm)))].join(', ');
    fault('unsupported-algorithm', `no key has an algorithm that can be checked (${names})`);
  }
  for (let i = 0; i < keys.length; i++) {
    const { tag, algorithm } = keys[i];
    const twin = keys.findIndex((key) => key.tag === tag && key.algorithm === algorithm);
    if (twin < i) {
      fault('duplicate-key-tag', `two keys of ${algorithmName(algorithm)} have the tag ${tag}`);
    }
  }
  const algorithms = [...new Set(live.map((key) => key.algorithm))].sort((a, b) => a - b);
  return { keys, algorithms };
}

/**
 * Keys that sign and are not in the DNSKEY RRset: those of algorithms that it has no key of. Where
 * it has one, a signature by another key is a fault.
 *
 * @param signers DNSKEY RDATA of the keys that the zone was signed with.
 */
export function unpublishedKeys(
  signers: readonly Uint8Array[],
  { keys }: Pick<ZoneKeys, 'keys'>,
): ZoneKey[] {
  const others = signers.filter((rdata) => keys.every((key) => key.algorithm !== rdata[3]));
  return readKeys(others, () => undefined).keys.map((key) => ({ ...key, published: false }));
}
