/**
 * Reads the configured export, and what the zones have beside it, into runs of facts for each
 * zone.
 */

import { readdirSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Config, ZoneConfig } from '../config/model.js';
import { inputError, usageError } from '../errors.js';
import { readMaster } from '../read/master.js';
import type { Places } from '../read/places.js';
import { readRdeCsv } from '../read/rde-csv.js';
import type { Reject } from '../read/rejects.js';
import { unpacking } from '../read/source.js';
import type { Run } from '../sort/run.js';
import type { SpillPlan } from '../sort/spill-plan.js';
import type { Pool } from '../threads/pool.js';

/** What was read. */
export interface ExportFacts {
  /** For each zone, sorted runs of entries. */
  readonly runs: readonly (readonly Run[])[];
  /** For each zone the domain objects that were read; undefined: the export has none. */
  readonly domains: readonly (number | undefined)[];
  /** The export's own identifier and time, where it has them. */
  readonly id: string | undefined;
  readonly watermark: string | undefined;
  /** Rows about names in none of the zones. */
  readonly outside: number;
  readonly octets: number;
}

export interface ReadExportOptions {
  readonly pool: Pool;
  /** Bounds what is held in memory. */
  readonly spill: SpillPlan;
  readonly places: Places;
  /** Called for each record that can't be used; may throw. */
  readonly reject: (reject: Reject) => void;
  readonly warn: (text: string) => void;
  /** Called with the octets read so far. */
  readonly progress: (octets: number) => void;
}

/**
 * Reads the export of all `zones`.
 *
 * @throws ZonewrightError: exit 3 for input that can't be used, 2 for a source that is not there.
 */
export async function readExport(
  config: Config,
  zones: readonly ZoneConfig[],
  options: ReadExportOptions,
): Promise<ExportFacts> {
  const facts = await readSource(config, zones, options);
  const runs: (readonly Run[])[] = [];
  for (const [i, zone] of zones.entries()) {
    const own = facts.runs[i];
    if (zone.records === undefined) runs.push(own);
    else runs.push([...own, ...(await readZoneFile(zone.records, zone, options)).runs]);
  }
  return { ...facts, runs };
}

async function readSource(
  config: Config,
  zones: readonly ZoneConfig[],
  options: ReadExportOptions,
): Promise<ExportFacts> {
  const { format, path } = config.source;
  switch (format) {
    case 'rde-csv': {
      const facts = await readRdeCsv(path!, {
        ...options,
        zones: zones.map(({ name, nsTtl, dsTtl, glueTtl }) => ({
          apex: name,
          nsTtl,
          dsTtl,
          glueTtl,
        })),
      });
      const { runs, perZone, id, watermark, outside, octets } = facts;
      // Mirrored names are delegations without a domain object.
      const domains = perZone.map((n) => (facts.mirrors === 0 ? n : undefined));
      return { runs, domains, id, watermark, outside, octets };
    }
    case 'master': {
      const runs: (readonly Run[])[] = [];
      let octets = 0;
      for (const zone of zones) {
        const file = masterFileOf(path!, zone, config.zones.length);
        const before = octets;
        const facts = await readZoneFile(file, zone, {
          ...options,
          progress: (n) => options.progress(before + n),
        });
        runs.push(facts.runs);
        octets += facts.octets;
      }
      const domains = zones.map(() => undefined);
      return { runs, domains, id: undefined, watermark: undefined, outside: 0, octets };
    }
    default:
      throw usageError(`source format "${format}" is not available yet`, {
        place: { file: config.file, field: 'source.format' },
        hint: 'use "rde-csv" or "master"',
      });
  }
}

function readZoneFile(path: string, zone: ZoneConfig, options: ReadExportOptions) {
  const { pool, spill, places, reject, progress } = options;
  return readMaster(path, {
    apex: zone.name,
    dropDnssec: true,
    pool,
    spill,
    places,
    reject,
    progress,
  });
}

/**
 * The zone file of a zone: `path` with `{zone}` replaced, `<path>/<zone>.zone` or `.zone.gz` in a
 * folder, or the file `path` itself when there is one zone only.
 *
 * @throws ZonewrightError (exit 2 or 3).
 */
export function masterFileOf(path: string, zone: ZoneConfig, zones: number): string {
  if (path.includes('{zone}')) return path.replaceAll('{zone}', zone.label);
  if (statOf(path)?.isDirectory() === true) {
    const plain = join(path, `${zone.label}.zone`);
    const found = [plain, `${plain}.gz`].find((file) => statOf(file)?.isFile());
    if (found !== undefined) return found;
    throw inputError(`there is no zone file of ${zone.label} in the folder`, {
      place: { file: path },
      hint: `put it there as ${zone.label}.zone or ${zone.label}.zone.gz`,
    });
  }
  if (zones === 1) return path;
  throw usageError('is one file for several zones', {
    place: { file: path, field: 'source.path' },
    hint: 'name a folder that holds ZONE.zone files, or write {zone} into the path',
  });
}

/** Octets of the export as it lies there, one folder deep; 0 where that is not known. */
export function exportSize(config: Config): number {
  return sizeOf(config, () => 1);
}

/** Octets of the export's text, about: unpacked, where it is packed. */
export function exportTextSize(config: Config): number {
  return sizeOf(config, unpacking);
}

function sizeOf(config: Config, scale: (file: string) => number): number {
  const { path } = config.source;
  if (path === undefined) return 0;
  const files = path.includes('{zone}')
    ? config.zones.map((zone) => path.replaceAll('{zone}', zone.label))
    : [path];
  let size = 0;
  for (const file of files) {
    const stat = statOf(file);
    if (stat?.isDirectory() !== true) size += (stat?.size ?? 0) * scale(file);
    else {
      for (const name of readdirSync(file)) {
        size += (statOf(join(file, name))?.size ?? 0) * scale(name);
      }
    }
  }
  return size;
}

function statOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}
