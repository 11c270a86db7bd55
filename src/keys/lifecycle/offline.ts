/**
 * The keys of a zone whose KSK signs on another machine: what is published, and what signs, follows
 * the times that the KSK's signatures were made for, and not the engine's steps. Their states are noted
 * as they come, so that the engine can go on from there when the KSK is brought back.
 */

import { settle } from '../engine/advance.js';
import {
  type EngineKey,
  isPresent,
  type RecordName,
  recordsOf,
  withState,
} from '../engine/model.js';
import type { KeySelection } from '../select.js';
import { keyId } from './key-state.js';
import { type HeldKeys, withKeys } from './zone-keys.js';

/**
 * The keys in hand as a zone is published with them at `now`.
 *
 * @param selection what the zone is published and signed with.
 */
export function holdOffline(held: HeldKeys, selection: KeySelection, now: number): HeldKeys {
  const published = idsOf(selection.dnskeys);
  const zsks = idsOf(selection.zsks);
  const ksks = new Set(selection.presigned?.signers.map(keyId));
  const shown: Readonly<Record<RecordName, ReadonlySet<string> | undefined>> = {
    dnskey: published,
    zrrsig: zsks,
    krrsig: ksks,
    // The parent's, and what is said of it.
    ds: undefined,
  };
  const timings = new Map(held.pairs.map(({ dnskey, timing }) => [keyId(dnskey), timing]));
  const keys = settle(held.keys.keys, held.policy, now).map((key): EngineKey => {
    let after = key;
    for (const record of recordsOf(key.role)) {
      const is = shown[record]?.has(key.id) ?? isPresent(key, record);
      if (is === isPresent(key, record)) continue;
      after = withState(after, record, is ? 'rumoured' : 'unretentive', now);
    }
    const timing = timings.get(key.id) ?? {};
    const leaves = [timing.inactive, timing.delete].some((end) => end !== undefined && end <= now);
    const isUsed = zsks.has(key.id) || ksks.has(key.id);
    return {
      ...after,
      goal: leaves ? 'hidden' : after.goal,
      active: after.active ?? (isUsed ? (timing.activate ?? now) : undefined),
    };
  });
  return withKeys({ ...held, note: { ...held.note, offline: true } }, { ...held.keys, keys }, now);
}

const idsOf = (keys: KeySelection['dnskeys']): ReadonlySet<string> =>
  new Set(keys.map(({ dnskey }) => keyId(dnskey)));
