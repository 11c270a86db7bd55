/** The list of a zone's keys (list.ts) where the key engine has them in hand: it knows what they wait for. */

import { isoTime } from '../config/time.js';
import { algorithmName } from '../dnssec/algorithms.js';
import { dnskeyText } from '../dnssec/dnskey.js';
import { zoneLabel } from '../names/name.js';
import { explain, type Wait } from './engine/explain.js';
import { byRole, type EngineKey, stateOf } from './engine/model.js';
import { rollStart } from './engine/schedule.js';
import { keyId } from './lifecycle/key-state.js';
import type { HeldKeys } from './lifecycle/zone-keys.js';
import { type ListedKey, listKeys, timesOf } from './list.js';

/** Lists the keys of a zone that the engine has in hand, and then those that are only published. */
export function listHeldKeys(held: HeldKeys, now: number): ListedKey[] {
  const { pairs, keys, policy } = held;
  const waits = explain(keys, policy, now);
  const ids = new Set(keys.keys.map(({ id }) => id));
  const foreign = pairs.filter(({ dnskey }) => !ids.has(keyId(dnskey)));
  const own = [...keys.keys].sort(byRole).flatMap((key): ListedKey[] => {
    const pair = pairs.find(({ dnskey }) => keyId(dnskey) === key.id);
    if (pair === undefined) return [];
    return [
      {
        zone: zoneLabel(pair.zone),
        tag: pair.tag,
        role: key.role,
        algorithm: algorithmName(pair.algorithm),
        dnskey: dnskeyText(pair.dnskey),
        states: {
          dnskey: stateOf(key, 'dnskey'),
          zrrsig: stateOf(key, 'zrrsig'),
          krrsig: stateOf(key, 'krrsig'),
          ds: stateOf(key, 'ds'),
        },
        timing: timesOf(pair),
        nextEvent: nextOf(key, waits, held, now),
      },
    ];
  });
  return [...own, ...listKeys(foreign, now, held.zone.policy)];
}

function nextOf(
  key: EngineKey,
  waits: readonly Wait[],
  { policy }: HeldKeys,
  now: number,
): ListedKey['nextEvent'] {
  const wait = waits.find(({ ids, until }) => ids.includes(key.id) && (until ?? 0) > now);
  if (wait?.until !== undefined) {
    return { at: isoTime(wait.until), what: wait.what, why: wait.why };
  }
  const start = key.goal === 'omnipresent' ? rollStart(key, policy) : undefined;
  if (start === undefined) return null;
  return { at: isoTime(start), what: 'its successor is made', why: 'the end of its lifetime' };
}
