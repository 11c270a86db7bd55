/**
 * The picture of a plan: an SVG with one lane for each key, a bar for each phase, and the time from
 * left to right.
 *
 * Lengths along the time are in per cent and all others in pixels, so that the picture takes any
 * width without stretching its text: a screen, a telephone, a sheet of paper. What has no room on a
 * narrow page has the class `wide` and is hidden there (style.ts). Phases differ in pattern, not in
 * colour alone.
 */

import { algorithmName } from '../../dnssec/algorithms.js';
import { type Axis, timeAxis } from '../../present/axis.js';
import { dayText } from '../../present/calendar.js';
import { escapeText } from '../../present/escape.js';
import type { EnginePolicy, RecordName } from '../engine/model.js';
import type { Role } from '../statefile.js';
import type { PlanKey } from './model.js';
import type { Phase, RecordPhase, Span } from './phases.js';

/** Something the operator has to do, with its number. */
export interface PictureMark {
  readonly at: number;
  readonly number: number;
}

export interface Picture {
  /** Unique in its page. */
  readonly id: string;
  readonly title: string;
  /** What the picture shows, for those who don't see it. */
  readonly description: string;
  readonly from: number;
  readonly to: number;
  readonly now: number;
  readonly keys: readonly PlanKey[];
  readonly marks: readonly PictureMark[];
  /** Moments with numbers, along the axis. */
  readonly steps: readonly PictureMark[];
  readonly anchor: EnginePolicy['anchor'];
  /** Also a strip for each record of a key. */
  readonly showRecords: boolean;
  /** Are the keys of several algorithms? */
  readonly nameAlgorithms: boolean;
}

const ROLES: readonly (readonly [Role, string])[] = [
  ['ksk', 'Key-signing keys'],
  ['csk', 'Combined signing keys'],
  ['zsk', 'Zone-signing keys'],
];

/** Share of the width, in per cent, that is kept free for the names of records. */
const GUTTER = 13;

/** From this many lanes on they are lower. */
const MANY_LANES = 16;

const AXIS_HEIGHT = 36;
const GROUP_HEIGHT = 24;
const STRIP_HEIGHT = 13;
/** Below the lanes, for the flag at the line of now. */
const FLAG_HEIGHT = 18;

interface Layout {
  readonly axis: Axis;
  readonly picture: Picture;
  /** Height of a lane's name, and of its bar. */
  readonly nameHeight: number;
  readonly barHeight: number;
  /** Where the time begins, in per cent of the width. */
  readonly gutter: number;
}

/** The picture as an `svg` element. */
export function drawPicture(picture: Picture): string {
  const { id, title, description, keys, marks, steps } = picture;
  const many = keys.length > MANY_LANES;
  const layout: Layout = {
    axis: timeAxis(picture.from, picture.to),
    picture,
    nameHeight: many ? 0 : 17,
    barHeight: many ? 12 : 18,
    gutter: picture.showRecords ? GUTTER : 0,
  };
  const body: string[] = [];
  const names: string[] = [];
  let y = AXIS_HEIGHT;
  if (marks.length > 0 || steps.length > 0) y += 26;
  for (const [role, heading] of ROLES) {
    const own = keys.filter((key) => key.role === role);
    if (own.length === 0) continue;
    body.push(`<text class="group" x="0" y="${y + 17}">${heading}</text>`);
    y += GROUP_HEIGHT;
    for (const key of own) {
      const lane = drawLane(key, y, layout);
      body.push(lane.svg);
      names.push(lane.name);
      y += lane.height;
    }
    y += 4;
  }
  const bottom = y + 4;
  const placedSteps = placeMarks(steps, layout);
  const placedMarks = placeMarks(marks, layout);
  const hasNow = picture.now >= picture.from && picture.now <= picture.to;
  const height = bottom + (hasNow ? FLAG_HEIGHT : 0);
  return [
    `<svg class="picture" id="${id}" role="img" aria-labelledby="${id}-t ${id}-d" width="100%" height="${height}" xmlns="http://www.w3.org/2000/svg">`,
    `<title id="${id}-t">${escapeText(title)}</title>`,
    `<desc id="${id}-d">${escapeText(description)}</desc>`,
    drawAxis(layout, bottom),
    ...(hasNow ? [drawNow(layout, bottom)] : []),
    ...body,
    ...placedSteps.map((step) => markLine(step, 'step', bottom)),
    ...placedMarks.map((mark) => markLine(mark, 'act', bottom)),
    // Names stand before the lines that cross them.
    ...names,
    ...placedSteps.map((step) => markSign(step, 'step')),
    ...placedMarks.map((mark) => markSign(mark, 'act')),
    '</svg>',
  ].join('\n');
}

/** A place along the time in per cent, within the picture. */
function place({ axis, gutter }: Layout, at: number): number {
  const share = Math.min(1, Math.max(0, (at - axis.from) / (axis.to - axis.from)));
  return round(gutter + share * (100 - gutter));
}

function drawAxis(layout: Layout, height: number): string {
  const { axis } = layout;
  const parts: string[] = [];
  for (const { from, to, label, short } of axis.bands) {
    const x = place(layout, from);
    const width = place(layout, to) - x;
    if (from > axis.from) {
      parts.push(`<line class="grid major" x1="${x}%" x2="${x}%" y1="0" y2="${height}"/>`);
    }
    // Room for the text: a letter is some 0.7% of a wide page.
    const wide = width >= label.length * 0.75 ? label : width >= short.length * 0.75 ? short : '';
    const narrow = width >= label.length * 2.2 ? label : width >= short.length * 2.2 ? short : '';
    if (wide !== '') parts.push(bandText(x, wide, narrow === wide ? '' : ' wide'));
    if (narrow !== '' && narrow !== wide) parts.push(bandText(x, narrow, ' slim'));
  }
  for (const { at, label, narrow } of axis.ticks) {
    const x = place(layout, at);
    parts.push(
      `<line class="grid${narrow ? '' : ' wide'}" x1="${x}%" x2="${x}%" y1="${AXIS_HEIGHT - 4}" y2="${height}"/>`,
    );
    // A label at the edge would be cut off.
    if (x > 98.5) continue;
    const fits = narrow && x < 92;
    parts.push(
      `<text class="tick${fits ? '' : ' wide'}" x="${x}%" dx="3" y="${AXIS_HEIGHT - 6}">${escapeText(label)}</text>`,
    );
  }
  parts.push(
    `<line class="axis" x1="${layout.gutter}%" x2="100%" y1="${AXIS_HEIGHT - 0.5}" y2="${AXIS_HEIGHT - 0.5}"/>`,
  );
  return parts.join('\n');
}

const bandText = (x: number, label: string, more: string): string =>
  `<text class="band${more}" x="${x}%" dx="3" y="13">${escapeText(label)}</text>`;

function drawNow(layout: Layout, bottom: number): string {
  const x = place(layout, layout.picture.now);
  return [
    `<line class="now" x1="${x}%" x2="${x}%" y1="${AXIS_HEIGHT}" y2="${bottom + 2}"/>`,
    `<svg class="mark" x="${x}%" y="${bottom + 2}" width="1" height="1"><rect class="now-flag" x="-16" y="0" width="32" height="15" rx="2"/><text class="now-text" y="11">now</text></svg>`,
  ].join('\n');
}

type MarkKind = 'act' | 'step';

/** The middle of the marks, under the axis. */
const MARK_Y = AXIS_HEIGHT + 14;
/** Least distance of two signs, in per cent. */
const MARK_DISTANCE = 2.2;

/** A mark, and where its sign stands: beside its time where marks are close. */
interface PlacedMark extends PictureMark {
  readonly x: number;
  readonly signX: number;
}

function placeMarks(marks: readonly PictureMark[], layout: Layout): PlacedMark[] {
  const distance = Math.min(MARK_DISTANCE, 90 / Math.max(marks.length, 1));
  const xs = marks.map(({ at }) => place(layout, at));
  const signs = [...xs];
  for (let i = 1; i < signs.length; i++) signs[i] = Math.max(signs[i], signs[i - 1] + distance);
  // What was pushed over the edge goes back.
  for (let i = signs.length - 1; i >= 0; i--) {
    signs[i] = Math.min(signs[i], 99 - (signs.length - 1 - i) * distance);
  }
  return marks.map((mark, i) => ({ ...mark, x: xs[i], signX: round(signs[i]) }));
}

/** From the sign to its time, and down through the lanes. */
function markLine({ x, signX }: PlacedMark, kind: MarkKind, bottom: number): string {
  const top = MARK_Y + 20;
  return `<line class="${kind}-line" x1="${signX}%" x2="${x}%" y1="${MARK_Y + 8}" y2="${top}"/><line class="${kind}-line" x1="${x}%" x2="${x}%" y1="${top}" y2="${bottom}"/>`;
}

function markSign({ signX, number }: PlacedMark, kind: MarkKind): string {
  const shape =
    kind === 'act'
      ? '<path class="act-sign" d="M0 -12 L12 0 L0 12 L-12 0 Z"/>'
      : '<circle class="step-sign" r="9"/>';
  return `<svg class="mark" x="${signX}%" y="${MARK_Y}" width="1" height="1">${shape}<text class="${kind}-text" y="4">${number}</text></svg>`;
}

interface Lane {
  readonly svg: string;
  /** The key's name, which stands on top of all. */
  readonly name: string;
  readonly height: number;
}

function drawLane(key: PlanKey, y: number, layout: Layout): Lane {
  const { picture, nameHeight, barHeight } = layout;
  const parts = [`<g class="lane ${key.role}">`, `<title>${escapeText(laneText(key))}</title>`];
  const seen = key.phases.filter(
    ({ value, from, to }) =>
      value !== 'gone' && value !== 'made' && to > picture.from && from < picture.to,
  );
  const barTop = y + nameHeight;
  parts.push(
    `<line class="rail" x1="${layout.gutter}%" x2="100%" y1="${barTop + barHeight / 2}" y2="${barTop + barHeight / 2}"/>`,
  );
  for (const span of seen) parts.push(drawPhase(key, span, barTop, layout));
  let bottom = barTop + barHeight;
  if (picture.showRecords) {
    bottom += 3;
    for (const { record, states } of key.records) {
      parts.push(drawStrip(record, states, bottom, layout));
      bottom += STRIP_HEIGHT;
    }
  }
  parts.push('</g>');
  return {
    svg: parts.join('\n'),
    name: drawName(key, seen, y, layout),
    height: bottom - y + 8,
  };
}

function laneText({ name, algorithm, phases }: PlanKey): string {
  const parts = phases
    .filter(({ value }) => value !== 'made' && value !== 'gone')
    .map(({ value, from, to }) => `${value} ${dayText(from)} to ${dayText(to)}`);
  return `${name}, ${algorithmName(algorithm)}: ${parts.join(', ')}`;
}

/** The key's name: over the bar, or beside it where lanes are low, on the side that has room. */
function drawName(key: PlanKey, seen: readonly Span<Phase>[], y: number, layout: Layout): string {
  const { picture, nameHeight, barHeight } = layout;
  const start = place(layout, seen[0]?.from ?? picture.from);
  const end = place(layout, seen[seen.length - 1]?.to ?? picture.to);
  const future = key.tag === undefined;
  const facts = [
    ...(picture.nameAlgorithms ? [algorithmName(key.algorithm)] : []),
    ...(future ? ['to be made'] : []),
  ];
  const text = `<tspan class="${future ? 'name future' : 'name'}">${escapeText(key.name)}</tspan>${facts.map((fact) => `<tspan class="fact" dx="7">${escapeText(fact)}</tspan>`).join('')}`;
  const low = nameHeight === 0;
  const left = low ? end < 60 : start <= 50;
  const x = low ? (left ? end : start) : left ? start : end;
  const anchor = left ? 'start' : 'end';
  const gap = low ? (left ? ' dx="6"' : ' dx="-6"') : '';
  return `<text class="lane-name" x="${x}%"${gap} y="${low ? y + barHeight - 2 : y + 12}" text-anchor="${anchor}">${text}</text>`;
}

/** What a key in use does, for its bar. */
function useText(role: Role, { anchor }: Picture): string {
  const trust = anchor === 'parent' ? 'DS at the parent' : 'trust anchor';
  if (role === 'ksk') return trust;
  return role === 'zsk' ? 'signs the zone' : `signs the zone, ${trust}`;
}

function drawPhase(
  key: PlanKey,
  { value, from, to }: Span<Phase>,
  y: number,
  layout: Layout,
): string {
  const { barHeight, picture } = layout;
  const x = place(layout, from);
  const width = Math.max(place(layout, to) - x, LEAST_WIDTH);
  const rect = `<rect class="phase ${value}" x="${x}%" y="${y}" width="${round(width)}%" height="${barHeight}"/>`;
  if (value !== 'in-use' || barHeight < 16) return rect;
  const text = useText(key.role, picture);
  const room = width / text.length;
  if (room < 0.8) return rect;
  const more = room < 2 ? ' wide' : '';
  return `${rect}<svg x="${x}%" y="${y}" width="${round(width)}%" height="${barHeight}"><text class="phase-text${more}" x="8" y="13">${text}</text></svg>`;
}

/** One record's states: a line where it is hidden, a bar where it is or may be seen. */
function drawStrip(
  record: RecordName,
  states: readonly Span<RecordPhase>[],
  y: number,
  layout: Layout,
): string {
  const { picture } = layout;
  const name = record === 'ds' && picture.anchor === 'rfc5011' ? 'TRUST' : record.toUpperCase();
  const parts = [
    `<text class="record-name" x="0" y="${y + 8.5}">${name}</text>`,
    `<line class="rail" x1="${layout.gutter}%" x2="100%" y1="${y + 5}" y2="${y + 5}"/>`,
  ];
  for (const { value, from, to } of states) {
    if (value.state === 'hidden' || to <= picture.from || from >= picture.to) continue;
    const x = place(layout, from);
    const width = round(Math.max(place(layout, to) - x, LEAST_WIDTH));
    const kind = value.awaitsParent ? `${value.state} awaits` : value.state;
    const title = `${name} ${value.state}${value.awaitsParent ? ', waits for the parent' : ''}`;
    parts.push(
      `<rect class="record ${kind}" x="${x}%" y="${y + 1}" width="${width}%" height="8"><title>${title}</title></rect>`,
    );
  }
  return parts.join('\n');
}

/** What is shorter than a hair is still seen; per cent. */
const LEAST_WIDTH = 0.15;

const round = (n: number): number => Math.round(n * 1000) / 1000;
