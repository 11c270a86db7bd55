/** The paths of bundles: each holder its own, by dates that there are. */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { zfaPlaces } from '../../../src/zfa/places.js';
import type { BundleStore } from '../../../src/zfa/service/bundle-routes.js';
import type { ByteSource } from '../../../src/zfa/stream/byte-source.js';
import {
  addHolder,
  changeHolder,
  PASSWORD,
  startRequest,
  startTestService,
  type TestService,
} from './fixture.js';

const DAYS = ['20261122', '20261121'];
const open = new Set<ByteSource>();
/** Milliseconds that opening takes. */
let delay = 0;

function sourceOf(bytes: Buffer): ByteSource {
  const source: ByteSource = {
    size: bytes.length,
    read: async (into, at) => bytes.copy(into, 0, at),
    close: async () => {
      open.delete(source);
    },
  };
  open.add(source);
  return source;
}

/** What a bundle holds here: its own name. */
const find: BundleStore['find'] = (date, holder, { encrypted }) => {
  if (holder.id === 'broken') throw new Error('parts is cut off');
  // `young` was not there on the older day, and nobody but it and `acme` on the newer.
  if (holder.id === 'old' ? date === DAYS[0] : holder.id === 'young' && date === DAYS[1]) {
    return undefined;
  }
  const fileName = `zfa-${holder.id}-${date}.tar${encrypted ? '.age' : ''}`;
  const etag = createHash('sha256').update(fileName).digest('hex');
  const recipient = encrypted ? 'age1x' : undefined;
  const size = fileName.length;
  return { fileName, etag, modified: 1_795_305_600, size, zones: ['com'], recipient };
};
const store: BundleStore = {
  days: () => DAYS,
  find,
  open: async (date, holder, how) => {
    await new Promise((resolve) => setTimeout(resolve, delay));
    const bundle = find(date, holder, how);
    return bundle && { ...bundle, source: sourceOf(Buffer.from(bundle.fileName)) };
  },
};
let service: TestService;

beforeAll(async () => {
  service = await startTestService({
    zfa: ['limit-hours = 0'],
    bundles: store,
    limits: { stallTime: 150 },
  });
  for (const id of ['acme', 'young', 'old']) addHolder(service.db, id);
  addHolder(service.db, 'broken');
  addHolder(service.db, 'sealed', { ageKey: 'age1x' });
});
afterAll(() => service.stop());

const get = (path: string, id = 'acme', method = 'GET', headers = {}) =>
  service.ask(path, { basic: `${id}:${PASSWORD}`, method, headers });

it('a day of the holder', async () => {
  const answer = await get('/bundles/20261121.tar');
  expect(answer).toMatchObject({ status: 200, text: 'zfa-acme-20261121.tar' });
  expect(answer.headers).toMatchObject({
    'content-type': 'application/x-tar',
    'content-disposition': 'attachment;filename=zfa-acme-20261121.tar',
    'accept-ranges': 'bytes',
  });
  const part = await get('/bundles/20261121.tar', 'acme', 'GET', { Range: 'bytes=4-7' });
  expect(part).toMatchObject({ status: 206, text: 'acme' });
  const head = await get('/bundles/20261121.tar', 'acme', 'HEAD');
  expect(head.headers['content-length']).toBe('21');
  expect((await service.ask('/bundles/20261121.tar')).status).toBe(401);
});

it('the latest is the latest of this holder, and says which', async () => {
  const latest = await get('/bundles/latest.tar');
  expect(latest.text).toBe('zfa-acme-20261122.tar');
  expect(latest.headers['content-location']).toBe('/bundles/20261122.tar');
  expect((await get('/bundles/latest.tar', 'old')).text).toBe('zfa-old-20261121.tar');
});

it('404 for days that there are not, or not for this holder, and for what is no day', async () => {
  expect((await get('/bundles/20261121.tar', 'young')).status).toBe(404);
  for (const date of ['20261120', '..', '%2e%2e', '20261122x', 'latest.tar', 'acme']) {
    expect((await get(`/bundles/${date}.tar`)).status, date).toBe(404);
  }
  expect((await get('/bundles/../bundles/20261122.tar')).status).toBe(404);
});

it('encrypted for holders who have given a key', async () => {
  const sealed = await get('/bundles/latest.tar.age', 'sealed');
  expect(sealed).toMatchObject({ status: 200, text: 'zfa-sealed-20261122.tar.age' });
  expect(sealed.headers['content-location']).toBe('/bundles/20261122.tar.age');
  expect((await get('/bundles/20261122.tar.age')).status).toBe(404);
  // What was made for a key that is not the holder's any more opens nothing.
  changeHolder(service.db, 'sealed', { ageKey: 'age1y' });
  expect((await get('/bundles/latest.tar.age', 'sealed')).status).toBe(404);
  expect((await get('/bundles/latest.tar', 'sealed')).status).toBe(200);
});

it("403 when a zone in it is no longer the holder's", async () => {
  changeHolder(service.db, 'young', { zones: ['net'] });
  expect((await get('/bundles/20261122.tar', 'young')).status).toBe(403);
});

it('/minisign.pub, when there is one', async () => {
  expect((await service.ask('/minisign.pub')).status).toBe(404);
  const { folder, publicKey } = zfaPlaces(service.config.stateDir);
  mkdirSync(folder, { recursive: true });
  writeFileSync(publicKey, 'untrusted comment: x\nRWQ\n');
  expect(await service.ask('/minisign.pub')).toMatchObject({
    status: 200,
    text: 'untrusted comment: x\nRWQ\n',
  });
});

it('who has to wait for a reply is not idle', async () => {
  delay = 500;
  expect((await get('/bundles/20261122.tar')).status).toBe(200);
  delay = 0;
});

it('who goes away while it is prepared leaves nothing behind', async () => {
  await get('/bundles/20261122.tar', 'acme', 'HEAD');
  delay = 100;
  const request = startRequest(service.running.url, '/bundles/20261122.tar', {
    basic: `acme:${PASSWORD}`,
  });
  request.on('error', () => undefined);
  request.end();
  await new Promise((resolve) => setTimeout(resolve, 50));
  request.destroy();
  await new Promise((resolve) => setTimeout(resolve, 300));
  delay = 0;
  expect(service.running.service.downloads.running).toBe(0);
  expect(service.audit.at(-1)).toMatchObject({ event: 'download', bytes: 0, complete: false });
});

it('no bundle stays open', () => {
  expect(open.size).toBe(0);
});

it('of a damaged day: not now, and both the log and the operator are told', async () => {
  expect(await get('/bundles/latest.tar', 'broken')).toMatchObject({
    status: 503,
    text: 'not possible just now\n',
  });
  expect(service.audit).toContainEqual(
    expect.objectContaining({ event: 'refused', reason: 'unavailable', holder: 'broken' }),
  );
  expect(service.warnings.join()).toContain('parts is cut off');
});
