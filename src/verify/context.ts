/** What every worker knows of the zone under verification; it can be sent with postMessage. */

import type { EngineName } from '../sign/engine-types.js';
import type { FaultCode } from './faults.js';
import type { ZoneKey } from './keys.js';

/** The parameters of an NSEC3 chain (RFC 5155 §4). */
export interface ChainParams {
  readonly algorithm: number;
  readonly iterations: number;
  readonly salt: Uint8Array;
}

/** A name server of the zone whose name lies in the zone. */
export interface ApexServer {
  readonly key: Uint8Array;
  /** As text. */
  readonly name: string;
}

export interface VerifyContext {
  /** The zone's name, lower-case wire form. */
  readonly apex: Uint8Array;
  /** Seconds since 1970. */
  readonly now: number;
  readonly engine: EngineName;
  /** Faults that one answer may carry. */
  readonly maxErrors: number;
  /** Faults that are counted only. */
  readonly tolerated: readonly FaultCode[];
  /** Is there a DNSKEY RRset? Without it only the contents are checked. */
  readonly signed: boolean;
  readonly keys: readonly ZoneKey[];
  /** The algorithms that must sign every RRset. */
  readonly algorithms: readonly number[];
  readonly denial: 'none' | 'nsec' | 'nsec3';
  /** The lawful TTLs of NSEC and NSEC3: that of the SOA's minimum (RFC 4034 §4, RFC 5155 §3), and
   * min(SOA TTL, SOA minimum) (RFC 9077 §3); and the one that the zone uses. */
  readonly soaTtl: number;
  readonly soaMinimum: number;
  readonly denialTtl: number;
  /** The chain that is checked; undefined when names can't or must not be hashed. */
  readonly chain: ChainParams | undefined;
  /** Has the first record of the chain the opt-out flag? */
  readonly optOut: boolean;
  /** Other chains that an NSEC3PARAM announces. */
  readonly otherChains: readonly ChainParams[];
  /** Is a DNAME at the apex, so that there must be nothing below it (RFC 6672 §2.4)? */
  readonly apexDname: boolean;
  /** Is the text for ZONEMD wanted? */
  readonly digest: boolean;
  /** The zone's name servers in the zone itself, by whose keys their addresses are told. */
  readonly servers: readonly ApexServer[];
  /** Key of the fingerprints of this verification (fingerprint.ts). */
  readonly fingerprintKey: Uint8Array;
}

/** Do two chains have the same parameters? */
export function sameChain(
  chain: ChainParams,
  algorithm: number,
  iterations: number,
  salt: Uint8Array,
  saltAt: number,
  saltLength: number,
): boolean {
  if (
    chain.algorithm !== algorithm ||
    chain.iterations !== iterations ||
    chain.salt.length !== saltLength
  ) {
    return false;
  }
  for (let i = 0; i < saltLength; i++) if (chain.salt[i] !== salt[saltAt + i]) return false;
  return true;
}
