/**
 * The signatures over one RRset (RFC 4035 §5.3, RFC 4034 §3.1.8.1 and §6, RFC 6840 §5.1, serial
 * arithmetic on times: RFC 4034 §3.1.5).
 *
 * The signed data is built in one reused array; in front of the RRset stays room for the RRSIG
 * fields, so that two signatures over one RRset share what is behind them.
 */

import { algorithmName } from '../dnssec/algorithms.js';
import { countLabels, keyToWire, MAX_KEY, MAX_WIRE, nameToText } from '../names/name.js';
import { factChunk, factLine } from '../records/entry.js';
import { typeToText } from '../records/types.js';
import type { Verifier } from '../sign/engine-types.js';
import { type BatchVerifier, JOB, SIGNATURE_END } from './batch-verifier.js';
import type { FaultCode, FaultList } from './faults.js';
import type { ZoneKey } from './keys.js';
import type { OwnerRecords } from './owner-records.js';

/** Octets of an RRSIG before the signer's name. */
const FIXED = 18;
const FRONT = FIXED + MAX_WIRE + 1;
/** Signatures of a key that wait to be checked, at most. */
const BATCH = 1024;

/** Words of a job, beside those that are the batch's. */
const OWNER = 2;
const OWNER_LENGTH = 3;
const TYPE = 4;
const RRSIG = 5;
const SIGNER = 6;

export interface SignatureContext {
  readonly apex: Uint8Array;
  /** Seconds since 1970. */
  readonly now: number;
  readonly keys: readonly ZoneKey[];
  /** By the index of the key; undefined: can't be checked. */
  readonly verifiers: readonly (Verifier | undefined)[];
  /** The same keys' batches. */
  readonly batches: readonly (BatchVerifier | undefined)[];
  readonly algorithms: readonly number[];
}

/**
 * Checks the signatures over RRsets, one RRset after another. What a signature says is checked at
 * once, its bits at the latest by {@link SignatureChecker.flush}.
 */
export class SignatureChecker {
  /** Signatures seen, and those among them whose bits were checked. */
  signatures = 0;
  verified = 0;
  /** Signatures by an algorithm that is not known here. */
  unchecked = 0;
  /** Signatures by an algorithm of which the zone has no key: no validator looks at them. */
  keyless = 0;
  /** Least `expiration − now` of all signatures, in seconds. */
  leastLife = 0x7fffffff;
  /** Greatest TTL of a signed RRset: how long caches hold signatures, in seconds. */
  greatestTtl = 0;

  private data: Uint8Array = new Uint8Array(1 << 16);
  private builtTtl = -1;
  private builtEnd = 0;
  /** Algorithms seen in the RRset at hand. */
  private readonly seen = new Uint8Array(256);
  /** By the index of the key: what waits in its batch. */
  private readonly waiting: readonly Waiting[];

  constructor(
    private readonly context: SignatureContext,
    private faults: FaultList,
  ) {
    this.waiting = context.keys.map(() => new Waiting());
  }

  /** Begins a walk, whose faults go to `faults`. */
  restart(faults: FaultList): void {
    this.faults = faults;
    this.signatures = this.verified = this.unchecked = this.keyless = 0;
    this.leastLife = 0x7fffffff;
    this.greatestTtl = 0;
  }

  /** Checks the bits of all signatures that still wait. */
  flush(): void {
    for (let k = 0; k < this.waiting.length; k++) if (this.waiting[k].count > 0) this.flushKey(k);
  }

  private flushKey(k: number): void {
    const { apex, keys, batches } = this.context;
    const waiting = this.waiting[k];
    batches[k]?.flush((i) => {
      const wire = new Uint8Array(MAX_WIRE + 1);
      keyToWire(waiting.names, waiting.starts[i], waiting.starts[i + 1], apex, wire, 0);
      this.faults.push({
        fault: 'bad-signature',
        owner: nameToText(wire),
        type: typeToText(waiting.types[i]),
        message: badSignature(keys[k].tag),
        chunk: waiting.chunks[i],
        line: waiting.lines[i],
      });
    });
    waiting.count = 0;
  }

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
    let labels = -1;
    for (let s = records.firstSignature; s < records.endSignatures; s++) {
      const covered = records.covered(s);
      if (covered < type) continue;
      if (covered > type) break;
      if (!any) for (const algorithm of algorithms) seen[algorithm] = 0;
      any = true;
      if (ttl > this.greatestTtl) this.greatestTtl = ttl;
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
      if (labels < 0) {
        labels = countLabels(wire);
        if (wire[0] === 1 && wire[1] === 0x2a) labels--;
      }
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
      const signature = p + FIXED + apex.length;
      const only = isApexKeys ? -1 : this.onlyKey(tag, algorithm);
      const batch = only < 0 ? undefined : this.context.batches[only];
      if (batch !== undefined) {
        const start = this.build(records, first, end, wire, wireEnd, b, p, originalTtl);
        this.verified++;
        batch.push(this.data, start, this.builtEnd, b, signature, rdEnd);
        const waiting = this.waiting[only];
        waiting.add(key, keyStart, keyEnd, type, factChunk(b, at), factLine(b, at));
        if (waiting.count === BATCH) this.flushKey(only);
        continue;
      }
      // Key tags are no identities: every key of that tag is asked.
      let match = false;
      let good = -1;
      let candidate = -1;
      let supported = true;
      for (let k = 0; k < keys.length; k++) {
        const zoneKey = keys[k];
        if (zoneKey.tag !== tag || zoneKey.algorithm !== algorithm) continue;
        if (isApexKeys ? !zoneKey.published : zoneKey.revoked) continue;
        match = true;
        candidate = k;
        const verifier = verifiers[k];
        if (verifier === undefined) {
          supported = false;
          continue;
        }
        const start = this.build(records, first, end, wire, wireEnd, b, p, originalTtl);
        this.verified++;
        if (verifier.verify(this.data, start, this.builtEnd, b, signature, rdEnd)) {
          good = k;
          break;
        }
      }
      if (!match && !keys.some((zoneKey) => zoneKey.algorithm === algorithm)) {
        this.keyless++;
      } else if (!match) {
        fault(
          'unknown-key-tag',
          `no usable key of ${algorithmName(algorithm)} in DNSKEY has the tag ${tag}`,
        );
      } else if (good < 0 && !supported) {
        this.unchecked++;
      } else if (good < 0) {
        fault('bad-signature', badSignature(tag));
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

  /** Indices of the keys that are the only ones of their tag, and have a batch. */
  soleKeys(): number[] {
    const { keys, batches } = this.context;
    return keys.flatMap(({ tag, algorithm }, k) =>
      this.onlyKey(tag, algorithm) === k && batches[k] !== undefined ? [k] : [],
    );
  }

  /**
   * Takes signatures over whose RRsets all is said but whether their bits are good.
   *
   * @param data address in `bytes` of what is signed.
   * @param jobs index in `words` of the jobs (kernel/assembly/verify-signed.ts), which are `count`.
   */
  takeJobs(bytes: Uint8Array, data: number, words: Uint32Array, jobs: number, count: number): void {
    const stop = jobs + count * JOB;
    let from = data;
    for (let job = jobs; job < stop; ) {
      const k = words[job + SIGNER];
      const waiting = this.waiting[k];
      const full = job + (BATCH - waiting.count) * JOB;
      const first = job;
      for (; job < stop && job < full && words[job + SIGNER] === k; job += JOB) {
        const key = words[job + OWNER];
        const fact = words[job + RRSIG];
        const [chunk, line] = [factChunk(bytes, fact), factLine(bytes, fact)];
        waiting.add(bytes, key, key + words[job + OWNER_LENGTH], words[job + TYPE], chunk, line);
      }
      this.context.batches[k]?.pushMany(bytes, data, from, words, first, job);
      from = data + words[job - JOB + SIGNATURE_END];
      if (waiting.count === BATCH) this.flushKey(k);
    }
  }

  /** The one key of this tag and algorithm that signatures of the zone's data can be by; -1: there
   * is none, or more than one. */
  private onlyKey(tag: number, algorithm: number): number {
    const { keys } = this.context;
    let only = -1;
    for (let k = 0; k < keys.length; k++) {
      const key = keys[k];
      if (key.tag !== tag || key.algorithm !== algorithm || key.revoked) continue;
      if (only >= 0) return -1;
      only = k;
    }
    return only;
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

const badSignature = (tag: number): string => `the signature by key ${tag} does not verify`;

/** What is needed to name the signatures of a batch: of which owner, type and place they are. */
class Waiting {
  count = 0;
  names = new Uint8Array(1 << 14);
  readonly starts = new Int32Array(BATCH + 1);
  readonly types = new Uint16Array(BATCH);
  readonly chunks = new Int32Array(BATCH);
  readonly lines = new Int32Array(BATCH);

  add(
    key: Uint8Array,
    start: number,
    end: number,
    type: number,
    chunk: number,
    line: number,
  ): void {
    const i = this.count++;
    let o = this.starts[i];
    if (o + MAX_KEY > this.names.length) {
      const wider = new Uint8Array(this.names.length * 2);
      wider.set(this.names);
      this.names = wider;
    }
    for (let p = start; p < end; p++) this.names[o++] = key[p];
    this.starts[i + 1] = o;
    this.types[i] = type;
    this.chunks[i] = chunk;
    this.lines[i] = line;
  }
}

function u32(b: Uint8Array, p: number): number {
  return ((b[p] << 24) | (b[p + 1] << 16) | (b[p + 2] << 8) | b[p + 3]) >>> 0;
}

function sameName(b: Uint8Array, at: number, end: number, name: Uint8Array): boolean {
  if (at + name.length > end) return false;
  for (let i = 0; i < name.length; i++) if (b[at + i] !== name[i]) return false;
  return true;
}

/** Seconds as a person says them. */
function period(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} minutes`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} hours`;
  return `${Math.floor(seconds / 86_400)} days`;
}
