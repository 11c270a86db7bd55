/**
 * The picture of a zone's growth: the number of delegated names over time, and below it what was
 * added and removed, upwards and downwards. Beside the picture the same numbers as a table.
 *
 * Lengths along the time are in per cent and all others in pixels, so that the picture takes any
 * width without stretching its text; the curve, which knows only one unit, is stretched in a box of
 * its own. The room for the numbers at the left is padding of the picture (style.ts).
 */

import { timeAxis } from '../../present/axis.js';
import { dayText, weekdayText } from '../../present/calendar.js';
import { html, join, type Markup, trusted } from '../../present/markup.js';
import type { GrowthDay } from './model.js';
import {
  balanceText,
  changeText,
  countText,
  dateAttribute,
  dateTime,
  plural,
  roughCount,
} from './numbers.js';

const DAY = 86_400;
/** The least time shown, so that the bars of the first days are bars. */
const LEAST_DAYS = 14;
/** Days in a bar, and up to which length of history. */
const STEPS: readonly (readonly [days: number, upTo: number, name: string])[] = [
  [1, 92, 'day'],
  [7, 740, 'week'],
  [28, Number.POSITIVE_INFINITY, 'four weeks'],
];

const CURVE_TOP = 24;
const CURVE_HEIGHT = 150;
const BARS_TOP = CURVE_TOP + CURVE_HEIGHT + 48;
const BARS_HALF = 36;
const AXIS_TOP = BARS_TOP + 2 * BARS_HALF + 8;
const HEIGHT = AXIS_TOP + 36;
/** The curve's own units, both ways. */
const CURVE_UNITS = 1000;
/** Share of its step that a bar takes. */
const BAR_SHARE = 0.72;

/** Some days together: what a bar and a row of the table show. */
export interface Stretch {
  /** The first moment, and the one after the last. */
  readonly from: number;
  readonly to: number;
  /** At its end. */
  readonly delegations: number | undefined;
  /** Sums of what is known; undefined: nothing is. */
  readonly added: number | undefined;
  readonly removed: number | undefined;
}

/**
 * Days by stretches of equal length that end with the last day, whole ones only (but for the last
 * that is left). Stretches without a day are left out.
 *
 * @param days oldest first.
 */
export function stretches(days: readonly GrowthDay[]): {
  readonly name: string;
  readonly list: readonly Stretch[];
} {
  if (days.length === 0) return { name: STEPS[0][2], list: [] };
  const first = dateTime(days[0].date);
  const end = dateTime(days[days.length - 1].date) + DAY;
  const [size, , name] = STEPS.find(([, upTo]) => (end - first) / DAY <= upTo) ?? STEPS[2];
  const list: Stretch[] = [];
  for (const day of days) {
    const back = Math.ceil((end - dateTime(day.date)) / (size * DAY));
    const from = end - back * size * DAY;
    const last = list[list.length - 1];
    if (last?.from !== from) {
      const { delegations, added, removed } = day;
      list.push({ from, to: from + size * DAY, delegations, added, removed });
      continue;
    }
    list[list.length - 1] = {
      ...last,
      delegations: day.delegations ?? last.delegations,
      added: sum(last.added, day.added),
      removed: sum(last.removed, day.removed),
    };
  }
  // A stretch that begins before the history does would show too little.
  if (list.length > 1 && list[0].from < first) list.shift();
  return { name, list };
}

function sum(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : a + (b ?? 0);
}

/** Round numbers from below the least to above the greatest value, at most six, told apart by six digits. */
export function scale(least: number, greatest: number): readonly number[] {
  const range = Math.max(greatest - least, 1, greatest / 20_000);
  let step = 1;
  for (let power = 1; ; power *= 10) {
    const found = [1, 2, 5].find((n) => range / (n * power) <= 4);
    if (found === undefined) continue;
    step = found * power;
    break;
  }
  const bottom = Math.floor(least / step) * step;
  const ticks: number[] = [];
  for (let at = bottom; ticks.length < 2 || ticks[ticks.length - 1] < greatest; at += step) {
    ticks.push(at);
  }
  // What does not change is drawn in the middle.
  if (least === greatest && bottom >= step) ticks.unshift(bottom - step);
  return ticks;
}

/**
 * The figure of a zone.
 *
 * @param id unique in the page.
 * @param days oldest first.
 */
export function growthFigure(id: string, zone: string, days: readonly GrowthDay[]): Markup {
  const known = days.filter(({ delegations }) => delegations !== undefined);
  if (known.length === 0) {
    return html`<p class="empty">No history yet. The picture of growth begins with the first day whose names were counted, and gains a bar a day.</p>`;
  }
  const { name, list } = stretches(days);
  return html`<figure class="growth">
${picture(id, zone, name, list)}
<figcaption>
<ul class="legend" aria-hidden="true"><li><i class="key names"></i>names in the zone</li><li><i class="key added"></i>added each ${name}</li><li><i class="key removed"></i>removed each ${name}</li></ul>
</figcaption>
${table(zone, name, list)}
</figure>`;
}

function picture(id: string, zone: string, name: string, list: readonly Stretch[]): Markup {
  const last = list[list.length - 1];
  const from = Math.min(list[0].from, last.to - LEAST_DAYS * DAY);
  const axis = timeAxis(from, last.to);
  const place = (at: number): number => round(((at - from) / (last.to - from)) * 100);
  const counts = list.flatMap(({ delegations }) => delegations ?? []);
  const ticks = scale(Math.min(...counts), Math.max(...counts));
  const [low, high] = [ticks[0], ticks[ticks.length - 1]];
  const rise = (n: number): number => (n - low) / (high - low);
  const most = Math.max(1, ...list.flatMap(({ added, removed }) => [added ?? 0, removed ?? 0]));
  const limit = scale(0, most).find((n) => n >= most) ?? most;
  return html`<svg class="growth-picture" role="img" aria-labelledby="${id}-t ${id}-d" width="100%" height="${HEIGHT}" xmlns="http://www.w3.org/2000/svg">
<title id="${id}-t">Growth of ${zone}</title>
<desc id="${id}-d">${description(name, list)}</desc>
${levels(ticks, rise)}
${barLevels(name, limit)}
${timeMarks(axis, place)}
${join(list.map((stretch) => bar(stretch, { place, limit })))}
${curve(list, { place, rise })}
</svg>`;
}

function description(name: string, list: readonly Stretch[]): string {
  const counted = list.filter(({ delegations }) => delegations !== undefined);
  const [first, last] = [counted[0], counted[counted.length - 1]];
  const parts = [
    `${countText(last.delegations!)} names on ${dayText(last.to - DAY)}`,
    ...(first === last
      ? []
      : [
          `${countText(first.delegations!)} on ${dayText(first.to - DAY)}`,
          `a change of ${balanceText(last.delegations! - first.delegations!)}`,
        ]),
  ];
  return `${parts.join(', ')}. Bars show what was added and removed each ${name}. The same numbers are in the table below.`;
}

function levels(ticks: readonly number[], rise: (n: number) => number): Markup {
  const lines = ticks.map((n) => {
    const y = round(CURVE_TOP + CURVE_HEIGHT * (1 - rise(n)));
    return html`<line class="grid" x1="0" x2="100%" y1="${y}" y2="${y}"/><text class="level" x="-8" y="${y + 4}">${roughCount(n)}</text>`;
  });
  return join([html`<text class="panel" x="0" y="12">Names</text>`, ...lines]);
}

function barLevels(name: string, limit: number): Markup {
  const middle = BARS_TOP + BARS_HALF;
  return html`<text class="panel" x="0" y="${BARS_TOP - 12}">Added and removed each ${name}</text>
<line class="grid" x1="0" x2="100%" y1="${BARS_TOP}" y2="${BARS_TOP}"/><text class="level" x="-8" y="${BARS_TOP + 4}">+${roughCount(limit)}</text>
<line class="grid" x1="0" x2="100%" y1="${BARS_TOP + 2 * BARS_HALF}" y2="${BARS_TOP + 2 * BARS_HALF}"/><text class="level" x="-8" y="${BARS_TOP + 2 * BARS_HALF + 4}">−${roughCount(limit)}</text>
<line class="zero" x1="0" x2="100%" y1="${middle}" y2="${middle}"/><text class="level" x="-8" y="${middle + 4}">0</text>`;
}

function timeMarks(axis: ReturnType<typeof timeAxis>, place: (at: number) => number): Markup {
  const parts: Markup[] = [];
  for (const { at, label, narrow } of axis.ticks) {
    const x = place(at);
    // A label at the edge would be cut off.
    if (x > 97) continue;
    const only = narrow && x < 90 ? '' : ' wide';
    parts.push(
      html`<line class="tick-mark${only}" x1="${x}%" x2="${x}%" y1="${AXIS_TOP}" y2="${AXIS_TOP + 5}"/><text class="tick${only}" x="${x}%" dx="3" y="${AXIS_TOP + 13}">${label}</text>`,
    );
  }
  for (const { from, to, label, short } of axis.bands) {
    const x = place(from);
    const width = place(to) - x;
    const fits = (text: string, letter: number): boolean =>
      text !== '' && width >= text.length * letter;
    // A letter is some 0.8% of a wide page and 2.4% of a narrow one.
    const wide = [label, short].find((text) => fits(text, 0.8));
    const narrow = [label, short].find((text) => fits(text, 2.4));
    const text = (words: string, only: string): Markup =>
      html`<text class="band${only}" x="${x}%" dx="3" y="${AXIS_TOP + 30}">${words}</text>`;
    if (wide !== undefined) parts.push(text(wide, narrow === wide ? '' : ' wide'));
    if (narrow !== undefined && narrow !== wide) parts.push(text(narrow, ' slim'));
    if (from > axis.from) {
      parts.push(
        html`<line class="tick-mark" x1="${x}%" x2="${x}%" y1="${AXIS_TOP + 19}" y2="${AXIS_TOP + 32}"/>`,
      );
    }
  }
  return join([
    html`<line class="zero" x1="0" x2="100%" y1="${AXIS_TOP}" y2="${AXIS_TOP}"/>`,
    ...parts,
  ]);
}

interface BarScale {
  readonly place: (at: number) => number;
  readonly limit: number;
}

/** The two bars of a stretch, and a strip over the picture that tells its numbers when pointed at. */
function bar(stretch: Stretch, { place, limit }: BarScale): Markup {
  const { added, removed } = stretch;
  const [left, right] = [place(stretch.from), place(stretch.to)];
  const width = round((right - left) * BAR_SHARE);
  const x = round(left + ((right - left) * (1 - BAR_SHARE)) / 2);
  const middle = BARS_TOP + BARS_HALF;
  const height = (n: number): number => round(Math.max((n / limit) * BARS_HALF, 1));
  return html`<g class="stretch"><title>${stretchText(stretch)}</title><rect class="reach" x="${left}%" width="${round(right - left)}%" y="${CURVE_TOP}" height="${AXIS_TOP - CURVE_TOP}"/>${
    added !== undefined &&
    added > 0 &&
    html`<rect class="added" x="${x}%" width="${width}%" y="${round(middle - height(added))}" height="${height(added)}"/>`
  }${
    removed !== undefined &&
    removed > 0 &&
    html`<rect class="removed" x="${x}%" width="${width}%" y="${middle}" height="${height(removed)}"/>`
  }</g>`;
}

function stretchText({ from, to, delegations, added, removed }: Stretch): string {
  const days = to - from === DAY ? dayText(from) : `${dayText(from)} to ${dayText(to - DAY)}`;
  const facts = [
    delegations === undefined ? '' : plural(delegations, 'name'),
    added === undefined ? '' : `${changeText(added, '+')} added`,
    removed === undefined ? '' : `${changeText(removed, '-')} removed`,
  ].filter((fact) => fact !== '');
  return `${days}: ${facts.length === 0 ? 'not counted' : facts.join(', ')}`;
}

interface CurveScale {
  readonly place: (at: number) => number;
  readonly rise: (n: number) => number;
}

/** The curve through the ends of the stretches, broken where nothing is known, with its last point. */
function curve(list: readonly Stretch[], { place, rise }: CurveScale): Markup {
  let path = '';
  let pen = 'M';
  let point: readonly [x: number, y: number] = [0, 0];
  for (const { from, to, delegations } of list) {
    if (delegations === undefined) {
      pen = 'M';
      continue;
    }
    point = [place((from + to) / 2), 1 - rise(delegations)];
    path += `${pen}${round(point[0] * (CURVE_UNITS / 100))} ${round(point[1] * CURVE_UNITS)}`;
    pen = 'L';
  }
  return trusted(
    `<svg class="curve" y="${CURVE_TOP}" width="100%" height="${CURVE_HEIGHT}" viewBox="0 0 ${CURVE_UNITS} ${CURVE_UNITS}" preserveAspectRatio="none"><path d="${path}" vector-effect="non-scaling-stroke"/></svg>
<circle class="last" cx="${point[0]}%" cy="${round(CURVE_TOP + CURVE_HEIGHT * point[1])}" r="4"/>`,
  );
}

/** The picture's numbers, newest first. */
function table(zone: string, name: string, list: readonly Stretch[]): Markup {
  const dash = html`<span aria-hidden="true">–</span><span class="vh">not counted</span>`;
  const cell = (n: number | undefined, text: (n: number) => string): Markup =>
    html`<td class="num">${n === undefined ? dash : text(n)}</td>`;
  const rows = [...list].reverse().map((stretch) => {
    const last = new Date((stretch.to - DAY) * 1000).toISOString().slice(0, 10);
    const date = last.replaceAll('-', '');
    return html`<tr><th scope="row"><time datetime="${dateAttribute(date)}"><span class="wide">${weekdayText(stretch.to - DAY)} </span>${dayText(stretch.to - DAY)}</time></th>${cell(stretch.delegations, countText)}${cell(stretch.added, (n) => changeText(n, '+'))}${cell(stretch.removed, (n) => changeText(n, '-'))}</tr>`;
  });
  return html`<details class="numbers">
<summary>These numbers as a table<span class="vh">, ${zone}</span></summary>
<div class="scroll"><table>
<caption class="vh">Growth of ${zone}, each ${name}, newest first</caption>
<thead><tr><th scope="col">${name === 'day' ? 'Day' : `The ${name} to`}</th><th scope="col" class="num">Names</th><th scope="col" class="num">Added</th><th scope="col" class="num">Removed</th></tr></thead>
<tbody>
${join(rows)}
</tbody>
</table></div>
</details>`;
}

const round = (n: number): number => Math.round(n * 1000) / 1000;
