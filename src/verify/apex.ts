/**
 * What the apex says about the zone, before any walk: SOA, keys, the kind of denial and its
 * parameters (RFC 5155 §4, RFC 9276 §3.2), ZONEMD (RFC 8976 §2), the zone's own name servers.
 */

import { isAtOrBelow, keyFromName, nameToText } from '../names/name.js';
import {
  FACT_HEADER,
  factChunk,
  factLength,
  factLine,
  factTtl,
  factType,
} from '../records/entry.js';
import { TYPE } from '../records/types.js';
import { Cursor, lookUp } from '../sort/cursor.js';
import type { Run } from '../sort/run.js';
import { type ApexServer, type ChainParams, sameChain, type VerifyContext } from './context.js';
import type { FaultCode, FaultList } from './faults.js';
import { readKeys, unpublishedKeys } from './keys.js';

/** RFC 9276 §3.2: validators may refuse more; zonewright does (04-dnssec, Rules). */
const MAX_ITERATIONS = 100;
const NO_KEY = new Uint8Array(0);

/** A record at the apex. */
export interface ApexRecord {
  readonly type: number;
  readonly ttl: number;
  readonly rdata: Uint8Array;
  readonly block: Uint8Array;
  readonly at: number;
}

/** A ZONEMD record of a scheme and hash that can be computed. */
export interface ZoneDigest {
  readonly serial: number;
  /** Name of the hash as node:crypto has it. */
  readonly hash: 'sha384' | 'sha512';
  readonly digest: Uint8Array;
}

export interface Apex {
  /** undefined: there is no SOA, and nothing else was looked at. */
  readonly serial: number | undefined;
  readonly soaExpire: number;
  readonly context: VerifyContext;
  readonly zonemd: readonly ZoneDigest[];
  readonly dnskeys: readonly Uint8Array[];
  readonly warnings: readonly string[];
  /**
   * Is `denial` what it would be with the whole zone at hand? `assumed`: no NSEC3 record was seen
   * yet, and it is taken to have the usual TTL and the opt-out flag. `unknown`: the whole zone is
   * needed.
   */
  readonly certainty: Certainty;
}

export type Certainty = 'sure' | 'assumed' | 'unknown';

export interface ApexOptions {
  readonly apex: Uint8Array;
  readonly now: number;
  readonly engine: VerifyContext['engine'];
  readonly maxErrors: number;
  readonly tolerated: readonly FaultCode[];
  readonly fingerprintKey: Uint8Array;
  /** DNSKEY RDATA of the keys that the zone was signed with, as far as known. */
  readonly signers?: readonly Uint8Array[] | undefined;
}

/**
 * Reads the apex.
 *
 * @param whole are the runs the whole zone, or only its beginning with the whole apex?
 * @param faults is told what is wrong with the apex.
 */
export function readApex(
  runs: readonly Run[],
  options: ApexOptions,
  faults: FaultList,
  whole = true,
): Apex {
  const records = apexRecords(runs);
  const of = (type: number): ApexRecord[] => records.filter((r) => r.type === type);
  const warnings: string[] = [];
  const fault = (code: FaultCode, type: number, message: string, record?: ApexRecord): void =>
    faults.add(code, NO_KEY, 0, 0, type, message, record?.block, record?.at);

  const [soa] = of(TYPE.SOA);
  const dnskeys = of(TYPE.DNSKEY);
  if (soa === undefined) fault('missing-soa', TYPE.SOA, 'the zone has no SOA record');
  if (dnskeys.length === 0) {
    fault('missing-dnskey', TYPE.DNSKEY, 'the zone has no DNSKEY record: it is not signed');
  }
  const ns = of(TYPE.NS);
  if (ns.length === 0 && soa !== undefined) {
    fault('missing-apex-ns', TYPE.NS, 'the zone has no NS record at its apex');
  }

  const { keys: published, algorithms } =
    dnskeys.length === 0
      ? { keys: [], algorithms: [] }
      : readKeys(
          dnskeys.map((r) => r.rdata),
          (code, message) => fault(code, TYPE.DNSKEY, message, dnskeys[0]),
        );
  const keys = [...published, ...unpublishedKeys(options.signers ?? [], { keys: published })];
  for (const { rdata } of dnskeys) {
    if (rdata[3] === 5 || rdata[3] === 7) warnings.push('a DNSKEY uses SHA-1 (RFC 9905)');
  }
  const { certainty, ...denial } =
    soa === undefined || dnskeys.length === 0
      ? NO_DENIAL
      : readDenial(runs, of(TYPE.NSEC3PARAM), of(TYPE.NSEC), fault, warnings, whole, soa);
  const serial = soa === undefined ? undefined : u32(soa.rdata, soa.rdata.length - 20);
  const zonemd = serial === undefined ? [] : readZonemd(of(TYPE.ZONEMD), serial, fault, warnings);
  return {
    serial,
    soaExpire: soa === undefined ? 0 : u32(soa.rdata, soa.rdata.length - 8),
    zonemd,
    dnskeys: dnskeys.map((r) => r.rdata),
    warnings: [...new Set(warnings)],
    certainty: soa === undefined && !whole ? 'unknown' : certainty,
    context: {
      ...options,
      signed: dnskeys.length > 0,
      keys,
      algorithms,
      ...denial,
      soaTtl: soa?.ttl ?? 0,
      soaMinimum: soa === undefined ? 0 : u32(soa.rdata, soa.rdata.length - 4),
      apexDname: of(TYPE.DNAME).length > 0,
      digest: zonemd.length > 0,
      servers: apexServers(options.apex, ns),
    },
  };
}

function apexRecords(runs: readonly Run[]): ApexRecord[] {
  const records: ApexRecord[] = [];
  lookUp(runs, NO_KEY, (block, start, end) => {
    for (let p = start; p < end; p += FACT_HEADER + factLength(block, p)) {
      const from = p + FACT_HEADER;
      const rdata = block.slice(from, from + factLength(block, p));
      const type = factType(block, p);
      if (records.some((r) => r.type === type && Buffer.compare(r.rdata, rdata) === 0)) continue;
      records.push({ type, ttl: factTtl(block, p), rdata, block, at: p });
    }
  });
  return records;
}

/** The zone's name servers in the zone itself. */
function apexServers(apex: Uint8Array, ns: readonly ApexRecord[]): ApexServer[] {
  return ns
    .filter(({ rdata }) => isAtOrBelow(rdata, 0, apex))
    .map(({ rdata }) => ({ key: keyFromName(rdata, apex), name: nameToText(rdata) }));
}

/**
 * The zone's own name servers without address. Only a warning: the parent's glue leads
 * resolvers to them (RFC 1034 §4.2.1), and operators do publish such zones (.gov for one).
 *
 * @param seen indices of those whose addresses the walk has met.
 */
export function serverWarnings(
  servers: readonly ApexServer[],
  seen: ReadonlySet<number>,
): string[] {
  return servers
    .filter((_, i) => !seen.has(i))
    .map(({ name }) => `the zone's name server ${name} has no address`);
}

type Denial = Pick<VerifyContext, 'denial' | 'denialTtl' | 'chain' | 'optOut' | 'otherChains'> &
  Pick<Apex, 'certainty'>;
type Tell = (code: FaultCode, type: number, message: string, record?: ApexRecord) => void;

const NO_DENIAL: Denial = {
  denial: 'none',
  denialTtl: -1,
  chain: undefined,
  optOut: false,
  otherChains: [],
  certainty: 'sure',
};

function readDenial(
  runs: readonly Run[],
  nsec3params: readonly ApexRecord[],
  nsec: readonly ApexRecord[],
  fault: Tell,
  warnings: string[],
  whole: boolean,
  soa: ApexRecord,
): Denial {
  if (nsec3params.length === 0 && nsec.length > 0) {
    return { ...NO_DENIAL, denial: 'nsec', denialTtl: nsec[0].ttl };
  }
  const params = nsec3params.map((record) => paramsOf(record.rdata, 0));
  nsec3params.forEach((record) => {
    if (record.rdata[1] === 0) return;
    const message = `the flags are ${record.rdata[1]}, not 0`;
    fault('nsec3param-flags', TYPE.NSEC3PARAM, message, record);
  });
  // The first chain that NSEC3PARAM announces and that is there.
  let found: Found | undefined;
  let chain: ChainParams | undefined;
  for (const one of params) {
    found = findRecord(runs, TYPE.NSEC3, (b, p) => isOf(one, b, p));
    chain = one;
    if (found !== undefined) break;
  }
  let certainty: Certainty = 'sure';
  if (!whole && (found === undefined || chain !== params[0])) {
    if (params.length !== 1) return { ...NO_DENIAL, certainty: 'unknown' };
    certainty = 'assumed';
  } else if (found === undefined) {
    found = findRecord(runs, TYPE.NSEC3, () => true);
    if (found === undefined) {
      const [first] = nsec;
      const stray = first === undefined ? findRecord(runs, TYPE.NSEC, () => true) : undefined;
      if (nsec3params.length > 0) {
        const message = 'there is an NSEC3PARAM and no NSEC3 record';
        fault('nsec3param-mismatch', TYPE.NSEC3PARAM, message, nsec3params[0]);
      }
      if (first === undefined && stray === undefined) {
        fault('missing-denial', TYPE.NSEC, 'the zone has neither NSEC nor NSEC3 records');
        return NO_DENIAL;
      }
      return { ...NO_DENIAL, denial: 'nsec', denialTtl: first?.ttl ?? stray?.ttl ?? -1 };
    }
    chain = paramsOf(found.block, found.at + FACT_HEADER);
    if (nsec3params.length === 0) {
      const message = 'the zone has NSEC3 records and no NSEC3PARAM at its apex';
      fault('missing-nsec3param', TYPE.NSEC3PARAM, message);
    } else {
      const message = 'no NSEC3 record has the parameters of NSEC3PARAM';
      fault('nsec3param-mismatch', TYPE.NSEC3PARAM, message, nsec3params[0]);
    }
  }
  const otherChains = params.filter((one) => one !== chain);
  const most = Math.max(...[chain, ...params].map((one) => one?.iterations ?? 0));
  if (most > MAX_ITERATIONS) {
    const message = `${most} iterations are more than ${MAX_ITERATIONS} (RFC 9276)`;
    fault('excessive-iterations', TYPE.NSEC3PARAM, message, nsec3params[0]);
  } else if (most > 0) {
    warnings.push(`NSEC3 with ${most} iterations; RFC 9276 wants 0`);
  }
  if (chain !== undefined && chain.salt.length > 0) {
    warnings.push('NSEC3 with a salt; RFC 9276 wants none');
  }
  if (chain !== undefined && (chain.iterations > MAX_ITERATIONS || chain.algorithm !== 1)) {
    chain = undefined;
  }
  // A zone without opt-out has as many NSEC3 records as names, so its beginning has some.
  const optOut = found === undefined || (found.block[found.at + FACT_HEADER + 1] & 1) === 1;
  const denialTtl = found?.ttl ?? Math.min(soa.ttl, u32(soa.rdata, soa.rdata.length - 4));
  return { denial: 'nsec3', denialTtl, chain, optOut, otherChains, certainty };
}

/** The parameters in the RDATA of NSEC3 or NSEC3PARAM. */
function paramsOf(b: Uint8Array, p: number): ChainParams {
  return {
    algorithm: b[p],
    iterations: (b[p + 2] << 8) | b[p + 3],
    salt: b.slice(p + 5, p + 5 + b[p + 4]),
  };
}

function isOf(chain: ChainParams, b: Uint8Array, p: number): boolean {
  return sameChain(chain, b[p], (b[p + 2] << 8) | b[p + 3], b, p + 5, b[p + 4]);
}

interface Found {
  readonly block: Uint8Array;
  readonly at: number;
  readonly ttl: number;
}

/** The first record of a type, in canonical order, whose RDATA at `b[p]` is wanted. */
function findRecord(
  runs: readonly Run[],
  type: number,
  wanted: (b: Uint8Array, p: number) => boolean,
): Found | undefined {
  const cursor = new Cursor(runs);
  while (cursor.next()) {
    for (let i = 0; i < cursor.parts; i++) {
      const block = cursor.partBlocks[i];
      const end = cursor.partEnds[i];
      for (let p = cursor.partStarts[i]; p < end; p += FACT_HEADER + factLength(block, p)) {
        if (factType(block, p) === type && wanted(block, p + FACT_HEADER)) {
          return { block, at: p, ttl: factTtl(block, p) };
        }
      }
    }
  }
  return undefined;
}

/** The key of the record in a chunk's line, for a place that only the reader knows. */
export function keyAt(runs: readonly Run[], chunk: number, line: number): Uint8Array | undefined {
  const cursor = new Cursor(runs);
  while (cursor.next()) {
    for (let i = 0; i < cursor.parts; i++) {
      const block = cursor.partBlocks[i];
      const end = cursor.partEnds[i];
      for (let p = cursor.partStarts[i]; p < end; p += FACT_HEADER + factLength(block, p)) {
        if (factLine(block, p) === line && factChunk(block, p) === chunk) {
          return cursor.keyBlock.slice(cursor.keyStart, cursor.keyEnd);
        }
      }
    }
  }
  return undefined;
}

function readZonemd(
  records: readonly ApexRecord[],
  serial: number,
  fault: Tell,
  warnings: string[],
): ZoneDigest[] {
  const digests: ZoneDigest[] = [];
  const seen = new Set<number>();
  for (const record of records) {
    const { rdata } = record;
    const scheme = rdata[4];
    const hash = rdata[5];
    const pair = (scheme << 8) | hash;
    if (seen.has(pair)) {
      const message = `two ZONEMD records have scheme ${scheme} and hash ${hash}`;
      fault('zonemd-duplicate', TYPE.ZONEMD, message, record);
    }
    seen.add(pair);
    const own = u32(rdata, 0);
    if (own !== serial) {
      const message = `the serial is ${own}, that of the SOA ${serial}`;
      fault('zonemd-serial', TYPE.ZONEMD, message, record);
    }
    if (scheme !== 1 || (hash !== 1 && hash !== 2)) {
      warnings.push(`ZONEMD of scheme ${scheme} and hash ${hash} can't be checked`);
      continue;
    }
    digests.push({
      serial: own,
      hash: hash === 1 ? 'sha384' : 'sha512',
      digest: rdata.slice(6),
    });
  }
  return digests;
}

function u32(b: Uint8Array, p: number): number {
  return ((b[p] << 24) | (b[p + 1] << 16) | (b[p + 2] << 8) | b[p + 3]) >>> 0;
}
