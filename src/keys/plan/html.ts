/**
 * A plan as one HTML file: for each zone what comes next, a timeline, and each roll step by step with
 * its formulas. Nothing is loaded from elsewhere, no script runs, and the file is well-formed XML,
 * too. The tables say all that the pictures show. The same plans give the same octets.
 */

import { isoTime } from '../../config/time.js';
import { algorithmName } from '../../dnssec/algorithms.js';
import {
  clockText,
  dayText,
  distanceText,
  durationText,
  weekdayText,
} from '../../present/calendar.js';
import { escapeText } from '../../present/escape.js';
import type { Measure } from '../engine/model.js';
import type { Role } from '../statefile.js';
import type { Episode } from './episodes.js';
import type { Actor, PlanEvent } from './event.js';
import type { Plan, PlanKey } from './model.js';
import { listText } from './names.js';
import type { Phase } from './phases.js';
import { drawPicture, type PictureMark } from './picture.js';
import { patterns, STYLE } from './style.js';

/** Shares of the time shown that the picture leaves before now, and around a roll. */
const LEAD = 0.02;
const ROLL_MARGIN = 0.08;
/** Up to this range the timeline itself shows the records, and rolls need no pictures of their own. */
const SHORT_RANGE = 45 * 86_400;

/**
 * The page.
 *
 * @param plans at least one, all of the same `now`.
 */
export function renderPlanHtml(plans: readonly Plan[]): string {
  const zones = listText(plans.map(({ zone }) => zone));
  const [{ now, until }] = plans;
  return `<!DOCTYPE html>
<html lang="en" xmlns="http://www.w3.org/1999/xhtml">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
<title>Key plan of ${escapeText(zones)}, ${dayText(now)} to ${dayText(until)}</title>
<style>
${STYLE}</style>
</head>
<body>
${patterns()}
<header>
<h1>Key plan of ${escapeText(zones)}</h1>
<p class="dim">${dayText(now)} to ${dayText(until)}. Reckoned at ${timeTag(now)}; all times are UTC.</p>
${plans.length > 1 ? overview(plans) : ''}
</header>
<main>
${plans.map((plan, i) => zoneSection(plan, i, plans.length)).join('\n')}
</main>
<footer>
<p>${remark(plans)}</p>
<p>Made by <code>zonewright keys plan</code>.</p>
</footer>
</body>
</html>
`;
}

function remark(plans: readonly Plan[]): string {
  const [{ interval, parentDelay }] = plans;
  const steps =
    interval === 0
      ? 'Each step is shown at its earliest time; the first build after it takes it.'
      : `Each step is shown at the first of builds every ${durationText(interval)}, the first of them now.`;
  const parent =
    parentDelay === undefined
      ? 'The parent is taken to do nothing: what waits for a DS goes on when it is seen.'
      : `The parent is assumed to follow ${durationText(parentDelay)} after a DS is due; when it takes longer, all that follows moves with it.`;
  const trust = plans.some(({ policy }) => policy.anchor === 'parent') ? ` ${parent}` : '';
  return `${steps}${trust} Keys to be made have no tag yet and go by their number.`;
}

function timeTag(at: number): string {
  return `<time datetime="${isoTime(at)}">${dayText(at)}, ${clockText(at)}</time>`;
}

/** One line for each zone, with its next event. */
function overview(plans: readonly Plan[]): string {
  const lines = plans.map((plan, i) => {
    const next = nextEvents(plan)[0];
    const text =
      next === undefined
        ? 'nothing is to come'
        : `${dayText(next.at)}: ${next.what}${next.actor === 'operator' ? ' (for you to do)' : ''}`;
    return `<li><a href="#zone-${i + 1}">${escapeText(plan.zone)}</a><span>${escapeText(text)}</span></li>`;
  });
  return `<nav aria-label="Zones"><ul>\n${lines.join('\n')}\n</ul></nav>`;
}

/** The first event, and the first that the operator has to do with. */
function nextEvents({ events }: Plan): PlanEvent[] {
  const told = events.filter((event) => !isQuiet(event));
  const first = told[0];
  const yours = told.find(({ actor }) => actor === 'operator');
  if (first === undefined) return [];
  return yours === undefined || yours === first ? [first] : [first, yours];
}

/** Waits that are over, which is no news but for those who follow a roll. */
const isQuiet = ({ kind }: PlanEvent): boolean => kind === 'known' || kind === 'forgotten';

function zoneSection(plan: Plan, index: number, count: number): string {
  const id = `zone-${index + 1}`;
  const acts = operatorActs(plan);
  return [
    `<section class="zone" id="${id}" aria-label="${escapeText(plan.zone)}">`,
    count > 1 ? `<h2>${escapeText(plan.zone)}</h2>` : '',
    whatIsNext(plan),
    policyFacts(plan),
    plan.keys.length === 0 ? '<p>The zone has no keys and its policy asks for none.</p>' : '',
    plan.keys.length > 0 ? timeline(plan, id, acts) : '',
    actList(acts),
    plan.keys.length > 0 ? keyTable(plan) : '',
    ...episodeSections(plan, id, acts),
    '</section>',
  ]
    .filter((part) => part !== '')
    .join('\n');
}

function whatIsNext(plan: Plan): string {
  const next = nextEvents(plan);
  if (next.length === 0) {
    return `<p>Nothing is to come until ${dayText(plan.until)}: no key has a lifetime that ends before.</p>`;
  }
  const items = next.map((event) => {
    const yours = event.actor === 'operator';
    const what = yours ? 'For you to do' : 'Next, by itself';
    return `<li${yours ? ' class="you"' : ''}><b>${what} · ${distanceText(event.at, plan.now)}, ${dayText(event.at)}</b>${escapeText(capital(event.what))}</li>`;
  });
  const idle = next.some(({ actor }) => actor === 'operator')
    ? ''
    : '<li><b>For you to do</b>Nothing until the end of the plan</li>';
  return `<ul class="next">\n${items.join('\n')}\n${idle}</ul>`;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function policyFacts({ policy }: Plan): string {
  const { algorithms, csk, kskLifetime, zskLifetime, times } = policy;
  const life = (seconds: number | undefined): string =>
    seconds === undefined ? 'unlimited' : durationText(seconds);
  const facts: [string, string][] = [
    [
      algorithms.length > 1 ? 'Algorithms' : 'Algorithm',
      algorithms.length === 0 ? 'none: going insecure' : listText(algorithms.map(algorithmName)),
    ],
    ...((csk
      ? [['CSK lifetime', life(kskLifetime)]]
      : [
          ['KSK lifetime', life(kskLifetime)],
          ['ZSK lifetime', life(zskLifetime)],
        ]) as [string, string][]),
    [
      'Trust',
      policy.anchor === 'rfc5011'
        ? 'trust anchor, RFC 5011'
        : `DS at the parent, ${csk ? 'double signature' : policy.kskRoll.replace('-', ' ').replace('ds', 'DS')}`,
    ],
    ...[
      times.dnskeyTtl,
      times.zoneTtl,
      times.dsTtl,
      times.propagation,
      times.parentPropagation,
      times.margin,
    ].map(({ name, seconds }: Measure): [string, string] => [name, durationText(seconds)]),
  ];
  const items = facts.map(
    ([name, value]) => `<div><dt>${escapeText(name)}</dt><dd>${escapeText(value)}</dd></div>`,
  );
  return `<dl class="facts">\n${items.join('\n')}\n</dl>`;
}

/** What the operator does, numbered through the zone. */
interface Act {
  readonly number: number;
  readonly event: PlanEvent;
}

function operatorActs({ events }: Plan): Act[] {
  return events
    .filter(({ actor }) => actor === 'operator')
    .map((event, i) => ({ number: i + 1, event }));
}

const nameAlgorithms = ({ keys }: Plan): boolean =>
  new Set(keys.map(({ algorithm }) => algorithm)).size > 1;

function timeline(plan: Plan, id: string, acts: readonly Act[]): string {
  const { zone, now, until, keys, policy } = plan;
  const short = until - now <= SHORT_RANGE;
  const picture = drawPicture({
    id: `${id}-picture`,
    title: `Keys of ${zone} from ${dayText(now)} to ${dayText(until)}`,
    description: `A lane for each key with bars for its phases. The same is in the tables below.`,
    from: now - LEAD * (until - now),
    to: until,
    now,
    keys: keys.filter(({ phases }) => phases.some(({ value }) => value !== 'gone')),
    marks: acts.map(({ number, event }) => ({ number, at: event.at })),
    steps: [],
    anchor: policy.anchor,
    showRecords: short,
    nameAlgorithms: nameAlgorithms(plan),
  });
  return `<figure>\n${picture}\n${phaseLegend(plan)}${short ? `\n${recordLegend(plan)}` : ''}\n</figure>`;
}

const PHASES: readonly (readonly [Phase, string])[] = [
  ['coming', 'published ahead, not in use yet'],
  ['in-use', 'in use'],
  ['retiring', 'out of use, still published'],
  ['leaving', 'withdrawn, still in caches'],
];

function sample(role: Role, kind: string, what: 'phase' | 'record', height: number): string {
  return `<svg class="picture ${role}" width="26" height="${height}" aria-hidden="true"><rect class="${what} ${kind}" x="1" y="1" width="24" height="${height - 2}"/></svg>`;
}

function legendList(items: readonly string[]): string {
  return `<ul class="legend" aria-label="Legend">\n${items.map((item) => `<li>${item}</li>`).join('\n')}\n</ul>`;
}

function phaseLegend({ keys, events }: Plan): string {
  const [{ role }] = keys;
  const items = PHASES.map(([phase, text]) => `${sample(role, phase, 'phase', 14)}${text}`);
  if (events.some(({ actor }) => actor === 'operator')) {
    items.push('<span class="no-act">1</span>for you to do, at the parent');
  }
  return legendList(items);
}

function recordLegend({ keys, policy }: Plan): string {
  const [{ role }] = keys;
  const item = (kind: string, text: string): string => `${sample(role, kind, 'record', 10)}${text}`;
  const items = [
    item('rumoured', 'rumoured: not in all caches yet'),
    item('omnipresent', 'omnipresent: in all caches'),
    item('unretentive', 'unretentive: not out of all caches yet'),
    ...(policy.anchor === 'parent' ? [item('rumoured awaits', 'waits for the parent')] : []),
    'ZRRSIG: signatures over the zone',
    'KRRSIG: signature over the DNSKEY RRset',
    ...(policy.anchor === 'parent' ? [] : ['TRUST: in resolvers, by RFC 5011']),
  ];
  return legendList(items);
}

function actList(acts: readonly Act[]): string {
  if (acts.length === 0) return '';
  const items = acts.map(
    ({ number, event }) =>
      `<li><span class="no-act">${number}</span><span class="when">${dayText(event.at)}</span><span>${escapeText(capital(event.what))}</span></li>`,
  );
  return `<h3>For you to do</h3>\n<ol class="acts">\n${items.join('\n')}\n</ol>`;
}

/** Each key with the beginnings of its phases: what the timeline shows. */
function keyTable(plan: Plan): string {
  const head = [
    'Key',
    'Algorithm',
    'Published',
    'In use from',
    'In use until',
    'Withdrawn',
    'Gone',
  ];
  const rows = plan.keys.map((key) => {
    const cells = keyTimes(key, plan).map(
      (text, i) => `<td data-head="${head[i + 2]}">${text}</td>`,
    );
    const name = `<th scope="row">${escapeText(key.name)}${key.tag === undefined ? ' <span class="dim">(to be made)</span>' : ''}</th>`;
    return `<tr>${name}<td data-head="Algorithm">${escapeText(algorithmName(key.algorithm))}</td>${cells.join('')}</tr>`;
  });
  return `<h3>Keys</h3>
<table class="keys">
<thead><tr>${head.map((text) => `<th scope="col">${text}</th>`).join('')}</tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>`;
}

function keyTimes({ tag, phases, records }: PlanKey, { now }: Plan): string[] {
  const day = (at: number | undefined): string => {
    if (at === undefined) return '–';
    if (at > now) return dayText(at);
    return tag === undefined ? 'now' : 'already';
  };
  const dnskey = records.find(({ record }) => record === 'dnskey')?.states ?? [];
  const seen = dnskey.find(({ value }) => value.state !== 'hidden');
  const use = phases.find(({ value }) => value === 'in-use');
  const afterUse = phases.find(({ from }) => use !== undefined && from === use.to);
  const withdrawn = dnskey.find(({ value }) => value.state === 'unretentive');
  const gone = phases.find(({ value }) => value === 'gone');
  return [
    day(seen?.from),
    day(use?.from),
    day(afterUse?.from),
    day(withdrawn?.from),
    day(gone?.from),
  ];
}

const ACTORS: Readonly<Record<Actor, string>> = {
  zonewright: 'zonewright',
  operator: 'you',
  parent: 'the parent',
  caches: 'caches, by time',
};

/** Each roll: a picture of the first of its kind, and its events. */
function episodeSections(plan: Plan, id: string, acts: readonly Act[]): string[] {
  const drawn = new Map<string, string>();
  return plan.episodes.map((episode, i) => {
    const heading = `${id}-roll-${i + 1}`;
    const steps = stepsOf(episode);
    const like = drawn.get(episode.pattern);
    let picture = '';
    if (like === undefined && plan.until - plan.now > SHORT_RANGE && episode.to > episode.from) {
      picture = episodePicture(plan, episode, heading, steps, drawn.size === 0);
      drawn.set(episode.pattern, heading);
    }
    const same =
      like === undefined
        ? ''
        : `<p class="dim">It goes as the <a href="#${like}">one above</a>.</p>`;
    return [
      `<h3 id="${heading}">${escapeText(episode.title)}</h3>`,
      `<p class="dim">${episodeSpan(episode, plan)}</p>`,
      picture,
      same,
      episodeTable(episode, steps, acts),
    ]
      .filter((part) => part !== '')
      .join('\n');
  });
}

function episodeSpan(episode: Episode, { now }: Plan): string {
  const { from, to, isUnderWay, goesOn, waitsForParent } = episode;
  const start = isUnderWay ? 'Under way' : `${dayText(from)} · ${distanceText(from, now)}`;
  if (waitsForParent) return `${start} · goes on when the parent has done its part`;
  if (goesOn) return `${start} · goes on after the end of the plan`;
  if (isUnderWay) return `${start} · done on ${dayText(to)}`;
  return `${dayText(from)} to ${dayText(to)} · ${distanceText(from, now)} · takes ${roughDuration(to - from)}`;
}

/** A duration to the hour. */
function roughDuration(seconds: number): string {
  return durationText(seconds >= 7200 ? Math.round(seconds / 3600) * 3600 : seconds);
}

/** The moments of an episode, numbered. */
function stepsOf(episode: Episode): PictureMark[] {
  const times = [...new Set(episode.events.map(({ at }) => at))];
  return times.map((at, i) => ({ at, number: i + 1 }));
}

function episodePicture(
  plan: Plan,
  episode: Episode,
  heading: string,
  steps: readonly PictureMark[],
  first: boolean,
): string {
  const { from, to, keys, title } = episode;
  const margin = ROLL_MARGIN * (to - from);
  const picture = drawPicture({
    id: `${heading}-picture`,
    title,
    description:
      'The phases of each key and, below, the states of its records; numbers as in the table.',
    from: from - margin,
    to: to + margin,
    now: plan.now,
    keys: plan.keys.filter(({ id }) => keys.includes(id)),
    marks: [],
    steps,
    anchor: plan.policy.anchor,
    showRecords: true,
    nameAlgorithms: nameAlgorithms(plan),
  });
  return `<figure>\n${picture}${first ? `\n${recordLegend(plan)}` : ''}\n</figure>`;
}

function episodeTable(
  { events, title }: Episode,
  steps: readonly PictureMark[],
  acts: readonly Act[],
): string {
  let last: number | undefined;
  const rows = events.map((event) => {
    const first = event.at !== last;
    last = event.at;
    const step = steps.find(({ at }) => at === event.at);
    const number = first ? `<span class="no-step">${step?.number}</span>` : '';
    const when = first
      ? `<time datetime="${isoTime(event.at)}">${weekdayText(event.at)} ${dayText(event.at)} <span>${clockText(event.at)}</span></time>`
      : '';
    return `<tr class="${event.actor}${isQuiet(event) ? ' quiet' : ''}"><td class="no">${number}</td><td class="when">${when}</td><td class="what">${whatCell(event, acts)}</td><td class="who"><span class="who-${event.actor}">${ACTORS[event.actor]}</span></td><td class="why">${whyCell(event)}</td></tr>`;
  });
  return `<table class="steps">
<caption>Steps: ${escapeText(title)}</caption>
<colgroup><col class="no"/><col class="when"/><col class="what"/><col class="who"/><col/></colgroup>
<thead><tr><th scope="col">No.</th><th scope="col">When (UTC)</th><th scope="col">What</th><th scope="col">Who</th><th scope="col">Why then</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>`;
}

function whatCell(event: PlanEvent, acts: readonly Act[]): string {
  const act = acts.find((one) => one.event === event);
  const badge = act === undefined ? '' : `<span class="no-act">${act.number}</span> `;
  const assumed = event.assumed === true ? ' <span class="assumed">assumed</span>' : '';
  return `${badge}${escapeText(capital(event.what))}${assumed}`;
}

function whyCell({ why, command }: PlanEvent): string {
  const parts: string[] = [];
  if (why !== undefined) {
    // A formula has a time in it; it reads better in letters of one width.
    parts.push(why.includes(' = ') ? `<code>${escapeText(why)}</code>` : escapeText(capital(why)));
  }
  if (command !== undefined) parts.push(`<code>${escapeText(command)}</code>`);
  return parts.join('<br/>');
}
