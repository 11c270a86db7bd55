/**
 * Reads an export with a registry reader and shows its facts as lines of text, sorted:
 * `zone name kind data`.
 */
import { nameFromKey, nameFromText, nameToText } from '#zonewright/names/name.js';
import { createPlaces, type Places } from '#zonewright/read/places.js';
import {
  type ReadRegistryOptions,
  type RegistryFacts,
  readRdeCsv,
} from '#zonewright/read/rde-csv.js';
import { FACT_HEADER, factLength, factTtl, factType, Kind } from '#zonewright/records/entry.js';
import { Cursor } from '#zonewright/sort/cursor.js';
import { createPool } from '#zonewright/threads/pool.js';
import { statusNames } from '#zonewright/zone/status.js';

export interface FactsRead {
  readonly facts: string[];
  /** `file:line field reason`, the file without its folder. */
  readonly rejects: string[];
  readonly warnings: string[];
  readonly result: RegistryFacts;
  readonly places: Places;
}

const TTLS = { nsTtl: 172800, dsTtl: 86400, glueTtl: 172800 };

/** Reads a deposit of the CSV model. `threads` 0 reads in this thread. */
export async function readFacts(
  path: string,
  zones: readonly string[] = ['example'],
  threads = 0,
  more: Partial<ReadRegistryOptions> = {},
): Promise<FactsRead> {
  const pool = createPool(threads);
  const rejects: string[] = [];
  const warnings: string[] = [];
  const places = createPlaces();
  try {
    const apexes = zones.map((zone) => nameFromText(zone));
    const result = await readRdeCsv(path, {
      zones: apexes.map((apex) => ({ apex, ...TTLS })),
      pool,
      places,
      reject: ({ file, line, field, reason }) =>
        rejects.push(`${file.replace(/^.*\//, '')}:${line} ${field} ${reason}`),
      warn: (text) => warnings.push(text),
      ...more,
    });
    const facts = apexes.flatMap((apex, i) =>
      factLines(result.runs[i]).map(
        ([key, line]) => `${nameToText(nameFromKey(key, apex))} ${line}`,
      ),
    );
    return { facts: facts.sort(), rejects, warnings, result, places };
  } finally {
    await pool.close();
  }
}

function factLines(runs: RegistryFacts['runs'][number]): [Uint8Array, string][] {
  const cursor = new Cursor(runs);
  const lines: [Uint8Array, string][] = [];
  while (cursor.next()) {
    const key = cursor.keyBlock.slice(cursor.keyStart, cursor.keyEnd);
    for (let part = 0; part < cursor.parts; part++) {
      const block = cursor.partBlocks[part];
      for (let f = cursor.partStarts[part]; f < cursor.partEnds[part]; ) {
        lines.push([key, factLine(block, f)]);
        f += FACT_HEADER + factLength(block, f);
      }
    }
  }
  return lines;
}

function factLine(block: Uint8Array, f: number): string {
  const rdata = block.slice(f + FACT_HEADER, f + FACT_HEADER + factLength(block, f));
  const ttl = factTtl(block, f);
  switch (block[f]) {
    case Kind.domain:
      return 'DOMAIN';
    case Kind.status:
      return `STATUS ${statusNames(1 << rdata[0]).join()}`;
    case Kind.ns:
      return `NS ${ttl} ${nameToText(rdata)}`;
    case Kind.ds:
      return `DS ${ttl} ${(rdata[0] << 8) | rdata[1]} ${rdata[2]} ${rdata[3]} ${hex(rdata.slice(4))}`;
    case Kind.address:
      return `ADDRESS ${ttl} ${factType(block, f)} ${hex(rdata)}`;
    default:
      return `?${block[f]}`;
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase();
