/**
 * Is a signed key response one that a zone can be published with? Every signature is verified, and
 * what would leave a resolver without a valid DNSKEY RRset is found: a bundle whose signatures do
 * not last until the next one, an algorithm that does not sign, a key that nobody knows.
 */

import { isoTime } from '../../config/time.js';
import { algorithmByNumber, algorithmName } from '../../dnssec/algorithms.js';
import { FLAG_REVOKE, FLAG_SEP, FLAG_ZONE, PROTOCOL, publicKeyFault } from '../../dnssec/dnskey.js';
import { dsMatches } from '../../dnssec/ds.js';
import { keyTag, revokedKeyTag } from '../../dnssec/keytag.js';
import { equalBytes } from '../../names/name.js';
import { TYPE, typeToText } from '../../records/types.js';
import { type Bundle, dnskeysOf, setOf } from './bundle.js';
import { parseRrsig, type RecordSet, timeNear, verifyRrsig } from './rrset.js';

export function flagsOf(dnskey: Uint8Array): number {
  return (dnskey[0] << 8) | dnskey[1];
}

/** Is it a key-signing key: flags 257, or 385 when it is revoked? */
export function isKsk(dnskey: Uint8Array): boolean {
  return (flagsOf(dnskey) & FLAG_SEP) !== 0;
}

/**
 * What is wrong with a DNSKEY record that is to be published, as a sentence part; undefined: it
 * has the right form. (Whether its point lies on the curve, the engine finds out.)
 */
export function dnskeyFault(dnskey: Uint8Array): string | undefined {
  const flags = flagsOf(dnskey);
  if ((flags & ~(FLAG_ZONE | FLAG_SEP | FLAG_REVOKE)) !== 0 || (flags & FLAG_ZONE) === 0) {
    return `has the flags ${flags}`;
  }
  if (dnskey[2] !== PROTOCOL) return `has the protocol ${dnskey[2]}, not ${PROTOCOL}`;
  const algorithm = algorithmByNumber(dnskey[3]);
  if (!algorithm?.signs) {
    return `is of ${algorithmName(dnskey[3])}, with which no zone is signed here`;
  }
  const fault = publicKeyFault(algorithm, dnskey.subarray(4));
  return fault === undefined ? undefined : `: its public key ${fault}`;
}

/** Two keys of one algorithm that share a tag, as they are or revoked; undefined: none do. */
export function tagClash(
  dnskeys: readonly Uint8Array[],
): readonly [Uint8Array, Uint8Array] | undefined {
  for (const [i, key] of dnskeys.entries()) {
    for (const other of dnskeys.slice(i + 1)) {
      if (key[3] !== other[3]) continue;
      const tags = [keyTag(key), revokedKeyTag(key)];
      if (tags.includes(keyTag(other)) || tags.includes(revokedKeyTag(other))) return [key, other];
    }
  }
  return undefined;
}

/**
 * What is wrong with a bundle of a response, as a sentence; undefined: it is good.
 *
 * @param end when the next bundle takes its place; undefined: there is none, and it holds as long
 *   as its signatures.
 */
export function bundleFault(
  zone: Uint8Array,
  bundle: Bundle,
  end: number | undefined,
): string | undefined {
  const dnskeys = dnskeysOf(bundle);
  for (const dnskey of dnskeys) {
    const fault = dnskeyFault(dnskey);
    if (fault !== undefined) return `key ${keyTag(dnskey)} ${fault}`;
  }
  const clash = tagClash(dnskeys);
  if (clash !== undefined) return `two keys share the tag ${keyTag(clash[0])}`;
  const orphan = bundle.rrsigs.find((rdata) => {
    return setOf(bundle, parseRrsig(rdata).covered) === undefined;
  });
  if (orphan !== undefined) {
    return `there is a signature over ${typeToText(parseRrsig(orphan).covered)} and no such RRset`;
  }
  for (const set of bundle.sets) {
    const fault = setFault(zone, bundle, set, end);
    if (fault !== undefined) return `the ${typeToText(set.type)} RRset ${fault}`;
  }
  return announcementFault(zone, bundle);
}

/** The signatures of one RRset: each is good, each algorithm has one, all last long enough. */
function setFault(
  zone: Uint8Array,
  bundle: Bundle,
  set: RecordSet,
  end: number | undefined,
): string | undefined {
  const dnskeys = dnskeysOf(bundle);
  const signed = new Set<number>();
  for (const rdata of bundle.rrsigs) {
    const { covered, tag, algorithm, inception, expiration } = parseRrsig(rdata);
    if (covered !== set.type) continue;
    const key = dnskeys.find((one) => keyTag(one) === tag && one[3] === algorithm);
    if (key === undefined) return `is signed by key ${tag}, which is not in the DNSKEY RRset`;
    if (!isKsk(key)) return `is signed by key ${tag}, which is no key-signing key`;
    if (!verifyRrsig(zone, set, rdata, key)) {
      return `has a signature of key ${tag} that does not verify`;
    }
    const from = timeNear(inception, bundle.at);
    const to = timeNear(expiration, bundle.at);
    if (from > bundle.at) return `has a signature of key ${tag} that begins at ${isoTime(from)}`;
    if (to <= bundle.at || (end !== undefined && to < end)) {
      return `has a signature of key ${tag} that expires at ${isoTime(to)}, before the next bundle takes its place`;
    }
    // A revoked key's signature proves its revocation, and nothing else.
    if ((flagsOf(key) & FLAG_REVOKE) === 0) signed.add(algorithm);
  }
  const lacking = dnskeys.find((key) => !signed.has(key[3]));
  if (lacking === undefined) return undefined;
  return `has no signature of ${algorithmName(lacking[3])}, of which the zone has keys (RFC 4035 §2.2)`;
}

/** CDS and CDNSKEY tell the parent of key-signing keys that are there, and of no others. */
function announcementFault(zone: Uint8Array, bundle: Bundle): string | undefined {
  const cdnskeys = setOf(bundle, TYPE.CDNSKEY)?.rdata ?? [];
  const cds = setOf(bundle, TYPE.CDS)?.rdata ?? [];
  const published = dnskeysOf(bundle);
  const unknown = cdnskeys.find((key) => !isKsk(key) || dnskeyFault(key) !== undefined);
  if (unknown !== undefined) {
    return 'a CDNSKEY record is of no key-signing key (the request to delete the DS is not taken from a response)';
  }
  const stray = cds.find((ds) => {
    return ![...cdnskeys, ...published.filter(isKsk)].some((key) => dsMatches(ds, zone, key));
  });
  if (stray === undefined) return undefined;
  return `the CDS record with tag ${(stray[0] << 8) | stray[1]} is of none of the key-signing keys`;
}

/** The key-signing keys of a bundle whose signatures over its DNSKEY RRset it has. */
export function signersOf(bundle: Bundle): Uint8Array[] {
  const signatures = bundle.rrsigs.map(parseRrsig).filter(({ covered }) => covered === TYPE.DNSKEY);
  return dnskeysOf(bundle).filter((key) =>
    signatures.some(({ tag, algorithm }) => tag === keyTag(key) && algorithm === key[3]),
  );
}

/** Is a key among others, by its octets? */
export function isAmong(key: Uint8Array, others: readonly Uint8Array[]): boolean {
  return others.some((other) => equalBytes(other, key));
}
