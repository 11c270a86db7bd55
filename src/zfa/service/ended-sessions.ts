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
}

/** @param warn told when the database can't be written: then it is ended for this process only. */
export function createEndedSessions(db: Database, warn: (text: string) => void): EndedSessions {
  /** What could not be written, and until when. */
  const unwritten = new Map<string, number>();
  return {
    has: (token) => {
      const key = keyOf(token);
      if (unwritten.has(key)) return true;
      return db.sql('SELECT 1 FROM ended_sessions WHERE session = ?').get(key) !== undefined;
    },
    end: (token, until, now) => {
      const key = keyOf(token);
      for (const [old, end] of unwritten) if (end <= now) unwritten.delete(old);
      try {
        db.change(() => {
          db.sql('DELETE FROM ended_sessions WHERE until <= ?').run(now);
          db.sql('INSERT OR IGNORE INTO ended_sessions VALUES (?, ?)').run(key, until);
        });
      } catch (error) {
        unwritten.set(key, until);
        warn(`a signed-out session is forgotten at the next start: ${(error as Error).message}`);
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
