/** Look-ups in key order find what look-ups by themselves find, in memory and in files. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Cursor } from '#zonewright/sort/cursor.js';
import { LookUps } from '#zonewright/sort/look-ups.js';
import { tempDir } from '../tools/cli.js';
import { anyKey, anyRdata, factsAt, hex, type Pair, runOf } from './entries.js';

const pairs = fc.array(fc.tuple(anyKey, anyRdata), { maxLength: 60 });

/** What a cursor that begins at a key finds there. */
function single(runs: ConstructorParameters<typeof Cursor>[0], key: Uint8Array): string[] {
  const cursor = new Cursor(runs, key);
  if (!cursor.next()) return [];
  const { keyBlock, keyStart, keyEnd } = cursor;
  return hex(keyBlock.subarray(keyStart, keyEnd)) === hex(key) ? factsAt(cursor) : [];
}

it('finds the same in key order, each from where the last one was', () => {
  const folder = tempDir('look-ups');
  fc.assert(
    fc.property(
      fc.array(fc.tuple(pairs, fc.boolean()), { maxLength: 4 }),
      fc.array(anyKey, { maxLength: 10 }),
      fc.nat(3),
      (lists, others, step) => {
        const runs = lists.map(([list, isFile]) => runOf(list, isFile ? folder : undefined));
        const known = lists.flatMap(([list]) => list.filter((_, i) => i % (step + 1) === 0));
        const keys = [...known.map(([key]) => key), ...others];
        keys.sort(Buffer.compare);
        const lookUps = new LookUps(runs);
        for (const key of keys) {
          const cursor = lookUps.find(key);
          expect(cursor === undefined ? [] : factsAt(cursor)).toEqual(single(runs, key));
        }
      },
    ),
    { numRuns: 200 },
  );
});

it('finds keys many pages apart, and the end', () => {
  const folder = tempDir('look-ups');
  const name = (i: number): Uint8Array =>
    new TextEncoder().encode(`${String(i).padStart(7, '0')}\0`);
  const list = (first: number): Pair[] =>
    Array.from({ length: 20_000 }, (_, i) => [name(first + 3 * i), new Uint8Array([first])]);
  const runs = [runOf(list(0), folder), runOf(list(1))];
  const lookUps = new LookUps(runs);
  for (const i of [0, 0, 1, 2, 3, 20_001, 20_002, 59_997, 59_998, 59_999, 70_000, 70_001]) {
    const cursor = lookUps.find(name(i));
    expect(cursor === undefined ? [] : factsAt(cursor), `${i}`).toEqual(single(runs, name(i)));
  }
});
