/**
 * Which CSV files of a deposit matter, and in which column each field that is used stands
 * (RFC 9022 §§5.1.2.1, 5.2.2.1, 5.6.2.1). The order comes from the XML, never from position.
 */
import { inputError } from '../errors.js';
import type { DepositCsv } from './rde-csv-deposit.js';

/** What the rows of a file say. */
export const Table = {
  domain: 0,
  domainStatuses: 1,
  serversByRoid: 2,
  serversByName: 3,
  attributes: 4,
  dnssec: 5,
  host: 6,
  hostStatuses: 7,
  hostAddresses: 8,
  nndn: 9,
  /** Counted against the header, otherwise not looked at. */
  counted: 10,
} as const;

/** How to read the rows of a file. */
export interface Layout {
  readonly table: number;
  /** The object of the header that a row counts as, undefined for child rows. */
  readonly counts: string | undefined;
  readonly separator: number;
  /** Fields of a row. */
  readonly width: number;
  /** Column of each field in the order that the table's reader has them, -1: not there. */
  readonly columns: readonly number[];
  /** Names of the fields, for messages. */
  readonly names: readonly string[];
}

const MAX_WIDTH = 256;

interface Shape {
  readonly table: number;
  readonly counts?: string;
  /** `object:field`; a `?` behind it: may be missing. */
  readonly fields: readonly string[];
}

const SHAPES: Readonly<Record<string, readonly Shape[]>> = {
  'csvDomain:domain': [{ table: Table.domain, counts: 'csvDomain', fields: ['csvDomain:fName'] }],
  'csvDomain:domainStatuses': [
    {
      table: Table.domainStatuses,
      fields: ['csvDomain:fName', 'csvDomain:fStatus', 'csvDomain:fRgpStatus?'],
    },
  ],
  'csvDomain:domainNameServers': [
    { table: Table.serversByRoid, fields: ['csvDomain:fName', 'rdeCsv:fRoid'] },
    { table: Table.serversByName, fields: ['csvDomain:fName', 'csvHost:fName'] },
  ],
  'csvDomain:domainNameServersAddresses': [
    {
      table: Table.attributes,
      fields: ['csvDomain:fName', 'csvHost:fName', 'csvHost:fAddr?', 'csvHost:fAddrVersion?'],
    },
  ],
  'csvDomain:dnssec': [
    {
      table: Table.dnssec,
      fields: [
        'csvDomain:fName',
        'csvDomain:fKeyTag',
        'csvDomain:fDsAlg',
        'csvDomain:fDigestType',
        'csvDomain:fDigest',
        'csvDomain:fFlags?',
        'csvDomain:fProtocol?',
        'csvDomain:fKeyAlg?',
        'csvDomain:fPubKey?',
      ],
    },
    {
      table: Table.dnssec,
      fields: [
        'csvDomain:fName',
        'csvDomain:fKeyTag?',
        'csvDomain:fDsAlg?',
        'csvDomain:fDigestType?',
        'csvDomain:fDigest?',
        'csvDomain:fFlags',
        'csvDomain:fProtocol',
        'csvDomain:fKeyAlg',
        'csvDomain:fPubKey',
      ],
    },
  ],
  'csvHost:host': [
    { table: Table.host, counts: 'csvHost', fields: ['rdeCsv:fRoid', 'csvHost:fName'] },
  ],
  'csvHost:hostStatuses': [
    { table: Table.hostStatuses, fields: ['rdeCsv:fRoid', 'csvHost:fStatus'] },
  ],
  'csvHost:hostAddresses': [
    {
      table: Table.hostAddresses,
      fields: ['rdeCsv:fRoid', 'csvHost:fAddr', 'csvHost:fAddrVersion?'],
    },
  ],
  'csvNNDN:NNDN': [
    {
      table: Table.nndn,
      counts: 'csvNNDN',
      fields: [
        'csvNNDN:fAName',
        'csvNNDN:fNameState',
        'csvNNDN:fOriginalName?',
        'csvNNDN:fMirroringNS?',
      ],
    },
  ],
  'csvRegistrar:registrar': [{ table: Table.counted, counts: 'csvRegistrar', fields: [] }],
  'csvContact:contact': [{ table: Table.counted, counts: 'csvContact', fields: [] }],
  'csvIDN:idnLanguage': [{ table: Table.counted, counts: 'csvIDN', fields: [] }],
};

/**
 * How to read the files of a CSV definition; undefined for one that no zone needs.
 *
 * @param counted objects that the header counts: their files are read even if only for that.
 * @throws ZonewrightError (exit 3) when a field that is needed is not there, or there twice.
 */
export function layoutOf(
  csv: DepositCsv,
  counted: ReadonlySet<string>,
  xml: string,
): Layout | undefined {
  const shapes = SHAPES[`${csv.object}:${csv.name}`];
  if (shapes === undefined) return undefined;
  if (csv.fields.length > MAX_WIDTH) {
    throw inputError(`the CSV definition "${csv.name}" has more than ${MAX_WIDTH} fields`, {
      place: { file: xml },
    });
  }
  const have = csv.fields.map((field) => `${field.object}:${field.name}`);
  const shape = shapes.find((s) => s.fields.every((f) => f.endsWith('?') || have.includes(f)));
  if (shape === undefined) {
    const wanted = shapes.map((s) => s.fields.filter((f) => !f.endsWith('?')).join(', '));
    throw inputError(`the CSV definition "${csv.name}" lacks a field`, {
      place: { file: xml, field: 'rdeCsv:fields' },
      text: have.join(', '),
      hint: `It needs ${wanted.join(' or ')}.`,
    });
  }
  if (shape.table === Table.counted && !counted.has(shape.counts ?? '')) return undefined;
  const names = shape.fields.map((f) => f.replace('?', ''));
  for (const name of names) {
    if (have.indexOf(name) !== have.lastIndexOf(name)) {
      throw inputError(`the CSV definition "${csv.name}" has a field twice`, {
        place: { file: xml, field: 'rdeCsv:fields' },
        text: name,
      });
    }
  }
  return {
    table: shape.table,
    counts: shape.counts,
    separator: csv.separator,
    width: have.length,
    columns: names.map((name) => have.indexOf(name)),
    names: names.map((name) => name.slice(name.indexOf(':') + 1)),
  };
}
