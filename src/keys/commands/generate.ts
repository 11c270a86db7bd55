/** The work of `zonewright keys generate`. */

import { relative } from 'node:path';
import { printJson } from '../../cli/output.js';
import { algorithmByName, algorithmRefusal, signingMnemonics } from '../../dnssec/algorithms.js';
import { usageError } from '../../errors.js';
import { zoneLabel } from '../../names/name.js';
import { generateMissingKeys, type KeyPolicy, makeKeyFolder } from '../generate.js';
import { type ListedKey, listKeys } from '../list.js';
import { maybePassphrase, type PassphraseSource } from '../passphrase.js';
import type { Role } from '../statefile.js';
import type { KeyPair } from '../store.js';
import { checkStorage } from '../token-access.js';
import { underLock } from './locked.js';
import { type KeysZonesOptions, type Target, targets } from './targets.js';

/** `zonewright keys generate`. */
export interface KeysGenerateOptions extends KeysZonesOptions {
  /** Mnemonic or number, as it was given. */
  readonly algorithm: string | undefined;
  readonly role: Role | undefined;
  /** Where the passphrase that encrypts the new keys stands; undefined: as configured. */
  readonly passphrase?: PassphraseSource | undefined;
  /** PKCS#11 URI of a token; undefined: as the policy says. */
  readonly keyStorage: string | undefined;
}

const DEFAULT_ALGORITHM = 'ECDSAP256SHA256';

/**
 * The policy that keys are made by: the configuration's, with what the flags say instead.
 *
 * @throws ZonewrightError: exit 2 for flags that make no sense, exit 4 for SHA-1 algorithms.
 */
function keyPolicy(target: Target, options: KeysGenerateOptions): KeyPolicy {
  const { policy } = target;
  const csk = policy?.csk ?? options.role === 'csk';
  if (options.role !== undefined && (options.role === 'csk') !== csk) {
    throw usageError(
      `the policy "${policy?.name}" of ${zoneLabel(target.zone)} has ${csk ? 'a CSK, no KSK and ZSK' : 'a KSK and a ZSK, no CSK'}`,
      { hint: `leave --role out, or set csk = ${!csk} in the policy before the zone has keys` },
    );
  }
  const keyStorage = options.keyStorage ?? policy?.keyStorage;
  if (options.algorithm === undefined && policy !== undefined) return { ...policy, keyStorage };
  const text = options.algorithm ?? DEFAULT_ALGORITHM;
  const algorithm = algorithmByName(text);
  if (algorithm === undefined) {
    throw usageError(`--algorithm ${JSON.stringify(text)} is not known`, {
      hint: `say one of ${signingMnemonics()}`,
    });
  }
  if (!algorithm.signs) throw algorithmRefusal(algorithm.number);
  return { algorithms: [algorithm.number], csk, dnskeyTtl: policy?.dnskeyTtl, keyStorage };
}

/** Runs `zonewright keys generate`. */
export async function keysGenerateCommand(options: KeysGenerateOptions): Promise<void> {
  // All flags are checked before the first key is made.
  if (options.keyStorage !== undefined) checkStorage(options.keyStorage);
  const plan = (await targets(options)).map((target) => ({
    target,
    policy: keyPolicy(target, options),
  }));
  const passphrase = maybePassphrase(options.passphrase ?? plan[0]?.target.passphrase);
  const listed: (ListedKey & { file: string })[] = [];
  for (const { target, policy } of plan) {
    const { zone, keyDir, access, stateDir } = target;
    // Two runs at once would each make what is lacking; without a configuration, too.
    makeKeyFolder(keyDir);
    const made = await underLock(stateDir ?? keyDir, 'keys generate', () =>
      generateMissingKeys(keyDir, zone, policy, options.now, options.role, {
        ...access,
        passphrase,
      }),
    );
    if (made.length === 0) {
      options.reporter.info(`${zoneLabel(zone)}: has all the keys it needs in ${keyDir}`);
    }
    const entries = listKeys(made, options.now, target.policy);
    listed.push(...entries.map((entry, i) => ({ ...entry, file: shortPath(made[i]) })));
  }
  if (options.json) return printJson({ keys: listed });
  for (const { file } of listed) process.stdout.write(`${file}\n`);
}

function shortPath(key: KeyPair): string {
  const path = relative('', key.file);
  return path.startsWith('..') ? key.file : path;
}
