/**
 * Mirrored IDN variants (RFC 9022 §5.6.1.1): names that are delegated with the same name servers
 * as their originals. Looks the originals up in the sorted runs and copies what decides about
 * and makes up their delegation. Keys of DNSSEC are the child's own: DS data is not copied.
 */
import { nameFromKey, nameToText } from '../names/name.js';
import {
  ENTRY_HEADER,
  EntryWriter,
  FACT_HEADER,
  factChunk,
  factLength,
  factLine,
  factTtl,
  factType,
  Kind,
} from '../records/entry.js';
import { lookUp } from '../sort/cursor.js';
import { type Run, sortRun } from '../sort/run.js';
import type { HostPart } from './host-index.js';

export interface MirrorArgs {
  /** Runs of each zone. */
  readonly runs: readonly (readonly Run[])[];
  /** Entries under zone (one octet) and key of the originals; RDATA: the same of the mirror. */
  readonly mirrors: readonly HostPart[];
  readonly apexes: readonly Uint8Array[];
}

export interface MirrorReject {
  readonly chunk: number;
  readonly line: number;
  readonly reason: string;
  /** The mirrored name. */
  readonly name: string;
}

export interface MirrorAnswer {
  /** A run for each zone. */
  readonly runs: readonly Run[];
  /** Mirrored names of each zone. */
  readonly perZone: readonly number[];
  readonly rejects: readonly MirrorReject[];
}

const MAX_REJECTS = 10_000;

/** Makes the facts of the mirrored names. */
export function joinMirrors({ runs, mirrors, apexes }: MirrorArgs): MirrorAnswer {
  const writers = apexes.map(() => new EntryWriter());
  const rejects: MirrorReject[] = [];
  const perZone = apexes.map(() => 0);
  for (const { blocks, addresses } of mirrors) {
    for (const address of addresses) {
      const block = blocks[address >>> 24];
      const at = (address & 0xffffff) + ENTRY_HEADER;
      const keyEnd = at + (block[at - 2] | (block[at - 1] << 8));
      const h = at - ENTRY_HEADER;
      const end =
        keyEnd + (block[h] | (block[h + 1] << 8) | (block[h + 2] << 16) | (block[h + 3] << 24));
      for (let f = keyEnd; f < end; f += FACT_HEADER + factLength(block, f)) {
        const original = block.slice(at, keyEnd);
        const mirror = block.slice(f + FACT_HEADER, f + FACT_HEADER + factLength(block, f));
        const chunk = factChunk(block, f);
        const line = factLine(block, f);
        const reason = joinOne(runs, original, mirror, writers[mirror[0]], chunk, line);
        if (reason === undefined) perZone[mirror[0]]++;
        else if (rejects.length < MAX_REJECTS) {
          const name = nameToText(nameFromKey(mirror.subarray(1), apexes[mirror[0]]));
          rejects.push({ chunk, line, reason, name });
        }
      }
    }
  }
  rejects.sort((a, b) => a.chunk - b.chunk || a.line - b.line);
  return { runs: writers.map(sortRun), perZone, rejects };
}

/** Copies one delegation; returns why it can't be done. */
function joinOne(
  runs: readonly (readonly Run[])[],
  original: Uint8Array,
  mirror: Uint8Array,
  writer: EntryWriter,
  chunk: number,
  line: number,
): string | undefined {
  if (isDomain(runs[mirror[0]], mirror.subarray(1))) {
    return 'is of a mirrored name that is a domain object as well';
  }
  const key = original.subarray(1);
  if (!isDomain(runs[original[0]], key)) return 'is not a domain in the deposit';
  lookUp(runs[original[0]], key, (block, start, end) => {
    for (let f = start; f < end; f += FACT_HEADER + factLength(block, f)) {
      const kind = block[f];
      if (kind !== Kind.domain && kind !== Kind.status && kind !== Kind.ns) continue;
      const from = f + FACT_HEADER;
      const to = from + factLength(block, f);
      const type = factType(block, f);
      const ttl = factTtl(block, f);
      writer.append(mirror, 1, mirror.length, kind, type, ttl, chunk, line, block, from, to);
    }
  });
  return undefined;
}

function isDomain(runs: readonly Run[], key: Uint8Array): boolean {
  let found = false;
  lookUp(runs, key, (block, start, end) => {
    for (let f = start; f < end; f += FACT_HEADER + factLength(block, f)) {
      if (block[f] === Kind.domain) found = true;
    }
  });
  return found;
}
