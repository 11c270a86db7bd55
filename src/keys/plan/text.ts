/**
 * A plan on the terminal: the coming events by month and day, with what is the operator's to do
 * marked, and with the formulas where they are asked for.
 *
 *     com: 22 Nov 2026 to 22 Nov 2028
 *       in use: KSK 12345, ZSK 2345
 *
 *     January 2027
 *       Sat  9  22:00  ZSK 2 is made and published, to take the place of ZSK 2345
 *     May 2027
 *     > Thu  6  00:00  YOU: have the parent publish the DS of KSK 2 and remove that of KSK 12345
 *
 * A line is at most 100 characters long where words allow it.
 */

import { printable } from '../../cli/output.js';
import { formatDuration } from '../../config/duration.js';
import {
  clockText,
  dayOfMonth,
  dayText,
  durationText,
  monthText,
  weekdayText,
} from '../../present/calendar.js';
import type { PlanEvent } from './event.js';
import type { Plan } from './model.js';

export interface PlanTextOptions {
  /** Also the waits that are over, and why each event comes when it does. */
  readonly verbose: boolean;
  /** Colour codes; only for a terminal that takes them. */
  readonly color: boolean;
}

const WIDTH = 100;
/** A name of 255 octets, each of them as `\\DDD`. */
const NAME_LIMIT = 1200;

/** The plans, at least one, one after the other; ends with a line end. */
export function renderPlanText(plans: readonly Plan[], options: PlanTextOptions): string {
  const texts = plans.map((plan) => planLines(plan, options).join('\n'));
  return `${[texts.join('\n\n\n'), '', ...remarkLines(plans, options)].join('\n')}\n`;
}

const bold = (text: string, color: boolean): string => (color ? `\x1b[1m${text}\x1b[0m` : text);
const dim = (text: string, color: boolean): string => (color ? `\x1b[2m${text}\x1b[0m` : text);
const attention = (text: string, color: boolean): string =>
  color ? `\x1b[33m${text}\x1b[0m` : text;

function planLines(plan: Plan, options: PlanTextOptions): string[] {
  const { zone, now, until, keys } = plan;
  const { color, verbose } = options;
  const lines = [
    bold(`${printable(zone, NAME_LIMIT)}: ${dayText(now)} to ${dayText(until)}`, color),
  ];
  const inUse = keys
    .filter(({ phases }) => phases.some(({ value, from }) => value === 'in-use' && from <= now))
    .filter(({ tag }) => tag !== undefined)
    .map(({ name }) => name);
  lines.push(`  in use: ${inUse.length === 0 ? 'no key' : inUse.join(', ')}`);
  const events = plan.events.filter(({ kind }) => verbose || !QUIET.has(kind));
  if (events.length === 0) lines.push('', '  Nothing is to come in this time.');
  let month = '';
  let last: number | undefined;
  for (const event of events) {
    if (monthText(event.at) !== month) {
      month = monthText(event.at);
      lines.push('', bold(month, color));
    }
    lines.push(...eventLines(event, event.at === last, options));
    last = event.at;
  }
  if (plan.waitsForParent) {
    const goesOn = plan.parentDelay === undefined ? 'the plan goes on when it has' : 'at its end';
    lines.push('', `  The parent has something to do that is not done: ${goesOn}.`);
  }
  return lines;
}

/** Waits that are over: what they lead to is told. */
const QUIET: ReadonlySet<string> = new Set(['known', 'forgotten']);

/** The columns before the text. */
const INDENT = 17;

function eventLines(
  event: PlanEvent,
  same: boolean,
  { color, verbose }: PlanTextOptions,
): string[] {
  const yours = event.actor === 'operator';
  const { at, what, why, command, assumed } = event;
  const day = `${weekdayText(at)} ${String(dayOfMonth(at)).padStart(2)}  ${clockText(at)}`;
  const head = `${yours ? '>' : ' '} ${same ? '' : day}`.padEnd(INDENT);
  const who = yours ? 'YOU: ' : '';
  const [text, ...more] = wrap(`${who}${what}${assumed === true ? ' (assumed)' : ''}`);
  const paint = (line: string): string => (yours ? attention(line, color) : line);
  const lines = [paint(head + text), ...more.map((line) => paint(' '.repeat(INDENT) + line))];
  const notes = [
    ...(verbose && why !== undefined ? wrap(why) : []),
    ...(command !== undefined && (yours || verbose) ? [printable(command, 4000)] : []),
  ];
  lines.push(...notes.map((line) => `${' '.repeat(INDENT + 2)}${dim(line, color)}`));
  return lines;
}

/** Lines of words; a word that is longer than a line stays whole. */
function wrap(text: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of printable(text, 4000).split(' ')) {
    if (line !== '' && INDENT + 2 + line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

function remarkLines(plans: readonly Plan[], { color, verbose }: PlanTextOptions): string[] {
  const [{ interval, parentDelay }] = plans;
  const steps =
    interval === 0
      ? 'Times are UTC and the earliest: the first build after each takes the step.'
      : `Times are UTC, with a build every ${durationText(interval)} from now on.`;
  const parent =
    parentDelay === undefined
      ? 'The parent is taken to do nothing.'
      : `The parent is assumed to follow ${formatDuration(parentDelay)} after a DS is due.`;
  const lines = [
    steps,
    ...(plans.some(({ policy }) => policy.anchor === 'parent') ? [parent] : []),
    ...(verbose ? [] : ['With --verbose: the waits between, and the formula of each.']),
  ];
  return lines.map((line) => dim(line, color));
}
