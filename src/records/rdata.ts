/**
 * The one RDATA codec: presentation form to wire form and back, driven by the table in
 * `layout.ts`.
 *
 * On the hot path: the NS, A, AAAA, DS, RRSIG and NSEC3 records of zones with 100 million
 * delegations go through here. So no string, object or closure is made for a record that is
 * right. The wire form is canonical (RFC 4034 §6.2, RFC 6840 §5.1): names of the old types in lower
 * case, others untouched.
 */

import { rdataFault, tokenize } from './fault.js';
import { parseRdata } from './rdata-parse.js';
import { rdataTextRoom, writeRdata } from './rdata-write.js';
import { typeToText } from './types.js';

export { rdataFault, type Tokens } from './fault.js';
export { MAX_RDATA, parseRdata } from './rdata-parse.js';
export { rdataTextRoom, writeRdata } from './rdata-write.js';
export { canonicalRdata, checkRdata, nameEnd, rdataNames } from './wire.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder('latin1');

/**
 * The canonical wire form of RDATA given as text.
 *
 * @param origin completes relative names; without it they are an error.
 * @throws RangeError with the reason when the text is not RDATA of this type.
 * @example rdataFromText(TYPE.MX, '10 mail.example.')
 */
export function rdataFromText(type: number, text: string, origin?: Uint8Array): Uint8Array {
  const out = new Uint8Array(66000);
  const tokens = tokenize(encoder.encode(text));
  if (tokens === undefined) throw new RangeError(`${typeToText(type)} "${text}": an open quote`);
  const end = parseRdata(type, tokens, 0, origin, out, 0);
  if (end < 0) throw new RangeError(`${typeToText(type)} "${text}": ${rdataFault.message}`);
  return out.slice(0, end);
}

/** The presentation form of RDATA, as {@link writeRdata} writes it. */
export function rdataToText(type: number, wire: Uint8Array): string {
  const out = new Uint8Array(rdataTextRoom(type, wire.length));
  return decoder.decode(out.subarray(0, writeRdata(type, wire, 0, wire.length, out, 0)));
}
