import { describe, expect, it } from 'vitest';
import {
  commentTime,
  type KeyTiming,
  nextTiming,
  parseStamp,
  phaseAt,
} from '#zonewright/keys/timing.js';

const letters = (timing: KeyTiming, now: number): string => {
  const { published, signs, revoked, removed } = phaseAt(timing, now);
  return `${published ? 'p' : '-'}${signs ? 's' : '-'}${revoked ? 'r' : '-'}${removed ? 'x' : '-'}`;
};

describe('phaseAt: what dnssec-signzone -S does with a key', () => {
  const whole = { created: 0, publish: 10, activate: 20, inactive: 30, delete: 40 };
  it.each([
    ['no metadata at all: in use', {}, 5, 'ps--'],
    ['created only (dnssec-keygen -G): not in use', { created: 0 }, 5, '----'],
    ['before Publish', whole, 9, '----'],
    ['at Publish', whole, 10, 'p---'],
    ['at Activate', whole, 20, 'ps--'],
    ['at Inactive', whole, 30, 'p---'],
    ['at Delete', whole, 40, '---x'],
    ['Activate ahead, Publish not set', { created: 0, activate: 20 }, 5, '----'],
    ['Activate reached, Publish not set', { created: 0, activate: 20 }, 20, 'ps--'],
    [
      'Activate reached, Publish ahead: signs unpublished',
      { activate: 20, publish: 30 },
      25,
      '-s--',
    ],
    ['Publish reached, no Activate', { publish: 10 }, 15, 'p---'],
    ['at Revoke: has to sign', { publish: 10, revoke: 30 }, 30, 'psr-'],
    ['revoked and inactive: signs still', { ...whole, revoke: 25 }, 35, 'psr-'],
    ['revoked before it is published', { publish: 10, revoke: 5 }, 7, '----'],
    ['revoked and deleted', { ...whole, revoke: 25 }, 40, '---x'],
    ['sync times alone', { syncPublish: 3 }, 5, '----'],
  ] as const)('%s', (_, timing, now, expected) => {
    expect(letters(timing, now)).toBe(expected);
  });
});

describe('times of key files', () => {
  it('are YYYYMMDDHHMMSS in UTC, with a comment after them or not', () => {
    expect(parseStamp('20261122000000')).toBe(1795305600);
    expect(parseStamp(' 20261122000000 (Sun Nov 22 00:00:00 2026)')).toBe(1795305600);
    expect(parseStamp('21070101000000')).toBe(4323283200);
  });

  it.each(['', '2026112200000', '20261322000000', '20260230000000', 'none', '202611220000000'])(
    '%j is none',
    (value) => {
      expect(parseStamp(value)).toBeUndefined();
    },
  );

  it('are written in comments as BIND writes them', () => {
    expect(commentTime(1795305600)).toBe('20261122000000 (Sun Nov 22 00:00:00 2026)');
    expect(commentTime(1795305600 + 9 * 86400 + 3661)).toBe(
      '20261201010101 (Tue Dec  1 01:01:01 2026)',
    );
  });
});

describe('nextTiming', () => {
  const timing = { created: 0, publish: 10, activate: 20, inactive: 30, delete: 40 };
  it.each([
    [0, 10, 'its DNSKEY is published', 'Publish'],
    [10, 20, 'begins to sign', 'Activate'],
    [29, 30, 'ceases to sign', 'Inactive'],
    [30, 40, 'its DNSKEY is removed', 'Delete'],
  ])('after %i it is at %i: %s', (now, at, what, label) => {
    expect(nextTiming(timing, now)).toEqual({ at, what, why: `${label} time in the key file` });
  });

  it('is undefined when nothing is to come', () => {
    expect(nextTiming(timing, 40)).toBeUndefined();
  });
});
