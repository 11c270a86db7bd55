/** Where a range of a zone in sorted runs may begin, and what stands before it. */

import { compareBytes } from '../names/name.js';
import { FACT_HEADER, factLength, factType } from '../records/entry.js';
import { TYPE } from '../records/types.js';
import { Cursor, lookUp } from '../sort/cursor.js';
import type { Run } from '../sort/run.js';

/** Is there data under this key, beside NSEC3 and signatures? */
export function nameExists(runs: readonly Run[], key: Uint8Array): boolean {
  let exists = false;
  lookUp(runs, key, (block, start, end) => {
    for (let p = start; p < end; p += FACT_HEADER + factLength(block, p)) {
      const t = factType(block, p);
      if (t !== TYPE.NSEC3 && t !== TYPE.NSEC && t !== TYPE.RRSIG) exists = true;
    }
  });
  return exists;
}

/** Names that are looked at to see whether an earlier range has found an empty non-terminal. */
const LOOK_BACK = 4096;

/**
 * Have earlier ranges found the empty non-terminal `ancestor`: is there a name below it and
 * before `from` that must have an NSEC3 (RFC 5155 §7.1), or with `any`, any name that may?
 * After too many names that need none the answer is no.
 */
export function isFoundBefore(
  runs: readonly Run[],
  ancestor: Uint8Array,
  from: Uint8Array,
  any: boolean,
): boolean {
  const cursor = new Cursor(runs, ancestor, from);
  let cover: Uint8Array | undefined;
  for (let looked = 0; looked < LOOK_BACK && cursor.next(); looked++) {
    const { keyBlock, keyStart, keyEnd } = cursor;
    if (cover !== undefined) {
      const coverEnd = keyStart + cover.length;
      if (
        coverEnd <= keyEnd &&
        compareBytes(keyBlock, keyStart, coverEnd, cover, 0, cover.length) === 0
      ) {
        continue;
      }
      cover = undefined;
    }
    let hasData = false;
    let hasNs = false;
    let hasDs = false;
    let hasDname = false;
    for (let i = 0; i < cursor.parts; i++) {
      const b = cursor.partBlocks[i];
      const end = cursor.partEnds[i];
      for (let p = cursor.partStarts[i]; p < end; p += FACT_HEADER + factLength(b, p)) {
        const t = factType(b, p);
        if (t === TYPE.NSEC3 || t === TYPE.NSEC || t === TYPE.RRSIG) continue;
        hasData = true;
        if (t === TYPE.NS) hasNs = true;
        else if (t === TYPE.DS) hasDs = true;
        else if (t === TYPE.DNAME) hasDname = true;
      }
    }
    if (!hasData) continue;
    if (any || !hasNs || hasDs) return true;
    if (hasNs || hasDname) cover = keyBlock.slice(keyStart, keyEnd);
  }
  return false;
}

/**
 * The first key that is not below a zone cut or DNAME which `key` is below, or `key` itself when
 * it is below none: where a range may begin.
 */
export function rangeStart(runs: readonly Run[], key: Uint8Array): Uint8Array {
  for (let i = 0; i < key.length - 1; i++) {
    if (key[i] !== 0) continue;
    const ancestor = key.slice(0, i + 1);
    let covers = false;
    lookUp(runs, ancestor, (block, start, end) => {
      for (let p = start; p < end; p += FACT_HEADER + factLength(block, p)) {
        const t = factType(block, p);
        if (t === TYPE.NS || t === TYPE.DNAME) covers = true;
      }
    });
    if (!covers) continue;
    ancestor[i] = 1;
    return ancestor;
  }
  return key;
}
