/** The rule of one download a day, and the arithmetic of intervals: against plain models of both. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addInterval,
  allowance,
  decide,
  type Interval,
  isWhole,
  type SentRecord,
  unnotedGap,
  windowSeconds,
} from '../../../src/zfa/service/limits.js';

const T = 1_000_000;
const DAY = 86_400;
const record = (more: Partial<SentRecord> = {}): SentRecord => ({
  etag: 'a',
  size: 1000,
  began: T,
  ended: T + 60,
  sent: 1000,
  resent: 0,
  ranges: [[0, 1000]],
  ...more,
});
const fresh = { etag: 'a', resumes: false, octets: 1000 };
const resumed = { etag: 'a', resumes: true, octets: 500 };

describe('intervals', () => {
  const interval = fc
    .tuple(fc.nat(60), fc.nat(20))
    .map(([start, length]): Interval => [start, start + length]);

  it('hold what was added, sorted and apart', () => {
    fc.assert(
      fc.property(fc.array(interval), (added) => {
        const covered = new Set<number>();
        for (const [start, end] of added) for (let i = start; i < end; i++) covered.add(i);
        const result = added.reduce(addInterval, [] as readonly Interval[]);
        const got = result.flatMap(([s, e]) => Array.from({ length: e - s }, (_, i) => s + i));
        expect(got).toEqual([...covered].sort((a, b) => a - b));
        for (let i = 1; i < result.length; i++) {
          expect(result[i][0]).toBeGreaterThan(result[i - 1][1]);
        }
        expect(isWhole(result, 60)).toBe(
          Array.from({ length: 60 }).every((_, i) => covered.has(i)),
        );
      }),
    );
  });

  it('a resume heals what a killed service did not note, and nothing else', () => {
    expect(unnotedGap([[0, 100]], 150)).toEqual([100, 150]);
    expect(unnotedGap([[0, 100]], 100)).toBeUndefined();
    expect(unnotedGap([[0, 200]], 100)).toBeUndefined();
    expect(unnotedGap([], 100)).toBeUndefined();
    expect(unnotedGap([[0, 100]], 100 + (65 << 20))).toBeUndefined();
  });
});

describe('one complete download in the window', () => {
  it('the first, and those that go on with it, are let through', () => {
    expect(decide([], fresh, 24, T)).toEqual({ kind: 'new' });
    const half = record({ ended: undefined, ranges: [[0, 500]], sent: 500 });
    expect(decide([half], resumed, 24, T + 5)).toEqual({ kind: 'same' });
    expect(decide([half], fresh, 24, T + 5)).toEqual({ kind: 'same' });
  });

  it('another one has to wait for the end of the window, a little less than its hours', () => {
    expect(windowSeconds(24)).toBe(DAY - 1800);
    expect(decide([record()], fresh, 24, T + 100)).toEqual({ kind: 'wait', seconds: DAY - 1900 });
    expect(decide([record()], fresh, 24, T + DAY - 1801).kind).toBe('wait');
    // A clock that had gone ahead and was set back keeps nobody out for longer than the window.
    expect(decide([record()], fresh, 24, T - 3600)).toEqual({ kind: 'wait', seconds: DAY - 1800 });
    expect(decide([record()], fresh, 24, T - 30 * DAY)).toEqual({ kind: 'new' });
    expect(decide([record()], fresh, 24, T + DAY - 1800)).toEqual({ kind: 'new' });
  });

  it('also of a version that is newer', () => {
    expect(decide([record()], { ...fresh, etag: 'b' }, 24, T + 100).kind).toBe('wait');
    const half = record({ ended: undefined });
    expect(decide([half], { ...fresh, etag: 'b' }, 24, T + 100).kind).toBe('new');
  });

  it('who resumes may, after the end, too, until the file was sent once more', () => {
    expect(decide([record()], resumed, 24, T + 100)).toEqual({ kind: 'same' });
    const tail = { ...resumed, octets: 400 };
    expect(decide([record({ resent: 600 })], tail, 24, T + 100)).toEqual({ kind: 'same' });
    expect(decide([record({ resent: 601 })], tail, 24, T + 100).kind).toBe('wait');
    expect(decide([record({ resent: 601 })], tail, 24, T + DAY)).toEqual({ kind: 'new' });
  });

  it('what is not complete goes on until three times the file and 64 MiB were sent', () => {
    const half = record({ ended: undefined, sent: allowance(1000) - 1 });
    expect(decide([half], fresh, 24, T + 100)).toEqual({ kind: 'same' });
    const unfinished = record({ ended: undefined, sent: allowance(1000) });
    expect(decide([unfinished], fresh, 24, T + 100).kind).toBe('wait');
  });

  it('a download that takes days is one', () => {
    const slow = record({ ended: undefined, ranges: [[0, 500]], sent: 500 });
    expect(decide([slow], resumed, 24, T + 3 * DAY)).toEqual({ kind: 'same' });
    expect(decide([slow], fresh, 24, T + 3 * DAY)).toEqual({ kind: 'new' });
  });

  it('without hours there is no rule', () => {
    expect(decide([record({ sent: 1e12 })], fresh, 0, T + 1)).toEqual({ kind: 'new' });
    expect(decide([record({ sent: 1e12 })], resumed, 0, T + 1)).toEqual({ kind: 'same' });
  });

  it('whatever is asked for, what is sent in a window is bounded', () => {
    const step = fc.record({
      etag: fc.constantFrom('a', 'b', 'c'),
      resumes: fc.boolean(),
      octets: fc.integer({ min: 1, max: 50 << 20 }),
      pause: fc.integer({ min: 0, max: 3600 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const size = 20 << 20;
        const records: SentRecord[] = [];
        let now = T;
        const history: { at: number; octets: number }[] = [];
        for (const { etag, resumes, octets, pause } of steps) {
          now += pause;
          const sent = Math.min(octets, size);
          const decision = decide(records, { etag, resumes, octets: sent }, 24, now);
          if (decision.kind === 'wait') {
            expect(decision.seconds).toBeGreaterThan(0);
            continue;
          }
          history.push({ at: now, octets: sent });
          const at = records.findLastIndex((one) => one.etag === etag);
          const before = decision.kind === 'new' || at < 0 ? undefined : records[at];
          const next: SentRecord = {
            etag,
            size,
            began: before?.began ?? now,
            ended: before?.ended ?? (sent === size ? now : undefined),
            sent: (before?.sent ?? 0) + sent,
            resent: (before?.resent ?? 0) + (before?.ended === undefined ? 0 : sent),
            ranges: [],
          };
          if (before === undefined) records.push(next);
          else records[at] = next;
        }
        for (const { at } of history) {
          const within = history.filter((one) => one.at >= at && one.at < at + DAY - 1800);
          const total = within.reduce((sum, one) => sum + one.octets, 0);
          // Three versions, two windows that each may begin and end within these hours.
          expect(total).toBeLessThanOrEqual(3 * 2 * (allowance(size) + size));
        }
      }),
      { numRuns: 200 },
    );
  });
});
