/**
 * The private half of a BIND key pair, `K<zone>.+<alg>+<tag>.private`: `Tag: value` lines, format
 * v1.2 (no times) or v1.3. Tags that are not known here are kept when a file is rewritten.
 *
 * Nothing of the key's value ever is in an error.
 */

import type { KeyObject } from 'node:crypto';
import { type Algorithm, algorithmName } from '../dnssec/algorithms.js';
import { privateKeyObject, type RsaSecret, rawSecret, rsaSecret } from '../dnssec/keyobject.js';
import { refusal } from '../errors.js';
import type { Secret } from '../pkcs11/token-key.js';
import type { KeyAccess } from './access.js';
import { type KeyTiming, parseStamp, type TimingName, timingLines, timingName } from './timing.js';
import { isTokenFile, parseTokenFile } from './tokenfile.js';

export interface PrivateFile {
  readonly secret: Secret;
  readonly timing: KeyTiming;
}

const RSA_TAGS: readonly (readonly [tag: string, part: keyof RsaSecret])[] = [
  ['Modulus', 'modulus'],
  ['PublicExponent', 'publicExponent'],
  ['PrivateExponent', 'privateExponent'],
  ['Prime1', 'prime1'],
  ['Prime2', 'prime2'],
  ['Exponent1', 'exponent1'],
  ['Exponent2', 'exponent2'],
  ['Coefficient', 'coefficient'],
];

/** The tags of the key itself. */
const KEY_TAGS: readonly string[] = ['PrivateKey', ...RSA_TAGS.map(([tag]) => tag)];

/**
 * Reads the text of a `.private` file.
 *
 * @param dnskey the DNSKEY rdata of its `.key` file.
 * @param algorithm that DNSKEY's algorithm.
 * @param access to keys that are not in the file itself.
 * @throws ZonewrightError (exit 4) with file and line.
 */
export function parsePrivateFile(
  text: string,
  file: string,
  dnskey: Uint8Array,
  algorithm: Algorithm,
  access: KeyAccess = {},
): PrivateFile {
  const { values, timing } = readLines(text, file);
  checkHead(values, file, algorithm);
  const refuse = (message: string, hint?: string) => refusal(message, { place: { file }, hint });
  if (isTokenFile(values)) return { secret: parseTokenFile(values, file, access), timing };

  const part = (tag: string): Uint8Array => {
    const value = (values.get(tag.toLowerCase()) ?? '').replaceAll(/\s/g, '');
    const bytes = Buffer.from(value, 'base64');
    if (value === '' || bytes.toString('base64') !== value) {
      throw refuse(`has no ${tag} in base64`);
    }
    return new Uint8Array(bytes);
  };
  let secret: Uint8Array | RsaSecret;
  if (algorithm.family === 'rsa') {
    const parts = RSA_TAGS.map(([tag, name]) => [name, part(tag)] as const);
    secret = Object.fromEntries(parts) as Record<keyof RsaSecret, Uint8Array>;
  } else {
    secret = part('PrivateKey');
  }
  return { secret: privateKeyObject(dnskey, secret, file), timing };
}

/**
 * The times of a `.private` file whose key is kept elsewhere (`External:`), or undefined when the
 * file has the key itself.
 *
 * @throws ZonewrightError (exit 4) as {@link parsePrivateFile}.
 */
export function parseExternalFile(
  text: string,
  file: string,
  algorithm: Algorithm,
): KeyTiming | undefined {
  const { values, timing } = readLines(text, file);
  if (!values.has('external')) return undefined;
  checkHead(values, file, algorithm);
  const part = KEY_TAGS.find((tag) => values.has(tag.toLowerCase()));
  if (part === undefined) return timing;
  throw refusal(`says External and has ${part}`, {
    place: { file },
    hint: 'a private key is in the file or kept elsewhere, not both; restore the file from a backup',
  });
}

function checkHead(values: ReadonlyMap<string, string>, file: string, algorithm: Algorithm): void {
  const refuse = (message: string, hint?: string) => refusal(message, { place: { file }, hint });
  const format = /^v1\.(\d+)$/.exec(values.get('private-key-format') ?? '');
  // BIND's rule: a later minor version adds tags and can be read.
  if (format === null || Number(format[1]) < 2) {
    throw refuse('does not say "Private-key-format: v1.2" or v1.3');
  }
  const number = Number.parseInt(values.get('algorithm') ?? '', 10);
  if (number !== algorithm.number) {
    throw refuse(
      `is for ${Number.isNaN(number) ? 'no algorithm' : algorithmName(number)}, its .key file for ${algorithm.mnemonic}`,
      'the two files of a pair must belong to the same key',
    );
  }
}

interface Lines {
  /** By tag in lower case. */
  readonly values: ReadonlyMap<string, string>;
  readonly timing: KeyTiming;
}

function readLines(text: string, file: string): Lines {
  const values = new Map<string, string>();
  const timing: Partial<Record<TimingName, number>> = {};
  let last: string | undefined;
  for (const [index, line] of text.split(/\r\n|\n|\r/).entries()) {
    if (line.trim() === '' || /^[;#]/.test(line)) continue;
    const pair = /^([A-Za-z][\w-]*):\s*(.*)$/.exec(line);
    if (pair === null) {
      // A value may go on in the next line, indented (the examples of RFC 5702 and RFC 6605).
      if (last === undefined || !/^\s/.test(line)) {
        throw refusal('is not a "Tag: value" line', { place: { file, line: index + 1 } });
      }
      values.set(last, `${values.get(last)} ${line.trim()}`);
      continue;
    }
    last = pair[1].toLowerCase();
    const value = pair[2].trim();
    values.set(last, value);
    const name = timingName(last);
    if (name === undefined) continue;
    const time = parseStamp(value);
    if (time === undefined) {
      throw refusal(`${pair[1]} is not a time in the form YYYYMMDDHHMMSS`, {
        place: { file, line: index + 1 },
        text: line,
        hint: 'mend it with dnssec-settime',
      });
    }
    timing[name] = time;
  }
  return { values, timing };
}

/** The text of a new `.private` file, in the form of dnssec-keygen. */
export function formatPrivateFile(
  algorithm: Algorithm,
  secret: KeyObject,
  timing: KeyTiming,
): string {
  return [...headLines(algorithm), ...keyLines(algorithm, secret), ...timingLines(timing), ''].join(
    '\n',
  );
}

/** The text of a new `.private` file whose key is kept elsewhere. */
export function formatExternalFile(algorithm: Algorithm, timing: KeyTiming): string {
  return [...headLines(algorithm), EXTERNAL, ...timingLines(timing), ''].join('\n');
}

const EXTERNAL = 'External:';

function headLines(algorithm: Algorithm): string[] {
  return ['Private-key-format: v1.3', `Algorithm: ${algorithm.number} (${algorithm.mnemonic})`];
}

function keyLines(algorithm: Algorithm, secret: KeyObject): string[] {
  const line = (tag: string, value: Uint8Array): string =>
    `${tag}: ${Buffer.from(value).toString('base64')}`;
  if (algorithm.family !== 'rsa') return [line('PrivateKey', rawSecret(secret))];
  const rsa = rsaSecret(secret);
  return RSA_TAGS.map(([tag, part]) => line(tag, rsa[part]));
}

/** The text of a `.private` file without its key, which is kept elsewhere from now on. */
export function externalText(text: string): string {
  return replaceLines(text, KEY_TAGS, [EXTERNAL]);
}

/** The text of a `.private` file whose key was kept elsewhere, with the key. */
export function plainText(text: string, algorithm: Algorithm, secret: KeyObject): string {
  return replaceLines(text, ['External'], keyLines(algorithm, secret));
}

/** Replaces the lines of some tags, and what goes on in the next lines, by others. */
function replaceLines(text: string, tags: readonly string[], by: readonly string[]): string {
  const out: string[] = [];
  let at: number | undefined;
  let inside = false;
  for (const line of text.split('\n')) {
    const tag = /^([A-Za-z][\w-]*):/.exec(line)?.[1].toLowerCase();
    if (tag !== undefined) inside = tags.some((one) => one.toLowerCase() === tag);
    else if (!/^\s+\S/.test(line)) inside = false;
    if (inside) at ??= out.length;
    else out.push(line);
  }
  out.splice(at ?? 2, 0, ...by);
  return out.join('\n');
}

/** The text of a `.private` file with other times; every other line stays as it is. */
export function retimePrivateFile(text: string, timing: KeyTiming): string {
  const lines = text.split('\n');
  const isTiming = (line: string): boolean => {
    const label = /^([A-Za-z]+):/.exec(line)?.[1];
    return label !== undefined && timingName(label) !== undefined;
  };
  const from = lines.findIndex(isTiming);
  const kept = lines.filter((line) => !isTiming(line));
  const end = kept.at(-1) === '' ? kept.length - 1 : kept.length;
  kept.splice(from < 0 ? end : from, 0, ...timingLines(timing));
  // Times are a feature of v1.3.
  return kept.join('\n').replace(/^(Private-key-format:\s*)v1\.2\b/m, '$1v1.3');
}
