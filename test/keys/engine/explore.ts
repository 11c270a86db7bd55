/**
 * The model check: every state of a zone that can be reached by any order of commands, builds, time
 * steps and what the parent does, each looked at with everything that caches may hold (world.ts).
 *
 * In a state anything that may happen next does: a tick passes, a build runs (once in a tick at
 * most), the operator types a command, the parent publishes some or all of what it is asked for, the
 * operator reports what the parent has. All times are relative to now and no longer than any cache
 * remembers, so that the number of states is finite without a bound of time: only the number of
 * commands is bounded.
 *
 * In each state
 * - nobody fails to validate; in an emergency only as, and as long as, the engine said;
 * - the zone is not insecure for anybody, but before its first DS and when it is to be insecure;
 * - one key of an algorithm signs the zone's data: signatures are not doubled;
 * - the engine has nothing more to do when asked again at the same time;
 * - what {@link explain} says comes at the time that it says, and not before;
 * - when parent and operator do what it asks for, everything comes to its end.
 */

import type { Advance } from '#zonewright/keys/engine/advance.js';
import type { Wait } from '#zonewright/keys/engine/explain.js';
import type {
  EngineKey,
  EnginePolicy,
  Measure,
  RecordName,
  RecordStatus,
  ZoneKeys,
} from '#zonewright/keys/engine/model.js';
import type { ObservedTtl } from '#zonewright/keys/engine/observed.js';
import type { Answer } from '#zonewright/keys/engine/requests.js';
import type { Breakage } from '#zonewright/keys/engine/rules.js';
import type { Role } from '#zonewright/keys/statefile.js';
import type { Engine } from './engines.js';
import type { Command, Config, Scenario } from './scenario.js';
import {
  type Anchor,
  failures,
  type KeySet,
  ofAlgorithm,
  older,
  publishedKeys,
  publishedSet,
  trustedSets,
  type World,
} from './world.js';

/** Now, always: time passes by making all else older. */
const NOW = 1_700_000_000;
const HOLD_DOWN = 30 * 86_400;
const RECORDS = ['dnskey', 'zrrsig', 'krrsig', 'ds'] as const;
const FIRST_TAG = 1000;
type Link = 'insecure' | 'ds-dnskey' | 'dnskey-data';
const LINKS: readonly Link[] = ['insecure', 'ds-dnskey', 'dnskey-data'];
type Kind = 'dnskey' | 'zone' | 'ds';
const KINDS: readonly Kind[] = ['dnskey', 'zone', 'ds'];

interface State {
  readonly zone: ZoneKeys;
  readonly config: number;
  readonly world: World;
  /** The algorithm of each key. */
  readonly algorithms: readonly number[];
  readonly observed: Readonly<Record<Kind, readonly ObservedTtl[]>>;
  /** Was there a build in this tick? */
  readonly built: boolean;
  /** A decision that is not published yet, and for how many ticks it may still not be. */
  readonly pending:
    | { readonly keys: KeySet; readonly data: number; readonly left: number }
    | undefined;
  /** May resolvers take the zone for insecure? */
  readonly insecure: boolean;
  /** Ticks for which the engine has said that it is broken, for each link. */
  readonly excused: readonly number[];
  readonly used: readonly number[];
}

export interface Report {
  readonly states: number;
  readonly transitions: number;
  /** The longest way to an end, in ticks. */
  readonly longest: number;
  /** What is wrong, with the way there; undefined: nothing. */
  readonly wrong: { readonly what: string; readonly trace: readonly string[] } | undefined;
}

/** Explores a scenario until something is wrong or all is seen; at most `limit` states. */
export function explore(engine: Engine, scenario: Scenario, limit = 4_000_000): Report {
  const model = modelOf(engine, scenario);
  const index = new Map<string, number>();
  const queue: (State | undefined)[] = [];
  const parents: number[] = [];
  const actions: string[] = [];
  /** Where it goes from a state when all do what they are asked for; whether that takes a tick. */
  const onward: number[] = [];
  const takesTick: boolean[] = [];
  let transitions = 0;
  const reach = (state: State, from: number, action: string): number => {
    const key = model.encode(state);
    const known = index.get(key);
    if (known !== undefined) return known;
    const number = queue.length;
    index.set(key, number);
    queue.push(state);
    parents.push(from);
    actions.push(action);
    return number;
  };
  const traceTo = (number: number): string[] => {
    const steps: string[] = [];
    for (let at = number; at > 0; at = parents[at]) steps.unshift(actions[at]);
    return steps;
  };
  const report = (what?: string, trace: readonly string[] = []): Report => ({
    states: index.size,
    transitions,
    longest: 0,
    wrong: what === undefined ? undefined : { what, trace },
  });
  reach(model.first, -1, 'start');
  for (let at = 0; at < queue.length; at++) {
    if (at > limit) throw new Error(`${scenario.name}: more than ${limit} states`);
    const state = queue[at]!;
    const wrong = model.wrongIn(state);
    if (wrong !== undefined) return report(wrong, [...traceTo(at), model.describe(state)]);
    const { moves, onward: asked } = model.movesFrom(state);
    for (const [i, { action, next, wrong: bad }] of moves.entries()) {
      transitions++;
      if (bad !== undefined || next === undefined) {
        return report(bad ?? '', [...traceTo(at), action, model.describe(state)]);
      }
      const number = reach(next, at, action);
      if (i !== asked) continue;
      onward[at] = number;
      takesTick[at] = action === 'tick';
    }
    if (model.isEnd(state)) onward[at] = -1;
    // It was expanded: only its number is of use now, and the way to it.
    queue[at] = undefined;
  }
  // Where there is no lawful end, none is looked for.
  if (scenario.bound === Number.POSITIVE_INFINITY) return report();
  const { longest, stuck } = distances(onward, takesTick, scenario.bound);
  if (stuck !== undefined) {
    let last = stuck;
    for (let n = 0; n < 1000 && onward[last] >= 0; n++) last = onward[last];
    const end = traceTo(last).reduce(model.follow, model.first);
    const way = ['then as asked, until', model.describe(end)];
    return report(`no end within ${scenario.bound} ticks`, [...traceTo(stuck), ...way]);
  }
  return { ...report(), longest };
}

/** The numbers of what was explored, for people. */
export function tableOf(
  scenarios: readonly Scenario[],
  reports: ReadonlyMap<string, Report>,
): string {
  const rows = scenarios.flatMap(({ name, most, configs }) => {
    const report = reports.get(name);
    if (report === undefined) return [];
    const [{ dnskeyTtl, zoneTtl, dsTtl, propagation, parentPropagation, margin }] = configs;
    const ticks = [dnskeyTtl, zoneTtl, dsTtl, propagation, parentPropagation, margin].join(' ');
    const counts = [report.states, report.transitions, report.longest];
    return [
      `${name.padEnd(42)}${String(most).padStart(2)}  ${ticks}${counts.map((n) => String(n).padStart(9)).join('')}`,
    ];
  });
  return [
    'commands at most; ticks: TTLs of DNSKEY, zone, DS, propagation of both, margin;',
    'states, transitions, ticks to the farthest end',
    ...rows,
  ].join('\n');
}

/** The longest way to an end, and a state from which there is none that is short enough. */
function distances(
  onward: readonly number[],
  takesTick: readonly boolean[],
  bound: number,
): { longest: number; stuck: number | undefined } {
  const distance = new Array<number | undefined>(onward.length).fill(undefined);
  let longest = 0;
  for (let start = 0; start < onward.length; start++) {
    const path: number[] = [];
    const onPath = new Set<number>();
    let at = start;
    while (distance[at] === undefined && onward[at] !== -1) {
      if (onPath.has(at) || onward[at] === undefined) return { longest, stuck: start };
      onPath.add(at);
      path.push(at);
      at = onward[at];
    }
    let ticks = distance[at] ?? 0;
    distance[at] = ticks;
    for (const one of path.reverse()) {
      if (takesTick[one]) ticks++;
      distance[one] = ticks;
    }
    if (ticks > bound) return { longest: ticks, stuck: start };
    longest = Math.max(longest, ticks);
  }
  return { longest, stuck: undefined };
}

interface Move {
  readonly action: string;
  readonly next: State | undefined;
  readonly wrong?: string | undefined;
}

interface Moves {
  readonly moves: readonly Move[];
  /** Which of them is made when all do what they are asked for. */
  readonly onward: number;
}

interface Model {
  readonly first: State;
  readonly encode: (state: State) => string;
  readonly wrongIn: (state: State) => string | undefined;
  readonly movesFrom: (state: State) => Moves;
  readonly isEnd: (state: State) => boolean;
  /** The state after a move, by the move's name. */
  readonly follow: (state: State, action: string) => State;
  readonly describe: (state: State) => string;
}

function modelOf(engine: Engine, scenario: Scenario): Model {
  const { configs, tick, commands } = scenario;
  const longest = Math.max(
    ...configs.flatMap((one) => [
      one.dnskeyTtl + one.propagation,
      one.zoneTtl + one.propagation,
      one.dsTtl + one.parentPropagation,
    ]),
  );
  const ttls = ({ dnskeyTtl, zoneTtl, dsTtl }: Config): string =>
    `${dnskeyTtl} ${zoneTtl} ${dsTtl}`;
  const ttlsChange = configs.some((one) => ttls(one) !== ttls(configs[0]));
  const margin = Math.max(...configs.map((one) => one.margin));
  const ages = configs.flatMap((one) => [one.kskLifetime ?? 0, one.zskLifetime ?? 0]);
  /** What is longer ago makes no difference. */
  const ancient =
    NOW -
    tick * (longest + margin + 2) -
    (configs.some(({ anchor }) => anchor === 'rfc5011') ? HOLD_DOWN : 0);
  const ageless = NOW - tick * (Math.max(...ages) + 20);

  // --- policies

  const measure = (ticks: number, name: string): Measure => ({ seconds: ticks * tick, name });
  const policies = new Map<string, EnginePolicy>();
  function policyOf({ config, observed }: Pick<State, 'config' | 'observed'>): EnginePolicy {
    const one = configs[config];
    const times = {
      propagation: measure(one.propagation, 'propagation-delay'),
      parentPropagation: measure(one.parentPropagation, 'parent-propagation-delay'),
      margin: measure(one.margin, 'safety-margin'),
    };
    const ttl = (kind: Kind, ticks: number, name: string): Measure =>
      engine.greatestTtl(measure(ticks, name), observed[kind], NOW, lagOf(kind, one));
    const dnskeyTtl = ttl('dnskey', one.dnskeyTtl, 'dnskey-ttl');
    const zoneTtl = ttl('zone', one.zoneTtl, 'zone-ttl');
    const dsTtl = ttl('ds', one.dsTtl, 'parent-ds-ttl');
    const key = `${config} ${dnskeyTtl.seconds} ${zoneTtl.seconds} ${dsTtl.seconds}`;
    const known = policies.get(key);
    if (known !== undefined) return known;
    const policy: EnginePolicy = {
      algorithms: one.algorithms,
      csk: one.csk,
      kskLifetime: one.kskLifetime === undefined ? undefined : one.kskLifetime * tick,
      zskLifetime: one.zskLifetime === undefined ? undefined : one.zskLifetime * tick,
      kskRoll: one.kskRoll,
      anchor: one.anchor,
      times: { ...times, dnskeyTtl, zoneTtl, dsTtl },
    };
    policies.set(key, policy);
    return policy;
  }
  const lagOf = (kind: Kind, one: Config) => ({
    propagation: measure(kind === 'ds' ? one.parentPropagation : one.propagation, 'propagation'),
    margin: measure(one.margin, 'margin'),
  });

  // --- keys and their numbers

  const numberOf = ({ id }: { readonly id: string }): number => Number(id.slice(1));
  const idOf = (number: number): string => `k${number}`;
  const inZone = (status: RecordStatus | undefined): boolean =>
    status?.state === 'rumoured' || status?.state === 'omnipresent';
  const masked = (keys: readonly EngineKey[], test: (key: EngineKey) => boolean): number =>
    keys.reduce((set, key) => (test(key) ? set | (1 << numberOf(key)) : set), 0);
  const withRecord = (keys: readonly EngineKey[], record: RecordName): number =>
    masked(keys, (key) => inZone(key.records[record]));
  /** Is nothing of it in the zone or in a cache, but for its revoked form? */
  const isLeftOver = (key: EngineKey): boolean =>
    key.goal === 'hidden' &&
    RECORDS.every((record) => (key.records[record]?.state ?? 'hidden') === 'hidden');
  const isRevokedForm = (key: EngineKey): boolean =>
    key.revoked !== undefined && key.revoked + HOLD_DOWN > NOW;
  const wantedDs = (state: State): number => withRecord(state.zone.keys, 'ds');

  // --- what a state is told apart by

  const code: number[] = [];
  const relative = (time: number | undefined): number =>
    time === undefined ? 1 : 10_000 + Math.round((time - NOW) / tick);
  const STATE_CODES = { hidden: 2, rumoured: 3, omnipresent: 4, unretentive: 5 } as const;

  function encodeZone(zone: ZoneKeys): void {
    code.push(zone.keys.length);
    for (const key of zone.keys) {
      code.push(numberOf(key), key.algorithm, key.role.charCodeAt(0), key.goal.charCodeAt(0));
      for (const record of RECORDS) {
        const status = key.records[record];
        if (status === undefined) continue;
        code.push(STATE_CODES[status.state]);
        if (status.state === 'rumoured' || status.state === 'unretentive') {
          code.push(relative(status.since), relative(status.from));
        }
      }
      code.push(relative(key.active), relative(key.created), relative(key.retireAt));
      code.push(relative(key.dsSeen), relative(key.dsGone), relative(key.revoked));
      code.push(relative(key.notBefore));
      code.push(key.replaces === undefined ? 1 : 2 + Number(key.replaces.slice(1)));
      code.push(key.emergency ? 2 : 1);
    }
    for (const roll of zone.rolls) {
      code.push(roll.role.charCodeAt(0), roll.algorithm ?? 1, relative(roll.at));
      code.push(roll.emergency ? 2 : 1);
    }
    code.push(0);
  }

  function encode(state: State): string {
    code.length = 0;
    encodeZone(state.zone);
    const { world, pending } = state;
    const { dnskey, data, ds, anchors } = world;
    code.push(state.config, state.built ? 1 : 2, state.insecure ? 1 : 2);
    if (pending !== undefined) code.push(pending.left + 1);
    code.push(...state.used, ...state.excused.map((left) => (left === Infinity ? 50_000 : left)));
    code.push(dnskey.current.keys, dnskey.current.signers, dnskey.current.revoked, dnskey.ttl);
    const parts = dnskey.held.map(
      ({ content, left }) =>
        ((content.keys * 256 + content.signers) * 256 + content.revoked) * 64 + left,
    );
    for (const part of parts.sort((a, b) => a - b)) code.push(part >>> 16, part & 0xffff);
    for (const versions of [data, ds]) {
      code.push(0xffff, versions.current, versions.ttl);
      code.push(...versions.held.map(({ content, left }) => content * 64 + left).sort());
    }
    code.push(0xffff);
    for (const { key, first, last, leaving } of anchors ?? []) {
      code.push(key, first, last === Infinity ? 50_000 : last);
      code.push(leaving === undefined ? 60_000 : leaving === Infinity ? 50_000 : leaving);
    }
    for (const kind of KINDS) {
      for (const { seconds, lastSeen } of state.observed[kind]) {
        code.push(seconds / tick, relative(lastSeen));
      }
      code.push(0xffff);
    }
    return String.fromCharCode(...code);
  }

  // --- forms that are told apart by nothing that matters

  /** A time that is longer ago than anything remembers is the same as any other such time. */
  const clamp = (time: number | undefined, by: number): number | undefined =>
    time === undefined ? undefined : Math.max(ancient, time - by);

  /** The keys with times made older by `by` seconds, and only what matters of them. */
  function settledKeys(zone: ZoneKeys, by: number): ZoneKeys {
    const age = (key: EngineKey): number => key.active ?? key.created;
    const byAge = [...zone.keys].sort((a, b) => age(a) - age(b) || a.tag - b.tag);
    const keys = zone.keys.map((key): EngineKey => {
      const records: Partial<Record<RecordName, RecordStatus>> = {};
      for (const record of RECORDS) {
        const status = key.records[record];
        if (status === undefined) continue;
        const { state } = status;
        const moving = state === 'rumoured' || state === 'unretentive';
        records[record] = moving
          ? { state, since: clamp(status.since, by)!, from: clamp(status.from, by) }
          : { state, since: ancient };
      }
      const rank = ageless - 100 * tick + byAge.indexOf(key) * tick;
      const active = scenario.lifetimes
        ? key.active && Math.max(ageless, key.active - by)
        : key.active && rank;
      return {
        ...key,
        records,
        active,
        created: active === undefined ? rank : ageless,
        retireAt: clamp(key.retireAt, by),
        dsSeen: clamp(key.dsSeen, by),
        dsGone: clamp(key.dsGone, by),
        revoked: clamp(key.revoked, by),
        notBefore: key.notBefore === undefined ? undefined : Math.max(NOW, key.notBefore - by),
      };
    });
    return { keys, rolls: zone.rolls.map((roll) => ({ ...roll, at: clamp(roll.at, by)! })) };
  }

  /** The state with the numbers of keys that are gone given to others. */
  function renumbered(state: State): State {
    const { zone, world, algorithms } = state;
    let used = masked(zone.keys, () => true);
    const { dnskey, data, ds, anchors } = world;
    for (const { keys, signers, revoked } of [
      dnskey.current,
      ...dnskey.held.map(({ content }) => content),
    ]) {
      used |= keys | signers | revoked;
    }
    for (const versions of [data, ds]) {
      used |= versions.held.reduce((set, { content }) => set | content, versions.current);
    }
    for (const { key } of anchors ?? []) used |= 1 << key;
    if (used === (1 << algorithms.length) - 1) return state;
    const numbers: number[] = [];
    for (let key = 0; key < algorithms.length; key++) if ((used >> key) & 1) numbers.push(key);
    const set = (before: number): number =>
      numbers.reduce((after, key, i) => after | (((before >> key) & 1) << i), 0);
    const keySet = (one: KeySet): KeySet => ({
      keys: set(one.keys),
      signers: set(one.signers),
      revoked: set(one.revoked),
    });
    const key = (one: EngineKey): EngineKey => {
      const number = numbers.indexOf(numberOf(one));
      const replaced =
        one.replaces === undefined ? -1 : numbers.indexOf(Number(one.replaces.slice(1)));
      const stillThere = replaced >= 0 && zone.keys.some(({ id }) => id === one.replaces);
      return {
        ...one,
        id: idOf(number),
        tag: FIRST_TAG + number,
        replaces: stillThere ? idOf(replaced) : undefined,
      };
    };
    const { pending } = state;
    return {
      ...state,
      zone: { ...zone, keys: zone.keys.map(key) },
      algorithms: numbers.map((number) => algorithms[number]),
      pending: pending && { ...pending, keys: keySet(pending.keys), data: set(pending.data) },
      world: {
        dnskey: {
          ...dnskey,
          current: keySet(dnskey.current),
          held: dnskey.held.map(({ content, left }) => ({ content: keySet(content), left })),
        },
        data: {
          ...data,
          current: set(data.current),
          held: data.held.map(({ content, left }) => ({ content: set(content), left })),
        },
        ds: {
          ...ds,
          current: set(ds.current),
          held: ds.held.map(({ content, left }) => ({ content: set(content), left })),
        },
        anchors: anchors?.map((one) => ({ ...one, key: numbers.indexOf(one.key) })),
      },
    };
  }

  // --- what may happen

  function ticked(state: State): State {
    const by = tick;
    const { observed, pending, excused } = state;
    const aged = (list: readonly ObservedTtl[]): readonly ObservedTtl[] =>
      ttlsChange
        ? list.map((one) => ({ ...one, lastSeen: Math.max(ancient, one.lastSeen - by) }))
        : list;
    return renumbered({
      ...state,
      zone: settledKeys(state.zone, by),
      world: older(state.world),
      observed: { dnskey: aged(observed.dnskey), zone: aged(observed.zone), ds: aged(observed.ds) },
      built: false,
      pending: pending && { ...pending, left: pending.left - 1 },
      excused: excused.map((left) => Math.max(0, left - 1)),
    });
  }

  interface Run {
    readonly zone: ZoneKeys;
    readonly algorithms: readonly number[];
    readonly breaks: readonly Breakage[];
    readonly waits: readonly Wait[];
    readonly wrong: string | undefined;
  }
  const runs = new Map<string, Run>();

  /** The engine's part of a build, once for all states that differ in the world only. */
  function runEngine(state: State): Run {
    const policy = policyOf(state);
    code.length = 0;
    encodeZone(state.zone);
    const { dnskeyTtl, zoneTtl, dsTtl } = policy.times;
    code.push(state.config, dnskeyTtl.seconds / tick, zoneTtl.seconds / tick, dsTtl.seconds / tick);
    code.push(...state.algorithms);
    const key = String.fromCharCode(...code);
    const known = runs.get(key);
    if (known !== undefined) return known;
    const run = engineRun(state, policy);
    runs.set(key, run);
    return run;
  }

  function engineRun(state: State, policy: EnginePolicy): Run {
    let step: Advance = engine.advance(state.zone, policy, NOW);
    const events = [...step.events];
    let { algorithms } = state;
    if (step.needed.length > 0) {
      const made = step.needed.map(({ role, algorithm, replaces, emergency }) => {
        const number = algorithms.length;
        algorithms = [...algorithms, algorithm];
        const tag = FIRST_TAG + number;
        return engine.newKey({ id: idOf(number), tag, algorithm, role, replaces, emergency }, NOW);
      });
      const zone = { ...step.zone, keys: [...step.zone.keys, ...made] };
      step = engine.advance(zone, policy, NOW);
      events.push(...step.events);
    }
    let wrong: string | undefined;
    if (step.needed.length > 0) wrong = 'the engine asks for keys that it was given';
    const again = engine.advance(step.zone, policy, NOW);
    if (again.events.length > 0 || again.needed.length > 0) {
      wrong = `asked again at the same time, it does more: ${again.events[0]?.what ?? again.needed[0]?.why}`;
    }
    const gone = (key: EngineKey): boolean =>
      key.goal === 'hidden' &&
      RECORDS.every((record) => (key.records[record]?.state ?? 'hidden') === 'hidden') &&
      !isRevokedForm(key);
    const kept = settledKeys({ ...step.zone, keys: step.zone.keys.filter((key) => !gone(key)) }, 0);
    const waits = engine.explain(step.zone, policy, NOW);
    wrong ??= wrongWait(step.zone, policy, waits);
    const breaks = events.flatMap((event) => event.breaks ?? []);
    return { zone: kept, algorithms, breaks, waits, wrong };
  }

  /** Does what is said to come at a time come then, and not before? */
  function wrongWait(
    zone: ZoneKeys,
    policy: EnginePolicy,
    waits: readonly Wait[],
  ): string | undefined {
    const ends = waits.map(({ until }) => until).filter((until) => until !== undefined);
    if (ends.some((until) => until <= NOW)) return 'a wait that is over';
    if (ends.length === 0 || scenario.lifetimes || zone.rolls.length > 0) return undefined;
    const at = (time: number): readonly string[] =>
      engine.advance(zone, policy, time).events.map(({ what }) => what);
    const first = Math.min(...ends);
    if (first - tick > NOW && at(first - tick).length > 0) {
      return `before anything is to come: ${at(first - tick)[0]}`;
    }
    for (const { what, until } of waits) {
      if (until === undefined || what.endsWith(' may be published')) continue;
      const then = what.startsWith('then: ');
      const subject = then ? what.slice('then: '.length) : what.replace(/ is in (all|no) .*$/, '');
      const said = (events: readonly string[]): boolean =>
        events.some((event) => (then ? event === subject : event.startsWith(`${subject} is `)));
      if (!said(at(until))) return `it does not come when it is to: ${what}`;
      if (until - tick > NOW && said(at(until - tick))) return `it comes too early: ${what}`;
    }
    return undefined;
  }

  function excuse(excused: readonly number[], breaks: readonly Breakage[]): readonly number[] {
    if (breaks.length === 0) return excused;
    const after = [...excused];
    for (const { rule, until } of breaks) {
      // What is published now never fails by itself, but for a DS that the parent has.
      if (until === undefined && rule === 3) continue;
      const left = until === undefined ? Number.POSITIVE_INFINITY : Math.ceil((until - NOW) / tick);
      after[rule - 1] = Math.max(after[rule - 1], left);
    }
    return after;
  }

  function build(state: State): Move {
    const action = 'build';
    const run = runEngine(state);
    if (run.wrong !== undefined) return { action, next: undefined, wrong: run.wrong };
    const config = configs[state.config];
    const { keys } = run.zone;
    const keySet: KeySet = {
      keys: withRecord(keys, 'dnskey'),
      signers: withRecord(keys, 'krrsig'),
      revoked: masked(keys, isRevokedForm),
    };
    const look = (kind: Kind, ticks: number) =>
      engine.observeTtl(state.observed[kind], ticks * tick, NOW, lagOf(kind, config));
    const wanted = withRecord(keys, 'ds');
    const goesInsecure = config.algorithms.length === 0;
    const after: State = {
      ...state,
      zone: run.zone,
      algorithms: run.algorithms,
      built: true,
      observed: {
        dnskey: look('dnskey', config.dnskeyTtl),
        zone: look('zone', config.zoneTtl),
        ds: look('ds', config.dsTtl),
      },
      pending: { keys: keySet, data: withRecord(keys, 'zrrsig'), left: config.margin },
      insecure: goesInsecure || (state.insecure && (state.world.ds.current & wanted) === 0),
      excused: excuse(state.excused, run.breaks),
    };
    return { action, next: config.margin === 0 ? publish(after) : after };
  }

  /** The decision goes out to the name servers. */
  function publish(state: State): State {
    const { pending, world } = state;
    if (pending === undefined) return state;
    const { dnskeyTtl, zoneTtl, propagation } = configs[state.config];
    const { keys, data } = pending;
    return renumbered({
      ...state,
      pending: undefined,
      world: {
        ...world,
        dnskey: publishedKeys(world.dnskey, keys, dnskeyTtl, propagation),
        data: publishedSet(world.data, data, zoneTtl, propagation),
        anchors: anchorsAfter(state, keys),
      },
    });
  }

  /** What validators that follow RFC 5011 make of a DNSKEY RRset. */
  function anchorsAfter(state: State, { keys, revoked }: KeySet): readonly Anchor[] | undefined {
    const { anchors } = state.world;
    if (anchors === undefined) return undefined;
    const { propagation, dnskeyTtl } = configs[state.config];
    // §2.3: they look every half TTL, within an hour and 15 days.
    const day = 86_400 / tick;
    const look = Math.max(1 / 24, Math.min(15, dnskeyTtl / day / 2)) * day;
    const hold = HOLD_DOWN / tick;
    const found: Anchor[] = [];
    for (const anchor of anchors) {
      const bit = 1 << anchor.key;
      if (revoked & bit) {
        if (anchor.first > 0) continue;
        found.push({ ...anchor, leaving: anchor.leaving ?? Math.ceil(propagation + look) });
      } else if (keys & bit) {
        found.push(anchor);
      } else if (anchor.first === 0) {
        // Who trusts it goes on trusting it; who does not yet begins anew if it comes back.
        const missed = anchor.last > 0 ? Number.POSITIVE_INFINITY : 0;
        const leaving = anchor.leaving === undefined ? undefined : Number.POSITIVE_INFINITY;
        found.push({ ...anchor, last: missed, leaving });
      }
    }
    for (const key of state.zone.keys) {
      const number = numberOf(key);
      const isNew = (keys >> number) & 1 && !found.some((one) => one.key === number);
      if (!isNew || key.role === 'zsk') continue;
      const last = Math.ceil(propagation + look + hold + look);
      found.push({ key: number, first: Math.floor(hold), last, leaving: undefined });
    }
    return found;
  }

  const withDs = (state: State, set: number): State => {
    const config = configs[state.config];
    const ds = publishedSet(state.world.ds, set, config.dsTtl, config.parentPropagation);
    const insecure = state.insecure && (set & wantedDs(state)) === 0;
    // What was to be broken until the parent follows is so until caches have let go of the old DS.
    const wanted = wantedDs(state);
    const ends = ds.held.reduce((most, { left }) => Math.max(most, left), 0);
    const excused = state.excused.map((left, i) => {
      const follows = LINKS[i] === 'insecure' ? (set & wanted) !== 0 : set === wanted;
      return left === Number.POSITIVE_INFINITY && follows ? ends : left;
    });
    return renumbered({ ...state, insecure, excused, world: { ...state.world, ds } });
  };

  /** What the parent may do: any part of what it is asked for; never take away the only DS first. */
  function parentMoves(state: State): Move[] {
    const wanted = wantedDs(state);
    const there = state.world.ds.current;
    const open = wanted ^ there;
    const moves: Move[] = [];
    for (let part = open; part > 0; part = (part - 1) & open) {
      const set = there ^ part;
      if (set === 0 && wanted !== 0) continue;
      moves.push({ action: `parent ${set.toString(2)}`, next: withDs(state, set) });
    }
    return moves;
  }

  /** Reports of what the parent has, by whom they are waited for. */
  function notes(state: State): (Move & { id: string })[] {
    const policy = policyOf(state);
    const moves: (Move & { id: string })[] = [];
    for (const key of state.zone.keys) {
      const isThere = ((state.world.ds.current >> numberOf(key)) & 1) === 1;
      const of = key.records.ds?.state;
      const seen = of === 'rumoured' && isThere && key.dsSeen === undefined;
      const gone = of === 'unretentive' && !isThere && key.dsGone === undefined;
      if (!seen && !gone) continue;
      const note = seen ? engine.noteDsSeen : engine.noteDsGone;
      const answer = note(state.zone, key, policy, { at: NOW, now: NOW });
      const action = `${seen ? 'ds-seen' : 'ds-gone'} ${key.id}`;
      if ('refused' in answer) {
        moves.push({ id: key.id, action, next: undefined, wrong: `refused: ${answer.refused}` });
      } else {
        const next = { ...state, zone: settledKeys(answer.zone, 0) };
        moves.push({ id: key.id, action, next });
      }
    }
    return moves;
  }

  function commandMoves(state: State): Move[] {
    const total = state.used.reduce((sum, n) => sum + n, 0);
    if (total >= scenario.most) return [];
    return commands.flatMap((command, i) => {
      if (state.used[i] >= command.most) return [];
      const used = state.used.map((n, j) => (i === j ? n + 1 : n));
      return commandStates({ ...state, used }, command);
    });
  }

  function commandStates(state: State, command: Command): Move[] {
    const { zone } = state;
    const policy = policyOf(state);
    const granted = (
      action: string,
      ask: (zone: ZoneKeys, now: number) => Answer,
      then = (next: State) => next,
      emergency = false,
    ): Move[] => {
      const answer = ask(zone, NOW);
      if ('refused' in answer) {
        const wrong = wrongRefusal(zone, answer.earliest, ask);
        return wrong === undefined ? [] : [{ action, next: undefined, wrong }];
      }
      if (answer.breaks.length > 0 && !emergency) {
        return [{ action, next: undefined, wrong: 'granted, although it breaks something' }];
      }
      const next: State = {
        ...state,
        zone: settledKeys(answer.zone, 0),
        excused: excuse(state.excused, answer.breaks),
      };
      return [{ action, next: then(next) }];
    };
    switch (command.kind) {
      case 'policy': {
        if (command.to === state.config) return [];
        const next = { ...state, config: command.to };
        // The parent's TTL is not ours to change: it changes when the configuration says so.
        return [{ action: `policy ${command.to}`, next: withDs(next, state.world.ds.current) }];
      }
      case 'roll': {
        const { role, algorithm, emergency, ahead = 0 } = command;
        const request = { role, algorithm, emergency, at: NOW + ahead * tick };
        return granted(`roll ${role}`, () => engine.requestRoll(zone, request));
      }
      case 'revoke': {
        const { emergency = false } = command;
        return zone.keys.flatMap((key) =>
          granted(
            `revoke ${key.id}`,
            (then, now) => engine.revokeKey(then, inZoneKeys(then, key), policy, now, emergency),
            undefined,
            emergency,
          ),
        );
      }
      case 'early-ds':
        return zone.keys.flatMap((key) => {
          const bit = 1 << numberOf(key);
          if (key.records.ds?.state !== 'hidden' || state.world.ds.current & bit) return [];
          return granted(
            `early ds-seen ${key.id}`,
            (then, now) => engine.noteDsSeen(then, inZoneKeys(then, key), policy, { at: now, now }),
            (next) => withDs(next, state.world.ds.current | bit),
          );
        });
      case 'early-gone':
        return zone.keys.flatMap((key) => {
          const bit = 1 << numberOf(key);
          if (!inZone(key.records.ds) || !(state.world.ds.current & bit)) return [];
          return granted(
            `early ds-gone ${key.id}`,
            (then, now) => engine.noteDsGone(then, inZoneKeys(then, key), policy, { at: now, now }),
            (next) => withDs(next, state.world.ds.current & ~bit),
          );
        });
    }
  }

  const inZoneKeys = (zone: ZoneKeys, key: EngineKey): EngineKey =>
    zone.keys.find(({ id }) => id === key.id) ?? key;

  /** Is what is refused until a time granted then, and not a tick before? */
  function wrongRefusal(
    zone: ZoneKeys,
    earliest: number | undefined,
    ask: (zone: ZoneKeys, now: number) => Answer,
  ): string | undefined {
    if (earliest === undefined || zone.rolls.length > 0) return undefined;
    if (earliest <= NOW) return 'refused until a time that is over';
    const refusedAt = (time: number): boolean => 'refused' in ask(zone, time);
    if (refusedAt(earliest)) return 'refused at the time that was said to be lawful';
    if (earliest - tick > NOW && !refusedAt(earliest - tick)) return 'granted before it was to be';
    return undefined;
  }

  function movesFrom(state: State): Moves {
    const moves: Move[] = [];
    let onward: number | undefined;
    const add = (move: Move, asked: boolean): void => {
      if (asked) onward ??= moves.length;
      moves.push(move);
    };
    if (state.pending !== undefined) {
      add({ action: 'publish', next: publish(state) }, true);
    } else if (!state.built) {
      add(build(state), true);
    }
    if (state.world.anchors === undefined) {
      const asked = onward === undefined ? askedOf(state) : [];
      for (const move of notes(state)) add(move, asked.includes(move.id));
      for (const move of parentMoves(state)) add(move, asked.length > 0);
    }
    for (const move of commandMoves(state)) add(move, false);
    const mayWait = state.pending === undefined || state.pending.left > 0;
    if (mayWait && (state.built || !scenario.punctual)) {
      add({ action: 'tick', next: ticked(state) }, true);
    }
    return { moves, onward: onward ?? 0 };
  }

  /** The keys of which the operator is asked what the parent has. */
  function askedOf(state: State): string[] {
    const { waits } = explained(state);
    return waits.filter(({ parent }) => parent !== undefined).flatMap(({ ids }) => ids);
  }

  const explanations = new Map<string, { readonly waits: readonly Wait[] }>();
  function explained(state: State): { readonly waits: readonly Wait[] } {
    const policy = policyOf(state);
    code.length = 0;
    encodeZone(state.zone);
    code.push(state.config, policy.times.dnskeyTtl.seconds / tick);
    code.push(policy.times.zoneTtl.seconds / tick, policy.times.dsTtl.seconds / tick);
    const key = String.fromCharCode(...code);
    let known = explanations.get(key);
    if (known === undefined) {
      known = { waits: engine.explain(state.zone, policy, NOW) };
      explanations.set(key, known);
    }
    return known;
  }

  // --- what must hold

  function wrongIn(state: State): string | undefined {
    const { world, algorithms, excused } = state;
    const config = configs[state.config];
    for (const { link, lenient, what } of failures(world, algorithms)) {
      if (excused[LINKS.indexOf(link)] > 0) continue;
      return `${lenient ? 'nobody validates' : 'strict validators fail'} (${link}): ${what}`;
    }
    if (excused[0] === 0 && !state.insecure) {
      if (config.algorithms.length > 0 && config.anchor === 'parent') {
        if (wantedDs(state) === 0) return 'the parent is asked for no DS';
        if (world.ds.current === 0) return 'the parent has no DS';
      }
      if (world.anchors !== undefined && trustedSets(world).includes(0)) {
        return 'validators without a trust anchor';
      }
    }
    for (const algorithm of new Set(algorithms)) {
      const signers = ofAlgorithm(world.data.current, algorithm, algorithms);
      if ((signers & (signers - 1)) !== 0) return 'two keys of an algorithm sign the data';
    }
    return undefined;
  }

  /** Are all keys where they are meant to be, and nothing else is left of anything? */
  function isEnd(state: State): boolean {
    const { zone, world, pending } = state;
    const config = configs[state.config];
    if (pending !== undefined || zone.rolls.length > 0) return false;
    // A revoked key is shown for 30 days, of which nothing else depends.
    const keys = zone.keys.filter((key) => key.revoked === undefined || !isLeftOver(key));
    if (keys.some((key) => key.goal !== 'omnipresent')) return false;
    for (const key of keys) {
      for (const record of RECORDS) {
        if ((key.records[record]?.state ?? 'omnipresent') !== 'omnipresent') return false;
      }
    }
    const zoneKeys = masked(keys, ({ role }) => role !== 'ksk');
    const anchors = masked(keys, ({ role }) => role !== 'zsk');
    for (const algorithm of new Set([...config.algorithms, ...state.algorithms])) {
      const wanted = config.algorithms.includes(algorithm) ? 1 : 0;
      for (const set of [zoneKeys, anchors]) {
        const own = ofAlgorithm(set, algorithm, state.algorithms);
        const count = own === 0 ? 0 : (own & (own - 1)) === 0 ? 1 : 2;
        if (count !== wanted) return false;
      }
    }
    return (
      world.data.current === zoneKeys &&
      world.dnskey.current.keys === (zoneKeys | anchors) &&
      (world.anchors !== undefined || world.ds.current === anchors)
    );
  }

  function describe(state: State): string {
    const { zone, world } = state;
    const ago = (time: number | undefined): string =>
      time === undefined ? '' : `${(time - NOW) / tick}`;
    const keys = zone.keys.map((key) => {
      const records = RECORDS.flatMap((record) => {
        const status = key.records[record];
        if (status === undefined) return [];
        const moving = status.state === 'rumoured' || status.state === 'unretentive';
        return [
          `${record}=${status.state[0]}${moving ? ago(status.since) : ''}${status.from === undefined ? '' : `(from ${ago(status.from)})`}`,
        ];
      });
      const more = `${key.goal} replaces=${key.replaces ?? '-'} seen=${ago(key.dsSeen)} gone=${ago(key.dsGone)}${key.emergency ? ' emergency' : ''}`;
      return `  ${key.id} ${key.role} ${key.algorithm} ${records.join(' ')} ${more}`;
    });
    const waits = explained(state).waits.map(
      (wait) => `  waits: ${wait.what} until ${ago(wait.until)}: ${wait.why}`,
    );
    return [`config ${state.config} ${JSON.stringify(world)}`, ...keys, ...waits].join('\n');
  }

  // --- where it begins

  function first(): State {
    const config = configs[0];
    const secure = scenario.start === 'secure';
    const keys: EngineKey[] = [];
    const algorithms: number[] = [];
    const add = (algorithm: number, role: Role): EngineKey => {
      const number = keys.length;
      const [id, tag] = [idOf(number), FIRST_TAG + number];
      const names = { id, tag, algorithm, role, replaces: undefined, emergency: undefined };
      keys.push(engine.newKey(names, ancient));
      algorithms.push(algorithm);
      return keys[number];
    };
    const upcoming = scenario.upcoming ?? [];
    const signing = config.algorithms.filter((one) =>
      upcoming.every(({ algorithm }) => algorithm !== one),
    );
    for (const algorithm of secure ? signing : []) {
      for (const role of config.csk ? (['csk'] as const) : (['ksk', 'zsk'] as const)) {
        const key = add(algorithm, role);
        const records: Partial<Record<RecordName, RecordStatus>> = {};
        for (const record of RECORDS) {
          if (key.records[record]) records[record] = { state: 'omnipresent', since: ancient };
        }
        keys[keys.length - 1] = { ...key, records, active: scenario.lifetimes ? NOW : ancient };
      }
    }
    const anchors = masked(keys, ({ role }) => role !== 'zsk');
    const data = masked(keys, ({ role }) => role !== 'ksk');
    const keySet = { keys: anchors | data, signers: anchors, revoked: 0 };
    for (const { algorithm, role, ahead } of upcoming) {
      const key = add(algorithm, role);
      keys[keys.length - 1] = { ...key, notBefore: NOW + ahead * tick };
    }
    const seen = (ticks: number) => [{ seconds: ticks * tick, lastSeen: NOW }];
    return {
      zone: settledKeys({ keys, rolls: [] }, 0),
      config: 0,
      world: {
        dnskey: { current: keySet, ttl: config.dnskeyTtl, held: [] },
        data: { current: data, ttl: config.zoneTtl, held: [] },
        ds: { current: config.anchor === 'parent' ? anchors : 0, ttl: config.dsTtl, held: [] },
        anchors:
          config.anchor === 'rfc5011'
            ? keys
                .filter((key) => (anchors >> numberOf(key)) & 1)
                .map((key) => ({ key: numberOf(key), first: 0, last: 0, leaving: undefined }))
            : undefined,
      },
      algorithms,
      observed: {
        dnskey: seen(config.dnskeyTtl),
        zone: seen(config.zoneTtl),
        ds: seen(config.dsTtl),
      },
      built: false,
      pending: undefined,
      insecure: !secure,
      excused: [0, 0, 0],
      used: commands.map(() => 0),
    };
  }

  function follow(state: State, action: string): State {
    const move = movesFrom(state).moves.find((one) => one.action === action);
    if (move?.next === undefined) throw new Error(`no move ${action}`);
    return move.next;
  }

  return { first: first(), encode, wrongIn, movesFrom, isEnd, follow, describe };
}
