import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTime } from '#zonewright/config/time.js';
import {
  type Holder,
  type HolderAction,
  isActive,
  TRANSITIONS,
} from '#zonewright/zfa/holders/model.js';
import { type Month, monthName, parseMonth } from '#zonewright/zfa/report/month.js';
import {
  countPasswords,
  knownFrom,
  type PasswordEvent,
  passwordsByZone,
} from '#zonewright/zfa/report/passwords.js';

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
    expect(figures(events, '2026-09')).toMatchObject({ previous: undefined, new: 5, total: 5 });
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

/** One thing that the registry does, some time after the one before. */
interface Deed {
  readonly seconds: number;
  readonly holder: number;
  readonly action: HolderAction | 'import' | 'night';
  /** Seconds of access. */
  readonly lasts: number;
}
const deed: fc.Arbitrary<Deed> = fc.record({
  seconds: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 25 * DAY })),
  holder: fc.integer({ min: 0, max: 4 }),
  action: fc.constantFrom<Deed['action'][]>(
    ...(['import', 'approve', 'approve', 'deny', 'revoke', 'renew', 'renew', 'passwd'] as const),
    ...(['night', 'night'] as const),
  ),
  lasts: fc.integer({ min: 1, max: 80 * DAY }),
});

/** A holder's state from a time on. */
interface Snapshot extends Pick<Holder, 'state' | 'expires'> {
  readonly at: number;
}

const isActiveAt = (is: Snapshot | undefined, second: number): boolean =>
  is !== undefined && isActive(is as Snapshot & Holder, second);

/**
 * A registry that does what is lawful of some deeds: the events that it writes, and each holder's
 * states as they followed, to count from by looking.
 */
function registry(deeds: readonly Deed[], start: number) {
  const events: PasswordEvent[] = [];
  const states = new Map<string, Snapshot[]>();
  /** What a clerk notes in a book: when a password was given, given back, taken. */
  const book: { at: number; how: 'new' | 'renewed' | 'revoked' }[] = [];
  let now = start;
  const note = (holder: string, event: string, detail = {}, at = now): void => {
    events.push({ seq: events.length + 1, at, holder, event, detail });
  };
  for (const { seconds, holder: n, action, lasts } of deeds) {
    now += seconds;
    if (action === 'night') {
      for (const [holder, own] of states) {
        const is = own.at(-1)!;
        if (is.state !== 'approved' || is.expires! > now) continue;
        own.push({ at: now, state: 'expired', expires: is.expires });
        note(holder, 'expired', { noted: now }, is.expires);
      }
      continue;
    }
    const holder = `h${n}`;
    const own = states.get(holder) ?? [];
    const is = own.at(-1);
    states.set(holder, own);
    const expires = now + lasts;
    if (action === 'import') {
      if (is !== undefined) continue;
      const approved = now - lasts;
      own.push({ at: approved, state: 'approved', expires });
      book.push({ at: approved, how: 'new' });
      note(holder, 'imported', { state: 'approved', approved, expires });
      continue;
    }
    if (is === undefined) {
      own.push({ at: now, state: 'pending', expires: undefined });
      note(holder, 'added');
    }
    const { from, to } = TRANSITIONS[action];
    if (!from.includes(is?.state ?? 'pending')) continue;
    if (action === 'approve') book.push({ at: now, how: 'new' });
    if (action === 'renew' && !isActiveAt(is, now)) book.push({ at: now, how: 'renewed' });
    if (action === 'revoke' && isActiveAt(is, now)) book.push({ at: now, how: 'revoked' });
    const gives = action === 'approve' || action === 'renew';
    if (to !== undefined) own.push({ at: now, state: to, expires: gives ? expires : is?.expires });
    note(holder, PAST[action], gives ? { expires } : {});
  }
  return { events, states, book };
}
const PAST: Readonly<Record<HolderAction, string>> = {
  approve: 'approved',
  deny: 'denied',
  revoke: 'revoked',
  renew: 'renewed',
  passwd: 'passwd',
  expire: 'expired',
};

/** 2025-06 to 2028-12. */
const MONTHS: readonly Month[] = Array.from({ length: 43 }, (_, n) => {
  const month = n + 5;
  const text = `${2025 + Math.floor(month / 12)}-${String((month % 12) + 1).padStart(2, '0')}`;
  return parseMonth(text)!;
});

it('the sums agree, month by month, and are those of each holder at the last second', () => {
  fc.assert(
    fc.property(fc.array(deed, { maxLength: 40 }), (deeds) => {
      const { events, states, book } = registry(deeds, time('2026-01-31T23:59:59Z'));
      const standing = (second: number): number =>
        [...states.values()].filter((own) =>
          isActiveAt(
            own.findLast(({ at }) => at <= second),
            second,
          ),
        ).length;
      for (const { from, to } of MONTHS) {
        const counted = countPasswords(events, from, to);
        if (counted === undefined) {
          expect(standing(to - 1)).toBe(0);
          continue;
        }
        const noted = (how: string): number =>
          book.filter((line) => line.how === how && line.at >= from && line.at < to).length;
        const { previous, new: fresh, renewed, expired, revoked, total } = counted;
        expect({ previous, fresh, renewed, revoked, total }).toEqual({
          // What was before the first record is not known, and not 0.
          previous: knownFrom(events) < from ? standing(from - 1) : undefined,
          fresh: noted('new'),
          renewed: noted('renewed'),
          revoked: noted('revoked'),
          total: standing(to - 1),
        });
        expect((previous ?? 0) + fresh + renewed - expired - revoked).toBe(total);
      }
    }),
    { numRuns: 400 },
  );
});

it('the sums agree and no month has less than none, whatever the clock said', () => {
  fc.assert(
    fc.property(fc.array(deed, { maxLength: 30 }), fc.func(fc.nat(90)), (deeds, shift) => {
      const { events } = registry(deeds, time('2026-06-01'));
      const shifted = events.map((event) => ({
        ...event,
        at: event.at - (shift(event.seq) % 90) * DAY,
      }));
      let before: number | undefined;
      for (const { from, to } of MONTHS) {
        const counted = countPasswords(shifted, from, to);
        if (counted === undefined) continue;
        const { previous, new: fresh, renewed, expired, revoked, total } = counted;
        expect(previous).toBe(before);
        expect((previous ?? 0) + fresh + renewed - expired - revoked).toBe(total);
        expect(total).toBeGreaterThanOrEqual(0);
        expect(total).toBeLessThanOrEqual(5);
        before = total;
      }
    }),
    { numRuns: 200 },
  );
});

describe('times that do not follow each other', () => {
  it('a revocation counts though the clock was set back since the approval', () => {
    const events = history(
      ['2026-11-05T10:00:00Z', 'a', 'approved', '2027-11-05'],
      ['2026-11-05T09:00:00Z', 'a', 'revoked'],
    );
    expect(figures(events, '2026-11')).toMatchObject({ new: 1, revoked: 1, total: 0 });
    expect(figures(events, '2026-12')).toMatchObject({ previous: 0, total: 0 });
  });

  it('a clock set back over the month’s end leaves no month with less than none', () => {
    const events = history(
      ['2026-12-01T00:00:10Z', 'a', 'approved', '2027-11-05'],
      ['2026-11-30T23:59:50Z', 'a', 'revoked'],
    );
    expect(figures(events, '2026-11')).toMatchObject({ previous: undefined, new: 0, total: 0 });
    expect(figures(events, '2026-12')).toMatchObject({ previous: 0, new: 1, revoked: 1, total: 0 });
  });

  it('what is replayed of a holder that was imported later counts', () => {
    const detail = { state: 'approved', approved: time('2003-05-01'), expires: time('2030-01-01') };
    const events = [
      { seq: 1, at: time('2026-11-25'), holder: 'a', event: 'imported', detail },
      { seq: 2, at: time('2003-11-20'), holder: 'a', event: 'revoked', detail: {} },
    ];
    expect(figures(events, '2003-10')).toMatchObject({ previous: 1, total: 1 });
    expect(figures(events, '2003-11')).toMatchObject({ previous: 1, revoked: 1, total: 0 });
  });

  it('what comes and goes within a second counts as both', () => {
    const events = history(
      ['2026-11-05', 'a', 'approved', '2027-11-05'],
      ['2026-11-05', 'a', 'revoked'],
    );
    expect(figures(events, '2026-11')).toMatchObject({ new: 1, revoked: 1, total: 0 });
  });
});

it('an end at the month’s first second is of that month', () => {
  const events = history(['2026-01-10', 'a', 'approved', '2026-03-01']);
  expect(figures(events, '2026-02')).toMatchObject({ previous: 1, expired: 0, total: 1 });
  expect(figures(events, '2026-03')).toMatchObject({ previous: 1, expired: 1, total: 0 });
});

it('renewed after its end within one month: expired and renewed', () => {
  const events = history(
    ['2024-01-10', 'a', 'approved', '2024-02-10'],
    ['2024-02-29T23:59:59Z', 'a', 'renewed', '2025-01-01'],
  );
  expect(figures(events, '2024-02')).toEqual({
    previous: 1,
    new: 0,
    renewed: 1,
    expired: 1,
    revoked: 0,
    total: 1,
  });
});

describe('by zone', () => {
  const event = (at: string, holder: string, name: string, detail: object): PasswordEvent => ({
    seq: 0,
    at: time(at),
    holder,
    event: name,
    detail: { ...detail },
  });
  const expires = time('2027-01-01');
  const all = [
    event('2026-09-01', 'a', 'added', { zones: ['com', 'net'] }),
    event('2026-09-01', 'a', 'approved', { expires }),
    event('2026-09-01', 'b', 'added', { zones: ['com'] }),
    event('2026-09-02', 'b', 'approved', { expires }),
    event('2026-10-15', 'b', 'changed', { fields: { zones: ['net'] } }),
    event('2026-10-16', 'b', 'changed', { fields: { name: 'B' } }),
    event('2026-10-17', 'p', 'added', { zones: ['com'] }), // pending
    event('2026-11-15', 'a', 'revoked', {}),
  ].map((one, n) => ({ ...one, seq: n + 1 }));
  const at = (events: readonly PasswordEvent[], to: string, now: readonly string[] = ['org']) =>
    passwordsByZone(events, time(to), ['com', 'net', 'org'], () => now);

  it('counts the zones that holders had then', () => {
    expect(at(all, '2026-09-01')).toBeUndefined();
    expect(at(all, '2026-10-01')).toEqual({ com: 2, net: 1, org: 0 });
    expect(at(all, '2026-11-01')).toEqual({ com: 1, net: 2, org: 0 });
    expect(at(all, '2026-12-01')).toEqual({ com: 0, net: 1, org: 0 });
    expect(at(all, '2027-01-01')).toEqual({ com: 0, net: 1, org: 0 });
    expect(at(all, '2027-01-02')).toEqual({ com: 0, net: 0, org: 0 });
  });

  it('takes the zones of today where the events tell of none, if they were never changed', () => {
    const detail = { state: 'approved', approved: time('2003-05-01'), expires };
    const imported = { ...event('2026-11-01', 'i', 'imported', detail), seq: 1 };
    expect(at([imported], '2003-12-01', ['net'])).toEqual({ com: 0, net: 1, org: 0 });
    const changed = event('2026-11-20', 'i', 'changed', { fields: { zones: ['com'] } });
    const events = [imported, { ...changed, seq: 2 }];
    expect(at(events, '2026-12-01', ['com'])).toEqual({ com: 1, net: 0, org: 0 });
    // Which they were before the change is told nowhere.
    expect(at(events, '2026-11-10', ['com'])).toBeUndefined();
  });
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
