/**
 * What zonewright remembers of a zone's keys beside the key files: `keys/<zone>.json` in the state
 * folder. The states themselves stand in the `.state` files, where BIND finds them, too; here is
 * what these have no place for.
 *
 * `revision` counts the changes of a zone's key states. A generation's manifest says which revision
 * it was published with, so that a run after a crash between publication and the writing of the
 * key files can tell, and brings them after.
 */

import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { refusal } from '../../errors.js';
import { storageError } from '../../publish/storage.js';
import type { RollRequest } from '../engine/model.js';
import type { ObservedTtl } from '../engine/observed.js';
import { replaceFile } from '../files.js';
import type { Role } from '../statefile.js';

/** The kinds of TTLs that are observed. */
export type TtlKind = 'dnskey' | 'zone' | 'ds';

/** A key by its id, and by what people call it. */
export interface KnownKey {
  readonly id: string;
  readonly tag: number;
  readonly role: Role;
}

export interface KeyNote {
  readonly revision: number;
  /** Rolls that were asked for and have not begun. */
  readonly rolls: readonly RollRequest[];
  /** Keys that the engine has in hand. */
  readonly known: readonly KnownKey[];
  /** Keys that do not wait for caches. */
  readonly emergency: readonly string[];
  readonly seen: Readonly<Record<TtlKind, readonly ObservedTtl[]>>;
  /**
   * The zone was published last with what the KSK signed on another machine, for the times that the
   * key files have: nobody may change these (offline.ts).
   */
  readonly offline?: boolean | undefined;
}

/** The note of a zone that has none yet. */
export const NO_NOTE: KeyNote = {
  revision: 0,
  rolls: [],
  known: [],
  emergency: [],
  seen: { dnskey: [], zone: [], ds: [] },
};

const time = v.pipe(v.number(), v.integer(), v.minValue(0));
const role = v.picklist(['ksk', 'zsk', 'csk']);
const ttls = v.array(v.object({ seconds: time, lastSeen: time }));
const schema = v.object({
  version: v.literal(1),
  revision: time,
  rolls: v.array(
    v.object({
      role,
      algorithm: v.optional(time),
      at: time,
      emergency: v.optional(v.boolean()),
      reason: v.optional(v.string()),
    }),
  ),
  known: v.array(v.object({ id: v.string(), tag: time, role })),
  emergency: v.array(v.string()),
  seen: v.object({ dnskey: ttls, zone: ttls, ds: ttls }),
  offline: v.optional(v.boolean()),
});

function fileOf(stateDir: string, label: string): string {
  return join(stateDir, 'keys', `${label}.json`);
}

/**
 * Reads a zone's note; {@link NO_NOTE} where there is none.
 *
 * @param label the zone's label in file names: `com`.
 * @throws ZonewrightError (exit 4) when it is damaged: a roll could be forgotten.
 */
export function readNote(stateDir: string, label: string): KeyNote {
  const file = fileOf(stateDir, label);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return NO_NOTE;
    throw storageError(error, file);
  }
  try {
    return v.parse(schema, JSON.parse(text));
  } catch (cause) {
    throw refusal("is damaged: what it says of the zone's keys can't be read", {
      place: { file },
      hint: 'bring it back from a backup; without one, remove it: rolls that were asked for are then forgotten, and waits for TTLs that were seen begin anew',
      cause,
    });
  }
}

/** Replaces a zone's note. */
export function writeNote(stateDir: string, label: string, note: KeyNote): void {
  const file = fileOf(stateDir, label);
  try {
    mkdirSync(join(stateDir, 'keys'), { recursive: true });
    replaceFile(file, `${JSON.stringify({ version: 1, ...note }, undefined, 2)}\n`, 0o644);
  } catch (error) {
    throw storageError(error, file);
  }
}
