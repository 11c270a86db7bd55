/**
 * A range of a sorted zone file in the kernel's memory: what of it can be kept, and in what it
 * differs from the text that takes its place. It is the short way of sorted-file.ts; what is odd is
 * left to the long one, which tells what is wrong.
 */

import { copyOctets } from '../kernel/copy.js';
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

/** The owners that have signatures, without NS records at cuts. */
export interface SignedOwners {
  /** Those with plain records only; undefined: there are none. */
  readonly run: Run | undefined;
  /** Whole lines of owners that hold other records, in the order of the file. */
  readonly rest: Uint8Array;
}

/** The units in which two texts differ, whole, in order. */
export interface ChangedLines {
  readonly older: Uint8Array;
  readonly newer: Uint8Array;
  /** Delegations among the units that are the same. */
  readonly sameDelegations: number;
}

/** Holds one range after the other: what it gives is good until the next one is read. */
class KernelRange {
  private readonly kernel = new Kernel();
  /** A name or key on its way to the kernel. */
  private readonly apex = this.kernel.take(MAX_WIRE);
  private readonly key = this.kernel.take(MAX_KEY);
  private readonly toKey = this.kernel.take(MAX_KEY);
  /** The range's text, the room for it, and for its entries. */
  private text = 0;
  private length = 0;
  private room = 0;
  private out = 0;
  /** Room for the text that it is compared with. */
  private now = 0;
  private nowRoom = 0;
  private rest = new Uint8Array(1 << 12);

  /**
   * Reads a range of whole lines.
   *
   * @param apex the zone's wire name.
   * @param read reads the range's octets, `length` of them; false: it can't.
   * @returns undefined when it is anything but owners in order and in `[from, to)`, as far as signed
   *   ones are looked at, and plain lines.
   */
  signedOwners(
    apex: Uint8Array,
    length: number,
    read: (into: Uint8Array) => boolean,
    from: Uint8Array | undefined,
    to: Uint8Array | undefined,
  ): SignedOwners | undefined {
    const { kernel } = this;
    if (length > this.room) this.makeRoom(length + (length >> 2));
    this.length = length;
    const { text, out } = this;
    const { bytes, functions } = kernel;
    const { openOwners, enterSigned, scanSigned, signedLines, signedLinesEnd } = functions;
    if (!read(bytes.subarray(text, text + length)) || bytes[text + length - 1] !== LF) {
      return undefined;
    }
    const first = from ?? NO_KEY;
    bytes.set(apex, this.apex);
    bytes.set(first, this.key);
    openOwners(this.apex, apex.length, countLabels(apex));
    enterSigned(text, text + length, out, this.key, first.length);
    let restLength = 0;
    let answer = scanSigned();
    for (; answer === OTHER; answer = scanSigned()) {
      restLength = this.keep(signedLines() >>> 0, signedLinesEnd() >>> 0, restLength);
    }
    if (answer !== DONE || !this.endsBelow(to)) return undefined;
    const rest = this.rest.subarray(0, restLength);
    return { run: this.run(functions.signedEnd() >>> 0), rest };
  }

  /**
   * Compares the range that was read last, which {@link signedOwners} has found plain, with the text
   * of the same names that was written since. It is used up by that.
   *
   * @param apexText octets of the zone's name as text.
   * @returns undefined when there is anything odd about an owner that is looked at.
   */
  changedLines(
    now: Uint8Array,
    apexText: number,
    from: Uint8Array | undefined,
    to: Uint8Array | undefined,
  ): ChangedLines | undefined {
    const { kernel, text, length } = this;
    if (now.length > this.nowRoom) {
      this.nowRoom = now.length + (now.length >> 2);
      this.now = kernel.take(this.nowRoom);
    }
    const { bytes, functions } = kernel;
    copyOctets(now, 0, now.length, bytes, this.now);
    bytes.set(from ?? NO_KEY, this.key);
    bytes.set(to ?? NO_KEY, this.toKey);
    functions.openChanges(text, text + length, this.now, this.now + now.length, apexText);
    const bounds = [this.key, from?.length ?? 0, this.toKey, to?.length ?? 0] as const;
    if (functions.scanChanges(...bounds) !== DONE) return undefined;
    return {
      older: bytes.subarray(text, functions.changedEnd() >>> 0),
      newer: bytes.subarray(this.now, functions.newEnd() >>> 0),
      sameDelegations: functions.sameDelegations() >>> 0,
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
    copyOctets(this.kernel.bytes, begin, end, this.rest, at);
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
    // The shortest line, `x.⇥0⇥in⇥aaaa⇥::`, has 16 octets, and 30 as a fact: none more than doubles.
    this.out = this.kernel.take(2 * length + 4096);
  }
}

let ofThread: KernelRange | undefined;

/** This thread's. */
export function kernelRange(): KernelRange {
  ofThread ??= new KernelRange();
  return ofThread;
}
