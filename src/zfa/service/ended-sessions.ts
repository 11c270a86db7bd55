/**
 * Sessions of the portal that were signed out before their time. They are kept in the database, so
 * that a copy of the cookie is no good after a restart of the service either.
 */

import { createHash } from 'node:crypto';
import type { Database } from '../database/open.js';

export interface EndedSessions {
  has(token: string): boolean;
  /**
   * Ends the session of a token, which must be a true one: what strangers make up is not kept.
   *
   * @param until when it would have ended by itself, seconds since 1970.
   */
  end(token: string, until: number, now: number): void;
  /** Writes what could not be written before. @throws ZonewrightError when that can't be done now. */
  flush(now: number): void;
}

/** What can't be written holds for this process, and is written with the next {@link EndedSessions.flush}. */
export function createEndedSessions(db: Database): EndedSessions {
  /** What is not written, and until when it holds. */
  const unwritten = new Map<string, number>();
  const flush = (now: number): void => {
    if (unwritten.size === 0) return;
    db.change(() => {
      db.sql('DELETE FROM ended_sessions WHERE until <= ?').run(now);
      for (const [key, until] of unwritten) {
        db.sql('INSERT OR IGNORE INTO ended_sessions VALUES (?, ?)').run(key, until);
      }
    });
    unwritten.clear();
  };
  return {
    flush,
    has: (token) => {
      const key = keyOf(token);
      if (unwritten.has(key)) return true;
      return db.sql('SELECT 1 FROM ended_sessions WHERE session = ?').get(key) !== undefined;
    },
    end: (token, until, now) => {
      unwritten.set(keyOf(token), until);
      try {
        flush(now);
      } catch {
        // Another process has the database, or the disk is full: the chore tries again, and tells.
      }
    },
  };
}

/**
 * What a token is known by: without its signature, whose last bits may differ in texts that mean the
 * same, and so that what is kept opens nothing.
 */
function keyOf(token: string): string {
  const signed = token.slice(0, token.lastIndexOf('.'));
  return createHash('sha256').update(signed).digest('base64url');
}
