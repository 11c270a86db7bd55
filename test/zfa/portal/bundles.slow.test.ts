/**
 * Bundles in the portal: by link, and by each of the commands that the page shows. The bundles are made
 * by `tar`, `minisign` and `age` themselves: here it is the page that is looked at, and that what it
 * says fits the service.
 */

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { HowToOpen } from '#zonewright/zfa/bundles/open.js';
import type { BundleStore } from '#zonewright/zfa/service/bundle-routes.js';
import { fileSource } from '#zonewright/zfa/stream/byte-source.js';
import { describeWithTools } from '../../tools/judges.js';
import {
  addHolder,
  PASSWORD,
  publish,
  startTestService,
  type TestService,
} from '../service/fixture.js';
import { expectGoodPage, startChromium } from './browser.js';
import { DAY, date } from './pages.js';
import { download, runCommands, signedIn } from './running.js';

const TOOLS = ['chromium', 'curl', 'minisign', 'age', 'script', 'md5sum'];
const TODAY = Math.floor(Date.now() / 1000);
const DATES = [0, 1, 2].map((n) => date(TODAY - n * DAY));

describeWithTools(TOOLS, 'bundles in the portal', () => {
  let browser: Browser;
  let service: TestService;
  let identity: string;
  const packed = gzipSync('com. 900 IN SOA …\n');
  const passwords = { acme: PASSWORD, plain: PASSWORD };
  const file = (name: string): string => join(service.folder, 'made', name);

  const pathOf = ({ encrypted }: HowToOpen): string => file(encrypted ? 'all.tar.age' : 'all.tar');
  const find: BundleStore['find'] = (day, holder, how) => {
    // Of the third day there is none.
    if (day === DATES[2]) return undefined;
    const fileName = `zfa-${holder.id}-${day}.tar${how.encrypted ? '.age' : ''}`;
    const size = statSync(pathOf(how)).size;
    const recipient = how.encrypted ? holder.ageKey : undefined;
    return { fileName, etag: fileName, modified: TODAY, size, zones: ['com'], recipient };
  };

  beforeAll(async () => {
    browser = await startChromium();
    service = await startTestService({
      zfa: ['limit-hours = 0', 'agreement = { version = "2026-1", file = "AGREEMENT.txt" }'],
      bundles: {
        days: () => DATES,
        find,
        open: async (day, holder, how) => {
          const bundle = find(day, holder, how);
          return bundle && { ...bundle, source: await fileSource(pathOf(how)) };
        },
      },
    });
    service.time.now = TODAY;
    const { folder, db } = service;
    mkdirSync(join(folder, 'made'));
    publish(folder, 'com', 7, packed);
    writeFileSync(join(folder, 'AGREEMENT.txt'), 'The agreement.\n');
    writeFileSync(file('com.zone.gz'), packed);
    writeFileSync(file('manifest.json'), '{}\n');
    const here = { cwd: join(folder, 'made'), stdio: 'pipe' } as const;
    writeFileSync(file('com.zone.gz.md5'), execFileSync('md5sum', ['com.zone.gz'], here));
    execFileSync('minisign', ['-G', '-W', '-p', 'key.pub', '-s', 'key.sec'], here);
    execFileSync('minisign', ['-S', '-s', 'key.sec', '-m', 'manifest.json'], here);
    const names = ['com.zone.gz', 'com.zone.gz.md5', 'manifest.json', 'manifest.json.minisig'];
    execFileSync('tar', ['-cf', 'all.tar', ...names], here);
    identity = file('identity.txt');
    execFileSync('age-keygen', ['-o', identity], here);
    const ageKey = execFileSync('age-keygen', ['-y', identity]).toString().trim();
    execFileSync('age', ['-r', ageKey, '-o', 'all.tar.age', 'all.tar'], here);
    copyFileSync(file('key.pub'), join(folder, 'state', 'zfa', 'minisign.pub'));
    const agreement = { version: '2026-1', date: TODAY };
    addHolder(db, 'acme', { ageKey, agreement });
    addHolder(db, 'plain', { agreement });
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await service?.stop();
  });

  const open = (id: string) => signedIn(browser, service.running.url, passwords, id);

  it('come by link, plain and encrypted', async () => {
    const watched = await open('acme');
    const { page } = watched;
    await expectGoodPage(watched);
    expect(await page.locator('.latest-day').textContent()).toContain(
      String(new Date().getUTCFullYear()),
    );
    expect(await page.locator('.earlier tbody tr').count()).toBe(1);
    const tar = await download(page, /^Download/);
    expect(readFileSync(tar).equals(readFileSync(file('all.tar')))).toBe(true);
    const sealed = await download(page, /^Encrypted/);
    const opened = execFileSync('age', ['-d', '-i', identity, sealed]);
    expect(opened.equals(readFileSync(tar))).toBe(true);
    await page.context().close();
  });

  it('come by the commands, and are verified by them', async () => {
    const { page } = await open('acme');
    const { folder, printed } = await runCommands(page, { passwords, identity }, 'acme');
    expect([...printed.keys()]).toEqual([
      'Sign in for 24 hours',
      'Fetch the newest bundle',
      'Or fetch it encrypted',
      'Verify it',
      'Fetch one zone',
      'Every night by itself',
    ]);
    expect(printed.get('Verify it')).toContain('com.zone.gz: OK');
    expect(printed.get('Verify it')).toContain('Signature and comment signature verified');
    for (const name of ['com.zone.gz', `com-${DATES[0]}.zone.gz`]) {
      expect(readFileSync(join(folder, name)).equals(packed)).toBe(true);
    }
    // Cut off, the same command goes on: only the rest is fetched.
    const tar = join(folder, `zfa-acme-${DATES[0]}.tar`);
    const whole = readFileSync(tar);
    writeFileSync(tar, whole.subarray(0, 3000));
    const before = service.audit.length;
    await runCommands(page, { passwords, identity }, 'acme', {
      only: ['Sign in for 24 hours', 'Fetch the newest bundle'],
      folder,
    });
    expect(readFileSync(tar).equals(whole)).toBe(true);
    const resumed = service.audit.slice(before).find(({ event }) => event === 'download');
    expect(resumed).toMatchObject({ bytes: whole.length - 3000 });
    // The nightly one does nothing any more, then.
    const asked = service.audit.length;
    await runCommands(page, { passwords, identity }, 'acme', {
      only: ['Every night by itself'],
      folder,
    });
    expect(service.audit.length).toBe(asked);
    await page.context().close();
  });

  it('are not offered encrypted to who has no key', async () => {
    const { page } = await open('plain');
    expect(await page.getByRole('link', { name: /^Download/ }).count()).toBe(1);
    expect(await page.getByRole('link', { name: /^Encrypted/ }).count()).toBe(0);
    expect(await page.getByText('give the registry an age public key').count()).toBe(1);
    await page.context().close();
  });
});
