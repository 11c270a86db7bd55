/**
 * What happens at each moment of a forecast, in sentences: what changed from the moment before, why
 * then, and who acts. It is told from the states, so that what one step does to several keys is
 * one sentence, and every waiting time comes with its formula.
 */

import { formatDuration } from '../../config/duration.js';
import { isoTime } from '../../config/time.js';
import { algorithmName } from '../../dnssec/algorithms.js';
import { breakText } from '../engine/explain.js';
import {
  byRole,
  type EngineKey,
  type EnginePolicy,
  hasKeyRole,
  hasZoneRole,
  isGone,
  isPresent,
  type RecordName,
  stateOf,
} from '../engine/model.js';
import { rollStart } from '../engine/schedule.js';
import { dueAt, publicationLead } from '../engine/times.js';
import type { RecordState } from '../statefile.js';
import { type KeyNames, listText } from './names.js';
import { awaitsParent } from './phases.js';

/**
 * Who acts: `zonewright` in a build, by itself; the `operator`, who has the parent's DS RRset
 * changed; the `parent`, which is taken to follow; or `caches`, by letting go of old data.
 */
export type Actor = 'zonewright' | 'operator' | 'parent' | 'caches';

export type EventKind =
  | 'made'
  | 'retired'
  | 'published'
  | 'signs'
  | 'signs-no-longer'
  | 'withdrawn'
  | 'revoked'
  | 'ds-wanted'
  | 'ds-seen'
  | 'known'
  | 'forgotten'
  | 'gone'
  | 'breaks';

export interface PlanEvent {
  readonly at: number;
  readonly kind: EventKind;
  readonly actor: Actor;
  readonly what: string;
  /** The formula that gives the time, or what allows the step; undefined: nothing to add. */
  readonly why: string | undefined;
  /** What the operator types. */
  readonly command?: string | undefined;
  /** It is assumed: nobody can know when the parent acts. */
  readonly assumed?: boolean | undefined;
  /** Ids of the keys that it is about. */
  readonly keys: readonly string[];
}

/** What the sentences depend on besides the keys. */
export interface EventContext {
  readonly zone: string;
  readonly policy: EnginePolicy;
  readonly names: KeyNames;
  /** Seconds in which the parent is taken to follow. */
  readonly parentDelay: number | undefined;
}

/** A key before and after a moment; `before` undefined: it is made then. */
interface Pair {
  readonly before: EngineKey | undefined;
  readonly after: EngineKey;
}

const ids = (pairs: readonly Pair[]): string[] => pairs.map(({ after }) => after.id);

/** Did the record come to this state? Of a record that is still hidden in a new key: no. */
function came({ before, after }: Pair, record: RecordName, to: RecordState): boolean {
  const from = before === undefined ? 'hidden' : stateOf(before, record);
  return stateOf(after, record) === to && from !== to;
}

/** The events of a moment, in the order in which one leads to another. */
export function momentEvents(
  before: readonly EngineKey[],
  after: readonly EngineKey[],
  at: number,
  context: EventContext,
): PlanEvent[] {
  const pairs = [...after].sort(byRole).map(
    (key): Pair => ({
      before: before.find(({ id }) => id === key.id),
      after: key,
    }),
  );
  return [
    ...parentEvents(pairs, at, context),
    ...cacheEvents(pairs, at, context),
    ...makingEvents(pairs, at, context),
    ...publishingEvents(pairs, at, context),
    ...signingEvents(pairs, at, context),
    ...dsEvents(pairs, at, context),
    ...leavingEvents(pairs, at, context),
  ];
}

/** What waits for the operator when the plan begins. */
export function openEvents(
  keys: readonly EngineKey[],
  at: number,
  { zone, policy, names }: EventContext,
): PlanEvent[] {
  return keys
    .filter((key) => awaitsParent(key, policy))
    .map((key): PlanEvent => {
      const comes = stateOf(key, 'ds') === 'rumoured';
      const name = names.of(key.id);
      return {
        at,
        kind: 'ds-wanted',
        actor: 'operator',
        what: comes
          ? `have the parent publish the DS of ${name}, unless it does already`
          : `have the parent remove the DS of ${name}, unless it is gone already`,
        why: `due since ${isoTime(key.records.ds?.since ?? at)}; then say so, for time alone does not tell what the parent has published`,
        command: seenCommand(comes ? 'ds-seen' : 'ds-gone', zone, key, names),
        keys: [key.id],
      };
    });
}

function seenCommand(
  command: 'ds-seen' | 'ds-gone',
  zone: string,
  key: EngineKey,
  names: KeyNames,
): string {
  const tag = names.tagOf(key.id) ?? 'TAG';
  return `zonewright keys ${command} --zone ${shellWord(zone)} --tag ${tag}`;
}

/** A word that a shell takes as it stands. */
function shellWord(text: string): string {
  const name = text === 'root' ? '.' : text;
  return /^[\w.:-]+$/.test(name) ? name : `'${name.replaceAll("'", `'\\''`)}'`;
}

function parentEvents(
  pairs: readonly Pair[],
  at: number,
  { names, parentDelay, zone }: EventContext,
): PlanEvent[] {
  const seen = pairs.filter(
    ({ before, after }) => before?.dsSeen === undefined && after.dsSeen !== undefined,
  );
  const gone = pairs.filter(
    ({ before, after }) => before?.dsGone === undefined && after.dsGone !== undefined,
  );
  const parts = [
    ...(seen.length > 0 ? [`has the DS of ${names.list(ids(seen))}`] : []),
    ...(gone.length > 0 ? [`no longer has the DS of ${names.list(ids(gone))}`] : []),
  ];
  if (parts.length === 0) return [];
  const commands = [
    ...seen.map(({ after }) => seenCommand('ds-seen', zone, after, names)),
    ...gone.map(({ after }) => seenCommand('ds-gone', zone, after, names)),
  ];
  const within = parentDelay === undefined ? '' : ` ${formatDuration(parentDelay)} after it is due`;
  return [
    {
      at,
      kind: 'ds-seen',
      actor: 'parent',
      what: `the parent ${listText(parts)}`,
      why: `assumed${within}; everything after it moves with it`,
      command: commands.join(' && '),
      assumed: true,
      keys: ids([...seen, ...gone]),
    },
  ];
}

/** Waiting times that are over; what several keys waited for in the same way is one event. */
function cacheEvents(pairs: readonly Pair[], at: number, context: EventContext): PlanEvent[] {
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

/** Keys that are made, and keys that are to go from now on. */
function makingEvents(pairs: readonly Pair[], at: number, context: EventContext): PlanEvent[] {
  const { names, policy } = context;
  const made = pairs.filter(({ before }) => before === undefined);
  const events: PlanEvent[] = [];
  const first: Pair[] = [];
  for (const pair of made) {
    const old = pairs.find((one) => one.after.id === pair.after.replaces);
    if (old === undefined) {
      first.push(pair);
      continue;
    }
    events.push({
      at,
      kind: 'made',
      actor: 'zonewright',
      what: `${names.of(pair.after.id)} is made${isPresent(pair.after, 'dnskey') ? ' and published' : ''}, to take the place of ${names.of(old.after.id)}`,
      why: lifetimeReason(old, policy),
      keys: ids([pair, old]),
    });
  }
  for (const published of [true, false]) {
    const own = first.filter(({ after }) => isPresent(after, 'dnskey') === published);
    if (own.length === 0) continue;
    events.push({
      at,
      kind: 'made',
      actor: 'zonewright',
      what: `${names.list(ids(own))} ${areOf(own)} made${published ? ' and published' : ''}`,
      why: policyReason(own, pairs),
      keys: ids(own),
    });
  }
  const succeeded = new Set(made.map(({ after }) => after.replaces));
  const retired = pairs.filter(
    ({ before, after }) =>
      before?.goal === 'omnipresent' && after.goal === 'hidden' && !succeeded.has(after.id),
  );
  if (retired.length > 0) {
    const algorithms = [...new Set(retired.map(({ after }) => after.algorithm))];
    const dropped = algorithms.filter((algorithm) => !policy.algorithms.includes(algorithm));
    events.push({
      at,
      kind: 'retired',
      actor: 'zonewright',
      what: `${names.list(ids(retired))} ${areOf(retired)} to go`,
      why:
        dropped.length === 0
          ? 'other keys have the duties'
          : `the policy no longer has ${listText(dropped.map(algorithmName))}`,
      keys: ids(retired),
    });
  }
  return events;
}

const areOf = (pairs: readonly Pair[]): string => (pairs.length === 1 ? 'is' : 'are');

function policyReason(made: readonly Pair[], pairs: readonly Pair[]): string {
  const old = pairs.filter(({ before }) => before !== undefined);
  const fresh = [...new Set(made.map(({ after }) => after.algorithm))].filter(
    (algorithm) => !old.some(({ after }) => after.algorithm === algorithm),
  );
  if (fresh.length > 0) return `the policy asks for ${listText(fresh.map(algorithmName))}`;
  const roles = [...new Set(made.map(({ after }) => after.role.toUpperCase()))];
  return `the policy asks for a ${roles.join(' and a ')}`;
}

/** Why a key's successor is made at this time: the end of its life, less the time to get known. */
function lifetimeReason({ before, after }: Pair, policy: EnginePolicy): string | undefined {
  if (before === undefined) return undefined;
  const start = rollStart(after, policy);
  if (start === undefined) return undefined;
  if (before.retireAt === undefined && after.retireAt !== undefined) {
    return `a roll was asked for at ${isoTime(after.retireAt)}`;
  }
  const { propagation, dnskeyTtl, margin } = policy.times;
  const lead = [propagation, dnskeyTtl, margin];
  const lifetime = after.role === 'zsk' ? policy.zskLifetime : policy.kskLifetime;
  const end = start + publicationLead(policy);
  const byAge = lifetime !== undefined && after.active !== undefined;
  const aged = byAge && after.active + lifetime === end;
  const lifeName = after.role === 'zsk' ? 'zsk-lifetime' : 'ksk-lifetime';
  const words = aged ? `active + ${lifeName}` : 'its Inactive time';
  const numbers = aged ? `${isoTime(end - lifetime)} + ${formatDuration(lifetime)}` : isoTime(end);
  const less = (texts: readonly string[]): string => texts.map((text) => ` - ${text}`).join('');
  return `${words}${less(lead.map(({ name }) => name))} = ${numbers}${less(lead.map(({ seconds }) => formatDuration(seconds)))} = ${isoTime(start)}`;
}

/** Changes of the key that signs the zone. */
function signingEvents(pairs: readonly Pair[], at: number, { names }: EventContext): PlanEvent[] {
  const events: PlanEvent[] = [];
  const ceasing = pairs.filter((pair) => came(pair, 'zrrsig', 'unretentive'));
  const replaced = new Set<Pair>();
  for (const pair of pairs) {
    const { after } = pair;
    if (!came(pair, 'zrrsig', 'rumoured')) continue;
    const old = ceasing.filter((one) => one.after.algorithm === after.algorithm);
    for (const one of old) replaced.add(one);
    const instead = old.length > 0 ? ` instead of ${names.list(ids(old))}` : '';
    const ahead = isPresent(after, 'dnskey') ? '' : ', ahead of its DNSKEY';
    let why: string | undefined;
    if (old.length > 0) why = 'every cache has its DNSKEY';
    else if (ahead !== '') {
      why = 'signatures of a new algorithm come before its DNSKEY (RFC 6781 §4.1.4)';
    }
    events.push({
      at,
      kind: 'signs',
      actor: 'zonewright',
      what: `${names.of(after.id)} signs the zone${instead}${ahead}`,
      why,
      keys: ids([pair, ...old]),
    });
  }
  const ended = ceasing.filter((pair) => !replaced.has(pair) && pair.after.revoked === undefined);
  if (ended.length > 0) {
    events.push({
      at,
      kind: 'signs-no-longer',
      actor: 'zonewright',
      what: `${names.list(ids(ended))} no longer sign${ended.length === 1 ? 's' : ''} the zone`,
      why: undefined,
      keys: ids(ended),
    });
  }
  return events;
}

const isSwapped = ({ after }: Pair): boolean => after.role === 'ksk' && after.revoked === undefined;

/** DNSKEYs that come; of keys that are made at the same time it is said there. */
function publishingEvents(pairs: readonly Pair[], at: number, context: EventContext): PlanEvent[] {
  const { names, policy } = context;
  const coming = pairs.filter(
    (pair) => pair.before !== undefined && came(pair, 'dnskey', 'rumoured'),
  );
  if (coming.length === 0) return [];
  const old = swappedOut(pairs, policy);
  const instead = old.length > 0 ? ` instead of ${names.list(ids(old))}` : '';
  const ahead = coming.every(({ after }) => !hasZoneRole(after.role) || isPresent(after, 'zrrsig'));
  const signed = ahead && coming.some(({ after }) => hasZoneRole(after.role));
  let why: string | undefined;
  if (old.length > 0) why = 'every cache has its DS';
  else if (signed) why = 'every cache has the signatures that go with them';
  return [
    {
      at,
      kind: 'published',
      actor: 'zonewright',
      what: `${names.list(ids(coming))} ${areOf(coming)} published${instead}`,
      why,
      keys: ids([...coming, ...old]),
    },
  ];
}

/** The KSKs that are withdrawn in the same step as others are published: double DS. */
function swappedOut(pairs: readonly Pair[], { kskRoll, anchor }: EnginePolicy): Pair[] {
  if (kskRoll !== 'double-ds' || anchor !== 'parent') return [];
  const comes = pairs.filter((pair) => isSwapped(pair) && came(pair, 'dnskey', 'rumoured'));
  return pairs.filter(
    (pair) =>
      isSwapped(pair) &&
      came(pair, 'dnskey', 'unretentive') &&
      comes.some(({ after }) => after.algorithm === pair.after.algorithm),
  );
}

/** What the parent, or RFC 5011, is asked for. */
function dsEvents(pairs: readonly Pair[], at: number, context: EventContext): PlanEvent[] {
  const { names, policy, zone } = context;
  const coming = pairs.filter((pair) => came(pair, 'ds', 'rumoured'));
  const going = pairs.filter((pair) => came(pair, 'ds', 'unretentive'));
  if (policy.anchor === 'rfc5011') {
    if (coming.length === 0) return [];
    return [
      {
        at,
        kind: 'ds-wanted',
        actor: 'caches',
        what: `resolvers that follow RFC 5011 begin to learn ${names.list(ids(coming))}`,
        why: 'every cache has its DNSKEY and its signature; trust begins after the hold-down',
        keys: ids(coming),
      },
    ];
  }
  if (coming.length === 0 && going.length === 0) return [];
  const fresh = names.list(ids(coming));
  const old = names.list(ids(going));
  let what = `have the parent publish the DS of ${fresh}`;
  let why = 'every cache has its DNSKEY and its signature; CDS and CDNSKEY ask for it, too';
  if (coming.length > 0 && going.length > 0) what += ` and remove that of ${old}`;
  else if (going.length > 0) {
    what = `have the parent remove the DS of ${old}`;
    why =
      policy.algorithms.length === 0
        ? 'the zone goes insecure: no DS may lead to keys that are withdrawn'
        : 'every cache has the DS and the DNSKEY of the key in its place';
  } else if (coming.some(({ after }) => !isPresent(after, 'dnskey'))) {
    what += ' beside what it has';
    why = 'the DS comes before its DNSKEY (double DS, RFC 6781 §4.1.2)';
  }
  if (pairs.some(({ after }) => after.emergency === true)) {
    why = 'an emergency does not wait for caches';
  }
  return [
    {
      at,
      kind: 'ds-wanted',
      actor: 'operator',
      what,
      why,
      command: coming.length > 0 ? `zonewright keys ds --zone ${shellWord(zone)}` : undefined,
      keys: ids([...coming, ...going]),
    },
  ];
}

/** Keys that are revoked, and DNSKEYs that are taken out. */
function leavingEvents(pairs: readonly Pair[], at: number, context: EventContext): PlanEvent[] {
  const { names, policy } = context;
  const events: PlanEvent[] = [];
  const revoked = pairs.filter(
    ({ before, after }) => before?.revoked === undefined && after.revoked !== undefined,
  );
  if (revoked.length > 0) {
    events.push({
      at,
      kind: 'revoked',
      actor: 'zonewright',
      what: `${names.list(ids(revoked))} ${areOf(revoked)} revoked (RFC 5011)`,
      why: 'resolvers trust its successor',
      keys: ids(revoked),
    });
  }
  const swapped = swappedOut(pairs, policy);
  const going = pairs.filter(
    (pair) =>
      came(pair, 'dnskey', 'unretentive') && !revoked.includes(pair) && !swapped.includes(pair),
  );
  if (going.length > 0) {
    events.push({
      at,
      kind: 'withdrawn',
      actor: 'zonewright',
      what: `${names.list(ids(going))} ${areOf(going)} withdrawn`,
      why: withdrawalReason(going),
      keys: ids(going),
    });
  }
  return events;
}

function withdrawalReason(going: readonly Pair[]): string | undefined {
  const keys = going.map(({ after }) => after);
  if (keys.some((key) => isPresent(key, 'zrrsig'))) {
    return 'signatures of an algorithm go after its DNSKEYs (RFC 6781 §4.1.4)';
  }
  if (!keys.every(isUnneeded)) return undefined;
  const trails = [
    ...(keys.some(({ role }) => hasKeyRole(role)) ? ['a DS that leads to it'] : []),
    ...(keys.some(({ role }) => hasZoneRole(role)) ? ['zone signatures by it'] : []),
  ];
  return `no cache holds ${trails.join(' or ')} any more`;
}

/** Is nothing left that leads to the key or needs it? */
function isUnneeded(key: EngineKey): boolean {
  return stateOf(key, 'ds') === 'hidden' && stateOf(key, 'zrrsig') === 'hidden';
}

/** What an emergency breaks; `what` names keys as the engine does. */
export function breakEvents(
  at: number,
  events: readonly {
    readonly ids: readonly string[];
    readonly breaks?: Parameters<typeof breakText>[0];
  }[],
  names: KeyNames,
): PlanEvent[] {
  return events.flatMap(({ ids: keys, breaks = [] }): PlanEvent[] => {
    if (breaks.length === 0) return [];
    const ends = breaks.map(({ until }) => until);
    const last = ends.includes(undefined) ? undefined : Math.max(...ends.map((end) => end ?? 0));
    return [
      {
        at,
        kind: 'breaks',
        actor: 'zonewright',
        what: `emergency: resolvers with old data fail to validate${last === undefined ? '' : ` until ${isoTime(last)}`}`,
        why: names.inText(breakText(breaks), keys),
        keys,
      },
    ];
  });
}
