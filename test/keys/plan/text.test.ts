/** A plan on the terminal. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { renderPlanText } from '#zonewright/keys/plan/text.js';
import { ROOT } from '../../tools/cli.js';
import { CASES, pair, planFor, subject } from './subjects.js';

const plain = { verbose: false, color: false };

describe('renderPlanText', () => {
  it('groups events by month and day, and marks what the operator does', () => {
    const lines = renderPlanText([planFor(subject(pair()), 200)], plain).split('\n');
    expect(lines.slice(0, 5)).toEqual([
      'com: 22 Nov 2026 to 10 Jun 2027',
      '  in use: KSK 12345, ZSK 2345',
      '',
      'January 2027',
      '  Sat  9  22:00  ZSK 2 is made and published, to take the place of ZSK 2345',
    ]);
    expect(lines).toContain(
      '> Thu  6  00:00  YOU: have the parent publish the DS of KSK 2 and remove that of KSK 12345',
    );
    expect(lines).toContain('                   zonewright keys ds --zone com');
    expect(lines.filter((line) => line.includes('(assumed)'))).toHaveLength(1);
    expect(lines.some((line) => line.includes('every cache'))).toBe(false);
  });

  it('is what the README shows', () => {
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
    const [, shown] = /^\$ zonewright keys plan .*\n([^`]*)```$/m.exec(readme)!;
    const text = renderPlanText([planFor(subject(pair()), 200)], plain);
    const parts = shown.split('…\n');
    expect(parts).toHaveLength(2);
    for (const part of parts) expect(text).toContain(part);
  });

  it('with --verbose has the waits and their formulas', () => {
    const text = renderPlanText([planFor(subject(pair()), 200)], { verbose: true, color: false });
    expect(text).toContain('every cache knows the DNSKEY of ZSK 2');
    expect(text.replaceAll(/\s+/g, ' ')).toContain(
      'published + propagation-delay + dnskey-ttl + safety-margin = 2027-01-09T22:00:00Z + PT1H + P1D + PT1H = 2027-01-11T00:00:00Z',
    );
  });

  it('says so when nothing is to come, and when the parent is waited for', () => {
    expect(renderPlanText([CASES['unlimited lifetimes']()], plain)).toContain(
      'Nothing is to come in this time.',
    );
    expect(renderPlanText([CASES['a parent that does nothing']()], plain)).toContain(
      'The parent has something to do that is not done: the plan goes on when it has.',
    );
    expect(renderPlanText([CASES['a trust anchor']()], plain)).not.toContain('parent');
  });

  it('of several zones has them one after the other', () => {
    const plans = ['com', 'net'].map((zone) => planFor(subject(pair(), {}, [], zone), 60));
    const text = renderPlanText(plans, plain);
    expect(text.match(/^\w+: 22 Nov/gm)).toEqual(['com: 22 Nov', 'net: 22 Nov']);
    expect(text.match(/Times are UTC/g)).toHaveLength(1);
  });

  it('has colour codes only where they are wanted, and lines that fit', () => {
    for (const [name, make] of Object.entries(CASES)) {
      const text = renderPlanText([make()], { verbose: true, color: false });
      expect(text, name).not.toContain('\x1b');
      for (const line of text.split('\n')) {
        if (!line.includes('zonewright keys')) expect(line.length, line).toBeLessThanOrEqual(100);
      }
      const painted = renderPlanText([make()], { verbose: true, color: true });
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the codes.
      expect(painted.replaceAll(/\x1b\[\d+m/g, ''), name).toBe(text);
    }
  });

  it('shows what would drive the terminal as text', () => {
    const text = renderPlanText([planFor(subject(pair(), {}, [], 'a\x1b[2Jb\n'), 60)], plain);
    expect(text.split('\n')[0]).toBe('a\\x1b[2Jb\\x0a: 22 Nov 2026 to 21 Jan 2027');
  });
});
