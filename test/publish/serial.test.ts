/** SOA serials: RFC 1982 arithmetic and the four policies. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  dateSerial,
  incrementSerial,
  keepRefusal,
  nextSerial,
  type SerialChoice,
  serialGreater,
} from '#zonewright/zone/serial.js';

const NOW = 1795305600; // 2026-11-22T00:00:00Z
const choose = (choice: Partial<SerialChoice>): number =>
  nextSerial({
    mode: 'unixtime',
    now: NOW,
    published: undefined,
    input: undefined,
    zone: 'com',
    ...choice,
  });

describe('RFC 1982 §3.2: comparison', () => {
  it.each([
    [1, 0, true],
    [0, 0xffffffff, true],
    [44, 0xffffffff, true],
    [0x7fffffff, 0, true],
    [0x80000000, 0, false],
    [0, 0x80000000, false],
    [5, 5, false],
    [0xffffffff, 0, false],
  ])('%i after %i: %s', (a, b, expected) => {
    expect(serialGreater(a, b)).toBe(expected);
  });
});

describe('policies', () => {
  it('unixtime is the time, date the day', () => {
    expect(choose({})).toBe(1795305600);
    expect(choose({ mode: 'date' })).toBe(2026112200);
    expect(dateSerial(NOW + 86399)).toBe(2026112200);
  });

  it('a second publication in the same second or day goes one up', () => {
    expect(choose({ published: NOW })).toBe(NOW + 1);
    expect(choose({ mode: 'date', published: 2026112200 })).toBe(2026112201);
  });

  it('a clock that was set back does not take the serial back', () => {
    expect(choose({ published: NOW + 5000 })).toBe(NOW + 5001);
  });

  it('a change from date to unixtime goes on from the date', () => {
    expect(choose({ published: 2026112205 })).toBe(2026112206);
  });

  it('wraps around 2^32 and leaves out 0', () => {
    expect(incrementSerial(0xffffffff)).toBe(1);
    expect(choose({ published: 4294967000 })).toBe(NOW);
    expect(choose({ mode: 'increment', published: 0xfffffffe })).toBe(0xffffffff);
  });

  it('increment follows the later one of state and input', () => {
    expect(choose({ mode: 'increment' })).toBe(1);
    expect(choose({ mode: 'increment', input: 7 })).toBe(8);
    expect(choose({ mode: 'increment', input: 7, published: 12 })).toBe(13);
    expect(choose({ mode: 'increment', input: 70, published: 12 })).toBe(71);
  });

  it('keep keeps the input, or the last one published', () => {
    expect(choose({ mode: 'keep', input: 7 })).toBe(7);
    expect(choose({ mode: 'keep', input: 7, published: 7 })).toBe(7);
    expect(choose({ mode: 'keep', published: 9 })).toBe(9);
  });

  it.each([
    ['keep without a serial', { mode: 'keep' as const }],
    ['keep of an older serial', { mode: 'keep' as const, input: 6, published: 7 }],
    ['a jump of more than 2^31 - 1', { published: 1, now: 2 ** 31 + 1 }],
    ['the same with keep', { mode: 'keep' as const, input: 3e9, published: 1 }],
  ])('refuses %s with exit 4', (_name, choice) => {
    expect(() => choose(choice)).toThrow(expect.objectContaining({ exitCode: 4 }));
  });

  it('allows the largest step, 2^31 - 1', () => {
    expect(choose({ mode: 'keep', input: 2 ** 31, published: 1 })).toBe(2 ** 31);
  });

  it('is greater than the last one, or refused, whatever mode, time and state', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('unixtime', 'date', 'increment'),
        fc.integer({ min: 0, max: 2 ** 33 }),
        fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        (mode, now, published) => {
          let serial: number;
          try {
            serial = choose({ mode: mode as 'date', now, published });
          } catch {
            return mode !== 'increment';
          }
          return serialGreater(serial, published) && serial >= 0 && serial < 2 ** 32;
        },
      ),
    );
  });

  it('keep is refused when the zone has changed under its serial', () => {
    expect(keepRefusal(7, 7, false)).toContain('7');
    expect(keepRefusal(7, 7, true)).toBeUndefined();
    expect(keepRefusal(8, 7, false)).toBeUndefined();
    expect(keepRefusal(8, undefined, false)).toBeUndefined();
  });
});
