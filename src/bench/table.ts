/**
 * What `npm run bench` found, as Markdown: medians, ratios, stages, and the lower bound.
 */

import { countText } from '../cli/output.js';
import { formatSize } from '../config/size.js';
import {
  COMPARED,
  type Contestant,
  isOfRegistry,
  isOwn,
  isSigner,
  label,
  type Quantity,
  verifies,
} from './contestants.js';
import { median, medianKnown, type Usage } from './measure.js';
import type { Rates } from './openssl.js';
import type { Signatures, Signing } from './own.js';
import type { ZoneFigures } from './prepare.js';
import type { RegistryFigures } from './registry.js';

/** A contestant's runs. */
export interface Result {
  readonly name: Contestant;
  readonly runs: readonly Usage[];
  /** zonewright's own: seconds per stage, an entry a run. */
  readonly stages: ReadonlyArray<Readonly<Record<string, number>>>;
  /** zonewright's own: signatures in the zones that it wrote. */
  readonly signatures?: Signatures | undefined;
}

/** Everything that a benchmark found. */
export interface Findings {
  /** When it began, ISO 8601. */
  readonly date: string;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryBytes: number;
    readonly system: string;
    readonly node: string;
    /** Load average of the minute before. */
    readonly load: number;
    readonly busy: boolean;
  };
  /** Names and versions of the peers. */
  readonly versions: readonly string[];
  /** How processor time and memory were measured. */
  readonly method: string;
  readonly signing: Signing;
  /** undefined: only the registry was measured. */
  readonly zone: ZoneFigures | undefined;
  /** undefined: the build was not measured. */
  readonly registry: RegistryFigures | undefined;
  readonly threads: number;
  /** What zonewright's commands were given as --memory, octets; undefined: nothing. */
  readonly memory: number | undefined;
  readonly results: readonly Result[];
  /** Contestants without figures, and why. */
  readonly missing: ReadonlyArray<{ readonly name: Contestant; readonly reason: string }>;
  /** What found the signed zone to be right, beside zonewright. */
  readonly checkedBy: readonly string[];
  /** Whether dnssec-verify was to look at it. */
  readonly check: boolean;
  /** OpenSSL's own rates on all threads, the best of the rounds. */
  readonly rates: Rates | undefined;
}

/** One figure divided by another. */
export interface Ratio {
  readonly what: Quantity;
  readonly of: Contestant;
  readonly to: Contestant;
  readonly ratio: number;
}

/** Ratios of medians, of those contestants that have figures. */
export function ratios(results: readonly Result[]): Ratio[] {
  const figure = (name: Contestant, what: Quantity): number | undefined => {
    const result = results.find((one) => one.name === name);
    if (what === 'signatures made') return result?.signatures?.made;
    const runs = result?.runs ?? [];
    return medianKnown(runs.map((run) => (what === 'time' ? run.seconds : run.peakBytes)));
  };
  return COMPARED.flatMap(([what, of, to]) => {
    const above = figure(of, what);
    const below = figure(to, what);
    return above === undefined || below === undefined
      ? []
      : [{ what, of, to, ratio: above / below }];
  });
}

/** The median of each stage, in the order in which the stages came. */
export function stageMedians(result: Result): Map<string, number> {
  const names = new Set(result.stages.flatMap((stages) => Object.keys(stages)));
  return new Map(
    [...names].map((name) => [
      name,
      median(result.stages.map((stages) => stages[name]).filter((s) => s !== undefined)),
    ]),
  );
}

/** Signatures that a command of zonewright makes, and that it verifies. */
export interface Operations {
  readonly made: number;
  readonly verified: number;
}

/** What a command of zonewright does; `zone` is the number of signatures in the zone. */
export function operations({ name, signatures }: Result, zone: number): Operations {
  const written = signatures ?? { made: isSigner(name) ? zone : 0, reused: 0 };
  const there = isSigner(name) ? written.made + written.reused : zone;
  return { made: written.made, verified: verifies(name) ? there : 0 };
}

/** Seconds that OpenSSL alone would take for it, on all threads. */
export function lowerBound({ made, verified }: Operations, rates: Rates): number {
  return made / rates.sign + verified / rates.verify;
}

/** A Markdown table; every column but the first is of figures. */
export function table(head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
  return (
    line(head) + line(head.map((_, i) => (i === 0 ? '---' : '---:'))) + rows.map(line).join('')
  );
}

/** Seconds with as many decimals as mean something. */
export function secondsText(seconds: number): string {
  return seconds.toFixed(seconds < 10 ? 2 : 1);
}

/** Megabytes: 10^6 octets, as the disk's makers and most tools count. */
function megabytes(octets: number): string {
  return countText(Math.round(octets / 1e6));
}

const code = (text: string): string => `\`${text}\``;

/** The report, to be pasted in the README. */
export function markdown(found: Findings): string {
  const parts = [heading(found), timesTable(found), ratioTable(found), stageTable(found)];
  parts.push(boundTable(found), remarks(found));
  return parts.filter((part) => part !== '').join('\n');
}

function heading(found: Findings): string {
  const { date, machine, versions, threads, memory, results } = found;
  const rounds = Math.max(0, ...results.map(({ runs }) => runs.length));
  return `\
${[zoneText(found), registryText(found)].filter((text) => text !== '').join('\n\n')}

${threads} threads${memory === undefined ? '' : `, --memory ${formatSize(memory).replace(' ', '')}`}; medians of ${rounds}. \
${date.slice(0, 10)}; ${machine.cpu}, ${machine.cores} cores, ${megabytes(machine.memoryBytes)} MB; ${machine.system}; \
${[`Node.js ${machine.node}`, ...versions].join(', ')}. Load average at the start: ${machine.load.toFixed(2)}\
${machine.busy ? ' (**busy: the figures are not to be trusted**)' : ''}.
`;
}

const signingText = ({ optOut, algorithm }: Signing): string =>
  `NSEC3 ${optOut ? 'with' : 'without'} opt-out; ${algorithm}`;

function zoneText({ zone, signing }: Findings): string {
  if (zone === undefined) return '';
  return `\
${countText(zone.delegations)} delegations, ${countText(zone.secureDelegations)} of them secure; ${signingText(signing)}. \
Signed: ${countText(zone.records)} records, ${countText(zone.signatures)} signatures, ${megabytes(zone.signedBytes)} MB \
(unsigned ${megabytes(zone.unsignedBytes)} MB).`;
}

function registryText({ registry, signing }: Findings): string {
  if (registry === undefined) return '';
  return `\
Registry of ${countText(registry.domains)} domains in ${registry.zones.join(' and ')} (rde-csv, ${megabytes(registry.exportBytes)} MB packed): \
${countText(registry.delegations)} delegations, ${countText(registry.secureDelegations)} of them secure; ${signingText(signing)}. \
Signed: ${countText(registry.records)} records, ${countText(registry.signatures)} signatures.`;
}

function timesTable({ results }: Findings): string {
  const rows = results.map(({ name, runs }) => {
    const times = runs.map((run) => run.seconds);
    const cpu = medianKnown(runs.map((run) => run.cpuSeconds));
    const peak = medianKnown(runs.map((run) => run.peakBytes));
    return [
      code(label(name)),
      secondsText(median(times)),
      `${secondsText(Math.min(...times))}–${secondsText(Math.max(...times))}`,
      cpu === undefined ? '?' : secondsText(cpu),
      peak === undefined ? '?' : megabytes(peak),
    ];
  });
  return table(['', 'seconds', 'least–most', 'CPU seconds', 'peak MB'], rows);
}

function ratioTable({ results }: Findings): string {
  const rows = ratios(results).map(({ what, of, to, ratio }) => [
    `${code(label(of))} ÷ ${code(label(to))}, ${what}`,
    ratio.toFixed(2),
  ]);
  return rows.length === 0 ? '' : table(['', 'ratio'], rows);
}

/** Signatures that a contestant's zones have. */
function signaturesOf(name: Contestant, { zone, registry }: Findings): number {
  return (isOfRegistry(name) ? registry?.signatures : zone?.signatures) ?? 0;
}

function stageTable(found: Findings): string {
  const { results, rates } = found;
  const own = results.filter(({ name }) => isOwn(name));
  if (own.length === 0) return '';
  const columns = own.map(stageMedians);
  const names = new Set(columns.flatMap((column) => [...column.keys()]));
  // Commands name further stages than others; the total comes last everywhere.
  const order = [...names].filter((name) => name !== 'total').concat('total');
  const rows = order.map((name) => [
    name,
    ...columns.map((column) => {
      const seconds = column.get(name);
      return seconds === undefined ? '' : secondsText(seconds);
    }),
  ]);
  if (rates !== undefined) {
    const bounds = own.map((result) =>
      lowerBound(operations(result, signaturesOf(result.name, found)), rates),
    );
    rows.push(['lower bound: OpenSSL alone', ...bounds.map(secondsText)]);
    const taken = own.map(({ runs }) => median(runs.map((run) => run.seconds)));
    rows.push(['taken ÷ lower bound', ...taken.map((s, i) => (s / bounds[i]).toFixed(2))]);
  }
  return table(['stage, seconds', ...own.map(({ name }) => code(label(name)))], rows);
}

/** What the lower bounds are made of, a line for each of sign and verify. */
function boundTable(found: Findings): string {
  const { results, rates, threads } = found;
  if (rates === undefined || !results.some(({ name }) => isOwn(name))) return '';
  const signatures = found.zone?.signatures ?? found.registry?.signatures ?? 0;
  const row = (what: string, rate: number): string[] => [
    what,
    countText(signatures),
    countText(Math.round(rate)),
    secondsText(signatures / rate),
  ];
  return `${table(
    [
      'lower bound',
      'signatures',
      `a second, by ${code(`openssl speed -multi ${threads}`)}`,
      'seconds',
    ],
    [row('to sign', rates.sign), row('to verify', rates.verify)],
  )}
What a command signs takes OpenSSL alone so long; what it verifies may take less: P-256 has a kernel of its own.
`;
}

function remarks({ results, missing, checkedBy, check, method, signing }: Findings): string {
  const lines = [
    checkedBy.length > 0
      ? `What is signed is accepted by ${checkedBy.join(', ')}.`
      : check
        ? '**No outside checker is installed: nobody but zonewright has checked the signed zone.**'
        : '**No outside checker has looked at the signed zone (--no-check).**',
    signing.zonemd
      ? 'zonewright also makes (and verifies) a ZONEMD digest, and waits for the disk; the peers do neither.'
      : 'zonewright also waits for the disk; the peers do not.',
    ...results.flatMap(reuseText),
    ...missing.map(({ name, reason }) => `No figures of ${code(label(name))}: ${reason}.`),
  ];
  if (method !== 'GNU time') lines.push(`Processor time and memory: ${method}.`);
  return `${lines.map((line) => `- ${line}`).join('\n')}\n`;
}

/** How much of a previous generation was kept. */
function reuseText({ name, signatures }: Result): string[] {
  if (signatures === undefined || name !== 'next-day') return [];
  const { made, reused } = signatures;
  const share = (100 * made) / (made + reused);
  return [
    `The next day, with a hundredth of the delegations changed: ${countText(made)} signatures made, ${countText(reused)} kept, ${share.toFixed(2)}% of a full signing.`,
  ];
}
