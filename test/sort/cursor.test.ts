import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EntryWriter, FACT_HEADER, factLength, Kind } from '#zonewright/records/entry.js';
import { Cursor } from '#zonewright/sort/cursor.js';
import { splitRanges } from '#zonewright/sort/ranges.js';
import { type Run, sortRun } from '#zonewright/sort/run.js';

/** Keys over a small alphabet, so that equal keys, prefixes and equal first octets are common. */
const key = fc
  .array(fc.constantFrom(0, 1, 0x61, 0x62, 0xff), { maxLength: 12 })
  .map((octets) => Uint8Array.from(octets));
const facts = fc.array(fc.tuple(key, fc.uint8Array({ maxLength: 5 })), { maxLength: 60 });

function runOf(list: ReadonlyArray<readonly [Uint8Array, Uint8Array]>): Run {
  const writer = new EntryWriter();
  for (const [k, rdata] of list) {
    writer.append(k, 0, k.length, Kind.record, 1, 0, 0, 0, rdata, 0, rdata.length);
  }
  return sortRun(writer);
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** `key -> sorted payloads`, read through a cursor. */
function read(cursor: Cursor): Array<[string, string[]]> {
  const all: Array<[string, string[]]> = [];
  while (cursor.next()) {
    const payloads: string[] = [];
    for (let i = 0; i < cursor.parts; i++) {
      const block = cursor.partBlocks[i];
      for (let at = cursor.partStarts[i]; at < cursor.partEnds[i]; ) {
        const length = factLength(block, at);
        payloads.push(hex(block.subarray(at + FACT_HEADER, at + FACT_HEADER + length)));
        at += FACT_HEADER + length;
      }
    }
    all.push([hex(cursor.keyBlock.slice(cursor.keyStart, cursor.keyEnd)), payloads.sort()]);
  }
  return all;
}

/** The same by a plain map and sort. */
function expected(
  list: ReadonlyArray<readonly [Uint8Array, Uint8Array]>,
): Array<[string, string[]]> {
  const map = new Map<string, string[]>();
  for (const [k, rdata] of list) map.set(hex(k), [...(map.get(hex(k)) ?? []), hex(rdata)]);
  return [...map]
    .map(([k, payloads]): [string, string[]] => [k, payloads.sort()])
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

describe('the merge of sorted runs', () => {
  it('yields every fact once, under keys in octet order, whatever the number of runs', () => {
    fc.assert(
      fc.property(fc.array(facts, { minLength: 1, maxLength: 5 }), (lists) => {
        expect(read(new Cursor(lists.map(runOf)))).toEqual(expected(lists.flat()));
      }),
    );
  });

  it('gives the same over ranges as over the whole', () => {
    fc.assert(
      fc.property(fc.array(facts, { minLength: 1, maxLength: 3 }), fc.nat(20), (lists, size) => {
        const runs = lists.map(runOf);
        const parts = splitRanges(runs, size + 1).flatMap(({ from, to }) =>
          read(new Cursor(runs, from, to)),
        );
        expect(parts).toEqual(expected(lists.flat()));
      }),
    );
  });

  it('goes on from a copy without disturbing the original', () => {
    fc.assert(
      fc.property(facts, facts, (a, b) => {
        const runs = [runOf(a), runOf(b)];
        const all = expected([...a, ...b]);
        const cursor = new Cursor(runs);
        for (let i = 0; i < all.length; i++) {
          cursor.next();
          expect(read(cursor.fork())).toEqual(all.slice(i + 1));
        }
        expect(cursor.next()).toBe(false);
      }),
      { numRuns: 30 },
    );
  });
});
