/**
 * What `verify` finds wrong with a zone: the codes, and a list of faults that stays short however
 * broken the zone is.
 */

import { keyToWire, MAX_WIRE, nameToText } from '../names/name.js';
import { factChunk, factLine } from '../records/entry.js';
import { typeToText } from '../records/types.js';

/** The codes, by what they are about. They are part of the output's contract: see README. */
export type FaultCode =
  // Signatures; the type of the fault is the type covered.
  | 'expired-signature'
  | 'future-signature'
  | 'inverted-signature-times'
  | 'unknown-key-tag'
  | 'wrong-signer'
  | 'wrong-labels'
  | 'wrong-original-ttl'
  | 'bad-signature'
  | 'unsigned-rrset'
  | 'missing-algorithm'
  | 'signed-glue'
  | 'signed-delegation-ns'
  | 'signature-without-rrset'
  | 'dnskey-not-ksk-signed'
  // Keys.
  | 'missing-dnskey'
  | 'bad-dnskey'
  | 'no-zone-key'
  | 'unsupported-algorithm'
  | 'duplicate-key-tag'
  | 'ds-without-key'
  // Denial of existence.
  | 'missing-denial'
  | 'nsec-and-nsec3'
  | 'wrong-denial-ttl'
  | 'missing-nsec3'
  | 'extra-nsec3'
  | 'wrong-nsec3-next'
  | 'wrong-nsec3-bitmap'
  | 'unlawful-opt-out'
  | 'mixed-nsec3-parameters'
  | 'missing-nsec3param'
  | 'nsec3param-mismatch'
  | 'nsec3param-flags'
  | 'nsec3-hash-algorithm'
  | 'nsec3-flags'
  | 'nsec3-not-at-apex-level'
  | 'excessive-iterations'
  | 'missing-nsec'
  | 'extra-nsec'
  | 'wrong-nsec-next'
  | 'wrong-nsec-bitmap'
  // Contents.
  | 'missing-soa'
  | 'multiple-soa'
  | 'missing-apex-ns'
  | 'out-of-zone'
  | 'occluded-data'
  | 'ds-without-delegation'
  | 'missing-glue'
  | 'cname-and-other-data'
  | 'multiple-cname'
  | 'multiple-dname'
  | 'ttl-mismatch'
  | 'duplicate-record'
  | 'wrong-order'
  // ZONEMD.
  | 'zonemd-mismatch'
  | 'zonemd-serial'
  | 'zonemd-duplicate';

/** A fault of a zone. */
export interface Fault {
  readonly fault: FaultCode;
  /** Presentation form, lower case, with a final dot. */
  readonly owner: string;
  /** Mnemonic of the RRset concerned; of a signature, the type covered. */
  readonly type: string;
  /** What is wrong, as a sentence part. */
  readonly message: string;
  /** Where the record stands, when the fault is that of a record. */
  readonly file?: string | undefined;
  readonly line?: number | undefined;
}

/** A fault on its way from a worker: the place is still that of a chunk (read/places.ts). */
export interface FoundFault {
  readonly fault: FaultCode;
  readonly owner: string;
  readonly type: string;
  readonly message: string;
  /** -1: of no record. */
  readonly chunk: number;
  readonly line: number;
  /** Then `line` is that of the file, and there is no chunk. */
  readonly file?: string;
}

/** How many faults of each code there are. */
export type FaultCounts = Partial<Record<FaultCode, number>>;

/** What a worker has found: bounded, but with the first fault of every code. */
export interface FoundFaults {
  readonly found: readonly FoundFault[];
  readonly counts: FaultCounts;
}

/**
 * A list of about `limit` faults that counts the rest. The first fault of each code is kept even
 * beyond the limit, so that one kind can't hide another; of codes that are tolerated, only that.
 */
export class FaultList {
  readonly found: FoundFault[] = [];
  readonly counts: FaultCounts = {};
  /** Faults, tolerated ones included. */
  seen = 0;

  constructor(
    private readonly apex: Uint8Array,
    private readonly limit: number,
    private readonly tolerated: readonly FaultCode[],
  ) {}

  /**
   * Notes a fault of the owner with the sort key `key[start, end)`.
   *
   * @param block with `at`: the fact that is wrong (records/entry.ts).
   */
  add(
    fault: FaultCode,
    key: Uint8Array,
    start: number,
    end: number,
    type: number,
    message: string,
    block?: Uint8Array | undefined,
    at = 0,
  ): void {
    if (!this.keeps(fault)) {
      this.count(fault, 1);
      return;
    }
    const wire = new Uint8Array(MAX_WIRE + 1);
    keyToWire(key, start, end, this.apex, wire, 0);
    this.push({
      fault,
      owner: nameToText(wire),
      type: typeToText(type),
      message,
      chunk: block === undefined ? -1 : factChunk(block, at),
      line: block === undefined ? -1 : factLine(block, at),
    });
  }

  /** Notes a fault. */
  push(fault: FoundFault): void {
    if (this.keeps(fault.fault)) this.found.push(fault);
    this.count(fault.fault, 1);
  }

  /** Takes over what a worker has found. */
  merge({ found, counts }: FoundFaults): void {
    const listed: FaultCounts = {};
    for (const fault of found) {
      this.push(fault);
      listed[fault.fault] = (listed[fault.fault] ?? 0) + 1;
    }
    for (const [code, n] of Object.entries(counts) as [FaultCode, number][]) {
      this.count(code, n - (listed[code] ?? 0));
    }
  }

  private keeps(code: FaultCode): boolean {
    if (this.counts[code] === undefined) return true;
    return this.found.length < this.limit && !this.tolerated.includes(code);
  }

  private count(code: FaultCode, n: number): void {
    this.counts[code] = (this.counts[code] ?? 0) + n;
    this.seen += n;
  }
}
