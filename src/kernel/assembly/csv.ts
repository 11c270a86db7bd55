/**
 * Rows of a registry's export in their plain form to facts: domains, their statuses, their name
 * servers and their DS data, of which nearly all of an export consists. What else there is, the row
 * parser reads (read/registry-rows.ts), row by row.
 */

import { append, giveWriter, hasOctets, takeWriter } from './append';
import { same } from './bytes';
import {
  CR,
  fieldEnd,
  fieldStart,
  firstAce,
  HASH,
  LF,
  labelCount,
  labelStart,
  nameLength,
  putKey,
  readHostName,
  splitRow,
  statusCode,
} from './csv-fields';
import {
  FACT_HEADER,
  KIND_DOMAIN,
  KIND_DS,
  KIND_NS,
  KIND_STATUS,
  TYPE_DS,
  TYPE_NS,
} from './entries';
import { digestLength, readHex, readNumber, value } from './fields';
import { findHost, hostName, hostNameLength } from './hosts';

// `Table` of read/rde-csv-layout.ts.
const DOMAIN: u32 = 0;
const DOMAIN_STATUSES: u32 = 1;
const SERVERS_BY_ROID: u32 = 2;
const SERVERS_BY_NAME: u32 = 3;
const ATTRIBUTES: u32 = 4;
const DNSSEC: u32 = 5;
const COUNTED: u32 = 10;

// What is known of the rows, in words; read/plain-rows.ts has the same.
const NEXT: usize = 0;
const END: usize = 4;
const LINE: usize = 8;
const CHUNK: usize = 12;
const TABLE: usize = 16;
const SEPARATOR: usize = 20;
const WIDTH: usize = 24;
const ROWS: usize = 28;
const OUTSIDE: usize = 32;
const ZONES: usize = 36;
const ZONES_END: usize = 40;
const EPP: usize = 44;
const EPP_END: usize = 48;
const RGP: usize = 52;
const RGP_END: usize = 56;
const NEW_TEXT: usize = 60;
const COLUMNS: usize = 64;
/** Column of a field that the table has not. */
const NONE: u32 = 0xffffffff;

// A zone, in the order in which they are tried.
const ZONE_WRITER: usize = 0;
const ZONE_ROWS: usize = 28;
const ZONE_LABELS: usize = 32;
const ZONE_LENGTH: usize = 36;
const ZONE_NS_TTL: usize = 40;
const ZONE_DS_TTL: usize = 44;
const ZONE_APEX: usize = 48;
const ZONE: usize = 320;

// Beside the zones, which are addresses.
const REFUSED: usize = 0;
const NOWHERE: usize = 1;

const NAME: usize = memory.data(320);
const HOST: usize = memory.data(320);
const RDATA: usize = memory.data(320);
const CODE: usize = memory.data(16);

let state: usize = 0;
let chunk: u32 = 0;
let line: u32 = 0;
let outside: u32 = 0;
/** The zone whose writer is taken over, 0: none. */
let writing: usize = 0;
/** The domain read last: its text, its zone, and the key of its name there. */
let lastText: usize = 0;
let lastLength: usize = 0;
let lastZone: usize = 0;
/** Is the row about the domain that was read last, too? */
let isLast: bool = false;
const KEY: usize = memory.data(320);
let keyLength: usize = 0;

/**
 * Reads rows as long as they are plain and the open blocks have room; the line feed of the last must
 * stand before the text's end, and there must be another one at it.
 *
 * @param s the state: it says where to begin, and then which row comes next.
 */
export function readRows(s: usize): void {
  state = s;
  const end: usize = load<u32>(s, END);
  const table = load<u32>(s, TABLE);
  const separator = load<u32>(s, SEPARATOR);
  const width: usize = load<u32>(s, WIDTH);
  chunk = load<u32>(s, CHUNK);
  line = load<u32>(s, LINE);
  outside = load<u32>(s, OUTSIDE);
  writing = 0;
  if (load<u32>(s, NEW_TEXT) !== 0) {
    store<u32>(s, 0, NEW_TEXT);
    lastLength = 0;
  }
  const begin: usize = load<u32>(s, NEXT);
  const lineBefore = line;
  let next = begin;
  while (next < end) {
    // Blank lines and comments.
    const c: u32 = load<u8>(next);
    if (c === LF || c === CR || c === HASH) break;
    const feed = splitRow(next, end, separator, width);
    if (feed === 0 || feed >= end) break;
    if (!readRow(table)) break;
    next = feed + 1;
    line++;
  }
  if (writing !== 0) giveWriter(writing + ZONE_WRITER);
  store<u32>(s, <u32>next, NEXT);
  store<u32>(s, line, LINE);
  store<u32>(s, load<u32>(s, ROWS) + line - lineBefore, ROWS);
  store<u32>(s, outside, OUTSIDE);
}

/** Reads a row; false: nothing has happened. */
function readRow(table: u32): bool {
  if (table === COUNTED) return true;
  const zone = zoneOfDomain();
  if (zone === REFUSED) return false;
  if (table === SERVERS_BY_NAME || table === ATTRIBUTES) return readServer(table, zone);
  if (zone === NOWHERE) {
    outside++;
    return true;
  }
  if (table === DOMAIN) {
    if (!appendTo(zone, KIND_DOMAIN, 0, 0, RDATA, 0)) return false;
    store<u32>(zone, load<u32>(zone, ZONE_ROWS) + 1, ZONE_ROWS);
    return true;
  }
  if (table === SERVERS_BY_ROID) return readServerByRoid(zone);
  if (table === DOMAIN_STATUSES) return readStatuses(zone);
  if (table === DNSSEC) return readDs(zone);
  return false;
}

function columnOf(field: usize): u32 {
  return load<u32>(state + COLUMNS + (field << 2));
}

/** Octets of a field; none when the table has not got it. */
function lengthOf(field: usize): usize {
  const column = columnOf(field);
  return column === NONE ? 0 : fieldEnd(column) - fieldStart(column);
}

function startOf(field: usize): usize {
  return fieldStart(columnOf(field));
}

/** The zone of the domain in the first field, {@link NOWHERE} or {@link REFUSED}. */
function zoneOfDomain(): usize {
  const column: usize = load<u32>(state, COLUMNS);
  const text = fieldStart(column);
  const length = fieldEnd(column) - text;
  // Child rows of a domain follow each other: most names are the one just read.
  isLast = length !== 0 && length === lastLength && same(text, lastText, length);
  if (isLast) return lastZone;
  if (!readHostName(text, length, NAME)) return REFUSED;
  const end: usize = load<u32>(state, ZONES_END);
  let zone: usize = load<u32>(state, ZONES);
  for (; zone < end; zone += ZONE) {
    const own = labelCount - <i32>load<u32>(zone, ZONE_LABELS);
    if (own < 0) continue;
    const from = labelStart(own);
    const apexLength: usize = load<u32>(zone, ZONE_LENGTH);
    if (from + apexLength !== nameLength) continue;
    if (!same(NAME + from, zone + ZONE_APEX, apexLength)) continue;
    // The zone itself is no domain, and an A-label has to be looked at.
    if (own === 0 || firstAce < own) return REFUSED;
    keyLength = putKey(NAME, own, KEY);
    break;
  }
  if (zone >= end) {
    if (firstAce < labelCount) return REFUSED;
    zone = NOWHERE;
  }
  lastText = text;
  lastLength = length;
  lastZone = zone;
  return zone;
}

/** Appends a fact about the domain read last. */
function appendTo(
  zone: usize,
  kind: u32,
  type: u32,
  ttl: u32,
  rdata: usize,
  rdlength: usize,
): bool {
  if (zone !== writing) openWriter(zone);
  return append(KEY, keyLength, kind, type, ttl, chunk, line, rdata, rdlength);
}

function openWriter(zone: usize): void {
  if (writing !== 0) giveWriter(writing + ZONE_WRITER);
  takeWriter(zone + ZONE_WRITER);
  writing = zone;
}

function readStatuses(zone: usize): bool {
  const epp = lengthOf(1);
  const rgp = lengthOf(2);
  if ((epp | rgp) === 0) return false;
  let eppCode: i32 = 0;
  let rgpCode: i32 = 0;
  if (epp !== 0) {
    eppCode = statusCode(startOf(1), epp, load<u32>(state, EPP), load<u32>(state, EPP_END));
    if (eppCode < 0) return false;
  }
  if (rgp !== 0) {
    rgpCode = statusCode(startOf(2), rgp, load<u32>(state, RGP), load<u32>(state, RGP_END));
    if (rgpCode < 0) return false;
  }
  if (epp !== 0 && rgp !== 0) {
    // Both or none.
    if (zone !== writing) openWriter(zone);
    if (!hasOctets(keyLength + 3 * FACT_HEADER)) return false;
  }
  store<u8>(CODE, <u8>eppCode);
  if (epp !== 0 && !appendTo(zone, KIND_STATUS, 0, 0, CODE, 1)) return false;
  store<u8>(CODE, <u8>rgpCode);
  return rgp === 0 || appendTo(zone, KIND_STATUS, 0, 0, CODE, 1);
}

function readServerByRoid(zone: usize): bool {
  const length = lengthOf(1);
  if (length - 1 > 254) return false;
  const host = findHost(startOf(1), length, isLast);
  if (host === 0) return false;
  const ttl = load<u32>(zone, ZONE_NS_TTL);
  return appendTo(zone, KIND_NS, TYPE_NS, ttl, hostName(host), hostNameLength(host));
}

/** A name server by its name; with an address beside it the row is the parser's. */
function readServer(table: u32, zone: usize): bool {
  if (table === ATTRIBUTES && lengthOf(2) !== 0) return false;
  if (!readHostName(startOf(1), lengthOf(1), HOST) || firstAce < labelCount) return false;
  if (zone === NOWHERE) {
    outside++;
    return true;
  }
  const ttl = load<u32>(zone, ZONE_NS_TTL);
  return appendTo(zone, KIND_NS, TYPE_NS, ttl, HOST, nameLength);
}

/** A number in a field; false: it is none, or greater. */
function readNumberOf(field: usize, max: u64): bool {
  const length = lengthOf(field);
  if (length === 0) return false;
  const start = startOf(field);
  return readNumber(start, max) === start + length;
}

/** DS data; a row with a key is the parser's. */
function readDs(zone: usize): bool {
  const digits = lengthOf(4);
  if (digits === 0 || !readNumberOf(1, 0xffff)) return false;
  store<u16>(RDATA, bswap<u16>(<u16>value));
  if (!readNumberOf(2, 0xff)) return false;
  store<u8>(RDATA, <u8>value, 2);
  if (!readNumberOf(3, 0xff)) return false;
  store<u8>(RDATA, <u8>value, 3);
  const length = digestLength(value);
  if (length === 0 || digits !== length << 1) return false;
  if (readHex(startOf(4), length, RDATA + 4) === 0) return false;
  const ttl = load<u32>(zone, ZONE_DS_TTL);
  return appendTo(zone, KIND_DS, TYPE_DS, ttl, RDATA, 4 + length);
}
