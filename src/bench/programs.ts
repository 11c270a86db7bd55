/** The installed peers: where they are, which are missing, and their versions. */

import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Contestant, isOwn } from './contestants.js';

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

/** The program that a peer is. */
const programOf = (name: Contestant): string => (name === 'kzonesign-build' ? 'kzonesign' : name);

/** The programs a peer needs that are not installed. */
export function absentFor(name: Contestant): string[] {
  if (isOwn(name)) return [];
  const program = programOf(name);
  const needed = program === 'kzonesign' ? [program, 'keymgr'] : [program];
  return needed.filter((one) => pathOf(one) === undefined);
}

const FAMILY: Readonly<Record<string, string>> = {
  kzonesign: 'Knot DNS',
  kzonecheck: 'Knot DNS',
  'dnssec-signzone': 'BIND',
  'dnssec-verify': 'BIND',
  'ldns-signzone': 'ldns',
  'ldns-verify-zone': 'ldns',
};

/** `Knot DNS 3.2.6`, as an installed peer says it. */
export function versionOf(name: Contestant): string {
  const program = programOf(name);
  const said = spawnSync(pathOf(program) ?? program, [program.startsWith('ldns') ? '-v' : '-V'], {
    encoding: 'utf8',
  });
  const version = /\d+\.\d+[\w.]*/.exec(`${said.stdout}${said.stderr}`)?.[0] ?? '(version unknown)';
  return `${FAMILY[program] ?? program} ${version}`;
}
