/**
 * The XML of the sample's deposit: RFC 8909 §5 (deposit, watermark, menu), RFC 9022 §4.6.2.1
 * (the CSV files) and §5.9.1 (header counts).
 */
import { isoTime } from '../config/time.js';
import { dayStart } from './days.js';
import type { Registry } from './plan.js';
import type { ChecksumAlgorithm } from './sink.js';

/** A field element, with the prefix of its namespace. */
export type FieldName =
  `${'rdeCsv' | 'csvDomain' | 'csvHost' | 'csvRegistrar' | 'csvNNDN'}:f${string}`;

/** One CSV file of the deposit. */
export interface CsvDefinition {
  /** The purpose, e.g. `domainStatuses`. */
  readonly name: string;
  readonly fields: readonly FieldName[];
  readonly file: string;
  readonly gzip: boolean;
  readonly algorithm: ChecksumAlgorithm;
  readonly checksum: string;
}

/** Objects in the deposit, for its header. */
export interface ObjectCounts {
  readonly domain: number;
  /** Domains of each zone, in the order of `Registry.zones`. */
  readonly perZone: readonly number[];
  readonly host: number;
  readonly registrar: number;
  readonly idnLanguage: number;
  readonly nndn: number;
}

const NAMESPACES = ['rde', 'rdeCsv', 'csvDomain', 'csvHost', 'csvRegistrar', 'csvIDN', 'csvNNDN'];
/** Which object's contents a CSV file belongs to. */
const OBJECTS: Readonly<Record<string, string>> = {
  domain: 'csvDomain',
  domainStatuses: 'csvDomain',
  domainNameServers: 'csvDomain',
  domainNameServersAddresses: 'csvDomain',
  dnssec: 'csvDomain',
  host: 'csvHost',
  hostStatuses: 'csvHost',
  hostAddresses: 'csvHost',
  registrar: 'csvRegistrar',
  idnLanguage: 'csvIDN',
  NNDN: 'csvNNDN',
};

const uri = (prefix: string): string => `urn:ietf:params:xml:ns:${prefix}-1.0`;

/** The whole XML document of a deposit. */
export function depositXml(
  registry: Registry,
  definitions: readonly CsvDefinition[],
  counts: ObjectCounts,
): string {
  const lines: string[] = ['<?xml version="1.0" encoding="UTF-8"?>'];
  const put = (depth: number, text: string): void => {
    lines.push('  '.repeat(depth) + text);
  };
  put(0, '<rde:deposit');
  for (const prefix of [...NAMESPACES, 'rdeHeader']) put(2, `xmlns:${prefix}="${uri(prefix)}"`);
  const watermark = isoTime(dayStart(registry.day));
  put(2, `type="FULL" id="${watermark.slice(0, 10).replaceAll('-', '')}001">`);
  put(1, `<rde:watermark>${watermark}</rde:watermark>`);
  put(1, '<rde:rdeMenu>');
  put(2, '<rde:version>1.0</rde:version>');
  const objects = [...new Set(definitions.map((d) => OBJECTS[d.name]))];
  for (const object of objects) put(2, `<rde:objURI>${uri(object)}</rde:objURI>`);
  put(1, '</rde:rdeMenu>');
  put(1, '<rde:contents>');
  put(2, '<rdeHeader:header>');
  put(3, `<rdeHeader:tld>${registry.zones[0]}</rdeHeader:tld>`);
  const count = (object: string, n: number, rcdn = ''): void =>
    put(3, `<rdeHeader:count uri="${uri(object)}"${rcdn}>${n}</rdeHeader:count>`);
  count('csvDomain', counts.domain);
  registry.zones.forEach((zone, i) => {
    count('csvDomain', counts.perZone[i], ` rcdn="${zone}"`);
  });
  count('csvHost', counts.host);
  count('csvRegistrar', counts.registrar);
  count('csvIDN', counts.idnLanguage);
  count('csvNNDN', counts.nndn);
  put(2, '</rdeHeader:header>');
  for (const object of objects) {
    put(2, `<${object}:contents>`);
    for (const d of definitions.filter((definition) => OBJECTS[definition.name] === object)) {
      put(3, `<rdeCsv:csv name="${d.name}" sep=",">`);
      put(4, '<rdeCsv:fields>');
      for (const field of d.fields) put(5, `<${field}/>`);
      put(4, '</rdeCsv:fields>');
      put(4, '<rdeCsv:files>');
      const compression = d.gzip ? ' compression="gzip"' : '';
      const algorithm = d.algorithm === 'CRC32' ? '' : ` cksumAlg="${d.algorithm}"`;
      put(5, `<rdeCsv:file${compression} cksum="${d.checksum}"${algorithm}>`);
      put(6, d.file);
      put(5, '</rdeCsv:file>');
      put(4, '</rdeCsv:files>');
      put(3, '</rdeCsv:csv>');
    }
    put(2, `</${object}:contents>`);
  }
  put(1, '</rde:contents>');
  put(0, '</rde:deposit>');
  return `${lines.join('\n')}\n`;
}
