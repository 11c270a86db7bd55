/**
 * The contestants: what zonewright and the other signers and checkers are called with, so that
 * all of them do the same work on the same zone with the same keys and as many threads.
 *
 * Where they can't be equal, the difference is in the peers' favour: zonewright adds a ZONEMD
 * digest and forces its output to the disk, the peers do neither.
 */

import { spawnSync } from 'node:child_process';
import { accessSync, constants, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CommandLine } from './measure.js';

const BIN = fileURLToPath(new URL('../../bin/zonewright.js', import.meta.url));

/** What is measured, in the order of a round. */
export const CONTESTANTS = [
  'sign-no-verify',
  'kzonesign',
  'sign',
  'dnssec-signzone',
  'ldns-signzone',
  'verify',
  'dnssec-verify',
  'kzonecheck',
  'ldns-verify-zone',
] as const;
export type Contestant = (typeof CONTESTANTS)[number];

/**
 * Left out unless asked for: ldns-signzone takes several times as long as the others, and
 * ldns-verify-zone (1.8.3) does not end in useful time on even a few hundred names with both
 * opt-out and ZONEMD, so that only --timeout ends it; without one of the two it is quick.
 */
export const SLOW: readonly Contestant[] = ['ldns-signzone', 'ldns-verify-zone'];

/** What is the same for all. */
export interface Work {
  /** The zone's name without final dot. */
  readonly zone: string;
  readonly unsigned: string;
  /** The signed zone that is verified. */
  readonly signed: string;
  /** BIND key pairs. */
  readonly keyDir: string;
  /** A folder for what the contestants write. */
  readonly folder: string;
  readonly threads: number;
  readonly optOut: boolean;
  readonly zonemd: boolean;
  /** The algorithm's mnemonic. */
  readonly algorithm: string;
}

/** Does it sign, or does it check what is signed? */
export function isSigner(name: Contestant): boolean {
  return name.startsWith('sign') || name.endsWith('sign') || name.endsWith('signzone');
}

/** Is it one of zonewright's own commands? */
export function isOwn(name: Contestant): name is 'sign-no-verify' | 'sign' | 'verify' {
  return name === 'sign-no-verify' || name === 'sign' || name === 'verify';
}

/** How a table names it. */
export function label(name: Contestant): string {
  if (name === 'sign-no-verify') return 'zonewright sign --no-verify';
  return isOwn(name) ? `zonewright ${name}` : name;
}

/** The path of an installed program, looked for in PATH and in the system's folders. */
export function pathOf(program: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).concat('/usr/sbin', '/usr/local/sbin');
  return folders
    .map((folder) => join(folder, program))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** The programs a peer needs that are not installed. */
export function absentFor(name: Contestant): string[] {
  if (isOwn(name)) return [];
  const needed = name === 'kzonesign' ? ['kzonesign', 'keymgr'] : [name];
  return needed.filter((program) => pathOf(program) === undefined);
}

const FAMILY: Readonly<Partial<Record<Contestant, string>>> = {
  kzonesign: 'Knot DNS',
  kzonecheck: 'Knot DNS',
  'dnssec-signzone': 'BIND',
  'dnssec-verify': 'BIND',
  'ldns-signzone': 'ldns',
  'ldns-verify-zone': 'ldns',
};

/** `Knot DNS 3.2.6`, as an installed peer says it. */
export function versionOf(name: Contestant): string {
  const said = spawnSync(pathOf(name) ?? name, [name.startsWith('ldns') ? '-v' : '-V'], {
    encoding: 'utf8',
  });
  const version = /\d+\.\d+[\w.]*/.exec(`${said.stdout}${said.stderr}`)?.[0] ?? '(version unknown)';
  return `${FAMILY[name] ?? name} ${version}`;
}

/** A zonewright command, its summary as JSON on standard output. */
export function zonewright(...args: string[]): CommandLine {
  return { file: process.execPath, args: [BIN, ...args, '--json', '--quiet'] };
}

/** `zonewright sign` of the work's zone. */
export function signCommandLine(work: Work, output: string, verify: boolean): CommandLine {
  return zonewright(
    'sign',
    work.unsigned,
    '--zone',
    work.zone,
    '--key-dir',
    work.keyDir,
    '--output',
    output,
    '--threads',
    String(work.threads),
    ...(work.optOut ? ['--opt-out'] : []),
    ...(work.zonemd ? [] : ['--no-zonemd']),
    ...(verify ? [] : ['--no-verify']),
  );
}

/** What a contestant is run with; what it writes goes below `work.folder`. */
export function commandLine(name: Contestant, work: Work): CommandLine {
  const { zone, unsigned, signed, keyDir, folder, threads, optOut } = work;
  const output = join(folder, name);
  const file = pathOf(name) ?? name;
  switch (name) {
    case 'sign-no-verify':
      return signCommandLine(work, output, false);
    case 'sign':
      return signCommandLine(work, output, true);
    case 'verify':
      return zonewright('verify', signed, '--zone', zone, '--threads', String(threads));
    case 'kzonesign':
      return { file, args: ['-c', knotConfig(work), '-o', folder, zone] };
    case 'dnssec-signzone': {
      // It verifies what it signed unless told not to; text is the faster output format.
      const smart = ['-q', '-S', '-K', keyDir, '-d', folder, '-o', zone];
      const denial = ['-3', '-', '-H', '0', ...(optOut ? ['-A'] : [])];
      return { file, args: [...smart, ...denial, '-n', String(threads), '-f', output, unsigned] };
    }
    case 'ldns-signzone': {
      const denial = ['-n', '-t', '0', ...(optOut ? ['-p'] : [])];
      return { file, args: ['-o', zone, ...denial, '-f', output, unsigned, ...keyStems(keyDir)] };
    }
    case 'dnssec-verify':
      return { file, args: ['-q', '-o', zone, signed] };
    case 'kzonecheck':
      return { file, args: ['-d', 'on', '-o', zone, signed] };
    case 'ldns-verify-zone':
      return { file, args: ['-V', '1', signed] };
  }
}

function keyStems(keyDir: string): string[] {
  return readdirSync(keyDir)
    .filter((name) => name.endsWith('.key'))
    .map((name) => join(keyDir, name.slice(0, -'.key'.length)));
}

const knotFolder = (work: Work): string => join(work.keyDir, '..', 'knot');
const knotConfig = (work: Work): string => join(knotFolder(work), 'knot.conf');

/**
 * Gives kzonesign its configuration and the keys, in the database that it reads them from.
 *
 * @throws when keymgr does not take the keys.
 */
export function prepareKnot(work: Work): void {
  const folder = knotFolder(work);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(
    knotConfig(work),
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
  - domain: "${work.zone}"
    file: "${work.unsigned}"
    adjust-threads: ${work.threads}
    dnssec-signing: on
    dnssec-policy: bench
`,
  );
  for (const stem of keyStems(work.keyDir)) {
    const args = ['-c', knotConfig(work), work.zone, 'import-bind', stem];
    const done = spawnSync(pathOf('keymgr') ?? 'keymgr', args, { encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`keymgr import-bind: ${done.stderr || done.stdout}`);
  }
}
