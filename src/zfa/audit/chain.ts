/**
 * The lines of the audit log and how they hang together. Pure.
 *
 * A line is a JSON object. `n` counts the lines from 1, `prev` is the SHA-256 (hexadecimal) of the
 * octets of the line before, without its newline; of the first line 64 zeros. So a line that was
 * changed, removed, put in or moved shows in the one after it, and the last one in the head that the
 * database keeps.
 */

import { createHash } from 'node:crypto';
import { isoTime } from '../../config/time.js';

/** Something to be written down. Never a password, a token or a key. */
export interface AuditEntry {
  /** Seconds since 1970. */
  readonly at: number;
  readonly event: string;
  readonly by?: string;
  readonly holder?: string;
  readonly address?: string;
  readonly [key: string]: unknown;
}

/** Where the chain ends. */
export interface Head {
  /** Lines. */
  readonly lines: number;
  /** Octets of the file. */
  readonly octets: number;
  /** Of the last line. */
  readonly hash: string;
}

export const EMPTY: Head = { lines: 0, octets: 0, hash: '0'.repeat(64) };

/** What could make a line look like another one, or like several, in an editor or a terminal. */
const HIDDEN = /[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g;

/** SHA-256 of a line, hexadecimal. */
export function lineHash(line: Uint8Array | string): string {
  return createHash('sha256').update(line).digest('hex');
}

/**
 * The lines of entries after a head.
 *
 * @returns their text, each line with its newline, and the head after them.
 */
export function linesAfter(
  head: Head,
  entries: readonly AuditEntry[],
): { readonly text: string; readonly head: Head } {
  let { lines, octets, hash } = head;
  let text = '';
  for (const { at, ...rest } of entries) {
    // What an entry brings along can't take the place of what holds the chain together.
    const own = { n: ++lines, prev: hash, at: isoTime(at) };
    const line = JSON.stringify({ ...own, ...rest, ...own }).replace(
      HIDDEN,
      (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
    hash = lineHash(line);
    octets += Buffer.byteLength(line) + 1;
    text += `${line}\n`;
  }
  return { text, head: { lines, octets, hash } };
}

/** A line as it is read back; undefined: it is no line of an audit log. */
export interface AuditLine {
  readonly n: number;
  readonly prev: string;
  readonly at: string;
  readonly event: string;
  readonly [key: string]: unknown;
}

export function parseLine(text: string): AuditLine | undefined {
  try {
    const line = JSON.parse(text) as AuditLine | null;
    const whole =
      typeof line === 'object' &&
      line !== null &&
      Number.isSafeInteger(line.n) &&
      typeof line.prev === 'string' &&
      typeof line.at === 'string' &&
      typeof line.event === 'string';
    return whole ? line : undefined;
  } catch {
    return undefined;
  }
}

/** What is wrong with a log. `line` counts lines of the file from 1. */
export interface ChainFault {
  readonly line: number;
  readonly what: string;
}

/** A check of lines, one after another, and of the end. */
export interface ChainCheck {
  /**
   * @param text a line without its newline.
   * @param whole false: it has none, and is the last one.
   */
  line(text: string, whole?: boolean): void;
  /** To be called after the last line. */
  end(): void;
  readonly faults: readonly ChainFault[];
  readonly lines: number;
}

/**
 * A check that keeps faults and gaps, not lines: a log of years takes no more memory than one of a day.
 *
 * @param head that the database keeps; undefined: it knows of none.
 */
export function createChainCheck(head: Head | undefined): ChainCheck {
  const faults: ChainFault[] = [];
  const fault = (line: number, what: string): void => {
    faults.push({ line, what });
  };
  /** Of the line before. */
  let hash = EMPTY.hash;
  let n = 0;
  let at = 0;
  /** Of the line that the head names. */
  let headHash: string | undefined;
  const numbers = createNumbers();
  return {
    line: (text, whole = true) => {
      at++;
      const line = parseLine(text);
      const before = { hash, n };
      hash = lineHash(text);
      if (line === undefined) {
        fault(at, 'is not a line of an audit log');
        n = before.n + 1;
        return;
      }
      if (line.n !== before.n + 1) {
        fault(
          at,
          line.n > before.n + 1
            ? `${missing(before.n + 1, line.n - 1)} before it`
            : numbers.has(line.n)
              ? `is line ${line.n} a second time`
              : `is line ${line.n}, which does not belong here`,
        );
      } else if (line.prev !== before.hash) {
        fault(
          at === 1 ? 1 : at - 1,
          at === 1
            ? 'does not begin the chain: what was before it is missing'
            : 'was changed, or the one after it was put in',
        );
      }
      if (!whole) fault(at, 'does not end in a newline any more');
      n = line.n;
      numbers.add(n);
      if (n === head?.lines) headHash = hash;
    },
    end: () => {
      if (head === undefined) {
        if (at > 0) fault(at, 'is the last one, but the database knows of no line');
        return;
      }
      if (head.lines > n) {
        fault(at, `is the last one, but ${missing(n + 1, head.lines)} after it`);
      } else if (head.lines > 0 && headHash !== head.hash) {
        fault(at, `line ${head.lines} ${headHash === undefined ? 'is missing' : 'was changed'}`);
      }
    },
    get faults() {
      return faults;
    },
    get lines() {
      return at;
    },
  };
}

/** Whole numbers from 1 that come nearly in order: what is kept are the gaps. */
function createNumbers(): { has(n: number): boolean; add(n: number): void } {
  let greatest = 0;
  let gaps: (readonly [from: number, to: number])[] = [];
  const inside =
    (n: number) =>
    ([from, to]: readonly [number, number]): boolean =>
      n >= from && n <= to;
  return {
    has: (n) => n >= 1 && n <= greatest && !gaps.some(inside(n)),
    add: (n) => {
      if (n > greatest) {
        if (n > greatest + 1) gaps.push([greatest + 1, n - 1]);
        greatest = n;
        return;
      }
      const gap = gaps.find(inside(n));
      if (gap === undefined) return;
      const [from, to] = gap;
      const rest = [[from, n - 1] as const, [n + 1, to] as const].filter(([a, b]) => a <= b);
      gaps = gaps.filter((one) => one !== gap).concat(rest);
    },
  };
}

function missing(from: number, to: number): string {
  return from === to ? `line ${from} is missing` : `lines ${from} to ${to} are missing`;
}
