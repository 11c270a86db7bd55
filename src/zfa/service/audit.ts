/**
 * What the download service tells the audit log: every sign-in, refusal and download. A flood of
 * equal refusals becomes one line with their number, so that strangers can't fill the disk; no
 * password, token or header is ever part of a line, and texts from outside are checked or cut.
 */

import type { AuditEntry } from '../audit/chain.js';
import type { AuditWriter } from '../audit/writer.js';
import { isHolderId } from '../holders/model.js';
import { addressKey } from './lockout.js';

/** What was refused: the reason as a word. */
export type RefusalReason =
  | 'password'
  | 'token'
  | 'address'
  | 'tries'
  | 'account-locked'
  | 'busy'
  | 'zone'
  | 'missing'
  | 'agreement'
  | 'limit'
  | 'unavailable'
  | 'foreign-site';

export interface ServiceAudit {
  signedIn(entry: { holder: string; address: string; how: string }): void;
  /** @param holder as it was given, if at all; only a lawful id gets into the log. */
  refused(entry: {
    reason: RefusalReason;
    address: string;
    holder?: string | undefined;
    file?: string | undefined;
    status: number;
  }): void;
  downloaded(entry: {
    holder: string;
    address: string;
    file: string;
    serial: string | number | undefined;
    /** The whole file. */
    size: number;
    /** Octets of this reply that were taken by the network. */
    bytes: number;
    /** The range that was asked for, counted as HTTP does (`0-99`); undefined: all. */
    range?: string;
    /** All of this reply was sent. */
    complete: boolean;
    /** Has the holder got all of the file by now? */
    whole: boolean;
    seconds: number;
    /** Why it was ended early. */
    cut?: string | undefined;
  }): void;
  /** Anything else: start and stop, the certificate. */
  note(event: string, detail?: Readonly<Record<string, unknown>>): void;
  /** Writes what is being counted; to be called every second, and at the end. */
  tick(): void;
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** Equal refusals in a minute that get a line each. */
const SINGLE = 20;
const MINUTE = 60;
/** Different refusals that are told apart in a minute. */
const MOST_KINDS = 10_000;

interface Count {
  readonly since: number;
  single: number;
  /** Beyond the single lines; not written yet. */
  more: number;
  last: AuditEntry | undefined;
}

/** @param clock seconds since 1970. */
export function createServiceAudit(sink: AuditWriter, clock: () => number): ServiceAudit {
  const counts = new Map<string, Count>();
  const settle = (count: Count): void => {
    if (count.last !== undefined) sink.write({ ...count.last, times: count.more });
    count.last = undefined;
    count.more = 0;
  };
  const tick = (all = false): void => {
    const now = clock();
    for (const [key, count] of counts) {
      if (!all && now - count.since < MINUTE && now >= count.since) continue;
      settle(count);
      counts.delete(key);
    }
  };
  return {
    signedIn: ({ holder, address, how }) =>
      sink.write({ at: clock(), event: 'sign-in', holder, address, how }),
    refused: ({ reason, address, holder, file, status }) => {
      const entry: AuditEntry = {
        at: clock(),
        event: 'refused',
        reason,
        ...(holder !== undefined && isHolderId(holder) ? { holder } : {}),
        address,
        ...(file === undefined ? {} : { file }),
        status,
      };
      const full = counts.size >= MOST_KINDS;
      const key = full ? reason : `${reason} ${addressKey(address)}`;
      let count = counts.get(key);
      if (count === undefined) {
        count = { since: entry.at, single: full ? SINGLE : 0, more: 0, last: undefined };
        counts.set(key, count);
      }
      if (count.single < SINGLE) {
        count.single++;
        sink.write(entry);
      } else {
        count.more++;
        count.last = entry;
      }
    },
    downloaded: (entry) => sink.write({ at: clock(), event: 'download', ...entry }),
    note: (event, detail = {}) => sink.write({ at: clock(), event, ...detail }),
    tick: () => tick(),
    flush: () => sink.flush(),
    close: async () => {
      tick(true);
      await sink.close();
    },
  };
}
