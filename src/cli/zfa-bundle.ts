/** `zonewright zfa`: bundle. */

import type { Command } from 'commander';

/** Registers the commands below `zfa`. */
export function addBundleCommand(_zfa: Command): void {}
