/** The work of `zonewright keys generate` and `zonewright keys list`. */

import { existsSync } from 'node:fs';
import { relative } from 'node:path';
import type { CommonOptions } from '../cli/common.js';
import { printJson } from '../cli/output.js';
import type { TokenFlags } from '../cli/token-flags.js';
import type { Config, Policy, ZoneConfig } from '../config/config.js';
import { CONFIG_PLACES } from '../config/places.js';
import type { ServerAddress } from '../config/server-address.js';
import { algorithmByName, algorithmRefusal, signingMnemonics } from '../dnssec/algorithms.js';
import { usageError } from '../errors.js';
import { equalBytes, zoneLabel } from '../names/name.js';
import { tableLines } from '../present/table.js';
import type { KeyAccess } from './access.js';
import { generateMissingKeys, type KeyPolicy } from './generate.js';
import { type ListedKey, listHeldKeys, listKeys } from './list.js';
import { storedResponse, withStoredKsks } from './offline/presigned.js';
import { maybePassphrase, type PassphraseSource } from './passphrase.js';
import type { Role } from './statefile.js';
import { type KeyPair, readKeys } from './store.js';
import { checkStorage, tokenAccess } from './token-access.js';

/** `zonewright keys list`. */
export interface KeysListOptions extends CommonOptions {
  /** Wire names; empty: all zones of the configuration. */
  readonly zones: readonly Uint8Array[];
  /** undefined: the configuration's. */
  readonly keyDir: string | undefined;
  /** How tokens are reached; what is not said is as the configuration has it. */
  readonly tokenFlags?: TokenFlags | undefined;
}

/** `zonewright keys generate`. */
export interface KeysGenerateOptions extends KeysListOptions {
  /** Mnemonic or number, as it was given. */
  readonly algorithm: string | undefined;
  readonly role: Role | undefined;
  /** Where the passphrase that encrypts the new keys stands; undefined: as configured. */
  readonly passphrase?: PassphraseSource | undefined;
  /** PKCS#11 URI of a token; undefined: as the policy says. */
  readonly keyStorage: string | undefined;
}

/** A zone to work on; without a configuration it has no policy. */
export interface Target {
  readonly zone: Uint8Array;
  readonly keyDir: string;
  readonly policy: Policy | undefined;
  /** The configuration, and what it says of the zone: undefined where there is none. */
  readonly config?: Config | undefined;
  readonly entry?: ZoneConfig | undefined;
  readonly access: KeyAccess;
  /** Of the configuration, as the next one. */
  readonly stateDir: string | undefined;
  readonly passphrase: PassphraseSource | undefined;
  readonly parentServers: readonly ServerAddress[] | undefined;
}

const DEFAULT_ALGORITHM = 'ECDSAP256SHA256';

/**
 * The zones that the flags and the configuration name.
 *
 * @throws ZonewrightError (exit 2) when neither says which zones and which folder.
 */
export async function targets(options: KeysListOptions): Promise<Target[]> {
  const { zones, keyDir } = options;
  const alone = zones.length > 0 && keyDir !== undefined;
  const there = options.config !== undefined || CONFIG_PLACES.some((place) => existsSync(place));
  if (alone && !there) {
    const none = {
      policy: undefined,
      access: tokenAccess(options.tokenFlags),
      config: undefined,
      stateDir: undefined,
      passphrase: undefined,
      parentServers: undefined,
    };
    return zones.map((zone) => ({ zone, keyDir, ...none }));
  }
  // Reading a configuration takes 30 ms to load: not for those who have none.
  const { loadConfig } = await import('../config/config.js');
  const config = loadConfig(options.config);
  const access = tokenAccess(options.tokenFlags, config.pkcs11);
  const wanted = zones.length > 0 ? zones : config.zones.map(({ name }) => name);
  return wanted.map((zone) => {
    const entry = config.zones.find(({ name }) => equalBytes(name, zone));
    if (entry === undefined && !alone) {
      throw usageError(`the configuration has no zone ${zoneLabel(zone)}`, {
        place: { file: config.file },
        hint: `its zones are ${config.zones.map(({ label }) => label).join(', ')}; for another zone name --key-dir, too`,
      });
    }
    return {
      zone,
      keyDir: keyDir ?? config.keyDir,
      policy: entry?.policy,
      access,
      config,
      entry,
      stateDir: config.stateDir,
      passphrase: config.keys.passphrase,
      parentServers: entry?.parentServers,
    };
  });
}

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
    const { zone, keyDir, access } = target;
    const made = generateMissingKeys(keyDir, zone, policy, options.now, options.role, {
      ...access,
      passphrase,
    });
    if (made.length === 0) {
      options.reporter.info(`${zoneLabel(zone)}: has all the keys it needs in ${keyDir}`);
    }
    const entries = listKeys(made, options.now, target.policy);
    listed.push(...entries.map((entry, i) => ({ ...entry, file: shortPath(made[i]) })));
  }
  if (options.json) return printJson({ keys: listed });
  for (const { file } of listed) process.stdout.write(`${file}\n`);
}

/** Runs `zonewright keys list`. */
export async function keysListCommand(options: KeysListOptions): Promise<void> {
  const listed: ListedKey[] = [];
  const presigned: unknown[] = [];
  for (const { zone, keyDir, policy, access, config, entry } of await targets(options)) {
    const keys = readKeys(keyDir, zone, { ...access, leaveSealed: true });
    if (keys.length === 0) {
      options.reporter.warn(
        `${zoneLabel(zone)} has no keys in ${keyDir}; make them with "zonewright keys generate"`,
      );
    }
    const told = storedResponse(keyDir, zone, keys, options.now);
    if (told?.warning !== undefined) options.reporter.warn(told.warning);
    if (told !== undefined) presigned.push(told.json);
    if (entry === undefined || keyDir !== config?.keyDir || told !== undefined) {
      const known = withStoredKsks(keyDir, zone, keys, options.now);
      listed.push(...listKeys(known, options.now, policy));
    } else {
      const { lookAtKeys } = await import('./commands/context.js');
      const { held } = await lookAtKeys({ ...options, zones: [zone] });
      listed.push(...held.flatMap((one) => listHeldKeys(one, options.now)));
    }
  }
  if (options.json) return printJson({ keys: listed, presigned });
  for (const line of table(listed)) process.stdout.write(`${line}\n`);
}

function shortPath(key: KeyPair): string {
  const path = relative('', key.file);
  return path.startsWith('..') ? key.file : path;
}

const HEAD = ['ZONE', 'ROLE', 'ALGORITHM', 'TAG', 'DNSKEY', 'ZRRSIG', 'KRRSIG', 'DS', 'NEXT'];

function table(keys: readonly ListedKey[]): string[] {
  if (keys.length === 0) return [];
  const rows = keys.map((key) => [
    key.zone,
    key.role,
    key.algorithm,
    String(key.tag),
    key.states.dnskey,
    key.states.zrrsig,
    key.states.krrsig,
    key.states.ds,
    key.nextEvent === null ? '-' : `${key.nextEvent.at} ${key.nextEvent.what}`,
  ]);
  return tableLines([HEAD, ...rows]);
}
