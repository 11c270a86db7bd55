/**
 * Access tokens: JSON Web Tokens (RFC 7519) in three parts, HMAC with SHA-256, 24 hours. They carry
 * the holder's id and epoch, so that a change of password or state makes them void at once, and
 * hold over a restart, because the secret is in the state folder.
 */

import { randomBytes, webcrypto } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { errors, jwtVerify, SignJWT } from 'jose';
import { createOnce } from '../../durable.js';
import { refusal } from '../../errors.js';
import { storageError } from '../../publish/storage.js';
import type { Holder } from '../holders/model.js';

/** Seconds. */
export const TOKEN_LIFE = 86_400;
const OCTETS = 32;
const ISSUER = 'zonewright';

/** What a token is for: programs (`Authorization: Bearer`), or the portal's cookie. */
export type Audience = 'zfa' | 'portal';

export interface Tokens {
  issue(holder: Holder, audience: Audience, now: number): Promise<string>;
  /** Whose token this is; undefined: nobody's, or no longer. Its epoch is still to be compared. */
  check(
    token: string,
    audience: Audience,
    now: number,
  ): Promise<{ readonly holder: string; readonly epoch: number } | undefined>;
}

export function createTokens(secret: Uint8Array): Tokens {
  // Once, and not with every request.
  const hmac = { name: 'HMAC', hash: 'SHA-256' };
  const key = webcrypto.subtle.importKey('raw', secret, hmac, false, ['sign', 'verify']);
  return {
    issue: async (holder, audience, now) =>
      new SignJWT({ epoch: holder.epoch })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .setIssuer(ISSUER)
        .setSubject(holder.id)
        .setAudience(audience)
        // No two are the same, so that one session can be ended and another goes on.
        .setJti(randomBytes(12).toString('base64url'))
        .setIssuedAt(now)
        .setExpirationTime(now + TOKEN_LIFE)
        .sign(await key),
    check: async (token, audience, now) => {
      try {
        const { payload } = await jwtVerify(token, await key, {
          algorithms: ['HS256'],
          issuer: ISSUER,
          audience,
          currentDate: new Date(now * 1000),
          requiredClaims: ['sub', 'epoch', 'iat', 'exp'],
        });
        const { sub, epoch } = payload;
        if (typeof sub !== 'string' || typeof epoch !== 'number') return undefined;
        return { holder: sub, epoch };
      } catch (error) {
        if (error instanceof errors.JOSEError) return undefined;
        throw error;
      }
    },
  };
}

/**
 * The secret, made when it is not there yet. Two services that start at once get the same one.
 *
 * @throws ZonewrightError: exit 1 or 2 for the disk, 4 for a file that others may read or that is
 *   no secret.
 */
export function tokenSecret(path: string): Uint8Array {
  const place = { file: path };
  try {
    return readSecret();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw storageError(error, path);
  }
  try {
    createOnce(path, randomBytes(OCTETS), 0o600);
  } catch (error) {
    throw storageError(error, path);
  }
  return readSecret();

  function readSecret(): Uint8Array {
    const secret = readFileSync(path);
    if ((statSync(path).mode & 0o077) !== 0) {
      throw refusal('the secret of the access tokens can be read by others', {
        place,
        hint: `delete it, because somebody may have it; the service makes a new one, and all holders sign in again`,
      });
    }
    if (secret.length !== OCTETS) {
      throw refusal(`is no secret of ${OCTETS} octets`, {
        place,
        hint: 'delete it: the service makes a new one, and all holders sign in again',
      });
    }
    return secret;
  }
}
