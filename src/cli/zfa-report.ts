/** `zonewright zfa report`: the flags of the monthly figures. */

import type { Command } from 'commander';
import type { ReportOptions } from '../zfa/report/command.js';
import { MONTH_FORM, type Month, parseMonth } from '../zfa/report/month.js';
import { commonOptions, finish, flagOf } from './common.js';
import { loadWork } from './lazy.js';

/** Registers the command. */
export function addReportCommand(zfa: Command): void {
  zfa
    .command('report')
    .summary('monthly figures: passwords, downloads')
    .description(
      'Monthly figures of zone file access: passwords at the end of the month before, new, expired, revoked and in all, downloads and octets. What is not known is said to be unknown, never 0.',
    )
    .requiredOption('--month <YYYY-MM>', 'the month', flagOf(parseMonth, MONTH_FORM))
    .option('--csv', 'the field zfa-passwords of the monthly activity report, nothing else')
    .addHelpText(
      'after',
      `
Examples:
  zonewright zfa report --month 2026-11
  zonewright zfa report --month 2026-11 --json
  zonewright zfa report --month 2026-11 --csv > zfa-passwords.csv`,
    )
    .action(async (flags: { month: Month; csv?: true }, command: Command) => {
      const options: ReportOptions = {
        ...commonOptions(command),
        month: flags.month,
        csv: flags.csv ?? false,
      };
      const run = await loadWork<ReportOptions>('zfa/report/command.js', 'reportCommand');
      finish(await run(options));
    });
}
