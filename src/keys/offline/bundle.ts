/**
 * What a key signing request (KSR) and a signed key response (SKR) consist of, whichever of the
 * two texts in use it is written in (format.ts, parse.ts).
 *
 * Both are sequences of bundles. A bundle is the key records of the apex from its time on, until
 * that of the next one: in a request the DNSKEYs of the zone-signing keys, in a response the whole
 * DNSKEY, CDNSKEY and CDS RRsets with their signatures. The time of a request's last bundle is the
 * end of what is asked for; its keys are signed once more, so that the zone lives beyond it.
 */

import { TYPE } from '../../records/types.js';
import { parseRrsig, type RecordSet, timeNear } from './rrset.js';

/** The words that the headers of the two files begin with. */
export const KSR = 'KeySigningRequest';
export const SKR = 'SignedKeyResponse';
export type BundleKind = typeof KSR | typeof SKR;

/** The one version of both. */
export const BUNDLE_VERSION = '1.0';

/** As BIND's dnssec-ksr or as Knot DNS's keymgr writes it. */
export type Dialect = 'bind' | 'knot';
export const DIALECTS: readonly Dialect[] = ['bind', 'knot'];

export interface Bundle {
  /** From when on it holds, seconds since 1970. */
  readonly at: number;
  /** One RRset a type, DNSKEY first; a request has no other. */
  readonly sets: readonly RecordSet[];
  /** RDATA of the RRSIG records; none in a request. */
  readonly rrsigs: readonly Uint8Array[];
  /** The line of its header, if it was read from a file. */
  readonly line?: number | undefined;
}

/** How long signatures shall live: what a request may say in its last line. Seconds. */
export interface SignatureTimes {
  readonly validity: number;
  /** Less life than this is left to a signature when the next one takes its place. */
  readonly refresh: number;
  readonly inceptionOffset: number;
}

export interface BundleFile {
  readonly dialect: Dialect;
  /** At least one, in order of time. */
  readonly bundles: readonly Bundle[];
  /** undefined: it does not say. */
  readonly times: SignatureTimes | undefined;
}

/** RDATA of a bundle's DNSKEY RRset. */
export function dnskeysOf(bundle: Bundle): readonly Uint8Array[] {
  return setOf(bundle, TYPE.DNSKEY)?.rdata ?? [];
}

/** The bundle's RRset of a type. */
export function setOf(bundle: Bundle, type: number): RecordSet | undefined {
  return bundle.sets.find((set) => set.type === type);
}

/** When the first of a bundle's signatures expires, seconds since 1970. */
export function expiryOf(bundle: Bundle): number {
  return Math.min(
    ...bundle.rrsigs.map((rdata) => timeNear(parseRrsig(rdata).expiration, bundle.at)),
  );
}
