/**
 * Reads a part of a zone file in our layout, owner by owner. Most lines of a large zone are NS
 * records of plain names; those are read here, all others by the one parser of zone files
 * (read/master-parser.ts), which gives the same facts for these lines, more slowly.
 */

import { MAX_KEY, nameToText } from '../names/name.js';
import { MasterParser, type MasterState, UNKNOWN } from '../read/master-parser.js';
import { OwnerFeed, PLAIN, type TakeOwner } from './owner-feed.js';

const LF = 0x0a;
const TAB = 0x09;
const DOT = 0x2e;
/** Longest text of a plain name: its wire form is one octet longer. */
const MAX_TEXT = 254;
const NO_KEY = new Uint8Array(0);

/** What came of a part. */
export interface PartText {
  readonly lines: number;
  readonly records: number;
  /** Keys of the first and the last owner. */
  readonly first: Uint8Array | undefined;
  readonly last: Uint8Array | undefined;
  /**
   * Why the part can't be read by itself, or must not: the order is broken, a line leans on an
   * earlier part or changes how later ones are read, a record can't be used. The rest is void
   * then.
   */
  readonly deviation: string | undefined;
}

export class PartReader {
  private readonly feed: OwnerFeed;
  private readonly parser: MasterParser;
  private readonly state: MasterState;
  /** The zone's name as it ends the text of names; empty for the root. */
  private readonly suffix: Uint8Array;
  private readonly key = new Uint8Array(MAX_KEY);
  private rejected = '';

  // The NS line that `scan` has found, as offsets in the text.
  private ownerStart = 0;
  private ownerEnd = 0;
  private sameOwner = false;
  private ttl = 0;
  private keyLength = 0;
  /** Owner of the plain line just before; nothing when both are equal. */
  private lastStart = 0;
  private lastEnd = 0;

  constructor(apex: Uint8Array, take: TakeOwner) {
    this.feed = new OwnerFeed(take);
    this.parser = new MasterParser(
      { apex, dropDnssec: false },
      {
        writer: this.feed,
        reject: ({ reason }) => {
          this.rejected = reason;
        },
      },
    );
    this.state = { origin: apex, ttl: -1, lastTtl: UNKNOWN, owner: null };
    this.suffix = apexSuffix(apex);
  }

  /**
   * Reads a part.
   *
   * @param text whole lines.
   * @param chunk number of the part, for the places of the facts.
   * @param final is it the last part, whose last line may lack its line feed?
   */
  read(text: Uint8Array, chunk: number, final: boolean): PartText {
    const { feed, parser } = this;
    const end = text.length;
    let deviation: string | undefined;
    let records = 0;
    let lines = 0;
    let p = 0;
    const before = parser.records;
    feed.begin();
    this.lastStart = this.lastEnd = 0;
    while (p < end) {
      let next = this.scan(text, p, end);
      if (next < 0) {
        const from = p;
        feed.lineBase = lines;
        do {
          const lf = text.indexOf(LF, p);
          p = lf < 0 ? end : lf + 1;
          lines++;
          if (p >= end) break;
          this.lastEnd = this.lastStart;
          next = this.scan(text, p, end);
        } while (next < 0);
        deviation = this.parse(text.subarray(from, p), chunk, final && p === end);
        if (deviation !== undefined || p >= end) break;
        // Once more: the parser has written where the target was read to.
        next = this.scan(text, p, end);
      }
      lines++;
      records++;
      if (!this.sameOwner) {
        feed.turn(this.key, 0, this.keyLength);
        this.lastStart = this.ownerStart;
        this.lastEnd = this.ownerEnd;
      }
      feed.appendNs(this.ttl, chunk, lines);
      if (feed.disorder) break;
      p = next;
    }
    const last = feed.finish();
    if (feed.disorder) deviation = 'an owner is out of order';
    return {
      lines,
      records: records + parser.records - before,
      first: feed.first,
      last,
      deviation,
    };
  }

  /** Has the parser read some lines. @returns why the part can't be read by itself. */
  private parse(text: Uint8Array, chunk: number, final: boolean): string | undefined {
    const { state } = this;
    this.rejected = '';
    const outcome = this.parser.parse(text, chunk, state, final);
    if (outcome.needsState) return 'a line leans on what stands before';
    if (outcome.include !== undefined) return '$INCLUDE';
    if (this.rejected !== '') return this.rejected;
    if (outcome.consumed !== text.length) return 'a record goes over several lines';
    if (outcome.state.ttl !== state.ttl) return '$TTL';
    if (outcome.state.origin !== state.origin) return '$ORIGIN';
    return this.feed.disorder ? 'an owner is out of order' : undefined;
  }

  /**
   * Is the line at `p` an NS record of plain names in the zone? Notes what it says; the feed has
   * read its target then.
   *
   * @returns the offset behind the line, or -1.
   */
  private scan(text: Uint8Array, p: number, end: number): number {
    const { lastStart } = this;
    const length = this.lastEnd - lastStart;
    let i = p;
    let same = false;
    if (length > 0) {
      let k = 0;
      while (k < length && text[lastStart + k] === text[p + k]) k++;
      same = k === length && text[p + k] === TAB;
    }
    if (same) {
      i = p + length;
    } else {
      i = this.readOwner(text, p);
      if (i < 0) return -1;
    }
    const ownerEnd = i++;
    let ttl = 0;
    const ttlStart = i;
    for (;;) {
      const d = text[i] - 0x30;
      if (!(d >= 0 && d <= 9)) break;
      ttl = ttl * 10 + d;
      i++;
    }
    if (i === ttlStart || i - ttlStart > 9) return -1;
    if (
      text[i] !== TAB ||
      text[i + 1] !== 0x69 ||
      text[i + 2] !== 0x6e ||
      text[i + 3] !== TAB ||
      text[i + 4] !== 0x6e ||
      text[i + 5] !== 0x73 ||
      text[i + 6] !== TAB
    ) {
      return -1;
    }
    i = this.feed.readTarget(text, i + 7);
    if (i < 0 || i >= end || text[i] !== LF) return -1;
    this.ownerStart = p;
    this.ownerEnd = ownerEnd;
    this.sameOwner = same;
    this.ttl = ttl;
    return i + 1;
  }

  /**
   * Reads an owner of plain octets in the zone; `key[0, keyLength)` is its sort key.
   *
   * @returns the offset of the tab behind it, or -1.
   */
  private readOwner(text: Uint8Array, start: number): number {
    const { key, suffix } = this;
    // One label below the zone's name, as most are.
    let i = start;
    let c = text[i];
    let o = 0;
    while (PLAIN[c] === 1) {
      key[o++] = c;
      c = text[++i];
      if (o > 63) return -1;
    }
    if (c === DOT && o > 0) {
      let k = 0;
      while (k < suffix.length && text[i + 1 + k] === suffix[k]) k++;
      const nameEnd = i + 1 + k;
      if (k === suffix.length && text[nameEnd] === TAB && nameEnd - start <= MAX_TEXT) {
        key[o++] = 0;
        this.keyLength = o;
        return nameEnd;
      }
    }
    i = plainName(text, start);
    if (i < 0 || text[i] !== TAB || !endsWith(text, start, i, suffix)) return -1;
    this.keyLength = this.ownerKey(text, start, i);
    return i;
  }

  /** Writes the sort key of the owner `text[start, nameEnd)`; returns its length. */
  private ownerKey(text: Uint8Array, start: number, nameEnd: number): number {
    const { key } = this;
    // Labels of the name relative to the zone, each with its dot behind it, from the last.
    let end = nameEnd - this.suffix.length - 1;
    let o = 0;
    while (end > start) {
      let from = end;
      while (from > start && text[from - 1] !== DOT) from--;
      for (let p = from; p < end; p++) key[o++] = text[p];
      key[o++] = 0;
      end = from - 1;
    }
    return o;
  }
}

/** The text that the names of a zone end in, behind a dot: `com.`, or nothing for the root. */
export function apexSuffix(apex: Uint8Array): Uint8Array {
  return apex.length === 1 ? NO_KEY : new TextEncoder().encode(nameToText(apex));
}

/** The end of the absolute name of plain octets at `text[start]`, or -1. */
function plainName(text: Uint8Array, start: number): number {
  let label = start;
  let i = start;
  for (;;) {
    const c = text[i];
    if (PLAIN[c] === 1) {
      i++;
    } else if (c === DOT) {
      if (i === label || i - label > 63) return -1;
      label = ++i;
    } else {
      break;
    }
  }
  return i === label && i > start && i - start <= MAX_TEXT ? i : -1;
}

/** Is the absolute name `text[start, end)` the zone's or below it? */
function endsWith(text: Uint8Array, start: number, end: number, suffix: Uint8Array): boolean {
  const from = end - suffix.length;
  if (from < start || (from > start && text[from - 1] !== DOT)) return false;
  for (let i = 0; i < suffix.length; i++) if (text[from + i] !== suffix[i]) return false;
  return true;
}
