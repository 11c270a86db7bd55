/**
 * Writes owners with their records and signatures: as text, and in wire form for ZONEMD. The
 * signatures are made at the end, all at once, and put into the room that was left for them.
 */

import { compareBytes, countLabels } from '../names/name.js';
import { FACT_HEADER, factLength, factTtl, factType } from '../records/entry.js';
import { TYPE } from '../records/types.js';
import type { KeptSignatures } from '../reuse/kept.js';
import { KEPT, type RrsetSigner } from '../sign/rrsigs.js';
import type { Written } from '../zone/kernel-source.js';
import type { EmitCounts } from './counts.js';
import type { SpareMemory } from './emit.task.js';
import { SignatureHoles } from './holes.js';
import type { OwnerRecords } from './owner-records.js';
import { RecordText } from './record-text.js';
import { WireText } from './wire-text.js';

/** Octets of the first part's text and wire form, about. */
const FIRST_SIZE = 1 << 20;

/** Writes one range. */
export class OwnerWriter {
  readonly text: RecordText;
  readonly wire: WireText;
  /** Where the apex ZONEMD record and its signatures stand in the text. */
  zonemd: { readonly start: number; readonly end: number } | undefined;
  private readonly holes = new SignatureHoles();

  /**
   * @param hasDigest write the wire form, too.
   * @param spare memory to write to.
   */
  constructor(
    private readonly records: OwnerRecords,
    private readonly signer: RrsetSigner,
    private readonly kept: KeptSignatures | undefined,
    private readonly counts: EmitCounts,
    private readonly hasDigest: boolean,
    spare: SpareMemory | undefined,
  ) {
    this.text = new RecordText(spare?.text ?? FIRST_SIZE);
    this.wire = new WireText(spare?.wire ?? (hasDigest ? FIRST_SIZE : 0));
    signer.made = 0;
    signer.reused = 0;
    signer.earliestExpiration = Number.POSITIVE_INFINITY;
  }

  /** Makes the signatures. */
  finish(): void {
    const { signer, text, wire, counts } = this;
    this.holes.fill(signer, text, wire);
    counts.signatures = signer.made;
    counts.reused = signer.reused;
    counts.earliestExpiration = signer.earliestExpiration;
  }

  /** Takes over what the kernel has written. */
  take(written: Written): void {
    const { text, wire, signer, holes } = this;
    const { bytes, words, jobs, jobCount } = written;
    const textAt = text.at;
    const wireAt = wire.at;
    text.append(bytes, written.text, written.textEnd);
    wire.append(bytes, written.wire, written.wireEnd);
    if (jobCount === 0) return;
    const { data, dataEnd, jitter } = written;
    const s = signer.soleZoneKey();
    const first = signer.takeJobs(s, bytes, data, dataEnd, words, jobs, jobCount, jitter);
    for (let i = 0, job = jobs; i < jobCount; i++, job += 4) {
      holes.setText(first + i, textAt + words[job + 2]);
      if (this.hasDigest) holes.setWire(first + i, wireAt + words[job + 3]);
    }
  }

  /** Writes an owner of which nothing is signed. */
  writeUnsigned(): void {
    const { text, wire, counts, hasDigest } = this;
    const { owner, ownerLength, ownerText, ownerTextLength, blocks, ats, count } = this.records;
    let lastType = -1;
    for (let i = 0; i < count; i++) {
      const block = blocks[i];
      const at = ats[i];
      const type = factType(block, at);
      const ttl = factTtl(block, at);
      const length = factLength(block, at);
      const rdata = at + FACT_HEADER;
      if (type !== lastType) counts.rrsets++;
      lastType = type;
      text.record(ownerText, ownerTextLength, ttl, type, block, rdata, length);
      if (hasDigest) wire.record(owner, ownerLength, type, ttl, block, rdata, length);
    }
    counts.records += count;
  }

  /**
   * Writes the owner.
   *
   * @param authoritative everything is signed; otherwise DS, NSEC and NSEC3 only (RFC 4035 §2.2).
   * @param isApex SOA first, and the ZONEMD record is not part of its own digest.
   */
  write(authoritative: boolean, isApex: boolean): void {
    const { signer, records } = this;
    const { owner, blocks, ats, count } = records;
    // A leading asterisk label is not counted (RFC 4034 §3.1.3).
    const labels = countLabels(owner) - (owner[0] === 1 && owner[1] === 0x2a ? 1 : 0);
    signer.count = 0;
    this.kept?.seek(records.keyBlock, records.keyStart, records.keyEnd);
    let end = 0;
    if (isApex) {
      for (let i = 0; i < count; i++) {
        if (factType(blocks[i], ats[i]) !== TYPE.SOA) continue;
        end = this.rrset(labels, i, i + 1, true, end);
      }
    }
    for (let i = 0; i < count; ) {
      const type = factType(blocks[i], ats[i]);
      let j = i + 1;
      while (j < count && factType(blocks[j], ats[j]) === type) j++;
      if (!isApex || type !== TYPE.SOA) {
        const start = this.text.at;
        const signed =
          authoritative || type === TYPE.DS || type === TYPE.NSEC || type === TYPE.NSEC3;
        end = this.rrset(labels, i, j, signed, end);
        if (isApex && type === TYPE.ZONEMD) this.zonemd = { start, end: this.text.at };
      }
      i = j;
    }
    if (this.hasDigest) this.digest(isApex);
  }

  /** @returns where the owner's next RRSIG goes in the signer's memory; this one's goes to `rrsigAt`. */
  private rrset(
    labels: number,
    from: number,
    to: number,
    signed: boolean,
    rrsigAt: number,
  ): number {
    const { text, signer, counts } = this;
    const { blocks, ats, owner, ownerLength, ownerText, ownerTextLength } = this.records;
    const type = factType(blocks[from], ats[from]);
    const ttl = factTtl(blocks[from], ats[from]);
    counts.rrsets++;
    counts.records += to - from;
    for (let i = from; i < to; i++) {
      const block = blocks[i];
      const at = ats[i];
      const length = factLength(block, at);
      text.record(ownerText, ownerTextLength, ttl, type, block, at + FACT_HEADER, length);
    }
    if (!signed) return rrsigAt;
    const first = signer.count;
    const { kept, holes } = this;
    const end = signer.prepare(owner, ownerLength, labels, blocks, ats, from, to, rrsigAt, kept);
    for (let s = first; s < signer.count; s++) {
      const start = signer.starts[s];
      const length = signer.ends[s] - start;
      text.record(ownerText, ownerTextLength, ttl, TYPE.RRSIG, signer.out, start, length);
      counts.records++;
      if (signer.numbers[s] === KEPT) continue;
      // The line ends in the signature's base64 and a line feed.
      const digits = 4 * Math.ceil(signer.signatureLength(s) / 3);
      holes.setText(signer.numbers[s], text.at - 1 - digits);
    }
    return end;
  }

  // ---- the digest's input ------------------------------------------------------------------

  /** The owner's records in the order of RFC 8976 §3.3.1: by type, RRSIG among the types. */
  private digest(isApex: boolean): void {
    const { blocks, ats, count } = this.records;
    let i = 0;
    for (; i < count; i++) {
      if (factType(blocks[i], ats[i]) > TYPE.RRSIG) break;
      this.digestFact(blocks[i], ats[i]);
    }
    this.digestRrsigs(isApex);
    for (; i < count; i++) {
      if (isApex && factType(blocks[i], ats[i]) === TYPE.ZONEMD) continue;
      this.digestFact(blocks[i], ats[i]);
    }
  }

  private digestFact(block: Uint8Array, at: number): void {
    const { owner, ownerLength } = this.records;
    const type = factType(block, at);
    const ttl = factTtl(block, at);
    this.wire.record(owner, ownerLength, type, ttl, block, at + FACT_HEADER, factLength(block, at));
  }

  private digestRrsigs(isApex: boolean): void {
    const { signer } = this;
    if (signer.count === 0) return;
    const { out, starts, ends, count } = signer;
    if (!isApex) {
      // The RRsets were signed by ascending type, so the records are in order.
      for (let s = 0; s < count; s++) this.digestRrsig(s);
      return;
    }
    const order = Array.from({ length: count }, (_, s) => s);
    order.sort((x, y) => compareBytes(out, starts[x], ends[x], out, starts[y], ends[y]));
    for (const s of order) {
      if (((out[starts[s]] << 8) | out[starts[s] + 1]) !== TYPE.ZONEMD) this.digestRrsig(s);
    }
  }

  private digestRrsig(s: number): void {
    const { signer, wire } = this;
    const { owner, ownerLength } = this.records;
    const { out } = signer;
    const start = signer.starts[s];
    const length = signer.ends[s] - start;
    const ttl =
      ((out[start + 4] << 24) | (out[start + 5] << 16) | (out[start + 6] << 8) | out[start + 7]) >>>
      0;
    wire.record(owner, ownerLength, TYPE.RRSIG, ttl, out, start, length);
    const number = signer.numbers[s];
    if (number !== KEPT) this.holes.setWire(number, wire.at - signer.signatureLength(s));
  }
}
