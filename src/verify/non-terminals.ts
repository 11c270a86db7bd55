/**
 * Finds the empty non-terminals (RFC 9499 §7) while names go by in canonical order, and whether
 * a name that must have an NSEC3 lies below them. (Errata 3441 of RFC 5155: one that leads to
 * insecure delegations only may be left out of an opt-out chain with them.)
 */

import { MAX_KEY } from '../names/name.js';
import type { SharedNames } from './short-way.js';

/** The ancestor is not known yet; exists or was found to need an NSEC3; may have one. */
const NONE = 0;
const DONE = 1;
const MAY = 2;

export class NonTerminals {
  private readonly last: Uint8Array;
  private lastLength = 0;
  /** By depth in labels below the apex. */
  private readonly state: Uint8Array;
  private readonly ends = new Int32Array(130);
  private fresh = true;

  /**
   * @param exists is asked about the ancestors of the first name of a range: is there a name, or
   *   was it found already?
   * @param found is told the key of each empty non-terminal, perhaps twice: first as one that
   *   may, then, `again`, as one that must have an NSEC3.
   * @param shared memory that the short way reads and writes, too.
   */
  constructor(
    private readonly exists: (key: Uint8Array, length: number) => boolean,
    private readonly found: (
      key: Uint8Array,
      start: number,
      end: number,
      must: boolean,
      again: boolean,
    ) => void,
    shared?: Pick<SharedNames, 'last' | 'ancestors'>,
  ) {
    this.last = shared?.last ?? new Uint8Array(MAX_KEY);
    this.state = shared?.ancestors ?? new Uint8Array(130);
  }

  /** Hands the short way two words at `words[w]`. */
  lend(words: Uint32Array, w: number): void {
    words[w] = this.lastLength;
    words[w + 1] = this.fresh ? 1 : 0;
  }

  /** Takes over where the short way has come to. */
  takeBack(words: Uint32Array, w: number): void {
    this.lastLength = words[w];
    this.fresh = words[w + 1] !== 0;
  }

  /** Begins a range. */
  restart(): void {
    this.fresh = true;
    this.lastLength = 0;
    this.state.fill(NONE);
  }

  /** The same as {@link visit} for a name one label below the apex, above which nothing is. */
  visitFirstLevel(key: Uint8Array, start: number, end: number): void {
    const { last } = this;
    const length = end - start;
    for (let i = 0; i < length; i++) last[i] = key[start + i];
    this.lastLength = length;
    this.ends[1] = length;
    this.state[1] = DONE;
    this.fresh = false;
  }

  /** Goes on to the next name. */
  visit(key: Uint8Array, start: number, end: number, must: boolean): void {
    const { last, lastLength, ends, state } = this;
    const length = end - start;
    let same = 0;
    while (same < length && same < lastLength && key[start + same] === last[same]) same++;
    let depth = 0;
    let common = 0;
    for (let i = 0; i < length; i++) {
      if (key[start + i] !== 0) continue;
      ends[++depth] = i + 1;
      if (i < same) common = depth;
    }
    for (let d = common + 1; d <= depth; d++) state[d] = NONE;
    for (let i = same; i < length; i++) last[i] = key[start + i];
    this.lastLength = length;
    for (let d = 1; d < depth; d++) {
      if (state[d] === DONE) continue;
      if (this.fresh && this.exists(last, ends[d])) {
        state[d] = DONE;
        continue;
      }
      if (must) {
        const again = state[d] === MAY;
        state[d] = DONE;
        this.found(key, start, start + ends[d], true, again);
      } else if (state[d] === NONE) {
        state[d] = MAY;
        this.found(key, start, start + ends[d], false, false);
      }
    }
    this.fresh = false;
    state[depth] = DONE;
  }
}
