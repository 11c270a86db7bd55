/**
 * The key pair that signs the manifests of bundles: `minisign.key` and `minisign.pub` in the state
 * folder, made when they are first needed. An operator may put a pair of `minisign -G -W` there.
 *
 * Holders keep the public key and check with it that a bundle is the registry's. So a private key
 * that is gone is not made anew beside its public half, and that another one signs is told
 * ({@link replacedKey}).
 */

import { randomBytes } from 'node:crypto';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createOnce, putText, readText } from '../../durable.js';
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
 * @throws ZonewrightError: exit 4 for a file that can't be used or is gone, 1 or 2 for the disk.
 */
export function signingKey(stateDir: string): SigningKey {
  const { folder, signingKey: path, publicKey } = makeZfaFolder(stateDir);
  try {
    sweep(folder);
    if (readText(path) === undefined) {
      if (readText(publicKey) !== undefined) throw gone(path, publicKey);
      makeKey(path);
    }
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
  const text = secretKeyText(keyFromSeed(seed, randomBytes(8)), seed);
  seed.fill(0);
  createOnce(path, text, 0o600);
}

/** Removes keys that killed runs have left half made; an hour is long. */
function sweep(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (!name.startsWith('.key-')) continue;
    const path = join(folder, name);
    const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { mtimeMs: Date.now() };
    if (Date.now() - mtimeMs > 3_600_000) rmSync(path, { force: true });
  }
}

/** Public keys as minisign writes them in a line: base64. */
export interface KeyChange {
  readonly before: string;
  readonly now: string;
}

/**
 * Is this another key than the one whose public half was handed out last? undefined: it is the same,
 * or the first.
 *
 * @param file the public key that was handed out; it need not be there.
 */
export function replacedKey(key: SigningKey, file: string): KeyChange | undefined {
  const lineOf = (text: string): string => text.split('\n')[1]?.trim() ?? '';
  const text = readText(file);
  const now = lineOf(publicKeyText(key));
  if (text === undefined || lineOf(text) === now) return undefined;
  return { before: lineOf(text), now };
}

function gone(path: string, publicKey: string): Error {
  return refusal('the key that signs bundles is gone: another one would fail at every holder', {
    place: { file: path },
    hint: `bring it back from a backup; to begin with a new key, which holders have to be told of, move ${publicKey} away`,
  });
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
