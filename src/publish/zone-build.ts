/**
 * One zone of a build, from its plan to a folder with all files of a generation and the guards'
 * findings. Nothing here is seen from outside: publishing comes after, see build.ts.
 */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Guards, ZoneConfig } from '../config/config.js';
import { compareZones, type DiffCounts } from '../diff/compare.js';
import { readZoneFile } from '../diff/zone-file.js';
import { keyTag } from '../dnssec/keytag.js';
import { EXIT, placeText, refusal, ZonewrightError } from '../errors.js';
import { type PlannedZone, writePlanned } from '../generate.js';
import * as guards from '../guard/guards.js';
import type { Finding } from '../guard/judge.js';
import { verifiedFindings } from '../guard/verified.js';
import type { Run } from '../sort/run.js';
import type { SpillPlan } from '../sort/spill-plan.js';
import type { Pool } from '../threads/pool.js';
import { releaseMemory } from '../threads/release.js';
import type { FaultCode } from '../verify/faults.js';
import { createZoneVerifier, type VerifyReport } from '../verify/verify.js';
import { writeClassic } from '../write/classic.js';
import type { WrittenZone } from '../write/zone-file.js';
import { HOST_FAULT_NAMES, HostFault } from '../zone/host.js';
import { keepRefusal } from '../zone/serial.js';
import { readWrittenApex, type WrittenApex } from './apex-of.js';
import { createGzip } from './gzip.js';
import { describeCopy } from './holders.js';
import { describeFiles, type ManifestFile } from './manifest.js';
import type { Published } from './published.js';

const ORPHANS_HEADER =
  'class,action,host,address,superordinate,referenced-by-count,example-reference\n';

export interface ZoneBuildOptions {
  readonly zone: ZoneConfig;
  readonly planned: PlannedZone;
  /** The folder to fill. */
  readonly folder: string;
  readonly published: Published | undefined;
  /** The last serial that anybody can have seen. */
  readonly lastSerial: number | undefined;
  /** DS RDATA at the parent; undefined: not known. */
  readonly parentDs: readonly Uint8Array[] | undefined;
  /** Domain objects that the reader counted; undefined: not counted. */
  readonly domainsRead: number | undefined;
  readonly guards: Guards;
  readonly pool: Pool;
  /** Bounds what is held in memory. */
  readonly spill: SpillPlan;
  readonly threads: number;
  readonly now: number;
  /** Called at the begin of each stage; returns a function to call at its end. */
  readonly stage: (name: StageName) => (result?: string) => void;
  readonly progress: (octets: number) => void;
  readonly warn: (text: string) => void;
}

export type StageName = 'sign' | 'verify' | 'compare' | 'pack';

export interface BuiltZone {
  readonly written: WrittenZone;
  readonly report: VerifyReport;
  readonly change: DiffCounts;
  readonly findings: readonly Finding[];
  readonly files: readonly ManifestFile[];
  readonly dnskeys: readonly Uint8Array[];
}

/**
 * Writes, verifies, compares and packs one zone.
 *
 * @throws ZonewrightError (exit 4) when the serial is kept and the zone has changed.
 */
export async function buildZone(options: ZoneBuildOptions): Promise<BuiltZone> {
  const { zone, planned, folder, published, pool, now } = options;
  const name = `${zone.label}.zone`;
  const file = join(folder, name);

  let done = options.stage('sign');
  const tolerate: FaultCode[] = zone.missingGlue === 'keep' ? ['missing-glue'] : [];
  const verifier = createZoneVerifier({
    source: file,
    zone: zone.name,
    now,
    tolerate,
    pool,
    spill: options.spill,
    threads: options.threads,
  });
  let written: WrittenZone;
  try {
    written = await writePlanned(planned, {
      file,
      packedFile: `${file}.gz`,
      tap: verifier,
      orphans: true,
      pool,
      now,
      progress: options.progress,
    });
  } catch (error) {
    await verifier.abandon();
    throw error;
  }
  await writeFile(join(folder, 'orphans.csv'), ORPHANS_HEADER + written.orphanRows.join(''));
  done(`${written.signatures} signatures`);

  done = options.stage('verify');
  const report = await verifier.finish();
  const apex = await readWrittenApex(file, zone.name);
  done(`${report.counts.signatures} signatures verified`);

  await releaseMemory(pool);
  done = options.stage('compare');
  const { change, known } = await compareWithPublished(options, file);
  done(`${change.delegationsAdded} added, ${change.delegationsRemoved} removed`);

  done = options.stage('pack');
  const packed = await describeCopy(file, pool);
  if (zone.classic) {
    await writeClassic({
      zoneFile: file,
      file: join(folder, `${zone.label}.classic.zone`),
      apex: zone.name,
      ttl: zone.nsTtl,
    });
  }
  const files = await describeFiles(folder, packed);
  done();

  const same = published !== undefined && published.sha256 === packed[0].sha256;
  const kept =
    zone.serial === 'keep' ? keepRefusal(planned.serial, options.lastSerial, same) : undefined;
  if (kept !== undefined) {
    throw refusal(`${zone.label}: ${kept}`, {
      hint: 'raise the serial in the input, or use serial = "unixtime", "date" or "increment"',
    });
  }
  const findings = findingsOf(options, { written, report, apex, change, known, same, tolerate });
  return { written, report, change, findings, files, dnskeys: apex.dnskeys };
}

/** The published zone's runs; undefined when its file is gone or damaged. */
async function readPublished(options: ZoneBuildOptions): Promise<readonly Run[] | undefined> {
  const { zone, published, pool, spill } = options;
  if (published === undefined) return [];
  if (published.zoneFile === undefined) return undefined;
  if (published.damage !== undefined) {
    options.warn(`${zone.label}: ${published.zoneFile} ${published.damage}`);
    return undefined;
  }
  try {
    return (await readZoneFile(published.zoneFile, zone.name, pool, spill)).runs;
  } catch (error) {
    // A damaged file must not keep all builds from now on from being made.
    if (!(error instanceof ZonewrightError) || error.exitCode !== EXIT.input) throw error;
    options.warn(`${zone.label}: ${placeText(error.place)}${error.message}`);
    return undefined;
  }
}

/** Compares with the published generation and writes added.txt.gz and removed.txt.gz. */
async function compareWithPublished(
  options: ZoneBuildOptions,
  file: string,
): Promise<{ change: DiffCounts; known: boolean }> {
  const { zone, pool, spill, folder } = options;
  const older = await readPublished(options);
  const newer = (await readZoneFile(file, zone.name, pool, spill)).runs;
  const added = await createGzip(join(folder, 'added.txt.gz'), pool);
  const removed = await createGzip(join(folder, 'removed.txt.gz'), pool);
  try {
    const counts = await compareZones(older ?? [], newer, zone.name, pool, 'delegations', {
      first: (lines) => added.write(lines),
      second: (lines) => removed.write(lines),
    });
    await added.close();
    await removed.close();
    return { change: counts, known: older !== undefined };
  } catch (error) {
    await Promise.allSettled([added.abandon(), removed.abandon()]);
    throw error;
  }
}

function findingsOf(
  options: ZoneBuildOptions,
  observed: {
    readonly written: WrittenZone;
    readonly report: VerifyReport;
    readonly apex: WrittenApex;
    readonly change: DiffCounts;
    /** The published zone file could be read, or there is none. */
    readonly known: boolean;
    /** The new zone is octet for octet the published one. */
    readonly same: boolean;
    readonly tolerate: readonly FaultCode[];
  },
): Finding[] {
  const { zone, planned, published, now } = options;
  const { written, report, apex, change, known, same, tolerate } = observed;
  const { plan } = planned;
  const verified = verifiedFindings(
    {
      counts: report.faultsByCode,
      examples: report.examples,
      signatures: report.counts.signatures,
    },
    new Set(tolerate),
  );
  const delegations = {
    previous: published === undefined ? undefined : known ? change.oldDelegations : null,
    added: change.delegationsAdded,
    removed: change.delegationsRemoved,
    changed: change.delegationsChanged,
  };
  const signers = apex.dnskeys.filter((key) => report.dnskeySigners.includes(keyTag(key)));
  const least = options.guards.minSignatureLife ?? planned.data.expire + guards.BUILD_INTERVAL;
  return combine([
    ...verified,
    guards.algorithmsAtApex(apex.dnskeys, apex.algorithms),
    guards.keyTags(apex.dnskeys),
    guards.parentDs(zone.name, options.parentDs, signers, apex.dnskeys),
    guards.signatureLife(report.earliestExpiration, now, least),
    guards.zonemdPresent(zone.policy.zonemd, report.zonemd),
    guards.apexAsConfigured(apex, zone.soa, zone.ns, planned.serial),
    guards.exportCounts(exportCountsOf(options, written)),
    guards.maxRemoved(delegations, options.guards.maxRemoved),
    guards.maxChange(delegations, options.guards.maxChange),
    guards.zoneNameTwice(
      plan.invalidNs[HostFault.zoneNameTwice] ?? 0,
      // Those that were dropped are not among the zone's, but they were in the export.
      plan.nameServers + (zone.invalidNs === 'drop' ? sum(plan.invalidNs) : 0),
      plan.invalidNsExamples.filter((text) =>
        text.endsWith(HOST_FAULT_NAMES[HostFault.zoneNameTwice]),
      ),
    ),
    guards.serialAdvances(planned.serial, options.lastSerial, same),
    guards.clock(now, published?.buildTime),
  ]);
}

/** The counts that must agree from the reader to the file. */
function exportCountsOf(options: ZoneBuildOptions, written: WrittenZone): guards.DeclaredCount[] {
  const { plan } = options.planned;
  const { delegated, forbidden, withoutNs } = plan.domains;
  const all: guards.DeclaredCount[] = [
    { what: 'delegations written', declared: plan.delegations, read: written.delegations },
  ];
  if (options.domainsRead !== undefined) {
    const read = delegated + forbidden + withoutNs;
    all.push({ what: 'domains of the export', declared: options.domainsRead, read });
  }
  return all;
}

/** One finding a guard: where several speak for it, one that failed, else the last. */
function combine(findings: readonly Finding[]): Finding[] {
  const byName = new Map<string, Finding>();
  for (const finding of findings) {
    const before = byName.get(finding.name);
    if (before === undefined || before.ok) byName.set(finding.name, finding);
  }
  return [...byName.values()];
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);
