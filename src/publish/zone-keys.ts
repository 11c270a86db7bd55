/**
 * The keys of a zone in a build: read, brought on by the engine before anything else happens, and
 * written back when the zone that shows it is published.
 */

import type { Config, ZoneConfig } from '../config/config.js';
import { refusal } from '../errors.js';
import { breakText } from '../keys/engine/explain.js';
import { generateKeyPair } from '../keys/generate.js';
import { HIDDEN_STATE } from '../keys/lifecycle/key-state.js';
import {
  type EngineRun,
  holdKeys,
  isBehind,
  type KeyMaker,
  type KeyPlaces,
  runEngine,
  storeKeys,
} from '../keys/lifecycle/zone-keys.js';
import { type KeySelection, selectKeys } from '../keys/select.js';
import { readKeys } from '../keys/store.js';
import type { Published } from './published.js';

/** A zone's keys, as they are in the generation that is built. */
export interface BuildKeys {
  readonly run: EngineRun;
  readonly selection: KeySelection;
  /** CDS and CDNSKEY ask the parent to take the DS away (RFC 8078 §4). */
  readonly deleteDs: boolean;
}

export interface BuildKeysOptions {
  readonly config: Config;
  readonly published: Published | undefined;
  readonly parentDs: readonly Uint8Array[] | undefined;
  readonly now: number;
  readonly dryRun: boolean;
  readonly warn: (text: string) => void;
}

/**
 * Brings a zone's keys to their states at `now`.
 *
 * @throws ZonewrightError (exit 4) when the zone has no keys, or one that it was published with is
 *   missing, or they can't make a valid zone.
 */
export function buildKeys(zone: ZoneConfig, options: BuildKeysOptions): BuildKeys {
  const { config, published, parentDs, now, dryRun, warn } = options;
  const places: KeyPlaces = {
    zone,
    stateDir: config.stateDir,
    pairs: readKeys(config.keyDir, zone.name),
    parentDs,
    published: published?.keyStates,
  };
  const held = holdKeys(places, now);
  if (held.pairs.length === 0) {
    throw refusal(`${zone.label} has no keys in ${config.keyDir}`, {
      hint: 'make them with "zonewright keys generate"; a build makes only the successors of keys that are there',
    });
  }
  if (isBehind(places) && !dryRun) {
    warn(
      `${zone.label}: the key files are brought to what was published before the last run ended`,
    );
    storeKeys(held, held.note);
  }
  const make: KeyMaker = ({ role, algorithm, replaces }) => {
    if (dryRun) {
      warn(
        `${zone.label}: a build would make a new ${role.toUpperCase()} now; a dry run makes none`,
      );
      return undefined;
    }
    const predecessor = held.keys.keys.find(({ id }) => id === replaces)?.tag;
    return generateKeyPair(config.keyDir, {
      zone: zone.name,
      algorithm,
      role,
      timing: { created: now },
      ttl: zone.policy.dnskeyTtl,
      state: { ...HIDDEN_STATE[role], predecessor },
    });
  };
  const run = runEngine(held, make, now);
  for (const { what, breaks } of run.events) {
    if (breaks !== undefined) warn(`${zone.label}: emergency: ${what}; ${breakText(breaks)}`);
  }
  const { keys } = run.held.keys;
  return {
    run,
    selection: selectKeys(run.held.pairs, now),
    deleteDs: zone.policy.insecure && keys.some((key) => key.records.ds?.state === 'unretentive'),
  };
}
