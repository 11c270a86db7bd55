/** What kzonesign needs before it can sign: a configuration, and the keys in its own database. */

import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandLine } from './measure.js';
import { pathOf } from './programs.js';

/** A zone that kzonesign is to sign. */
export interface KnotZone {
  readonly zone: string;
  readonly unsigned: string;
  /** BIND key pairs, of this zone and perhaps of others. */
  readonly keyDir: string;
  /** A folder of its own for configuration and keys. */
  readonly folder: string;
  readonly threads: number;
  readonly optOut: boolean;
  /** The algorithm's mnemonic. */
  readonly algorithm: string;
}

const config = ({ folder }: KnotZone): string => join(folder, 'knot.conf');

/** The key pairs of a zone, paths without their endings. */
export function keyStems(keyDir: string, zone: string): string[] {
  return readdirSync(keyDir)
    .filter((name) => name.startsWith(`K${zone}.+`) && name.endsWith('.key'))
    .map((name) => join(keyDir, name.slice(0, -'.key'.length)));
}

/** kzonesign of the zone; the signed zone goes to the folder `out`. */
export function knotCommandLine(work: KnotZone, out: string): CommandLine {
  return {
    file: pathOf('kzonesign') ?? 'kzonesign',
    args: ['-c', config(work), '-o', out, work.zone],
  };
}

/**
 * Gives kzonesign its configuration and the keys, in the database that it reads them from.
 *
 * @throws when keymgr does not take the keys.
 */
export function prepareKnot(work: KnotZone): void {
  const { folder, zone } = work;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(
    config(work),
    `server:
    rundir: "${folder}"
database:
    storage: "${folder}"
policy:
  - id: bench
    manual: on
    algorithm: ${work.algorithm.toLowerCase()}
    signing-threads: ${work.threads}
    nsec3: on
    nsec3-iterations: 0
    nsec3-salt-length: 0
    nsec3-opt-out: ${work.optOut ? 'on' : 'off'}
zone:
  - domain: "${zone}"
    file: "${work.unsigned}"
    adjust-threads: ${work.threads}
    dnssec-signing: on
    dnssec-policy: bench
`,
  );
  for (const stem of keyStems(work.keyDir, zone)) {
    const args = ['-c', config(work), zone, 'import-bind', stem];
    const done = spawnSync(pathOf('keymgr') ?? 'keymgr', args, { encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`keymgr import-bind: ${done.stderr || done.stdout}`);
  }
}
