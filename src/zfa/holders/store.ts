/**
 * Holders in the database: reading and writing rows, each change with its event.
 */

import { nearest } from '../../config/suggest.js';
import { usageError } from '../../errors.js';
import { systemUser } from '../../system-user.js';
import type { Database, Row } from '../database/open.js';
import type { Holder, HolderState } from './model.js';

const COLUMNS = `id, name, organisation, email, purpose, zones, allow, agreement_version,
  agreement_date, state, expires, age_key, password_hash IS NOT NULL AS has_password, epoch,
  created, approved, changed`;

/** All holders by id, or those of a state. */
export function listHolders(db: Database, state?: HolderState): Holder[] {
  const rows =
    state === undefined
      ? db.sql(`SELECT ${COLUMNS} FROM holders ORDER BY id`).all()
      : db.sql(`SELECT ${COLUMNS} FROM holders WHERE state = ? ORDER BY id`).all(state);
  return rows.map(holderOf);
}

/** A holder; undefined: there is none of this id. */
export function findHolder(db: Database, id: string): Holder | undefined {
  const row = db.sql(`SELECT ${COLUMNS} FROM holders WHERE id = ?`).get(id);
  return row === undefined ? undefined : holderOf(row);
}

/** A holder. @throws ZonewrightError (exit 2), with an id that comes near, when there is none of this id. */
export function requireHolder(db: Database, id: string): Holder {
  const holder = findHolder(db, id);
  if (holder !== undefined) return holder;
  const ids = listHolders(db).map((one) => one.id);
  const near = nearest(id, ids);
  throw usageError(`there is no holder "${id}"`, {
    hint: near === undefined ? 'see: zonewright zfa list' : `did you mean "${near}"?`,
  });
}

/** The hash of a holder's password (PHC string); undefined: no such holder, or no password. */
export function passwordHashOf(db: Database, id: string): string | undefined {
  const hash = db.sql('SELECT password_hash FROM holders WHERE id = ?').get(id)?.password_hash;
  return typeof hash === 'string' ? hash : undefined;
}

/** Writes a holder as it is now, new or changed; the password's hash stays. In a transaction. */
export function saveHolder(db: Database, holder: Holder): void {
  db.sql(
    `INSERT INTO holders (id, name, organisation, email, purpose, zones, allow, agreement_version,
       agreement_date, state, expires, age_key, epoch, created, approved, changed)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET name = excluded.name, organisation = excluded.organisation,
       email = excluded.email, purpose = excluded.purpose, zones = excluded.zones,
       allow = excluded.allow, agreement_version = excluded.agreement_version,
       agreement_date = excluded.agreement_date, state = excluded.state,
       expires = excluded.expires, age_key = excluded.age_key, epoch = excluded.epoch,
       approved = excluded.approved, changed = excluded.changed`,
  ).run(
    holder.id,
    holder.name,
    holder.organisation ?? null,
    holder.email,
    holder.purpose ?? null,
    JSON.stringify(holder.zones),
    JSON.stringify(holder.allow),
    holder.agreement?.version ?? null,
    holder.agreement?.date ?? null,
    holder.state,
    holder.expires ?? null,
    holder.ageKey ?? null,
    holder.epoch,
    holder.created,
    holder.approved ?? null,
    holder.changed,
  );
}

/** Sets or (null) removes the hash of a holder's password. In a transaction. */
export function savePasswordHash(db: Database, id: string, hash: string | null): void {
  db.sql('UPDATE holders SET password_hash = ? WHERE id = ?').run(hash, id);
}

/** Something that happened to a holder. */
export interface HolderEvent {
  readonly at: number;
  readonly holder: string;
  /** `added`, `approved`, … */
  readonly event: string;
  /** What belongs to it; never a password. */
  readonly detail: Readonly<Record<string, unknown>>;
}

/** Notes an event, in the transaction of the change itself. @param by who, else the system's user. */
export function noteEvent(db: Database, event: HolderEvent, by: string = systemUser()): void {
  db.sql('INSERT INTO events (at, by, holder, event, detail) VALUES (?, ?, ?, ?, ?)').run(
    event.at,
    by,
    event.holder,
    event.event,
    JSON.stringify(event.detail),
  );
}

/**
 * Saves what was done to a holder, with its event. In a transaction.
 *
 * @param by who did it, else the system's user.
 */
export function saveChange(
  db: Database,
  { holder, event }: { readonly holder: Holder; readonly event: HolderEvent },
  by?: string,
): void {
  saveHolder(db, holder);
  noteEvent(db, event, by);
}

function holderOf(row: Row): Holder {
  const text = (name: string): string | undefined => (row[name] as string | null) ?? undefined;
  const number = (name: string): number | undefined => (row[name] as number | null) ?? undefined;
  const version = text('agreement_version');
  return {
    id: row.id as string,
    name: row.name as string,
    organisation: text('organisation'),
    email: row.email as string,
    purpose: text('purpose'),
    zones: JSON.parse(row.zones as string) as string[],
    allow: JSON.parse(row.allow as string) as string[],
    agreement: version === undefined ? undefined : { version, date: number('agreement_date') ?? 0 },
    state: row.state as HolderState,
    expires: number('expires'),
    ageKey: text('age_key'),
    hasPassword: row.has_password === 1,
    epoch: row.epoch as number,
    created: row.created as number,
    approved: number('approved'),
    changed: row.changed as number,
  };
}
