/**
 * What one answer says of a zone's DS RRset: the set, or a fault. Pure.
 *
 * Only an authoritative answer of the parent counts (RFC 4035 §3.1.4.1): a referral, an answer
 * from a cache and the child's own "no data" are faults, and so is an answer that holds anything
 * but what was asked for.
 */

import { equalBytes, isAtOrBelow, nameToText } from '../names/name.js';
import { checkRdata } from '../records/rdata.js';
import { TYPE, typeToText } from '../records/types.js';
import { CLASS_IN, type Message, type MessageRecord } from './message.js';

/** Why an answer does not count. */
export type FaultKind =
  /** Nothing came in time, or nothing that could be the answer. */
  | 'timeout'
  /** No connection, or it was closed before the whole answer. */
  | 'unreachable'
  /** This machine has no route to the address. */
  | 'no-route'
  /** The name server has no address, or not all of them could be found. */
  | 'no-address'
  | 'malformed'
  | 'wrong-id'
  | 'wrong-question'
  | 'truncated'
  | 'servfail'
  | 'refused'
  /** The parent does not know the name at all. */
  | 'nxdomain'
  /** Another error code. */
  | 'rcode'
  /** An answer without the AA flag. */
  | 'not-authoritative'
  /** A referral, or an answer from a zone that is not the parent. */
  | 'lame'
  | 'cname'
  /** The answer holds records that nobody asked for. */
  | 'unasked';

/** An answer that counts. */
export interface DsAnswer {
  /** DS rdata, each once, in canonical order; empty: there is none. */
  readonly ds: readonly Uint8Array[];
  /** Seconds, the greatest of the RRset; undefined when there is none. */
  readonly ttl: number | undefined;
  /** Owner of the SOA that a negative answer comes with: the parent zone. */
  readonly parent: Uint8Array | undefined;
}

export interface Fault {
  readonly fault: FaultKind;
  /** A sentence about the server: `refuses to answer`. */
  readonly text: string;
}

const RCODES: Readonly<Record<number, readonly [FaultKind, string]>> = {
  2: ['servfail', 'answers SERVFAIL'],
  3: ['nxdomain', 'says that the name does not exist (NXDOMAIN)'],
  5: ['refused', 'refuses to answer (REFUSED)'],
};

export function isFault(answer: DsAnswer | Fault): answer is Fault {
  return 'fault' in answer;
}

/**
 * Judges a response that belongs to the question.
 *
 * @param zone lower-case wire form; not the root.
 * @param parent the zone that must answer; undefined: any above `zone`.
 */
export function judgeAnswer(
  message: Message,
  zone: Uint8Array,
  parent: Uint8Array | undefined,
): DsAnswer | Fault {
  const { rcode, answers, authorities } = message;
  if (rcode !== 0) {
    const [fault, text] = RCODES[rcode] ?? ['rcode', `answers with error code ${rcode}`];
    return { fault, text };
  }
  if (message.truncated) return { fault: 'truncated', text: 'answers with a part only (TC)' };
  if (answers.some(({ type }) => type === TYPE.CNAME || type === TYPE.DNAME)) {
    return { fault: 'cname', text: 'says that the name is an alias (CNAME or DNAME)' };
  }
  if (!message.authoritative) {
    const cut = authorities.find(({ type }) => type === TYPE.NS);
    return answers.length === 0 && cut !== undefined
      ? { fault: 'lame', text: `refers to the name servers of ${nameToText(cut.name)}` }
      : { fault: 'not-authoritative', text: 'answers without authority (AA is not set)' };
  }
  const stray = answers.find((record) => !isAskedFor(record, zone));
  if (stray !== undefined) {
    const what = `${typeToText(stray.type)} of ${nameToText(stray.name)}`;
    return { fault: 'unasked', text: `answers with data that nobody asked for (${what})` };
  }
  const found = answers.filter(({ type }) => type === TYPE.DS);
  return found.length === 0 ? judgeDenial(message, zone, parent) : readDs(found);
}

/** A DS of the zone; its signature may come along unasked. */
function isAskedFor({ name, type, class: c }: MessageRecord, zone: Uint8Array): boolean {
  return c === CLASS_IN && (type === TYPE.DS || type === TYPE.RRSIG) && equalBytes(name, zone);
}

function readDs(records: readonly MessageRecord[]): DsAnswer | Fault {
  const set: Uint8Array[] = [];
  let ttl = 0;
  for (const record of records) {
    const { rdata } = record;
    const wrong = checkRdata(TYPE.DS, rdata, 0, rdata.length);
    if (wrong !== undefined) {
      return { fault: 'malformed', text: `answers with a broken DS: its ${wrong}` };
    }
    ttl = Math.max(ttl, record.ttl);
    if (!set.some((other) => equalBytes(other, rdata))) set.push(rdata);
  }
  return { ds: set.sort(Buffer.compare), ttl, parent: undefined };
}

/**
 * "No DS" is believed only with the SOA of a zone above (RFC 2308 §2.2): a server of the child
 * alone says the same of its own apex, where no DS ever stands.
 */
function judgeDenial(
  { authorities }: Message,
  zone: Uint8Array,
  parent: Uint8Array | undefined,
): DsAnswer | Fault {
  const soa = authorities.filter(({ type, class: c }) => type === TYPE.SOA && c === CLASS_IN);
  if (soa.length !== 1) {
    return { fault: 'malformed', text: 'says that there is no DS, without the SOA of the parent' };
  }
  const [{ name }] = soa;
  const above = isAtOrBelow(zone, 0, name) && !equalBytes(zone, name);
  if (!above || (parent !== undefined && !equalBytes(parent, name))) {
    const expected = parent === undefined ? 'a parent' : `the parent ${nameToText(parent)}`;
    return {
      fault: 'lame',
      text: `says that there is no DS, but for the zone ${nameToText(name)}, not for ${expected}`,
    };
  }
  return { ds: [], ttl: undefined, parent: name };
}
