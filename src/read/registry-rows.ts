/**
 * The rows of a registry's export, table by table: turns the fields of each into facts under the
 * sort keys of their names (RFC 9022 §§5.1.2.1, 5.2.2.1, 5.6.2.1), or says what is wrong with it.
 * Works on octets; no string is made for a good row.
 */
import { dsRdata } from '../dnssec/ds.js';
import { readIPv4, readIPv6 } from '../records/address.js';
import { readBase64, readHex } from '../records/encodings.js';
import { type EntryWriter, FACT_HEADER, factLength, Kind } from '../records/entry.js';
import { parseNumber } from '../records/numbers.js';
import { TYPE } from '../records/types.js';
import { STATUS, statusFromBytes } from '../zone/status.js';
import { AMBIGUOUS_HOST, findHost, HOST, type HostIndex } from './host-index.js';
import type { PlainRows } from './plain-rows.js';
import { type Layout, Table } from './rde-csv-layout.js';
import { OUTSIDE, REFUSED, type RegistryNames } from './registry-names.js';

/** A zone to collect facts for; TTLs in seconds. */
export interface RegistryZone {
  /** Wire name. */
  readonly apex: Uint8Array;
  readonly nsTtl: number;
  readonly dsTtl: number;
  readonly glueTtl: number;
}

/** A row that can't be used; `line` counts from 1 in its chunk. */
export interface RowReject {
  readonly line: number;
  readonly field: string;
  readonly reason: string;
  readonly text: string;
}

/** A chunk of whole rows. */
export interface ChunkText {
  readonly buffer: Uint8Array;
  /** Octets of text in `buffer`. */
  readonly length: number;
  readonly chunk: number;
  readonly layout: Layout;
}

/** Where rows lead to. */
export interface RowJob {
  readonly zones: readonly RegistryZone[];
  readonly names: RegistryNames;
  /** One for each zone. */
  readonly writers: readonly EntryWriter[];
  readonly hosts: EntryWriter;
  /** For mirrored names; see CloseAnswer. */
  readonly mirrors: EntryWriter;
  readonly index: HostIndex | undefined;
}

/** Rows that were read. */
export interface RowCounts {
  readonly rows: number;
  /** Rows of each zone: of the domain table only. */
  readonly perZone: readonly number[];
  /** Rows about names in none of the zones. */
  readonly outside: number;
}

/** Offsets of fields, by column. */
export interface FieldPlaces {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

const MAX_REJECTS = 10_000;
const TEXT_LIMIT = 200;
const EMPTY = new Uint8Array(0);
const oneOctet = new Uint8Array(1);
const rdata = new Uint8Array(70_000);
const LATIN1 = new TextDecoder('latin1');
const UTF8 = new TextDecoder('utf-8');

/**
 * Makes the reader of a chunk's rows.
 *
 * @param fields where the fields of a row begin and end, when it is to be read.
 * @param plain reads some of the rows: the writers are its own, too.
 */
export function createRowParser(
  job: RowJob,
  args: ChunkText,
  fields: FieldPlaces,
  plain: PlainRows | undefined,
) {
  const { buffer: text, chunk, layout } = args;
  const { zones, names, writers } = job;
  const { starts, ends } = fields;
  const { columns, table } = layout;
  const rejects: RowReject[] = [];
  const perZone = zones.map(() => 0);
  let rows = 0;
  let outside = 0;
  let line = 0;
  let rowStart = 0;
  let rowEnd = 0;

  const writerOf = (zone: number): EntryWriter =>
    plain === undefined ? writers[zone] : plain.writer(zone);
  const rejectText = (field: string, reason: string): void => {
    const shown = UTF8.decode(text.subarray(rowStart, Math.min(rowEnd, rowStart + TEXT_LIMIT)));
    rejects.push({ line, field, reason, text: shown.replace(/\r$/, '') });
  };
  const reject = (field: number, reason: string): void => {
    rejectText(layout.names[field], reason);
  };
  const startOf = (field: number): number => starts[columns[field]];
  const endOf = (field: number): number => ends[columns[field]];
  const has = (field: number): boolean =>
    columns[field] >= 0 && ends[columns[field]] > starts[columns[field]];

  /** The zone of the domain named in a field, or OUTSIDE or REFUSED, which are then settled. */
  const zoneOfName = (field: number): number => {
    const zone = names.domain(text, startOf(field), endOf(field));
    if (zone === OUTSIDE) outside++;
    else if (zone === REFUSED) reject(field, names.fault);
    return zone;
  };
  const appendOwn = (
    zone: number,
    kind: number,
    type: number,
    ttl: number,
    data: Uint8Array,
    start: number,
    end: number,
  ): void => {
    writerOf(zone).append(
      names.key,
      0,
      names.keyLength,
      kind,
      type,
      ttl,
      chunk,
      line,
      data,
      start,
      end,
    );
  };
  const appendStatus = (zone: number, code: number): void => {
    oneOctet[0] = code;
    appendOwn(zone, Kind.status, 0, 0, oneOctet, 0, 1);
  };
  /** The fact of the host whose ROID a field holds, or -1, which is then settled. */
  const hostOf = (field: number): number => {
    const { index } = job;
    if (index === undefined) throw new Error('the hosts have not been read');
    const at = findHost(index, text, startOf(field), endOf(field));
    if (at < 0) {
      reject(field, 'names a host that is not in the deposit');
      return -1;
    }
    if (index.blocks[at >>> 24][at & 0xffffff] === AMBIGUOUS_HOST) {
      reject(field, 'is the ROID of more than one host');
      return -1;
    }
    return at;
  };

  const domainRow = (): void => {
    const zone = zoneOfName(0);
    if (zone < 0) return;
    perZone[zone]++;
    appendOwn(zone, Kind.domain, 0, 0, EMPTY, 0, 0);
  };

  const statusRow = (): void => {
    const zone = zoneOfName(0);
    if (zone < 0) return;
    if (!has(1) && !has(2)) {
      reject(1, 'is empty');
      return;
    }
    // A status that is not known may be one that forbids: such a name is not delegated.
    if (has(1)) {
      const code = statusFromBytes(text, startOf(1), endOf(1), 'epp');
      if (code < 0) reject(1, 'is no status of RFC 5731');
      appendStatus(zone, code < 0 ? STATUS.unknown : code);
    }
    if (has(2)) {
      const code = statusFromBytes(text, startOf(2), endOf(2), 'rgp');
      if (code < 0) reject(2, 'is no status of RFC 3915');
      appendStatus(zone, code < 0 ? STATUS.unknown : code);
    }
  };

  const serverByRoidRow = (): void => {
    const zone = zoneOfName(0);
    if (zone < 0) return;
    const at = hostOf(1);
    if (at < 0) return;
    const block = job.index!.blocks[at >>> 24];
    const start = (at & 0xffffff) + FACT_HEADER;
    const end = start + factLength(block, at & 0xffffff);
    appendOwn(zone, Kind.ns, TYPE.NS, zones[zone].nsTtl, block, start, end);
    plain?.addHost(text, startOf(1), endOf(1), block, start, end - start);
  };

  const serverByNameRow = (): void => {
    const zone = zoneOfName(0);
    if (zone === REFUSED) return;
    if (!names.host(text, startOf(1), endOf(1))) {
      if (zone >= 0) reject(1, names.fault);
      return;
    }
    if (zone < 0) return;
    appendOwn(zone, Kind.ns, TYPE.NS, zones[zone].nsTtl, names.hostWire, 0, names.hostLength);
  };

  /** Appends the address in a field as one of the host with the given wire name. */
  const addressOf = (
    field: number,
    versionField: number,
    wire: Uint8Array,
    at: number,
    length: number,
  ): void => {
    const start = startOf(field);
    const end = endOf(field);
    let type: number = TYPE.A;
    let o = readIPv4(text, start, end, rdata, 0);
    if (o < 0) {
      type = TYPE.AAAA;
      o = readIPv6(text, start, end, rdata, 0);
    }
    if (o < 0) {
      reject(field, 'is no IP address');
      return;
    }
    if (has(versionField)) {
      const s = startOf(versionField);
      const v6 = endOf(versionField) - s === 2 && (text[s] | 0x20) === 0x76 && text[s + 1] === 0x36;
      const v4 = endOf(versionField) - s === 2 && (text[s] | 0x20) === 0x76 && text[s + 1] === 0x34;
      if ((type === TYPE.A && !v4) || (type === TYPE.AAAA && !v6)) {
        reject(versionField, 'does not fit the address (v4 or v6)');
        return;
      }
    }
    const zone = names.locateHost(wire, at, length);
    if (zone < 0) {
      outside++;
      return;
    }
    writerOf(zone).append(
      names.hostKey,
      0,
      names.hostKeyLength,
      Kind.address,
      type,
      zones[zone].glueTtl,
      chunk,
      line,
      rdata,
      0,
      o,
    );
  };

  const attributeRow = (): void => {
    const zone = zoneOfName(0);
    if (zone === REFUSED) return;
    if (!names.host(text, startOf(1), endOf(1))) {
      reject(1, names.fault);
      return;
    }
    if (zone >= 0) {
      appendOwn(zone, Kind.ns, TYPE.NS, zones[zone].nsTtl, names.hostWire, 0, names.hostLength);
    }
    if (has(2)) addressOf(2, 3, names.hostWire, 0, names.hostLength);
  };

  const number = (field: number, max: number): number => {
    const value = columns[field] < 0 ? -1 : parseNumber(text, startOf(field), endOf(field), max);
    if (value < 0) reject(field, `is no whole number from 0 to ${max}`);
    return value;
  };

  const dnssecRow = (): void => {
    const zone = zoneOfName(0);
    if (zone < 0) return;
    if (has(4) || !has(8)) dsRow(zone);
    else keyRow(zone);
  };

  const dsRow = (zone: number): void => {
    const tag = number(1, 0xffff);
    if (tag < 0) return;
    const algorithm = number(2, 255);
    if (algorithm < 0) return;
    const digestType = number(3, 255);
    if (digestType < 0) return;
    const start = startOf(4);
    const end = endOf(4);
    const length = (end - start) >> 1;
    if (length === 0 || length > 255 || readHex(text, start, end, rdata, 4) < 0) {
      reject(4, 'is no digest in hexadecimal');
      return;
    }
    const wanted = DIGEST_LENGTH[digestType];
    if (wanted !== undefined && wanted !== length) {
      reject(4, `has ${length} octets; digest type ${digestType} has ${wanted}`);
      return;
    }
    rdata[0] = tag >> 8;
    rdata[1] = tag;
    rdata[2] = algorithm;
    rdata[3] = digestType;
    appendOwn(zone, Kind.ds, TYPE.DS, zones[zone].dsTtl, rdata, 0, 4 + length);
  };

  const keyRow = (zone: number): void => {
    const flags = number(5, 0xffff);
    if (flags < 0) return;
    if ((flags & 0x100) === 0) {
      reject(5, 'is not that of a zone key (RFC 4034 §2.1.1)');
      return;
    }
    const protocol = number(6, 255);
    if (protocol < 0) return;
    if (protocol !== 3) {
      reject(6, 'is not 3 (RFC 4034 §2.1.2)');
      return;
    }
    const algorithm = number(7, 255);
    if (algorithm < 0) return;
    const start = startOf(8);
    const end = endOf(8);
    const stop = end - start > 0xffff ? -1 : readBase64(text, start, end, rdata, 4);
    if (stop <= 4) {
      reject(8, 'is no public key in base64');
      return;
    }
    rdata[0] = flags >> 8;
    rdata[1] = flags;
    rdata[2] = protocol;
    rdata[3] = algorithm;
    const ds = dsRdata(names.wire.slice(0, names.wireLength), rdata.slice(0, stop), 2);
    appendOwn(zone, Kind.ds, TYPE.DS, zones[zone].dsTtl, ds, 0, ds.length);
  };

  const hostRow = (): void => {
    if (!has(0)) {
      reject(0, 'is empty');
      return;
    }
    if (endOf(0) - startOf(0) > 255) {
      reject(0, 'is longer than any ROID');
      return;
    }
    if (!names.host(text, startOf(1), endOf(1))) {
      reject(1, names.fault);
      return;
    }
    job.hosts.append(
      text,
      startOf(0),
      endOf(0),
      HOST,
      0,
      0,
      chunk,
      line,
      names.hostWire,
      0,
      names.hostLength,
    );
  };

  const hostStatusRow = (): void => {
    if (hostOf(0) < 0) return;
    // Statuses of hosts decide nothing; one that does not exist is a sign of a broken export.
    if (statusFromBytes(text, startOf(1), endOf(1), 'epp') < 0) {
      reject(1, 'is no status of RFC 5732');
    }
  };

  const hostAddressRow = (): void => {
    const at = hostOf(0);
    if (at < 0) return;
    const block = job.index!.blocks[at >>> 24];
    const offset = at & 0xffffff;
    addressOf(1, 2, block, offset + FACT_HEADER, factLength(block, offset));
  };

  const isText = (field: number, lower: string): boolean =>
    LATIN1.decode(text.subarray(startOf(field), endOf(field))).toLowerCase() === lower;

  /** NNDN (RFC 9022 §5.6): only a variant that mirrors the name servers is delegated. */
  const nndnRow = (): void => {
    const zone = zoneOfName(0);
    if (zone < 0) return;
    if (isText(1, 'blocked') || isText(1, 'withheld')) return;
    if (!isText(1, 'mirrored')) {
      reject(1, 'is not blocked, withheld or mirrored');
      return;
    }
    if (has(3)) {
      if (isText(3, '0') || isText(3, 'false')) return;
      if (!isText(3, '1') && !isText(3, 'true')) {
        reject(3, 'is not true, false, 1 or 0');
        return;
      }
    }
    if (!has(2)) {
      reject(2, 'is empty, so there is nothing to mirror');
      return;
    }
    const mirror = new Uint8Array(1 + names.keyLength);
    mirror[0] = zone;
    mirror.set(names.key.subarray(0, names.keyLength), 1);
    const original = names.domain(text, startOf(2), endOf(2));
    if (original < 0) {
      reject(2, original === OUTSIDE ? 'is in no configured zone' : names.fault);
      return;
    }
    const key = new Uint8Array(1 + names.keyLength);
    key[0] = original;
    key.set(names.key.subarray(0, names.keyLength), 1);
    job.mirrors.append(
      key,
      0,
      key.length,
      Kind.domain,
      0,
      0,
      chunk,
      line,
      mirror,
      0,
      mirror.length,
    );
  };

  const readers: Readonly<Record<number, () => void>> = {
    [Table.domain]: domainRow,
    [Table.domainStatuses]: statusRow,
    [Table.serversByRoid]: serverByRoidRow,
    [Table.serversByName]: serverByNameRow,
    [Table.attributes]: attributeRow,
    [Table.dnssec]: dnssecRow,
    [Table.host]: hostRow,
    [Table.hostStatuses]: hostStatusRow,
    [Table.hostAddresses]: hostAddressRow,
    [Table.nndn]: nndnRow,
    [Table.counted]: () => undefined,
  };

  return {
    at(atLine: number, start: number, end: number): void {
      line = atLine;
      rowStart = start;
      rowEnd = end;
      rows++;
    },
    row: readers[table],
    reject: rejectText,
    overflow: (): boolean => rejects.length >= MAX_REJECTS,
    rejects,
    counts: (): RowCounts => ({ rows, outside, perZone }),
  };
}

/** Octets of the digest types whose length is fixed (RFC 3658, 4509, 5933, 6605). */
const DIGEST_LENGTH: Readonly<Record<number, number>> = { 1: 20, 2: 32, 3: 32, 4: 48 };
