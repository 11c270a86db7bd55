/**
 * How many zone file access passwords there were in a month, from what happened to the holders.
 * Pure: the clock is an argument.
 *
 * A password counts from its approval until it is revoked or its time ends, whichever is first, and
 * the end counts when it was, not when a build noticed it. So for every month whose beginning is
 * known
 *
 *     previous + new + renewed − expired − revoked = total
 *
 * where `renewed` are those that had ended and came back. Not counted: a renewal before the end
 * (no password more), the revocation of one that had expired (none less), another password in
 * place of the old one, and who was denied.
 */

/** What happened to a holder, as the database has it (database/schema.ts, `events`). */
export interface PasswordEvent {
  readonly seq: number;
  /** Seconds since 1970, as all times here. */
  readonly at: number;
  readonly holder: string;
  readonly event: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** A moment at which a holder got access, or lost it. */
export interface Turn {
  readonly at: number;
  /** `new` and `renewed` give access, the others take it; no two of a kind in a row. */
  readonly how: 'new' | 'renewed' | 'expired' | 'revoked';
}

/** The figures of a month. */
export interface PasswordFigures {
  /** At the end of the month before; undefined: nothing was written down by then. */
  readonly previous: number | undefined;
  readonly new: number;
  readonly renewed: number;
  readonly expired: number;
  readonly revoked: number;
  /** At the month's end. */
  readonly total: number;
}

/** Passwords at some time by the zone that they open: label → number. */
export type PasswordsByZone = Readonly<Record<string, number>>;

/**
 * The moments at which one holder got and lost access, those to come included, in order.
 *
 * The order of what happened is that of `seq`. Times may differ from it: a clock was set back, a day
 * was replayed (`--now`), an import tells of the past. So nothing happens before the turn that it
 * follows; were the times to rule, a revocation could come before its approval and be lost.
 *
 * @param events of one holder, in any order.
 */
export function turnsOf(events: readonly PasswordEvent[]): Turn[] {
  const turns: Turn[] = [];
  let active = false;
  let expires = Number.POSITIVE_INFINITY;
  const turn = (at: number, how: Turn['how']): void => {
    turns.push({ at: Math.max(at, turns.at(-1)?.at ?? at), how });
    active = how === 'new' || how === 'renewed';
  };
  /** The end that came by itself, if it was there by `at`. */
  const lapse = (at: number): void => {
    if (active && expires <= at) turn(expires, 'expired');
  };
  const begin = (at: number, end: unknown): void => {
    lapse(at);
    if (!active) turn(at, turns.length === 0 ? 'new' : 'renewed');
    expires = typeof end === 'number' ? end : Number.POSITIVE_INFINITY;
  };
  const revoke = (at: number): void => {
    lapse(at);
    if (active) turn(at, 'revoked');
  };
  for (const { at, event, detail } of [...events].sort((a, b) => a.seq - b.seq)) {
    switch (event) {
      case 'approved':
      case 'renewed':
        begin(at, detail.expires);
        break;
      case 'imported': {
        const { state, approved } = detail;
        if (state !== 'approved' && state !== 'expired' && state !== 'revoked') break;
        begin(typeof approved === 'number' ? approved : at, detail.expires);
        // The event of one that was revoked has the time at which it was.
        if (state === 'revoked') revoke(at);
        break;
      }
      case 'revoked':
        revoke(at);
        break;
      case 'expired':
        if (active) turn(Math.min(at, expires), 'expired');
        break;
      default:
        // What neither gives access nor takes it.
        break;
    }
  }
  lapse(Number.MAX_SAFE_INTEGER);
  return turns;
}

/**
 * When what is known begins: the time of the first event, or the first approval that an import
 * tells of. Infinity: nothing is known.
 */
export function knownFrom(events: readonly PasswordEvent[]): number {
  let first = Number.POSITIVE_INFINITY;
  for (const { at, event, detail } of events) {
    first = Math.min(first, at);
    if (event === 'imported' && typeof detail.approved === 'number') {
      first = Math.min(first, detail.approved);
    }
  }
  return first;
}

/**
 * The figures of the time from `from` to before `to`.
 *
 * @returns undefined when nothing is known of it: it ends before anything was written down.
 */
export function countPasswords(
  events: readonly PasswordEvent[],
  from: number,
  to: number,
): PasswordFigures | undefined {
  const known = knownFrom(events);
  if (known >= to) return undefined;
  const turns = [...byHolder(events).values()].flatMap(turnsOf);
  const standing = (time: number): number =>
    turns.reduce((sum, { at, how }) => (at < time ? sum + CHANGE[how] : sum), 0);
  const within = (kind: Turn['how']): number =>
    turns.filter(({ at, how }) => how === kind && at >= from && at < to).length;
  return {
    previous: known < from ? standing(from) : undefined,
    new: within('new'),
    renewed: within('renewed'),
    expired: within('expired'),
    revoked: within('revoked'),
    total: standing(to),
  };
}

const CHANGE: Readonly<Record<Turn['how'], 1 | -1>> = {
  new: 1,
  renewed: 1,
  expired: -1,
  revoked: -1,
};

/**
 * Passwords that were active just before `to`, by the zones that they opened then.
 *
 * @param zones labels that are named in any case, with 0 if need be.
 * @param now the zones that a holder has today; for one whose events tell of none.
 * @returns undefined where {@link countPasswords} is, and when the zones of one are not known.
 */
export function passwordsByZone(
  events: readonly PasswordEvent[],
  to: number,
  zones: readonly string[],
  now: (holder: string) => readonly string[] | undefined,
): PasswordsByZone | undefined {
  if (knownFrom(events) >= to) return undefined;
  const counts = new Map(zones.map((zone) => [zone, 0]));
  for (const [holder, own] of byHolder(events)) {
    const last = turnsOf(own).findLast(({ at }) => at < to);
    if (last === undefined || CHANGE[last.how] < 0) continue;
    const opened = zonesAt(own, to, now(holder));
    if (opened === undefined) return undefined;
    for (const zone of opened) counts.set(zone, (counts.get(zone) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The zones that a holder had just before `to`; undefined: not known. */
function zonesAt(
  own: readonly PasswordEvent[],
  to: number,
  now: readonly string[] | undefined,
): readonly string[] | undefined {
  const told = own.flatMap(({ seq, at, event, detail }) => {
    const zones = zonesOf(event, detail);
    return zones === undefined ? [] : [{ seq, at, event, zones }];
  });
  told.sort((a, b) => a.seq - b.seq);
  if (told.length === 0) return now;
  // What a holder was taken in with held from its beginning, even if that was told later.
  const held = told.filter(({ at, event }) => at < to || event !== 'changed');
  return held.at(-1)?.zones;
}

/** The zones that an event sets. */
function zonesOf(event: string, detail: PasswordEvent['detail']): readonly string[] | undefined {
  const from =
    event === 'changed' ? (detail.fields as Record<string, unknown> | undefined) : detail;
  const zones = from?.zones;
  return Array.isArray(zones) ? zones.map(String) : undefined;
}

function byHolder(events: readonly PasswordEvent[]): Map<string, PasswordEvent[]> {
  const all = new Map<string, PasswordEvent[]>();
  for (const event of events) {
    const own = all.get(event.holder);
    if (own === undefined) all.set(event.holder, [event]);
    else own.push(event);
  }
  return all;
}
