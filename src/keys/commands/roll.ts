/**
 * `zonewright keys roll` and `keys revoke`: asks for the roll of a key. The next build after the
 * given time begins it, and the builds after that carry it out.
 */

import { printJson } from '../../cli/output.js';
import { isoTime } from '../../config/time.js';
import { algorithmByName, algorithmName, signingMnemonics } from '../../dnssec/algorithms.js';
import { refusal, usageError } from '../../errors.js';
import { forecast } from '../engine/forecast.js';
import { isGone, type RollRequest } from '../engine/model.js';
import { type Answer, requestRoll, revokeKey } from '../engine/requests.js';
import type { Breakage } from '../engine/rules.js';
import { rollTarget } from '../engine/schedule.js';
import { type HeldKeys, keyWithTag } from '../lifecycle/zone-keys.js';
import type { Role } from '../statefile.js';
import { breakLines, changeKeys, type ZoneOptions } from './context.js';

/** `zonewright keys roll`. */
export interface KeysRollOptions extends ZoneOptions {
  readonly role: Role;
  /** Mnemonic or number of the algorithm of the key to replace; undefined: the only one. */
  readonly algorithm: string | undefined;
  /** When it begins; undefined: with the next build. */
  readonly at: number | undefined;
  readonly emergency: boolean;
  readonly reason: string | undefined;
  readonly dryRun: boolean;
}

/** `zonewright keys revoke`. */
export interface KeysRevokeOptions extends ZoneOptions {
  readonly tag: number;
  readonly emergency: boolean;
  readonly reason: string | undefined;
}

/** Seconds for which the coming events of a roll are told: those of RFC 5011 take two months. */
const TOLD = 120 * 86_400;
/** A roll can't be asked for further ahead, in seconds. */
const LATEST = 10 * 365 * 86_400;
/** What the parent is taken to need, for telling what comes. */
const PARENT_DELAY = 86_400;

/** @throws ZonewrightError (exit 2): an emergency has to say why it is one. */
export function assertReason(emergency: boolean, reason: string | undefined): void {
  if (emergency && (reason === undefined || reason.trim() === '')) {
    throw usageError('--emergency needs --reason "…"', {
      hint: 'it goes to the audit log, for those who ask later why validation failed for a while',
    });
  }
}

/** Runs `keys roll`. */
export async function keysRollCommand(options: KeysRollOptions): Promise<void> {
  const { role, emergency, reason, dryRun, now } = options;
  assertReason(emergency, reason);
  const at = options.at ?? now;
  if (at > now + LATEST) {
    throw usageError(`--at ${isoTime(at)} is more than ten years away`, {
      hint: 'ask for it when it is nearer: keys and policy will be others by then',
    });
  }
  const request: RollRequest = {
    role,
    at,
    ...(options.algorithm === undefined ? {} : { algorithm: algorithmNumber(options.algorithm) }),
    ...(emergency ? { emergency: true, reason } : {}),
  };
  const changed = await changeKeys(options, {
    command: 'keys roll',
    request: (held) => rollAnswer(held, request, now),
    note: { role, begins: isoTime(at), ...(emergency ? { emergency, reason } : {}) },
    dryRun,
    byBuilds: true,
  });
  const { held, what } = changed;
  const coming = comingEvents(held, request, now);
  if (options.json) {
    printJson({
      zone: held.zone.label,
      role,
      begins: isoTime(at),
      emergency,
      dryRun,
      breaks: coming.breaks.map(({ what: text, until }) => ({
        what: text,
        until: until === undefined ? null : isoTime(until),
      })),
      events: coming.events.map((event) => ({ at: isoTime(event.at), what: event.what })),
    });
    return;
  }
  const { reporter } = options;
  for (const line of breakLines(coming.breaks)) reporter.warn(line);
  process.stdout.write(`${held.zone.label}: ${dryRun ? 'would be noted' : 'noted'}: ${what}\n`);
  process.stdout.write(
    'what comes, if a build runs at each of these times and the parent takes a day:\n',
  );
  for (const event of coming.events) {
    process.stdout.write(`  ${isoTime(event.at)}  ${event.what}\n`);
  }
  process.stdout.write(`next: zonewright keys status --zone ${held.zone.label}\n`);
}

function algorithmNumber(text: string): number {
  const algorithm = algorithmByName(text);
  if (algorithm !== undefined) return algorithm.number;
  throw usageError(`--algorithm ${JSON.stringify(text)} is not known`, {
    hint: `say one of ${signingMnemonics()}`,
  });
}

function rollAnswer(held: HeldKeys, request: RollRequest, now: number): Answer {
  const { keys, policy, zone } = held;
  const { algorithm, role } = request;
  if (algorithm !== undefined && !keys.keys.some((key) => key.algorithm === algorithm)) {
    const name = algorithmName(algorithm);
    throw refusal(`${zone.label} has no key of ${name} to roll`, {
      hint: policy.algorithms.includes(algorithm)
        ? `the policy asks for ${name}: the next build begins the roll by itself`
        : `to change to it, set algorithm = "${name}" in [policy.${zone.policy.name}]: the next build begins the roll (RFC 6781 §4.1.4)`,
    });
  }
  const going = keys.keys.find((key) => key.goal === 'hidden' && key.role === role && !isGone(key));
  if (going !== undefined && request.emergency !== true) {
    const end = endOf(held, going.id, now);
    return {
      refused: `a roll of the ${role.toUpperCase()} is under way: key ${going.tag} is on its way out`,
      earliest: end,
      why: `until it is gone another one would be in its way; with the parent's part taken to last a day, key ${going.tag} is forgotten everywhere at ${end === undefined ? 'no time in sight' : isoTime(end)}`,
    };
  }
  const answer = requestRoll(keys, request);
  const before = keys.rolls.find((one) => one.role === role && one.algorithm === algorithm);
  if ('refused' in answer || before === undefined || before.at === request.at) return answer;
  return { ...answer, what: `${answer.what}, and not at ${isoTime(before.at)} as was asked for` };
}

/** When nothing is left of a key, as far as can be foreseen. */
function endOf({ keys, policy }: HeldKeys, id: string, now: number): number | undefined {
  const moments = forecast(keys, policy, now, {
    until: now + TOLD,
    interval: 0,
    parentDelay: PARENT_DELAY,
  });
  return moments.find((moment) => {
    const key = moment.keys.find((one) => one.id === id);
    return key === undefined || isGone(key);
  })?.at;
}

interface Coming {
  readonly events: readonly { readonly at: number; readonly what: string }[];
  readonly breaks: readonly Breakage[];
}

/** The events from the roll's beginning until the key that is rolled is gone. */
function comingEvents({ keys, policy }: HeldKeys, request: RollRequest, now: number): Coming {
  const target = rollTarget(keys.keys, request)?.id;
  const moments = forecast(keys, policy, now, {
    until: request.at + TOLD,
    interval: 0,
    parentDelay: PARENT_DELAY,
  }).filter((moment) => moment.at >= request.at);
  const end = moments.findIndex(({ keys: after }) => {
    const key = after.find(({ id }) => id === target);
    return key === undefined || isGone(key);
  });
  const events = moments.slice(0, end < 0 ? undefined : end + 1).flatMap((moment) => moment.events);
  return { events, breaks: events.flatMap((event) => event.breaks ?? []) };
}

/** Runs `keys revoke`. */
export async function keysRevokeCommand(options: KeysRevokeOptions): Promise<void> {
  const { tag, emergency, reason, now } = options;
  assertReason(emergency, reason);
  const { held, what, breaks } = await changeKeys(options, {
    command: 'keys revoke',
    request: (one) => revokeKey(one.keys, keyWithTag(one, tag), one.policy, now, emergency),
    note: { tag, ...(emergency ? { emergency, reason } : {}) },
    byBuilds: true,
  });
  if (options.json) {
    printJson({ zone: held.zone.label, tag, what, breaks });
    return;
  }
  for (const line of breakLines(breaks)) options.reporter.warn(line);
  process.stdout.write(
    `${held.zone.label}: ${what}; the next build publishes it with its REVOKE flag\n`,
  );
}
