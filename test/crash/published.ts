/** What it means that a published generation is whole: used by the crash tests. */
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { zonewright } from '../tools/cli.js';
import { currentGeneration, published, publishedZone, type Registry } from '../tools/registry.js';

/** Generations that were verified already: they don't change. */
const verified = new Set<string>();

/** Every `"name": "<64 hexadecimal digits>"` of a manifest, wherever it stands. */
function digests(value: unknown, found: Set<string>): Set<string> {
  if (typeof value === 'string' && /^[0-9a-f]{64}$/i.test(value)) found.add(value.toLowerCase());
  else if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) digests(inner, found);
  }
  return found;
}

/**
 * Expects that `current` of each zone leads to a whole generation: every file of the contract is
 * there, has the SHA-256 that the manifest says, and `verify` accepts the zone.
 */
export async function expectWhole(registry: Registry): Promise<void> {
  for (const { name } of registry.zones) {
    const generation = currentGeneration(registry, name);
    expect(generation, `${name} has a published generation`).toBeDefined();
    const zone = name.slice(0, -1);
    const manifest: unknown = JSON.parse(
      readFileSync(published(registry, name, 'manifest.json'), 'utf8'),
    );
    const known = digests(manifest, new Set());
    for (const file of [`${zone}.zone`, `${zone}.zone.gz`, 'orphans.csv']) {
      const bytes = readFileSync(published(registry, name, file));
      const digest = createHash('sha256').update(bytes).digest('hex');
      expect(known.has(digest), `${name}${generation}/${file} is as its manifest says`).toBe(true);
    }
    for (const file of [`${zone}.zone.gz.md5`, 'added.txt.gz', 'removed.txt.gz']) {
      expect(existsSync(published(registry, name, file)), file).toBe(true);
    }
    const id = `${registry.folder} ${name} ${generation}`;
    if (verified.has(id)) continue;
    const done = await zonewright(['verify', publishedZone(registry, name), '--zone', name]);
    expect(done.status, done.stderr + done.stdout).toBe(0);
    verified.add(id);
  }
}

/** Expects nothing beside the zones' whole generations and their links. */
export function expectTidy(registry: Registry): void {
  for (const { name } of registry.zones) {
    const folder = join(registry.folder, 'out', name.slice(0, -1));
    for (const entry of readdirSync(folder)) {
      if (entry === 'current') {
        expect(lstatSync(join(folder, entry)).isSymbolicLink()).toBe(true);
      } else {
        expect(entry).toMatch(/^\d{8}T\d{6}Z-\d+(-\d+)?$/);
        expect(existsSync(join(folder, entry, 'manifest.json')), entry).toBe(true);
      }
    }
  }
}
