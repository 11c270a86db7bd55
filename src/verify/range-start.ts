/** Where a range of a zone in sorted runs may begin, and what stands before it. */

import { FACT_HEADER, factLength, factType } from '../records/entry.js';
import { TYPE } from '../records/types.js';
import { lookUp } from '../sort/cursor.js';
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
