/**
 * One zone of a build, from its plan to a folder with all files of a generation and the guards'
 * findings. Nothing here is seen from outside: publishing comes after, see build.ts.
 */

import { rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { countText } from '../cli/output.js';
import type { Guards, ZoneConfig } from '../config/model.js';
import { keyTag } from '../dnssec/keytag.js';
import { refusal } from '../errors.js';
import { type PlannedZone, writeVerified } from '../generate.js';
import * as guards from '../guard/guards.js';
import type { Finding } from '../guard/judge.js';
import { verifiedFindings } from '../guard/verified.js';
import { badlyKept, signaturesText } from '../reuse/counts.js';
import { type PreviousZone, withPrevious } from '../reuse/previous.js';
import type { SpillPlan } from '../sort/spill-plan.js';
import type { Pool } from '../threads/pool.js';
import { releaseMemory } from '../threads/release.js';
import type { FaultCode } from '../verify/faults.js';
import type { VerifyReport } from '../verify/verify.js';
import { writeClassic } from '../write/classic.js';
import { createGzip, digested, type TextDigest } from '../write/gzip.js';
import type { WrittenZone } from '../write/zone-file.js';
import { HOST_FAULT_NAMES, HostFault } from '../zone/host.js';
import { keepRefusal } from '../zone/serial.js';
import { readWrittenApex, type WrittenApex } from './apex-of.js';
import { ADDED, REMOVED } from './generation.js';
import { describeCopy } from './holders.js';
import { describeFiles, type ManifestFile } from './manifest.js';
import type { Published } from './published.js';

const ORPHANS_HEADER =
  'class,action,host,address,superordinate,referenced-by-count,example-reference\n';

/** Stands for a zone that is not there. */
const NOTHING: PreviousZone = { source: { kind: 'runs', runs: [] }, dnskeys: [] };

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

export type StageName = 'sign' | 'pack';

export interface BuiltZone {
  readonly written: WrittenZone;
  /** The published zone file could be read, or there is none. */
  readonly known: boolean;
  readonly report: VerifyReport;
  readonly findings: readonly Finding[];
  readonly files: readonly ManifestFile[];
  readonly dnskeys: readonly Uint8Array[];
}

/**
 * Writes one zone, verifies it and compares it with the published one on the way, and packs it.
 *
 * @throws ZonewrightError (exit 4) when the serial is kept and the zone has changed.
 */
export async function buildZone(options: ZoneBuildOptions): Promise<BuiltZone> {
  const { zone, planned, folder, published, pool } = options;
  const name = `${zone.label}.zone`;
  const file = join(folder, name);

  let { written, known, report, texts } = await sign(options, file, true);
  const bad = report.faultsByCode['bad-signature'] ?? 0;
  if (bad > 0 && written.reused > 0) {
    options.warn(`${zone.label}: ${badlyKept(bad)}`);
    ({ written, known, report, texts } = await sign(options, file, false));
  }
  await writeFile(join(folder, 'orphans.csv'), ORPHANS_HEADER + written.orphanRows.join(''));
  const apex = await readWrittenApex(file, zone.name);
  await releaseMemory(pool);

  const done = options.stage('pack');
  const packed = await describeCopy(file, pool);
  if (zone.classic) {
    await writeClassic({
      zoneFile: file,
      file: join(folder, `${zone.label}.classic.zone`),
      apex: zone.name,
      ttl: zone.nsTtl,
    });
  }
  const described = await describeFiles(folder, packed);
  const files = described.map((one) => ({
    ...one,
    unpacked: one.unpacked ?? texts.get(one.name),
  }));
  done();

  const same = published !== undefined && published.sha256 === packed[0].sha256;
  const kept =
    zone.serial === 'keep' ? keepRefusal(planned.serial, options.lastSerial, same) : undefined;
  if (kept !== undefined) {
    throw refusal(`${zone.label}: ${kept}`, {
      hint: 'raise the serial in the input, or use serial = "unixtime", "date" or "increment"',
    });
  }
  const findings = findingsOf(options, { written, report, apex, known, same });
  return { written, known, report, findings, files, dnskeys: apex.dnskeys };
}

async function sign(options: ZoneBuildOptions, file: string, reuse: boolean): Promise<Written> {
  const done = options.stage('sign');
  const made = await write(options, file, reuse);
  const { signatures, reused, change } = made.written;
  done(
    `${signaturesText({ made: signatures, reused })}, ${countText(made.report.counts.signatures)} verified; ${countText(change.delegationsAdded)} added, ${countText(change.delegationsRemoved)} removed`,
  );
  await releaseMemory(options.pool);
  return made;
}

/** Faults that the configuration lets pass: of the export, and that an insecure zone is not signed. */
function tolerated({ zone, planned }: ZoneBuildOptions): readonly FaultCode[] {
  const codes: FaultCode[] = zone.missingGlue === 'keep' ? ['missing-glue'] : [];
  if (isInsecure(planned)) codes.push('missing-dnskey');
  return codes;
}

/** Has the zone gone insecure, so that there is nothing of DNSSEC in it? */
const isInsecure = ({ input }: PlannedZone): boolean => input.denial.kind === 'none';

/** A zone as it was written, and in what it differs from the published one. */
interface Written {
  readonly written: WrittenZone;
  /** The published zone file could be read, or there is none. */
  readonly known: boolean;
  readonly report: VerifyReport;
  /** What added.txt.gz and removed.txt.gz unpack to, by name. */
  readonly texts: ReadonlyMap<string, TextDigest>;
}

/**
 * Writes and verifies the zone, and writes added.txt.gz and removed.txt.gz against the published one.
 *
 * @param reuse keep the published zone's good signatures.
 */
function write(options: ZoneBuildOptions, file: string, reuse: boolean): Promise<Written> {
  const { zone, planned, published, pool, spill, now, folder } = options;
  const warn = (text: string): void => options.warn(`${zone.label}: ${text}`);
  const { zoneFile, damage } = published ?? {};
  if (damage !== undefined) warn(`${zoneFile} ${damage}`);
  const path = damage === undefined ? zoneFile : undefined;
  const refresh = reuse ? Math.max(zone.policy.signatureRefresh, leastLife(options)) : undefined;
  return withPrevious({ path, apex: zone.name, pool, spill, warn }, async (previous) => {
    for (const name of [file, `${file}.gz`, join(folder, ADDED), join(folder, REMOVED)]) {
      rmSync(name, { force: true });
    }
    const added = digested(await createGzip(join(folder, ADDED), pool));
    const removed = digested(await createGzip(join(folder, REMOVED), pool));
    try {
      const { written, report } = await writeVerified(
        planned,
        {
          file,
          packedFile: `${file}.gz`,
          orphans: true,
          pool,
          now,
          progress: options.progress,
          previous: {
            zone: previous ?? NOTHING,
            refresh,
            compare: {
              first: (lines) => added.write(lines),
              second: (lines) => removed.write(lines),
            },
          },
        },
        { tolerate: tolerated(options), spill, threads: options.threads },
      );
      await added.close();
      await removed.close();
      const texts = new Map([
        [ADDED, added.digest()],
        [REMOVED, removed.digest()],
      ]);
      const known = published === undefined || previous !== undefined;
      return { written, report, known, texts };
    } catch (error) {
      await Promise.allSettled([added.abandon(), removed.abandon()]);
      throw error;
    }
  });
}

/** Seconds that every signature must live, for the guard on it. */
function leastLife({ guards: { minSignatureLife }, planned }: ZoneBuildOptions): number {
  return minSignatureLife ?? planned.data.expire + guards.BUILD_INTERVAL;
}

function findingsOf(
  options: ZoneBuildOptions,
  observed: {
    readonly written: WrittenZone;
    readonly report: VerifyReport;
    readonly apex: WrittenApex;
    /** The published zone file could be read, or there is none. */
    readonly known: boolean;
    /** The new zone is octet for octet the published one. */
    readonly same: boolean;
  },
): Finding[] {
  const { zone, planned, published, now } = options;
  const { written, report, apex, known, same } = observed;
  const { change } = written;
  const { plan } = planned;
  const verified = verifiedFindings(
    {
      counts: report.faultsByCode,
      examples: report.examples,
      signatures: report.counts.signatures,
    },
    new Set(tolerated(options)),
  );
  const delegations = {
    previous: published === undefined ? undefined : known ? change.oldDelegations : null,
    added: change.delegationsAdded,
    removed: change.delegationsRemoved,
    changed: change.delegationsChanged,
  };
  const signers = apex.dnskeys.filter((key) => report.dnskeySigners.includes(keyTag(key)));
  return combine([
    ...verified,
    ...(isInsecure(planned)
      ? []
      : [
          guards.algorithmsAtApex(apex.dnskeys, apex.algorithms),
          guards.signatureLife(report.earliestExpiration, now, leastLife(options)),
        ]),
    guards.keyTags(apex.dnskeys),
    guards.parentDs(zone.name, options.parentDs, signers, apex.dnskeys),
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
