/** `zonewright sample`: the flags. */

import { type Command, Option } from 'commander';
import { commonOptions, countFlag, zonesFlag } from './common.js';

interface Flags {
  domains: number;
  out: string;
  format: 'rde-csv' | 'master';
  seed: string;
  sound?: true;
  day: number;
  gzip?: true;
  zones: Uint8Array[];
}

/** Registers the command. */
export function addSampleCommand(program: Command): void {
  program
    .command('sample')
    .summary('write a synthetic registry export')
    .description(
      'Writes a synthetic registry export, the same bytes for the same flags, with every awkward case in it: held names, orphan glue of both classes, IPv6, sibling glue, DS, IDN, name servers without address. The same registry can be had as it is some days later: each day about a hundredth of the delegations is deleted, new, or has other name servers or DS.',
    )
    .requiredOption('--domains <N>', 'domains to make, over all zones', countFlag(1, 1e9))
    .requiredOption('--out <DIR>', 'folder for the export; - streams one zone to standard output')
    .addOption(
      new Option('--format <F>', 'format of the export')
        .choices(['rde-csv', 'master'])
        .default('rde-csv'),
    )
    .option('--seed <S>', 'any text; another one gives another registry', '1')
    .option('--day <N>', 'the registry N days later', countFlag(0, 14_600), 0)
    .option('--gzip', 'compress the files')
    .option('--sound', 'leave out name servers that lack their address (a fault to zone checkers)')
    .addOption(
      new Option('--zones <LIST>', 'zones of the registry, with commas between')
        .argParser(zonesFlag)
        .default(zonesFlag('com,net'), 'com,net'),
    )
    .addHelpText(
      'after',
      `
Examples:
  zonewright sample --domains 2000 --out export
  zonewright sample --domains 1000000 --out big --format master --seed 7 --zones com,net
  zonewright sample --domains 2000 --out tomorrow --day 1
  zonewright sample --domains 100000000 --format master --zones com --out - | \\
    zonewright sign - --zone com --key-dir keys --output com.signed --opt-out`,
    )
    .action(async (flags: Flags, command: Command) => {
      const { sampleCommand } = await import('../sample/sample.js');
      const { json, reporter } = commonOptions(command);
      await sampleCommand({ ...flags, json, reporter });
    });
}
