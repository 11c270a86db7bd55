/**
 * Signatures of one key, collected during a walk and checked together: some algorithms can check
 * many signatures of a key in less time than one by one.
 */

import type { Verifier } from '../sign/engine-types.js';

export interface BatchVerifier {
  /** Signatures pushed since the last flush. */
  readonly size: number;
  /** Takes in `sig[sigStart, sigEnd)` over `data[start, end)`; neither is held on to. */
  push(
    data: Uint8Array,
    start: number,
    end: number,
    sig: Uint8Array,
    sigStart: number,
    sigEnd: number,
  ): void;
  /** Checks what was pushed: tells the index, from 0, of each that is bad. Begins anew. */
  flush(onBad: (index: number) => void): void;
}

/** Makes the batches of a key. */
export function openBatch(verifier: Verifier): BatchVerifier {
  let size = 0;
  let bad: number[] = [];
  return {
    get size() {
      return size;
    },
    push(data, start, end, sig, sigStart, sigEnd) {
      if (!verifier.verify(data, start, end, sig, sigStart, sigEnd)) bad.push(size);
      size++;
    },
    flush(onBad) {
      const found = bad;
      size = 0;
      bad = [];
      found.forEach(onBad);
    },
  };
}
