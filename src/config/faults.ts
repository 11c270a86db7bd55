/**
 * How a wrong key in a configuration is told: with its line, its path, and what it may have been
 * meant to be; and without what may be secret.
 */

import type * as v from 'valibot';
import { usageError, type ZonewrightError } from '../errors.js';
import { type KeyPath, lineOf } from './locate.js';
import { KNOWN_KEYS } from './schema.js';
import { nearest } from './suggest.js';

/** What is wrong with one key. */
export interface Fault {
  readonly path: KeyPath;
  readonly line: number | undefined;
  readonly message: string;
}

/** What the schema's check found, in our words. */
export function explain(issue: v.BaseIssue<unknown>, text: string): Fault {
  // A union reports as itself; the part that came nearest knows the deeper path.
  const deeper = issue.issues?.find((sub) => (sub.path?.length ?? 0) > 0);
  const own = issue.path ?? [];
  const steps = deeper?.path === undefined ? own : [...own, ...deeper.path];
  const path = steps.map((step) => step.key as string | number);
  const line = lineOf(text, path);
  const blame = deeper ?? issue;
  if (blame.type === 'strict_object' && blame.expected === 'never') {
    return { path, line, message: unknownKey(path) };
  }
  if (blame.type === 'strict_object' && path.length > 0 && blame.input === undefined) {
    return { path, line, message: 'is missing' };
  }
  const input = blame.input;
  if (input === undefined) return { path, line, message: 'is missing' };
  const shown =
    !mayBeSecret(path) &&
    (typeof input === 'string' || typeof input === 'number' || typeof input === 'boolean')
      ? `${JSON.stringify(input)} `
      : '';
  return { path, line, message: `${shown}${blame.message}` };
}

/**
 * A connection text has its password in it, a PIN or passphrase may have been written where its file
 * belongs, and a PKCS#11 URI may hold one.
 */
function mayBeSecret(path: KeyPath): boolean {
  return (
    (path[0] === 'source' && path[1] === 'url') ||
    (path[0] === 'keys' && path[1] === 'passphrase') ||
    isPin(path) ||
    path.at(-1) === 'key-storage'
  );
}

function unknownKey(path: KeyPath): string {
  const key = String(path.at(-1));
  const table = path.slice(0, -1);
  const pattern = table
    .map((part, i) => (i === 1 && (table[0] === 'zones' || table[0] === 'policy') ? '*' : part))
    .join('.');
  const near = nearest(key, KNOWN_KEYS.get(pattern) ?? []);
  if (near !== undefined) return `is not a key of this table; did you mean "${near}"?`;
  const home = [...KNOWN_KEYS].find(([name, keys]) => name !== '' && keys.includes(key));
  if (home !== undefined) return `is not a key of this table; it belongs to ${tableName(home[0])}`;
  if (KNOWN_KEYS.get('')?.includes(key)) {
    return 'is not a key of this table; it belongs to the top of the file, before any table';
  }
  return 'is not a key of this table';
}

function tableName(pattern: string): string {
  if (pattern === 'zones.*') return '[[zones]]';
  return `[${pattern.replace('zones.*', 'zones').replace('*', 'NAME')}]`;
}

/** One error (exit 2) for all faults, which begins with the first line's. */
export function wrongKeys(faults: readonly Fault[], text: string, file: string): ZonewrightError {
  const [first, ...rest] = [...faults].sort((a, b) => (a.line ?? 1e9) - (b.line ?? 1e9));
  const others = rest.map(
    (fault) =>
      `${fault.line === undefined ? '' : `line ${fault.line}: `}${pathText(fault.path)} ${fault.message}`,
  );
  return usageError(first.message, {
    place: { file, line: first.line, field: pathText(first.path) },
    text: first.line === undefined || isPin(first.path) ? undefined : lineText(text, first.line),
    hint: others.length === 0 ? undefined : `and also: ${others.join('; ')}`,
  });
}

/** `zones[0].ns-ttl`. */
function pathText(path: KeyPath): string {
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`))
    .join('');
}

/** A PIN may have any form, so that nothing can be left out of its line. */
function isPin(path: KeyPath): boolean {
  return path[0] === 'pkcs11' && path[1] === 'pin';
}

/** A line as it stands in the file, without passwords that don't belong there. */
export function lineText(text: string, line: number): string | undefined {
  return text
    .split('\n')
    [line - 1]?.trimEnd()
    .replaceAll(/:\/\/[^\s"']*@/g, '://…@')
    .replaceAll(/((?:password|pin-value)\s*=\s*)[^\s"'][^\s"']*/gi, '$1…')
    .replace(/(\bpin\s*=).*/, '$1 …')
    .replace(/(passphrase["']?\s*=).*/i, '$1 …');
}
