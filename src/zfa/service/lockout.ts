/**
 * Counting in sliding windows of time: tries to sign in by address, failures by account, equal
 * refusals. No clock: the time is a parameter. What is kept is bounded, whatever strangers send.
 */

import { isIPv6 } from 'node:net';
import { canonicalAddress } from '../../config/server-address.js';

export interface Windows {
  /** Seconds until something may be counted again for this key; 0: now. */
  wait(key: string, now: number): number;
  /** Counts one. */
  note(key: string, now: number): void;
}

/**
 * Windows that hold `limit` events in `seconds`.
 *
 * @param most keys that are kept; beyond them, those that were counted longest ago are forgotten.
 */
export function createWindows(limit: number, seconds: number, most = 100_000): Windows {
  /** Times of the last events, oldest first, at most `limit`; keys in the order of their last. */
  const events = new Map<string, number[]>();
  return {
    wait: (key, now) => {
      const times = events.get(key);
      if (times === undefined || times.length < limit) return 0;
      // A clock that was set back must not lock anybody out for longer than the window.
      return Math.min(seconds, Math.max(0, times[times.length - limit] + seconds - now));
    },
    note: (key, now) => {
      const times = (events.get(key) ?? []).filter((at) => at > now - seconds && at <= now);
      times.push(now);
      if (times.length > limit) times.shift();
      events.delete(key);
      events.set(key, times);
      if (events.size > most) events.delete(events.keys().next().value!);
    },
  };
}

/**
 * What counts as one address: an IPv4 address; of IPv6 the /64, which is what one customer has.
 *
 * @example addressKey('2001:db8::5') // '2001:db8:0:0'
 */
export function addressKey(address: string): string {
  if (!isIPv6(address)) return address;
  const text = canonicalAddress(address);
  const [head, tail] = text.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  // An IPv4 address at the end stands for two groups, beyond the /64 in any case.
  const length = before.length + after.length + (text.includes('.') ? 1 : 0);
  const gap = tail === undefined ? [] : Array.from({ length: 8 - length }, () => '0');
  return [...before, ...gap, ...after].slice(0, 4).join(':');
}
