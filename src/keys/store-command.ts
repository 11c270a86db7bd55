/** The work of `zonewright keys encrypt`, `decrypt`, `restore`, `import` and `export`. */

import { printJson } from '../cli/output.js';
import { algorithmByName, algorithmName } from '../dnssec/algorithms.js';
import { usageError } from '../errors.js';
import { zoneLabel } from '../names/name.js';
import { underLock } from './commands/locked.js';
import { type KeysZonesOptions, type Target, targets } from './commands/targets.js';
import { maybePassphrase, type Passphrase, type PassphraseSource } from './passphrase.js';
import { sealKey, unsealKey } from './seal.js';
import { type KeyPair, readKeys } from './store.js';
import { copyKeys, type Transfer } from './transfer.js';
import { restoreKey, settleStore } from './trash.js';

/** `zonewright keys encrypt` and `decrypt`. */
export interface KeysSealOptions extends KeysZonesOptions {
  /** undefined: the configuration's. */
  readonly passphrase: PassphraseSource | undefined;
}

/** `zonewright keys restore`; one zone. */
export interface KeysRestoreOptions extends KeysZonesOptions {
  readonly tag: number;
  /** Mnemonic or number; undefined: any. */
  readonly algorithm: string | undefined;
}

/** `zonewright keys import` and `export`; one zone. */
export interface KeysTransferOptions extends KeysSealOptions {
  /** The other folder. */
  readonly folder: string;
}

/** Does work under the lock of the state folder, where a configuration names one. */
async function locked<T>(
  options: KeysZonesOptions,
  command: string,
  work: (targets: readonly Target[]) => T,
): Promise<T> {
  const zones = await targets(options);
  return underLock(zones[0]?.stateDir, command, () => work(zones));
}

function neededPassphrase(options: KeysSealOptions, zones: readonly Target[]): Passphrase {
  const passphrase = maybePassphrase(options.passphrase ?? zones[0]?.passphrase);
  if (passphrase !== undefined) return passphrase;
  throw usageError('no passphrase was named', {
    hint: 'name the file that holds it with --passphrase-file, or in the configuration: [keys] passphrase = { file = "…" }',
  });
}

interface Changed {
  readonly zone: string;
  readonly tag: number;
  readonly algorithm: string;
  readonly encrypted: boolean;
  /** false: it was so before. */
  readonly changed: boolean;
}

/** Runs `zonewright keys encrypt`. */
export function keysEncryptCommand(options: KeysSealOptions): Promise<void> {
  return changeAll(options, 'encrypt', sealKey);
}

/** Runs `zonewright keys decrypt`. */
export function keysDecryptCommand(options: KeysSealOptions): Promise<void> {
  return changeAll(options, 'decrypt', unsealKey);
}

/** All keys are opened and proved before the first one is changed. */
async function changeAll(
  options: KeysSealOptions,
  name: 'encrypt' | 'decrypt',
  change: (key: KeyPair, passphrase: Passphrase) => boolean,
): Promise<void> {
  const keys = await locked(options, `keys ${name}`, (zones) => {
    const passphrase = neededPassphrase(options, zones);
    for (const { keyDir } of zones) settleStore(keyDir);
    const all = zones.flatMap(({ keyDir, zone, access }) =>
      readKeys(keyDir, zone, { ...access, passphrase }),
    );
    return all
      .filter((key) => key.secret !== undefined)
      .map((key): Changed => {
        const { zone, tag, algorithm } = key;
        const changed = change(key, passphrase);
        const encrypted = name === 'encrypt';
        const label = zoneLabel(zone);
        return { zone: label, tag, algorithm: algorithmName(algorithm), encrypted, changed };
      });
  });
  if (options.json) return printJson({ keys });
  for (const { zone, tag, algorithm, changed } of keys) {
    const now = name === 'encrypt' ? 'encrypted' : 'plain';
    process.stdout.write(
      `${zone} ${tag} ${algorithm}: ${changed ? `is ${now} now` : `was ${now} already`}\n`,
    );
  }
  if (keys.length === 0) options.reporter.warn('there is no private key here');
}

/** Runs `zonewright keys restore`. */
export async function keysRestoreCommand(options: KeysRestoreOptions): Promise<void> {
  const algorithm =
    options.algorithm === undefined ? undefined : algorithmByName(options.algorithm);
  if (algorithm === undefined && options.algorithm !== undefined) {
    throw usageError(`--algorithm ${JSON.stringify(options.algorithm)} is not known`, {
      hint: 'say the mnemonic or number that the file name has, e.g. 13',
    });
  }
  const file = await locked(options, 'keys restore', ([{ keyDir, zone }]) =>
    restoreKey(keyDir, zone, options.tag, algorithm?.number),
  );
  if (options.json) printJson({ file });
  else process.stdout.write(`${file}\n`);
}

/** Runs `zonewright keys import`. */
export async function keysImportCommand(options: KeysTransferOptions): Promise<void> {
  const done = await locked(options, 'keys import', ([target]) => {
    const passphrase = maybePassphrase(options.passphrase ?? target.passphrase);
    const { pkcs11 } = target.access;
    const how = { now: options.now, pkcs11, passphrase, seal: passphrase !== undefined };
    return copyKeys(options.folder, target.keyDir, target.zone, how);
  });
  tell(options, done);
}

/** Runs `zonewright keys export`. */
export async function keysExportCommand(options: KeysTransferOptions): Promise<void> {
  const done = await locked(options, 'keys export', ([target]) => {
    const passphrase = maybePassphrase(options.passphrase ?? target.passphrase);
    const { pkcs11 } = target.access;
    const how = { now: options.now, pkcs11, passphrase, seal: false };
    return copyKeys(target.keyDir, options.folder, target.zone, how);
  });
  tell(options, done);
}

function tell(options: KeysTransferOptions, { copied, there }: Transfer): void {
  if (options.json) {
    printJson({ copied, there });
    return;
  }
  for (const file of copied) process.stdout.write(`${file}\n`);
  for (const file of there) options.reporter.info(`${file} was there already`);
}
