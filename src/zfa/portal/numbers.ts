/**
 * Numbers and dates as a person reads them, in one language whatever the machine's locale.
 */

import { dayText, weekdayText } from '../../present/calendar.js';

/** The minus that is as wide as the plus. */
const MINUS = '\u2212';

/** Digits in groups of three. @example countText(1234567) // '1,234,567' */
export function countText(n: number): string {
  const digits = String(Math.abs(n)).replace(/\B(?=(\d{3})+$)/g, ',');
  return n < 0 ? MINUS + digits : digits;
}

/** A count that came or went. @example changeText(12, '+') // '+12' */
export function changeText(n: number, sign: '+' | '-'): string {
  if (n === 0) return '0';
  return (sign === '+' ? '+' : MINUS) + countText(n);
}

/** What came less what went. @example balanceText(-3) // '−3' */
export function balanceText(n: number): string {
  return n > 0 ? `+${countText(n)}` : countText(n);
}

/** A rough count, as an axis has it. @example roughCount(1_250_000) // '1.25M' */
export function roughCount(n: number): string {
  if (Math.abs(n) < 100_000) return countText(n);
  for (const [size, letter] of [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const) {
    if (Math.abs(n) >= size) return `${Number((n / size).toPrecision(6))}${letter}`;
  }
  return countText(n);
}

const SIZES = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** A size with three digits, in powers of 1000 as browsers and curl show it. @example '4.21 GB' */
export function sizeText(bytes: number): string {
  let n = bytes;
  let unit = 0;
  // 999.5 would be shown as 1000.
  while (n >= 999.5 && unit < SIZES.length - 1) {
    n /= 1000;
    unit++;
  }
  const digits = unit === 0 ? String(n) : n.toFixed(n >= 99.95 ? 0 : n >= 9.995 ? 1 : 2);
  return `${digits} ${unit === 0 && n === 1 ? 'byte' : SIZES[unit]}`;
}

/** The beginning of a day given as YYYYMMDD, UTC. */
export function dateTime(date: string): number {
  return (
    Date.UTC(Number(date.slice(0, 4)), Number(date.slice(4, 6)) - 1, Number(date.slice(6, 8))) /
    1000
  );
}

/** @example dateText('20261122') // 'Sun 22 Nov 2026' */
export function dateText(date: string): string {
  const at = dateTime(date);
  return `${weekdayText(at)} ${dayText(at)}`;
}

/** For the attribute of a `time` element. @example dateAttribute('20261122') // '2026-11-22' */
export function dateAttribute(date: string): string {
  return `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6, 8)}`;
}

/** @example plural(2, 'day') // '2 days' */
export function plural(n: number, one: string): string {
  return `${countText(n)} ${one}${n === 1 ? '' : 's'}`;
}

/** Words in a row. @example listed(['com', 'net', 'org']) // 'com, net and org' */
export function listed(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} and ${words[words.length - 1]}`;
}
