/**
 * The work of `zonewright keys plan`: plans as text or JSON on standard output, and as a page of HTML
 * in a file.
 */

import { realpathSync, type Stats, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { printJson, wantsColor } from '../../cli/output.js';
import { isoTime } from '../../config/time.js';
import { usageError } from '../../errors.js';
import { storageError } from '../../publish/storage.js';
import { loadPlans, type ZonesOptions } from '../commands/context.js';
import { replaceFile } from '../files.js';
import { renderPlanHtml } from './html.js';
import { planJson } from './json.js';
import { makePlan, type Plan, type PlanSubject } from './model.js';
import { renderPlanText } from './text.js';

/** `zonewright keys plan`. */
export interface KeysPlanOptions extends ZonesOptions {
  /** The end of the plan; seconds since 1970. */
  readonly until: number;
  /** Seconds from one build to the next; 0: each step at its earliest time. */
  readonly interval: number;
  /** Seconds in which the parent is taken to follow; undefined: it never does. */
  readonly parentDelay: number | undefined;
  /** File for the page; `-`: standard output, in place of the text; undefined: none. */
  readonly html: string | undefined;
}

/** Reads the keys and policies of the zones that the options name, in their order. */
export type PlanLoader = (
  options: KeysPlanOptions,
) => readonly PlanSubject[] | Promise<readonly PlanSubject[]>;

/** Longest plan in seconds: beyond that no policy lasts. */
const MOST_SECONDS = 30 * 365 * 86_400;

/** The command for a loader. */
export function planCommand(load: PlanLoader): (options: KeysPlanOptions) => Promise<void> {
  return async (options) => {
    checkOptions(options);
    const { until, interval, parentDelay, html } = options;
    // A file that can't be written is said before anything else.
    const target = html === undefined || html === '-' ? undefined : pageTarget(html);
    const subjects = await load(options);
    if (subjects.length === 0) throw usageError('there is no zone to plan for');
    const plans = subjects.map((subject) => makePlan(subject, { until, interval, parentDelay }));
    if (target !== undefined) {
      writePage(target, renderPlanHtml(plans));
      options.reporter.info(`the timeline is in ${html}`);
    }
    print(plans, options);
  };
}

/** Runs `zonewright keys plan`. */
export const keysPlanCommand = planCommand(loadPlans);

function print(plans: readonly Plan[], options: KeysPlanOptions): void {
  if (options.json) {
    printJson({ plans: plans.map(planJson) });
  } else if (options.html === '-') {
    process.stdout.write(renderPlanHtml(plans));
  } else {
    const color = wantsColor(options.color, process.stdout);
    process.stdout.write(renderPlanText(plans, { verbose: options.verbose, color }));
  }
}

function checkOptions({ until, now, html, json }: KeysPlanOptions): void {
  if (until <= now) {
    throw usageError(`--until ${isoTime(until)} is not after now, ${isoTime(now)}`, {
      hint: 'name a later time, or a duration such as P2Y',
    });
  }
  if (until - now > MOST_SECONDS) {
    throw usageError(`--until ${isoTime(until)} is more than 30 years away`, {
      hint: 'name an earlier time',
    });
  }
  if (json && html === '-') {
    throw usageError('--json and --html - both write to standard output', {
      hint: 'name a file for the page',
    });
  }
}

/**
 * Where the page will be, with links followed.
 *
 * @throws ZonewrightError (exit 2) when something else stands there, or there is no folder for it.
 */
function pageTarget(path: string): string {
  const there = statOf(path);
  if (there === undefined) {
    const folder = dirname(resolve(path));
    if (path.endsWith('/') || statOf(folder)?.isDirectory() !== true) {
      throw usageError(`there is no folder ${path.endsWith('/') ? path : folder}`, {
        place: { file: path },
        hint: 'make it, or name another file for --html',
      });
    }
    return resolve(path);
  }
  if (!there.isFile()) {
    const what = there.isDirectory() ? 'a folder' : 'no regular file';
    throw usageError(`--html names ${what}`, {
      place: { file: path },
      hint: 'name a file, such as plan.html, or - for standard output',
    });
  }
  return realpathSync(path);
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw storageError(error, path);
  }
}

function writePage(path: string, page: string): void {
  try {
    replaceFile(path, page, 0o644);
  } catch (error) {
    throw storageError(error, path);
  }
}
