import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  countDownloads,
  type DownloadCount,
  type DownloadRow,
} from '#zonewright/zfa/report/downloads.js';

const row = (
  holder: string,
  file: string,
  began: number,
  ended: number | undefined,
  sent: number,
): DownloadRow => ({ holder, file, began, ended, sent });

it('counts by zone and by file, bundles of all days together', () => {
  const rows = [
    row('a', 'czds/com', 100, 110, 1000),
    row('b', 'czds/com', 120, 130, 1000),
    row('b', 'files/com/com.zone.gz.md5', 131, 131, 40),
    row('b', 'czds/net', 140, undefined, 7), // cut off
    row('c', 'bundle/20261101', 90, 100, 5000), // began before
    row('c', 'bundle/20261102', 150, 199, 6000),
    row('d', 'bundle/20261103', 199, 200, 6000), // complete after
    row('d', 'czds/com', 50, 99, 1000), // complete before
    row('d', 'czds/net', 99, undefined, 1000), // began before, never complete
  ];
  expect(countDownloads(rows, 100, 200)).toEqual({
    all: { complete: 5, unfinished: 1, bytes: 13_047, holders: 3 },
    by: {
      bundles: { complete: 2, unfinished: 0, bytes: 11_000, holders: 1 },
      com: { complete: 3, unfinished: 0, bytes: 2040, holders: 2 },
      net: { complete: 0, unfinished: 1, bytes: 7, holders: 1 },
    },
    files: {
      bundles: { complete: 2, unfinished: 0, bytes: 11_000, holders: 1 },
      'czds/com': { complete: 2, unfinished: 0, bytes: 2000, holders: 2 },
      'czds/net': { complete: 0, unfinished: 1, bytes: 7, holders: 1 },
      'files/com/com.zone.gz.md5': { complete: 1, unfinished: 0, bytes: 40, holders: 1 },
    },
  });
});

it('what became complete later was not complete then', () => {
  const rows = [row('a', 'czds/com', 100, 160, 9)];
  expect(countDownloads(rows, 100, 151, 150).all).toMatchObject({ complete: 0, unfinished: 1 });
  expect(countDownloads(rows, 100, 200, 200).all).toMatchObject({ complete: 1, unfinished: 0 });
});

it('each record counts in one month', () => {
  const records = fc.array(
    fc.record({
      holder: fc.constantFrom('a', 'b'),
      file: fc.constantFrom('czds/com', 'bundle/20261101', 'files/net/net.zone.gz'),
      began: fc.nat(399),
      lasts: fc.option(fc.nat(150)),
      sent: fc.nat(1000),
    }),
  );
  fc.assert(
    fc.property(records, fc.integer({ min: 1, max: 100 }), (all, length) => {
      const rows = all.map(({ holder, file, began, lasts, sent }) =>
        row(holder, file, began, lasts === null ? undefined : began + lasts, sent),
      );
      const counts: DownloadCount[] = [];
      for (let from = 0; from < 600; from += length) {
        counts.push(countDownloads(rows, from, from + length, 1000));
      }
      const sum = (what: 'complete' | 'unfinished' | 'bytes') =>
        counts.reduce((n, { all: figures, by, files }) => {
          for (const parts of [by, files]) {
            const inParts = Object.values(parts).reduce((m, part) => m + part[what], 0);
            expect(inParts).toBe(figures[what]);
          }
          return n + figures[what];
        }, 0);
      expect(sum('complete')).toBe(all.filter(({ lasts }) => lasts !== null).length);
      expect(sum('unfinished')).toBe(all.filter(({ lasts }) => lasts === null).length);
      expect(sum('bytes')).toBe(all.reduce((n, { sent }) => n + sent, 0));
    }),
  );
});
