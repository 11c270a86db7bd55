/**
 * Many downloads at once: 200 clients with five downloads each, throttled, cut and resumed at random,
 * while others sign in by password, all of which must end octet for octet right, in bounded memory;
 * and the speed of one alone against nginx with the same file.
 *
 * LOAD_MB is the size of the zone of the many, in MB: 20 (by TLS a quarter of it), or 200 by hand; the
 * one has 200 always.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseTime } from '#zonewright/config/time.js';
import { openBundle } from '#zonewright/zfa/bundles/open.js';
import { openDatabase } from '#zonewright/zfa/database/open.js';
import { hashPassword } from '#zonewright/zfa/holders/password.js';
import { findHolder, savePasswordHash } from '#zonewright/zfa/holders/store.js';
import { zfaPlaces } from '#zonewright/zfa/places.js';
import { createTokens, tokenSecret } from '#zonewright/zfa/service/tokens.js';
import { ROOT, run, tempDir, zonewrightOk } from '../../tools/cli.js';
import { describeWithTools, toolPath } from '../../tools/judges.js';
import { makeCertificate } from '../service/certificate.js';
import { DATE, makeSite, NOW, peakMemory, type Serving, type Site, serve } from './site.js';

const SIZE = Number(process.env.LOAD_MB ?? 20) * 1_000_000;
const CLIENTS = 200;
const EACH = 5;

/** A site whose bundles are served, and a token for each of its holders. */
interface Loaded {
  readonly site: Site;
  readonly serving: Serving;
  readonly tokens: readonly string[];
  /** The bundle of the first holder, as a file. */
  readonly reference: string;
  stop(): Promise<void>;
}

/** Of all holders. */
const PASSWORD = 'right-horse';

async function load(size: number, holders: number, tls = false): Promise<Loaded> {
  const site = await makeSite(tempDir('load'), { size, holders, zfa: ['limit-hours = 0'] });
  const { folder, ids } = site;
  await zonewrightOk(['zfa', 'bundle', '--now', NOW], { cwd: folder });
  const reference = join(folder, 'reference.tar');
  const one = ['--holder', ids[0], '--output', reference, '--now', NOW];
  await zonewrightOk(['zfa', 'bundle', ...one], { cwd: folder });
  const { cert, key } = makeCertificate(folder, 'zfa.example');
  const serving = await serve(folder, tls ? ['--tls-cert', cert, '--tls-key', key] : undefined);
  const issuer = createTokens(tokenSecret(zfaPlaces(join(folder, 'state')).tokenKey));
  const db = openDatabase(join(folder, 'state'));
  const hash = await hashPassword(PASSWORD);
  db.change(() => {
    for (const id of ids) savePasswordHash(db, id, hash);
  });
  const tokens: string[] = [];
  for (const id of ids) {
    tokens.push(await issuer.issue(findHolder(db, id)!, 'zfa', parseTime(NOW)!));
  }
  db.close();
  return {
    site,
    serving,
    tokens,
    reference,
    stop: async () => {
      serving.running.child.kill('SIGTERM');
      await serving.running.finished;
    },
  };
}

/** What of a holder's bundle is not in all others: what comes after the zone. */
async function ownOctets(site: Site, size: number, id: string): Promise<Buffer> {
  const bundle = await openBundle(join(site.folder, 'out'), DATE, id, { encrypted: false });
  const { source } = bundle!;
  const own = Buffer.alloc(source.size - size);
  for (let at = 0; at < own.length; ) at += await source.read(own.subarray(at), size + at);
  await source.close();
  return own;
}

/** Signs in by one holder's password after the other's until `ended`. @returns how many have. */
async function signIns({ site, serving }: Loaded, ended: () => boolean): Promise<number> {
  let n = 0;
  while (!ended() && n < site.ids.length) {
    const user = `${site.ids[n]}:${PASSWORD}`;
    const url = `${serving.url}/czds/downloads/links`;
    const args = ['-sk', '-o', '/dev/null', '-w', '%{http_code}', '-u', user, url];
    expect((await run(toolPath('curl'), args)).stdout, user).toBe('200');
    n++;
    await wait(1000);
  }
  return n;
}

describe.each([
  ['plain', false, SIZE],
  ['TLS', true, SIZE / 4],
])('a thousand downloads at once (%s)', (_, tls, size) => {
  let loaded: Loaded;
  beforeAll(async () => {
    loaded = await load(size, CLIENTS, tls);
  }, 300_000);
  afterAll(() => loaded?.stop());

  it('all end right, and the service keeps within 300 MB', async () => {
    const { site, serving, tokens, reference } = loaded;
    const clients: { token: string; own: string }[] = [];
    for (const [n, id] of site.ids.entries()) {
      const own = await ownOctets(site, size, id);
      clients.push({ token: tokens[n], own: own.toString('base64') });
    }
    const plan = join(site.folder, 'plan.json');
    writeFileSync(
      plan,
      JSON.stringify({
        port: serving.port,
        tls,
        path: '/bundles/latest.tar',
        reference,
        shared: size,
        clients,
        each: EACH,
        cuts: 3,
        seed: 20261122,
      }),
    );
    const client = join(ROOT, 'test/zfa/load/client.mjs');
    let ended = false;
    const running = run(process.execPath, [client, plan], { timeout: 1_500_000 }).finally(() => {
      ended = true;
    });
    const signedIn = await signIns(loaded, () => ended);
    const done = await running;
    expect(done.stderr).toBe('');
    const result = JSON.parse(done.stdout) as Record<string, number>;
    const peak = peakMemory(serving.pid);
    console.info(
      `${result.complete} downloads of ${Math.round(size / 1e6)} MB, cut ${result.cut} times, ${signedIn} sign-ins: ${result.seconds.toFixed(0)} s, ${(result.octets / result.seconds / 1e6).toFixed(0)} MB/s, at most ${Math.round(peak / 1e6)} MB`,
    );
    expect(result).toMatchObject({ complete: CLIENTS * EACH, wrong: [], refused: {} });
    expect(result.cut).toBeGreaterThan(CLIENTS);
    expect(signedIn).toBeGreaterThan(1);
    expect(peak).toBeLessThan(300e6);
  });
});

describeWithTools(['nginx', 'curl'], 'the speed of one download', () => {
  const PORT = 18_000 + (process.pid % 10_000);
  let nginx: ChildProcess;
  let loaded: Loaded;

  beforeAll(async () => {
    loaded = await load(200_000_000, 1);
    const { site } = loaded;
    const folder = join(site.folder, 'nginx');
    mkdirSync(folder);
    const config = join(folder, 'nginx.conf');
    writeFileSync(
      config,
      `daemon off; pid ${folder}/pid; error_log ${folder}/error.log; user root;
events { worker_connections 64; }
http {
  access_log off; sendfile on;
  client_body_temp_path ${folder}/a; proxy_temp_path ${folder}/b; fastcgi_temp_path ${folder}/c;
  uwsgi_temp_path ${folder}/d; scgi_temp_path ${folder}/e;
  server { listen 127.0.0.1:${PORT}; root ${site.folder}; }
}\n`,
    );
    nginx = spawn(toolPath('nginx'), ['-c', config], { stdio: 'ignore' });
    for (let n = 0; n < 100 && !existsSync(join(folder, 'pid')); n++) await wait(50);
  });
  afterAll(async () => {
    nginx?.kill();
    await loaded?.stop();
  });

  /** Octets a second. */
  async function speed(url: string, token?: string): Promise<number> {
    const header = token === undefined ? [] : ['-H', `Authorization: Bearer ${token}`];
    const format = '%{http_code} %{size_download} %{speed_download}';
    const args = ['-s', '-o', '/dev/null', '-w', format, ...header, url];
    const { stdout } = await run(toolPath('curl'), args);
    const [status, size, rate] = stdout.split(' ').map(Number);
    expect([status, size]).toEqual([200, statSync(loaded.reference).size]);
    return rate;
  }

  it('is at least 0.7 of that of nginx', async () => {
    const { serving, tokens, reference } = loaded;
    // Both read from memory, not from the disk.
    const block = Buffer.alloc(1 << 20);
    const file = openSync(reference, 'r');
    while (readSync(file, block) > 0);
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let n = 0; n < 9; n++) {
      theirs.push(await speed(`http://127.0.0.1:${PORT}/reference.tar`));
      ours.push(await speed(`${serving.url}/bundles/latest.tar`, tokens[0]));
    }
    const median = (all: number[]): number => all.sort((a, b) => a - b)[all.length >> 1];
    const ratio = median(ours) / median(theirs);
    console.info(
      `one download: ${Math.round(median(ours) / 1e6)} MB/s, nginx ${Math.round(median(theirs) / 1e6)} MB/s: ${ratio.toFixed(2)}`,
    );
    expect(ratio).toBeGreaterThan(0.7);
  });
});
