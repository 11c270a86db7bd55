/**
 * The signatures over one RRset (RFC 4035 §5.3, RFC 4034 §3.1.8.1 and §6, RFC 6840 §5.1, serial
 * arithmetic on times: RFC 4034 §3.1.5).
 *
 * The signed data is built in one reused array; in front of the RRset stays room for the RRSIG
 * fields, so that two signatures over one RRset share what is behind them.
 */

import { algorithmName } from '../dnssec/algorithms.js';
import { countLabels, equalBytes, MAX_WIRE, nameToText, wireLength } from '../names/name.js';
import { typeToText } from '../records/types.js';
import type { Verifier } from '../sign/engine-types.js';
import type { FaultCode, FaultList } from './faults.js';
import type { ZoneKey } from './keys.js';
import type { OwnerRecords } from './owner-records.js';

/** Octets of an RRSIG before the signer's name. */
const FIXED = 18;
const FRONT = FIXED + MAX_WIRE + 1;

export interface SignatureContext {
  readonly apex: Uint8Array;
  /** Seconds since 1970. */
  readonly now: number;
  readonly keys: readonly ZoneKey[];
  /** By the index of the key; undefined: can't be checked. */
  readonly verifiers: readonly (Verifier | undefined)[];
  readonly algorithms: readonly number[];
}

/** Checks the signatures over RRsets, one RRset after another. */
export class SignatureChecker {
  /** Signatures seen, and those among them whose bits were checked. */
  signatures = 0;
  verified = 0;
  /** Signatures by an algorithm that is not known here. */
  unchecked = 0;
  /** Least `expiration − now` of all signatures, in seconds. */
  leastLife = 0x7fffffff;

  private data: Uint8Array = new Uint8Array(1 << 16);
  private builtTtl = -1;
  private builtEnd = 0;
  /** Algorithms seen in the RRset at hand. */
  private readonly seen = new Uint8Array(256);

  constructor(
    private readonly context: SignatureContext,
    private readonly faults: FaultList,
  ) {}

  /**
   * Checks that the RRset `records[first, end)` is signed as it must be.
   *
   * @param signedBy is told the index of each key that signs it, and whether validly.
   */
  check(
    records: OwnerRecords,
    first: number,
    end: number,
    wire: Uint8Array,
    wireEnd: number,
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    isApexKeys: boolean,
    signedBy?: (index: number, valid: boolean) => void,
  ): void {
    const { apex, now, keys, verifiers, algorithms } = this.context;
    const { seen } = this;
    const type = records.type[first];
    const ttl = records.ttl(first);
    this.builtTtl = -1;
    let any = false;
    for (let s = records.firstSignature; s < records.endSignatures; s++) {
      const covered = records.covered(s);
      if (covered < type) continue;
      if (covered > type) break;
      if (!any) for (const algorithm of algorithms) seen[algorithm] = 0;
      any = true;
      this.signatures++;
      const b = records.block[s];
      const at = records.at[s];
      const p = records.rdata(s);
      const rdEnd = p + records.rdlength(s);
      const algorithm = b[p + 2];
      seen[algorithm] = 1;
      const before = this.faults.seen;
      const fault = (code: FaultCode, message: string): void =>
        this.faults.add(code, key, keyStart, keyEnd, type, message, b, at);
      const tag = (b[p + 16] << 8) | b[p + 17];
      if (!sameName(b, p + FIXED, rdEnd, apex)) {
        fault('wrong-signer', `the signer is ${nameToText(b, p + FIXED)}, not the zone`);
        continue;
      }
      let labels = countLabels(wire);
      if (wire[0] === 1 && wire[1] === 0x2a) labels--;
      if (b[p + 3] !== labels) {
        fault('wrong-labels', `the signature says ${b[p + 3]} labels, the owner has ${labels}`);
        continue;
      }
      const originalTtl = u32(b, p + 4);
      if (originalTtl !== ttl) {
        fault('wrong-original-ttl', `the original TTL is ${originalTtl}, the RRset's ${ttl}`);
      }
      const expiration = u32(b, p + 8);
      const inception = u32(b, p + 12);
      const life = (expiration - now) | 0;
      if (life < this.leastLife) this.leastLife = life;
      if (((expiration - inception) | 0) < 0) {
        fault('inverted-signature-times', 'the signature expires before its inception');
      } else if (life < 0) {
        fault('expired-signature', `the signature expired ${period(-life)} ago`);
      } else if (((now - inception) | 0) < 0) {
        fault(
          'future-signature',
          `the signature is valid in ${period((inception - now) | 0)} only`,
        );
      }
      // Key tags are no identities: every key of that tag is asked.
      let match = false;
      let good = -1;
      let candidate = -1;
      let supported = true;
      for (let k = 0; k < keys.length; k++) {
        const zoneKey = keys[k];
        if (zoneKey.tag !== tag || zoneKey.algorithm !== algorithm) continue;
        if (zoneKey.revoked && !isApexKeys) continue;
        match = true;
        candidate = k;
        const verifier = verifiers[k];
        if (verifier === undefined) {
          supported = false;
          continue;
        }
        const start = this.build(records, first, end, wire, wireEnd, b, p, originalTtl);
        this.verified++;
        const signature = p + FIXED + apex.length;
        if (verifier.verify(this.data, start, this.builtEnd, b, signature, rdEnd)) {
          good = k;
          break;
        }
      }
      if (!match) {
        fault(
          'unknown-key-tag',
          `no usable key of ${algorithmName(algorithm)} in DNSKEY has the tag ${tag}`,
        );
      } else if (good < 0 && !supported) {
        this.unchecked++;
      } else if (good < 0) {
        fault('bad-signature', `the signature by key ${tag} does not verify`);
      }
      if (match) signedBy?.(good < 0 ? candidate : good, good >= 0 && this.faults.seen === before);
    }
    if (!any) {
      if (algorithms.length > 0) {
        this.faults.add(
          'unsigned-rrset',
          key,
          keyStart,
          keyEnd,
          type,
          `the ${typeToText(type)} RRset has no signature`,
          records.block[first],
          records.at[first],
        );
      }
      return;
    }
    for (const algorithm of algorithms) {
      if (seen[algorithm] !== 0) continue;
      this.faults.add(
        'missing-algorithm',
        key,
        keyStart,
        keyEnd,
        type,
        `${algorithmName(algorithm)} is in DNSKEY and does not sign this RRset`,
        records.block[first],
        records.at[first],
      );
    }
  }

  /** Builds the signed data; returns where it begins, `builtEnd` is where it ends. */
  private build(
    records: OwnerRecords,
    first: number,
    end: number,
    wire: Uint8Array,
    wireEnd: number,
    rrsig: Uint8Array,
    p: number,
    originalTtl: number,
  ): number {
    const fields = FIXED + this.context.apex.length;
    const start = FRONT - fields;
    if (this.builtTtl !== originalTtl) {
      let size = FRONT;
      for (let i = first; i < end; i++) size += wireEnd + 10 + records.rdlength(i);
      if (size > this.data.length) this.data = new Uint8Array(size * 2);
      const out = this.data;
      const type = records.type[first];
      let o = FRONT;
      for (let i = first; i < end; i++) {
        for (let k = 0; k < wireEnd; k++) out[o++] = wire[k];
        out[o++] = type >> 8;
        out[o++] = type;
        out[o++] = 0;
        out[o++] = 1;
        out[o++] = originalTtl >>> 24;
        out[o++] = originalTtl >>> 16;
        out[o++] = originalTtl >>> 8;
        out[o++] = originalTtl;
        const n = records.rdlength(i);
        out[o++] = n >> 8;
        out[o++] = n;
        const b = records.block[i];
        const q = records.rdata(i);
        for (let k = q; k < q + n; k++) out[o++] = b[k];
      }
      this.builtTtl = originalTtl;
      this.builtEnd = o;
    }
    const out = this.data;
    for (let k = 0; k < fields; k++) out[start + k] = rrsig[p + k];
    return start;
  }
}

function u32(b: Uint8Array, p: number): number {
  return ((b[p] << 24) | (b[p + 1] << 16) | (b[p + 2] << 8) | b[p + 3]) >>> 0;
}

function sameName(b: Uint8Array, at: number, end: number, name: Uint8Array): boolean {
  if (at + name.length > end) return false;
  return equalBytes(b.subarray(at, at + wireLength(b, at)), name);
}

/** Seconds as a person says them. */
function period(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} minutes`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} hours`;
  return `${Math.floor(seconds / 86_400)} days`;
}
