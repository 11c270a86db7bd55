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
import type { Cursor } from '../sort/cursor.js';
import { LookUps } from '../sort/look-ups.js';
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

/** A mirrored name; `original` and `mirror` are zone (one octet) and key. */
interface Mirror {
  readonly original: Uint8Array;
  readonly mirror: Uint8Array;
  readonly chunk: number;
  readonly line: number;
  /** The mirrored name is a domain object as well. */
  taken: boolean;
}

/** Makes the facts of the mirrored names. */
export function joinMirrors({ runs, mirrors, apexes }: MirrorArgs): MirrorAnswer {
  const writers = apexes.map(() => new EntryWriter());
  const rejects: MirrorReject[] = [];
  const perZone = apexes.map(() => 0);
  const all = readMirrors(mirrors);
  // In the order of the keys, so that the runs' pages are gone through from front to back.
  all.sort((a, b) => Buffer.compare(a.mirror, b.mirror));
  let find = lookUpsOf(runs);
  for (const one of all) one.taken = isDomain(find(one.mirror));
  all.sort((a, b) => Buffer.compare(a.original, b.original));
  find = lookUpsOf(runs);
  for (const one of all) {
    const { mirror, chunk, line } = one;
    const zone = mirror[0];
    const reason = joinOne(find(one.original), one, writers[zone]);
    if (reason === undefined) perZone[zone]++;
    else if (rejects.length < MAX_REJECTS) {
      const name = nameToText(nameFromKey(mirror.subarray(1), apexes[zone]));
      rejects.push({ chunk, line, reason, name });
    }
  }
  rejects.sort((a, b) => a.chunk - b.chunk || a.line - b.line);
  return { runs: writers.map(sortRun), perZone, rejects };
}

function readMirrors(parts: readonly HostPart[]): Mirror[] {
  const all: Mirror[] = [];
  for (const { blocks, addresses } of parts) {
    for (const address of addresses) {
      const block = blocks[address >>> 24];
      const at = (address & 0xffffff) + ENTRY_HEADER;
      const keyEnd = at + (block[at - 2] | (block[at - 1] << 8));
      const h = at - ENTRY_HEADER;
      const end =
        keyEnd + (block[h] | (block[h + 1] << 8) | (block[h + 2] << 16) | (block[h + 3] << 24));
      const original = block.slice(at, keyEnd);
      for (let f = keyEnd; f < end; f += FACT_HEADER + factLength(block, f)) {
        all.push({
          original,
          mirror: block.slice(f + FACT_HEADER, f + FACT_HEADER + factLength(block, f)),
          chunk: factChunk(block, f),
          line: factLine(block, f),
          taken: false,
        });
      }
    }
  }
  return all;
}

/** Looks up names given as zone (one octet) and key, in their order. */
function lookUpsOf(runs: readonly (readonly Run[])[]): (name: Uint8Array) => Cursor | undefined {
  const lookUps = runs.map((list) => new LookUps(list));
  return (name) => lookUps[name[0]].find(name.subarray(1));
}

/** Copies the delegation at a cursor; returns why it can't be done. */
function joinOne(
  cursor: Cursor | undefined,
  { mirror, chunk, line, taken }: Mirror,
  writer: EntryWriter,
): string | undefined {
  if (taken) return 'is of a mirrored name that is a domain object as well';
  if (!isDomain(cursor)) return 'is not a domain in the deposit';
  eachFact(cursor!, (kind, block, f) => {
    if (kind !== Kind.domain && kind !== Kind.status && kind !== Kind.ns) return;
    const from = f + FACT_HEADER;
    const to = from + factLength(block, f);
    const type = factType(block, f);
    const ttl = factTtl(block, f);
    writer.append(mirror, 1, mirror.length, kind, type, ttl, chunk, line, block, from, to);
  });
  return undefined;
}

function isDomain(cursor: Cursor | undefined): boolean {
  let found = false;
  if (cursor !== undefined) {
    eachFact(cursor, (kind) => {
      if (kind === Kind.domain) found = true;
    });
  }
  return found;
}

function eachFact(
  { parts, partBlocks, partStarts, partEnds }: Cursor,
  each: (kind: number, block: Uint8Array, f: number) => void,
): void {
  for (let part = 0; part < parts; part++) {
    const block = partBlocks[part];
    for (let f = partStarts[part]; f < partEnds[part]; f += FACT_HEADER + factLength(block, f)) {
      each(block[f], block, f);
    }
  }
}
