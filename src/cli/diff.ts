/** `zonewright diff`: the flags. */

import type { Command } from 'commander';
import { commonOptions, finish, zoneFlag } from './common.js';
import { loadWork } from './lazy.js';
import type { DiffOptions } from './options.js';

interface Flags {
  zone?: Uint8Array;
}

/** Registers the command. */
export function addDiffCommand(program: Command): void {
  program
    .command('diff')
    .summary('names added, removed and changed between two zones')
    .description(
      'Names added (+), removed (-) and changed (~) between two zone files or generations. A delegation and its glue count as one name; what a signer makes, and the serial, are left out.',
    )
    .argument('<OLD>', 'zone file (also .gz) or folder of a generation')
    .argument('<NEW>', 'zone file (also .gz) or folder of a generation')
    .option('--zone <Z>', "name of the zone (default: the owner of the files' SOA)", zoneFlag)
    .addHelpText(
      'after',
      `
Examples:
  zonewright diff com-yesterday.zone.gz com.zone.gz
  zonewright diff out/com/20261121T000000Z-1795219200 out/com/current --json`,
    )
    .action(async (older: string, newer: string, flags: Flags, command: Command) => {
      const options: DiffOptions = {
        ...commonOptions(command),
        old: older,
        new: newer,
        zone: flags.zone,
      };
      const run = await loadWork<DiffOptions>('diff/command.js', 'diffCommand');
      finish(await run(options));
    });
}
