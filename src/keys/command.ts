/** The work of `zonewright keys generate` and `zonewright keys list`. */

import { existsSync } from 'node:fs';
import { relative } from 'node:path';
import type { CommonOptions } from '../cli/common.js';
import { printJson } from '../cli/output.js';
import type { Config, Policy } from '../config/config.js';
import { CONFIG_PLACES } from '../config/places.js';
import { algorithmByName, algorithmRefusal, signingMnemonics } from '../dnssec/algorithms.js';
import { usageError } from '../errors.js';
import { equalBytes, zoneLabel } from '../names/name.js';
import { generateMissingKeys, type KeyPolicy } from './generate.js';
import { type ListedKey, listHeldKeys, listKeys } from './list.js';
import type { Role } from './statefile.js';
import { type KeyPair, readKeys } from './store.js';

/** `zonewright keys list`. */
export interface KeysListOptions extends CommonOptions {
  /** Wire names; empty: all zones of the configuration. */
  readonly zones: readonly Uint8Array[];
  /** undefined: the configuration's. */
  readonly keyDir: string | undefined;
}

/** `zonewright keys generate`. */
export interface KeysGenerateOptions extends KeysListOptions {
  /** Mnemonic or number, as it was given. */
  readonly algorithm: string | undefined;
  readonly role: Role | undefined;
}

/** A zone to work on; without a configuration it has no policy. */
interface Target {
  readonly zone: Uint8Array;
  readonly keyDir: string;
  readonly policy: Policy | undefined;
  /** The configuration that has the zone. */
  readonly config: Config | undefined;
}

const DEFAULT_ALGORITHM = 'ECDSAP256SHA256';

/**
 * The zones that the flags and the configuration name.
 *
 * @throws ZonewrightError (exit 2) when neither says which zones and which folder.
 */
async function targets(options: KeysListOptions): Promise<Target[]> {
  const { zones, keyDir } = options;
  const alone = zones.length > 0 && keyDir !== undefined;
  const there = options.config !== undefined || CONFIG_PLACES.some((place) => existsSync(place));
  if (alone && !there)
    return zones.map((zone) => ({ zone, keyDir, policy: undefined, config: undefined }));
  // Reading a configuration takes 30 ms to load: not for those who have none.
  const { loadConfig } = await import('../config/config.js');
  const config = loadConfig(options.config);
  const wanted = zones.length > 0 ? zones : config.zones.map(({ name }) => name);
  return wanted.map((zone) => {
    const entry = config.zones.find(({ name }) => equalBytes(name, zone));
    if (entry === undefined && !alone) {
      throw usageError(`the configuration has no zone ${zoneLabel(zone)}`, {
        place: { file: config.file },
        hint: `its zones are ${config.zones.map(({ label }) => label).join(', ')}; for another zone name --key-dir, too`,
      });
    }
    const own = entry === undefined ? undefined : config;
    return { zone, keyDir: keyDir ?? config.keyDir, policy: entry?.policy, config: own };
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
  if (options.algorithm === undefined && policy !== undefined) return policy;
  const text = options.algorithm ?? DEFAULT_ALGORITHM;
  const algorithm = algorithmByName(text);
  if (algorithm === undefined) {
    throw usageError(`--algorithm ${JSON.stringify(text)} is not known`, {
      hint: `say one of ${signingMnemonics()}`,
    });
  }
  if (!algorithm.signs) throw algorithmRefusal(algorithm.number);
  return { algorithms: [algorithm.number], csk, dnskeyTtl: policy?.dnskeyTtl };
}

/** Runs `zonewright keys generate`. */
export async function keysGenerateCommand(options: KeysGenerateOptions): Promise<void> {
  // All flags are checked before the first key is made.
  const plan = (await targets(options)).map((target) => ({
    target,
    policy: keyPolicy(target, options),
  }));
  const listed: (ListedKey & { file: string })[] = [];
  for (const { target, policy } of plan) {
    const { zone, keyDir } = target;
    const made = generateMissingKeys(keyDir, zone, policy, options.now, options.role);
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
  for (const { zone, keyDir, policy, config } of await targets(options)) {
    const keys = readKeys(keyDir, zone);
    if (keys.length === 0) {
      options.reporter.warn(
        `${zoneLabel(zone)} has no keys in ${keyDir}; make them with "zonewright keys generate"`,
      );
    }
    if (config === undefined || keyDir !== config.keyDir) {
      listed.push(...listKeys(keys, options.now, policy));
    } else {
      const { lookAtKeys } = await import('./commands/context.js');
      const { held } = await lookAtKeys({ ...options, zones: [zone] });
      listed.push(...held.flatMap((one) => listHeldKeys(one, options.now)));
    }
  }
  if (options.json) return printJson({ keys: listed });
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
  const all = [HEAD, ...rows];
  const widths = HEAD.map((_, column) => Math.max(...all.map((row) => row[column].length)));
  return all.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]))
      .join('  ')
      .trimEnd(),
  );
}
