/** The time axis at ranges from hours to decades. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { timeAxis } from '#zonewright/present/axis.js';
import { distanceText, durationText } from '#zonewright/present/calendar.js';
import { DAY, HOUR, NOW } from '../keys/plan/subjects.js';

const labels = (days: number): string[] =>
  timeAxis(NOW, NOW + days * DAY).ticks.map(({ label }) => label);

describe('timeAxis', () => {
  it('of a day has hours, and days above', () => {
    const axis = timeAxis(NOW, NOW + DAY);
    expect(axis.ticks.slice(0, 3).map(({ label }) => label)).toEqual(['00:00', '03:00', '06:00']);
    expect(axis.bands.map(({ label }) => label)).toEqual(['Sun 22 Nov']);
  });

  it('of two weeks has days, and months above', () => {
    expect(labels(14)).toEqual([...'22 23 24 25 26 27 28 29 30 1 2 3 4 5 6'.split(' ')]);
    expect(timeAxis(NOW, NOW + 14 * DAY).bands.map(({ label }) => label)).toEqual([
      'November 2026',
      'December 2026',
    ]);
  });

  it('of a quarter has Mondays', () => {
    expect(labels(90).slice(0, 3)).toEqual(['23 Nov', '30 Nov', '7 Dec']);
  });

  it('of two and of three years has months, and years above', () => {
    expect(labels(730).slice(0, 4)).toEqual(['Dec', 'Jan', 'Feb', 'Mar']);
    expect(timeAxis(NOW, NOW + 730 * DAY).bands.map(({ label }) => label)).toEqual([
      '2026',
      '2027',
      '2028',
    ]);
    expect(labels(1095).slice(0, 4)).toEqual(['Jan', 'Mar', 'May', 'Jul']);
    const narrow = timeAxis(NOW, NOW + 730 * DAY).ticks.filter((tick) => tick.narrow);
    expect(narrow.map(({ label }) => label).slice(0, 4)).toEqual(['Jan', 'Apr', 'Jul', 'Oct']);
  });

  it('of thirty years has years', () => {
    expect(labels(30 * 365).slice(0, 2)).toEqual(['2028', '2030']);
  });

  it('of any range has marks within it, in order and with room for their labels', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4e9 }),
        fc.integer({ min: HOUR, max: 60 * 365 * DAY }),
        (from, range) => {
          const { ticks, bands } = timeAxis(from, from + range);
          expect(ticks.length).toBeLessThanOrEqual(28);
          expect(ticks.filter(({ narrow }) => narrow).length).toBeLessThanOrEqual(11);
          if (range > 2 * HOUR) expect(ticks.length).toBeGreaterThan(0);
          for (const [i, { at }] of ticks.entries()) {
            expect(at).toBeGreaterThanOrEqual(i === 0 ? from : ticks[i - 1].at + 1);
            expect(at).toBeLessThanOrEqual(from + range);
          }
          for (const [i, band] of bands.entries()) {
            expect(band.from).toBe(i === 0 ? from : bands[i - 1].to);
            expect(band.to).toBeGreaterThan(band.from);
          }
        },
      ),
    );
  });
});

describe('times in words', () => {
  it('durations and distances', () => {
    expect(durationText(0)).toBe('none');
    expect(durationText(90 * DAY)).toBe('90 days');
    expect(durationText(DAY + HOUR)).toBe('1 day 1 hour');
    expect(durationText(365 * DAY)).toBe('1 year');
    expect(distanceText(NOW, NOW)).toBe('now');
    expect(distanceText(NOW + 48 * DAY, NOW)).toBe('in 48 days');
    expect(distanceText(NOW + 1, NOW)).toBe('in 1 second');
  });
});
