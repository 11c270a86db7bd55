/** `zonewright keys parent`: the flags. */

import type { Command } from 'commander';
import type { KeysParentOptions } from '../parent/command.js';
import { commonOptions, finish, zoneFlag } from './common.js';
import { loadWork } from './lazy.js';

interface ParentFlags {
  zone: Uint8Array;
  keyDir?: string;
}

/** Registers the command below `keys`. */
export function addKeysParentCommand(keys: Command): void {
  keys
    .command('parent')
    .summary("ask the parent's name servers for the DS of each key")
    .description(
      'Asks every name server of the parent zone, over UDP and TCP, for the DS records of the zone, and says of each KSK or CSK whether its DS is seen (all servers have it), gone (all answer, none has it) or unclear. Changes nothing. The servers are parent-servers of the zone in the configuration, or found by the resolver of the system.',
    )
    .requiredOption('--zone <Z>', 'the zone', zoneFlag)
    .option('--key-dir <D>', 'folder of the keys (default: key-dir of the configuration)')
    .addHelpText(
      'after',
      `
Examples:
  zonewright keys parent --zone com
  zonewright keys parent --zone example --key-dir keys --json`,
    )
    .action(async (flags: ParentFlags, command: Command) => {
      const options: KeysParentOptions = {
        ...commonOptions(command),
        zones: [flags.zone],
        keyDir: flags.keyDir,
      };
      const run = await loadWork<KeysParentOptions>('parent/command.js', 'keysParentCommand');
      finish(await run(options));
    });
}
