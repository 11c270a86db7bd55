/**
 * The walk over a range of owners in canonical order: checks everything that can be checked
 * where it stands, and collects what can't (digest text, hashes, ends of chains).
 *
 * What is authoritative, glue or occluded follows RFC 9499 §7, RFC 4035 §2.2 and RFC 6672 §2.4;
 * what must be signed RFC 4035 §2.2 and RFC 5155 §7.1.
 */

import { compareBytes, countLabels, keyToWire, MAX_KEY, MAX_WIRE } from '../names/name.js';
import { type EntryWriter, FACT_HEADER, factLength, factType } from '../records/entry.js';
import { TYPE, typeToText } from '../records/types.js';
import type { Verifier } from '../sign/engine-types.js';
import { Cursor, lookUp } from '../sort/cursor.js';
import type { KeyRange } from '../sort/ranges.js';
import type { Run } from '../sort/run.js';
import type { VerifyContext } from './context.js';
import { type ChainEnds, DenialChecker, Need } from './denial.js';
import { DigestText } from './digest-text.js';
import { type FaultCode, FaultList, type FoundFaults } from './faults.js';
import { GlueWatch } from './glue-watch.js';
import { NonTerminals } from './non-terminals.js';
import { OwnerRecords } from './owner-records.js';
import { SignatureChecker } from './signatures.js';

/** What a walk counts; counts of ranges are added up. */
export interface WalkCounts {
  owners: number;
  rrsets: number;
  signatures: number;
  verified: number;
  uncheckedSignatures: number;
  delegations: number;
  secureDelegations: number;
  glue: number;
  nsec: number;
  nsec3: number;
  /** NSEC3 records of the chain without the opt-out flag. */
  notOptOut: number;
  /** NSEC3 records of a further chain. */
  otherChain: number;
}

/** What came of a range. */
export interface RangeResult {
  readonly faults: FoundFaults;
  readonly counts: WalkCounts;
  /** Least `expiration − now` of the signatures, in seconds. */
  readonly leastLife: number;
  readonly nsec: ChainEnds;
  readonly nsec3: ChainEnds;
  /** Indices of the keys that sign the DNSKEY RRset validly, and of those that do it badly. */
  readonly dnskeySigners: readonly number[];
  readonly dnskeyMissigners: readonly number[];
  /** The records in the form that ZONEMD hashes. */
  readonly digest: Uint8Array | undefined;
}

/** What a walk is for. */
export type WalkMode =
  /** All checks; names that must have an NSEC3 go to `expected`. */
  | 'check'
  /** All checks; also names that may have an NSEC3 go to `expected`. */
  | 'check-all'
  /** No checks; names that may have an NSEC3 go to `expected`. */
  | 'may'
  /** No checks; every name is shown to `named`. */
  | 'name';

export interface WalkSinks {
  /** Takes the hashes of names (denial.ts). */
  readonly expected: EntryWriter;
  /** Takes the NSEC3 records of the chain. */
  readonly actual: EntryWriter;
  /** In mode `name`: is given the hash and the key of every name that may be in the chain. */
  readonly named?: (hash: Uint8Array, key: Uint8Array, start: number, end: number) => void;
}

const NO_COVER = -1;

/** Walks ranges of one zone, one after another. */
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
  private faults: FaultList;
  private counts: WalkCounts = newCounts();
  private signatures: SignatureChecker;
  private denial: DenialChecker;
  private digest: DigestText | undefined;
  private readonly nonTerminals: NonTerminals;
  private dnskeySigners: number[] = [];
  private dnskeyMissigners: number[] = [];

  constructor(
    private readonly context: VerifyContext,
    private readonly runs: readonly Run[],
    private readonly verifiers: readonly (Verifier | undefined)[],
    private readonly sinks: WalkSinks,
  ) {
    this.apexLabels = countLabels(context.apex);
    this.faults = newFaults(context);
    this.denial = new DenialChecker(context, this.faults);
    this.signatures = this.newSignatures();
    this.nonTerminals = new NonTerminals(
      (key, length) => nameExists(this.runs, key.slice(0, length)),
      (key, start, end, must) => this.need(key, start, end, must, 0),
    );
  }

  /** Walks a range. It must not begin inside a delegated subtree, see {@link rangeStart}. */
  walk(range: KeyRange, mode: WalkMode): RangeResult {
    const { context, records, glue } = this;
    this.mode = mode;
    this.faults = newFaults(context);
    this.denial = new DenialChecker(context, this.faults);
    this.signatures = this.newSignatures();
    this.counts = newCounts();
    this.dnskeySigners = [];
    this.dnskeyMissigners = [];
    this.coverLength = NO_COVER;
    this.nonTerminals.restart();
    glue.clear();
    const checks = mode === 'check' || mode === 'check-all';
    this.digest = checks && context.digest ? new DigestText() : undefined;
    const cursor = new Cursor(this.runs, range.from, range.to);
    while (cursor.next()) {
      records.load(cursor);
      this.owner(cursor.keyBlock, cursor.keyStart, cursor.keyEnd, checks);
    }
    this.leaveCover();
    const { counts, signatures, denial } = this;
    counts.signatures = signatures.signatures;
    counts.verified = signatures.verified;
    counts.uncheckedSignatures = signatures.unchecked;
    counts.nsec3 = denial.nsec3Count + denial.otherChain;
    counts.notOptOut = denial.notOptOut;
    counts.otherChain = denial.otherChain;
    return {
      faults: { found: this.faults.found, counts: this.faults.counts },
      counts,
      leastLife: signatures.leastLife,
      nsec: denial.nsec.ends(),
      nsec3: denial.nsec3.ends(),
      dnskeySigners: this.dnskeySigners,
      dnskeyMissigners: this.dnskeyMissigners,
      digest: this.digest?.take(),
    };
  }

  private newSignatures(): SignatureChecker {
    const { apex, now, keys, algorithms } = this.context;
    return new SignatureChecker(
      { apex, now, keys, algorithms, verifiers: this.verifiers },
      this.faults,
    );
  }

  private owner(key: Uint8Array, start: number, end: number, checks: boolean): void {
    const { records, counts, context } = this;
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

  private wants(must: boolean): boolean {
    switch (this.mode) {
      case 'check':
        return must;
      case 'may':
        return !must;
      default:
        return true;
    }
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
      this.sinks.named?.(this.denial.hashOf(key, start, end), key, start, end);
      return;
    }
    this.denial.needNsec3(
      key,
      start,
      end,
      must ? Need.must : Need.may,
      bitmapLength,
      this.sinks.expected,
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
      this.denial.checkNsec3(records, i, key, start, end, this.sinks.actual);
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
        this.at('occluded-data', first, key, start, end, 'the owner lies below a DNAME');
      } else if (t === TYPE.A || t === TYPE.AAAA) {
        counts.glue++;
        this.glue.address(key, start, end);
      } else {
        this.at('occluded-data', first, key, start, end, 'the owner lies below a zone cut');
      }
      first = next;
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

/** Is the name `b[p, pEnd)` at or below the name `wire[0, wireEnd)`? */
function isInDomain(
  b: Uint8Array,
  p: number,
  pEnd: number,
  wire: Uint8Array,
  wireEnd: number,
): boolean {
  const from = pEnd - wireEnd;
  if (from < p) return false;
  for (let i = 0; i < wireEnd; i++) if (b[from + i] !== wire[i]) return false;
  let q = p;
  while (q < from) q += b[q] + 1;
  return q === from;
}

/** Is there data under this key, beside NSEC3 and signatures? */
function nameExists(runs: readonly Run[], key: Uint8Array): boolean {
  let exists = false;
  lookUp(runs, key, (block, start, end) => {
    for (let p = start; p < end; p += FACT_HEADER + factLength(block, p)) {
      const t = factType(block, p);
      if (t !== TYPE.NSEC3 && t !== TYPE.NSEC && t !== TYPE.RRSIG) exists = true;
    }
  });
  return exists;
}

/**
 * The first key that is not below a zone cut or DNAME which `key` is below, or `key` itself when
 * it is below none: where a range may begin.
 */
export function rangeStart(runs: readonly Run[], key: Uint8Array): Uint8Array {
  for (let i = 0; i < key.length - 1; i++) {
    if (key[i] !== 0) continue;
    const ancestor = key.slice(0, i + 1);
    let covers = false;
    lookUp(runs, ancestor, (block, start, end) => {
      for (let p = start; p < end; p += FACT_HEADER + factLength(block, p)) {
        const t = factType(block, p);
        if (t === TYPE.NS || t === TYPE.DNAME) covers = true;
      }
    });
    if (!covers) continue;
    ancestor[i] = 1;
    return ancestor;
  }
  return key;
}

function newFaults(context: VerifyContext): FaultList {
  return new FaultList(context.apex, context.maxErrors, context.tolerated);
}

function newCounts(): WalkCounts {
  return {
    owners: 0,
    rrsets: 0,
    signatures: 0,
    verified: 0,
    uncheckedSignatures: 0,
    delegations: 0,
    secureDelegations: 0,
    glue: 0,
    nsec: 0,
    nsec3: 0,
    notOptOut: 0,
    otherChain: 0,
  };
}

/** Adds counts up. */
export function addCounts(sum: WalkCounts, more: WalkCounts): void {
  for (const name of Object.keys(more) as (keyof WalkCounts)[]) sum[name] += more[name];
}
