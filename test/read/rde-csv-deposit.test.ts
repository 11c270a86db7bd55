/** The XML of deposits (RFC 8909, RFC 9022 §4.6.2.1): what is read from it and what is refused. */
import { describe, expect, it } from 'vitest';
import { isSafePath, MAX_XML, readDepositXml } from '#zonewright/read/rde-csv-deposit.js';
import { type DepositText, depositParts, domainsOnly } from './deposit.js';

async function* pieces(text: string | Uint8Array): AsyncGenerator<Uint8Array> {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  // Cut in odd places: the reader streams.
  for (let i = 0; i < bytes.length; i += 61) yield bytes.subarray(i, i + 61);
}

const read = (text: string | Uint8Array) => readDepositXml(pieces(text), 'd.xml');
const xmlOf = (deposit: DepositText): string => depositParts(deposit).xml;
const failure = (text: string | Uint8Array): Promise<string> =>
  read(text).then(
    () => 'no failure',
    (error: { exitCode: number; message: string }) => `${error.exitCode} ${error.message}`,
  );

describe('the XML of a deposit', () => {
  it('gives files, fields, separators, checksums and counts', async () => {
    const deposit = await read(
      xmlOf({
        csv: [
          {
            name: 'domainNameServers',
            fields: ['csvDomain:fName', 'rdeCsv:fRoid'],
            text: '',
            file: 'ns.csv',
            sep: '|',
            attributes: 'cksum="1ab" compression="gzip"',
          },
        ],
        counts: { csvDomain: 4, 'csvDomain test': 2 },
      }),
    );
    expect(deposit).toEqual({
      id: '20191017001',
      watermark: '2019-10-18T00:00:00Z',
      counts: [
        { object: 'csvDomain', rcdn: undefined, registrarId: undefined, count: 4 },
        { object: 'csvDomain', rcdn: 'test', registrarId: undefined, count: 2 },
      ],
      csv: [
        {
          object: 'csvDomain',
          name: 'domainNameServers',
          separator: 0x7c,
          fields: [
            { object: 'csvDomain', name: 'fName' },
            { object: 'rdeCsv', name: 'fRoid' },
          ],
          files: [
            { name: 'ns.csv', gzip: true, checksum: { algorithm: 'CRC32', value: '000001AB' } },
          ],
        },
      ],
    });
  });

  it('goes by namespaces, not by prefixes (RFC 8909 §4)', async () => {
    const xml = xmlOf(domainsOnly(''));
    const renamed = xml.replaceAll('rdeCsv:', 'x:').replaceAll('xmlns:rdeCsv', 'xmlns:x');
    expect(await read(renamed)).toEqual(await read(xml));
    expect((await read(xml)).csv).toHaveLength(1);
  });

  const bomb = '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>';
  const plain = xmlOf(domainsOnly(''));
  const refused: [string, string | Uint8Array, RegExp][] = [
    ['a document type declaration', xmlOf(domainsOnly('', { prolog: bomb })), /document type/],
    ['an entity', plain.replace('20191017001', '&b;'), /not well-formed.*entity/],
    ['XML that is not well-formed', plain.replace('</rde:contents>', ''), /not well-formed/],
    ['XML that is cut off', plain.slice(0, -30), /not well-formed/],
    ['an empty file', '', /not well-formed|empty/],
    ['something else', '<a/>', /no data escrow deposit/],
    ['a wrong namespace', plain.replaceAll(':rde-1.0', ':rde-2.0'), /no data escrow deposit/],
    ['no type', plain.replace('type="FULL"', ''), /no attribute type/],
    ['an unknown type', plain.replace('FULL', 'HALF'), /no known type/],
    [
      'deep nesting',
      plain.replace('</rde:contents>', `${'<a>'.repeat(40)}</rde:contents>`),
      /deeper than/,
    ],
    ['UTF-16', Buffer.from(plain, 'utf16le'), /not UTF-8|not well-formed/],
    ['another encoding', plain.replace('encoding="UTF-8"', 'encoding="ISO-8859-1"'), /encoding/],
    [
      'octets that are not UTF-8',
      Buffer.concat([Buffer.from(plain), Buffer.from([0xff])]),
      /not UTF-8/,
    ],
    [
      'objects of the XML model',
      xmlOf(domainsOnly('', { extra: '<rdeDomain:domain/>' })),
      /XML model/,
    ],
    [
      'a path out of the folder',
      plain.replace('0-domain.csv', '../etc/passwd'),
      /lie in its folder/,
    ],
    ['an absolute path', plain.replace('0-domain.csv', '/etc/passwd'), /lie in its folder/],
    ['another compression', plain.replace('cksum=', 'compression="xz" cksum='), /only gzip/],
    ['another file encoding', plain.replace('cksum=', 'encoding="UTF-16" cksum='), /only UTF-8/],
    ['another checksum', plain.replace('cksum=', 'cksumAlg="MD5" cksum='), /only CRC32 and SHA256/],
    ['a checksum that is none', plain.replace(/cksum="[^"]*"/, 'cksum="xyz"'), /no CRC32/],
    ['cksumAlg without cksum', plain.replace(/cksum="[^"]*"/, 'cksumAlg="CRC32"'), /but no cksum/],
    ['a separator of two characters', plain.replace('sep=","', 'sep=",,"'), /sep must be/],
    ['a separator that names hold', plain.replace('sep=","', 'sep="."'), /sep must be/],
  ];
  for (const [what, text, message] of refused) {
    it(`refuses ${what}`, async () => {
      expect(await failure(text)).toMatch(/^3 /);
      expect(await failure(text)).toMatch(message);
    });
  }

  it('is bounded in size', async () => {
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(plain.slice(0, plain.indexOf('<rde:contents>')));
      for (;;) yield Buffer.alloc(1 << 20, 0x20);
    }
    await expect(readDepositXml(endless(), 'd.xml')).rejects.toThrow(`longer than ${MAX_XML}`);
    const text = plain.replace('20191018', '').replace('Z</rde', `Z${'x'.repeat(70_000)}</rde`);
    expect(await failure(text)).toMatch(/more than 65536 characters/);
  });
});

describe('isSafePath', () => {
  it('accepts plain relative paths only', () => {
    const good = ['a.csv', 'sub/a.csv', '.hidden', 'a..b'];
    const bad = ['', '/a', '../a', 'a/../b', 'a//b', './a', 'a\\b', 'a\0b', 'a\nb', '..', 'a/'];
    expect(good.filter((path) => !isSafePath(path))).toEqual([]);
    expect(bad.filter((path) => isSafePath(path))).toEqual([]);
  });
});
