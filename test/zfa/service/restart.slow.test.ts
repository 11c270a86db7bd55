/** The service as a process of its own, ended and started again in the middle of downloads. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Running, startZonewright } from '../../tools/cli.js';
import { makeCertificate } from './certificate.js';
import {
  type Answer,
  type AskOptions,
  addHolder,
  ask,
  PASSWORD,
  publish,
  startRequest,
  startTestService,
  type TestService,
} from './fixture.js';

const PATH = '/czds/downloads/com.zone';
const zone = randomBytes(64 << 20);
let base: TestService;
const processes: Running[] = [];

interface Served extends Running {
  readonly url: string;
}

/** Starts `zfa serve` and waits until it listens. */
async function serve(...args: readonly string[]): Promise<Served> {
  const running = startZonewright(['zfa', 'serve', '--json', ...args], { cwd: base.folder });
  processes.push(running);
  const lines = createInterface({ input: running.child.stdout! });
  const first = await Promise.race([
    new Promise<string>((resolve) => lines.once('line', resolve)),
    running.finished.then(({ stderr }) => {
      throw new Error(stderr);
    }),
  ]);
  const { version, listening } = JSON.parse(first) as { version: number; listening: string };
  expect(version).toBe(1);
  return { ...running, url: listening };
}

/** A download that has begun and is not read yet. */
function begin(url: string, as: AskOptions): Promise<IncomingMessage> {
  const request = startRequest(url, PATH, as);
  request.on('error', () => undefined);
  return new Promise((resolve, reject) => {
    request.on('response', resolve);
    request.on('error', reject);
    request.end();
  });
}

/** Reads a reply; what came, also when it broke off. */
async function read(response: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  response.on('error', () => undefined);
  response.on('data', (piece: Buffer) => pieces.push(piece));
  await new Promise((resolve) => response.on('close', resolve));
  return Buffer.concat(pieces);
}

beforeAll(async () => {
  // Makes configuration, database, secret and zone; the processes are others.
  base = await startTestService({ zfa: ['sign-in-tries = 1000'] });
  publish(base.folder, 'com', 1, zone);
});
afterAll(async () => {
  for (const { child } of processes) child.kill('SIGKILL');
  await base.stop();
});

it('SIGTERM: a new process takes over the port while the old one ends its downloads', async () => {
  addHolder(base.db, 'acme');
  const old = await serve('--listen', '127.0.0.1:0', '--plain');
  const download = await begin(old.url, { basic: `acme:${PASSWORD}` });
  old.child.kill('SIGTERM');
  const port = new URL(old.url).port;
  let fresh: Served | undefined;
  for (let i = 0; fresh === undefined; i++) {
    fresh = await serve('--listen', `127.0.0.1:${port}`, '--plain').catch((error: unknown) => {
      // The signal may not have come through yet.
      if (i > 50) throw error;
      return undefined;
    });
  }
  expect((await ask(fresh.url, '/healthz')).status).toBe(200);
  expect((await read(download)).equals(zone)).toBe(true);
  expect(await old.finished).toMatchObject({ status: 0 });
  // The new one knows what the old one has sent.
  const again: Answer = await ask(fresh.url, PATH, { basic: `acme:${PASSWORD}` });
  expect(again.status).toBe(429);
  fresh.child.kill('SIGINT');
  expect(await fresh.finished).toMatchObject({ status: 0 });
});

it('kill -9: tokens hold, the download goes on where it was, and counts once', async () => {
  addHolder(base.db, 'kim');
  const first = await serve('--listen', '127.0.0.1:0', '--plain');
  const sign = await ask(first.url, '/api/authenticate', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ username: 'kim', password: PASSWORD }),
  });
  const { accessToken: bearer } = JSON.parse(sign.text) as { accessToken: string };
  const response = await begin(first.url, { bearer });
  // Long enough for what was sent by then to be noted; what is sent afterwards is lost.
  await new Promise((resolve) => setTimeout(resolve, 2500));
  const reading = read(response);
  setTimeout(() => first.child.kill('SIGKILL'), 10);
  const got = await reading;
  expect(got.length).toBeLessThan(zone.length);
  await first.finished;
  const second = await serve('--listen', '127.0.0.1:0', '--plain');
  const rest = await ask(second.url, PATH, {
    bearer,
    headers: { Range: `bytes=${got.length}-`, 'If-Range': response.headers.etag! },
  });
  expect(rest.status).toBe(206);
  expect(Buffer.concat([got, rest.body]).equals(zone)).toBe(true);
  second.child.kill('SIGTERM');
  expect(await second.finished).toMatchObject({ status: 0 });
  const rows = base.db.sql("SELECT * FROM downloads WHERE holder = 'kim'").all();
  expect(rows).toMatchObject([{ ended: expect.any(Number), ranges: `[[0,${zone.length}]]` }]);
});

it('a second signal ends it now, --drain after its time; downloads are cut', async () => {
  addHolder(base.db, 'lee');
  for (const how of ['second', 'drain']) {
    const drain = how === 'drain' ? ['--drain', 'PT1S'] : [];
    const running = await serve('--listen', '127.0.0.1:0', '--plain', ...drain);
    const response = await begin(running.url, { basic: `lee:${PASSWORD}` });
    running.child.kill('SIGTERM');
    await new Promise((resolve) => setTimeout(resolve, 300));
    if (how === 'second') running.child.kill('SIGTERM');
    const { status } = await running.finished;
    expect(status).toBe(how === 'second' ? 143 : 0);
    expect((await read(response)).length).toBeLessThan(zone.length);
  }
});

it('SIGHUP: reads the certificate again and goes on', async () => {
  const { cert, key } = makeCertificate(base.folder, 'first.example');
  const running = await serve('--listen', '127.0.0.1:0', '--tls-cert', cert, '--tls-key', key);
  expect(running.url).toMatch(/^https:/);
  makeCertificate(base.folder, 'second.example');
  running.child.kill('SIGHUP');
  expect((await ask(running.url, '/healthz')).status).toBe(200);
  running.child.kill('SIGTERM');
  const { status, stderr } = await running.finished;
  expect(status).toBe(0);
  expect(stderr).toContain('new certificate: DNS:second.example');
  expect(stderr).not.toContain(readFileSync(join(base.folder, 'key.pem'), 'utf8').slice(30, 60));
});
