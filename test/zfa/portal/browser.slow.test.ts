/**
 * The portal as holders use it: Chromium against `zonewright zfa serve` over a registry that was built
 * twice. Sign in, accept the agreement, read, download, run the commands that the page shows, sign out;
 * without JavaScript; what strangers try.
 */

import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { copyOf, later, makeBase } from '../../publish/small-registry.js';
import { type Running, run, startZonewright, tempDir, zonewrightOk } from '../../tools/cli.js';
import { describeWithTools } from '../../tools/judges.js';
import type { Registry } from '../../tools/registry.js';
import {
  expectGoodKeyboard,
  expectGoodPage,
  openPage,
  startChromium,
  type Watched,
} from './browser.js';

const TEXT = 'ZONE FILE ACCESS AGREEMENT\n\nUse it <well>, and not for mass mail.\n';

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0));
    });
  });
}

/** Starts the service and waits until it answers. */
async function serve(
  registry: Registry,
  flags: readonly string[],
  scheme: 'http' | 'https',
): Promise<{ readonly base: string; stop(): Promise<void> }> {
  const port = await freePort();
  const running: Running = startZonewright(
    ['zfa', 'serve', '--listen', `127.0.0.1:${port}`, ...flags],
    { cwd: registry.folder },
  );
  let ended: unknown;
  running.finished.then((end) => {
    ended = end;
  });
  const base = `${scheme}://127.0.0.1:${port}`;
  for (let i = 0; ; i++) {
    const answer = await run('curl', ['-skf', `${base}/healthz`]);
    if (answer.status === 0) break;
    if (ended !== undefined || i > 150) throw new Error(`no answer: ${JSON.stringify(ended)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    base,
    stop: async () => {
      running.child.kill('SIGTERM');
      await running.finished;
    },
  };
}

async function signIn({ page }: Watched, name: string, password: string): Promise<void> {
  await page.getByLabel('Account').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** Chromium says in the console when a page's status is one of refusal; that is not a fault here. */
const forget = (complaints: string[], status: number): void => {
  const at = complaints.findIndex((text) => text.includes(`status of ${status}`));
  if (at >= 0) complaints.splice(at, 1);
};

describeWithTools(['chromium', 'curl', 'minisign', 'age', 'openssl'], 'the portal', () => {
  let browser: Browser;
  let registry: Registry;
  let service: Awaited<ReturnType<typeof serve>>;
  const passwords: Record<string, string> = {};
  let identity: string;

  const cli = (...args: string[]) => zonewrightOk(args, { cwd: registry.folder });
  const approve = async (id: string, ...flags: string[]): Promise<void> => {
    await cli('zfa', 'add', id, '--name', `Holder ${id}`, '--email', `${id}@example.com`, ...flags);
    const { stdout } = await cli('zfa', 'approve', id, '--json');
    passwords[id] = (JSON.parse(stdout) as { password: string }).password;
  };

  beforeAll(async () => {
    browser = await startChromium();
    registry = copyOf(await makeBase());
    appendFileSync(
      join(registry.folder, 'zonewright.toml'),
      '\n[zfa]\nlimit-hours = 0\nagreement = { version = "2026-1", file = "AGREEMENT.txt" }\n',
    );
    writeFileSync(join(registry.folder, 'AGREEMENT.txt'), TEXT);
    identity = join(registry.folder, 'identity.txt');
    execFileSync('age-keygen', ['-o', identity], { stdio: 'ignore' });
    const key = execFileSync('age-keygen', ['-y', identity]).toString().trim();
    await approve('acme', '--zones', 'com,net', '--age-key', key);
    await approve('plain', '--zones', 'net');
    await cli('build', '--now', later(-86_400));
    await cli('build');
    service = await serve(registry, ['--plain'], 'http');
  }, 300_000);
  afterAll(async () => {
    await browser?.close();
    await service?.stop();
  });

  const published = (zone: string, name: string): Buffer =>
    readFileSync(join(registry.folder, 'out', zone, 'current', name));

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
    await page.keyboard.type(` ${passwords.acme} `);
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
    const shown = (await cli('zfa', 'show', 'acme', '--json')).stdout;
    expect(shown).toContain('2026-1');

    expect(await page.getByText('Signed in as acme').isVisible()).toBe(true);
    expect(await page.locator('section.zone').count()).toBe(2);
    expect(await page.locator('.growth-picture .stretch').count()).toBe(4);
    const { sha256 } = (
      JSON.parse(published('com', 'manifest.json').toString()) as {
        files: { name: string; sha256: string }[];
      }
    ).files.find(({ name }) => name === 'com.zone.gz')!;
    await page.locator('.hash summary').first().click();
    expect(await page.locator('.hash p code').first().textContent()).toBe(sha256);

    const wait = page.waitForEvent('download');
    await page.getByRole('link', { name: /^zone file, com/ }).click();
    const file = await wait;
    expect(readFileSync(await file.path()).equals(published('com', 'com.zone.gz'))).toBe(true);

    const waitTar = page.waitForEvent('download');
    await page.getByRole('link', { name: /^Download/ }).click();
    const tar = await (await waitTar).path();
    const names = execFileSync('tar', ['-tf', tar]).toString();
    expect(names).toContain('com.zone.gz\n');
    expect(names).toContain('manifest.json.minisig\n');

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
    await signIn(watched, 'plain', passwords.plain);
    await page.getByLabel(/I have read the agreement/).check();
    await page.getByRole('button', { name: 'Accept the agreement' }).click();
    await page.getByRole('heading', { name: 'Zone net' }).waitFor();
    expect(await page.getByRole('heading', { name: 'Zone com' }).count()).toBe(0);
    const wait = page.waitForEvent('download');
    await page.getByRole('link', { name: /^added, net/ }).click();
    expect((await wait).suggestedFilename()).toContain('added');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('You are signed out').waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('shows commands that do what they say', async () => {
    const watched = await openPage(browser, service.base);
    const { page } = watched;
    await page.goto(service.base);
    await signIn(watched, 'acme', passwords.acme);
    await page.getByRole('heading', { name: 'Commands' }).waitFor();
    const titles = await page.locator('.steps h3').allTextContents();
    const codes = await page.locator('.steps pre code').allTextContents();
    await page.context().close();
    const folder = tempDir('commands');
    mkdirSync(join(folder, 'home'));
    writeFileSync(
      join(folder, 'home', '.zfa-login'),
      `machine 127.0.0.1 login acme password ${passwords.acme}\n`,
      { mode: 0o600 },
    );
    writeFileSync(join(folder, 'age-identity.txt'), readFileSync(identity));
    const results = new Map<string, string>();
    for (const [i, code] of codes.entries()) {
      const file = join(folder, `step-${i}.sh`);
      writeFileSync(file, `set -e\n${code}\n`);
      const done = await run('sh', [file], {
        cwd: folder,
        input: `${passwords.acme}\n`,
        env: { HOME: join(folder, 'home') },
      });
      expect(done.status, `${titles[i]}:\n${code}\n${done.stderr}`).toBe(0);
      results.set(titles[i], done.stdout);
    }
    expect(results.get('Verify it')).toContain('com.zone.gz: OK');
    expect(results.get('Verify it')).toContain('Signature and comment signature verified');
    expect(readFileSync(join(folder, 'com.zone.gz')).equals(published('com', 'com.zone.gz'))).toBe(
      true,
    );
    expect(titles).toEqual([
      'Sign in for 24 hours',
      'Fetch the newest bundle',
      'Or fetch it encrypted',
      'Verify it',
      'Fetch one zone',
      'Every night by itself',
    ]);
    expect(execFileSync('stat', ['-c', '%a', join(folder, 'zfa.token')]).toString()).toBe('600\n');
  });

  it('acts on no form of another site, and shows itself in none of its frames', async () => {
    const other = await freePort();
    const { createServer: http } = await import('node:http');
    const evil = http((request, response) => {
      response.setHeader('Content-Type', 'text/html');
      const id = request.url === '/frame' ? `<iframe src="${service.base}/"></iframe>` : '';
      response.end(`<form method="post" action="${service.base}/sign-in">
<input name="username" value="plain"/><input name="password" value="${passwords.plain}"/>
<button>Win a prize</button></form>${id}`);
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
    await approve('slow', '--zones', 'net');
    const watched = await openPage(browser, service.base);
    const { page } = watched;
    await page.goto(service.base);
    await signIn(watched, 'slow', passwords.slow);
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
    await cli('zfa', 'revoke', 'slow', '--reason', 'test');
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
    const tls = await serve(registry, ['--tls-cert', cert, '--tls-key', key], 'https');
    try {
      const watched = await openPage(browser, tls.base, { ignoreHTTPSErrors: true });
      const { page } = watched;
      await page.goto(tls.base);
      await signIn(watched, 'acme', passwords.acme);
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
      /until \d\d:\d\d UTC \(in \d minutes?\)/,
    );
    expect(existsSync(join(registry.folder, 'state', 'zfa', 'audit.jsonl'))).toBe(true);
    const log = readFileSync(join(registry.folder, 'state', 'zfa', 'audit.jsonl'), 'utf8');
    expect(log).not.toContain(passwords.acme);
    await page.context().close();
  });
});
