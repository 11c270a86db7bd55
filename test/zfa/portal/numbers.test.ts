/** Numbers, growth and commands of the portal. */

import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commandsFor, shellWord } from '#zonewright/zfa/portal/commands.js';
import { growthFigure, scale, stretches } from '#zonewright/zfa/portal/growth.js';
import type { GrowthDay } from '#zonewright/zfa/portal/model.js';
import {
  balanceText,
  changeText,
  countText,
  dateText,
  listed,
  plural,
  roughCount,
  sizeText,
} from '#zonewright/zfa/portal/numbers.js';
import { DAY, date, history, home, NOW } from './pages.js';

describe('numbers', () => {
  it('are grouped and signed', () => {
    expect([0, 999, 1000, 160_244_121].map(countText)).toEqual([
      '0',
      '999',
      '1,000',
      '160,244,121',
    ]);
    expect([changeText(1200, '+'), changeText(1200, '-'), changeText(0, '-')]).toEqual([
      '+1,200',
      '−1,200',
      '0',
    ]);
    expect([1234, -1234, 0].map(balanceText)).toEqual(['+1,234', '−1,234', '0']);
    expect([plural(1, 'day'), plural(7, 'day')]).toEqual(['1 day', '7 days']);
  });

  it('of sizes have three digits', () => {
    expect(
      [0, 1, 999, 1000, 999_499, 999_500, 45_000_000, 4_229_999_999, 5e18].map(sizeText),
    ).toEqual([
      '0 bytes',
      '1 byte',
      '999 bytes',
      '1.00 kB',
      '999 kB',
      '1.00 MB',
      '45.0 MB',
      '4.23 GB',
      '5000 PB',
    ]);
  });

  it('on axes are short and exact', () => {
    expect([0, 12, 99_999, 150_000, 1_250_000, 160_500_000, 2e9].map(roughCount)).toEqual([
      '0',
      '12',
      '99,999',
      '150k',
      '1.25M',
      '160.5M',
      '2G',
    ]);
  });

  it('of days are words', () => {
    expect(dateText('20261122')).toBe('Sun 22 Nov 2026');
    expect([listed([]), listed(['com']), listed(['com', 'net']), listed(['a', 'b', 'c'])]).toEqual([
      '',
      'com',
      'com and net',
      'a, b and c',
    ]);
  });
});

describe('scale', () => {
  it('holds its values, in few steps that are told apart', () => {
    fc.assert(
      fc.property(fc.nat(2e9), fc.nat(1e8), (least, more) => {
        const ticks = scale(least, least + more);
        expect(ticks[0]).toBeLessThanOrEqual(least);
        expect(ticks[ticks.length - 1]).toBeGreaterThanOrEqual(least + more);
        expect(ticks[0]).toBeGreaterThanOrEqual(0);
        expect(ticks.length).toBeGreaterThanOrEqual(2);
        expect(ticks.length).toBeLessThanOrEqual(6);
        expect(new Set(ticks.map(roughCount)).size).toBe(ticks.length);
      }),
    );
  });

  it('has what does not change in the middle', () => {
    expect(scale(1234, 1234)).toEqual([1233, 1234, 1235]);
    expect(scale(0, 0)).toEqual([0, 1]);
  });
});

describe('stretches', () => {
  it('are days for a quarter, then weeks, then four weeks', () => {
    const names = [1, 92, 93, 740, 741].map((days) => stretches(history(days, 1000)).name);
    expect(names).toEqual(['day', 'day', 'week', 'week', 'four weeks']);
    expect(stretches([]).list).toEqual([]);
  });

  it('sum what came and went, and keep the last number of names', () => {
    const days = history(140, 100_000);
    const { list } = stretches(days);
    expect(list).toHaveLength(20);
    const sum = (values: readonly (number | undefined)[]): number =>
      values.reduce<number>((a, b) => a + (b ?? 0), 0);
    expect(sum(list.map(({ added }) => added))).toBe(sum(days.map(({ added }) => added)));
    expect(list[19].delegations).toBe(100_000);
    expect(list[19].to).toBe(Math.floor(NOW / DAY) * DAY + DAY);
    expect(list[18].delegations).toBe(days[days.length - 8].delegations);
  });

  it('leave out a first one that is cut, and those without a day', () => {
    expect(stretches(history(141, 1000)).list).toHaveLength(20);
    const gap = [...history(200, 1000).slice(0, 50), ...history(10, 1000)];
    expect(stretches(gap).list.length).toBeLessThan(12);
  });

  it('know nothing of what nobody counted', () => {
    const unknown: GrowthDay = {
      date: '20261125',
      delegations: undefined,
      added: undefined,
      removed: undefined,
    };
    expect(stretches([unknown]).list[0]).toMatchObject({
      added: undefined,
      delegations: undefined,
    });
  });
});

describe('growthFigure', () => {
  it('has a bar for each change, a curve that is broken where nothing is known, and a table', () => {
    const days: GrowthDay[] = history(10, 5000).map((day, i) =>
      i === 0
        ? { ...day, added: undefined, removed: undefined }
        : i === 4
          ? { ...day, delegations: undefined, removed: 0 }
          : { ...day, added: 10 * i, removed: 0 },
    );
    const { markup } = growthFigure('g', 'com', days);
    expect(markup.match(/<rect class="added"/g)).toHaveLength(9);
    expect(markup.match(/<rect class="removed"/g)).toBeNull();
    expect(/ d="([^"]*)"/.exec(markup)![1].match(/M/g)).toHaveLength(2);
    expect(markup.match(/<tr>/g)).toHaveLength(11);
    expect(markup).toMatch(
      /<desc[^>]*>5,000 names on 25 Nov 2026, 4,\d+ on 16 Nov 2026, a change of/,
    );
    // 90 of 100: the tallest bar.
    const heights = [...markup.matchAll(/class="added"[^>]*height="([\d.]+)"/g)].map(([, h]) =>
      Number(h),
    );
    expect(Math.max(...heights)).toBeCloseTo(36 * 0.9, 2);
  });

  it('draws one day, too', () => {
    const { markup } = growthFigure('g', 'com', history(1, 1234));
    expect(markup).toContain('1,234 names');
    expect(markup).not.toMatch(/NaN|Infinity/);
  });
});

describe('the commands', () => {
  const codes = (...args: Parameters<typeof home>): string[] =>
    commandsFor(home(...args)).map(({ code }) => code);

  it('are for the newest bundle and the first zone that is published', () => {
    const all = codes().join('\n');
    expect(all).toContain(`https://zfa.registry.example/bundles/${date(NOW)}.tar`);
    expect(all).toContain('/czds/downloads/com.zone');
    expect(all).toContain('minisign -Vm manifest.json -P RW');
    expect(codes({ bundles: [], zones: [] })).toHaveLength(2);
    expect(codes({ publicKey: undefined }).join('\n')).not.toContain('minisign');
  });

  it('are read by a shell without complaint, whatever names they hold', () => {
    const hostile = home({ origin: `https://a'$(id)"b.example` });
    for (const model of [home(), hostile]) {
      for (const { code } of commandsFor(model)) {
        execFileSync('sh', ['-n'], { input: code });
      }
    }
  });

  it('quote words so that a shell gives them back', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 20 }), (text) => {
        const word = text.replaceAll('\0', '');
        const out = execFileSync('sh', [], { input: `printf '%s' ${shellWord(word)}` });
        expect(out.toString()).toBe(word);
      }),
      { numRuns: 40 },
    );
  });

  it('keep password and token out of the arguments of programs', () => {
    const sign = codes()[0];
    expect(sign).not.toMatch(/curl[^|]*\$password/);
    expect(sign).toContain('umask 077');
    for (const code of codes().slice(1))
      expect(code).not.toMatch(/password|Bearer|--user|curl.* -u /);
  });
});
