/**
 * The rule of one complete download per holder, file and 24 hours, and the arithmetic of what was
 * sent. Pure: no clock, no rows.
 *
 * A window begins with a download and lasts the configured hours, less a 48th of them, so that a
 * daily job that starts some seconds earlier than yesterday is not refused. Until all octets have
 * been sent at least once, requests go on at any place, up to three times the file's size and 64 MiB
 * in all. Afterwards a new one from the beginning is refused till the window ends. One that resumes
 * is not, because what the network has taken is not yet what the client has got: but what is sent
 * after the end is at most the file once more.
 */

/** Octets from `start` up to `end`, not included. */
export type Interval = readonly [start: number, end: number];

/** What was sent of one version of a file to one holder. */
export interface SentRecord {
  readonly etag: string;
  readonly size: number;
  /** Seconds since 1970. */
  readonly began: number;
  /** When all of it had been sent; undefined: not yet. */
  readonly ended: number | undefined;
  /** Octets; those sent twice count twice. */
  readonly sent: number;
  /** Of these, those sent after the end. */
  readonly resent: number;
  /** Sorted, apart from each other. */
  readonly ranges: readonly Interval[];
}

/** A request for a file, as far as the rule looks at it. */
export interface Wanted {
  readonly etag: string;
  /** It goes on with something: a range that begins beyond 0, or If-Range. */
  readonly resumes: boolean;
  /** Octets that it asks for. */
  readonly octets: number;
}

export type Decision =
  /** Go on with the record of this version. */
  | { readonly kind: 'same' }
  /** Begin a new record. */
  | { readonly kind: 'new' }
  /** Not before so many seconds. */
  | { readonly kind: 'wait'; readonly seconds: number };

/** Octets that may be sent of a file of this size until all of it was sent. */
export function allowance(size: number): number {
  return 3 * size + (64 << 20);
}

/** Octets that a killed service may have sent without noting it. */
const UNNOTED = 64 << 20;

/** Seconds that a window lasts. */
export function windowSeconds(limitHours: number): number {
  return Math.floor((limitHours * 3600 * 47) / 48);
}

/**
 * @param records of this holder and file, the latest last.
 * @param limitHours 0: no rule.
 */
export function decide(
  records: readonly SentRecord[],
  wanted: Wanted,
  limitHours: number,
  now: number,
): Decision {
  const own = records.findLast((record) => record.etag === wanted.etag);
  const length = windowSeconds(limitHours || 24);
  // One that begins after now is of a clock that was set back since: it must not count for longer
  // than the window.
  const isOpen = (record: SentRecord): boolean => Math.abs(now - record.began) < length;
  // A download that takes longer than the window, or was left for a time, is still the same one.
  const goesOn =
    own !== undefined &&
    (own.ended === undefined ? isOpen(own) || wanted.resumes : isOpen(own) && wanted.resumes);
  if (limitHours === 0) return { kind: goesOn ? 'same' : 'new' };
  const left = (record: SentRecord): number =>
    Math.min(length, Math.max(1, record.began + length - now));
  if (!wanted.resumes) {
    const done = records.findLast((record) => record.ended !== undefined && isOpen(record));
    if (done !== undefined) return { kind: 'wait', seconds: left(done) };
  }
  if (!goesOn) {
    // Each record has octets of its own, so that many versions must not be many allowances.
    const open = records.filter(isOpen);
    const sent = open.reduce((sum, record) => sum + record.sent, 0);
    const size = Math.max(0, ...open.map((record) => record.size));
    if (open.length > 0 && sent >= 2 * allowance(size)) {
      return { kind: 'wait', seconds: left(open[0]) };
    }
    return { kind: 'new' };
  }
  const tooMuch =
    own.ended === undefined
      ? own.sent >= allowance(own.size)
      : own.resent + wanted.octets > own.size;
  if (tooMuch) return { kind: 'wait', seconds: left(own) };
  return { kind: 'same' };
}

/** The union of sorted, separate intervals and another one, sorted and separate. */
export function addInterval(
  intervals: readonly Interval[],
  [start, end]: Interval,
): readonly Interval[] {
  if (end <= start) return intervals;
  const last = intervals.at(-1);
  // A download that goes on, which is nearly always.
  if (last !== undefined && start >= last[0] && start <= last[1]) {
    const longer: Interval = [last[0], Math.max(last[1], end)];
    return intervals.length === 1 ? [longer] : [...intervals.slice(0, -1), longer];
  }
  const before = intervals.filter(([, e]) => e < start);
  const after = intervals.filter(([s]) => s > end);
  const touching = intervals.slice(before.length, intervals.length - after.length);
  const merged: Interval = [
    Math.min(start, ...touching.map(([s]) => s)),
    Math.max(end, ...touching.map(([, e]) => e)),
  ];
  return [...before, merged, ...after];
}

/** Octets of intervals, those in several of them counted for each. */
export function octetsIn(intervals: readonly Interval[]): number {
  let octets = 0;
  for (const [start, end] of intervals) octets += end - start;
  return octets;
}

/** Are all octets of a file in these intervals? */
export function isWhole(intervals: readonly Interval[], size: number): boolean {
  return size === 0 || (intervals[0]?.[0] === 0 && intervals[0][1] >= size);
}

/**
 * What a client that resumes at `start` says that it has, and the records lack because the service
 * was killed before it noted it.
 *
 * @returns the gap to add; undefined: none, or larger than can have been lost.
 */
export function unnotedGap(intervals: readonly Interval[], start: number): Interval | undefined {
  const before = intervals.findLast(([, end]) => end < start);
  const covered = intervals.some(([s, e]) => s <= start && e >= start);
  if (before === undefined || covered || start - before[1] > UNNOTED) return undefined;
  return [before[1], start];
}
