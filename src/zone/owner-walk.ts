/**
 * Walks the owners of a zone in canonical order and applies the rules that need nothing but
 * an owner's own facts and the cut above it: which domains are delegated, where the cuts are,
 * what is occluded, which records can't stand together (spec of statuses; RFC 1034 §4.2.1,
 * RFC 2181 §§5, 6 and 10.1, RFC 6672 §2.4). Both passes over a zone walk this way, so that
 * each rule stands in one place.
 *
 * Glue is the business of zone/glue.ts: the walk says below which cut an address lies.
 */

import {
  compareBytes,
  countLabels,
  isWithin,
  keyToWire,
  MAX_KEY,
  MAX_WIRE,
  nameToText,
  wireToKey,
} from '../names/name.js';
import { FACT_HEADER, factChunk, factLength, factLine, factType, Kind } from '../records/entry.js';
import { TYPE } from '../records/types.js';
import { FactList } from './fact-list.js';
import { HostFault, hostFault } from './host.js';
import { type OwnerSource, Stop } from './owner-source.js';
import { mayDelegate } from './status.js';

/** What an owner is. */
export const Role = {
  /** Nothing of it is in the zone. */
  none: 0,
  /** A delegation: NS and DS are in `facts`, addresses at the cut are glue. */
  delegation: 1,
  /** Below a cut: only addresses are left in `facts`, glue. */
  belowCut: 2,
  /** No cut at or above it: authoritative data, or addresses without a superordinate. */
  authoritative: 3,
} as const;

export interface WalkRules {
  readonly apex: Uint8Array;
  readonly dropInvalidNs: boolean;
  readonly dropMissingGlue: boolean;
  readonly publishPendingRestore: boolean;
  /** A registry publishes no wildcards (.com Appendix 7 §4); a general signer may. */
  readonly allowWildcards: boolean;
  /** A DNAME at the apex: nothing may stand below it. */
  readonly apexIsDname: boolean;
}

/** A fact that can't be used, as a worker reports it. */
export interface FactReject {
  readonly chunk: number;
  readonly line: number;
  /** Wire name of the owner. */
  readonly owner: Uint8Array;
  readonly kind: number;
  readonly type: number;
  readonly rdata: Uint8Array;
  readonly reason: string;
  /** Left out as the rules want, not a fault of the export: occluded data of a zone file. */
  readonly occluded: boolean;
}

/** What the first pass over a zone finds out; the second does not ask again. */
export interface WalkReport {
  reject(reject: FactReject): void;
  /** A name server's name that can't be one; counted per fault (zone/host.ts). */
  invalidNs(owner: Uint8Array, fault: number, host: Uint8Array): void;
  /** An in-domain name server without any address. */
  missingGlue(owner: Uint8Array, host: Uint8Array): void;
  dsWithoutDelegation(count: number): void;
  /** A domain object, with what became of it. */
  domain(fate: DomainFate): void;
}

export type DomainFate = 'delegated' | 'forbidden' | 'without-ns';

/** See the file's header. Call {@link next} before the first owner. */
export class OwnerWalk extends FactList {
  /** The owner's key is `keyBlock[keyStart, keyEnd)`. */
  keyBlock: Uint8Array = new Uint8Array(0);
  keyStart = 0;
  keyEnd = 0;
  role: number = Role.none;
  /** A delegation of which there are NS and DS records only, and the source has said so. */
  isOrdinary = false;
  /** Key of the cut at or above the owner; -1: none. */
  readonly cutKey = new Uint8Array(MAX_KEY);
  cutLength = -1;
  /** The cut's name servers: RDATA at `cutNsBlocks[i][cutNsAts[i]]`. */
  cutNsCount = 0;
  readonly cutNsBlocks: Uint8Array[] = [];
  readonly cutNsAts: number[] = [];
  /** The cut is a DNAME: nothing at all may stand below it (RFC 6672 §2.4). */
  private cutIsDname = false;

  private readonly hostKey = new Uint8Array(MAX_KEY);
  private readonly apexLabels: number;
  /** What the source does not know of {@link cutKey} yet. */
  private isCutNews = false;

  constructor(
    private readonly source: OwnerSource,
    private readonly rules: WalkRules,
    private readonly report: WalkReport | undefined,
  ) {
    super();
    this.apexLabels = countLabels(rules.apex);
    if (rules.apexIsDname) {
      this.cutLength = 0;
      this.cutIsDname = true;
    }
  }

  /**
   * Goes to the next owner that holds anything but the apex.
   *
   * @returns {@link Stop}: `owner`, `limit` (see {@link OwnerSource}) or `end`.
   */
  next(): number {
    const { source } = this;
    for (;;) {
      if (this.isCutNews) {
        source.setCut(this.cutKey, this.cutLength);
        this.isCutNews = false;
      }
      const stop = source.next();
      if (stop === Stop.end || stop === Stop.limit) return stop;
      this.keyBlock = source.keyBlock;
      this.keyStart = source.keyStart;
      this.keyEnd = source.keyEnd;
      this.ownerLength = 0;
      this.isOrdinary = stop === Stop.ordinary;
      if (this.isOrdinary) {
        this.takeOrdinary();
        return Stop.owner;
      }
      this.collect();
      if (stop === Stop.belowCut || this.rules.apexIsDname) {
        this.takeCut();
        this.visitBelowCut();
      } else {
        this.cutLength = -1;
        this.cutNsCount = 0;
        this.isCutNews = true;
        this.visitWithoutCut();
      }
      if (this.role !== Role.none) return Stop.owner;
    }
  }

  /** The owner's wire name, in {@link owner}. */
  override wireOwner(): Uint8Array {
    if (this.ownerLength === 0) {
      const { keyBlock, keyStart, keyEnd } = this;
      this.ownerLength = keyToWire(keyBlock, keyStart, keyEnd, this.rules.apex, this.owner, 0);
    }
    return this.owner;
  }

  /** Does the NS set of the cut name the owner? */
  isNamedByCut(): boolean {
    const owner = this.wireOwner();
    const length = this.ownerLength;
    for (let i = 0; i < this.cutNsCount; i++) {
      const block = this.cutNsBlocks[i];
      const at = this.cutNsAts[i];
      if (factLength(block, at) !== length) continue;
      const p = at + FACT_HEADER;
      if (compareBytes(block, p, p + length, owner, 0, length) === 0) return true;
    }
    return false;
  }

  /** The wire name of the cut; only while there is one. */
  cutName(): Uint8Array {
    const out = new Uint8Array(MAX_WIRE + 1);
    return out.slice(0, keyToWire(this.cutKey, 0, this.cutLength, this.rules.apex, out, 0));
  }

  /** The source has found an ordinary delegation, which is a cut, too. */
  private takeOrdinary(): void {
    const { source, blocks, ats, keyBlock } = this;
    const { facts, factCount } = source;
    for (let i = 0; i < factCount; i++) {
      blocks[i] = keyBlock;
      ats[i] = facts[i];
    }
    this.count = factCount;
    this.role = Role.delegation;
    this.cutIsDname = false;
    this.setCutKey();
    this.takeCutNs();
  }

  /** Takes over the cut above the owner if the source has found it by itself. */
  private takeCut(): void {
    const length = this.source.ownCut(this.cutKey);
    if (length < 0) return;
    this.cutLength = length;
    this.cutIsDname = false;
    this.takeCutNs();
  }

  private takeCutNs(): void {
    const { source, keyBlock } = this;
    const { facts, nsCount } = source;
    for (let i = 0; i < nsCount; i++) {
      this.cutNsBlocks[i] = keyBlock;
      this.cutNsAts[i] = facts[i];
    }
    this.cutNsCount = nsCount;
  }

  private tellFault(fault: number, block: Uint8Array, at: number): void {
    const p = at + FACT_HEADER;
    const host = block.slice(p, p + factLength(block, at));
    this.report?.invalidNs(this.wireOwner().slice(0, this.ownerLength), fault, host);
  }

  private collect(): void {
    const { source, blocks, ats } = this;
    let n = 0;
    for (let i = 0; i < source.parts; i++) {
      const block = source.partBlocks[i];
      const end = source.partEnds[i];
      for (let at = source.partStarts[i]; at < end; at += FACT_HEADER + factLength(block, at)) {
        blocks[n] = block;
        ats[n++] = at;
      }
    }
    this.count = n;
  }

  private visitBelowCut(): void {
    const { blocks, ats } = this;
    const n = this.count;
    let kept = 0;
    for (let i = 0; i < n; i++) {
      const block = blocks[i];
      const at = ats[i];
      const type = factType(block, at);
      if (
        (type === TYPE.A || type === TYPE.AAAA) &&
        !this.cutIsDname &&
        !this.isRefusedWildcard()
      ) {
        blocks[kept] = block;
        ats[kept++] = at;
        continue;
      }
      const where = this.cutIsDname ? 'a DNAME record' : 'a delegation';
      this.reject(i, `lies below ${where} (${nameToText(this.cutName())}) and can't be seen`, true);
    }
    this.count = kept;
    this.role = kept > 0 ? Role.belowCut : Role.none;
    this.order();
  }

  private visitWithoutCut(): void {
    const { blocks, ats, report, rules } = this;
    if (this.isRefusedWildcard()) {
      for (let i = 0; i < this.count; i++) this.reject(i, 'has a wildcard owner (*)', false);
      this.count = 0;
      this.role = Role.none;
      return;
    }
    let domain = false;
    let statuses = 0;
    let recordNs = 0;
    let others = 0;
    for (let i = 0; i < this.count; i++) {
      const block = blocks[i];
      const at = ats[i];
      switch (block[at]) {
        case Kind.domain:
          if (domain) this.reject(i, 'is in the export twice', false);
          domain = true;
          break;
        case Kind.status:
          statuses |= 1 << block[at + FACT_HEADER];
          break;
        case Kind.record:
          if (factType(block, at) === TYPE.NS) recordNs++;
          else others++;
          break;
        default:
          break;
      }
    }
    const allowed = domain && mayDelegate(statuses, rules.publishPendingRestore);
    this.keepPublishable(domain, allowed);
    this.order();
    let ns = this.countType(TYPE.NS);
    if (ns > 0 && this.isWildcard()) {
      this.remove(TYPE.NS, 'has a wildcard owner (*), which can be no delegation (RFC 4592 §4.2)');
      ns = 0;
    }
    if (ns > 0 && rules.dropMissingGlue) ns = this.dropWithoutGlue(ns);
    const delegated = ns > 0;
    if (domain && report !== undefined) {
      report.domain(delegated ? 'delegated' : allowed ? 'without-ns' : 'forbidden');
    }
    if (delegated) {
      this.enterCut();
      return;
    }
    this.dropDs();
    if (others > 0 || recordNs > 0) this.checkAuthoritative();
    this.role = this.count > 0 ? Role.authoritative : Role.none;
  }

  /** Leaves records, and what the registry says of a domain that may be delegated. */
  private keepPublishable(domain: boolean, allowed: boolean): void {
    const { blocks, ats, rules } = this;
    const n = this.count;
    let kept = 0;
    for (let i = 0; i < n; i++) {
      const block = blocks[i];
      const at = ats[i];
      const kind = block[at];
      if (kind === Kind.domain) continue;
      if (kind === Kind.status || kind === Kind.ns || kind === Kind.ds) {
        if (!domain) {
          this.reject(i, 'belongs to a domain that is not in the export', false);
          continue;
        }
        if (kind === Kind.status) continue;
        if (!allowed && kind === Kind.ns) continue;
      }
      if (factType(block, at) === TYPE.NS) {
        const fault = hostFault(block, at + FACT_HEADER, rules.apex);
        if (fault !== HostFault.none) {
          this.tellFault(fault, block, at);
          if (rules.dropInvalidNs) continue;
        }
      }
      blocks[kept] = block;
      ats[kept++] = at;
    }
    this.count = kept;
  }

  /** The owner is a cut from here on; what can't stand at one goes. */
  private enterCut(): void {
    const { blocks, ats } = this;
    this.role = Role.delegation;
    this.cutIsDname = false;
    this.setCutKey();
    const n = this.count;
    let kept = 0;
    for (let i = 0; i < n; i++) {
      const block = blocks[i];
      const at = ats[i];
      const type = factType(block, at);
      switch (type) {
        case TYPE.NS:
          this.cutNsBlocks[this.cutNsCount] = block;
          this.cutNsAts[this.cutNsCount++] = at;
          break;
        case TYPE.DS:
        case TYPE.A:
        case TYPE.AAAA:
          break;
        case TYPE.CNAME:
          this.reject(i, 'stands beside other data', false);
          continue;
        default:
          this.reject(i, "stands at a delegation and can't be seen", true);
          continue;
      }
      blocks[kept] = block;
      ats[kept++] = at;
    }
    this.count = kept;
    if (this.report !== undefined && !this.rules.dropMissingGlue) this.findMissingGlue();
  }

  private setCutKey(): void {
    const { keyBlock, keyStart, keyEnd, cutKey } = this;
    for (let i = keyStart, o = 0; i < keyEnd; i++, o++) cutKey[o] = keyBlock[i];
    this.cutLength = keyEnd - keyStart;
  }

  /** A DS where nothing is delegated (RFC 4034 §5 wants it at a delegation). */
  private dropDs(): void {
    const { blocks, ats } = this;
    const n = this.count;
    let kept = 0;
    for (let i = 0; i < n; i++) {
      if (factType(blocks[i], ats[i]) === TYPE.DS) continue;
      blocks[kept] = blocks[i];
      ats[kept++] = ats[i];
    }
    this.count = kept;
    if (kept < n) this.report?.dsWithoutDelegation(n - kept);
  }

  /**
   * No SOA (RFC 1035 §5.2) and no DNSKEY below the apex, CNAME alone (RFC 2181 §10.1), one DNAME, which hides
   * what is below it (RFC 6672 §2.4).
   */
  private checkAuthoritative(): void {
    const { blocks, ats } = this;
    if (this.countType(TYPE.SOA) > 0) this.remove(TYPE.SOA, 'is an SOA record below the apex');
    if (this.countType(TYPE.DNSKEY) > 0) {
      this.remove(TYPE.DNSKEY, 'is a zone key below the apex (RFC 4034 §2.1.1)');
    }
    const cnames = this.countType(TYPE.CNAME);
    if (cnames > 0 && (cnames > 1 || this.count > cnames)) {
      const why = cnames > 1 ? 'is one of several CNAME records' : 'stands beside other data';
      let kept = 0;
      let seen = 0;
      for (let i = 0; i < this.count; i++) {
        const isCname = factType(blocks[i], ats[i]) === TYPE.CNAME;
        if (isCname && (this.count > cnames || seen++ > 0)) {
          this.reject(i, why, false);
          continue;
        }
        blocks[kept] = blocks[i];
        ats[kept++] = ats[i];
      }
      this.count = kept;
    }
    const dnames = this.countType(TYPE.DNAME);
    if (dnames > 1) this.remove(TYPE.DNAME, 'is one of several DNAME records');
    else if (dnames > 0) {
      this.setCutKey();
      this.cutIsDname = true;
    }
  }

  // ---- in-domain name servers -------------------------------------------------------------

  private findMissingGlue(): void {
    const owner = this.wireOwner();
    for (let i = 0; i < this.cutNsCount; i++) {
      const host = this.cutNsBlocks[i];
      const at = this.cutNsAts[i] + FACT_HEADER;
      const end = at + factLength(host, this.cutNsAts[i]);
      if (!isWithin(host, at, end, owner, this.ownerLength)) continue;
      if (this.hasAddress(host, at)) continue;
      this.report?.missingGlue(owner.slice(0, this.ownerLength), host.slice(at, end));
    }
  }

  /** Drops in-domain name servers without address; returns how many name servers are left. */
  private dropWithoutGlue(before: number): number {
    const { blocks, ats } = this;
    const owner = this.wireOwner();
    const n = this.count;
    let kept = 0;
    let left = before;
    for (let i = 0; i < n; i++) {
      const block = blocks[i];
      const at = ats[i];
      if (factType(block, at) === TYPE.NS) {
        const host = at + FACT_HEADER;
        const end = host + factLength(block, at);
        if (isWithin(block, host, end, owner, this.ownerLength) && !this.hasAddress(block, host)) {
          this.report?.missingGlue(owner.slice(0, this.ownerLength), block.slice(host, end));
          left--;
          continue;
        }
      }
      blocks[kept] = block;
      ats[kept++] = at;
    }
    this.count = kept;
    return left;
  }

  /** Is there an address of `host`, a name at or below the owner? */
  private hasAddress(host: Uint8Array, at: number): boolean {
    const { hostKey } = this;
    const ownLength = this.keyEnd - this.keyStart;
    const length = wireToKey(host, at, this.apexLabels, hostKey, 0);
    if (length === ownLength) {
      for (let i = 0; i < this.count; i++) {
        const type = factType(this.blocks[i], this.ats[i]);
        if (type === TYPE.A || type === TYPE.AAAA) return true;
      }
      return false;
    }
    return this.source.hasAddressAhead(hostKey, length);
  }

  // ---- reports ---------------------------------------------------------------------------------

  /** Is the first label `*`, and are such owners refused? */
  private isRefusedWildcard(): boolean {
    return !this.rules.allowWildcards && this.isWildcard();
  }

  private isWildcard(): boolean {
    const { keyBlock, keyStart, keyEnd } = this;
    return keyBlock[keyEnd - 2] === 0x2a && (keyEnd - 2 === keyStart || keyBlock[keyEnd - 3] === 0);
  }

  protected override reject(i: number, reason: string, occluded: boolean): void {
    if (this.report === undefined) return;
    const block = this.blocks[i];
    const at = this.ats[i];
    this.report.reject({
      chunk: factChunk(block, at),
      line: factLine(block, at),
      owner: this.wireOwner().slice(0, this.ownerLength),
      kind: block[at],
      type: factType(block, at),
      rdata: block.slice(at + FACT_HEADER, at + FACT_HEADER + factLength(block, at)),
      reason,
      occluded,
    });
  }
}
