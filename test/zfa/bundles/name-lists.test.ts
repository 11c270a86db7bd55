/** What changes one after another come to, against sets of names. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyFromName, nameFromText } from '#zonewright/names/name.js';
import {
  type ChangeLists,
  inverse,
  joinChanges,
  UnusableList,
} from '#zonewright/zfa/bundles/name-lists.js';
import { tempDir } from '../../tools/cli.js';

/** Names whose canonical order is not that of their letters. */
const NAMES = [
  'a.com.',
  'z.a.com.',
  'a-b.com.',
  'ab.com.',
  'b\\.c.com.',
  'b.com.',
  '\\000.com.',
  'xn--4ca.com.',
  'z.com.',
];

const canonical = (names: Iterable<string>): string[] =>
  [...names].sort((a, b) =>
    Buffer.compare(keyFromName(nameFromText(a)), keyFromName(nameFromText(b))),
  );

let files = 0;
function listsOf(
  folder: string,
  added: readonly string[],
  removed: readonly string[],
): ChangeLists {
  const write = (names: readonly string[]): string => {
    const path = join(folder, `list-${files++}.gz`);
    writeFileSync(path, gzipSync(names.map((name) => `${name}\n`).join('')));
    return path;
  };
  return { added: write(added), removed: write(removed) };
}

/** The change from one set of names to another. */
function change(folder: string, from: Set<string>, to: Set<string>): ChangeLists {
  const without = (a: Set<string>, b: Set<string>): string[] =>
    canonical([...a].filter((name) => !b.has(name)));
  return listsOf(folder, without(to, from), without(from, to));
}

const textOf = (path: string): string => gunzipSync(readFileSync(path)).toString();

const outOf = (folder: string): ChangeLists => {
  const n = files++;
  return { added: join(folder, `added-${n}.gz`), removed: join(folder, `removed-${n}.gz`) };
};

describe('changes one after another', () => {
  it('come to what the last state differs from the first in, also backwards', async () => {
    const folder = tempDir('lists');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.subarray(NAMES), { minLength: 1, maxLength: 6 }),
        async (states) => {
          const sets = states.map((names) => new Set(names));
          const steps = sets.slice(1).map((to, i) => change(folder, sets[i], to));
          const expected = change(folder, sets[0], sets[sets.length - 1]);
          const out = outOf(folder);
          const made = await joinChanges(steps, out);
          expect(textOf(out.added)).toBe(textOf(expected.added));
          expect(textOf(out.removed)).toBe(textOf(expected.removed));
          const lines = textOf(out.added).split('\n').length - 1;
          expect(made.added).toMatchObject({
            names: lines,
            unpacked: { bytes: textOf(out.added).length },
          });
          const back = outOf(folder);
          await joinChanges([...steps].reverse().map(inverse), back);
          expect(textOf(back.added)).toBe(textOf(expected.removed));
          expect(textOf(back.removed)).toBe(textOf(expected.added));
        },
      ),
      { numRuns: 150 },
    );
  });

  it('of lists longer than a block', async () => {
    const folder = tempDir('lists');
    const names = canonical(Array.from({ length: 60_000 }, (_, n) => `name-${n}.com.`));
    const odd = new Set(names.filter((_, n) => n % 2 === 1));
    const first = change(folder, new Set(), new Set(names));
    const second = change(folder, new Set(names), odd);
    const out = outOf(folder);
    const made = await joinChanges([first, second], out);
    expect(made).toMatchObject({ added: { names: 30_000 }, removed: { names: 0 } });
    expect(textOf(out.added)).toBe(
      canonical(odd)
        .map((name) => `${name}\n`)
        .join(''),
    );
  });

  it('of more changes than files may be open', async () => {
    const folder = tempDir('lists');
    const state = (n: number) => new Set([`even-${n - (n % 2)}.com.`, 'stays.com.', `n-${n}.com.`]);
    const steps = Array.from({ length: 1100 }, (_, n) => change(folder, state(n), state(n + 1)));
    const own = tempDir('joined');
    const out = { added: join(own, 'added'), removed: join(own, 'removed') };
    const opened = () => readdirSync('/proc/self/fd').length;
    const before = opened();
    let most = 0;
    const timer = setInterval(() => {
      most = Math.max(most, opened() - before);
    });
    const made = await joinChanges(steps, out).finally(() => clearInterval(timer));
    expect(most).toBeGreaterThan(10);
    expect(most).toBeLessThan(100);
    const expected = change(folder, state(0), state(1100));
    expect(textOf(out.added)).toBe(textOf(expected.added));
    expect(textOf(out.removed)).toBe(textOf(expected.removed));
    expect(made).toMatchObject({ added: { names: 2 }, removed: { names: 2 } });
    expect(readdirSync(own).sort()).toEqual(['added', 'removed']);
  });

  it('a list that is out of order, cut or damaged is an error', async () => {
    const folder = tempDir('lists');
    const failure = async (lists: ChangeLists): Promise<string> => {
      const error = await joinChanges([lists], outOf(folder)).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(UnusableList);
      return (error as UnusableList).message;
    };
    const twice = listsOf(folder, ['a.com.', 'a.com.'], []);
    expect(await failure(listsOf(folder, ['b.com.', 'a.com.'], []))).toContain('not in order');
    expect(await failure(twice)).toContain('not in order');
    expect(await failure(listsOf(folder, [], ['a..com.']))).toContain('is no name');
    const cut = listsOf(folder, ['a.com.', 'b.com.'], []);
    writeFileSync(cut.added, gzipSync('a.com.\nb.co'));
    expect(await failure(cut)).toContain('midst of a line');
    writeFileSync(cut.added, readFileSync(cut.removed).subarray(0, 12));
    expect(await failure(cut)).toContain("can't be read");
    expect(await failure({ ...cut, added: `${folder}/none` })).toContain('ENOENT');
    mkdirSync(`${folder}/folder`);
    expect(await failure({ ...cut, added: `${folder}/folder` })).toContain('EISDIR');
  });

  it('a file that can not be made is no damaged list', async () => {
    const folder = tempDir('lists');
    const lists = listsOf(folder, ['a.com.'], []);
    const out = { added: join(folder, 'no', 'added'), removed: join(folder, 'removed') };
    const error = await joinChanges([lists], out).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'ENOENT' });
    expect(error).not.toBeInstanceOf(UnusableList);
  });
});
