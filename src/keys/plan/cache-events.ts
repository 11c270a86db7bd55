/** Events in caches: what waited until all of them know a record, or have let go of it. */

import { isoTime } from '../../config/time.js';
import { type EnginePolicy, isGone, type RecordName, stateOf } from '../engine/model.js';
import { dueAt } from '../engine/times.js';
import { came, type EventContext, type Pair, type PlanEvent } from './event.js';

/** Waiting times that are over; what several keys waited for in the same way is one event. */
export function cacheEvents(
  pairs: readonly Pair[],
  at: number,
  context: EventContext,
): PlanEvent[] {
  const { names, policy } = context;
  const groups = new Map<string, Omit<PlanEvent, 'what'> & { readonly record: RecordName }>();
  for (const pair of pairs) {
    const { after } = pair;
    for (const record of settledRecords(pair)) {
      const known = stateOf(after, record) === 'omnipresent';
      const why = formula(pair, record, policy);
      // A key whose last record is forgotten is gone.
      const last =
        isGone(after) && after.goal === 'hidden' && record === settledRecords(pair).at(-1);
      const kind = known ? 'known' : last ? 'gone' : 'forgotten';
      const group = `${kind} ${record} ${why}`;
      const keys = [...(groups.get(group)?.keys ?? []), after.id];
      groups.set(group, { at, kind, actor: 'caches', why, keys, record });
    }
  }
  return [...groups.values()].map(({ record, ...event }): PlanEvent => {
    const { kind, keys } = event;
    const list = names.list(keys);
    if (kind === 'known') {
      const what =
        record === 'ds' && policy.anchor === 'rfc5011'
          ? `every resolver that follows RFC 5011 trusts ${list}`
          : `every cache knows ${RECORD_OF[record]} ${list}`;
      return { ...event, what };
    }
    const end =
      kind === 'gone' ? `: ${keys.length === 1 ? 'the key is' : 'the keys are'} gone` : '';
    const what =
      record === 'ds' && policy.anchor === 'rfc5011'
        ? `no resolver that follows RFC 5011 trusts ${list} any more`
        : `no cache holds ${RECORD_OF[record]} ${list} any more`;
    return { ...event, what: `${what}${end}` };
  });
}

/** The records that came to rest; the signature over the DNSKEY RRset mostly goes with the DNSKEY. */
function settledRecords(pair: Pair): RecordName[] {
  if (pair.before === undefined) return [];
  const settled = RECORD_NAMES.filter(
    (record) => came(pair, record, 'omnipresent') || came(pair, record, 'hidden'),
  );
  return settled.includes('dnskey') ? settled.filter((one) => one !== 'krrsig') : settled;
}

const RECORD_NAMES: readonly RecordName[] = ['zrrsig', 'ds', 'krrsig', 'dnskey'];

const RECORD_OF: Readonly<Record<RecordName, string>> = {
  dnskey: 'the DNSKEY of',
  krrsig: 'the signature over the DNSKEY RRset by',
  zrrsig: 'the zone signatures by',
  ds: 'the DS of',
};

function formula(
  { before, after }: Pair,
  record: RecordName,
  policy: EnginePolicy,
): string | undefined {
  if (before === undefined) return undefined;
  // What was seen at the parent in this moment already counts.
  const { dsSeen, dsGone } = after;
  const due = dueAt({ ...before, dsSeen, dsGone }, record, policy);
  return due === undefined ? undefined : `${due.formula} = ${isoTime(due.at)}`;
}
