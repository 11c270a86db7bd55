/** Exports as folders and tar files: the same facts, nothing but named regular files, bounds. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32, gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { type DepositText, depositParts, tempFolder, writeDepositFolder } from './deposit.js';
import { readFacts } from './registry-facts.js';

const DEPOSIT: DepositText = {
  csv: [
    { name: 'domain', fields: ['csvDomain:fName'], text: 'a.example\nb.example\n', gzip: true },
    {
      name: 'domainNameServers',
      fields: ['csvDomain:fName', 'rdeCsv:fRoid'],
      text: 'a.example,H1-X\n',
    },
    { name: 'host', fields: ['csvHost:fName', 'rdeCsv:fRoid'], text: 'ns.b.example,H1-X\n' },
  ],
  counts: { csvDomain: 2, csvHost: 1 },
};
const FACTS = ['a.example. DOMAIN', 'a.example. NS 172800 ns.b.example.', 'b.example. DOMAIN'];

type Member = [name: string, body: string | Uint8Array, type?: 'symlink' | 'link'];

async function tarOf(members: readonly Member[]): Promise<Buffer> {
  const stream = pack();
  for (const [name, body, type] of members) {
    if (type === undefined) stream.entry({ name }, Buffer.from(body));
    else stream.entry({ name, type, linkname: String(body) });
  }
  stream.finalize();
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(Buffer.from(part as Uint8Array));
  return Buffer.concat(parts);
}

function members(deposit: DepositText, prefix = ''): Member[] {
  const { xml, files } = depositParts(deposit);
  return [
    ...Array.from(files, ([name, body]): Member => [prefix + name, body]),
    [`${prefix}deposit.xml`, xml],
  ];
}

function save(bytes: Uint8Array, name = 'deposit.tar'): string {
  const path = join(tempFolder(), name);
  writeFileSync(path, bytes);
  return path;
}

const failure = (path: string): Promise<string> =>
  readFacts(path).then(
    () => 'no failure',
    (error: { exitCode: number; message: string; place?: { file: string } }) =>
      `${error.exitCode} ${error.place?.file.replace(/^.*zonewright-test-\w+\/?/, '')} ${error.message}`,
  );

describe('an export', () => {
  it('is read from a folder, or by its XML file', async () => {
    const folder = writeDepositFolder(DEPOSIT);
    expect((await readFacts(folder)).facts).toEqual(FACTS);
    expect((await readFacts(join(folder, 'deposit.xml'))).facts).toEqual(FACTS);
  });

  it('with a named pipe in place of a file is refused; nobody waits for a writer', async () => {
    const folder = writeDepositFolder(DEPOSIT);
    rmSync(join(folder, '2-host.csv'));
    execFileSync('mkfifo', [join(folder, '2-host.csv')]);
    expect(await failure(folder)).toBe('3 2-host.csv is no regular file');
  });

  it('is read from a tar file, plain and gzip, with or without a folder in it', async () => {
    for (const prefix of ['', './', 'deposit/', './a/b/']) {
      const tar = await tarOf([...members(DEPOSIT, prefix), ['other/../x', 'unread']]);
      expect((await readFacts(save(tar))).facts).toEqual(FACTS);
      expect((await readFacts(save(gzipSync(tar), 'deposit.tgz'))).facts).toEqual(FACTS);
    }
  });

  it('may have the checksum of the packed or of the unpacked file', async () => {
    const [domain, ...rest] = DEPOSIT.csv;
    const text = Buffer.from(domain.text as string);
    const packed = gzipSync(text);
    const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
    for (const sum of [
      `cksum="${crc32(text).toString(16)}"`,
      `cksumAlg="SHA256" cksum="${sha(text)}"`,
      `cksumAlg="SHA256" cksum="${sha(packed)}"`,
    ]) {
      const csv = [{ ...domain, attributes: `compression="gzip" ${sum}` }, ...rest];
      expect((await readFacts(writeDepositFolder({ ...DEPOSIT, csv }))).facts).toEqual(FACTS);
    }
  });

  it('must hold every file that the XML names', async () => {
    const folder = writeDepositFolder(DEPOSIT);
    rmSync(join(folder, '0-domain.csv'));
    expect(await failure(folder)).toBe('3 0-domain.csv there is no such file');
    const tar = await tarOf(members(DEPOSIT).filter(([name]) => name !== '2-host.csv'));
    expect(await failure(save(tar))).toBe('3 deposit.tar(2-host.csv) there is no such file');
  });

  it('must hold one XML file', async () => {
    const folder = writeDepositFolder(DEPOSIT);
    writeFileSync(join(folder, 'second.xml'), '<a/>');
    expect(await failure(folder)).toMatch(/^3 .*holds 2 XML files/);
    expect(await failure(tempFolder())).toMatch(/holds no XML file/);
    expect(await failure(save(await tarOf([['a', 'b']])))).toMatch(/holds no XML file/);
    expect(await failure(join(tempFolder(), 'nothing'))).toBe('3 nothing there is no such file');
  });

  it('is not left through links', async () => {
    const outside = save(Buffer.from('secret.example\n'), 'secret');
    const folder = writeDepositFolder(DEPOSIT);
    rmSync(join(folder, '0-domain.csv'));
    symlinkSync(outside, join(folder, '0-domain.csv'));
    expect(await failure(folder)).toBe('3 0-domain.csv is a link that leads out of the export');
    rmSync(join(folder, '0-domain.csv'));
    symlinkSync(join(folder, '1-domainNameServers.csv'), join(folder, '0-domain.csv'));
    expect(await failure(folder)).toMatch(/is a link; an export must hold its files itself/);
    rmSync(join(folder, '0-domain.csv'));
    mkdirSync(join(folder, '0-domain.csv'));
    expect(await failure(folder)).toMatch(/^3 0-domain.csv (is no regular file|can't read it)/);
    for (const type of ['symlink', 'link'] as const) {
      const tar = await tarOf([
        ...members(DEPOSIT).filter(([name]) => name !== '0-domain.csv'),
        ['0-domain.csv', outside, type],
      ]);
      expect(await failure(save(tar))).toBe('3 deposit.tar(0-domain.csv) is no regular file');
    }
  });

  it('must not have a file twice', async () => {
    const all = members(DEPOSIT);
    expect(await failure(save(await tarOf([...all, all[0]])))).toMatch(
      /0-domain.csv\) is there twice/,
    );
  });

  it('must be whole', async () => {
    const tar = await tarOf(members(DEPOSIT));
    const cut = save(tar);
    truncateSync(cut, 1000);
    expect(await failure(cut)).toMatch(/^3 deposit.tar is no whole tar file/);
    const packed = gzipSync(tar);
    expect(await failure(save(packed.subarray(0, packed.length - 9)))).toMatch(/ends too early/);
    const damaged = Buffer.from(packed);
    damaged[damaged.length - 6] ^= 1;
    expect(await failure(save(damaged))).toMatch(/is damaged/);
    expect(await failure(save(new Uint8Array(0)))).toMatch(/is empty/);
    expect(await failure(save(Buffer.alloc(4096, 0x41)))).toMatch(/no whole tar file/);
  });

  it('has whole packed files', async () => {
    const folder = writeDepositFolder({
      ...DEPOSIT,
      csv: DEPOSIT.csv.map((csv) => ({ ...csv, attributes: csv.gzip ? 'compression="gzip"' : '' })),
    });
    const file = join(folder, '0-domain.csv');
    const bytes = await readFile(file);
    writeFileSync(file, bytes.subarray(0, bytes.length - 4));
    expect(await failure(folder)).toBe('3 0-domain.csv the gzip data ends too early');
    writeFileSync(file, 'a.example\n');
    expect(await failure(folder)).toMatch(/the gzip data is damaged/);
  });

  it('does not unpack without bound', async () => {
    // Three layers of zeros pack by a factor of a thousand.
    const bomb = gzipSync(Buffer.alloc(100 << 20));
    const folder = writeDepositFolder({
      csv: [
        {
          name: 'domain',
          fields: ['csvDomain:fName'],
          text: bomb,
          attributes: 'compression="gzip"',
        },
      ],
    });
    expect(await failure(folder)).toMatch(/unpacks to more than|a record is longer/);
    const lines = gzipSync(Buffer.alloc(100 << 20, '\n'));
    writeFileSync(join(folder, '0-domain.csv'), lines);
    expect(await failure(folder)).toMatch(/unpacks to more than 200 times/);
  });
});
