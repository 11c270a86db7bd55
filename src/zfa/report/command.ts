/**
 * `zonewright zfa report`. `--json` prints
 *
 *     {"version", "month", "until", "complete", "passwords": {"previous", "new", "renewed",
 *      "expired", "revoked", "total"}, "downloads": {"complete", "unfinished", "bytes", "holders",
 *      "by": {"com": {…}, "bundles": {…}}}, "zfa-passwords"}
 *
 * where what is not known is null, and `complete` is false for a month that is not over.
 */

import type { CommonOptions } from '../../cli/common.js';
import { printJson } from '../../cli/output.js';
import { loadConfig } from '../../config/config.js';
import { isoTime } from '../../config/time.js';
import { usageError } from '../../errors.js';
import { hasDatabase, openDatabase } from '../database/open.js';
import { zfaPlaces } from '../places.js';
import { type Month, monthName } from './month.js';
import { type Report, reportOf } from './report.js';
import { reportCsv, reportText } from './text.js';

export interface ReportOptions extends CommonOptions {
  readonly month: Month;
  readonly csv: boolean;
}

/**
 * Runs the command.
 *
 * @throws ZonewrightError: exit 2 for a month that has not begun, and where zone file access was
 *   never used: no figure could be told from a configuration that names the wrong folder.
 */
export function reportCommand(options: ReportOptions): void {
  const { month, now, json, csv } = options;
  const { stateDir } = loadConfig(options.config);
  if (month.from > now) {
    throw usageError(`${monthName(month)} has not begun`, {
      hint: `it is ${isoTime(now)}; name a month that has`,
    });
  }
  if (!hasDatabase(stateDir)) {
    throw usageError('there are no holders: zone file access was not used with this state folder', {
      place: { file: zfaPlaces(stateDir).database },
      hint: 'see state-dir in the configuration; "zonewright zfa add" begins',
    });
  }
  const db = openDatabase(stateDir);
  try {
    const report = reportOf(db, month, now);
    if (json) printJson(reportJson(report));
    else process.stdout.write(csv ? reportCsv(report) : reportText(report));
  } finally {
    db.close();
  }
}

function reportJson({ month, until, passwords, downloads }: Report): Record<string, unknown> {
  return {
    month: month.text,
    until: isoTime(until),
    complete: until === month.to,
    passwords: passwords ?? null,
    downloads: downloads === undefined ? null : { ...downloads.all, by: downloads.by },
    'zfa-passwords': passwords?.total ?? null,
  };
}
