/** `zonewright keys plan`: the flags. */

import { type Command, Option } from 'commander';
import { DURATION_FORM, parseDuration } from '../config/duration.js';
import { parseTime, TIME_FORM } from '../config/time.js';
import type { KeysPlanOptions } from '../keys/plan/command.js';
import { commonOptions, durationFlag, finish, flagOf, zoneListFlag } from './common.js';
import { loadWork } from './lazy.js';

/** The end of a plan: a time, or how long after now. */
type PlanEnd = { readonly at: number } | { readonly after: number };

const planEnd = flagOf<PlanEnd>((text) => {
  const after = parseDuration(text);
  if (after !== undefined) return { after };
  const at = parseTime(text);
  return at === undefined ? undefined : { at };
}, `${TIME_FORM}, or ${DURATION_FORM}`);

const parentDelayFlag = flagOf<number | 'never'>(
  (text) => (text === 'never' ? text : parseDuration(text)),
  `${DURATION_FORM}, or never`,
);

interface PlanFlags {
  zone?: Uint8Array[];
  until: PlanEnd;
  html?: string;
  parentDelay: number | 'never';
  interval: number;
}

const TWO_YEARS: PlanEnd = { after: 2 * 365 * 86_400 };

/** Registers the command below `keys`. */
export function addPlanCommand(keys: Command): void {
  keys
    .command('plan')
    .summary('every coming event, also as a timeline in HTML')
    .description(
      'Tells what will happen to the keys of each zone, when, why then, and what of it is yours to do at the parent. Nothing is changed.',
    )
    .option('--zone <Z>', 'this zone only; may be given again', zoneListFlag)
    .addOption(
      new Option('--until <T>', 'end of the plan: a time, or a duration from now')
        .argParser(planEnd)
        .default(TWO_YEARS, 'P2Y'),
    )
    .option(
      '--html <FILE>',
      'also write a page with a timeline of each zone; - instead of the text',
    )
    .addOption(
      new Option(
        '--parent-delay <D>',
        'how long the parent is assumed to take to change a DS; never: it does nothing',
      )
        .argParser(parentDelayFlag)
        .default(86_400, 'P1D'),
    )
    .addOption(
      new Option('--interval <D>', 'time from one build to the next; PT0S: the earliest times')
        .argParser(durationFlag)
        .default(0, 'PT0S'),
    )
    .addHelpText(
      'after',
      `
Keys that exist go by their tag (ZSK 12345), keys to be made by their number (ZSK 2). With
--verbose also the waits between, and the formula of each. The page needs nothing but itself: no
script, no network; it is light or dark as the reader's system is, and can be printed.

Examples:
  zonewright keys plan
  zonewright keys plan --zone com --until 2029-01-01 --html plan.html
  zonewright keys plan --zone com --until P90D --verbose
  zonewright keys plan --parent-delay P3D --interval P1D --json`,
    )
    .action(async (flags: PlanFlags, command: Command) => {
      const common = commonOptions(command);
      const { until, parentDelay, interval, html } = flags;
      const options: KeysPlanOptions = {
        ...common,
        zones: flags.zone ?? [],
        until: 'at' in until ? until.at : common.now + until.after,
        interval,
        parentDelay: parentDelay === 'never' ? undefined : parentDelay,
        html,
      };
      const run = await loadWork<KeysPlanOptions>('keys/plan/command.js', 'keysPlanCommand');
      finish(await run(options));
    });
}
