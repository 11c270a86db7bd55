/**
 * A registry in a folder of its own: zonewright.toml, an export by `zonewright sample`, keys; and
 * where a build's outputs are (the contract in the README's reference part).
 */
import { mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Finished, tempDir, zonewrightOk } from './cli.js';

export interface RegistryOptions {
  /** Names of the sample export; without it `export` has to write one. */
  readonly domains?: number;
  readonly seed?: number;
  /** Writes the export into the folder it is given, instead of `zonewright sample`. */
  readonly export?: (folder: string) => void;
  /** Without dots at the ends; the main one first. */
  readonly zones?: readonly string[];
  readonly optOut?: boolean;
  readonly algorithm?: string;
  readonly glue?: 'wide' | 'narrow';
  /** Lines for the end of the [policy.tld] table. */
  readonly policy?: readonly string[];
  /** Lines for every [[zones]] table. */
  readonly zoneLines?: readonly string[];
  /** Lines for [guards]. */
  readonly guards?: readonly string[];
  /** Lines for [pkcs11]; without them there is no such table. */
  readonly pkcs11?: readonly string[];
  /** Lines for [source] beyond format and path. */
  readonly source?: readonly string[];
}

/** Everything of a zone's configuration that tests compare with. */
export interface RegistryZone {
  /** With the trailing dot. */
  readonly name: string;
  readonly ns: readonly string[];
  readonly nsTtl: number;
  readonly glueTtl: number;
  readonly dsTtl: number;
  readonly glue: 'wide' | 'narrow';
}

export interface Registry {
  readonly folder: string;
  readonly zones: readonly RegistryZone[];
  /** The folder with the export. */
  readonly exportFolder: string;
}

/** The fields of the apex SOA before and after the serial, as every test zone has them. */
export const SOA = {
  before: 'a.gtld-servers.net. nstld.verisign-grs.com.',
  after: '1800 900 604800 86400',
  ttl: 900,
} as const;

function configText(options: RegistryOptions, zones: readonly RegistryZone[]): string {
  const guards = options.guards ?? [];
  return [
    'state-dir = "state"',
    'output-dir = "out"',
    'key-dir = "keys"',
    '',
    '[source]',
    'format = "rde-csv"',
    'path = "export"',
    ...(options.source ?? []),
    '',
    '[policy.tld]',
    `algorithm = "${options.algorithm ?? 'ECDSAP256SHA256'}"`,
    `nsec3 = { opt-out = ${options.optOut ?? true}, iterations = 0, salt = "" }`,
    ...(options.policy ?? []),
    '',
    ...zones.flatMap((zone) => [
      '[[zones]]',
      `name = "${zone.name.slice(0, -1)}"`,
      'policy = "tld"',
      `glue = "${zone.glue}"`,
      'soa = { mname = "a.gtld-servers.net.", rname = "nstld.verisign-grs.com.", refresh = 1800, retry = 900, expire = 604800, minimum = 86400, ttl = 900 }',
      `ns = [${zone.ns.map((name) => `"${name}"`).join(', ')}]`,
      `ns-ttl = ${zone.nsTtl}`,
      `glue-ttl = ${zone.glueTtl}`,
      `ds-ttl = ${zone.dsTtl}`,
      ...(options.zoneLines ?? []),
      '',
    ]),
    ...(guards.length > 0 ? ['[guards]', ...guards, ''] : []),
    ...(options.pkcs11 === undefined ? [] : ['[pkcs11]', ...options.pkcs11, '']),
  ].join('\n');
}

/** The zones of a test registry, by default com and net with name servers in net. */
export function testZones(
  names: readonly string[] = ['com', 'net'],
  glue: 'wide' | 'narrow' = 'wide',
): RegistryZone[] {
  return names.map((name) => ({
    name: `${name}.`,
    ns: ['a.gtld-servers.net.', 'b.gtld-servers.net.'],
    nsTtl: 172800,
    glueTtl: 172800,
    dsTtl: 86400,
    glue,
  }));
}

/** Makes the folder with configuration, export and keys; nothing is built yet. */
export async function makeRegistry(options: RegistryOptions): Promise<Registry> {
  const folder = tempDir('registry');
  const zones = testZones(options.zones, options.glue);
  for (const name of ['state', 'out']) mkdirSync(join(folder, name));
  mkdirSync(join(folder, 'keys'), { mode: 0o700 });
  writeFileSync(join(folder, 'zonewright.toml'), configText(options, zones));
  const registry = { folder, zones, exportFolder: join(folder, 'export') };
  if (options.export === undefined) {
    await makeExport(registry, options.domains ?? 1000, options.seed ?? 1);
  } else {
    options.export(registry.exportFolder);
  }
  await zonewrightOk(['keys', 'generate'], { cwd: folder });
  return registry;
}

/** Writes the export with `zonewright sample`. */
export async function makeExport(
  registry: Registry,
  domains: number,
  seed: number,
  folder = registry.exportFolder,
): Promise<void> {
  const zones = registry.zones.map((zone) => zone.name.slice(0, -1)).join(',');
  await zonewrightOk(
    ['sample', '--domains', `${domains}`, '--out', folder, '--seed', `${seed}`, '--zones', zones],
    { cwd: registry.folder },
  );
}

/** A good nightly build, with what it said. */
export function build(registry: Registry, ...args: readonly string[]): Promise<Finished> {
  return zonewrightOk(['build', ...args], { cwd: registry.folder });
}

/** The name of the published generation's folder, or undefined before the first. */
export function currentGeneration(registry: Registry, zone: string): string | undefined {
  try {
    return basename(readlinkSync(join(registry.folder, 'out', zone.replace(/\.$/, ''), 'current')));
  } catch {
    return undefined;
  }
}

/** The path of a file of the published generation. */
export function published(registry: Registry, zone: string, file: string): string {
  return join(registry.folder, 'out', zone.replace(/\.$/, ''), 'current', file);
}

/** The path of the published zone file. */
export function publishedZone(registry: Registry, zone: string): string {
  return published(registry, zone, `${zone.replace(/\.$/, '')}.zone`);
}

/** What is published, for comparing before and after: the link's target and the file's bytes. */
export function publishedState(registry: Registry, zone: string): string {
  const generation = currentGeneration(registry, zone);
  if (generation === undefined) return 'nothing';
  return `${generation}\n${readFileSync(publishedZone(registry, zone), 'latin1')}`;
}

/** The folders of generations, whole or not, and anything else a run left beside them. */
export function leftIn(registry: Registry, zone: string): string[] {
  try {
    return readdirSync(join(registry.folder, 'out', zone.replace(/\.$/, ''))).sort();
  } catch {
    return [];
  }
}

/** The deposit's XML file in a folder. */
export function depositXml(folder: string): string {
  const name = readdirSync(folder, { recursive: true })
    .map(String)
    .find((one) => one.endsWith('.xml'));
  if (name === undefined) throw new Error(`${folder}: no deposit XML`);
  return join(folder, name);
}

/** The CSV file of a deposit whose name says what it holds, e.g. `domainStatuses`. */
export function depositFiles(folder: string): string[] {
  const base = dirname(depositXml(folder));
  return readdirSync(base)
    .filter((name) => !name.endsWith('.xml'))
    .sort()
    .map((name) => join(base, name));
}
