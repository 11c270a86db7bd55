/** The server itself: bounds on connections and requests, its certificate, its figures, its end. */
import { randomBytes } from 'node:crypto';
import { copyFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../../../src/zfa/database/open.js';
import { SERVICE_BEGAN } from '../../../src/zfa/report/report.js';
import { tempDir, zonewright } from '../../tools/cli.js';
import { makeCertificate } from './certificate.js';
import {
  addHolder,
  ask,
  NOW,
  PASSWORD,
  publish,
  type StartOptions,
  startRequest,
  startTestService,
  type TestService,
  until,
} from './fixture.js';

const PATH = '/czds/downloads/com.zone';
const LARGE = 48 << 20;
let service: TestService;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await service.stop();
});

async function start(options: StartOptions = {}): Promise<void> {
  service = await startTestService({ zfa: ['limit-hours = 0'], ...options });
  addHolder(service.db, 'acme');
}
const get = () => service.ask(PATH, { basic: `acme:${PASSWORD}` });

/** A bare connection; `text()` is what came so far. */
async function open(): Promise<{ socket: Socket; text: () => string; closed: () => boolean }> {
  const { hostname, port } = new URL(service.running.url);
  const socket = connect(Number(port), hostname);
  sockets.push(socket);
  socket.on('error', () => undefined);
  let text = '';
  let closed = false;
  socket.on('data', (piece) => {
    text += piece.toString('latin1');
  });
  socket.on('close', () => {
    closed = true;
  });
  await new Promise((resolve) => socket.once('connect', resolve));
  return { socket, text: () => text, closed: () => closed };
}

/** The name in the certificate that a new connection is shown. */
function shownName(maxVersion: 'TLSv1.1' | 'TLSv1.3' = 'TLSv1.3'): Promise<string> {
  const { hostname, port } = new URL(service.running.url);
  return new Promise((resolve, reject) => {
    const socket = connectTls(
      {
        host: hostname,
        port: Number(port),
        rejectUnauthorized: false,
        maxVersion,
        minVersion: 'TLSv1.1',
        ciphers: 'DEFAULT@SECLEVEL=0',
      },
      () => {
        resolve(String(socket.getPeerCertificate().subject.CN));
        socket.destroy();
      },
    );
    socket.on('error', reject);
  });
}

describe('bounds', () => {
  it('a head or a body that is too large, a request that is too slow', async () => {
    await start({ limits: { headTime: 200, requestTime: 400 } });
    const large = await open();
    large.socket.write(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(9000)}\r\n\r\n`);
    await until(() => large.closed());
    expect(large.text()).toMatch(/^HTTP\/1.1 431 /);
    const slow = await open();
    slow.socket.write('GET / HTTP/1.1\r\nHo');
    await until(() => slow.closed(), 5);
    expect(slow.text()).toMatch(/^HTTP\/1.1 408 /);
    const body = await open();
    body.socket.write(
      'POST /api/authenticate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    for (let i = 0; i < 10; i++) body.socket.write(`400\r\n${'x'.repeat(1024)}\r\n`);
    await until(() => body.closed());
    expect(body.text()).toMatch(/^HTTP\/1.1 413 /);
    const promised = await open();
    promised.socket.write(
      'POST /api/authenticate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 999999\r\nExpect: 100-continue\r\n\r\n',
    );
    await until(() => promised.closed());
    expect(promised.text()).toMatch(/^HTTP\/1.1 413 /);
  });

  it('when all places are taken, idle connections make room, downloads stay', async () => {
    await start({ limits: { connections: 20 } });
    const zone = randomBytes(LARGE);
    publish(service.folder, 'com', 1, zone);
    const download = await open();
    download.socket.pause();
    download.socket.write(
      `GET ${PATH} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Basic ${Buffer.from(`acme:${PASSWORD}`).toString('base64')}\r\n\r\n`,
    );
    await until(() => service.running.service.downloads.running === 1);
    const idle: Awaited<ReturnType<typeof open>>[] = [];
    for (let i = 0; i < 50; i++) {
      const one = await open();
      one.socket.write('GET / HT');
      idle.push(one);
    }
    expect((await service.ask('/healthz')).status).toBe(200);
    await until(() => idle.filter((one) => !one.closed()).length < 20);
    expect(download.closed()).toBe(false);
    download.socket.resume();
    await until(() => download.closed());
    expect(download.text().length).toBeGreaterThan(LARGE);
  });

  it('a reader that stands still is cut, one that reads slowly is not', async () => {
    await start({ limits: { stallTime: 400 } });
    publish(service.folder, 'com', 1, randomBytes(LARGE));
    const ask = `GET ${PATH} HTTP/1.1\r\nHost: a\r\nAuthorization: Basic ${Buffer.from(`acme:${PASSWORD}`).toString('base64')}\r\n\r\n`;
    const still = await open();
    still.socket.write(ask);
    still.socket.pause();
    const slow = await open();
    slow.socket.write(ask);
    slow.socket.pause();
    const timer = setInterval(() => {
      slow.socket.resume();
      setTimeout(() => slow.socket.pause(), 2);
    }, 100);
    try {
      await until(() => service.audit.filter(({ event }) => event === 'download').length === 1, 20);
      await new Promise((resolve) => setTimeout(resolve, 1000));
      expect(slow.closed()).toBe(false);
    } finally {
      clearInterval(timer);
    }
    const [cut] = service.audit.filter(({ event }) => event === 'download');
    expect(cut).toMatchObject({ complete: false });
  });

  it('requests sent ahead are bounded', async () => {
    await start();
    const ahead = await open();
    ahead.socket.write('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(3));
    await until(() => ahead.text().split('{"status":"ok"}').length === 4);
    expect(ahead.closed()).toBe(false);
  });

  it('downloads that were sent ahead end with their connection', async () => {
    await start();
    publish(service.folder, 'com', 1, randomBytes(LARGE));
    const ahead = await open();
    ahead.socket.pause();
    const credentials = Buffer.from(`acme:${PASSWORD}`).toString('base64');
    const one = `GET ${PATH} HTTP/1.1\r\nHost: a\r\nAuthorization: Basic ${credentials}\r\n\r\n`;
    ahead.socket.write(one.repeat(4));
    await until(() => service.running.service.downloads.running > 0);
    await new Promise((resolve) => setTimeout(resolve, 100));
    ahead.socket.destroy();
    await until(() => service.running.service.downloads.running === 0, 3);
    // Beyond the bound the connection is not a client's.
    const flood = await open();
    flood.socket.pause();
    flood.socket.write(one.repeat(40));
    flood.socket.resume();
    await until(() => flood.closed() || flood.text().length > LARGE);
    flood.socket.destroy();
    await until(() => service.running.service.downloads.running === 0, 3);
  });

  it('HTTP/1.0 needs no Host header; two of them are one too many', async () => {
    await start();
    const old = await open();
    old.socket.write('GET /healthz HTTP/1.0\r\n\r\n');
    await until(() => old.closed());
    expect(old.text()).toMatch(/^HTTP\/1.1 200 /);
    const two = await open();
    two.socket.write('GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n');
    await until(() => two.text().includes('\r\n\r\n'));
    expect(two.text()).toMatch(/^HTTP\/1.1 400 /);
    two.socket.destroy();
  });

  it('an address in absolute form is understood, other forms are not', async () => {
    await start();
    const absolute = await open();
    absolute.socket.write('GET http://a.example/healthz HTTP/1.1\r\nHost: a.example\r\n\r\n');
    await until(() => absolute.text().includes('{"status":"ok"}'));
    for (const target of [
      '*',
      'healthz',
      '//a/healthz',
      '/healthz/',
      '/../healthz',
      '/healthz%00',
    ]) {
      const one = await open();
      one.socket.write(`GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
      await until(() => one.closed());
      expect(one.text(), target).toMatch(/^HTTP\/1.1 40[04] /);
    }
  });
});

describe('TLS', () => {
  it('a renewed certificate is taken; a broken one, or half a pair, is not', async () => {
    const folder = tempDir('tls');
    const files = makeCertificate(folder, 'first.example');
    await start({ tls: files, limits: { certificateEvery: 20 } });
    publish(service.folder, 'com', 1, randomBytes(LARGE));
    expect(await shownName()).toBe('first.example');
    expect((await get()).headers['strict-transport-security']).toBe('max-age=31536000');
    // A download goes on under the old one.
    const running = startRequest(service.running.url, PATH, { basic: `acme:${PASSWORD}` });
    const response = await new Promise<IncomingMessage>((resolve) =>
      running.on('response', resolve).end(),
    );
    makeCertificate(folder, 'second.example');
    for (let name = ''; name !== 'second.example'; name = await shownName()) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    let octets = 0;
    for await (const piece of response) octets += (piece as Buffer).length;
    expect(octets).toBe(LARGE);
    writeFileSync(files.cert, 'broken');
    await until(() => service.warnings.some((text) => text.includes('old certificate')));
    expect(await shownName()).toBe('second.example');
    const other = makeCertificate(tempDir('tls'), 'third.example');
    copyFileSync(other.cert, files.cert);
    service.running.reload();
    expect(service.warnings.at(-1)).toMatch(/does not belong/);
    expect(await shownName()).toBe('second.example');
    copyFileSync(other.key, files.key);
    service.running.reload();
    expect(await shownName()).toBe('third.example');
  });

  it('nothing below TLS 1.2', async () => {
    await start({ tls: makeCertificate(tempDir('tls'), 'a.example') });
    await expect(shownName('TLSv1.1')).rejects.toThrow();
  });

  it('plain HTTP is for loopback only', async () => {
    await start();
    const run = (...args: string[]) =>
      zonewright(['zfa', 'serve', ...args], { cwd: service.folder });
    const bare = await run('--listen', '127.0.0.1:0');
    expect(bare).toMatchObject({ status: 2 });
    expect(bare.stderr).toContain('--tls-cert');
    for (const address of ['0.0.0.0:0', '[::]:0', '192.0.2.1:0']) {
      const open = await run('--listen', address, '--plain');
      expect(open.status).toBe(2);
      expect(open.stderr).toMatch(/is not loopback[\s\S]*reverse proxy/);
    }
    expect(await run('--listen', 'localhost:0', '--plain')).toMatchObject({ status: 2 });
  });
});

it('figures have a listener of their own', async () => {
  await start({ metrics: { host: '127.0.0.1', port: 0 } });
  publish(service.folder, 'com', 77, randomBytes(1000));
  await get();
  await service.ask(PATH, { basic: 'acme:wrong' });
  expect((await service.ask('/metrics')).status).toBe(404);
  const { text, headers } = await ask(service.running.metricsUrl!, '/metrics');
  expect(headers['content-type']).toMatch(/^text\/plain; version=0.0.4/);
  for (const line of [
    'zonewright_downloads_running 0',
    'zonewright_downloads_total{result="complete"} 1',
    'zonewright_download_bytes_total 1000',
    'zonewright_sign_ins_total{how="basic",result="ok"} 1',
    'zonewright_sign_ins_total{how="basic",result="password"} 1',
    'zonewright_holders{state="approved"} 1',
    'zonewright_published_serial{zone="com"} 77',
    'zonewright_published_age_seconds{zone="com"} -77',
    'zonewright_requests_total{route="/czds/downloads/{zone}.zone",status="200"} 1',
    'zonewright_audit_failing 0',
  ]) {
    expect(text).toContain(`${line}\n`);
  }
  expect(text).not.toContain('acme');
  expect((await ask(service.running.metricsUrl!, '/')).status).toBe(404);
});

it('one that could not listen has not run: nothing is known of downloads then', async () => {
  await start();
  const folder = tempDir('second');
  const begun = () => {
    const db = openDatabase(join(folder, 'state'));
    const row = db.sql('SELECT value FROM facts WHERE name = ?').get(SERVICE_BEGAN);
    db.close();
    return row;
  };
  const busy = { host: '127.0.0.1', port: Number(new URL(service.running.url).port) };
  const failed = startTestService({ folder, metrics: busy });
  await expect(failed).rejects.toMatchObject({ exitCode: 2 });
  expect(begun()).toBeUndefined();
  const second = await startTestService({ folder });
  await second.stop();
  expect(begun()).toEqual({ value: `${NOW}` });
});

it('begins beside a database that is held, and notes its beginning afterwards', async () => {
  await start();
  const folder = tempDir('held');
  openDatabase(join(folder, 'state')).close();
  const db = openDatabase(join(folder, 'state'));
  const begun = () => db.sql('SELECT value FROM facts WHERE name = ?').get(SERVICE_BEGAN);
  const second = await startTestService({
    folder,
    // Between the last of what has to be read and written first, and the listening.
    openAudit: () => {
      db.sql('BEGIN IMMEDIATE').run();
      return {
        write: () => undefined,
        flush: async () => undefined,
        close: async () => undefined,
      };
    },
  });
  expect((await second.ask('/minisign.pub')).status).toBe(404);
  expect(second.warnings).toContainEqual(expect.stringContaining('locked'));
  db.sql('ROLLBACK').run();
  await until(() => begun() !== undefined);
  await second.stop();
  db.close();
});

describe('the end', () => {
  it('the address is free at once, downloads go on, idle connections end', async () => {
    await start();
    const zone = randomBytes(LARGE);
    publish(service.folder, 'com', 1, zone);
    const running = startRequest(service.running.url, PATH, { basic: `acme:${PASSWORD}` });
    const response = await new Promise<IncomingMessage>((resolve) =>
      running.on('response', resolve).end(),
    );
    const idle = await open();
    const stopped = service.running.stop(60_000);
    await until(() => idle.closed());
    await expect(service.ask('/healthz')).rejects.toThrow();
    expect(service.running.service.downloads.running).toBe(1);
    const pieces: Buffer[] = [];
    for await (const piece of response) pieces.push(piece as Buffer);
    expect(Buffer.concat(pieces).equals(zone)).toBe(true);
    await stopped;
    expect(service.audit.at(-1)).toMatchObject({ event: 'service-stopped' });
    expect(service.audit.at(-2)).toMatchObject({ event: 'download', complete: true });
    service = await startTestService({ folder: service.folder });
  });

  it('when the time is over, or one is in a hurry, they are cut', async () => {
    await start();
    publish(service.folder, 'com', 1, randomBytes(LARGE));
    const running = startRequest(service.running.url, PATH, { basic: `acme:${PASSWORD}` });
    running.on('error', () => undefined);
    await new Promise((resolve) => running.on('response', resolve).end());
    await service.running.stop(60_000, new Promise((resolve) => setTimeout(resolve, 50)));
    expect(service.audit.at(-2)).toMatchObject({ event: 'download', cut: 'the service ends' });
    service = await startTestService({ folder: service.folder });
  });
});
