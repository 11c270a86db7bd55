/**
 * Runs one program and measures it: wall time, processor time, peak of resident memory.
 *
 * Node.js tells the resource usage of its own process only, so GNU time stands between; where it
 * is not installed, /proc is read while the program runs (slightly low figures), and where there
 * is no /proc either, wall time is all there is.
 */

import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { onExit } from '../cleanup.js';

/** A program and its arguments; `file` is a path, or a name that PATH knows. */
export interface CommandLine {
  readonly file: string;
  readonly args: readonly string[];
}

/** What a run took. */
export interface Usage {
  /** Wall time. */
  readonly seconds: number;
  /** Processor time, user and system together; undefined when it can't be had. */
  readonly cpuSeconds: number | undefined;
  /** Peak of resident memory in octets; undefined when it can't be had. */
  readonly peakBytes: number | undefined;
}

/** A run that has ended. */
export interface Measured extends Usage {
  /** Exit code; null when a signal ended it. */
  readonly status: number | null;
  /** It was killed because it took longer than it may. */
  readonly timedOut: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** Measures programs; see {@link createMeter}. */
export interface Meter {
  /** How processor time and memory are measured. */
  readonly method: 'GNU time' | '/proc' | 'wall time only';
  /**
   * Runs a program to its end, or kills it after `timeout` seconds.
   *
   * @throws when the program can't be started.
   */
  run(command: CommandLine, timeout: number): Promise<Measured>;
}

const GNU_TIME = '/usr/bin/time';
/** User seconds, system seconds, peak KiB. */
const TIME_FORMAT = '%U %S %M';
/** Ticks a second of the times in /proc: 100 wherever Node.js runs. */
const TICKS = 100;
const POLL_MS = 20;
/** Octets of a program's output that are kept, its end. */
const KEPT_OUTPUT = 1 << 20;

/** A meter that keeps its notes in `folder`. */
export function createMeter(folder: string): Meter {
  const note = join(folder, 'usage');
  const method = pickMethod(note);
  return {
    method,
    async run(command, timeout) {
      if (method !== 'GNU time') return runPlain(command, timeout, method === '/proc');
      rmSync(note, { force: true });
      const args = ['-f', TIME_FORMAT, '-o', note, command.file, ...command.args];
      const done = await runPlain({ file: GNU_TIME, args }, timeout, false);
      // Killed itself, with the program or apart from it, it leaves no note.
      if (done.status === null) return done;
      return { ...done, ...parseTimeNote(readFileSync(note, 'utf8')) };
    },
  };
}

function pickMethod(note: string): Meter['method'] {
  const trial = spawnSync(GNU_TIME, ['-f', TIME_FORMAT, '-o', note, process.execPath, '--version']);
  if (trial.status === 0) return 'GNU time';
  return readUsage(process.pid) === undefined ? 'wall time only' : '/proc';
}

/**
 * Reads what GNU time noted; its last line has the figures.
 *
 * @example parseTimeNote('1.50 0.25 2048\n') // { cpuSeconds: 1.75, peakBytes: 2097152 }
 */
export function parseTimeNote(text: string): Pick<Usage, 'cpuSeconds' | 'peakBytes'> {
  const fields = (text.trimEnd().split('\n').at(-1) ?? '').split(' ').map(Number);
  if (fields.length !== 3 || !fields.every(Number.isFinite)) {
    throw new Error(`unexpected output of ${GNU_TIME}: ${text}`);
  }
  const [user, system, kib] = fields;
  return { cpuSeconds: user + system, peakBytes: kib * 1024 };
}

/** Processor time and peak memory so far of a process that runs; undefined when not known. */
function readUsage(pid: number): Pick<Usage, 'cpuSeconds' | 'peakBytes'> | undefined {
  try {
    const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name, in brackets, and may hold spaces.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (peak === null) return undefined;
    return {
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS,
      peakBytes: Number(peak[1]) * 1024,
    };
  } catch {
    return undefined;
  }
}

function runPlain(command: CommandLine, timeout: number, poll: boolean): Promise<Measured> {
  return new Promise((resolve, reject) => {
    let usage: ReturnType<typeof readUsage>;
    let timedOut = false;
    let stdout = '';
    let stderr = '';
    const started = performance.now();
    // A process group of its own, so that GNU time and the program below it end together.
    const child = spawn(command.file, command.args, {
      detached: true,
      env: { ...process.env, LC_ALL: 'C', NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { pid } = child;
    const kill = (): void => {
      if (pid === undefined) return;
      try {
        process.kill(-pid, 'SIGKILL');
      } catch {
        // It has just ended by itself.
      }
    };
    const forget = onExit(kill);
    const timer = setTimeout(() => {
      timedOut = true;
      kill();
    }, timeout * 1000);
    const poller =
      poll && pid !== undefined
        ? setInterval(() => {
            usage = readUsage(pid) ?? usage;
          }, POLL_MS)
        : undefined;
    const stop = (): void => {
      clearTimeout(timer);
      clearInterval(poller);
      forget();
    };
    child.stdout.on('data', (chunk: Buffer) => {
      stdout = (stdout + chunk.toString()).slice(-KEPT_OUTPUT);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString()).slice(-KEPT_OUTPUT);
    });
    child.on('error', (error) => {
      stop();
      reject(error);
    });
    child.on('close', (status) => {
      const seconds = (performance.now() - started) / 1000;
      stop();
      resolve({
        seconds,
        cpuSeconds: usage?.cpuSeconds,
        peakBytes: usage?.peakBytes,
        status,
        timedOut,
        stdout,
        stderr,
      });
    });
  });
}

/** The median; of an even number of values the mean of the middle two; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The median of the values that are known; undefined when none is. */
export function medianKnown(values: ReadonlyArray<number | undefined>): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : median(known);
}
