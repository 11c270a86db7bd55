/** What zonewright is told about PKCS#11: the module, where the PIN is, how many sessions. */

import { fstatSync, readFileSync, type Stats, statSync } from 'node:fs';
import { refusal, usageError } from '../errors.js';

/** Where the PIN is. The PIN itself is in no configuration and no argument. */
export type PinSource = { readonly file: string } | { readonly env: string };

export interface TokenSettings {
  /** The library to load: a path, or a name that the system's loader finds. */
  readonly module: string;
  /** For tokens whose URI has no pin-source. */
  readonly pin: PinSource | undefined;
  /** Sessions that each signing thread may hold. */
  readonly sessions: number;
}

/**
 * Sessions of a thread where nothing is said: enough to keep a token busy that takes a
 * millisecond for a signature and works at several at a time.
 */
export const DEFAULT_SESSIONS = 8;

/**
 * Reads a PIN: the text of the file without the line's end, or the variable's.
 *
 * @throws ZonewrightError: exit 4 for a file that others can read or that can't be read, exit 2
 *   for a variable that is not there.
 */
export function readPin(source: PinSource): string {
  const pin = 'env' in source ? fromEnvironment(source.env) : fromFile(source.file);
  if (pin === '') {
    throw refusal('holds no PIN', {
      place: { file: 'env' in source ? source.env : source.file },
      hint: 'write the PIN of the token to it, in one line',
    });
  }
  return pin;
}

function fromEnvironment(name: string): string {
  const pin = process.env[name];
  if (pin === undefined) {
    throw usageError(`the environment has no ${name}, where the PIN should be`, {
      hint: `set ${name} in the unit of the build, or name a file with the PIN`,
    });
  }
  return pin;
}

/** `/dev/fd/3` is a file descriptor, on systems that have no such file, too. */
function fromFile(file: string): string {
  const digits = /^\/dev\/fd\/(\d{1,6})$/.exec(file)?.[1];
  const from = digits === undefined ? file : Number(digits);
  let stat: Stats;
  let text: string;
  try {
    stat = typeof from === 'number' ? fstatSync(from) : statSync(from);
    text = readFileSync(from, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'error';
    throw refusal(`the PIN can't be read (${code})`, {
      place: { file },
      hint: 'the file must be there, and readable by the user who runs zonewright alone',
    });
  }
  const mode = stat.mode & 0o777;
  // A pipe or a terminal is nobody else's.
  if (stat.isFile() && (mode & 0o077) !== 0) {
    throw refusal(`the PIN is open to other users (mode ${mode.toString(8).padStart(4, '0')})`, {
      place: { file },
      hint: `run: chmod 600 ${file}`,
    });
  }
  return text.replace(/\r?\n$/, '');
}
