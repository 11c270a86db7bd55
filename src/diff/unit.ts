/**
 * In what two units of the same name differ. Sets are compared, not sequences: the order of
 * records and repeated records mean nothing (RFC 2181 §5).
 */

import { compareBytes } from '../names/name.js';
import { FACT_HEADER, factLength, factTtl, factType } from '../records/entry.js';
import { TYPE } from '../records/types.js';
import type { Unit } from './side.js';

/** Kinds of difference, as bits. */
export const Difference = {
  /** The NS set of a delegation. */
  ns: 1,
  /** The DS set of a delegation. */
  ds: 2,
  /** Addresses at or below a cut. */
  glue: 4,
  /** Authoritative records, or a name that became a delegation or ceased to be one. */
  data: 8,
  /** Nothing but TTLs. */
  ttl: 16,
} as const;

/** The names of the kinds, in the order of their bits. */
export const DIFFERENCE_NAMES = ['ns', 'ds', 'glue', 'data', 'ttl'] as const;

/** The bits of what differs; 0: nothing. The serial in the SOA does not count. */
export function differences(older: Unit, newer: Unit): number {
  return sameInOrder(older, newer) ? 0 : compareSets(older, newer);
}

/** The common case: the same records in the same order. */
function sameInOrder(a: Unit, b: Unit): boolean {
  if (a.count !== b.count || a.delegation !== b.delegation) return false;
  for (let i = 0; i < a.count; i++) {
    if (factTtl(a.blocks[i], a.ats[i]) !== factTtl(b.blocks[i], b.ats[i])) return false;
    if (compareFacts(a, i, b, i) !== 0) return false;
  }
  return true;
}

/** By owner, type and RDATA. */
function compareFacts(a: Unit, i: number, b: Unit, j: number): number {
  const x = a.blocks[i];
  const y = b.blocks[j];
  const p = a.ats[i];
  const q = b.ats[j];
  const d =
    compareBytes(
      a.ownerBlocks[i],
      a.ownerStarts[i],
      a.ownerEnds[i],
      b.ownerBlocks[j],
      b.ownerStarts[j],
      b.ownerEnds[j],
    ) || factType(x, p) - factType(y, q);
  if (d !== 0) return d;
  const xEnd = p + FACT_HEADER + factLength(x, p);
  const yEnd = q + FACT_HEADER + factLength(y, q);
  if (factType(x, p) !== TYPE.SOA || xEnd - p < FACT_HEADER + 22 || yEnd - q < FACT_HEADER + 22) {
    return compareBytes(x, p + FACT_HEADER, xEnd, y, q + FACT_HEADER, yEnd);
  }
  // The serial is the first of the five numbers at the end.
  return (
    compareBytes(x, p + FACT_HEADER, xEnd - 20, y, q + FACT_HEADER, yEnd - 20) ||
    compareBytes(x, xEnd - 16, xEnd, y, yEnd - 16, yEnd)
  );
}

/** What a fact is a part of, as a bit of {@link Difference}. */
function kindOf(side: Unit, i: number): number {
  if (!side.delegation) return Difference.data;
  const atCut = side.ownerEnds[i] - side.ownerStarts[i] === side.keyEnd - side.keyStart;
  const type = factType(side.blocks[i], side.ats[i]);
  if (atCut && type === TYPE.NS) return Difference.ns;
  if (atCut && type === TYPE.DS) return Difference.ds;
  return type === TYPE.A || type === TYPE.AAAA ? Difference.glue : Difference.data;
}

function sortedFacts(side: Unit): number[] {
  const order = Array.from({ length: side.count }, (_, i) => i);
  order.sort((i, j) => compareFacts(side, i, side, j));
  return order.filter((i, n) => n === 0 || compareFacts(side, order[n - 1], side, i) !== 0);
}

function compareSets(older: Unit, newer: Unit): number {
  const a = sortedFacts(older);
  const b = sortedFacts(newer);
  let bits = older.delegation === newer.delegation ? 0 : Difference.data;
  let ttl = false;
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const d = i === a.length ? 1 : j === b.length ? -1 : compareFacts(older, a[i], newer, b[j]);
    if (d < 0) bits |= kindOf(older, a[i++]);
    else if (d > 0) bits |= kindOf(newer, b[j++]);
    else {
      const x = factTtl(older.blocks[a[i]], older.ats[a[i]]);
      if (x !== factTtl(newer.blocks[b[j]], newer.ats[b[j]])) ttl = true;
      i++;
      j++;
    }
  }
  return bits === 0 && ttl ? Difference.ttl : bits;
}
