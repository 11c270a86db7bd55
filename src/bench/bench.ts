/**
 * `npm run bench`: zonewright and the installed peers on one generated zone, in turn, so that
 * what the machine does meanwhile falls on all alike. Prints medians and ratios as Markdown.
 *
 * Claims are ratios: absolute times belong to the machine.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, tmpdir, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { onExit, runCleanup } from '../cleanup.js';
import { countFlag, flagOf, sizeFlag } from '../cli/common.js';
import { errorText, printJson } from '../cli/output.js';
import { clockNow, isoTime } from '../config/time.js';
import { algorithmByName, signingMnemonics } from '../dnssec/algorithms.js';
import { EXIT } from '../errors.js';
import { ASKED_FOR, CONTESTANTS, type Contestant, isOwn } from './contestants.js';
import { createMeter } from './measure.js';
import { prepare } from './prepare.js';
import { versionOf } from './programs.js';
import { compete } from './rounds.js';
import { type Findings, markdown, ratios } from './table.js';

interface Flags {
  readonly domains: number;
  readonly runs: number;
  readonly threads: number;
  readonly memory?: number;
  readonly only?: readonly Contestant[];
  readonly algorithm: string;
  readonly optOut: boolean;
  readonly zonemd: boolean;
  readonly check: boolean;
  readonly timeout: number;
  readonly tmpDir: string;
  readonly json?: true;
}

/** The part of a core that others may use before the figures are doubted. */
const IDLE_LOAD = 0.3;

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
    .option('--memory <SIZE>', "--memory of zonewright's own commands, e.g. 512MiB", sizeFlag)
    .addOption(
      new Option('--only <LIST>', `all, or some of ${CONTESTANTS.join(',')}`)
        .argParser(contestantsFlag)
        .default(undefined, `all but ${ASKED_FOR.join(', ')}`),
    )
    .option('--algorithm <A>', 'mnemonic or number', algorithmFlag, 'ECDSAP256SHA256')
    .option('--no-opt-out', 'NSEC3 without opt-out')
    .option('--no-zonemd', 'zonewright makes no ZONEMD digest, as the peers')
    .option('--no-check', 'do not let dnssec-verify look at what zonewright signs')
    .option('--timeout <MINUTES>', 'time that one run may take', countFlag(1, 10_000), 15)
    .option('--tmp-dir <D>', 'where the zones are kept meanwhile', tmpdir())
    .option('--json', 'one JSON object instead of the tables');
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
  onExit(() => rmSync(folder, { recursive: true, force: true }));
  const meter = createMeter(folder);
  const { domains, threads, memory, optOut, zonemd, algorithm, check } = flags;
  const wanted = flags.only ?? CONTESTANTS.filter((name) => !ASKED_FOR.includes(name));
  const own = { threads, memory, spill: join(folder, 'tmp') };
  const signing = { optOut, zonemd, algorithm };
  const { work, zone, registry, missing } = await prepare(
    { wanted, domains, own, signing, folder },
    meter,
    say,
  );
  const rounds = { runs: flags.runs, timeout: flags.timeout * 60, check };
  const shown = await compete(rounds, work, meter, wanted, missing, say);
  return {
    date,
    machine: here,
    versions: [...new Set(shown.here.filter((name) => !isOwn(name)).map(versionOf))],
    method: meter.method,
    signing,
    zone,
    registry,
    threads,
    memory,
    results: shown.results,
    missing: [...missing].map(([name, reason]) => ({ name, reason })),
    checkedBy: shown.acceptedBy,
    check,
    rates: shown.rates,
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
