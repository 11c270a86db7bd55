/** `zonewright zfa`: report. */

import type { Command } from 'commander';

/** Registers the commands below `zfa`. */
export function addReportCommand(_zfa: Command): void {}
