/**
 * Reads ranges of names straight from a signed zone file in zonewright's own layout: one record a
 * line, absolute owners, canonical order. A range is found by bisection and parsed when it is
 * wanted, so that the file of the day before takes no room, no sorting and no pass of its own.
 *
 * Nothing is taken on trust: whatever shows that the file is not what it seemed to be (order, a
 * line that can't be parsed, a file that was exchanged) is a {@link PreviousFault}.
 *
 * Limitations: when signed records only are asked for, the order of the others is not looked at,
 * and of the lines of others only those that have changed.
 */

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import {
  compareBytes,
  countLabels,
  isAtOrBelow,
  MAX_KEY,
  MAX_WIRE,
  nameToText,
  textToWire,
  wireToKey,
} from '../names/name.js';
import type { Run } from '../sort/run.js';
import { PreviousFault } from './fault.js';
import { kernelRange } from './kernel-range.js';
import { LineFault, type OrderedLines, orderedLines } from './ordered-lines.js';

const LF = 0x0a;
const TAB = 0x09;
const DOT = 0x2e;
/** Octets that are read at a time while a name is looked for. */
const WINDOW = 1 << 13;
/** The longest line that is looked at; longer ones are another reader's business. */
const MAX_LINE = 1 << 18;
/** Octets of a range. Only a zone that has lost most of its names has ranges as large. */
const MAX_RANGE = 1 << 25;
const RRSIG_LINE = Buffer.from('\tin\trrsig\t');
const BACKSLASH = 0x5c;

/** Which file it is, so that every thread reads the same one. Plain data. */
export interface FileIdentity {
  readonly path: string;
  readonly size: number;
  readonly inode: number;
  readonly modified: number;
}

/** What differs between a range of the file and its successor. */
export interface ChangedUnits {
  readonly older: readonly Run[];
  readonly newer: readonly Run[];
  /** Delegations that both have, all the same, and that are in neither of these. */
  readonly sameDelegations: number;
}

interface LastRange {
  readonly begin: number;
  readonly length: number;
  readonly from: Uint8Array | undefined;
  readonly to: Uint8Array | undefined;
  short: boolean;
}

/** An open file. */
export class SortedZoneFile {
  private readonly fd: number;
  private readonly size: number;
  private readonly apexLabels: number;
  /** Octets of the apex as text, with the tab behind it. */
  private readonly apexText: number;
  private readonly lines: OrderedLines;
  /** The range that was read last; `short`: the kernel holds it. */
  private last: LastRange = { begin: 0, length: 0, from: undefined, to: undefined, short: false };
  /** What is read to find a name: the octets from `windowAt` on. */
  private window = Buffer.allocUnsafeSlow(WINDOW);
  private windowAt = 0;
  private windowLength = 0;
  private text = Buffer.alloc(0);
  private selected = Buffer.alloc(0);
  private readonly wire = new Uint8Array(MAX_WIRE + 1);
  private readonly key = new Uint8Array(MAX_KEY);

  /**
   * @param apex the zone's wire name.
   * @param isShort false: the parser reads all, also what the kernel could.
   * @throws PreviousFault when it is not the file that was meant.
   */
  constructor(
    private readonly identity: FileIdentity,
    private readonly apex: Uint8Array,
    private readonly isShort = true,
  ) {
    this.apexLabels = countLabels(apex);
    this.apexText = nameToText(apex).length + 1;
    this.size = identity.size;
    this.lines = orderedLines(apex);
    this.fd = inFile(identity, () => openSync(identity.path, 'r'));
    try {
      const { size, ino, mtimeMs } = inFile(identity, () => fstatSync(this.fd));
      if (size !== identity.size || ino !== identity.inode || mtimeMs !== identity.modified) {
        throw this.damaged('was exchanged while it was read');
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    closeSync(this.fd);
  }

  /**
   * The records whose owners are in `[from, to)`, as runs, which are good until this thread reads
   * the next range.
   *
   * @param signedOnly only owners that have signatures, without NS records at cuts.
   * @throws PreviousFault
   */
  range(
    from: Uint8Array | undefined,
    to: Uint8Array | undefined,
    signedOnly: boolean,
  ): readonly Run[] {
    const begin = from === undefined ? 0 : this.find(from);
    const end = to === undefined ? this.size : this.find(to);
    const length = end - begin;
    this.last = { begin, length, from, to, short: false };
    if (length === 0) return [];
    if (length < 0) throw this.damaged('is not in canonical order');
    if (length > MAX_RANGE) throw this.damaged('has far more names than the zone has now');
    const short = signedOnly && this.isShort ? this.shortWay(begin, length, from, to) : undefined;
    this.last.short = short !== undefined;
    return short ?? this.longWay(begin, length, from, to, signedOnly);
  }

  /**
   * The units in which the range that was read last, with `signedOnly`, differs from the text of the
   * same names that takes its place. To be asked once.
   *
   * @param text as zonewright writes it.
   * @throws PreviousFault
   */
  changes(text: Uint8Array): ChangedUnits {
    const { begin, length, from, to, short } = this.last;
    const found = short ? kernelRange().changedLines(text, this.apexText - 1, from, to) : undefined;
    if (found !== undefined) {
      const { older, newer, sameDelegations } = found;
      const runs = this.parseAll(older, from, to);
      if (runs !== undefined) {
        return { older: runs, newer: this.lines.parse(newer, from, to), sameDelegations };
      }
    }
    return {
      older: length === 0 ? [] : this.longWay(begin, length, from, to, false),
      newer: this.lines.parse(text, from, to),
      sameDelegations: 0,
    };
  }

  /** The signed owners of a range as the kernel finds them; undefined when it is not so simple. */
  private shortWay(
    begin: number,
    length: number,
    from: Uint8Array | undefined,
    to: Uint8Array | undefined,
  ): readonly Run[] | undefined {
    const read = (into: Uint8Array): boolean => this.read(into, length, begin) === length;
    const found = kernelRange().signedOwners(this.apex, length, read, from, to);
    if (found === undefined) return undefined;
    const others = this.parseAll(found.rest, from, to);
    if (found.run === undefined || others === undefined) return others;
    return [found.run, ...others];
  }

  /** The records of a range, read line by line. */
  private longWay(
    begin: number,
    length: number,
    from: Uint8Array | undefined,
    to: Uint8Array | undefined,
    signedOnly: boolean,
  ): readonly Run[] {
    if (length > this.text.length) this.text = Buffer.allocUnsafeSlow(length + (length >> 2));
    if (this.read(this.text, length, begin) < length) throw this.damaged('was cut off');
    const whole = this.text.subarray(0, length);
    return this.parse(signedOnly ? this.selectSigned(whole) : whole, from, to);
  }

  /** Parses lines of which some were left out; undefined when they are not a record each: they may
   * have taken in what would not have stood behind them. */
  private parseAll(
    lines: Uint8Array,
    from: Uint8Array | undefined,
    to: Uint8Array | undefined,
  ): readonly Run[] | undefined {
    const { records } = this.lines;
    const runs = this.parse(lines, from, to);
    let count = 0;
    for (let p = lines.indexOf(LF); p >= 0; p = lines.indexOf(LF, p + 1)) count++;
    return this.lines.records - records === count ? runs : undefined;
  }

  /** @throws PreviousFault */
  private parse(
    lines: Uint8Array,
    from: Uint8Array | undefined,
    to: Uint8Array | undefined,
  ): readonly Run[] {
    try {
      return this.lines.parse(lines, from, to);
    } catch (error) {
      throw error instanceof LineFault ? this.damaged(error.message) : error;
    }
  }

  /** The lines of all owners that have an RRSIG record, in a row, without NS at cuts. */
  private selectSigned(text: Buffer): Buffer {
    if (this.selected.length < text.length) this.selected = Buffer.allocUnsafeSlow(text.length);
    const { selected } = this;
    let o = 0;
    for (let p = 0; p < text.length; ) {
      const hit = text.indexOf(RRSIG_LINE, p);
      if (hit < 0) break;
      let begin = hit;
      while (begin > p && text[begin - 1] !== LF) begin--;
      let end = lineEnd(text, hit);
      let ownerEnd = begin;
      while (text[ownerEnd] !== TAB) ownerEnd++;
      // Relative owners would need the directives before them.
      if (text[ownerEnd - 1] !== DOT) throw this.damaged('has relative names');
      const ownerLength = ownerEnd + 1 - begin;
      while (begin > p) {
        let before = begin - 1;
        while (before > p && text[before - 1] !== LF) before--;
        if (!isSame(text, before, begin, ownerLength)) break;
        // NS is signed at the apex only, and glue before it nowhere.
        if (ownerLength !== this.apexText && isNs(text, before + ownerLength)) break;
        begin = before;
      }
      while (end < text.length && isSame(text, end, begin, ownerLength)) end = lineEnd(text, end);
      this.expectWhole(text, p, begin, end, ownerLength);
      text.copy(selected, o, begin, end);
      o += end - begin;
      p = end;
    }
    return selected.subarray(0, o);
  }

  /**
   * Makes sure that nothing is left out of the signed RRsets of the owner in `text[begin, end)`: a
   * part of an RRset could be the whole one of the new zone, and its signature would be kept.
   *
   * @param from where the search for its first line ended.
   */
  private expectWhole(
    text: Buffer,
    from: number,
    begin: number,
    end: number,
    ownerLength: number,
  ): void {
    let first = begin;
    while (first > from) {
      const before = text.lastIndexOf(LF, first - 2) + 1;
      if (!isSame(text, before, begin, ownerLength)) {
        this.expectOther(text, before, begin);
        break;
      }
      // What stands before NS at a cut is glue.
      if (isDs(text, before + ownerLength)) throw this.damaged('is not in canonical order');
      first = before;
    }
    if (end < text.length) this.expectOther(text, end, begin);
  }

  /** Do lines whose owners are other octets have other owners? Letters may be in upper case, and
   * octets escaped. */
  private expectOther(text: Buffer, line: number, other: number): void {
    if (isPlainOwner(text, line) && isPlainOwner(text, other)) return;
    const one = this.ownerKey(text, line);
    const two = this.ownerKey(text, other);
    if (one !== undefined && two !== undefined && Buffer.compare(one, two) !== 0) return;
    throw this.damaged('spells a name in two ways');
  }

  private ownerKey(text: Buffer, line: number): Uint8Array | undefined {
    let end = line;
    while (end < text.length && text[end] > 0x20) end++;
    const wire = new Uint8Array(MAX_WIRE + 1);
    if (textToWire(text, line, end, undefined, wire, 0) < 0) return undefined;
    const key = new Uint8Array(MAX_KEY);
    return key.subarray(0, wireToKey(wire, 0, this.apexLabels, key, 0));
  }

  /** Where the first line begins whose owner is not below `key`; the file's end: none. */
  private find(key: Uint8Array): number {
    // A line at `low` is below the key, or it is the first; none that begins in [high, …) is the
    // first that is not below.
    let low = 0;
    let high = this.size;
    while (high - low > WINDOW / 2) {
      const middle = low + Math.floor((high - low) / 2);
      const line = this.lineFrom(middle);
      if (line >= high) high = middle;
      else if (this.compareOwner(line, key) < 0) low = line;
      else high = line;
    }
    let line = low;
    while (line < this.size && this.compareOwner(line, key) < 0) line = this.lineFrom(line + 1);
    return line;
  }

  /** Where the first line begins that does so at `at` or behind. */
  private lineFrom(at: number): number {
    for (let room = WINDOW / 4; room <= MAX_LINE; room *= 4) {
      const start = this.load(at - 1, room);
      const end = Math.min(this.windowLength, start + room);
      const lf = this.window.subarray(start, end).indexOf(LF);
      if (lf >= 0) return at + lf;
      if (at - 1 + room >= this.size) return this.size;
    }
    throw this.damaged('has a line without an end');
  }

  private compareOwner(line: number, key: Uint8Array): number {
    // 255 octets, each at most \DDD.
    const start = this.load(line, 4 * MAX_WIRE + 1);
    const { window, wire, apex } = this;
    let end = start;
    while (end < this.windowLength && window[end] > 0x20) end++;
    const length = textToWire(window, start, end, undefined, wire, 0);
    const hasTab = end < this.windowLength && window[end] === TAB;
    if (length < 0 || !hasTab || !isAtOrBelow(wire, 0, apex)) {
      throw this.damaged('has a line that does not begin with a name of the zone');
    }
    const keyLength = wireToKey(wire, 0, this.apexLabels, this.key, 0);
    return compareBytes(this.key, 0, keyLength, key, 0, key.length);
  }

  /** Makes the window hold `room` octets of the file from `at` on; returns where in it. */
  private load(at: number, room: number): number {
    const end = Math.min(at + room, this.size);
    if (at < this.windowAt || end > this.windowAt + this.windowLength) {
      if (room > this.window.length) this.window = Buffer.allocUnsafeSlow(room);
      const length = Math.min(this.window.length, this.size - at);
      this.windowAt = at;
      this.windowLength = this.read(this.window, length, at);
      if (at + this.windowLength < end) throw this.damaged('was cut off');
    }
    return at - this.windowAt;
  }

  private read(into: Uint8Array, length: number, from: number): number {
    let at = 0;
    while (at < length) {
      const n = inFile(this.identity, () => readSync(this.fd, into, at, length - at, from + at));
      if (n === 0) break;
      at += n;
    }
    return at;
  }

  private damaged(what: string): PreviousFault {
    return new PreviousFault(`${this.identity.path} ${what}`);
  }
}

/** Where the line ends in which `at` lies. */
function lineEnd(text: Buffer, at: number): number {
  const lf = text.indexOf(LF, at);
  return lf < 0 ? text.length : lf + 1;
}

/** Does a line go on, behind its owner, with a TTL and the type NS? */
function isNs(text: Buffer, at: number): boolean {
  let p = at;
  while (text[p] >= 0x30 && text[p] <= 0x39) p++;
  return text[p + 4] === 0x6e && text[p + 5] === 0x73 && text[p + 6] === TAB;
}

/** The same for DS. */
function isDs(text: Buffer, at: number): boolean {
  let p = at;
  while (text[p] >= 0x30 && text[p] <= 0x39) p++;
  return text[p + 4] === 0x64 && text[p + 5] === 0x73 && text[p + 6] === TAB;
}

/** Is the owner of a line without letters in upper case and without escapes? */
function isPlainOwner(text: Buffer, line: number): boolean {
  let p = line;
  let c = text[p];
  while (c > 0x20) {
    if (c === BACKSLASH || (c >= 0x41 && c <= 0x5a)) return false;
    c = text[++p];
  }
  return true;
}

/** Are `length` octets the same here and there? */
function isSame(text: Buffer, a: number, b: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (text[a + i] !== text[b + i]) return false;
  return true;
}

/** Makes an error of the file system one of the previous zone. */
function inFile<T>({ path }: FileIdentity, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new PreviousFault(`${path} can't be read (${code})`);
  }
}
