/** What the page is made of, and what guards its forms. */

import { describe, expect, it } from 'vitest';
import type { Holder } from '#zonewright/zfa/holders/model.js';
import {
  assemblePage,
  type CurrentZone,
  type PageSources,
  type ZoneDay,
} from '#zonewright/zfa/portal/assemble.js';
import { formFields, isOwnForm, PAGE_HEADERS } from '#zonewright/zfa/portal/guard.js';
import { home, NOW } from './pages.js';

const holder: Holder = {
  id: 'acme',
  name: 'Ada',
  organisation: undefined,
  email: 'a@example.com',
  purpose: 'a secret purpose',
  zones: ['com', 'net'],
  allow: [],
  agreement: { version: '2026-1', date: NOW - 1000 },
  state: 'approved',
  expires: undefined,
  ageKey: undefined,
  hasPassword: true,
  epoch: 1,
  created: 0,
  approved: 0,
  changed: 0,
};

const current = (zone: string): CurrentZone => ({
  generation: '20261125T001000Z-9',
  serial: 9,
  buildTime: Date.UTC(2026, 10, 25, 0, 10) / 1000,
  counts: { delegations: 50, added: 2, removed: 1, signatures: {} },
  files: ['removed.txt.gz', `${zone}.zone.gz`, 'notes', `${zone}.zone.gz.md5`].map((name) => ({
    name,
    bytes: 10,
    sha256: `hash of ${name}`,
    href: `/files/${zone}/${name}`,
  })),
});

const bundled = (date: string): ZoneDay => ({
  date,
  generation: `${date}T003000Z-7`,
  serial: 7,
  delegations: 49,
  added: 3,
  removed: 0,
  packed: 99,
  sha256: 'aa',
});

const sources = (change: Partial<PageSources> = {}): PageSources => ({
  origin: 'https://zfa.example',
  now: NOW,
  holder,
  limitHours: 24,
  keepDays: 7,
  agreement: { version: '2026-1', text: 'Text.', agreed: true },
  unticked: false,
  publicKey: undefined,
  zone: (label) =>
    label === 'com'
      ? {
          current: current('com'),
          days: ['20261101', '20261123', '20261124', '20261125'].map(bundled),
        }
      : { current: undefined, days: [] },
  bundles: [...home().bundles].reverse(),
  ...change,
});

describe('assemblePage', () => {
  const { zones, bundles } = assemblePage(sources());

  it('has the zones of the holder, newest first: what is published, and what is in bundles', () => {
    expect(zones.map(({ zone }) => zone)).toEqual(['com', 'net']);
    expect(zones[0].days.map(({ date }) => date)).toEqual(['20261125', '20261124', '20261123']);
    expect(zones[1]).toEqual({ zone: 'net', days: [], history: [] });
    expect(bundles[0].date).toBe('20261125');
    expect(zones[0].days[1]).toMatchObject({
      serial: 7,
      built: Date.UTC(2026, 10, 24, 0, 30) / 1000,
      bytes: 99,
      files: [{ what: 'in the bundle', href: '/bundles/20261124.tar' }],
    });
  });

  it('has the history of all days, the newest as it is published', () => {
    expect(zones[0].history.map(({ date, delegations }) => [date, delegations])).toEqual([
      ['20261101', 49],
      ['20261123', 49],
      ['20261124', 49],
      ['20261125', 50],
    ]);
    const withdrawn = sources({
      zone: () => ({ current: undefined, days: [bundled('20261124')] }),
    });
    expect(assemblePage(withdrawn).zones[0].history).toHaveLength(1);
  });

  it('names the files of a day and takes size and checksum from the zone file', () => {
    const [first] = zones[0].days;
    expect(first).toMatchObject({
      bytes: 10,
      sha256: 'hash of com.zone.gz',
      built: Date.UTC(2026, 10, 25, 0, 10) / 1000,
      delegations: 50,
      added: 2,
      removed: 1,
    });
    expect(first.files.map(({ what }) => what)).toEqual(['zone file', 'MD5', 'removed', 'notes']);
    const bare = { ...current('com'), files: [], counts: { delegations: '50', added: -1 } };
    const page = assemblePage(sources({ zone: () => ({ current: bare, days: [] }) }));
    expect(page.zones[0].days[0]).toMatchObject({
      bytes: undefined,
      sha256: undefined,
      delegations: undefined,
      added: undefined,
    });
  });

  it('has no changes for the first generation, to which all names are new', () => {
    const first = { ...bundled('20261101'), delegations: 49, added: 49, removed: 0 };
    const page = assemblePage(sources({ zone: () => ({ current: undefined, days: [first] }) }));
    expect(page.zones[0].history[0]).toEqual({
      date: '20261101',
      delegations: 49,
      added: undefined,
      removed: undefined,
    });
  });

  it('tells which version of the agreement was accepted, and when', () => {
    expect(assemblePage(sources()).agreement).toMatchObject({
      accepted: NOW - 1000,
      before: undefined,
    });
    const agreement = { version: '2026-2', text: 'New.', agreed: false };
    expect(assemblePage(sources({ agreement })).agreement).toEqual({
      version: '2026-2',
      text: 'New.',
      accepted: undefined,
      before: '2026-1',
      unticked: false,
    });
    expect(assemblePage(sources({ agreement: undefined })).agreement).toBeUndefined();
  });
});

describe('isOwnForm', () => {
  const own = 'https://zfa.example';
  const none = { site: undefined, origin: undefined, referer: undefined };

  it('believes what the browser says of where a form comes from', () => {
    expect(isOwnForm({ ...none, site: 'same-origin', origin: own }, own)).toBe(true);
    // Behind a proxy the browser's origin is not what we are asked as.
    expect(isOwnForm({ ...none, site: 'same-origin', origin: 'https://public.example' }, own)).toBe(
      true,
    );
    for (const site of ['cross-site', 'same-site', 'none', '', 'SAME-ORIGIN']) {
      expect(isOwnForm({ site, origin: own, referer: `${own}/` }, own)).toBe(false);
    }
  });

  it('goes by the origin where there is no more, and by nothing not at all', () => {
    expect(isOwnForm({ ...none, origin: own }, own)).toBe(true);
    expect(isOwnForm(none, own)).toBe(false);
    for (const origin of ['https://evil.example', 'http://zfa.example', 'null', '']) {
      expect(isOwnForm({ ...none, origin }, own)).toBe(false);
      // What says less does not count then.
      expect(isOwnForm({ ...none, origin, referer: `${own}/` }, own)).toBe(false);
    }
  });

  it('goes by the page of a browser that says no more', () => {
    expect(isOwnForm({ ...none, referer: `${own}/sign-in` }, own)).toBe(true);
    for (const referer of [
      `${own}.evil.example/`,
      `https://evil.example/?${own}`,
      own.slice(8),
      '',
    ]) {
      expect(isOwnForm({ ...none, referer }, own)).toBe(false);
    }
  });
});

it('reads the fields of a form', () => {
  const field = formFields('username=a%26b&password=x+y%2B&username=other');
  expect([field('username'), field('password'), field('none')]).toEqual(['a&b', 'x y+', '']);
});

it('allows nothing inline and nothing from elsewhere', () => {
  const policy = PAGE_HEADERS['Content-Security-Policy'];
  expect(policy).not.toContain('unsafe');
  expect(policy).toMatch(/^default-src 'none';/);
  expect(PAGE_HEADERS['Cache-Control']).toBe('no-store');
});
