/** `zonewright verify`: prints what {@link verifyZone} finds. */

import type { VerifyOptions } from '../cli/options.js';
import { countText, printable, printJson } from '../cli/output.js';
import { isoTime } from '../config/time.js';
import { EXIT, placeText } from '../errors.js';
import type { Fault } from './faults.js';
import { readDsFile } from './trust.js';
import { type VerifyReport, verifyZone } from './verify.js';

/** Runs the command. @returns the exit code: 6 when the zone has faults. */
export async function verifyCommand(options: VerifyOptions): Promise<number> {
  const { reporter } = options;
  const ds = options.ds === undefined ? undefined : await readDsFile(options.ds, options.zone);
  const report = await verifyZone({
    source: options.file,
    zone: options.zone,
    now: options.now,
    ds,
    tolerate: options.missingGlue === 'warn' ? ['missing-glue'] : [],
    maxErrors: options.maxErrors,
    engine: options.engine,
    threads: options.threads,
    reporter,
  });
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
