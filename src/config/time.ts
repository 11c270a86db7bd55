/**
 * Points in time as flags and output write them, all in UTC, all whole seconds since 1970.
 *
 * A run has one `now`: `--now T`, or the clock once at the start. Everything that depends on
 * the time takes it from there, so that any day can be replayed.
 */

/** What a time looks like; for messages. */
export const TIME_FORM = 'a UTC time such as 2026-11-22T00:00:00Z or 20261122000000';

const COMPACT = /^(\d{4})(\d\d)(\d\d)(?:T?(\d\d)(\d\d)(\d\d)Z?)?$/i;
const EXTENDED =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?$/i;

/**
 * The seconds since 1970 of a time given as ISO 8601 (date alone: midnight; without an offset:
 * UTC) or as YYYYMMDDHHMMSS (RFC 4034 §3.2).
 *
 * @returns undefined when `text` is no such time, or one that the calendar does not have.
 * @example parseTime('20261122000000') // 1795305600
 */
export function parseTime(text: string): number | undefined {
  const trimmed = text.trim();
  const parts = COMPACT.exec(trimmed) ?? EXTENDED.exec(trimmed);
  if (parts === null) return undefined;
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map((p) => Number(p ?? 0));
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  // Date.UTC carries the 31st of February over into March; a time that was carried is refused.
  const same =
    date.getUTCFullYear() === year &&
    date.getUTCMonth() === month - 1 &&
    date.getUTCDate() === day &&
    date.getUTCHours() === hour &&
    date.getUTCMinutes() === minute &&
    date.getUTCSeconds() === second;
  if (!same) return undefined;
  const seconds = date.getTime() / 1000 - offsetSeconds(parts[7]);
  return seconds >= 0 ? seconds : undefined;
}

function offsetSeconds(offset: string | undefined): number {
  if (offset === undefined || offset.toUpperCase() === 'Z') return 0;
  const sign = offset.startsWith('-') ? -1 : 1;
  return sign * (Number(offset.slice(1, 3)) * 3600 + Number(offset.slice(-2)) * 60);
}

/** The clock, in whole seconds since 1970. The one place that reads it for a run's `now`. */
export function clockNow(): number {
  return Math.floor(Date.now() / 1000);
}

/** @example isoTime(1795305600) // '2026-11-22T00:00:00Z' */
export function isoTime(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}

/** ISO 8601 basic form, fit for file names. @example basicTime(1795305600) // '20261122T000000Z' */
export function basicTime(seconds: number): string {
  return isoTime(seconds).replaceAll(/[-:]/g, '');
}

/** The form of RRSIG times and BIND key files. @example stampTime(1795305600) // '20261122000000' */
export function stampTime(seconds: number): string {
  return basicTime(seconds).replaceAll(/[TZ]/g, '');
}
