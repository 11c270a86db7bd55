/**
 * How many zone file access passwords there were in a month, from what happened to the holders.
 * Pure: the clock is an argument.
 *
 * A password counts from its approval until it is revoked or its time ends, whichever is first, and
 * the end counts when it was, not when a build noticed it. So for every month
 *
 *     previous + new + renewed − expired − revoked = total
 *
 * where `renewed` are those that had ended and came back.
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

/** A time in which a holder had access: from `from` on, not at `to` any more. */
export interface Term {
  readonly from: number;
  /** Infinity: it has no end. */
  readonly to: number;
  readonly began: 'approved' | 'renewed';
  readonly ended: 'expired' | 'revoked';
}

/** The figures of a month. */
export interface PasswordFigures {
  /** At the end of the month before. */
  readonly previous: number;
  readonly new: number;
  readonly renewed: number;
  readonly expired: number;
  readonly revoked: number;
  /** At the month's end. */
  readonly total: number;
}

/** The times in which one holder had access, from its events in any order. */
export function termsOf(events: readonly PasswordEvent[]): Term[] {
  const terms: Term[] = [];
  let open: { from: number; to: number; began: Term['began'] } | undefined;
  const begin = (from: number, to: number, began: Term['began']): void => {
    if (open !== undefined) end(from, 'expired');
    open = { from, to, began };
  };
  const end = (at: number, how: Term['ended']): void => {
    if (open === undefined) return;
    const { from, to, began } = open;
    open = undefined;
    // A term that had ended by itself before was not ended by this.
    const ended = to <= at ? 'expired' : how;
    const last = Math.min(to, at);
    if (last > from) terms.push({ from, to: last, began, ended });
  };
  // An import brings events of the past after those of the present.
  const inOrder = [...events].sort((a, b) => a.at - b.at || a.seq - b.seq);
  for (const { at, event, detail } of inOrder) {
    const expires = numberOf(detail.expires) ?? Number.POSITIVE_INFINITY;
    switch (event) {
      case 'approved':
        begin(at, expires, 'approved');
        break;
      case 'imported': {
        const approved = numberOf(detail.approved);
        if (detail.state === 'approved' || detail.state === 'expired') {
          begin(approved ?? at, expires, 'approved');
        } else if (detail.state === 'revoked' && approved !== undefined) {
          begin(approved, expires, 'approved');
          end(at, 'revoked');
        }
        break;
      }
      case 'renewed':
        if (open !== undefined && open.to > at) open.to = expires;
        else {
          end(at, 'expired');
          begin(at, expires, 'renewed');
        }
        break;
      case 'revoked':
        end(at, 'revoked');
        break;
      default:
        // What does not give or take access. `expired` tells what the term's own end says already.
        break;
    }
  }
  if (open !== undefined) terms.push({ ...open, ended: 'expired' });
  return terms;
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
  const terms = [...byHolder(events).values()].flatMap(termsOf);
  const known = Math.min(...terms.map((term) => term.from), ...events.map((event) => event.at));
  if (known >= to) return undefined;
  const within = (time: number): boolean => time >= from && time < to;
  const standing = (time: number): number =>
    terms.filter((term) => term.from < time && term.to >= time).length;
  const began = (how: Term['began']): number =>
    terms.filter((term) => within(term.from) && term.began === how).length;
  const ended = (how: Term['ended']): number =>
    terms.filter((term) => within(term.to) && term.ended === how).length;
  return {
    previous: standing(from),
    new: began('approved'),
    renewed: began('renewed'),
    expired: ended('expired'),
    revoked: ended('revoked'),
    total: standing(to),
  };
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

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
