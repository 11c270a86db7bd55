import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nameFromKey, nameFromText, nameToText } from '#zonewright/names/name.js';
import { type Reject, readMaster } from '#zonewright/read/master.js';
import { createPlaces } from '#zonewright/read/places.js';
import { FACT_HEADER, factLength, factTtl, factType } from '#zonewright/records/entry.js';
import { rdataToText } from '#zonewright/records/rdata.js';
import { typeToText } from '#zonewright/records/types.js';
import { Cursor } from '#zonewright/sort/cursor.js';
import { createPool, type Pool } from '#zonewright/threads/pool.js';
import { tempDir } from '../tools/cli.js';

interface Read {
  readonly records: string[];
  readonly rejects: Reject[];
  readonly dropped: ReadonlyMap<number, number>;
}

async function readFile(
  path: string,
  how: {
    zone?: string;
    dropDnssec?: boolean;
    pool?: Pool;
    source?: AsyncIterable<Uint8Array>;
  } = {},
): Promise<Read> {
  const apex = nameFromText(how.zone ?? 'example.');
  const pool = how.pool ?? createPool(0);
  const rejects: Reject[] = [];
  const facts = await readMaster(path, {
    apex,
    dropDnssec: how.dropDnssec ?? false,
    pool,
    places: createPlaces(),
    reject: (reject) => rejects.push(reject),
    ...(how.source === undefined ? {} : { source: how.source }),
  });
  const records: string[] = [];
  const cursor = new Cursor(facts.runs);
  while (cursor.next()) {
    const owner = nameToText(
      nameFromKey(cursor.keyBlock.slice(cursor.keyStart, cursor.keyEnd), apex),
    );
    for (let i = 0; i < cursor.parts; i++) {
      const block = cursor.partBlocks[i];
      for (let at = cursor.partStarts[i]; at < cursor.partEnds[i]; ) {
        const type = factType(block, at);
        const p = at + FACT_HEADER;
        const rdata = rdataToText(type, block.slice(p, p + factLength(block, at)));
        records.push(`${owner} ${factTtl(block, at)} ${typeToText(type)} ${rdata}`);
        at = p + factLength(block, at);
      }
    }
  }
  return { records: records.sort(), rejects, dropped: facts.dropped };
}

function readText(
  text: string | Uint8Array,
  how: Parameters<typeof readFile>[1] = {},
): Promise<Read> {
  const path = join(tempDir(), 'zone');
  writeFileSync(path, text);
  return readFile(path, how);
}

describe('a master file (RFC 1035 §5)', () => {
  it('may use relative names, @, blank owners, parentheses, comments and TTL units', async () => {
    const { records, rejects } = await readText(
      [
        '; a comment',
        '$TTL 1d',
        '@ IN SOA ns1 hostmaster ( ; opened',
        '   2026112201 ; serial',
        '\t1h 15m 1w',
        ') 300)',
      ]
        .join('\n')
        .replace(') 300)', '  300 )') +
        '\n  NS ns1\n\tNS ns2.other.\n$ORIGIN sub\nwww 60 IN A 192.0.2.1\n    IN 61 AAAA 2001:DB8::1\n*.w 1H TXT "a;b" c\\"d\n$ORIGIN example.\nX.y.EXAMPLE. TYPE65534 \\# 4 0A000001\n',
    );
    expect(rejects).toEqual([]);
    expect(records).toEqual([
      '*.w.sub.example. 3600 TXT "a;b" "c\\"d"',
      'example. 86400 NS ns1.example.',
      'example. 86400 NS ns2.other.',
      'example. 86400 SOA ns1.example. hostmaster.example. 2026112201 3600 900 604800 300',
      'www.sub.example. 60 A 192.0.2.1',
      'www.sub.example. 61 AAAA 2001:db8::1',
      'x.y.example. 86400 TYPE65534 \\# 4 0A000001',
    ]);
  });

  it('may be in the old .com style: relative upper-case names, no TTL, no class', async () => {
    const { records, rejects } = await readText(
      '$ORIGIN COM.\n$TTL 900\n@ IN SOA A.GTLD-SERVERS.NET. NSTLD.VERISIGN-GRS.COM. (\n1\n2\n3\n4\n5 )\n$TTL 172800\n NS A.GTLD-SERVERS.NET.\n0-0 NS NS1.EXAMPLE\n0-0 NS NS2.EXAMPLE.NET.\nNS1.EXAMPLE A 192.0.2.1\n',
      { zone: 'com.' },
    );
    expect(rejects).toEqual([]);
    expect(records).toEqual([
      '0-0.com. 172800 NS ns1.example.com.',
      '0-0.com. 172800 NS ns2.example.net.',
      'com. 172800 NS a.gtld-servers.net.',
      'com. 900 SOA a.gtld-servers.net. nstld.verisign-grs.com. 1 2 3 4 5',
      'ns1.example.com. 172800 A 192.0.2.1',
    ]);
  });

  it.each([
    ['CRLF', 'a 60 A 192.0.2.1\r\nb 60 A 192.0.2.2\r\n'],
    ['a byte order mark', '\ufeffa 60 A 192.0.2.1\nb 60 A 192.0.2.2\n'],
    ['no line feed at its end', 'a 60 A 192.0.2.1\nb 60 A 192.0.2.2'],
    ['blank lines and comments', '\n \n;\n  ; x\na 60 A 192.0.2.1 ; y\n\t\nb 60 A 192.0.2.2;z\n'],
    ['class before and after the TTL', 'a IN 60 A 192.0.2.1\nb 60 in a 192.0.2.2\n'],
    ['CLASS1 and TYPE1', 'a CLASS1 60 TYPE1 192.0.2.1\nb 60 A \\# 4 C0000202\n'],
  ])('may have %s', async (_, text) => {
    const { records, rejects } = await readText(text);
    expect(rejects).toEqual([]);
    expect(records).toEqual(['a.example. 60 A 192.0.2.1', 'b.example. 60 A 192.0.2.2']);
  });

  it('may hold U-labels in UTF-8 (IDNA 2008), and not what is none', async () => {
    const { records, rejects } = await readText('Bücher 60 A 192.0.2.1\n💩 60 A 192.0.2.2\n');
    expect(records).toEqual(['xn--bcher-kva.example. 60 A 192.0.2.1']);
    expect(rejects).toMatchObject([{ line: 2, field: 'owner' }]);
  });

  it('keeps the last TTL where no $TTL is given (RFC 1035 §5.1)', async () => {
    const { records } = await readText('a 60 A 192.0.2.1\nb A 192.0.2.2\n');
    expect(records).toEqual(['a.example. 60 A 192.0.2.1', 'b.example. 60 A 192.0.2.2']);
  });

  it.each([
    ['a 60 A 192.0.2.256', 'rdata'],
    ['a 60 A', 'rdata'],
    ['a 60 A 192.0.2.1 x', 'rdata'],
    ['a 60 CH A 192.0.2.1', 'class'],
    ['a 60 CLASS3 A 192.0.2.1', 'class'],
    ['a 4294967296 A 192.0.2.1', 'ttl'],
    ['a 60 NOTYPE 1', 'type'],
    ['a 60 ANY 1', 'type'],
    ['a 60', 'type'],
    ['a..b 60 A 192.0.2.1', 'owner'],
    ['a.other. 60 A 192.0.2.1', 'owner'],
    ['a 60 TXT "open', 'line'],
    ['a 60 A 192.0.2.1 )', 'line'],
    ['$TTL x', '$TTL'],
    ['$ORIGIN', '$ORIGIN'],
    ['$GENERATE 1-2 a A 192.0.2.$', '$GENERATE'],
    ['x A 192.0.2.1', 'ttl'],
    ['a 60 NS a..b', 'rdata'],
  ])('has a faulty record rejected with line, field and text: %s', async (line, field) => {
    const { records, rejects } = await readText(`; first\n${line}\nb 60 A 192.0.2.2\n`);
    expect(rejects).toHaveLength(1);
    expect(rejects[0]).toMatchObject({ line: 2, field, text: line });
    expect(rejects[0].reason).not.toBe('');
    expect(records).toEqual(['b.example. 60 A 192.0.2.2']);
  });

  it('has the line at which an open parenthesis began', async () => {
    const { rejects } = await readText('a 60 A 192.0.2.2\nb 60 A ( 192.0.2.1\nc 60 A 192.0.2.1\n');
    expect(rejects).toMatchObject([{ line: 2, field: 'line' }]);
  });

  it('loses what an earlier signing added, counted by type', async () => {
    const { records, dropped } = await readText(
      '@ 60 NSEC3PARAM 1 0 0 -\n@ 60 NS a.\n@ 60 RRSIG NS 13 1 60 20260101000000 20250101000000 1 example. AAAA\na 60 DS 1 13 2 ' +
        `${'00'.repeat(32)}\na 60 NSEC b A\nsub 60 ZONEMD 1 1 1 ${'00'.repeat(48)}\n`,
      { dropDnssec: true },
    );
    expect(records.map((r) => r.split(' ').slice(0, 3).join(' '))).toEqual([
      'a.example. 60 DS',
      'example. 60 NS',
      'sub.example. 60 ZONEMD',
    ]);
    expect([...dropped].sort()).toEqual([
      [46, 1],
      [47, 1],
      [51, 1],
    ]);
  });

  it('may include files of its folder, with an origin of their own, and goes on as before', async () => {
    const dir = tempDir();
    mkdirSync(join(dir, 'more'));
    writeFileSync(
      join(dir, 'zone'),
      '$TTL 60\na A 192.0.2.1\n$INCLUDE more/one sub\n  A 192.0.2.2\nz A 192.0.2.9\n',
    );
    writeFileSync(join(dir, 'more', 'one'), '@ A 192.0.2.3\nb A 192.0.2.4\nbad A x\n');
    const { records, rejects } = await readFile(join(dir, 'zone'));
    expect(records).toEqual([
      'a.example. 60 A 192.0.2.1',
      'a.example. 60 A 192.0.2.2',
      'b.sub.example. 60 A 192.0.2.4',
      'sub.example. 60 A 192.0.2.3',
      'z.example. 60 A 192.0.2.9',
    ]);
    expect(rejects).toMatchObject([{ file: join(dir, 'more', 'one'), line: 3 }]);
  });

  it('may not include what lies outside its folder, nor itself', async () => {
    const dir = tempDir();
    const inner = join(dir, 'inner');
    mkdirSync(inner);
    writeFileSync(join(dir, 'secret'), 'a 60 A 192.0.2.1\n');
    symlinkSync(join(dir, 'secret'), join(inner, 'link'));
    for (const target of ['../secret', join(dir, 'secret'), 'link', '/etc/hostname']) {
      writeFileSync(join(inner, 'zone'), `$INCLUDE ${target}\n`);
      await expect(readFile(join(inner, 'zone'))).rejects.toMatchObject({ exitCode: 3 });
    }
    writeFileSync(join(inner, 'zone'), '$INCLUDE zone\n');
    await expect(readFile(join(inner, 'zone'))).rejects.toMatchObject({ exitCode: 3 });
  });

  it('is an error of exit code 3 when it is missing, cut off, or a gzip bomb', async () => {
    const dir = tempDir();
    await expect(readFile(join(dir, 'none'))).rejects.toMatchObject({ exitCode: 3 });
    const packed = gzipSync('a 60 A 192.0.2.1\n'.repeat(1000));
    writeFileSync(join(dir, 'cut'), packed.subarray(0, packed.length - 12));
    await expect(readFile(join(dir, 'cut'))).rejects.toMatchObject({ exitCode: 3 });
    const damaged = Buffer.from(packed);
    damaged[40] ^= 0xff;
    writeFileSync(join(dir, 'damaged'), damaged);
    await expect(readFile(join(dir, 'damaged'))).rejects.toMatchObject({ exitCode: 3 });
    writeFileSync(join(dir, 'bomb'), gzipSync(Buffer.alloc(160 << 20, ';')));
    await expect(readFile(join(dir, 'bomb'))).rejects.toMatchObject({ exitCode: 3 });
  });
});

describe('reading in chunks and threads', () => {
  /** Lines that lean on each other: blank owners, directives, parentheses over lines. */
  const line = fc.oneof(
    fc.integer({ min: 0, max: 50 }).map((n) => `h${n} 60 A 192.0.2.${n}\n`),
    fc.integer({ min: 0, max: 50 }).map((n) => ` A 192.0.2.${n}\n`),
    fc.integer({ min: 0, max: 9 }).map((n) => `$ORIGIN s${n}.example.\n`),
    fc.integer({ min: 1, max: 9 }).map((n) => `$TTL ${n}\n`),
    fc.integer({ min: 0, max: 50 }).map((n) => `p${n} TXT ( "a"\n\n ; x )\n "${n}" )\n`),
    fc.constant('; comment\n\n'),
  );

  it('gives what reading at one go gives, wherever the text is cut', async () => {
    const pool = createPool(2);
    try {
      await fc.assert(
        fc.asyncProperty(
          fc.array(line, { maxLength: 40 }),
          fc.integer({ min: 1, max: 400 }),
          async (lines, size) => {
            const head = '$TTL 300\nfirst A 192.0.2.0\n';
            // Padding makes the text longer than the first chunk, so that it is cut for sure.
            const pad = `${`pad A 192.0.2.200\n`.repeat(4000)}`;
            const text = Buffer.from(head + pad + lines.join('').repeat(size));
            const pieces = async function* (): AsyncGenerator<Uint8Array> {
              for (let at = 0; at < text.length; at += 50_000) {
                yield new Uint8Array(text.subarray(at, at + 50_000));
              }
            };
            const whole = async function* (): AsyncGenerator<Uint8Array> {
              yield new Uint8Array(text);
            };
            const one = await readFile('text', { source: whole() });
            const many = await readFile('text', { source: pieces(), pool });
            expect(many.rejects).toEqual(one.rejects);
            expect(many.records).toEqual(one.records);
            expect(one.records.length).toBeGreaterThan(4000);
          },
        ),
        { numRuns: 15 },
      );
    } finally {
      await pool.close();
    }
  });
});
