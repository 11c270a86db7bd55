/**
 * `zonewright build`: the nightly job, from export to published zones.
 *
 *     lock → read → plan → for each zone: sign, verify and compare, pack → guards → switch → after
 *       → bundles
 *
 * Everything is made in folders that nobody looks at. Only when each zone is whole and no guard
 * refuses, the generations get their names and the links `current` are switched, one right after
 * the other. Before that a failure leaves what was published, and nothing else.
 *
 * `--json` prints
 *
 *     {"version", "dryRun", "buildTime", "zones": [{"zone", "serial", "generation", "path",
 *      "published", "counts", "guards", "files", "keys", "keyEvents", "timings"}], "rejects", "occluded",
 *      "after": [{"command", "ok", "how"}], "bundles": {"date", "holders", "seconds"},
 *      "holders": {"expired": [ids], "expiring": [{"id", "expires"}]}, "warnings", "seconds", "peakRssBytes"}
 *
 * with counts, guards, files, keys, keyEvents and timings as in manifest.json; `path` is null and `published` false
 * in a dry run; `bundles` and `holders` (whose access ended, whose ends within 30 days) are null
 * where there are no holders, in a dry run, and when making the bundles failed.
 */

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { packageVersion } from '../cli/main.js';
import type { BuildOptions } from '../cli/options.js';
import { countText, printJson } from '../cli/output.js';
import { loadConfig, selectZones } from '../config/config.js';
import type { Config, ZoneConfig } from '../config/model.js';
import { isoTime } from '../config/time.js';
import { keyTag } from '../dnssec/keytag.js';
import { EXIT, placeText, ZonewrightError } from '../errors.js';
import { type PlannedZone, planAll } from '../generate.js';
import {
  checkOverrides,
  type Judgement,
  judge,
  needlessOverrides,
  type Overrides,
  refusalOf,
} from '../guard/judge.js';
import { keyId } from '../keys/lifecycle/key-state.js';
import type { TtlKind } from '../keys/lifecycle/note.js';
import { statesOf } from '../keys/lifecycle/zone-keys.js';
import { maybePassphrase, type Passphrase } from '../keys/passphrase.js';
import { zoneLabel } from '../names/name.js';
import { createPlaces } from '../read/places.js';
import { createRejects, type Rejects } from '../read/rejects.js';
import { signaturesText } from '../reuse/counts.js';
import { openSpillPlan, type SpillPlan } from '../sort/spill-plan.js';
import { createPool, type Pool } from '../threads/pool.js';
import { readDsFile } from '../verify/trust.js';
import { type AfterPlace, type AfterRun, runAfterAll, splitCommand } from './after.js';
import { type Bundling, makeBundles, refuseFailedBundling, warnOfAgreement } from './bundles.js';
import { type ExportFacts, exportSize, exportTextSize, readExport } from './export.js';
import { type Draft, freeName, openDraft, removeOld } from './generation.js';
import { acquireLock, type Lock } from './lock.js';
import { type Manifest, writeManifest } from './manifest.js';
import { lastSerial, type Published, publishedOf, recover } from './published.js';
import { assertAuditable, audit } from './state.js';
import { assertSpace, storageError } from './storage.js';
import { publish } from './switch.js';
import { type BuiltZone, buildZone, type StageName } from './zone-build.js';
import { countsOf, warnOfHosts, zoneInput } from './zone-input.js';
import { type BuildKeys, buildKeys, commitKeys } from './zone-keys.js';

/** An export below this many octets is not worth starting threads for. */
const SMALL_EXPORT = 4 << 20;
/** Room for the first generation of all zones, as a multiple of the export's size. */
const FIRST_NEEDS = 4;
/** Room for another one, as a multiple of the one before. */
const NEXT_NEEDS = 1.2;
const LEAST_SPACE = 1 << 20;
/** Occluded records that are shown. */
const SHOWN = 10;

/** A run of the command. */
interface Run {
  readonly options: BuildOptions;
  readonly config: Config;
  readonly zones: readonly ZoneConfig[];
  readonly overrides: Overrides;
  /** Of encrypted private keys. */
  readonly passphrase: Passphrase | undefined;
  readonly pool: Pool;
  readonly spill: SpillPlan;
  readonly warn: (text: string) => void;
  readonly warnings: string[];
}

/** A zone to be built, and what is known of it before the export is read. */
interface Work {
  readonly zone: ZoneConfig;
  readonly zoneDir: string;
  readonly published: Published | undefined;
  readonly lastSerial: number | undefined;
  readonly keys: BuildKeys;
  readonly parentDs: readonly Uint8Array[] | undefined;
}

/** A zone that is whole, verified and judged. */
interface Ready {
  readonly work: Work;
  readonly planned: PlannedZone;
  readonly built: BuiltZone;
  readonly draft: Draft;
  readonly judgements: readonly Judgement[];
  readonly manifest: Manifest;
}

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
    const bundling = options.dryRun ? {} : await makeBundles(run, lock);
    tell(run, ready, input, commands, bundling, (performance.now() - started) / 1000);
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

/** What reading and planning gave. */
interface Input {
  readonly facts: ExportFacts;
  /** The planned zones, in the order of the work. */
  readonly planned: readonly PlannedZone[];
  readonly rejects: number;
  readonly occluded: number;
  readonly rejectsFile: string;
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

/** Signs, compares, verifies and packs one zone, and asks the guards. */
async function makeReady(
  run: Run,
  work: Work,
  planned: PlannedZone,
  facts: ExportFacts,
  draft: Draft,
): Promise<Ready> {
  const { config, options, overrides, pool, spill } = run;
  const { reporter, now } = options;
  const { zone, published } = work;
  const timings: Record<string, number> = {};
  const begin = performance.now();
  const built = await buildZone({
    zone,
    planned,
    folder: draft.folder,
    published,
    lastSerial: work.lastSerial,
    parentDs: work.parentDs,
    domainsRead: facts.domains[config.zones.indexOf(zone)],
    guards: config.guards,
    pool,
    spill,
    threads: options.threads,
    now,
    stage: (name) => {
      const since = performance.now();
      reporter.stage(`${zone.label}: ${STAGES[name]}`);
      return (result) => {
        timings[name] = round((performance.now() - since) / 1000);
        reporter.done(result);
      };
    },
    progress: (octets) => reporter.progress(octets, undefined, 'octets'),
    warn: run.warn,
  });
  timings.total = round((performance.now() - begin) / 1000);
  const judgements = judge(built.findings, overrides);
  const manifest: Manifest = {
    version: 1,
    zone: zone.label,
    serial: planned.serial,
    generation: freeName(draft.zoneDir, now, planned.serial),
    buildTime: isoTime(now),
    zonewright: packageVersion(),
    previous:
      published === undefined
        ? null
        : { generation: published.generation, serial: published.serial },
    source: { format: config.source.format, id: facts.id, watermark: facts.watermark },
    counts: countsOf(planned, built),
    files: built.files,
    keyTags: built.dnskeys.map((key) => keyTag(key)),
    keys: describeKeys(work, now),
    keyEvents: work.keys.run.events.map(({ what }) => ({ what })),
    keyStates: statesOf(work.keys.run.held, seenTtls(work, built), now),
    timings,
    guards: judgements,
  };
  return { work, planned, built, draft, judgements, manifest };
}

const STAGES: Readonly<Record<StageName, string>> = {
  sign: 'signing, verifying and comparing with the published generation',
  pack: "packing the holders' copy",
};

/** TTLs that caches hold from now on. */
function seenTtls({ zone, keys }: Work, built: BuiltZone): Partial<Record<TtlKind, number>> {
  return {
    dnskey: zone.policy.dnskeyTtl,
    zone: built.report.greatestTtl,
    ...(keys.dsTtl === undefined ? {} : { ds: keys.dsTtl }),
  };
}

function describeKeys({ keys }: Work, now: number): Manifest['keys'] {
  const { held, waits } = keys.run;
  return keys.selection.dnskeys.map(({ tag, algorithm, file }) => {
    // A revoked key is published in another form than the one in the store.
    const pair = held.pairs.find((one) => one.file === file);
    const key = pair && held.keys.keys.find(({ id }) => id === keyId(pair.dnskey));
    const next = waits.find(({ ids, until }) => until !== undefined && ids.includes(key?.id ?? ''));
    return {
      tag,
      algorithm,
      role: key?.role ?? 'csk',
      age: key === undefined || key.created === 0 ? null : now - key.created,
      nextEvent: next?.until === undefined ? null : { at: isoTime(next.until), what: next.what },
    };
  });
}

/** The verdict of all guards over all zones. */
function judgeAll(run: Run, ready: readonly Ready[]): void {
  const { config, options, overrides, warn } = run;
  const all = new Map(ready.map(({ work, judgements }) => [work.zone.label, judgements]));
  for (const name of needlessOverrides(overrides, [...all.values()])) {
    warn(`--override ${name}: the guard did not fail`);
  }
  for (const [label, judgements] of all) {
    for (const { name, figure, limit, message, overridden } of judgements) {
      if (overridden) warn(`${label}: guard ${name} is overridden: ${figure}; limit: ${limit}`);
      else options.reporter.detail(`${label}: guard ${name}: ${figure}. ${message}`);
    }
  }
  const any = ready.some(({ work }) => work.published !== undefined);
  const refused = refusalOf(all, any ? 'what was published stays' : 'there is no generation yet');
  if (refused === undefined) return;
  if (!options.dryRun) {
    const failed = [...all].map(([zone, judgements]) => ({
      zone,
      guards: judgements.filter((judgement) => !judgement.ok),
    }));
    audit(config.stateDir, options.now, { event: 'refused', zones: failed });
  }
  throw refused;
}

function publishAll(run: Run, ready: readonly Ready[], lock: Lock): void {
  const { config, options, overrides, warn } = run;
  const { reporter, now } = options;
  reporter.stage('publishing');
  for (const { draft, manifest } of ready) writeManifest(draft.folder, manifest);
  const generations = ready.map(({ draft, manifest }) => ({
    label: manifest.zone,
    draft,
    name: manifest.generation,
    serial: manifest.serial,
  }));
  publish(generations, config.stateDir, now, lock);
  for (const { manifest, judgements } of ready) {
    const overridden = judgements.filter((judgement) => judgement.overridden);
    audit(config.stateDir, now, {
      event: 'published',
      zone: manifest.zone,
      generation: manifest.generation,
      serial: manifest.serial,
      ...(overridden.length > 0 ? { overridden, reason: overrides.reason } : {}),
    });
  }
  for (const { work, manifest } of ready) {
    const { zone, keys } = work;
    for (const text of commitKeys(zone, keys, manifest.keyStates, config.keyDir, now)) {
      reporter.detail(`${zone.label}: ${text}`);
    }
    const events = manifest.keyEvents;
    if (events.length > 0)
      audit(config.stateDir, now, { event: 'keys', zone: manifest.zone, events });
  }
  reporter.done(ready.map(({ manifest }) => manifest.zone).join(', '));
  for (const { draft } of ready) {
    try {
      const gone = removeOld(draft.zoneDir, config.publish.keep);
      if (gone.length > 0) reporter.detail(`removed old generations: ${gone.join(', ')}`);
    } catch (error) {
      warn(`old generations stay: ${error instanceof Error ? error.message : error}`);
    }
  }
}

function placeOf({ draft, manifest: { zone, generation, serial } }: Ready): AfterPlace {
  return { zone, serial, folder: join(draft.zoneDir, generation) };
}

/** A zone that is published and not loaded must not pass for a success. */
function refuseFailedCommands(ready: readonly Ready[], results: readonly AfterRun[]): void {
  const failed = results.filter(({ ok }) => !ok);
  if (failed.length === 0) return;
  const names = ready.map(({ manifest }) => manifest.zone).join(', ');
  const [{ command, how, output }] = failed;
  throw new ZonewrightError(
    EXIT.unexpected,
    `${names} published, but the command after it failed: ${command} (${how})`,
    {
      text: output === '' ? undefined : output,
      hint: `the name servers may serve the generation before; by hand: ${failed.map((one) => one.command).join('; ')}`,
    },
  );
}

function tell(
  run: Run,
  ready: readonly Ready[],
  input: Input,
  commands: readonly AfterRun[],
  { made, ends }: Bundling,
  seconds: number,
): void {
  const { options, warnings } = run;
  const { dryRun, reporter } = options;
  for (const { manifest, built, draft } of ready) {
    const { zone, serial, generation } = manifest;
    const { delegationsAdded, delegationsRemoved, delegationsChanged } = built.written.change;
    const where = dryRun ? 'would be published' : join(draft.zoneDir, generation);
    reporter.info(
      `${zone}: serial ${serial}, ${countText(built.written.delegations)} delegations (${countText(delegationsAdded)} added, ${countText(delegationsRemoved)} removed, ${countText(delegationsChanged)} changed), ${signaturesText({ made: built.written.signatures, reused: built.written.reused })}: ${where}`,
    );
  }
  if (!options.json) return;
  printJson({
    dryRun,
    buildTime: isoTime(options.now),
    zones: ready.map(({ manifest, draft }) => ({
      zone: manifest.zone,
      serial: manifest.serial,
      generation: manifest.generation,
      path: dryRun ? null : join(draft.zoneDir, manifest.generation),
      published: !dryRun,
      counts: manifest.counts,
      guards: manifest.guards,
      files: manifest.files,
      keys: manifest.keys,
      keyEvents: manifest.keyEvents,
      timings: manifest.timings,
    })),
    rejects: input.rejects,
    occluded: input.occluded,
    after: commands.map(({ command, ok, how }) => ({ command, ok, how })),
    bundles: made ?? null,
    holders: ends ?? null,
    warnings,
    seconds: round(seconds),
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
  });
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
