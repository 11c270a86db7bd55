/**
 * Where a walk puts both sides of an NSEC3 chain: the names that need a record, and the records
 * that are there (RFC 5155 §7.1). The first time that is a fingerprint, which tells whether they
 * fit; only when they don't, entries that chain.ts compares, to say where.
 */

import { Kind } from '../records/entry.js';
import { Collector } from '../sort/collector.js';
import type { SpillPlan } from '../sort/spill-plan.js';
import type { Fingerprint } from './fingerprint.js';

/** Hashes have 20 octets; `chunk` and `line` are places as in facts (records/entry.ts). */
export interface ChainSink {
  /** A name needs a record; `need` is one of {@link Need}. */
  expect(
    hash: Uint8Array,
    need: number,
    chunk: number,
    line: number,
    bitmap: Uint8Array,
    length: number,
  ): void;
  /** There is a record. */
  meet(
    hash: Uint8Array,
    flags: number,
    chunk: number,
    line: number,
    rdata: Uint8Array,
    bitmapAt: number,
    bitmapEnd: number,
  ): void;
}

/** Adds both sides up. */
export function fingerprintSink(fingerprint: Fingerprint): ChainSink {
  return {
    expect: (hash, _need, _chunk, _line, bitmap, length) =>
      fingerprint.expect(hash, bitmap, 0, length),
    meet: (hash, _flags, _chunk, _line, rdata, at, end) => fingerprint.meet(hash, rdata, at, end),
  };
}

/** Of a thread's memory, what each side may fill: the zone lies beside them. */
const SHARE = 0.3;

/** Keeps both sides as entries under the hashes, to be sorted and compared. */
export class EntrySink implements ChainSink {
  readonly expected: Collector;
  readonly actual: Collector;

  constructor(spill: SpillPlan) {
    this.expected = new Collector(spill, SHARE);
    this.actual = new Collector(spill, SHARE);
  }

  /** Keeps within the bound of memory; to be called now and then. */
  settle(): void {
    this.expected.settle();
    this.actual.settle();
  }

  expect(
    hash: Uint8Array,
    need: number,
    chunk: number,
    line: number,
    bitmap: Uint8Array,
    length: number,
  ): void {
    this.expected.writer.append(hash, 0, 20, Kind.hash, need, 0, chunk, line, bitmap, 0, length);
  }

  meet(
    hash: Uint8Array,
    flags: number,
    chunk: number,
    line: number,
    rdata: Uint8Array,
    bitmapAt: number,
    bitmapEnd: number,
  ): void {
    const { writer } = this.actual;
    writer.append(hash, 0, 20, Kind.record, flags, 0, chunk, line, rdata, bitmapAt, bitmapEnd);
  }
}
