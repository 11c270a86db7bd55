/** Reading ranges of a sorted zone file where it lies. */
import { appendFileSync, statSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareBytes, keyFromName, nameFromText } from '#zonewright/names/name.js';
import { FACT_HEADER, factLength, factType } from '#zonewright/records/entry.js';
import { PreviousFault } from '#zonewright/reuse/fault.js';
import { type FileIdentity, SortedZoneFile } from '#zonewright/reuse/sorted-file.js';
import { Cursor } from '#zonewright/sort/cursor.js';
import type { Run } from '#zonewright/sort/run.js';
import { fileOf } from './resign.js';

const APEX = nameFromText('com.');
const keyOf = (name: string): Uint8Array => keyFromName(nameFromText(name), APEX);
const compare = (a: Uint8Array, b: Uint8Array): number =>
  compareBytes(a, 0, a.length, b, 0, b.length);

const RRSIG = `13 2 900 20261207200310 20261124063815 65480 com. ${'A'.repeat(86)}==`;

interface Owner {
  readonly name: string;
  readonly key: Uint8Array;
  readonly types: readonly number[];
  readonly lines: string;
}

/** `n` owners in canonical order; those of some numbers are signed, some have very long lines. */
function owners(n: number, salt: number): Owner[] {
  const all: Owner[] = [];
  for (let i = 0; i < n; i++) {
    const name = `${((i * 7919 + salt) % 100_003).toString(36)}${i % 5 === 0 ? '.sub' : ''}.com.`;
    const lines = [`${name}\t900\tin\tns\tns${i}.elsewhere.`];
    const types = [2];
    if (i % 97 === 0) {
      lines.push(
        `${name}\t900\tin\ttxt\t${Array.from({ length: 60 }, () => `"${'t'.repeat(200)}"`).join(' ')}`,
      );
      types.push(16);
    }
    if (i % 11 === 0) {
      lines.push(
        `${name}\t900\tin\tds\t1 13 2 ${'AB'.repeat(32)}`,
        `${name}\t900\tin\trrsig\tDS ${RRSIG}`,
      );
      types.push(43, 46);
    }
    all.push({ name, key: keyOf(name), types, lines: `${lines.join('\n')}\n` });
  }
  all.sort((a, b) => compare(a.key, b.key));
  return all.filter((owner, i) => i === 0 || compare(all[i - 1].key, owner.key) !== 0);
}

const textOf = (all: readonly Owner[]): string => all.map(({ lines }) => lines).join('');

function identify(path: string): FileIdentity {
  const { size, ino, mtimeMs } = statSync(path);
  return { path, size, inode: ino, modified: mtimeMs };
}

/** Keys in hexadecimal, and the types under them. */
function contents(runs: readonly Run[]): string[] {
  const found: string[] = [];
  const cursor = new Cursor(runs);
  while (cursor.next()) {
    const types: number[] = [];
    for (let i = 0; i < cursor.parts; i++) {
      const block = cursor.partBlocks[i];
      for (
        let at = cursor.partStarts[i];
        at < cursor.partEnds[i];
        at += FACT_HEADER + factLength(block, at)
      ) {
        types.push(factType(block, at));
      }
    }
    const key = Buffer.from(cursor.keyBlock.subarray(cursor.keyStart, cursor.keyEnd));
    found.push(`${key.toString('hex')} ${types.join()}`);
  }
  return found;
}

const line = ({ key, types }: Owner): string =>
  `${Buffer.from(key).toString('hex')} ${types.join()}`;

/** What is left of an owner below the apex when signed records are asked for. */
const withoutNs = (owner: Owner): string =>
  line({ ...owner, types: owner.types.filter((type) => type !== 2) });

describe('ranges of a sorted file', () => {
  const all = owners(4000, 17);
  const open = (): SortedZoneFile => new SortedZoneFile(identify(fileOf(textOf(all))), APEX);

  it('hold exactly what lies in them, wherever they are cut', () => {
    const file = open();
    const bound = fc.option(
      fc.oneof(
        fc.integer({ min: 0, max: all.length - 1 }).map((i) => all[i].key),
        fc.constantFrom('0.com.', 'zzzz.com.', 'sub.com.', 'm5.com.', 'a.b.c.com.').map(keyOf),
        fc.constant(new Uint8Array(0)),
      ),
      { nil: undefined },
    );
    fc.assert(
      fc.property(bound, bound, fc.boolean(), (from, to, signedOnly) => {
        if (from !== undefined && to !== undefined && compare(from, to) > 0) return;
        const expected = all.filter(
          ({ key, types }) =>
            (from === undefined || compare(key, from) >= 0) &&
            (to === undefined || compare(key, to) < 0) &&
            (!signedOnly || types.includes(46)),
        );
        expect(contents(file.range(from, to, signedOnly))).toEqual(
          expected.map((owner) => (signedOnly ? withoutNs(owner) : line(owner))),
        );
      }),
      { numRuns: 150 },
    );
    file.close();
  });

  it('adjoin: together they are the file', () => {
    const file = open();
    const cuts = [undefined, ...[500, 501, 2000, 3999].map((i) => all[i].key), undefined];
    const found = cuts.slice(1).flatMap((to, i) => contents(file.range(cuts[i], to, false)));
    expect(found).toEqual(all.map(line));
    file.close();
  });
});

describe('a file that is not what it seemed to be', () => {
  const all = owners(600, 5);
  const fault = (text: string, signedOnly = false): void => {
    const file = new SortedZoneFile(identify(fileOf(text)), APEX);
    const middle = all[300].key;
    expect(() => {
      file.range(undefined, middle, signedOnly);
      file.range(middle, undefined, signedOnly);
    }).toThrow(PreviousFault);
    file.close();
  };

  it('has owners out of order', () => {
    for (const [i, j] of [
      [10, 11],
      [10, 590],
      [299, 300],
    ]) {
      const other = [...all];
      [other[i], other[j]] = [all[j], all[i]];
      fault(textOf(other));
    }
  });

  it.each([
    ['a name of another zone', 'x.net.\t900\tin\tns\ta.b.\n'],
    ['a relative name', 'relative\t900\tin\tns\ta.b.\n'],
    ['a directive', '$ORIGIN net.\n'],
    ['a line that is no record', 'zzzzz.com.\t900\tin\tns\n'],
    ['a blank owner at a range’s beginning', '\t900\tin\tns\ta.b.\n'.repeat(3)],
  ])('has %s', (what, text) => {
    if (what.startsWith('a blank')) fault(text + textOf(all));
    else fault(textOf(all) + text);
  });

  it('has a line that does not end', () => {
    fault(
      `${textOf(all.slice(0, 300))}x.com.\t900\tin\ttxt\t${'x'.repeat(700_000)}\n${textOf(all.slice(300))}`,
    );
  });

  it('was exchanged or has grown', () => {
    const path = fileOf(textOf(all));
    const identity = identify(path);
    appendFileSync(path, 'more\n');
    expect(() => new SortedZoneFile(identity, APEX)).toThrow(PreviousFault);
    writeFileSync(path, '');
    expect(() => new SortedZoneFile(identity, APEX)).toThrow(PreviousFault);
    expect(() => new SortedZoneFile({ ...identity, path: `${path}-gone` }, APEX)).toThrow(
      PreviousFault,
    );
  });
});
