/**
 * How long a record stays rumoured or unretentive: until the last cache that may hold the RRset
 * from before the change has let it go (RFC 7583 §§3.2, 3.3). The DS waits for the parent besides:
 * time alone neither puts it there nor takes it away.
 */

import { formatDuration } from '../../config/duration.js';
import { isoTime } from '../../config/time.js';
import type { EngineKey, EnginePolicy, Measure, RecordName, RecordStatus, Times } from './model.js';

/** RFC 5011 §2.4.1 and §2.4.2: a trust anchor is added, and removed, after 30 days. */
export const HOLD_DOWN: Measure = { seconds: 30 * 86_400, name: 'hold-down of RFC 5011' };

/**
 * RFC 5011 §2.3: validators look at the DNSKEY RRset every half of its TTL, and every hour at the
 * most often. A key waits for two looks: for the one that finds it, and for the one after the
 * hold-down.
 */
const LOOKS: Measure = { seconds: 2 * 3600, name: 'two looks of RFC 5011' };

/** The parts of a wait. */
export function partsOf(record: RecordName, policy: EnginePolicy): readonly Measure[] {
  const { times } = policy;
  switch (record) {
    case 'dnskey':
    case 'krrsig':
      return [times.propagation, times.dnskeyTtl, times.margin];
    case 'zrrsig':
      return [times.propagation, times.zoneTtl, times.margin];
    case 'ds': {
      if (policy.anchor === 'parent') return [times.parentPropagation, times.dsTtl, times.margin];
      const looks = times.dnskeyTtl.seconds < LOOKS.seconds ? LOOKS : times.dnskeyTtl;
      return [HOLD_DOWN, times.propagation, looks, times.margin];
    }
  }
}

/** For how long resolvers may hold the RRset from before a change; seconds. */
export function retention(record: RecordName, policy: EnginePolicy): number {
  return partsOf(record, policy).reduce((sum, part) => sum + part.seconds, 0);
}

/** The end of a wait, and how it is reckoned. */
export interface Due {
  readonly at: number;
  /** The sum in words and in numbers. */
  readonly formula: string;
}

/**
 * When a rumoured record becomes omnipresent, or an unretentive one hidden.
 *
 * @returns undefined when that waits for something else than time: for the DS to be seen at the
 *   parent, or to be seen gone there; or when the record is in neither state.
 */
export function dueAt(key: EngineKey, record: RecordName, policy: EnginePolicy): Due | undefined {
  const status = key.records[record];
  if (status === undefined) return undefined;
  const start = startOf(key, record, status, policy);
  if (start === undefined) return undefined;
  const parts = partsOf(record, policy);
  return dueFrom(start, parts);
}

/** The end of a wait from its start. The sum is put in words only when somebody asks for it. */
export function dueFrom(start: Start, parts: readonly Measure[]): Due {
  const at = parts.reduce((sum, part) => sum + part.seconds, start.at);
  return {
    at,
    get formula() {
      return formulaOf(start, parts);
    },
  };
}

interface Start {
  readonly at: number;
  readonly what: string;
}

function startOf(
  key: EngineKey,
  record: RecordName,
  { state, since }: RecordStatus,
  { anchor }: EnginePolicy,
): Start | undefined {
  if (state !== 'rumoured' && state !== 'unretentive') return undefined;
  const rumoured = state === 'rumoured';
  if (record === 'ds') {
    if (anchor === 'rfc5011') {
      return { at: since, what: rumoured ? 'published' : 'revoked or withdrawn' };
    }
    const seen = rumoured ? key.dsSeen : key.dsGone;
    if (seen === undefined) return undefined;
    // What was seen before the DS was wanted there, or gone, tells nothing about the wait.
    return {
      at: Math.max(seen, since),
      what: rumoured ? 'DS seen at the parent' : 'DS seen gone from the parent',
    };
  }
  const what = record === 'dnskey' ? 'published' : 'signs since';
  return {
    at: since,
    what: rumoured ? what : record === 'dnskey' ? 'withdrawn' : 'ceased to sign',
  };
}

/** A sum in words and in numbers. */
function formulaOf(start: Start, parts: readonly Measure[]): string {
  const words = [start.what, ...parts.map((part) => part.name)].join(' + ');
  const numbers = [isoTime(start.at), ...parts.map((part) => formatDuration(part.seconds))];
  return `${words} = ${numbers.join(' + ')}`;
}

/** How long before its retirement a key's successor must be published: until all caches have it. */
export function publicationLead({ times }: { readonly times: Times }): number {
  return times.propagation.seconds + times.dnskeyTtl.seconds + times.margin.seconds;
}
