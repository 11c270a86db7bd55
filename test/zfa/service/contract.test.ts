/** The contract of the download service, route by route (spec: what clients of CZDS rely on). */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  addHolder,
  PASSWORD,
  publish,
  startTestService,
  type TestService,
  tokenOf,
} from './fixture.js';

const ZONE = randomBytes(300_000);
let service: TestService;
let token = '';

beforeAll(async () => {
  service = await startTestService({ zfa: ['limit-hours = 0', 'sign-in-tries = 1000'] });
  publish(service.folder, 'com', 7, ZONE);
  publish(service.folder, 'net', 8, randomBytes(1000));
  addHolder(service.db, 'acme');
  addHolder(service.db, 'both', { zones: ['com', 'net', 'org'] });
  addHolder(service.db, 'late', { expires: service.time.now - 1 });
  addHolder(service.db, 'gone', { state: 'revoked' });
  addHolder(service.db, 'office', { allow: ['192.0.2.0/24'] });
  token = await tokenOf(service, 'acme');
});
afterAll(() => service.stop());

const post = (body: string, type = 'application/json', path = '/api/authenticate') =>
  service.ask(path, { method: 'POST', headers: { 'Content-Type': type }, body });

describe('POST /api/authenticate', () => {
  const good = JSON.stringify({ username: 'acme', password: PASSWORD });

  it('gives a token of three parts that tells when it ends', async () => {
    const answer = await post(good);
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('application/json;charset=UTF-8');
    const { accessToken, ...rest } = JSON.parse(answer.text) as { accessToken: string };
    expect(rest).toEqual({});
    // A client reads the token's end from its second part.
    const parts = accessToken.split('.');
    expect(parts).toHaveLength(3);
    const payload = JSON.parse(Buffer.from(parts[1], 'base64url').toString()) as { exp: number };
    expect(payload.exp).toBe(service.time.now + 86_400);
  });

  it('takes a slash at the end, a charset, and fields that it does not know', async () => {
    expect((await post(good, 'application/json', '/api/authenticate/')).status).toBe(200);
    const more = JSON.stringify({ username: 'acme', password: PASSWORD, x: 1 });
    expect((await post(more, 'Application/JSON; charset=utf-8')).status).toBe(200);
  });

  it('400 for what is no JSON or lacks a field, 415 for another type, 413 for too much', async () => {
    for (const body of [
      '',
      '{',
      '[]',
      'null',
      '{"username":"acme"}',
      '{"username":1,"password":2}',
    ]) {
      expect((await post(body)).status, body).toBe(400);
    }
    expect((await post(good, 'application/x-www-form-urlencoded')).status).toBe(415);
    expect((await post('x'.repeat(5000))).status).toBe(413);
  });

  it('401 without a body for a wrong password, an unknown name, and who may no longer', async () => {
    for (const [username, password] of [
      ['acme', 'wrong'],
      ['nobody', PASSWORD],
      ['late', PASSWORD],
      ['gone', PASSWORD],
      ['no/id', PASSWORD],
    ]) {
      const answer = await post(JSON.stringify({ username, password }));
      expect(answer, username).toMatchObject({ status: 401, text: '' });
      expect(answer.headers['content-length']).toBe('0');
    }
  });

  it("403 from an address that is not the account's", async () => {
    const answer = await post(JSON.stringify({ username: 'office', password: PASSWORD }));
    expect(answer.status).toBe(403);
  });
});

describe('GET /czds/downloads/links', () => {
  it('has the URLs of published zones of the holder', async () => {
    const both = await tokenOf(service, 'both');
    const answer = await service.ask('/czds/downloads/links', {
      bearer: both,
      headers: { Host: 'ZFA.example:8443' },
    });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('application/json;charset=UTF-8');
    expect(JSON.parse(answer.text)).toEqual([
      'http://zfa.example:8443/czds/downloads/com.zone',
      'http://zfa.example:8443/czds/downloads/net.zone',
    ]);
  });

  it('401 without a token, 400 for a Host that is none', async () => {
    expect((await service.ask('/czds/downloads/links')).status).toBe(401);
    const answer = await service.ask('/czds/downloads/links', {
      bearer: token,
      headers: { Host: 'a.example/x"' },
    });
    expect(answer.status).toBe(400);
  });
});

describe('/czds/downloads/<zone>.zone', () => {
  const path = '/czds/downloads/com.zone';

  it('has exactly the headers that clients need', async () => {
    const answer = await service.ask(path, { bearer: token });
    expect(answer.status).toBe(200);
    expect(answer.body.equals(ZONE)).toBe(true);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/x-gzip',
      'content-disposition': 'attachment;filename=com.txt.gz',
      'content-length': String(ZONE.length),
      'last-modified': new Date((service.time.now + 7) * 1000).toUTCString(),
      'accept-ranges': 'bytes',
      'x-content-type-options': 'nosniff',
    });
    expect(answer.headers.etag).toMatch(/^"[\w-]+"$/);
    expect(answer.headers).not.toHaveProperty('content-encoding');
    // A client that splits the header at its "=".
    expect(answer.headers['content-disposition']!.split('=')[1]).toBe('com.txt.gz');
  });

  it('HEAD says the same without the file', async () => {
    const get = await service.ask(path, { bearer: token });
    const head = await service.ask(path, { bearer: token, method: 'HEAD' });
    expect(head.body).toHaveLength(0);
    const { date: _get, ...of } = get.headers;
    const { date: _head, ...same } = head.headers;
    expect(same).toEqual(of);
    expect(head.headers['last-modified']).toBeDefined();
    expect(head.headers['content-length']).toBe(String(ZONE.length));
  });

  it('gives ranges, and 416 beyond the end', async () => {
    const part = async (range: string, more: Record<string, string> = {}) =>
      service.ask(path, { bearer: token, headers: { Range: range, ...more } });
    const some = await part('bytes=1000-1999');
    expect(some.status).toBe(206);
    expect(some.headers['content-range']).toBe(`bytes 1000-1999/${ZONE.length}`);
    expect(some.headers['content-length']).toBe('1000');
    expect(some.body.equals(ZONE.subarray(1000, 2000))).toBe(true);
    const rest = await part('bytes=299000-');
    expect(rest.body.equals(ZONE.subarray(299_000))).toBe(true);
    const last = await part('bytes=-10');
    expect(last.body.equals(ZONE.subarray(-10))).toBe(true);
    const beyond = await part(`bytes=${ZONE.length}-`);
    expect(beyond.status).toBe(416);
    expect(beyond.headers['content-range']).toBe(`bytes */${ZONE.length}`);
    const etag = some.headers.etag!;
    expect((await part('bytes=5-9', { 'If-Range': etag })).status).toBe(206);
    expect((await part('bytes=5-9', { 'If-Range': '"other"' })).status).toBe(200);
    expect((await part('bytes=5-9', { 'If-Range': `W/${etag}` })).status).toBe(200);
    expect((await part('bytes=0-1,5-9')).status).toBe(200);
    expect((await part(`bytes=${'0-1,'.repeat(500)}5-9`)).status).toBe(416);
  });

  it('answers conditions', async () => {
    const { headers } = await service.ask(path, { bearer: token, method: 'HEAD' });
    const conditional = async (more: Record<string, string>) =>
      (await service.ask(path, { bearer: token, headers: more })).status;
    expect(await conditional({ 'If-None-Match': headers.etag! })).toBe(304);
    expect(await conditional({ 'If-Modified-Since': headers['last-modified']! })).toBe(304);
    expect(await conditional({ 'If-Match': '"other"' })).toBe(412);
  });

  it('403 for zones of others and for those that do not exist, alike', async () => {
    const foreign = await service.ask('/czds/downloads/net.zone', { bearer: token });
    const unknown = await service.ask('/czds/downloads/nosuch.zone', { bearer: token });
    const odd = await service.ask('/czds/downloads/..%2f..%2fcom.zone', { bearer: token });
    for (const answer of [foreign, unknown, odd]) {
      expect(answer.status).toBe(403);
      expect(answer.text).toBe(foreign.text);
    }
    // The holder's own, of which nothing is published.
    const both = await tokenOf(service, 'both');
    expect((await service.ask('/czds/downloads/org.zone', { bearer: both })).status).toBe(403);
  });
});

describe('/files/<zone>/<name>', () => {
  it('has the shared files of the published generation, and nothing else of its folder', async () => {
    const get = (name: string) => service.ask(`/files/com/${name}`, { basic: `acme:${PASSWORD}` });
    const added = await get('com.added.txt.gz');
    expect(added).toMatchObject({ status: 200, text: 'added 7' });
    expect(added.headers['content-disposition']).toBe('attachment;filename=com.added.txt.gz');
    expect((await get('com.zone.gz')).body.equals(ZONE)).toBe(true);
    expect((await get('com.zone.gz.md5')).headers['content-type']).toMatch(/^text\/plain/);
    for (const name of ['manifest.json', 'added.txt.gz', '..', '%2e%2e', 'com.zone']) {
      expect((await get(name)).status, name).toBe(404);
    }
    expect(
      (await service.ask('/files/net/net.zone.gz', { basic: `acme:${PASSWORD}` })).status,
    ).toBe(403);
  });
});

describe('everything else', () => {
  it('404, 405 with Allow, and security headers on all', async () => {
    expect((await service.ask('/etc/passwd')).status).toBe(404);
    expect((await service.ask('/czds/downloads/a/b.zone', { bearer: token })).status).toBe(404);
    const wrong = await service.ask('/czds/downloads/links', { method: 'DELETE' });
    expect(wrong.status).toBe(405);
    expect(wrong.headers.allow).toBe('GET, HEAD');
    const get = await service.ask('/api/authenticate');
    expect(get.status).toBe(405);
    expect(get.headers.allow).toBe('POST');
    for (const answer of [wrong, get]) {
      expect(answer.headers).toMatchObject({
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
      });
      expect(answer.headers['content-security-policy']).toContain("default-src 'none'");
    }
  });

  it('/healthz', async () => {
    expect(await service.ask('/healthz')).toMatchObject({ status: 200, text: '{"status":"ok"}' });
  });

  it('a token that is changed, of another key or of no algorithm opens nothing', async () => {
    const [head, payload, signature] = token.split('.');
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
    const forged = Buffer.from(JSON.stringify({ ...claims, sub: 'both' })).toString('base64url');
    for (const bad of [
      `${head}.${forged}.${signature}`,
      `${none}.${payload}.`,
      `${head}.${payload}.${Buffer.alloc(32).toString('base64url')}`,
      'x.y.z',
      'garbage',
    ]) {
      expect((await service.ask('/czds/downloads/com.zone', { bearer: bad })).status).toBe(401);
    }
  });
});
