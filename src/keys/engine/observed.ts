/**
 * TTLs that were seen in the world. Caches hold what was published and not what is configured now,
 * so a wait reckons with the greatest TTL that any of them may still hold data with (RFC 7583
 * §3.1): a TTL that was lowered counts until the last data with the old one has expired.
 *
 * What is seen at one look is taken to be there until the next one. So the last entry of a list is
 * what is in place now, and the time of an entry before it is that of the look which found it
 * replaced: no data with its TTL was served later than that, but by name servers that lag behind.
 */

import type { Measure } from './model.js';

/** A TTL that was seen, in seconds, and when last. The last entry of a list is in place still. */
export interface ObservedTtl {
  readonly seconds: number;
  readonly lastSeen: number;
}

/**
 * How long name servers may serve what was replaced, and what is added for safety; seconds.
 * Of the zone's own name servers, or of the parent's for the TTL of the DS RRset.
 */
export interface Lag {
  readonly propagation: Measure;
  readonly margin: Measure;
}

/**
 * What is remembered after a look: before a build publishes, or when the parent was asked.
 *
 * @param seconds the TTL that is in place from now on.
 */
export function observeTtl(
  before: readonly ObservedTtl[],
  seconds: number,
  now: number,
  lag: Lag,
): readonly ObservedTtl[] {
  const last = before.length - 1;
  // What was in place until this look was served until now.
  const seen = before.map((one, i) => (i === last ? { ...one, lastSeen: now } : one));
  const others = seen.filter((one) => one.seconds !== seconds && isHeld(one, now, lag));
  return [...others, { seconds, lastSeen: now }];
}

/**
 * The greater of what is configured and what caches may hold.
 *
 * @returns `configured` itself when nothing that was seen is greater.
 */
export function greatestTtl(
  configured: Measure,
  observed: readonly ObservedTtl[],
  now: number,
  lag: Lag,
): Measure {
  let seconds = 0;
  for (const [i, one] of observed.entries()) {
    const inPlace = i === observed.length - 1;
    if (inPlace || isHeld(one, now, lag)) seconds = Math.max(seconds, one.seconds);
  }
  if (seconds <= configured.seconds) return configured;
  return { seconds, name: `${configured.name} as seen` };
}

/** May some cache hold data with a TTL that is no longer in place? */
function isHeld({ seconds, lastSeen }: ObservedTtl, now: number, lag: Lag): boolean {
  return now < lastSeen + seconds + lag.propagation.seconds + lag.margin.seconds;
}
