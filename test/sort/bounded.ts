/** Runs commands in this process with a bound on memory far below what `--memory` takes, so that
 * small zones go through files, too. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CommonOptions } from '#zonewright/cli/common.js';
import type { BuildOptions, SignOptions } from '#zonewright/cli/options.js';
import { createReporter } from '#zonewright/cli/output.js';
import type { Denial } from '#zonewright/config/model.js';
import { nameFromText } from '#zonewright/names/name.js';
import { buildCommand } from '#zonewright/publish/build.js';
import { signCommand } from '#zonewright/sign/command.js';
import { NOW } from '../keys/helpers.js';

export interface Bound {
  /** Octets. */
  readonly memory: number;
  readonly threads: number;
  readonly tmpDir: string;
  /** Seconds since 1970; by default that at which the tests' keys are made. */
  readonly now?: number;
}

export const OPT_OUT: Denial = nsec3(true);
export const NO_OPT_OUT: Denial = nsec3(false);
export const NSEC: Denial = { kind: 'nsec' };

function nsec3(optOut: boolean): Denial {
  return { kind: 'nsec3', salt: new Uint8Array(0), iterations: 0, optOut };
}

function common(bound: Bound, config: string | undefined): CommonOptions {
  const settings = { json: false, quiet: true, verbose: false, color: false };
  const reporter = createReporter(settings);
  return { ...settings, now: NOW, ...bound, config, debug: true, reporter };
}

/** `zonewright sign` of a zone `example`. */
export async function signWithin(
  bound: Bound,
  files: { readonly input: string; readonly output: string; readonly keys: string },
  denial: Denial,
): Promise<void> {
  const options: SignOptions = {
    ...common(bound, undefined),
    input: files.input,
    output: files.output,
    zone: nameFromText('example.'),
    keyDir: files.keys,
    tokenFlags: {},
    denial,
    zonemd: true,
    validity: 14 * 86_400,
    inceptionOffset: 3600,
    jitter: 86_400,
    refresh: 7 * 86_400,
    serial: 'keep',
    previous: undefined,
    glue: 'keep-all',
    engine: 'openssl',
    verify: true,
    maxRejects: 0,
  };
  await signCommand(options);
}

/** `zonewright build`. */
export async function buildWithin(bound: Bound, config: string): Promise<void> {
  const options: BuildOptions = {
    ...common(bound, config),
    zones: [],
    dryRun: false,
    overrides: [],
    reason: undefined,
  };
  await buildCommand(options);
}

/** Runs `work`, and says how many runs in files there were at most at a time in `tmpDir`. */
export async function countRuns(tmpDir: string, work: () => Promise<void>): Promise<number> {
  let most = 0;
  const look = (): void => {
    let runs = 0;
    for (const folder of readdirSync(tmpDir)) {
      try {
        runs += readdirSync(join(tmpDir, folder)).filter((name) => name.endsWith('.run')).length;
      } catch {
        // Gone between the two looks.
      }
    }
    most = Math.max(most, runs);
  };
  const timer = setInterval(look, 2);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return most;
}
