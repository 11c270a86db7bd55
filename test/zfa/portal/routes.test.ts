/** The portal's routes: statuses, headers, cookies, and what is done and what is not. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Config } from '#zonewright/config/model.js';
import { type Database, openDatabase } from '#zonewright/zfa/database/open.js';
import type { Holder } from '#zonewright/zfa/holders/model.js';
import { findHolder, saveHolder } from '#zonewright/zfa/holders/store.js';
import { ASSETS } from '#zonewright/zfa/portal/assets.js';
import {
  HttpError,
  type PlainReply,
  type ReplyHeaders,
  type Request,
} from '#zonewright/zfa/service/exchange.js';
import { portalRoutes } from '#zonewright/zfa/service/portal-routes.js';
import { createRouter } from '#zonewright/zfa/service/router.js';
import type { Service } from '#zonewright/zfa/service/service.js';
import { tempDir } from '../../tools/cli.js';
import { approvedHolder } from '../holder.js';
import { NOW, PUBLIC_KEY } from './pages.js';

const holder = approvedHolder('acme', {
  name: 'Ada',
  email: 'a@example.com',
  created: 1,
  approved: 1,
  changed: 1,
});

let db: Database;
let service: Service;
let noted: unknown[];
let opened: string[];
let forgotten: number;
let refusal: HttpError | undefined;
let folder: string;

beforeEach(() => {
  folder = tempDir('portal');
  const stateDir = join(folder, 'state');
  mkdirSync(join(stateDir, 'zfa'), { recursive: true });
  writeFileSync(join(stateDir, 'zfa', 'minisign.pub'), `untrusted comment: key\n${PUBLIC_KEY}\n`);
  writeFileSync(join(folder, 'AGREEMENT.txt'), 'The agreement.');
  db = openDatabase(stateDir);
  db.change(() => saveHolder(db, holder));
  db.sql("INSERT INTO zone_days VALUES (?, 'com', ?, ?, ?, ?, ?, ?, ?)").run(
    '20261124',
    '20261124T001000Z-7',
    7,
    1200,
    3,
    1,
    999,
    'ab'.repeat(32),
  );
  noted = [];
  opened = [];
  forgotten = 0;
  refusal = undefined;
  const parts = {
    config: {
      stateDir,
      outputDir: join(folder, 'out'),
      zfa: {
        limitHours: 24,
        keepDays: 7,
        agreement: { version: '2', file: join(folder, 'AGREEMENT.txt') },
      },
    } as Config,
    db,
    holders: { forget: () => forgotten++ },
    auth: {
      session: async ({ cookies }: Request) => {
        if (refusal !== undefined) throw refusal;
        return cookies.zfa === 'good' ? findHolder(db, 'acme') : undefined;
      },
      signIn: async (_: Request, name: string, password: string) => {
        if (refusal !== undefined) throw refusal;
        if (name === 'acme' && password === 'right') return holder;
        throw new HttpError(401, 'no', { 'WWW-Authenticate': 'Basic' });
      },
      sessionCookie: async () => 'zfa=good; HttpOnly',
      endSession: async () => 'zfa=; Max-Age=0',
    },
    published: { labels: ['com'], current: () => undefined },
    bundles: {
      days: () => ['20261124', '20261123', '20261122', '20261121'],
      find: (date: string, { id }: Holder) => {
        if (date === '20261121') throw new Error('torn');
        if (date === '20261122') return undefined;
        return {
          size: 12_345,
          fileName: `zfa-${id}-${date}.tar`,
          zones: date === '20261123' ? ['com', 'org'] : ['com'],
        };
      },
      open: async (date: string) => {
        opened.push(date);
      },
    },
    audit: { refused: (entry: unknown) => noted.push(entry) },
    warn: (text: string) => noted.push(text),
  };
  service = parts as unknown as Service;
});
afterEach(() => db.close());

interface Asked {
  readonly cookie?: string;
  readonly headers?: Record<string, string>;
  readonly form?: Record<string, string>;
}

async function ask(method: 'GET' | 'POST', target: string, asked: Asked = {}): Promise<PlainReply> {
  const url = new URL(target, 'https://zfa.example');
  const { cookie } = asked;
  const request: Request = {
    method,
    path: url.pathname,
    params: {},
    query: url.searchParams,
    headers: {
      ...(method === 'POST' ? { 'sec-fetch-site': 'same-origin' } : {}),
      ...(cookie === undefined ? {} : { cookie: `zfa=${cookie}` }),
      ...asked.headers,
    },
    cookies: cookie === undefined ? {} : { zfa: cookie },
    address: '192.0.2.1',
    origin: 'https://zfa.example',
    secure: true,
    now: NOW,
    gone: () => false,
    body: async () => Buffer.from(new URLSearchParams(asked.form).toString()),
  };
  const match = createRouter(portalRoutes(service))(method, url.pathname);
  if (match.kind !== 'found') throw new Error(`no route: ${match.kind}`);
  return (await match.route.handle(request)) as PlainReply;
}

const header = (reply: PlainReply, name: string): string | undefined => {
  const headers: ReplyHeaders = reply.headers ?? {};
  const found = Object.entries(headers).find(([each]) => each.toLowerCase() === name);
  return found === undefined ? undefined : String(found[1]);
};

function expectPage(reply: PlainReply, status: number, text: string): void {
  expect(reply.status).toBe(status);
  expect(String(reply.body)).toContain(text);
  expect(header(reply, 'content-type')).toBe('text/html; charset=utf-8');
  expect(header(reply, 'cache-control')).toBe('no-store');
  expect(header(reply, 'content-security-policy')).toMatch(/^default-src 'none';/);
  expect(header(reply, 'www-authenticate')).toBeUndefined();
}

describe('signing in and out', () => {
  it('leads to the page with a cookie', async () => {
    const form = { username: ' acme ', password: 'right\n' };
    const reply = await ask('POST', '/sign-in', { form });
    expect(reply.status).toBe(303);
    expect(header(reply, 'location')).toBe('/');
    expect(header(reply, 'set-cookie')).toBe('zfa=good; HttpOnly');
    expect(header(reply, 'cache-control')).toBe('no-store');
  });

  it('says in words what is wrong, with its status and without a challenge', async () => {
    const form = { username: 'acme', password: 'wrong' };
    const reply = await ask('POST', '/sign-in', { form });
    expectPage(reply, 401, 'Account or password is not right');
    expect(header(reply, 'set-cookie')).toBeUndefined();
    expect(String(reply.body)).not.toContain('wrong"');
    expectPage(await ask('POST', '/sign-in', { form: {} }), 400, 'Something is missing');
    refusal = new HttpError(429, 'tries', { 'Retry-After': '130' });
    const locked = await ask('POST', '/sign-in', { form });
    expectPage(locked, 429, '10:23 UTC');
    expect(header(locked, 'retry-after')).toBe('130');
    refusal = new HttpError(403, 'address');
    expectPage(await ask('POST', '/sign-in', { form }), 403, 'Not from this address');
    refusal = new HttpError(503, 'busy', { 'Retry-After': '10' });
    expectPage(await ask('POST', '/sign-in', { form }), 503, 'not possible at the moment');
    refusal = new HttpError(413, 'large');
    await expect(ask('POST', '/sign-in', { form })).rejects.toThrow('large');
  });

  it('tells whoever comes with a session that is over', async () => {
    expectPage(await ask('GET', '/'), 200, '<h1>Sign in</h1>');
    expect(String((await ask('GET', '/')).body)).not.toContain('has ended');
    expectPage(await ask('GET', '/', { cookie: 'old' }), 200, 'Your session has ended');
    expectPage(await ask('GET', '/?signed-out'), 200, 'You are signed out');
    // Led here by another site, the cookie is kept back by the browser; it is not by a second request.
    const led = { headers: { 'sec-fetch-site': 'cross-site' } };
    expect(header(await ask('GET', '/', led), 'refresh')).toBe('0; url=/');
    expect(header(await ask('GET', '/'), 'refresh')).toBeUndefined();
    refusal = new HttpError(403, 'address');
    expectPage(await ask('GET', '/', { cookie: 'good' }), 200, 'Not from this address');
  });

  it('ends the session', async () => {
    const reply = await ask('POST', '/sign-out', { cookie: 'good' });
    expect([reply.status, header(reply, 'location')]).toEqual([303, '/?signed-out']);
    expect(header(reply, 'set-cookie')).toBe('zfa=; Max-Age=0');
  });

  it('acts on no form of another site', async () => {
    for (const path of ['/sign-in', '/sign-out', '/agreement']) {
      for (const site of ['cross-site', 'same-site', 'none']) {
        const headers = { 'sec-fetch-site': site };
        const form = { username: 'acme', password: 'right', version: '2', accept: 'yes' };
        const reply = await ask('POST', path, { headers, form, cookie: 'good' });
        expectPage(reply, 403, 'did not come from this page');
        expect(header(reply, 'set-cookie')).toBeUndefined();
      }
    }
    expect(noted).toHaveLength(9);
    expect(noted[0]).toEqual({ reason: 'foreign-site', address: '192.0.2.1', status: 403 });
    expect(findHolder(db, 'acme')?.agreement).toBeUndefined();
  });

  it('leads back when the address of a form is loaded again', async () => {
    for (const path of ['/sign-in', '/sign-out', '/agreement']) {
      const reply = await ask('GET', path);
      expect([reply.status, header(reply, 'location')]).toEqual([303, '/']);
    }
  });
});

describe('the agreement', () => {
  const good = { cookie: 'good' };

  it('is accepted, and known to be, also while the log can not be written', async () => {
    mkdirSync(join(folder, 'state', 'zfa', 'audit.jsonl'));
    const form = { version: '2', accept: 'yes' };
    const reply = await ask('POST', '/agreement', { ...good, form });
    expect(reply.status).toBe(303);
    expect(findHolder(db, 'acme')?.agreement?.version).toBe('2');
    expect(forgotten).toBe(1);
    // It is still to be written.
    expect(db.sql('SELECT count(*) AS n FROM events WHERE logged = 0').get()?.n).toBe(1);
  });

  it('stands before everything else until it is accepted', async () => {
    const before = await ask('GET', '/', good);
    expectPage(before, 200, 'The agreement.');
    expect(String(before.body)).not.toContain('/bundles/');
    const reply = await ask('POST', '/agreement', {
      ...good,
      form: { version: '2', accept: 'yes' },
    });
    expect([reply.status, header(reply, 'location')]).toEqual([303, '/']);
    expect(findHolder(db, 'acme')).toMatchObject({
      agreement: { version: '2', date: NOW },
      epoch: 1,
      changed: NOW,
    });
    expect(forgotten).toBe(1);
    const [event] = db.sql('SELECT * FROM events').all();
    expect(event).toMatchObject({ event: 'agreed', by: 'holder', holder: 'acme', at: NOW });
    expect(JSON.parse(String(event.detail))).toEqual({ agreement: '2', address: '192.0.2.1' });
    const after = await ask('GET', '/', good);
    expectPage(after, 200, 'accepted <time datetime="2026-11-25">');
    expect(String(after.body)).toContain(PUBLIC_KEY);
    expect(String(after.body)).toContain('1,200');
    // Bundles that can be had: not the one that has a zone too many, none that is torn or not there.
    const hrefs = Array.from(String(after.body).matchAll(/href="(\/bundles[^"]*)"/g), ([, h]) => h);
    expect(new Set(hrefs)).toEqual(new Set(['/bundles/20261124.tar']));
    // The page needs no file of a bundle.
    expect(opened).toEqual([]);
    expect(noted.join()).toContain('20261121 for acme can’t be read');

    // A second time it is nothing new.
    await ask('POST', '/agreement', { ...good, form: { version: '2', accept: 'yes' } });
    expect(db.sql('SELECT * FROM events').all()).toHaveLength(1);
  });

  it('is not accepted by an empty box, another version, or nobody', async () => {
    expectPage(
      await ask('POST', '/agreement', { ...good, form: { version: '2' } }),
      400,
      'The box is not ticked',
    );
    const other = { version: '1', accept: 'yes' };
    expect((await ask('POST', '/agreement', { ...good, form: other })).status).toBe(303);
    expectPage(
      await ask('POST', '/agreement', { form: { version: '2', accept: 'yes' } }),
      401,
      'Your session has ended',
    );
    expect(findHolder(db, 'acme')?.agreement).toBeUndefined();
    expect(db.sql('SELECT * FROM events').all()).toEqual([]);
  });

  it('that can’t be read can’t be accepted', async () => {
    service = {
      ...service,
      config: {
        ...service.config,
        zfa: { ...service.config.zfa, agreement: { version: '2', file: join(folder, 'none') } },
      },
    };
    expectPage(await ask('GET', '/', good), 200, 'can’t be shown at the moment');
    expect(noted.join()).toContain('can’t be read');
    const form = { version: '2', accept: 'yes' };
    expectPage(await ask('POST', '/agreement', { ...good, form }), 503, 'can’t be shown');
    expect(findHolder(db, 'acme')?.agreement).toBeUndefined();
  });
});

it('serves style sheet and script, for ever under the address that the pages give', async () => {
  for (const { path, version, body, type } of ASSETS) {
    const reply = await ask('GET', `${path}?v=${version}`);
    expect(reply).toMatchObject({ status: 200, body });
    expect(header(reply, 'content-type')).toBe(type);
    expect(header(reply, 'cache-control')).toContain('immutable');
    for (const other of [path, `${path}?v=old`]) {
      expect(header(await ask('GET', other), 'cache-control')).toBe('no-cache');
    }
  }
});
