/**
 * The one zone-file parser (RFC 1035 §5, RFC 2308 §4, RFC 3597 §5): turns a chunk of text
 * into facts under sort keys. It does no I/O and keeps no text; files, chunks and threads are
 * the business of read/master.ts.
 *
 * A chunk is whole lines. What one chunk hands to the next is a {@link MasterState}. A chunk
 * can be parsed before its forerunner when nothing in the forerunner could change origin and
 * default TTL; should its first record lean on the forerunner's last owner or TTL, the
 * parser says so (`needsState`) before it has passed on anything.
 */

import { toAscii } from '../names/idna.js';
import {
  countLabels,
  isAtOrBelow,
  MAX_KEY,
  MAX_WIRE,
  NameFault,
  nameFaultText,
  textToWire,
  wireToKey,
} from '../names/name.js';
import { type EntryWriter, Kind } from '../records/entry.js';
import { u32 } from '../records/numbers.js';
import { parseRdata, rdataFault, type Tokens } from '../records/rdata.js';
import { isMadeBySigner, isMetaType, TYPE, typeFromText } from '../records/types.js';
import { EntryTokens } from './entry-tokens.js';
import { PlainLines } from './plain-lines.js';
import { ttlFromText } from './ttl.js';

/** What a line may take over from the lines before it. */
export interface MasterState {
  /** Wire name that completes relative names. */
  readonly origin: Uint8Array;
  /** Value of $TTL in seconds, -1 before the first. */
  readonly ttl: number;
  /** TTL of the last record, -1: none yet, {@link UNKNOWN}: not known here. */
  readonly lastTtl: number;
  /** Wire name of the last owner; `undefined` before the first; `null`: not known here. */
  readonly owner: Uint8Array | undefined | null;
}

/** `lastTtl` of a chunk that is parsed before its forerunner. */
export const UNKNOWN = -2;

/** A line that can't be used. `line` counts from 1 in the chunk. */
export interface LineReject {
  readonly line: number;
  readonly field: string;
  readonly reason: string;
  readonly text: string;
}

export interface MasterSink {
  /** If its entries lie in a kernel's memory, plain lines are read there (plain-lines.ts). */
  readonly writer: EntryWriter;
  reject(reject: LineReject): void;
}

export interface MasterOptions {
  readonly apex: Uint8Array;
  /** Drop and count what a signer makes: RRSIG, NSEC, NSEC3, and the apex's NSEC3PARAM,
   * ZONEMD, DNSKEY, CDS and CDNSKEY. */
  readonly dropDnssec: boolean;
}

/** What came of a chunk. */
export interface ChunkOutcome {
  /** Octets used up; what follows belongs to the next chunk (a record that is not complete). */
  readonly consumed: number;
  /** Line feeds in what was consumed. */
  readonly lines: number;
  readonly state: MasterState;
  /** The first record leans on a state that is not known here; nothing was passed on. */
  readonly needsState: boolean;
  /** A record took over the owner of the one before. */
  readonly leans: boolean;
  /** A $INCLUDE stopped the chunk after `consumed` octets. */
  readonly include: { readonly file: string; readonly origin: Uint8Array } | undefined;
}

const SPACE = 0x20;
const DOLLAR = 0x24;

// What is known of the owner that a line without one takes over.
/** It stands in an earlier chunk. */
const ELSEWHERE = UNKNOWN;
/** There is none, or it was wrong. */
const NO_OWNER = -1;
const OUT_OF_ZONE = 0;
const IN_ZONE = 1;

const latin1 = new TextDecoder('latin1');
const utf8 = new TextDecoder('utf-8', { fatal: true });
const encoder = new TextEncoder();
const TEXT_LIMIT = 200;

/** Parses the chunks of one zone's master files into a sink. */
export class MasterParser {
  /** Records passed on. */
  records = 0;
  /** Records that a signer makes and that were left out, by type. */
  readonly dropped = new Map<number, number>();

  private readonly apex: Uint8Array;
  private readonly apexLabels: number;
  private readonly dropDnssec: boolean;
  private readonly sink: MasterSink;
  private readonly plain: PlainLines | undefined;

  private readonly entry = new EntryTokens();
  private readonly tokens: Tokens = this.entry.tokens;
  private readonly rdata = new Uint8Array(66_000);
  private chunk = 0;

  // What lines take over from those before.
  private origin: Uint8Array;
  private defaultTtl = -1;
  private lastTtl = -1;
  private ownerState: number = NO_OWNER;
  private readonly owner: Uint8Array;
  private ownerLength = 0;
  /** Where its text stands, as offsets in the chunk; both the same: nowhere. */
  private ownerTextStart = 0;
  private ownerTextEnd = 0;
  /** The owner's sort key, if it is in the zone. */
  private readonly key: Uint8Array;
  private keyLength = 0;
  private leans = false;

  // The entry that is being read: its text, and the number of its first line.
  private from = 0;
  private to = 0;
  private line = 1;
  // What stands before its RDATA; a TTL of -1 was not given.
  private ttl = -1;
  private type = 0;

  constructor(options: MasterOptions, sink: MasterSink) {
    this.apex = options.apex;
    this.origin = options.apex;
    this.apexLabels = countLabels(options.apex);
    this.dropDnssec = options.dropDnssec;
    this.sink = sink;
    const { kernel } = sink.writer;
    this.plain =
      kernel && new PlainLines(kernel, sink.writer, this.apex, this.apexLabels, this.dropDnssec);
    this.owner = this.plain?.owner ?? new Uint8Array(MAX_WIRE + 1);
    this.key = this.plain?.key ?? new Uint8Array(MAX_KEY);
  }

  /**
   * Parses whole lines.
   *
   * @param chunk number of the chunk, for the place of the facts.
   * @param final no text follows: the last line may lack its line feed, and an open
   *   parenthesis is a fault.
   */
  parse(text: Uint8Array, chunk: number, state: MasterState, final: boolean): ChunkOutcome {
    const { plain, entry } = this;
    const end = text.length;
    this.chunk = chunk;
    this.takeOver(state);
    entry.begin(text);
    plain?.begin(text, chunk);
    let line = 1;
    let consumed = 0;
    let consumedLines = 0;
    let include: ChunkOutcome['include'];
    let needsState = false;
    for (let p = 0; p < end; ) {
      if (plain !== undefined && text[p] > SPACE) {
        const behind = this.readPlain(plain, p, line);
        if (behind > p) {
          p = consumed = behind;
          line = plain.line;
          consumedLines = line - 1;
          if (p >= end) break;
        }
      }
      this.from = p;
      this.line = line;
      p = this.to = entry.read(p, line, final);
      line = entry.line;
      if (!entry.complete && !final) break;
      consumed = p;
      consumedLines = line - 1;
      if (entry.fault !== '') {
        this.reject('line', entry.fault);
      } else if (this.tokens.count === 0) {
        // An empty line.
      } else if (text[this.from] === DOLLAR) {
        include = this.directive();
        if (include !== undefined) break;
      } else if (!this.record()) {
        needsState = true;
        consumed = 0;
        break;
      }
    }
    if (plain !== undefined) {
      this.records += plain.records;
      this.drop(TYPE.RRSIG, plain.droppedRrsig);
      this.drop(TYPE.NSEC3, plain.droppedNsec3);
    }
    const { leans } = this;
    return { consumed, lines: consumedLines, state: this.handOver(), needsState, leans, include };
  }

  // ---- what chunks hand on -----------------------------------------------------------------

  private takeOver({ origin, ttl, lastTtl, owner }: MasterState): void {
    this.origin = origin;
    this.defaultTtl = ttl;
    this.lastTtl = lastTtl;
    this.leans = false;
    this.ownerTextStart = this.ownerTextEnd = 0;
    this.ownerLength = 0;
    this.ownerState = owner === null ? ELSEWHERE : NO_OWNER;
    if (owner === null || owner === undefined) return;
    this.owner.set(owner);
    this.ownerLength = owner.length;
    this.enter();
  }

  private handOver(): MasterState {
    const { origin, defaultTtl: ttl, lastTtl, ownerState } = this;
    if (ownerState === ELSEWHERE) return { origin, ttl, lastTtl, owner: null };
    const owner = ownerState === NO_OWNER ? undefined : this.owner.slice(0, this.ownerLength);
    return { origin, ttl, lastTtl, owner };
  }

  // ---- plain lines -------------------------------------------------------------------------

  /** Reads plain lines from `p` on. @returns the offset behind them. */
  private readPlain(plain: PlainLines, p: number, line: number): number {
    plain.line = line;
    plain.inZone = this.ownerState === IN_ZONE;
    plain.ownerTextStart = this.ownerTextStart;
    plain.ownerTextEnd = this.ownerTextEnd;
    plain.ownerLength = this.ownerLength;
    plain.keyLength = this.keyLength;
    const behind = plain.read(p);
    if (behind > p) {
      this.ownerState = IN_ZONE;
      this.ownerTextStart = plain.ownerTextStart;
      this.ownerTextEnd = plain.ownerTextEnd;
      this.ownerLength = plain.ownerLength;
      this.keyLength = plain.keyLength;
      this.lastTtl = plain.lastTtl;
    }
    return behind;
  }

  // ---- directives --------------------------------------------------------------------------

  /** $ORIGIN and $TTL; what $INCLUDE asks for. */
  private directive(): ChunkOutcome['include'] {
    const { text, start, end, count } = this.tokens;
    const name = this.token(0).toUpperCase();
    if (name === '$ORIGIN') {
      const next = count === 2 ? this.name(1) : undefined;
      if (next === undefined) return this.reject('$ORIGIN', 'wants one domain name');
      this.origin = next;
      this.ownerTextEnd = this.ownerTextStart;
      return undefined;
    }
    if (name === '$TTL') {
      const ttl = count === 2 ? ttlFromText(text, start[1], end[1]) : -1;
      if (ttl < 0) return this.reject('$TTL', 'wants a TTL such as 86400 or 1d');
      this.defaultTtl = ttl;
      return undefined;
    }
    if (name === '$INCLUDE') {
      const origin = count === 3 ? this.name(2) : this.origin;
      if (count >= 2 && count <= 3 && origin !== undefined) return { file: this.token(1), origin };
      return this.reject('$INCLUDE', 'wants a file name and perhaps an origin');
    }
    return this.reject(
      name,
      'is a directive that is not supported (known: $ORIGIN, $TTL, $INCLUDE)',
    );
  }

  // ---- records -----------------------------------------------------------------------------

  /** Passes a record on, or rejects it; false: it leans on a state that is not known here. */
  private record(): boolean {
    const { tokens, rdata } = this;
    const blank = EntryTokens.isBlank(tokens.text[this.from]);
    if (blank && this.ownerState === ELSEWHERE) return false;
    if (!(blank ? this.sameOwner() : this.newOwner())) return true;
    const first = this.readHead(blank ? 0 : 1);
    if (first < 0) return true;
    if (this.ttl < 0) {
      this.ttl = this.defaultTtl >= 0 ? this.defaultTtl : this.lastTtl;
      if (this.ttl === UNKNOWN) return false;
      if (this.ttl < 0 && this.type !== TYPE.SOA) {
        this.reject('ttl', 'is missing, and no $TTL or earlier record gives one');
        return true;
      }
    }
    if (this.ownerState === OUT_OF_ZONE) {
      this.reject('owner', 'is not in the zone');
      return true;
    }
    const length = parseRdata(this.type, tokens, first, this.origin, rdata, 0);
    if (length < 0) {
      this.reject('rdata', rdataFault.message);
      return true;
    }
    // An SOA without any TTL takes its own minimum, as RFC 1035 §3.3.13 had it.
    if (this.ttl < 0) this.ttl = u32(rdata, length - 4) & 0x7fffffff;
    this.lastTtl = this.ttl;
    this.pass(length);
    return true;
  }

  private pass(length: number): void {
    const { type, ttl, key, keyLength, chunk, line, rdata } = this;
    if (this.dropDnssec && isMadeBySigner(type, keyLength === 0)) {
      this.drop(type, 1);
      return;
    }
    const { writer } = this.sink;
    writer.append(key, 0, keyLength, Kind.record, type, ttl, chunk, line, rdata, 0, length);
    this.records++;
  }

  private drop(type: number, records: number): void {
    if (records > 0) this.dropped.set(type, (this.dropped.get(type) ?? 0) + records);
  }

  /** The owner is the one before; false: rejected, there is none. */
  private sameOwner(): boolean {
    this.leans = true;
    if (this.ownerState !== NO_OWNER) return true;
    this.reject('owner', 'is left out, and no good one stands before');
    return false;
  }

  /** The owner is the first token; false: rejected. */
  private newOwner(): boolean {
    const { text, start, end } = this.tokens;
    const s = start[0];
    const e = end[0];
    if (s !== e && sameBytes(text, s, e, this.ownerTextStart, this.ownerTextEnd)) return true;
    const length = this.ownerFromText(text, s, e);
    if (length < 0) {
      this.reject('owner', nameFaultText(length));
      // Lines without an owner that follow are this name's, not the one's before.
      this.ownerState = NO_OWNER;
      this.ownerTextEnd = this.ownerTextStart;
      return false;
    }
    this.ownerTextStart = s;
    this.ownerTextEnd = e;
    this.ownerLength = length;
    this.enter();
    return true;
  }

  /** Finds out whether the owner is in the zone, and its key. */
  private enter(): void {
    const inZone = isAtOrBelow(this.owner, 0, this.apex);
    this.ownerState = inZone ? IN_ZONE : OUT_OF_ZONE;
    if (inZone) this.keyLength = wireToKey(this.owner, 0, this.apexLabels, this.key, 0);
  }

  private ownerFromText(text: Uint8Array, start: number, end: number): number {
    for (let i = start; i < end; i++) {
      if (text[i] >= 0x80) {
        const ascii = asciiName(text, start, end);
        if (ascii === undefined) return NameFault.notIdna;
        return textToWire(ascii, 0, ascii.length, this.origin, this.owner, 0);
      }
    }
    return textToWire(text, start, end, this.origin, this.owner, 0);
  }

  /**
   * TTL and class in either order, then the type, from token `first` on.
   *
   * @returns the first token of the RDATA; -1: rejected.
   */
  private readHead(first: number): number {
    const { text, start, end, count } = this.tokens;
    this.ttl = -1;
    this.type = -1;
    let classSeen = false;
    let t = first;
    for (; t < count; t++) {
      const s = start[t];
      const e = end[t];
      if (this.ttl < 0 && text[s] >= 0x30 && text[s] <= 0x39) {
        this.ttl = ttlFromText(text, s, e);
        if (this.ttl >= 0) continue;
        this.reject('ttl', 'is not a number of seconds from 0 to 2147483647');
        return -1;
      }
      const isClass = classSeen ? NO_CLASS : classOf(text, s, e);
      if (isClass === NO_CLASS) {
        this.type = typeFromText(text, s, e);
        break;
      }
      if (isClass !== CLASS_IN) {
        this.reject('class', 'is not IN: only class IN is supported');
        return -1;
      }
      classSeen = true;
    }
    if (this.type >= 0 && !isMetaType(this.type)) return t + 1;
    const what = t < count ? this.token(t) : '';
    this.reject(
      'type',
      what === '' ? 'is missing' : `"${what.slice(0, 40)}" is not a type that a zone can hold`,
    );
    return -1;
  }

  // ---- tokens, and what is wrong -----------------------------------------------------------

  private token(i: number): string {
    const { text, start, end } = this.tokens;
    return latin1.decode(text.subarray(start[i], end[i]));
  }

  /** The wire name of token `i`, or undefined. */
  private name(i: number): Uint8Array | undefined {
    const out = new Uint8Array(MAX_WIRE + 1);
    const { text, start, end } = this.tokens;
    const length = textToWire(text, start[i], end[i], this.origin, out, 0);
    return length < 0 ? undefined : out.slice(0, length);
  }

  private reject(field: string, reason: string): undefined {
    const { line, from, to, tokens } = this;
    const shown = latin1.decode(tokens.text.subarray(from, Math.min(to, from + TEXT_LIMIT)));
    this.sink.reject({ line, field, reason, text: shown.trimEnd() });
  }
}

const NO_CLASS = 0;
const CLASS_IN = 1;
const OTHER_CLASS = 2;

/** Is a token a class: IN or CLASS1, or another (CH, CS, HS, CLASSn; RFC 3597 §5)? */
function classOf(text: Uint8Array, start: number, end: number): number {
  if (end - start === 2) {
    const c = text[start] | 0x20;
    const d = text[start + 1] | 0x20;
    if (c === 0x69 && d === 0x6e) return CLASS_IN;
    const other = (c === 0x63 && (d === 0x68 || d === 0x73)) || (c === 0x68 && d === 0x73);
    return other ? OTHER_CLASS : NO_CLASS;
  }
  if (end - start <= 5 || !isClassNumber(text, start, end)) return NO_CLASS;
  return end - start === 6 && text[start + 5] === 0x31 ? CLASS_IN : OTHER_CLASS;
}

/** `CLASS` and digits, in any case (RFC 3597 §5). */
function isClassNumber(text: Uint8Array, start: number, end: number): boolean {
  const word = 'class';
  for (let i = 0; i < 5; i++) if ((text[start + i] | 0x20) !== word.charCodeAt(i)) return false;
  for (let i = start + 5; i < end; i++) if (text[i] < 0x30 || text[i] > 0x39) return false;
  return true;
}

function sameBytes(text: Uint8Array, a: number, aEnd: number, b: number, bEnd: number): boolean {
  if (aEnd - a !== bEnd - b) return false;
  for (let i = a, j = b; i < aEnd; i++, j++) if (text[i] !== text[j]) return false;
  return true;
}

/** The A-label form of a name in UTF-8, or undefined when it is no IDNA 2008 name. */
function asciiName(text: Uint8Array, start: number, end: number): Uint8Array | undefined {
  try {
    return encoder.encode(toAscii(utf8.decode(text.subarray(start, end))));
  } catch {
    return undefined;
  }
}
