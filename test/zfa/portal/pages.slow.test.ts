/**
 * The portal's pages in Chromium, each by itself: legible and complete in both themes and at three
 * widths, by keyboard, with and without JavaScript, and on paper.
 */

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { renderHome } from '#zonewright/zfa/portal/home.js';
import { renderSignIn } from '#zonewright/zfa/portal/sign-in.js';
import { describeWithTools } from '../../tools/judges.js';
import { contrastFaults, keyboardWalk, overflowFaults, structureFaults } from './accessibility.js';
import {
  expectGoodKeyboard,
  expectGoodPage,
  openPage,
  servePages,
  startChromium,
} from './browser.js';
import { DAY, home, NOW, PUBLIC_KEY, zone } from './pages.js';

const text = 'A paragraph of the agreement that is long enough to be broken.\n\n'.repeat(60);
const sign = { host: 'zfa.registry.example', name: '', notice: undefined };
/** What the checks have to find. */
const BAD = `<!DOCTYPE html><html><head><link rel="stylesheet" href="/style.css"/></head><body>
<main><h1>A</h1><h3>B</h3><a href="/a">more</a><a href="/b">more</a><input type="text"/>
<p style="color:#888">c</p><p class="bad">d</p><button id="quiet">e</button>
<table><tr><th>x</th></tr></table><pre class="wide-pre">${'w'.repeat(2000)}</pre></main>
<script>document.querySelector('.bad').style.color='#aaa';</script></body></html>`;
const PAGES: Readonly<Record<string, string>> = {
  '/bad': BAD,
  '/home': renderHome(home()),
  '/first': renderHome(
    home({
      holder: { ...home().holder, hasAgeKey: false, expires: NOW + 3 * DAY, allow: ['::1/128'] },
      zones: [zone('com', 12, 1, 1)],
      bundles: home().bundles.slice(0, 1),
    }),
  ),
  '/years': renderHome(
    home({
      zones: [
        zone('com', 160_244_121, 400),
        zone('net', 12_700_456, 1500),
        zone(`xn--${'long-label-'.repeat(5)}a`, 99, 30, 2),
      ],
    }),
  ),
  '/empty': renderHome(
    home({
      zones: [{ zone: 'com', days: [], history: [] }],
      bundles: [],
      publicKey: undefined,
      holder: { ...home().holder, id: 'a'.repeat(64), organisation: 'W'.repeat(200) },
    }),
  ),
  '/agreement': renderHome(
    home({
      agreement: { version: '2', text, accepted: undefined, before: '1', unticked: true },
    }),
  ),
  '/sign-in': renderSignIn(sign),
  '/wrong': renderSignIn({ ...sign, name: 'acme', notice: { kind: 'wrong' } }),
  '/signed-out': renderSignIn({ ...sign, notice: { kind: 'signed-out' } }),
  '/locked': renderSignIn({ ...sign, notice: { kind: 'locked', until: NOW + 90, now: NOW } }),
};

describeWithTools(['chromium'], 'the portal’s pages in a browser', () => {
  let browser: Browser;
  let server: Awaited<ReturnType<typeof servePages>>;

  beforeAll(async () => {
    browser = await startChromium();
    server = await servePages(PAGES);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  it('are looked at with checks that find faults', async () => {
    const { page, complaints } = await openPage(browser, server.base);
    await page.goto(`${server.base}/bad`);
    expect(complaints.filter((text) => text.includes('Content Security Policy'))).toHaveLength(2);
    await page.evaluate(() => {
      document.querySelector<HTMLElement>('.bad')!.style.color = '#aaa';
      document.querySelector<HTMLElement>('.wide-pre')!.style.overflow = 'visible';
      const quiet = document.getElementById('quiet')!;
      quiet.style.outline = 'none';
      document.querySelector('main')!.prepend(quiet.cloneNode(true));
      document.querySelector('main > button')!.removeAttribute('style');
    });
    expect(await contrastFaults(page)).toEqual([expect.stringMatching(/^2\.32: "d"/)]);
    expect(await overflowFaults(page)).toHaveLength(1);
    const faults = (await structureFaults(page)).join('\n');
    for (const part of [
      'language',
      'title',
      'skips a level',
      'two links',
      'has no name',
      '0 header',
    ]) {
      expect(faults).toContain(part);
    }
    for (const part of ['no caption', 'no scope', 'an id is there twice'])
      expect(faults).toContain(part);
    const walk = await keyboardWalk(page);
    expect(walk.faults.join()).toContain('the focus can’t be seen');
    await page.context().close();
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1280, 800, 360]) {
      it(`are legible and complete in ${colorScheme}, ${width} px wide`, async () => {
        const watched = await openPage(browser, server.base, {
          viewport: { width, height: 800 },
          colorScheme,
        });
        for (const path of Object.keys(PAGES).filter((each) => each !== '/bad')) {
          await watched.page.goto(server.base + path);
          await expectGoodPage(watched);
          // What is folded away is looked at, too.
          for (const summary of await watched.page.locator('summary').all()) await summary.click();
          await expectGoodPage(watched);
        }
        await watched.page.context().close();
      });
    }
  }

  it('are gone through with the keyboard, past the heading if one likes', async () => {
    const watched = await openPage(browser, server.base);
    const { page } = watched;
    await page.goto(`${server.base}/home`);
    const reached = await expectGoodKeyboard(watched);
    expect(reached[0]).toBe('Skip to the content');
    expect(reached.slice(1, 4)).toEqual(['Zone file access', 'Sign out', 'Bundles']);
    expect(reached.filter((name) => name.startsWith('Copy')).length).toBeGreaterThan(6);

    await page.goto(`${server.base}/home`);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Bundles');

    // The text of the agreement is scrolled without a mouse.
    await page.goto(`${server.base}/agreement`);
    expect(await expectGoodKeyboard(watched)).toContain('Text of the agreement');
    await page.getByRole('region', { name: 'Text of the agreement' }).focus();
    await page.keyboard.press('End');
    await page.waitForFunction(
      () => (document.querySelector('.agreement-text')?.scrollTop ?? 0) > 200,
    );
    await page.context().close();
  });

  it('put the cursor where one goes on', async () => {
    const { page } = await openPage(browser, server.base);
    const focused = (): Promise<string | undefined> =>
      page.evaluate(() => document.activeElement?.id);
    await page.goto(`${server.base}/sign-in`);
    expect(await focused()).toBe('name');
    await page.goto(`${server.base}/wrong`);
    expect(await focused()).toBe('password');
    expect(await page.locator('#password').getAttribute('aria-describedby')).toBe('notice');
    await page.context().close();
  });

  it('copy commands and checksums, and say so', async () => {
    const watched = await openPage(browser, server.base, {
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    const { page, complaints } = watched;
    await page.goto(`${server.base}/home`);
    await page.getByRole('button', { name: 'Copy public key' }).click();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(PUBLIC_KEY);
    await page.waitForFunction(
      () => document.getElementById('said')?.textContent === 'Copied: public key',
    );
    await page.locator('.hash summary').first().press('Enter');
    await page.getByRole('button', { name: 'Copy SHA-256 of com, Wed 25 Nov 2026' }).press('Enter');
    expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(/^[0-9a-f]{64}$/);
    await page.getByRole('button', { name: /^Copy command: Sign in/ }).click();
    const command = await page.evaluate(() => navigator.clipboard.readText());
    expect(command).toMatch(/^\(\n {2}umask 077\n[\s\S]*\n\)$/);
    expect(complaints).toEqual([]);
    await page.context().close();

    // A browser that forbids it leaves the old way.
    const other = await openPage(browser, server.base, { permissions: [] });
    await other.page.addInitScript(() => {
      Object.defineProperty(navigator, 'clipboard', { value: undefined });
    });
    await other.page.goto(`${server.base}/home`);
    const button = other.page.getByRole('button', { name: 'Copy public key' });
    await button.click();
    await other.page.waitForFunction(() =>
      /^Copied/.test(document.getElementById('said')?.textContent ?? ''),
    );
    expect(await button.evaluate((element) => element === document.activeElement)).toBe(true);
    await other.page.context().close();
  });

  it('have everything but the copying without JavaScript', async () => {
    const plain = await openPage(browser, server.base, { javaScriptEnabled: false });
    const { page } = plain;
    await page.goto(`${server.base}/home`);
    expect(await page.getByRole('button').allTextContents()).toEqual(['Sign out']);
    await page.locator('.hash summary').first().click();
    expect(await page.locator('.hash[open] code').last().isVisible()).toBe(true);
    await page.locator('.numbers summary').first().click();
    expect(await page.locator('.numbers[open] tbody tr').count()).toBe(60);
    expect(plain.complaints).toEqual([]);
    await page.context().close();
  });

  it('have their picture described for those who don’t see it', async () => {
    const { page } = await openPage(browser, server.base);
    await page.goto(`${server.base}/home`);
    const picture = page.getByRole('img', { name: /Growth of com/ });
    expect(await picture.ariaSnapshot()).toContain('160,244,121 names on 25 Nov 2026');
    await page.context().close();
  });

  it('are black on white on paper, without what can’t be pressed there', async () => {
    const { page } = await openPage(browser, server.base, { colorScheme: 'dark' });
    await page.goto(`${server.base}/home`);
    await page.emulateMedia({ media: 'print' });
    const style = await page.evaluate(() => {
      const { color, backgroundColor } = getComputedStyle(document.body);
      return { color, backgroundColor };
    });
    expect(style).toEqual({ color: 'rgb(24, 32, 43)', backgroundColor: 'rgb(255, 255, 255)' });
    expect(await page.getByRole('button', { name: 'Sign out' }).isVisible()).toBe(false);
    expect(await page.locator('.growth-picture').first().isVisible()).toBe(true);
    await page.context().close();
  });
});
