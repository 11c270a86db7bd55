/** Key folders for the tests of the key store. */

import type { KeyObject } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { generateKeyPair } from '#zonewright/keys/generate.js';
import type { Role } from '#zonewright/keys/statefile.js';
import type { KeyPair } from '#zonewright/keys/store.js';
import type { KeyTiming } from '#zonewright/keys/timing.js';
import { isTokenKey, type Secret } from '#zonewright/pkcs11/token-key.js';
import { wire } from '../dnssec/vectors.js';

/** 2026-11-22T00:00:00Z */
export const NOW = 1795305600;
export const DAY = 86400;
export const ZONE = wire('example');

const folders: string[] = [];

/** A new folder with mode 0700, removed after the file's tests. */
export function keyFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'zonewright-keys-'));
  chmodSync(dir, 0o700);
  folders.push(dir);
  return dir;
}

afterAll(() => {
  for (const dir of folders.splice(0)) rmSync(dir, { recursive: true, force: true });
});

export const ACTIVE: KeyTiming = { created: NOW, publish: NOW, activate: NOW };

/** A new key without a `.state` file's role, as plain dnssec-keygen makes them. */
export function bindLikeKey(dir: string, sep: boolean, timing = ACTIVE, algorithm = 13): KeyPair {
  const key = newKey(dir, sep ? 'ksk' : 'zsk', timing, algorithm);
  rmSync(key.file.replace(/key$/, 'state'));
  return { ...key, declaredRole: undefined, state: undefined };
}

export function newKey(dir: string, role: Role, timing = ACTIVE, algorithm = 13): KeyPair {
  return generateKeyPair(dir, { zone: ZONE, algorithm, role, timing });
}

export function text(file: string | undefined): string {
  return readFileSync(file ?? '', 'utf8');
}

/** A private key that lies in its file. */
export function keyObject(secret: Secret | undefined): KeyObject {
  if (secret === undefined || isTokenKey(secret)) throw new Error('the key is not in its file');
  return secret;
}

/** A matcher for a refusal: exit code 4, and these texts in message, place and hint. */
export function refusalWith(...parts: readonly string[]) {
  return (error: unknown): boolean => {
    const e = error as { exitCode?: number; message: string; hint?: string; place?: object };
    const all = `${e.message} ${e.hint ?? ''} ${JSON.stringify(e.place ?? {})}`;
    const lacking = parts.filter((part) => !all.includes(part));
    if (e.exitCode !== 4 || lacking.length > 0) {
      throw new Error(`exit ${e.exitCode}, lacks ${lacking.join(' | ')}: ${all}`);
    }
    return true;
  };
}
