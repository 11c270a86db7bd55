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
  const pairs = after.map(
    (key): Pair => ({
      before: before.find(({ id }) => id === key.id),
      after: key,
    }),
  );
  return [
    ...parentEvents(pairs, at, context),
    ...pairs.flatMap((pair) => cacheEvents(pair, at, context)),
    ...makingEvents(pairs, at, context),
    ...signingEvents(pairs, at, context),
    ...publishingEvents(pairs, at, context),
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
          ? `the DS of ${name} is waited for: have the parent publish it, and say when it is there`
          : `the DS of ${name} is to go: have the parent remove it, and say when it is gone`,
        why: `since ${isoTime(key.records.ds?.since ?? at)}; time alone does not tell what the parent has published`,
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

/** Waiting times of a key that are over. */
function cacheEvents(pair: Pair, at: number, context: EventContext): PlanEvent[] {
  const { after } = pair;
  const { names, policy } = context;
  const name = names.of(after.id);
  const events: PlanEvent[] = [];
  const settled = (to: RecordState): RecordName[] => {
    const records = (['dnskey', 'krrsig', 'zrrsig', 'ds'] as const).filter(
      (record) => pair.before !== undefined && came(pair, record, to),
    );
    // The signature over the DNSKEY RRset mostly comes and goes with the DNSKEY.
    return records.includes('dnskey') ? records.filter((one) => one !== 'krrsig') : records;
  };
  for (const record of settled('omnipresent')) {
    events.push({
      at,
      kind: 'known',
      actor: 'caches',
      what:
        record === 'ds' && policy.anchor === 'rfc5011'
          ? `every resolver that follows RFC 5011 trusts ${name}`
          : `every cache knows ${RECORD_OF[record]} ${name}`,
      why: formula(pair, record, policy),
      keys: [after.id],
    });
  }
  const forgotten = settled('hidden');
  for (const [i, record] of forgotten.entries()) {
    const last = i === forgotten.length - 1 && isGone(after) && after.goal === 'hidden';
    events.push({
      at,
      kind: last ? 'gone' : 'forgotten',
      actor: 'caches',
      what: `no cache holds ${RECORD_OF[record]} ${name} any more${last ? ': the key is gone' : ''}`,
      why: formula(pair, record, policy),
      keys: [after.id],
    });
  }
  return events;
}

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
  const events = made.map(({ after }): PlanEvent => {
    const old = pairs.find((one) => one.after.id === after.replaces);
    const published = isPresent(after, 'dnskey') ? ' and published' : '';
    const place = old === undefined ? '' : `, to take the place of ${names.of(old.after.id)}`;
    return {
      at,
      kind: 'made',
      actor: 'zonewright',
      what: `${names.of(after.id)} is made${published}${place}`,
      why: old === undefined ? policyReason(after, pairs) : lifetimeReason(old, policy),
      keys: [after.id, ...(old === undefined ? [] : [old.after.id])],
    };
  });
  const succeeded = new Set(made.map(({ after }) => after.replaces));
  for (const { before, after } of pairs) {
    if (before?.goal !== 'omnipresent' || after.goal !== 'hidden') continue;
    if (succeeded.has(after.id)) continue;
    events.push({
      at,
      kind: 'retired',
      actor: 'zonewright',
      what: `${names.of(after.id)} is to go`,
      why: policy.algorithms.includes(after.algorithm)
        ? 'other keys have its duties'
        : `the policy no longer has ${algorithmName(after.algorithm)}`,
      keys: [after.id],
    });
  }
  return events;
}

function policyReason(made: EngineKey, pairs: readonly Pair[]): string {
  const known = pairs.some(
    ({ before, after }) => before !== undefined && after.algorithm === made.algorithm,
  );
  const role = made.role.toUpperCase();
  return known
    ? `the policy asks for a ${role}`
    : `the policy asks for a ${role} of ${algorithmName(made.algorithm)}`;
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
      what: `${names.list(ids(coming))} ${coming.length === 1 ? 'is' : 'are'} published${instead}`,
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
  const put = `put the DS of ${names.list(ids(coming))} there`;
  const take = `remove the DS of ${names.list(ids(going))}`;
  let what = `at the parent: ${put}`;
  let why = 'every cache has its DNSKEY and its signature';
  if (coming.length > 0 && going.length > 0) what = `at the parent: ${put} and ${take}`;
  else if (going.length > 0) {
    what = `at the parent: ${take}`;
    why =
      policy.algorithms.length === 0
        ? 'the zone goes insecure: no DS may lead to keys that are withdrawn'
        : 'every cache has the DS and the DNSKEY of the key in its place';
  } else if (coming.some(({ after }) => !isPresent(after, 'dnskey'))) {
    what = `at the parent: add the DS of ${names.list(ids(coming))} beside what is there`;
    why = 'the DS comes before its DNSKEY (double DS, RFC 6781 §4.1.2)';
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
      what: `${names.list(ids(revoked))} ${revoked.length === 1 ? 'is' : 'are'} revoked (RFC 5011)`,
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
      what: `${names.list(ids(going))} ${going.length === 1 ? 'is' : 'are'} withdrawn`,
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
