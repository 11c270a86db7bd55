/** The kernel's way to the signed owners of a range against the parser's: for whatever file. */
import { statSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareBytes, keyFromName, nameFromText, nameToText } from '#zonewright/names/name.js';
import { FACT_HEADER, factLength, factTtl, factType } from '#zonewright/records/entry.js';
import { PreviousFault } from '#zonewright/reuse/fault.js';
import { kernelRange } from '#zonewright/reuse/kernel-range.js';
import { SortedZoneFile } from '#zonewright/reuse/sorted-file.js';
import { Cursor } from '#zonewright/sort/cursor.js';
import type { Run } from '#zonewright/sort/run.js';
import { type Damage, someDamage } from './damage.js';
import { fileOf } from './resign.js';

type Bound = Uint8Array | undefined;

/** All that a range's runs hold, as text: a key with type, TTL and RDATA of its facts. */
function contents(runs: readonly Run[]): string[] {
  const found: string[] = [];
  const cursor = new Cursor(runs);
  while (cursor.next()) {
    const facts: string[] = [];
    for (let i = 0; i < cursor.parts; i++) {
      const block = cursor.partBlocks[i];
      for (let at = cursor.partStarts[i]; at < cursor.partEnds[i]; ) {
        const rdata = at + FACT_HEADER;
        const end = rdata + factLength(block, at);
        const hex = Buffer.from(block.subarray(rdata, end)).toString('hex');
        facts.push(`${block[at]} ${factType(block, at)} ${factTtl(block, at)} ${hex}`);
        at = end;
      }
    }
    const key = Buffer.from(cursor.keyBlock.subarray(cursor.keyStart, cursor.keyEnd));
    found.push(`${key.toString('hex')}: ${facts.join(', ')}`);
  }
  return found;
}

let path: string | undefined;

/** What one way makes of a range of a file. */
function way(text: string, apex: Uint8Array, from: Bound, to: Bound, short: boolean): unknown {
  path ??= fileOf('');
  writeFileSync(path, text, 'latin1');
  const { size, ino, mtimeMs } = statSync(path);
  const identity = { path, size, inode: ino, modified: mtimeMs };
  const file = new SortedZoneFile(identity, apex, short);
  try {
    return contents(file.range(from, to, true));
  } catch (error) {
    if (!(error instanceof PreviousFault)) throw error;
    return 'fault';
  } finally {
    file.close();
  }
}

/** What the kernel says of a range: the number of lines it leaves to the parser; -1: all. */
function linesLeft(text: string, apex: Uint8Array): number {
  const octets = Buffer.from(text, 'latin1');
  const read = (into: Uint8Array): boolean => {
    into.set(octets);
    return true;
  };
  const found = kernelRange().signedOwners(apex, octets.length, read, undefined, undefined);
  return found === undefined
    ? -1
    : Buffer.from(found.rest).toString('latin1').split('\n').length - 1;
}

// ---- zones ---------------------------------------------------------------------------------------

const DS = `1 13 2 ${'A1'.repeat(32)}`;
const HASH = '000jaldqleu5vq14413qdmebbhe8keen';
const SIGNATURE = `${'Ab+/'.repeat(21)}Aw==`;
const types = ['A', 'NS', 'TXT', 'AAAA', 'DS', 'RRSIG', 'CAA', 'DNSKEY', 'TYPE65'];

const someRrsig = fc
  .tuple(
    fc.constantFrom('DS', 'NSEC3', 'A', 'TXT', 'NS', 'SOA', 'TYPE99', 'CAA', 'ds'),
    fc.constantFrom('13', '8', '015', 'ECDSAP256SHA256', '256'),
    fc.constantFrom('0', '900', '4294967295', '1h'),
    fc.constantFrom(
      '20261207200310',
      '20240229000000',
      '20230229000000',
      '1795000000',
      '99991231235959',
    ),
    fc.constantFrom('example.', 'com.', 'Com.', 'a\\.b.', '.', 'rel'),
    fc.constantFrom(
      SIGNATURE,
      'AAAA',
      'AA==',
      'AB==',
      'AAA=',
      'AAB=',
      'A',
      'AA AA',
      '',
      `${SIGNATURE} x`,
    ),
  )
  .map(
    ([type, algorithm, ttl, time, signer, signature]) =>
      `rrsig\t${type} ${algorithm} 2 ${ttl} ${time} 20261124063815 65480 ${signer} ${signature}`,
  );
const goodRrsig = (type: string): string =>
  `rrsig\t${type} 13 2 900 20261207200310 20261124063815 65480 example. ${SIGNATURE}`;

const someRecord = fc.oneof(
  { weight: 16, arbitrary: fc.constantFrom('DS', 'NSEC3', 'A', 'TXT').map(goodRrsig) },
  { weight: 8, arbitrary: fc.constant('ns\tns1.elsewhere.') },
  { weight: 8, arbitrary: fc.constant(`ds\t${DS}`) },
  { weight: 4, arbitrary: fc.constantFrom('a\t192.0.2.1', 'aaaa\t2001:db8::1', 'txt\t"a (b"') },
  fc.constantFrom(
    'a\t192.0.2.01',
    'aaaa\t::ffff:192.0.2.1',
    'txt\t"a (b" "; c"',
    'txt\t"a\tin\trrsig\tb"',
    'soa\tns1 host 1 7200 3600 1209600 300',
    'dnskey\t257 3 13 AAAA',
    'type65\t\\# 1 00',
    'ds\t1 13 9 AB',
    'ds\t1 13 1 ABCD',
    `ds\t65536 13 2 ${'A1'.repeat(32)}`,
    `ds\t1 13 1 ${'a1'.repeat(20)}`,
    'ns\trelative',
  ),
  someRrsig,
  fc
    .tuple(
      fc.constantFrom('-', 'AB', 'ABC'),
      fc.constantFrom(HASH, HASH.toUpperCase(), HASH.slice(1), `${HASH.slice(1)}z`),
      fc.subarray(types),
    )
    .map(([salt, hash, list]) => `nsec3\t1 1 0 ${[salt, hash, ...list].join(' ')}`),
);

/** A zone's owners, each with its records as they come. */
const label = fc.constantFrom('a', 'b', 'c', 'm-1', '_x', '*', 'zz', HASH, '0');
const someOwners = fc.uniqueArray(
  fc.record({
    labels: fc.array(label, { maxLength: 3 }),
    records: fc.array(fc.tuple(fc.constantFrom('900', '0', '86400', '2147483647'), someRecord), {
      minLength: 1,
      maxLength: 5,
    }),
  }),
  { selector: ({ labels }) => labels.join('.'), minLength: 1, maxLength: 7 },
);

const APEXES = ['example.', 'a.example.', '.'].map((name) => nameFromText(name));
const compare = (a: Uint8Array, b: Uint8Array): number =>
  compareBytes(a, 0, a.length, b, 0, b.length);

interface Zone {
  readonly apex: Uint8Array;
  readonly keys: readonly Uint8Array[];
  readonly lines: readonly string[];
}
const someZone = fc.tuple(someOwners, fc.constantFrom(...APEXES)).map(([owners, apex]): Zone => {
  const end = nameToText(apex);
  const named = owners.map(({ labels, records }) => {
    const tail = end === '.' && labels.length > 0 ? '' : end;
    const name = labels.map((one) => `${one}.`).join('') + tail;
    return { name, key: keyFromName(nameFromText(name), apex), records };
  });
  named.sort((a, b) => compare(a.key, b.key));
  return {
    apex,
    keys: named.map(({ key }) => key),
    lines: named.flatMap(({ name, records }) =>
      records.map(([ttl, record]) => `${name}\t${ttl}\tin\t${record}\n`),
    ),
  };
});

describe('the signed owners of a range', () => {
  const expectSame = (zone: Zone, damages: readonly Damage[], cuts: readonly number[]): void => {
    const { apex, keys } = zone;
    const lines = [...zone.lines];
    for (const damage of damages) damage(lines, 0);
    const text = lines.join('');
    const [from, to] = cuts
      .map((n): Bound => keys[n])
      .sort((a, b) => {
        return a === undefined || b === undefined ? 0 : compare(a, b);
      });
    for (const [begin, end] of [
      [undefined, undefined],
      [from, to],
    ]) {
      const long = way(text, apex, begin, end, false);
      expect(way(text, apex, begin, end, true), text).toEqual(long);
    }
  };
  const someCuts = fc.tuple(fc.nat(8), fc.nat(8));

  it('are those that the parser finds', () => {
    fc.assert(
      fc.property(someZone, someCuts, (zone, cuts) => expectSame(zone, [], cuts)),
      { numRuns: 1000 },
    );
  });

  it('are those that the parser finds in a file that was damaged, and where it finds fault', () => {
    fc.assert(
      fc.property(
        someZone,
        fc.array(someDamage, { minLength: 1, maxLength: 3 }),
        someCuts,
        expectSame,
      ),
      { numRuns: 3000 },
    );
  });

  it('find room where entries have far more octets than their lines', () => {
    const signed = `x.\t0\tin\trrsig\taaaa 13 1 0 20261207200310 20261124063815 1 x. ${SIGNATURE}\n`;
    const text = 'x.\t0\tin\taaaa\t::\n'.repeat(200_000) + signed;
    expect(linesLeft(text, nameFromText('x.'))).toBe(200_001);
  });

  it('are found by the kernel alone where they have nothing but plain records', () => {
    const apex = nameFromText('example.');
    const line = (name: string, record: string): string => `${name}\t900\tin\t${record}\n`;
    const text = [
      line(`${HASH}.example.`, `nsec3\t1 1 0 - ${HASH} NS DS RRSIG`),
      line(`${HASH}.example.`, goodRrsig('NSEC3')),
      line('a.example.', 'ns\tns.example.'),
      line('a.example.', `ds\t${DS}`),
      line('a.example.', goodRrsig('DS')),
      line('h.example.', 'a\t192.0.2.1'),
      line('h.example.', goodRrsig('A')),
      line('h.example.', 'aaaa\t2001:db8::1'),
      line('h.example.', goodRrsig('AAAA')),
    ];
    expect(linesLeft(text.join(''), apex)).toBe(0);
    text.push(line('t.example.', 'txt\t"t"'), line('t.example.', goodRrsig('TXT')));
    expect(linesLeft(text.join(''), apex)).toBe(2);
    expect(linesLeft(`${text.join('')}X${text[4]}`, apex)).toBe(-1);
    expect(linesLeft(`${text[4]}${text[1]}`, apex)).toBe(-1);
  });
});
