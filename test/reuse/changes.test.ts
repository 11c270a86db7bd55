/** In what a range differs from its successor: found in the text, and with both read whole. */
import { statSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RangeDiff } from '#zonewright/diff/range-diff.js';
import { Side } from '#zonewright/diff/side.js';
import { compareBytes, keyFromName, nameFromText, nameToText } from '#zonewright/names/name.js';
import { PreviousFault } from '#zonewright/reuse/fault.js';
import { kernelRange } from '#zonewright/reuse/kernel-range.js';
import { SortedZoneFile } from '#zonewright/reuse/sorted-file.js';
import { type Damage, someDamage } from './damage.js';
import { fileOf } from './resign.js';

type Bound = Uint8Array | undefined;
let path: string | undefined;

/** What one way makes of the range of a file and the text that takes its place. */
function way(
  older: string,
  newer: string,
  apex: Uint8Array,
  [from, to]: readonly Bound[],
  short: boolean,
): unknown {
  path ??= fileOf('');
  writeFileSync(path, older, 'latin1');
  const { size, ino, mtimeMs } = statSync(path);
  const file = new SortedZoneFile({ path, size, inode: ino, modified: mtimeMs }, apex, short);
  try {
    file.range(from, to, true);
    const changed = file.changes(Buffer.from(newer, 'latin1'));
    const side = new Side(changed.older, undefined, undefined);
    const diff = new RangeDiff(side, apex, 'delegations', changed.sameDelegations);
    const { counts, first, second } = diff.takeAll(new Side(changed.newer, undefined, undefined));
    const text = (octets: Uint8Array): string => Buffer.from(octets).toString('latin1');
    return { counts, first: text(first), second: text(second) };
  } catch (error) {
    if (!(error instanceof PreviousFault)) throw error;
    return 'fault';
  } finally {
    file.close();
  }
}

// ---- zones ---------------------------------------------------------------------------------------

const DS = `1 13 2 ${'A1'.repeat(32)}`;
const HASH = '000jaldqleu5vq14413qdmebbhe8keen';
const rrsig = (type: string): string =>
  `rrsig\t${type} 13 2 900 20261207200310 20261124063815 65480 example. ${'Ab+/'.repeat(21)}Aw==`;

/** The records of an owner, as they stand in a file. */
const someRecords = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(['ns\tns1.elsewhere.'], ['ns\tns1.b.example.']) },
  fc.constantFrom(
    ['ns\tns1.elsewhere.', 'ns\tns2.elsewhere.'],
    ['ns\tns1.elsewhere.', `ds\t${DS}`, rrsig('DS')],
    ['ns\tns1.elsewhere.', `ds\t${DS.replace('1', '2')}`, rrsig('DS')],
    ['a\t192.0.2.1', 'ns\tns1.elsewhere.', 'aaaa\t2001:db8::1'],
    [`nsec3\t1 1 0 - ${HASH} NS`, rrsig('NSEC3')],
    ['ns\tns1.elsewhere.', `nsec3\t1 1 0 - ${HASH} NS`, rrsig('NSEC3')],
    ['ns\tns1.elsewhere.', 'nsec\tz.example. NS', rrsig('NSEC')],
    ['nsec3param\t1 0 0 -', rrsig('NSEC3PARAM')],
    ['a\t192.0.2.1', rrsig('A')],
    ['a\t192.0.2.1'],
    ['a\t192.0.2.2'],
    ['txt\t"a; (b"', rrsig('TXT')],
  ),
);
const label = fc.constantFrom('a', 'b', 'c', 'ns1', '_x', '\\046', HASH);
const someName = fc
  .array(label, { minLength: 1, maxLength: 3 })
  .map((labels) => labels.map((one) => `${one}.`).join(''));
type Names = Readonly<Record<string, readonly string[]>>;
const someNames = fc.dictionary(someName, someRecords, { maxKeys: 9 });

const APEXES = ['example.', '.'].map((name) => nameFromText(name));
const compare = (a: Uint8Array, b: Uint8Array): number =>
  compareBytes(a, 0, a.length, b, 0, b.length);

/** The lines of a zone in canonical order. */
function linesOf(names: Names, apex: Uint8Array, serial: number, ttl: string): string[] {
  const end = nameToText(apex);
  const soa = `soa\tns. host. ${serial} 7200 3600 1209600 300`;
  const all = {
    '': [soa, rrsig('SOA'), 'ns\tns.', rrsig('NS'), `zonemd\t1 1 241 ${'00'.repeat(48)}`],
    ...names,
  };
  return Object.entries(all)
    .map(([name, records]) => ({ name: name === '' || end !== '.' ? name + end : name, records }))
    .map((one) => ({ ...one, key: keyFromName(nameFromText(one.name), apex) }))
    .sort((a, b) => compare(a.key, b.key))
    .flatMap(({ name, records }) => records.map((record) => `${name}\t${ttl}\tin\t${record}\n`));
}

/** Without what a signer makes. */
const unsigned = (lines: string): string => lines.replace(/^.*\tin\t(rrsig|nsec3?)\t.*\n/gm, '');

describe('a range and its successor', () => {
  const someChanges = fc.dictionary(someName, fc.option(someRecords), { maxKeys: 3 });
  const someBounds = fc.constantFrom<readonly string[]>(...[[], ['b'], ['a', 'c'], ['b', 'ns1']]);

  function expectSame(
    names: Names,
    changes: Readonly<Record<string, readonly string[] | null>>,
    apex: Uint8Array,
    [serial, ttl]: readonly [number, string],
    bounds: readonly string[],
    damages: readonly Damage[],
  ): void {
    const next: Record<string, readonly string[]> = { ...names };
    for (const [name, records] of Object.entries(changes)) {
      if (records === null) delete next[name];
      else next[name] = records;
    }
    const [from, to] = bounds.map((name) => Buffer.from(`${name}\0`, 'latin1'));
    const older = linesOf(names, apex, 1, '900');
    for (const damage of damages) damage(older, 0);
    const isIn = (line: string): boolean => {
      const key = keyFromName(nameFromText(line.slice(0, line.indexOf('\t'))), apex);
      return (
        (from === undefined || compare(key, from) >= 0) &&
        (to === undefined || compare(key, to) < 0)
      );
    };
    const newer = linesOf(next, apex, serial, ttl).filter(isIn).join('');
    const text = older.join('');
    const long = way(text, newer, apex, [from, to], false);
    const short = way(text, newer, apex, [from, to], true);
    if (long !== 'fault' || short === 'fault') expect(short, text).toEqual(long);
    // Of unsigned owners what a signer has made is not looked at.
    else expect(short, text).toEqual(way(unsigned(text), newer, apex, [from, to], false));
  }
  const someHead = fc.constantFrom<readonly [number, string]>([2, '900'], [1, '900'], [2, '901']);

  it('differ as they do when both are read whole', () => {
    fc.assert(
      fc.property(
        someNames,
        someChanges,
        fc.constantFrom(...APEXES),
        someHead,
        someBounds,
        fc.constant([]),
        expectSame,
      ),
      { numRuns: 1000 },
    );
  });

  it('do so, too, when the older one is damaged, and damage is found', () => {
    fc.assert(
      fc.property(
        someNames,
        someChanges,
        fc.constantFrom(...APEXES),
        someHead,
        someBounds,
        fc.array(someDamage, { minLength: 1, maxLength: 3 }),
        expectSame,
      ),
      { numRuns: 3000 },
    );
  });

  it('are read by the kernel but for what differs', () => {
    const apex = APEXES[0];
    const names: Names = {
      'a.': ['ns\tns1.elsewhere.'],
      'b.': ['ns\tns1.elsewhere.', `ds\t${DS}`, rrsig('DS')],
      'c.': ['ns\tns1.c.example.'],
      'ns1.c.': ['a\t192.0.2.1'],
    };
    const changes = (next: Names): unknown => {
      const older = Buffer.from(linesOf(names, apex, 1, '900').slice(5).join(''));
      const newer = Buffer.from(linesOf(next, apex, 1, '900').slice(5).join(''));
      const range = kernelRange();
      const read = (into: Uint8Array): boolean => {
        into.set(older);
        return true;
      };
      expect(range.signedOwners(apex, older.length, read, undefined, undefined)).toBeDefined();
      const found = range.changedLines(newer, 'example.'.length, undefined, undefined);
      const owners = (lines: Uint8Array | undefined): string[] =>
        Array.from(
          Buffer.from(lines ?? [])
            .toString()
            .matchAll(/^\S+/gm),
          ([owner]) => owner,
        );
      return [owners(found?.older), owners(found?.newer), found?.sameDelegations];
    };
    expect(changes(names)).toEqual([[], [], 3]);
    const { 'a.': _, ...rest } = names;
    expect(changes({ ...rest, 'b.': ['ns\tns1.elsewhere.'] })).toEqual([
      ['a.example.', 'b.example.', 'b.example.', 'b.example.'],
      ['b.example.'],
      1,
    ]);
    expect(changes({ ...names, 'ns1.c.': ['a\t192.0.2.2'] })).toEqual([
      ['c.example.', 'ns1.c.example.'],
      ['c.example.', 'ns1.c.example.'],
      2,
    ]);
    expect(changes({ ...names, 'bb.': ['ns\tns1.elsewhere.'] })).toEqual([[], ['bb.example.'], 3]);
  });
});
