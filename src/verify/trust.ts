/** The parent's DS records for `--ds`, and whether they lead into the zone (RFC 4035 §5.2). */

import { algorithmName } from '../dnssec/algorithms.js';
import { dsMatches, dsRdata } from '../dnssec/ds.js';
import { inputError } from '../errors.js';
import { readMaster } from '../read/master.js';
import { createPlaces } from '../read/places.js';
import { openSource } from '../read/source.js';
import { FACT_HEADER, factLength, factType } from '../records/entry.js';
import { TYPE } from '../records/types.js';
import { Cursor } from '../sort/cursor.js';
import { createPool } from '../threads/pool.js';

/** A digest type for DNSKEY records given instead of DS (SHA-256). */
const SHA256 = 2;

/**
 * Reads the DS records of a zone from a file, e.g. one of dnssec-signzone's `dsset-`; DNSKEY
 * records are taken as if their DS were there. Records of other names are passed over.
 *
 * @returns RDATA of DS records.
 * @throws ZonewrightError (exit 3) for a file that can't be read or has none.
 */
export async function readDsFile(path: string, zone: Uint8Array): Promise<Uint8Array[]> {
  const pool = createPool(0);
  const { runs } = await readMaster(path, {
    apex: zone,
    dropDnssec: false,
    pool,
    places: createPlaces(),
    source: withTtl(path),
    reject: ({ file, line, field, reason, text }) => {
      if (field === 'owner' && reason === 'is not in the zone') return;
      const at = line === undefined ? undefined : line - 1;
      throw inputError(reason, { place: { file, line: at, field }, text });
    },
  });
  const found: Uint8Array[] = [];
  const cursor = new Cursor(runs, undefined, new Uint8Array(1));
  while (cursor.next()) {
    for (let i = 0; i < cursor.parts; i++) {
      const b = cursor.partBlocks[i];
      const end = cursor.partEnds[i];
      for (let p = cursor.partStarts[i]; p < end; p += FACT_HEADER + factLength(b, p)) {
        const rdata = b.slice(p + FACT_HEADER, p + FACT_HEADER + factLength(b, p));
        if (factType(b, p) === TYPE.DS) found.push(rdata);
        else if (factType(b, p) === TYPE.DNSKEY) found.push(dsRdata(zone, rdata, SHA256));
      }
    }
  }
  if (found.length === 0) {
    throw inputError('there is neither a DS nor a DNSKEY record of the zone in it', {
      place: { file: path },
      hint: 'Is this the right file, and the right --zone?',
    });
  }
  return found;
}

/** DS files often leave the TTL out, which is of no interest here. */
async function* withTtl(path: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode('$TTL 0\n');
  yield* openSource(path);
}

/** What is wrong between the parent's DS RRset and the keys that sign the DNSKEY RRset: one
 * sentence part for each algorithm of the DS RRset that leads nowhere. */
export function dsFaults(
  zone: Uint8Array,
  ds: readonly Uint8Array[],
  signers: readonly Uint8Array[],
  published: readonly Uint8Array[],
): string[] {
  const faults: string[] = [];
  const usable = ds.filter((rdata) => [1, 2, 4].includes(rdata[3]));
  if (usable.length === 0) return ['no DS has a digest type that can be checked'];
  for (const algorithm of new Set(usable.map((rdata) => rdata[2]))) {
    const those = usable.filter((rdata) => rdata[2] === algorithm);
    if (those.some((rdata) => signers.some((key) => dsMatches(rdata, zone, key)))) continue;
    const there = those.some((rdata) => published.some((key) => dsMatches(rdata, zone, key)));
    const tags = those.map((rdata) => (rdata[0] << 8) | rdata[1]).join(', ');
    faults.push(
      there
        ? `the key of DS ${tags} (${algorithmName(algorithm)}) does not sign the DNSKEY RRset`
        : `no DNSKEY matches DS ${tags} (${algorithmName(algorithm)})`,
    );
  }
  return faults;
}
