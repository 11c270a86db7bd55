/** `zonewright zfa`: holders. */

import type { Command } from 'commander';

/** Registers the commands below `zfa`. */
export function addHolderCommands(_zfa: Command): void {}
