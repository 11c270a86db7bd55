/**
 * The holders as the download service sees them: rows of the database, kept until another process
 * has changed something. A revocation holds from the next request on.
 */

import { addressTest } from '../../config/cidr.js';
import type { Database } from '../database/open.js';
import type { Holder } from '../holders/model.js';
import { findHolder } from '../holders/store.js';

export interface HolderDirectory {
  /** A holder as it is now; undefined: there is none of this id. */
  find(id: string): Holder | undefined;
  /** Looks whether anything has changed since the last look, and forgets what was known if so. */
  refresh(): boolean;
  /** To be called after a change by this process, which {@link refresh} can't see. */
  forget(): void;
}

export function createHolderDirectory(db: Database): HolderDirectory {
  const known = new Map<string, Holder>();
  let version = db.version();
  let touched = false;
  const refresh = (): boolean => {
    const now = db.version();
    const changed = now !== version || touched;
    if (changed) known.clear();
    version = now;
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
