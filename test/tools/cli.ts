/**
 * Runs the command as a user does (`bin/zonewright.js`), and gives tests folders of their own.
 *
 * The contract tested through it is the command line: arguments in; exit code, standard output,
 * standard error and files out.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

/** The repository's root folder. */
export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The executable that package.json's `bin` names. */
export const BIN = join(ROOT, 'bin', 'zonewright.js');

/** What a finished process left. `status` is null when a signal ended it. */
export interface Finished {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** It did not end by itself within the time allowed and was killed. */
  readonly timedOut: boolean;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Written to standard input, which is closed after it. */
  readonly input?: string | Uint8Array;
  /** Milliseconds after which the process is killed (default 10 minutes). */
  readonly timeout?: number;
}

/** A process that still runs, and the promise of its end. */
export interface Running {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
}

/** Starts any program; the test's event loop stays free meanwhile. */
export function start(command: string, args: readonly string[], options: RunOptions = {}): Running {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, NO_COLOR: '1', TZ: 'UTC', ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  // A process that ends without reading its input is no failure of the test.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input);
  const finished = new Promise<Finished>((resolve, reject) => {
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
    }, options.timeout ?? 600_000);
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      resolve({
        status,
        signal,
        stdout: Buffer.concat(out).toString(),
        stderr: Buffer.concat(err).toString(),
        timedOut,
      });
    });
  });
  return { child, finished };
}

/** Runs any program to its end. */
export function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Finished> {
  return start(command, args, options).finished;
}

/** Starts zonewright without waiting for its end. */
export function startZonewright(args: readonly string[], options: RunOptions = {}): Running {
  return start(process.execPath, [BIN, ...args], options);
}

/** Runs zonewright to its end. */
export function zonewright(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  return startZonewright(args, options).finished;
}

/**
 * Runs zonewright and wants exit 0; otherwise throws with what it printed, so that a failed
 * step of a test's preparation says why.
 */
export async function zonewrightOk(
  args: readonly string[],
  options: RunOptions = {},
): Promise<Finished> {
  const done = await zonewright(args, options);
  if (done.status !== 0) {
    throw new Error(
      `zonewright ${args.join(' ')}: exit ${done.status ?? done.signal}\n${done.stderr}${done.stdout}`,
    );
  }
  return done;
}

const folders: string[] = [];

/**
 * A new empty folder, removed after the tests of the file (kept with KEEP_TEMP=1).
 * Call it from inside a test or a hook.
 */
export function tempDir(name = 'test'): string {
  const folder = mkdtempSync(join(tmpdir(), `zonewright-${name}-`));
  folders.push(folder);
  return folder;
}

afterAll(() => {
  const done = folders.splice(0);
  if (process.env.KEEP_TEMP === '1') return;
  for (const folder of done) rmSync(folder, { recursive: true, force: true });
});
