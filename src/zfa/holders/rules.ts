/**
 * What can be done to a holder. Pure: each function gives the holder as it is afterwards and the
 * event that says so, or refuses.
 */

import { isoTime } from '../../config/time.js';
import { refusal, usageError } from '../../errors.js';
import { type Holder, type HolderAction, isActive, TRANSITIONS } from './model.js';
import type { HolderEvent } from './store.js';

/** A holder after something was done to it, and what that was. */
export interface Change {
  readonly holder: Holder;
  readonly event: HolderEvent;
}

/** What a new holder is made from. */
export type NewHolder = Pick<
  Holder,
  'id' | 'name' | 'organisation' | 'email' | 'purpose' | 'zones' | 'allow' | 'agreement' | 'ageKey'
>;

/** @param now seconds since 1970, as in all functions here. */
export function added(wish: NewHolder, now: number): Change {
  const holder: Holder = {
    ...wish,
    state: 'pending',
    expires: undefined,
    hasPassword: false,
    epoch: 0,
    created: now,
    approved: undefined,
    changed: now,
  };
  const { name, email, zones } = wish;
  return { holder, event: eventOf(holder, 'added', now, { name, email, zones }) };
}

/** @throws ZonewrightError: exit 4 unless it is pending, 2 for an end that is past. */
export function approved(holder: Holder, expires: number, now: number): Change {
  assertLawful(holder, 'approve');
  assertFuture(expires, now);
  return after(
    holder,
    'approved',
    now,
    { expires },
    {
      state: 'approved',
      expires,
      approved: holder.approved ?? now,
      epoch: holder.epoch + 1,
    },
  );
}

/** @throws ZonewrightError (exit 4) unless it is pending. */
export function denied(holder: Holder, reason: string, now: number): Change {
  assertLawful(holder, 'deny');
  return after(holder, 'denied', now, { reason }, { state: 'denied', epoch: holder.epoch + 1 });
}

/** @throws ZonewrightError (exit 4) unless it is or was approved. */
export function revoked(holder: Holder, reason: string, now: number): Change {
  assertLawful(holder, 'revoke');
  return after(holder, 'revoked', now, { reason }, { state: 'revoked', epoch: holder.epoch + 1 });
}

/**
 * Gives access until another time, also to one whose access has ended; the password stays.
 *
 * @throws ZonewrightError: exit 4 unless it is or was approved, 2 for an end that is past.
 */
export function renewed(holder: Holder, expires: number, now: number): Change {
  assertLawful(holder, 'renew');
  assertFuture(expires, now);
  return after(holder, 'renewed', now, { expires }, { state: 'approved', expires });
}

/**
 * Makes older passwords and tokens void, for another password.
 *
 * @throws ZonewrightError (exit 4) unless it may download.
 */
export function passwordChanged(holder: Holder, now: number): Change {
  assertLawful(holder, 'passwd');
  if (!isActive(holder, now)) {
    throw refusal(`${holder.id}: access has ended at ${isoTime(holder.expires!)}`, {
      hint: `first: zonewright zfa renew ${holder.id} --expires DATE`,
    });
  }
  return after(holder, 'passwd', now, {}, { epoch: holder.epoch + 1 });
}

/**
 * What the clock has done: access ended at `expires`; noted at `now`.
 *
 * @throws ZonewrightError (exit 4) unless it was approved and its time is over.
 */
export function expired(holder: Holder, now: number): Change {
  assertLawful(holder, 'expire');
  const { expires } = holder;
  if (expires === undefined || expires > now) {
    throw refusal(`${holder.id}: access has not ended`, { hint: NEXT.approved(holder.id) });
  }
  const noted = isoTime(now);
  const next = { state: 'expired', epoch: holder.epoch + 1, changed: now } as const;
  return {
    holder: { ...holder, ...next },
    event: eventOf(holder, 'expired', expires, { noted }),
  };
}

/** What `zfa change` may change. */
export type HolderEdit = Partial<
  Pick<
    Holder,
    'name' | 'organisation' | 'email' | 'purpose' | 'zones' | 'allow' | 'agreement' | 'ageKey'
  >
>;

/** Changes what is known of a holder. */
export function edited(holder: Holder, edit: HolderEdit, now: number): Change {
  const { agreement, ...rest } = edit;
  const fields = {
    // JSON has no undefined: what was taken away must not be missing in the log.
    ...Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, value ?? null])),
    ...(agreement === undefined ? {} : { agreement: agreement.version }),
  };
  return after(holder, 'changed', now, { fields }, edit);
}

/** The holder has agreed to the terms of a version. */
export function agreed(holder: Holder, version: string, now: number): Change {
  return after(
    holder,
    'agreed',
    now,
    { agreement: version },
    { agreement: { version, date: now } },
  );
}

function after(
  holder: Holder,
  event: string,
  now: number,
  detail: HolderEvent['detail'],
  change: Partial<Holder>,
): Change {
  return {
    holder: { ...holder, ...change, changed: now },
    event: eventOf(holder, event, now, detail),
  };
}

function eventOf(
  { id }: Holder,
  event: string,
  at: number,
  detail: HolderEvent['detail'],
): HolderEvent {
  return { at, holder: id, event, detail };
}

/** What to do with a holder of a state, for one who wanted something else. */
const NEXT: Readonly<Record<Holder['state'], (id: string) => string>> = {
  pending: (id) => `first: zonewright zfa approve ${id}`,
  approved: (id) => `see: zonewright zfa show ${id}`,
  expired: (id) => `to give access again: zonewright zfa renew ${id} --expires DATE`,
  revoked: () => 'a revoked holder stays so: zonewright zfa add another id',
  denied: () => 'a denied holder stays so: zonewright zfa add another id',
};

function assertLawful({ id, state }: Holder, action: HolderAction): void {
  const { from } = TRANSITIONS[action];
  if (from.includes(state)) return;
  throw refusal(`${id} is ${state}; ${action} is for holders that are ${from.join(' or ')}`, {
    hint: NEXT[state](id),
  });
}

function assertFuture(expires: number, now: number): void {
  if (expires > now) return;
  throw usageError(`${isoTime(expires)} is not in the future: access would have ended already`, {
    hint: `it is ${isoTime(now)}`,
  });
}
