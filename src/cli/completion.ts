/** placeholder */
import type { Command } from 'commander';

/** Registers the command. */
export function addCompletionCommand(program: Command): void {
  program.command('completion');
}
