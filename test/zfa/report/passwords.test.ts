import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTime } from '#zonewright/config/time.js';
import { type Month, monthName, parseMonth } from '#zonewright/zfa/report/month.js';
import { countPasswords, type PasswordEvent } from '#zonewright/zfa/report/passwords.js';

const time = (text: string): number => parseTime(text)!;

/** Events from lines of time, holder, event and when its access ends. */
function history(
  ...lines: readonly (readonly [string, string, string, string?])[]
): PasswordEvent[] {
  return lines.map(([at, holder, event, expires], n) => ({
    seq: n + 1,
    at: time(at),
    holder,
    event,
    detail: expires === undefined ? {} : { expires: time(expires) },
  }));
}

const figures = (events: readonly PasswordEvent[], text: string) => {
  const { from, to } = parseMonth(text)!;
  return countPasswords(events, from, to);
};

describe('a month counted by hand', () => {
  const events = history(
    ['2026-09-10', 'old', 'approved', '2026-12-31'], // stands all through
    ['2026-09-11', 'ends', 'approved', '2026-11-20'], // expires in November; noted the day after
    ['2026-09-12', 'gone', 'approved', '2026-12-31'], // revoked in November
    ['2026-09-13', 'kept', 'approved', '2026-11-10'], // renewed before its end: never ends
    ['2026-09-14', 'back', 'approved', '2026-10-20'], // expired in October, comes back in November
    ['2026-10-20', 'back', 'expired'],
    ['2026-10-31T23:59:59Z', 'last', 'approved', '2027-10-31'], // October's last second
    ['2026-11-01', 'first', 'added'],
    ['2026-11-01', 'first', 'approved', '2027-11-01'], // November's first second
    ['2026-11-02', 'never', 'added'],
    ['2026-11-03', 'never', 'denied'],
    ['2026-11-05', 'kept', 'renewed', '2027-11-10'],
    ['2026-11-06', 'brief', 'approved', '2026-11-26'], // comes and goes within the month
    ['2026-11-07', 'back', 'renewed', '2027-11-07'],
    ['2026-11-08', 'gone', 'revoked'],
    ['2026-11-09', 'old', 'passwd'],
    ['2026-11-21', 'ends', 'expired'],
    ['2026-11-22', 'ends', 'revoked'], // had ended already: no password less
    ['2026-12-01', 'next', 'approved', '2027-12-01'], // December's first second
  );

  it('November', () => {
    expect(figures(events, '2026-11')).toEqual({
      previous: 5, // old, ends, gone, kept, last
      new: 2, // first, brief
      renewed: 1, // back
      expired: 2, // ends, brief
      revoked: 1, // gone
      total: 5, // old, kept, last, first, back
    });
  });

  it('the months around it', () => {
    expect(figures(events, '2026-08')).toBeUndefined();
    expect(figures(events, '2026-09')).toMatchObject({ previous: 0, new: 5, total: 5 });
    expect(figures(events, '2026-10')).toMatchObject({ previous: 5, new: 1, expired: 1, total: 5 });
    // old ends with the last second but one day of December.
    expect(figures(events, '2026-12')).toMatchObject({ previous: 5, new: 1, expired: 1, total: 5 });
    expect(figures(events, '2027-12')).toMatchObject({ previous: 1, expired: 1, total: 0 });
  });
});

it('an end that no build has noted counts', () => {
  const events = history(['2026-01-01', 'a', 'approved', '2026-02-15']);
  expect(figures(events, '2026-02')).toMatchObject({ previous: 1, expired: 1, total: 0 });
  expect(figures(events, '2026-03')).toMatchObject({ previous: 0, expired: 0, total: 0 });
});

it('holders that were imported count from their own dates', () => {
  const imported = (state: string, approved: string, expires: string, at = '2026-06-01') => ({
    seq: 1,
    at: time(at),
    holder: `${state}-${approved}`,
    event: 'imported',
    detail: { state, approved: time(approved), expires: time(expires) },
  });
  const events = [
    imported('approved', '2003-01-01', '2004-01-01'),
    imported('expired', '2003-01-01', '2003-11-11'),
    imported('revoked', '2003-02-01', '2009-01-01', '2003-11-20'),
    { ...imported('pending', '2003-02-01', '2009-01-01'), detail: { state: 'pending' } },
  ];
  expect(figures(events, '2003-11')).toEqual({
    previous: 3,
    new: 0,
    renewed: 0,
    expired: 1,
    revoked: 1,
    total: 1,
  });
});

it('November 2003: 953 and 10 new are 963', () => {
  const old = Array.from({ length: 953 }, (_, n) => ({
    seq: n,
    at: time('2003-10-31'),
    holder: `h${n}`,
    event: 'imported',
    detail: { state: 'approved', approved: time('2003-10-01'), expires: time('2004-10-01') },
  }));
  const fresh = Array.from({ length: 10 }, (_, n) => ({
    seq: 1000 + n,
    at: time('2003-11-01') + n * 86_400,
    holder: `n${n}`,
    event: 'approved',
    detail: { expires: time('2004-11-01') },
  }));
  const november = figures([...old, ...fresh], '2003-11');
  expect(november).toMatchObject({ previous: 953, new: 10, total: 963 });
});

const DAY = 86_400;

/** A lawful history of a holder: what is done, some days after the one before. */
const life = fc.array(
  fc.record({
    days: fc.integer({ min: 0, max: 50 }),
    what: fc.constantFrom('approved', 'renewed', 'revoked', 'passwd', 'expired'),
    lasts: fc.integer({ min: 1, max: 100 }),
  }),
  { maxLength: 12 },
);

it('the sums agree, month by month, and are those of a replay second by second', () => {
  fc.assert(
    fc.property(fc.array(life, { minLength: 1, maxLength: 5 }), (lives) => {
      const start = time('2026-01-01');
      const events: PasswordEvent[] = [];
      /** Each holder's access as a list of changes: [time, has access until]. */
      const access: (readonly [number, number])[][] = [];
      for (const [n, steps] of lives.entries()) {
        let at = start;
        let state: 'new' | 'in' | 'out' = 'new';
        let until = 0;
        const own: (readonly [number, number])[] = [];
        for (const { days, what, lasts } of steps) {
          at += days * DAY + 1;
          const lawful =
            what === 'approved' ? state === 'new' : what === 'passwd' || state === 'in';
          if (!lawful) continue;
          if (what === 'approved' || what === 'renewed') {
            state = 'in';
            until = at + lasts * DAY;
            own.push([at, until]);
          } else if (what === 'revoked') {
            state = 'out';
            own.push([at, at]);
          } else if (what === 'expired' && until > at) continue;
          const detail = what === 'approved' || what === 'renewed' ? { expires: until } : {};
          events.push({ seq: events.length, at, holder: `h${n}`, event: what, detail });
        }
        access.push(own);
      }
      const holds = (own: readonly (readonly [number, number])[], when: number): boolean => {
        const last = own.findLast(([at]) => at <= when);
        return last !== undefined && last[1] > when;
      };
      let before: number | undefined;
      for (let year = 2026, month = 1; year < 2028; month++) {
        if (month > 12) {
          month = 0;
          year++;
          continue;
        }
        const { from, to } = parseMonth(`${year}-${String(month).padStart(2, '0')}`) as Month;
        const counted = countPasswords(events, from, to);
        const total = access.filter((own) => holds(own, to - 1)).length;
        if (counted === undefined) {
          expect(total).toBe(0);
          continue;
        }
        const { previous, new: fresh, renewed, expired, revoked } = counted;
        expect(counted.total).toBe(total);
        expect(previous).toBe(before ?? 0);
        expect(previous + fresh + renewed - expired - revoked).toBe(counted.total);
        before = counted.total;
      }
    }),
    { numRuns: 300 },
  );
});

describe('months', () => {
  it.each([
    ['2024-02', 29, 'February 2024'],
    ['2026-02', 28, 'February 2026'],
    ['2026-12', 31, 'December 2026'],
  ])('%s', (text, days, name) => {
    const month = parseMonth(text)!;
    expect((month.to - month.from) / DAY).toBe(days);
    expect(monthName(month)).toBe(name);
  });

  it.each(['2026', '2026-13', '2026-00', '26-01', '2026-1', '1969-12', '2026-11-01', ''])(
    '"%s" is none',
    (text) => expect(parseMonth(text)).toBeUndefined(),
  );
});
