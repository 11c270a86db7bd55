/**
 * Real name servers on loopback: NSD (or BIND where NSD is missing) with zone files, and a
 * validating Unbound in front of it that asks nobody else. Ports are free ones; every process ends
 * with `stop`.
 */
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { run } from '../tools/cli.js';
import { hasTool, toolPath } from '../tools/judges.js';

const LOOPBACK = '127.0.0.1';

export interface ServedZone {
  /** With the trailing dot. */
  readonly name: string;
  readonly file: string;
  /** Trust anchors: DNSKEY or DS records in zone file form. */
  readonly anchors: readonly string[];
}

export interface Server {
  readonly port: number;
  /** Tells it that zone files have changed; it takes them up soon after. */
  reload(): void;
  stop(): Promise<void>;
}

/** What dig saw. */
export interface Answer {
  /** NOERROR, NXDOMAIN, SERVFAIL… */
  readonly status: string;
  readonly flags: ReadonlySet<string>;
  /** Records as `owner TTL CLASS TYPE RDATA`. */
  readonly answer: readonly string[];
  readonly authority: readonly string[];
  readonly additional: readonly string[];
}

/** The authoritative server that is installed, NSD rather than BIND. */
export function authoritativeTool(): 'nsd' | 'named' {
  return hasTool('nsd') ? 'nsd' : 'named';
}

/** A port that is free for UDP and TCP on loopback now. */
async function freePort(): Promise<number> {
  for (let tries = 0; tries < 20; tries++) {
    const tcp = createServer();
    tcp.listen(0, LOOPBACK);
    await once(tcp, 'listening');
    const address = tcp.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const udp = createSocket('udp4');
    const free = await new Promise<boolean>((resolve) => {
      udp.once('error', () => resolve(false));
      udp.bind(address.port, LOOPBACK, () => resolve(true));
    });
    if (free) udp.close();
    tcp.close();
    await once(tcp, 'close');
    if (free) return address.port;
  }
  throw new Error('no port is free for both UDP and TCP');
}

/** Starts a server in the foreground and waits until it answers a question. */
async function startServer(
  tool: string,
  args: readonly string[],
  folder: string,
  port: number,
  question: string,
  env: NodeJS.ProcessEnv = {},
): Promise<Server> {
  const log = join(folder, `${tool}.log`);
  const output = openSync(log, 'w');
  const child = spawn(toolPath(tool), args, {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  let ended = false;
  const end = once(child, 'exit').then(() => {
    ended = true;
  });
  const stop = async (): Promise<void> => {
    if (!ended) {
      child.kill('SIGTERM');
      await Promise.race([end, wait(5000)]);
      if (!ended) child.kill('SIGKILL');
    }
    await end;
  };
  for (let tries = 0; tries < 150 && !ended; tries++) {
    const answer = await ask(port, question, 'SOA', { patience: 1 }).catch(() => undefined);
    if (answer !== undefined) return { port, reload: () => void child.kill('SIGHUP'), stop };
    await wait(100);
  }
  await stop();
  throw new Error(`${tool} does not answer:\n${readFileSync(log, 'utf8')}`);
}

/** Serves zone files authoritatively. */
export async function serve(
  folder: string,
  zones: readonly ServedZone[],
  tool: 'nsd' | 'named' = authoritativeTool(),
): Promise<Server> {
  const port = await freePort();
  const config = join(folder, `${tool}.conf`);
  const nsd = [
    'server:',
    `  ip-address: ${LOOPBACK}@${port}`,
    '  server-count: 1',
    '  username: ""',
    '  chroot: ""',
    `  zonesdir: "${folder}"`,
    '  database: ""',
    `  pidfile: "${join(folder, 'nsd.pid')}"`,
    `  xfrdfile: "${join(folder, 'nsd.xfrd')}"`,
    `  xfrdir: "${folder}"`,
    `  zonelistfile: "${join(folder, 'nsd.zones')}"`,
    'remote-control:',
    '  control-enable: no',
    ...zones.flatMap(({ name, file }) => ['zone:', `  name: "${name}"`, `  zonefile: "${file}"`]),
  ];
  const named = [
    'options {',
    `  directory "${folder}";`,
    `  pid-file "${join(folder, 'named.pid')}";`,
    `  session-keyfile "${join(folder, 'named.key')}";`,
    `  listen-on port ${port} { ${LOOPBACK}; };`,
    '  listen-on-v6 { none; };',
    '  recursion no; notify no; dnssec-validation no;',
    '};',
    'controls { };',
    ...zones.map(
      ({ name, file }) => `zone "${name}" { type primary; file "${file}"; check-names ignore; };`,
    ),
  ];
  writeFileSync(config, `${(tool === 'nsd' ? nsd : named).join('\n')}\n`);
  const args = tool === 'nsd' ? ['-d', '-c', config] : ['-g', '-c', config];
  return startServer(tool, args, folder, port, zones[0]?.name ?? '.');
}

/**
 * Serves one zone with BIND's named, which signs it itself with the keys of a folder.
 *
 * @param policy the statements of a dnssec-policy.
 */
export async function serveSigning(
  folder: string,
  zone: { readonly name: string; readonly file: string; readonly keyDir: string },
  policy: string,
): Promise<Server> {
  const port = await freePort();
  const config = join(folder, 'named.conf');
  writeFileSync(
    config,
    [
      'options {',
      `  directory "${folder}";`,
      `  pid-file "${join(folder, 'named.pid')}";`,
      `  session-keyfile "${join(folder, 'named.key')}";`,
      `  listen-on port ${port} { ${LOOPBACK}; };`,
      '  listen-on-v6 { none; };',
      '  recursion no; notify no; dnssec-validation no;',
      '};',
      'controls { };',
      `dnssec-policy "own" { ${policy} };`,
      `zone "${zone.name}" {`,
      `  type primary; file "${zone.file}"; key-directory "${zone.keyDir}";`,
      '  dnssec-policy "own"; inline-signing yes;',
      '};',
      '',
    ].join('\n'),
  );
  return startServer('named', ['-g', '-c', config], folder, port, zone.name);
}

/** What a resolver differs in from the usual. */
export interface ResolverOptions {
  /** Further lines of `server:`. */
  readonly config?: readonly string[];
  /** Variables of its environment. */
  readonly env?: NodeJS.ProcessEnv;
  /** It asks a resolver, not authoritative servers. */
  readonly forwards?: boolean;
}

/**
 * A validating resolver that knows these zones and nothing else of the world. Of several
 * authorities it asks now this one, now that.
 */
export async function resolver(
  folder: string,
  zones: readonly ServedZone[],
  authorities: Server | readonly Server[],
  { config: lines = [], env = {}, forwards = false }: ResolverOptions = {},
): Promise<Server> {
  const port = await freePort();
  mkdirSync(folder, { recursive: true });
  const anchors = join(folder, 'anchors');
  writeFileSync(anchors, `${zones.flatMap((zone) => zone.anchors).join('\n')}\n`);
  const config = join(folder, 'unbound.conf');
  const way = forwards ? 'forward' : 'stub';
  const upstream = (name: string): string[] => [
    `${way}-zone:`,
    `  name: "${name}"`,
    ...[authorities].flat().map((authority) => `  ${way}-addr: ${LOOPBACK}@${authority.port}`),
    ...(forwards ? [] : ['  stub-prime: no']),
  ];
  writeFileSync(
    config,
    [
      'server:',
      `  interface: ${LOOPBACK}`,
      `  port: ${port}`,
      '  do-ip6: no',
      '  do-daemonize: no',
      '  use-syslog: no',
      '  log-time-ascii: yes',
      '  val-log-level: 2',
      '  num-threads: 1',
      '  chroot: ""',
      '  username: ""',
      `  directory: "${folder}"`,
      `  pidfile: "${join(folder, 'unbound.pid')}"`,
      `  access-control: ${LOOPBACK}/8 allow`,
      '  do-not-query-localhost: no',
      '  module-config: "validator iterator"',
      `  trust-anchor-file: "${anchors}"`,
      // Each question gets its own proof: no answers put together from the cache.
      '  aggressive-nsec: no',
      '  target-fetch-policy: "0 0 0 0 0"',
      ...lines.map((line) => `  ${line}`),
      'remote-control:',
      '  control-enable: no',
      // The root too goes to the server on loopback, which refuses it: nothing leaves.
      ...[...zones.map((zone) => zone.name), '.'].flatMap(upstream),
      '',
    ].join('\n'),
  );
  return startServer('unbound', ['-d', '-c', config], folder, port, zones[0]?.name ?? '.', env);
}

function section(text: string, name: string): string[] {
  const body = new RegExp(`;; ${name} SECTION:\n([\\s\\S]*?)(?:\n\n|$)`).exec(text)?.[1] ?? '';
  return body
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith(';'))
    .map((line) => line.replace(/\s+/g, ' '));
}

/** Asks by dig, with DO and without recursion by dig itself. */
export async function ask(
  port: number,
  name: string,
  type: string,
  options: { readonly patience?: number } = {},
): Promise<Answer> {
  const done = await run(toolPath('dig'), [
    `@${LOOPBACK}`,
    '-p',
    `${port}`,
    '+dnssec',
    '+tries=1',
    `+time=${options.patience ?? 10}`,
    '+noall',
    '+comments',
    '+answer',
    '+authority',
    '+additional',
    name,
    type,
  ]);
  const status = /status: (\w+)/.exec(done.stdout)?.[1];
  if (status === undefined) throw new Error(`dig ${name} ${type}: ${done.stdout}${done.stderr}`);
  const flags = /;; flags: ([^;]*);/.exec(done.stdout)?.[1]?.trim().split(' ') ?? [];
  return {
    status,
    flags: new Set(flags),
    answer: section(done.stdout, 'ANSWER'),
    authority: section(done.stdout, 'AUTHORITY'),
    additional: section(done.stdout, 'ADDITIONAL'),
  };
}
