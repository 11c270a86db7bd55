/** Writes deposits of the CSV model for the tests of their reader: any fields, any text. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { crc32, gzipSync } from 'node:zlib';
import { afterAll } from 'vitest';

export interface CsvText {
  /** `domain`, `domainStatuses`… */
  readonly name: string;
  /** Fields with their prefix, e.g. `csvDomain:fName`. */
  readonly fields: readonly string[];
  readonly text: string | Uint8Array;
  readonly file?: string;
  readonly sep?: string;
  /** Attributes of the file element in place of the right checksum. */
  readonly attributes?: string;
  readonly gzip?: boolean;
}

export interface DepositText {
  readonly csv: readonly CsvText[];
  /** object (and rcdn) to count. */
  readonly counts?: Readonly<Record<string, number>>;
  readonly type?: string;
  /** Something in front of the root element. */
  readonly prolog?: string;
  /** Elements at the end of the contents. */
  readonly extra?: string;
}

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder that goes when the tests of the file are over. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'zonewright-test-'));
  folders.push(folder);
  return folder;
}

const uri = (prefix: string): string => `urn:ietf:params:xml:ns:${prefix}-1.0`;
const PREFIXES = ['rde', 'rdeCsv', 'rdeHeader', 'rdeDomain', 'csvDomain', 'csvHost', 'csvNNDN'];

function objectOf(name: string): string {
  if (name === 'NNDN') return 'csvNNDN';
  return name.startsWith('host') ? 'csvHost' : 'csvDomain';
}

/** The XML of a deposit, and the octets of its files. */
export function depositParts(deposit: DepositText): {
  xml: string;
  files: Map<string, Uint8Array>;
} {
  const files = new Map<string, Uint8Array>();
  const csv = deposit.csv.map((one, i) => {
    const text = typeof one.text === 'string' ? Buffer.from(one.text) : one.text;
    const bytes = one.gzip === true ? gzipSync(text) : text;
    const file = one.file ?? `${i}-${one.name}.csv`;
    files.set(file, bytes);
    const sum = crc32(bytes).toString(16).toUpperCase();
    const attributes =
      one.attributes ?? `cksum="${sum}"${one.gzip === true ? ' compression="gzip"' : ''}`;
    return `<${objectOf(one.name)}:contents><rdeCsv:csv name="${one.name}" sep="${one.sep ?? ','}">
      <rdeCsv:fields>${one.fields.map((field) => `<${field}/>`).join('')}</rdeCsv:fields>
      <rdeCsv:files><rdeCsv:file ${attributes}>
        ${file}
      </rdeCsv:file></rdeCsv:files></rdeCsv:csv></${objectOf(one.name)}:contents>`;
  });
  const counts = Object.entries(deposit.counts ?? {}).map(([object, n]) => {
    const [name, rcdn] = object.split(' ');
    const scope = rcdn === undefined ? '' : ` rcdn="${rcdn}"`;
    return `<rdeHeader:count uri="${uri(name)}"${scope}>\n ${n}\n</rdeHeader:count>`;
  });
  const xml = `<?xml version="1.0" encoding="UTF-8"?>
${deposit.prolog ?? ''}<rde:deposit ${PREFIXES.map((p) => `xmlns:${p}="${uri(p)}"`).join('\n')}
 type="${deposit.type ?? 'FULL'}" id="20191017001">
<rde:watermark>2019-10-18T00:00:00Z</rde:watermark>
<rde:rdeMenu><rde:version>1.0</rde:version></rde:rdeMenu>
<rde:contents><rdeHeader:header><rdeHeader:tld>example</rdeHeader:tld>${counts.join('')}</rdeHeader:header>
${csv.join('\n')}${deposit.extra ?? ''}</rde:contents></rde:deposit>`;
  return { xml, files };
}

/** Writes a deposit into a new folder and returns the folder. */
export function writeDepositFolder(deposit: DepositText): string {
  const folder = tempFolder();
  const { xml, files } = depositParts(deposit);
  writeFileSync(join(folder, 'deposit.xml'), xml);
  for (const [name, bytes] of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
  return folder;
}

/** A deposit with nothing but domains; `rows` may be any text. */
export function domainsOnly(rows: string, more: Partial<DepositText> = {}): DepositText {
  return { csv: [{ name: 'domain', fields: ['csvDomain:fName'], text: rows }], ...more };
}
