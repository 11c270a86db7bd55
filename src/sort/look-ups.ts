/**
 * Look-ups of many keys in key order: each goes on from where the one before has come to, so that no
 * page is read twice.
 */

import { compareBytes } from '../names/name.js';
import { Cursor } from './cursor.js';
import type { Run } from './run.js';

/** Looks keys up in some runs. */
export class LookUps {
  private cursor: Cursor | undefined;
  private atEnd = false;

  constructor(private readonly runs: readonly Run[]) {}

  /**
   * Looks a key up, which must not be below the last one.
   *
   * @returns a cursor at the key, until the next look-up; undefined: no run has it.
   */
  find(key: Uint8Array): Cursor | undefined {
    let { cursor } = this;
    if (cursor === undefined) {
      cursor = new Cursor(this.runs, key);
      this.cursor = cursor;
      this.atEnd = !cursor.next();
    } else if (!this.atEnd && compareKey(cursor, key) < 0) {
      cursor.skipTo(key);
      this.atEnd = !cursor.next();
    }
    return !this.atEnd && compareKey(cursor, key) === 0 ? cursor : undefined;
  }
}

/** Compares the key that a cursor is at with `key`. */
function compareKey({ keyBlock, keyStart, keyEnd }: Cursor, key: Uint8Array): number {
  return compareBytes(keyBlock, keyStart, keyEnd, key, 0, key.length);
}
