/**
 * The switch: gives the new generations of a build their names and lets `current` lead to them,
 * all zones right after one another. Before it nothing of them is on view; after it all is.
 */

import { join } from 'node:path';
import { isoTime } from '../config/time.js';
import { ZonewrightError } from '../errors.js';
import { type Draft, removeGeneration, switchCurrent } from './generation.js';
import type { Lock } from './lock.js';
import { beginPublishing, endPublishing, notePublications, type Publication } from './state.js';
import { storageError } from './storage.js';

/** A generation that is ready. */
export interface ReadyGeneration {
  readonly label: string;
  readonly draft: Draft;
  /** The name it gets. */
  readonly name: string;
  readonly serial: number;
}

/**
 * Publishes. Each octet is on the disk before the first name is given.
 *
 * A process that is killed in here leaves each zone with its old or its new generation; the next
 * run finds in the state which (published.ts, `recover`).
 *
 * @throws ZonewrightError: exit 5 when the lock was lost, before anything was done; else what the
 *   file system says, with the zones that are published and those that are not.
 */
export function publish(
  ready: readonly ReadyGeneration[],
  stateDir: string,
  now: number,
  lock: Lock,
): void {
  for (const { draft } of ready) draft.sync();
  const all: Record<string, Publication> = {};
  for (const { label, name, serial } of ready) {
    all[label] = { serial, generation: name, buildTime: isoTime(now) };
  }
  lock.assertHeld();
  beginPublishing(stateDir, all);
  const sealed: ReadyGeneration[] = [];
  const done: Record<string, Publication> = {};
  try {
    for (const generation of ready) {
      generation.draft.seal(generation.name);
      sealed.push(generation);
    }
    for (const { label, draft, name } of ready) {
      switchCurrent(draft.zoneDir, name);
      done[label] = all[label];
    }
  } catch (error) {
    for (const { label, draft, name } of sealed) {
      if (done[label] === undefined) tryTo(() => removeGeneration(draft.zoneDir, name));
    }
    if (Object.keys(done).length > 0) tryTo(() => notePublications(stateDir, done));
    tryTo(() => endPublishing(stateDir));
    throw halfDone(error, Object.keys(done), stateDir);
  }
  notePublications(stateDir, done);
  endPublishing(stateDir);
}

/** What goes wrong while cleaning up must not hide what went wrong before. */
function tryTo(action: () => void): void {
  try {
    action();
  } catch {
    // The next run finds the rest.
  }
}

function halfDone(error: unknown, done: readonly string[], stateDir: string): unknown {
  const told = storageError(error, join(stateDir, '..'));
  if (done.length === 0 || !(told instanceof ZonewrightError)) return told;
  const { exitCode, message, place, hint } = told;
  return new ZonewrightError(exitCode, `${done.join(', ')} published, the others not: ${message}`, {
    place,
    hint,
    cause: error,
  });
}
