/**
 * The files of a day's folder, beside the shared ones:
 *
 *   day.json   what the day has: its zones, all shared files with their sizes, a hash of the index
 *   index      a line a holder, sorted: id, where its part begins, its octets
 *   parts      the holders' parts, one behind the other
 *
 * A part is a line of JSON (how the bundle is put together) and the holder's own octets. Opening a
 * bundle reads the index (40 octets a holder) and one part, however many holders there are.
 */

import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Since } from './generations.js';
import type { Piece } from './layout.js';

export const DAY_FILE = 'day.json';
export const INDEX_FILE = 'index';
export const PARTS_FILE = 'parts';
/** The agreement's text, which is the same for all. */
export const AGREEMENT_FILE = 'agreement';

const LF = 10;

export interface DayFile {
  readonly name: string;
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** A zone of a day. */
export interface DayZone {
  /** Label. */
  readonly zone: string;
  readonly generation: string;
  readonly serial: number;
  /** ISO 8601. */
  readonly buildTime: string;
  /** Delegations; undefined: not known, as the next two. */
  readonly delegations: number | undefined;
  readonly added: number | undefined;
  readonly removed: number | undefined;
  /** What the names added and removed are against; undefined: nothing, or (older versions) not said. */
  readonly since: Since | undefined;
  /** Octets of the holders' copy, unpacked. */
  readonly unpackedBytes: number;
  /** As they are called in the bundle: `com.zone.gz`, … */
  readonly files: readonly DayFile[];
}

/** day.json. */
export interface DayDescription {
  readonly version: 1;
  /** YYYYMMDD. */
  readonly date: string;
  /** Seconds since 1970: the newest build time of the zones, which all that is dated by the day has. */
  readonly modified: number;
  readonly zones: readonly DayZone[];
  /** Octets of the shared files, by name. */
  readonly shared: Readonly<Record<string, number>>;
  /** SHA-256 of the index, hexadecimal: a holder that it lacks has no bundle, and not a lost one. */
  readonly indexSha256: string;
}

/** The first line of a part. */
export interface PartHead {
  readonly holder: string;
  /** Labels of the zones in it. */
  readonly zones: readonly string[];
  readonly pieces: readonly Piece[];
  /** Octets of the tar file. */
  readonly size: number;
  /** A hash of all octets of the tar file, taken over the hashes of its pieces; hexadecimal. */
  readonly etag: string;
  /** Undefined: the holder has no key. */
  readonly age: AgePart | undefined;
}

/** What makes the encrypted form the same at each reading. */
export interface AgePart {
  readonly recipient: string;
  /** All before the first chunk: header and nonce, base64. */
  readonly head: string;
  /** Key of the chunks, base64. */
  readonly key: string;
}

/** A part as it stands in the file. */
export function encodePart(head: PartHead, own: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), own]);
}

/** @throws Error when it is none. */
export function decodePart(part: Buffer): { readonly head: PartHead; readonly own: Buffer } {
  const end = part.indexOf(LF);
  if (end < 0) throw new Error('a part of a bundle without its first line');
  return {
    head: JSON.parse(part.toString('utf8', 0, end)) as PartHead,
    own: part.subarray(end + 1),
  };
}

/** Where a holder's part is. */
export interface PartPlace {
  readonly holder: string;
  readonly at: number;
  readonly length: number;
}

export function encodeIndex(places: readonly PartPlace[]): string {
  return places.map(({ holder, at, length }) => `${holder} ${at} ${length}\n`).join('');
}

/** All places of an index. */
export function decodeIndex(text: string): PartPlace[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [holder, at, length] = line.split(' ');
      return { holder, at: Number(at), length: Number(length) };
    });
}

/** A holder's place; undefined: it has no bundle. */
export function findInIndex(text: string, holder: string): PartPlace | undefined {
  const found = text.startsWith(`${holder} `) ? 0 : text.indexOf(`\n${holder} `) + 1;
  if (found === 0 && !text.startsWith(`${holder} `)) return undefined;
  return decodeIndex(text.slice(found, text.indexOf('\n', found)))[0];
}

/** @throws the error of the file system; an Error for what is no such file. */
export function readDay(folder: string): DayDescription {
  const path = join(folder, DAY_FILE);
  const text = readFileSync(path, 'utf8');
  let day: DayDescription;
  try {
    day = JSON.parse(text) as DayDescription;
  } catch {
    throw new Error(`${path} is damaged: it is no JSON`);
  }
  if (v.is(NEWER, day)) throw new Error(`${folder} was made by a newer zonewright`);
  if (!v.is(DAY, day)) throw new Error(`${path} is damaged`);
  return day;
}

const whole = v.pipe(v.number(), v.integer());
const since = v.object({
  generation: v.string(),
  serial: whole,
  date: v.optional(v.string()),
});
const file = v.object({ name: v.string(), bytes: whole, sha256: v.string() });
const zone = v.object({
  zone: v.string(),
  generation: v.string(),
  serial: whole,
  delegations: v.optional(whole),
  added: v.optional(whole),
  removed: v.optional(whole),
  since: v.optional(since),
  files: v.pipe(v.array(file), v.minLength(1)),
});

/** What is used of day.json: one that was edited, or came back half, must not be taken for one. */
const DAY = v.object({
  version: v.literal(1),
  date: v.string(),
  modified: whole,
  zones: v.array(zone),
  shared: v.record(v.string(), whole),
  indexSha256: v.string(),
});

const NEWER = v.object({ version: v.pipe(whole, v.notValue(1)) });

/** What {@link DayDescription.indexSha256} says of an index. */
export function indexHash(index: string): string {
  return createHash('sha256').update(index, 'latin1').digest('hex');
}

/** The index's text. @throws the error of the file system; an Error when it is not the day's. */
export function readIndex(folder: string, { indexSha256 }: DayDescription): string {
  const path = join(folder, INDEX_FILE);
  const index = readFileSync(path, 'latin1');
  if (indexHash(index) !== indexSha256) throw new Error(`${path} is damaged`);
  return index;
}

/** A holder's part as it was found. */
export interface FoundPart {
  readonly head: PartHead;
  /** Where the holder's own octets are in the file of the parts. */
  readonly own: { readonly at: number; readonly length: number };
}

/**
 * Reads the first line of a holder's part; undefined: it has none.
 *
 * @throws the error of the file system; an Error for a damaged folder.
 */
export function readPart(
  folder: string,
  day: DayDescription,
  holder: string,
): FoundPart | undefined {
  const place = findInIndex(readIndex(folder, day), holder);
  if (place === undefined) return undefined;
  const part = readPlace(join(folder, PARTS_FILE), place.at, place.length);
  const { head, own } = decodePart(part);
  if (head.holder !== holder) throw new Error(`${folder}: the part of ${holder} is another's`);
  return { head, own: { at: place.at + part.length - own.length, length: own.length } };
}

/** Octets of a file. @throws the error of the file system; an Error when it ends before them. */
export function readPlace(path: string, at: number, length: number): Buffer {
  const octets = Buffer.allocUnsafe(length);
  const file = openSync(path, 'r');
  try {
    for (let done = 0; done < length; ) {
      const n = readSync(file, octets, done, length - done, at + done);
      if (n === 0) throw new Error(`${path} is cut off`);
      done += n;
    }
    return octets;
  } finally {
    closeSync(file);
  }
}
