/**
 * The signed owners of a range of a sorted zone file, found by the kernel: their DS, NSEC3 and
 * RRSIG records as a run, and the lines of those that hold anything else, for the parser. It is the
 * short way of sorted-file.ts; what is odd is left to the long one, which tells what is wrong.
 */

import { Kernel } from '../kernel/kernel.js';
import { compareBytes, countLabels, MAX_KEY, MAX_WIRE } from '../names/name.js';
import { ENTRY_HEADER } from '../records/entry.js';
import { PageTableBuilder } from '../sort/pages.js';
import type { Run } from '../sort/run.js';

const LF = 0x0a;
/** What the kernel says: the range is done, or an owner's lines are left to the parser. */
const DONE = 0;
const OTHER = 1;
const NO_KEY = new Uint8Array(0);

export interface SignedRange {
  /** undefined: no such record. */
  readonly run: Run | undefined;
  /** Whole lines of owners that hold other records, in the order of the file. */
  readonly rest: Uint8Array;
  /** How many. */
  readonly lines: number;
}

/** Reads ranges, one after the other: what it gives is good until the next one is read. */
class SignedOwners {
  private readonly kernel = new Kernel();
  /** A name or key on its way to the kernel. */
  private readonly apex = this.kernel.take(MAX_WIRE);
  private readonly key = this.kernel.take(MAX_KEY);
  /** Room for a range's text, and for its entries behind it. */
  private text = 0;
  private room = 0;
  private out = 0;
  private rest = new Uint8Array(1 << 12);

  /** See {@link signedOwners}. */
  range(
    apex: Uint8Array,
    length: number,
    read: (into: Uint8Array) => boolean,
    from: Uint8Array | undefined,
    to: Uint8Array | undefined,
  ): SignedRange | undefined {
    const { kernel } = this;
    if (length > this.room) this.makeRoom(length + (length >> 2));
    const { text, out } = this;
    const { bytes, functions } = kernel;
    const { openSigned, enterSigned, scanSigned, signedLines, signedLinesEnd } = functions;
    if (!read(bytes.subarray(text, text + length)) || bytes[text + length - 1] !== LF) {
      return undefined;
    }
    const first = from ?? NO_KEY;
    bytes.set(apex, this.apex);
    bytes.set(first, this.key);
    openSigned(this.apex, apex.length, countLabels(apex));
    enterSigned(text, text + length, out, this.key, first.length);
    let restLength = 0;
    let answer = scanSigned();
    for (; answer === OTHER; answer = scanSigned()) {
      restLength = this.keep(signedLines() >>> 0, signedLinesEnd() >>> 0, restLength);
    }
    if (answer !== DONE || !this.endsBelow(to)) return undefined;
    const rest = this.rest.subarray(0, restLength);
    return {
      run: this.run(functions.signedEnd() >>> 0),
      rest,
      lines: functions.signedLineCount(),
    };
  }

  /** Copies lines behind the rest; returns where it ends. */
  private keep(begin: number, end: number, at: number): number {
    const after = at + end - begin;
    if (after > this.rest.length) {
      const wider = new Uint8Array(after * 2);
      wider.set(this.rest.subarray(0, at));
      this.rest = wider;
    }
    this.rest.set(this.kernel.bytes.subarray(begin, end), at);
    return after;
  }

  private endsBelow(to: Uint8Array | undefined): boolean {
    const { bytes, functions } = this.kernel;
    if (to === undefined) return true;
    const last = functions.signedKey() >>> 0;
    return compareBytes(bytes, last, last + functions.signedKeyLength(), to, 0, to.length) < 0;
  }

  /** The entries up to `end` as a run. */
  private run(end: number): Run | undefined {
    const { out, kernel } = this;
    const count = kernel.functions.signedCount();
    if (count === 0) return undefined;
    const length = end - out;
    const block = kernel.bytes.subarray(out, end);
    const pages = new PageTableBuilder();
    const key = ENTRY_HEADER;
    pages.open(0, block, key, key + (block[key - 2] | (block[key - 1] << 8)));
    pages.close(length, length, count);
    return { blocks: [block], file: undefined, pages: pages.finish(), count, bytes: length };
  }

  private makeRoom(length: number): void {
    this.room = length;
    this.text = this.kernel.take(length);
    this.out = this.kernel.take(length + (length >> 2) + 4096);
  }
}

let ofThread: SignedOwners | undefined;

/**
 * Reads the signed owners of a range, of whole lines. The memory is the thread's: what is returned
 * is good until the next range is read.
 *
 * @param apex the zone's wire name.
 * @param read reads the range's octets, `length` of them; false: it can't.
 * @returns undefined when it is anything but owners in order and in `[from, to)`, as far as signed
 *   ones are looked at, and plain lines.
 */
export function signedOwners(
  apex: Uint8Array,
  length: number,
  read: (into: Uint8Array) => boolean,
  from: Uint8Array | undefined,
  to: Uint8Array | undefined,
): SignedRange | undefined {
  ofThread ??= new SignedOwners();
  return ofThread.range(apex, length, read, from, to);
}
