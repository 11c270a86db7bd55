/**
 * Errors that a user can cause and mend, with the exit code each one stands for.
 *
 * Anything else that is thrown is a defect of zonewright and ends the run with exit code 1.
 */

/** The documented exit codes (README, "Exit codes"). */
export const EXIT = {
  done: 0,
  unexpected: 1,
  usage: 2,
  input: 3,
  refused: 4,
  locked: 5,
  guard: 6,
  interrupted: 130,
  terminated: 143,
} as const;

/** Where in the input an error was found. `line` counts from 1. */
export interface Place {
  readonly file: string;
  readonly line?: number | undefined;
  readonly field?: string | undefined;
}

/** An expected failure: a message for a person, an exit code and what to do about it. */
export class ZonewrightError extends Error {
  override readonly name = 'ZonewrightError';
  readonly exitCode: number;
  /** What to do; printed on a line of its own. */
  readonly hint: string | undefined;
  readonly place: Place | undefined;
  /** The offending text, as it stood in the input. */
  readonly text: string | undefined;

  constructor(
    exitCode: number,
    message: string,
    more: {
      hint?: string | undefined;
      place?: Place | undefined;
      text?: string | undefined;
      cause?: unknown;
    } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.exitCode = exitCode;
    this.hint = more.hint;
    this.place = more.place;
    this.text = more.text;
  }
}

type More = ConstructorParameters<typeof ZonewrightError>[2];

/** Exit 2: a wrong flag or configuration. */
export function usageError(message: string, more?: More): ZonewrightError {
  return new ZonewrightError(EXIT.usage, message, more);
}

/** Exit 3: input data that can't be used. */
export function inputError(message: string, more?: More): ZonewrightError {
  return new ZonewrightError(EXIT.input, message, more);
}

/** Exit 4: a key or policy refusal. */
export function refusal(message: string, more?: More): ZonewrightError {
  return new ZonewrightError(EXIT.refused, message, more);
}

/** Exit 5: another run holds the lock. */
export function lockedError(message: string, more?: More): ZonewrightError {
  return new ZonewrightError(EXIT.locked, message, more);
}

/** Exit 6: verification or a publication guard refused. */
export function guardError(message: string, more?: More): ZonewrightError {
  return new ZonewrightError(EXIT.guard, message, more);
}

/** The text of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** `file:line: field: ` in front of a message, as far as it is known. */
export function placeText(place: Place | undefined): string {
  if (place === undefined) return '';
  const line = place.line === undefined ? '' : `:${place.line}`;
  const field = place.field === undefined ? '' : ` (${place.field})`;
  return `${place.file}${line}${field}: `;
}
