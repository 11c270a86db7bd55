/**
 * From which addresses holders have signed in: who comes from one of them is not locked out of the
 * account by strangers' tries. Kept in the database over restarts; written in batches.
 */

import type { Database } from '../database/open.js';

export interface Familiar {
  /** Has this account signed in from this address before? Costs the same for unknown names. */
  has(holder: string, address: string): boolean;
  /** Has anybody signed in from this address while this process runs? */
  isKnown(address: string): boolean;
  note(holder: string, address: string, now: number): void;
  /** Writes what is new. @throws ZonewrightError when the database can't be written now. */
  flush(): void;
}

/** Addresses that are kept of a holder. */
const KEPT = 32;
/** A known address is noted anew after so many seconds. */
const FRESH = 86_400;
const MOST_KNOWN = 100_000;

/** @param db addresses are keys of lockout.ts. */
export function createFamiliar(db: Database): Familiar {
  const known = new Set<string>();
  const fresh = new Map<string, { holder: string; address: string; at: number }>();
  const noted = (holder: string, address: string): number | undefined => {
    const row = db
      .sql('SELECT at FROM sign_ins WHERE holder = ? AND address = ?')
      .get(holder, address);
    return fresh.get(`${holder} ${address}`)?.at ?? (row?.at as number | undefined);
  };
  return {
    has: (holder, address) => noted(holder, address) !== undefined,
    isKnown: (address) => known.has(address),
    note: (holder, address, now) => {
      if (known.size < MOST_KNOWN) known.add(address);
      const before = noted(holder, address);
      if (before === undefined || now - before > FRESH) {
        fresh.set(`${holder} ${address}`, { holder, address, at: now });
      }
    },
    flush: () => {
      if (fresh.size === 0) return;
      const rows = [...fresh.values()];
      db.change(() => {
        for (const { holder, address, at } of rows) {
          db.sql(
            `INSERT INTO sign_ins (holder, address, at) VALUES (?, ?, ?)
             ON CONFLICT (holder, address) DO UPDATE SET at = excluded.at`,
          ).run(holder, address, at);
          db.sql(
            `DELETE FROM sign_ins WHERE holder = ?1 AND address NOT IN
               (SELECT address FROM sign_ins WHERE holder = ?1 ORDER BY at DESC LIMIT ${KEPT})`,
          ).run(holder);
        }
      });
      fresh.clear();
    },
  };
}
