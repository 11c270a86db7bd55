/**
 * The walk over a range of owners in canonical order: checks everything that can be checked
 * where it stands, and collects what can't (digest text, hashes, ends of chains).
 *
 * What is authoritative, glue or occluded follows RFC 9499 §7, RFC 4035 §2.2 and RFC 6672 §2.4;
 * what must be signed RFC 4035 §2.2 and RFC 5155 §7.1.
 */

import { compareBytes, countLabels, keyToWire, MAX_KEY, MAX_WIRE } from '../names/name.js';
import { TYPE, typeToText } from '../records/types.js';
import { Cursor } from '../sort/cursor.js';
import type { KeyRange } from '../sort/ranges.js';
import type { Run } from '../sort/run.js';
import { type ChainSink, fingerprintSink } from './chain-sink.js';
import type { VerifyContext } from './context.js';
import { DenialChecker, Need } from './denial.js';
import { DigestText } from './digest-text.js';
import { type FaultCode, FaultList } from './faults.js';
import { Fingerprint } from './fingerprint.js';
import { GlueWatch, isInDomain } from './glue-watch.js';
import { NonTerminals } from './non-terminals.js';
import { OwnerRecords } from './owner-records.js';
import { isFoundBefore, nameExists } from './range-start.js';
import { SignatureChecker } from './signatures.js';
import {
  newCounts,
  type RangeResult,
  type WalkCounts,
  type WalkMode,
  type WalkTools,
} from './walk-result.js';

const NO_COVER = -1;
/** Octets of digest text that a walk has room for at first. */
const DIGEST_ROOM = 1 << 20;

/** Walks parts of one zone, one after another. */
export class RangeWalker {
  private readonly records = new OwnerRecords();
  private readonly glue = new GlueWatch();
  private readonly apexLabels: number;
  private readonly wire = new Uint8Array(MAX_WIRE + 1);
  /** Key of the cut or DNAME whose subtree goes by. */
  private readonly cover = new Uint8Array(MAX_KEY);
  private coverLength = NO_COVER;
  private coverIsDname = false;
  private mode: WalkMode = 'check';
  private checks = true;
  /** Where the range begins that is walked. */
  private from: Uint8Array | undefined;
  private faults: FaultList;
  private counts: WalkCounts = newCounts();
  private readonly signatures: SignatureChecker;
  private readonly denial: DenialChecker;
  private readonly fingerprint: Fingerprint;
  private readonly fingerprints: ChainSink;
  private sink: ChainSink;
  private digest: DigestText | undefined;
  private readonly nonTerminals: NonTerminals;
  private dnskeySigners: number[] = [];
  private dnskeyMissigners: number[] = [];
  private servers: number[] = [];

  constructor(
    private readonly context: VerifyContext,
    private readonly tools: WalkTools,
  ) {
    const { runs = [], verifiers, batches } = tools;
    const { apex, now, keys, algorithms } = context;
    this.apexLabels = countLabels(apex);
    this.faults = newFaults(context);
    this.denial = new DenialChecker(context, this.faults);
    this.signatures = new SignatureChecker(
      { apex, now, keys, algorithms, verifiers, batches },
      this.faults,
    );
    this.fingerprint = new Fingerprint(context.fingerprintKey);
    this.fingerprints = fingerprintSink(this.fingerprint);
    this.sink = this.fingerprints;
    this.nonTerminals = new NonTerminals(
      (key, length) => this.isSettled(runs, key.slice(0, length)),
      (key, start, end, must, again) => this.emptyNonTerminal(key, start, end, must, again),
    );
  }

  /** Walks a range of the runs. It must not begin inside a delegated subtree, see
   * range-start.ts. */
  walk(range: KeyRange, mode: WalkMode): RangeResult {
    const { records } = this;
    this.begin(mode);
    this.from = range.from;
    const cursor = new Cursor(this.tools.runs ?? [], range.from, range.to);
    while (cursor.next()) {
      records.load(cursor);
      this.owner(cursor.keyBlock, cursor.keyStart, cursor.keyEnd);
    }
    return this.end();
  }

  /** Begins a walk, to which owners are then given by {@link take}. */
  begin(mode: WalkMode, digestRoom = DIGEST_ROOM): void {
    const { context } = this;
    this.mode = mode;
    this.from = undefined;
    this.checks = mode === 'check' || mode === 'check-all';
    this.sink = this.checks ? this.fingerprints : (this.tools.collect ?? this.fingerprints);
    this.fingerprint.clear();
    this.faults = newFaults(context);
    this.denial.restart(this.faults);
    this.signatures.restart(this.faults);
    this.counts = newCounts();
    this.dnskeySigners = [];
    this.dnskeyMissigners = [];
    this.servers = [];
    this.coverLength = NO_COVER;
    this.coverIsDname = false;
    this.nonTerminals.restart();
    this.glue.clear();
    this.digest = this.checks && context.digest ? new DigestText(digestRoom) : undefined;
  }

  /**
   * Goes on to the next owner in canonical order, with the key `key[0, keyLength)` and the facts
   * in `block[start, end)`, which must stay as they are until {@link end}.
   */
  take(block: Uint8Array, start: number, end: number, key: Uint8Array, keyLength: number): void {
    this.records.loadFacts(block, start, end);
    this.owner(key, 0, keyLength);
  }

  /** Ends a walk: what came of it. */
  end(): RangeResult {
    this.leaveCover();
    const { counts, signatures, denial } = this;
    signatures.flush();
    counts.signatures = signatures.signatures;
    counts.verified = signatures.verified;
    counts.uncheckedSignatures = signatures.unchecked;
    counts.keylessSignatures = signatures.keyless;
    counts.nsec3 = denial.nsec3Count + denial.otherChain;
    counts.notOptOut = denial.notOptOut;
    counts.otherChain = denial.otherChain;
    return {
      faults: { found: this.faults.found, counts: this.faults.counts },
      counts,
      leastLife: signatures.leastLife,
      greatestTtl: signatures.greatestTtl,
      nsec: denial.nsec.ends(),
      nsec3: denial.nsec3.ends(),
      fingerprint: this.fingerprint.sum.slice(),
      dnskeySigners: this.dnskeySigners,
      dnskeyMissigners: this.dnskeyMissigners,
      servers: this.servers,
      digest: this.digest?.take(),
    };
  }

  private owner(key: Uint8Array, start: number, end: number): void {
    const { records, counts, context, checks } = this;
    const { count, type } = records;
    let wireEnd = 0;
    if (checks) {
      counts.owners++;
      wireEnd = keyToWire(key, start, end, context.apex, this.wire, 0);
      this.digest?.add(records, this.wire, wireEnd, start === end);
      if (records.repeated > 0) this.repeated(key, start, end);
    }
    // ---- below a cut or a DNAME ----------------------------------------------------------
    if (
      this.coverLength >= 0 &&
      (end - start <= this.coverLength ||
        compareBytes(key, start, start + this.coverLength, this.cover, 0, this.coverLength) !== 0)
    ) {
      this.leaveCover();
    }
    const belowDname = (context.apexDname && start !== end) || this.coverIsDname;
    if (this.coverLength >= 0 || belowDname) {
      if (checks) this.covered(key, start, end, wireEnd, belowDname);
      else if (this.collectsRecords() && records.has(TYPE.NSEC3)) this.nsec3(key, start, end);
      return;
    }
    if (records.onlyNs && checks && start !== end) {
      this.insecure(key, start, end, wireEnd);
      return;
    }
    // ---- what is here --------------------------------------------------------------------
    let hasNs = false;
    let hasDs = false;
    let hasDname = false;
    let hasNsec = false;
    let hasNsec3 = false;
    let hasData = false;
    for (let i = 0; i < count; i++) {
      const t = type[i];
      if (t === TYPE.NS) hasNs = hasData = true;
      else if (t === TYPE.DS) hasDs = hasData = true;
      else if (t === TYPE.NSEC3) hasNsec3 = true;
      else if (t === TYPE.NSEC) hasNsec = true;
      else if (t !== TYPE.RRSIG) {
        hasData = true;
        if (t === TYPE.DNAME) hasDname = true;
      }
    }
    const isApex = start === end;
    const isCut = hasNs && !isApex;
    if (checks) {
      if (isCut) {
        counts.delegations++;
        if (hasDs) counts.secureDelegations++;
      }
      this.rrsets(key, start, end, wireEnd, isApex, isCut);
      if (hasNsec3) this.nsec3(key, start, end);
      if (hasNsec) this.nsecs(key, start, end, hasData);
      if (hasData && context.denial === 'nsec') {
        this.denial.checkNsec(records, isCut, key, start, end);
      }
    } else if (hasNsec3 && this.collectsRecords()) {
      this.nsec3(key, start, end);
    }
    if (hasData && context.chain !== undefined) {
      const must = !isCut || hasDs;
      this.nonTerminals.visit(key, start, end, must);
      if (this.wants(must)) {
        const n = this.mode === 'name' ? 0 : this.denial.expect(records, isCut);
        this.need(key, start, end, must, n, records.block[0], records.at[0]);
      }
    }
    // ---- what follows lies below ---------------------------------------------------------
    if (isCut || (hasDname && !isApex)) {
      for (let k = start; k < end; k++) this.cover[k - start] = key[k];
      this.coverLength = end - start;
      this.coverIsDname = !isCut;
      if (isCut && checks) this.watchGlue(key, start, end, wireEnd);
    }
  }

  /** An insecure delegation and nothing else: by far the most owners of a large zone. */
  private insecure(key: Uint8Array, start: number, end: number, wireEnd: number): void {
    const { records, counts, context, cover } = this;
    counts.rrsets++;
    counts.delegations++;
    if (records.count > 1) this.rrset(0, records.count, key, start, end);
    if (context.denial === 'nsec') this.denial.checkNsec(records, true, key, start, end);
    if (context.chain !== undefined) {
      if (this.wire[0] + 1 + context.apex.length === wireEnd) {
        this.nonTerminals.visitFirstLevel(key, start, end);
      } else {
        this.nonTerminals.visit(key, start, end, false);
      }
      if (this.mode === 'check-all') {
        const n = this.denial.expect(records, true);
        this.need(key, start, end, false, n, records.block[0], records.at[0]);
      }
    }
    for (let k = start; k < end; k++) cover[k - start] = key[k];
    this.coverLength = end - start;
    this.coverIsDname = false;
    this.watchGlue(key, start, end, wireEnd);
  }

  private collectsRecords(): boolean {
    return this.mode === 'must' || this.mode === 'all';
  }

  private wants(must: boolean): boolean {
    switch (this.mode) {
      case 'check':
      case 'must':
        return must;
      case 'may':
        return !must;
      default:
        return true;
    }
  }

  /** Is this ancestor of a range's first name a name, or counted by an earlier range? */
  private isSettled(runs: readonly Run[], ancestor: Uint8Array): boolean {
    if (nameExists(runs, ancestor)) return true;
    if (!this.checks || this.from === undefined) return false;
    return isFoundBefore(runs, ancestor, this.from, this.mode === 'check-all');
  }

  /** @param again it was found before, as one that may have an NSEC3: it counts but once. */
  private emptyNonTerminal(
    key: Uint8Array,
    start: number,
    end: number,
    must: boolean,
    again: boolean,
  ): void {
    if (again && this.mode === 'check-all') return;
    this.need(key, start, end, must, 0);
  }

  private need(
    key: Uint8Array,
    start: number,
    end: number,
    must: boolean,
    bitmapLength: number,
    block?: Uint8Array,
    at?: number,
  ): void {
    if (!this.wants(must)) return;
    if (this.mode === 'name') {
      this.tools.named?.(this.denial.hashOf(key, start, end), key, start, end);
      return;
    }
    this.denial.needNsec3(
      key,
      start,
      end,
      must ? Need.must : Need.may,
      bitmapLength,
      this.sink,
      block,
      at,
    );
  }

  /** The RRsets of an owner that lies not below a cut. */
  private rrsets(
    key: Uint8Array,
    start: number,
    end: number,
    wireEnd: number,
    isApex: boolean,
    isCut: boolean,
  ): void {
    const { records, counts, context, faults } = this;
    const { type } = records;
    let others = 0;
    let cname = -1;
    for (let first = 0; first < records.count; ) {
      const next = records.rrsetEnd(first);
      const t = type[first];
      if (t === TYPE.RRSIG) {
        first = next;
        continue;
      }
      counts.rrsets++;
      if (next - first > 1) this.rrset(first, next, key, start, end);
      if (t === TYPE.CNAME) cname = first;
      else if (t !== TYPE.NSEC && t !== TYPE.NSEC3 && t !== TYPE.KEY) others++;
      if (isCut && (t === TYPE.A || t === TYPE.AAAA)) {
        counts.glue++;
      } else if (isCut && t !== TYPE.NS && t !== TYPE.DS && t !== TYPE.NSEC && t !== TYPE.NSEC3) {
        this.at(
          'occluded-data',
          first,
          key,
          start,
          end,
          `${typeToText(t)} stands at a zone cut, and belongs to the child`,
        );
      } else if (context.signed && !(isCut && t === TYPE.NS)) {
        const apexKeys = isApex && t === TYPE.DNSKEY;
        this.signatures.check(
          records,
          first,
          next,
          this.wire,
          wireEnd,
          key,
          start,
          end,
          apexKeys,
          apexKeys
            ? (index, valid) => (valid ? this.dnskeySigners : this.dnskeyMissigners).push(index)
            : undefined,
        );
      }
      if (t === TYPE.DS && !isCut) {
        this.at(
          'ds-without-delegation',
          first,
          key,
          start,
          end,
          isApex ? "DS at the apex belongs to the parent's zone" : 'DS stands at a name without NS',
        );
      }
      if (t === TYPE.NSEC) counts.nsec++;
      else if (t === TYPE.A || t === TYPE.AAAA) this.sawAddress(key, start, end);
      first = next;
    }
    if (cname >= 0 && others > 0) {
      this.at('cname-and-other-data', cname, key, start, end, 'CNAME stands beside other data');
    }
    // ---- signatures over what must not be signed, or is not there --------------------------
    for (let s = records.firstSignature; s < records.endSignatures; s++) {
      const covered = records.covered(s);
      if (isCut && covered === TYPE.NS) {
        this.signed('signed-delegation-ns', s, key, start, end, 'NS at a zone cut is signed');
      } else if (isCut && (covered === TYPE.A || covered === TYPE.AAAA)) {
        this.signed('signed-glue', s, key, start, end, 'glue is signed');
      } else if (covered === TYPE.RRSIG || !records.has(covered)) {
        faults.add(
          'signature-without-rrset',
          key,
          start,
          end,
          covered,
          `an RRSIG covers ${typeToText(covered)}, which the owner does not have`,
          records.block[s],
          records.at[s],
        );
      }
    }
  }

  private signed(
    code: FaultCode,
    s: number,
    key: Uint8Array,
    start: number,
    end: number,
    message: string,
  ): void {
    const { records } = this;
    const covered = records.covered(s);
    this.faults.add(code, key, start, end, covered, message, records.block[s], records.at[s]);
  }

  /** A fault of the RRset that begins at record `i`. */
  private at(
    code: FaultCode,
    i: number,
    key: Uint8Array,
    start: number,
    end: number,
    message: string,
  ): void {
    const { records } = this;
    this.faults.add(
      code,
      key,
      start,
      end,
      records.type[i],
      message,
      records.block[i],
      records.at[i],
    );
  }

  /** An RRset of several records: one TTL, and one record where there can be but one. */
  private rrset(first: number, next: number, key: Uint8Array, start: number, end: number): void {
    const { records } = this;
    const ttl = records.ttl(first);
    for (let i = first + 1; i < next; i++) {
      if (records.ttl(i) === ttl) continue;
      this.at('ttl-mismatch', i, key, start, end, `the TTLs ${ttl} and ${records.ttl(i)} differ`);
      break;
    }
    const t = records.type[first];
    const count = next - first;
    if (t === TYPE.CNAME) this.at('multiple-cname', first, key, start, end, `${count} CNAMEs`);
    else if (t === TYPE.DNAME) this.at('multiple-dname', first, key, start, end, `${count} DNAMEs`);
    else if (t === TYPE.SOA && start === end) {
      this.at('multiple-soa', first, key, start, end, `${count} different SOA records`);
    }
  }

  /** Records that stand twice. */
  private repeated(key: Uint8Array, start: number, end: number): void {
    const { records } = this;
    for (let i = records.count; i < records.count + records.repeated; i++) {
      // The holders' copy repeats the SOA as its last line, as zone transfers do.
      if (records.type[i] === TYPE.SOA && start === end) continue;
      this.at('duplicate-record', i, key, start, end, 'the record stands twice');
    }
  }

  private nsec3(key: Uint8Array, start: number, end: number): void {
    const { records, context, faults } = this;
    let before = -1;
    for (let i = 0; i < records.count; i++) {
      if (records.type[i] !== TYPE.NSEC3) continue;
      if (context.denial === 'nsec') {
        const message = 'an NSEC3 stands in a zone with an NSEC chain';
        this.at('nsec-and-nsec3', i, key, start, end, message);
        continue;
      }
      const length = this.denial.nsec3Count;
      this.denial.checkNsec3(records, i, key, start, end, this.sink);
      if (this.denial.nsec3Count === length) continue;
      if (before >= 0) {
        faults.add(
          'extra-nsec3',
          key,
          start,
          end,
          TYPE.NSEC3,
          'the owner has two NSEC3 records of the chain',
          records.block[i],
          records.at[i],
        );
      }
      before = i;
    }
  }

  private nsecs(key: Uint8Array, start: number, end: number, hasData: boolean): void {
    const { records, context } = this;
    let seen = false;
    for (let i = 0; i < records.count; i++) {
      if (records.type[i] !== TYPE.NSEC) continue;
      if (context.denial === 'nsec3') {
        const message = 'an NSEC stands in a zone with an NSEC3 chain';
        this.at('nsec-and-nsec3', i, key, start, end, message);
        continue;
      }
      if (seen) this.at('extra-nsec', i, key, start, end, 'the owner has two NSEC records');
      else this.denial.linkNsec(records, i, key, start, end);
      if (!hasData) this.at('extra-nsec', i, key, start, end, 'the owner has no other data');
      seen = true;
    }
  }

  /** An owner below a cut (addresses are glue) or below a DNAME (nothing may be). */
  private covered(
    key: Uint8Array,
    start: number,
    end: number,
    wireEnd: number,
    dname: boolean,
  ): void {
    const { records, counts, context } = this;
    for (let first = 0; first < records.count; ) {
      const next = records.rrsetEnd(first);
      const t = records.type[first];
      if (t !== TYPE.RRSIG) {
        counts.rrsets++;
        if (next - first > 1) this.rrset(first, next, key, start, end);
      }
      if (t === TYPE.NSEC3) {
        // With a DNAME at the apex, hashed owners still stand right below it.
        if (context.signed) {
          const { wire } = this;
          this.signatures.check(records, first, next, wire, wireEnd, key, start, end, false);
        }
        this.nsec3(key, start, end);
      } else if (t === TYPE.NSEC) {
        counts.nsec++;
        this.at('extra-nsec', first, key, start, end, 'the owner lies below a zone cut or DNAME');
        if (context.denial === 'nsec') this.denial.linkNsec(records, first, key, start, end);
      } else if (t === TYPE.RRSIG) {
        for (let s = first; s < next; s++) {
          const c = records.covered(s);
          if (c === TYPE.A || c === TYPE.AAAA) {
            this.signed('signed-glue', s, key, start, end, 'glue is signed');
          } else if (c !== TYPE.NSEC3 && c !== TYPE.NSEC && !records.has(c)) {
            const message = 'an RRSIG covers a type that the owner does not have';
            this.signed('signature-without-rrset', s, key, start, end, message);
          }
        }
      } else if (dname) {
        if (t === TYPE.A || t === TYPE.AAAA) this.sawAddress(key, start, end);
        this.at('occluded-data', first, key, start, end, 'the owner lies below a DNAME');
      } else if (t === TYPE.A || t === TYPE.AAAA) {
        counts.glue++;
        this.glue.address(key, start, end);
        this.sawAddress(key, start, end);
      } else {
        this.at('occluded-data', first, key, start, end, 'the owner lies below a zone cut');
      }
      first = next;
    }
  }

  /** Is this an address of one of the zone's own name servers? */
  private sawAddress(key: Uint8Array, start: number, end: number): void {
    const { servers } = this.context;
    for (let i = 0; i < servers.length; i++) {
      if (compareBytes(servers[i].key, 0, servers[i].key.length, key, start, end) === 0) {
        this.servers.push(i);
      }
    }
  }

  /** Waits for the addresses of the delegation's in-domain name servers. */
  private watchGlue(key: Uint8Array, start: number, end: number, wireEnd: number): void {
    const { records, glue, wire } = this;
    let wanted = false;
    for (let i = 0; i < records.count; i++) {
      if (records.type[i] !== TYPE.NS) continue;
      const b = records.block[i];
      const p = records.rdata(i);
      if (!isInDomain(b, p, p + records.rdlength(i), wire, wireEnd)) continue;
      glue.want(b, p, this.apexLabels, b, records.at[i]);
      wanted = true;
    }
    if (wanted && (records.has(TYPE.A) || records.has(TYPE.AAAA))) glue.address(key, start, end);
  }

  private leaveCover(): void {
    this.coverLength = NO_COVER;
    this.coverIsDname = false;
    if (this.glue.count === 0) return;
    this.glue.finish((key, start, end, block, fact) => {
      this.faults.add(
        'missing-glue',
        key,
        start,
        end,
        TYPE.A,
        'the in-domain name server has no address',
        block,
        fact,
      );
    });
  }
}

function newFaults(context: VerifyContext): FaultList {
  return new FaultList(context.apex, context.maxErrors, context.tolerated);
}
