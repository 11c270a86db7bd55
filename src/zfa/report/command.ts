/**
 * `zonewright zfa report`. `--json` prints
 *
 *     {"version", "month", "until", "complete", "knownSince",
 *      "passwords": {"previous", "new", "renewed", "expired", "revoked", "total",
 *                    "by": {"com": n, …}},
 *      "downloads": {"complete", "unfinished", "bytes", "holders", "since",
 *                    "by": {"com": {"complete", "unfinished", "bytes", "holders"}, "bundles": {…}},
 *                    "files": {"czds/com": {…}, "files/com/com.zone.gz": {…}, "bundles": {…}}},
 *      "zfa-passwords"}
 *
 * where what is not known is null, `complete` is false for a month that is not over, `by` of the
 * passwords is those of the month's end, and times are ISO 8601.
 */

import type { CommonOptions } from '../../cli/common.js';
import { printJson } from '../../cli/output.js';
import { loadConfig, selectZones } from '../../config/config.js';
import { isoTime } from '../../config/time.js';
import { usageError } from '../../errors.js';
import { openToRead } from '../database/open.js';
import { type Month, monthName } from './month.js';
import { type Report, reportOf } from './report.js';
import { reportCsv, reportText } from './text.js';

export interface ReportOptions extends CommonOptions {
  readonly month: Month;
  readonly csv: boolean;
  /** With `csv`: passwords that open this zone, a wire name; undefined: all. */
  readonly zone: Uint8Array | undefined;
}

/**
 * Runs the command.
 *
 * @throws ZonewrightError: exit 2 for a month that has not begun, and where zone file access was
 *   never used: no figure could be told from a configuration that names the wrong folder.
 */
export function reportCommand(options: ReportOptions): void {
  const { month, now, json, csv } = options;
  checkOptions(options);
  const config = loadConfig(options.config);
  const zone = options.zone && selectZones(config, [options.zone])[0].label;
  const { stateDir } = config;
  const db = openToRead(stateDir, options.reporter.warn);
  try {
    const labels = config.zones.map(({ label }) => label);
    const report = reportOf(db, month, labels, now);
    if (json) printJson(reportJson(report));
    else process.stdout.write(csv ? csvOf(report, zone, options) : reportText(report));
  } finally {
    db.close();
  }
}

/** @throws ZonewrightError (exit 2) */
function checkOptions({ month, now, json, csv, zone }: ReportOptions): void {
  if (month.from > now) {
    throw usageError(`${monthName(month)} has not begun`, {
      hint: `it is ${isoTime(now)}; name a month that has`,
    });
  }
  if (csv && json) throw usageError('--csv and --json both write to standard output');
  if (zone !== undefined && !csv) {
    throw usageError('--zone is for --csv', {
      hint: 'without --csv the figures of all zones are printed',
    });
  }
  if (csv && now < month.to) {
    // A fragment can't say of itself that it is not the last word.
    throw usageError(`${monthName(month)} is not over: zfa-passwords counts at its end`, {
      hint: `from ${isoTime(month.to)} on it is known; without --csv the figures so far are printed`,
    });
  }
}

function csvOf(
  { month, passwords, byZone }: Report,
  zone: string | undefined,
  { reporter }: ReportOptions,
): string {
  const count = zone === undefined ? passwords?.total : byZone?.[zone];
  if (count === undefined) {
    reporter.warn(`zfa-passwords of ${monthName(month)} is unknown: the field is empty`);
  }
  return reportCsv(count);
}

function passwordsJson(
  passwords: Report['passwords'],
  byZone: Report['byZone'],
): Record<string, unknown> | null {
  if (passwords === undefined) return null;
  return { ...passwords, previous: passwords.previous ?? null, by: byZone ?? null };
}

function reportJson(report: Report): Record<string, unknown> {
  const { month, until, passwords, byZone, knownSince, downloads } = report;
  return {
    month: month.text,
    until: isoTime(until),
    complete: until === month.to,
    knownSince: knownSince === undefined ? null : isoTime(knownSince),
    passwords: passwordsJson(passwords, byZone),
    downloads:
      downloads === undefined
        ? null
        : {
            ...downloads.all,
            since: isoTime(downloads.since),
            by: downloads.by,
            files: downloads.files,
          },
    'zfa-passwords': passwords?.total ?? null,
  };
}
