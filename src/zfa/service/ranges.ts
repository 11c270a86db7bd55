/**
 * Byte ranges of requests (RFC 9110 §14). Pure.
 *
 * One range is served as 206. Several are not: RFC 9110 §14.2 lets a server ignore the header, and
 * no client of zone files asks for more than one; unless they join to one, the whole file is sent.
 * A set so large that it can only be an attack is refused.
 */

import rangeParser from 'range-parser';

/** What a Range header asks for, of a file of some size. */
export type RangeAnswer =
  /** All of it: no range, or none that counts. */
  | { readonly kind: 'whole' }
  /** `end` is not included. */
  | { readonly kind: 'part'; readonly start: number; readonly end: number }
  /** 416. */
  | { readonly kind: 'beyond' };

/** Ranges in one header, and its length, beyond which it is refused. */
const MOST_RANGES = 16;
const LONGEST = 512;

/** @param header the value of Range. @param size octets of the file. */
export function readRange(header: string | undefined, size: number): RangeAnswer {
  if (header === undefined || !/^bytes=/i.test(header.trim())) return { kind: 'whole' };
  if (header.length > LONGEST || header.split(',').length > MOST_RANGES) return { kind: 'beyond' };
  const text = header.trim().replace(/^bytes=/i, 'bytes=');
  // range-parser forgives what is no range (`bytes=1x-2`): such a header does not count.
  if (!/^bytes=\s*(?:\d+-\d*|-\d+)(?:\s*,\s*(?:\d+-\d*|-\d+))*\s*$/.test(text)) {
    return { kind: 'whole' };
  }
  // A suffix longer than the file is all of it (RFC 9110 §14.1.2), which range-parser does not know.
  const fitting = text.replace(/([=,]\s*)-(\d+)/g, (suffix, before: string, length: string) =>
    size > 0 && Number(length) >= size ? `${before}0-` : suffix,
  );
  const ranges = rangeParser(size, fitting, { combine: true });
  if (ranges === -2) return { kind: 'whole' };
  if (ranges === -1) return { kind: 'beyond' };
  if (ranges.length !== 1) return { kind: 'whole' };
  return { kind: 'part', start: ranges[0].start, end: ranges[0].end + 1 };
}

/**
 * Where the first range begins, before the file and its size are known; undefined: no range that
 * counts, or one from the end.
 */
export function firstOffset(header: string | undefined): number | undefined {
  const digits = /^\s*bytes=\s*(\d{1,15})-/i.exec(header ?? '')?.[1];
  return digits === undefined ? undefined : Number(digits);
}
