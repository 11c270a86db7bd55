/** The portal's pages as text: what they say, that nothing hostile gets through, empty states. */

import { SaxesParser, type SaxesTagPlain } from 'saxes';
import { describe, expect, it } from 'vitest';
import { ASSETS, SCRIPT_PATH, STYLE_PATH } from '#zonewright/zfa/portal/assets.js';
import { renderHome } from '#zonewright/zfa/portal/home.js';
import type { HomePage, SignInNotice } from '#zonewright/zfa/portal/model.js';
import { renderSignIn } from '#zonewright/zfa/portal/sign-in.js';
import { MARK_ON, PALETTE, TEXT_ON } from '#zonewright/zfa/portal/style.js';
import { DAY, home, NOW, PUBLIC_KEY, zone } from './pages.js';

interface Page {
  readonly tags: readonly SaxesTagPlain[];
  /** Texts of the elements of this name, in order. */
  texts(name: string): string[];
  readonly text: string;
}

/** Reads a page as XML, which is stricter than HTML. */
function parse(html: string): Page {
  const tags: SaxesTagPlain[] = [];
  const open: { name: string; text: string }[] = [];
  const done: { name: string; text: string }[] = [];
  let text = '';
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', (tag) => {
    tags.push(tag);
    const element = { name: tag.name, text: '' };
    open.push(element);
    done.push(element);
  });
  parser.on('closetag', () => open.pop());
  parser.on('text', (part) => {
    text += part;
    for (const element of open) element.text += part;
  });
  parser.write(html).close();
  const tidy = (t: string): string => t.replaceAll(/\s+/g, ' ').trim();
  return {
    tags,
    text: tidy(text),
    texts: (name) => done.filter((e) => e.name === name).map((e) => tidy(e.text)),
  };
}

const values = (page: Page, name: string): string[] =>
  page.tags.map((tag) => tag.attributes[name]).filter((value) => value !== undefined);

/** What holds for every page. */
function check(html: string): Page {
  const page = parse(html);
  const ids = values(page, 'id');
  expect(new Set(ids).size).toBe(ids.length);
  for (const name of ['aria-labelledby', 'aria-describedby', 'for']) {
    for (const list of values(page, name)) {
      for (const id of list.split(' ')) expect(ids).toContain(id);
    }
  }
  for (const href of values(page, 'href').filter((h) => h.startsWith('#'))) {
    expect(ids).toContain(href.slice(1));
  }
  // Nothing that the Content-Security-Policy forbids, and nothing from elsewhere.
  expect(values(page, 'style')).toEqual([]);
  expect(page.tags.filter(({ name }) => name === 'style')).toEqual([]);
  expect(page.tags.flatMap(({ attributes }) => Object.keys(attributes))).not.toContainEqual(
    expect.stringMatching(/^on/),
  );
  expect(values(page, 'src')).toEqual([SCRIPT_PATH]);
  expect(page.tags.filter(({ name }) => name === 'script')).toHaveLength(1);
  for (const action of values(page, 'action')) expect(action).toMatch(/^\/[a-z-]+$/);
  // Headings go down one level at a time, from one h1.
  const levels = page.tags.flatMap(({ name }) => (/^h\d$/.test(name) ? Number(name[1]) : []));
  expect(levels[0]).toBe(1);
  expect(levels.filter((level) => level === 1)).toHaveLength(1);
  for (let i = 1; i < levels.length; i++) expect(levels[i] - levels[i - 1]).toBeLessThan(2);
  expect(page.text).not.toMatch(/NaN|undefined|Infinity|\[object|\\u000a/);
  for (const [, x] of html.matchAll(/ x[12]?="(-?[\d.]+)%"/g)) {
    expect(Number(x)).toBeGreaterThanOrEqual(0);
    expect(Number(x)).toBeLessThanOrEqual(100);
  }
  return page;
}

const HOSTILE = `"><script>alert(1)</script><img src=x onerror='a'>&amp;\u202e\u0000`;

describe('the page of a holder', () => {
  const page = check(renderHome(home()));

  it('says who, until when and under which rules', () => {
    expect(page.text).toContain('Signed in as acme-research');
    expect(page.text).toContain('Acme Research Ltd');
    expect(page.text).toContain('13 Mar 2027 (in 108 days)');
    expect(page.text).toContain('each file once in 24 hours');
    expect(page.text).toContain('2026-1, accepted 9 May 2026');
    expect(page.text).not.toContain('Your access ends');
  });

  it('has the numbers of each zone and day, and its files', () => {
    expect(page.texts('h2')).toEqual(['Bundles', 'Zone com', 'Zone net', 'Commands']);
    const row = page.texts('tr').find((text) => text.includes('1795219200'))!;
    expect(row).toMatch(
      /^Tue 24 Nov 2026 ?1795219200 ?160,208,867 ?\+138,259 ?−98,046 ?4\.23 GB ?e3b0c442…/,
    );
    expect(row).toContain('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(row).toContain('bytes');
    const files = values(page, 'href').filter((href) => href.startsWith('/files/com/20261124/'));
    expect(files.map((href) => href.split('/')[4])).toEqual([
      'com.zone.gz',
      'com.zone.gz.md5',
      'com.added.txt.gz',
      'com.removed.txt.gz',
    ]);
    // Links say what they are of when they are read out of their row.
    const links = page.texts('a').filter((text) => text.startsWith('added'));
    expect(new Set(links).size).toBe(links.length);
  });

  it('has the bundle of each day, plain and encrypted', () => {
    const hrefs = values(page, 'href').filter((href) => href.startsWith('/bundles/'));
    expect(hrefs).toHaveLength(14);
    expect(page.texts('a')).toContain('Encrypted 4.57 GB, bundle of Wed 25 Nov 2026');
    const without = check(renderHome(home({ holder: { ...home().holder, hasAgeKey: false } })));
    expect(without.text).toContain('give the registry an age public key');
  });

  it('warns within thirty days of the end, and not before', () => {
    const until = (expires: number | undefined): string =>
      check(renderHome(home({ holder: { ...home().holder, expires } }))).text;
    expect(until(NOW + 12 * DAY)).toContain('Your access ends on 7 Dec 2026, in 12 days');
    expect(until(NOW + 30 * DAY)).toContain('Your access ends');
    expect(until(NOW + 30 * DAY + 1)).not.toContain('Your access ends');
    expect(until(NOW + 3600)).toContain('Your access ends on 25 Nov 2026, today');
    expect(until(undefined)).toContain('no end is set');
  });

  it('says where an account may be used, if not everywhere', () => {
    const allow = ['192.0.2.0/24', '2001:db8::/32'];
    const told = check(renderHome(home({ holder: { ...home().holder, allow } })));
    expect(told.text).toContain('192.0.2.0/24, 2001:db8::/32');
  });

  it('shows an agreement that waits, and no file', () => {
    const agreement = {
      version: '2026-2',
      text: 'First <part>.\r\nSecond line.\n\nNext.',
      accepted: undefined,
      before: '2026-1',
      unticked: false,
    };
    const waits = check(renderHome(home({ agreement })));
    expect(waits.texts('h2')).toEqual(['Agreement 2026-2']);
    expect(waits.text).toContain('since you accepted version 2026-1');
    expect(waits.texts('p')).toContain('First <part>.Second line.');
    expect(values(waits, 'href').filter((href) => /^\/(?:files|bundles)/.test(href))).toEqual([]);
    expect(values(waits, 'action')).toEqual(['/sign-out', '/agreement']);
    expect(waits.text).not.toContain('not ticked');
    const unticked = check(renderHome(home({ agreement: { ...agreement, unticked: true } })));
    expect(unticked.text).toContain('The box is not ticked');
    const first = check(renderHome(home({ agreement: { ...agreement, before: undefined } })));
    expect(first.text).toContain('Before the first download');
    const away = check(renderHome(home({ agreement: { ...agreement, text: undefined } })));
    expect(away.text).toContain('can’t be shown at the moment');
    expect(values(away, 'action')).toEqual(['/sign-out']);
  });

  it('says what to expect where nothing is yet', () => {
    const empty = check(
      renderHome(
        home({
          zones: [
            { zone: 'com', days: [], history: [] },
            { ...zone('net', 1000), history: [] },
          ],
          bundles: [],
          publicKey: undefined,
        }),
      ),
    );
    expect(empty.text).toContain('Nothing of com is published yet');
    expect(empty.text).toContain('No bundle yet');
    expect(empty.text).toContain('No history yet');
    expect(empty.text).not.toContain('minisign');
    expect(check(renderHome(home({ zones: [], bundles: [] }))).text).toContain('No zone is named');
  });

  it('says that a number is not known, never 0', () => {
    const [day] = zone('com', 5000).days;
    const unknown = { ...day, delegations: undefined, added: undefined, removed: undefined };
    const told = check(
      renderHome(home({ zones: [{ zone: 'com', history: [], days: [unknown] }] })),
    );
    expect(told.texts('dd').filter((text) => text === '–not known')).toHaveLength(3);
    expect(told.texts('td').filter((text) => text === '–not known')).toHaveLength(3);
  });

  it('shows hostile text and never obeys it', () => {
    const hostile: HomePage = {
      ...home(),
      origin: `https://a'$(id)\`.example`,
      holder: { ...home().holder, id: HOSTILE, organisation: HOSTILE, allow: [HOSTILE] },
      agreement: { ...home().agreement!, version: HOSTILE },
      publicKey: HOSTILE,
      zones: [
        {
          zone: HOSTILE,
          history: zone('com', 1000).history,
          days: zone('com', 1000).days.map((day) => ({
            ...day,
            sha256: HOSTILE,
            files: [{ what: HOSTILE, name: HOSTILE, href: HOSTILE, bytes: 1 }],
          })),
        },
      ],
      bundles: home().bundles.map((b) => ({ ...b, zones: [HOSTILE], name: HOSTILE })),
    };
    const shown = check(renderHome(hostile));
    expect(shown.text).toContain('"><script>alert(1)</script>');
    expect(shown.text).toContain('\\u202e\\u0000');
    const text = { ...home().agreement!, accepted: undefined, text: HOSTILE, before: HOSTILE };
    check(renderHome(home({ agreement: text })));
    check(renderSignIn({ host: HOSTILE, name: HOSTILE, notice: { kind: 'wrong' } }));
  });
});

describe('the page for signing in', () => {
  const kinds: readonly SignInNotice['kind'][] = [
    'wrong',
    'empty',
    'foreign',
    'address',
    'unavailable',
    'ended',
    'signed-out',
  ];

  it('is a form with labels that a password manager understands', () => {
    const page = check(renderSignIn({ host: 'h', name: '', notice: undefined }));
    expect(values(page, 'autocomplete')).toEqual(['username', 'current-password']);
    expect(page.texts('label')).toEqual(['Account', 'Password']);
    expect(values(page, 'role')).toEqual(['status']);
  });

  it.each(kinds)('says what happened and what to do: %s', (kind) => {
    const page = check(renderSignIn({ host: 'h', name: 'acme', notice: { kind } as SignInNotice }));
    expect(values(page, 'id')).toContain('notice');
    expect(values(page, 'value')).toContain('acme');
    expect(values(page, 'role')[0]).toBe(
      kind === 'ended' || kind === 'signed-out' ? 'status' : 'alert',
    );
  });

  it('tells when the door opens again, never too early', () => {
    const at = (until: number): string =>
      check(renderSignIn({ host: 'h', name: '', notice: { kind: 'locked', until, now: NOW } }))
        .text;
    expect(at(NOW + 250)).toContain('until 10:25 UTC (in 5 minutes)');
    expect(at(NOW + 20)).toContain('until 10:21 UTC (in 1 minute)');
    expect(at(NOW + 60_000)).toContain('until 26 Nov 2026, 03:01 UTC (in 16 hours 40 minutes)');
  });
});

describe('the colours', () => {
  const luminance = (hex: string): number => {
    const [r, g, b] = [1, 3, 5].map((i) => {
      const c = Number.parseInt(hex.slice(i, i + 2), 16) / 255;
      return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a: string, b: string): number => {
    const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (high + 0.05) / (low + 0.05);
  };

  it.each(['light', 'dark'] as const)('of the %s theme can be read', (theme) => {
    const colours: Readonly<Record<string, string>> = PALETTE[theme];
    for (const [text, ground] of TEXT_ON) {
      const found = contrast(colours[text], colours[ground]);
      expect(found, `${text} on ${ground}`).toBeGreaterThanOrEqual(4.5);
    }
    for (const [mark, ground] of MARK_ON) {
      const found = contrast(colours[mark], colours[ground]);
      expect(found, `${mark} on ${ground}`).toBeGreaterThanOrEqual(3);
    }
  });
});

describe('the files beside the pages', () => {
  it('have addresses that change with them, and name nothing outside', () => {
    expect(ASSETS.map(({ path }) => path)).toEqual(['/style.css', '/script.js']);
    for (const path of [STYLE_PATH, SCRIPT_PATH]) expect(path).toMatch(/\?v=[0-9a-f]{12}$/);
    for (const { body } of ASSETS) expect(body).not.toMatch(/https?:|@import|url\(/);
  });

  it('are those that the pages use', () => {
    const page = check(renderHome(home()));
    expect(values(page, 'href')).toContain(STYLE_PATH);
  });
});

it('shows the public key of signatures', () => {
  expect(check(renderHome(home())).texts('code')).toContain(PUBLIC_KEY);
});
