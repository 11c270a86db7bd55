/**
 * The flags that every command takes, and the readers of flag values.
 *
 * The common flags belong to the program, so that they may stand before or after the command.
 */

import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { DURATION_FORM, parseDuration } from '../config/duration.js';
import { parseZoneName, ZONE_FORM } from '../config/names.js';
import { parseSize, SIZE_FORM } from '../config/size.js';
import { clockNow, parseTime, TIME_FORM } from '../config/time.js';
import { createReporter, type OutputSettings, type Reporter } from './output.js';

/** What every command knows about its run. */
export interface CommonOptions extends OutputSettings {
  /** Value of --config; undefined: look in the usual places. */
  readonly config: string | undefined;
  /** Threads to use, at least 1. */
  readonly threads: number;
  /** Bytes that the pipeline may hold. */
  readonly memory: number;
  /** Folder for spill files. */
  readonly tmpDir: string;
  /** Seconds since 1970; every clock reading of the run comes from here. */
  readonly now: number;
  readonly debug: boolean;
  readonly reporter: Reporter;
}

/** The values of the common flags as commander leaves them. */
interface RawCommon {
  config?: string;
  json?: boolean;
  quiet?: boolean;
  verbose?: boolean;
  color?: boolean;
  threads?: number;
  memory?: number;
  tmpDir?: string;
  now?: number;
  debug?: boolean;
}

/** Least bound on memory: below it the pipeline has no room for its batches. */
const LEAST_MEMORY = 64 * 1024 * 1024;

/** Adds the common flags to the program. */
export function addCommonFlags(program: Command): void {
  program
    .option('--config <F>', 'configuration file (./zonewright.toml, then /etc/zonewright/)')
    .option('--json', 'print one machine-readable summary object on standard output')
    .option('-q, --quiet', 'say nothing but warnings and errors')
    .option('-v, --verbose', 'say more')
    .option('--no-color', 'no colours (also NO_COLOR)')
    .option('--threads <N>', 'threads to use (default: one a processor)', countFlag(1, 1024))
    .option('--memory <SIZE>', 'bound on what the pipeline holds, e.g. 512MiB', memoryFlag)
    .option('--tmp-dir <D>', 'folder for temporary files (default: TMPDIR or /tmp)')
    .option('--now <T>', 'the time of the run, UTC: ISO 8601 or YYYYMMDDHHMMSS', timeFlag)
    .addOption(new Option('--debug', 'show where in the program an error came from'));
}

/** The common options of a command that is being run. */
export function commonOptions(command: Command): CommonOptions {
  const raw = command.optsWithGlobals<RawCommon>();
  const settings = {
    json: raw.json ?? false,
    quiet: raw.quiet ?? false,
    verbose: raw.verbose ?? false,
    color: raw.color ?? true,
  };
  return {
    ...settings,
    config: raw.config,
    threads: raw.threads ?? availableParallelism(),
    memory: raw.memory ?? defaultMemory(),
    tmpDir: raw.tmpDir ?? tmpdir(),
    now: raw.now ?? clockNow(),
    debug: raw.debug ?? false,
    reporter: createReporter(settings),
  };
}

/** Half of what the machine, or the container, has. */
function defaultMemory(): number {
  const limit = process.constrainedMemory() ?? 0;
  const memory = limit > 0 && limit < totalmem() ? limit : totalmem();
  return Math.max(LEAST_MEMORY, Math.floor(memory / 2));
}

/** A reader of a flag's value that refuses what `parse` does not understand. */
export function flagOf<T>(parse: (text: string) => T | undefined, form: string) {
  return (text: string): T => {
    const value = parse(text);
    if (value === undefined) throw new InvalidArgumentError(`Expected ${form}.`);
    return value;
  };
}

/** A whole number from `from` to `to`. */
export function countFlag(from: number, to: number = Number.MAX_SAFE_INTEGER) {
  const form =
    to === Number.MAX_SAFE_INTEGER
      ? `a whole number, at least ${from}`
      : `a whole number from ${from} to ${to}`;
  return flagOf((text) => {
    const n = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    return n >= from && n <= to ? n : undefined;
  }, form);
}

/** Seconds. */
export const durationFlag = flagOf(parseDuration, DURATION_FORM);
/** Seconds since 1970. */
export const timeFlag = flagOf(parseTime, TIME_FORM);
/** Bytes. */
export const sizeFlag = flagOf(parseSize, SIZE_FORM);
/** A zone's name in wire form. */
export const zoneFlag = flagOf(parseZoneName, ZONE_FORM);

const memoryFlag = flagOf((text) => {
  const bytes = parseSize(text);
  return bytes !== undefined && bytes >= LEAST_MEMORY ? bytes : undefined;
}, `${SIZE_FORM}, at least 64MiB`);

/** Zone names in wire form, for a flag that may be given again. */
export function zoneListFlag(text: string, before: readonly Uint8Array[] = []): Uint8Array[] {
  return [...before, zoneFlag(text)];
}

/** Zone names in wire form, with commas between. */
export function zonesFlag(text: string): Uint8Array[] {
  return text.split(',').map((part) => zoneFlag(part.trim()));
}

/** Texts, for a flag that may be given again. */
export function listFlag(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}

/** The salt of `--salt`: hexadecimal, `-` for none. */
export const saltFlag = flagOf((text) => {
  const hex = text === '-' ? '' : text;
  if (!/^(?:[0-9a-f]{2}){0,255}$/i.test(hex)) return undefined;
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}, 'up to 255 octets in hexadecimal, or - for none');

/**
 * Takes over a command's result: a number is the exit code of a run that did its work and has
 * something to report with it (`verify` of a faulty zone: 6).
 */
export function finish(result: unknown): void {
  if (typeof result === 'number') process.exitCode = result;
}
