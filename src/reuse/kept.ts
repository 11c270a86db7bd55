/**
 * Which signatures of the previous zone are kept (spec of reuse; RFC 4034 §3, RFC 1982): those of
 * an RRset that is unchanged, made by a key that still signs it, with times that a signature made
 * now could have, and with more than `refresh` of life left.
 */

import { keyTag } from '../dnssec/keytag.js';
import { compareBytes, equalBytes } from '../names/name.js';
import { FACT_HEADER, factLength, factTtl, factType } from '../records/entry.js';
import { TYPE } from '../records/types.js';
import type { SigningContext } from '../sign/rrsigs.js';
import { Cursor } from '../sort/cursor.js';
import type { Run } from '../sort/run.js';
import type { KeptRun } from '../zone/walk-kernel.js';

/** Octets of an RRSIG's RDATA before the signer's name (RFC 4034 §3.1). */
const RRSIG_FIXED = 18;

/** Plain data, posted to the threads. */
export interface ReuseRules {
  readonly apex: Uint8Array;
  /** Seconds since 1970. */
  readonly now: number;
  /** A signature that has no more seconds than this left is made anew. */
  readonly refresh: number;
  /** Seconds that a signature made now could have left, at most: one with more was made by a wrong
   * clock or another policy. */
  readonly validity: number;
  /** For each key of the signing context: may signatures with its tag be kept? */
  readonly keys: readonly boolean[];
}

/**
 * The rules for a zone.
 *
 * @param previousKeys DNSKEY RDATA of the previous zone. A tag is no identity: signatures of a key
 *   are its own only if that zone had the very key, and neither zone has another one with its tag.
 */
export function reuseRules(
  signing: SigningContext,
  previousKeys: readonly Uint8Array[],
  times: { readonly now: number; readonly refresh: number; readonly validity: number },
): ReuseRules {
  const now = signing.keys.map(({ key }) => key.dnskey);
  return {
    apex: signing.apex,
    ...times,
    keys: signing.keys.map(({ key }) => {
      if (!previousKeys.some((dnskey) => equalBytes(dnskey, key.dnskey))) return false;
      return [...previousKeys, ...now].every(
        (dnskey) =>
          equalBytes(dnskey, key.dnskey) ||
          dnskey[3] !== key.algorithm ||
          keyTag(dnskey) !== key.tag,
      );
    }),
  };
}

/** Looks up signatures of a range of the previous zone, owner by owner in canonical order. */
export class KeptSignatures {
  /** RDATA of the signature found last: `block[at, at + length)`. */
  block: Uint8Array = new Uint8Array(0);
  at = 0;
  length = 0;
  /** When it expires, seconds since 1970. */
  expiration = 0;

  private readonly cursor: Cursor;
  private left: boolean;
  /** Are the runs the range and nothing else? */
  private readonly isWhole: boolean;
  /** Does the cursor stand at the owner that was asked for? */
  private here = false;
  /** The records of the RRset that is looked at. */
  private readonly blocks: Uint8Array[] = [];
  private readonly ats: number[] = [];
  private type = 0;
  private ttl = 0;

  constructor(
    private readonly rules: ReuseRules,
    private readonly runs: readonly Run[],
    from: Uint8Array | undefined,
    to: Uint8Array | undefined,
  ) {
    this.isWhole = from === undefined && to === undefined;
    this.cursor = new Cursor(runs, from, to);
    this.left = this.cursor.next();
  }

  /**
   * The signed owners in one piece, for the kernel to look in.
   *
   * @param s the number of the key whose signatures are looked for.
   * @returns undefined when they are in several pieces.
   */
  wholeRun(s: number): KeptRun | undefined {
    const { runs, rules, isWhole } = this;
    const { now, refresh, validity } = rules;
    if (runs.length === 0 || rules.keys[s] !== true)
      return { run: undefined, now, refresh, validity };
    const [run] = runs;
    if (!isWhole || runs.length > 1 || run.file !== undefined) return undefined;
    return run.pages.count === 1 ? { run, now, refresh, validity } : undefined;
  }

  /** Goes to an owner, which is not below the one before. */
  seek(block: Uint8Array, start: number, end: number): void {
    const { cursor } = this;
    let d = -1;
    while (this.left) {
      d = compareBytes(cursor.keyBlock, cursor.keyStart, cursor.keyEnd, block, start, end);
      if (d >= 0) break;
      this.left = cursor.next();
    }
    this.here = this.left && d === 0;
  }

  /**
   * Did the previous zone have the RRset of the facts `[from, to)`, which are different from each
   * other, with the same TTL? {@link find} then looks for its signatures.
   */
  isUnchanged(
    blocks: readonly Uint8Array[],
    ats: readonly number[],
    from: number,
    to: number,
  ): boolean {
    if (!this.here) return false;
    const type = factType(blocks[from], ats[from]);
    const ttl = factTtl(blocks[from], ats[from]);
    const { cursor } = this;
    let n = 0;
    for (let i = 0; i < cursor.parts; i++) {
      const block = cursor.partBlocks[i];
      const end = cursor.partEnds[i];
      for (let at = cursor.partStarts[i]; at < end; at += FACT_HEADER + factLength(block, at)) {
        if (factType(block, at) !== type) continue;
        if (factTtl(block, at) !== ttl) return false;
        this.blocks[n] = block;
        this.ats[n++] = at;
      }
    }
    if (n !== to - from) return false;
    for (let i = 0; i < n; i++) {
      if (this.isEqual(i, blocks[from + i], ats[from + i])) continue;
      // In another order; as many and all different, so each must be there.
      let j = 0;
      while (j < n && !this.isEqual(j, blocks[from + i], ats[from + i])) j++;
      if (j === n) return false;
    }
    this.type = type;
    this.ttl = ttl;
    return true;
  }

  /**
   * Finds the signature over that RRset to be kept, of several the one that lives longest.
   *
   * @param s the key's number in the signing context.
   * @param labels what the RRSIG's labels field must be.
   */
  find(
    s: number,
    algorithm: number,
    tag: number,
    labels: number,
    signatureLength: number,
  ): boolean {
    const { cursor, rules, type, ttl } = this;
    if (!rules.keys[s]) return false;
    const { apex } = rules;
    const length = RRSIG_FIXED + apex.length + signatureLength;
    let life = rules.refresh;
    let found = false;
    for (let i = 0; i < cursor.parts; i++) {
      const b = cursor.partBlocks[i];
      const end = cursor.partEnds[i];
      for (let at = cursor.partStarts[i]; at < end; at += FACT_HEADER + factLength(b, at)) {
        if (factType(b, at) !== TYPE.RRSIG || factLength(b, at) !== length) continue;
        const p = at + FACT_HEADER;
        if (((b[p] << 8) | b[p + 1]) !== type || b[p + 2] !== algorithm) continue;
        if (((b[p + 16] << 8) | b[p + 17]) !== tag || b[p + 3] !== labels) continue;
        if (u32(b, p + 4) !== ttl) continue;
        const name = p + RRSIG_FIXED;
        if (compareBytes(b, name, name + apex.length, apex, 0, apex.length) !== 0) continue;
        const remaining = this.life(u32(b, p + 8), u32(b, p + 12));
        if (remaining <= life) continue;
        life = remaining;
        found = true;
        this.block = b;
        this.at = p;
        this.length = length;
        this.expiration = rules.now + remaining;
      }
    }
    return found;
  }

  /** Seconds that a signature has left; 0 when its times can't be of one made by these rules. */
  private life(expiration: number, inception: number): number {
    const { now, validity } = this.rules;
    // RFC 1982: differences modulo 2^32 as signed numbers.
    const clock = (now % 0x1_0000_0000) | 0;
    const remaining = (expiration - clock) | 0;
    const age = (clock - inception) | 0;
    const whole = (expiration - inception) | 0;
    return remaining > validity || age < 0 || whole <= 0 ? 0 : remaining;
  }

  private isEqual(i: number, block: Uint8Array, at: number): boolean {
    const length = factLength(block, at);
    const other = this.blocks[i];
    const p = this.ats[i];
    if (factLength(other, p) !== length) return false;
    const a = p + FACT_HEADER;
    const b = at + FACT_HEADER;
    return compareBytes(other, a, a + length, block, b, b + length) === 0;
  }
}

function u32(b: Uint8Array, at: number): number {
  return ((b[at] << 24) | (b[at + 1] << 16) | (b[at + 2] << 8) | b[at + 3]) >>> 0;
}
