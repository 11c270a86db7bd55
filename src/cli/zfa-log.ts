/** `zonewright zfa log`: the flags. */

import type { Command } from 'commander';
import type { LogOptions } from '../zfa/audit/command.js';
import { commonOptions, finish, timeFlag } from './common.js';
import { loadWork } from './lazy.js';

/** Registers the command. */
export function addLogCommand(zfa: Command): void {
  zfa
    .command('log [ID]')
    .summary('the audit log; --check finds what was tampered with')
    .description(
      'Shows the audit log: what happened to holders, every sign-in, refusal and download. With --check it looks whether each line is as it was written and none is missing; exit code 6 if not.',
    )
    .option('--check', 'check the whole log')
    .option('--since <T>', 'lines from this time on', timeFlag)
    .addHelpText(
      'after',
      `
Examples:
  zonewright zfa log acme --since 2026-11-01
  zonewright zfa log --check`,
    )
    .action(
      async (
        holder: string | undefined,
        flags: { check?: true; since?: number },
        command: Command,
      ) => {
        const options: LogOptions = {
          ...commonOptions(command),
          holder,
          since: flags.since,
          check: flags.check ?? false,
        };
        const run = await loadWork<LogOptions>('zfa/audit/command.js', 'logCommand');
        finish(await run(options));
      },
    );
}
