/** The page of a plan: well-formed, self-contained, escaped, legible, the same each time. */

import { SaxesParser, type SaxesTagPlain } from 'saxes';
import { afterEach, describe, expect, it } from 'vitest';
import { renderPlanHtml } from '#zonewright/keys/plan/html.js';
import type { Plan } from '#zonewright/keys/plan/model.js';
import { PALETTE, STYLE, TEXT_ON } from '#zonewright/keys/plan/style.js';
import { escapeText } from '#zonewright/present/escape.js';
import { CASES, NOW, pair, planFor, subject } from './subjects.js';

interface Page {
  readonly tags: readonly SaxesTagPlain[];
  readonly text: string;
}

/** Reads a page as XML, which is stricter than HTML. */
function parse(html: string): Page {
  const tags: SaxesTagPlain[] = [];
  let text = '';
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', (tag) => tags.push(tag));
  parser.on('text', (part) => {
    text += part;
  });
  parser.write(html).close();
  return { tags, text };
}

const attributes = (page: Page, name: string): string[] =>
  page.tags.map((tag) => tag.attributes[name]).filter((value) => value !== undefined);

function checkPage(plans: readonly Plan[]): void {
  const html = renderPlanHtml(plans);
  const page = parse(html);
  const ids = attributes(page, 'id');
  expect(new Set(ids).size).toBe(ids.length);
  for (const href of attributes(page, 'href')) expect(ids).toContain(href.replace(/^#/, ''));
  for (const list of attributes(page, 'aria-labelledby')) {
    for (const id of list.split(' ')) expect(ids).toContain(id);
  }
  expect(attributes(page, 'src')).toEqual([]);
  expect(page.tags.filter(({ name }) => /^(?:script|link|img|iframe|use)$/.test(name))).toEqual([]);
  // Names of XML languages are no addresses to load from.
  const outside = html
    .replaceAll('http://www.w3.org/2000/svg', '')
    .replaceAll('http://www.w3.org/1999/xhtml', '');
  expect(outside).not.toMatch(/https?:|\/\/|@import/);
  for (const [, target] of html.matchAll(/url\(([^)]*)\)/g)) expect(ids).toContain(target.slice(1));
  expect(html).not.toMatch(/NaN|undefined|Infinity|future 6|\bkey 6\d{4}/);
  // Every length along the time is within the picture.
  for (const [, x] of html.matchAll(/ x[12]?="(-?[\d.]+)%"/g)) {
    expect(Number(x)).toBeGreaterThanOrEqual(0);
    expect(Number(x)).toBeLessThanOrEqual(100);
  }
}

describe('renderPlanHtml', () => {
  it.each(Object.entries(CASES))('is a page of its own: %s', (_, make) => checkPage([make()]));

  it('of several zones has them all, with links', () => {
    const plans = ['com', 'net'].map((zone) => planFor(subject(pair(), {}, [], zone), 730));
    checkPage(plans);
    const page = parse(renderPlanHtml(plans));
    expect(attributes(page, 'href')).toEqual(expect.arrayContaining(['#zone-1', '#zone-2']));
    expect(page.tags.filter(({ name }) => name === 'h2')).toHaveLength(2);
  });

  it('says in tables and lists all that the pictures show', () => {
    const plan = planFor(subject(pair()), 730);
    const { text, tags } = parse(renderPlanHtml([plan]));
    for (const { what, why } of plan.events) {
      expect(text.toLowerCase()).toContain(what.toLowerCase());
      if (why !== undefined) expect(text.toLowerCase()).toContain(why.toLowerCase());
    }
    for (const { name } of plan.keys) expect(text).toContain(name);
    for (const part of ['90 days', '1 year', 'ECDSAP256SHA256', 'parent-ds-ttl', 'assumed']) {
      expect(text).toContain(part);
    }
    const pictures = tags.filter(({ attributes: { role } }) => role === 'img');
    expect(pictures.length).toBeGreaterThan(2);
    for (const { attributes: own } of pictures) expect(own['aria-labelledby']).toBeDefined();
  });

  it('numbers what the operator does alike in picture, list and table', () => {
    const html = renderPlanHtml([planFor(subject(pair()), 730)]);
    expect(html.match(/<text class="act-text" y="4">\d<\/text>/g)).toHaveLength(2);
    // The legend, the list and the table.
    expect(html.match(/class="no-act">1</g)).toHaveLength(3);
    expect(html.match(/class="no-act">2</g)).toHaveLength(2);
  });

  it('draws the first roll of a kind only', () => {
    const html = renderPlanHtml([planFor(subject(pair(), { kskLifetime: undefined }), 730)]);
    expect(html.match(/role="img"/g)).toHaveLength(2);
    expect(html.match(/It goes as the/g)!.length).toBeGreaterThan(5);
  });

  it('of an empty plan says so', () => {
    expect(renderPlanHtml([CASES['unlimited lifetimes']()])).toContain('Nothing is to come until');
    expect(renderPlanHtml([CASES['no keys and none wanted']()])).toContain('The zone has no keys');
  });

  it('takes hostile names for text', () => {
    const zone = `<script>alert(1)</script>"'&]]>\u202e\x00\x1b\ud800`;
    const plan = planFor(subject(pair(), {}, [{ role: 'ksk', at: NOW }], zone), 90);
    checkPage([plan, plan]);
    const html = renderPlanHtml([plan]);
    expect(html).not.toContain('<script');
    for (const hidden of ['\u202e', '\0', '\x1b', '\ud800']) expect(html).not.toContain(hidden);
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;]]&gt;\\u202e');
  });

  describe('is the same', () => {
    const { TZ } = process.env;
    afterEach(() => {
      if (TZ === undefined) delete process.env.TZ;
      else process.env.TZ = TZ;
    });

    it('each time, and in every time zone', () => {
      const make = (): string => renderPlanHtml([planFor(subject(pair()), 365)]);
      const first = make();
      for (const zone of ['UTC', 'Asia/Tokyo', 'America/St_Johns']) {
        process.env.TZ = zone;
        expect(make()).toBe(first);
      }
    });
  });
});

describe('escapeText', () => {
  it('leaves names as they are', () => {
    expect(escapeText('xn--p1ai → a\\032b é')).toBe('xn--p1ai → a\\032b é');
  });
});

/** Relative luminance (WCAG 2.1). */
function luminance(colour: string): number {
  const [r, g, b] = [1, 3, 5].map((i) => {
    const c = Number.parseInt(colour.slice(i, i + 2), 16) / 255;
    return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

describe('the style', () => {
  it.each(Object.entries(PALETTE))('has contrast for all text: %s', (_, palette) => {
    const colours: Readonly<Record<string, string>> = palette;
    for (const [text, ground] of TEXT_ON) {
      const [a, b] = [luminance(colours[text]), luminance(colours[ground])];
      const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      expect(contrast, `${text} on ${ground}`).toBeGreaterThanOrEqual(4.5);
    }
  });

  it('knows dark screens, narrow ones and paper', () => {
    expect(STYLE).toContain('prefers-color-scheme:dark');
    expect(STYLE).toContain('max-width:700px');
    expect(STYLE).toContain('break-before:page');
    // Each colour that is used is defined.
    for (const [, name] of STYLE.matchAll(/var\(--([\w-]+)\)/g)) {
      expect(Object.keys(PALETTE.light)).toContain(name);
    }
  });
});
