/**
 * Cuts the text of a zone in our layout into parts that can be verified one by one. A part begins
 * at a name one label below the zone's that differs from the owner before: in canonical order
 * such a name is never inside another one's subtree, so no delegation, no empty non-terminal and
 * no owner has records in two parts.
 */

import { apexSuffix } from './part-reader.js';

const LF = 0x0a;
const TAB = 0x09;
const DOT = 0x2e;
const BACKSLASH = 0x5c;

export interface PartCutter {
  /** Takes in text. @returns the parts that are whole now. Each is the receiver's own. */
  push(piece: Uint8Array): Uint8Array<ArrayBuffer>[];
  /** What is left at the end: the last part, perhaps empty. */
  rest(): Uint8Array<ArrayBuffer>;
  /** Octets that are held and not yet in a part. */
  held(): number;
}

/**
 * @param apex wire form of the zone's name.
 * @param size octets of a part at least, but for the last.
 * @param firstSize the same for the first part.
 */
export function createPartCutter(apex: Uint8Array, size: number, firstSize = size): PartCutter {
  const suffix = apexSuffix(apex);
  let goal = firstSize;
  let pieces: Uint8Array[] = [];
  let held = 0;
  /** Octets of what is held in which no part ends. */
  let searched = 0;

  return {
    push(piece) {
      pieces.push(piece);
      held += piece.length;
      const parts: Uint8Array<ArrayBuffer>[] = [];
      // A line's owner and the one before must be seen whole.
      if (held < goal) return parts;
      let text = concat(pieces, held);
      let from = Math.max(goal, searched);
      for (;;) {
        const cut = boundary(text, from, suffix);
        if (cut < 0) break;
        // The part may be given away, so what follows is copied; mostly it is the shorter one.
        const following = text.slice(cut);
        parts.push(text.subarray(0, cut));
        text = following;
        from = goal = size;
        if (text.length < goal) break;
      }
      // The last line may be cut off: it is looked at again.
      searched = text.length < goal ? 0 : text.lastIndexOf(LF) + 1;
      pieces = [text];
      held = text.length;
      return parts;
    },
    rest() {
      const text = concat(pieces, held);
      pieces = [];
      held = searched = 0;
      return text;
    },
    held: () => held,
  };
}

/** The first line begin at or behind `from` where a part may begin, or -1. */
function boundary(text: Uint8Array, from: number, suffix: Uint8Array): number {
  let lf = text.indexOf(LF, Math.max(0, from - 1));
  while (lf >= 0) {
    const start = lf + 1;
    if (isFirstLevel(text, start, suffix) && !isOwnerBefore(text, start)) return start;
    lf = text.indexOf(LF, start);
  }
  return -1;
}

/** Is the owner of the line at `p` one label below the zone's name? */
function isFirstLevel(text: Uint8Array, p: number, suffix: Uint8Array): boolean {
  let i = p;
  while (i < text.length && text[i] > 0x20 && text[i] !== DOT && text[i] !== BACKSLASH) i++;
  if (i === p || text[i] !== DOT) return false;
  i++;
  for (let k = 0; k < suffix.length; k++) if (text[i + k] !== suffix[k]) return false;
  return text[i + suffix.length] === TAB;
}

/** Has the line before the one at `start` the same owner? */
function isOwnerBefore(text: Uint8Array, start: number): boolean {
  if (start < 2) return true;
  const before = text.lastIndexOf(LF, start - 2) + 1;
  for (let i = 0; ; i++) {
    const c = text[start + i];
    if (c !== text[before + i]) return false;
    if (c === TAB) return true;
  }
}

function concat(pieces: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
