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
import { parseRdata, rdataFault, type Tokens } from '../records/rdata.js';
import { isMadeBySigner, isMetaType, TYPE, typeFromText } from '../records/types.js';
import { PlainLines } from './plain-lines.js';

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

const LF = 0x0a;
const CR = 0x0d;
const TAB = 0x09;
const SPACE = 0x20;

/** Octets that end a token outside quotes: blank, line end, `"`, `;`, `(`, `)`, and `\` apart. */
const STOP = new Uint8Array(256);
for (const c of [LF, CR, TAB, SPACE, 0x22, 0x3b, 0x28, 0x29, 0x5c]) STOP[c] = 1;

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

  private tokens: Tokens = {
    text: new Uint8Array(0),
    start: new Int32Array(1024),
    end: new Int32Array(1024),
    quoted: new Uint8Array(1024),
    count: 0,
  };
  private readonly owner: Uint8Array;
  private readonly key: Uint8Array;
  private readonly rdata = new Uint8Array(66_000);
  private keyLength = 0;
  private readonly plain: PlainLines | undefined;

  constructor(options: MasterOptions, sink: MasterSink) {
    this.apex = options.apex;
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
  parse(text: Uint8Array, chunk: number, entry: MasterState, final: boolean): ChunkOutcome {
    const { sink, tokens, owner, key, rdata, plain } = this;
    const writer = sink.writer;
    const end = text.length;
    tokens.text = text;
    let origin = entry.origin;
    let defaultTtl = entry.ttl;
    let lastTtl = entry.lastTtl;
    /** -1: none yet, -2: not known here, 0: out of the zone, 1: in the zone. */
    let ownerState = -1;
    let ownerTextStart = 0;
    let ownerTextEnd = 0;
    let ownerLength = 0;
    if (entry.owner === null) ownerState = UNKNOWN;
    else if (entry.owner !== undefined) {
      owner.set(entry.owner);
      ownerLength = entry.owner.length;
      ownerState = this.enter();
    }
    let line = 1;
    let p = 0;
    let consumed = 0;
    let consumedLines = 0;
    let include: ChunkOutcome['include'];
    let needsState = false;
    let leans = false;
    plain?.begin(text, chunk);

    while (p < end) {
      // ---- plain lines ---------------------------------------------------------------------
      if (plain !== undefined && text[p] > SPACE) {
        plain.line = line;
        plain.inZone = ownerState === 1;
        plain.ownerTextStart = ownerTextStart;
        plain.ownerTextEnd = ownerTextEnd;
        plain.ownerLength = ownerLength;
        plain.keyLength = this.keyLength;
        const behind = plain.read(p);
        if (behind > p) {
          p = consumed = behind;
          line = plain.line;
          consumedLines = line - 1;
          ownerState = 1;
          ownerTextStart = plain.ownerTextStart;
          ownerTextEnd = plain.ownerTextEnd;
          ownerLength = plain.ownerLength;
          this.keyLength = plain.keyLength;
          lastTtl = plain.lastTtl;
          if (p >= end) break;
        }
      }
      // ---- one record, directive or empty line -------------------------------------------
      const recordAt = p;
      const recordLine = line;
      const first = text[p];
      const blankOwner = first === SPACE || first === TAB;
      let count = 0;
      let depth = 0;
      let complete = false;
      let fault = '';
      while (p < end) {
        const c = text[p];
        if (c === SPACE || c === TAB || c === CR) {
          p++;
          continue;
        }
        if (c === LF) {
          p++;
          line++;
          if (depth === 0) {
            complete = true;
            break;
          }
          continue;
        }
        if (c === 0x3b) {
          p = text.indexOf(LF, p);
          if (p < 0) p = end;
          continue;
        }
        if (c === 0x28) {
          depth++;
          p++;
          continue;
        }
        if (c === 0x29) {
          if (depth === 0) fault = 'a closing parenthesis without an opening one';
          else depth--;
          p++;
          continue;
        }
        if (count === tokens.start.length) this.growTokens();
        if (c === 0x22) {
          let q = p + 1;
          while (q < end && text[q] !== 0x22 && text[q] !== LF) q += text[q] === 0x5c ? 2 : 1;
          if (q >= end || text[q] === LF) {
            // An escaped line feed or the text's end may have been stepped over.
            if (q > end) q = end;
            if (q < end || final) fault = 'a quoted string is not closed on its line';
            tokens.start[count] = p + 1;
            tokens.end[count] = q;
            tokens.quoted[count++] = 1;
            p = q;
            continue;
          }
          tokens.start[count] = p + 1;
          tokens.end[count] = q;
          tokens.quoted[count++] = 1;
          p = q + 1;
          continue;
        }
        tokens.start[count] = p;
        do {
          const d = text[p];
          if (STOP[d] === 0) p++;
          else if (d === 0x5c && p + 1 < end && text[p + 1] !== LF) p += 2;
          else if (d === 0x5c) p++;
          else break;
        } while (p < end);
        tokens.end[count] = p;
        tokens.quoted[count++] = 0;
      }
      if (!complete) {
        if (!final) break;
        if (depth > 0) fault = 'a parenthesis is opened and never closed';
      }
      consumed = p;
      consumedLines = line - 1;
      if (count === 0 && fault === '') continue;
      tokens.count = count;
      if (fault !== '') {
        this.reject(recordLine, 'line', fault, text, recordAt, p);
        continue;
      }

      // ---- directives --------------------------------------------------------------------
      let t = 0;
      if (first === 0x24 && !blankOwner) {
        const name = latin1.decode(text.subarray(tokens.start[0], tokens.end[0])).toUpperCase();
        if (name === '$ORIGIN') {
          const next = count === 2 ? this.name(1, origin) : undefined;
          if (next === undefined) {
            this.reject(recordLine, '$ORIGIN', 'wants one domain name', text, recordAt, p);
          } else {
            origin = next;
            ownerTextEnd = ownerTextStart;
          }
        } else if (name === '$TTL') {
          const ttl = count === 2 ? ttlFromText(text, tokens.start[1], tokens.end[1]) : -1;
          if (ttl < 0)
            this.reject(recordLine, '$TTL', 'wants a TTL such as 86400 or 1d', text, recordAt, p);
          else defaultTtl = ttl;
        } else if (name === '$INCLUDE') {
          const inner = count === 3 ? this.name(2, origin) : origin;
          if (count < 2 || count > 3 || inner === undefined) {
            this.reject(
              recordLine,
              '$INCLUDE',
              'wants a file name and perhaps an origin',
              text,
              recordAt,
              p,
            );
          } else {
            const file = latin1.decode(text.subarray(tokens.start[1], tokens.end[1]));
            include = { file, origin: inner };
            break;
          }
        } else {
          this.reject(
            recordLine,
            name,
            'is a directive that is not supported (known: $ORIGIN, $TTL, $INCLUDE)',
            text,
            recordAt,
            p,
          );
        }
        continue;
      }

      // ---- owner -------------------------------------------------------------------------
      if (blankOwner) {
        if (ownerState === UNKNOWN) {
          needsState = true;
          consumed = 0;
          break;
        }
        leans = true;
        if (ownerState === -1) {
          this.reject(
            recordLine,
            'owner',
            'is left out, and no good one stands before',
            text,
            recordAt,
            p,
          );
          continue;
        }
      } else {
        const s = tokens.start[0];
        const e = tokens.end[0];
        t = 1;
        if (s === e || !sameBytes(text, s, e, ownerTextStart, ownerTextEnd)) {
          const length = this.ownerFromText(text, s, e, origin);
          if (length < 0) {
            this.reject(recordLine, 'owner', nameFaultText(length), text, recordAt, p);
            // Lines without an owner that follow are this name's, not the one's before.
            ownerState = -1;
            ownerTextEnd = ownerTextStart;
            continue;
          }
          ownerTextStart = s;
          ownerTextEnd = e;
          ownerLength = length;
          ownerState = this.enter();
        }
      }

      // ---- TTL and class in either order, then the type ------------------------------------
      let ttl = -1;
      let classSeen = false;
      let type = -1;
      for (; t < count; t++) {
        const s = tokens.start[t];
        const e = tokens.end[t];
        const c = text[s];
        if (ttl < 0 && c >= 0x30 && c <= 0x39) {
          ttl = ttlFromText(text, s, e);
          if (ttl < 0) {
            fault = 'is not a number of seconds from 0 to 2147483647';
            break;
          }
          continue;
        }
        if (!classSeen && e - s === 2) {
          const d = text[s + 1] | 0x20;
          const k = c | 0x20;
          if (k === 0x69 && d === 0x6e) {
            classSeen = true;
            continue;
          }
          if ((k === 0x63 && (d === 0x68 || d === 0x73)) || (k === 0x68 && d === 0x73)) {
            fault = 'is not IN: only class IN is supported';
            break;
          }
        }
        if (!classSeen && e - s > 5 && isClassNumber(text, s, e)) {
          if (e - s === 6 && text[s + 5] === 0x31) {
            classSeen = true;
            continue;
          }
          fault = 'is not IN: only class IN is supported';
          break;
        }
        type = typeFromText(text, s, e);
        break;
      }
      if (fault !== '') {
        this.reject(
          recordLine,
          text[tokens.start[t]] <= 0x39 ? 'ttl' : 'class',
          fault,
          text,
          recordAt,
          p,
        );
        continue;
      }
      if (type < 0 || isMetaType(type)) {
        const what = t < count ? latin1.decode(text.subarray(tokens.start[t], tokens.end[t])) : '';
        const reason =
          what === '' ? 'is missing' : `"${what.slice(0, 40)}" is not a type that a zone can hold`;
        this.reject(recordLine, 'type', reason, text, recordAt, p);
        continue;
      }
      if (ttl < 0) {
        if (defaultTtl >= 0) ttl = defaultTtl;
        else if (lastTtl >= 0) ttl = lastTtl;
        else if (lastTtl === UNKNOWN) {
          needsState = true;
          consumed = 0;
          break;
        } else if (type !== TYPE.SOA) {
          this.reject(
            recordLine,
            'ttl',
            'is missing, and no $TTL or earlier record gives one',
            text,
            recordAt,
            p,
          );
          continue;
        }
      }
      if (ownerState === 0) {
        this.reject(recordLine, 'owner', 'is not in the zone', text, recordAt, p);
        continue;
      }

      // ---- RDATA ---------------------------------------------------------------------------
      const length = parseRdata(type, tokens, t + 1, origin, rdata, 0);
      if (length < 0) {
        this.reject(recordLine, 'rdata', rdataFault.message, text, recordAt, p);
        continue;
      }
      if (ttl < 0) {
        // An SOA without any TTL takes its own minimum, as RFC 1035 §3.3.13 had it.
        ttl = readU32(rdata, length - 4) & 0x7fffffff;
      }
      lastTtl = ttl;
      if (this.dropDnssec && isMadeBySigner(type, this.keyLength === 0)) {
        this.drop(type, 1);
        continue;
      }
      writer.append(
        key,
        0,
        this.keyLength,
        Kind.record,
        type,
        ttl,
        chunk,
        recordLine,
        rdata,
        0,
        length,
      );
      this.records++;
    }
    if (plain !== undefined) {
      this.records += plain.records;
      this.drop(TYPE.RRSIG, plain.droppedRrsig);
      this.drop(TYPE.NSEC3, plain.droppedNsec3);
    }
    return {
      consumed,
      lines: consumedLines,
      state: {
        origin,
        ttl: defaultTtl,
        lastTtl,
        owner:
          ownerState === UNKNOWN
            ? null
            : ownerState === -1
              ? undefined
              : owner.slice(0, ownerLength),
      },
      needsState,
      leans,
      include,
    };
  }

  private drop(type: number, records: number): void {
    if (records > 0) this.dropped.set(type, (this.dropped.get(type) ?? 0) + records);
  }

  /** Makes `this.owner` the current owner: 1 when it is in the zone, else 0. */
  private enter(): number {
    if (!isAtOrBelow(this.owner, 0, this.apex)) return 0;
    this.keyLength = wireToKey(this.owner, 0, this.apexLabels, this.key, 0);
    return 1;
  }

  private ownerFromText(text: Uint8Array, start: number, end: number, origin: Uint8Array): number {
    for (let i = start; i < end; i++) {
      if (text[i] >= 0x80) {
        const ascii = asciiName(text, start, end);
        if (ascii === undefined) return NameFault.notIdna;
        return textToWire(ascii, 0, ascii.length, origin, this.owner, 0);
      }
    }
    return textToWire(text, start, end, origin, this.owner, 0);
  }

  /** The wire name of token `i`, or undefined. */
  private name(i: number, origin: Uint8Array): Uint8Array | undefined {
    const out = new Uint8Array(MAX_WIRE + 1);
    const { text, start, end } = this.tokens;
    const length = textToWire(text, start[i], end[i], origin, out, 0);
    return length < 0 ? undefined : out.slice(0, length);
  }

  private reject(
    line: number,
    field: string,
    reason: string,
    text: Uint8Array,
    start: number,
    end: number,
  ): void {
    const shown = latin1.decode(text.subarray(start, Math.min(end, start + TEXT_LIMIT)));
    this.sink.reject({ line, field, reason, text: shown.trimEnd() });
  }

  private growTokens(): void {
    const { text, start, end, quoted, count } = this.tokens;
    const wider = {
      text,
      start: new Int32Array(start.length * 2),
      end: new Int32Array(start.length * 2),
      quoted: new Uint8Array(start.length * 2),
      count,
    };
    wider.start.set(start);
    wider.end.set(end);
    wider.quoted.set(quoted);
    // The arrays are exchanged in place: parse() holds on to the object.
    Object.assign(this.tokens, wider);
  }
}

/** A TTL in seconds from `86400` or `1w2d3h4m5s`, or -1 (RFC 2181 §8: at most 2^31-1). */
export function ttlFromText(text: Uint8Array, start: number, end: number): number {
  let total = 0;
  let number = 0;
  let digits = 0;
  let units = false;
  for (let i = start; i < end; i++) {
    const c = text[i];
    if (c >= 0x30 && c <= 0x39) {
      number = number * 10 + c - 0x30;
      if (++digits > 10) return -1;
      continue;
    }
    const unit = unitSeconds(c | 0x20);
    if (unit === 0 || digits === 0) return -1;
    total += number * unit;
    number = 0;
    digits = 0;
    units = true;
  }
  if (digits === 0 && !units) return -1;
  total += number;
  return total > 0x7fffffff ? -1 : total;
}

function unitSeconds(c: number): number {
  switch (c) {
    case 0x73:
      return 1;
    case 0x6d:
      return 60;
    case 0x68:
      return 3600;
    case 0x64:
      return 86_400;
    case 0x77:
      return 604_800;
    default:
      return 0;
  }
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

function readU32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

/** The A-label form of a name in UTF-8, or undefined when it is no IDNA 2008 name. */
function asciiName(text: Uint8Array, start: number, end: number): Uint8Array | undefined {
  try {
    return encoder.encode(toAscii(utf8.decode(text.subarray(start, end))));
  } catch {
    return undefined;
  }
}
