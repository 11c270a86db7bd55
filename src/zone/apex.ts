/**
 * The apex of a zone: its SOA, NS and other records from the input or the configuration, and
 * what signing adds there: DNSKEY, CDS, CDNSKEY, NSEC3PARAM and the place of ZONEMD.
 * A few dozen records, so plain objects do.
 */

import { inputError } from '../errors.js';
import type { RecordSet } from '../keys/offline/rrset.js';
import {
  compareBytes,
  countLabels,
  equalBytes,
  isAtOrBelow,
  keyFromName,
  nameToText,
  wireLength,
} from '../names/name.js';
import type { Reject } from '../read/master.js';
import type { Places } from '../read/places.js';
import {
  EntryWriter,
  FACT_HEADER,
  factChunk,
  factLength,
  factLine,
  factTtl,
  factType,
  Kind,
} from '../records/entry.js';
import { putU32, u32 } from '../records/numbers.js';
import { rdataToText } from '../records/rdata.js';
import { TYPE, typeToText } from '../records/types.js';
import { lookUp } from '../sort/cursor.js';
import { type Run, sortRun } from '../sort/run.js';
import type { ZoneDenial } from './context.js';

/** Octets of a ZONEMD record's RDATA: serial, scheme, hash algorithm, SHA-384 (RFC 8976 §2). */
const ZONEMD_LENGTH = 6 + 48;

/** A record of the apex. */
interface ApexRecord {
  readonly type: number;
  readonly ttl: number;
  readonly rdata: Uint8Array;
  /** Place in the input; undefined for what was made here. */
  readonly place: { readonly chunk: number; readonly line: number } | undefined;
}

/** The zone's own data, from the input or the configuration. */
export interface ApexData {
  readonly apex: Uint8Array;
  readonly soa: ApexRecord;
  readonly inputSerial: number;
  /** The least of the SOA's TTL and its minimum: the TTL of denials (RFC 9077 §3). */
  readonly denialTtl: number;
  /** Seconds; the SOA's expire field. */
  readonly expire: number;
  /** Everything but the SOA, in canonical order. */
  readonly others: readonly ApexRecord[];
  /** Wire names of the zone's own name servers. */
  readonly nameServers: readonly Uint8Array[];
  /** Sort keys of those that lie in the zone. */
  readonly hosts: readonly Uint8Array[];
}

/** SOA or NS from the configuration; they replace what the input has. */
export interface ApexOverrides {
  readonly soa?: { readonly rdata: Uint8Array; readonly ttl: number } | undefined;
  readonly ns?: { readonly hosts: readonly Uint8Array[]; readonly ttl: number } | undefined;
}

/**
 * Reads the apex out of a zone's runs.
 *
 * @param reject called for records that can't stand at an apex; may throw.
 * @throws ZonewrightError (exit 3) without an SOA or NS, or with two different SOAs.
 */
export function readApex(
  apex: Uint8Array,
  runs: readonly Run[],
  overrides: ApexOverrides,
  places: Places,
  reject: (reject: Reject) => void,
): ApexData {
  let records: ApexRecord[] = [];
  lookUp(runs, new Uint8Array(0), (block, start, end) => {
    for (let at = start; at < end; at += FACT_HEADER + factLength(block, at)) {
      const kind = block[at];
      if (kind !== Kind.record && kind !== Kind.address) continue;
      const p = at + FACT_HEADER;
      records.push({
        type: factType(block, at),
        ttl: factTtl(block, at),
        rdata: block.slice(p, p + factLength(block, at)),
        place: { chunk: factChunk(block, at), line: factLine(block, at) },
      });
    }
  });
  const name = nameToText(apex);
  const refuse = (record: ApexRecord, reason: string): void => {
    const { file, line } =
      record.place === undefined
        ? { file: '(configuration)', line: undefined }
        : places.place(record.place.chunk, record.place.line);
    const type = typeToText(record.type);
    const text = `${name} ${type} ${rdataToText(record.type, record.rdata)}`;
    reject({ file, line, field: type, reason, text });
  };
  const { soa: soaOverride, ns: nsOverride } = overrides;
  if (soaOverride !== undefined) {
    records = records.filter((r) => r.type !== TYPE.SOA);
    records.push({ type: TYPE.SOA, ...soaOverride, place: undefined });
  }
  if (nsOverride !== undefined) {
    records = records.filter((r) => r.type !== TYPE.NS);
    for (const host of nsOverride.hosts) {
      records.push({ type: TYPE.NS, ttl: nsOverride.ttl, rdata: host, place: undefined });
    }
  }
  records.sort(byPlace);
  const soas = records.filter((r) => r.type === TYPE.SOA);
  const soa = soas[0];
  if (soa === undefined) {
    throw inputError(`the zone ${name} has no SOA record`, {
      place: { file: places.place(0, 1).file },
      hint: 'Is --zone the name of the zone in this file?',
    });
  }
  for (const other of soas.slice(1)) {
    if (!equalBytes(other.rdata, soa.rdata) || other.ttl !== soa.ttl) {
      refuse(other, 'is a second SOA with other contents');
    }
  }
  const others: ApexRecord[] = [];
  const ttls = new Map<number, number>();
  for (const record of records) {
    if (record.type === TYPE.SOA) continue;
    if (record.type === TYPE.CNAME) refuse(record, 'stands beside other data');
    else if (record.type === TYPE.DS)
      refuse(record, 'stands at the apex; a DS belongs to the parent');
    else if (others.some((o) => o.type === record.type && equalBytes(o.rdata, record.rdata))) {
    } else {
      const ttl = ttls.get(record.type);
      if (ttl !== undefined && ttl !== record.ttl) {
        refuse(record, `has another TTL than the first record of its RRset (${ttl})`);
        continue;
      }
      ttls.set(record.type, record.ttl);
      others.push(record);
    }
  }
  const nameServers = others.filter((r) => r.type === TYPE.NS).map((r) => r.rdata);
  if (nameServers.length === 0) {
    throw inputError(`the zone ${name} has no NS records of its own`, {
      place: { file: places.place(0, 1).file },
      hint: 'Add the NS records of the apex to the zone file, or "ns" to the configuration.',
    });
  }
  const { rdata } = soa;
  return {
    apex,
    soa,
    inputSerial: u32(rdata, rdata.length - 20),
    denialTtl: Math.min(soa.ttl, u32(rdata, rdata.length - 4)),
    expire: u32(rdata, rdata.length - 8),
    others,
    nameServers,
    hosts: nameServers
      .filter((host) => isAtOrBelow(host, 0, apex) && countLabels(host) > countLabels(apex))
      .map((host) => keyFromName(host, apex)),
  };
}

/** What signing adds at the apex. */
export interface ApexSigning {
  readonly serial: number;
  /** DNSKEY, CDNSKEY and CDS (keys/keyrecords.ts). */
  readonly keySets: readonly RecordSet[];
  readonly denial: ZoneDenial;
  readonly zonemd: boolean;
}

/** The apex as it is to be published, but for NSEC and signatures. */
export interface SignedApex {
  /** Facts under the empty key, in canonical order. */
  readonly run: Run;
  /** Types at the apex, ascending, without RRSIG and NSEC. */
  readonly types: readonly number[];
  readonly serial: number;
  /** TTL of the ZONEMD record. */
  readonly zonemdTtl: number;
}

/** Adds to the apex what signing needs. */
export function signApex(data: ApexData, signing: ApexSigning): SignedApex {
  const records: ApexRecord[] = [...data.others];
  const add = (type: number, ttl: number, rdata: Uint8Array): void => {
    records.push({ type, ttl, rdata, place: undefined });
  };
  const soa = data.soa.rdata.slice();
  putU32(signing.serial, soa, soa.length - 20);
  add(TYPE.SOA, data.soa.ttl, soa);
  for (const { type, ttl, rdata } of signing.keySets) {
    for (const one of rdata) add(type, ttl, one);
  }
  const { denial } = signing;
  if (denial.kind === 'nsec3') {
    const { iterations, salt } = denial;
    // RFC 5155 §4.1.2: the flags of NSEC3PARAM are 0. Nobody looks it up: TTL 0.
    const rdata = Uint8Array.from([1, 0, iterations >>> 8, iterations, salt.length, ...salt]);
    add(TYPE.NSEC3PARAM, 0, rdata);
  }
  if (signing.zonemd) add(TYPE.ZONEMD, data.soa.ttl, zonemdRdata(signing.serial));
  records.sort((a, b) => a.type - b.type || compare(a.rdata, b.rdata));
  const writer = new EntryWriter();
  const key = new Uint8Array(0);
  for (const { type, ttl, rdata } of records) {
    writer.append(key, 0, 0, Kind.record, type, ttl, 0, 0, rdata, 0, rdata.length);
  }
  return {
    run: sortRun(writer),
    types: [...new Set(records.map((r) => r.type))],
    serial: signing.serial,
    zonemdTtl: data.soa.ttl,
  };
}

/** ZONEMD RDATA: scheme SIMPLE, SHA-384; without `digest` the octets of the place for one. */
export function zonemdRdata(serial: number, digest?: Uint8Array): Uint8Array {
  const rdata = new Uint8Array(ZONEMD_LENGTH);
  putU32(serial, rdata, 0);
  rdata[4] = 1;
  rdata[5] = 1;
  if (digest !== undefined) rdata.set(digest, 6);
  return rdata;
}

/** SOA RDATA (RFC 1035 §3.3.13) from its fields; the serial is set when the zone is made. */
export function soaRdata(soa: {
  readonly mname: Uint8Array;
  readonly rname: Uint8Array;
  readonly refresh: number;
  readonly retry: number;
  readonly expire: number;
  readonly minimum: number;
}): Uint8Array {
  const { mname, rname } = soa;
  const rdata = new Uint8Array(wireLength(mname, 0) + wireLength(rname, 0) + 20);
  rdata.set(mname, 0);
  rdata.set(rname, mname.length);
  const at = mname.length + rname.length;
  putU32(soa.refresh, rdata, at + 4);
  putU32(soa.retry, rdata, at + 8);
  putU32(soa.expire, rdata, at + 12);
  putU32(soa.minimum, rdata, at + 16);
  return rdata;
}

function byPlace(a: ApexRecord, b: ApexRecord): number {
  const x = a.place === undefined ? -1 : a.place.chunk * 2 ** 24 + a.place.line;
  const y = b.place === undefined ? -1 : b.place.chunk * 2 ** 24 + b.place.line;
  return x - y || compare(a.rdata, b.rdata);
}

const compare = (a: Uint8Array, b: Uint8Array): number =>
  compareBytes(a, 0, a.length, b, 0, b.length);
