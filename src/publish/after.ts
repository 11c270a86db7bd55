/**
 * The command that runs after a zone was published (`publish.after`), such as a reload of the
 * name server.
 *
 * No shell takes part: the text is cut into words as a shell would (blanks, '…', "…", \), and
 * `{zone}` within a word stands for the zone's name. What only a shell can do (pipes, variables,
 * lists of commands) is refused rather than passed on as words; it belongs in a script.
 */

import { spawn } from 'node:child_process';
import { usageError } from '../errors.js';

/** What a shell would act upon outside quotes. */
const SHELL_ONLY = /[|&;<>()$`*?#~!]/;
const SHELL_IN_QUOTES = /[$`]/;
/** The names that zones can have in a configuration (config/names.ts). */
const LABEL = /^[a-z0-9_][a-z0-9_.-]*$/i;
/** A reload that hangs must not hold the lock for ever. */
export const AFTER_TIMEOUT = 600;
/** Octets of the command's output that are shown. */
const SHOWN = 4000;

/**
 * The words of a command.
 *
 * @throws ZonewrightError (exit 2) for open quotes, for what needs a shell, for no word at all.
 * @example splitCommand('nsd-control reload {zone}') // ['nsd-control', 'reload', '{zone}']
 */
export function splitCommand(text: string): string[] {
  const wrong = (what: string) =>
    usageError(`publish.after ${what}`, {
      text,
      hint: 'no shell runs it: put what needs one into a script, and name the script',
    });
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quote !== '') {
      if (c === quote) quote = '';
      else if (quote === '"' && c === '\\' && /["\\]/.test(text[i + 1] ?? '')) word += text[++i];
      else if (quote === '"' && SHELL_IN_QUOTES.test(c)) throw wrong(`holds "${c}"`);
      else word += c;
    } else if (c === "'" || c === '"') {
      quote = c;
      word ??= '';
    } else if (/\s/.test(c)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (c === '\\') {
      if (i + 1 === text.length) throw wrong('ends in a backslash');
      word = (word ?? '') + text[++i];
    } else if (SHELL_ONLY.test(c)) {
      throw wrong(`holds "${c}"`);
    } else {
      word = (word ?? '') + c;
    }
  }
  if (quote !== '') throw wrong(`has an open ${quote}`);
  if (word !== undefined) words.push(word);
  if (words.length === 0 || words[0] === '') throw wrong('names no command');
  return words;
}

/** Puts a zone's name in. The root's label is `root`; its name servers know it as `.`. */
export function commandFor(words: readonly string[], label: string): string[] {
  if (!LABEL.test(label)) throw new Error(`"${label}" is no zone label`);
  return words.map((word) => word.replaceAll('{zone}', label === 'root' ? '.' : label));
}

/** How a command ended. */
export interface AfterResult {
  readonly ok: boolean;
  /** `exit 1`, `signal SIGKILL`, `no such command`, … */
  readonly how: string;
  /** The end of what it said on standard output and standard error. */
  readonly output: string;
}

/**
 * Runs a command to its end. Its output is collected, not shown.
 *
 * @param env added to the environment.
 * @param timeout seconds.
 */
export function runAfter(
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
  timeout: number = AFTER_TIMEOUT,
): Promise<AfterResult> {
  return new Promise((resolve) => {
    let output = '';
    let timedOut = false;
    const child = spawn(argv[0], argv.slice(1), {
      shell: false,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
    }, timeout * 1000);
    const take = (piece: Buffer): void => {
      output = (output + piece.toString()).slice(-SHOWN);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    let result: { ok: boolean; how: string } | undefined;
    const end = (ok: boolean, how: string): void => {
      if (result === undefined) result = { ok, how };
      clearTimeout(timer);
      child.stdout.destroy();
      child.stderr.destroy();
      resolve({ ...result, output: output.trimEnd() });
    };
    child.on('error', (error: NodeJS.ErrnoException) => {
      end(false, error.code === 'ENOENT' ? 'no such command' : (error.code ?? error.message));
    });
    const finish = (status: number | null, signal: NodeJS.Signals | null): void => {
      if (timedOut) end(false, `no end after ${timeout} s, killed`);
      else end(status === 0, signal === null ? `exit ${status}` : `signal ${signal}`);
    };
    child.on('close', finish);
    // What it wrote last may still be on its way; but a daemon that it started may hold the
    // pipes open, and this run does not wait for that.
    child.on('exit', (status, signal) => setTimeout(() => finish(status, signal), 500));
  });
}

/** A zone that was published, for the command. */
export interface AfterPlace {
  readonly zone: string;
  readonly serial: number;
  /** The generation's folder. */
  readonly folder: string;
}

/** A command that was run, as text, and how it ended. */
export interface AfterRun extends AfterResult {
  readonly command: string;
}

/**
 * Runs the command for each zone, or once when it does not speak of a zone; the environment has
 * ZONEWRIGHT_ZONE, ZONEWRIGHT_SERIAL and ZONEWRIGHT_GENERATION (the folder), or ZONEWRIGHT_ZONES
 * (with blanks between). One that fails does not keep the others from running.
 *
 * @param words of the command; undefined: none is configured.
 */
export async function runAfterAll(
  words: readonly string[] | undefined,
  places: readonly AfterPlace[],
): Promise<AfterRun[]> {
  if (words === undefined || places.length === 0) return [];
  const zones = places.map(({ zone }) => zone).join(' ');
  const runs = words.some((word) => word.includes('{zone}'))
    ? places.map(({ zone, serial, folder }) => ({
        argv: commandFor(words, zone),
        env: {
          ZONEWRIGHT_ZONE: zone,
          ZONEWRIGHT_SERIAL: String(serial),
          ZONEWRIGHT_GENERATION: folder,
          ZONEWRIGHT_ZONES: zones,
        },
      }))
    : [{ argv: words, env: { ZONEWRIGHT_ZONES: zones } }];
  const results: AfterRun[] = [];
  for (const { argv, env } of runs) {
    results.push({ command: argv.join(' '), ...(await runAfter(argv, env)) });
  }
  return results;
}
