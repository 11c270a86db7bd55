/**
 * `zonewright zfa log`: shows the audit log, or checks that nobody has changed it.
 *
 * `--json` prints {"version", "lines": […]} as they stand in the log, or with `--check` {"version",
 * "file", "lines", "faults": [{"line", "what"}]}; exit code 6 when there is a fault.
 */

import type { CommonOptions } from '../../cli/common.js';
import { countText, printable, printJson } from '../../cli/output.js';
import { loadConfig } from '../../config/config.js';
import { isoTime } from '../../config/time.js';
import { EXIT } from '../../errors.js';
import { type Database, openToRead } from '../database/open.js';
import { requireHolder } from '../holders/store.js';
import type { AuditLine } from './chain.js';
import { checkAudit, logPending, readAudit } from './log.js';

export interface LogOptions extends CommonOptions {
  /** Lines of this holder only. */
  readonly holder: string | undefined;
  /** Lines from this time on only; seconds since 1970. */
  readonly since: number | undefined;
  readonly check: boolean;
}

/** Faults that are shown; all are counted. */
const SHOWN = 20;

/**
 * Runs the command.
 *
 * @returns the exit code of a check.
 * @throws ZonewrightError (exit 2) where zone file access was never used, and for a holder of whom
 *   nothing is known.
 */
export function logCommand(options: LogOptions): number | undefined {
  const { stateDir } = loadConfig(options.config);
  const { warn } = options.reporter;
  const db = openToRead(stateDir, warn);
  try {
    logPending(db, stateDir, warn);
    return options.check ? check(options, checkAudit(db, stateDir)) : show(options, db, stateDir);
  } finally {
    db.close();
  }
}

function check(options: LogOptions, verdict: ReturnType<typeof checkAudit>): number {
  const { path, lines, faults } = verdict;
  if (options.json) printJson({ file: path, lines, faults });
  else {
    for (const { line, what } of faults.slice(0, SHOWN)) {
      process.stdout.write(`${path}:${line}: ${what}\n`);
    }
    if (faults.length > SHOWN) {
      process.stdout.write(`and ${countText(faults.length - SHOWN)} more\n`);
    }
  }
  if (faults.length === 0) {
    options.reporter.info(`${path}: ${countText(lines)} lines, none changed and none missing`);
    return EXIT.done;
  }
  options.reporter.warn(
    `${path}: ${countText(faults.length)} ${faults.length === 1 ? 'fault' : 'faults'} in ${countText(lines)} lines: somebody has changed the log`,
  );
  return EXIT.guard;
}

function show(
  { holder, since, json, reporter }: LogOptions,
  db: Database,
  stateDir: string,
): undefined {
  const from = since === undefined ? '' : isoTime(since);
  const lines: AuditLine[] = [];
  let shown = 0;
  for (const line of readAudit(stateDir)) {
    if (line.at < from || (holder !== undefined && line.holder !== holder)) continue;
    shown++;
    if (json) lines.push(line);
    else process.stdout.write(`${lineText(line)}\n`);
  }
  // Names that were only ever tried stand in the log, too.
  if (shown === 0 && holder !== undefined) requireHolder(db, holder);
  if (json) printJson({ lines });
  else if (shown === 0) reporter.info('no line');
}

/** `2026-11-24T10:00:00Z  download  acme  address=192.0.2.1 file=czds/com …`. */
function lineText({ n: _, prev: __, at, event, holder, ...rest }: AuditLine): string {
  const detail = Object.entries(rest).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return printable([at, event, holder ?? '-', ...detail].join('  '), 2000);
}
