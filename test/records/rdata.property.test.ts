/** Text ⇄ wire for every type: what is well formed comes back octet for octet. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  canonicalRdata,
  checkRdata,
  rdataFromText,
  rdataTextRoom,
  rdataToText,
  writeRdata,
} from '#zonewright/records/rdata.js';
import { TYPE } from '#zonewright/records/types.js';

const bytes = (min: number, max: number) =>
  fc.uint8Array({ minLength: min, maxLength: max }).map((a) => [...a]);
const fixed = (n: number) => bytes(n, n);
const u8 = fixed(1);
const u16 = fixed(2);
const u32 = fixed(4);
const prefixed = (min: number) => bytes(min, 40).map((a) => [a.length, ...a]);
const label = bytes(1, 12).map((a) => [a.length, ...a]);
const name = fc.array(label, { maxLength: 4 }).map((labels) => [...labels.flat(), 0]);
const strings = fc.array(prefixed(0), { minLength: 1, maxLength: 4 }).map((a) => a.flat());
const rest = bytes(1, 70);
const digest = (type: number, n: number) => fixed(n).map((d) => [type, ...d]);
const bitmap = fc
  .uniqueArray(fc.tuple(fc.nat(255), bytes(1, 32)), { maxLength: 3, selector: ([w]) => w })
  .map((blocks) =>
    blocks
      .sort(([a], [b]) => a - b)
      .flatMap(([w, octets]) => [w, octets.length, ...octets.slice(0, -1), octets.at(-1)! | 1]),
  );
const degrees = (max: number) =>
  fc.integer({ min: -max, max }).map((v) => {
    const wire = Buffer.alloc(4);
    wire.writeUInt32BE(2147483648 + v);
    return [...wire];
  });
const size = fc.tuple(fc.nat(9), fc.nat(9)).map(([m, e]) => [m === 0 ? 0 : (m << 4) | e]);
const tag = fc.stringMatching(/^[A-Za-z0-9]{1,15}$/).map((t) => [t.length, ...Buffer.from(t)]);
const gateway = fc.oneof(
  fc.constant({ type: 0, octets: [] as number[] }),
  fixed(4).map((octets) => ({ type: 1, octets })),
  fixed(16).map((octets) => ({ type: 2, octets })),
  name.map((octets) => ({ type: 3, octets })),
);
const apl = fc.array(
  fc.tuple(fc.constantFrom(1, 2), fc.nat(32), fc.boolean(), bytes(0, 4)).map(([f, p, not, a]) => {
    while (a.at(-1) === 0) a.pop();
    return [0, f, p, (not ? 128 : 0) | a.length, ...a];
  }),
  { minLength: 1, maxLength: 4 },
);
const parameter = (key: number, value: fc.Arbitrary<number[]>) =>
  fc.option(value.map((v) => [key >> 8, key & 255, v.length >> 8, v.length & 255, ...v]));
const parameters = fc
  .tuple(
    parameter(
      1,
      fc.array(prefixed(1), { minLength: 1, maxLength: 3 }).map((a) => a.flat()),
    ),
    parameter(3, u16),
    parameter(
      4,
      fc.array(u32, { minLength: 1, maxLength: 3 }).map((a) => a.flat()),
    ),
    parameter(5, rest),
    parameter(
      6,
      fc.array(fixed(16), { minLength: 1, maxLength: 3 }).map((a) => a.flat()),
    ),
    parameter(7, bytes(0, 20)),
    parameter(8, fc.constant([])),
    parameter(9, u16),
    parameter(667, bytes(0, 20)),
  )
  .map((all) => all.filter((p) => p !== null).flat());

const RDATA: Record<string, readonly fc.Arbitrary<number[]>[]> = {
  A: [fixed(4)],
  'NS MD MF CNAME DNAME MB MG MR PTR': [name],
  SOA: [name, name, fixed(20)],
  HINFO: [prefixed(0), prefixed(0)],
  'MINFO RP TALINK': [name, name],
  'MX AFSDB RT KX LP': [u16, name],
  'TXT SPF AVC RESINFO WALLET CLA': [strings],
  X25: [prefixed(0)],
  ISDN: [prefixed(0), fc.oneof(fc.constant<number[]>([]), prefixed(0))],
  NSAP: [rest],
  'SIG RRSIG': [fixed(18), name, rest],
  KEY: [u32, bytes(0, 40)],
  'DNSKEY CDNSKEY RKEY': [u32, rest],
  PX: [u16, name, name],
  AAAA: [
    fc.oneof(
      fixed(16),
      fc.array(fc.constantFrom(0, 0, 0, 1, 255), { minLength: 16, maxLength: 16 }),
    ),
  ],
  LOC: [fc.constant([0]), size, size, size, degrees(324000000), degrees(648000000), u32],
  SRV: [fixed(6), name],
  NAPTR: [u32, prefixed(0), prefixed(0), prefixed(0), name],
  CERT: [fixed(5), rest],
  APL: [apl.map((a) => a.flat())],
  'DS CDS': [fixed(3), fc.oneof(digest(1, 20), digest(2, 32), digest(4, 48), digest(99, 7))],
  SSHFP: [u16, rest],
  NSEC: [name, bitmap],
  'DHCID OPENPGPKEY': [rest],
  NSEC3: [u32, prefixed(0), prefixed(1), bitmap],
  NSEC3PARAM: [u32, prefixed(0)],
  'TLSA SMIMEA': [fixed(3), rest],
  CSYNC: [fixed(6), bitmap],
  ZONEMD: [
    u32,
    fc.oneof(
      fixed(48).map((d) => [1, 1, ...d]),
      fixed(64).map((d) => [1, 2, ...d]),
    ),
  ],
  'SVCB HTTPS': [fixed(1).map((b) => [b[0], 1]), name, parameters],
  DSYNC: [fixed(5), name],
  'NID L64': [fixed(10)],
  L32: [fixed(6)],
  EUI48: [fixed(6)],
  EUI64: [fixed(8)],
  URI: [u32, bytes(0, 400)],
  CAA: [u8, tag, bytes(0, 400)],
  HIP: [
    fc
      .tuple(bytes(1, 20), u8, bytes(1, 60), fc.array(name, { maxLength: 2 }))
      .map(([hit, alg, key, servers]) => [
        hit.length,
        ...alg,
        0,
        key.length,
        ...hit,
        ...key,
        ...servers.flat(),
      ]),
  ],
  IPSECKEY: [
    fc
      .tuple(u8, gateway, u8, bytes(0, 40))
      .map(([p, g, alg, key]) => [...p, g.type, ...alg, ...g.octets, ...key]),
  ],
  AMTRELAY: [
    fc
      .tuple(u8, fc.boolean(), gateway)
      .map(([p, d, g]) => [...p, (d ? 128 : 0) | g.type, ...g.octets]),
  ],
  'NULL WKS TYPE731': [bytes(0, 40)],
};

const number = (type: string) => (type === 'TYPE731' ? 731 : TYPE[type as keyof typeof TYPE]);
const rows = Object.entries(RDATA).flatMap(([types, parts]) =>
  types.split(' ').map((type) => [type, fc.tuple(...parts).map((a) => a.flat())] as const),
);

describe('wire form to text and back', () => {
  it.each(rows)('%s', (type, arbitrary) => {
    const known = number(type);
    fc.assert(
      fc.property(arbitrary, (octets) => {
        const wire = Uint8Array.from(octets);
        expect(checkRdata(known, wire, 0, wire.length)).toBeUndefined();
        const text = rdataToText(known, wire);
        // A type with fields of its own is not written as octets.
        expect(text.startsWith('\\#')).toBe(['NULL', 'WKS', 'TYPE731'].includes(type));
        const canonical = wire.slice();
        expect(canonicalRdata(known, canonical, 0, canonical.length)).toBeUndefined();
        const read = rdataFromText(known, text);
        expect(Buffer.from(read)).toEqual(Buffer.from(canonical));
        // Text is a fixed point: read and written again it is the same.
        expect(rdataToText(known, read)).toBe(rdataToText(known, canonical));
        const hex = Buffer.from(wire).toString('hex');
        const generic = rdataFromText(known, `\\# ${wire.length} ${hex}`);
        expect(Buffer.from(generic)).toEqual(Buffer.from(canonical));
      }),
      { numRuns: 60 },
    );
  });
});

describe('any octets', () => {
  it('are written without a throw, within the promised room, and read back when well formed', () => {
    const types = Object.values(TYPE);
    const octets = fc.oneof(
      bytes(0, 40),
      fc.array(fc.constantFrom(0, 0, 1, 2, 3, 4, 20, 32, 65), { maxLength: 40 }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...types), octets, (type, all) => {
        const wire = Uint8Array.from(all);
        const room = rdataTextRoom(type, wire.length);
        const out = new Uint8Array(room + 10);
        const end = writeRdata(type, wire, 0, wire.length, out, 5);
        expect(end).toBeGreaterThan(5);
        expect(end).toBeLessThanOrEqual(room + 5);
        const canonical = wire.slice();
        if (canonicalRdata(type, canonical, 0, canonical.length) !== undefined) return;
        const text = new TextDecoder('latin1').decode(out.subarray(5, end));
        expect(Buffer.from(rdataFromText(type, text))).toEqual(Buffer.from(canonical));
      }),
      { numRuns: 5000 },
    );
  });
});
