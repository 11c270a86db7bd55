/**
 * The short way for plain rows, in the kernel (read/plain-rows.ts), comes to what the row parser
 * comes to without it: the same facts under the same keys, in the same order and with the same
 * places; the same rejects and counts.
 */
import fc from 'fast-check';
import { afterEach, expect, it, vi } from 'vitest';
import { nameFromText } from '#zonewright/names/name.js';
import { buildHostIndex } from '#zonewright/read/host-index.js';
import { PlainRows } from '#zonewright/read/plain-rows.js';
import {
  closeRdeCsv,
  openRdeCsv,
  parseRdeCsv,
  setHosts,
  takeHosts,
} from '#zonewright/read/rde-csv.task.js';
import { type Layout, Table } from '#zonewright/read/rde-csv-layout.js';
import { Cursor } from '#zonewright/sort/cursor.js';
import { IN_MEMORY, type SpillPlan } from '#zonewright/sort/spill-plan.js';
import { STATUSES } from '#zonewright/zone/status.js';
import { tempFolder } from './deposit.js';

afterEach(() => {
  vi.restoreAllMocks();
});

interface Chunk {
  readonly layout: Layout;
  readonly text: Uint8Array;
  /** Octets of it that are the chunk's. */
  readonly length: number;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const HOSTS = [
  ...['H1-ZW,ns1.a.com', 'h1-zw,NS.Other.net', 'H2-ZW,ns2.x_y.example', '9,a.b.c', 'H3,one.org'],
  ...['H3,two.org', 'H4,same.org', 'H4,same.org', `${'R'.repeat(255)},n.example`, 'Ä,uml.org'],
  `L,${'l'.repeat(60)}.${'m'.repeat(60)}.${'n'.repeat(60)}.${'o'.repeat(60)}.com`,
];

const layoutOf = (
  table: number,
  columns: readonly number[],
  width: number,
  separator = ',',
): Layout => ({
  table,
  counts: undefined,
  separator: separator.charCodeAt(0),
  width,
  columns,
  names: columns.map((_, i) => `f${i}`),
});

let nextJob = 1000;

/** Everything that comes of some chunks. */
function read(zones: readonly string[], chunks: readonly Chunk[], spill: SpillPlan): unknown {
  const job = nextJob++;
  const apexes = zones.map((zone) => nameFromText(zone));
  const ttls = (i: number) => ({ nsTtl: 60 + i, dsTtl: 70 + i, glueTtl: 2 ** 31 - 1 - i });
  openRdeCsv({ job, zones: apexes.map((apex, i) => ({ apex, ...ttls(i) })), spill });
  const hosts = new TextEncoder().encode(`${HOSTS.join('\n')}\n`);
  const layout = layoutOf(Table.host, [0, 1], 2);
  parseRdeCsv({ job, buffer: hosts, length: hosts.length, chunk: 3, layout });
  setHosts({ job, index: buildHostIndex([takeHosts({ job })]).index });
  const answers = chunks.map(({ text, length, layout }, i) => {
    // The parser writes to it.
    const args = { job, buffer: text.slice(), length, chunk: 10 + i, layout };
    const { buffer: _, ...answer } = parseRdeCsv(args).value;
    return answer;
  });
  const { runs } = closeRdeCsv({ job, keep: true });
  const facts = runs.map((list) => {
    const cursor = new Cursor(list);
    const lines: string[] = [];
    while (cursor.next()) {
      const key = hex(cursor.keyBlock.subarray(cursor.keyStart, cursor.keyEnd));
      let payload = '';
      for (let part = 0; part < cursor.parts; part++) {
        const block = cursor.partBlocks[part];
        payload += hex(block.subarray(cursor.partStarts[part], cursor.partEnds[part]));
      }
      lines.push(`${key} ${payload}`);
    }
    return lines;
  });
  return { answers, facts };
}

function readTheLongWay(...args: Parameters<typeof read>): unknown {
  const spy = vi.spyOn(PlainRows, 'canRead').mockReturnValue(false);
  const outcome = read(...args);
  spy.mockRestore();
  return outcome;
}

const LONG = 'a'.repeat(63);
const FULL = `${LONG}.${'b'.repeat(63)}.${'c'.repeat(63)}`;

const label = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('a', 'B', 'x', 'ns1', '0', '1-2', 'sixteen-octets-x') },
  fc.constantFrom('xn--bcher-kva', 'XN--bcher-kva', 'xn--', 'xn--0', 'ab--c', '-a', 'a-', '-', ''),
  fc.constantFrom(
    'a_b',
    '*',
    'ü',
    'a b',
    'a/b',
    'a\\.b',
    'a@',
    '@',
    LONG,
    `${LONG}a`,
    'com',
    'net',
  ),
);
const name = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        fc.array(label, { maxLength: 3 }),
        fc.constantFrom('com', 'CoM', 'x.com', 'net', 'org', 'xn--p1ai', 'b--c', 'xcom'),
        fc.constantFrom('', '', '', '.', '..'),
      )
      .map(([labels, zone, end]) => [...labels, zone].join('.') + end),
  },
  fc.constantFrom('com', 'com.', 'a.com', 'A.com', 'a.com.', '.', '', 'x.com', 'a.x.com', ' a.com'),
  // 255 octets of wire form, one less, and one more.
  fc.integer({ min: 55, max: 63 }).map((n) => `${FULL}.${'d'.repeat(n - 4)}.com`),
  fc.integer({ min: 1000, max: 1030 }).map((n) => `${'e.'.repeat(n / 2)}com`),
);
const status = fc.oneof(
  fc.constantFrom(...STATUSES.map(({ name }) => name)),
  fc.constantFrom(
    '',
    'OK',
    'o',
    'okk',
    'ok ',
    'O\u000b',
    'clientdeleteprohibited',
    '\u000fK',
    'x'.repeat(40),
  ),
  fc.constantFrom('ClientTransferProhibite', 'ClientTransferProhibitedX', 'pendingDelete\0', 'ÖK'),
);
const roid = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('H1-ZW', 'h1-zw', 'H2-ZW', '9', 'H4', 'L') },
  fc.constantFrom('H3', '', 'X', 'H1-ZW ', 'Ä', 'R'.repeat(255), 'R'.repeat(256), 'H1-ZV', 'H1-Z'),
);
const number = fc.oneof(
  fc.constantFrom(
    '1',
    '0',
    '13',
    '255',
    '256',
    '65535',
    '65536',
    '007',
    '0000000002',
    '00000000002',
  ),
  fc.constantFrom('', '-1', '1x', ' 1', '4294967297', '2', '4', '3', '5'),
);
const digest = fc.oneof(
  fc.constantFrom('aB'.repeat(32), '0f'.repeat(20), '1'.repeat(96), '', 'x', 'ab'.repeat(33)),
  fc.constantFrom('0'.repeat(63), 'g'.repeat(64), `${'a'.repeat(38)} 1`, 'ab'.repeat(256)),
);
const address = fc.constantFrom('', '', '192.0.2.1', '2001:db8::1', '1.2.3', 'v4');
const anything = fc.oneof(name, status, roid, number, digest, address);

/** The fields of each table, in the order of its layout. */
const TABLES: readonly [table: number, fields: readonly fc.Arbitrary<string>[]][] = [
  [Table.domain, [name]],
  [Table.domainStatuses, [name, status, status]],
  [Table.serversByRoid, [name, roid]],
  [Table.serversByName, [name, name]],
  [Table.attributes, [name, name, address, fc.constantFrom('', 'v4', 'v6')]],
  [
    Table.dnssec,
    [
      ...[name, number, number, fc.oneof(fc.constantFrom('1', '2', '4'), number), digest],
      ...[fc.constant('257'), fc.constant('3'), fc.constant('13')],
      fc.constantFrom('', '', '', 'AQAB', 'x'),
    ],
  ],
  [Table.hostStatuses, [roid, status]],
  [Table.counted, []],
];
/** What nearly all rows are. */
const plainName = fc.constantFrom(...['a.com', 'A.com', 'b.net', 'b.x.com', 'b.com.', 'c.org']);
const PLAIN: Readonly<Record<number, readonly fc.Arbitrary<string>[]>> = {
  [Table.domain]: [plainName],
  [Table.domainStatuses]: [
    plainName,
    fc.constantFrom('ok', 'serverHold', 'clientTransferProhibited'),
    fc.constantFrom('autoRenewPeriod', '', ''),
  ],
  [Table.serversByRoid]: [plainName, fc.constantFrom('H1-ZW', '9')],
  [Table.serversByName]: [plainName, plainName],
  [Table.attributes]: [plainName, plainName, fc.constant(''), fc.constant('')],
  [Table.dnssec]: [
    ...[plainName, fc.constantFrom('1', '13', '60000'), fc.constantFrom('13', '8')],
    ...[fc.constant('2'), fc.constant('aB'.repeat(32)), fc.constant(''), fc.constant('')],
    ...[fc.constant(''), fc.constant('')],
  ],
};

/** How a field is written. */
const writeField = (text: string, how: number): string => {
  if (how === 1) return `"${text.replaceAll('"', '""')}"`;
  if (how === 2) return `"${text}"x`;
  if (how === 3) return `${text}"`;
  if (how === 4) return `"${text.slice(0, 1)}""${text.slice(1)}"`;
  if (how === 5) return `"${text}\n"`;
  if (how === 6) return `"${text}"\r`;
  if (how === 7) return `"${text},"`;
  return text;
};

const someChunk = fc
  .tuple(
    fc.constantFrom(...TABLES),
    fc.constantFrom(',', ',', ';', '|', '\t', ',', ';', '|', '.'),
    fc.nat(3),
    fc.nat(),
  )
  .chain(([[table, fields], separator, more, turn]) => {
    // The fields stand in some order among others that do not matter; an optional one may lack.
    const width = Math.max(1, fields.length + more);
    const columns = fields.map((_, i) => (i + turn) % width);
    if (table === Table.domainStatuses && turn % 3 === 0) columns[2] = -1;
    const layout = layoutOf(table, columns, width, separator);
    const rowOf = (arbitraries: readonly fc.Arbitrary<string>[], odd: boolean) =>
      fc
        .tuple(
          fc.tuple(...arbitraries),
          fc.array(anything, { minLength: width, maxLength: width }),
          fc.array(odd ? fc.oneof(fc.constant(0), fc.nat(7)) : fc.constantFrom(0, 0, 0, 1), {
            minLength: width,
            maxLength: width,
          }),
          odd ? fc.constantFrom(0, 0, 0, 0, 1, -1) : fc.constant(0),
          fc.constantFrom('\n', '\n', '\n', '\r\n', odd ? '\r\r\n' : '\n'),
        )
        .map(([values, others, how, extra, end]) => {
          const row = odd ? others : others.map(() => 'some text');
          values.forEach((value, i) => {
            if (columns[i] >= 0) row[columns[i]] = value;
          });
          const cells = row.map((text, i) => writeField(text, how[i]));
          return [...cells, 'z'].slice(0, width + extra).join(separator) + end;
        });
    const row = fc.oneof(
      { weight: 6, arbitrary: rowOf(PLAIN[table] ?? fields, false) },
      { weight: 3, arbitrary: rowOf(fields, true) },
      fc.constantFrom('\n', '\r\n', '#\n', '# a,b\n', '#a.com\r\n', '""\n', ' \n', '\r\r\n'),
    );
    return fc
      .tuple(
        fc.array(row, { maxLength: 24, size: 'max' }),
        fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { freq: 3, nil: 1 }),
      )
      .map(([rows, part]): Chunk => {
        const text = new Uint8Array(Buffer.from(rows.join('')));
        // Text beyond the chunk's end must not be seen.
        return { layout, text, length: Math.round(text.length * part) };
      });
  });

const someZones = fc.constantFrom(
  ...[['com'], ['com', 'net'], ['net', 'com', 'x.com', 'a.x.com'], ['.'], ['.', 'xn--p1ai']],
  ...[
    ['b--c', 'com'],
    ['xn--', 'com'],
    ['x_y.com', 'com'],
    ['co', 'com', 'xn--p1ai', 'net'],
  ],
);

it('comes to the same as the long way for any rows', () => {
  const before = PlainRows.prototype.read;
  let short = 0;
  let stops = 0;
  vi.spyOn(PlainRows.prototype, 'read').mockImplementation(function (this: PlainRows, p, line) {
    const behind = before.call(this, p, line);
    short += this.line - line;
    stops++;
    return behind;
  });
  fc.assert(
    fc.property(someZones, fc.array(someChunk, { maxLength: 6, size: 'max' }), (zones, chunks) => {
      expect(read(zones, chunks, IN_MEMORY)).toEqual(readTheLongWay(zones, chunks, IN_MEMORY));
    }),
    { numRuns: 800 },
  );
  // The comparison would prove nothing if all rows went one way.
  expect(short).toBeGreaterThan(2000);
  expect(stops).toBeGreaterThan(2000);
});

it('comes to the same while blocks fill, are spilled and used again', () => {
  const zones = ['com', 'net', 'org'];
  const chunks: Chunk[] = [];
  for (let chunk = 0; chunk < 24; chunk++) {
    let text = '';
    for (let i = 0; i < 4000; i++) {
      const zone = zones[(i * 7 + chunk) % (1 + (chunk % 3))];
      const name = `${'x'.repeat((i * 7) % 60)}${(i * 7919 + chunk) % 1000}.${zone}`;
      text += i % 50 === 0 ? `"${name}",H3\n` : `${name},${i % 3 === 0 ? 'L' : 'H1-ZW'}\n`;
    }
    const octets = new TextEncoder().encode(text);
    const layout = layoutOf(Table.serversByRoid, [0, 1], 2);
    chunks.push({ layout, text: octets, length: octets.length });
  }
  const whole = readTheLongWay(zones, chunks, IN_MEMORY);
  expect(read(zones, chunks, IN_MEMORY)).toEqual(whole);
  // No room for hosts, for some, for all; and bounds that are reached with every chunk, or some.
  for (const memory of [1000, 8000, 4 << 20]) {
    const plan = { folder: tempFolder(), memory, threads: 1 };
    expect(read(zones, chunks, plan)).toEqual(readTheLongWay(zones, chunks, plan));
  }
});

/** A plain row of each table. */
const ROWS: readonly [layout: Layout, row: string][] = [
  [layoutOf(Table.domain, [1], 3), 'D1-ZW,Name-1.a.com,x'],
  [layoutOf(Table.domainStatuses, [0, 1, 2], 3), 'a.com,ClientHold,redemptionPeriod'],
  [layoutOf(Table.domainStatuses, [1, 0, 2], 3), '"ok","a.net",""'],
  [layoutOf(Table.serversByRoid, [0, 1], 2), 'A.com,H1-ZW'],
  [layoutOf(Table.serversByName, [0, 1], 2), 'a.com.,Ns-1.Other.net'],
  [layoutOf(Table.attributes, [1, 0, 2, 3], 4), 'ns.a.com,a.com,,'],
  [layoutOf(Table.dnssec, [0, 1, 2, 3, 4, 5, 6, 7, 8], 9), `a.com,1,13,1,${'Ab'.repeat(20)},,,,`],
  [layoutOf(Table.counted, [], 2), 'a,"b"'],
];

it('comes to the same for plain rows cut off at every octet', () => {
  for (const [layout, row] of ROWS) {
    const text = new TextEncoder().encode(`${row}\n${row}\r\n${row}\n`);
    const chunks = Array.from(text, (_, cut) => ({ layout, text, length: cut + 1 }));
    const zones = ['com', 'net'];
    expect(read(zones, chunks, IN_MEMORY)).toEqual(readTheLongWay(zones, chunks, IN_MEMORY));
  }
});

it('comes to the same with any octet in place of any other', () => {
  for (const [layout, row] of ROWS) {
    const chunks: Chunk[] = [];
    for (let at = 0; at < row.length; at++) {
      const text = new Uint8Array(256 * (row.length + 1));
      // One text with a row for each octet, so that the rows have rows before them.
      for (let c = 0; c < 256; c++) {
        text.set(new TextEncoder().encode(`${row}\n`), c * (row.length + 1));
        text[c * (row.length + 1) + at] = c;
      }
      chunks.push({ layout, text, length: text.length });
    }
    const zones = ['com', 'net'];
    expect(read(zones, chunks, IN_MEMORY), row).toEqual(readTheLongWay(zones, chunks, IN_MEMORY));
  }
});
