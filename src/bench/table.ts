/**
 * What `npm run bench` found, as Markdown: medians, ratios, stages, and the lower bound.
 */

import { countText } from '../cli/output.js';
import { median, medianKnown, type Usage } from './measure.js';
import type { Rates } from './openssl.js';
import { type Contestant, isOwn, isSigner, label } from './peers.js';

/** A contestant's runs. */
export interface Result {
  readonly name: Contestant;
  readonly runs: readonly Usage[];
  /** zonewright's own: seconds per stage, an entry a run. */
  readonly stages: ReadonlyArray<Readonly<Record<string, number>>>;
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
  readonly zone: {
    readonly delegations: number;
    readonly secureDelegations: number;
    /** Records of the signed zone, and signatures among them. */
    readonly records: number;
    readonly signatures: number;
    readonly unsignedBytes: number;
    readonly signedBytes: number;
    readonly algorithm: string;
    readonly optOut: boolean;
    readonly zonemd: boolean;
  };
  readonly threads: number;
  readonly results: readonly Result[];
  /** Contestants without figures, and why. */
  readonly missing: ReadonlyArray<{ readonly name: Contestant; readonly reason: string }>;
  /** What found the signed zone to be right, beside zonewright. */
  readonly checkedBy: readonly string[];
  /** OpenSSL's own rates on all threads, the best of the rounds. */
  readonly rates: Rates | undefined;
}

/** One figure divided by another. */
export interface Ratio {
  readonly what: 'time' | 'peak memory';
  readonly of: Contestant;
  readonly to: Contestant;
  readonly ratio: number;
}

/** The comparisons worth making: the same work on both sides. */
const COMPARED: ReadonlyArray<readonly [Ratio['what'], Contestant, Contestant]> = [
  ['time', 'sign-no-verify', 'kzonesign'],
  ['time', 'sign', 'dnssec-signzone'],
  ['time', 'sign-no-verify', 'ldns-signzone'],
  ['time', 'verify', 'dnssec-verify'],
  ['time', 'verify', 'kzonecheck'],
  ['time', 'verify', 'ldns-verify-zone'],
  ['peak memory', 'sign-no-verify', 'kzonesign'],
  ['peak memory', 'sign', 'kzonesign'],
  ['peak memory', 'sign', 'dnssec-signzone'],
  ['peak memory', 'verify', 'dnssec-verify'],
];

/** Ratios of medians, of those contestants that have figures. */
export function ratios(results: readonly Result[]): Ratio[] {
  const figure = (name: Contestant, what: Ratio['what']): number | undefined => {
    const runs = results.find((result) => result.name === name)?.runs ?? [];
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

/** Seconds that OpenSSL alone would take for what a command of zonewright signs or verifies. */
export function lowerBound(name: Contestant, signatures: number, rates: Rates): number {
  const signing = isSigner(name) ? signatures / rates.sign : 0;
  const verifying = name === 'sign-no-verify' ? 0 : signatures / rates.verify;
  return signing + verifying;
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

function heading({ date, machine, versions, threads, zone, results }: Findings): string {
  const rounds = Math.max(0, ...results.map(({ runs }) => runs.length));
  return `\
${countText(zone.delegations)} delegations, ${countText(zone.secureDelegations)} of them secure; NSEC3 ${zone.optOut ? 'with' : 'without'} opt-out; ${zone.algorithm}. \
Signed: ${countText(zone.records)} records, ${countText(zone.signatures)} signatures, ${megabytes(zone.signedBytes)} MB \
(unsigned ${megabytes(zone.unsignedBytes)} MB). ${threads} threads; medians of ${rounds}.

${date.slice(0, 10)}; ${machine.cpu}, ${machine.cores} cores, ${megabytes(machine.memoryBytes)} MB; ${machine.system}; \
Node.js ${machine.node}; ${versions.join(', ')}. Load average at the start: ${machine.load.toFixed(2)}\
${machine.busy ? ' (**busy: the figures are not to be trusted**)' : ''}.
`;
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

function stageTable({ results }: Findings): string {
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
  return table(['stage, seconds', ...own.map(({ name }) => code(label(name)))], rows);
}

function boundTable({ results, zone, rates, threads }: Findings): string {
  const own = results.filter(({ name }) => isOwn(name));
  if (rates === undefined || own.length === 0) return '';
  const rows = own.map(({ name, runs }) => {
    const bound = lowerBound(name, zone.signatures, rates);
    const taken = median(runs.map((run) => run.seconds));
    return [code(label(name)), secondsText(bound), `${(taken / bound).toFixed(2)} ×`];
  });
  return `${table(['', "OpenSSL's share, seconds", 'taken'], rows)}
${code(`openssl speed -multi ${threads}`)}: ${countText(Math.round(rates.sign))} signatures and \
${countText(Math.round(rates.verify))} verifications a second; a command can't be faster than its number of either allows.
`;
}

function remarks({ missing, checkedBy, method, zone }: Findings): string {
  const lines = [
    checkedBy.length > 0
      ? `The signed zone is accepted by ${checkedBy.join(', ')}.`
      : '**No outside checker is installed: nobody but zonewright has checked the signed zone.**',
    zone.zonemd
      ? 'zonewright also makes (and verifies) a ZONEMD digest, and waits for the disk; the peers do neither.'
      : 'zonewright also waits for the disk; the peers do not.',
    ...missing.map(({ name, reason }) => `No figures of ${code(label(name))}: ${reason}.`),
  ];
  if (method !== 'GNU time') lines.push(`Processor time and memory: ${method}.`);
  return `${lines.map((line) => `- ${line}`).join('\n')}\n`;
}
