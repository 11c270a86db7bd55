/**
 * Changing a key: its states and times, in all of its files.
 *
 * The files are written in the order `.state`, `.private`, `.key`, each whole or not at all, and
 * what has not changed is not written. The `.state` file is what counts: readers take states from
 * it alone and times from it first (as BIND's do), so that its one rename is the change, and a
 * crash before it has changed nothing. A crash after it leaves old times in the other two, which
 * no reader of the state file looks at; the next `writeKey` of that key, with the same or newer
 * states, brings them after. Any other order would let a tool see times of a state that the key
 * is not in yet. Keys without a `.state` file: the times of `.private` count, and it goes first.
 */

import { existsSync } from 'node:fs';
import { replaceFile } from './files.js';
import { retimePrivateFile } from './privatefile.js';
import { retimePublicFile } from './publicfile.js';
import {
  keyBits,
  rewriteStateFile,
  type StateFile,
  stateFileText,
  stateRole,
  stateTiming,
  withTiming,
} from './statefile.js';
import { type KeyPair, readText } from './store.js';
import type { KeyTiming } from './timing.js';

/** What is to be changed of a key; what is not given follows from the other. */
export interface KeyChange {
  /** All states and times of the key. A field that is not set is taken out of the file. */
  readonly state?: StateFile | undefined;
  /** All times of the key; they count for more than those of `state`. */
  readonly timing?: KeyTiming | undefined;
}

/**
 * Writes states and times of a key to its files; every line of them that is about something else
 * stays as it is. With `state` alone the times are the state's. With `timing` alone a key that
 * has no `.state` file gets none.
 *
 * @returns the key as it is now.
 * @throws ZonewrightError (exit 4) when a file can't be read.
 */
export function writeKey(key: KeyPair, change: KeyChange): KeyPair {
  const given = change.state ?? key.state;
  const timing =
    change.timing ??
    (change.state === undefined
      ? key.timing
      : { created: key.timing.created, ...stateTiming(change.state) });
  const state =
    given === undefined
      ? undefined
      : withTiming({ ...given, algorithm: key.algorithm, length: keyBits(key.dnskey) }, timing);
  if (state !== undefined) {
    const file = stateFileOf(key);
    const old = existsSync(file) ? readText(file) : undefined;
    const text =
      old === undefined ? stateFileText(state, key.zone, key.tag) : rewriteStateFile(old, state);
    if (text !== old) replaceFile(file, text, 0o644);
  }
  if (key.privateFile !== undefined) {
    rewrite(key.privateFile, 0o600, (text) => retimePrivateFile(text, timing));
  }
  rewrite(key.file, 0o644, (text) => retimePublicFile(text, timing));
  return { ...key, timing, state, declaredRole: stateRole(state) };
}

/** Rewrites the times of a key in all its files; see {@link writeKey}. */
export function writeTiming(key: KeyPair, timing: KeyTiming): KeyPair {
  return writeKey(key, { timing });
}

/** The path of a key's `.state` file, whether it is there or not. */
export function stateFileOf(key: KeyPair): string {
  return key.file.replace(/\.key$/, '.state');
}

function rewrite(file: string, mode: number, change: (text: string) => string): void {
  const old = readText(file);
  const text = change(old);
  if (text !== old) replaceFile(file, text, mode);
}
