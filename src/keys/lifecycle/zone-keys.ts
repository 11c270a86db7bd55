/**
 * The keys of a zone in hand: read from their files, brought on by the engine, written back.
 *
 * A build decides first, publishes, and writes the key files then: its manifest is the record of
 * what was decided (`keyStates`). A run that finds a published revision beyond the one in the note
 * was preceded by a crash in between, and brings the key files after before it does anything else.
 */

import type { ZoneConfig } from '../../config/model.js';
import { refusal } from '../../errors.js';
import { advance, type KeyEvent } from '../engine/advance.js';
import { explain, type Wait } from '../engine/explain.js';
import {
  type EngineKey,
  type EnginePolicy,
  isGone,
  newKey,
  type ZoneKeys,
} from '../engine/model.js';
import type { NeededKey } from '../engine/schedule.js';
import { HOLD_DOWN } from '../engine/times.js';
import { hasSecret, isInHand, keyRoles, ownRole, signsKeysHere } from '../roles.js';
import type { KeyPair } from '../store.js';
import { writeKey } from '../write.js';
import { engineKey, filesOf, keyId, type ParentDs } from './key-state.js';
import { enginePolicy, noteTtls } from './measures.js';
import { type KeyNote, readNote, type TtlKind, writeNote } from './note.js';

/** The keys of a zone as they were published: part of a generation's manifest. */
export interface KeyStates {
  readonly revision: number;
  readonly keys: readonly EngineKey[];
  readonly note: KeyNote;
}

/** A zone's keys in hand. */
export interface HeldKeys {
  readonly zone: ZoneConfig;
  readonly stateDir: string;
  readonly policy: EnginePolicy;
  readonly note: KeyNote;
  /** The key files, with the times and states that the engine gives them. */
  readonly pairs: readonly KeyPair[];
  readonly keys: ZoneKeys;
}

/** Where a zone's keys and what goes with them are found. */
export interface KeyPlaces {
  readonly zone: ZoneConfig;
  readonly stateDir: string;
  /** All keys of the zone, as their files have them. */
  readonly pairs: readonly KeyPair[];
  readonly parentDs: ParentDs;
  /** What the published generation says of the keys. */
  readonly published: KeyStates | undefined;
  /** The KSK signs on another machine (`isOffline`). */
  readonly offline: boolean;
}

const NONE: ZoneKeys = { keys: [], rolls: [] };

/** Takes a zone's keys in hand. */
export function holdKeys(places: KeyPlaces, now: number): HeldKeys {
  const { zone, stateDir, pairs, parentDs, published } = places;
  const written = readNote(stateDir, zone.label);
  const offline = places.offline || written.offline ? true : undefined;
  const note: KeyNote = { ...written, offline };
  refuseMissing(places, note);
  const policy = enginePolicy(zone.policy, zone, note, now);
  if (published !== undefined && published.revision > note.revision) {
    return withKeys(
      { zone, stateDir, policy, note: { ...published.note, offline }, pairs, keys: NONE },
      { keys: published.keys, rolls: published.note.rolls },
      now,
    );
  }
  const roles = keyRoles(pairs, now);
  const keys = pairs
    .filter((pair) => !isForeign(pair, pairs, note, now))
    .map((pair) => engineKey(pair, roles.get(pair) ?? 'zsk', pairs, note, policy, parentDs, now));
  return { zone, stateDir, policy, note, pairs, keys: { keys, rolls: note.rolls } };
}

/**
 * A key that the zone is published with and that is not in the folder is lost, or the folder is the
 * wrong one: other keys in its place would break the zone.
 */
function refuseMissing({ zone, pairs }: KeyPlaces, note: KeyNote): void {
  const there = new Set(pairs.map(({ dnskey }) => keyId(dnskey)));
  const missing = note.known.find(({ id }) => !there.has(id));
  if (missing === undefined) return;
  throw refusal(
    `${zone.label}: its ${missing.role.toUpperCase()} with tag ${missing.tag} is not in the key folder`,
    {
      hint: 'is key-dir the right folder? Bring the key back from a backup, or with "zonewright keys restore"',
    },
  );
}

/**
 * Is it another signer's key, of which the zone only publishes the DNSKEY (RFC 8901)? Such a key goes by
 * its times and does no work of ours. A KSK without its private half is ours where no other KSK signs
 * here: it is offline. A key that was in hand, and whose private half is lost, stays so.
 */
function isForeign(
  pair: KeyPair,
  pairs: readonly KeyPair[],
  { known }: KeyNote,
  now: number,
): boolean {
  const { state } = pair;
  if (hasSecret(pair) || (state !== undefined && isInHand(state))) return false;
  const id = keyId(pair.dnskey);
  if (known.some((key) => key.id === id)) return false;
  return ownRole(pair) === 'zsk' || signsKeysHere(pairs, now);
}

/** Was the last run interrupted before it wrote the key files? */
export function isBehind({ stateDir, zone, published }: KeyPlaces): boolean {
  return published !== undefined && published.revision > readNote(stateDir, zone.label).revision;
}

/** The keys in hand with what the engine, or a request, made of them. */
export function withKeys(held: HeldKeys, keys: ZoneKeys, now: number): HeldKeys {
  const pairs = held.pairs.map((pair) => {
    const key = keys.keys.find(({ id }) => id === keyId(pair.dnskey));
    if (key === undefined) return pair;
    const { timing, state } = filesOf(key, pair, keys.keys, held.policy, now);
    if (held.note.offline !== true) return { ...pair, timing, state, declaredRole: key.role };
    // The KSK has signed for the times that the files have.
    const { dsPublish } = timing;
    return { ...pair, timing: { ...pair.timing, dsPublish }, state, declaredRole: key.role };
  });
  const note: KeyNote = {
    ...held.note,
    rolls: keys.rolls,
    known: keys.keys
      .filter((key) => key.goal === 'omnipresent' || !isGone(key))
      .map(({ id, tag, role }) => ({ id, tag, role })),
    emergency: keys.keys.filter(({ emergency }) => emergency).map(({ id }) => id),
  };
  return { ...held, note, pairs, keys };
}

/** What the engine did. */
export interface EngineRun {
  readonly held: HeldKeys;
  readonly events: readonly KeyEvent[];
  readonly waits: readonly Wait[];
  /** Keys that were made. */
  readonly made: readonly KeyPair[];
}

/** Makes a key, with nothing of it published; undefined: none is made, as in a dry run. */
export type KeyMaker = (need: NeededKey) => KeyPair | undefined;

/** Runs the engine on the keys in hand. Keys that it needs are made, and stay when the run fails. */
export function runEngine(held: HeldKeys, make: KeyMaker, now: number): EngineRun {
  const { policy } = held;
  const first = advance(held.keys, policy, now);
  let { zone, events } = first;
  const made: KeyPair[] = [];
  let { pairs } = held;
  if (first.needed.length > 0) {
    const added: EngineKey[] = [];
    for (const need of first.needed) {
      const pair = make(need);
      if (pair === undefined) continue;
      made.push(pair);
      const { role, algorithm, replaces, emergency } = need;
      const id = keyId(pair.dnskey);
      added.push(newKey({ id, tag: pair.tag, algorithm, role, replaces, emergency }, now));
    }
    pairs = [...pairs, ...made];
    const second = advance({ ...zone, keys: [...zone.keys, ...added] }, policy, now);
    events = [...events, ...second.events];
    zone = second.zone;
  }
  // From now on the engine decides, whatever was before.
  const note: KeyNote = { ...held.note, offline: undefined };
  const after = withKeys({ ...held, pairs, note }, zone, now);
  return { held: after, events, waits: explain(zone, policy, now), made };
}

/** What a generation's manifest says of the keys that it is published with. */
export function statesOf(
  held: HeldKeys,
  seen: Readonly<Partial<Record<TtlKind, number>>>,
  now: number,
): KeyStates {
  const note = { ...noteTtls(held.note, seen, held.policy, now), revision: held.note.revision + 1 };
  return { revision: note.revision, keys: held.keys.keys, note };
}

/**
 * Writes the key files, and the note last: until then a run after a crash does all of it again.
 *
 * @param note the note of the published generation, or of the request.
 */
export function storeKeys(held: HeldKeys, note: KeyNote = nextNote(held)): void {
  for (const pair of held.pairs) writeKey(pair, { state: pair.state, timing: pair.timing });
  writeNote(held.stateDir, held.zone.label, note);
}

const nextNote = ({ note }: HeldKeys): KeyNote => ({ ...note, revision: note.revision + 1 });

/** The keys of which nothing is left anywhere. */
export function gonePairs(held: HeldKeys, now: number): readonly KeyPair[] {
  return held.pairs.filter((pair) => {
    const key = held.keys.keys.find(({ id }) => id === keyId(pair.dnskey));
    if (key === undefined || key.goal !== 'hidden' || !isGone(key)) return false;
    return key.revoked === undefined || key.revoked + HOLD_DOWN.seconds <= now;
  });
}

/**
 * The key with a tag; in revoked form, too.
 *
 * @throws ZonewrightError (exit 4) when the zone has none.
 */
export function keyWithTag(held: HeldKeys, tag: number): EngineKey {
  const found = held.keys.keys.find((key) => key.tag === tag);
  if (found !== undefined) return found;
  const tags = held.keys.keys.map((key) => `${key.tag} (${key.role})`).join(', ');
  throw refusal(`${held.zone.label} has no key with tag ${tag}`, {
    hint: tags === '' ? 'it has no keys at all' : `its keys: ${tags}`,
  });
}
