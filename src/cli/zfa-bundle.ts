/** `zonewright zfa bundle`: the flags. */

import type { Command } from 'commander';
import { usageError } from '../errors.js';
import type { BundleOptions } from '../zfa/bundles/command.js';
import { commonOptions, finish, flagOf } from './common.js';
import { loadWork } from './lazy.js';

interface Flags {
  date?: string;
  holder?: string;
  output?: string;
  age?: true;
}

/** YYYYMMDD, also given as YYYY-MM-DD. */
const dateFlag = flagOf((text) => {
  const parts = /^(\d{4})(-?)(\d\d)\2(\d\d)$/.exec(text);
  if (parts === null) return undefined;
  const iso = `${parts[1]}-${parts[3]}-${parts[4]}`;
  const time = new Date(`${iso}T00:00:00Z`);
  // What the calendar doesn't have becomes another day, or none.
  const lawful = !Number.isNaN(time.getTime()) && time.toISOString().startsWith(iso);
  return lawful ? iso.replaceAll('-', '') : undefined;
}, 'a date such as 20261122 or 2026-11-22');

/** Registers the command below `zfa`. */
export function addBundleCommand(zfa: Command): void {
  zfa
    .command('bundle')
    .summary("make a day's bundles, or write one as a file")
    .description(
      "Makes the bundles of a day for all active holders, as the nightly build does: a tar file each, of which only the holder's own parts are stored. With --holder and --output it writes a single one.",
    )
    .option(
      '--date <D>',
      'the day, from what was published when it ended (default: today)',
      dateFlag,
    )
    .option('--holder <ID>', 'this holder only; with --output')
    .option('--output <FILE>', 'where to write the tar file, - for standard output; with --holder')
    .option('--age', "encrypted with the holder's age key; with --holder")
    .addHelpText(
      'after',
      `
Examples:
  zonewright zfa bundle
  zonewright zfa bundle --date 20261121 --json
  zonewright zfa bundle --holder acme --output zfa-acme-20261122.tar
  zonewright zfa bundle --holder acme --age --output - | ssh mirror 'cat > today.tar.age'`,
    )
    .action(async (flags: Flags, command: Command) => {
      const { holder, output, date, age = false } = flags;
      if ((holder === undefined) !== (output === undefined)) {
        throw usageError('--holder ID and --output FILE go together', {
          hint: "without both, all active holders' bundles are made",
        });
      }
      if (age && holder === undefined) {
        throw usageError('--age needs --holder ID and --output FILE', {
          hint: 'holders with an age key can always get their bundles encrypted from the service',
        });
      }
      const options: BundleOptions = {
        ...commonOptions(command),
        date,
        single: holder === undefined || output === undefined ? undefined : { holder, output },
        age,
      };
      const run = await loadWork<BundleOptions>('zfa/bundles/command.js', 'bundleCommand');
      finish(await run(options));
    });
}
