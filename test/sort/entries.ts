/** Entries for the tests of the external sort: writers made from lists, and what a plain map and
 * the runtime's own sort make of the same lists. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import fc from 'fast-check';
import { EntryWriter, FACT_HEADER, factLength, Kind } from '#zonewright/records/entry.js';
import type { Cursor } from '#zonewright/sort/cursor.js';
import { type Run, sortRun } from '#zonewright/sort/run.js';
import { spillRun } from '#zonewright/sort/spill.js';

/** A key and the RDATA of one fact. */
export type Pair = readonly [key: Uint8Array, rdata: Uint8Array];

const octets = (list: readonly number[]): Uint8Array => Uint8Array.from(list);
const ascii = (text: string): number[] => [...Buffer.from(text, 'latin1')];

/** Octets that own a rank, octets that share one, the separator and the ends of the range. */
const MIXED = [0, 1, 2, 0x2c, 0x2d, 0x2e, 0x2f, 0x30, 0x39, 0x3a, 0x41, 0x5a, 0x5f, 0x60, 0x61];
const SOME = [...MIXED, 0x62, 0x7a, 0x7b, 0x7f, 0x80, 0xfe, 0xff];

/** Keys on which sorts go wrong: few octets, any octets, long common beginnings, prefixes. */
export const anyKey: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.array(fc.constantFrom(0, 1, 0x61, 0x62, 0xff), { maxLength: 12 }).map(octets),
  fc.array(fc.constantFrom(...SOME), { maxLength: 30 }).map(octets),
  fc.uint8Array({ maxLength: 40 }),
  fc
    .tuple(fc.nat(6), fc.constantFrom('a', '_', 'A', '\0', '\xff'), fc.uint8Array({ maxLength: 3 }))
    .map(([n, c, tail]) => octets([...ascii(c.repeat(n * 15)), ...tail])),
  fc.nat(300).map((n) => octets(ascii(`shared-by-very-many-${n}\0`))),
);

/** RDATA, mostly short, now and then as long as the format has room for. */
export const anyRdata: fc.Arbitrary<Uint8Array> = fc.oneof(
  { weight: 20, arbitrary: fc.uint8Array({ maxLength: 5 }) },
  { weight: 2, arbitrary: fc.nat(700).map((n) => new Uint8Array(n).fill(n)) },
  { weight: 1, arbitrary: fc.constantFrom(65_535, 65_534).map((n) => new Uint8Array(n).fill(7)) },
);

export function writerOf(list: Iterable<Pair>): EntryWriter {
  const writer = new EntryWriter();
  for (const [k, rdata] of list) {
    writer.append(k, 0, k.length, Kind.record, 1, 0, 0, 0, rdata, 0, rdata.length);
  }
  return writer;
}

/** A run in memory, or in a file in `folder`. */
export function runOf(list: Iterable<Pair>, folder?: string): Run {
  const writer = writerOf(list);
  return folder === undefined ? sortRun(writer) : spillRun(writer, join(folder, randomUUID()));
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** `key, its facts' RDATA in the order in which they lie there`. */
export type KeyFacts = [key: string, rdata: string[]];

/** What is at a cursor's key. */
export function factsAt(cursor: Cursor): string[] {
  const found: string[] = [];
  for (let i = 0; i < cursor.parts; i++) {
    const block = cursor.partBlocks[i];
    for (let at = cursor.partStarts[i]; at < cursor.partEnds[i]; ) {
      const length = factLength(block, at);
      found.push(hex(block.subarray(at + FACT_HEADER, at + FACT_HEADER + length)));
      at += FACT_HEADER + length;
    }
  }
  return found;
}

/** Everything from a cursor's place on. */
export function read(cursor: Cursor): KeyFacts[] {
  const all: KeyFacts[] = [];
  while (cursor.next()) {
    all.push([hex(cursor.keyBlock.slice(cursor.keyStart, cursor.keyEnd)), factsAt(cursor)]);
  }
  return all;
}

/** The same by a map, run after run: the facts of one key in the order of appending. */
export function expected(lists: ReadonlyArray<readonly Pair[]>): KeyFacts[] {
  const map = new Map<string, string[]>();
  for (const [k, rdata] of lists.flat()) {
    const facts = map.get(hex(k));
    if (facts === undefined) map.set(hex(k), [hex(rdata)]);
    else facts.push(hex(rdata));
  }
  return [...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}
