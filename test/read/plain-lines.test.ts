/**
 * The short way for plain lines, in the kernel (read/plain-lines.ts), comes to what the parser comes
 * to without it: the same facts in the same entries, places, rejects and state behind the text.
 */
import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { Kernel } from '#zonewright/kernel/kernel.js';
import { nameFromText } from '#zonewright/names/name.js';
import { MasterParser, type MasterState, UNKNOWN } from '#zonewright/read/master-parser.js';
import { orderSince } from '#zonewright/read/owner-order.js';
import { PlainLines } from '#zonewright/read/plain-lines.js';
import { EntryWriter, entrySize } from '#zonewright/records/entry.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

interface Case {
  readonly apex: Uint8Array;
  readonly text: Uint8Array;
  readonly state: MasterState;
  readonly final: boolean;
  readonly dropDnssec: boolean;
}

/** Everything that comes of a chunk, parsed into a writer. */
function parseInto(writer: EntryWriter, { apex, text, state, final, dropDnssec }: Case): unknown {
  const rejects: unknown[] = [];
  const parser = new MasterParser(
    { apex, dropDnssec },
    { writer, reject: (reject) => rejects.push(reject) },
  );
  const { mark } = writer;
  const outcome = parser.parse(text, 7, state, final);
  const entries = [...writer.addresses].map((address) => {
    const block = writer.blocks[address >>> 24];
    const at = address & 0xffffff;
    // What pads an entry is nobody's business.
    const padding = block.slice(at, at + entrySize(block, at));
    const length = padding[0] | (padding[1] << 8) | (padding[2] << 16);
    return hex(padding.subarray(0, 6 + (padding[4] | (padding[5] << 8)) + length));
  });
  const { count, facts, sorted } = writer;
  const dropped = [...parser.dropped].sort();
  const order = orderSince(writer, mark);
  return { outcome, rejects, entries, count, facts, sorted, order, dropped, n: parser.records };
}

const parse = (one: Case): unknown => parseInto(new EntryWriter(false, new Kernel()), one);
/** The same with every line read by the parser itself. */
const parseTheLongWay = (one: Case): unknown => parseInto(new EntryWriter(), one);

const LONG = 'a'.repeat(33);
const ZONES = ['com.', '.', 'example.com.', `${LONG}.`, 'x\\.y.'];
const FULL = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.`;

const label = fc.oneof(
  fc.constantFrom('a', 'B', 'ns1', 'xn--bcher-kva', '*', '_dmarc', '0', '1-2', 'a!b', '/', '{}'),
  fc.constantFrom('\\097', 'a\\.b', 'a\\', '\\999', 'ü', '', `x!${LONG}`, 'a"b', 'a;b', '$', '@'),
  fc.constantFrom('l'.repeat(63), 'l'.repeat(64), 'com', 'COM', 'example', LONG),
);
const name = fc.oneof(
  fc
    .tuple(fc.array(label, { maxLength: 3 }), fc.constantFrom('com.', 'CoM.', 'example.com.', ''))
    .map(([labels, end]) => [...labels, end].join('.')),
  fc.constantFrom(
    'com.',
    'a.com.',
    'A.COM.',
    'ns.a.com.',
    'a.net.',
    '.',
    '@',
    'a',
    'com',
    'a..com.',
  ),
  fc.constantFrom(
    'example.com.',
    'xcom.',
    `${LONG}.`,
    `x!${LONG}.`,
    `b.${LONG}.`,
    'x\\.y.',
    'x.y.',
  ),
  // 255 octets of wire form, one less, and one more.
  fc.integer({ min: 55, max: 63 }).map((n) => `${FULL}${'d'.repeat(n)}.`),
  fc.integer({ min: 50, max: 60 }).map((n) => `${FULL}${'d'.repeat(n)}.com.`),
);
const blank = fc.constantFrom(' ', '\t', '  ', ' \t ');
const ttl = fc.constantFrom(
  ...['60', '0', '86400', '007', '2147483647', '2147483648', '4294967296', '99999999999'],
  ...['1d', '1W2D', '1h30', '60s', '-1', '6O', '', '00000000060'],
);
const dns = fc.constantFrom('IN', 'in', 'In', 'iN', 'CH', 'HS', 'CLASS1', 'class3', 'I', 'INN', '');
const digest = fc.constantFrom(
  ...['aB'.repeat(32), '0f'.repeat(20), '1'.repeat(96), 'ab'.repeat(33), '0'.repeat(63), 'xy', ''],
  `${'ab'.repeat(16)} ${'cd'.repeat(16)}`,
);
const ds = fc
  .tuple(
    fc.constantFrom('1', '65535', '65536', '00012', '000001', '0000001', '-1', '1x'),
    fc.constantFrom('8', '13', '013', '255', '256', 'RSASHA256', '0'),
    fc.constantFrom('2', '1', '4', '0', '3', '5', '6', '7', '255', '256', '02'),
    digest,
    blank,
  )
  .map(([tag, algorithm, type, text, gap]) => [tag, algorithm, type, text].join(gap));
const address = fc.constantFrom(
  ...['192.0.2.1', '255.255.255.255', '1.2.3', '1.2.3.256', '01.2.3.4', '1.2.3.4.', '1.2.3.4.5'],
  ...['2001:db8::1', '::', '::1.2.3.4', '1::2::3', '2001:DB8:0:0:0:0:0:1', ':1', '1:2:3:4:5:6:7::'],
);
const SIGNED = 'NS 13 2 60 20261201000000 20261117000000 1 Com.';
const rrsig = fc.constantFrom(
  ...[
    `${SIGNED} qqqq`,
    `${SIGNED} qq qq==`,
    `${SIGNED} `,
    `${SIGNED} q?`,
    'NSEC3 8 1 0 9 1 1 . AA==',
  ],
  ...[
    'NS 13 2 60 20240229235959 19700101000000 1 Com. qqqq',
    'NS 13 2 60 20230229000000 20261117000000 1 Com. qqqq',
    'NS 13 2 60 20991231235959 21000301000000 1 Com. qqqq',
    'NS 13 2 60 20260431000000 20261331000000 1 Com. qqqq',
    'NS 13 2 60 20260831240000 20260731126000 1 Com. qqqq',
    'NS 13 2 4294967295 20260831235959 20260131000060 65535 Com. qr==',
    'NS 13 2 4294967296 20260831235959 20260131000000 65536 Com. qqqg',
    'TXT 13 2 60 20261231000000 20261130000000 1 Com. qqp= ',
    'caa 13 2 60 20261231000000 20261130000000 1 Com. qqqqqrp=',
    'NSEC3PARAM 256 2 60 20261231000000 20261130000000 1 Com. qqqq',
    'NSEC3PARAM 255 2 60 20261231000000 20261130000000 1 Com. qq=q',
  ],
  ...['NS 13 2 60 20261201000000 20261117000000 1 com qqqq', 'A 13 2 1d 1 2 3 @ qqqq', 'X 1 2 3'],
  `NSEC3 13 2 60 20261201000000 20261117000000 1 a\\.b. ${'q'.repeat(88)}`,
  `${SIGNED} ${'qqqq '.repeat(70)}`,
);
const nsec3 = fc.constantFrom(
  ...[
    '1 1 0 - 0p9mhave NS SOA MX TXT AAAA SRV DNAME DS DNSKEY CDS CDNSKEY ZONEMD NSEC3PARAM TLSA',
    '1 1 0 - 0p9mhave CAA A',
    '1 1 0 - 0p9mhave NSEC3PARAN',
    '1 1 0 - 0p9mhave A A TYPE1 CNAME PTR NSEC',
    '1 1 65536 - 0p9mhave A',
    '1 256 0 - 0p9mhave A',
    `1 1 0 ${'aB'.repeat(255)} 0p9mhave A`,
    `1 1 0 ${'aB'.repeat(256)} 0p9mhave A`,
    `1 1 0 abc 0p9mhave A`,
    `1 1 0 - ${'0'.repeat(400)} A`,
    `1 1 0 - ${'0'.repeat(408)} A`,
    '1 1 0 - 0p9mhavw A',
    '1 1 0 - 0p9mhav A',
    '1 1 0 - v0 A ',
  ],
  ...['1 1 0 - 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A RRSIG', '1 0 5 AABB 0P9MHAVE NS TYPE65534'],
  ...['1 1 0 - 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom', '1 1 0 - = A', '1 1 0 - \\# A', '1 1 0', '\\# 0'],
);
const typed = fc.oneof(
  fc.tuple(fc.constantFrom('RRSIG', 'rrsig', 'TYPE46', 'RRSIGX', 'RRSI'), rrsig),
  fc.tuple(fc.constantFrom('NSEC3', 'nsec3', 'TYPE50', 'NSEC\x13', 'NSEC'), nsec3),
  fc.tuple(fc.constantFrom('NS', 'ns', 'nS', 'TYPE2', 'CNAME', 'NSEC'), name),
  fc.tuple(fc.constantFrom('A', 'a', 'AAAA', 'aaaa', 'AaAa', 'TYPE1', 'AAA'), address),
  fc.tuple(fc.constantFrom('DS', 'ds', 'Ds', 'TYPE43', 'CDS'), ds),
  fc.tuple(
    fc.constantFrom('NS', 'A', 'AAAA', 'DS', 'TXT', 'NSA', 'N', ''),
    fc.constantFrom('\\# 4 C0000201', '\\# 3 016100', 'x y', '', '"a b"', '( a', 'a )', 'a.com. b'),
  ),
);
const tail = fc.constantFrom(
  '',
  '',
  '',
  '',
  ' ',
  '\t',
  ' ; c',
  ';c',
  '\r',
  ' \r',
  ' x',
  '\0',
  '\x0b',
);

/** Fields in the common order, or another one, or one too few. */
const record = fc
  .tuple(
    fc.oneof({ weight: 6, arbitrary: name }, fc.constantFrom('', ' ', '\0', '(')),
    fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, fc.nat(5)),
    ttl,
    dns,
    typed,
    blank,
    tail,
  )
  .map(([owner, form, seconds, cls, [type, rdata], gap, end]) => {
    const fields = [
      [owner, seconds, cls, type, rdata],
      [owner, cls, seconds, type, rdata],
      [owner, seconds, type, rdata],
      [owner, cls, type, rdata],
      [owner, type, rdata],
      [owner, seconds, cls, type],
    ][form];
    return fields.join(gap) + end;
  });
/** What nearly all lines are. */
const plain = fc
  .tuple(
    fc.constantFrom('a.com.', 'A.com.', 'b.com.', 'ns.a.com.', 'example.com.', 'com.', 'c.net.'),
    fc.constantFrom('60', '0', '2147483647'),
    fc.constantFrom('IN', 'in'),
    fc.oneof(
      fc.constantFrom('ns', 'NS').map((type) => [type, 'Ns.Other.net.']),
      fc.constant(['A', '192.0.2.1']),
      fc.constant(['AAAA', '2001:db8::1']),
      fc.constant(['DS', `1 13 2 ${'aB'.repeat(32)}`]),
      fc.constant(['RRSIG', `${SIGNED} qqqq`]),
      fc.constant(['NSEC3', '1 1 0 - 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom NS']),
    ),
    blank,
  )
  .map(([owner, seconds, cls, [type, rdata], gap]) => [owner, seconds, cls, type, rdata].join(gap));
const directive = fc.constantFrom(
  ...['$ORIGIN net.', '$ORIGIN a.com.', '$ORIGIN', '$TTL 7', '$TTL x', '$INCLUDE', '$FOO 1'],
  ...['', ';', ' ', ' NS ns.a.com.', '\tA 192.0.2.9', ' 60 IN A 192.0.2.8', '@ 60 IN NS ns', '('],
  ...['a 60 IN A 192.0.2.7', 'a..b 60 IN A 192.0.2.1', ')', '"', 'a.com. 60 IN NS (', 'ns.x. )'],
);
const lines = fc.array(fc.oneof({ weight: 6, arbitrary: plain }, record, directive), {
  maxLength: 16,
});
const someCase: fc.Arbitrary<Case> = fc
  .tuple(
    fc.oneof({ weight: 3, arbitrary: fc.constant('com.') }, fc.constantFrom(...ZONES)),
    lines,
    fc.constantFrom('\n', '\n', '\n', '\r\n'),
    fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { freq: 3, nil: 1 }),
    fc.boolean(),
    fc.boolean(),
    fc.constantFrom(-1, 300),
    fc.constantFrom(-1, UNKNOWN, 400),
    fc.constantFrom<Uint8Array | undefined | null>(
      undefined,
      null,
      nameFromText('a.com.'),
      nameFromText('a.net.'),
    ),
  )
  .map(([zone, list, end, part, final, dropDnssec, ttlBefore, lastTtl, owner]) => {
    const whole = Buffer.from(list.map((line) => line + end).join(''));
    const apex = nameFromText(zone);
    // Text beyond the chunk's end must not be seen.
    const cut = Math.round(whole.length * part);
    const text = new Uint8Array(whole).subarray(0, cut);
    return {
      apex,
      text,
      final,
      dropDnssec,
      state: { origin: apex, ttl: ttlBefore, lastTtl, owner },
    };
  });

it('comes to the same as the long way for any text', () => {
  const { read } = PlainLines.prototype;
  let short = 0;
  let stops = 0;
  const spy = vi.spyOn(PlainLines.prototype, 'read').mockImplementation(function (
    this: PlainLines,
    p,
  ) {
    const { line } = this;
    const behind = read.call(this, p);
    short += this.line - line;
    stops++;
    return behind;
  });
  fc.assert(
    fc.property(someCase, (one) => {
      expect(parse(one)).toEqual(parseTheLongWay(one));
    }),
    { numRuns: 1500 },
  );
  spy.mockRestore();
  // The comparison would prove nothing if all lines went one way.
  expect(short).toBeGreaterThan(500);
  expect(stops).toBeGreaterThan(500);
});

it('comes to the same chunk after chunk, while blocks fill and are used again', () => {
  const apex = nameFromText('com.');
  const writers = [new EntryWriter(false, new Kernel()), new EntryWriter()];
  const parsers = writers.map(
    (writer) => new MasterParser({ apex, dropDnssec: false }, { writer, reject: () => undefined }),
  );
  let states: MasterState[] = writers.map(() => ({
    origin: apex,
    ttl: -1,
    lastTtl: -1,
    owner: undefined,
  }));
  for (let chunk = 0; chunk < 30; chunk++) {
    let text = '';
    for (let i = 0; i < 3000; i++) {
      const name = `${'x'.repeat((i * 7) % 60)}${(i * 7919 + chunk) % 1000}`;
      text += `${name}.com. 60 IN NS ns${i % 3}.${name}.com.\n`;
      if (i % 50 === 0)
        text += `${name}.com. 60 IN TXT "${'t'.repeat(i % 200)}"\n\t7 A 192.0.2.1\n`;
    }
    const octets = new TextEncoder().encode(text);
    states = parsers.map((parser, i) => parser.parse(octets, chunk, states[i], false).state);
    const [kernel, plain] = writers.map((writer) => [
      writer.count,
      writer.facts,
      writer.sorted,
      writer.bytes,
      [...writer.addresses],
    ]);
    expect(kernel).toEqual(plain);
    if (chunk === 12) for (const writer of writers) writer.clear();
  }
  expect(states[0]).toEqual(states[1]);
  expect(writers[0].blocks.length).toBeGreaterThan(2);
});

it('comes to the same for plain lines cut off at every octet', () => {
  const apex = nameFromText('com.');
  const state = { origin: apex, ttl: -1, lastTtl: -1, owner: undefined };
  const whole = new TextEncoder().encode(
    [
      'a.com.\t60 IN NS\tns.other.net.',
      `A.com. 60 IN DS 1 13 2 ${'Ab'.repeat(32)}`,
      'ns.a.com. 60 IN A 192.0.2.1',
      'ns.a.com. 60 IN AAAA 2001:db8::1',
      `ns.a.com. 60 IN RRSIG ${SIGNED} qqqq`,
      'x.com. 60 IN NSEC3 1 1 0 - 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom NS DS RRSIG',
      'a.net. 60 IN A 192.0.2.1',
      ' 61 IN A 192.0.2.2',
      'com. 60 IN NS a.com.',
      '',
    ].join('\n'),
  );
  for (let cut = 0; cut <= whole.length; cut++) {
    for (const final of [true, false]) {
      const one = { apex, text: whole.subarray(0, cut), state, final, dropDnssec: false };
      expect(parse(one), `${cut}`).toEqual(parseTheLongWay(one));
    }
  }
});

it('comes to the same with any octet in place of any other', () => {
  const apex = nameFromText('com.');
  const state = { origin: apex, ttl: 5, lastTtl: -1, owner: undefined };
  const lines = [
    `a.com. 60 IN DS 1 13 1 ${'Ab'.repeat(20)}`,
    'a.com. 60 IN NS ns.x.',
    'a.com. 60 IN A 192.0.2.1',
    'a.com. 60 IN AAAA ::1',
    `a.com. 60 IN RRSIG ${SIGNED} qqqq`,
    'a.com. 60 IN NSEC3 1 1 0 - 0p9mhave NS DS',
  ];
  for (const line of lines) {
    for (let at = 0; at < line.length; at++) {
      const text = new Uint8Array(256 * (line.length + 1));
      // One text with a line for each octet, so that the lines have lines before them.
      for (let c = 0; c < 256; c++) {
        text.set(new TextEncoder().encode(`${line}\n`), c * (line.length + 1));
        text[c * (line.length + 1) + at] = c;
      }
      const one = { apex, text, state, final: true, dropDnssec: false };
      expect(parse(one), `${line} at ${at}`).toEqual(parseTheLongWay(one));
    }
  }
});
