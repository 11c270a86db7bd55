/** The flags that say where the passphrase of encrypted private keys stands. */

import { type Command, Option } from 'commander';
import type { PassphraseSource } from '../keys/passphrase.js';
import { countFlag } from './common.js';

export interface PassphraseFlags {
  passphraseFile?: string;
  passphraseFd?: number;
}

/** Adds them to a command. */
export function addPassphraseFlags(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--passphrase-file <F>',
        'file with the passphrase of encrypted private keys (default: that of the configuration)',
      ).conflicts('passphraseFd'),
    )
    .addOption(
      new Option(
        '--passphrase-fd <N>',
        'open file descriptor to read the passphrase from',
      ).argParser(countFlag(0, 65_535)),
    );
}

/** What the flags say; undefined without them. */
export function passphraseOf(flags: PassphraseFlags): PassphraseSource | undefined {
  if (flags.passphraseFile !== undefined) return { file: flags.passphraseFile };
  return flags.passphraseFd === undefined ? undefined : { fd: flags.passphraseFd };
}
