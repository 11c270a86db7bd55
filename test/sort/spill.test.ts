/** Runs in files give what runs in memory give, and damage to the files is noticed. */
import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ZonewrightError } from '#zonewright/errors.js';
import { compareBytes } from '#zonewright/names/name.js';
import { Kind } from '#zonewright/records/entry.js';
import { Collector } from '#zonewright/sort/collector.js';
import { Cursor, lastBelow, lookUp } from '#zonewright/sort/cursor.js';
import { firstKey, PAGE_SIZE, pageOf } from '#zonewright/sort/pages.js';
import { splitRanges } from '#zonewright/sort/ranges.js';
import type { Run } from '#zonewright/sort/run.js';
import { closeRuns, spillRun } from '#zonewright/sort/spill.js';
import { tempDir } from '../tools/cli.js';
import {
  anyKey,
  anyRdata,
  expected,
  factsAt,
  hex,
  type Pair,
  read,
  runOf,
  writerOf,
} from './entries.js';

let folder: string;
beforeAll(() => {
  folder = tempDir('spill');
});
afterAll(closeRuns);

const list = fc.array(fc.tuple(anyKey, anyRdata), { maxLength: 60 });
/** Lists, and which of them shall lie in a file. */
const lists = fc.array(fc.tuple(list, fc.boolean()), { minLength: 1, maxLength: 4 });

function runsOf(all: ReadonlyArray<readonly [readonly Pair[], boolean]>): Run[] {
  return all.map(([pairs, inFile]) => runOf(pairs, inFile ? folder : undefined));
}

describe('the order of entries', () => {
  /** The numbers of the pairs in the order in which their facts lie in a run. */
  const orderOf = (pairs: readonly Pair[]): number[] => {
    const numbered = pairs.map(([key], i): Pair => [key, Uint8Array.of(i, i >>> 8, i >>> 16)]);
    return read(new Cursor([runOf(numbered)])).flatMap(([, facts]) =>
      facts.map((fact) => Buffer.from(fact, 'hex').readUIntLE(0, 3)),
    );
  };
  /** Neighbours with one key would share an entry: no two of these are alike. */
  const keysOnly = (keys: readonly Uint8Array[]): Pair[] => {
    const pairs: Pair[] = [];
    for (const key of keys) {
      if (pairs.length > 0 && hex(pairs[pairs.length - 1][0]) === hex(key)) continue;
      pairs.push([key, Uint8Array.of(1)]);
    }
    return pairs;
  };
  const stable = (pairs: readonly Pair[]): number[] =>
    pairs
      .map((_, i) => i)
      .sort((x, y) => {
        const [a] = pairs[x];
        const [b] = pairs[y];
        return compareBytes(a, 0, a.length, b, 0, b.length) || x - y;
      });

  it('is that of a stable sort by octets', () => {
    fc.assert(
      fc.property(fc.array(anyKey, { maxLength: 300 }), (keys) => {
        const pairs = keysOnly(keys);
        expect(orderOf(pairs)).toEqual(stable(pairs));
      }),
    );
  });

  it('holds where hundreds of keys agree in all that is packed of them', () => {
    const text = (c: string) => [...Buffer.from(c, 'latin1')];
    const tail = fc.uint8Array({ maxLength: 4 });
    // Beyond 84 octets keys are compared whole; `_`, capitals and binary octets share their ranks.
    const start = fc
      .tuple(fc.constantFrom('', 'a', 'abcdefg', '_', 'ab_', 'AB', '\x80', '\0', 'a\0'), fc.nat(90))
      .map(([c, n]) => c.repeat(Math.ceil(n / Math.max(1, c.length))));
    fc.assert(
      fc.property(start, fc.array(tail, { minLength: 30, maxLength: 200 }), (common, tails) => {
        const pairs = keysOnly(tails.map((t) => Uint8Array.from([...text(common), ...t])));
        expect(orderOf(pairs)).toEqual(stable(pairs));
      }),
    );
  });

  it('is the same for entries so many that they move, here and there alike', () => {
    // Names as in a large zone: few beginnings, some very frequent, some names again and again.
    let seed = 1;
    const random = (n: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return Math.floor((seed / 2 ** 32) * n);
    };
    const pairs: Pair[] = [];
    for (let i = 0; i < 120_000; i++) {
      const start = ['', 'shop', 'online-', 'xn--', 'the-very-same-beginning-', '_'][random(6)];
      const text = `${start}${random(2 ** random(32)).toString(36)}\0${random(8) === 0 ? 'ns\0' : ''}`;
      pairs.push([Uint8Array.from(Buffer.from(text, 'latin1')), new Uint8Array(30).fill(i)]);
    }
    const whole = expected([pairs]);
    for (const where of [undefined, folder]) {
      const run = runOf(pairs, where);
      expect(run.bytes).toBeGreaterThan(5 << 20);
      expect(read(new Cursor([run]))).toEqual(whole);
    }
  });
});

describe('runs in files', () => {
  it('give what runs in memory give, whatever is where', () => {
    fc.assert(
      fc.property(lists, (all) => {
        expect(read(new Cursor(runsOf(all)))).toEqual(expected(all.map(([pairs]) => pairs)));
      }),
    );
  });

  it('give the same by ranges, with any bounds', () => {
    fc.assert(
      fc.property(lists, fc.array(anyKey, { maxLength: 5 }), fc.nat(20), (all, keys, size) => {
        const runs = runsOf(all);
        const pairs = all.map(([one]) => one);
        const whole = expected(pairs);
        const split = splitRanges(runs, size + 1).flatMap(({ from, to }) =>
          read(new Cursor(runs, from, to)),
        );
        expect(split).toEqual(whole);
        // Bounds at keys, right before and behind them, and anywhere.
        const some = pairs
          .flat()
          .slice(0, 6)
          .map(([key]) => key);
        const bounds = [...keys, ...some, ...some.map((key) => Uint8Array.from([...key, 0]))]
          .concat(some.map((key) => key.slice(0, -1)))
          .sort((a, b) => compareBytes(a, 0, a.length, b, 0, b.length));
        const cuts = [undefined, ...bounds, undefined];
        const parts = cuts.slice(1).flatMap((to, i) => read(new Cursor(runs, cuts[i], to)));
        expect(parts).toEqual(whole);
        for (const from of bounds.slice(0, 3)) {
          for (const to of bounds.slice(0, 3)) {
            const wanted = whole.filter(([k]) => k >= hex(from) && k < hex(to));
            expect(read(new Cursor(runs, from, to))).toEqual(wanted);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('are looked up and searched as a map is', () => {
    fc.assert(
      fc.property(lists, fc.array(anyKey, { maxLength: 8 }), (all, more) => {
        const runs = runsOf(all);
        const whole = expected(all.map(([pairs]) => pairs));
        const some = all.flatMap(([pairs]) => pairs.slice(0, 5).map(([key]) => key));
        for (const key of [...more, ...some, ...some.map((k) => Uint8Array.from([...k, 0]))]) {
          const facts: string[] = [];
          const has = lookUp(runs, key, (block, start, end) => {
            const part = { parts: 1, partBlocks: [block], partStarts: [start], partEnds: [end] };
            facts.push(...factsAt(part as unknown as Cursor));
          });
          const wanted = whole.find(([k]) => k === hex(key));
          expect(has).toBe(wanted !== undefined);
          expect(facts).toEqual(wanted?.[1] ?? []);
          const below = lastBelow(runs, key);
          const greatest = whole.filter(([k]) => k < hex(key)).at(-1)?.[0];
          expect(below && hex(below.block.slice(below.keyStart, below.keyEnd))).toBe(greatest);
          for (const { pages } of runs) {
            const page = pageOf(pages, key);
            const firsts = Array.from({ length: pages.count }, (_, p) => hex(firstKey(pages, p)));
            expect(page).toBe(Math.max(0, firsts.filter((k) => k < hex(key)).length - 1));
          }
        }
        const last = lastBelow(runs, undefined);
        expect(last && hex(last.block.slice(last.keyStart, last.keyEnd))).toBe(whole.at(-1)?.[0]);
      }),
      { numRuns: 60 },
    );
  });

  it('can be gone over from a copy of a cursor, also across pages', () => {
    // Payloads of some hundred octets: a run of a few thousand entries has many pages.
    const pairs = (salt: number): Pair[] =>
      Array.from({ length: 1500 }, (_, i) => [
        Uint8Array.from([...Buffer.from(`name-${(i * 7919 + salt) % 1000}`), 0]),
        new Uint8Array((i * 31) % 400).fill(salt),
      ]);
    const all = [pairs(1), pairs(2), pairs(3)];
    const runs = [runOf(all[0], folder), runOf(all[1]), runOf(all[2], folder)];
    expect(runs[0].pages.count).toBeGreaterThan(3);
    const whole = expected(all);
    const cursor = new Cursor(runs);
    const ahead = cursor.fork();
    for (let i = 0; i < whole.length; i++) {
      expect(cursor.next()).toBe(true);
      expect(factsAt(cursor)).toEqual(whole[i][1]);
      // As the search for glue does: some way on, then back.
      ahead.assign(cursor);
      for (let k = i + 1; k < Math.min(whole.length, i + 1 + (i % 4) * 25); k++) {
        expect(ahead.next()).toBe(true);
        expect(hex(ahead.keyBlock.slice(ahead.keyStart, ahead.keyEnd))).toBe(whole[k][0]);
      }
      if (i % 251 === 0) expect(read(cursor.fork())).toEqual(whole.slice(i + 1));
      expect(factsAt(cursor)).toEqual(whole[i][1]);
    }
    expect(cursor.next()).toBe(false);
  });

  it('hold thousands of entries of one key, across pages, blocks and runs', () => {
    const key = Uint8Array.from([...Buffer.from('the-one'), 0]);
    const before = Uint8Array.of(0x61, 0);
    const behind = Uint8Array.of(0x7a, 0);
    const many = (n: number, size: number): Pair[] => [
      [before, Uint8Array.of(1)],
      // Another key between, so that each is an entry of its own.
      ...Array.from({ length: n }, (_, i): Pair[] => [
        [key, new Uint8Array(size).fill(i)],
        [behind, new Uint8Array(0)],
      ]).flat(),
    ];
    const all = [many(3000, 100), many(40, 65_535), many(1, 3), []];
    const runs = all.map((pairs, i) => runOf(pairs, i === 1 ? undefined : folder));
    const memory = all.map((pairs) => runOf(pairs));
    const wanted = expected(all);
    expect(read(new Cursor(runs))).toEqual(wanted);
    expect(read(new Cursor(memory))).toEqual(wanted);
    expect(read(new Cursor(runs, key, behind))).toEqual([wanted[1]]);
    const below = lastBelow(runs, behind);
    expect(below && hex(below.block.slice(below.keyStart, below.keyEnd))).toBe(hex(key));
    expect(lookUp(runs, key)).toBe(true);
  });

  it('take entries of many MiB and of no octets', () => {
    const big = Uint8Array.of(0x62);
    const all: Pair[] = [
      [Uint8Array.of(), new Uint8Array(0)],
      // Facts that follow each other under one key share an entry, up to a block of 16 MiB.
      ...Array.from({ length: 600 }, (_, i): Pair => [big, new Uint8Array(65_535).fill(i)]),
      [Uint8Array.of(0x63), new Uint8Array(0)],
    ];
    const wanted = expected([all]);
    expect(read(new Cursor([runOf(all, folder)]))).toEqual(wanted);
    expect(read(new Cursor([runOf(all)]))).toEqual(wanted);
  });

  it('take keys as long as the format has room for', () => {
    const all: Pair[] = [1023, 1024, 1025, 5000, 65_535].flatMap((n): Pair[] => [
      [new Uint8Array(n).fill(0x61), Uint8Array.of(1)],
      [Uint8Array.from({ length: n }, (_, i) => (i === n - 1 ? 0x62 : 0x61)), Uint8Array.of(2)],
    ]);
    expect(read(new Cursor([runOf(all, folder)]))).toEqual(expected([all]));
  });

  it('notice damage to the file, and a file that was cut off', () => {
    const pairs = Array.from(
      { length: 3000 },
      (_, i): Pair => [Uint8Array.from([...Buffer.from(`n${i}`), 0]), new Uint8Array(60).fill(i)],
    );
    const readAll = (run: Run) => () => read(new Cursor([run]));
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.integer({ min: 1, max: 255 }),
        (part, flip) => {
          const run = runOf(pairs, folder);
          const file = run.file ?? '';
          const at = Math.floor(part * statSync(file).size);
          const fd = openSync(file, 'r+');
          writeSync(fd, Uint8Array.of(readFileSync(file)[at] ^ flip), 0, 1, at);
          closeSync(fd);
          expect(readAll(run)).toThrow(ZonewrightError);
          expect(readAll(run)).toThrow('damaged or cut off');
        },
      ),
      { numRuns: 40 },
    );
    const run = runOf(pairs, folder);
    truncateSync(run.file ?? '', statSync(run.file ?? '').size - 1);
    expect(readAll(run)).toThrow('damaged or cut off');
  });

  it('do not overwrite a file', () => {
    const file = join(folder, 'there');
    const writer = writerOf([[Uint8Array.of(1), Uint8Array.of(1)]]);
    spillRun(writer, file);
    expect(() => spillRun(writer, file)).toThrow('EEXIST');
  });
});

describe('the collector', () => {
  /** Each list is collected by a thread of its own. */
  const collect = (all: ReadonlyArray<readonly Pair[]>, memory: number): Run[] => {
    const plan = { folder: tempDir('collect'), memory, threads: 1 };
    return all.flatMap((pairs) => {
      const collector = new Collector(plan);
      for (const [k, rdata] of pairs) {
        collector.writer.append(k, 0, k.length, Kind.record, 1, 0, 0, 0, rdata, 0, rdata.length);
        collector.settle();
      }
      return collector.finish();
    });
  };

  it('gives the same with any bound', () => {
    fc.assert(
      fc.property(
        fc.array(list, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 1, max: 4000 }),
        (all, memory) => {
          const small = read(new Cursor(collect(all, memory)));
          expect(small).toEqual(expected(all));
          expect(read(new Cursor(collect(all, Number.POSITIVE_INFINITY)))).toEqual(small);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('holds no more than the bound and writes compactly', () => {
    const pairs = Array.from(
      { length: 20_000 },
      (_, i): Pair => [
        Uint8Array.from([...Buffer.from(`delegation-number-${i}`), 0]),
        Uint8Array.of(1, 2, 3, 4),
      ],
    );
    const runs = collect([pairs], 400_000);
    expect(runs.length).toBeGreaterThan(3);
    for (const run of runs) {
      expect(run.bytes).toBeLessThan(400_000);
      const stored = statSync(run.file ?? '').size;
      expect(stored).toBeLessThan(run.bytes * 0.7);
      for (let p = 0; p < run.pages.count; p++) {
        expect(run.pages.length[p]).toBeLessThan(PAGE_SIZE * 2);
      }
    }
    const files = new Set(runs.map((run) => run.file));
    expect(files.size).toBe(runs.length);
    const dir = (runs[0].file ?? '').replace(/\/[^/]*$/, '');
    expect(readdirSync(dir).length).toBe(runs.length);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    for (const file of files) expect(statSync(file ?? '').mode & 0o777).toBe(0o600);
  });
});
