/**
 * The holders as the download service sees them: rows of the database, kept until something has
 * changed one of them. A revocation holds from the next request on.
 */

import { addressTest } from '../../config/cidr.js';
import type { Database } from '../database/open.js';
import type { Holder } from '../holders/model.js';
import { findHolder } from '../holders/store.js';

export interface HolderDirectory {
  /** A holder as it is now; undefined: there is none of this id. */
  find(id: string): Holder | undefined;
  /** Looks whether a holder has changed since the last look, and forgets what was known if so. */
  refresh(): boolean;
  /** To be called after a change by this process, which {@link refresh} can't see. */
  forget(): void;
}

export function createHolderDirectory(db: Database): HolderDirectory {
  const known = new Map<string, Holder>();
  const holdersVersion = (): number =>
    Number(db.sql('SELECT number FROM holders_version').get()?.number);
  // The database's version costs least to look at, but the audit log changes it all the time.
  let version = db.version();
  let number = holdersVersion();
  let touched = false;
  const refresh = (): boolean => {
    const now = db.version();
    if (now === version && !touched) return false;
    const found = holdersVersion();
    const changed = found !== number;
    if (changed) known.clear();
    version = now;
    number = found;
    touched = false;
    return changed;
  };
  return {
    find: (id) => {
      let holder = known.get(id);
      if (holder === undefined) {
        holder = findHolder(db, id);
        // Only those that are there: names that strangers make up take no memory.
        if (holder !== undefined) known.set(id, holder);
      }
      return holder;
    },
    refresh,
    forget: () => {
      known.clear();
      touched = true;
    },
  };
}

const tests = new WeakMap<readonly string[], (address: string) => boolean>();

/** May this holder come from this address? */
export function mayComeFrom(holder: Holder, address: string): boolean {
  if (holder.allow.length === 0) return true;
  let test = tests.get(holder.allow);
  if (test === undefined) {
    test = addressTest(holder.allow);
    tests.set(holder.allow, test);
  }
  return test(address);
}
