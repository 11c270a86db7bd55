/**
 * The build contest: a registry's export for `zonewright build`, and the same zones unsigned for
 * kzonesign, taken from what the build published, so that both sign the same records.
 */

import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandLine } from './measure.js';
import { type OwnSettings, type Signing, zonesTold, zonewright } from './own.js';
import { removeSignatures } from './unsigned.js';

/** Runs what has to succeed, unmeasured. @returns its summary. */
export type Must = (command: CommandLine) => Promise<Record<string, unknown>>;

/** Zones of the registry. */
export const REGISTRY_ZONES = ['com', 'net'] as const;

/** The registry as the contestants need it. */
export interface Registry {
  readonly config: string;
  readonly keyDir: string;
  /** Where a build publishes; empty before each. */
  readonly published: string;
  readonly zones: ReadonlyArray<{ readonly zone: string; readonly unsigned: string }>;
}

/** The registry's figures. */
export interface RegistryFigures {
  readonly zones: readonly string[];
  readonly domains: number;
  /** Octets of the export's files, packed. */
  readonly exportBytes: number;
  readonly delegations: number;
  readonly secureDelegations: number;
  /** Records of the signed zones, and signatures among them. */
  readonly records: number;
  readonly signatures: number;
}

const CONFIG = 'zonewright.toml';

function configText({ optOut, zonemd, algorithm }: Signing, out: string): string {
  const zone = (name: string): string => `
[[zones]]
name = "${name}"
policy = "bench"
soa = { mname = "a.gtld-servers.net.", rname = "nstld.verisign-grs.com.", refresh = 1800, retry = 900, expire = 604800, minimum = 86400, ttl = 900 }
ns = ["a.gtld-servers.net.", "b.gtld-servers.net."]
`;
  return `state-dir = ${JSON.stringify(join(out, 'state'))}
output-dir = ${JSON.stringify(join(out, 'published'))}
key-dir = "keys"

[source]
format = "rde-csv"
path = "export"

[policy.bench]
algorithm = "${algorithm}"
nsec3 = { opt-out = ${optOut} }
zonemd = ${zonemd}

[guards]
verify = "full"
${REGISTRY_ZONES.map(zone).join('')}`;
}

/**
 * Makes the export (packed; no name server lacks its address, for the sake of the checkers),
 * the configuration and the keys below `folder`, and builds once for the peers' input. Builds
 * write to `out`.
 *
 * @param peers whether peers are to sign the zones.
 */
export async function prepareRegistry(
  must: Must,
  settings: OwnSettings,
  signing: Signing,
  domains: number,
  folder: string,
  out: string,
  peers: boolean,
): Promise<{ registry: Registry; figures: RegistryFigures }> {
  mkdirSync(folder);
  const exported = join(folder, 'export');
  const config = join(folder, CONFIG);
  writeFileSync(config, configText(signing, out));
  const zones = REGISTRY_ZONES.map((zone) => ({ zone, unsigned: join(folder, `${zone}.zone`) }));
  const sample = ['--domains', String(domains), '--zones', REGISTRY_ZONES.join(',')];
  await must(zonewright(settings, 'sample', ...sample, '--out', exported, '--gzip', '--sound'));
  await must(zonewright(settings, 'keys', 'generate', '--config', config));
  const summary = await must(zonewright(settings, 'build', '--config', config));
  const registry = {
    config,
    keyDir: join(folder, 'keys'),
    published: join(out, 'published'),
    zones,
  };
  if (peers) {
    for (const { zone, unsigned } of zones) {
      await removeSignatures(publishedZone(registry, zone), unsigned);
    }
  }
  const counts = zonesTold(summary).map((one) => one.counts);
  const sum = (of: (one: (typeof counts)[number]) => number): number =>
    counts.reduce((total, one) => total + of(one), 0);
  const figures: RegistryFigures = {
    zones: REGISTRY_ZONES,
    domains,
    exportBytes: readdirSync(exported).reduce(
      (total, name) => total + statSync(join(exported, name)).size,
      0,
    ),
    delegations: sum((one) => one.delegations),
    secureDelegations: sum((one) => one.secureDelegations),
    records: sum((one) => one.records),
    signatures: sum((one) => one.signatures.made),
  };
  return { registry, figures };
}

/** The zone file that a build has just published. */
export function publishedZone(registry: Registry, zone: string): string {
  return join(registry.published, zone, 'current', `${zone}.zone`);
}
