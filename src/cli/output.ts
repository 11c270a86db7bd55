/**
 * What the commands say: data on standard output, everything else on standard error.
 *
 * On a terminal a spinner (ora, loaded only then) shows the stage and how far it is; elsewhere
 * each stage is one line when it ends. Texts that come from input are made harmless first: an
 * export must not drive the operator's terminal.
 */

import { fstatSync, statSync, writeSync } from 'node:fs';
import type { Ora } from 'ora';
import { EXIT, messageOf, placeText, ZonewrightError } from '../errors.js';

/** Version of the JSON objects that commands print with `--json`. */
export const JSON_VERSION = 1;

export interface OutputSettings {
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly color: boolean;
  readonly json: boolean;
}

/** How a command tells its progress. One stage is open at a time. */
export interface Reporter {
  /** Begins a stage; ends the one before. */
  stage(name: string): void;
  /** How far the open stage is; call as often as wanted. `total` undefined: not known. */
  progress(done: number, total: number | undefined, unit: string): void;
  /** Ends the open stage, with its result: `2,000 domains`. */
  done(text?: string): void;
  info(text: string): void;
  /** Only with --verbose. */
  detail(text: string): void;
  /** Shown with --quiet, too. */
  warn(text: string): void;
  error(text: string): void;
}

const PAINT = { red: 31, green: 32, yellow: 33, bold: 1, dim: 2 } as const;
type Paint = keyof typeof PAINT;

/** Whether a stream takes colours, given the flag: a terminal, and no NO_COLOR. */
export function wantsColor(
  flag: boolean,
  stream: { readonly isTTY: boolean } = process.stderr,
): boolean {
  return flag && !process.env.NO_COLOR && stream.isTTY && process.env.TERM !== 'dumb';
}

function paint(color: boolean, how: Paint, text: string): string {
  return color ? `\x1b[${PAINT[how]}m${text}\x1b[0m` : text;
}

/**
 * A text from outside, fit for a terminal: control characters as `\xNN`, long text cut.
 *
 * @param limit longest text shown, in characters.
 */
export function printable(text: string, limit = 400): string {
  const cut = text.length > limit ? `${text.slice(0, limit)}… (${text.length} characters)` : text;
  let safe = '';
  for (const c of cut) {
    const code = c.codePointAt(0)!;
    const hidden =
      (code < 0x20 && c !== '\t') ||
      (code >= 0x7f && code < 0xa0) ||
      // Bidirectional controls can make a line read as another one.
      (code >= 0x202a && code <= 0x202e) ||
      (code >= 0x2066 && code <= 0x2069);
    if (!hidden) safe += c;
    else if (code < 0x100) safe += `\\x${code.toString(16).padStart(2, '0')}`;
    else safe += `\\u${code.toString(16).padStart(4, '0')}`;
  }
  return safe;
}

/**
 * `2000000` → `2,000,000`, in every locale; of whole numbers. Not by toLocaleString: its tables
 * take 15 ms to load, more than a small zone takes to sign.
 */
export function countText(n: number): string {
  return String(n).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

/** The reporter of a command; see {@link Reporter}. */
export function createReporter(settings: OutputSettings): Reporter {
  const { quiet, verbose } = settings;
  const color = wantsColor(settings.color);
  const live = !quiet && process.stderr.isTTY && process.env.TERM !== 'dumb';
  let open: { name: string; since: number; text: string } | undefined;
  let spinner: Ora | undefined;
  let lastShown = 0;

  if (live) {
    void import('ora').then(({ default: ora }) => {
      // discardStdin would take the terminal away from a master file typed at `sign -`.
      spinner = ora({
        stream: process.stderr,
        discardStdin: false,
        hideCursor: false,
        color: 'cyan',
      });
      if (open !== undefined) spinner.start(open.text);
    });
  }

  const line = (text: string): void => {
    const spinning = spinner?.isSpinning === true;
    if (spinning) spinner?.stop();
    process.stderr.write(`${text}\n`);
    if (spinning && open !== undefined) spinner?.start(open.text);
  };
  const end = (result?: string): void => {
    if (open === undefined) return;
    const seconds = (performance.now() - open.since) / 1000;
    const what = result === undefined ? open.name : `${open.name}: ${result}`;
    open = undefined;
    spinner?.stop();
    if (quiet) return;
    const mark = live ? `${paint(color, 'green', '✔')} ` : '';
    line(`${mark}${what} ${paint(color, 'dim', `(${seconds.toFixed(1)} s)`)}`);
  };

  return {
    stage(name) {
      end();
      open = { name, since: performance.now(), text: name };
      if (live) spinner?.start(name);
      else if (verbose && !quiet) line(`${name} …`);
    },
    progress(done, total, unit) {
      if (open === undefined || !live) return;
      const now = performance.now();
      if (now - lastShown < 100) return;
      lastShown = now;
      const share =
        total === undefined || total === 0 ? '' : ` (${Math.floor((100 * done) / total)}%)`;
      open.text = `${open.name}: ${countText(done)} ${unit}${share}`;
      if (spinner !== undefined) spinner.text = open.text;
    },
    done: end,
    info(text) {
      // Lines are the caller's own; what stands in a line may come from anywhere.
      if (!quiet)
        line(
          text
            .split('\n')
            .map((part) => printable(part))
            .join('\n'),
        );
    },
    detail(text) {
      if (verbose && !quiet) line(printable(text));
    },
    warn(text) {
      line(`zonewright: ${paint(color, 'yellow', 'warning:')} ${printable(text)}`);
    },
    error(text) {
      // The open stage did not end well: no tick for it.
      spinner?.stop();
      open = undefined;
      line(`zonewright: ${paint(color, 'red', 'error:')} ${printable(text)}`);
    },
  };
}

let summaryPrinted = false;

/**
 * Prints a command's one JSON object (`--json`) on standard output, with the key `version`.
 *
 * @param write for what can't be had again: {@link writeOnce}.
 */
export function printJson(
  summary: Readonly<Record<string, unknown>>,
  write: (text: string) => void = (text) => process.stdout.write(text),
): void {
  summaryPrinted = true;
  write(`${JSON.stringify({ version: JSON_VERSION, ...summary })}\n`);
}

/** How long {@link writeOnce} waits for a reader, milliseconds. */
const READER_PATIENCE = 10_000;

/**
 * Writes what can't be had again to standard output, at once.
 *
 * @throws the error of the system: a full disk, a reader that has gone, or that does not read (EAGAIN).
 */
export function writeOnce(text: string): void {
  const octets = Buffer.from(text);
  const latest = performance.now() + READER_PATIENCE;
  for (let at = 0; at < octets.length; ) {
    try {
      at += writeSync(process.stdout.fd, octets, at);
    } catch (error) {
      // A pipe that is full, and that does not let its writers wait.
      const full = (error as NodeJS.ErrnoException).code === 'EAGAIN';
      if (!full || performance.now() > latest) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}

let wholeOutput = false;

/**
 * Says that what goes to standard output is of no use in part: a reader that goes before the end (`| head`)
 * is an error then.
 */
export function wantWholeOutput(): void {
  wholeOutput = true;
}

/** See {@link wantWholeOutput}. */
export function isWholeOutputWanted(): boolean {
  return wholeOutput;
}

/** Does standard output lead nowhere? It is /dev/null also when it was closed (`>&-`). */
export function isOutputNowhere(): boolean {
  const nowhere = statSync('/dev/null', { throwIfNoEntry: false });
  const info = fstatSync(process.stdout.fd);
  return info.isCharacterDevice() && info.rdev === nowhere?.rdev;
}

/** Has the command printed its JSON object already? */
export function hasPrintedJson(): boolean {
  return summaryPrinted;
}

/** What standard error shows for an error: place and message, offending text, what to do. */
export function errorText(error: unknown, how: { color: boolean; debug: boolean }): string {
  const label = paint(how.color, 'red', 'error:');
  if (!(error instanceof ZonewrightError)) {
    const message = messageOf(error);
    const stack = error instanceof Error ? (error.stack ?? message) : message;
    return how.debug
      ? `zonewright: unexpected failure: ${stack}\n`
      : `zonewright: unexpected failure: ${printable(message)}\nThis is a defect of zonewright; run again with --debug for the place, and report it.\n`;
  }
  let text = `zonewright: ${label} ${printable(placeText(error.place) + error.message, 2000)}\n`;
  if (error.text !== undefined) text += `    ${printable(error.text)}\n`;
  if (error.hint !== undefined) {
    // A hint may have lines of its own; they are ours, not the input's.
    const lines = error.hint.split('\n').map((part) => printable(part, 4000));
    text += `${paint(how.color, 'bold', 'hint:')} ${lines.join('\n      ')}\n`;
  }
  if (how.debug) text += `${error.stack}\n`;
  return text;
}

/** What `--json` prints for a command that failed. */
export function errorJson(error: unknown): Record<string, unknown> {
  if (!(error instanceof ZonewrightError)) {
    const message = messageOf(error);
    return { error: { message: `unexpected failure: ${message}`, exitCode: EXIT.unexpected } };
  }
  const { file, line, field } = error.place ?? {};
  return {
    error: {
      message: error.message,
      file,
      line,
      field,
      text: error.text,
      hint: error.hint,
      exitCode: error.exitCode,
    },
  };
}
