/**
 * Dates in words, in UTC and in one language: the same plan reads the same on every machine.
 * All times are seconds since 1970.
 */

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

const date = (at: number): Date => new Date(at * 1000);
const two = (n: number): string => String(n).padStart(2, '0');

export const yearOf = (at: number): number => date(at).getUTCFullYear();
/** From 0. */
export const monthOf = (at: number): number => date(at).getUTCMonth();
/** @example shortMonth(0) // 'Jan' */
export const shortMonth = (at: number): string => MONTHS[monthOf(at)].slice(0, 3);
/** @example monthText(0) // 'January 1970' */
export const monthText = (at: number): string => `${MONTHS[monthOf(at)]} ${yearOf(at)}`;
/** @example weekdayText(0) // 'Thu' */
export const weekdayText = (at: number): string => WEEKDAYS[date(at).getUTCDay()];
export const dayOfMonth = (at: number): number => date(at).getUTCDate();
/** @example dayText(0) // '1 Jan 1970' */
export const dayText = (at: number): string => `${dayOfMonth(at)} ${shortMonth(at)} ${yearOf(at)}`;

/** Hours and minutes, and seconds where there are any. @example clockText(0) // '00:00' */
export function clockText(at: number): string {
  const day = date(at);
  const seconds = day.getUTCSeconds();
  const minutes = `${two(day.getUTCHours())}:${two(day.getUTCMinutes())}`;
  return seconds === 0 ? minutes : `${minutes}:${two(seconds)}`;
}

/** The beginning of the month that is `months` after that of `at`. */
export function monthStart(at: number, months = 0): number {
  return Date.UTC(yearOf(at), monthOf(at) + months, 1) / 1000;
}

const UNITS: readonly (readonly [seconds: number, one: string])[] = [
  [365 * 86_400, 'year'],
  [86_400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
];

/** A duration in words. @example durationText(90000) // '1 day 1 hour' */
export function durationText(seconds: number): string {
  const words: string[] = [];
  let rest = Math.round(seconds);
  for (const [unit, one] of UNITS) {
    const n = Math.floor(rest / unit);
    rest -= n * unit;
    if (n > 0) words.push(`${n} ${one}${n === 1 ? '' : 's'}`);
  }
  return words.length === 0 ? 'none' : words.join(' ');
}

/** How far away a time is, roughly: the largest unit that fits twice. @example 'in 48 days' */
export function distanceText(at: number, now: number): string {
  const seconds = at - now;
  if (seconds <= 0) return 'now';
  const [unit, one] = UNITS.find(([size]) => seconds >= 2 * size) ?? [1, 'second'];
  const n = Math.floor(seconds / unit);
  return `in ${n} ${one}${n === 1 ? '' : 's'}`;
}
