/** `zonewright init`: the first configuration, with a word on every key. */

import type { Command } from 'commander';
import { commonOptions } from './common.js';

/** Registers the command. */
export function addInitCommand(program: Command): void {
  program
    .command('init')
    .summary('write a configuration to start from')
    .description(
      'Writes a commented zonewright.toml (com and net) and the folders it names. Nothing that exists is overwritten.',
    )
    .argument('[dir]', 'folder for it', '.')
    .addHelpText(
      'after',
      `
Examples:
  zonewright init
  zonewright init /srv/tld && cd /srv/tld && zonewright doctor`,
    )
    .action(async (dir: string, _flags: unknown, command: Command) => {
      const { initCommand } = await import('../config/init.js');
      initCommand(dir, commonOptions(command));
    });
}
