/** `zonewright doctor`: the flags, and the table of what src/doctor/ found. */

import type { Command } from 'commander';
import { commonOptions, finish } from './common.js';
import { addPassphraseFlags, type PassphraseFlags, passphraseOf } from './passphrase.js';

/** Registers the command. */
export function addDoctorCommand(program: Command): void {
  const doctor = program
    .command('doctor')
    .summary('check configuration, disk, clock, entropy, keys and tools')
    .description(
      'Checks what a build needs: configuration, export, disk space, clock, entropy, keys, tools. Exit 0 when nothing failed, 4 when only keys did, else 2.',
    );
  addPassphraseFlags(doctor)
    .addHelpText(
      'after',
      `
Examples:
  zonewright doctor
  zonewright doctor --config /etc/zonewright/zonewright.toml --json`,
    )
    .action(async (flags: PassphraseFlags, command: Command) => {
      const { doctorCommand } = await import('../doctor/command.js');
      finish(await doctorCommand({ ...commonOptions(command), passphrase: passphraseOf(flags) }));
    });
}
