/**
 * The timing metadata of a key file and what follows from it at a time: is the key published,
 * does it sign, is it revoked, is it gone.
 *
 * The rules are those of `dnssec-signzone -S`, so that both tools make the same zone of the same
 * folder. Pure: no clock, no files. Times are seconds since 1970.
 */

import { parseTime, stampTime } from '../config/time.js';

export interface KeyTiming {
  readonly created?: number | undefined;
  readonly publish?: number | undefined;
  readonly activate?: number | undefined;
  readonly revoke?: number | undefined;
  readonly inactive?: number | undefined;
  readonly delete?: number | undefined;
  /** BIND keeps it in `.private` and `.state` only. */
  readonly dsPublish?: number | undefined;
  readonly syncPublish?: number | undefined;
  readonly syncDelete?: number | undefined;
}

export type TimingName = keyof KeyTiming;

/** The fields in the order BIND writes them, with their names in key files. */
export const TIMING_FIELDS: readonly (readonly [name: TimingName, label: string])[] = [
  ['created', 'Created'],
  ['publish', 'Publish'],
  ['activate', 'Activate'],
  ['revoke', 'Revoke'],
  ['inactive', 'Inactive'],
  ['delete', 'Delete'],
  ['dsPublish', 'DSPublish'],
  ['syncPublish', 'SyncPublish'],
  ['syncDelete', 'SyncDelete'],
];

const BY_LABEL = new Map(TIMING_FIELDS.map(([name, label]) => [label.toLowerCase(), name]));

/** The timing field with this label in a key file (`Publish`), any case. */
export function timingName(label: string): TimingName | undefined {
  return BY_LABEL.get(label.toLowerCase());
}

/** The time in a key file's value: YYYYMMDDHHMMSS, UTC; what follows it is a comment. */
export function parseStamp(value: string): number | undefined {
  const stamp = /^\s*(\d{14})(?:\s|$)/.exec(value);
  return stamp === null ? undefined : parseTime(stamp[1]);
}

/** `Publish: 20261122000000` lines, in BIND's order. */
export function timingLines(timing: KeyTiming): string[] {
  return TIMING_FIELDS.flatMap(([name, label]) => {
    const time = timing[name];
    return time === undefined ? [] : [`${label}: ${stampTime(time)}`];
  });
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `20261122052725 (Sun Nov 22 05:27:25 2026)`, as the comments of `.key` files have times. */
export function commentTime(seconds: number): string {
  const date = new Date(seconds * 1000);
  const day = String(date.getUTCDate()).padStart(2, ' ');
  const clock = date.toISOString().slice(11, 19);
  return `${stampTime(seconds)} (${DAYS[date.getUTCDay()]} ${MONTHS[date.getUTCMonth()]} ${day} ${clock} ${date.getUTCFullYear()})`;
}

/** What a key's timing says about it at a time. */
export interface KeyPhase {
  /** Its DNSKEY is in the zone. */
  readonly published: boolean;
  /** It signs. */
  readonly signs: boolean;
  /** Its DNSKEY carries the REVOKE flag; the key then signs the DNSKEY RRset (RFC 5011 §2.1). */
  readonly revoked: boolean;
  /** Its deletion time has come. */
  readonly removed: boolean;
}

/**
 * The phase of a key at `now`.
 *
 * - No metadata at all (key files of format 1.2, or written by hand): published and signing.
 *   `dnssec-signzone -S` leaves such keys out, plain `dnssec-signzone` takes them; in a folder
 *   that is the zone's key store a key without times is meant to be used.
 * - Published from Publish on; where Publish is not set, from Activate on.
 * - Signing from Activate until Inactive.
 * - Revoked from Revoke on while it is published; a revoked key has to sign.
 * - Delete ends everything.
 */
export function phaseAt(timing: KeyTiming, now: number): KeyPhase {
  const reached = (time: number | undefined): boolean => time !== undefined && time <= now;
  const bare = TIMING_FIELDS.every(([name]) => timing[name] === undefined);
  if (bare) return { published: true, signs: true, revoked: false, removed: false };
  if (reached(timing.delete)) {
    return { published: false, signs: false, revoked: false, removed: true };
  }
  const published =
    reached(timing.publish) || (timing.publish === undefined && reached(timing.activate));
  const revoked = published && reached(timing.revoke);
  const signs = revoked || (reached(timing.activate) && !reached(timing.inactive));
  return { published, signs, revoked, removed: false };
}

const EVENT_TEXT: Readonly<Record<TimingName, string>> = {
  created: 'was created',
  publish: 'its DNSKEY is published',
  activate: 'begins to sign',
  revoke: 'is revoked',
  inactive: 'ceases to sign',
  delete: 'its DNSKEY is removed',
  dsPublish: 'its DS is published at the parent',
  syncPublish: 'its CDS and CDNSKEY are published',
  syncDelete: 'its CDS and CDNSKEY are removed',
};

export interface TimingEvent {
  readonly at: number;
  readonly what: string;
  readonly why: string;
}

/** The next time in the metadata after `now`, or undefined. */
export function nextTiming(timing: KeyTiming, now: number): TimingEvent | undefined {
  let next: TimingEvent | undefined;
  for (const [name, label] of TIMING_FIELDS) {
    const at = timing[name];
    if (at === undefined || at <= now || (next !== undefined && next.at <= at)) continue;
    next = { at, what: EVENT_TEXT[name], why: `${label} time in the key file` };
  }
  return next;
}
