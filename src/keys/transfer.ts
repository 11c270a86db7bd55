/**
 * Key pairs from one folder to another: `keys import` and `keys export`.
 *
 * Both folders hold BIND key pairs, with states where there are any, and every file is copied as
 * it is, so that lines which are not known here come along. Nothing is copied before all keys of
 * the zone in the source have been read and proved as for signing. A key's `.key` is written last:
 * a crash leaves it out, not halved, and the same command run again goes on. No file that is there
 * is ever replaced.
 *
 * Knot DNS keeps keys as PEM beside a database of its own, and has no command that writes BIND
 * pairs; OpenDNSSEC keeps them in a PKCS#11 token. Neither can be imported from.
 */

import type { KeyObject } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { algorithmName } from '../dnssec/algorithms.js';
import { revokedKeyTag } from '../dnssec/keytag.js';
import { refusal } from '../errors.js';
import { equalBytes, zoneLabel } from '../names/name.js';
import type { TokenSettings } from '../pkcs11/settings.js';
import { isTokenKey } from '../pkcs11/token-key.js';
import { createFile } from './files.js';
import { makeKeyFolder } from './generate.js';
import type { Passphrase } from './passphrase.js';
import { sealPem } from './pkcs8.js';
import { externalText } from './privatefile.js';
import { openSealed, pemFileOf } from './sealed.js';
import { tagsMeet } from './select.js';
import { checkFolderMode, type KeyPair, readKeys, readText } from './store.js';
import { phaseAt } from './timing.js';
import { settleStore, trashedTags } from './trash.js';

export interface Transfer {
  /** Keys that were copied; their paths are in the target. */
  readonly copied: readonly string[];
  /** Keys that the target had already. */
  readonly there: readonly string[];
}

export interface TransferOptions {
  readonly now: number;
  /** Opens keys of the source that are encrypted, for the proof. */
  readonly passphrase?: Passphrase | undefined;
  /** How keys in tokens are reached, for the proof. */
  readonly pkcs11?: TokenSettings | undefined;
  /** Encrypts keys that are plain in the source, with the same passphrase. */
  readonly seal: boolean;
}

/**
 * Copies the keys of a zone into a folder, which is made (0700) if it is not there.
 *
 * @throws ZonewrightError (exit 4) when a key of the source would be refused for signing, when a
 *   key of the target or its trash has a tag in common with one of them, when a file is in the
 *   way, or when a live algorithm would come to a zone that is signed without it; (exit 2) when a
 *   folder can't be read.
 */
export function copyKeys(
  from: string,
  to: string,
  zone: Uint8Array,
  options: TransferOptions,
): Transfer {
  const keys = readKeys(from, zone, { pkcs11: options.pkcs11, passphrase: options.passphrase });
  if (keys.length === 0) throw noKeys(from, zone);
  makeKeyFolder(to);
  checkFolderMode(to);
  settleStore(to);
  const present = readKeys(to, zone, { leaveSealed: true });
  const isThere = (key: KeyPair): boolean =>
    present.some((other) => equalBytes(other.dnskey, key.dnskey));
  const wanted = keys.filter((key) => !isThere(key));
  for (const key of wanted) refuseCollision(key, present, to);
  refuseNewAlgorithm(wanted, present, options.now);
  const plans = wanted.map((key) => planCopy(key, to, options));
  for (const plan of plans) {
    for (const { file, text, mode } of plan) {
      if (!existsSync(file)) createFile(file, text, mode);
    }
  }
  return {
    copied: wanted.map((key) => join(to, basename(key.file))),
    there: keys.filter(isThere).map((key) => join(to, basename(key.file))),
  };
}

function noKeys(from: string, zone: Uint8Array): Error {
  const names = readdirSync(from);
  const knot = names.includes('data.mdb') || names.some((name) => /^[0-9a-f]{40}\.pem$/.test(name));
  return refusal(`there are no keys of ${zoneLabel(zone)}`, {
    place: { file: from },
    hint: knot
      ? 'this is a store of Knot DNS, which does not write BIND key pairs: make new keys and roll over to them'
      : `the folder must hold BIND key pairs, e.g. K${zoneLabel(zone)}.+013+12345.key and .private`,
  });
}

function refuseCollision(key: KeyPair, present: readonly KeyPair[], to: string): void {
  const other = present.find((one) => tagsMeet(one.dnskey, key.dnskey));
  const place = { file: key.file };
  if (other !== undefined) {
    throw refusal(`the key shares a tag with ${other.file}`, {
      place,
      hint: 'two keys of one tag, also in revoked form, break validators; roll one of them before the stores are put together',
    });
  }
  const taken = trashedTags(to, key.zone);
  if (!taken.includes(key.tag) && !taken.includes(revokedKeyTag(key.dnskey))) return;
  throw refusal(`the key shares a tag with a key in the trash of ${to}`, {
    place,
    hint: `if it is the same key, bring that one back: zonewright keys restore --zone ${zoneLabel(key.zone)} --tag ${key.tag}`,
  });
}

/** A second algorithm has to be rolled in; that a folder has keys of it would sign with both. */
function refuseNewAlgorithm(
  wanted: readonly KeyPair[],
  present: readonly KeyPair[],
  now: number,
): void {
  const live = (key: KeyPair): boolean => {
    const phase = phaseAt(key.timing, now);
    return phase.published || phase.signs;
  };
  const algorithms = new Set(present.filter(live).map((key) => key.algorithm));
  const alien = wanted.find((key) => live(key) && !algorithms.has(key.algorithm));
  if (algorithms.size === 0 || alien === undefined) return;
  throw refusal(
    `the zone is signed with ${[...algorithms].map(algorithmName).join(', ')}, and this key of ${algorithmName(alien.algorithm)} is live`,
    {
      place: { file: alien.file },
      hint: 'a new algorithm has to be rolled in (RFC 6781 §4.1.4); import into an empty folder to take the zone over as it is',
    },
  );
}

interface FileCopy {
  readonly file: string;
  readonly text: string;
  readonly mode: number;
}

/**
 * The files of a key in the target, `.key` last; those that an interrupted run left are known by
 * what they hold.
 *
 * @throws ZonewrightError (exit 4) when one is there and holds something else.
 */
function planCopy(key: KeyPair, to: string, options: TransferOptions): FileCopy[] {
  const stem = basename(key.file, '.key');
  const target = (ending: string): string => join(to, `${stem}.${ending}`);
  const plan: FileCopy[] = [];
  const add = (ending: string, text: string, mode: number): void => {
    const file = target(ending);
    if (existsSync(file) && readText(file) !== text) throw inTheWay(file, key);
    plan.push({ file, text, mode });
  };
  const state = join(dirname(key.file), `${stem}.state`);
  if (key.state !== undefined) add('state', readText(state), 0o644);
  if (key.privateFile !== undefined) {
    const text = readText(key.privateFile);
    const { passphrase } = options;
    if (key.sealedFile !== undefined) {
      add('pem', readText(key.sealedFile), 0o600);
      add('private', text, 0o600);
    } else if (options.seal && passphrase !== undefined && isPlain(key.secret)) {
      plan.push(sealedCopy(key, key.secret, target('pem'), passphrase));
      add('private', externalText(text), 0o600);
    } else {
      add('private', text, 0o600);
    }
  }
  add('key', readText(key.file), 0o644);
  return plan;
}

/** A private half that lies open in its file. */
const isPlain = (secret: KeyPair['secret']): secret is KeyObject =>
  secret !== undefined && !isTokenKey(secret);

/** Encrypting a key twice gives two texts: one that is there must open and be of the key. */
function sealedCopy(
  key: KeyPair,
  secret: KeyObject,
  file: string,
  passphrase: Passphrase,
): FileCopy {
  if (existsSync(file)) {
    openSealed(readText(file), file, key.dnskey, passphrase);
  }
  return { file, text: sealPem(secret, passphrase), mode: 0o600 };
}

function inTheWay(file: string, key: KeyPair): Error {
  return refusal('there is another file of that name', {
    place: { file },
    hint: `compare it with the files of ${pemFileOf(key.file).replace(/pem$/, '*')}, and move it away if no key is lost with it`,
  });
}
