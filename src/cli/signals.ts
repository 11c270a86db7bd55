/**
 * What signals do: they end a command after its cleanup, unless it has taken them over, as the
 * download service does to end when its downloads have.
 */

import { runCleanup } from '../cleanup.js';
import { EXIT } from '../errors.js';

/** The exit code that stands for each. */
export const SIGNAL_EXIT = {
  SIGINT: EXIT.interrupted,
  SIGTERM: EXIT.terminated,
  SIGHUP: 129,
} as const;

export type EndingSignal = keyof typeof SIGNAL_EXIT;

const guards = new Map<EndingSignal, () => void>();

/** Lets signals end the process after its cleanup. */
export function guardSignals(): void {
  for (const [signal, code] of Object.entries(SIGNAL_EXIT) as [EndingSignal, number][]) {
    const guard = (): void => endNow(code);
    guards.set(signal, guard);
    process.once(signal, guard);
  }
}

/** Ends the process now, after its cleanup. */
export function endNow(code: number): never {
  runCleanup();
  process.exit(code);
}

/** Hands a signal over to a command: from now on each one calls `handle` and does nothing else. */
export function takeSignal(signal: EndingSignal, handle: () => void): void {
  process.on(signal, handle);
  const guard = guards.get(signal);
  if (guard !== undefined) process.off(signal, guard);
}
