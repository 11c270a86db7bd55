/** What the checks of `zonewright doctor` have in common. */

import { accessSync, constants, type Stats, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** One line of the table. */
export interface Check {
  readonly name: string;
  readonly status: 'ok' | 'warn' | 'fail';
  /** What was found. */
  readonly detail: string;
  /** What to do; always set unless `ok`. */
  readonly advice?: string;
  /** A failure of keys ends with exit 4, not 2. */
  readonly keys?: true;
}

/** May this user do that with a file (a mode of access(2))? */
export function may(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

/** undefined: it is not there, or can't be looked at. */
export function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

/** Where an executable is; Debian keeps some tools in sbin, which a user's PATH may lack. */
export function findTool(tool: string): string | undefined {
  if (tool.includes('/')) return may(tool, constants.X_OK) ? tool : undefined;
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, tool))
    .find((path) => may(path, constants.X_OK));
}
