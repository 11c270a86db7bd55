/**
 * The generations that a day's bundles are made of, and what holders get of each: its packed copy,
 * the sum of it, and the names added and removed, under the names that they have in a bundle.
 */

import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { parseTime } from '../../config/time.js';
import { EXIT, refusal, ZonewrightError } from '../../errors.js';
import { currentGeneration, listGenerations } from '../../publish/generation.js';
import { type Manifest, readManifest } from '../../publish/manifest.js';
import { storageError } from '../../publish/storage.js';
import { sharedFiles } from '../shared-files.js';
import type { DayZone } from './day-files.js';
import { dateStart } from './folders.js';

const DAY = 86_400;

/** Size and SHA-256 (hexadecimal). */
export interface Digest {
  readonly bytes: number;
  readonly sha256: string;
}

/** A file that all holders of a zone get. */
export interface GenerationFile extends Digest {
  /** As it is called in the bundle. */
  readonly name: string;
  readonly path: string;
  /** Of a packed file: what it unpacks to. */
  readonly unpacked: Digest | undefined;
}

/** What the lists of names are against. */
export interface Since {
  /** YYYYMMDD: the day whose bundles had it; undefined: it is just the generation before. */
  readonly date: string | undefined;
  readonly generation: string;
  readonly serial: number;
}

/** The lists of names in numbers; undefined: not known. */
export interface Changes {
  readonly added: number | undefined;
  readonly removed: number | undefined;
  readonly changed: number | undefined;
  /** undefined: against nothing, so that all names are new. */
  readonly since: Since | undefined;
}

/** What is bundled of a zone. */
export interface ZoneGeneration {
  /** Label. */
  readonly zone: string;
  readonly generation: string;
  readonly serial: number;
  /** Seconds since 1970. */
  readonly buildTime: number;
  readonly manifest: Manifest;
  readonly files: readonly GenerationFile[];
  readonly changes: Changes;
}

/** The name of the published generation; undefined before the first. */
export function currentOf(outputDir: string, label: string): string | undefined {
  return currentGeneration(join(outputDir, label));
}

/**
 * The name of the generation that was published when a day ended (UTC); undefined: none was.
 *
 * @param date YYYYMMDD.
 * @throws ZonewrightError (exit 4) when it is not there any more.
 */
export function generationOfDay(
  outputDir: string,
  label: string,
  date: string,
): string | undefined {
  const zoneDir = join(outputDir, label);
  const end = dateStart(date)! + DAY;
  const all = listGenerations(zoneDir).map(({ name }) => name);
  const later = all.find((name) => buildTimeOf(name) >= end);
  // With none later the link tells, also of an operator who went back to an older one.
  if (later === undefined) return currentOf(outputDir, label);
  const manifest = readManifest(join(zoneDir, later));
  if (manifest === undefined) {
    throw refusal('has no manifest.json that can be read, which tells what was published before', {
      place: { file: join(zoneDir, later) },
    });
  }
  const before = manifest.previous?.generation;
  if (before === undefined) return undefined;
  if (!all.includes(before)) {
    // With a gap between the two it is not even known which it was.
    const which = buildTimeOf(before) < end ? `: ${before}` : '';
    throw refusal(`the generation of ${date} is not there any more${which}`, {
      place: { file: zoneDir },
      hint: 'publish.keep says how many generations stay; the bundles of a day stay by themselves (zfa.keep-days)',
    });
  }
  return before;
}

function buildTimeOf(generation: string): number {
  return parseTime(generation.slice(0, generation.indexOf('-'))) ?? 0;
}

/**
 * Reads what is bundled of a generation.
 *
 * @throws ZonewrightError (exit 4) for one that lacks a file or its manifest.
 */
export async function readGeneration(
  outputDir: string,
  label: string,
  generation: string,
): Promise<ZoneGeneration> {
  const folder = join(outputDir, label, generation);
  const damaged = (what: string): ZonewrightError =>
    refusal(`this generation ${what}`, {
      place: { file: folder },
      hint: 'build the zone anew (zonewright build)',
    });
  const manifest = readManifest(folder);
  if (manifest === undefined) throw damaged('has no manifest.json that can be read');
  const files: GenerationFile[] = [];
  for (const { name, stored } of sharedFiles(label)) {
    const path = join(folder, stored);
    const known = manifest.files.find((file) => file.name === stored);
    const size = statSync(path, { throwIfNoEntry: false })?.size;
    if (known === undefined || size === undefined) throw damaged(`has no ${stored}`);
    if (size !== known.bytes) {
      throw damaged(`is damaged: ${stored} has ${size} octets, its manifest says ${known.bytes}`);
    }
    const { bytes, sha256 } = known;
    const packed = stored.endsWith('.gz');
    const unpacked = packed ? (known.unpacked ?? (await digestUnpacked(path))) : undefined;
    files.push({ name, path, bytes, sha256, unpacked });
  }
  const { serial } = manifest;
  const buildTime = parseTime(manifest.buildTime) ?? buildTimeOf(generation);
  const changes = ownChanges(manifest);
  return { zone: label, generation, serial, buildTime, manifest, files, changes };
}

/** What a generation's own lists tell. */
function ownChanges(manifest: Manifest): Changes {
  const before = comparedWith(manifest);
  return {
    added: countOf(manifest, 'added'),
    removed: countOf(manifest, 'removed'),
    changed: countOf(manifest, 'changed'),
    since: before && { ...before, date: undefined },
  };
}

/**
 * The generation that a generation's lists are against; undefined: against nothing, because it was
 * the first, or the one before was damaged.
 */
export function comparedWith({
  previous,
  counts,
}: Manifest): NonNullable<Manifest['previous']> | undefined {
  return previous === null || counts.previousDelegations === null ? undefined : previous;
}

/** The same, by unpacking; generations of older versions don't say. */
async function digestUnpacked(path: string): Promise<Digest> {
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    await pipeline(createReadStream(path), createGunzip(), async (text) => {
      for await (const piece of text as AsyncIterable<Buffer>) {
        bytes += piece.length;
        hash.update(piece);
      }
    });
  } catch (error) {
    const told = storageError(error, path);
    if (told instanceof ZonewrightError) throw told;
    const message = `can't be unpacked: ${(error as Error).message}`;
    throw new ZonewrightError(EXIT.refused, message, { place: { file: path }, cause: error });
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** A count of a generation's manifest; undefined: it doesn't say. */
export function countOf({ counts }: Manifest, name: string): number | undefined {
  const count = counts[name];
  return typeof count === 'number' ? count : undefined;
}

/** What a day's description says of it. */
export function dayZone(zone: ZoneGeneration): DayZone {
  return {
    zone: zone.zone,
    generation: zone.generation,
    serial: zone.serial,
    buildTime: zone.manifest.buildTime,
    delegations: countOf(zone.manifest, 'delegations'),
    added: zone.changes.added,
    removed: zone.changes.removed,
    since: zone.changes.since,
    unpackedBytes: zone.files[0].unpacked?.bytes ?? 0,
    files: zone.files.map(({ name, bytes, sha256 }) => ({ name, bytes, sha256 })),
  };
}
