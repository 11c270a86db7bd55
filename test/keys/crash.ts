/**
 * Ends a piece of work as kill -9 would, before any of its calls that change the disk: from that
 * call on nothing is changed any more, whatever the work still does to tidy up after itself.
 */

import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/** What is thrown in place of the end of the process. */
class Killed extends Error {}

const CHANGING = [
  'openSync',
  'writeSync',
  'writeFileSync',
  'fsyncSync',
  'renameSync',
  'linkSync',
  'rmSync',
  'unlinkSync',
  'mkdirSync',
  'chmodSync',
  'copyFileSync',
] as const;

/** @returns whether the work was ended; false: it has no `point`th call (from 0). */
export function killedAt(point: number, work: () => unknown): boolean {
  const real = Object.fromEntries(CHANGING.map((name) => [name, fs[name]]));
  const table = fs as unknown as Record<string, unknown>;
  let calls = 0;
  for (const name of CHANGING) {
    const call = real[name] as (...args: unknown[]) => unknown;
    table[name] = (...args: unknown[]) => {
      // Opening a file to read it changes nothing.
      const changes = name !== 'openSync' || /[wax+]/.test(String(args[1] ?? 'r'));
      if (changes && calls++ >= point) throw new Killed(`killed before ${name}`);
      return call(...args);
    };
  }
  syncBuiltinESMExports();
  try {
    work();
    return false;
  } catch (error) {
    if (error instanceof Killed || (error as Error).cause instanceof Killed) return true;
    throw error;
  } finally {
    Object.assign(fs, real);
    syncBuiltinESMExports();
  }
}

/**
 * Does a piece of work once for each of its points, ended there, and then the check.
 *
 * @param prepare makes what the work works on, anew each time.
 * @returns the number of points.
 */
export function killAtEveryPoint<T>(
  prepare: () => T,
  work: (on: T) => unknown,
  check: (on: T, point: number) => void,
): number {
  for (let point = 0; ; point++) {
    const on = prepare();
    const killed = killedAt(point, () => work(on));
    check(on, point);
    if (!killed) return point;
  }
}
