/** A registry of a few hundred names, built day after day with changes. */
import { existsSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { zonewrightOk } from '../tools/cli.js';
import { build, makeRegistry, publishedZone, type Registry } from '../tools/registry.js';

/** The zones' entries in what `build --json` prints. */
export interface DayZone {
  readonly zone: string;
  readonly path: string;
  readonly counts: {
    readonly previousDelegations: number;
    readonly delegations: number;
    readonly added: number;
    readonly removed: number;
    readonly changed: number;
    readonly signatures: { readonly made: number; readonly reused: number };
  };
  readonly guards: readonly { readonly name: string; readonly ok: boolean }[];
}

/** A registry whose keys have been active since `from`. */
export async function daysRegistry(from: string): Promise<Registry> {
  const registry = await makeRegistry({
    domains: 400,
    guards: ['max-change = "100%"', 'max-removed = "100%"'],
  });
  const keys = join(registry.folder, 'keys');
  for (const name of readdirSync(keys)) rmSync(join(keys, name));
  await zonewrightOk(['keys', 'generate', '--now', from], { cwd: registry.folder });
  return registry;
}

/** Writes the export of a day. */
export async function exportOf(registry: Registry, day: number): Promise<void> {
  rmSync(registry.exportFolder, { recursive: true, force: true });
  await zonewrightOk(
    ['sample', '--domains', '400', '--day', `${day}`, '--out', registry.exportFolder],
    { cwd: registry.folder },
  );
}

/** Builds, and compares what the build counted with `diff` of the files before and after. */
export async function buildDay(registry: Registry, now: string): Promise<readonly DayZone[]> {
  const before = new Map<string, string>();
  for (const { name } of registry.zones) {
    const file = publishedZone(registry, name);
    if (existsSync(file)) before.set(name, realpathSync(file));
  }
  const done = await build(registry, '--now', now, '--json');
  const zones = JSON.parse(done.stdout).zones as readonly DayZone[];
  for (const { name } of registry.zones) {
    const older = before.get(name);
    const zone = zones.find((one) => `${one.zone}.` === name) as DayZone;
    expect(zone.guards.filter(({ ok }) => !ok)).toEqual([]);
    if (older === undefined) continue;
    const { stdout } = await zonewrightOk(['diff', older, publishedZone(registry, name), '--json']);
    const { delegations } = JSON.parse(stdout);
    const { previousDelegations, added, removed, changed } = zone.counts;
    expect({
      old: previousDelegations,
      new: zone.counts.delegations,
      added,
      removed,
      changed,
    }).toEqual(delegations);
  }
  return zones;
}
