/** Signing in by every way, and what keeps guessers and other sites out. */
import { randomBytes } from 'node:crypto';
import { chmodSync, statSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { zfaPlaces } from '../../../src/zfa/places.js';
import type { Request } from '../../../src/zfa/service/exchange.js';
import {
  addHolder,
  changeHolder,
  PASSWORD,
  publish,
  type StartOptions,
  startTestService,
  type TestService,
  tokenOf,
} from './fixture.js';

const LINKS = '/czds/downloads/links';
let service: TestService;
afterEach(() => service.stop());

async function start(options: StartOptions = {}): Promise<void> {
  service = await startTestService(options);
  publish(service.folder, 'com', 1, randomBytes(1000));
  for (const id of ['acme', 'other']) addHolder(service.db, id);
}
const basic = (id: string, password = PASSWORD, from?: string) =>
  service.ask(LINKS, {
    basic: `${id}:${password}`,
    headers: from === undefined ? {} : { 'X-Forwarded-For': from },
  });
const api = (id: string, password = PASSWORD) =>
  service.ask('/api/authenticate', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ username: id, password }),
  });
/** A request as the portal's handlers get it. */
const portalRequest = (more: Partial<Request> = {}): Request => ({
  method: 'POST',
  path: '/',
  params: {},
  query: new URLSearchParams(),
  headers: {},
  cookies: {},
  address: '192.0.2.1',
  origin: 'https://zfa.example',
  secure: true,
  now: service.time.now,
  gone: () => false,
  body: async () => Buffer.alloc(0),
  ...more,
});

describe('tries by address', () => {
  it('the API counts every try: the ninth in five minutes waits, by password too', async () => {
    await start();
    for (let i = 0; i < 8; i++) expect((await api('acme')).status).toBe(200);
    const ninth = await api('acme');
    expect(ninth.status).toBe(429);
    expect(Number(ninth.headers['retry-after'])).toBe(300);
    expect((await basic('acme')).status).toBe(429);
    service.time.now += 300;
    expect((await api('acme')).status).toBe(200);
  });

  it('Basic counts failures only, and a right one needs no work again', async () => {
    await start();
    for (let i = 0; i < 20; i++) expect((await basic('acme')).status).toBe(200);
    expect(service.audit.filter(({ event }) => event === 'sign-in')).toHaveLength(1);
    for (let i = 0; i < 8; i++) expect((await basic('acme', `wrong${i}`)).status).toBe(401);
    expect((await basic('acme', 'wrong')).status).toBe(429);
    // Who guesses learns nothing more, even from the right one.
    expect((await basic('acme')).status).toBe(429);
  });

  it('all at once are no more than one after the other', async () => {
    await start();
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, i) => basic('acme', `wrong${i}`)),
    );
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 401)).toHaveLength(8);
    expect(statuses.filter((status) => status === 429)).toHaveLength(32);
  });

  it('the same password at once is checked once', async () => {
    await start();
    const answers = await Promise.all(Array.from({ length: 30 }, () => basic('acme')));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(service.audit.filter(({ event }) => event === 'sign-in')).toHaveLength(1);
  });

  it('a token goes on working meanwhile', async () => {
    await start();
    const bearer = await tokenOf(service, 'acme');
    for (let i = 0; i < 10; i++) await api('acme', 'wrong');
    expect((await service.ask(LINKS, { bearer })).status).toBe(200);
  });
});

describe('failures by account', () => {
  it('lock it for addresses that it has not come from, known or not alike', async () => {
    await start({ zfa: ['trusted-proxies = ["127.0.0.0/8"]'], limits: { accountFailures: 10 } });
    expect((await basic('acme', PASSWORD, '192.0.2.1')).status).toBe(200);
    for (const id of ['acme', 'other']) {
      for (let i = 0; i < 10; i++) {
        expect((await basic(id, `wrong${i}`, `198.51.100.${i}`)).status).toBe(401);
      }
      const locked = await basic(id, PASSWORD, '203.0.113.1');
      expect(locked.status).toBe(429);
      expect(Number(locked.headers['retry-after'])).toBe(3600);
    }
    // Its own address is not locked out.
    expect((await basic('acme', PASSWORD, '192.0.2.1')).status).toBe(200);
    service.time.now += 3600;
    expect((await basic('other', PASSWORD, '203.0.113.1')).status).toBe(200);
  });

  it('its own addresses are known after a restart', async () => {
    const options = { zfa: ['trusted-proxies = ["127.0.0.0/8"]'], limits: { accountFailures: 2 } };
    await start(options);
    expect((await basic('acme', PASSWORD, '192.0.2.1')).status).toBe(200);
    await service.stop();
    service = await startTestService({ ...options, folder: service.folder });
    for (const n of [1, 2]) await basic('acme', `wrong${n}`, `198.51.100.${n}`);
    expect((await basic('acme', PASSWORD, '198.51.100.3')).status).toBe(429);
    expect((await basic('acme', PASSWORD, '192.0.2.1')).status).toBe(200);
  });
});

describe('addresses', () => {
  it('X-Forwarded-For counts only from a proxy that is trusted', async () => {
    await start();
    changeHolder(service.db, 'acme', { allow: ['192.0.2.0/24'] });
    expect((await basic('acme', PASSWORD, '192.0.2.1')).status).toBe(403);
    await service.stop();
    await start({ zfa: ['trusted-proxies = ["127.0.0.0/8"]'] });
    changeHolder(service.db, 'acme', { allow: ['192.0.2.0/24'] });
    expect((await basic('acme', PASSWORD, '192.0.2.1')).status).toBe(200);
    expect((await basic('acme', PASSWORD, '192.0.2.1, 198.51.100.1')).status).toBe(403);
    expect(service.audit.at(-1)).toMatchObject({ reason: 'address', address: '198.51.100.1' });
  });
});

describe('tokens', () => {
  it('end after 24 hours, with the account, and with its epoch', async () => {
    await start();
    const bearer = await tokenOf(service, 'acme');
    const works = async () => (await service.ask(LINKS, { bearer })).status === 200;
    service.time.now += 86_399;
    expect(await works()).toBe(true);
    service.time.now += 1;
    expect(await works()).toBe(false);
    service.time.now -= 100;
    expect(await works()).toBe(true);
    changeHolder(service.db, 'acme', { state: 'revoked' });
    expect(await works()).toBe(false);
    changeHolder(service.db, 'acme', { state: 'approved' });
    expect(await works()).toBe(true);
    changeHolder(service.db, 'acme', { epoch: 2 });
    expect(await works()).toBe(false);
  });

  it('hold over a restart, by a secret that nobody else can read', async () => {
    await start();
    const bearer = await tokenOf(service, 'acme');
    await service.stop();
    const { tokenKey } = zfaPlaces(service.config.stateDir);
    expect(statSync(tokenKey)).toMatchObject({ size: 32 });
    expect(statSync(tokenKey).mode & 0o777).toBe(0o600);
    chmodSync(tokenKey, 0o644);
    await expect(startTestService({ folder: service.folder })).rejects.toMatchObject({
      exitCode: 4,
    });
    chmodSync(tokenKey, 0o600);
    service = await startTestService({ folder: service.folder });
    expect((await service.ask(LINKS, { bearer })).status).toBe(200);
  });
});

describe('the portal', () => {
  it('signs in and out with a cookie that only this host gets', async () => {
    await start();
    const { auth } = service.running.service;
    const holder = await auth.signIn(portalRequest(), 'acme', PASSWORD, 'portal');
    const cookie = await auth.sessionCookie(portalRequest(), holder);
    expect(cookie).toMatch(
      /^__Host-zfa=[\w-]+\.[\w-]+\.[\w-]+; Path=\/; Max-Age=86400; HttpOnly; SameSite=Strict; Secure$/,
    );
    const value = cookie.slice('__Host-zfa='.length).split(';')[0];
    const session = (cookies: Record<string, string>) => auth.session(portalRequest({ cookies }));
    expect((await session({ '__Host-zfa': value }))?.id).toBe('acme');
    expect(await session({ zfa: value })).toBeUndefined();
    expect(await session({ '__Host-zfa': 'x' })).toBeUndefined();
    // Signing out ends this session for every copy of its cookie, and no other.
    const other = await auth.sessionCookie(portalRequest(), holder);
    const otherValue = other.slice('__Host-zfa='.length).split(';')[0];
    expect(otherValue).not.toBe(value);
    const leaving = portalRequest({ cookies: { '__Host-zfa': value } });
    expect(await auth.endSession(leaving)).toMatch(/^__Host-zfa=; .*Max-Age=0/);
    expect(await session({ '__Host-zfa': value })).toBeUndefined();
    expect((await session({ '__Host-zfa': otherValue }))?.id).toBe('acme');
    expect(await auth.endSession(portalRequest())).toContain('Max-Age=0');
    // Without TLS, on loopback, the browser would not take that name. It opens downloads, too.
    const plain = await auth.sessionCookie(portalRequest({ secure: false }), holder);
    const headers = { Cookie: plain.split(';')[0] };
    expect((await service.ask(LINKS, { headers })).status).toBe(200);
    // And is no token for programs.
    expect((await service.ask(LINKS, { bearer: value })).status).toBe(401);
  });

  it('what was signed out stays so over a restart, and is forgotten when it has run out', async () => {
    await start();
    const sessionOf = (cookie: string) =>
      service.running.service.auth.session(
        portalRequest({ cookies: { '__Host-zfa': cookie.slice('__Host-zfa='.length) } }),
      );
    const signIn = async (): Promise<string> => {
      const { auth } = service.running.service;
      const holder = await auth.signIn(portalRequest(), 'acme', PASSWORD, 'portal');
      return (await auth.sessionCookie(portalRequest(), holder)).split(';')[0];
    };
    const signOut = (cookie: string) =>
      service.running.service.auth.endSession(
        portalRequest({ cookies: { '__Host-zfa': cookie.slice('__Host-zfa='.length) } }),
      );
    const kept = () =>
      service.db
        .sql('SELECT session FROM ended_sessions')
        .all()
        .map(({ session }) => session);
    const [gone, open] = [await signIn(), await signIn()];
    await signOut(gone);
    await service.stop();
    service = await startTestService({ folder: service.folder });
    expect(await sessionOf(gone)).toBeUndefined();
    expect((await sessionOf(open))?.id).toBe('acme');
    // What is kept is not the cookie, nor what strangers make up.
    await signOut('__Host-zfa=a.b.c');
    expect(kept()).toEqual([expect.not.stringContaining('.')]);
    expect(gone).not.toContain(kept()[0]);
    const before = kept();
    service.time.now += 86_400;
    await signOut(await signIn());
    expect(kept()).toHaveLength(1);
    expect(kept()).not.toEqual(before);
  });

  it('a full disk does not keep a session open', async () => {
    await start();
    const { auth } = service.running.service;
    const holder = await auth.signIn(portalRequest(), 'acme', PASSWORD, 'portal');
    const cookie = (await auth.sessionCookie(portalRequest(), holder)).split(';')[0];
    const asked = portalRequest({ cookies: { '__Host-zfa': cookie.slice('__Host-zfa='.length) } });
    service.db
      .sql(`CREATE TRIGGER full BEFORE INSERT ON ended_sessions
      BEGIN SELECT RAISE(ABORT, 'no room'); END`)
      .run();
    expect(await auth.endSession(asked)).toContain('Max-Age=0');
    expect(await auth.session(asked)).toBeUndefined();
    await expect.poll(() => service.warnings.join()).toContain('no room');
    // It is written as soon as there is room again.
    service.db.sql('DROP TRIGGER full').run();
    const kept = () => service.db.sql('SELECT count(*) AS n FROM ended_sessions').get()?.n;
    await expect.poll(kept, { timeout: 5000 }).toBe(1);
  });

  it('its failures count, its successes do not', async () => {
    await start();
    const { auth } = service.running.service;
    for (let i = 0; i < 20; i++) await auth.signIn(portalRequest(), 'acme', PASSWORD, 'portal');
    for (let i = 0; i < 8; i++) {
      const wrong = auth.signIn(portalRequest(), 'acme', `wrong${i}`, 'portal');
      await expect(wrong).rejects.toMatchObject({ status: 401 });
    }
    await expect(auth.signIn(portalRequest(), 'acme', PASSWORD, 'portal')).rejects.toMatchObject({
      status: 429,
      headers: { 'Retry-After': '300' },
    });
  });
});

it('Basic credentials that are none are a refusal, and a line of the log', async () => {
  await start();
  const answer = await service.ask(LINKS, {
    headers: { Authorization: `Basic ${Buffer.from('acme').toString('base64')}` },
  });
  expect(answer.status).toBe(401);
  expect(service.audit).toContainEqual(
    expect.objectContaining({ event: 'refused', reason: 'password', status: 401 }),
  );
});
