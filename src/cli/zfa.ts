/** `zonewright zfa …`: zone file access: holders, their bundles, the download service. */

import type { Command } from 'commander';
import { addBundleCommand } from './zfa-bundle.js';
import { addHolderCommands } from './zfa-holders.js';
import { addLogCommand } from './zfa-log.js';
import { addReportCommand } from './zfa-report.js';
import { addServeCommand } from './zfa-serve.js';

/** Registers the group. */
export function addZfaCommand(program: Command): void {
  const zfa = program
    .command('zfa')
    .summary('zone file access: holders, bundles, the download service')
    .description(
      'Zone file access: who may download the zones, a bundle a day for each of them, and the service that they download from.',
    );
  addHolderCommands(zfa);
  addBundleCommand(zfa);
  addServeCommand(zfa);
  addLogCommand(zfa);
  addReportCommand(zfa);
}
