/** Writes the first configuration file and the folders it names. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { CommonOptions } from '../cli/common.js';
import { printJson } from '../cli/output.js';
import { usageError } from '../errors.js';
import { CONFIG_TEMPLATE } from './template.js';

const FILE = 'zonewright.toml';
/** The folders of the template, with the mode of those that must not be open. */
const FOLDERS: readonly (readonly [name: string, mode: number | undefined])[] = [
  ['state', undefined],
  ['out', undefined],
  ['keys', 0o700],
  ['export', undefined],
];

/**
 * Writes `zonewright.toml` and its folders below `dir`, which is made if it is not there.
 *
 * @throws ZonewrightError (exit 2) when the file exists or can't be written.
 */
export function initCommand(dir: string, options: Pick<CommonOptions, 'json' | 'reporter'>): void {
  const folder = resolve(dir);
  const file = join(folder, FILE);
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, CONFIG_TEMPLATE, { flag: 'wx' });
    for (const [name, mode] of FOLDERS) {
      mkdirSync(
        join(folder, name),
        mode === undefined ? { recursive: true } : { recursive: true, mode },
      );
    }
  } catch (cause) {
    const { code, path } = cause as NodeJS.ErrnoException;
    if (code === 'EEXIST' && path === file) {
      throw usageError('exists already, and init overwrites nothing', {
        place: { file },
        hint: 'move it away, or name another folder: zonewright init DIR',
        cause,
      });
    }
    throw usageError(`can't be written (${code ?? 'error'})`, {
      place: { file: path ?? file },
      hint: 'choose a folder that you may write to',
      cause,
    });
  }
  const folders = FOLDERS.map(([name]) => join(folder, name));
  if (options.json) printJson({ config: file, folders });
  options.reporter.info(`wrote ${file} and the folders ${FOLDERS.map(([name]) => name).join(', ')}
next: put the export into ${join(folder, 'export')}, then, in ${folder}:
  zonewright doctor
  zonewright keys generate
  zonewright build --dry-run`);
}
