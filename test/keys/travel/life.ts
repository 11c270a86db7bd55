/**
 * A zone's life in simulated time, day by day: the nightly build, name servers that have it sooner
 * or later, a parent that follows the zone's CDS in its own time, an operator who says so some days
 * later, and a validating resolver with its cache, asked all the while.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { below, pick, type Random, seeded } from '../../fuzz/mutate.js';
import { judge, type Tool } from '../../tools/judges.js';
import { type Agenda, createAgenda } from './agenda.js';
import { type Authority, startAuthority } from './authorities.js';
import { type Built, CHILD, type Child, createChild, type Settings } from './child.js';
import { createParent, PARENT, PARENT_NEGATIVE_TTL, type Parent } from './parent.js';
import { type Client, createClient } from './query.js';
import { anyQuestion, isRight, type Question, sleeper } from './questions.js';
import { type Resolvers, startResolvers } from './resolvers.js';

export const DAY = 86_400;
const HOUR = 3600;

/** What somebody does on a day of a life. */
export interface Turn {
  readonly day: number;
  /** New lines for the configuration; `undefined` takes a line out. */
  readonly policy?: Readonly<Record<string, string | undefined>>;
  readonly longestTtl?: number;
  /** Arguments of a command. */
  readonly command?: readonly string[];
  /** The DS of the key that is on its way is brought to the parent before it is asked for. */
  readonly earlyDs?: boolean;
  /** The timer is off for so many days. */
  readonly off?: number;
}

export interface LifeOptions {
  readonly folder: string;
  readonly seed: number;
  /** Builds to be made; days on which there is none are not counted. */
  readonly builds: number;
  readonly settings: Settings;
  readonly turns: readonly Turn[];
  /**
   * Who tells of the DS: an operator who has looked, one who says so without the parent having done
   * anything, or the build itself, which asks the parent's servers.
   */
  readonly teller: 'operator' | 'liar' | 'parent-check';
  /** TTL that the parent gives the DS RRset; seconds. */
  readonly dsTtl?: number;
  /** Seconds until the slow name server has a new zone, at most. */
  readonly lag?: number;
  /** Days of a hundred on which the timer is off. */
  readonly missed?: number;
  /** Ask the outside validators about each build. */
  readonly judged?: boolean;
}

export interface LifeReport {
  readonly days: number;
  readonly builds: number;
  readonly judged: number;
  readonly questions: number;
  /** Answers that the resolver vouched for. */
  readonly authentic: number;
  /** Answers that lay in a cache unvalidated, and were asked for by the validator at the end of their
   * TTL. */
  readonly held: number;
  readonly parentChanges: number;
  /** Keys that were published and are no longer: `ksk 13` and how many. */
  readonly withdrawn: ReadonlyMap<string, number>;
  /** What happened to the keys, with its time. */
  readonly events: readonly string[];
  /** What was not as it has to be; a life ends after some. */
  readonly complaints: readonly string[];
}

const START = Date.UTC(2026, 0, 1) / 1000;
const ENOUGH = 10;
/** No life has more days on which nothing is built. */
const MOST_MISSED = 200;

/** Everybody in a life, and what is known of it. */
interface Stage {
  readonly options: LifeOptions;
  readonly random: Random;
  readonly agenda: Agenda;
  readonly client: Client;
  readonly child: Child;
  readonly parent: Parent;
  readonly quick: Authority;
  readonly slow: Authority;
  readonly resolvers: Resolvers;
  readonly complaints: string[];
  readonly events: string[];
  readonly known: {
    built: Built;
    ds: readonly string[];
    pending: boolean;
    early: readonly string[];
  };
  /** From when on every answer has to be authenticated. */
  secureFrom: number | undefined;
  /** Until when answers from zones with opt-out may be in the cache. */
  openUntil: number;
  readonly counts: {
    builds: number;
    judged: number;
    questions: number;
    authentic: number;
    held: number;
    parentChanges: number;
  };
}

const iso = (time: number): string => new Date(time * 1000).toISOString().slice(0, 19);

/** Lives a life. */
export async function live(options: LifeOptions): Promise<LifeReport> {
  const { folder, seed, dsTtl = DAY } = options;
  const client = createClient();
  const stops: (() => Promise<void> | void)[] = [() => client.close()];
  try {
    const parent = await createParent(join(folder, 'parent'), dsTtl);
    const child = await createChild(join(folder, 'child'), options.settings, START);
    const built = await child.build(START);
    const first = await parent.sign([]);
    const zones = { [PARENT]: first.text, [`${CHILD}.`]: readFileSync(built.file, 'latin1') };
    const authorities: Authority[] = [];
    for (const name of ['quick', 'slow']) {
      const authority = await startAuthority(newFolder(folder, name), zones, client);
      stops.push(() => authority.stop());
      authorities.push(authority);
    }
    const [quick, slow] = authorities as [Authority, Authority];
    const at = newFolder(folder, 'resolvers');
    const resolvers = await startResolvers(at, parent.anchor, authorities, START);
    stops.push(() => resolvers.stop());
    if (options.teller === 'parent-check') askParentAt(child, authorities);
    const stage: Stage = {
      options,
      random: seeded(seed),
      agenda: createAgenda(START, (now) => resolvers.setTime(now)),
      client,
      child,
      parent,
      quick,
      slow,
      resolvers,
      complaints: [],
      events: [],
      known: { built, ds: [], pending: false, early: [] },
      secureFrom: undefined,
      openUntil: 0,
      counts: { builds: 1, judged: 0, questions: 0, authentic: 0, held: 0, parentChanges: 0 },
    };
    return await liveOn(stage);
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

async function liveOn(stage: Stage): Promise<LifeReport> {
  const { options, agenda, counts, complaints, random } = stage;
  const everPublished = new Map<string, string>();
  let day = 1;
  let offUntil = 0;
  let judging: Promise<void> = Promise.resolve();
  for (; counts.builds < options.builds && complaints.length < ENOUGH; day++) {
    if (day > options.builds + MOST_MISSED) throw new Error('too many days without a build');
    const midnight = START + day * DAY;
    for (const turn of options.turns.filter((one) => one.day === day)) {
      agenda.at(midnight, () => take(stage, turn));
      if (turn.off !== undefined) offUntil = day + turn.off;
    }
    const isOff = day < offUntil || below(random, 100) < (options.missed ?? 0);
    if (!isOff) {
      agenda.at(midnight + below(random, 3 * HOUR), async () => {
        await judging;
        const built = await buildNow(stage);
        if (built === undefined) return;
        for (const { role, algorithm, tag } of built.keys) {
          everPublished.set(`${algorithm} ${tag}`, `${role} ${algorithm}`);
        }
        judging = judgeNow(stage, built);
        // A failure is seen when it is waited for.
        judging.catch(() => undefined);
      });
    }
    for (let n = 0; n < 2; n++) {
      agenda.at(midnight + below(random, DAY), () => askSome(stage, 2));
    }
    agenda.at(midnight + below(random, DAY), () => watchCds(stage));
    await agenda.run(midnight + DAY - 1);
  }
  await judging;
  const withdrawn = new Map<string, number>();
  const last = new Set(stage.known.built.keys.map(({ algorithm, tag }) => `${algorithm} ${tag}`));
  for (const [id, kind] of everPublished) {
    if (!last.has(id)) withdrawn.set(kind, (withdrawn.get(kind) ?? 0) + 1);
  }
  return { ...counts, days: day, withdrawn, events: stage.events, complaints };
}

/** Somebody does something. */
async function take(stage: Stage, turn: Turn): Promise<void> {
  const { child, agenda } = stage;
  const policy: Record<string, string> = { ...child.settings.policy };
  for (const [name, value] of Object.entries(turn.policy ?? {})) {
    if (value === undefined) delete policy[name];
    else policy[name] = value;
  }
  child.settings = {
    ...child.settings,
    policy,
    longestTtl: turn.longestTtl ?? child.settings.longestTtl,
  };
  if (policy.insecure === 'true') stage.secureFrom = undefined;
  if (turn.command !== undefined) {
    const done = await child.command(agenda.now, ...turn.command);
    if (done.status !== 0) complain(stage, `${turn.command.join(' ')}: ${done.stderr}`);
  }
  if (turn.earlyDs === true) await bringEarly(stage);
}

function complain({ complaints, agenda }: Stage, text: string): void {
  complaints.push(`${iso(agenda.now)}: ${text}`);
}

/** Builds, lets the quick name server have it at once and the slow one later. */
async function buildNow(stage: Stage): Promise<Built | undefined> {
  const { agenda, child, quick, slow, counts, random, options } = stage;
  let built: Built;
  try {
    built = await child.build(agenda.now);
  } catch (error) {
    complain(stage, `the build failed: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
  counts.builds++;
  stage.known.built = built;
  for (const event of built.events) stage.events.push(`${iso(agenda.now)}: ${event}`);
  if (built.events.some((event) => event.includes('the DS of'))) await compareWithCommand(stage);
  const text = readFileSync(built.file, 'latin1');
  if (/\sNSEC3\s+1 1 /i.test(text)) stage.openUntil = agenda.now + 2 * DAY;
  await quick.load(`${CHILD}.`, text, built.serial);
  const { lag = HOUR } = options;
  // Mostly as late as it may be: that is where a roll that does not wait long enough breaks.
  const late = agenda.now + pick(random, [lag, lag, below(random, lag) + 1]);
  agenda.at(agenda.now + 1, () => askSome(stage, 1));
  agenda.at(late - 1, () => askSome(stage, 3));
  agenda.at(late, () => slow.load(`${CHILD}.`, text, built.serial));
  agenda.at(late + 1, () => askSome(stage, 2));
  return built;
}

/** Two validators that other people wrote, on some days three, judge the zone at a time of its day. */
async function judgeNow(stage: Stage, built: Built): Promise<void> {
  const { options, random, counts, complaints } = stage;
  // A zone that has gone insecure has nothing to be judged.
  const isSigned = built.records.some(({ type }) => type === 'DNSKEY');
  if (options.judged === false || !isSigned) return;
  const at = built.at + below(random, DAY - 3 * HOUR);
  const csk = built.keys.some(({ role }) => role === 'csk');
  const work = { zone: `${CHILD}.`, file: built.file, now: new Date(at * 1000), csk };
  // What kzonesign says of CSKs is of no use (tools/judges.ts).
  const third = !csk && counts.judged % 3 === 0;
  const tools: Tool[] = ['ldns-verify-zone', 'dnssec-verify'];
  if (third) tools.push('kzonesign');
  counts.judged++;
  const verdicts = await Promise.all(tools.map((tool) => judge(tool, work)));
  for (const { tool, ok, output } of verdicts) {
    if (!ok) complaints.push(`${iso(at)}: ${tool}: ${output.slice(0, 1000)}`);
  }
}

/** Asks some questions, and puts another answer into the cache, where nobody validates it. */
async function askSome(stage: Stage, count: number): Promise<void> {
  const { random, agenda, client, resolvers, counts } = stage;
  for (let n = 0; n < count; n++) await askChecked(stage, anyQuestion(random));
  const question = below(random, 4) === 0 ? anyQuestion(random) : sleeper(counts.held);
  counts.questions++;
  const reply = await client.ask(resolvers.cache.port, question.name, question.type);
  if (!isRight(question, reply, isSecure(stage))) {
    complain(stage, `${question.name} ${question.type} from the cache: ${reply.status}`);
    return;
  }
  if (reply.ttl < 2) return;
  // Validated when the keys are as new as they can be to what is held.
  counts.held++;
  agenda.at(agenda.now + reply.ttl - 1, () => askChecked(stage, question));
}

async function askChecked(stage: Stage, question: Question): Promise<void> {
  const { client, resolvers, counts, agenda } = stage;
  const { name, type } = question;
  counts.questions++;
  const reply = await client.ask(resolvers.validator.port, name, type);
  if (reply.authentic) counts.authentic++;
  if (!isRight(question, reply, isSecure(stage))) {
    complain(stage, `${name} ${type}: ${reply.status}: ${resolvers.lastComplaint()}`);
  } else if (!reply.authentic && mustBeAuthentic(stage, question)) {
    const since = iso(stage.secureFrom ?? agenda.now);
    complain(stage, `${name} ${type}: not authenticated, secure since ${since}`);
  }
}

function mustBeAuthentic(stage: Stage, question: Question): boolean {
  const { openUntil, agenda } = stage;
  if (!isSecure(stage)) return false;
  return !question.open || agenda.now > openUntil;
}

/** Must every resolver know the zone to be secure? */
const isSecure = ({ secureFrom, agenda }: Stage): boolean =>
  secureFrom !== undefined && agenda.now >= secureFrom;

/** What the zone asks the parent for by its CDS RRset; undefined: nothing. */
function wantedDs({ records }: Built): readonly string[] | undefined {
  const cds = records.filter(({ type, owner }) => type === 'CDS' && owner === `${CHILD}.`);
  if (cds.length === 0) return undefined;
  return cds.map(({ rdata }) => plainDs(rdata)).filter((rdata) => !rdata.startsWith('0 0 0'));
}

const plainDs = (rdata: string): string => {
  const [tag, algorithm, digest, ...hex] = rdata.trim().split(/\s+/);
  return `${tag} ${algorithm} ${digest} ${hex.join('').toUpperCase()}`;
};

const same = (a: readonly string[], b: readonly string[]): boolean =>
  [...a].sort().join() === [...b].sort().join();

/** The parent looks at the zone's CDS; some days later it does what it is asked for. */
function watchCds(stage: Stage): void {
  const { known, random, agenda, options } = stage;
  const wanted = wantedDs(known.built);
  if (wanted === undefined || known.pending || same(wanted, known.ds)) return;
  if (known.early.some((ds) => !wanted.includes(ds))) return;
  known.early = [];
  known.pending = true;
  const soon = below(random, 3 * DAY);
  if (options.teller === 'liar' && known.ds.length > 0) {
    // Nobody has told the parent yet.
    tellOfDs(stage, wanted, known.ds, agenda.now, 0);
    agenda.at(agenda.now + 20 * DAY, async () => {
      await changeParent(stage, wanted);
    });
    return;
  }
  agenda.at(agenda.now + soon, async () => {
    const ds = wantedDs(known.built) ?? known.ds;
    const before = known.ds;
    const all = await changeParent(stage, ds);
    if (options.teller === 'operator' || options.teller === 'liar') {
      const patience = all - agenda.now + below(random, 4 * DAY);
      tellOfDs(stage, ds, before, agenda.now, patience);
    }
  });
}

/** `keys ds` has to say the same as the CDS RRset. */
async function compareWithCommand(stage: Stage): Promise<void> {
  const cds = wantedDs(stage.known.built);
  const keys = await dsOfCommand(stage);
  const asked = keys
    .filter(({ wish }) => wish === 'put' || wish === 'keep')
    .flatMap((key) => key.ds)
    .map(plainDs);
  if (!same(asked, cds ?? [])) {
    complain(stage, `keys ds asks for ${asked.join(', ')}, CDS for ${cds?.join(', ')}`);
  }
}

async function dsOfCommand({ child, agenda }: Stage) {
  const done = await child.command(agenda.now, 'keys', 'ds', '--json');
  const { zones } = JSON.parse(done.stdout) as {
    zones: { keys: { tag: number; wish: string; ds: string[] }[] }[];
  };
  return zones.flatMap(({ keys }) => keys);
}

/** @returns when all of the parent's name servers have it. */
async function changeParent(stage: Stage, ds: readonly string[]): Promise<number> {
  const { parent, quick, slow, agenda, random, known, counts, child, options } = stage;
  const { text, serial } = await parent.sign(ds);
  const wasSecure = known.ds.length > 0;
  known.ds = ds;
  known.pending = false;
  counts.parentChanges++;
  await quick.load(PARENT, text, serial);
  const late = agenda.now + pick(random, [HOUR, below(random, HOUR) + 1]);
  agenda.at(late - 1, () => askSome(stage, 1));
  agenda.at(late, () => slow.load(PARENT, text, serial));
  agenda.at(late + 1, () => askSome(stage, 1));
  if (ds.length === 0) stage.secureFrom = undefined;
  else if (!wasSecure) {
    const { longestTtl } = child.settings;
    stage.secureFrom =
      late + PARENT_NEGATIVE_TTL + Math.max(longestTtl, options.dsTtl ?? DAY, 2 * DAY);
  }
  return late;
}

/** An operator tells, after some time, of what the parent has done. */
function tellOfDs(
  stage: Stage,
  after: readonly string[],
  before: readonly string[],
  changed: number,
  patience: number,
): void {
  const { agenda, random, child } = stage;
  const tell = (command: string, ds: string): void => {
    agenda.at(changed + patience + below(random, 60), async () => {
      const tag = ds.split(' ')[0] as string;
      const at = pick(random, [[], ['--at', new Date(changed * 1000).toISOString()]]);
      const args = ['keys', command, '--zone', CHILD, '--tag', tag, ...at];
      const done = await child.command(agenda.now, ...args);
      // By now another roll may have begun, for which the DS goes again.
      const late = done.status === 4 && done.stderr.includes('nothing waits for it to be seen');
      if (done.status !== 0 && !late) complain(stage, `${args.join(' ')}: ${done.stderr}`);
    });
  };
  for (const ds of after) if (!before.includes(ds)) tell('ds-seen', ds);
  for (const ds of before) if (!after.includes(ds)) tell('ds-gone', ds);
}

/** An operator who is too quick: the DS is at the parent before the zone asks for it. */
async function bringEarly(stage: Stage): Promise<void> {
  const { known, child, agenda } = stage;
  const keys = await dsOfCommand(stage);
  const waiting = keys.filter(({ wish }) => wish === 'wait');
  if (waiting.length === 0 || known.pending) {
    complain(stage, 'no DS could be brought early');
    return;
  }
  known.early = waiting.flatMap((key) => key.ds.map(plainDs));
  const all = await changeParent(stage, [...known.ds, ...known.early]);
  for (const { tag } of waiting) {
    const tell = async (): Promise<void> => {
      const args = ['keys', 'ds-seen', '--zone', CHILD, '--tag', `${tag}`];
      const done = await child.command(agenda.now, ...args);
      const earliest = /earliest lawful time is (\S+Z)/.exec(done.stderr)?.[1];
      if (done.status === 4 && earliest !== undefined) {
        // Refused, and at the time that it names it is lawful.
        agenda.at(Date.parse(earliest) / 1000, tell);
      } else if (done.status !== 0) complain(stage, `${args.join(' ')}: ${done.stderr}`);
    };
    agenda.at(all, tell);
  }
}

/** The build asks the parent's name servers itself. */
function askParentAt(child: Child, servers: readonly Authority[]): void {
  const addresses = servers.map(({ port }) => `"127.0.0.1:${port}"`);
  const { settings } = child;
  child.settings = {
    ...settings,
    policy: { ...settings.policy, 'parent-check': 'true' },
    zone: { ...settings.zone, 'parent-servers': `[${addresses.join(', ')}]` },
  };
}

function newFolder(parent: string, name: string): string {
  const folder = join(parent, name);
  mkdirSync(folder, { recursive: true });
  return folder;
}
