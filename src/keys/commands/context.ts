/**
 * What the commands about key states share: the zones that they are about, with their keys in
 * hand, and the one way of changing them: under the lock, checked, written, noted in the audit log.
 */

import { join } from 'node:path';
import type { CommonOptions } from '../../cli/common.js';
import { loadConfig, selectZones } from '../../config/config.js';
import type { Config, ZoneConfig } from '../../config/model.js';
import { isoTime } from '../../config/time.js';
import { refusal } from '../../errors.js';
import { acquireLock } from '../../publish/lock.js';
import { publishedOf } from '../../publish/published.js';
import { assertAuditable, audit } from '../../publish/state.js';
import { readDsFile } from '../../verify/trust.js';
import { breakText } from '../engine/explain.js';
import type { ZoneKeys } from '../engine/model.js';
import type { Answer, Granted } from '../engine/requests.js';
import type { Breakage } from '../engine/rules.js';
import {
  type HeldKeys,
  holdKeys,
  isBehind,
  type KeyPlaces,
  storeKeys,
  withKeys,
} from '../lifecycle/zone-keys.js';
import { isOffline, presignedAt } from '../offline/presigned.js';
import { type KeyPair, readKeys } from '../store.js';

/** A command that is about one zone. */
export interface ZoneOptions extends CommonOptions {
  /** Wire name. */
  readonly zone: Uint8Array;
}

/** A command that is about some zones. */
export interface ZonesOptions extends CommonOptions {
  /** Wire names; empty: all zones of the configuration. */
  readonly zones: readonly Uint8Array[];
}

async function placesOf(config: Config, zone: ZoneConfig, now: number): Promise<KeyPlaces> {
  const { parentDs } = zone;
  const pairs = readKeys(config.keyDir, zone.name, { leaveSealed: true });
  return {
    zone,
    stateDir: config.stateDir,
    pairs,
    offline: isOffline(config.keyDir, zone.name, pairs, now),
    parentDs: typeof parentDs === 'string' ? await readDsFile(parentDs, zone.name) : parentDs,
    published: publishedOf(join(config.outputDir, zone.label), zone.label)?.keyStates,
  };
}

/** The zones of a command with their keys, to be looked at only. */
export async function lookAtKeys(
  options: ZonesOptions,
): Promise<{ readonly config: Config; readonly held: readonly HeldKeys[] }> {
  const config = loadConfig(options.config);
  const held: HeldKeys[] = [];
  for (const zone of selectZones(config, options.zones)) {
    held.push(holdKeys(await placesOf(config, zone, options.now), options.now));
  }
  return { config, held };
}

/** What a command asks for, and what it says when that is granted. */
export interface Change {
  /** `keys roll`; for the lock and the audit log. */
  readonly command: string;
  readonly request: (held: HeldKeys) => Answer;
  /** Further fields for the audit log. */
  readonly note?: Readonly<Record<string, unknown>>;
  /** Only tell what would be done. */
  readonly dryRun?: boolean | undefined;
  /** Builds carry it out: not while the KSK signs on another machine. */
  readonly byBuilds?: boolean | undefined;
}

/** A change that was made. */
export interface Changed extends Granted {
  readonly held: HeldKeys;
}

/**
 * Changes the key states of a zone.
 *
 * @throws ZonewrightError: exit 4 when the change would break validation, with the earliest lawful
 *   time; exit 5 when another run holds the lock.
 */
export async function changeKeys(options: ZoneOptions, change: Change): Promise<Changed> {
  const config = loadConfig(options.config);
  const [zone] = selectZones(config, [options.zone]);
  const { stateDir } = config;
  const lock = acquireLock(stateDir, change.command);
  try {
    assertAuditable(stateDir);
    const places = await placesOf(config, zone, options.now);
    if (change.byBuilds === true) refuseOffline(config, zone, places.pairs, options.now);
    let held = holdKeys(places, options.now);
    if (isBehind(places) && change.dryRun !== true) {
      storeKeys(held, held.note);
      held = { ...held, note: held.note };
    }
    const answer = change.request(held);
    if ('refused' in answer) throw refusalOf(answer, change.command);
    const after = withKeys(held, answer.zone, options.now);
    if (change.dryRun !== true) {
      lock.assertHeld();
      storeKeys(after);
      audit(stateDir, options.now, {
        event: change.command,
        zone: zone.label,
        what: answer.what,
        ...change.note,
        ...(answer.breaks.length > 0 ? { breaks: breakText(answer.breaks) } : {}),
      });
    }
    return { ...answer, held: after };
  } finally {
    lock.release();
  }
}

/** What a KSK on another machine has signed, it has signed for the keys and times of its request. */
function refuseOffline(
  config: Config,
  zone: ZoneConfig,
  pairs: readonly KeyPair[],
  now: number,
): void {
  const presigned = presignedAt(config.keyDir, zone.name, pairs, now);
  if (presigned === undefined) return;
  throw refusal(
    `the KSK of ${zone.label} is on another machine, and has signed its keys until ${isoTime(presigned.lasts)}: builds change none of them`,
    {
      hint: `ZSKs are rolled by zsk-lifetime in "zonewright keys request --zone ${zone.label}", the KSK where it is (README, "Offline KSK")`,
    },
  );
}

function refusalOf(answer: Extract<Answer, { refused: string }>, command: string) {
  const { refused, earliest, why } = answer;
  if (why === '') return refusal(refused);
  const when =
    earliest === undefined
      ? 'No time makes it lawful: other steps have to come first ("zonewright keys status" names them).'
      : `The earliest lawful time is ${isoTime(earliest)}.`;
  return refusal(refused, {
    hint: `${why}.\n${when}\nTo do it nevertheless: ${command} … --emergency --reason "…"`,
  });
}

/** What an emergency breaks, for whom and until when: a line each. */
export function breakLines(breaks: readonly Breakage[]): string[] {
  return breaks.map(({ what, until }) => {
    const end = until === undefined ? 'until that changes' : `until ${isoTime(until)}`;
    return `breaks for resolvers that hold older data, ${end}: ${what}`;
  });
}

/** A zone's keys, as forecasts take them. */
export interface ZonePlan {
  readonly zoneLabel: string;
  readonly zone: ZoneKeys;
  readonly policy: HeldKeys['policy'];
  readonly now: number;
}

/** The zones of a command for a forecast. */
export async function loadPlans(options: ZonesOptions): Promise<ZonePlan[]> {
  const { held } = await lookAtKeys(options);
  return held.map(({ zone, keys, policy }) => ({
    zoneLabel: zone.label,
    zone: keys,
    policy,
    now: options.now,
  }));
}
