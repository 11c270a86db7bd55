/**
 * The `.state` file beside a key pair, in BIND's form: the key's roles and times, the state of each
 * of its records, and since when. Pairs made by plain dnssec-keygen have none; a key's role then
 * follows from its SEP flag and from the keys it stands beside.
 *
 * What BIND 9.18 and 9.20 do (lib/dns/dst_api.c) binds the form:
 * - The first line is skipped, whatever it is; the second must be `Algorithm`, the third `Length`,
 *   both those of the key, or the key is not loaded at all. So the file has one comment line at
 *   its head, and no other before the fourth.
 * - After these no more than 24 lines of a tag are looked at, known or not, and the rest is
 *   silently left out (BIND itself writes up to 26). So the states stand before all that BIND
 *   does not read back, which differs from BIND's own order.
 * - Some fields are read by another name than they are written by: `PublishCDS` is read as
 *   `SyncPublish`, for example. Both are understood here, and BIND's written name is written.
 * - A state that does not apply (NA; a ZSK's DS) has no line. `NA` as a word is an error.
 * - Times that stand here count for more than those of `.private` and `.key`.
 * - Unknown lines are read over. BIND drops them when it rewrites the file; here they are kept.
 */

import { algorithmByNumber } from '../dnssec/algorithms.js';
import { bitLength, parseRsaPublicKey } from '../dnssec/dnskey.js';
import { refusal } from '../errors.js';
import { nameToText } from '../names/name.js';
import { commentTime, type KeyTiming, parseStamp, type TimingName } from './timing.js';

export type Role = 'ksk' | 'zsk' | 'csk';
/** The states of a record in the world's caches (Schaeffer, Overeinder, Mekking). */
export type RecordState = 'hidden' | 'rumoured' | 'omnipresent' | 'unretentive';
/** Where a key is meant to get to: into the world, or out of it. */
export type GoalState = 'hidden' | 'omnipresent';

/** A `.state` file. A field without a line is not there; times are seconds since 1970. */
export interface StateFile {
  /** Algorithm number of the DNSKEY. */
  readonly algorithm?: number | undefined;
  /** Bits of the key. */
  readonly length?: number | undefined;
  /** Seconds; 0 is for ever. */
  readonly lifetime?: number | undefined;
  /** Tag of the key that this one takes over from. */
  readonly predecessor?: number | undefined;
  /** Tag of the key that takes over from this one. */
  readonly successor?: number | undefined;
  readonly ksk?: boolean | undefined;
  readonly zsk?: boolean | undefined;
  readonly generated?: number | undefined;
  readonly published?: number | undefined;
  readonly active?: number | undefined;
  readonly retired?: number | undefined;
  readonly revoked?: number | undefined;
  readonly removed?: number | undefined;
  /** The DS was seen at the parent. */
  readonly dsPublish?: number | undefined;
  /** The DS was seen to be gone from the parent. */
  readonly dsRemoved?: number | undefined;
  /** When each record's state last changed. */
  readonly dnskeyChange?: number | undefined;
  readonly zrrsigChange?: number | undefined;
  readonly krrsigChange?: number | undefined;
  readonly dsChange?: number | undefined;
  readonly dnskey?: RecordState | undefined;
  readonly zrrsig?: RecordState | undefined;
  readonly krrsig?: RecordState | undefined;
  readonly ds?: RecordState | undefined;
  readonly goal?: GoalState | undefined;
  /** `PublishCDS`: CDS and CDNSKEY are published from then on. */
  readonly publishCds?: number | undefined;
  /** `DeleteCDS`: they are taken out. */
  readonly deleteCds?: number | undefined;
  /** At how many of the parent's servers the DS was seen, or seen to be gone. */
  readonly dsPubCount?: number | undefined;
  readonly dsDelCount?: number | undefined;
  /** BIND 9.20: when the zone's signatures were made, and unmade. */
  readonly sigPublish?: number | undefined;
  readonly sigRemoved?: number | undefined;
}

export type StateField = keyof StateFile;
type Kind = 'number' | 'yesno' | 'time' | 'state' | 'goal';

/** The fields in the order they are written, with BIND's written name and its read one. */
const FIELDS: readonly (readonly [StateField, Kind, label: string, alias?: string])[] = [
  ['algorithm', 'number', 'Algorithm'],
  ['length', 'number', 'Length'],
  ['lifetime', 'number', 'Lifetime'],
  ['predecessor', 'number', 'Predecessor'],
  ['successor', 'number', 'Successor'],
  ['ksk', 'yesno', 'KSK'],
  ['zsk', 'yesno', 'ZSK'],
  ['generated', 'time', 'Generated'],
  ['published', 'time', 'Published'],
  ['active', 'time', 'Active'],
  ['retired', 'time', 'Retired'],
  ['revoked', 'time', 'Revoked'],
  ['removed', 'time', 'Removed'],
  ['dsPublish', 'time', 'DSPublish'],
  ['dsRemoved', 'time', 'DSRemoved'],
  ['dnskeyChange', 'time', 'DNSKEYChange'],
  ['zrrsigChange', 'time', 'ZRRSIGChange'],
  ['krrsigChange', 'time', 'KRRSIGChange'],
  ['dsChange', 'time', 'DSChange'],
  ['dnskey', 'state', 'DNSKEYState'],
  ['zrrsig', 'state', 'ZRRSIGState'],
  ['krrsig', 'state', 'KRRSIGState'],
  ['ds', 'state', 'DSState'],
  ['goal', 'goal', 'GoalState'],
  ['dsPubCount', 'number', 'DSPubCount'],
  ['dsDelCount', 'number', 'DSDelCount', 'DSRemCount'],
  ['publishCds', 'time', 'PublishCDS', 'SyncPublish'],
  ['deleteCds', 'time', 'DeleteCDS', 'SyncDelete'],
  ['sigPublish', 'time', 'SigPublish', 'ZRRSIGPublish'],
  ['sigRemoved', 'time', 'SigRemoved', 'ZZRRSIGDelete'],
];

const BY_LABEL = new Map(
  FIELDS.flatMap((field) =>
    [field[2], field[3] ?? field[2]].map((label) => [label.toLowerCase(), field] as const),
  ),
);

/** BIND's times and numbers are unsigned numbers of 32 bits. */
const U32 = 2 ** 32 - 1;

const STATE_WORDS: ReadonlySet<string> = new Set<RecordState>([
  'hidden',
  'rumoured',
  'omnipresent',
  'unretentive',
]);

/** What a value of each kind looks like, for messages. */
const FORMS: Readonly<Record<Kind, string>> = {
  number: `a whole number from 0 to ${U32}`,
  yesno: 'yes or no',
  time: 'a time in the form YYYYMMDDHHMMSS, up to the year 2106',
  state: 'one of hidden, rumoured, omnipresent, unretentive',
  goal: 'hidden or omnipresent',
};

function parseValue(kind: Kind, value: string): string | number | boolean | undefined {
  const word = /^[^\s;]*/.exec(value)?.[0] ?? '';
  switch (kind) {
    case 'number':
      return /^\d{1,10}$/.test(word) && Number(word) <= U32 ? Number(word) : undefined;
    case 'yesno':
      return word === 'yes' ? true : word === 'no' ? false : undefined;
    case 'time': {
      const time = parseStamp(word);
      return time !== undefined && time <= U32 ? time : undefined;
    }
    default: {
      const state = word.toLowerCase();
      if (kind === 'goal' && state !== 'hidden' && state !== 'omnipresent') return undefined;
      return STATE_WORDS.has(state) ? state : undefined;
    }
  }
}

/** A line of a `.state` file: its tag's field, if it is a known one. */
type Line =
  | { readonly kind: 'comment' }
  | { readonly kind: 'tag'; readonly tag: string; readonly value: string }
  | { readonly kind: 'broken' };

function lineOf(text: string): Line {
  if (/^\s*(?:;|$)/.test(text)) return { kind: 'comment' };
  const pair = /^\s*([A-Za-z][\w-]*):\s*(.*)$/.exec(text);
  return pair === null
    ? { kind: 'broken' }
    : { kind: 'tag', tag: pair[1], value: pair[2].trimEnd() };
}

function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/**
 * Reads the text of a `.state` file.
 *
 * @param file its path, for errors.
 * @throws ZonewrightError (exit 4) with file and line for a value that is broken, or a field that
 *   has two.
 */
export function parseStateFile(text: string, file: string): StateFile {
  const state: Partial<Record<StateField, string | number | boolean>> = {};
  for (const [index, content] of linesOf(text).entries()) {
    const line = lineOf(content);
    const refuse = (message: string, hint: string, field?: string) =>
      refusal(message, { place: { file, line: index + 1, field }, text: content, hint });
    if (line.kind === 'broken') {
      throw refuse('is not a "Tag: value" line', 'mend the line, or take it out');
    }
    const field = line.kind === 'tag' ? BY_LABEL.get(line.tag.toLowerCase()) : undefined;
    if (line.kind === 'comment' || field === undefined) continue;
    const [name, kind] = field;
    const value = parseValue(kind, line.value);
    if (value === undefined) {
      const na = /^na$/i.test(line.value);
      throw refuse(
        `is not ${FORMS[kind]}`,
        na
          ? 'a state that does not apply has no line: take it out'
          : `mend it, with "dnssec-settime -s" for example; a state file that can't be trusted is not used`,
        line.tag,
      );
    }
    if (state[name] !== undefined && state[name] !== value) {
      throw refuse('stands twice, with different values', 'take the wrong line out', line.tag);
    }
    state[name] = value;
  }
  return state as StateFile;
}

/**
 * Checks that a `.state` file is of the key that it stands beside, as BIND does.
 *
 * @throws ZonewrightError (exit 4).
 */
export function checkStateFile(state: StateFile, dnskey: Uint8Array, file: string): void {
  const bits = keyBits(dnskey);
  const checks = [
    ['Algorithm', state.algorithm, dnskey[3]],
    ['Length', state.length, bits],
  ] as const;
  for (const [field, has, wants] of checks) {
    if (has === undefined || has === wants) continue;
    throw refusal(`says ${has}, and the key has ${wants}`, {
      place: { file, field },
      hint: 'the file is of another key: bring the right one back, or move this one away',
    });
  }
}

/** Bits of a key, as BIND counts them. */
export function keyBits(dnskey: Uint8Array): number {
  const algorithm = algorithmByNumber(dnskey[3]);
  if (algorithm?.family !== 'rsa') return algorithm?.defaultBits ?? 0;
  const rsa = parseRsaPublicKey(dnskey.subarray(4));
  return rsa === undefined ? 0 : bitLength(rsa.modulus);
}

function fieldLine(field: (typeof FIELDS)[number], state: StateFile): string | undefined {
  const [name, kind, label] = field;
  const value = state[name];
  if (value === undefined) return undefined;
  if (kind === 'time') return `${label}: ${commentTime(Number(value))}`;
  return `${label}: ${value === true ? 'yes' : value === false ? 'no' : value}`;
}

/**
 * The text of a new `.state` file.
 *
 * @param state its `algorithm` and `length` must be set, or BIND does not load the key.
 */
export function stateFileText(state: StateFile, zone: Uint8Array, tag: number): string {
  return rewriteStateFile(`; This is the state of key ${tag}, for ${nameToText(zone)}\n`, state);
}

/**
 * The text of a `.state` file with other fields. Comments and unknown lines are kept: a comment
 * stays before the field it stood before, unknown lines come last (see the file's header).
 */
export function rewriteStateFile(text: string, state: StateFile): string {
  let head: string | undefined;
  let waiting: string[] = [];
  const comments = new Map<StateField, string[]>();
  const unknown: string[] = [];
  for (const [index, content] of linesOf(text).entries()) {
    const line = lineOf(content);
    if (line.kind === 'comment' && index === 0) {
      head = content;
      continue;
    }
    waiting.push(content);
    if (line.kind === 'comment') continue;
    const field = line.kind === 'tag' ? BY_LABEL.get(line.tag.toLowerCase()) : undefined;
    if (field === undefined) {
      unknown.push(...waiting);
    } else {
      // Nothing may stand before the length.
      const name = field[0] === 'algorithm' || field[0] === 'length' ? 'lifetime' : field[0];
      comments.set(name, [...(comments.get(name) ?? []), ...waiting.slice(0, -1)]);
    }
    waiting = [];
  }
  const lines = [head === undefined || head === '' ? '; This is the state of a key' : head];
  for (const field of FIELDS) {
    lines.push(...(comments.get(field[0]) ?? []));
    const line = fieldLine(field, state);
    if (line !== undefined) lines.push(line);
  }
  return [...lines, ...unknown, ...waiting, ''].join('\n');
}

/** The text of a `.state` file for a new key; `more`: what it says besides roles and times. */
export function formatStateFile(
  zone: Uint8Array,
  dnskey: Uint8Array,
  tag: number,
  role: Role,
  timing: KeyTiming,
  more: StateFile = {},
): string {
  const state: StateFile = {
    ...more,
    algorithm: dnskey[3],
    length: keyBits(dnskey),
    ksk: role !== 'zsk',
    zsk: role !== 'ksk',
  };
  return stateFileText(withTiming(state, timing), zone, tag);
}

/** The role that a `.state` file gives its key; undefined when it says nothing of it. */
export function stateRole(state: StateFile | undefined): Role | undefined {
  if (state?.ksk === true) return state.zsk === true ? 'csk' : 'ksk';
  return state?.zsk === true ? 'zsk' : undefined;
}

/** The times that key files have, too, by their names here. */
const TIMES: readonly (readonly [TimingName, StateField])[] = [
  ['created', 'generated'],
  ['publish', 'published'],
  ['activate', 'active'],
  ['inactive', 'retired'],
  ['revoke', 'revoked'],
  ['delete', 'removed'],
  ['dsPublish', 'dsPublish'],
  ['syncPublish', 'publishCds'],
  ['syncDelete', 'deleteCds'],
];

/** The times of a `.state` file by their names in key files; those it does not have are left out. */
export function stateTiming(state: StateFile | undefined): KeyTiming {
  const timing: Partial<Record<TimingName, number>> = {};
  for (const [name, field] of TIMES) {
    const time = state?.[field];
    if (typeof time === 'number') timing[name] = time;
  }
  return timing;
}

/** A `.state` file with the times of a key; times that the key does not have are taken out. */
export function withTiming(state: StateFile, timing: KeyTiming): StateFile {
  const next: Partial<Record<StateField, string | number | boolean | undefined>> = { ...state };
  for (const [name, field] of TIMES) {
    if (timing[name] === undefined) delete next[field];
    else next[field] = timing[name];
  }
  return next as StateFile;
}
