/**
 * The key pair that signs the manifests of bundles: `minisign.key` and `minisign.pub` in the state
 * folder, made when they are first needed. An operator may put a pair of `minisign -G -W` there.
 */

import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { refusal } from '../../errors.js';
import { storageError } from '../../publish/storage.js';
import { makeZfaFolder } from '../places.js';
import {
  keyFromSeed,
  parseSecretKey,
  publicKeyText,
  type SigningKey,
  secretKeyText,
} from './minisign.js';

/**
 * The key that signs. The public key's file is put right if it is absent or another key's.
 *
 * @throws ZonewrightError: exit 4 for a file that can't be used, 1 or 2 for the disk.
 */
export function signingKey(stateDir: string): SigningKey {
  const { signingKey: path, publicKey } = makeZfaFolder(stateDir);
  try {
    if (readText(path) === undefined) makeKey(path);
    const key = parseSecretKey(readText(path) ?? '');
    if (key === undefined || key === 'encrypted') throw unusable(path, key);
    putText(publicKey, publicKeyText(key));
    return key;
  } catch (error) {
    throw storageError(error, path);
  }
}

function makeKey(path: string): void {
  const seed = randomBytes(32);
  const own = writeSynced(path, secretKeyText(keyFromSeed(seed, randomBytes(8)), seed), 0o600);
  seed.fill(0);
  try {
    // Another process may have been first: then its key is the one.
    linkSync(own, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(own, { force: true });
  }
  syncFolder(dirname(path));
}

function unusable(path: string, key: 'encrypted' | undefined): Error {
  return refusal(
    key === 'encrypted'
      ? 'is a minisign key with a passphrase, which the nightly build has not'
      : 'is not a secret key of minisign',
    {
      place: { file: path },
      hint: 'put one without a passphrase there (minisign -C -W -s FILE takes it off), or move it away for a new one',
    },
  );
}

/** Writes a file with this text if it has another; a kill leaves the one or the other. */
export function putText(path: string, text: string): void {
  if (readText(path) === text) return;
  renameSync(writeSynced(path, text, 0o644), path);
  syncFolder(dirname(path));
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Writes a new file beside `path` that is on the disk when this returns. @returns its path. */
function writeSynced(path: string, text: string, mode: number): string {
  const own = join(dirname(path), `.key-${process.pid}-${randomBytes(6).toString('hex')}`);
  const file = openSync(own, 'wx', mode);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return own;
}

/** Puts a folder's entries on the disk. */
export function syncFolder(folder: string): void {
  const file = openSync(folder, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
