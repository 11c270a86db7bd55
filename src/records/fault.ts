/**
 * What the RDATA parsers read (tokens of a line) and how they tell what is wrong with it.
 *
 * Parsers return a negative number instead of throwing; one shared object then says why.
 * Nothing is made for a record that is right.
 */

/**
 * The tokens of one record. Token i is `text[start[i], end[i])`, `quoted[i]` is 1 when it
 * stood in quotes (start and end exclude them). Escapes are still in the text. A token such as
 * `key="a b"` is either one token with its inner quotes, or two adjacent ones, `key=` and a
 * quoted `a b`.
 */
export interface Tokens {
  text: Uint8Array;
  start: Int32Array;
  end: Int32Array;
  quoted: Uint8Array;
  count: number;
}

/**
 * Why the last parser that returned a negative number did so: the index of the token (the
 * number of tokens when one is missing) and a sentence part that names the field, e.g.
 * `priority is not a number from 0 to 65535`.
 */
export const rdataFault = { token: 0, message: '' };

/** Records a fault. */
export function fail(token: number, message: string): number {
  rdataFault.token = token;
  rdataFault.message = message;
  return -1;
}

/** Splits one record's RDATA into tokens (RFC 1035 §5.1, without comments and parentheses);
 * for single records outside of zone files. Undefined when a quote is not closed. */
export function tokenize(text: Uint8Array): Tokens | undefined {
  const start: number[] = [];
  const end: number[] = [];
  const quoted: number[] = [];
  for (let i = 0; i < text.length; ) {
    const c = text[i];
    if (c === 0x20 || c === 0x09 || c === 0x0a || c === 0x0d) {
      i++;
      continue;
    }
    const inQuotes = c === 0x22;
    if (inQuotes) i++;
    start.push(i);
    let open = inQuotes;
    for (; i < text.length; i++) {
      const d = text[i];
      if (d === 0x5c) i++;
      else if (d === 0x22) {
        open = !open;
        if (inQuotes) break;
      } else if (!open && (d === 0x20 || d === 0x09 || d === 0x0a || d === 0x0d)) break;
    }
    if (open) return undefined;
    end.push(Math.min(i, text.length));
    quoted.push(inQuotes ? 1 : 0);
    if (inQuotes) i++;
  }
  return {
    text,
    start: Int32Array.from(start),
    end: Int32Array.from(end),
    quoted: Uint8Array.from(quoted),
    count: start.length,
  };
}
