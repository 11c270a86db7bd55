/**
 * `zonewright sign`: signs one zone file. The output appears under its name only when it is
 * whole and, unless told otherwise, verified; what stood there before stays until then.
 */

import { accessSync, constants, createReadStream, createWriteStream, rmSync } from 'node:fs';
import { mkdtemp, open, rename } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { onExit } from '../cleanup.js';
import type { SignOptions } from '../cli/options.js';
import { countText, printJson, type Reporter } from '../cli/output.js';
import { zoneFileOf } from '../diff/zone-file.js';
import { algorithmName } from '../dnssec/algorithms.js';
import { guardError, refusal, usageError } from '../errors.js';
import {
  type PlannedZone,
  planAll,
  type WriteOptions,
  writePlanned,
  writeVerified,
  type ZoneInput,
} from '../generate.js';
import { presignedAt } from '../keys/offline/presigned.js';
import { maybePassphrase } from '../keys/passphrase.js';
import { keyRoles } from '../keys/roles.js';
import { type KeySelection, selectKeys } from '../keys/select.js';
import { readKeys } from '../keys/store.js';
import { tokenAccess } from '../keys/token-access.js';
import { nameToText, zoneLabel } from '../names/name.js';
import { isTokenKey } from '../pkcs11/token-key.js';
import { storageError } from '../publish/storage.js';
import { readMaster } from '../read/master.js';
import { createPlaces } from '../read/places.js';
import { createRejects } from '../read/rejects.js';
import { sourceSize, textSize } from '../read/source.js';
import { typeToText } from '../records/types.js';
import { badlyKept, type SignatureCounts, signaturesText } from '../reuse/counts.js';
import { type PreviousZone, withPrevious } from '../reuse/previous.js';
import type { Run as SortedRun } from '../sort/run.js';
import { openSpillPlan, type SpillPlan } from '../sort/spill-plan.js';
import type { Pool } from '../threads/pool.js';
import type { VerifyReport } from '../verify/verify.js';
import type { EmitCounts } from '../write/counts.js';
import { isDevice, outputError } from '../write/place.js';
import type { WrittenZone } from '../write/zone-file.js';
import { nextSerial } from '../zone/serial.js';
import { openSignPool } from './threads.js';

/** Iterations that resolvers may treat as insecure; RFC 9276 §3.2. */
const MAX_ITERATIONS = 100;

/** Seconds from inception to expiry that serial arithmetic can tell apart. */
const MAX_SIGNATURE_LIFE = 2 ** 31 - 1;

/** Runs the command; returns the exit code. */
export async function signCommand(options: SignOptions): Promise<number> {
  const pool = await (options.pool ?? openSignPool(options));
  try {
    return await sign(options, pool);
  } finally {
    await pool.close();
  }
}

async function sign(options: SignOptions, pool: Pool): Promise<number> {
  checkOptions(options);
  const { now } = options;
  const stages = createStages(options.reporter);
  const passphrase = maybePassphrase(options.passphrase);
  const access = { ...tokenAccess(options.tokenFlags), passphrase };
  const allKeys = readKeys(options.keyDir, options.zone, access);
  const presigned = presignedAt(options.keyDir, options.zone, allKeys, now);
  const keys = selectKeys(allKeys, now, presigned);
  if (presigned?.warning !== undefined) options.reporter.warn(presigned.warning);
  checkEngine(options, keys);
  const previous = options.previous === undefined ? undefined : previousFile(options.previous);
  const { tmpDir, memory } = options;
  const input = await textSize(options.input);
  const spill = openSpillPlan({ tmpDir, memory, threads: pool.slots, input });
  const output = await openOutput(options);
  try {
    const run: Run = { options, keys, pool, spill, stages, file: output.file };
    const made = await makeZone(run, previous);
    // The threads end while the disk is waited for.
    const closed = pool.close();
    await output.deliver();
    await closed;
    const where = options.output === '-' ? 'standard output' : options.output;
    options.reporter.info(
      `${nameToText(options.zone)} serial ${made.serial}: ${countText(made.delegations)} delegations, ${signaturesText(made.signatures)}, ${options.verify ? 'verified' : 'not verified'}: ${where}`,
    );
    if (options.json) {
      const roles = keyRoles(allKeys, now);
      printJson({
        zone: zoneLabel(options.zone),
        ...made,
        seconds: stages.seconds(),
        peakRssBytes: process.resourceUsage().maxRSS * 1024,
        keys: keys.dnskeys.map((key) => ({
          tag: key.tag,
          algorithm: algorithmName(key.algorithm),
          role: roles.get(key) ?? key.declaredRole,
        })),
      });
    }
    return 0;
  } catch (error) {
    throw storageError(error, output.target);
  } finally {
    spill.close();
    output.close();
  }
}

/** @throws ZonewrightError (exit 2, or 4 for too many iterations). */
function checkOptions(options: SignOptions): void {
  const { denial, reporter } = options;
  if (options.validity + options.inceptionOffset > MAX_SIGNATURE_LIFE) {
    throw usageError('signatures may not live longer than 68 years (RFC 4034 §3.1.5)', {
      hint: 'choose a shorter --validity',
    });
  }
  if (denial.kind === 'nsec3' && denial.iterations > 0) {
    if (denial.iterations > MAX_ITERATIONS) {
      throw refusal(`${denial.iterations} NSEC3 iterations are refused; resolvers do the same`, {
        hint: 'use --iterations 0 (RFC 9276 §3.1)',
      });
    }
    reporter.warn('NSEC3 iterations other than 0 are discouraged (RFC 9276 §3.1)');
  }
}

/**
 * Keys in a token are signed with there, whatever the engine, unless that is noble; with engine
 * pkcs11 no key may be elsewhere.
 *
 * @throws ZonewrightError (exit 4).
 */
function checkEngine({ engine }: SignOptions, { ksks, zsks }: KeySelection): void {
  if (engine === 'openssl') return;
  const wrong = [...ksks, ...zsks].find(
    ({ secret }) => isTokenKey(secret) !== (engine === 'pkcs11'),
  );
  if (wrong === undefined) return;
  throw refusal(
    engine === 'pkcs11'
      ? 'the private key is in its file, and engine pkcs11 signs with keys in a token only'
      : 'the private key is in a PKCS#11 token, and only the token can sign with it',
    { place: { file: wrong.privateFile ?? wrong.file }, hint: 'leave --engine out' },
  );
}

/** A run of the command. */
interface Run {
  readonly options: SignOptions;
  readonly keys: KeySelection;
  readonly pool: Pool;
  readonly spill: SpillPlan;
  readonly stages: Stages;
  /** The file to write. */
  readonly file: string;
}

/**
 * The file that `--previous` means: a file, or that of a generation's folder.
 *
 * @throws ZonewrightError (exit 2) when there is none to be read.
 */
function previousFile(path: string): string {
  try {
    if (path === '-') throw new Error('standard input is read once only');
    const file = zoneFileOf(path);
    accessSync(file, constants.R_OK);
    return file;
  } catch (cause) {
    throw usageError(`--previous ${path} can't be read`, {
      hint: 'leave it out for the first zone: every signature is made anew',
      cause,
    });
  }
}

/** Stages with their times, told to the person who waits. */
interface Stages {
  begin(name: string, text: string): void;
  done(text: string): void;
  /** Seconds of each stage so far, and of all. */
  seconds(): Record<string, number>;
}

function createStages(reporter: Reporter): Stages {
  const started = performance.now();
  const seconds: Record<string, number> = {};
  let current = '';
  let since = started;
  return {
    begin(name, text) {
      current = name;
      since = performance.now();
      reporter.stage(text);
    },
    done(text) {
      seconds[current] = round((performance.now() - since) / 1000);
      reporter.done(text);
    },
    seconds: () => ({ ...seconds, total: round((performance.now() - started) / 1000) }),
  };
}

/** Where the zone is made, and how it gets to where it was asked for. */
interface Output {
  /** The file to write, in a folder of its own beside the target. */
  readonly file: string;
  /** For messages. */
  readonly target: string;
  deliver(): Promise<void>;
  /** Removes what is left. */
  close(): void;
}

async function openOutput(options: SignOptions): Promise<Output> {
  const toStdout = options.output === '-';
  const toDevice = !toStdout && (await isDevice(options.output));
  const target = resolve(toStdout || toDevice ? join(options.tmpDir, 'zone') : options.output);
  const folder = await mkdtemp(join(dirname(target), `.${basename(target)}-`)).catch(
    (error: unknown) => {
      throw outputError(error, target);
    },
  );
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const forget = onExit(remove);
  const file = join(folder, 'zone');
  return {
    file,
    target,
    async deliver() {
      if (toStdout) {
        await pipeline(createReadStream(file), process.stdout, { end: false });
      } else if (toDevice) {
        await pipeline(createReadStream(file), createWriteStream(options.output, { flags: 'r+' }));
      } else {
        await rename(file, target);
        const parent = await open(dirname(target), 'r');
        await parent.sync().finally(() => parent.close());
      }
    },
    close() {
      remove();
      forget();
    },
  };
}

/** The figures of the JSON summary. */
interface MadeZone extends Pick<EmitCounts, 'delegations' | 'secureDelegations' | 'glue'> {
  readonly serial: number;
  readonly orphans: EmitCounts['orphans'];
  readonly rrsets: number;
  readonly signatures: SignatureCounts;
  readonly nsec3: number;
  readonly records: number;
  readonly rejects: number;
  readonly occluded: number;
  readonly missingGlue: number;
  readonly bytes: number;
}

/**
 * Reads the input and writes the signed zone to the file, verified unless told otherwise.
 *
 * @param previous signed zone whose good signatures are kept.
 * @throws ZonewrightError (exit 6) when the zone has faults.
 */
async function makeZone(run: Run, previous: string | undefined): Promise<MadeZone> {
  const { options, keys, pool, spill, stages } = run;
  const { reporter } = options;
  const places = createPlaces();
  const rejects = createRejects(options.maxRejects);
  const size = await sourceSize(options.input);

  stages.begin('read', `reading ${options.input === '-' ? 'standard input' : options.input}`);
  const facts = await readMaster(options.input, {
    apex: options.zone,
    dropDnssec: true,
    pool,
    spill,
    places,
    reject: rejects.add,
    progress: (octets) => reporter.progress(octets, size, 'octets'),
  });
  stages.done(`${countText(facts.records)} records`);
  for (const [type, count] of facts.dropped) {
    reporter.detail(
      `${countText(count)} ${typeToText(type)} records of an earlier signing left out`,
    );
  }

  stages.begin('plan', 'finding delegations and glue');
  let shown = 0;
  const [zone] = await planAll([zoneInput(options, keys, facts.runs)], {
    pool,
    spill,
    places,
    reject: rejects.add,
    occluded: (r) => {
      if (shown++ < 20) {
        reporter.warn(`${r.file}:${r.line ?? ''} ${r.text}: ${r.reason}; left out`);
      }
    },
  });
  const { plan, serial } = zone;
  stages.done(`${countText(plan.delegations)} delegations`);
  if (rejects.count() > 0) reporter.warn(`${countText(rejects.count())} records rejected`);
  rejects.close();
  warnOfHosts(reporter.warn, plan);

  const written = await writeSigned(run, zone, previous);
  return {
    serial,
    delegations: written.delegations,
    secureDelegations: written.secureDelegations,
    glue: written.glue,
    orphans: written.orphans,
    rrsets: written.rrsets,
    signatures: { made: written.signatures, reused: written.reused },
    nsec3: written.nsec3,
    records: written.records,
    rejects: rejects.count(),
    occluded: plan.occluded,
    missingGlue: plan.missingGlue,
    bytes: written.octets,
  };
}

function zoneInput(
  options: SignOptions,
  keys: KeySelection,
  runs: readonly SortedRun[],
): ZoneInput {
  const { now, serial: mode, zone } = options;
  const isGeneral = options.glue === 'keep-all';
  return {
    apex: zone,
    runs,
    overrides: {},
    glue: options.glue,
    keepSac048: isGeneral,
    dropInvalidNs: false,
    dropMissingGlue: false,
    publishPendingRestore: false,
    allowWildcards: isGeneral,
    denial: options.denial,
    zonemd: options.zonemd,
    keys,
    dnskeyTtl: undefined,
    engine: options.engine === 'noble' ? 'noble' : 'openssl',
    validity: options.validity,
    inceptionOffset: options.inceptionOffset,
    jitter: options.jitter,
    serial: (input) => {
      const published = mode === 'keep' ? undefined : input;
      return nextSerial({ mode, now, published, input, zone: nameToText(zone) });
    },
  };
}

/**
 * Signs the zone into the file and, unless told otherwise, verifies it on the way.
 *
 * @param previous signed zone whose good signatures are kept. Should one of them be bad, the zone is
 *   made once more without.
 * @throws ZonewrightError (exit 6) when the zone has faults.
 */
async function writeSigned(
  run: Run,
  zone: PlannedZone,
  previous: string | undefined,
): Promise<WrittenZone> {
  const { options, pool, spill, stages } = run;
  const { reporter } = options;
  const how = options.verify ? 'signing and verifying' : 'signing';
  stages.begin('sign', `${how} with ${algorithmNames(zone.input.keys.dnskeys)}`);
  const from = { path: previous, apex: options.zone, pool, spill, warn: reporter.warn };
  const { written, report } = await withPrevious(from, (earlier) => write(run, zone, earlier));
  const bad = report?.faultsByCode['bad-signature'] ?? 0;
  if (bad > 0 && written.reused > 0) {
    stages.done(`${countText(bad)} signatures are bad`);
    reporter.warn(badlyKept(bad));
    return writeSigned(run, zone, undefined);
  }
  if (report !== undefined && !report.ok) refuse(report, reporter);
  const { signatures: made, reused } = written;
  stages.done(signaturesText({ made, reused }));
  return written;
}

async function write(
  { options, pool, spill, file }: Run,
  zone: PlannedZone,
  previous: PreviousZone | undefined,
): Promise<{ readonly written: WrittenZone; readonly report: VerifyReport | undefined }> {
  const { reporter, now, refresh, threads, tmpDir } = options;
  rmSync(file, { force: true });
  const how: WriteOptions = {
    file,
    orphans: false,
    pool,
    now,
    progress: (octets) => reporter.progress(octets, undefined, 'octets'),
    previous: previous && { zone: previous, refresh, compare: undefined },
  };
  if (!options.verify) return { written: await writePlanned(zone, how), report: undefined };
  // Missing glue was reported before: it is the business of the input's owner.
  return writeVerified(zone, how, { tolerate: ['missing-glue'], spill, threads, tmpDir });
}

/** @throws ZonewrightError (exit 6): the written zone has faults. */
function refuse(report: VerifyReport, reporter: Reporter): never {
  for (const f of report.faults.slice(0, 10)) {
    reporter.error(`${f.owner} ${f.type}: ${f.fault}: ${f.message}`);
  }
  throw guardError(`the signed zone does not verify: ${countText(report.faultCount)} faults`, {
    hint: 'The output was not written. If the input is sound, report this as a defect.',
  });
}

/**
 * Is there something at the path that is written to and not replaced: /dev/null, a named pipe?
 *
 * @throws ZonewrightError (exit 2) for a folder.
 */
const round = (seconds: number): number => Math.round(seconds * 1000) / 1000;

function algorithmNames(keys: ReadonlyArray<{ readonly algorithm: number }>): string {
  return [...new Set(keys.map((key) => algorithmName(key.algorithm)))].join(' and ');
}

/** Says what the zone holds that should not be there, with an example. */
function warnOfHosts(
  warn: (text: string) => void,
  plan: {
    readonly missingGlue: number;
    readonly missingGlueExamples: readonly string[];
    readonly invalidNs: readonly number[];
    readonly invalidNsExamples: readonly string[];
    readonly dsWithoutDelegation: number;
  },
): void {
  if (plan.missingGlue > 0) {
    warn(
      `${countText(plan.missingGlue)} name servers lie in their own delegation and have no address (${plan.missingGlueExamples[0]})`,
    );
  }
  const invalid = plan.invalidNs.reduce((sum, n) => sum + n, 0);
  if (invalid > 0) {
    warn(`${countText(invalid)} NS records name no host (${plan.invalidNsExamples[0]})`);
  }
  if (plan.dsWithoutDelegation > 0) {
    warn(`${countText(plan.dsWithoutDelegation)} DS records without a delegation left out`);
  }
}
