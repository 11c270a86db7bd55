/**
 * SOA serial numbers: the four ways of choosing the next one, with the arithmetic of RFC 1982.
 *
 * A secondary takes a zone over only when its serial is greater in that arithmetic, so the next
 * serial is always greater than the last one published. Pure: the last serial and the time come
 * from the caller.
 */

import type { SerialMode } from '../config/model.js';
import { refusal } from '../errors.js';

const MODULUS = 2 ** 32;
/** The largest number that may be added to a serial (RFC 1982 §3.1). */
export const MAX_SERIAL_STEP = 2 ** 31 - 1;

/** How far `to` is ahead of `from` when counting upwards modulo 2^32. */
function ahead(from: number, to: number): number {
  return (to - from + MODULUS) % MODULUS;
}

/** Is serial `a` greater than `b` (RFC 1982 §3.2)? False also where that is not defined. */
export function serialGreater(a: number, b: number): boolean {
  const step = ahead(b, a);
  return step > 0 && step <= MAX_SERIAL_STEP;
}

/** The greater of two serials; where RFC 1982 does not say which, the first. */
export function laterSerial(a: number, b: number | undefined): number {
  return b !== undefined && serialGreater(b, a) ? b : a;
}

/** The serial after `serial`. 0 is left out: some programs take it for "none". */
export function incrementSerial(serial: number): number {
  return (serial + 1) % MODULUS || 1;
}

/** `YYYYMMDD00` of a time (UTC, seconds since 1970). */
export function dateSerial(now: number): number {
  const day = new Date(now * 1000).toISOString().slice(0, 10).replaceAll('-', '');
  return (Number(day) * 100) % MODULUS;
}

/** What the next serial depends on. */
export interface SerialChoice {
  readonly mode: SerialMode;
  /** Seconds since 1970. */
  readonly now: number;
  /** The last serial that was published; undefined: none. */
  readonly published: number | undefined;
  /** The serial in the input's SOA; undefined: the input has none (a registry export). */
  readonly input: number | undefined;
  /** The zone, for messages. */
  readonly zone: string;
}

/**
 * The serial of the next publication.
 *
 * `unixtime` and `date` go one above the last serial when the clock does not get beyond it: a
 * second build in a second, the hundredth in a day, a clock that was set back. `keep` gives the
 * input's serial, or the last one where the input has none; whether the zone may be published
 * under it is {@link keepRefusal}'s to say.
 *
 * @throws ZonewrightError (exit 4) for a serial that would go backwards or jump by more than
 *   2^31 - 1, and for `keep` without a serial to keep.
 */
export function nextSerial(choice: SerialChoice): number {
  const { mode, now, published, input, zone } = choice;
  switch (mode) {
    case 'unixtime':
      return beyond(Math.floor(now) % MODULUS, published, zone);
    case 'date':
      return beyond(dateSerial(now), published, zone);
    case 'increment': {
      if (published === undefined) return incrementSerial(input ?? 0);
      return incrementSerial(laterSerial(published, input));
    }
    case 'keep': {
      const kept = input ?? published;
      if (kept === undefined) {
        throw refusal(`${zone}: serial = "keep", and there is no serial to keep`, {
          hint: 'a registry export has no serial: use "unixtime", "date" or "increment"',
        });
      }
      if (published !== undefined && kept !== published) refuseBackwards(kept, published, zone);
      return kept;
    }
  }
}

/** The candidate, or one above the last serial when the candidate is not greater. */
function beyond(candidate: number, published: number | undefined, zone: string): number {
  if (published === undefined || serialGreater(candidate, published)) return candidate;
  // Larger as a number and yet not greater: more than 2^31 - 1 away.
  if (candidate > published) refuseBackwards(candidate, published, zone);
  return incrementSerial(published);
}

function refuseBackwards(serial: number, published: number, zone: string): void {
  if (serialGreater(serial, published)) return;
  if (serial > published) {
    throw refusal(
      `${zone}: serial ${serial} is ${serial - published} above the last one, ${published}; a step may be ${MAX_SERIAL_STEP} at most (RFC 1982 §3.1)`,
      { hint: 'use serial = "increment", or reach the number in two publications (RFC 1982 §7)' },
    );
  }
  throw refusal(
    `${zone}: serial ${serial} is before the last one published, ${published} (RFC 1982)`,
    { hint: 'secondaries would not take it over: raise the serial, or use another serial mode' },
  );
}

/**
 * Why a zone must not be published under the serial that is out already, or undefined.
 *
 * @param same the new zone is the published one, signatures and all.
 */
export function keepRefusal(
  serial: number,
  published: number | undefined,
  same: boolean,
): string | undefined {
  if (serial !== published || same) return undefined;
  return `the serial ${serial} is kept although the zone or its signatures have changed`;
}
