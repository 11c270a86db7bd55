/** Generations of any size without a build, for tests of the bundles themselves. */
import { createHash } from 'node:crypto';
import { closeSync, ftruncateSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest } from '#zonewright/publish/manifest.js';
import type { ZoneGeneration } from '#zonewright/zfa/bundles/generations.js';
import type { BundleJob } from '#zonewright/zfa/bundles/make.js';
import { sharedFiles } from '#zonewright/zfa/shared-files.js';
import { NOON } from './holders.js';

/** A zone whose files are these octets; a number: a sparse file of so many. */
export function fakeZone(
  folder: string,
  zone: string,
  contents: readonly [string | number, string, string, string],
): ZoneGeneration {
  mkdirSync(folder, { recursive: true });
  const files = sharedFiles(zone).map(({ name }, i) => {
    const path = join(folder, name);
    const content = contents[i];
    const file = openSync(path, 'w');
    if (typeof content === 'number') ftruncateSync(file, content);
    else writeFileSync(file, content);
    closeSync(file);
    const bytes = typeof content === 'number' ? content : Buffer.byteLength(content);
    const sha256 = createHash('sha256').update(`${content}`).digest('hex');
    const unpacked = name.endsWith('.gz') ? { bytes: 1, sha256 } : undefined;
    return { name, path, bytes, sha256, unpacked };
  });
  const buildTime = NOON - 3600;
  const manifest = {
    serial: 7,
    buildTime: new Date(buildTime * 1000).toISOString().replace('.000', ''),
    counts: { delegations: 1 },
  } as unknown as Manifest;
  const changes = { added: 1, removed: 0, changed: 0, since: undefined };
  return { zone, generation: 'g', serial: 7, buildTime, manifest, files, changes };
}

/** The work of a day in a folder; by default for nobody and of no zone. */
export function job(folder: string, more: Partial<BundleJob>): BundleJob {
  return {
    outputDir: join(folder, 'out'),
    stateDir: join(folder, 'state'),
    date: new Date(NOON * 1000).toISOString().slice(0, 10).replaceAll('-', ''),
    now: NOON,
    keepDays: 7,
    zones: [],
    agreement: undefined,
    holders: [],
    assertHeld: () => undefined,
    tellNewKey: () => undefined,
    ...more,
  };
}
