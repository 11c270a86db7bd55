/** The reader of parts gives the facts that the parser of zone files gives; cuts are lawful. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Kernel } from '#zonewright/kernel/kernel.js';
import { nameFromText } from '#zonewright/names/name.js';
import { MasterParser } from '#zonewright/read/master-parser.js';
import { EntryWriter } from '#zonewright/records/entry.js';
import { Cursor } from '#zonewright/sort/cursor.js';
import { sortRun } from '#zonewright/sort/run.js';
import { createPartCutter } from '#zonewright/verify/part-cut.js';
import { PartReader } from '#zonewright/verify/part-reader.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const hex = (b: Uint8Array): string => Buffer.from(b).toString('hex');

/** Owners with their facts, as the parser and a sort give them. */
function parsed(text: string, zone: string): string[] {
  const apex = nameFromText(zone);
  const writer = new EntryWriter();
  const parser = new MasterParser({ apex, dropDnssec: false }, { writer, reject: () => undefined });
  parser.parse(bytes(text), 3, { origin: apex, ttl: -1, lastTtl: -2, owner: null }, true);
  const cursor = new Cursor([sortRun(writer)]);
  const owners: string[] = [];
  while (cursor.next()) {
    const facts = Array.from({ length: cursor.parts }, (_, i) =>
      hex(cursor.partBlocks[i].subarray(cursor.partStarts[i], cursor.partEnds[i])),
    );
    const key = cursor.keyBlock.subarray(cursor.keyStart, cursor.keyEnd);
    owners.push(`${hex(key)}: ${facts.join('')}`);
  }
  return owners;
}

function read(text: string, zone: string) {
  const owners: string[] = [];
  const reader = new PartReader(nameFromText(zone), new Kernel(), {
    take: (block, start, end, key, length) => {
      owners.push(`${hex(key.subarray(0, length))}: ${hex(block.subarray(start, end))}`);
    },
    takeMany: (_block, at) => at,
  });
  // Twice: nothing may be left of the first time.
  reader.read(bytes(text), 3, true);
  owners.length = 0;
  const result = reader.read(bytes(text), 3, true);
  return { owners, result };
}

const label = fc.oneof(
  fc.stringMatching(/^[a-z0-9_-]{1,8}$/),
  fc.constantFrom('A', 'x'.repeat(63), 'x'.repeat(64), String.raw`a\.b`, String.raw`\001`, '*', ''),
);
const name = fc
  .array(label, { minLength: 0, maxLength: 5 })
  .chain((labels) =>
    fc.constantFrom('com.', 'com', 'net.', 'xcom.').map((end) => [...labels, end].join('.')),
  );
const lines = fc.array(
  fc.tuple(
    name,
    fc.constantFrom('3600', '0', '999999999', '2147483647', '2147483648', '1h', ''),
    fc.constantFrom('in\tns', 'in\tns', 'in\tns', 'IN\tNS', 'in\ta', 'in\ttxt'),
    name,
    fc.constantFrom('\n', '\n', '\n', '\r\n', ' \n', ' ; x\n', '\n\n'),
  ),
  { maxLength: 6 },
);

describe('PartReader', () => {
  it('gives the facts of the parser when it gives any', () => {
    let taken = 0;
    fc.assert(
      fc.property(lines, fc.constantFrom('com', '.', 'b.com'), (records, zone) => {
        const text = records
          .map(([owner, ttl, type, target, end]) => {
            const rdata = type.endsWith('\ta') ? '192.0.2.1' : target;
            return `${owner}\t${ttl}\t${type}\t${rdata}${end}`;
          })
          .join('');
        const { owners, result } = read(text, zone);
        if (result.deviation !== undefined) return;
        taken += owners.length;
        expect(owners).toEqual(parsed(text, zone));
        expect(result.records).toBe(
          records.length === 0 ? 0 : text.split('\n').filter((line) => line !== '').length,
        );
      }),
      { numRuns: 3000 },
    );
    expect(taken).toBeGreaterThan(100);
  });

  it('tells where it stands', () => {
    const text =
      'com.\t900\tin\tns\ta.test.\na.com.\t900\tin\tns\tb.test.\nb.com.\t9\tin\ta\t192.0.2.1\n';
    expect(read(text, 'com').result).toEqual({
      lines: 3,
      records: 3,
      first: new Uint8Array(0),
      last: bytes('b\0'),
      deviation: undefined,
    });
    const { owners } = read(text, 'com');
    expect(owners).toEqual(parsed(text, 'com'));
  });

  it.each([
    [
      'an owner that comes again',
      'a.com.\t9\tin\tns\tb.\nb.com.\t9\tin\tns\tb.\na.com.\t9\tin\tns\tc.\n',
    ],
    ['a name behind its subtree', 'x.a.com.\t9\tin\tns\tb.\na.com.\t9\tin\tns\tb.\n'],
    ['a name of another zone', 'a.net.\t9\tin\tns\tb.\n'],
    ['a line without owner', '\t9\tin\tns\tb.\n'],
    ['a line without TTL', 'a.com.\tin\tns\tb.\n'],
    ['$ORIGIN', 'a.com.\t9\tin\tns\tb.\n$ORIGIN net.\n'],
    ['$TTL', '$TTL 5\na.com.\tin\tns\tb.\n'],
    ['$INCLUDE', '$INCLUDE x\n'],
    ['an open parenthesis', 'a.com.\t9\tin\tds\t( 1 13 2\nb.com.\t9\tin\tns\tb.\n'],
    ['a label that is too long', `${'x'.repeat(64)}.com.\t9\tin\tns\tb.\n`],
    ['a name that is too long', `a.com.\t9\tin\tns\t${'x.'.repeat(128)}\n`],
  ])('does not take %s', (_, text) => {
    expect(read(text, 'com').result.deviation).toBeDefined();
  });

  it('hands on facts that stay where they are when there are many', () => {
    const owners = Array.from({ length: 40_000 }, (_, i) => `n${String(i).padStart(6, '0')}.com.`);
    const text = owners.map((owner) => `${owner}\t9\tin\tns\tns1.${owner}\n`).join('');
    expect(read(text, 'com').owners).toEqual(parsed(text, 'com'));
  });
});

describe('the part cutter', () => {
  const zone = nameFromText('com');
  const word = fc.constantFrom('a', 'b', 'bb', 'c', String.raw`c\.d`);
  const owner = fc.array(word, { maxLength: 3 }).map((labels) => [...labels, 'com.'].join('.'));

  it('loses nothing, and cuts where nothing is split', () => {
    fc.assert(
      fc.property(
        fc.array(owner, { maxLength: 40 }),
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 90 }),
        (owners, size, step) => {
          const text = bytes(owners.map((one) => `${one}\t9\tin\tns\tx.\n`).join(''));
          const cutter = createPartCutter(zone, size);
          const parts: Uint8Array[] = [];
          for (let at = 0; at < text.length; at += step) {
            parts.push(...cutter.push(text.subarray(at, at + step)));
          }
          parts.push(cutter.rest());
          expect(hex(Buffer.concat(parts))).toBe(hex(text));
          for (const [i, part] of parts.entries()) {
            if (i < parts.length - 1) expect(part.length).toBeGreaterThanOrEqual(size);
            if (i === 0) continue;
            const [first] = new TextDecoder().decode(part).split('\t');
            const before = new TextDecoder()
              .decode(parts[i - 1])
              .trimEnd()
              .split('\n');
            expect(first).toMatch(/^[a-z]+\.com\.$/);
            expect(before.at(-1)?.startsWith(`${first}\t`)).toBe(false);
          }
        },
      ),
    );
  });

  it('cuts as soon as it may', () => {
    const cutter = createPartCutter(zone, 10);
    const line = (name: string): string => `${name}.com.\t9\tin\tns\tx.\n`;
    const text = line('a') + line('a') + line('x.a') + line('b') + line('c');
    const parts = cutter.push(bytes(text));
    const shown = [...parts, cutter.rest()].map((part) => new TextDecoder().decode(part));
    expect(shown).toEqual([line('a') + line('a') + line('x.a'), line('b'), line('c')]);
  });
});
