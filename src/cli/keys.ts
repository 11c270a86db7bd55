/** `zonewright keys …`: the flags. */

import { type Command, Option } from 'commander';
import type { KeysGenerateOptions } from '../keys/commands/generate.js';
import type { KeysZonesOptions } from '../keys/commands/targets.js';
import { commonOptions, finish, zoneListFlag } from './common.js';
import { addKeyLifecycleCommands } from './keys-lifecycle.js';
import { addOfflineCommands } from './keys-offline.js';
import { addKeysParentCommand } from './keys-parent.js';
import { addKeyStoreCommands } from './keys-store.js';
import { loadWork } from './lazy.js';
import { addPassphraseFlags, type PassphraseFlags, passphraseOf } from './passphrase.js';
import { addTokenFlags, type TokenFlags } from './token-flags.js';

interface ListFlags extends TokenFlags {
  zone?: Uint8Array[];
  keyDir?: string;
}

interface GenerateFlags extends ListFlags, PassphraseFlags {
  algorithm?: string;
  role?: 'ksk' | 'zsk' | 'csk';
  keyStorage?: string;
}

/** Registers the command. */
export function addKeysCommand(program: Command): void {
  const keys = program
    .command('keys')
    .summary('signing keys: make, list, roll, encrypt, restore, import, export')
    .description(
      'Signing keys of the zones: BIND key pairs in the key folder. Builds roll them by themselves; "status" says what is going on, what it waits for and what is left for you to do.',
    );

  const generate = keys
    .command('generate')
    .summary('make the keys that the policy lacks')
    .description(
      'Makes the keys that the policy of each zone asks for and the key folder does not have; they are published and sign at once. With nothing lacking it makes none. Without a configuration, name --zone and --key-dir.',
    )
    .option('--zone <Z>', 'this zone only; may be given again', zoneListFlag)
    .option('--key-dir <D>', 'folder of the keys (default: key-dir of the configuration)')
    .option('--algorithm <A>', "mnemonic or number (default: the policy's, or ECDSAP256SHA256)")
    .addOption(
      new Option('--role <R>', 'only this role; csk: one key for both').choices([
        'ksk',
        'zsk',
        'csk',
      ]),
    )
    .option('--key-storage <URI>', 'PKCS#11 URI of the token to make the keys in');
  addTokenFlags(addPassphraseFlags(generate))
    .addHelpText(
      'after',
      `
Examples:
  zonewright keys generate
  zonewright keys generate --zone com --key-dir keys
  zonewright keys generate --zone example --key-dir keys --algorithm ED25519 --role csk
  zonewright keys generate --zone com --key-dir keys --key-storage pkcs11:token=zw \\
    --pkcs11-module /usr/lib/softhsm/libsofthsm2.so --pin-file /etc/zonewright/pin`,
    )
    .action(async (flags: GenerateFlags, command: Command) => {
      const options: KeysGenerateOptions = {
        ...commonOptions(command),
        zones: flags.zone ?? [],
        keyDir: flags.keyDir,
        tokenFlags: flags,
        algorithm: flags.algorithm,
        role: flags.role,
        passphrase: passphraseOf(flags),
        keyStorage: flags.keyStorage,
      };
      const run = await loadWork<KeysGenerateOptions>(
        'keys/commands/generate.js',
        'keysGenerateCommand',
      );
      finish(await run(options));
    });

  const list = keys
    .command('list')
    .summary('each key with its role, states and next event')
    .description('Each key with its role, algorithm, tag, states and next event.')
    .option('--zone <Z>', 'this zone only; may be given again', zoneListFlag)
    .option('--key-dir <D>', 'folder of the keys (default: key-dir of the configuration)');
  addTokenFlags(list)
    .addHelpText(
      'after',
      `
Examples:
  zonewright keys list
  zonewright keys list --zone com --key-dir keys --json
  zonewright keys list --now 2027-01-01T00:00:00Z    as it will be then`,
    )
    .action(async (flags: ListFlags, command: Command) => {
      const options: KeysZonesOptions = {
        ...commonOptions(command),
        zones: flags.zone ?? [],
        keyDir: flags.keyDir,
        tokenFlags: flags,
      };
      const run = await loadWork<KeysZonesOptions>('keys/commands/list.js', 'keysListCommand');
      finish(await run(options));
    });

  addKeyLifecycleCommands(keys);
  addKeysParentCommand(keys);
  addKeyStoreCommands(keys);
  addOfflineCommands(keys);
}
