/** `sign --previous` against a full signing: the same zone, and exactly the signatures kept that
 * the rules keep. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { SignOptions } from '#zonewright/cli/options.js';
import { NOW, newKey } from '../keys/helpers.js';
import { lineOf } from '../tools/zone-text.js';
import {
  DAY,
  expectedRrsigs,
  fileOf,
  HOUR,
  isRrsig,
  keptOf,
  newKeyDir,
  type Resigned,
  resign,
  rrsigFields,
  unsignedLines,
} from './resign.js';

const TIMING = { created: NOW - DAY, publish: NOW - DAY, activate: NOW - DAY };
let keys: string;
beforeAll(() => {
  keys = newKeyDir();
  newKey(keys, 'ksk', TIMING);
  newKey(keys, 'zsk', TIMING);
});

const apex = (serial: number, minimum = 300): string => `$ORIGIN example.
$TTL 3600
@ IN SOA ns1 host ${serial} 7200 3600 1209600 ${minimum}
@ NS ns1
ns1 A 192.0.2.1
`;
const DS = `1 13 2 ${'AB'.repeat(32)}`;

/** A name of a random zone: what it is, and a number in its data. */
type Name = readonly [kind: 'insecure' | 'secure' | 'glue' | 'text' | 'deep', data: number];
type Names = Readonly<Record<string, Name>>;

function zoneText(names: Names, serial: number, minimum?: number): string {
  const lines = Object.entries(names).flatMap(([name, [kind, data]]) => {
    switch (kind) {
      case 'insecure':
        return [`${name} NS ns${data}.elsewhere.`];
      case 'secure':
        return [`${name} NS ns.elsewhere.`, `${name} ${3600 + data} DS ${DS}`];
      case 'glue':
        return [`${name} NS ns.${name}`, `ns.${name} A 192.0.2.${data}`, `${name} DS ${DS}`];
      case 'text':
        return [`${name} TXT "v${data}"`, `${name} A 192.0.2.${data}`, `*.${name} TXT w`];
      default:
        return [`a.b.${name} NS ns${data}.elsewhere.`, `a.b.${name} DS ${DS}`];
    }
  });
  return `${apex(serial, minimum)}${lines.join('\n')}\n`;
}

const someName = fc.tuple(
  fc.constantFrom('insecure', 'secure', 'glue', 'text', 'deep') as fc.Arbitrary<Name[0]>,
  fc.integer({ min: 1, max: 3 }),
);
const label = fc.constantFrom(...'abcdefghijkmnopq'.split('')).map((c) => `n${c}`);
const someNames = fc.dictionary(label, someName, { maxKeys: 10 });
const denial = (kind: string): SignOptions['denial'] =>
  kind === 'nsec'
    ? { kind: 'nsec' }
    : { kind: 'nsec3', optOut: kind === 'opt-out', iterations: 0, salt: new Uint8Array(0) };
const someDenial = fc.constantFrom('nsec', 'nsec3', 'opt-out');

function expectIncremental(
  previous: Resigned,
  full: Resigned,
  incremental: Resigned,
  times: { now: number; refresh?: number; validity?: number },
): void {
  const rules = { refresh: 7 * DAY, validity: 14 * DAY, ...times };
  expect(unsignedLines(incremental.records)).toEqual(unsignedLines(full.records));
  const isOfZonemd = (line: string): boolean => line.includes(' RRSIG ZONEMD ');
  const expected = expectedRrsigs(previous.records, full.records, rules);
  expect(
    incremental.records
      .filter(isRrsig)
      .map(lineOf)
      .filter((line) => !isOfZonemd(line))
      .sort(),
  ).toEqual(expected.filter((line) => !isOfZonemd(line)).sort());
  expect(incremental.warnings).toEqual(full.warnings);
}

describe('sign --previous', () => {
  it('makes what a full signing makes, but for the signatures that the rules keep', async () => {
    await fc.assert(
      fc.asyncProperty(
        someNames,
        fc.dictionary(label, fc.option(someName), { maxKeys: 4 }),
        someDenial,
        fc.option(someDenial, { freq: 4 }),
        fc.constantFrom(0, 1, DAY, 6 * DAY, 6.75 * DAY, 7 * DAY, 8 * DAY, 20 * DAY),
        fc.constantFrom(1, 1, 2),
        fc.constantFrom(300, 300, 301),
        async (names, changes, before, changed, passed, serial, minimum) => {
          const next: Record<string, Name> = { ...names };
          for (const [name, to] of Object.entries(changes)) {
            if (to === null) delete next[name];
            else next[name] = to;
          }
          const previous = await resign(zoneText(names, 1), keys, { denial: denial(before) });
          const now = NOW + passed;
          const text = zoneText(next, serial, minimum);
          const how = { denial: denial(changed ?? before), now };
          const full = await resign(text, keys, how);
          const incremental = await resign(text, keys, { ...how, previous: previous.file });
          expectIncremental(previous, full, incremental, { now });
        },
      ),
      { numRuns: 60 },
    );
  });

  it('keeps all of an unchanged zone but the SOA and ZONEMD signatures of another serial', async () => {
    const names: Names = { na: ['secure', 1], nb: ['text', 1], nc: ['insecure', 1] };
    const previous = await resign(zoneText(names, 1), keys);
    const total = previous.records.filter(isRrsig).length;
    const same = await resign(zoneText(names, 1), keys, { now: NOW + 60, previous: previous.file });
    expect(keptOf(previous, same)).toBe(total - 1);
    const next = await resign(zoneText(names, 1), keys, {
      now: NOW + 60,
      serial: 'increment',
      previous: previous.file,
    });
    expect(keptOf(previous, next)).toBe(total - 2);
  });

  it('keeps a signature until refresh is left, to the second', async () => {
    const text = zoneText({}, 1);
    const how = { jitter: 0, inceptionOffset: 0 };
    const previous = await resign(text, keys, how);
    const total = previous.records.filter(isRrsig).length;
    for (const [left, kept] of [
      [7 * DAY + 1, total - 1],
      [7 * DAY, 0],
      [7 * DAY - 1, 0],
    ] as const) {
      const now = NOW + 14 * DAY - left;
      const next = await resign(text, keys, { ...how, now, previous: previous.file });
      expect(keptOf(previous, next), `${left} seconds left`).toBe(kept);
    }
  });

  it('keeps none that began later, or that lives longer than one made now could', async () => {
    const text = zoneText({}, 1);
    const how = { jitter: 0, inceptionOffset: 0 };
    const previous = await resign(text, keys, how);
    const total = previous.records.filter(isRrsig).length;
    const at = async (more: Partial<SignOptions>): Promise<number> =>
      keptOf(previous, await resign(text, keys, { ...how, ...more, previous: previous.file }));
    // The clock was an hour ahead, and has been set.
    expect(await at({ now: NOW - 1, validity: 15 * DAY })).toBe(0);
    expect(await at({ now: NOW + 10, validity: 14 * DAY - 10 })).toBe(total - 1);
    expect(await at({ now: NOW + 10, validity: 14 * DAY - 11 })).toBe(0);
  });

  it('compares times beyond 2106 as RFC 1982 does', async () => {
    const text = zoneText({}, 1);
    const now = 2 ** 32 - DAY;
    const previous = await resign(text, keys, { now });
    const next = await resign(text, keys, { now: now + 2 * DAY, previous: previous.file });
    expect(keptOf(previous, next)).toBe(previous.records.filter(isRrsig).length - 1);
  });

  it('reads a previous zone in another order and layout', async () => {
    const text = zoneText({ na: ['secure', 1], nb: ['text', 2] }, 1);
    const previous = await resign(text, keys);
    const total = previous.records.filter(isRrsig).length;
    const lines = previous.text.trimEnd().split('\n').reverse();
    const file = fileOf(`; signed elsewhere\n${lines.join('\n')}\n`);
    const next = await resign(text, keys, { now: NOW + HOUR, previous: file });
    expect(keptOf(previous, next)).toBe(total - 1);
    expect(next.warnings).toEqual([]);
  });
});

describe('the keys of sign --previous', () => {
  const text = (): string => zoneText({ na: ['secure', 1], nb: ['text', 1] }, 1);
  /** How many signatures of each type were kept. */
  const typesKept = (older: Resigned, newer: Resigned): string[] => {
    const before = new Set(older.records.filter(isRrsig).map(lineOf));
    const kept = newer.records.filter((record) => isRrsig(record) && before.has(lineOf(record)));
    return [...new Set(kept.map((record) => rrsigFields(record).type))].sort();
  };

  it('a new ZSK signs all anew but DNSKEY’s set has changed, too', async () => {
    const own = newKeyDir();
    newKey(own, 'ksk', TIMING);
    newKey(own, 'zsk', { ...TIMING, inactive: NOW + DAY });
    const previous = await resign(text(), own);
    newKey(own, 'zsk', { ...TIMING, publish: NOW + DAY, activate: NOW + DAY });
    const next = await resign(text(), own, { now: NOW + DAY, previous: previous.file });
    expect(typesKept(previous, next)).toEqual([]);
  });

  it('a standby key that comes costs the DNSKEY signatures only', async () => {
    const own = newKeyDir();
    newKey(own, 'ksk', TIMING);
    newKey(own, 'zsk', TIMING);
    const previous = await resign(text(), own);
    newKey(own, 'zsk', { ...TIMING, publish: NOW + DAY, activate: NOW + 9 * DAY });
    const next = await resign(text(), own, { now: NOW + DAY, previous: previous.file });
    const types = [...new Set(next.records.filter(isRrsig).map((r) => rrsigFields(r).type))];
    expect(typesKept(previous, next)).toEqual(
      types.filter((type) => type !== 'DNSKEY' && type !== 'ZONEMD').sort(),
    );
  });

  it('of several algorithms each keeps its own', async () => {
    const own = newKeyDir();
    for (const algorithm of [13, 15]) {
      newKey(own, 'ksk', TIMING, algorithm);
      newKey(own, 'zsk', TIMING, algorithm);
    }
    const previous = await resign(text(), own);
    const next = await resign(text(), own, { now: NOW + DAY, previous: previous.file });
    expect(keptOf(previous, next)).toBe(previous.records.filter(isRrsig).length - 2);
  });

  it('a key with the tag of another one keeps nothing of it', async () => {
    const own = newKeyDir();
    newKey(own, 'ksk', TIMING);
    newKey(own, 'zsk', TIMING);
    const previous = await resign(text(), own);
    // The sum that is the tag does not change when two 16-bit words change places.
    const twin = (line: string): string => {
      const key = Buffer.from(line.slice(line.lastIndexOf(' ') + 1), 'base64');
      const words = Buffer.concat([key.subarray(2, 4), key.subarray(0, 2), key.subarray(4)]);
      return `${line.slice(0, line.lastIndexOf(' ') + 1)}${words.toString('base64')}`;
    };
    const isZsk = (line: string): boolean => line.includes('\tdnskey\t256 ');
    const lines = previous.text.split('\n');
    const exchanged = lines.map((line) => (isZsk(line) ? twin(line) : line));
    const doubled = lines.flatMap((line) => (isZsk(line) ? [line, twin(line)] : [line]));
    for (const changed of [exchanged, doubled]) {
      const next = await resign(text(), own, {
        now: NOW + DAY,
        previous: fileOf(changed.join('\n')),
      });
      expect(typesKept(previous, next)).toEqual([]);
    }
  });
});
