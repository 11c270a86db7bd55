/** A holder's bundle of a day as a source of octets. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { refusal } from '../../errors.js';
import type { ByteSource } from '../stream/byte-source.js';
import { fileSource } from '../stream/byte-source.js';
import { joinedSource, type SourcePart } from '../stream/joined-source.js';
import { verifiedSource } from '../stream/verified-source.js';
import { type AgeSeal, ageSource, sealedSize } from './age-source.js';
import {
  type AgePart,
  type DayDescription,
  type FoundPart,
  PARTS_FILE,
  readDay,
  readPart,
  readPlace,
} from './day-files.js';
import { withNewestFolder } from './days.js';
import { bundlesFolder, listFolders } from './folders.js';
import { layoutTag, type Piece } from './layout.js';

/** What is known of a bundle without opening its files. */
export interface BundleFacts {
  /** `zfa-<holder>-<date>.tar`, with `.age` if encrypted. */
  readonly fileName: string;
  /** Strong, without quotes. */
  readonly etag: string;
  /** Seconds since 1970. */
  readonly modified: number;
  /** Octets. */
  readonly size: number;
  /** Labels of the zones in it. */
  readonly zones: readonly string[];
  /** Whom it is encrypted for: the key that the holder had when it was made. Undefined: it isn't. */
  readonly recipient: string | undefined;
}

export interface OpenBundle extends BundleFacts {
  /** To be closed by the one who opened it. */
  readonly source: ByteSource;
}

export interface HowToOpen {
  /** The form for the holder's age key; a holder without one has no such bundle. */
  readonly encrypted: boolean;
  /**
   * Wants the version with this tag, also if the day's bundles were made again after it: for those
   * who go on with a download. Undefined: the newest.
   */
  readonly etag?: string | undefined;
  /** Compare all octets with their hashes: then the source has to be read once, in order. */
  readonly verify?: boolean;
}

/** A part and the day that it belongs to. */
interface Found extends FoundPart {
  readonly folder: string;
  readonly day: DayDescription;
}

/**
 * What there is of a holder for a day; undefined: nothing. Reads little and opens nothing: for
 * pages, HEAD requests and refusals.
 *
 * @throws the error of the file system; an Error for a damaged folder.
 */
export function findBundle(
  outputDir: string,
  date: string,
  holder: string,
  how: HowToOpen,
): BundleFacts | undefined {
  return find(outputDir, date, holder, how)?.facts;
}

/**
 * Opens a holder's bundle; undefined: there is none. All files are opened here, so that it can be
 * read to its end also when its folder is removed meanwhile.
 *
 * @throws the error of the file system; an Error for a damaged folder.
 */
export async function openBundle(
  outputDir: string,
  date: string,
  holder: string,
  how: HowToOpen,
): Promise<OpenBundle | undefined> {
  for (let turn = 0; ; turn++) {
    const found = find(outputDir, date, holder, how);
    if (found === undefined) return undefined;
    const { folder, day, head, own, facts } = found;
    try {
      if (how.verify) assertOwn(found);
      const parts = await fileSource(join(folder, PARTS_FILE));
      const tar = await pieceSource(head.pieces, { source: parts, ...own }, async (name) => {
        const path = join(folder, name);
        const file = await fileSource(path, day.shared[name]);
        const sha256 = how.verify ? sharedHash(day, name) : undefined;
        return sha256 === undefined ? file : verifiedSource(file, sha256, () => damagedFile(path));
      });
      return { ...facts, source: how.encrypted ? ageSource(tar, sealOf(head.age!)) : tar };
    } catch (error) {
      // The folder went between finding and opening: another one of the day may have come.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || turn === 3) throw error;
    }
  }
}

/** The SHA-256 of a day's shared file; undefined: it is not told. */
function sharedHash({ zones }: DayDescription, name: string): string | undefined {
  return zones.flatMap(({ files }) => files).find((file) => file.name === name)?.sha256;
}

/** The error for a file of a bundle that has other octets than it had. */
export function damagedFile(path: string): Error {
  return refusal('is damaged: its octets are not those that its SHA-256 was taken of', {
    place: { file: path },
    hint: 'zonewright zfa bundle makes the bundles again; if the generation is damaged as well, build the zone anew (zonewright build)',
  });
}

/** Are the holder's own octets, and the agreement's text, those that the tag was taken of? */
function assertOwn({ folder, day, head, own }: Found): void {
  const octets = readPlace(join(folder, PARTS_FILE), own.at, own.length);
  const hashOf = (name: string): string | undefined =>
    sharedHash(day, name) ??
    createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex');
  if (layoutTag({ pieces: head.pieces, own: octets }, hashOf) === head.etag) return;
  throw new Error(`${join(folder, PARTS_FILE)}: the part of ${head.holder} is damaged`);
}

function find(
  outputDir: string,
  date: string,
  holder: string,
  how: HowToOpen,
): (Found & { readonly facts: BundleFacts }) | undefined {
  const look = (folder: string): (Found & { readonly facts: BundleFacts }) | undefined => {
    const day = readDay(folder);
    const part = readPart(folder, day, holder);
    if (part === undefined) return undefined;
    const found = { folder, day, ...part };
    const facts = factsOf(found, how);
    return facts && { ...found, facts };
  };
  if (how.etag === undefined) return withNewestFolder(outputDir, date, look);
  for (const { name } of listFolders(outputDir).filter((folder) => folder.date === date)) {
    try {
      const found = look(join(bundlesFolder(outputDir), name));
      if (found?.facts.etag === how.etag) return found;
    } catch (error) {
      // It was replaced, and has just gone.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return undefined;
}

function factsOf({ day, head }: Found, { encrypted }: HowToOpen): BundleFacts | undefined {
  const { zones, holder, etag, size } = head;
  const fileName = bundleName(holder, day.date, encrypted);
  const { modified } = day;
  const facts = { fileName, etag, modified, size, zones, recipient: undefined };
  if (!encrypted) return facts;
  if (head.age === undefined) return undefined;
  const seal = sealOf(head.age);
  return {
    ...facts,
    etag: createHash('sha256').update(etag).update(seal.head).digest('hex'),
    size: sealedSize(size, seal),
    recipient: head.age.recipient,
  };
}

function sealOf({ head, key }: AgePart): AgeSeal {
  return { head: Buffer.from(head, 'base64'), key: Buffer.from(key, 'base64') };
}

/** The name of a bundle's file. */
export function bundleName(holder: string, date: string, encrypted: boolean): string {
  return `zfa-${holder}-${date}.tar${encrypted ? '.age' : ''}`;
}

/**
 * A laid out bundle as a source.
 *
 * @param own where the holder's own octets are; its source is closed with the whole.
 * @param openShared opens a shared file by its name; it is closed with the whole.
 * @throws its error.
 */
export async function pieceSource(
  pieces: readonly Piece[],
  own: SourcePart,
  openShared: (name: string) => Promise<ByteSource>,
): Promise<ByteSource> {
  const files: ByteSource[] = [own.source];
  const close = async (): Promise<void> => {
    await Promise.all(files.map((file) => file.close()));
  };
  try {
    const parts: SourcePart[] = [];
    let at = 0;
    for (const piece of pieces) {
      if (typeof piece === 'number') {
        parts.push({ source: own.source, at: own.at + at, length: piece });
        at += piece;
      } else {
        const source = await openShared(piece);
        files.push(source);
        parts.push({ source, at: 0, length: source.size });
      }
    }
    if (at !== own.length) throw new Error(`${own.length} own octets, ${at} of them are used`);
    return joinedSource(parts, close);
  } catch (error) {
    await close();
    throw error;
  }
}
