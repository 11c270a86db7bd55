/**
 * The other half of checking an NSEC3 chain (RFC 5155 §7.1): the hashes of the names that need a
 * record against the records that are there, both in the order of the hashes.
 */

import { compareBytes } from '../names/name.js';
import { FACT_HEADER, factChunk, factLength, factLine, factType, Kind } from '../records/entry.js';
import { Cursor, lastBelow } from '../sort/cursor.js';
import type { KeyRange } from '../sort/ranges.js';
import type { Run } from '../sort/run.js';
import { bitmapMessage, Need } from './denial.js';
import type { FaultCode, FaultCounts } from './faults.js';

/** A fault of a hash, whose name has to be found yet. */
export interface HashFault {
  readonly fault: FaultCode;
  readonly hash: Uint8Array;
  readonly message: string;
  /** -1: of no record. */
  readonly chunk: number;
  readonly line: number;
}

export interface ChainResult {
  /** Bounded, but with the first fault of every code. */
  readonly faults: readonly HashFault[];
  readonly counts: FaultCounts;
  /** Records that belong to no expected name. */
  readonly extra: number;
}

/**
 * Compares a range of hashes.
 *
 * @param expected runs of what the walk put into `WalkSinks.expected`; `actual` likewise.
 * @param limit faults to return; all are counted.
 */
export function compareChain(
  expected: readonly Run[],
  actual: readonly Run[],
  range: KeyRange,
  limit: number,
): ChainResult {
  const faults: HashFault[] = [];
  const counts: FaultCounts = {};
  let extra = 0;
  const cursor = new Cursor([...expected, ...actual], range.from, range.to);
  let optOut = flagsBefore(actual, range.from);
  const add = (
    fault: FaultCode,
    message: string,
    block: Uint8Array | undefined,
    at: number,
  ): void => {
    const before = counts[fault] ?? 0;
    counts[fault] = before + 1;
    if (before > 0 && faults.length >= limit) return;
    faults.push({
      fault,
      hash: cursor.keyBlock.slice(cursor.keyStart, cursor.keyEnd),
      message,
      chunk: block === undefined ? -1 : factChunk(block, at),
      line: block === undefined ? -1 : factLine(block, at),
    });
  };
  while (cursor.next()) {
    let need = 0;
    let wantedBlock: Uint8Array | undefined;
    let wantedAt = 0;
    let block: Uint8Array | undefined;
    let at = 0;
    for (let i = 0; i < cursor.parts; i++) {
      const b = cursor.partBlocks[i];
      const end = cursor.partEnds[i];
      for (let p = cursor.partStarts[i]; p < end; p += FACT_HEADER + factLength(b, p)) {
        if (b[p] === Kind.hash) {
          if (need !== Need.must) need = factType(b, p);
          // An empty non-terminal is found once in each range; its bitmap is the same.
          wantedBlock = b;
          wantedAt = p;
        } else {
          block = b;
          at = p;
        }
      }
    }
    if (block === undefined) {
      if (need === Need.must) {
        add('missing-nsec3', 'the name has no NSEC3 record', undefined, 0);
      } else if (!optOut) {
        add(
          'unlawful-opt-out',
          'the name has no NSEC3 record, and the one that covers it has not the opt-out flag',
          undefined,
          0,
        );
      }
      continue;
    }
    optOut = (factType(block, at) & 1) === 1;
    if (wantedBlock === undefined) {
      extra++;
      add('extra-nsec3', 'the hash belongs to no name of the zone', block, at);
      continue;
    }
    const p = at + FACT_HEADER;
    const end = p + factLength(block, at);
    const q = wantedAt + FACT_HEADER;
    const qEnd = q + factLength(wantedBlock, wantedAt);
    if (compareBytes(block, p, end, wantedBlock, q, qEnd) !== 0) {
      add('wrong-nsec3-bitmap', bitmapMessage(block, p, end, wantedBlock, q, qEnd), block, at);
    }
  }
  return { faults, counts, extra };
}

/** Has the last record before `from` (cyclic) the opt-out flag? */
function flagsBefore(actual: readonly Run[], from: Uint8Array | undefined): boolean {
  // Before the first record of all stands the last one.
  const last = (from && lastBelow(actual, from)) ?? lastBelow(actual, undefined);
  return last !== undefined && (factType(last.block, last.keyEnd) & 1) === 1;
}
