/**
 * Finds where a piece of CSV text (RFC 4180) can be cut: behind the last record that is whole.
 * A line feed inside a quoted field ends no record; a quote opens a field only at its start.
 */

/** Octets of a piece at most. A record must fit. */
export const CHUNK = 4 << 20;

const LF = 0x0a;
const QUOTE = 0x22;

/**
 * The offset behind the last whole record of `text[0, length)`, which begins with a record;
 * 0 when no record is whole.
 */
export function lastRecordEnd(text: Uint8Array, length: number, separator: number): number {
  const view = Buffer.from(text.buffer, text.byteOffset, length);
  let outside = 0;
  let end = 0;
  let quote = view.indexOf(QUOTE);
  while (quote >= 0) {
    const before = quote === 0 ? LF : view[quote - 1];
    if (before !== separator && before !== LF) {
      quote = view.indexOf(QUOTE, quote + 1);
      continue;
    }
    const feed = quote === 0 ? -1 : view.lastIndexOf(LF, quote - 1);
    if (feed >= outside) end = feed + 1;
    let close = view.indexOf(QUOTE, quote + 1);
    while (close >= 0 && view[close + 1] === QUOTE) close = view.indexOf(QUOTE, close + 2);
    // Not closed here, or the next octet could be a second quote.
    if (close < 0 || close + 1 === length) return end;
    outside = close + 1;
    quote = view.indexOf(QUOTE, outside);
  }
  const feed = view.lastIndexOf(LF);
  return feed >= outside ? feed + 1 : end;
}
