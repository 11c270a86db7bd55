/**
 * `zonewright zfa bundle`: makes the bundles of a day, or writes a single one as a file.
 *
 * `--json` prints, of a day,
 *
 *     {"version", "date", "folder", "fresh", "holders", "without", "badKeys", "ownBytes",
 *      "removed", "newKey", "warnings", "seconds"}
 *
 * (`fresh`: false when they were there already, just so; `without`: ids of holders without any
 * published zone; `removed`: folders of other days; `newKey`: null, or {"before", "now"} when another key
 * signs than the last time), and of a single bundle
 *
 *     {"version", "date", "holder", "output", "bytes", "sha256", "encrypted", "zones", "warnings",
 *      "seconds"}
 *
 * which is not printed with `--output -`.
 */

import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { onExit } from '../../cleanup.js';
import type { CommonOptions } from '../../cli/common.js';
import { countText, printJson } from '../../cli/output.js';
import { loadConfig } from '../../config/config.js';
import type { Config } from '../../config/model.js';
import { formatSize } from '../../config/size.js';
import { refusal, usageError, ZonewrightError } from '../../errors.js';
import { acquireLock } from '../../publish/lock.js';
import { assertDatabase, type Database, openDatabase, openToRead } from '../database/open.js';
import { type Holder, isActive } from '../holders/model.js';
import { requireHolder } from '../holders/store.js';
import { stateAt, warnOfAgreement } from '../holders/view.js';
import { type ByteSource, fileSource } from '../stream/byte-source.js';
import { memorySource, octetsPart } from '../stream/joined-source.js';
import { verifiedSource } from '../stream/verified-source.js';
import { ageSource } from './age-source.js';
import { bundleDay, gatherZones, readAgreement, withChanges } from './bundling.js';
import { composeBundle } from './compose.js';
import { AGREEMENT_FILE } from './day-files.js';
import { openDay, readDays } from './days.js';
import { dateOf } from './folders.js';
import { damagedFile, type OpenBundle, openBundle, pieceSource } from './open.js';
import { signingKey } from './signing-key.js';
import { createHeaderMaker } from './tar-header.js';
import { writeSource } from './write-source.js';

export interface BundleOptions extends CommonOptions {
  /** YYYYMMDD; undefined: today. */
  readonly date: string | undefined;
  /** A single bundle; undefined: those of all active holders. */
  readonly single: { readonly holder: string; readonly output: string } | undefined;
  /** The single one encrypted with the holder's key. */
  readonly age: boolean;
}

/**
 * Runs the command.
 *
 * @throws ZonewrightError: exit 2 for an unknown holder, no holders at all, a wrong date; 4 for a
 *   holder that is not active, or generations that are not there; 5 when another run holds the
 *   lock; 1 or 2 for the disk.
 */
export async function bundleCommand(options: BundleOptions): Promise<void> {
  const config = loadConfig(options.config);
  assertDatabase(config.stateDir);
  const run: Run = {
    options,
    config,
    date: options.date ?? dateOf(options.now),
    began: performance.now(),
    warnings: [],
  };
  if (options.single === undefined) await wholeDay(run);
  else await single(run, options.single);
}

interface Run {
  readonly options: BundleOptions;
  readonly config: Config;
  readonly date: string;
  readonly began: number;
  readonly warnings: string[];
}

const warnOf =
  ({ options, warnings }: Run) =>
  (text: string): void => {
    warnings.push(text);
    options.reporter.warn(text);
  };

const secondsOf = ({ began }: Run): number => Math.round(performance.now() - began) / 1000;

async function wholeDay(run: Run): Promise<void> {
  const { options, config, date, warnings } = run;
  const { reporter, now, json } = options;
  const lock = acquireLock(config.stateDir, 'zfa bundle');
  try {
    const db = openDatabase(config.stateDir);
    try {
      reporter.stage(`bundles of ${date}`);
      const { assertHeld } = lock;
      const made = await bundleDay(config, db, { date, now, assertHeld, warn: warnOf(run) });
      const { holders, ownBytes, fresh, folder } = made;
      reporter.done(
        `${countText(holders)} ${holders === 1 ? 'holder' : 'holders'}, ${formatSize(ownBytes)} of their own${fresh ? '' : ', as they were already'}: ${folder}`,
      );
      if (json)
        printJson({ ...made, newKey: made.newKey ?? null, warnings, seconds: secondsOf(run) });
    } finally {
      db.close();
    }
  } finally {
    lock.release();
  }
}

async function single(run: Run, { holder: id, output }: { holder: string; output: string }) {
  const { options, config, date, warnings } = run;
  const warn = warnOf(run);
  const db = openToRead(config.stateDir, warn);
  // Made only if it is needed: others can't know its name before.
  const scratch = join(options.tmpDir, `zonewright-${process.pid}-${randomUUID()}`);
  const forget = onExit(() => rmSync(scratch, { recursive: true, force: true }));
  try {
    const holder = activeHolder(db, id, options.now);
    warnOfAgreement(warn, config, holder);
    if (options.age && holder.ageKey === undefined) {
      throw usageError(`${id} has no age key`, {
        hint: `zonewright zfa change ${id} --age-key age1…`,
      });
    }
    options.reporter.stage(`bundle of ${date} for ${id}`);
    const { source, zones } = await openSingle(run, db, holder, scratch);
    try {
      const done = await writeSource(source, output, (octets) =>
        options.reporter.progress(octets, source.size, 'octets'),
      );
      options.reporter.done(`${zones.join(', ')}, ${formatSize(done.bytes)}`);
      if (!options.json || output === '-') return;
      const encrypted = options.age;
      const seconds = secondsOf(run);
      printJson({ date, holder: id, output, ...done, encrypted, zones, warnings, seconds });
    } finally {
      await source.close();
    }
  } finally {
    db.close();
    rmSync(scratch, { recursive: true, force: true });
    forget();
  }
}

function activeHolder(db: Database, id: string, now: number): Holder {
  const holder = requireHolder(db, id);
  if (isActive(holder, now)) return holder;
  throw refusal(`${id} may not have a bundle: ${stateAt(holder, now)}`, {
    hint: `zonewright zfa show ${id} tells more`,
  });
}

/** A bundle to be read once, in order. */
interface SingleSource {
  readonly source: ByteSource;
  readonly zones: readonly string[];
}

/**
 * The holder's bundle: the one of the day's folder, if it is of the zones and for the key that the
 * holder has now, so that it is the one that the service gives; else put together from the
 * generations.
 */
async function openSingle(
  run: Run,
  db: Database,
  holder: Holder,
  scratch: string,
): Promise<SingleSource> {
  try {
    const there = await openStored(run, holder);
    if (there !== undefined) return there;
  } catch (error) {
    if (error instanceof ZonewrightError) throw error;
    warnOf(run)(
      `the bundles of ${run.date} are damaged (zonewright zfa bundle makes them again): ${(error as Error).message}`,
    );
  }
  return composeSingle(run, db, holder, scratch);
}

/** @throws what {@link openDay} throws for a damaged folder. */
async function openStored(
  { options: { age }, config: { outputDir }, date }: Run,
  holder: Holder,
): Promise<OpenBundle | undefined> {
  const day = openDay(outputDir, date);
  const wanted = holder.zones.filter((label) => day?.zones.some(({ zone }) => zone === label));
  const there = await openBundle(outputDir, date, holder.id, { encrypted: age, verify: true });
  if (there === undefined) return undefined;
  const same = there.zones.join() === wanted.join();
  if (same && (!age || there.recipient === holder.ageKey)) return there;
  await there.source.close();
  return undefined;
}

async function composeSingle(
  run: Run,
  db: Database,
  holder: Holder,
  scratch: string,
): Promise<SingleSource> {
  const { options, config, date } = run;
  const { outputDir } = config;
  const warn = warnOf(run);
  const agreement = readAgreement(config);
  const gathered = await gatherZones(config, date, options.now, warn);
  const days = readDays(outputDir);
  const zones = await withChanges(gathered, { outputDir, db, days, date, scratch, warn });
  const composed = await composeBundle(holder, {
    date,
    modified: Math.max(...zones.map(({ buildTime }) => buildTime)),
    zones: new Map(zones.map((zone) => [zone.zone, zone])),
    agreement,
    key: signingKey(config.stateDir),
    headers: createHeaderMaker(),
  });
  if (composed === undefined) {
    throw refusal(`none of the zones of ${holder.id} is published: ${holder.zones.join(', ')}`, {
      hint: 'build them first (zonewright build)',
    });
  }
  const files = new Map(zones.flatMap((zone) => zone.files.map((file) => [file.name, file])));
  const { head, own } = composed;
  const tar = await pieceSource(head.pieces, octetsPart(own), async (name) => {
    if (name === AGREEMENT_FILE) return memorySource(agreement!.text);
    const { path, bytes, sha256 } = files.get(name)!;
    return verifiedSource(await fileSource(path, bytes), sha256, () => damagedFile(path));
  });
  if (!options.age) return { source: tar, zones: head.zones };
  const { makeSeal } = await import('./age-header.js');
  try {
    return { source: ageSource(tar, await makeSeal(holder.ageKey!)), zones: head.zones };
  } catch (cause) {
    await tar.close();
    throw refusal(`the age key of ${holder.id} can't be used`, {
      hint: 'give it another one (zfa change --age-key)',
      cause,
    });
  }
}
