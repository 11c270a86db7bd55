/** placeholder */
import type { Command } from 'commander';

/** Registers the command. */
export function addDoctorCommand(program: Command): void {
  program.command('doctor');
}
