/** `zonewright verify`: the flags. */

import { type Command, Option } from 'commander';
import { commonOptions, countFlag, finish, zoneFlag } from './common.js';
import { loadWork } from './lazy.js';
import type { VerifyOptions } from './options.js';

interface Flags {
  zone: Uint8Array;
  ds?: string;
  engine: 'openssl' | 'noble';
  maxErrors: number;
  missingGlue: 'fault' | 'warn';
}

/** Registers the command. */
export function addVerifyCommand(program: Command): void {
  program
    .command('verify')
    .summary('validate a signed zone file')
    .description(
      'Validates a signed zone file: signatures, denial chain, glue, order, ZONEMD. Exit 6 on faults.',
    )
    .argument('<FILE>', 'signed zone file (also .gz), or - for standard input')
    .requiredOption('--zone <Z>', 'name of the zone', zoneFlag)
    .option('--ds <FILE>', 'DS or DNSKEY records of the parent, which must lead to a key')
    .addOption(
      new Option('--engine <E>', 'what checks the signatures')
        .choices(['openssl', 'noble'])
        .default('openssl'),
    )
    .option('--max-errors <N>', 'faults to report', countFlag(1), 100)
    .addOption(
      new Option(
        '--missing-glue <M>',
        'what an in-domain name server without an address is, unless its build reported it',
      )
        .choices(['fault', 'warn'])
        .default('fault'),
    )
    .addHelpText(
      'after',
      `
Examples:
  zonewright verify com.signed --zone com
  zonewright verify com.signed --zone com --ds dsset-com. --now 2026-12-01T00:00:00Z
  zcat com.zone.gz | zonewright verify - --zone com --json`,
    )
    .action(async (file: string, flags: Flags, command: Command) => {
      const options: VerifyOptions = {
        ...commonOptions(command),
        file,
        zone: flags.zone,
        ds: flags.ds,
        engine: flags.engine,
        maxErrors: flags.maxErrors,
        missingGlue: flags.missingGlue,
      };
      const run = await loadWork<VerifyOptions>('verify/command.js', 'verifyCommand');
      finish(await run(options));
    });
}
