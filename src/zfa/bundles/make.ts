/**
 * Makes the bundles of a day, all holders' at once, in a folder that is sealed when it is whole.
 *
 * A killed run leaves a folder under a temporary name, which the next one removes (bundling.ts).
 * Call it under the build's lock: then no generation goes away meanwhile, and no two runs make one
 * day.
 */

import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { onExit } from '../../cleanup.js';
import { putText, syncPath, writeSynced } from '../../durable.js';
import { usageError } from '../../errors.js';
import { hashFile } from '../../publish/hash.task.js';
import { storageError } from '../../publish/storage.js';
import type { Holder } from '../holders/model.js';
import { type AgreementText, type Composed, composeBundle, type DayParts } from './compose.js';
import {
  AGREEMENT_FILE,
  type AgePart,
  DAY_FILE,
  type DayDescription,
  decodePart,
  encodeIndex,
  encodePart,
  findInIndex,
  INDEX_FILE,
  indexHash,
  PARTS_FILE,
  type PartPlace,
} from './day-files.js';
import { bundlesFolder, dateOf, folderName, listFolders, oldestKept, outdated } from './folders.js';
import { dayZone, type ZoneGeneration } from './generations.js';
import { publicKeyText } from './minisign.js';
import { type KeyChange, replacedKey, signingKey } from './signing-key.js';
import { createHeaderMaker } from './tar-header.js';

/** Holders whose bundles are composed at a time: the encrypted form's keys are made by threads. */
const AT_ONCE = 64;
/** Where a hard link can't be made, for reasons of the file system: a copy serves as well. */
const NO_LINK = new Set(['EXDEV', 'EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK', 'ENOSYS']);

export interface BundleJob {
  readonly outputDir: string;
  readonly stateDir: string;
  /** YYYYMMDD: the day that the bundles are of. */
  readonly date: string;
  /** Seconds since 1970. */
  readonly now: number;
  /** Days that are kept, today counted. */
  readonly keepDays: number;
  readonly zones: readonly ZoneGeneration[];
  readonly agreement: AgreementText | undefined;
  /** The active ones. */
  readonly holders: readonly Holder[];
  /** Called before the folder gets its name: throws when the lock is lost. */
  readonly assertHeld: () => void;
  /** Called when the key that signs is another one than at the last time. */
  readonly tellNewKey: (change: KeyChange) => void;
}

export interface BundlesMade {
  readonly date: string;
  readonly folder: string;
  /** False: they were there already, just so. */
  readonly fresh: boolean;
  /** Holders that have a bundle now. */
  readonly holders: number;
  /** Ids of active holders none of whose zones is published. */
  readonly without: readonly string[];
  /** Ids of holders whose age key can't be used: they have no encrypted bundle. */
  readonly badKeys: readonly string[];
  /** Octets that the holders' own parts take, together. */
  readonly ownBytes: number;
  /** Folders that were removed because they are too old or were replaced. */
  readonly removed: readonly string[];
  /** The key that signs is another one than at the last time; undefined: it is the same. */
  readonly newKey: KeyChange | undefined;
}

/**
 * Makes them.
 *
 * @throws ZonewrightError: exit 2 for a day that is not kept, 4 for a signing key that can't be
 *   used, 5 for a lost lock, 1 or 2 for the disk.
 */
export async function makeBundles(job: BundleJob): Promise<BundlesMade> {
  const { outputDir, stateDir, date, now, keepDays } = job;
  const today = dateOf(now);
  const oldest = oldestKept(today, keepDays);
  if (date < oldest) {
    throw usageError(`the bundles of ${date} would not be kept: the oldest kept are ${oldest}`, {
      hint: 'raise zfa.keep-days, or write a single one with --holder ID --output FILE',
    });
  }
  const key = signingKey(stateDir);
  const all = bundlesFolder(outputDir);
  try {
    mkdirSync(all, { recursive: true });
    const handedOut = join(all, 'minisign.pub');
    const newKey = replacedKey(key, handedOut);
    // Told before anything is signed with it; a run that is killed afterwards tells it again.
    if (newKey !== undefined) job.tellNewKey(newKey);
    const { made, folder, fresh } = await makeDay(job, all, {
      date,
      modified: Math.max(...job.zones.map(({ buildTime }) => buildTime)),
      zones: new Map(job.zones.map((zone) => [zone.zone, zone])),
      agreement: job.agreement,
      key,
      headers: createHeaderMaker(),
    });
    putText(handedOut, publicKeyText(key));
    const removed = removeOutdated(outputDir, today, keepDays);
    return { date, folder, fresh, ...made, removed, newKey };
  } catch (error) {
    throw storageError(error, all);
  }
}

/** What was made of the holders. */
type Made = Pick<BundlesMade, 'holders' | 'without' | 'badKeys' | 'ownBytes'>;

async function makeDay(
  job: BundleJob,
  all: string,
  day: DayParts,
): Promise<{ made: Made; folder: string; fresh: boolean }> {
  const { date } = day;
  const newest = listFolders(job.outputDir).find((folder) => folder.date === date);
  const before = newest && join(all, newest.name);
  const draft = join(all, `.making-${date}-${process.pid}-${randomBytes(4).toString('hex')}`);
  const discard = (): void => rmSync(draft, { recursive: true, force: true });
  const forget = onExit(discard);
  try {
    mkdirSync(draft);
    const shared = shareFiles(draft, day);
    const { made, index } = await writeParts(job.holders, day, draft, before);
    const description: DayDescription = {
      version: 1,
      date,
      modified: day.modified,
      zones: job.zones.map(dayZone),
      shared,
      indexSha256: indexHash(index),
    };
    writeSynced(join(draft, DAY_FILE), `${JSON.stringify(description, undefined, 2)}\n`);
    if (before !== undefined && isSame(draft, before, Object.keys(shared))) {
      return { made, folder: before, fresh: false };
    }
    syncPath(draft);
    job.assertHeld();
    const folder = join(all, folderName(date, (newest?.n ?? 0) + 1));
    renameSync(draft, folder);
    syncPath(all);
    return { made, folder, fresh: true };
  } finally {
    forget();
    discard();
  }
}

/** Puts the shared files into the folder. @returns their sizes by name. */
function shareFiles(draft: string, { zones, agreement }: DayParts): Record<string, number> {
  const shared: Record<string, number> = {};
  for (const { files } of zones.values()) {
    for (const { name, path, bytes } of files) {
      linkOrCopy(path, join(draft, name));
      shared[name] = bytes;
    }
  }
  if (agreement !== undefined) {
    writeSynced(join(draft, AGREEMENT_FILE), agreement.text);
    shared[AGREEMENT_FILE] = agreement.bytes;
  }
  return shared;
}

/** A second name for a file whose octets are on the disk; else a copy of it. */
function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if (!NO_LINK.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    copyFileSync(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    syncPath(to);
  }
}

async function writeParts(
  holders: readonly Holder[],
  day: DayParts,
  draft: string,
  before: string | undefined,
): Promise<{ readonly made: Made; readonly index: string }> {
  const old = before === undefined ? undefined : oldSeals(before);
  const without: string[] = [];
  const badKeys: string[] = [];
  const places: PartPlace[] = [];
  const sorted = [...holders].sort((a, b) => (a.id < b.id ? -1 : 1));
  let at = 0;
  const file = openSync(join(draft, PARTS_FILE), 'wx', 0o600);
  try {
    for (let i = 0; i < sorted.length; i += AT_ONCE) {
      const parts = await Promise.all(
        sorted.slice(i, i + AT_ONCE).map(async (holder) => {
          const composed = await composeBundle(holder, day);
          if (composed === undefined) {
            without.push(holder.id);
            return undefined;
          }
          const age = await agePart(holder, composed, old);
          if (holder.ageKey !== undefined && age === undefined) badKeys.push(holder.id);
          return { holder: holder.id, part: encodePart({ ...composed.head, age }, composed.own) };
        }),
      );
      const octets: Buffer[] = [];
      for (const one of parts) {
        if (one === undefined) continue;
        const { holder, part } = one;
        places.push({ holder, at, length: part.length });
        octets.push(part);
        at += part.length;
      }
      writeFileSync(file, Buffer.concat(octets));
    }
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  const index = encodeIndex(places);
  writeSynced(join(draft, INDEX_FILE), index, 0o600);
  const made = {
    holders: places.length,
    without: without.sort(),
    badKeys: badKeys.sort(),
    ownBytes: at,
  };
  return { made, index };
}

/** Finds what the bundle of a holder was encrypted with before; undefined: it was not. */
type OldSeals = (holder: string) => { readonly etag: string; readonly age: AgePart } | undefined;

/** Of what can't be read nothing is taken over. */
function oldSeals(folder: string): OldSeals {
  const attempt = <T>(action: () => T): T | undefined => {
    try {
      return action();
    } catch {
      return undefined;
    }
  };
  const files = attempt(() => ({
    index: readFileSync(join(folder, INDEX_FILE), 'latin1'),
    parts: readFileSync(join(folder, PARTS_FILE)),
  }));
  return (holder) =>
    attempt(() => {
      const place = files && findInIndex(files.index, holder);
      if (place === undefined) return undefined;
      const { head } = decodePart(files!.parts.subarray(place.at, place.at + place.length));
      return head.age && { etag: head.etag, age: head.age };
    });
}

/** What encrypts the bundle for its holder: as before if it is the same bundle and key. */
async function agePart(
  { id, ageKey }: Holder,
  { head }: Composed,
  old: OldSeals | undefined,
): Promise<AgePart | undefined> {
  if (ageKey === undefined) return undefined;
  const before = old?.(id);
  if (before !== undefined && before.etag === head.etag && before.age.recipient === ageKey) {
    return before.age;
  }
  const { makeSeal } = await import('./age-header.js');
  try {
    const seal = await makeSeal(ageKey);
    return {
      recipient: ageKey,
      head: seal.head.toString('base64'),
      key: seal.key.toString('base64'),
    };
  } catch {
    // The text is no recipient, or a point that no key has: the others shall have theirs.
    return undefined;
  }
}

/**
 * Are the day's bundles there already, octet for octet? Files that are one and the same need no reading:
 * what was published is the generation's to answer for.
 */
function isSame(draft: string, before: string, shared: readonly string[]): boolean {
  try {
    for (const name of [DAY_FILE, INDEX_FILE, PARTS_FILE]) {
      if (!readFileSync(join(draft, name)).equals(readFileSync(join(before, name)))) return false;
    }
    for (const name of shared) {
      const [a, b] = [draft, before].map((folder) => statSync(join(folder, name)));
      if (a.dev === b.dev && a.ino === b.ino) continue;
      if (a.size !== b.size) return false;
      const [one, other] = [draft, before].map((folder) => sha256Of(join(folder, name)));
      if (one !== other) return false;
    }
    return true;
  } catch {
    return false;
  }
}

function sha256Of(file: string): string {
  return hashFile({ file, algorithms: ['sha256'] }).hashes[0];
}

/** @returns the names of what was removed. */
function removeOutdated(outputDir: string, today: string, keepDays: number): string[] {
  const all = bundlesFolder(outputDir);
  const gone = outdated(listFolders(outputDir), today, keepDays).map(({ name }) => name);
  for (const name of gone) {
    // First under another name: half a folder must not look like one.
    const aside = join(all, `.removing-${name}`);
    rmSync(aside, { recursive: true, force: true });
    renameSync(join(all, name), aside);
    rmSync(aside, { recursive: true, force: true });
  }
  return gone;
}
