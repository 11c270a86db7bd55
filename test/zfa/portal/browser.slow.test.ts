/**
 * The portal as holders use it: Chromium against `zonewright zfa serve` over a small registry. Sign
 * in, accept the agreement, read, download, run commands that the page shows, sign out; without
 * JavaScript; what strangers try.
 */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findHolder, saveHolder } from '#zonewright/zfa/holders/store.js';
import { run, tempDir } from '../../tools/cli.js';
import { describeWithTools } from '../../tools/judges.js';
import { expectGoodKeyboard, expectGoodPage, openPage, startChromium } from './browser.js';
import { date } from './pages.js';
import {
  acceptAgreement,
  download,
  freePort,
  makePortal,
  type Portal,
  runCommands,
  serve,
  signedIn,
  signIn,
} from './running.js';

/** Chromium says in the console when a page's status is one of refusal; that is not a fault here. */
const forget = (complaints: string[], status: number): void => {
  const at = complaints.findIndex((text) => text.includes(`status of ${status}`));
  if (at >= 0) complaints.splice(at, 1);
};

const TOOLS = ['chromium', 'curl', 'age', 'openssl', 'script'];

describeWithTools(TOOLS, 'the portal', () => {
  let browser: Browser;
  let portal: Portal;
  let service: Awaited<ReturnType<typeof serve>>;

  beforeAll(async () => {
    browser = await startChromium();
    portal = await makePortal();
    service = await serve(portal.registry, ['--plain'], 'http');
  }, 300_000);
  afterAll(async () => {
    await browser?.close();
    await service?.stop();
  });

  it('says the same of a wrong password and of an unknown name', async () => {
    const watched = await openPage(browser, service.base);
    await watched.page.goto(service.base);
    await expectGoodPage(watched);
    const answers: string[] = [];
    for (const name of ['acme', 'nobody']) {
      await signIn(watched, name, 'wrong');
      answers.push((await watched.page.getByRole('alert').textContent()) ?? '');
      expect(await watched.page.getByLabel('Account').inputValue()).toBe(name);
      forget(watched.complaints, 401);
    }
    expect(answers[0]).toContain('Account or password is not right');
    expect(answers[1]).toBe(answers[0]);
    await expectGoodPage(watched);
    await watched.page.context().close();
  });

  it('leads from signing in over the agreement to the files, and out again', async () => {
    const watched = await openPage(browser, service.base, { acceptDownloads: true });
    const { page, complaints } = watched;
    await page.goto(service.base);
    // By keyboard alone: the cursor is in the first field.
    await page.keyboard.type('acme');
    await page.keyboard.press('Tab');
    await page.keyboard.type(` ${portal.passwords.acme} `);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Agreement 2026-1' }).waitFor();
    await expectGoodPage(watched);
    await expectGoodKeyboard(watched);
    const region = page.getByRole('region', { name: 'Text of the agreement' });
    expect(await region.textContent()).toContain('Use it <well>');
    const early = await page.request.get(`${service.base}/files/com/com.zone.gz`);
    expect(early.status()).toBe(409);

    await page.getByLabel(/I have read the agreement/).focus();
    await page.keyboard.press('Space');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Bundles', exact: true }).waitFor();
    await expectGoodPage(watched);
    const accepted = await portal.withHolders((db) => findHolder(db, 'acme')?.agreement);
    expect(accepted?.version).toBe('2026-1');

    expect(await page.getByText('Signed in as acme').isVisible()).toBe(true);
    expect(await page.locator('section.zone').count()).toBe(2);
    expect(await page.locator('.growth-picture .stretch').count()).toBe(82);
    const { sha256 } = (
      JSON.parse(portal.published('com', 'manifest.json').toString()) as {
        files: { name: string; sha256: string }[];
      }
    ).files.find(({ name }) => name === 'com.zone.gz')!;
    await page.locator('.hash summary').first().click();
    expect(await page.locator('.hash p code').first().textContent()).toBe(sha256);

    const file = await download(page, /^zone file ?, com/);
    expect(readFileSync(file).equals(portal.published('com', 'com.zone.gz'))).toBe(true);

    const [cookie] = await page.context().cookies();
    expect(cookie).toMatchObject({ name: 'zfa', httpOnly: true, sameSite: 'Strict', path: '/' });
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('You are signed out').waitFor();
    await expectGoodPage(watched);
    expect(await page.context().cookies()).toEqual([]);
    // Whoever kept the cookie has nothing of it.
    await page.context().addCookies([cookie]);
    await page.goto(service.base);
    expect(await page.getByText('Your session has ended').isVisible()).toBe(true);
    expect(complaints).toEqual([]);
    const kept = await page.request.get(`${service.base}/files/com/com.zone.gz`);
    expect(kept.status()).toBe(401);
    await page.context().close();
  });

  it('does all of it without JavaScript', async () => {
    const watched = await openPage(browser, service.base, {
      javaScriptEnabled: false,
      acceptDownloads: true,
      viewport: { width: 360, height: 740 },
    });
    const { page, complaints } = watched;
    await page.goto(service.base);
    await signIn(watched, 'plain', portal.passwords.plain);
    await acceptAgreement(page);
    expect(await page.getByRole('heading', { name: /^Zone/ }).allTextContents()).toEqual([
      'Zone net',
    ]);
    const added = await download(page, /^added ?, net/);
    expect(readFileSync(added).equals(portal.published('net', 'added.txt.gz'))).toBe(true);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('You are signed out').waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('shows commands that do what they say', async () => {
    await portal.approve('scripts', ['com']);
    const { page } = await signedIn(browser, service.base, portal.passwords, 'scripts');
    await acceptAgreement(page);
    const { folder } = await runCommands(page, portal, 'scripts', {
      only: ['Sign in for 24 hours', 'Fetch one zone'],
    });
    const fetched = readFileSync(join(folder, `com-${date(Date.now() / 1000)}.zone.gz`));
    expect(fetched.equals(portal.published('com', 'com.zone.gz'))).toBe(true);
    expect(execFileSync('stat', ['-c', '%a', join(folder, 'zfa.token')]).toString()).toBe('600\n');
    await page.context().close();
  });

  it('acts on no form of another site, and shows itself in none of its frames', async () => {
    const other = await freePort();
    const evil = createServer((request, response) => {
      response.setHeader('Content-Type', 'text/html');
      const id = request.url === '/frame' ? `<iframe src="${service.base}/"></iframe>` : '';
      response.end(`<form method="post" action="${service.base}/sign-in">
<input name="username" value="plain"/><input name="password" value="${portal.passwords.plain}"/>
<button>Win a prize</button></form><a href="${service.base}/">Your files</a>${id}`);
    }).listen(other, '127.0.0.1');
    try {
      const { page } = await openPage(browser, service.base);
      await page.goto(`http://localhost:${other}/`);
      await page.getByRole('button', { name: 'Win a prize' }).click();
      await page.getByText('That did not come from this page').waitFor();
      expect(await page.context().cookies()).toEqual([]);
      await page.goto(`http://localhost:${other}/frame`);
      const frame = page.frames().find((each) => each !== page.mainFrame());
      expect(await frame?.locator('form').count()).toBe(0);
      await page.context().close();
      // A link leads to one's own page all the same.
      const { page: signed } = await signedIn(browser, service.base, portal.passwords, 'acme');
      await signed.goto(`http://localhost:${other}/`);
      await signed.getByRole('link', { name: 'Your files' }).click();
      await signed.getByText('Signed in as acme').waitFor();
      await signed.context().close();
    } finally {
      evil.close();
      evil.closeAllConnections();
    }
    for (const [header, status] of [
      ['Sec-Fetch-Site: same-origin', '303'],
      [`Origin: ${service.base}`, '303'],
      ['Sec-Fetch-Site: cross-site', '403'],
      ['Origin: https://evil.example', '403'],
      ['X-Nothing: here', '403'],
    ]) {
      const { stdout } = await run('curl', [
        ...['-s', '-o', '/dev/null', '-w', '%{http_code}', '-H', header],
        ...['-X', 'POST', `${service.base}/sign-out`],
      ]);
      expect(stdout, header).toBe(status);
    }
  });

  it('takes the agreement for accepted only with the box ticked and in its own version', async () => {
    await portal.approve('slow', ['net']);
    const watched = await openPage(browser, service.base);
    const { page } = watched;
    await page.goto(service.base);
    await signIn(watched, 'slow', portal.passwords.slow);
    await page.getByRole('heading', { name: 'Agreement 2026-1' }).waitFor();
    // A browser that knows nothing of `required`.
    await page.evaluate(() => document.querySelector('#accept')?.removeAttribute('required'));
    await page.getByRole('button', { name: 'Accept the agreement' }).click();
    await page.getByText('The box is not ticked').waitFor();
    forget(watched.complaints, 400);
    await expectGoodPage(watched);
    await page.getByLabel(/I have read the agreement/).check();
    await page.evaluate(() => {
      document.querySelector<HTMLInputElement>('[name=version]')!.value = '2025-9';
    });
    await page.getByRole('button', { name: 'Accept the agreement' }).click();
    await page.waitForURL(`${service.base}/`);
    expect(await page.getByRole('heading', { name: 'Agreement 2026-1' }).isVisible()).toBe(true);
    // Taken away meanwhile: the next look is the last.
    await portal.withHolders((db) => {
      const holder = findHolder(db, 'slow')!;
      db.change(() => saveHolder(db, { ...holder, state: 'revoked', epoch: holder.epoch + 1 }));
    });
    await page.reload();
    await page.getByText('Your session has ended').waitFor();
    await page.context().close();
  });

  it('keeps its session in a cookie that is bound to the host, under TLS', async () => {
    const folder = tempDir('tls');
    const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
        ...['-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=127.0.0.1'],
        ...['-addext', 'subjectAltName=IP:127.0.0.1'],
      ],
      { stdio: 'ignore' },
    );
    const tls = await serve(portal.registry, ['--tls-cert', cert, '--tls-key', key], 'https');
    try {
      const watched = await openPage(browser, tls.base, { ignoreHTTPSErrors: true });
      const { page } = watched;
      await page.goto(tls.base);
      await signIn(watched, 'acme', portal.passwords.acme);
      await page.getByRole('heading', { name: 'Bundles', exact: true }).waitFor();
      const [cookie] = await page.context().cookies();
      expect(cookie).toMatchObject({ name: '__Host-zfa', secure: true, httpOnly: true });
      expect(await page.locator('.steps pre code').first().textContent()).toContain(tls.base);
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByText('You are signed out').waitFor();
      expect(await page.context().cookies()).toEqual([]);
      await page.context().close();
    } finally {
      await tls.stop();
    }
  });

  it('tells who tries too often when to come back', async () => {
    const watched = await openPage(browser, service.base);
    const { page } = watched;
    await page.goto(service.base);
    for (let i = 0; i < 9; i++) {
      await signIn(watched, 'acme', `wrong ${i}`);
      await page.getByRole('alert').waitFor();
      if ((await page.getByText('Too many tries').count()) > 0) break;
    }
    expect(await page.getByRole('alert').textContent()).toMatch(
      /until (\d+ \w+ \d+, )?\d\d:\d\d UTC \(in \d minutes?\)/,
    );
    const log = readFileSync(join(portal.registry.folder, 'state', 'zfa', 'audit.jsonl'), 'utf8');
    expect(log).not.toContain(portal.passwords.acme);
    await page.context().close();
  });
});
