/**
 * The trash of a key store: `<key-dir>/trash/` (0700), where removed keys wait until the last
 * signature that they made has expired. Until then a key can be restored.
 *
 * Beside its files each key has a note there, `K….trash`, that says since when and until when. The
 * note is what counts of a move that was interrupted: a key is where its `.key` file is, which
 * leaves the store first and comes back last, so that no reader ever finds half a key in the
 * store. `settleStore` finishes what a crash has left, and every change of the trash begins with
 * it:
 *
 *     note, .key in the trash       the rest of the key's files are moved after it (a removal goes
 *                                   on; a restoration is taken back)
 *     note, .key in the store       the rest is moved back there and the note removed
 *     note called K….purge          the key was being purged: the rest goes, too
 *
 * A key of a PKCS#11 token is moved and purged as to its files only.
 */

import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { keyTag, revokedKeyTag } from '../dnssec/keytag.js';
import { syncPath } from '../durable.js';
import { refusal } from '../errors.js';
import { zoneLabel } from '../names/name.js';
import { createFile, sweepTemporary } from './files.js';
import { parsePublicFile } from './publicfile.js';
import { tagsMeet } from './select.js';
import type { StateFile } from './statefile.js';
import {
  checkFolderMode,
  findKeyFiles,
  KEY_ENDINGS,
  type KeyPair,
  readKeys,
  readText,
} from './store.js';
import { commentTime, parseStamp } from './timing.js';

/** A key in the trash. */
export interface TrashedKey {
  /** Folder of the trash. */
  readonly dir: string;
  /** `Kcom.+013+01234` */
  readonly stem: string;
  /** Seconds since 1970. */
  readonly movedAt: number;
  /** When the last signature made with it expires; from then on it may be purged. */
  readonly until: number;
}

/** The folder of the trash of a key folder. */
export function trashFolder(keyDir: string): string {
  return join(keyDir, 'trash');
}

const NOTE = '.trash';
/** The note of a key that is being purged. */
const PURGE = '.purge';

/** Has a key left the world: hidden is its goal, and hidden are all its records? */
export function isGone(state: StateFile | undefined): boolean {
  if (state?.goal !== 'hidden') return false;
  const records = [state.dnskey, state.zrrsig, state.krrsig, state.ds];
  // A record without a state does not apply to the key.
  return records.every((record) => record === undefined || record === 'hidden');
}

/**
 * When the last signature that was made with a key expires: it has signed until it was retired,
 * a revoked one until it was removed, with the policy's signature validity.
 *
 * @param now stands in where the key does not say when it was retired; seconds, as all here.
 */
export function signaturesEnd(key: KeyPair, signatureValidity: number, now: number): number {
  const { inactive, revoke, delete: removed } = key.timing;
  const signedUntil = revoke === undefined ? (inactive ?? removed) : (removed ?? now);
  return (signedUntil ?? now) + signatureValidity;
}

/**
 * Moves a key to the trash; survives a crash at any point.
 *
 * @param until when the last signature made with it expires; see {@link signaturesEnd}.
 */
export function trashKey(key: KeyPair, now: number, until: number): TrashedKey {
  const dir = dirname(key.file);
  settleStore(dir);
  const trash = trashFolder(dir);
  if (!existsSync(trash)) {
    mkdirSync(trash, { mode: 0o700 });
    syncPath(dir);
  }
  checkFolderMode(trash);
  const stem = basename(key.file, '.key');
  const moved: TrashedKey = { dir: trash, stem, movedAt: now, until };
  refuseOccupied(trash, stem);
  createFile(join(trash, stem + NOTE), noteText(key, moved), 0o600);
  move(dir, trash, stem);
  return moved;
}

/**
 * Moves all keys of a zone that are gone from the world to the trash.
 *
 * @param keys the zone's keys (`readKeys`, with `leaveSealed`).
 * @param signatureValidity of the policy, seconds.
 */
export function trashGoneKeys(
  keys: readonly KeyPair[],
  now: number,
  signatureValidity: number,
): TrashedKey[] {
  return keys
    .filter((key) => isGone(key.state))
    .map((key) => trashKey(key, now, signaturesEnd(key, signatureValidity, now)));
}

function refuseOccupied(trash: string, stem: string): void {
  const there = filesOf(trash, stem);
  if (there.length === 0) return;
  throw refusal('there is a file of another key of that name in the trash', {
    place: { file: join(trash, there[0]) },
    hint: 'move it away; the key to be removed stays where it is',
  });
}

function noteText(key: KeyPair, moved: TrashedKey): string {
  return [
    `; Key ${key.tag} of ${zoneLabel(key.zone)} was removed; "zonewright keys restore --zone ${zoneLabel(key.zone)} --tag ${key.tag}" brings it back.`,
    '; The last signature made with it expires at the second time.',
    `Moved: ${commentTime(moved.movedAt)}`,
    `Until: ${commentTime(moved.until)}`,
    '',
  ].join('\n');
}

/**
 * The keys in the trash of a key folder.
 *
 * @throws ZonewrightError (exit 4) for a note that is broken.
 */
export function listTrash(keyDir: string): TrashedKey[] {
  const dir = trashFolder(keyDir);
  if (!existsSync(dir)) return [];
  return readdirSync(dir)
    .filter((name) => name.startsWith('K') && name.endsWith(NOTE))
    .sort()
    .map((name) => readNote(dir, name));
}

function readNote(dir: string, name: string): TrashedKey {
  const file = join(dir, name);
  const text = readText(file);
  const time = (tag: string): number => {
    const value = new RegExp(`^${tag}:(.*)$`, 'm').exec(text)?.[1];
    const at = value === undefined ? undefined : parseStamp(value);
    if (at !== undefined) return at;
    throw refusal(`has no time in the form YYYYMMDDHHMMSS`, {
      place: { file, field: tag },
      hint: 'mend the note, or move the key and its note away',
    });
  };
  return { dir, stem: basename(name, NOTE), movedAt: time('Moved'), until: time('Until') };
}

/**
 * Brings a key back from the trash into the store; survives a crash at any point.
 *
 * @param algorithm tells keys of one tag apart; undefined: any.
 * @returns the path of its `.key` file.
 * @throws ZonewrightError (exit 4) when there is no such key, or a key of the store has a tag in
 *   common with it, also in revoked form.
 */
export function restoreKey(
  keyDir: string,
  zone: Uint8Array,
  tag: number,
  algorithm?: number,
): string {
  settleStore(keyDir);
  const label = zoneLabel(zone);
  const trash = trashFolder(keyDir);
  const stems = new Set(listTrash(keyDir).map(({ stem }) => stem));
  const all = existsSync(trash)
    ? findKeyFiles(trash, zone).filter(({ stem, endings }) => stems.has(stem) && endings.has('key'))
    : [];
  const found = all.filter(
    (entry) => entry.tag === tag && (algorithm === undefined || entry.algorithm === algorithm),
  );
  if (found.length !== 1) {
    const list = all.map((entry) => `${entry.tag} (algorithm ${entry.algorithm})`).join(', ');
    throw refusal(
      found.length === 0
        ? `there is no key ${tag} of ${label} in the trash`
        : `there are ${found.length} keys ${tag} of ${label} in the trash`,
      {
        place: { file: trash },
        hint:
          found.length === 0
            ? `${list === '' ? 'there is none of this zone' : `there are ${list}`}; purged keys come back from a backup only`
            : `say which with --algorithm: ${list}`,
      },
    );
  }
  const [{ stem }] = found;
  const file = join(trash, `${stem}.key`);
  const { dnskey } = parsePublicFile(readFileSync(file, 'utf8'), file);
  for (const live of readKeys(keyDir, zone, { leaveSealed: true })) {
    if (!tagsMeet(dnskey, live.dnskey)) continue;
    throw refusal(
      `the key has a tag in common with a key of the store: ${tag} (revoked ${revokedKeyTag(dnskey)}) and ${keyTag(live.dnskey)} (revoked ${revokedKeyTag(live.dnskey)})`,
      {
        place: { file: live.file },
        hint: 'two keys of one tag break validators; make a new key instead',
      },
    );
  }
  const strays = filesOf(keyDir, stem);
  if (strays.length > 0) {
    throw refusal('the store has a file of that name already', {
      place: { file: join(keyDir, strays[0]) },
      hint: 'it is not of a key that is in use; move it away',
    });
  }
  checkFolderMode(trash);
  moveBack(trash, keyDir, stem);
  return join(keyDir, `${stem}.key`);
}

/**
 * Deletes the keys in the trash whose signatures have expired.
 *
 * @returns what was deleted.
 */
export function purgeTrash(keyDir: string, now: number): TrashedKey[] {
  settleStore(keyDir);
  const due = listTrash(keyDir).filter(({ until }) => until <= now);
  for (const { dir, stem } of due) purge(dir, stem);
  return due;
}

/** The note's new name is the decision; a file that got lost is no reason to delete the others. */
function purge(trash: string, stem: string): void {
  renameSync(join(trash, stem + NOTE), join(trash, stem + PURGE));
  syncPath(trash);
  finishPurge(trash, stem);
}

function finishPurge(trash: string, stem: string): void {
  for (const name of filesOf(trash, stem)) rmSync(join(trash, name));
  syncPath(trash);
  rmSync(join(trash, stem + PURGE));
  syncPath(trash);
}

/**
 * Finishes what interrupted runs have left in a store: files half written, keys half moved (see
 * the file's header). To be called before a store is changed; cheap when there is nothing to do.
 */
export function settleStore(keyDir: string): void {
  sweepTemporary(keyDir);
  const trash = trashFolder(keyDir);
  if (!existsSync(trash)) return;
  sweepTemporary(trash);
  for (const { stem } of listTrash(keyDir)) {
    if (existsSync(join(keyDir, `${stem}.key`))) moveBack(trash, keyDir, stem);
    else if (existsSync(join(trash, `${stem}.key`))) move(keyDir, trash, stem);
  }
  for (const name of readdirSync(trash)) {
    if (name.endsWith(PURGE)) finishPurge(trash, basename(name, PURGE));
  }
}

/** Moves a key's files out of the store: `.key` first. */
function move(from: string, to: string, stem: string): void {
  for (const name of filesOf(from, stem)) moveFile(from, to, name);
  syncPath(to);
  syncPath(from);
}

/** Moves a key's files into the store, `.key` last, and removes the note. */
function moveBack(from: string, to: string, stem: string): void {
  for (const name of filesOf(from, stem).reverse()) {
    if (name.endsWith('.key')) syncPath(to);
    moveFile(from, to, name);
  }
  syncPath(to);
  rmSync(join(from, stem + NOTE), { force: true });
  syncPath(from);
}

/** The files of a key that are in a folder, `.key` first. */
function filesOf(dir: string, stem: string): string[] {
  return KEY_ENDINGS.map((ending) => `${stem}.${ending}`).filter((name) =>
    existsSync(join(dir, name)),
  );
}

function moveFile(from: string, to: string, name: string): void {
  const target = join(to, name);
  if (existsSync(target)) {
    throw refusal('a file of that name is there already', {
      place: { file: target },
      hint: `compare it with ${join(from, name)}, and move one of the two away`,
    });
  }
  renameSync(join(from, name), target);
}

/** The tags, each also revoked, that the trash holds of a zone: no new key may have them. */
export function trashedTags(keyDir: string, zone: Uint8Array): number[] {
  const trash = trashFolder(keyDir);
  if (!existsSync(trash)) return [];
  return findKeyFiles(trash, zone).flatMap((entry) => {
    if (!entry.endings.has('key')) return [entry.tag];
    const file = join(trash, `${entry.stem}.key`);
    const { dnskey } = parsePublicFile(readText(file), file);
    return [entry.tag, revokedKeyTag(dnskey)];
  });
}
