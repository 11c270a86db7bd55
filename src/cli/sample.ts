/** `zonewright sample`: the flags. */

import { type Command, Option } from 'commander';
import { nameFromText } from '../names/name.js';
import { commonOptions, countFlag, finish, zonesFlag } from './common.js';
import { loadWork } from './lazy.js';
import type { SampleFormat, SampleOptions } from './options.js';

interface Flags {
  domains: number;
  out: string;
  format: SampleFormat;
  seed: number;
  zones: Uint8Array[];
}

/** Registers the command. */
export function addSampleCommand(program: Command): void {
  program
    .command('sample')
    .summary('write a synthetic registry export')
    .description(
      'Writes a synthetic registry export, the same bytes for the same flags, with every awkward case in it: held names, orphan glue of both classes, IPv6, sibling glue, DS, IDN, name servers without address.',
    )
    .requiredOption('--domains <N>', 'domains to make, over all zones', countFlag(1, 1e9))
    .requiredOption('--out <DIR>', 'folder for the export')
    .addOption(
      new Option('--format <F>', 'format of the export')
        .choices(['rde-csv', 'rde-xml', 'whois-bulk', 'master'])
        .default('rde-csv'),
    )
    .option('--seed <S>', 'another number gives another registry', countFlag(0, 2 ** 32 - 1), 1)
    .addOption(
      new Option('--zones <LIST>', 'zones of the registry, with commas between')
        .argParser(zonesFlag)
        .default([nameFromText('com'), nameFromText('net')], 'com,net'),
    )
    .addHelpText(
      'after',
      `
Examples:
  zonewright sample --domains 2000 --out export
  zonewright sample --domains 1000000 --out big --format rde-xml --seed 7 --zones com,net`,
    )
    .action(async (flags: Flags, command: Command) => {
      const options: SampleOptions = { ...commonOptions(command), ...flags };
      const run = await loadWork<SampleOptions>('sample/sample.js', 'sampleCommand');
      finish(await run(options));
    });
}
