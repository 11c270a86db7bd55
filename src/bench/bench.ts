/**
 * `npm run bench`: zonewright and the installed peers on one generated zone, in turn, so that
 * what the machine does meanwhile falls on all alike. Prints medians and ratios as Markdown.
 *
 * Claims are ratios: absolute times belong to the machine.
 */

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, tmpdir, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { onExit, runCleanup } from '../cleanup.js';
import { countFlag, flagOf } from '../cli/common.js';
import { errorText, printJson } from '../cli/output.js';
import { clockNow, isoTime } from '../config/time.js';
import { algorithmByName, signingMnemonics } from '../dnssec/algorithms.js';
import { EXIT, ZonewrightError } from '../errors.js';
import { type CommandLine, createMeter, type Measured, type Meter, type Usage } from './measure.js';
import { parseRates, type Rates, speedCommandLine } from './openssl.js';
import {
  absentFor,
  CONTESTANTS,
  type Contestant,
  commandLine,
  isOwn,
  isSigner,
  label,
  prepareKnot,
  SLOW,
  signCommandLine,
  versionOf,
  type Work,
  zonewright,
} from './peers.js';
import { type Findings, markdown, type Result, ratios, secondsText } from './table.js';
import { completeGlue } from './zone.js';

interface Flags {
  readonly domains: number;
  readonly runs: number;
  readonly threads: number;
  readonly only?: readonly Contestant[];
  readonly algorithm: string;
  readonly optOut: boolean;
  readonly zonemd: boolean;
  readonly timeout: number;
  readonly tmpDir: string;
  readonly json?: true;
}

/** What a contestant has shown so far. */
interface Score {
  readonly runs: Usage[];
  readonly stages: Record<string, number>[];
}

const ZONE = 'com';
/** The part of a core that others may use before the figures are doubted. */
const IDLE_LOAD = 0.3;
/** For what is not measured: making the zone and the keys. */
const PATIENCE = 3600;

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

function contestantsFlag(text: string): Contestant[] {
  if (text === 'all') return [...CONTESTANTS];
  const names = text.split(',').map((name) => name.trim());
  const wrong = names.find((name) => !CONTESTANTS.some((known) => known === name));
  if (wrong !== undefined) throw new InvalidArgumentError(`There is no ${wrong}.`);
  return CONTESTANTS.filter((name) => names.includes(name));
}

const algorithmFlag = flagOf((text) => {
  const algorithm = algorithmByName(text);
  return algorithm?.signs ? algorithm.mnemonic : undefined;
}, `one of ${signingMnemonics()}`);

function program(): Command {
  return new Command('bench')
    .description('Measures zonewright beside the installed peers on one generated zone.')
    .option('--domains <N>', 'domains of the zone', countFlag(50, 1e9), 1_000_000)
    .option('--runs <R>', 'runs of each; their median counts', countFlag(1, 1000), 3)
    .option('--threads <T>', 'threads of each', countFlag(1, 1024), availableParallelism())
    .addOption(
      new Option('--only <LIST>', `all, or some of ${CONTESTANTS.join(',')}`)
        .argParser(contestantsFlag)
        .default(undefined, `all but ${SLOW.join(' and ')}`),
    )
    .option('--algorithm <A>', 'mnemonic or number', algorithmFlag, 'ECDSAP256SHA256')
    .option('--no-opt-out', 'NSEC3 without opt-out')
    .option('--no-zonemd', 'zonewright makes no ZONEMD digest, as the peers')
    .option('--timeout <MINUTES>', 'time that one run may take', countFlag(1, 10_000), 15)
    .option('--tmp-dir <D>', 'where the zones are kept meanwhile', tmpdir())
    .option('--json', 'one JSON object instead of the tables');
}

/** Runs what has to succeed, unmeasured. @returns its summary, if it is zonewright's. */
async function must(meter: Meter, command: CommandLine): Promise<Record<string, unknown>> {
  const done = await meter.run(command, PATIENCE);
  if (done.status !== 0) throw failure(command.args.slice(0, 2).join(' '), done);
  return JSON.parse(done.stdout) as Record<string, unknown>;
}

function failure(what: string, done: Measured): ZonewrightError {
  const said = `${done.stderr}${done.stdout}`.trim().split('\n').slice(-5).join('\n');
  return new ZonewrightError(EXIT.unexpected, `${what} ended with ${done.status}`, { hint: said });
}

const numberIn = (summary: Record<string, unknown>, key: string): number => Number(summary[key]);

/** Makes the zone, the keys and a signed zone for the verifiers. */
async function prepare(flags: Flags, folder: string, meter: Meter) {
  const { domains, threads, optOut, zonemd, algorithm } = flags;
  const work: Work = {
    zone: ZONE,
    unsigned: join(folder, 'sample', `${ZONE}.zone`),
    signed: join(folder, 'signed'),
    keyDir: join(folder, 'keys'),
    folder: join(folder, 'out'),
    threads,
    optOut,
    zonemd,
    algorithm,
  };
  mkdirSync(work.folder);
  const { unsigned, keyDir, signed } = work;
  say(`making a zone of ${domains} domains`);
  const sample = ['--domains', String(domains), '--out', join(folder, 'sample')];
  await must(meter, zonewright('sample', ...sample, '--format', 'master', '--zones', ZONE));
  await completeGlue(unsigned);
  const keys = ['--zone', ZONE, '--key-dir', keyDir, '--algorithm', algorithm];
  await must(meter, zonewright('keys', 'generate', ...keys));
  const summary = await must(meter, signCommandLine(work, signed, false));
  const { made } = summary.signatures as { readonly made: number };
  const zone: Findings['zone'] = {
    delegations: numberIn(summary, 'delegations'),
    secureDelegations: numberIn(summary, 'secureDelegations'),
    records: numberIn(summary, 'records'),
    signatures: made,
    unsignedBytes: statSync(unsigned).size,
    signedBytes: statSync(signed).size,
    algorithm,
    optOut,
    zonemd,
  };
  return { work, zone };
}

/** Leaves the next one no dirty pages of the one before to wait for. */
function settle(folder: string): void {
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
  spawnSync('sync');
}

/** The stages of a command of zonewright, as its summary has them. */
function stagesOf(done: Measured): Record<string, number> {
  const { seconds } = JSON.parse(done.stdout) as { readonly seconds: Record<string, number> };
  return seconds;
}

/** Those of `wanted` that are installed, ready to run; the others go to `missing`. */
function installed(
  wanted: readonly Contestant[],
  work: Work,
  missing: Map<Contestant, string>,
): Contestant[] {
  return wanted.filter((name) => {
    const absent = absentFor(name);
    if (absent.length > 0) {
      missing.set(name, `${absent.join(' and ')} not installed`);
      return false;
    }
    if (name === 'kzonesign') prepareKnot(work);
    return true;
  });
}

/** Ended by a signal: GNU time passes it on as a shell does, 128 and the signal's number. */
const wasKilled = ({ status }: Measured): boolean => status === null || status > 128;

/**
 * Lets the contestants run in turn, `flags.runs` rounds.
 *
 * @throws ZonewrightError when zonewright fails, or a checker refuses the zone: figures of a
 *   broken zone are worth nothing.
 */
async function compete(flags: Flags, work: Work, meter: Meter, wanted: readonly Contestant[]) {
  const missing = new Map<Contestant, string>();
  const here = installed(wanted, work, missing);
  const scores = new Map<Contestant, Score>(here.map((name) => [name, { runs: [], stages: [] }]));
  const accepted = new Set<string>();
  const rates: Rates[] = [];

  // The zone that all check must be a good one; with a checker among them, its first run tells.
  if (!here.includes('dnssec-verify') && absentFor('dnssec-verify').length === 0) {
    say('dnssec-verify looks at the signed zone');
    const done = await meter.run(commandLine('dnssec-verify', work), PATIENCE);
    if (done.status !== 0) throw failure('dnssec-verify', done);
    accepted.add('dnssec-verify');
  }

  for (let round = 1; round <= flags.runs; round++) {
    const speed = speedCommandLine(flags.algorithm, flags.threads);
    if (speed !== undefined) {
      const rate = parseRates((await meter.run(speed, PATIENCE)).stdout);
      if (rate !== undefined) rates.push(rate);
    }
    for (const name of here) {
      if (missing.has(name)) continue;
      settle(work.folder);
      const done = await meter.run(commandLine(name, work), flags.timeout * 60);
      if (done.timedOut) {
        missing.set(name, `stopped after ${flags.timeout} minutes`);
      } else if (wasKilled(done) && !isOwn(name)) {
        missing.set(name, 'a signal ended it');
      } else if (done.status !== 0 && isSigner(name) && !isOwn(name)) {
        missing.set(name, `it failed: ${done.stderr.trim().split('\n').at(-1)}`);
      } else if (done.status !== 0) {
        throw failure(label(name), done);
      } else {
        const { seconds, cpuSeconds, peakBytes } = done;
        const score = scores.get(name);
        score?.runs.push({ seconds, cpuSeconds, peakBytes });
        if (isOwn(name)) score?.stages.push(stagesOf(done));
        else if (!isSigner(name)) accepted.add(name);
      }
      say(
        `run ${round} of ${flags.runs}: ${label(name)}: ${missing.get(name) ?? `${secondsText(done.seconds)} s`}`,
      );
    }
  }
  settle(work.folder);
  const results: Result[] = here
    .filter((name) => !missing.has(name))
    .map((name) => ({ name, ...(scores.get(name) as Score) }));
  return { results, missing, accepted, here, rates };
}

function machine(): Findings['machine'] {
  const [load] = loadavg();
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown processor',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    system: `${type()} ${release()}`,
    node: process.versions.node,
    load,
    busy: load > IDLE_LOAD,
  };
}

async function bench(flags: Flags): Promise<Findings> {
  const date = isoTime(clockNow());
  // Looked at before anything runs, so that it is others' load.
  const here = machine();
  if (here.busy) {
    say(
      `warning: the machine is busy (load average ${here.load.toFixed(2)}): figures will be too high`,
    );
  }
  const folder = mkdtempSync(join(flags.tmpDir, 'zonewright-bench-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  onExit(remove);
  const meter = createMeter(folder);
  const { work, zone } = await prepare(flags, folder, meter);
  const wanted = flags.only ?? CONTESTANTS.filter((name) => !SLOW.includes(name));
  const found = await compete(flags, work, meter, wanted);
  const { rates } = found;
  return {
    date,
    machine: here,
    versions: [...new Set(found.here.filter((name) => !isOwn(name)).map(versionOf))],
    method: meter.method,
    zone,
    threads: flags.threads,
    results: found.results,
    missing: [...found.missing].map(([name, reason]) => ({ name, reason })),
    checkedBy: [...found.accepted],
    rates:
      rates.length === 0
        ? undefined
        : {
            // A bound: the best that these cores were seen to do.
            sign: Math.max(...rates.map((rate) => rate.sign)),
            verify: Math.max(...rates.map((rate) => rate.verify)),
          },
  };
}

for (const [signal, code] of [
  ['SIGINT', EXIT.interrupted],
  ['SIGTERM', EXIT.terminated],
  ['SIGHUP', EXIT.terminated],
] as const) {
  process.once(signal, () => {
    runCleanup();
    process.exit(code);
  });
}

try {
  const flags = program().parse().opts<Flags>();
  const found = await bench(flags);
  if (flags.json) printJson({ ...found, ratios: ratios(found.results) });
  else process.stdout.write(`${markdown(found)}`);
} catch (error) {
  process.stderr.write(errorText(error, { color: false, debug: true }));
  process.exitCode = EXIT.unexpected;
}
