/** `zonewright zfa report`: the flags of the monthly figures. */

import type { Command } from 'commander';
import type { ReportOptions } from '../zfa/report/command.js';
import { MONTH_FORM, type Month, parseMonth } from '../zfa/report/month.js';
import { commonOptions, finish, flagOf, zoneFlag } from './common.js';
import { loadWork } from './lazy.js';

interface ReportFlags {
  month: Month;
  csv?: true;
  zone?: Uint8Array;
}

/** Registers the command. */
export function addReportCommand(zfa: Command): void {
  zfa
    .command('report')
    .summary('monthly figures: passwords, downloads')
    .description(
      'Monthly figures of zone file access: passwords at the end of the month before, new, expired, revoked and in all, downloads and octets. What is not known is said to be unknown, never 0.',
    )
    .requiredOption('--month <YYYY-MM>', 'the month, UTC', flagOf(parseMonth, MONTH_FORM))
    .option('--csv', 'the field zfa-passwords of the monthly activity report, nothing else')
    .option('--zone <Z>', 'with --csv: only the passwords that open this zone', zoneFlag)
    .addHelpText(
      'after',
      `
Always previous + new + renewed - expired - revoked = total, where "renewed" had expired and came
back. A password counts from its approval to its end, whenever a build noted that; one that was
renewed in time, or replaced, stays one. A download counts in the month in which it became complete.

--csv is a field of the activity report (<tld>-activity-yyyymm.csv; .com agreement, Appendix 4 (c),
field 04): a header line and a row, RFC 4180. Of a month that is not over it is refused.

Examples:
  zonewright zfa report --month 2026-11
  zonewright zfa report --month 2026-11 --json
  zonewright zfa report --month 2026-11 --csv --zone com > zfa-passwords.csv`,
    )
    .action(async (flags: ReportFlags, command: Command) => {
      const options: ReportOptions = {
        ...commonOptions(command),
        month: flags.month,
        csv: flags.csv ?? false,
        zone: flags.zone,
      };
      const run = await loadWork<ReportOptions>('zfa/report/command.js', 'reportCommand');
      finish(await run(options));
    });
}
