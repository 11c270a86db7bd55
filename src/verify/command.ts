/** `zonewright verify`: prints what {@link verifyZone} finds. */

import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { VerifyOptions } from '../cli/options.js';
import { countText, printable, printJson } from '../cli/output.js';
import { isoTime } from '../config/time.js';
import { EXIT, placeText } from '../errors.js';
import { zoneLabel } from '../names/name.js';
import { textSize } from '../read/source.js';
import { openSpillPlan } from '../sort/spill-plan.js';
import type { Fault, FaultCode } from './faults.js';
import { readDsFile } from './trust.js';
import { type VerifyReport, verifyZone } from './verify.js';

/** Runs the command. @returns the exit code: 6 when the zone has faults. */
export async function verifyCommand(options: VerifyOptions): Promise<number> {
  const { reporter, tmpDir, memory, threads } = options;
  const input = await textSize(options.file);
  const spill = openSpillPlan({ tmpDir, memory, threads, input });
  const ds = options.ds === undefined ? undefined : await readDsFile(options.ds, options.zone);
  const verify = (tolerate: readonly FaultCode[]): Promise<VerifyReport> =>
    verifyZone({
      source: options.file,
      zone: options.zone,
      now: options.now,
      ds,
      tolerate,
      maxErrors: options.maxErrors,
      engine: options.engine,
      threads,
      tmpDir: spill.folder,
      spill,
      reporter,
    });
  const accepted = options.missingGlue === 'warn' ? undefined : await acceptedAtBuild(options);
  const isLenient = options.missingGlue === 'warn' || accepted !== undefined;
  let report = await verify(isLenient ? ['missing-glue'] : []);
  const missing = report.faultsByCode['missing-glue'] ?? 0;
  if (accepted !== undefined && missing !== accepted) report = await verify([]);
  spill.close();
  for (const warning of report.warnings) reporter.warn(warning);
  if (options.json) {
    const { earliestExpiration, examples: _, ...rest } = report;
    printJson({
      ...rest,
      ...(earliestExpiration === undefined
        ? {}
        : { earliestExpiration: isoTime(earliestExpiration) }),
    });
  }
  for (const fault of report.faults) process.stderr.write(`${printable(faultText(fault))}\n`);
  const more = report.faultCount - report.faults.length;
  if (more > 0) {
    process.stderr.write(`${countText(more)} more (--max-errors ${options.maxErrors})\n`);
  }
  if (report.ok) reporter.info(summary(report));
  else
    reporter.error(
      `${options.file}: ${countText(report.faultCount)} ${report.faultCount === 1 ? 'fault' : 'faults'}`,
    );
  return report.ok ? EXIT.done : EXIT.guard;
}

/**
 * In a folder that `build` has published, the number of in-domain name servers without address
 * that the build reported and kept (`missing-glue = "keep"`): as many are no news.
 */
async function acceptedAtBuild(options: VerifyOptions): Promise<number | undefined> {
  if (options.file === '-') return undefined;
  try {
    const text = await readFile(join(dirname(options.file), 'manifest.json'), 'utf8');
    const manifest = JSON.parse(text) as {
      zone?: unknown;
      files?: ReadonlyArray<{ name?: unknown }>;
      counts?: { missingGlue?: unknown };
    };
    const isOurs = manifest.files?.some((file) => file.name === basename(options.file)) === true;
    if (manifest.zone !== zoneLabel(options.zone) || !isOurs) return undefined;
    const count = manifest.counts?.missingGlue;
    return typeof count === 'number' && count > 0 ? count : undefined;
  } catch {
    // No manifest, or none that can be read: an ordinary file.
    return undefined;
  }
}

/** A fault as a line for a person. */
export function faultText(fault: Fault): string {
  const { owner, type, message, file, line } = fault;
  const place = file === undefined ? '' : ` (${placeText({ file, line }).slice(0, -2)})`;
  return `${owner} ${type} ${fault.fault}: ${message}${place}`;
}

function summary(report: VerifyReport): string {
  const { counts, zone, serial } = report;
  const until =
    report.earliestExpiration === undefined
      ? ''
      : `, valid until ${isoTime(report.earliestExpiration)}`;
  return (
    `${zone} serial ${serial}: good; ${countText(counts.delegations)} delegations ` +
    `(${countText(counts.secureDelegations)} secure), ${countText(counts.signatures)} signatures` +
    `${until}${report.zonemd ? '; ZONEMD matches' : ''}`
  );
}
