/** A registry of a few names for tests of `build`: a build of it takes as long as starting. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { tempDir } from '../tools/cli.js';
import { type DepositRows, writeDeposit } from '../tools/deposit.js';
import { makeRegistry, type Registry } from '../tools/registry.js';

/** A registry of a few names; ns1.hoster.com is named from net only. */
export function rows(names: readonly string[]): DepositRows {
  return {
    domain: ['hoster.com', ...names].map((name, i) => `${name},D${i}-TEST,registrar`),
    domainStatuses: ['hoster.com', ...names].map((name) => `${name},ok,`),
    domainNameServers: [
      'hoster.com,ns.elsewhere.org',
      ...names.map((name) => `${name},${name.endsWith('.net') ? 'ns1.hoster.com' : 'ns.x.org'}`),
    ],
    dnssec: [`${names[0]},1000,13,2,${'AB'.repeat(32)}`],
    host: ['ns1.hoster.com', 'ns.x.org', 'ns.elsewhere.org'].map((h, i) => `${h},H${i}-TEST,r`),
    hostAddresses: ['H0-TEST,192.0.2.1,v4'],
  };
}
export const NAMES = ['a.com', 'b.com', 'c.net'];
export const GUARDS = ['max-change = "100%"', 'max-removed = "100%"'];

/** The registry that the tests copy; nothing is built yet. */
export function makeBase(): Promise<Registry> {
  return makeRegistry({
    export: (folder) => writeDeposit(folder, ['com', 'net'], rows(NAMES)),
    guards: GUARDS,
  });
}

/** A copy of a registry. */
export function copyOf(base: Registry): Registry {
  const folder = join(tempDir('build'), 'registry');
  cpSync(base.folder, folder, { recursive: true, verbatimSymlinks: true });
  return { ...base, folder, exportFolder: join(folder, 'export') };
}

/** A time this many seconds from now, for `--now`. */
export function later(seconds: number): string {
  return new Date(Date.now() + seconds * 1000).toISOString().replace(/\.\d+/, '');
}
