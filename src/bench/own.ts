/** zonewright's own commands, and what their summaries (`--json`) tell. */

import { fileURLToPath } from 'node:url';
import type { CommandLine } from './measure.js';

const BIN = fileURLToPath(new URL('../../bin/zonewright.js', import.meta.url));

/** What all of them are given. */
export interface OwnSettings {
  readonly threads: number;
  /** Octets that the pipeline may hold; undefined: as much as it takes by itself. */
  readonly memory: number | undefined;
  /** Folder for spill files. */
  readonly spill: string;
}

/** A zonewright command, its summary as JSON on standard output. */
export function zonewright(settings: OwnSettings, ...args: string[]): CommandLine {
  const { threads, memory, spill } = settings;
  const common = ['--threads', String(threads), '--tmp-dir', spill, '--json', '--quiet'];
  if (memory !== undefined) common.push('--memory', String(memory));
  return { file: process.execPath, args: [BIN, ...args, ...common] };
}

/** How zones are signed. */
export interface Signing {
  readonly optOut: boolean;
  readonly zonemd: boolean;
  /** The algorithm's mnemonic. */
  readonly algorithm: string;
}

/** `zonewright sign`, but for what is special to a call. */
export function signArguments(
  { optOut, zonemd }: Signing,
  zone: string,
  keyDir: string,
  input: string,
  output: string,
): string[] {
  return [
    ...['sign', input, '--zone', zone, '--key-dir', keyDir, '--output', output],
    ...(optOut ? ['--opt-out'] : []),
    ...(zonemd ? [] : ['--no-zonemd']),
  ];
}

/** Signatures in what a command wrote: made anew, and kept from the generation before. */
export interface Signatures {
  readonly made: number;
  readonly reused: number;
}

/** What a command's summary tells of a run. */
export interface Told {
  /** Seconds of each stage, and of all as `total`. */
  readonly stages: Readonly<Record<string, number>>;
  /** undefined: it signs nothing. */
  readonly signatures: Signatures | undefined;
}

interface ZoneTold {
  readonly timings: Readonly<Record<string, number>>;
  readonly counts: {
    readonly signatures: Signatures;
    readonly records: number;
    readonly delegations: number;
    readonly secureDelegations: number;
  };
}

/** The zones in the summary of `zonewright build`. */
export function zonesTold(summary: Readonly<Record<string, unknown>>): readonly ZoneTold[] {
  return (summary.zones ?? []) as readonly ZoneTold[];
}

/** Reads the summary of `sign`, `verify` or `build`. */
export function readSummary(summary: Readonly<Record<string, unknown>>): Told {
  const { seconds } = summary;
  if (typeof seconds !== 'number') {
    return {
      stages: seconds as Record<string, number>,
      signatures: summary.signatures as Signatures | undefined,
    };
  }
  const stages: Record<string, number> = {};
  const signatures = { made: 0, reused: 0 };
  let ofZones = 0;
  for (const { timings, counts } of zonesTold(summary)) {
    for (const [stage, taken] of Object.entries(timings)) {
      if (stage === 'total') ofZones += taken;
      else stages[stage] = (stages[stage] ?? 0) + taken;
    }
    signatures.made += counts.signatures.made;
    signatures.reused += counts.signatures.reused;
  }
  // A build reads and plans all zones at once, and publishes them together.
  return {
    stages: { 'read, plan, publish': seconds - ofZones, ...stages, total: seconds },
    signatures,
  };
}
