/**
 * Makes the RRSIG records of RRsets (RFC 4034 §3): one for each key that has to sign, over
 * the canonical RRset, with an expiry that is spread by a hash of name and type.
 */

import { copyOctets } from '../kernel/copy.js';
import { compareBytes } from '../names/name.js';
import { FACT_HEADER, factLength, factTtl, factType } from '../records/entry.js';
import { TYPE } from '../records/types.js';
import type { KeptSignatures } from '../reuse/kept.js';
import { type EngineName, openSigner, type Signer, type SigningKey } from './engine.js';

/** In place of a number: the signature is an earlier one or another machine's, whole already. */
export const KEPT = -1;
/** Octets of an RRSIG's RDATA before the signer's name. */
const RRSIG_FIXED = 18;

/** A key and what it signs. */
export interface KeyUse {
  readonly key: SigningKey;
  /** Signs DNSKEY, CDS and CDNSKEY of the apex. */
  readonly signsKeys: boolean;
  /** Of these it signs DNSKEY only, to prove its revocation (RFC 5011 §2.1). */
  readonly isRevoked: boolean;
  /** Signs everything else. */
  readonly signsZone: boolean;
}

/** How a zone is signed. Plain data, posted to the threads. */
export interface SigningContext {
  readonly apex: Uint8Array;
  readonly keys: readonly KeyUse[];
  /** RRSIG RDATA over DNSKEY, CDS and CDNSKEY that was made on another machine; no key signs these
   * then. */
  readonly presigned?: readonly Uint8Array[] | undefined;
  readonly engine: EngineName;
  /** Seconds since 1970; written modulo 2^32 (RFC 4034 §3.1.5). */
  readonly inception: number;
  /** The latest expiry; each signature's is up to `jitter` seconds earlier. */
  readonly expiration: number;
  readonly jitter: number;
}

/**
 * Signs RRsets. Making the signatures is put off: {@link prepare} lays out the RRSIG records with
 * room for the signatures, {@link signAll} makes those of many RRsets in one go. So the tables
 * and the code of the curve stay in the processor's caches, and an HSM gets its work in batches.
 */
export class RrsetSigner {
  /** RDATA of RRSIG `i` of the current owner is `out[starts[i], ends[i])`, in canonical order; the
   * signature in it is 0. */
  out = new Uint8Array(16_384);
  count = 0;
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  /** The number of each RRSIG among those that {@link signAll} will make, or {@link KEPT}. */
  readonly numbers: number[] = [];
  /** Signatures prepared and not made yet. */
  pending = 0;
  /** Signatures made so far, and kept. */
  made = 0;
  reused = 0;
  /** Expiries seen, for the guard on signature life: the earliest. */
  earliestExpiration = Number.POSITIVE_INFINITY;

  /** What is to be signed: `data[jobStarts[n], jobEnds[n])`, by key `jobKeys[n]`. */
  private data = new Uint8Array(1 << 18);
  private dataEnd = 0;
  private jobStarts = new Uint32Array(1024);
  private jobEnds = new Uint32Array(1024);
  private jobKeys = new Uint8Array(1024);
  private readonly signature = new Uint8Array(1024);

  private constructor(
    private readonly context: SigningContext,
    private readonly signers: readonly Signer[],
  ) {}

  /** Opens every key once. */
  static async open(context: SigningContext): Promise<RrsetSigner> {
    const signers: Signer[] = [];
    for (const { key } of context.keys) signers.push(await openSigner(key, context.engine));
    return new RrsetSigner(context, signers);
  }

  /** Gives back what the keys hold outside of this process. */
  close(): void {
    for (const signer of this.signers) signer.close?.();
  }

  /** Octets of the signature at the end of RRSIG `i` of the current owner, which is not kept. */
  signatureLength(i: number): number {
    return this.signers[this.jobKeys[this.numbers[i]]].signatureLength;
  }

  /**
   * Prepares the signatures of the facts `[from, to)` of one type, which are in canonical order.
   *
   * @param kept stands at the owner, if it had signatures before; those to be kept are copied.
   * @param start where the RRSIGs go in {@link out}; they stay there until overwritten.
   * @returns the offset after the last RRSIG.
   */
  prepare(
    owner: Uint8Array,
    ownerLength: number,
    labels: number,
    blocks: readonly Uint8Array[],
    ats: readonly number[],
    from: number,
    to: number,
    start: number,
    kept?: KeptSignatures | undefined,
  ): number {
    const { context, signers } = this;
    const type = factType(blocks[from], ats[from]);
    const ttl = factTtl(blocks[from], ats[from]);
    const expiration = context.expiration - this.jitter(owner, ownerLength, type);
    const apex = context.apex;
    const headerLength = RRSIG_FIXED + apex.length;

    let size = headerLength;
    for (let i = from; i < to; i++) size += ownerLength + 10 + factLength(blocks[i], ats[i]);
    // Below the apex these are data like any other.
    const isKeySet =
      ownerLength === apex.length &&
      (type === TYPE.DNSKEY || type === TYPE.CDS || type === TYPE.CDNSKEY);
    if (isKeySet && context.presigned !== undefined) {
      return this.copyPresigned(context.presigned, type, start);
    }
    // What is signed of ZONEMD is not known before the end.
    const isZonemd = ownerLength === apex.length && type === TYPE.ZONEMD;
    const unchanged = kept !== undefined && !isZonemd && kept.isUnchanged(blocks, ats, from, to);
    let at = start;
    const first = this.count;
    let laidOut = -1;
    for (let s = 0; s < signers.length; s++) {
      const use = context.keys[s];
      if (isKeySet ? !use.signsKeys : !use.signsZone) continue;
      // Nobody may trust what a revoked key says (RFC 7344 §4.1).
      if (use.isRevoked && type !== TYPE.DNSKEY) continue;
      const signer = signers[s];
      this.makeRoom(at + headerLength + signer.signatureLength);
      if (unchanged && kept.find(s, signer.algorithm, signer.tag, labels, signer.signatureLength)) {
        at = this.copyKept(kept, at);
        continue;
      }
      if (expiration < this.earliestExpiration) this.earliestExpiration = expiration;
      const begin = this.openJob(s, size);
      const { data } = this;
      if (laidOut < 0) {
        data[begin] = type >>> 8;
        data[begin + 1] = type;
        data[begin + 3] = labels;
        putU32(data, begin + 4, ttl);
        putU32(data, begin + 8, expiration);
        putU32(data, begin + 12, context.inception);
        for (let i = 0; i < apex.length; i++) data[begin + RRSIG_FIXED + i] = apex[i];
        this.layOut(owner, ownerLength, type, ttl, blocks, ats, from, to, begin + headerLength);
        laidOut = begin;
      } else {
        data.copyWithin(begin, laidOut, laidOut + size);
      }
      data[begin + 2] = signer.algorithm;
      data[begin + 16] = signer.tag >>> 8;
      data[begin + 17] = signer.tag;
      const { out } = this;
      this.starts[this.count] = at;
      for (let k = 0; k < headerLength; k++) out[at++] = data[begin + k];
      for (let k = 0; k < signer.signatureLength; k++) out[at++] = 0;
      this.numbers[this.count] = this.pending - 1;
      this.ends[this.count++] = at;
    }
    this.sortFrom(first);
    return at;
  }

  /** The one key that signs what is neither DNSKEY, CDS nor CDNSKEY, by its number among the
   * context's; -1 when there are several, or none. */
  soleZoneKey(): number {
    const { keys } = this.context;
    const first = keys.findIndex((use) => use.signsZone);
    return keys.findLastIndex((use) => use.signsZone) === first ? first : -1;
  }

  /** What RRSIG records of key `s` say of it, and their times. */
  terms(s: number): Signer & Pick<SigningContext, 'inception' | 'expiration' | 'jitter'> {
    const { inception, expiration, jitter } = this.context;
    return { ...this.signers[s], inception, expiration, jitter };
  }

  /**
   * Takes signatures that were prepared elsewhere: for each of `count` jobs, four words from
   * `words[jobs]` on, of which the first two say where from `bytes[data]` on lies what is to be
   * signed.
   *
   * @param early seconds by which they expire before they have to, at most.
   * @returns the number of the first one.
   */
  takeJobs(
    s: number,
    bytes: Uint8Array,
    data: number,
    dataEnd: number,
    words: Uint32Array,
    jobs: number,
    count: number,
    early: number,
  ): number {
    const first = this.pending;
    const begin = this.dataEnd;
    this.makeDataRoom(begin + dataEnd - data);
    copyOctets(bytes, data, dataEnd, this.data, begin);
    this.dataEnd = begin + dataEnd - data;
    for (let i = 0, job = jobs; i < count; i++, job += 4) {
      const n = this.pending++;
      if (n === this.jobKeys.length) this.widenJobs();
      this.jobStarts[n] = begin + words[job];
      this.jobEnds[n] = begin + words[job + 1];
      this.jobKeys[n] = s;
    }
    const earliest = this.context.expiration - early;
    if (count > 0 && earliest < this.earliestExpiration) this.earliestExpiration = earliest;
    return first;
  }

  /** Signatures were kept, the first of which expires then. */
  noteKept(expiration: number, count = 1): void {
    this.reused += count;
    if (expiration < this.earliestExpiration) this.earliestExpiration = expiration;
  }

  /**
   * Makes the signatures that were prepared, in that order.
   *
   * @param take is given each with its number; the array is reused.
   */
  signAll(take: (number: number, signature: Uint8Array, length: number) => void): void {
    const { signers, jobStarts, jobEnds, jobKeys, data, signature, pending } = this;
    const batches = signers.map((_, s) => this.signBatch(s));
    const taken = signers.map(() => 0);
    for (let n = 0; n < pending; n++) {
      const s = jobKeys[n];
      const batch = batches[s];
      if (batch === undefined) {
        const length = signers[s].sign(data, jobStarts[n], jobEnds[n], signature, 0);
        take(n, signature, length);
      } else {
        const length = signers[s].signatureLength;
        const at = length * taken[s]++;
        take(n, batch.subarray(at, at + length), length);
      }
    }
    this.made += pending;
    this.pending = 0;
    this.dataEnd = 0;
  }

  /** The signatures of key `s`, in order, if it makes many at a time. */
  private signBatch(s: number): Uint8Array | undefined {
    const { signers, jobStarts, jobEnds, jobKeys, data, pending } = this;
    const signer = signers[s];
    if (signer.signMany === undefined || pending === 0) return undefined;
    const starts = new Uint32Array(pending);
    const ends = new Uint32Array(pending);
    let count = 0;
    for (let n = 0; n < pending; n++) {
      if (jobKeys[n] !== s) continue;
      starts[count] = jobStarts[n];
      ends[count++] = jobEnds[n];
    }
    const out = new Uint8Array(count * signer.signatureLength);
    signer.signMany(data, starts, ends, count, out);
    return out;
  }

  /** Copies a signature that is kept to `out[at…]`; returns where it ends. */
  private copyKept({ block, at: from, length, expiration }: KeptSignatures, at: number): number {
    const { out } = this;
    out.set(block.subarray(from, from + length), at);
    this.starts[this.count] = at;
    this.numbers[this.count] = KEPT;
    this.ends[this.count++] = at + length;
    this.noteKept(expiration);
    return at + length;
  }

  /** Copies the signatures of a type that were made elsewhere to `out[at…]`; returns their end. */
  private copyPresigned(rrsigs: readonly Uint8Array[], type: number, at: number): number {
    const first = this.count;
    let o = at;
    for (const rdata of rrsigs) {
      if (((rdata[0] << 8) | rdata[1]) !== type) continue;
      this.makeRoom(o + rdata.length);
      this.out.set(rdata, o);
      this.starts[this.count] = o;
      this.numbers[this.count] = KEPT;
      o += rdata.length;
      this.ends[this.count++] = o;
    }
    this.sortFrom(first);
    return o;
  }

  /** Makes {@link out} at least so long. */
  private makeRoom(length: number): void {
    if (length <= this.out.length) return;
    const wider = new Uint8Array(this.out.length * 2);
    wider.set(this.out);
    this.out = wider;
  }

  /** Makes room for what is to be signed by key `s`; returns where it begins. */
  private openJob(s: number, size: number): number {
    const n = this.pending++;
    if (n === this.jobKeys.length) this.widenJobs();
    const begin = this.dataEnd;
    this.makeDataRoom(begin + size);
    this.jobStarts[n] = begin;
    this.jobEnds[n] = begin + size;
    this.jobKeys[n] = s;
    this.dataEnd = begin + size;
    return begin;
  }

  private widenJobs(): void {
    const n = this.jobKeys.length;
    const u32 = (from: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> => {
      const to = new Uint32Array(n * 2);
      to.set(from);
      return to;
    };
    this.jobStarts = u32(this.jobStarts);
    this.jobEnds = u32(this.jobEnds);
    const keys = new Uint8Array(n * 2);
    keys.set(this.jobKeys);
    this.jobKeys = keys;
  }

  /** Makes what is to be signed have room for so many octets. */
  private makeDataRoom(length: number): void {
    if (length <= this.data.length) return;
    const wider = new Uint8Array(Math.max(this.data.length * 2, length));
    wider.set(this.data.subarray(0, this.dataEnd));
    this.data = wider;
  }

  /** Writes the RRset in its canonical form (RFC 4034 §3.1.8.1) to `data[at…]`. */
  private layOut(
    owner: Uint8Array,
    ownerLength: number,
    type: number,
    ttl: number,
    blocks: readonly Uint8Array[],
    ats: readonly number[],
    from: number,
    to: number,
    at: number,
  ): void {
    const { data } = this;
    let o = at;
    for (let i = from; i < to; i++) {
      const block = blocks[i];
      const length = factLength(block, ats[i]);
      for (let k = 0; k < ownerLength; k++) data[o++] = owner[k];
      data[o] = type >>> 8;
      data[o + 1] = type;
      data[o + 2] = 0;
      data[o + 3] = 1;
      putU32(data, o + 4, ttl);
      data[o + 8] = length >>> 8;
      data[o + 9] = length;
      o += 10;
      const p = ats[i] + FACT_HEADER;
      for (let k = 0; k < length; k++) data[o++] = block[p + k];
    }
  }

  private sortFrom(first: number): void {
    const { starts, ends, numbers, out, count } = this;
    for (let i = first + 1; i < count; i++) {
      const s = starts[i];
      const e = ends[i];
      const number = numbers[i];
      let j = i - 1;
      while (j >= first && compareBytes(out, starts[j], ends[j], out, s, e) > 0) {
        starts[j + 1] = starts[j];
        ends[j + 1] = ends[j];
        numbers[j + 1] = numbers[j];
        j--;
      }
      starts[j + 1] = s;
      ends[j + 1] = e;
      numbers[j + 1] = number;
    }
  }

  /** Seconds by which a signature expires early: the same in every build (FNV-1a). */
  private jitter(owner: Uint8Array, ownerLength: number, type: number): number {
    const { jitter } = this.context;
    if (jitter === 0) return 0;
    let h = 0x811c9dc5 | 0;
    for (let i = 0; i < ownerLength; i++) h = Math.imul(h ^ owner[i], 0x01000193);
    h = Math.imul(h ^ (type >>> 8), 0x01000193);
    h = Math.imul(h ^ (type & 0xff), 0x01000193);
    h ^= h >>> 15;
    h = Math.imul(h, 0x2c1b3c6d);
    h ^= h >>> 13;
    return (h >>> 0) % (jitter + 1);
  }
}

/** Writes the low 32 bits of a number (also above 2^32: times after 2106). */
function putU32(bytes: Uint8Array, at: number, value: number): void {
  const low = value % 0x1_0000_0000;
  bytes[at] = low >>> 24;
  bytes[at + 1] = low >>> 16;
  bytes[at + 2] = low >>> 8;
  bytes[at + 3] = low;
}
