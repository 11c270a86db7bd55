/**
 * Lines of a master file in their plain form to facts: an absolute owner, TTL, class, and a name
 * server, an address, a DS, an RRSIG or an NSEC3 record, as in nearly all of a large zone. What
 * else there is, the parser reads (read/master-parser.ts), line by line.
 */

import { append, giveWriter, takeWriter } from './append';
import { copy, same } from './bytes';
import { KIND_RECORD, TYPE_NSEC3, TYPE_RRSIG } from './entries';
import {
  isBlank,
  LABELS,
  LF,
  labelCount,
  nameLength,
  readName,
  readNumber,
  readRdata,
  readType,
  skipBlanks,
  value,
  written,
} from './fields';

const MAX_TTL: u64 = 0x7fffffff;

/** What is read of a line before it is clear that all of it can be used. */
const NAME: usize = memory.data(320);
const NEXT_KEY: usize = memory.data(320);
const RDATA: usize = memory.data(4096);

// The state of a parser, in words; read/plain-lines.ts has the same.
const NEXT: usize = 0;
const END: usize = 4;
const LINE: usize = 8;
const CHUNK: usize = 12;
const DROP: usize = 16;
const IN_ZONE: usize = 20;
const OWNER_TEXT: usize = 24;
const OWNER_TEXT_END: usize = 28;
const OWNER_LENGTH: usize = 32;
const KEY_LENGTH: usize = 36;
const LAST_TTL: usize = 40;
const APEX_LENGTH: usize = 44;
const APEX_LABELS: usize = 48;
const RECORDS: usize = 52;
const DROPPED_RRSIG: usize = 56;
const DROPPED_NSEC3: usize = 60;
const WRITER: usize = 64;
const OWNER: usize = 128;
const KEY: usize = 448;
const APEX: usize = 1088;

/**
 * Reads lines as long as they are plain and the open block has room; the line feed of the last
 * must stand before the text's end, and there must be another one at it.
 *
 * @param s the state: it says where to begin, and then which line comes next.
 */
export function readLines(s: usize): void {
  takeWriter(s + WRITER);
  const end: usize = load<u32>(s, END);
  const chunk = load<u32>(s, CHUNK);
  const drop = load<u32>(s, DROP) !== 0;
  const apexLength: usize = load<u32>(s, APEX_LENGTH);
  const apexLabels: i32 = load<u32>(s, APEX_LABELS);
  let inZone = load<u32>(s, IN_ZONE) !== 0;
  let ownerText: usize = load<u32>(s, OWNER_TEXT);
  let ownerTextLength: usize = <usize>load<u32>(s, OWNER_TEXT_END) - ownerText;
  let keyLength: usize = load<u32>(s, KEY_LENGTH);
  let line = load<u32>(s, LINE);
  let next: usize = load<u32>(s, NEXT);
  let records: u32 = 0;

  while (next < end) {
    // ---- owner -------------------------------------------------------------------------------
    let p = next;
    const isSame =
      ownerTextLength !== 0 &&
      p + ownerTextLength < end &&
      isBlank(load<u8>(p + ownerTextLength)) &&
      same(p, ownerText, ownerTextLength);
    let key = s + KEY;
    let length = keyLength;
    let ownerLength: usize = 0;
    if (isSame) {
      if (!inZone) break;
      p += ownerTextLength;
    } else {
      p = readName(p, NAME);
      if (p === 0) break;
      ownerLength = nameLength;
      const own = labelCount - apexLabels;
      if (own < 0 || ownerLength < apexLength) break;
      const from = ownerLength - apexLength;
      const begin: usize = own < labelCount ? load<u8>(LABELS + own) : ownerLength - 1;
      if (begin !== from || !same(NAME + from, s + APEX, apexLength)) break;
      key = NEXT_KEY;
      length = putKey(own);
    }
    const ownerEnd = p;
    p = skipBlanks(p);
    if (p === 0) break;
    // ---- TTL, class, type, RDATA -------------------------------------------------------------
    p = readNumber(p, MAX_TTL);
    if (p === 0) break;
    const ttl = value;
    p = skipBlanks(p);
    if (p === 0 || (load<u16>(p) | 0x2020) !== 0x6e69) break;
    p = skipBlanks(p + 2);
    if (p === 0) break;
    p = readType(p);
    if (p === 0) break;
    const type = value;
    p = skipBlanks(p);
    if (p === 0) break;
    p = readRdata(type, p, RDATA);
    if (p === 0 || load<u8>(p) !== <u8>LF || p >= end) break;
    // ---- all of it can be used ---------------------------------------------------------------
    if (drop && type === TYPE_RRSIG) {
      store<u32>(s, load<u32>(s, DROPPED_RRSIG) + 1, DROPPED_RRSIG);
    } else if (drop && type === TYPE_NSEC3) {
      store<u32>(s, load<u32>(s, DROPPED_NSEC3) + 1, DROPPED_NSEC3);
    } else {
      if (!append(key, length, KIND_RECORD, type, ttl, chunk, line, RDATA, written - RDATA)) break;
      records++;
    }
    if (!isSame) {
      ownerText = next;
      ownerTextLength = ownerEnd - next;
      keyLength = length;
      inZone = true;
      copy(s + OWNER, NAME, ownerLength);
      copy(s + KEY, NEXT_KEY, length);
      store<u32>(s, ownerLength, OWNER_LENGTH);
    }
    store<u32>(s, ttl, LAST_TTL);
    next = p + 1;
    line++;
  }
  store<u32>(s, next, NEXT);
  store<u32>(s, line, LINE);
  store<u32>(s, inZone, IN_ZONE);
  store<u32>(s, ownerText, OWNER_TEXT);
  store<u32>(s, ownerText + ownerTextLength, OWNER_TEXT_END);
  store<u32>(s, keyLength, KEY_LENGTH);
  store<u32>(s, load<u32>(s, RECORDS) + records, RECORDS);
  giveWriter(s + WRITER);
}

/**
 * Writes the sort key of the first `own` labels of the name read last, which no plain character
 * makes longer than the name; returns its length.
 */
function putKey(own: i32): usize {
  let o = NEXT_KEY;
  for (let l = own - 1; l >= 0; l--) {
    const at = NAME + load<u8>(LABELS + l);
    const n: usize = load<u8>(at);
    copy(o, at + 1, n);
    o += n;
    store<u8>(o++, 0);
  }
  return o - NEXT_KEY;
}
