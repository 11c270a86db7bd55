/** `zonewright doctor`: the flags, and the table of what src/config/doctor.ts found. */

import type { Command } from 'commander';
import { commonOptions, finish } from './common.js';

/** Registers the command. */
export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .summary('check configuration, disk, clock, entropy, keys and tools')
    .description(
      'Checks what a build needs: configuration, export, disk space, clock, entropy, keys, tools. Exit 0 when nothing failed, 4 when only keys did, else 2.',
    )
    .addHelpText(
      'after',
      `
Examples:
  zonewright doctor
  zonewright doctor --config /etc/zonewright/zonewright.toml --json`,
    )
    .action(async (_flags: unknown, command: Command) => {
      const { doctorCommand } = await import('../config/doctor.js');
      finish(await doctorCommand(commonOptions(command)));
    });
}
