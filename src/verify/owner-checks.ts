/**
 * What is checked at one owner: its RRsets and their signatures, what may stand beside what, at a
 * zone cut and below it, and the addresses of in-domain name servers.
 *
 * What is authoritative, glue or occluded follows RFC 9499 §7, RFC 4035 §2.2 and RFC 6672 §2.4;
 * what must be signed RFC 4035 §2.2 and RFC 5155 §7.1.
 */

import { compareBytes, countLabels, MAX_WIRE } from '../names/name.js';
import { TYPE, typeToText } from '../records/types.js';
import type { ChainSink } from './chain-sink.js';
import type { VerifyContext } from './context.js';
import { DenialChecker } from './denial.js';
import { type FaultCode, FaultList } from './faults.js';
import { GlueWatch, isInDomain } from './glue-watch.js';
import { OwnerRecords } from './owner-records.js';
import type { SharedNames } from './short-way.js';
import { SignatureChecker } from './signatures.js';
import { newCounts, type WalkCounts, type WalkTools } from './walk-result.js';

/** Checks owner after owner; the owner at hand is in {@link records} and {@link wire}. */
export class OwnerChecks {
  readonly records = new OwnerRecords();
  readonly wire = new Uint8Array(MAX_WIRE + 1);
  readonly signatures: SignatureChecker;
  readonly denial: DenialChecker;
  faults: FaultList;
  counts: WalkCounts = newCounts();
  dnskeySigners: number[] = [];
  dnskeyMissigners: number[] = [];
  servers: number[] = [];
  private readonly glue = new GlueWatch();
  private readonly apexLabels: number;

  /** @param sink takes the NSEC3 records, until the first {@link restart}. */
  constructor(
    private readonly context: VerifyContext,
    tools: Pick<WalkTools, 'verifiers' | 'batches'>,
    private sink: ChainSink,
    shared?: SharedNames | undefined,
  ) {
    const { verifiers, batches } = tools;
    const { apex, now, keys, algorithms } = context;
    this.apexLabels = countLabels(apex);
    this.faults = newFaults(context);
    this.denial = new DenialChecker(context, this.faults, shared);
    this.signatures = new SignatureChecker(
      { apex, now, keys, algorithms, verifiers, batches },
      this.faults,
    );
  }

  /** Begins a walk. */
  restart(sink: ChainSink): void {
    this.sink = sink;
    this.faults = newFaults(this.context);
    this.denial.restart(this.faults);
    this.signatures.restart(this.faults);
    this.counts = newCounts();
    this.dnskeySigners = [];
    this.dnskeyMissigners = [];
    this.servers = [];
    this.glue.clear();
  }

  /** The RRsets of an owner that lies not below a cut. */
  rrsets(
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
  rrset(first: number, next: number, key: Uint8Array, start: number, end: number): void {
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
  repeated(key: Uint8Array, start: number, end: number): void {
    const { records } = this;
    for (let i = records.count; i < records.count + records.repeated; i++) {
      // The holders' copy repeats the SOA as its last line, as zone transfers do.
      if (records.type[i] === TYPE.SOA && start === end) continue;
      this.at('duplicate-record', i, key, start, end, 'the record stands twice');
    }
  }

  nsec3(key: Uint8Array, start: number, end: number): void {
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

  nsecs(key: Uint8Array, start: number, end: number, hasData: boolean): void {
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
  covered(key: Uint8Array, start: number, end: number, wireEnd: number, dname: boolean): void {
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
  watchGlue(key: Uint8Array, start: number, end: number, wireEnd: number): void {
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

  /** Are there name servers whose addresses may yet come? */
  get waitsForGlue(): boolean {
    return this.glue.count > 0;
  }

  /** The subtree of the delegation is over: what addresses have not come are missing. */
  endGlue(): void {
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
