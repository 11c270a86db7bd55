/** A previous zone is data that was left lying about: damage costs a full signing, no more. */
import { execFileSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { NOW, newKey } from '../keys/helpers.js';
import { start, tempDir, zonewright } from '../tools/cli.js';
import { DAY, fileOf, isRrsig, keptOf, newKeyDir, type Resigned, resign } from './resign.js';

const TEXT = `$ORIGIN example.
$TTL 3600
@ IN SOA ns1 host 1 7200 3600 1209600 300
@ NS ns1
ns1 A 192.0.2.1
a NS ns.elsewhere.
a DS 1 13 2 ${'AB'.repeat(32)}
b NS ns.elsewhere.
c TXT "(x)" "; $y"
`;
const NEXT_DAY = { now: NOW + DAY };

let keys: string;
let previous: Resigned;
let all: number;
beforeAll(async () => {
  keys = newKeyDir();
  const timing = { created: NOW - DAY, publish: NOW - DAY, activate: NOW - DAY };
  newKey(keys, 'ksk', timing);
  newKey(keys, 'zsk', timing);
  previous = await resign(TEXT, keys);
  // ZONEMD's is made at the end.
  all = previous.records.filter(isRrsig).length - 1;
});

const lines = (): string[] => previous.text.split('\n');
const reversed = (): string => [lines()[0], ...lines().slice(1, -1).reverse(), ''].join('\n');

describe('a previous zone that is no zone', () => {
  it.each([
    ['empty', () => ''],
    ['one line feed', () => '\n'],
    ['something else', () => 'PK\u0003\u0004 this is no zone file\n'],
    ['octets of all values', () => Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919) >> 3)],
    ['another zone’s', () => previous.text.replaceAll('example.', 'elsewhere.')],
    ['cut off in a line', () => previous.text.slice(0, -20)],
    ['a gzip file that is cut off', () => gzipSync(previous.text).subarray(0, 500)],
    ['a zone that is not signed', () => TEXT],
    ['garbage in the midst', () => previous.text.replace('\tsoa\t', '\t\u0000\t')],
    ['a line of another kind', () => `${lines()[0]}\nexample.\t1\tin\t?\t1\n`],
  ])('%s', async (_, text) => {
    const next = await resign(TEXT, keys, { ...NEXT_DAY, previous: fileOf(text()) });
    expect(keptOf(previous, next)).toBe(0);
    expect(next.warnings).toEqual([expect.stringContaining('every signature is made anew')]);
  });
});

describe('a previous zone that can be used', () => {
  it.each([
    ['as it was written', () => previous.text],
    ['gzip', () => gzipSync(previous.text)],
    ['another order', () => reversed()],
    ['a directive in the midst', () => previous.text.replace('\na.', '\n$TTL 5\na.')],
    ['comments and blank owners', () => `; x\n${previous.text.replace(/\n(\S+)\t/g, '\n$1 ')}`],
    ['the SOA again at its end', () => `${previous.text}${lines()[0]}\n`],
  ])('%s', async (_, text) => {
    const next = await resign(TEXT, keys, { ...NEXT_DAY, previous: fileOf(text()) });
    expect(keptOf(previous, next)).toBeGreaterThanOrEqual(all - 1);
    expect(next.warnings).toEqual([]);
  });

  it('a generation’s folder means the zone file in it', async () => {
    const folder = tempDir('reuse-folder');
    appendFileSync(join(folder, 'example.zone'), previous.text);
    const next = await resign(TEXT, keys, { ...NEXT_DAY, previous: folder });
    expect(keptOf(previous, next)).toBe(all);
  });

  it('what is lacking in it is signed', async () => {
    const half = lines()
      .filter((line) => !line.startsWith('a.'))
      .join('\n');
    const next = await resign(TEXT, keys, { ...NEXT_DAY, previous: fileOf(half) });
    expect(keptOf(previous, next)).toBe(all - 1);
  });
});

describe('a signature that does not verify', () => {
  /** The DS signature with another last octet. */
  const spoilt = (): string =>
    previous.text.replace(/(\trrsig\tDS .*)(..)==\n/, (_, start: string, end: string) => {
      return `${start}${end === 'AA' ? 'BA' : 'AA'}==\n`;
    });

  it('is found before publication, and the zone is made once more', async () => {
    expect(spoilt()).not.toBe(previous.text);
    const next = await resign(TEXT, keys, { ...NEXT_DAY, previous: fileOf(spoilt()) });
    expect(keptOf(previous, next)).toBe(0);
    expect(next.text).toBe((await resign(TEXT, keys, NEXT_DAY)).text);
    expect(next.warnings).toEqual([expect.stringContaining('the zone is made once more')]);
  });

  it('stays where nobody verifies', async () => {
    const next = await resign(TEXT, keys, {
      ...NEXT_DAY,
      previous: fileOf(spoilt()),
      verify: false,
    });
    expect(keptOf(previous, next)).toBe(all - 1);
  });
});

describe('an RRset that was larger', () => {
  const DS = `a DS 0 13 2 ${'CD'.repeat(32)}\n`;
  const larger = (): Promise<Resigned> => resign(`${TEXT}c TXT "a"\n${DS}`, keys);

  it.each([
    ['a letter in upper case', (text: string) => text.replace(/^c(.*"a")/m, 'C$1')],
    ['an escaped octet', (text: string) => text.replace(/^c(.*"a")/m, '\\099$1')],
    [
      'the same, where the signature is',
      (text: string) => text.replace(/^c(.*rrsig\tTXT)/m, 'C$1'),
    ],
    [
      'DS before NS',
      (text: string) => text.replace(/^(a\..*\tns\t.*\n)(a\..*\tds\t.*\n)/m, '$2$1'),
    ],
  ])('is not taken for the one that is left: %s', async (_, change) => {
    const old = (await larger()).text;
    expect(change(old)).not.toBe(old);
    const options = { ...NEXT_DAY, previous: fileOf(change(old)), verify: false };
    const next = await resign(TEXT, keys, options);
    expect((await resign(TEXT, keys, { ...NEXT_DAY, previous: fileOf(old) })).text).toBe(next.text);
  });
});

describe('--previous', () => {
  it('that is not there is a usage error', async () => {
    const folder = tempDir('reuse-missing');
    const done = await zonewright([
      ...['sign', fileOf(TEXT), '--zone', 'example', '--key-dir', keys, '--now', '2026-11-23'],
      ...['--output', join(folder, 'out'), '--previous', join(folder, 'no.zone')],
    ]);
    expect(done.status).toBe(2);
    expect(done.stderr).toContain('--previous');
  });

  it('counts what was kept', async () => {
    const folder = tempDir('reuse-json');
    const done = await zonewright([
      ...['sign', fileOf(TEXT), '--zone', 'example', '--key-dir', keys, '--json'],
      ...['--now', '2026-11-23T00:00:00Z', '--output', join(folder, 'out')],
      ...['--previous', previous.file],
    ]);
    expect(done.status, done.stderr).toBe(0);
    expect(JSON.parse(done.stdout).signatures.reused).toBe(all);
    expect(done.stderr).toContain(`${all} kept`);
  });

  it('may be a named pipe, which can be opened but once', async () => {
    const folder = tempDir('reuse-pipe');
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    // More than a pipe holds: the writer is still at it when the reader looks a second time.
    const old = fileOf(`${previous.text}${'; nothing but a comment\n'.repeat(50_000)}`);
    const writer = start('sh', ['-c', 'cat "$1" > "$2"', 'sh', old, pipe]);
    try {
      const done = await zonewright(
        [
          ...['sign', fileOf(TEXT), '--zone', 'example', '--key-dir', keys, '--now', '2026-11-23'],
          ...['--output', join(folder, 'out'), '--previous', pipe],
        ],
        { timeout: 20_000 },
      );
      expect(done.status).toBe(0);
      expect(done.stderr).not.toContain('made anew');
      expect((await writer.finished).status).toBe(0);
    } finally {
      writer.child.kill();
    }
  });
});
