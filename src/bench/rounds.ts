/** Lets the contestants run in turn, and gathers what they took. */

import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Contestant, isOfRegistry, isOwn, isSigner, label } from './contestants.js';
import { prepareKnot } from './knot.js';
import type { CommandLine, Measured, Meter, Usage } from './measure.js';
import { parseRates, type Rates, speedCommandLine } from './openssl.js';
import { readSummary, type Signatures } from './own.js';
import { checkCommandLine, commandLines, knotZones, newZones, type Work } from './peers.js';
import { failure, PATIENCE } from './prepare.js';
import { absentFor } from './programs.js';
import { type Result, secondsText } from './table.js';

/** How to measure. */
export interface Rounds {
  readonly runs: number;
  /** Seconds that a run may take. */
  readonly timeout: number;
  /** Whether dnssec-verify looks at all that zonewright signs. */
  readonly check: boolean;
}

/** What the contestants have shown. */
export interface Shown {
  readonly results: readonly Result[];
  /** Those that are installed, with figures or without. */
  readonly here: readonly Contestant[];
  /** What found the signed zone to be right, beside zonewright. */
  readonly acceptedBy: readonly Contestant[];
  /** OpenSSL's own rates, the best of the rounds. */
  readonly rates: Rates | undefined;
}

/** What a contestant has shown so far. */
interface Score {
  readonly runs: Usage[];
  readonly stages: Array<Readonly<Record<string, number>>>;
  signatures: Signatures | undefined;
}

/** Leaves the next one no dirty pages of the one before to wait for. */
function settle(folder: string): void {
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
  spawnSync('sync');
}

/** Those of `wanted` that are installed, ready to run; the others go to `missing`. */
function installed(
  wanted: readonly Contestant[],
  work: Work,
  missing: Map<Contestant, string>,
): Contestant[] {
  return wanted.filter((name) => {
    const absent = absentFor(name);
    if (absent.length > 0) missing.set(name, `${absent.join(' and ')} not installed`);
    if (missing.has(name)) return false;
    for (const zone of knotZones(name, work)) prepareKnot(zone);
    return true;
  });
}

/** Ended by a signal: GNU time passes it on as a shell does, 128 and the signal's number. */
const wasKilled = ({ status }: Measured): boolean => status === null || status > 128;

/** Runs commands one after the other, until one fails; `timeout` is for all of them, seconds. */
export async function runAll(
  meter: Meter,
  commands: readonly CommandLine[],
  timeout: number,
): Promise<Measured> {
  let all: Measured | undefined;
  for (const command of commands) {
    const done = await meter.run(command, timeout - (all?.seconds ?? 0));
    all = all === undefined ? done : added(all, done);
    if (done.status !== 0) break;
  }
  if (all === undefined) throw new Error('nothing to run');
  return all;
}

function added(a: Measured, b: Measured): Measured {
  const both = (
    x: number | undefined,
    y: number | undefined,
    f: (x: number, y: number) => number,
  ) => (x === undefined || y === undefined ? undefined : f(x, y));
  return {
    ...b,
    seconds: a.seconds + b.seconds,
    cpuSeconds: both(a.cpuSeconds, b.cpuSeconds, (x, y) => x + y),
    peakBytes: both(a.peakBytes, b.peakBytes, Math.max),
  };
}

/**
 * Lets the contestants run in turn, `rounds.runs` times.
 *
 * @param missing takes those without figures, and why.
 * @throws ZonewrightError when zonewright fails, or a checker refuses a zone: figures of a
 *   broken zone are worth nothing.
 */
export async function compete(
  rounds: Rounds,
  work: Work,
  meter: Meter,
  wanted: readonly Contestant[],
  missing: Map<Contestant, string>,
  say: (text: string) => void,
): Promise<Shown> {
  const here = installed(wanted, work, missing);
  const scores = new Map<Contestant, Score>(
    here.map((name) => [name, { runs: [], stages: [], signatures: undefined }]),
  );
  const accepted = new Set<Contestant>();
  const rates: Rates[] = [];
  const checks = rounds.check && absentFor('dnssec-verify').length === 0;
  const check = async (zone: string, file: string, whose: string): Promise<void> => {
    say(`dnssec-verify looks at ${whose}`);
    const done = await meter.run(checkCommandLine(zone, file), PATIENCE);
    if (done.status !== 0) throw failure(`dnssec-verify of ${whose}`, done);
    accepted.add('dnssec-verify');
  };

  // The zone that all check must be a good one; with a checker among them, its first run tells.
  if (checks && !here.includes('dnssec-verify') && here.some((name) => !isOfRegistry(name))) {
    await check(work.zone, work.signed, 'the signed zone');
  }
  for (let round = 1; round <= rounds.runs; round++) {
    const speed = speedCommandLine(work.signing.algorithm, work.own.threads);
    if (speed !== undefined) {
      const rate = parseRates((await meter.run(speed, PATIENCE)).stdout);
      if (rate !== undefined) rates.push(rate);
    }
    for (const name of here) {
      if (missing.has(name)) continue;
      settle(work.folder);
      const done = await runAll(meter, commandLines(name, work), rounds.timeout);
      const reason = judge(name, done, rounds.timeout);
      if (reason === undefined) {
        record(scores.get(name) as Score, name, done);
        if (!isOwn(name) && !isSigner(name)) accepted.add(name);
      } else {
        missing.set(name, reason);
      }
      say(
        `run ${round} of ${rounds.runs}: ${label(name)}: ${reason ?? `${secondsText(done.seconds)} s`}`,
      );
      if (!checks || round > 1 || reason !== undefined) continue;
      for (const { zone, file } of newZones(name, work)) {
        await check(zone, file, `${zone} of ${label(name)}`);
      }
    }
  }
  settle(work.folder);
  return {
    results: here
      .filter((name) => !missing.has(name))
      .map((name) => ({ name, ...(scores.get(name) as Score) })),
    here,
    acceptedBy: [...accepted],
    // A bound: the best that these cores were seen to do.
    rates:
      rates.length === 0
        ? undefined
        : {
            sign: Math.max(...rates.map((rate) => rate.sign)),
            verify: Math.max(...rates.map((rate) => rate.verify)),
          },
  };
}

/**
 * Why a run gives no figures; undefined: it does.
 *
 * @throws ZonewrightError as {@link compete}.
 */
function judge(name: Contestant, done: Measured, timeout: number): string | undefined {
  if (done.timedOut) return `stopped after ${Math.round(timeout / 60)} minutes`;
  if (done.status === 0) return undefined;
  if (wasKilled(done) && !isOwn(name)) return 'a signal ended it';
  if (isSigner(name) && !isOwn(name)) return `it failed: ${done.stderr.trim().split('\n').at(-1)}`;
  throw failure(label(name), done);
}

function record(score: Score, name: Contestant, done: Measured): void {
  const { seconds, cpuSeconds, peakBytes } = done;
  score.runs.push({ seconds, cpuSeconds, peakBytes });
  if (!isOwn(name)) return;
  const told = readSummary(JSON.parse(done.stdout) as Record<string, unknown>);
  score.stages.push(told.stages);
  score.signatures = told.signatures;
}
