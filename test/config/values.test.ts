/** The values that flags and the configuration share: durations, sizes, shares, times, names. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatDuration, parseDuration } from '#zonewright/config/duration.js';
import { parseHostName, parseZoneName } from '#zonewright/config/names.js';
import { parseServerAddress, serverAddressText } from '#zonewright/config/server-address.js';
import { formatSize, parsePercent, parseSize } from '#zonewright/config/size.js';
import { nearest } from '#zonewright/config/suggest.js';
import { basicTime, isoTime, parseTime, stampTime } from '#zonewright/config/time.js';
import { nameFromText } from '#zonewright/names/name.js';

describe('durations (ISO 8601)', () => {
  test.each([
    ['PT1H', 3600],
    ['P14D', 1_209_600],
    ['P90D', 7_776_000],
    ['PT12H', 43_200],
    ['P2Y', 63_072_000],
    ['P1W', 604_800],
    ['P1M', 2_678_400],
    ['PT1M', 60],
    ['P1DT1H1M1S', 90_061],
    ['PT0S', 0],
    ['p1dt2h', 93_600],
  ])('%s is %i seconds', (text, seconds) => {
    expect(parseDuration(text)).toBe(seconds);
  });

  test.each(['', 'P', 'PT', 'P1DT', '1D', '14', 'P-1D', 'PT1.5H', 'P1H', 'PT1D', 'P1D1W', '-P1D'])(
    '%j is none',
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );

  test('what is written reads as the same number of seconds', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31 - 1), (seconds) => {
        expect(parseDuration(formatDuration(seconds))).toBe(seconds);
      }),
    );
    expect(formatDuration(691_200)).toBe('P8D');
    expect(formatDuration(90_000)).toBe('P1DT1H');
  });
});

describe('sizes', () => {
  test.each([
    ['512MiB', 512 * 2 ** 20],
    ['1GiB', 2 ** 30],
    ['1G', 2 ** 30],
    ['64m', 64 * 2 ** 20],
    ['1.5GiB', 1.5 * 2 ** 30],
    ['250MB', 250e6],
    ['1 KiB', 1024],
    ['1048576', 1_048_576],
    ['100B', 100],
  ])('%s is %i bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  test.each(['', 'MiB', '-1', '1.5', '1XB', '1e9', 'lots', '99999999999T'])(
    '%j is none',
    (text) => {
      expect(parseSize(text)).toBeUndefined();
    },
  );

  test('are shown in the unit that fits', () => {
    expect(formatSize(1023)).toBe('1023 B');
    expect(formatSize(2 ** 30)).toBe('1 GiB');
    expect(formatSize(1.5 * 2 ** 20)).toBe('1.5 MiB');
    expect(formatSize(2 ** 20 - 1)).toBe('1 MiB');
  });
});

describe('shares', () => {
  test.each([
    ['5%', 0.05],
    ['0.5%', 0.005],
    ['100%', 1],
    ['0%', 0],
  ])('%s is %d', (text, share) => {
    expect(parsePercent(text)).toBeCloseTo(share, 12);
  });

  test.each(['5', '101%', '-1%', '%', '0.05'])('%j is none', (text) => {
    expect(parsePercent(text)).toBeUndefined();
  });
});

describe('times (UTC)', () => {
  test.each([
    '20261122000000',
    '2026-11-22T00:00:00Z',
    '2026-11-22',
    '2026-11-22T00:00',
    '20261122T000000Z',
    '2026-11-22 00:00:00.000',
    '2026-11-22T01:00:00+01:00',
    '2026-11-21T19:00:00-0500',
  ])('%s is 1795305600', (text) => {
    expect(parseTime(text)).toBe(1_795_305_600);
  });

  test.each([
    '',
    'now',
    '1795305600',
    '2026-02-30',
    '20260230000000',
    '2026-11-22T24:00:00Z',
    '2026-13-01',
    '19690101000000',
    '202611220000',
  ])('%j is none', (text) => {
    expect(parseTime(text)).toBeUndefined();
  });

  test('the forms that are written read as the same second, after 2038 and 2106, too', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 250_000_000_000 }), (seconds) => {
        expect(parseTime(isoTime(seconds))).toBe(seconds);
        expect(parseTime(basicTime(seconds))).toBe(seconds);
        expect(parseTime(stampTime(seconds))).toBe(seconds);
      }),
    );
    expect(basicTime(1_795_305_600)).toBe('20261122T000000Z');
  });
});

describe('names', () => {
  test('a zone is named in A-labels; nothing that could leave a folder', () => {
    expect(parseZoneName('Com.')).toEqual(nameFromText('com'));
    expect(parseZoneName('co.uk')).toEqual(nameFromText('co.uk'));
    expect(parseZoneName('.')).toEqual(new Uint8Array(1));
    for (const text of [
      '',
      '..',
      'a..b',
      '../x',
      'a/b',
      'рф',
      '-com',
      '$(x)',
      'a b',
      'x'.repeat(64),
    ]) {
      expect(parseZoneName(text), text).toBeUndefined();
    }
  });

  test('an address is no host name', () => {
    expect(parseHostName('a.gtld-servers.net.')).toEqual(nameFromText('a.gtld-servers.net'));
    for (const text of ['192.0.2.1', '192.0.2.1.', '2001:db8::1', 'ns1_.', '.']) {
      expect(parseHostName(text) === undefined, text).toBe(text !== 'ns1_.');
    }
  });
});

describe('did you mean', () => {
  const keys = ['algorithm', 'zonemd', 'max-change', 'max-removed'];
  test.each([
    ['algoritm', 'algorithm'],
    ['zonmed', 'zonemd'],
    ['max_change', 'max-change'],
    ['MAX-REMOVED', 'max-removed'],
  ])('%s: %s', (word, meant) => {
    expect(nearest(word, keys)).toBe(meant);
  });

  test('says nothing about a word that is far from all', () => {
    expect(nearest('colour', keys)).toBeUndefined();
    expect(nearest('x', keys)).toBeUndefined();
  });
});

describe('addresses of name servers', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1', 53],
    ['192.0.2.1:5300', '192.0.2.1', 5300],
    ['2001:DB8:0:0::1', '2001:db8::1', 53],
    ['[2001:db8::1]', '2001:db8::1', 53],
    ['[::1]:65535', '::1', 65_535],
  ])('%s', (text, address, port) => {
    expect(parseServerAddress(text)).toEqual({ address, port });
  });

  test.each([
    '',
    'ns1.example',
    '192.0.2',
    '192.0.2.256',
    '192.0.2.1:',
    '192.0.2.1:0',
    '192.0.2.1:65536',
    '[192.0.2.1]:53',
    '2001:db8::1:x',
    '[2001:db8::1',
    '[fe80::1%eth0]:53',
    'fe80::1%eth0',
    ' 192.0.2.1',
  ])('%j is none', (text) => {
    expect(parseServerAddress(text)).toBeUndefined();
  });

  test('what is written reads as the same', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.ipV4(), fc.ipV6()),
        fc.integer({ min: 1, max: 65_535 }),
        (ip, port) => {
          const parsed = parseServerAddress(ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`);
          expect(parsed).toBeDefined();
          if (parsed !== undefined)
            expect(parseServerAddress(serverAddressText(parsed))).toEqual(parsed);
        },
      ),
    );
  });
});
