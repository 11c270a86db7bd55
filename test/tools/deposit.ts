/**
 * Writes small escrow deposits of the CSV model (RFC 8909, RFC 9022) by hand, and mends the
 * checksums of deposits that a test has changed, so that the change reaches what lies behind the
 * checksum.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { depositXml } from './registry.js';

/** The fields of each CSV file that a hand-made deposit may have, in the order of its rows. */
const TABLES = {
  domain: {
    object: 'csvDomain',
    fields: ['csvDomain:fName', 'rdeCsv:fRoid', 'rdeCsv:fClID'],
  },
  domainStatuses: {
    object: 'csvDomain',
    fields: ['csvDomain:fName', 'csvDomain:fStatus', 'csvDomain:fRgpStatus'],
  },
  domainNameServers: { object: 'csvDomain', fields: ['csvDomain:fName', 'csvHost:fName'] },
  dnssec: {
    object: 'csvDomain',
    fields: [
      'csvDomain:fName',
      'csvDomain:fKeyTag',
      'csvDomain:fDsAlg',
      'csvDomain:fDigestType',
      'csvDomain:fDigest',
    ],
  },
  host: { object: 'csvHost', fields: ['csvHost:fName', 'rdeCsv:fRoid', 'rdeCsv:fClID'] },
  hostAddresses: {
    object: 'csvHost',
    fields: ['rdeCsv:fRoid', 'csvHost:fAddr', 'csvHost:fAddrVersion'],
  },
} as const;

export type DepositRows = { readonly [table in keyof typeof TABLES]?: readonly string[] };

/** CRC-32 as deposits write it: eight upper-case hexadecimal digits. */
export function crcText(bytes: Uint8Array): string {
  return crc32(bytes).toString(16).toUpperCase().padStart(8, '0');
}

function contents(object: string, rows: DepositRows, folder: string): string {
  const parts = Object.entries(TABLES).filter(([, table]) => table.object === object);
  const files = parts.map(([name, table]) => {
    const lines = rows[name as keyof typeof TABLES] ?? [];
    const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
    writeFileSync(join(folder, `${name}.csv`), bytes);
    const parent = name !== 'domain' && name !== 'host' ? ' parent="true"' : '';
    const fields = table.fields.map((field, i) => `<${field}${i === 0 ? parent : ''}/>`);
    return [
      `<rdeCsv:csv name="${name}" sep=","><rdeCsv:fields>${fields.join('')}</rdeCsv:fields>`,
      `<rdeCsv:files><rdeCsv:file cksum="${crcText(bytes)}">${name}.csv</rdeCsv:file>`,
      '</rdeCsv:files></rdeCsv:csv>',
    ].join('\n');
  });
  return `<${object}:contents>\n${files.join('\n')}\n</${object}:contents>`;
}

/** Writes a full deposit into a new folder. Rows are CSV text, fields as in `TABLES`. */
export function writeDeposit(folder: string, tlds: readonly string[], rows: DepositRows): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const uris = ['csvDomain', 'csvHost'].map((name) => `urn:ietf:params:xml:ns:${name}-1.0`);
  const xml = `<?xml version="1.0" encoding="UTF-8"?>
<rde:deposit xmlns:rde="urn:ietf:params:xml:ns:rde-1.0"
  xmlns:rdeHeader="urn:ietf:params:xml:ns:rdeHeader-1.0"
  xmlns:rdeCsv="urn:ietf:params:xml:ns:rdeCsv-1.0"
  xmlns:csvDomain="${uris[0]}" xmlns:csvHost="${uris[1]}" type="FULL" id="20261122001">
<rde:watermark>2026-11-22T00:00:00Z</rde:watermark>
<rde:rdeMenu><rde:version>1.0</rde:version>
${uris.map((uri) => `<rde:objURI>${uri}</rde:objURI>`).join('\n')}
</rde:rdeMenu>
<rde:contents>
<rdeHeader:header><rdeHeader:tld>${tlds[0]}</rdeHeader:tld>
<rdeHeader:count uri="${uris[0]}">${rows.domain?.length ?? 0}</rdeHeader:count>
<rdeHeader:count uri="${uris[1]}">${rows.host?.length ?? 0}</rdeHeader:count>
</rdeHeader:header>
${contents('csvDomain', rows, folder)}
${contents('csvHost', rows, folder)}
</rde:contents>
</rde:deposit>
`;
  writeFileSync(join(folder, 'deposit.xml'), xml);
}

/** Writes the checksums that a deposit's files have now into its XML. */
export function mendChecksums(folder: string): void {
  const xmlFile = depositXml(folder);
  const xml = readFileSync(xmlFile, 'utf8').replace(
    /(<rdeCsv:file\b)([^>]*)>([^<]*)</g,
    (_whole, open: string, attributes: string, name: string) => {
      const bytes = readFileSync(join(dirname(xmlFile), name.trim()));
      const sum = /cksumAlg="SHA256"/i.test(attributes)
        ? createHash('sha256').update(bytes).digest('hex')
        : crcText(bytes);
      return `${open}${attributes.replace(/cksum="[^"]*"/, `cksum="${sum}"`)}>${name}<`;
    },
  );
  writeFileSync(xmlFile, xml);
}
