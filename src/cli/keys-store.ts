/** `zonewright keys encrypt|decrypt|restore|import|export`: the flags. */

import type { Command } from 'commander';
import type {
  KeysRestoreOptions,
  KeysSealOptions,
  KeysTransferOptions,
} from '../keys/store-command.js';
import { commonOptions, countFlag, finish, zoneFlag, zoneListFlag } from './common.js';
import { loadWork } from './lazy.js';
import { addPassphraseFlags, type PassphraseFlags, passphraseOf } from './passphrase.js';

const KEY_DIR = 'folder of the keys (default: key-dir of the configuration)';
const WORK = 'keys/store-command.js';

interface SealFlags extends PassphraseFlags {
  zone?: Uint8Array[];
  keyDir?: string;
}

interface OneZoneFlags extends PassphraseFlags {
  zone: Uint8Array;
  keyDir?: string;
}

/** Registers the commands below `keys`. */
export function addKeyStoreCommands(keys: Command): void {
  addSeal(
    keys,
    'encrypt',
    'encrypt private keys at rest',
    'Encrypts the private keys with a passphrase (PKCS#8: PBKDF2 of SHA-256, 600,000 rounds, AES-256). A plain key is removed only after the encrypted one has been read back and has signed. Times and states stay readable.',
  );
  addSeal(
    keys,
    'decrypt',
    'bring private keys back in plain form',
    'Writes encrypted private keys back in plain form. An encrypted key is removed only after the plain one has been proved.',
  );
  addRestore(keys);
  addImport(keys);
  addExport(keys);
}

function addSeal(
  keys: Command,
  name: 'encrypt' | 'decrypt',
  summary: string,
  description: string,
): void {
  const command = keys
    .command(name)
    .summary(summary)
    .description(description)
    .option('--zone <Z>', 'this zone only; may be given again', zoneListFlag)
    .option('--key-dir <D>', KEY_DIR);
  addPassphraseFlags(command)
    .addHelpText(
      'after',
      `
Examples:
  zonewright keys ${name}
  zonewright keys ${name} --zone com --passphrase-file /run/secrets/zonewright
  zonewright keys ${name} --zone com --key-dir keys --passphrase-fd 3 3< <(secret-tool …)`,
    )
    .action(async (flags: SealFlags, command: Command) => {
      const options: KeysSealOptions = {
        ...commonOptions(command),
        zones: flags.zone ?? [],
        keyDir: flags.keyDir,
        passphrase: passphraseOf(flags),
      };
      const work = name === 'encrypt' ? 'keysEncryptCommand' : 'keysDecryptCommand';
      const run = await loadWork<KeysSealOptions>(WORK, work);
      finish(await run(options));
    });
}

function addRestore(keys: Command): void {
  keys
    .command('restore')
    .summary('bring a removed key back from the trash')
    .description(
      'Brings a key back from the trash folder, where removed keys wait until their signatures have expired. Refused when a key of the zone has the same tag.',
    )
    .requiredOption('--zone <Z>', 'its zone', zoneFlag)
    .requiredOption('--tag <N>', 'its key tag', countFlag(0, 65_535))
    .option('--algorithm <A>', 'its algorithm, if two keys have the tag')
    .option('--key-dir <D>', KEY_DIR)
    .addHelpText(
      'after',
      `
Examples:
  zonewright keys restore --zone com --tag 12345`,
    )
    .action(async (flags: OneZoneFlags & { tag: number; algorithm?: string }, command: Command) => {
      const options: KeysRestoreOptions = {
        ...commonOptions(command),
        zones: [flags.zone],
        keyDir: flags.keyDir,
        tag: flags.tag,
        algorithm: flags.algorithm,
      };
      const run = await loadWork<KeysRestoreOptions>(WORK, 'keysRestoreCommand');
      finish(await run(options));
    });
}

function transferOptions(
  flags: OneZoneFlags,
  folder: string,
  command: Command,
): KeysTransferOptions {
  return {
    ...commonOptions(command),
    zones: [flags.zone],
    keyDir: flags.keyDir,
    folder,
    passphrase: passphraseOf(flags),
  };
}

function addImport(keys: Command): void {
  const command = keys
    .command('import')
    .summary('take key pairs and their states from another folder')
    .description(
      'Copies the BIND key pairs of a zone, with their states, into the key folder, after each has been proved as for signing. Nothing that is there is replaced. With a passphrase, plain keys are encrypted on the way; encrypted ones must have the same passphrase.',
    )
    .requiredOption('--zone <Z>', 'their zone', zoneFlag)
    .requiredOption('--from <DIR>', 'folder with K<zone>.+<algorithm>+<tag>.* files')
    .option('--key-dir <D>', KEY_DIR);
  addPassphraseFlags(command)
    .addHelpText(
      'after',
      `
Examples:
  zonewright keys import --zone com --from /var/cache/bind/keys
  zonewright keys import --zone com --from /mnt/old/keys --key-dir keys`,
    )
    .action(async (flags: OneZoneFlags & { from: string }, command: Command) => {
      const run = await loadWork<KeysTransferOptions>(WORK, 'keysImportCommand');
      finish(await run(transferOptions(flags, flags.from, command)));
    });
}

function addExport(keys: Command): void {
  const command = keys
    .command('export')
    .summary('give key pairs and their states to another folder')
    .description(
      'Copies the key pairs of a zone, with their states, to another folder (made with mode 0700), for BIND or another machine. Nothing that is there is replaced. Encrypted keys stay encrypted.',
    )
    .requiredOption('--zone <Z>', 'their zone', zoneFlag)
    .requiredOption('--to <DIR>', 'folder for the files')
    .option('--key-dir <D>', KEY_DIR);
  addPassphraseFlags(command)
    .addHelpText(
      'after',
      `
Examples:
  zonewright keys export --zone com --to /mnt/backup/keys`,
    )
    .action(async (flags: OneZoneFlags & { to: string }, command: Command) => {
      const run = await loadWork<KeysTransferOptions>(WORK, 'keysExportCommand');
      finish(await run(transferOptions(flags, flags.to, command)));
    });
}
