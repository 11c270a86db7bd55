/** placeholder */
import type { Command } from 'commander';

/** Registers the command. */
export function addInitCommand(program: Command): void {
  program.command('init');
}
