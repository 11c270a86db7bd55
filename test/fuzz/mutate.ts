/**
 * Seeded mutations of input files: the same seed gives the same broken file, so that a failure
 * can be looked at again.
 */

export type Random = () => number;

/** A small generator of uniform numbers from 0 to below 1 (mulberry32). */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function below(random: Random, limit: number): number {
  return Math.floor(random() * limit);
}

export function pick<T>(random: Random, from: readonly T[]): T {
  return from[below(random, from.length)] as T;
}

type Mutation = (bytes: Buffer, random: Random) => Buffer;

function splice(bytes: Buffer, at: number, remove: number, insert: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + remove)]);
}

/** Start and end of a line chosen at random, the newline not included. */
function someLine(bytes: Buffer, random: Random): readonly [number, number] {
  const start = bytes.lastIndexOf(10, below(random, Math.max(1, bytes.length)) - 1) + 1;
  const end = bytes.indexOf(10, start);
  return [start, end < 0 ? bytes.length : end];
}

function changeLine(change: (line: string, random: Random) => string): Mutation {
  return (bytes, random) => {
    const [start, end] = someLine(bytes, random);
    const line = bytes.toString('latin1', start, end);
    return splice(bytes, start, end - start, Buffer.from(change(line, random), 'latin1'));
  };
}

/** Fields of a line by whatever separates them in CSV, XML attributes or zone files. */
function changeField(change: (field: string, random: Random) => string): Mutation {
  return changeLine((line, random) => {
    const parts = line.split(/([,\s]+)/);
    const at = 2 * below(random, Math.ceil(parts.length / 2));
    parts[at] = change(parts[at] ?? '', random);
    return parts.join('');
  });
}

export const MUTATIONS: Readonly<Record<string, Mutation>> = {
  'bit flip': (bytes, random) => {
    const copy = Buffer.from(bytes);
    const at = below(random, copy.length);
    copy[at] = (copy[at] ?? 0) ^ (1 << below(random, 8));
    return copy;
  },
  'random bytes': (bytes, random) => {
    const junk = Buffer.from(
      Array.from({ length: 1 + below(random, 40) }, () => below(random, 256)),
    );
    return splice(bytes, below(random, bytes.length), 0, junk);
  },
  truncation: (bytes, random) => bytes.subarray(0, below(random, bytes.length)),
  NUL: (bytes, random) => splice(bytes, below(random, bytes.length), 1, Buffer.from([0])),
  'dropped field': changeField(() => ''),
  'huge field': changeField((field, random) =>
    pick(random, [field || 'a', 'a.', '9', '\\000']).repeat(pick(random, [300, 70_000])),
  ),
  'numbers out of range': changeField((_field, random) =>
    pick(random, ['-1', '4294967296', '99999999999999999999', '1e9', '0x10', '65536', '١٢']),
  ),
  'odd names': changeField((_field, random) =>
    pick(random, [
      '*',
      '*.com',
      '..',
      '.',
      '-',
      'xn--',
      'xn--a.com',
      '../../etc/passwd',
      '\\',
      '1.2.3.4',
    ]),
  ),
  'dropped line': changeLine(() => ''),
  'doubled line': changeLine((line) => `${line}\n${line}`),
  'swapped lines': (bytes, random) => {
    const lines = bytes.toString('latin1').split('\n');
    const [a, b] = [below(random, lines.length), below(random, lines.length)];
    [lines[a], lines[b]] = [lines[b] ?? '', lines[a] ?? ''];
    return Buffer.from(lines.join('\n'), 'latin1');
  },
  'cut line': changeLine((line, random) => line.slice(0, below(random, line.length + 1))),
  'unbalanced quote': changeLine((line, random) => {
    const at = below(random, line.length + 1);
    return `${line.slice(0, at)}"${line.slice(at)}`;
  }),
  'unbalanced parenthesis': changeLine((line, random) => {
    const at = below(random, line.length + 1);
    return `${line.slice(0, at)}${pick(random, ['(', ')'])}${line.slice(at)}`;
  }),
  'other case': (bytes) => Buffer.from(bytes.toString('latin1').toUpperCase(), 'latin1'),
  CRLF: (bytes) => Buffer.from(bytes.toString('latin1').replaceAll('\n', '\r\n'), 'latin1'),
  'byte order mark': (bytes) => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes]),
  'no last newline': (bytes) => bytes.subarray(0, bytes.length - 1),
};

export const KINDS: readonly string[] = Object.keys(MUTATIONS);

/** Applies a mutation. */
export function mutate(kind: string, bytes: Buffer, random: Random): Buffer {
  const mutation = MUTATIONS[kind];
  if (mutation === undefined) throw new Error(`no mutation ${kind}`);
  return mutation(bytes, random);
}

/** Runs jobs two at a time, and gives their results in order. */
export async function inPairs<T>(jobs: readonly (() => Promise<T>)[]): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < jobs.length) {
      const index = next++;
      results[index] = await (jobs[index] as () => Promise<T>)();
    }
  };
  await Promise.all([worker(), worker()]);
  return results;
}
