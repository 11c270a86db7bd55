import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Measure } from '#zonewright/keys/engine/model.js';
import { greatestTtl, type ObservedTtl, observeTtl } from '#zonewright/keys/engine/observed.js';

const measure = (seconds: number, name = 'ttl'): Measure => ({ seconds, name });
const LAG = { propagation: measure(300), margin: measure(60) };

test('a lowered TTL counts until the last data with the old one has expired', () => {
  let seen: readonly ObservedTtl[] = observeTtl([], 86_400, 1_000_000, LAG);
  // Nobody built for ten days: the old TTL was in place all the time.
  const lowered = 1_000_000 + 10 * 86_400;
  seen = observeTtl(seen, 3600, lowered, LAG);
  const until = lowered + 86_400 + 300 + 60;
  const configured = measure(3600, 'dnskey-ttl');
  expect(greatestTtl(configured, seen, until - 1, LAG)).toEqual({
    seconds: 86_400,
    name: 'dnskey-ttl as seen',
  });
  expect(greatestTtl(configured, seen, until, LAG)).toBe(configured);
  expect(observeTtl(seen, 3600, until - 1, LAG)).toHaveLength(2);
  expect(observeTtl(seen, 3600, until, LAG)).toEqual([{ seconds: 3600, lastSeen: until }]);
});

test('a TTL in place that is greater than the configured one counts however long it was not looked at', () => {
  const seen = observeTtl([], 7200, 1_000_000, LAG);
  const configured = measure(3600);
  expect(greatestTtl(configured, seen, 9_000_000, LAG).seconds).toBe(7200);
});

test('what is configured counts although it was never seen', () => {
  const seen = observeTtl([], 3600, 1_000_000, LAG);
  const configured = measure(7200);
  expect(greatestTtl(configured, seen, 1_000_001, LAG)).toBe(configured);
  expect(greatestTtl(configured, [], 1_000_001, LAG)).toBe(configured);
});

test('a TTL that goes up and down again is remembered once, with the later time', () => {
  let seen: readonly ObservedTtl[] = [];
  for (const [at, ttl] of [
    [0, 900],
    [100, 300],
    [200, 900],
    [250, 300],
  ]) {
    seen = observeTtl(seen, ttl, at, LAG);
  }
  expect(seen).toEqual([
    { seconds: 900, lastSeen: 250 },
    { seconds: 300, lastSeen: 250 },
  ]);
});

test('at any time it is the greatest TTL of all data that a cache may hold then', () => {
  const look = fc.record({
    after: fc.integer({ min: 1, max: 9 }),
    ttl: fc.integer({ min: 0, max: 12 }),
  });
  const lag = { propagation: measure(2), margin: measure(0) };
  fc.assert(
    fc.property(fc.array(look, { minLength: 1, maxLength: 12 }), (looks) => {
      // When each TTL was published, and until when.
      const published: { ttl: number; from: number; to: number }[] = [];
      let seen: readonly ObservedTtl[] = [];
      let now = 0;
      for (const { after, ttl } of looks) {
        for (let passed = 0; passed < after; passed++) {
          if (published.length > 0) check(now, published, seen);
          now++;
        }
        const last = published.at(-1);
        if (last !== undefined) last.to = now;
        published.push({ ttl, from: now, to: Number.POSITIVE_INFINITY });
        seen = observeTtl(seen, ttl, now, lag);
        check(now, published, seen);
      }
    }),
  );
  function check(
    now: number,
    published: readonly { ttl: number; to: number }[],
    seen: readonly ObservedTtl[],
  ): void {
    // Fetched at the latest just before the last secondary had the next version.
    const held = published.filter(({ ttl, to }) => to + 2 + ttl > now).map(({ ttl }) => ttl);
    expect(greatestTtl(measure(0), seen, now, lag).seconds).toBe(Math.max(0, ...held));
  }
});
