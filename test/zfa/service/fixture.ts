/**
 * A download service in this process, on a free port, with published zones and holders that cost
 * nothing to make: generations are written by hand, passwords are hashed with little work.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { type ClientRequest, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import type { AuditEntry } from '#zonewright/zfa/audit/chain.js';
import { parseConfig } from '../../../src/config/config.js';
import type { Config } from '../../../src/config/model.js';
import { type Database, openDatabase } from '../../../src/zfa/database/open.js';
import type { Holder } from '../../../src/zfa/holders/model.js';
import { findHolder, saveHolder, savePasswordHash } from '../../../src/zfa/holders/store.js';
import type { BundleStore } from '../../../src/zfa/service/bundle-routes.js';
import {
  type RunningService,
  type ServeOptions,
  startService,
} from '../../../src/zfa/service/server.js';
import { tempDir } from '../../tools/cli.js';
import { approvedHolder, cheapHash } from '../holder.js';

export const NOW = 1_795_305_600;
export const PASSWORD = 'right-horse';

/** The text of a configuration for some zones. */
export function configText(zones: readonly string[], zfa: readonly string[]): string {
  return `state-dir = "state"
output-dir = "out"
key-dir = "keys"
[source]
format = "rde-csv"
path = "export"
[policy.p]
${zones
  .map(
    (zone) => `[[zones]]
name = "${zone}"
policy = "p"
soa = { mname = "a.example.", rname = "b.example.", refresh = 1, retry = 1, expire = 1, minimum = 1, ttl = 1 }
ns = ["a.example."]`,
  )
  .join('\n')}
[zfa]
${zfa.join('\n')}
`;
}

/** Publishes a generation of a zone, whose packed file has these octets. */
export function publish(folder: string, zone: string, serial: number, packed: Buffer): string {
  const stamp = new Date((NOW + serial) * 1000).toISOString().replace(/\.\d+|[-:]/g, '');
  const generation = `${stamp}-${serial}`;
  const zoneDir = join(folder, 'out', zone);
  mkdirSync(join(zoneDir, generation), { recursive: true });
  const files = Object.entries({
    [`${zone}.zone.gz`]: packed,
    [`${zone}.zone.gz.md5`]: Buffer.from('0123456789abcdef  com.zone.gz\n'),
    'added.txt.gz': Buffer.from(`added ${serial}`),
    'removed.txt.gz': Buffer.from(`removed ${serial}`),
  }).map(([name, bytes]) => {
    writeFileSync(join(zoneDir, generation, name), bytes);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    return { name, bytes: bytes.length, sha256 };
  });
  writeFileSync(
    join(zoneDir, generation, 'manifest.json'),
    JSON.stringify({ version: 1, zone, serial, generation, counts: {}, files }),
  );
  rmSync(join(zoneDir, 'current'), { force: true });
  symlinkSync(generation, join(zoneDir, 'current'));
  return generation;
}

/** An approved holder of `com`, with {@link PASSWORD}. */
export function addHolder(db: Database, id: string, more: Partial<Holder> = {}): void {
  db.change(() => {
    saveHolder(db, approvedHolder(id, more));
    savePasswordHash(db, id, cheapHash(PASSWORD));
  });
}

/** Changes a holder as another process would. */
export function changeHolder(db: Database, id: string, more: Partial<Holder>): void {
  db.change(() => saveHolder(db, { ...findHolder(db, id)!, ...more }));
}

export interface TestService {
  readonly folder: string;
  readonly config: Config;
  /** Another connection, as another process has it. */
  readonly db: Database;
  readonly running: RunningService;
  /** What was told to the audit log. */
  readonly audit: AuditEntry[];
  readonly warnings: string[];
  /** Seconds; to be set. */
  readonly time: { now: number };
  ask(path: string, options?: AskOptions): Promise<Answer>;
  stop(): Promise<void>;
}

export interface StartOptions
  extends Partial<Pick<ServeOptions, 'tls' | 'limits' | 'metrics' | 'openAudit'>> {
  readonly folder?: string;
  readonly zones?: readonly string[];
  /** Lines for [zfa]. */
  readonly zfa?: readonly string[];
  readonly bundles?: BundleStore;
}

export async function startTestService(options: StartOptions = {}): Promise<TestService> {
  const folder = options.folder ?? tempDir('service');
  const text = configText(options.zones ?? ['com', 'net'], options.zfa ?? []);
  const file = join(folder, 'zonewright.toml');
  writeFileSync(file, text);
  const config = parseConfig(text, file);
  mkdirSync(config.stateDir, { recursive: true });
  mkdirSync(config.outputDir, { recursive: true });
  const db = openDatabase(config.stateDir);
  const audit: AuditEntry[] = [];
  const warnings: string[] = [];
  const time = { now: NOW };
  const running = await startService({
    config,
    listen: { host: '127.0.0.1', port: 0 },
    tls: options.tls,
    metrics: options.metrics,
    info: () => undefined,
    warn: (warning) => warnings.push(warning),
    openAudit:
      options.openAudit ??
      (() => ({
        write: (entry) => audit.push(entry),
        flush: async () => undefined,
        close: async () => undefined,
      })),
    bundles: options.bundles ?? {
      days: () => [],
      find: () => undefined,
      open: async () => undefined,
    },
    clock: () => time.now,
    limits: { watchEvery: 20, flushEvery: 20, ...options.limits },
  });
  return {
    folder,
    config,
    db,
    running,
    audit,
    warnings,
    time,
    ask: (path, how) => ask(running.url, path, how),
    stop: async () => {
      await running.stop(0);
      db.close();
    },
  };
}

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** `id:password`. */
  readonly basic?: string;
  readonly bearer?: string;
  readonly body?: string | Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Names as they were sent. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  readonly text: string;
  /** The connection ended before the reply did. */
  readonly broken: boolean;
}

export function startRequest(url: string, path: string, options: AskOptions = {}): ClientRequest {
  const headers: Record<string, string> = { ...options.headers };
  if (options.basic !== undefined) {
    headers.Authorization = `Basic ${Buffer.from(options.basic).toString('base64')}`;
  }
  if (options.bearer !== undefined) headers.Authorization = `Bearer ${options.bearer}`;
  const secure = url.startsWith('https:');
  const { hostname, port } = new URL(url);
  return (secure ? httpsRequest : httpRequest)({
    host: hostname,
    port,
    path,
    method: options.method ?? 'GET',
    headers,
    agent: false,
    ...(secure ? { rejectUnauthorized: false } : {}),
  });
}

/** One request on a connection of its own. */
export function ask(url: string, path: string, options: AskOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = startRequest(url, path, options);
    request.on('error', reject);
    request.on('response', (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', () => undefined);
      response.on('close', () => {
        const body = Buffer.concat(pieces);
        resolve({
          status: response.statusCode!,
          headers: response.headers,
          rawHeaders: response.rawHeaders,
          body,
          text: body.toString(),
          broken: !response.complete,
        });
      });
    });
    request.end(options.body);
  });
}

/** Signs in by the API. */
export async function tokenOf(
  service: TestService,
  id: string,
  password = PASSWORD,
): Promise<string> {
  const answer = await service.ask('/api/authenticate', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ username: id, password }),
  });
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
  return (JSON.parse(answer.text) as { accessToken: string }).accessToken;
}

/** Waits until something holds. */
export async function until(what: () => boolean, seconds = 30): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (!what()) {
    if (performance.now() > end) throw new Error(`not within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
