/**
 * DNS messages as the parent check needs them (RFC 1035 §4, RFC 6891): the one question that it
 * asks, and answers of servers that may be broken or hostile.
 *
 * dns-packet encodes the question and reads the header. It does not read the records: it turns
 * labels into text (so that octets that are not UTF-8, and dots in a label, are lost), steps over
 * some types by their contents and not by their length, and throws whatever comes. What a key
 * roll hangs on is read here, octet by octet.
 */

import { AUTHORITATIVE_ANSWER, decode, encode, TRUNCATED_RESPONSE } from 'dns-packet';
import { usageError } from '../errors.js';
import { equalBytes, lowerCase, MAX_WIRE, nameToText } from '../names/name.js';
import { u16, u32 } from '../records/numbers.js';
import { TYPE } from '../records/types.js';

/** The EDNS size that passes every path without fragments (RFC 9715). */
const UDP_SIZE = 1232;
const HEADER = 12;
/** Type, class, TTL and length of a record, after its owner. */
const RECORD_FIXED = 10;
/** RFC 2181 §8. */
const TTL_LIMIT = 2 ** 31 - 1;
/** A name has at most 127 labels, so no honest one needs more pointers. */
const MAX_POINTERS = 127;

export const CLASS_IN = 1;

/** A message that is not one; its text is a sentence part, such as `is cut short`. */
export class MalformedMessage extends Error {
  override readonly name = 'MalformedMessage';
}

export interface MessageQuestion {
  /** Lower-case wire form, as all names here. */
  readonly name: Uint8Array;
  readonly type: number;
  readonly class: number;
}

export interface MessageRecord extends MessageQuestion {
  /** Seconds. */
  readonly ttl: number;
  /** As received: names in it may be compressed. A copy. */
  readonly rdata: Uint8Array;
}

export interface Message {
  readonly id: number;
  /** Is it a response to a standard query? */
  readonly response: boolean;
  readonly authoritative: boolean;
  readonly truncated: boolean;
  /** With the upper bits of an OPT record (RFC 6891 §6.1.3). */
  readonly rcode: number;
  readonly questions: readonly MessageQuestion[];
  readonly answers: readonly MessageRecord[];
  readonly authorities: readonly MessageRecord[];
}

/**
 * The question for a zone's DS RRset: no recursion, EDNS with 1,232 octets.
 *
 * @param zone lower-case wire form.
 * @throws ZonewrightError (exit 2) for a name with octets that dns-packet can't write.
 */
export function encodeQuestion(zone: Uint8Array, id: number): Uint8Array {
  const text = nameToText(zone);
  const octets = encode({
    type: 'query',
    id,
    flags: 0,
    questions: [{ name: text, type: 'DS', class: 'IN' }],
    additionals: [
      {
        name: '.',
        type: 'OPT',
        udpPayloadSize: UDP_SIZE,
        extendedRcode: 0,
        ednsVersion: 0,
        flags: 0,
        flag_do: false,
        options: [],
      },
    ],
  });
  // dns-packet knows no escapes: it would ask for another name.
  if (!equalBytes(octets.subarray(HEADER, HEADER + zone.length), zone)) {
    throw usageError(`the parent can't be asked for ${text}: the name has unusual octets in it`, {
      hint: 'set parent-check = false in its policy, and tell of the DS with "zonewright keys ds-seen"',
    });
  }
  return octets;
}

/** The id of a message, without a look at the rest; undefined for less than a header. */
export function messageId(octets: Uint8Array): number | undefined {
  return octets.length < HEADER ? undefined : u16(octets, 0);
}

/**
 * Reads a message whole: all its records, up to its last octet.
 *
 * @throws MalformedMessage, and nothing else. The work is bounded by the message's length.
 */
export function decodeMessage(octets: Uint8Array): Message {
  const header = decodeHeader(octets);
  let at = HEADER;
  const questions: MessageQuestion[] = [];
  for (let left = u16(octets, 4); left > 0; left--) {
    const { name, next } = readName(octets, at);
    need(octets, next, 4);
    questions.push({ name, type: u16(octets, next), class: u16(octets, next + 2) });
    at = next + 4;
  }
  const sections: MessageRecord[][] = [];
  for (const count of [u16(octets, 6), u16(octets, 8), u16(octets, 10)]) {
    const records: MessageRecord[] = [];
    for (let left = count; left > 0; left--) {
      const { record, next } = readRecord(octets, at);
      records.push(record);
      at = next;
    }
    sections.push(records);
  }
  if (at !== octets.length) throw new MalformedMessage('has octets after its last record');
  const [answers, authorities, additionals] = sections;
  return {
    ...header,
    rcode: header.rcode | (extendedRcode(answers, authorities, additionals) << 4),
    questions,
    answers,
    authorities,
  };
}

/** The header by dns-packet, which is given that alone: no record for it to stumble over. */
function decodeHeader(octets: Uint8Array) {
  if (octets.length < HEADER) throw new MalformedMessage('is shorter than a header');
  const alone = Buffer.alloc(HEADER);
  alone.set(octets.subarray(0, 4));
  let packet: ReturnType<typeof decode>;
  try {
    packet = decode(alone);
  } catch {
    throw new MalformedMessage('has a header that is none');
  }
  const flags = packet.flags ?? 0;
  const opcode = (flags >> 11) & 0xf;
  return {
    id: packet.id ?? 0,
    response: packet.flag_qr && opcode === 0,
    authoritative: (flags & AUTHORITATIVE_ANSWER) !== 0,
    truncated: (flags & TRUNCATED_RESPONSE) !== 0,
    rcode: flags & 0xf,
  };
}

/** RFC 6891 §6.1.1: one OPT record at most, in the additional section, owned by the root. */
function extendedRcode(
  answers: readonly MessageRecord[],
  authorities: readonly MessageRecord[],
  additionals: readonly MessageRecord[],
): number {
  const isOpt = ({ type }: MessageRecord): boolean => type === TYPE.OPT;
  const found = additionals.filter(isOpt);
  if (answers.some(isOpt) || authorities.some(isOpt) || found.length > 1) {
    throw new MalformedMessage('has an OPT record too many');
  }
  if (found.length === 0) return 0;
  if (found[0].name.length !== 1) throw new MalformedMessage('has an OPT record with an owner');
  return found[0].ttl >>> 24;
}

function readRecord(octets: Uint8Array, at: number): { record: MessageRecord; next: number } {
  const { name, next: fixed } = readName(octets, at);
  need(octets, fixed, RECORD_FIXED);
  const type = u16(octets, fixed);
  const ttl = u32(octets, fixed + 4);
  // Of an OPT record this is no TTL.
  if (ttl > TTL_LIMIT && type !== TYPE.OPT) {
    throw new MalformedMessage('has a TTL above 2^31 - 1 (RFC 2181 §8)');
  }
  const from = fixed + RECORD_FIXED;
  const length = u16(octets, fixed + 8);
  need(octets, from, length);
  // Not slice: that of a Buffer is a view.
  const rdata = Uint8Array.from(octets.subarray(from, from + length));
  return {
    record: { name, type, class: u16(octets, fixed + 2), ttl, rdata },
    next: from + length,
  };
}

/**
 * Reads a name that may be compressed (RFC 1035 §4.1.4). Each pointer must go back before the
 * labels that it ends, so that there are no loops.
 *
 * @returns the name in lower case, and the offset after it where it stands.
 */
function readName(octets: Uint8Array, at: number): { name: Uint8Array; next: number } {
  const name = new Uint8Array(MAX_WIRE);
  let length = 0;
  let p = at;
  let begin = at;
  let next = -1;
  for (let pointers = 0; ; ) {
    need(octets, p, 1);
    const n = octets[p];
    if (n >= 0xc0) {
      need(octets, p, 2);
      const target = u16(octets, p) & 0x3fff;
      if (next < 0) next = p + 2;
      if (target >= begin || target < HEADER || ++pointers > MAX_POINTERS) {
        throw new MalformedMessage('has a compression pointer that leads nowhere');
      }
      begin = p = target;
      continue;
    }
    if (n > 63) throw new MalformedMessage('has a label of an unknown kind');
    need(octets, p, n + 1);
    if (length + n + 1 > MAX_WIRE) throw new MalformedMessage('has a name of over 255 octets');
    name.set(octets.subarray(p, p + n + 1), length);
    length += n + 1;
    p += n + 1;
    if (n === 0) break;
  }
  // Lengths are below 64, so that no length is taken for a letter.
  lowerCase(name, 0, length);
  return { name: name.slice(0, length), next: next < 0 ? p : next };
}

function need(octets: Uint8Array, at: number, count: number): void {
  if (at + count > octets.length) throw new MalformedMessage('is cut short');
}
