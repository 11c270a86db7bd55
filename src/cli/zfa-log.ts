/** `zonewright zfa`: log. */

import type { Command } from 'commander';

/** Registers the commands below `zfa`. */
export function addLogCommand(_zfa: Command): void {}
