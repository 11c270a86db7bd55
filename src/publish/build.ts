/**
 * `zonewright build`: the nightly job, from export to published zones.
 *
 *     lock → ends of holders' access → read → plan → for each zone: sign, verify and compare, pack
 *       → guards → switch → after → bundles
 *
 * Everything is made in folders that nobody looks at. Only when each zone is whole and no guard
 * refuses, the generations get their names and the links `current` are switched, one right after
 * the other. Before that a failure leaves what was published, and nothing else.
 */

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { BuildOptions } from '../cli/options.js';
import { countText } from '../cli/output.js';
import { loadConfig, selectZones } from '../config/config.js';
import { placeText } from '../errors.js';
import { planAll } from '../generate.js';
import { checkOverrides } from '../guard/judge.js';
import { maybePassphrase } from '../keys/passphrase.js';
import { zoneLabel } from '../names/name.js';
import { createPlaces } from '../read/places.js';
import { createRejects, type Rejects } from '../read/rejects.js';
import { openSpillPlan } from '../sort/spill-plan.js';
import { createPool } from '../threads/pool.js';
import { readDsFile } from '../verify/trust.js';
import { type AfterPlace, runAfterAll, splitCommand } from './after.js';
import { refuseFailedCommands, tell } from './build-report.js';
import type { Input, Ready, Run, Work } from './build-run.js';
import { makeBundles, noteEnds, refuseFailedBundling, warnOfAgreement } from './bundles.js';
import { exportSize, exportTextSize, readExport } from './export.js';
import { type Draft, openDraft } from './generation.js';
import { acquireLock } from './lock.js';
import { makeReady } from './make-ready.js';
import { lastSerial, publishedOf, recover } from './published.js';
import { judgeAll, publishAll } from './release.js';
import { assertAuditable } from './state.js';
import { assertSpace, storageError } from './storage.js';
import { warnOfHosts, zoneInput } from './zone-input.js';
import { buildKeys } from './zone-keys.js';

/** An export below this many octets is not worth starting threads for. */
const SMALL_EXPORT = 4 << 20;
/** Room for the first generation of all zones, as a multiple of the export's size. */
const FIRST_NEEDS = 4;
/** Room for another one, as a multiple of the one before. */
const NEXT_NEEDS = 1.2;
const LEAST_SPACE = 1 << 20;
/** Occluded records that are shown. */
const SHOWN = 10;

/**
 * Runs the command.
 *
 * @throws ZonewrightError with the documented exit codes; the published generations are then
 *   what they were, unless the message says otherwise.
 */
export async function buildCommand(options: BuildOptions): Promise<void> {
  const started = performance.now();
  const overrides = checkOverrides(options.overrides, options.reason);
  const config = loadConfig(options.config);
  const zones = selectZones(config, options.zones);
  const after = config.publish.after === undefined ? undefined : splitCommand(config.publish.after);
  const threads = exportSize(config) < SMALL_EXPORT || options.threads < 2 ? 0 : options.threads;
  const { tmpDir, memory } = options;
  const input = exportTextSize(config);
  const spill = openSpillPlan({ tmpDir, memory, threads: Math.max(1, threads), input });
  const passphrase = maybePassphrase(options.passphrase ?? config.keys.passphrase);
  const lock = acquireLock(config.stateDir, options.dryRun ? 'build --dry-run' : 'build');
  const pool = createPool(threads);
  const warnings: string[] = [];
  const warn = (text: string): void => {
    warnings.push(text);
    options.reporter.warn(text);
  };
  const run: Run = { options, config, zones, overrides, passphrase, pool, spill, warn, warnings };
  const drafts: Draft[] = [];
  try {
    for (const warning of config.warnings) warn(warning);
    const ends = options.dryRun ? {} : await noteEnds(run);
    const work = await prepare(run);
    for (const { zoneDir } of work) drafts.push(openDraft(zoneDir, options.now));
    const input = await readAndPlan(run, work);
    const ready: Ready[] = [];
    for (const [i, one] of work.entries()) {
      ready.push(await makeReady(run, one, input.planned[i], input.facts, drafts[i]));
    }
    judgeAll(run, ready);
    if (!options.dryRun) publishAll(run, ready, lock);
    const commands = options.dryRun ? [] : await runAfterAll(after, ready.map(placeOf));
    const bundling = options.dryRun ? {} : await makeBundles(run, lock, ends);
    tell(run, ready, input, commands, bundling, started);
    refuseFailedCommands(ready, commands);
    refuseFailedBundling(
      ready.map(({ manifest }) => manifest.zone),
      bundling,
    );
  } catch (error) {
    throw storageError(error, config.outputDir);
  } finally {
    for (const draft of drafts) draft.discard();
    await pool.close();
    spill.close();
    lock.release();
  }
}

/** Looks at what is there, and mends what a killed run left. Cheap refusals come first. */
async function prepare(run: Run): Promise<Work[]> {
  const { config, options, zones, warn } = run;
  const { stateDir, outputDir } = config;
  if (!options.dryRun) {
    assertAuditable(stateDir);
    for (const text of recover(stateDir, outputDir, config.zones, options.now)) warn(text);
  }
  warnOfAgreement(config, warn);
  const work: Work[] = [];
  for (const zone of zones) {
    const zoneDir = join(outputDir, zone.label);
    const published = publishedOf(zoneDir, zone.label);
    const parentDs =
      typeof zone.parentDs === 'string'
        ? await readDsFile(zone.parentDs, zone.name)
        : zone.parentDs;
    const { now, dryRun } = options;
    const { passphrase } = run;
    const tell = (text: string): void => options.reporter.info(text);
    const keys = await buildKeys(zone, {
      config,
      published,
      parentDs,
      now,
      dryRun,
      passphrase,
      warn,
      tell,
    });
    work.push({
      zone,
      zoneDir,
      published,
      lastSerial: lastSerial(stateDir, zone.label, published),
      keys,
      parentDs,
    });
  }
  const next = work.reduce((sum, { published }) => sum + (published?.bytes ?? 0), 0) * NEXT_NEEDS;
  const size = exportSize(config);
  const first = work.some(({ published }) => published === undefined);
  // The export may have grown a lot since: its own size is the least that its zones have.
  const need = Math.max(LEAST_SPACE, size, next + (first ? size * FIRST_NEEDS : 0));
  assertSpace(outputDir, need, 'a generation of each zone');
  return work;
}

/**
 * Reads the export and makes all decisions about the zones: also about those that are configured
 * and not built now, because their delegations name the others' hosts.
 */
async function readAndPlan(run: Run, work: readonly Work[]): Promise<Input> {
  const { config, options, pool, spill, warn } = run;
  const { reporter, now, dryRun } = options;
  const places = createPlaces();
  const rejectsFile = join(config.stateDir, 'rejects.csv');
  if (!dryRun) rmSync(rejectsFile, { force: true });
  const rejects = createRejects(config.source.maxRejects, dryRun ? undefined : rejectsFile);
  let occluded = 0;
  try {
    reporter.stage('reading the export');
    const size = exportSize(config);
    const facts = await readExport(config, config.zones, {
      pool,
      spill,
      places,
      reject: rejects.add,
      warn,
      progress: (octets) => reporter.progress(octets, size, 'octets'),
    });
    reporter.done(facts.watermark === undefined ? undefined : `of ${facts.watermark}`);

    reporter.stage('finding delegations and glue');
    const inputs = config.zones.map((zone, i) =>
      zoneInput(
        zone,
        facts.runs[i],
        work.find((one) => one.zone === zone),
        now,
      ),
    );
    const all = await planAll(inputs, {
      pool,
      spill,
      places,
      reject: rejects.add,
      occluded: ({ file, line, text, reason }) => {
        if (occluded++ < SHOWN) warn(`${placeText({ file, line })}${text}: ${reason}; left out`);
      },
    });
    const planned = work.map(({ zone }) => all[config.zones.indexOf(zone)]);
    const delegations = planned.reduce((sum, { plan }) => sum + plan.delegations, 0);
    reporter.done(`${countText(delegations)} delegations`);
    if (rejects.count() > 0) {
      const where = dryRun ? '' : `; see ${rejectsFile}`;
      warn(`${rejectsText(rejects)}${where}`);
    }
    for (const { input, plan } of planned) warnOfHosts(warn, zoneLabel(input.apex), plan);
    return { facts, planned, rejects: rejects.count(), occluded, rejectsFile };
  } finally {
    rejects.close();
  }
}

/** How many records can't be used, and why the first: a dry run leaves no file to look into. */
function rejectsText(rejects: Rejects): string {
  const count = rejects.count();
  const { file, line, field, reason } = rejects.first()!;
  const what = count === 1 ? 'record' : 'records';
  const first = `${placeText({ file, line, field })}${reason}`;
  return `${countText(count)} ${what} of the export can't be used, the first: ${first}`;
}

function placeOf({ draft, manifest: { zone, generation, serial } }: Ready): AfterPlace {
  return { zone, serial, folder: join(draft.zoneDir, generation) };
}
