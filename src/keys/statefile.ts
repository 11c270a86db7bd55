/**
 * The `.state` file beside a key pair, in BIND's form: which roles the key has and the state of
 * each of its records. Pairs made by plain dnssec-keygen have none; a key's role then follows
 * from its SEP flag and from the keys it stands beside.
 */

import { algorithmByNumber } from '../dnssec/algorithms.js';
import { bitLength, parseRsaPublicKey } from '../dnssec/dnskey.js';
import { nameToText } from '../names/name.js';
import { commentTime, type KeyTiming } from './timing.js';

export type Role = 'ksk' | 'zsk' | 'csk';
/** The states of a record in the world's caches (Schaeffer, Overeinder, Mekking). */
export type RecordState = 'hidden' | 'rumoured' | 'omnipresent' | 'unretentive';

export interface StateFile {
  readonly role: Role | undefined;
  readonly dnskey: RecordState | undefined;
  readonly zrrsig: RecordState | undefined;
  readonly krrsig: RecordState | undefined;
  readonly ds: RecordState | undefined;
}

const STATES: ReadonlyMap<string, RecordState> = new Map([
  ['hidden', 'hidden'],
  ['rumoured', 'rumoured'],
  ['omnipresent', 'omnipresent'],
  ['unretentive', 'unretentive'],
]);

/** Reads the text of a `.state` file; what is not understood is left alone. */
export function parseStateFile(text: string): StateFile {
  const values = new Map<string, string>();
  for (const [, tag, value] of text.matchAll(/^([A-Za-z]+):[ \t]*(.*)$/gm)) {
    values.set(tag.toLowerCase(), value.trim().toLowerCase());
  }
  const ksk = values.get('ksk') === 'yes';
  const zsk = values.get('zsk') === 'yes';
  const state = (tag: string) => STATES.get(values.get(tag) ?? '');
  return {
    role: ksk ? (zsk ? 'csk' : 'ksk') : zsk ? 'zsk' : undefined,
    dnskey: state('dnskeystate'),
    zrrsig: state('zrrsigstate'),
    krrsig: state('krrsigstate'),
    ds: state('dsstate'),
  };
}

/** The text of a `.state` file for a new key. */
export function formatStateFile(
  zone: Uint8Array,
  dnskey: Uint8Array,
  tag: number,
  role: Role,
  timing: KeyTiming,
): string {
  const algorithm = algorithmByNumber(dnskey[3]);
  const rsa = algorithm?.family === 'rsa' ? parseRsaPublicKey(dnskey.subarray(4)) : undefined;
  const bits = rsa === undefined ? algorithm?.defaultBits : bitLength(rsa.modulus);
  const time = (label: string, at: number | undefined): string[] =>
    at === undefined ? [] : [`${label}: ${commentTime(at)}`];
  return [
    `; This is the state of key ${tag}, for ${nameToText(zone)}`,
    `Algorithm: ${dnskey[3]}`,
    `Length: ${bits}`,
    `KSK: ${role === 'zsk' ? 'no' : 'yes'}`,
    `ZSK: ${role === 'ksk' ? 'no' : 'yes'}`,
    ...time('Generated', timing.created),
    ...time('Published', timing.publish),
    ...time('Active', timing.activate),
    ...time('Retired', timing.inactive),
    ...time('Removed', timing.delete),
    '',
  ].join('\n');
}
