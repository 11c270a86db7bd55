/** Events between the operator and the parent: the DS that is wanted, and that is seen or gone. */

import { formatDuration } from '../../config/duration.js';
import { isoTime } from '../../config/time.js';
import { type EngineKey, isPresent, stateOf } from '../engine/model.js';
import { came, type EventContext, ids, type Pair, type PlanEvent } from './event.js';
import { type KeyNames, listText } from './names.js';
import { awaitsParent } from './phases.js';

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

export function parentEvents(
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

/** What the parent, or RFC 5011, is asked for. */
export function dsEvents(pairs: readonly Pair[], at: number, context: EventContext): PlanEvent[] {
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
