/**
 * What the kernel does with ordinary delegations is what the long way does: the same owners, facts
 * and cuts for facts of zone files and of registry objects, and the same signed zone.
 */
import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { keyFromName, nameFromText, wireToKey } from '#zonewright/names/name.js';
import {
  BLOCK_SIZE,
  ENTRY_HEADER,
  EntryWriter,
  FACT_HEADER,
  Kind,
} from '#zonewright/records/entry.js';
import { TYPE } from '#zonewright/records/types.js';
import { type Run, sortRun } from '#zonewright/sort/run.js';
import { KernelSource } from '#zonewright/zone/kernel-source.js';
import { CursorSource, type OwnerSource, Stop } from '#zonewright/zone/owner-source.js';
import { OwnerWalk, type WalkRules } from '#zonewright/zone/owner-walk.js';
import { STATUS } from '#zonewright/zone/status.js';
import { ACTIVE, DAY, NOW, newKey } from '../keys/helpers.js';
import { newKeyDir, resign } from '../reuse/resign.js';

const APEX = nameFromText('com.');
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

interface Fact {
  readonly owner: string;
  readonly kind: number;
  readonly type: number;
  readonly ttl: number;
  readonly rdata: Uint8Array;
}

function runOf(facts: ReadonlyArray<readonly [Fact, number]>): Run {
  const writer = new EntryWriter();
  const key = new Uint8Array(512);
  for (const [{ owner, kind, type, ttl, rdata }, line] of facts) {
    const end = wireToKey(nameFromText(owner), 0, 1, key, 0);
    writer.append(key, 0, end, kind, type, ttl, 0, line, rdata, 0, rdata.length);
  }
  return sortRun(writer);
}

/** All that a walk does and says. */
function walk(source: OwnerSource, rules: WalkRules): unknown[] {
  const w = new OwnerWalk(source, rules, undefined);
  const all: unknown[] = [];
  while (w.next() === Stop.owner) {
    const facts: unknown[] = [];
    for (let i = 0; i < w.count; i++) {
      const block = w.blocks[i];
      const at = w.ats[i];
      // Of equal facts either may stay: the place is not looked at.
      const length = block[at + 3] | (block[at + 4] << 8);
      facts.push([hex(block.slice(at + 1, at + 9)), hex(block.slice(at + 14, at + 14 + length))]);
    }
    const cut = w.cutLength < 0 ? undefined : hex(w.cutKey.slice(0, w.cutLength));
    const servers = Array.from({ length: w.cutNsCount }, (_, i) => {
      const at = w.cutNsAts[i] + 14;
      return hex(w.cutNsBlocks[i].slice(at, at + (w.cutNsBlocks[i][at - 11] || 0)));
    });
    const owner = hex(w.wireOwner().slice(0, w.ownerLength));
    all.push([owner, w.role, facts, cut, servers, w.isNamedByCut()]);
  }
  return all;
}

const owner = fc.constantFrom(
  ...['a.com.', 'b.com.', 'ns.a.com.', 'x.ns.a.com.', '*.com.', '*.a.com.', 'c.b.com.', 'd.com.'],
);
const host = fc.constantFrom(
  ...['ns.a.com.', 'a.com.', 'ns.other.net.', 'b.com.', 'ns.b.com.', '192.0.2.1.', 'x.com.com.'],
  ...['bad_host.net.', 'com.', 'd.com.', '*.a.com.', 'NS.A.com.'],
);
const ttl = fc.oneof(
  { weight: 5, arbitrary: fc.constant(60) },
  fc.constantFrom(0, 61, 2 ** 31 - 1),
);
const dsRdata = fc.constantFrom(1, 2, 3).map((n) => new Uint8Array(36).fill(n));
const fact = (kind: number, type: number, rdata: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Fact> =>
  fc.record({ owner, kind: fc.constant(kind), type: fc.constant(type), ttl, rdata });
const none = fc.constant(new Uint8Array(0));
const hostData = host.map((text) => nameFromText(text));
const status = fc.constantFrom(...Object.values(STATUS)).map((code) => Uint8Array.of(code));
const ordinary = fc.oneof(
  { weight: 6, arbitrary: fact(Kind.record, TYPE.NS, hostData) },
  { weight: 3, arbitrary: fact(Kind.record, TYPE.DS, dsRdata) },
);
const anyFact = fc.oneof(
  { weight: 8, arbitrary: ordinary },
  { weight: 3, arbitrary: fact(Kind.domain, 0, none) },
  { weight: 1, arbitrary: fact(Kind.status, 0, status) },
  { weight: 3, arbitrary: fact(Kind.ns, TYPE.NS, hostData) },
  { weight: 2, arbitrary: fact(Kind.ds, TYPE.DS, dsRdata) },
  { weight: 2, arbitrary: fact(Kind.address, TYPE.A, fc.constant(Uint8Array.of(192, 0, 2, 1))) },
  { weight: 2, arbitrary: fact(Kind.record, TYPE.A, fc.constant(Uint8Array.of(192, 0, 2, 2))) },
  { weight: 1, arbitrary: fact(Kind.record, TYPE.TXT, fc.constant(Uint8Array.of(1, 0x61))) },
  { weight: 1, arbitrary: fact(Kind.record, TYPE.CNAME, hostData) },
  { weight: 1, arbitrary: fact(Kind.record, TYPE.DNAME, hostData) },
);
const rules = fc.record({
  apex: fc.constant(APEX),
  dropInvalidNs: fc.constantFrom(false, false, false, true),
  dropMissingGlue: fc.constantFrom(false, false, false, true),
  publishPendingRestore: fc.boolean(),
  allowWildcards: fc.boolean(),
  apexIsDname: fc.constantFrom(false, false, false, false, false, true),
});
const few = fc.array(fc.oneof(anyFact, ordinary), { maxLength: 25 });
/** More facts of one owner than the short way takes, or about as many. */
const many = fc.integer({ min: 20, max: 28 }).map((n) =>
  Array.from(
    { length: n },
    (_, i): Fact => ({
      owner: 'a.com.',
      kind: Kind.record,
      type: TYPE.NS,
      ttl: 60,
      rdata: nameFromText(`ns${i % 26}.a.com.`),
    }),
  ),
);

const write = {
  kind: 'write',
  digest: false,
  all: true,
  signing: undefined,
  kept: undefined,
} as const;

it('comes to the same owners as the long way', () => {
  let taken = 0;
  let refused = 0;
  fc.assert(
    fc.property(
      fc.oneof({ weight: 9, arbitrary: few }, many),
      fc.integer({ min: 1, max: 5 }),
      rules,
      fc.option(owner, { nil: undefined, freq: 1 }),
      fc.option(owner, { nil: undefined, freq: 1 }),
      (facts, threads, how, from, to) => {
        const numbered = facts.map((one, i) => [one, i + 1] as const);
        const runs = Array.from({ length: threads }, (_, t) =>
          runOf(numbered.filter((_one, i) => i % threads === t)),
        );
        const range = [from, to].map((name) =>
          name === undefined ? undefined : keyFromName(nameFromText(name), APEX),
        );
        const kernel = KernelSource.open(runs, range[0], range[1], write, how, {});
        if (kernel === undefined) {
          expect(how.apexIsDname).toBe(true);
          return;
        }
        const next = vi.spyOn(kernel, 'next');
        const short = walk(kernel, how);
        expect(short).toEqual(walk(new CursorSource(runs, range[0], range[1]), how));
        for (const { value } of next.mock.results) {
          if (value === Stop.ordinary) taken++;
          else if (value === Stop.owner) refused++;
        }
      },
    ),
    { numRuns: 3000 },
  );
  expect(taken).toBeGreaterThan(300);
  expect(refused).toBeGreaterThan(300);
});

it('reads on where pages fill a block to its last octet', () => {
  const size = 1 << 15;
  const count = BLOCK_SIZE / size + 2;
  const facts = Array.from({ length: count }, (_, i): readonly [Fact, number] => {
    const owner = `n${String(i).padStart(4, '0')}.com.`;
    const key = keyFromName(nameFromText(owner), APEX);
    const rdata = new Uint8Array(size - ENTRY_HEADER - key.length - FACT_HEADER);
    rdata[0] = i;
    return [{ owner, kind: Kind.record, type: TYPE.TXT, ttl: 60, rdata }, i];
  });
  const run = runOf(facts);
  expect(run.blocks[0].length).toBe(BLOCK_SIZE);
  const { where, length } = run.pages;
  const second = [...where].indexOf(BLOCK_SIZE);
  expect(where[second - 1] + length[second - 1]).toBe(BLOCK_SIZE);
  const how: WalkRules = {
    apex: APEX,
    dropInvalidNs: false,
    dropMissingGlue: false,
    publishPendingRestore: false,
    allowWildcards: true,
    apexIsDname: false,
  };
  const kernel = KernelSource.open([run], undefined, undefined, write, how, {});
  const names = kernel && walk(kernel, how);
  expect(names).toHaveLength(count);
  expect(names).toEqual(walk(new CursorSource([run], undefined, undefined), how));
});

const label = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom('a', 'b', 'c', 'd-1', 'xn--4', '_x', '9', 'n'.repeat(63)),
  },
  fc.constantFrom('\\000', '\\.', 'a\\032b', '\\001', 'UP', '*', '\\255', '!'),
);
const zoneName = fc
  .array(label, { minLength: 1, maxLength: 3 })
  .map((labels) => `${labels.join('.')}.example.`);
const target = fc.oneof(
  zoneName,
  fc.constantFrom(
    'ns.other.',
    'ns1.a.example.',
    '.',
    'example.',
    '192.0.2.1.',
    'n.example.example.',
  ),
);
const zoneRecord = fc.oneof(
  { weight: 8, arbitrary: target.map((host) => `NS ${host}`) },
  { weight: 3, arbitrary: fc.constantFrom(1, 2).map((n) => `DS ${n} 13 2 ${`0${n}`.repeat(32)}`) },
  { weight: 2, arbitrary: fc.constantFrom('A 192.0.2.1', 'AAAA 2001:db8::1') },
  fc.constantFrom('TXT a', 'CNAME a.', 'DNAME b.', 'MX 1 a.example.'),
);
const zoneLines = fc.array(
  fc
    .tuple(zoneName, fc.constantFrom(60, 60, 60, 3600), zoneRecord)
    .map(([name, ttl, rest]) => `${name} ${ttl} IN ${rest}`),
  { maxLength: 30 },
);
/** A message without the name of the file, another one each time. */
const unnamed = (message: string): string => message.replace(/file-\d+/g, 'file');

const denials = fc.oneof(
  fc.record({
    kind: fc.constant('nsec3' as const),
    optOut: fc.boolean(),
    iterations: fc.constantFrom(0, 0, 2),
    salt: fc.uint8Array({ maxLength: 20 }),
  }),
  fc.constant({ kind: 'nsec' as const }),
);

it('makes the same zone, and says the same of it', async () => {
  const keyDir = newKeyDir();
  newKey(keyDir, 'ksk', ACTIVE, 15);
  newKey(keyDir, 'zsk', ACTIVE, 15);
  let made = 0;
  await fc.assert(
    fc.asyncProperty(
      zoneLines,
      denials,
      fc.constantFrom('keep-all' as const, 'wide' as const, 'narrow' as const),
      async (lines, denial, glue) => {
        const text = `example. 60 IN SOA a. b. 1 2 3 4 5\nexample. 60 IN NS ns.other.\n${lines.join('\n')}\n`;
        const how = { denial, glue, verify: false, maxRejects: 100, engine: 'openssl' } as const;
        // Tomorrow some names are gone, and what is left keeps its signatures.
        const rest = text.replace(/^a\..*\n/gm, '');
        const outcome = async (): Promise<unknown> => {
          try {
            const first = await resign(text, keyDir, how);
            const tomorrow = { ...how, now: NOW + DAY, previous: first.file };
            const second = await resign(rest, keyDir, tomorrow);
            return [first, second].map((one) => [one.text, one.warnings.map(unnamed)]);
          } catch (error) {
            return unnamed(String(error));
          }
        };
        const short = await outcome();
        const open = vi.spyOn(KernelSource, 'open').mockReturnValue(undefined);
        const long = await outcome();
        open.mockRestore();
        expect(short).toEqual(long);
        if (typeof short !== 'string') made++;
      },
    ),
    { numRuns: 120 },
  );
  expect(made).toBeGreaterThan(70);
});
