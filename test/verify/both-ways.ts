/**
 * The short way of verification beside the long one: both give the same answer for each part of
 * whatever zone, broken in whatever places.
 */
import fc from 'fast-check';
import { expect } from 'vitest';
import { Kernel } from '#zonewright/kernel/kernel.js';
import { nameFromText } from '#zonewright/names/name.js';
import { MasterParser } from '#zonewright/read/master-parser.js';
import { EntryWriter } from '#zonewright/records/entry.js';
import { sortRun } from '#zonewright/sort/run.js';
import { readApex } from '#zonewright/verify/apex.js';
import type { VerifyContext } from '#zonewright/verify/context.js';
import { FaultList } from '#zonewright/verify/faults.js';
import { openKeys } from '#zonewright/verify/open-keys.js';
import { createPartCutter } from '#zonewright/verify/part-cut.js';
import { PartReader, type PartText } from '#zonewright/verify/part-reader.js';
import { RangeWalker } from '#zonewright/verify/walk.js';
import type { RangeResult } from '#zonewright/verify/walk-result.js';
import type { Rec } from './plain-signer.js';
import { rec, SOME_DS, zoneOf } from './small-zone.js';

const NOW = Math.floor(Date.now() / 1000);
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What is known of the zone when all of it has been read; undefined: not enough. */
function contextOf(text: string, zone: string): VerifyContext | undefined {
  const apex = nameFromText(zone);
  const writer = new EntryWriter();
  const parser = new MasterParser({ apex, dropDnssec: false }, { writer, reject: () => undefined });
  parser.parse(bytes(text), 0, { origin: apex, ttl: -1, lastTtl: -2, owner: null }, true);
  const options = {
    apex,
    now: NOW,
    engine: 'openssl',
    maxErrors: 20,
    tolerated: [],
    fingerprintKey: new Uint8Array(20).fill(7),
  } as const;
  const found = readApex([sortRun(writer)], options, new FaultList(apex, 20, []), true);
  return found.serial === undefined ? undefined : found.context;
}

type Answer = readonly [PartText, RangeResult][];

/** Reads and walks the parts of a zone one way. */
interface Way {
  walk(parts: readonly Uint8Array[], digestRoom: number): Answer;
  /** Owners that took the short way. */
  taken(): number;
}

async function openWay(context: VerifyContext, isShort: boolean): Promise<Way> {
  const kernel = new Kernel();
  const keys = await openKeys(context);
  const walker = new RangeWalker(context, { ...keys, ...(isShort ? { kernel } : {}) });
  let taken = 0;
  const reader = new PartReader(context.apex, kernel, {
    take: (...owner) => {
      taken--;
      walker.take(...owner);
    },
    takeMany: (block, at, stop) => (isShort ? walker.takeMany(block, at, stop) : at),
  });
  return {
    taken: () => taken,
    walk: (parts, digestRoom) => {
      taken = 0;
      return parts.map((part, i) => {
        walker.begin(context.optOut ? 'check' : 'check-all', digestRoom);
        const read = reader.read(part, i, i === parts.length - 1);
        const result = walker.end();
        taken += result.counts.owners;
        return [read, result];
      });
    },
  };
}

/** Both ways of the zone looked at last: most have the same context as the one before. */
let last: { readonly of: string; readonly short: Way; readonly long: Way } | undefined;

async function waysOf(context: VerifyContext) {
  const of = JSON.stringify(context);
  if (last?.of !== of) {
    last = { of, short: await openWay(context, true), long: await openWay(context, false) };
  }
  return last;
}

/** @returns how many owners took the short way, of zones that can be read; and the faults. */
export async function bothWays(text: string, zone = 'example', partOctets = 1 << 20) {
  const context = contextOf(text, zone);
  if (context === undefined) return { taken: 0, faults: 0 };
  const { short, long } = await waysOf(context);
  const cutter = createPartCutter(context.apex, partOctets);
  const parts = [...cutter.push(bytes(text)), cutter.rest()];
  // Sometimes the text for ZONEMD has to grow.
  const room = partOctets === 2000 ? 16 : 1 << 16;
  const answer = short.walk(parts, room);
  expect(answer).toEqual(long.walk(parts, room));
  const faults = answer.reduce(
    (
      sum,
      [
        ,
        {
          faults: { found },
        },
      ],
    ) => sum + found.length,
    0,
  );
  return { taken: short.taken(), faults };
}

/** @returns how many owners took the short way. */
export const sameBothWays = async (text: string, zone?: string): Promise<number> =>
  (await bothWays(text, zone)).taken;

// ---- random zones ------------------------------------------------------------------------------

const label = fc.constantFrom('a', 'b', 'b-', 'c', 'ab', '*', 'q'.repeat(63));
const name = fc
  .oneof(
    fc.tuple(fc.stringMatching(/^[d-z]{1,3}$/)),
    fc.array(label, { minLength: 1, maxLength: 3 }),
  )
  .map((labels) => `${labels.join('.')}.example.`);
const kinds = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('insecure', 'two', 'secure', 'twice') },
  { weight: 1, arbitrary: fc.constantFrom('glue', 'data', 'alias') },
);
const names = fc.dictionary(name, kinds, { minKeys: 1, maxKeys: 14 });

/** The records of an owner. */
export function contentsOf(owner: string, kind: string): Rec[] {
  const ns = rec(owner, 'NS', 'ns.elsewhere.test.');
  const ds = rec(owner, 'DS', SOME_DS);
  switch (kind) {
    case 'insecure':
      return [ns];
    case 'two':
      return [ns, rec(owner, 'NS', `ns.${owner.slice(2)}elsewhere.test.`)];
    case 'secure':
      return [ns, ds];
    case 'twice':
      return [ns, ds, rec(owner, 'DS', SOME_DS.replace('1 13', '2 13'))];
    case 'glue':
      return [rec(owner, 'NS', `ns.${owner}`), rec(`ns.${owner}`, 'A', '192.0.2.1')];
    case 'alias':
      return [rec(owner, 'CNAME', 'elsewhere.test.')];
    default:
      return [rec(owner, 'TXT', '"x"')];
  }
}

const CHARS = 'abgz019A*-._\\" \t()+/=;$';
const TYPES = ['NS', 'DS', 'NSEC3', 'A'];

/** Changes a field of the next line of a type; the first ones are owner, TTL, class, type. */
function changeField(lines: string[], i: number, type: string, n: number, values: string[]): void {
  const at = lines.findIndex((line, k) => k >= i && line.includes(`\tin\t${type}\t`));
  if (at < 0) return;
  const parts = (lines[at] as string).split(/([\t ])/);
  const fields = Math.min(8, (parts.length + 1) / 2 - 4);
  parts[2 * (4 + (n % fields))] = values[(n >> 3) % values.length] as string;
  lines[at] = parts.join('');
}

/** Changes of one line, all of them by a number or two. */
const CHANGES: readonly ((lines: string[], i: number, n: number) => void)[] = [
  // Another character somewhere.
  (lines, i, n) => {
    const line = lines[i] as string;
    const at = n % line.length;
    lines[i] = line.slice(0, at) + CHARS[n % CHARS.length] + line.slice(at + 1);
  },
  // A field of another line.
  (lines, i, n) => {
    const other = (lines[n % lines.length] as string).split(/[\t ]/);
    const parts = (lines[i] as string).split(/([\t ])/);
    const at = n % ((parts.length + 1) / 2);
    parts[2 * at] = other[at] ?? '1';
    lines[i] = parts.join('');
  },
  (lines, i) => lines.splice(i, 1),
  (lines, i) => lines.splice(i, 0, lines[i] as string),
  (lines, i) => lines.splice(i, 2, ...lines.slice(i, i + 2).reverse()),
  (lines, i, n) => {
    lines[i] = (lines[i] as string).replace(/\t\d+\t/, `\t${[0, 899, 900, 3601][n % 4]}\t`);
  },
  // Another record at the owner, or below it.
  (lines, i, n) => {
    const owner = (lines[i] as string).split('\t')[0] as string;
    const more = ['a\t192.0.2.7', 'ns\tns.a.test.', 'txt\t"y"', `ds\t${SOME_DS}`, 'dname\ta.test.'];
    const below = n % 3 === 0 ? 'x.' : '';
    lines.splice(i + 1, 0, `${below}${owner}\t3600\tin\t${more[n % more.length]}`);
  },
  // A record of another owner's, there or below it.
  (lines, i, n) => {
    const owner = (lines[i] as string).split('\t')[0] as string;
    const other = lines[n % lines.length] as string;
    const below = i % 4 === 0 ? 'x.' : '';
    lines.splice(i + 1, 0, below + owner + other.slice(other.indexOf('\t')));
  },
  (lines, i, n) => {
    const times = ['20990101000000', '20000101000000', '20380101000000'];
    const numbers = ['0', '1', '2', '3', '7', '900', '3601', '12345'];
    changeField(lines, i, 'rrsig', n, [...TYPES, ...numbers, ...times, 'test.']);
  },
  (lines, i, n) => {
    const owner = (lines[i] as string).split('.')[0] as string;
    changeField(lines, i, 'nsec3', n, ['0', '1', '2', '3', 'ab', '-', owner, ...TYPES]);
  },
];

/** Those of which most leave a zone that can be read come more often. */
const change = fc.oneof(
  { weight: 1, arbitrary: fc.nat(1) },
  { weight: 6, arbitrary: fc.integer({ min: 2, max: CHANGES.length - 1 }) },
);
const number = fc.nat(100_000);
const changes = fc.array(fc.tuple(change, number, number), { maxLength: 3 });
const denials = fc.constantFrom('nsec3', 'opt-out', 'flagged', 'nsec');

/**
 * Random zones, each with sixty sets of random faults.
 *
 * @returns how often both there were faults and the short way was taken.
 */
export async function sameWithFaults(numRuns: number): Promise<number> {
  let hits = 0;
  const variants = fc.array(changes, { minLength: 60, maxLength: 60, size: 'max' });
  const sizes = fc.constantFrom(1, 2000, 1 << 20);
  await fc.assert(
    fc.asyncProperty(names, denials, variants, sizes, async (zone, kind, all, partOctets) => {
      const contents = Object.entries(zone).flatMap(([owner, what]) => contentsOf(owner, what));
      const flagged = kind === 'flagged';
      const options = { zonemd: true, flagged };
      const text = zoneOf('example', contents, flagged ? 'nsec3' : kind, options);
      for (const broken of all) {
        const lines = text.trimEnd().split('\n');
        for (const [which, i, n] of broken) CHANGES[which]?.(lines, i % lines.length, n);
        const done = await bothWays(`${lines.join('\n')}\n`, 'example', partOctets);
        if (done.taken > 0 && done.faults > 0) hits++;
      }
    }),
    { numRuns },
  );
  return hits;
}
