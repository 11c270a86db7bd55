/**
 * Zone file access as a part of the build: whose access ends is noted at its beginning, so that a build
 * that is refused tells of it, too; bundles are made after the zones are published, which is no less
 * so when this fails. Where there are no holders, nothing of zone file access is loaded.
 */

import { statSync } from 'node:fs';
import type { BuildOptions } from '../cli/options.js';
import { countText } from '../cli/output.js';
import type { Config } from '../config/model.js';
import { EXIT, messageOf, placeText, ZonewrightError } from '../errors.js';
import type { HoldersNight } from '../zfa/holders/nightly.js';
import { hasDatabase } from '../zfa/places.js';
import type { Lock } from './lock.js';
import { storageError } from './storage.js';

/** What it needs of the build. */
export interface BundlingRun {
  readonly config: Config;
  readonly options: Pick<BuildOptions, 'reporter' | 'now'>;
  readonly warn: (text: string) => void;
  /** For the summary. */
  readonly warnings: string[];
}

/** Says early what will keep the bundles from being made. */
export function warnOfAgreement({ stateDir, zfa }: Config, warn: (text: string) => void): void {
  const terms = zfa.agreement?.file;
  if (terms !== undefined && hasDatabase(stateDir) && !isFile(terms)) {
    warn(
      `${terms} (zfa.agreement) is not there, or no file: the zones can be published, bundles not be made`,
    );
  }
}

/** Whatever is wrong with it keeps bundles from being made, and no zone. */
function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

interface Failure {
  readonly what: string;
  readonly error: unknown;
}

/** What came of zone file access; nothing: there are no holders. */
export interface Bundling {
  readonly made?: { readonly date: string; readonly holders: number; readonly seconds: number };
  readonly ends?: HoldersNight | undefined;
  /** What went wrong, and with what. */
  readonly failure?: Failure | undefined;
}

const ENDS = 'whose access to the zone files has ended could not be noted';
const BUNDLES = 'the bundles of zone file access could not be made';

/**
 * Notes whose access has ended, and warns of whose will soon. What goes wrong keeps no zone from being
 * built; it is tried again before bundles are made.
 */
export async function noteEnds(run: BundlingRun): Promise<Bundling> {
  const noted = await tryToNote(run);
  // Now, since a build that is refused tells no more than why.
  if (noted.failure !== undefined) run.warn(`${ENDS}: ${messageOf(noted.failure.error)}`);
  return noted;
}

async function tryToNote({ config, options, warn }: BundlingRun): Promise<Bundling> {
  if (!hasDatabase(config.stateDir)) return {};
  const failed = (error: unknown): Failure => ({
    what: ENDS,
    error: storageError(error, config.stateDir),
  });
  try {
    const { noteEnds } = await import('../zfa/nightly.js');
    const { night, unlogged } = noteEnds(config, options.now, warn);
    return { ends: night, failure: unlogged === undefined ? undefined : failed(unlogged) };
  } catch (error) {
    return { failure: failed(error) };
  }
}

/** Once more, for what came of it before; nobody is warned of twice. */
async function noteRest(run: BundlingRun, begun: Bundling): Promise<Bundling> {
  const { ends: first, failure } = begun;
  if (failure === undefined && first !== undefined) return begun;
  const warn = first === undefined ? run.warn : (): void => undefined;
  const rest = await tryToNote({ ...run, warn });
  if (failure !== undefined && rest.failure === undefined) {
    run.warn('whose access to the zone files has ended is noted now');
  }
  if (first === undefined || rest.ends === undefined) return { ...rest, ends: rest.ends ?? first };
  // An end is found once.
  return { ...rest, ends: { ...rest.ends, expired: [...first.expired, ...rest.ends.expired] } };
}

/**
 * Makes the holders' bundles of the day. What goes wrong is told at the end: by now the zones are
 * published, and that is no less so for it.
 *
 * @param begun what {@link noteEnds} gave.
 */
export async function makeBundles(
  run: BundlingRun,
  lock: Lock,
  begun: Bundling,
): Promise<Bundling> {
  const { config, options, warn } = run;
  const { reporter, now } = options;
  if (!hasDatabase(config.stateDir)) return {};
  const begin = performance.now();
  const noted = await noteRest(run, begun);
  reporter.stage('bundles');
  try {
    const { bundleNight } = await import('../zfa/nightly.js');
    const { assertHeld } = lock;
    const { date, holders } = await bundleNight(config, now, { assertHeld, warn });
    reporter.done(`${date}, ${countText(holders)} ${holders === 1 ? 'holder' : 'holders'}`);
    const seconds = Math.round(performance.now() - begin) / 1000;
    return { ...noted, made: { date, holders, seconds } };
  } catch (error) {
    const told = storageError(error, config.outputDir);
    // The error itself is told at the end.
    run.warnings.push(`${BUNDLES}: ${messageOf(told)}`);
    return { ...noted, failure: { what: BUNDLES, error: told } };
  }
}

/** What could not be done for the holders must not pass for a success. @throws ZonewrightError (exit 1). */
export function refuseFailedBundling(zones: readonly string[], { failure }: Bundling): void {
  if (failure === undefined) return;
  const { what, error } = failure;
  const { place, hint } = error instanceof ZonewrightError ? error : {};
  const repeat =
    what === BUNDLES
      ? 'zonewright zfa bundle makes them when that is mended'
      : 'the next build notes it when that is mended; who has no access any more is refused all the same';
  throw new ZonewrightError(
    EXIT.unexpected,
    `${zones.join(', ')} published, but ${what}: ${placeText(place)}${messageOf(error)}`,
    { hint: hint === undefined ? repeat : `${hint}\n${repeat}`, cause: error },
  );
}
