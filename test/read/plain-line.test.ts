/**
 * The short way for plain lines (read/plain-line.ts) comes to what the parser comes to without it:
 * the same facts, places, rejects and state behind the text.
 */
import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { nameFromText } from '#zonewright/names/name.js';
import { MasterParser, type MasterState, UNKNOWN } from '#zonewright/read/master-parser.js';
import { NOT_PLAIN, PlainLines } from '#zonewright/read/plain-line.js';
import {
  EntryWriter,
  FACT_HEADER,
  factChunk,
  factLength,
  factLine,
  factTtl,
  factType,
} from '#zonewright/records/entry.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

interface Case {
  readonly apex: Uint8Array;
  readonly text: Uint8Array;
  readonly state: MasterState;
  readonly final: boolean;
  readonly dropDnssec: boolean;
}

/** Everything that comes of a chunk. */
function parse({ apex, text, state, final, dropDnssec }: Case): unknown {
  const writer = new EntryWriter();
  const events: unknown[] = [];
  const parser = new MasterParser(
    { apex, dropDnssec },
    {
      writer,
      reject: (reject) => events.push(reject),
      owner: (key, length, line, nsec3) => events.push([hex(key.slice(0, length)), line, nsec3]),
    },
  );
  const outcome = parser.parse(text, 7, state, final);
  const facts: unknown[] = [];
  for (const address of writer.addresses.subarray(0, writer.count)) {
    const block = writer.blocks[address >>> 24];
    const at = address & 0xffffff;
    const payload = new DataView(block.buffer).getUint32(at, true);
    const keyEnd = at + 6 + (block[at + 4] | (block[at + 5] << 8));
    const key = hex(block.slice(at + 6, keyEnd));
    for (let p = keyEnd; p < keyEnd + payload; p += FACT_HEADER + factLength(block, p)) {
      const rdata = hex(block.slice(p + FACT_HEADER, p + FACT_HEADER + factLength(block, p)));
      const place = [factChunk(block, p), factLine(block, p)];
      facts.push([key, block[p], factType(block, p), factTtl(block, p), ...place, rdata]);
    }
  }
  return { outcome, events, facts, records: parser.records, dropped: [...parser.dropped] };
}

/** The same with every line read by the parser itself. */
function parseTheLongWay(one: Case): unknown {
  const spy = vi.spyOn(PlainLines.prototype, 'read').mockReturnValue(NOT_PLAIN);
  try {
    return parse(one);
  } finally {
    spy.mockRestore();
  }
}

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
  ...['NS 13 2 60 20261201000000 20261117000000 1 com qqqq', 'A 13 2 1d 1 2 3 @ qqqq', 'X 1 2 3'],
  `NSEC3 13 2 60 20261201000000 20261117000000 1 a\\.b. ${'q'.repeat(88)}`,
  `${SIGNED} ${'qqqq '.repeat(70)}`,
);
const nsec3 = fc.constantFrom(
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
const lines = fc.array(fc.oneof({ weight: 3, arbitrary: plain }, record, directive), {
  maxLength: 12,
});
const someCase: fc.Arbitrary<Case> = fc
  .tuple(
    fc.constantFrom(...ZONES),
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
  let long = 0;
  fc.assert(
    fc.property(someCase, (one) => {
      const spy = vi.spyOn(PlainLines.prototype, 'read').mockImplementation(function (
        this: PlainLines,
        ...args
      ) {
        const behind = read.apply(this, args);
        if (behind === NOT_PLAIN) long++;
        else short++;
        return behind;
      });
      const got = parse(one);
      spy.mockRestore();
      expect(got).toEqual(parseTheLongWay(one));
    }),
    { numRuns: 800 },
  );
  // The comparison would prove nothing if all lines went one way.
  expect(short).toBeGreaterThan(500);
  expect(long).toBeGreaterThan(500);
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
