/**
 * What is published of a zone now, from its folder and the state; and mending after a run that
 * was killed.
 */

import { existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ZoneConfig } from '../config/model.js';
import { parseTime } from '../config/time.js';
import type { KeyStates } from '../keys/lifecycle/zone-keys.js';
import { laterSerial } from '../zone/serial.js';
import {
  currentGeneration,
  generationSerial,
  removeGeneration,
  removeLeftovers,
} from './generation.js';
import { type ManifestFile, readManifest } from './manifest.js';
import {
  audit,
  endPublishing,
  notePublications,
  type Publication,
  readPublications,
  unfinishedPublishing,
} from './state.js';

/** The published generation of a zone. */
export interface Published {
  readonly generation: string;
  readonly serial: number;
  /** Seconds since 1970. */
  readonly buildTime: number | undefined;
  /** Its zone file, plain or else gzip; undefined when somebody has removed both. */
  readonly zoneFile: string | undefined;
  /** What is wrong with `zoneFile` by its manifest; undefined: nothing, as far as its size tells. */
  readonly damage: string | undefined;
  /** SHA-256 of the zone file, hexadecimal, as its manifest has it. */
  readonly sha256: string | undefined;
  /** Octets of all its files, as its manifest has them. */
  readonly bytes: number;
  /** The states of the keys that it was published with. */
  readonly keyStates: KeyStates | undefined;
}

/** The published generation; undefined before the first. */
export function publishedOf(zoneDir: string, label: string): Published | undefined {
  const generation = currentGeneration(zoneDir);
  if (generation === undefined) return undefined;
  const folder = join(zoneDir, generation);
  const plain = join(folder, `${label}.zone`);
  const manifest = readManifest(folder);
  const files = manifest?.files ?? [];
  const zoneFile = [plain, `${plain}.gz`].find((file) => existsSync(file));
  return {
    generation,
    serial: generationSerial(generation)!,
    buildTime: parseTime(generation.slice(0, generation.indexOf('-'))),
    zoneFile,
    damage: zoneFile === undefined ? undefined : damageOf(zoneFile, files),
    sha256: files.find((file) => file.name === `${label}.zone`)?.sha256,
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    keyStates: manifest?.keyStates,
  };
}

/** A file that was cut off between two records, or emptied, still reads as a zone. */
function damageOf(path: string, files: readonly ManifestFile[]): string | undefined {
  const expected = files.find((file) => file.name === basename(path))?.bytes;
  const { size } = statSync(path);
  return expected === undefined || size === expected
    ? undefined
    : `has ${size} octets, its manifest says ${expected}`;
}

/**
 * The last serial of a zone that anybody can have seen: the greater of the state's and the
 * published generation's (a crash between switch and state; state that was lost).
 */
export function lastSerial(
  stateDir: string,
  label: string,
  published: Published | undefined,
): number | undefined {
  const noted = readPublications(stateDir)[label]?.serial;
  if (published === undefined) return noted;
  return laterSerial(published.serial, noted);
}

/**
 * Puts in order what a killed run has left; under the lock. Generations whose switch had begun
 * are noted as published if `current` leads to them, and removed if not.
 *
 * @returns sentences for the log.
 */
export function recover(
  stateDir: string,
  outputDir: string,
  zones: readonly ZoneConfig[],
  now: number,
): string[] {
  const told: string[] = [];
  const unfinished = unfinishedPublishing(stateDir);
  if (unfinished !== undefined) {
    const done: Record<string, Publication> = {};
    for (const [label, publication] of Object.entries(unfinished)) {
      const zoneDir = join(outputDir, label);
      const { generation } = publication;
      if (currentGeneration(zoneDir) === generation) {
        done[label] = publication;
        told.push(`the run before was interrupted after it had published ${label} ${generation}`);
      } else if (existsSync(join(zoneDir, generation))) {
        removeGeneration(zoneDir, generation);
        told.push(`the run before was interrupted before it published ${label} ${generation}`);
      }
    }
    notePublications(stateDir, done);
    audit(stateDir, now, { event: 'recovered', published: done });
    endPublishing(stateDir);
  }
  for (const zone of zones) {
    const left = removeLeftovers(join(outputDir, zone.label));
    if (left.length > 0) told.push(`removed what an interrupted run left of ${zone.label}`);
  }
  return told;
}
