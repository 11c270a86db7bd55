/**
 * Where zone file access keeps its things.
 *
 * In the state folder, `zfa/` (mode 0700: what holders are and what proves who they are):
 * `zfa.db`, `audit.jsonl`, the key that signs tokens and the key that signs bundles. In the output
 * folder, `bundles/`: what is handed out, and nothing secret.
 */

import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { storageError } from '../publish/storage.js';

/** Paths of zone file access; none of them need be there. */
export interface ZfaPlaces {
  readonly folder: string;
  readonly database: string;
  readonly auditLog: string;
  /** Secret of the access tokens (JWT), 32 octets. */
  readonly tokenKey: string;
  /** minisign key pair that signs the manifests of bundles. */
  readonly signingKey: string;
  readonly publicKey: string;
}

export function zfaPlaces(stateDir: string): ZfaPlaces {
  const folder = join(stateDir, 'zfa');
  return {
    folder,
    database: join(folder, 'zfa.db'),
    auditLog: join(folder, 'audit.jsonl'),
    tokenKey: join(folder, 'token.key'),
    signingKey: join(folder, 'minisign.key'),
    publicKey: join(folder, 'minisign.pub'),
  };
}

/** Makes the folder. @throws ZonewrightError (exit 1 or 2). */
export function makeZfaFolder(stateDir: string): ZfaPlaces {
  const places = zfaPlaces(stateDir);
  try {
    mkdirSync(places.folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw storageError(error, places.folder);
  }
  return places;
}

/** Has zone file access ever been used with this state folder? */
export function hasDatabase(stateDir: string): boolean {
  const { database, auditLog } = zfaPlaces(stateDir);
  // Where there is only a log, the database is lost: that is for whoever opens it to tell.
  return existsSync(database) || existsSync(auditLog);
}
