/** Downloads in motion: a new generation, a revocation, the rule of one a day, what is recorded. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../../../src/zfa/database/open.js';
import { createDownloadRecords } from '../../../src/zfa/service/download-records.js';
import {
  addHolder,
  changeHolder,
  NOW,
  PASSWORD,
  publish,
  type StartOptions,
  startRequest,
  startTestService,
  type TestService,
  tokenOf,
  until,
} from './fixture.js';

/** More than the buffers of the kernel and of both ends take. */
const LARGE = 48 << 20;
const PATH = '/czds/downloads/com.zone';
let service: TestService;
afterEach(() => service.stop());

async function start(options: StartOptions = {}): Promise<void> {
  service = await startTestService({ zfa: ['sign-in-tries = 1000'], ...options });
  addHolder(service.db, 'acme');
}

interface Slow {
  readonly response: IncomingMessage;
  /** Reads on to the end. */
  rest(): Promise<{ readonly body: Buffer; readonly broken: boolean }>;
}

/** A download whose reader stops after the head. */
async function slow(path = PATH, headers: Record<string, string> = {}): Promise<Slow> {
  const bearer = await tokenOf(service, 'acme');
  const request = startRequest(service.running.url, path, { bearer, headers });
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request.on('response', resolve);
    request.on('error', reject);
    request.end();
  });
  request.on('error', () => undefined);
  response.on('error', () => undefined);
  const pieces: Buffer[] = [];
  response.pause();
  response.on('data', (piece: Buffer) => pieces.push(piece));
  response.pause();
  const ended = new Promise<void>((resolve) => response.on('close', () => resolve()));
  return {
    response,
    rest: async () => {
      response.resume();
      await ended;
      return { body: Buffer.concat(pieces), broken: !response.complete };
    },
  };
}

const downloads = () => service.audit.filter(({ event }) => event === 'download');
const get = async (headers: Record<string, string> = {}, path = PATH) =>
  service.ask(path, { basic: `acme:${PASSWORD}`, headers });

describe('a new generation', () => {
  it('does not disturb a download that runs, also when the old one is removed', async () => {
    await start();
    const old = randomBytes(LARGE);
    const generation = publish(service.folder, 'com', 1, old);
    const running = await slow();
    publish(service.folder, 'com', 2, randomBytes(1000));
    rmSync(join(service.folder, 'out', 'com', generation), { recursive: true });
    const { body, broken } = await running.rest();
    expect(broken).toBe(false);
    expect(body.equals(old)).toBe(true);
  });

  it('who resumes gets the version that was begun, with and without If-Range', async () => {
    await start();
    const old = randomBytes(100_000);
    publish(service.folder, 'com', 1, old);
    const first = await get({ Range: 'bytes=0-39999' });
    expect(first.status).toBe(206);
    publish(service.folder, 'com', 2, randomBytes(100_000));
    const second = await get({ Range: 'bytes=40000-59999' });
    expect(second.headers.etag).toBe(first.headers.etag);
    const third = await get({ Range: 'bytes=60000-', 'If-Range': first.headers.etag! });
    expect(third.headers.etag).toBe(first.headers.etag);
    expect(Buffer.concat([first.body, second.body, third.body]).equals(old)).toBe(true);
    await until(() => downloads().length === 3);
    expect(downloads().at(-1)).toMatchObject({ complete: true, whole: true, serial: 1 });
    const byDate = await get({
      Range: 'bytes=60000-',
      'If-Range': first.headers['last-modified']!,
    });
    expect(byDate.headers.etag).toBe(first.headers.etag);
  });

  it('and the whole new one, never a mix, when the old one is gone', async () => {
    await start();
    const generation = publish(service.folder, 'com', 1, randomBytes(100_000));
    await get({ Range: 'bytes=0-39999' });
    const fresh = randomBytes(90_000);
    publish(service.folder, 'com', 2, fresh);
    rmSync(join(service.folder, 'out', 'com', generation), { recursive: true });
    const answer = await get({ Range: 'bytes=40000-' });
    expect(answer.status).toBe(200);
    expect(answer.body.equals(fresh)).toBe(true);
  });
});

describe('what ends access ends a running download', () => {
  for (const [what, change] of [
    ['a revocation', () => changeHolder(service.db, 'acme', { state: 'revoked', epoch: 2 })],
    ['a zone taken away', () => changeHolder(service.db, 'acme', { zones: ['net'] })],
    ['other addresses', () => changeHolder(service.db, 'acme', { allow: ['192.0.2.0/24'] })],
    [
      'the time',
      () => {
        service.time.now += 1000;
      },
    ],
  ] as const) {
    it(what, async () => {
      await start();
      changeHolder(service.db, 'acme', { expires: service.time.now + 500 });
      publish(service.folder, 'com', 1, randomBytes(LARGE));
      const running = await slow();
      const bearer = await tokenOf(service, 'acme');
      expect(service.running.service.downloads.running).toBe(1);
      change();
      await until(() => service.running.service.downloads.running === 0, 2);
      const { body, broken } = await running.rest();
      expect(broken).toBe(true);
      expect(body.length).toBeLessThan(LARGE);
      expect(downloads()[0]).toMatchObject({ holder: 'acme', complete: false, whole: false });
      expect(downloads()[0].cut).toBeDefined();
      // And no new one begins.
      const answer = await service.ask(PATH, { bearer });
      expect([401, 403]).toContain(answer.status);
      expect((await get()).status).toBeGreaterThan(400);
    });
  }

  it('a new password voids tokens and the old password', async () => {
    await start();
    publish(service.folder, 'com', 1, Buffer.from('x'));
    const bearer = await tokenOf(service, 'acme');
    expect((await get()).status).toBe(200);
    changeHolder(service.db, 'acme', { epoch: 2 });
    expect((await service.ask(PATH, { bearer })).status).toBe(401);
  });

  it('a new password ends what was begun with the old one', async () => {
    await start();
    publish(service.folder, 'com', 1, randomBytes(LARGE));
    const running = await slow();
    changeHolder(service.db, 'acme', { epoch: 2 });
    await until(() => service.running.service.downloads.running === 0, 2);
    const { body, broken } = await running.rest();
    expect(broken).toBe(true);
    expect(body.length).toBeLessThan(LARGE);
    expect(downloads()[0].cut).toBe('the password is another one now');
  });
});

describe('one complete download a day', () => {
  it('many that resume at the same time get no more than one', async () => {
    await start();
    publish(service.folder, 'com', 1, randomBytes(LARGE));
    expect((await get()).status).toBe(200);
    const half = { Range: `bytes=${LARGE / 2}-` };
    const begun = await Promise.all([1, 2, 3].map(() => slow(PATH, half)));
    // All were let in while the network had taken little of the others.
    expect(begun.map(({ response }) => response.statusCode)).toEqual([206, 206, 206]);
    const rests = await Promise.all(begun.map((one) => one.rest()));
    await until(() => downloads().length === 4);
    const [, ...resent] = downloads().map(({ bytes }) => Number(bytes));
    // And for each what was on its way just then.
    const most = LARGE + 3 * (4 << 20);
    expect(resent.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(most);
    expect(rests.some(({ broken }) => broken)).toBe(true);
    expect(downloads().at(-1)?.cut).toBe('sent too often');
  });

  it('429 with Retry-After till the next one; parts and HEAD before do not count', async () => {
    await start();
    publish(service.folder, 'com', 1, randomBytes(1000));
    expect((await get({ Range: 'bytes=0-499' })).status).toBe(206);
    const head = { method: 'HEAD', basic: `acme:${PASSWORD}` };
    expect((await service.ask(PATH, head)).status).toBe(200);
    expect((await get()).status).toBe(200);
    const again = await get();
    expect(again.status).toBe(429);
    expect(Number(again.headers['retry-after'])).toBe(86_400 - 1800);
    expect((await service.ask(PATH, head)).status).toBe(200);
    // What got lost on the way can be asked for, but not time and again.
    expect((await get({ Range: 'bytes=300-' })).status).toBe(206);
    await until(() => downloads().length === 3);
    expect((await get({ Range: 'bytes=1-' })).status).toBe(429);
    expect((await get({ Range: 'bytes=900-' })).status).toBe(206);
    // Another file is another file; and so is another holder's.
    expect((await get({}, '/files/com/com.zone.gz')).status).toBe(200);
    addHolder(service.db, 'other');
    expect((await service.ask(PATH, { basic: `other:${PASSWORD}` })).status).toBe(200);
    service.time.now += 86_400 - 1800;
    expect((await get()).status).toBe(200);
  });

  it('each list of changes is a file of its own: one that was had keeps no names from anybody', async () => {
    await start();
    const generation = publish(service.folder, 'com', 1, randomBytes(1000));
    const path = '/files/com/com.added.txt.gz';
    const own = await get({}, path);
    expect(own).toMatchObject({ status: 200, body: Buffer.from('added 1') });
    expect((await get({}, path)).status).toBe(429);
    // The day's bundles come, with all that is new since the day before.
    const folder = join(service.folder, 'out/bundles/20261122');
    mkdirSync(folder, { recursive: true });
    const text = 'added since yesterday';
    const name = 'com.added.txt.gz';
    writeFileSync(join(folder, name), text);
    const sha256 = createHash('sha256').update(text).digest('hex');
    const files = [{ name, bytes: text.length, sha256 }];
    const zones = [{ zone: 'com', generation, serial: 1, files }];
    const day = { version: 1, date: '20261122', modified: NOW, zones, shared: {}, indexSha256: '' };
    writeFileSync(join(folder, 'day.json'), JSON.stringify(day));
    // Not by a date either is the one taken for the other.
    const since = String(own.headers['last-modified']);
    expect((await get({ 'If-Modified-Since': since }, path)).status).toBe(200);
    expect((await get({}, path)).status).toBe(429);
    const rest = await get({ Range: 'bytes=6-', 'If-Range': since }, path);
    expect(rest).toMatchObject({ status: 206, body: Buffer.from('1') });
    // Of a zone there is one a day, whichever it is.
    expect((await get({}, '/files/com/com.zone.gz')).status).toBe(200);
    publish(service.folder, 'com', 2, randomBytes(1000));
    expect((await get({}, '/files/com/com.zone.gz')).status).toBe(429);
  });

  it('is remembered by the next process, in rows that the report can count', async () => {
    await start();
    publish(service.folder, 'com', 1, randomBytes(1000));
    expect((await get({ Range: 'bytes=0-499' })).status).toBe(206);
    await service.stop();
    service = await startTestService({ folder: service.folder });
    expect((await get({ Range: 'bytes=500-' })).status).toBe(206);
    await service.stop();
    service = await startTestService({ folder: service.folder });
    expect((await get()).status).toBe(429);
    const rows = service.db.sql('SELECT * FROM downloads').all();
    expect(rows).toMatchObject([
      {
        holder: 'acme',
        file: 'czds/com',
        serial: '1',
        size: 1000,
        sent: 1000,
        ended: service.time.now,
        ranges: '[[0,1000]]',
      },
    ]);
  });

  it('two services whose parts are written in any order have sent a whole file', async () => {
    await start();
    const db = service.db;
    const [one, other] = [
      createDownloadRecords(db),
      createDownloadRecords(openDatabase(service.config.stateDir)),
    ];
    const file = { holder: 'acme', file: 'x', etag: 'e', serial: '1', size: 1000 };
    const first = one.open(file, 'new', NOW);
    one.flush();
    const second = other.open(file, 'same', NOW);
    first.add(0, 500, NOW + 1);
    second.add(500, 1000, NOW + 2);
    other.flush();
    one.flush();
    const rows = () => db.sql("SELECT ended, sent, ranges FROM downloads WHERE file = 'x'").all();
    expect(rows()).toEqual([{ ended: NOW + 1, sent: 1000, ranges: '[[0,1000]]' }]);
  });

  it('two services at a time add up what they send', async () => {
    await start();
    publish(service.folder, 'com', 1, randomBytes(1000));
    const other = await startTestService({ folder: service.folder });
    try {
      await get({ Range: 'bytes=0-499' });
      await until(() => service.db.sql('SELECT 1 FROM downloads').get() !== undefined);
      const rest = { Range: 'bytes=500-' };
      await other.ask(PATH, { basic: `acme:${PASSWORD}`, headers: rest });
      await until(
        () => service.db.sql('SELECT 1 FROM downloads WHERE ended IS NOT NULL').get() !== undefined,
      );
      expect((await get()).status).toBe(429);
      expect(service.db.sql('SELECT sent, ranges FROM downloads').all()).toEqual([
        { sent: 1000, ranges: '[[0,1000]]' },
      ]);
    } finally {
      await other.stop();
    }
  });
});

describe('what is recorded', () => {
  it('downloads, complete or not, sign-ins and refusals; no secret', async () => {
    await start();
    publish(service.folder, 'com', 1, randomBytes(LARGE));
    const running = await slow();
    running.response.destroy();
    await until(() => downloads().length === 1);
    expect(downloads()[0]).toMatchObject({
      holder: 'acme',
      address: '127.0.0.1',
      file: 'czds/com',
      serial: 1,
      size: LARGE,
      complete: false,
    });
    await get();
    // The client may have its last octets before the service knows that they were taken.
    await until(() => downloads().length === 2);
    expect(downloads()[1]).toMatchObject({ bytes: LARGE, complete: true, whole: true });
    await service.ask(PATH, { basic: 'acme:wrong' });
    await service.ask('/czds/downloads/net.zone', { basic: `acme:${PASSWORD}` });
    await service.ask(PATH, { basic: 'x\n{"event":"forged"}:wrong' });
    const events = service.audit.map(({ event, reason, holder }) => [event, reason, holder]);
    expect(events).toContainEqual(['sign-in', undefined, 'acme']);
    expect(events).toContainEqual(['refused', 'password', 'acme']);
    expect(events).toContainEqual(['refused', 'zone', 'acme']);
    expect(events).toContainEqual(['refused', 'password', undefined]);
    expect(JSON.stringify(service.audit)).not.toMatch(/right-horse|wrong|Basic|forged|Bearer/);
  });

  it('equal refusals beyond twenty a minute are one line', async () => {
    await start();
    for (let i = 0; i < 50; i++) await service.ask(PATH, { bearer: 'x.y.z' });
    const lines = () => service.audit.filter(({ reason }) => reason === 'token');
    expect(lines()).toHaveLength(20);
    service.time.now += 60;
    await until(() => lines().length === 21);
    expect(lines()[20]).toMatchObject({ address: '127.0.0.1', times: 30 });
  });

  it('nothing is handed out while the audit log can not be written', async () => {
    let tell: (error: Error | undefined) => void = () => undefined;
    await start({
      openAudit: (_folder, onState) => {
        tell = onState;
        return {
          write: () => undefined,
          flush: async () => undefined,
          close: async () => undefined,
        };
      },
    });
    publish(service.folder, 'com', 1, randomBytes(1000));
    tell(new Error('disk full'));
    expect((await get()).status).toBe(503);
    expect((await service.ask('/healthz')).status).toBe(503);
    tell(undefined);
    expect((await get()).status).toBe(200);
  });
});

it('the agreement is asked for by downloads, and not for signing in', async () => {
  await start({ zfa: ['agreement = { version = "2026-1", file = "A.txt" }'] });
  publish(service.folder, 'com', 1, randomBytes(1000));
  expect((await get()).status).toBe(409);
  expect((await get({}, '/files/com/com.zone.gz')).status).toBe(409);
  expect((await get({}, '/files/net/net.zone.gz')).status).toBe(403);
  expect((await get({}, '/czds/downloads/links')).status).toBe(200);
  changeHolder(service.db, 'acme', { agreement: { version: '2026-1', date: 1 } });
  expect((await get()).status).toBe(200);
});

it('a process that holds the database keeps nobody waiting, and nothing is lost', async () => {
  await start();
  publish(service.folder, 'com', 1, randomBytes(1000));
  await get({}, '/czds/downloads/links');
  service.db.sql('BEGIN IMMEDIATE').run();
  const began = performance.now();
  expect((await get()).status).toBe(200);
  expect((await get()).status).toBe(429);
  expect(performance.now() - began).toBeLessThan(5000);
  await until(() => service.warnings.some((text) => text.includes('another process')));
  service.db.sql('ROLLBACK').run();
  await until(
    () => service.db.sql('SELECT 1 FROM downloads WHERE ended IS NOT NULL').get() !== undefined,
  );
});
