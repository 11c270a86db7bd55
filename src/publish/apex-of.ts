/**
 * Reads the apex back from a zone file that was written: what the guards judge is what stands in
 * the file, not what was meant to.
 */

import { createReadStream } from 'node:fs';
import { nameToText } from '../names/name.js';
import { readMaster } from '../read/master.js';
import { createPlaces } from '../read/places.js';
import { FACT_HEADER, factLength, factTtl, factType } from '../records/entry.js';
import { TYPE } from '../records/types.js';
import { lookUp } from '../sort/cursor.js';
import { createPool } from '../threads/pool.js';

/** The apex of a zone file. */
export interface WrittenApex {
  readonly soa: readonly { readonly ttl: number; readonly rdata: Uint8Array }[];
  /** Wire names. */
  readonly ns: readonly Uint8Array[];
  /** RDATA. */
  readonly dnskeys: readonly Uint8Array[];
  /** Algorithms that sign both SOA and DNSKEY. */
  readonly algorithms: ReadonlySet<number>;
}

/** Reads the apex of a file in canonical order, as zonewright writes it: apex first. */
export async function readWrittenApex(path: string, apex: Uint8Array): Promise<WrittenApex> {
  const { runs } = await readMaster(path, {
    apex,
    dropDnssec: false,
    pool: createPool(0),
    places: createPlaces(),
    reject: ({ line, reason, text }) => {
      throw new Error(`${path}:${line}: ${reason}: ${text}`);
    },
    source: apexLines(path, apex),
  });
  const soa: { ttl: number; rdata: Uint8Array }[] = [];
  const ns: Uint8Array[] = [];
  const dnskeys: Uint8Array[] = [];
  const signed = new Map<number, Set<number>>([
    [TYPE.SOA, new Set()],
    [TYPE.DNSKEY, new Set()],
  ]);
  lookUp(runs, new Uint8Array(0), (block, start, end) => {
    for (let at = start; at < end; at += FACT_HEADER + factLength(block, at)) {
      const rdata = block.slice(at + FACT_HEADER, at + FACT_HEADER + factLength(block, at));
      switch (factType(block, at)) {
        case TYPE.SOA:
          soa.push({ ttl: factTtl(block, at), rdata });
          break;
        case TYPE.NS:
          ns.push(rdata);
          break;
        case TYPE.DNSKEY:
          dnskeys.push(rdata);
          break;
        case TYPE.RRSIG:
          // Type covered, then algorithm (RFC 4034 §3.1).
          signed.get((rdata[0] << 8) | rdata[1])?.add(rdata[2]);
          break;
        default:
          break;
      }
    }
  });
  const ofSoa = signed.get(TYPE.SOA);
  const algorithms = [...(signed.get(TYPE.DNSKEY) ?? [])].filter((a) => ofSoa?.has(a));
  return { soa, ns, dnskeys, algorithms: new Set(algorithms) };
}

/** The lines at the start of a file whose owner is the apex. */
async function* apexLines(path: string, apex: Uint8Array): AsyncGenerator<Uint8Array> {
  const owner = Buffer.from(`${nameToText(apex)}\t`, 'latin1');
  let rest = Buffer.alloc(0);
  for await (const piece of createReadStream(path)) {
    rest = Buffer.concat([rest, piece as Buffer]);
    let at = 0;
    for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a, at)) {
      if (rest.compare(owner, 0, owner.length, at, Math.min(at + owner.length, end)) !== 0) {
        if (at > 0) yield new Uint8Array(rest.subarray(0, at));
        return;
      }
      at = end + 1;
    }
    if (at > 0) yield new Uint8Array(rest.subarray(0, at));
    rest = rest.subarray(at);
  }
}
