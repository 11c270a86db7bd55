/**
 * The keys of a zone in a build: read, brought on by the engine before anything else happens, and
 * written back when the zone that shows it is published.
 */

import { existsSync } from 'node:fs';
import type { Config, ZoneConfig } from '../config/model.js';
import { isoTime } from '../config/time.js';
import { refusal } from '../errors.js';
import { breakText } from '../keys/engine/explain.js';
import { isPresent } from '../keys/engine/model.js';
import { generateKeyPair } from '../keys/generate.js';
import { HIDDEN_STATE, keyId } from '../keys/lifecycle/key-state.js';
import { holdOffline } from '../keys/lifecycle/offline.js';
import { lookAtParent } from '../keys/lifecycle/parent.js';
import {
  type EngineRun,
  gonePairs,
  holdKeys,
  isBehind,
  type KeyMaker,
  type KeyPlaces,
  type KeyStates,
  runEngine,
  storeKeys,
} from '../keys/lifecycle/zone-keys.js';
import { isOffline, presignedAt } from '../keys/offline/presigned.js';
import { responseFile } from '../keys/offline/store.js';
import type { Passphrase } from '../keys/passphrase.js';
import { isRevokedAt } from '../keys/roles.js';
import { type KeySelection, NO_KEYS, selectKeys } from '../keys/select.js';
import { type KeyPair, readKeys } from '../keys/store.js';
import { purgeTrash, settleStore, signaturesEnd, trashKey } from '../keys/trash.js';
import { checkParent } from '../parent/check.js';
import type { Published } from './published.js';

/** A zone's keys, as they are in the generation that is built. */
export interface BuildKeys {
  readonly run: EngineRun;
  readonly selection: KeySelection;
  /** The TTL of the DS RRset that the parent's servers gave; undefined: they were not asked. */
  readonly dsTtl: number | undefined;
  /** CDS and CDNSKEY ask the parent to take the DS away (RFC 8078 §4). */
  readonly deleteDs: boolean;
}

export interface BuildKeysOptions {
  readonly config: Config;
  readonly published: Published | undefined;
  readonly parentDs: readonly Uint8Array[] | undefined;
  readonly now: number;
  readonly dryRun: boolean;
  /** Opens encrypted private keys, and encrypts new ones. */
  readonly passphrase: Passphrase | undefined;
  readonly warn: (text: string) => void;
  readonly tell: (text: string) => void;
}

/**
 * Brings a zone's keys to their states at `now`.
 *
 * @throws ZonewrightError (exit 4) when the zone has no keys, or one that it was published with is
 *   missing, or they can't make a valid zone.
 */
export async function buildKeys(zone: ZoneConfig, options: BuildKeysOptions): Promise<BuildKeys> {
  const { config, published, parentDs, now, dryRun, passphrase, warn, tell } = options;
  const access = { pkcs11: config.pkcs11, passphrase };
  const { keyStorage } = zone.policy;
  const storage = keyStorage === undefined ? undefined : { uri: keyStorage, access };
  if (!dryRun) settleStore(config.keyDir);
  const pairs = readKeys(config.keyDir, zone.name, access);
  const places: KeyPlaces = {
    zone,
    stateDir: config.stateDir,
    pairs,
    parentDs,
    published: published?.keyStates,
    offline: isOffline(config.keyDir, zone.name, pairs, now),
  };
  for (const { tag, timing, state } of pairs) {
    if (timing.revoke === undefined || isRevokedAt(timing.revoke, state, now)) continue;
    warn(
      `${zone.label}: key ${tag} has the Revoke time ${isoTime(timing.revoke)}, which builds do not follow: say "zonewright keys revoke" then`,
    );
  }
  let held = holdKeys(places, now);
  if (held.pairs.length === 0 && !zone.policy.insecure) {
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
  const presigned = presignedAt(config.keyDir, zone.name, pairs, now);
  if (presigned !== undefined) {
    // The ZSKs go by the times that the KSK's signatures were asked for with.
    if (presigned.warning !== undefined) warn(presigned.warning);
    const selection = selectKeys(pairs, now, presigned);
    return {
      run: { held: holdOffline(held, selection, now), events: [], waits: [], made: [] },
      selection,
      dsTtl: undefined,
      deleteDs: false,
    };
  }
  if (existsSync(responseFile(config.keyDir, zone.name))) {
    warn(
      `${zone.label}: a KSK signs here, so that what it has signed elsewhere (${responseFile(config.keyDir, zone.name)}) is not used, and this build may change the ZSKs' times that it was signed for; remove the file if the KSK stays`,
    );
  }
  let dsTtl: number | undefined;
  if (zone.policy.parentCheck) {
    const observation = await checkParent(zone.name, { servers: zone.parentServers });
    const look = lookAtParent(held, observation, now);
    for (const text of look.told) tell(`${zone.label}: ${text}`);
    for (const text of look.warnings) warn(`${zone.label}: ${text}`);
    held = look.held;
    dsTtl = observation.ttl;
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
      passphrase,
      storage,
    });
  };
  const run = runEngine(held, make, now);
  for (const { what, breaks } of run.events) {
    if (breaks !== undefined) warn(`${zone.label}: emergency: ${what}; ${breakText(breaks)}`);
  }
  for (const { what } of run.events) tell(`${zone.label}: ${what}`);
  const { keys } = run.held.keys;
  const isLetGo = ({ dnskey }: KeyPair): boolean => run.held.note.emergency.includes(keyId(dnskey));
  return {
    run,
    dsTtl,
    selection: hasGoneInsecure(zone, run)
      ? NO_KEYS
      : selectKeys(run.held.pairs, now, undefined, isLetGo),
    deleteDs: zone.policy.insecure && keys.some((key) => key.records.ds?.state === 'unretentive'),
  };
}

/** Is the zone to be insecure, and is nobody left who needs a key of it? */
function hasGoneInsecure({ policy }: ZoneConfig, { held }: EngineRun): boolean {
  const records = ['dnskey', 'krrsig', 'zrrsig', 'ds'] as const;
  return (
    policy.insecure &&
    held.keys.keys.every((key) => !records.some((record) => isPresent(key, record)))
  );
}

/**
 * Writes the keys that a zone was published with: their files, the note, and of keys of which
 * nothing is left the files to the trash.
 *
 * @returns sentences for the log.
 */
export function commitKeys(
  zone: ZoneConfig,
  { run }: BuildKeys,
  states: KeyStates,
  keyDir: string,
  now: number,
): string[] {
  storeKeys(run.held, states.note);
  const told: string[] = [];
  for (const pair of gonePairs(run.held, now)) {
    const { until } = trashKey(pair, now, signaturesEnd(pair, zone.policy.signatureValidity, now));
    told.push(`key ${pair.tag} is in the trash, and can be restored until ${isoTime(until)}`);
  }
  for (const { stem } of purgeTrash(keyDir, now)) told.push(`${stem} was purged from the trash`);
  return told;
}
