/** The zones and key folders that the flags and the configuration name: what each command begins with. */

import { existsSync } from 'node:fs';
import type { CommonOptions } from '../../cli/common.js';
import type { TokenFlags } from '../../cli/token-flags.js';
import type { Config, Policy, ZoneConfig } from '../../config/model.js';
import { CONFIG_PLACES } from '../../config/places.js';
import type { ServerAddress } from '../../config/server-address.js';
import { usageError } from '../../errors.js';
import { equalBytes, zoneLabel } from '../../names/name.js';
import type { KeyAccess } from '../access.js';
import type { PassphraseSource } from '../passphrase.js';
import { tokenAccess } from '../token-access.js';

/** The flags by which commands name zones and their keys. */
export interface KeysZonesOptions extends CommonOptions {
  /** Wire names; empty: all zones of the configuration. */
  readonly zones: readonly Uint8Array[];
  /** undefined: the configuration's. */
  readonly keyDir: string | undefined;
  /** How tokens are reached; what is not said is as the configuration has it. */
  readonly tokenFlags?: TokenFlags | undefined;
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

/**
 * The zones that the flags and the configuration name.
 *
 * @throws ZonewrightError (exit 2) when neither says which zones and which folder.
 */
export async function targets(options: KeysZonesOptions): Promise<Target[]> {
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
  const { loadConfig } = await import('../../config/config.js');
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
