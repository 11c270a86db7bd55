/**
 * The command line: the commander program, and how a run ends (exit codes in src/errors.ts).
 *
 * Each command is a file of its own, which names its flags and loads its work only when it is
 * run; and only the command that is named is loaded, so that each starts at once.
 */

import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { runCleanup } from '../cleanup.js';
import { nearest } from '../config/suggest.js';
import { EXIT, usageError, ZonewrightError } from '../errors.js';
import { addCommonFlags } from './common.js';
import {
  errorJson,
  errorText,
  hasPrintedJson,
  isWholeOutputWanted,
  printJson,
  wantsColor,
} from './output.js';
import { guardSignals } from './signals.js';

/** The version in package.json. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** How each command is registered, in the order of the help text. */
const COMMANDS: Readonly<Record<string, () => Promise<(program: Command) => void>>> = {
  init: async () => (await import('./init.js')).addInitCommand,
  sample: async () => (await import('./sample.js')).addSampleCommand,
  build: async () => (await import('./build.js')).addBuildCommand,
  sign: async () => (await import('./sign.js')).addSignCommand,
  verify: async () => (await import('./verify.js')).addVerifyCommand,
  diff: async () => (await import('./diff.js')).addDiffCommand,
  keys: async () => (await import('./keys.js')).addKeysCommand,
  zfa: async () => (await import('./zfa.js')).addZfaCommand,
  completion: async () => (await import('./completion.js')).addCompletionCommand,
  doctor: async () => (await import('./doctor.js')).addDoctorCommand,
};

/**
 * The program, a fresh one at each call: with the command `only`, or with all of them where that is
 * none's name, or where it has to know them all.
 */
export async function createProgram(only?: string): Promise<Command> {
  const program = new Command('zonewright');
  program
    .description(
      "Turns a registry database's export into signed, verified and published DNS zone files.",
    )
    .version(packageVersion(), '-V, --version', 'print the version')
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .helpCommand('help [command]', 'help for a command')
    .addHelpText(
      'after',
      `
Exit codes: 0 done; 1 unexpected failure; 2 usage or configuration; 3 bad input data;
4 key or policy refusal; 5 locked by another run; 6 a verification or publication guard
refused; 130/143 on signals.

Examples:
  zonewright init /srv/tld                    a configuration to start from
  zonewright sample --domains 2000 --out export
  zonewright build                            the nightly job
  zonewright sign com.zone --zone com --key-dir keys --output com.signed
  zonewright verify com.signed --zone com`,
    );
  addCommonFlags(program);
  const alone = only !== undefined && Object.hasOwn(COMMANDS, only) && only !== 'completion';
  const commands = alone ? [COMMANDS[only]] : Object.values(COMMANDS);
  for (const add of await Promise.all(commands.map((load) => load()))) add(program);
  return program;
}

/**
 * Runs the command line and sets the process's exit code.
 *
 * @param argv as process.argv: the first two are the interpreter and the script.
 */
export async function main(argv: readonly string[]): Promise<void> {
  const args = argv.slice(2);
  const how = { debug: args.includes('--debug'), json: wantsJson(args) };
  const fail = (error: unknown): void => {
    process.exitCode = report(error, { ...how, color: wantsColor(!args.includes('--no-color')) });
  };
  guardProcess(fail);
  // The first argument is the command, or a common flag: never a flag's value.
  const program = await createProgram(args[0]);
  const blamed = quietErrors(program);
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help and version that were asked for.
      if (error.exitCode === 0) return;
      fail(usageFailure(error, blamed(error), program, args));
    } else if (!isReaderGone(error)) {
      fail(error);
    }
  }
}

/** `--json` among the flags, not as another flag's value or after `--`. */
function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return (end < 0 ? args : args.slice(0, end)).includes('--json');
}

function report(error: unknown, how: { debug: boolean; json: boolean; color: boolean }): number {
  process.stderr.write(errorText(error, how));
  if (how.json && !hasPrintedJson()) printJson(errorJson(error));
  return error instanceof ZonewrightError ? error.exitCode : EXIT.unexpected;
}

/** Makes commander throw instead of printing and exiting, and remembers which command threw. */
function quietErrors(program: Command): (error: CommanderError) => Command {
  const source = new WeakMap<CommanderError, Command>();
  const visit = (command: Command): void => {
    command.exitOverride((error) => {
      source.set(error, command);
      throw error;
    });
    command.configureOutput({ outputError: () => {} });
    for (const child of command.commands) visit(child);
  };
  visit(program);
  return (error) => source.get(error) ?? program;
}

function usageFailure(
  error: CommanderError,
  thrower: Command,
  program: Command,
  args: readonly string[],
): ZonewrightError {
  // Common flags are the program's: their errors belong to the command that was meant.
  const meant = program.commands.find((c) => args.some((arg) => arg === c.name()));
  const command = thrower === program && meant !== undefined ? meant : thrower;
  const usage = `usage: ${commandPath(command)} ${command.usage()}; more with --help`;
  if (error.code === 'commander.help' || error.code === 'commander.helpDisplayed') {
    return usageError('no command given', { hint: usage });
  }
  const unknown = unknownFlag(error, command, program, args);
  if (unknown !== undefined) {
    const near = nearest(unknown.flag, unknown.known);
    return usageError(`unknown option '${unknown.flag}'`, {
      hint: near === undefined ? usage : `did you mean ${near}?\n${usage}`,
    });
  }
  const [first, ...rest] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = rest
    .join(' ')
    .trim()
    .replace(/^\(Did you mean (.*)\?\)$/, 'did you mean $1?');
  return usageError(first, { hint: suggestion === '' ? usage : `${suggestion}\n${usage}` });
}

/**
 * A misspelt flag shows as "required option not specified" or "missing argument" first: the
 * unknown flag is what the user has to know.
 */
function unknownFlag(
  error: CommanderError,
  command: Command,
  program: Command,
  args: readonly string[],
): { flag: string; known: string[] } | undefined {
  if (!/missing(?:Mandatory|Argument)/.test(error.code)) return undefined;
  const options = [...program.options, ...command.options];
  const known = [...options.map((option) => option.long ?? ''), '--help'];
  const given = args.filter((arg) => arg.startsWith('--') && arg !== '--');
  const flag = given.map((arg) => arg.split('=')[0]).find((arg) => !known.includes(arg));
  return flag === undefined ? undefined : { flag, known };
}

function commandPath(command: Command): string {
  return command.parent === null
    ? command.name()
    : `${commandPath(command.parent)} ${command.name()}`;
}

/** The reader of our output (`| head`) has enough. */
function isReaderGone(error: unknown): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === 'EPIPE';
}

const STDOUT = 'standard output';

/** Signals, a reader that has gone, and errors that nobody caught. */
function guardProcess(fail: (error: unknown) => void): void {
  guardSignals();
  const end = (): never => {
    runCleanup();
    process.exit();
  };
  let failing = false;
  const onFault = (error: Error, stream: string): void => {
    if (failing) return;
    failing = true;
    if (isReaderGone(error)) {
      // There is nothing to complain about, unless the reader would take a part for the whole.
      if (stream === STDOUT && isWholeOutputWanted()) {
        const message = `the reader of ${STDOUT} has gone before the end: what it has is not whole`;
        fail(new ZonewrightError(EXIT.unexpected, message));
      }
      end();
    }
    // What a full disk is called is loaded when there is one.
    void import('../publish/storage.js')
      .then(({ storageError }) => fail(storageError(error, stream)))
      .finally(end);
  };
  process.stdout.on('error', (error) => onFault(error, STDOUT));
  process.stderr.on('error', (error) => onFault(error, 'standard error'));
  const onDefect = (error: unknown): void => {
    fail(error);
    end();
  };
  process.on('uncaughtException', onDefect);
  process.on('unhandledRejection', onDefect);
}
