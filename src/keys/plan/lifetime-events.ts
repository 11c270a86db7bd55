/** Events of the keys themselves: they are made, and are to go from now on. */

import { formatDuration } from '../../config/duration.js';
import { isoTime } from '../../config/time.js';
import { algorithmName } from '../../dnssec/algorithms.js';
import { type EnginePolicy, isPresent } from '../engine/model.js';
import { rollStart } from '../engine/schedule.js';
import { publicationLead } from '../engine/times.js';
import { areOf, type EventContext, ids, type Pair, type PlanEvent } from './event.js';
import { listText } from './names.js';

/** Keys that are made, and keys that are to go from now on. */
export function makingEvents(
  pairs: readonly Pair[],
  at: number,
  context: EventContext,
): PlanEvent[] {
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
