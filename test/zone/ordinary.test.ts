/**
 * The short way for ordinary delegations (OwnerWalk) comes to what the long way comes to: the same
 * owners, facts, cuts and reports, for facts of zone files and of registry objects.
 */
import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { nameFromText, wireToKey } from '#zonewright/names/name.js';
import { EntryWriter, Kind } from '#zonewright/records/entry.js';
import { TYPE } from '#zonewright/records/types.js';
import { type Run, sortRun } from '#zonewright/sort/run.js';
import { OwnerWalk, type WalkReport, type WalkRules } from '#zonewright/zone/owner-walk.js';
import { STATUS } from '#zonewright/zone/status.js';

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

/** The method that takes the short way. */
interface ShortWay {
  visitOrdinary(): boolean;
}
const walks = OwnerWalk.prototype as unknown as ShortWay;

/** All that a walk does and says. */
function walk(runs: readonly Run[], rules: WalkRules, reported: boolean): unknown[] {
  const said: unknown[] = [];
  const report: WalkReport = {
    reject: ({ owner, rdata, ...rest }) =>
      said.push(['reject', hex(owner), hex(rdata), ...Object.values(rest)]),
    invalidNs: (owner, fault, host) => said.push(['invalid', hex(owner), fault, hex(host)]),
    missingGlue: (owner, host) => said.push(['missing', hex(owner), hex(host)]),
    dsWithoutDelegation: (count) => said.push(['ds', count]),
    domain: (fate) => said.push(['domain', fate]),
  };
  const w = new OwnerWalk(runs, undefined, undefined, rules, reported ? report : undefined);
  const all: unknown[] = [];
  while (w.next()) {
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
    all.push([owner, w.role, facts, cut, servers, w.isNamedByCut(), said.splice(0)]);
  }
  all.push(said);
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

it('comes to the same as the long way', () => {
  const { visitOrdinary } = walks;
  let taken = 0;
  fc.assert(
    fc.property(
      fc.oneof({ weight: 9, arbitrary: few }, many),
      fc.integer({ min: 1, max: 3 }),
      rules,
      fc.boolean(),
      (facts, threads, how, reported) => {
        const numbered = facts.map((one, i) => [one, i + 1] as const);
        const runs = Array.from({ length: threads }, (_, t) =>
          runOf(numbered.filter((_one, i) => i % threads === t)),
        );
        const counted = vi.spyOn(walks, 'visitOrdinary').mockImplementation(function (
          this: ShortWay,
        ) {
          const is = visitOrdinary.call(this);
          if (is) taken++;
          return is;
        });
        const short = walk(runs, how, reported);
        counted.mockRestore();
        const never = vi.spyOn(walks, 'visitOrdinary').mockReturnValue(false);
        const long = walk(runs, how, reported);
        never.mockRestore();
        expect(short).toEqual(long);
      },
    ),
    { numRuns: 1000 },
  );
  expect(taken).toBeGreaterThan(300);
});
