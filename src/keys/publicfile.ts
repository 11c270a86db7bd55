/**
 * The public half of a BIND key pair, `K<zone>.+<alg>+<tag>.key`: one DNSKEY record in any legal
 * presentation (RFC 1035 §5.1, RFC 4034 §2.2, RFC 3597 §5), and comment lines that repeat the
 * timing metadata.
 */

import { algorithmByName } from '../dnssec/algorithms.js';
import { dnskeyText, FLAG_SEP, makeDnskey, PROTOCOL } from '../dnssec/dnskey.js';
import { keyTag } from '../dnssec/keytag.js';
import { refusal, type ZonewrightError } from '../errors.js';
import { nameFromText, nameToText } from '../names/name.js';
import {
  commentTime,
  type KeyTiming,
  parseStamp,
  TIMING_FIELDS,
  type TimingName,
  timingName,
} from './timing.js';

export interface PublicFile {
  readonly owner: Uint8Array;
  readonly ttl: number | undefined;
  /** DNSKEY rdata. */
  readonly dnskey: Uint8Array;
  /** Times from the comments; the private file's count for more. */
  readonly timing: KeyTiming;
}

interface Token {
  readonly text: string;
  readonly line: number;
}

const DNSKEY_TYPES = new Set(['DNSKEY', 'TYPE48']);
const TTL_FORM = /^(?:\d+|(?:\d+[WDHMS])+)$/i;
const UNITS: Readonly<Record<string, number>> = { W: 604800, D: 86400, H: 3600, M: 60, S: 1 };

/**
 * Reads the text of a `.key` file.
 *
 * @param file its path, for errors.
 * @throws ZonewrightError (exit 4) with the line and what it should hold.
 */
export function parsePublicFile(text: string, file: string): PublicFile {
  const tokens = tokenize(text, file);
  const bad = (message: string, token: Token | undefined): ZonewrightError =>
    refusal(message, {
      place: { file, line: token?.line },
      text: token?.text,
      hint: 'the file must hold one DNSKEY record, as dnssec-keygen writes it',
    });
  const [first] = tokens;
  if (first === undefined) throw bad('holds no record', undefined);
  let owner: Uint8Array;
  try {
    owner = nameFromText(first.text);
  } catch (error) {
    throw bad(`the owner ${(error as Error).message}`, first);
  }
  let at = 1;
  let ttl: number | undefined;
  for (; at < tokens.length; at++) {
    const word = tokens[at].text.toUpperCase();
    if (TTL_FORM.test(word) && ttl === undefined) ttl = parseTtl(word);
    else if (word !== 'IN' && word !== 'CLASS1') break;
  }
  const type = tokens[at];
  if (type === undefined || !DNSKEY_TYPES.has(type.text.toUpperCase())) {
    throw bad('is not a DNSKEY record', type);
  }
  const rest = tokens.slice(at + 1);
  const dnskey = rest[0]?.text === '\\#' ? genericRdata(rest, bad) : plainRdata(rest, bad);
  if (dnskey[2] !== PROTOCOL) throw bad(`the protocol is ${dnskey[2]}, not ${PROTOCOL}`, rest[1]);
  return { owner, ttl, dnskey, timing: commentTiming(text) };
}

type Bad = (message: string, token: Token | undefined) => ZonewrightError;

function plainRdata(tokens: readonly Token[], bad: Bad): Uint8Array {
  const [flags, protocol, algorithm, ...key] = tokens;
  const number = (token: Token | undefined, max: number, what: string): number => {
    const value = /^\d{1,5}$/.test(token?.text ?? '') ? Number(token?.text) : max + 1;
    if (value > max) throw bad(`the ${what} is not a number up to ${max}`, token);
    return value;
  };
  const f = number(flags, 0xffff, 'flags field');
  const p = number(protocol, 0xff, 'protocol');
  const a = algorithmByName(algorithm?.text ?? '')?.number ?? number(algorithm, 0xff, 'algorithm');
  const rdata = makeDnskey(f, a, base64(key, bad));
  rdata[2] = p;
  return rdata;
}

function base64(tokens: readonly Token[], bad: Bad): Uint8Array {
  const text = tokens.map((token) => token.text).join('');
  const bytes = Buffer.from(text, 'base64');
  // Buffer skips what is not base64: only a text that comes back as it was is taken.
  if (text === '' || bytes.toString('base64') !== text) {
    throw bad('the public key is not base64', tokens[0]);
  }
  return new Uint8Array(bytes);
}

function genericRdata(tokens: readonly Token[], bad: Bad): Uint8Array {
  const hex = tokens
    .slice(2)
    .map((token) => token.text)
    .join('');
  const bytes = new Uint8Array(Buffer.from(hex, 'hex'));
  if (bytes.length * 2 !== hex.length || String(bytes.length) !== tokens[1]?.text) {
    throw bad('the generic rdata (RFC 3597) is broken', tokens[0]);
  }
  if (bytes.length < 5) throw bad('the rdata is too short for a DNSKEY', tokens[0]);
  return bytes;
}

function parseTtl(word: string): number {
  if (/^\d+$/.test(word)) return Number(word);
  let seconds = 0;
  for (const [, n, unit] of word.matchAll(/(\d+)([WDHMS])/g)) seconds += Number(n) * UNITS[unit];
  return seconds;
}

/** The tokens of the one record: parentheses join lines, `;` starts a comment. */
function tokenize(text: string, file: string): Token[] {
  const tokens: Token[] = [];
  let depth = 0;
  for (const [index, raw] of text.split(/\r\n|\n|\r/).entries()) {
    const line = index + 1;
    const started = tokens.length > 0 && depth === 0;
    for (const [part] of raw.matchAll(/;.*|[()]|(?:\\.|[^\s();\\])+/g)) {
      if (part.startsWith(';')) break;
      if (part === '(') {
        depth++;
      } else if (part === ')') {
        depth--;
      } else {
        if (started) {
          throw refusal('holds more than one record', {
            place: { file, line },
            text: raw,
            hint: 'a key file holds one DNSKEY record',
          });
        }
        tokens.push({ text: part, line });
      }
    }
    if (depth < 0) throw refusal('a ) without its (', { place: { file, line }, text: raw });
  }
  if (depth > 0) throw refusal('a ( without its )', { place: { file } });
  return tokens;
}

function commentTiming(text: string): KeyTiming {
  const timing: Partial<Record<TimingName, number>> = {};
  for (const [, label, value] of text.matchAll(/^;\s*([A-Za-z]+):(.*)$/gm)) {
    const name = timingName(label);
    const time = name === undefined ? undefined : parseStamp(value);
    if (name !== undefined && time !== undefined) timing[name] = time;
  }
  return timing;
}

/** The text of a new `.key` file, in the form of dnssec-keygen. */
export function formatPublicFile(file: PublicFile): string {
  const sep = (file.dnskey[1] & FLAG_SEP) !== 0;
  const owner = nameToText(file.owner);
  const ttl = file.ttl === undefined ? '' : `${file.ttl} `;
  return [
    `; This is a ${sep ? 'key' : 'zone'}-signing key, keyid ${keyTag(file.dnskey)}, for ${owner}`,
    ...timingComments(file.timing),
    `${owner} ${ttl}IN DNSKEY ${dnskeyText(file.dnskey)}`,
    '',
  ].join('\n');
}

function timingComments(timing: KeyTiming): string[] {
  return TIMING_FIELDS.flatMap(([name, label]) => {
    const time = timing[name];
    return time === undefined ? [] : [`; ${label}: ${commentTime(time)}`];
  });
}

/** The text of a `.key` file with other times; every other line stays as it is. */
export function retimePublicFile(text: string, timing: KeyTiming): string {
  const lines = text.split('\n');
  const isTiming = (line: string): boolean => {
    const label = /^;\s*([A-Za-z]+):/.exec(line)?.[1];
    return label !== undefined && timingName(label) !== undefined;
  };
  const from = lines.findIndex(isTiming);
  const record = lines.findIndex((line) => line.trim() !== '' && !line.startsWith(';'));
  const kept = lines.filter((line) => !isTiming(line));
  // No line before the first time was taken out, so its place is still right.
  kept.splice(from < 0 ? Math.max(record, 0) : from, 0, ...timingComments(timing));
  return kept.join('\n');
}
