/**
 * The tokens of one entry of a master file (RFC 1035 §5.1): a record, a directive or an empty line,
 * which goes on over line ends where parentheses are open. Comments are left out, quotes taken off.
 */

import type { Tokens } from '../records/rdata.js';

const LF = 0x0a;
const CR = 0x0d;
const TAB = 0x09;
const SPACE = 0x20;
const QUOTE = 0x22;
const OPENING = 0x28;
const CLOSING = 0x29;
const SEMICOLON = 0x3b;
const BACKSLASH = 0x5c;

/** Octets that end a token outside quotes; a backslash does not, but is looked at. */
const STOP = new Uint8Array(256);
for (const c of [LF, CR, TAB, SPACE, QUOTE, SEMICOLON, OPENING, CLOSING, BACKSLASH]) STOP[c] = 1;

/** Reads entries, one after the other, into the same memory. */
export class EntryTokens {
  readonly tokens: Tokens = {
    text: new Uint8Array(0),
    start: new Int32Array(1024),
    end: new Int32Array(1024),
    quoted: new Uint8Array(1024),
    count: 0,
  };
  /** The number of the line behind the entry. */
  line = 0;
  /** Did it end with its line feed? */
  complete = false;
  /** What is wrong with it; empty: nothing. */
  fault = '';

  /** @param text what the offsets of the entries to come are of. */
  begin(text: Uint8Array): void {
    this.tokens.text = text;
  }

  /**
   * Reads the entry that begins at `from`.
   *
   * @param line number of its first line.
   * @param final no text follows: the end of the text ends it.
   * @returns the offset behind it.
   */
  read(from: number, line: number, final: boolean): number {
    const { tokens } = this;
    const { text } = tokens;
    const end = text.length;
    let p = from;
    let lines = line;
    let count = 0;
    let depth = 0;
    this.complete = false;
    this.fault = '';
    while (p < end) {
      const c = text[p];
      if (c === SPACE || c === TAB || c === CR) {
        p++;
        continue;
      }
      if (c === LF) {
        p++;
        lines++;
        if (depth === 0) {
          this.complete = true;
          break;
        }
        continue;
      }
      if (c === SEMICOLON) {
        p = text.indexOf(LF, p);
        if (p < 0) p = end;
        continue;
      }
      if (c === OPENING) {
        depth++;
        p++;
        continue;
      }
      if (c === CLOSING) {
        if (depth === 0) this.fault = 'a closing parenthesis without an opening one';
        else depth--;
        p++;
        continue;
      }
      if (count === tokens.start.length) this.grow(count);
      if (c === QUOTE) {
        const closing = closingQuote(text, p);
        const closed = closing < end && text[closing] === QUOTE;
        // An entry that is not all there yet is read again with what follows.
        if (!closed && (closing < end || final)) {
          this.fault = 'a quoted string is not closed on its line';
        }
        tokens.start[count] = p + 1;
        tokens.end[count] = closing;
        tokens.quoted[count++] = 1;
        p = closed ? closing + 1 : closing;
        continue;
      }
      tokens.start[count] = p;
      do {
        const d = text[p];
        if (STOP[d] === 0) p++;
        else if (d === BACKSLASH && p + 1 < end && text[p + 1] !== LF) p += 2;
        else if (d === BACKSLASH) p++;
        else break;
      } while (p < end);
      tokens.end[count] = p;
      tokens.quoted[count++] = 0;
    }
    if (!this.complete && final && depth > 0)
      this.fault = 'a parenthesis is opened and never closed';
    tokens.count = count;
    this.line = lines;
    return p;
  }

  /** Does the entry begin with a blank: is its owner the one before? */
  static isBlank(c: number): boolean {
    return c === SPACE || c === TAB;
  }

  private grow(count: number): void {
    const { start, end, quoted } = this.tokens;
    // In place: who reads the tokens holds on to the object.
    this.tokens.start = new Int32Array(2 * count);
    this.tokens.end = new Int32Array(2 * count);
    this.tokens.quoted = new Uint8Array(2 * count);
    this.tokens.start.set(start);
    this.tokens.end.set(end);
    this.tokens.quoted.set(quoted);
  }
}

/** Where the quoted string that is opened at `at` ends: its quote, a line feed, or the text's end. */
function closingQuote(text: Uint8Array, at: number): number {
  const end = text.length;
  let q = at + 1;
  while (q < end && text[q] !== QUOTE && text[q] !== LF) q += text[q] === BACKSLASH ? 2 : 1;
  // An escape may have stepped over the end.
  return Math.min(q, end);
}
