/**
 * `zonewright sign`: signs one zone file. The output appears under its name only when it is
 * whole and, unless told otherwise, verified; what stood there before stays until then.
 */

import { createReadStream, createWriteStream, rmSync } from 'node:fs';
import { mkdtemp, open, rename, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { onExit } from '../cleanup.js';
import type { SignOptions } from '../cli/options.js';
import { countText, printJson } from '../cli/output.js';
import { algorithmName } from '../dnssec/algorithms.js';
import { guardError, refusal, usageError } from '../errors.js';
import { planAll, writePlanned } from '../generate.js';
import { keyRoles, selectKeys } from '../keys/select.js';
import { readKeys } from '../keys/store.js';
import { nameToText, zoneLabel } from '../names/name.js';
import { storageError } from '../publish/storage.js';
import { readMaster } from '../read/master.js';
import { createPlaces } from '../read/places.js';
import { createRejects } from '../read/rejects.js';
import { sourceSize } from '../read/source.js';
import { typeToText } from '../records/types.js';
import { createPool } from '../threads/pool.js';
import { nextSerial } from '../zone/serial.js';

/** Input below this many octets is not worth starting threads for. */
const SMALL_INPUT = 4 << 20;
/** The same for gzip input, which unpacks to several times its size. */
const GZIP_SHRINKS = 8;
/** Iterations that resolvers may treat as insecure; RFC 9276 §3.2. */
const MAX_ITERATIONS = 100;

/** Seconds from inception to expiry that serial arithmetic can tell apart. */
const MAX_SIGNATURE_LIFE = 2 ** 31 - 1;

/** Runs the command; returns the exit code. */
export async function signCommand(options: SignOptions): Promise<number> {
  const { reporter, now, denial } = options;
  const engine = options.engine;
  if (engine === 'pkcs11') {
    throw usageError('the pkcs11 engine is not available yet', {
      hint: 'use --engine openssl or --engine noble',
    });
  }
  if (options.previous !== undefined) {
    throw usageError('--previous is not available yet', {
      hint: 'leave it out: every signature is made anew',
    });
  }
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
  const started = performance.now();
  const seconds: Record<string, number> = {};
  let stageStart = started;
  const stage = (name: string, text: string): void => {
    stageStart = performance.now();
    current = name;
    reporter.stage(text);
  };
  let current = '';
  const stageDone = (text?: string): void => {
    seconds[current] = round((performance.now() - stageStart) / 1000);
    reporter.done(text);
  };

  const allKeys = readKeys(options.keyDir, options.zone);
  const keys = selectKeys(allKeys, now);
  const size = await sourceSize(options.input);
  const scale = options.input.endsWith('.gz') ? GZIP_SHRINKS : 1;
  const isSmall = size !== undefined && size * scale < SMALL_INPUT;
  const pool = createPool(isSmall ? 0 : options.threads);
  const toStdout = options.output === '-';
  const toDevice = !toStdout && (await isDevice(options.output));
  const target = resolve(toStdout || toDevice ? join(options.tmpDir, 'zone') : options.output);
  const folder = await mkdtemp(join(dirname(target), `.${basename(target)}-`)).catch(
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
        throw usageError(`there is no folder ${dirname(target)}`, {
          hint: 'make it, or name another output',
        });
      }
      throw storageError(error, dirname(target));
    },
  );
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const forget = onExit(remove);
  try {
    const places = createPlaces();
    const rejects = createRejects(options.maxRejects);
    let occluded = 0;

    stage('read', `reading ${options.input === '-' ? 'standard input' : options.input}`);
    const facts = await readMaster(options.input, {
      apex: options.zone,
      dropDnssec: true,
      pool,
      places,
      reject: rejects.add,
      progress: (octets) => reporter.progress(octets, size, 'octets'),
    });
    stageDone(`${countText(facts.records)} records`);
    for (const [type, count] of facts.dropped) {
      reporter.detail(
        `${countText(count)} ${typeToText(type)} records of an earlier signing left out`,
      );
    }

    stage('plan', 'finding delegations and glue');
    const [zone] = await planAll(
      [
        {
          apex: options.zone,
          runs: facts.runs,
          overrides: {},
          glue: options.glue,
          keepSac048: options.glue === 'keep-all',
          dropInvalidNs: false,
          dropMissingGlue: false,
          publishPendingRestore: false,
          allowWildcards: options.glue === 'keep-all',
          denial,
          zonemd: options.zonemd,
          keys,
          dnskeyTtl: undefined,
          engine,
          validity: options.validity,
          inceptionOffset: options.inceptionOffset,
          jitter: options.jitter,
          serial: (input) =>
            nextSerial({
              mode: options.serial,
              now,
              published: options.serial === 'keep' ? undefined : input,
              input,
              zone: nameToText(options.zone),
            }),
        },
      ],
      {
        pool,
        places,
        now,
        reject: rejects.add,
        occluded: (r) => {
          if (occluded++ < 20) {
            reporter.warn(`${r.file}:${r.line ?? ''} ${r.text}: ${r.reason}; left out`);
          }
        },
      },
    );
    stageDone(`${countText(zone.plan.delegations)} delegations`);
    if (rejects.count() > 0) reporter.warn(`${countText(rejects.count())} records rejected`);
    rejects.close();
    warnOfHosts(reporter.warn, zone.plan);

    stage('sign', `signing with ${algorithmNames(keys.dnskeys)}`);
    const file = join(folder, 'zone');
    const written = await writePlanned(zone, {
      file,
      orphans: false,
      pool,
      now,
      progress: (octets) => reporter.progress(octets, undefined, 'octets'),
    });
    stageDone(`${countText(written.signatures)} signatures`);

    if (options.verify) {
      stage('verify', 'verifying');
      const { verifyZone } = await import('../verify/verify.js');
      const report = await verifyZone({
        source: file,
        zone: options.zone,
        now,
        // Reported above: an input's missing glue is its owner's business.
        tolerate: ['missing-glue'],
        pool,
        threads: options.threads,
        reporter,
      });
      if (!report.ok) {
        const shown = report.faults.slice(0, 10);
        for (const f of shown) reporter.error(`${f.owner} ${f.type}: ${f.fault}: ${f.message}`);
        throw guardError(
          `the signed zone does not verify: ${countText(report.faultCount)} faults`,
          {
            hint: 'The output was not written. If the input is sound, report this as a defect.',
          },
        );
      }
      stageDone(`${countText(report.counts.signatures)} signatures are good`);
    }

    if (toStdout) {
      await pipeline(createReadStream(file), process.stdout, { end: false });
    } else if (toDevice) {
      await pipeline(createReadStream(file), createWriteStream(options.output, { flags: 'r+' }));
    } else {
      await rename(file, target);
      const parent = await open(dirname(target), 'r');
      await parent.sync().finally(() => parent.close());
    }
    seconds.total = round((performance.now() - started) / 1000);
    if (options.json) {
      const roles = keyRoles(allKeys, now);
      printJson({
        zone: zoneLabel(options.zone),
        serial: zone.serial,
        delegations: written.delegations,
        secureDelegations: written.secureDelegations,
        glue: written.glue,
        orphans: written.orphans,
        rrsets: written.rrsets,
        signatures: { made: written.signatures, reused: 0 },
        nsec3: written.nsec3,
        records: written.records,
        rejects: rejects.count(),
        occluded: zone.plan.occluded,
        missingGlue: zone.plan.missingGlue,
        bytes: written.octets,
        seconds,
        peakRssBytes: process.resourceUsage().maxRSS * 1024,
        keys: keys.dnskeys.map((key) => ({
          tag: key.tag,
          algorithm: algorithmName(key.algorithm),
          role: roles.get(key),
        })),
      });
    }
    return 0;
  } catch (error) {
    throw storageError(error, target);
  } finally {
    await pool.close();
    remove();
    forget();
  }
}

/**
 * Is there something at the path that is written to and not replaced: /dev/null, a named pipe?
 *
 * @throws ZonewrightError (exit 2) for a folder.
 */
async function isDevice(path: string): Promise<boolean> {
  const info = await stat(path).catch(() => undefined);
  if (info?.isDirectory() === true) {
    throw usageError(`--output ${path} is a folder`, { hint: 'name a file in it' });
  }
  return info !== undefined && !info.isFile();
}

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
