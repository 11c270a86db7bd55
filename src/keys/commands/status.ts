/**
 * `zonewright keys status`: what is going on with a zone's keys, what each of them waits for, until
 * when and why, and what to do next, as a command to type.
 *
 * `--json` prints `{"version", "zones": [{"zone", "policy", "at", "keys": [{"tag", "role",
 * "algorithm", "dnskey", "goal", "states", "since", "timing", "rollAt", "rollWhy", "waits"}],
 * "waits", "nextBuild", "next", "commands"}]}`.
 */

import { printJson } from '../../cli/output.js';
import { formatDuration } from '../../config/duration.js';
import { isoTime } from '../../config/time.js';
import { algorithmName } from '../../dnssec/algorithms.js';
import { dnskeyText } from '../../dnssec/dnskey.js';
import { usageError } from '../../errors.js';
import { advance } from '../engine/advance.js';
import { explain, type Wait } from '../engine/explain.js';
import { forecast } from '../engine/forecast.js';
import {
  byRole,
  type EngineKey,
  isGone,
  keyName,
  recordsOf,
  stateOf,
  type ZoneKeys,
} from '../engine/model.js';
import { rollStart } from '../engine/schedule.js';
import { partsOf } from '../engine/times.js';
import { keyId } from '../lifecycle/key-state.js';
import type { HeldKeys } from '../lifecycle/zone-keys.js';
import { TIMING_FIELDS } from '../timing.js';
import { lookAtKeys, type ZonesOptions } from './context.js';

/** `zonewright keys status`. */
export interface KeysStatusOptions extends ZonesOptions {
  /** The time to look at; undefined: now. */
  readonly at: number | undefined;
}

/** How far ahead the next event is looked for, in seconds: three years. */
const HORIZON = 3 * 365 * 86_400;
/** The status can't be told further ahead, in seconds. */
const LATEST = 10 * 365 * 86_400;
/** What the parent is taken to need, for looking ahead. */
const PARENT_DELAY = 86_400;

/** The state of a zone's keys, as it is told. */
interface ZoneStatus {
  readonly held: HeldKeys;
  readonly at: number;
  readonly zone: ZoneKeys;
  readonly waits: readonly Wait[];
  /** What the next build will do. */
  readonly nextBuild: readonly string[];
  /** What comes after that, and when. */
  readonly next: { readonly at: number; readonly what: string } | undefined;
  /** Commands for the operator to type, with what they are for. */
  readonly commands: readonly { readonly command: string; readonly when: string }[];
}

/** Runs the command. */
export async function keysStatusCommand(options: KeysStatusOptions): Promise<void> {
  const at = options.at ?? options.now;
  if (at > options.now + LATEST) {
    throw usageError(`--at ${isoTime(at)} is more than ten years away`, {
      hint: 'what comes until then is in "zonewright keys plan --until"',
    });
  }
  const { held } = await lookAtKeys(options);
  const statuses = held.map((one) => statusOf(one, options.now, at));
  if (options.json) {
    printJson({ zones: statuses.map(statusJson) });
    return;
  }
  const text = statuses.map((status) => statusLines(status).join('\n')).join('\n\n');
  process.stdout.write(`${text}\n`);
}

function statusOf(held: HeldKeys, now: number, at: number): ZoneStatus {
  const { policy } = held;
  const ahead =
    at > now
      ? forecast(held.keys, policy, now, { until: at, interval: 0, parentDelay: undefined })
      : [];
  const keys = ahead.at(-1)?.keys ?? held.keys.keys;
  const zone: ZoneKeys = { keys, rolls: held.keys.rolls.filter((roll) => roll.at > at) };
  const step = advance(zone, policy, at);
  // What is over by now is for the next build to take note of.
  const waits = explain(zone, policy, at).filter(({ until }) => until === undefined || until > at);
  const nextBuild = [
    ...step.events.map(({ what }) => what),
    ...step.needed.map(({ role, why }) => `a new ${role.toUpperCase()} is made: ${why}`),
  ];
  const [next] = forecast(step.zone, policy, at, {
    until: at + HORIZON,
    interval: 0,
    parentDelay: PARENT_DELAY,
  }).filter((moment) => moment.at > at);
  return {
    held,
    at,
    zone,
    waits,
    nextBuild,
    next: next && { at: next.at, what: next.events.map(({ what }) => what).join('; ') },
    commands: commandsFor(held, waits),
  };
}

/** The commands that the waits ask for. */
function commandsFor(held: HeldKeys, waits: readonly Wait[]): ZoneStatus['commands'] {
  const { label } = held.zone;
  const commands: { command: string; when: string }[] = [];
  for (const { parent, ids } of waits) {
    const key = held.keys.keys.find(({ id }) => id === ids[0]);
    if (parent === undefined || key === undefined) continue;
    if (parent === 'ds-seen') {
      commands.push({
        command: `zonewright keys ds --zone ${label}`,
        when: `prints the DS of key ${key.tag} for the parent`,
      });
    }
    const what = parent === 'ds-seen' ? 'have it' : 'have it no longer';
    commands.push({
      command: `zonewright keys ${parent} --zone ${label} --tag ${key.tag}`,
      when: `once all name servers of the parent ${what}`,
    });
  }
  // What is to be put there comes before what is to be taken away.
  return [...commands].sort((a, b) => rankOf(a.command) - rankOf(b.command));
}

const rankOf = (command: string): number => (command.includes(' ds-gone ') ? 1 : 0);

const RECORD_LABEL = { dnskey: 'DNSKEY', zrrsig: 'ZRRSIG', krrsig: 'KRRSIG', ds: 'DS' } as const;

function statusLines(status: ZoneStatus): string[] {
  const { held, at, zone, waits, nextBuild, next, commands } = status;
  const lines = [`${held.zone.label}, policy ${held.zone.policy.name}, at ${isoTime(at)}`];
  if (zone.keys.length === 0) {
    return [...lines, '  no keys; make them with "zonewright keys generate"'];
  }
  for (const key of [...zone.keys].sort(byRole)) {
    lines.push(
      '',
      `  ${key.role.toUpperCase()} ${tagText(key)}, ${algorithmName(key.algorithm)}: ${lifeText(key)}`,
    );
    for (const record of recordsOf(key.role)) {
      const since = key.records[record]?.since;
      const from =
        since === undefined || stateOf(key, record) === 'hidden' ? '' : ` since ${isoTime(since)}`;
      lines.push(`    ${RECORD_LABEL[record].padEnd(7)} ${stateOf(key, record)}${from}`);
    }
    const own = waits.filter(({ ids }) => ids.includes(key.id));
    for (const wait of own) lines.push(...waitLines(wait).map((line) => `    ${line}`));
    const heirs = zone.keys.filter(({ replaces }) => replaces === key.id);
    if (own.length === 0 && key.goal === 'hidden' && !isGone(key) && heirs.length > 0) {
      lines.push(`    waits until ${heirs.map(keyName).join(' and ')} can take its place`);
    }
    const roll = rollOf(key, held);
    if (roll !== undefined)
      lines.push(`    its successor is made ${isoTime(roll.at)}`, `      = ${roll.why}`);
  }
  for (const { role, at: when, emergency } of zone.rolls) {
    lines.push(
      '',
      `  asked for: a roll of the ${role.toUpperCase()} from ${isoTime(when)}${emergency ? ', an emergency' : ''}`,
    );
  }
  if (nextBuild.length > 0) {
    lines.push('', '  the next build does:', ...nextBuild.map((what) => `    ${what}`));
  }
  if (next !== undefined) lines.push('', `  then, at ${isoTime(next.at)}: ${next.what}`);
  if (commands.length > 0) {
    lines.push('', '  for you to do:');
    for (const { command, when } of commands) lines.push(`    ${command}`, `      ${when}`);
  } else {
    lines.push('', '  nothing for you to do: the nightly build goes on by itself');
  }
  return lines;
}

const tagText = (key: EngineKey): string => (key.tag > 0xffff ? 'to be made' : String(key.tag));

function lifeText(key: EngineKey): string {
  if (key.revoked !== undefined) return `revoked ${isoTime(key.revoked)}`;
  if (isGone(key)) {
    return key.goal === 'hidden' ? 'gone everywhere' : 'not published yet';
  }
  const since = key.active === undefined ? '' : `, in use since ${isoTime(key.active)}`;
  const urgent = key.emergency ? ', an emergency' : '';
  return key.goal === 'hidden' ? `on its way out${since}${urgent}` : `stays${since}${urgent}`;
}

function waitLines({ what, until, why }: Wait): string[] {
  const head =
    until === undefined ? `waits until ${what}` : `waits until ${isoTime(until)}: ${what}`;
  return [head, `  ${until === undefined ? why : `= ${why}`}`];
}

function rollOf(key: EngineKey, { policy }: HeldKeys): { at: number; why: string } | undefined {
  if (key.goal === 'hidden') return undefined;
  const at = rollStart(key, policy);
  if (at === undefined || key.active === undefined) return undefined;
  const lifetime = key.role === 'zsk' ? policy.zskLifetime : policy.kskLifetime;
  const lead = partsOf('dnskey', policy);
  const names = lead.map(({ name }) => name).join(' + ');
  const numbers = lead.map(({ seconds }) => formatDuration(seconds)).join(' + ');
  if (key.retireAt !== undefined) {
    return { at, why: `Inactive - (${names}) = ${isoTime(key.retireAt)} - (${numbers})` };
  }
  const name = key.role === 'zsk' ? 'zsk-lifetime' : 'ksk-lifetime';
  return {
    at,
    why: `in use + ${name} - (${names}) = ${isoTime(key.active)} + ${formatDuration(lifetime ?? 0)} - (${numbers})`,
  };
}

function statusJson(status: ZoneStatus): Record<string, unknown> {
  const { held, at, zone, waits, nextBuild, next, commands } = status;
  const waitJson = ({ what, until, why, parent }: Wait) => ({
    what,
    until: until === undefined ? null : isoTime(until),
    why,
    parent: parent ?? null,
  });
  return {
    zone: held.zone.label,
    policy: held.zone.policy.name,
    at: isoTime(at),
    keys: [...zone.keys].sort(byRole).map((key) => {
      const pair = held.pairs.find(({ dnskey }) => keyId(dnskey) === key.id);
      const roll = rollOf(key, held);
      return {
        tag: pair?.tag ?? null,
        role: key.role,
        algorithm: algorithmName(key.algorithm),
        dnskey: pair === undefined ? null : dnskeyText(pair.dnskey),
        goal: key.goal,
        states: Object.fromEntries(recordsOf(key.role).map((name) => [name, stateOf(key, name)])),
        since: Object.fromEntries(
          recordsOf(key.role).map((name) => [name, isoTime(key.records[name]?.since ?? 0)]),
        ),
        timing: Object.fromEntries(
          TIMING_FIELDS.flatMap(([name]) => {
            const time = pair?.timing[name];
            return time === undefined ? [] : [[name, isoTime(time)]];
          }),
        ),
        rollAt: roll === undefined ? null : isoTime(roll.at),
        rollWhy: roll?.why ?? null,
        waits: waits.filter(({ ids }) => ids.includes(key.id)).map(waitJson),
      };
    }),
    waits: waits.map(waitJson),
    nextBuild,
    next: next === undefined ? null : { at: isoTime(next.at), what: next.what },
    commands,
  };
}
