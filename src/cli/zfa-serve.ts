/** `zonewright zfa`: serve. */

import type { Command } from 'commander';

/** Registers the commands below `zfa`. */
export function addServeCommand(_zfa: Command): void {}
