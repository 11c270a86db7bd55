/**
 * What of the zones is published, for the download service: the current generation of each, and
 * older ones as long as they are there, because a download that began with one must be able to go
 * on with it.
 *
 * A generation never changes, so that what was read of it once is kept; only the link `current` is
 * looked at each time. Files go by the names that holders know (those of the bundle), which are
 * looked up here: no text from a request becomes part of a path.
 *
 * The names added and removed are those of the day (bundles/day-changes.ts) as soon as the generation
 * was bundled; its own lists may be against a generation of an hour ago.
 */

import { join } from 'node:path';
import { parseTime } from '../config/time.js';
import { currentGeneration, generationSerial, listGenerations } from '../publish/generation.js';
import { type Manifest, readManifest } from '../publish/manifest.js';
import { type BundledZone, createBundledDays } from './bundled-days.js';
import { sharedFiles } from './shared-files.js';
import { type ByteSource, fileSource } from './stream/byte-source.js';

/** A file of a generation that holders may have. */
export interface PublishedFile {
  /** As holders know it: `com.zone.gz`, `com.added.txt.gz`. */
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
  /** Strong entity tag, without quotes. Differs between generations, also of equal octets. */
  readonly etag: string;
  /** Seconds since 1970: the build's time; of a list of the day when that was made. */
  readonly modified: number;
  readonly serial: number;
}

/** A generation of a zone. */
export interface PublishedZone {
  /** The zone's label. */
  readonly zone: string;
  readonly generation: string;
  readonly serial: number;
  /** Seconds since 1970. */
  readonly buildTime: number;
  /** As in manifest.json. */
  readonly counts: Readonly<Record<string, unknown>>;
  /** By the name that holders know. */
  readonly files: ReadonlyMap<string, PublishedFile>;
}

export interface PublishedZones {
  /** Labels of the configured zones. */
  readonly labels: readonly string[];
  /**
   * The published generation of a zone; undefined: the zone is not known, or nothing is published.
   *
   * @throws ZonewrightError when `current` is out of order.
   */
  current(zone: string): PublishedZone | undefined;
  /** The generation of a zone, older than the current one, whose file has this tag. */
  withEtag(zone: string, name: string, etag: string): PublishedFile | undefined;
}

/**
 * @param outputDir where generations are.
 * @param labels of the configured zones; no other folder is ever looked at.
 * @param warn is told of bundles that are out of order; the zones are there all the same.
 */
export function createPublishedZones(
  outputDir: string,
  labels: readonly string[],
  warn: (text: string) => void,
): PublishedZones {
  /** By `zone/generation`; undefined: it has no manifest that can be read. */
  const known = new Map<string, PublishedZone | undefined>();
  const generationOf = (zone: string, generation: string): PublishedZone | undefined => {
    const key = `${zone}/${generation}`;
    const found = known.get(key);
    if (found !== undefined || known.has(key)) return found;
    const read = readGeneration(join(outputDir, zone, generation), zone, generation);
    if (known.size >= 1000) known.clear();
    known.set(key, read);
    return read;
  };
  const days = createBundledDays(outputDir, warn);
  const labelOf = (zone: string): string | undefined => labels.find((label) => label === zone);
  return {
    labels,
    current: (zone) => {
      const label = labelOf(zone);
      if (label === undefined) return undefined;
      const name = currentGeneration(join(outputDir, label));
      const own = name === undefined ? undefined : generationOf(label, name);
      return own && withDayLists(own, days.newest(label));
    },
    withEtag: (zone, name, etag) => {
      const label = labelOf(zone);
      // The serial stands in the tag: most generations need not be looked at.
      const serial = Number(/^(\d{1,10})-/.exec(etag)?.[1] ?? Number.NaN);
      if (label === undefined || Number.isNaN(serial)) return undefined;
      for (const generation of listGenerations(join(outputDir, label)).reverse()) {
        if (generation.serial !== serial) continue;
        const file = generationOf(label, generation.name)?.files.get(name);
        if (file?.etag === etag) return file;
      }
      for (const day of days.all(label)) {
        const file = listsOf(day).get(name);
        if (file?.etag === etag) return file;
      }
      return undefined;
    },
  };
}

/** A generation with the lists of the day that bundled it, if it is the newest. */
function withDayLists(own: PublishedZone, day: BundledZone | undefined): PublishedZone {
  if (day?.generation !== own.generation) return own;
  const { added, removed } = day;
  const lists = [...listsOf(day)].filter(
    ([name, { sha256 }]) => own.files.get(name)?.sha256 !== sha256,
  );
  return {
    ...own,
    counts: { ...own.counts, added: added ?? null, removed: removed ?? null },
    files: new Map([...own.files, ...lists]),
  };
}

/** The lists of names added and removed that a day has of a zone, by name. */
function listsOf({
  folder,
  made,
  generation,
  serial,
  lists,
}: BundledZone): Map<string, PublishedFile> {
  return new Map(
    lists.map((file) => {
      const list = publishedFile(file, join(folder, file.name), generation, serial);
      // The generation's own list has the build's time: a date must not stand for either of two.
      return [file.name, { ...list, modified: Math.max(made, list.modified + 1) }];
    }),
  );
}

function publishedFile(
  { name, bytes, sha256 }: Pick<PublishedFile, 'name' | 'bytes' | 'sha256'>,
  path: string,
  generation: string,
  serial: number,
): PublishedFile {
  const stamp = stampOf(generation);
  const etag = `${serial}-${stamp.replace(/\D/g, '')}-${sha256.slice(0, 24)}`;
  return { name, path, bytes, sha256, etag, modified: parseTime(stamp) ?? 0, serial };
}

/** The time in a generation's name: `20261122T000000Z`. */
function stampOf(generation: string): string {
  return generation.slice(0, generation.indexOf('-'));
}

function readGeneration(
  folder: string,
  zone: string,
  generation: string,
): PublishedZone | undefined {
  const manifest: Manifest | undefined = readManifest(folder);
  if (manifest === undefined) return undefined;
  const serial = generationSerial(generation)!;
  const buildTime = parseTime(stampOf(generation)) ?? 0;
  const files = new Map<string, PublishedFile>();
  for (const { name, stored } of sharedFiles(zone)) {
    const file = manifest.files.find((one) => one.name === stored);
    if (file === undefined) continue;
    const { bytes, sha256 } = file;
    const path = join(folder, stored);
    files.set(name, publishedFile({ name, bytes, sha256 }, path, generation, serial));
  }
  return { zone, generation, serial, buildTime, counts: manifest.counts, files };
}

/** Opens a published file. @throws when it is gone, or not as long as its manifest says. */
export function openPublished(file: PublishedFile): Promise<ByteSource> {
  return fileSource(file.path, file.bytes);
}
