/** Months of the monthly figures, UTC. */

import { isoTime } from '../../config/time.js';

/** A month: from its first second to the first second that is not in it, seconds since 1970. */
export interface Month {
  /** `2003-11`. */
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

/** What a month looks like; for messages. */
export const MONTH_FORM = 'a month such as 2026-11';

/** Reads a month. @returns undefined when `text` is none. */
export function parseMonth(text: string): Month | undefined {
  const parts = /^(\d{4})-(\d\d)$/.exec(text);
  if (parts === null) return undefined;
  const [year, month] = [Number(parts[1]), Number(parts[2])];
  if (year < 1970 || month < 1 || month > 12) return undefined;
  const first = (y: number, m: number): number => Date.UTC(y, m - 1, 1) / 1000;
  return { text, from: first(year, month), to: first(year, month + 1) };
}

const NAMES =
  'January February March April May June July August September October November December'.split(
    ' ',
  );

/** @example monthName(parseMonth('2003-11')) // 'November 2003' */
export function monthName({ from }: Month): string {
  const [year, month] = isoTime(from).split('-');
  return `${NAMES[Number(month) - 1]} ${year}`;
}
