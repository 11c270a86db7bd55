/**
 * A published zone without its signatures: the input for a peer that is to sign the same
 * records as a build did.
 */

import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';

/** What signing adds (RFC 4034, RFC 5155, RFC 8976, RFC 7344). */
const ADDED = new Set([
  ...['rrsig', 'nsec', 'nsec3', 'nsec3param', 'dnskey', 'zonemd', 'cds', 'cdnskey'],
]);
const TAB = 0x09;
const NEWLINE = 0x0a;
/** Tabs before the type: owner, TTL, class. */
const TYPE_FIELD = 3;
/** No type that stays and is frequent has as many letters as one of {@link ADDED}, but AAAA. */
const SHORTEST_ADDED = 3;

/**
 * Copies a zone file as zonewright writes it (a record a line, fields with tabs between, no
 * directives) without the records that signing added.
 */
export async function removeSignatures(from: string, to: string): Promise<void> {
  const output = createWriteStream(to);
  let rest: Buffer = Buffer.alloc(0);
  for await (const block of createReadStream(from, { highWaterMark: 1 << 20 })) {
    const text = rest.length === 0 ? (block as Buffer) : Buffer.concat([rest, block as Buffer]);
    const end = text.lastIndexOf(NEWLINE) + 1;
    for (const span of keptSpans(text, end)) {
      if (!output.write(span)) await once(output, 'drain');
    }
    rest = text.subarray(end);
  }
  output.end(rest);
  await finished(output);
}

/** The stretches of whole lines that stay. */
function* keptSpans(text: Buffer, end: number): Generator<Buffer> {
  let kept = 0;
  for (let line = 0; line < end; ) {
    let at = line;
    for (let tabs = 0; tabs < TYPE_FIELD; at++) if (text[at] === TAB) tabs++;
    const type = at;
    while (text[at] !== TAB) at++;
    const next = text.indexOf(NEWLINE, at) + 1;
    if (at - type >= SHORTEST_ADDED && ADDED.has(text.toString('latin1', type, at))) {
      if (line > kept) yield text.subarray(kept, line);
      kept = next;
    }
    line = next;
  }
  if (end > kept) yield text.subarray(kept, end);
}
