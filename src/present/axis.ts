/**
 * The time axis of a picture, for any range from hours to decades: marks at full hours, days, weeks
 * (from Monday), months or years of UTC, so many that their labels have room, and above them a band
 * with the larger unit: days, months or years.
 *
 * A page may be a third as wide as it was thought to be; marks say which of them are left then.
 */

import {
  clockText,
  dayOfMonth,
  monthOf,
  monthStart,
  monthText,
  shortMonth,
  weekdayText,
  yearOf,
} from './calendar.js';

export interface Tick {
  readonly at: number;
  readonly label: string;
  /** Has its label room on a narrow page, too? */
  readonly narrow: boolean;
}

/** A stretch of the larger unit, cut to the axis. */
export interface Band {
  readonly from: number;
  readonly to: number;
  readonly label: string;
  /** A shorter label; empty: it is left out where there is no room. */
  readonly short: string;
}

export interface Axis {
  readonly from: number;
  readonly to: number;
  readonly ticks: readonly Tick[];
  readonly bands: readonly Band[];
}

type Family = 'hours' | 'days' | 'weeks' | 'months' | 'years';

interface Unit {
  readonly family: Family;
  readonly step: number;
  /** Rough length in seconds. */
  readonly length: number;
  /** Most marks on a wide page, and on a narrow one, as long as the labels are. */
  readonly wide: number;
  readonly narrow: number;
}

const HOUR = 3600;
const DAY = 24 * HOUR;
const unit = (family: Family, step: number, one: number, wide: number, narrow: number): Unit => ({
  family,
  step,
  length: step * one,
  wide,
  narrow,
});

const UNITS: readonly Unit[] = [
  ...[1, 3, 6, 12].map((step) => unit('hours', step, HOUR, 16, 6)),
  ...[1, 2].map((step) => unit('days', step, DAY, 24, 8)),
  ...[1, 2].map((step) => unit('weeks', step, 7 * DAY, 18, 6)),
  ...[1, 2, 3, 6].map((step) => unit('months', step, 30.4 * DAY, 27, 9)),
  ...[1, 2, 5, 10, 20, 50].map((step) => unit('years', step, 365.25 * DAY, 20, 7)),
];

/** The axis from one time to a later one; seconds since 1970. */
export function timeAxis(from: number, to: number): Axis {
  const range = Math.max(to - from, 1);
  const chosen =
    UNITS.find(({ length, wide }) => range / length <= wide) ?? UNITS[UNITS.length - 1];
  const times = marks(chosen, from, to);
  const stride = strideOf(chosen, range);
  return {
    from,
    to,
    ticks: times.map((at) => ({
      at,
      label: labelOf(chosen.family, at),
      narrow: ordinal(chosen, at) % stride === 0,
    })),
    bands: bandsOf(chosen.family, from, to),
  };
}

/** Every how manieth mark keeps its label on a narrow page. */
function strideOf({ family, length, narrow, step }: Unit, range: number): number {
  const needed = range / length / narrow;
  // Of months those stay that one looks for: every third, every sixth, January.
  const strides = family === 'months' ? [1, 2, 3, 6, 12].filter((n) => 12 % (n * step) === 0) : [];
  return strides.find((n) => n >= needed) ?? Math.ceil(needed);
}

/** The number of a mark, counted from a fixed one. */
function ordinal({ family, step, length }: Unit, at: number): number {
  if (family === 'years') return yearOf(at) / step;
  if (family === 'months') return (yearOf(at) * 12 + monthOf(at)) / step;
  return Math.round((at - (family === 'weeks' ? MONDAY : 0)) / length);
}

/** 1970-01-05. */
const MONDAY = 4 * DAY;

function marks(unit: Unit, from: number, to: number): number[] {
  const { family, step, length } = unit;
  const found: number[] = [];
  if (family === 'months' || family === 'years') {
    const months = family === 'years' ? 12 * step : step;
    const count = yearOf(from) * 12 + monthOf(from);
    // The first full multiple at or before `from`, and from there on.
    let at = monthStart(from, -(count % months));
    for (; at <= to; at = monthStart(at, months)) if (at >= from) found.push(at);
    return found;
  }
  const origin = family === 'weeks' ? MONDAY : 0;
  let at = origin + Math.ceil((from - origin) / length) * length;
  for (; at <= to; at += length) found.push(at);
  return found;
}

function labelOf(family: Family, at: number): string {
  switch (family) {
    case 'hours':
      return clockText(at);
    case 'days':
      return String(dayOfMonth(at));
    case 'weeks':
      return `${dayOfMonth(at)} ${shortMonth(at)}`;
    case 'months':
      return shortMonth(at);
    case 'years':
      return String(yearOf(at));
  }
}

function bandsOf(family: Family, from: number, to: number): Band[] {
  if (family === 'years') return [];
  const bands: Band[] = [];
  let at = from;
  while (at < to) {
    const end = Math.min(bandEnd(family, at), to);
    bands.push({ from: at, to: end, ...bandLabels(family, at) });
    at = end;
  }
  return bands;
}

function bandEnd(family: Family, at: number): number {
  if (family === 'hours') return (Math.floor(at / DAY) + 1) * DAY;
  if (family === 'months') return Date.UTC(yearOf(at) + 1, 0) / 1000;
  return monthStart(at, 1);
}

function bandLabels(family: Family, at: number): { label: string; short: string } {
  if (family === 'months') return { label: String(yearOf(at)), short: String(yearOf(at)) };
  if (family !== 'hours') return { label: monthText(at), short: shortMonth(at) };
  const day = `${dayOfMonth(at)} ${shortMonth(at)}`;
  return { label: `${weekdayText(at)} ${day}`, short: day };
}
