/**
 * `zonewright doctor`: what a build needs from the machine, the configuration and the key folder,
 * looked at without changing anything.
 */

import type { CommonOptions } from '../cli/common.js';
import { printable, printJson } from '../cli/output.js';
import type { Config } from '../config/model.js';
import { EXIT, placeText, ZonewrightError } from '../errors.js';
import { type PassphraseSource, passphraseOnce } from '../keys/passphrase.js';
import { hasDatabase } from '../zfa/places.js';
import type { Check } from './check.js';
import { checkAfter, checkConfig, checkSource, sourceSize } from './configured.js';
import { checkKeyFolder, checkTokens, checkZoneKeys } from './keys.js';
import {
  checkClock,
  checkEntropy,
  checkMemory,
  checkNode,
  checkSpace,
  checkTimeService,
  checkTools,
} from './machine.js';

export interface DoctorOptions extends CommonOptions {
  /** Where the passphrase of encrypted private keys stands; undefined: as configured. */
  readonly passphrase?: PassphraseSource | undefined;
}

/**
 * Runs all checks and prints them: a table, or `{"version","checks":[…],"exitCode"}`.
 *
 * @returns the exit code: 0 nothing failed, 4 only keys failed, else 2.
 */
export async function doctorCommand(options: DoctorOptions): Promise<number> {
  const checks = await runChecks(options);
  const code = exitCodeOf(checks);
  if (options.json) {
    printJson({ checks: checks.map(({ keys: _, ...check }) => check), exitCode: code });
  } else {
    process.stdout.write(tableOf(checks));
  }
  return code;
}

/** The exit code that the checks stand for. */
export function exitCodeOf(checks: readonly Check[]): number {
  const failed = checks.filter((check) => check.status === 'fail');
  if (failed.length === 0) return EXIT.done;
  return failed.every((check) => check.keys) ? EXIT.refused : EXIT.usage;
}

/** The checks as text, what to do below each line that is not ok. */
export function tableOf(checks: readonly Check[]): string {
  const width = Math.max(...checks.map((check) => check.name.length));
  const indent = ' '.repeat(width + 8);
  let text = '';
  for (const { name, status, detail, advice } of checks) {
    text += `${status.padEnd(4)}  ${name.padEnd(width)}  ${printable(detail)}\n`;
    if (advice !== undefined) {
      for (const line of advice.split('\n')) text += `${indent}→ ${printable(line)}\n`;
    }
  }
  const count = (status: Check['status']) => checks.filter((c) => c.status === status).length;
  return `${text}\n${count('ok')} ok, ${count('warn')} to look at, ${count('fail')} failed\n`;
}

/** All checks, in the order of the table. */
export async function runChecks(options: DoctorOptions): Promise<Check[]> {
  const { config, checks } = checkConfig(options.config);
  checks.unshift(checkNode(process.versions.node));
  checks.push(checkClock(options.now, config), await checkTimeService(), checkEntropy());
  checks.push(checkMemory(options.memory));
  if (config === undefined) {
    checks.push(checkSpace('tmp folder', options.tmpDir, 0));
  } else {
    checks.push(checkSource(config));
    const need = sourceSize(config);
    checks.push(checkSpace('state folder', config.stateDir, 0));
    checks.push(checkSpace('output folder', config.outputDir, 4 * need));
    checks.push(checkSpace('tmp folder', options.tmpDir, need));
    checks.push(checkKeyFolder(config.keyDir));
    const passphrase = passphraseOnce(options.passphrase ?? config.keys.passphrase);
    checks.push(...checkTokens(config));
    for (const zone of config.zones) {
      checks.push(checkZoneKeys(config.keyDir, zone, config, options.now, passphrase));
    }
    const after = checkAfter(config);
    if (after !== undefined) checks.push(after);
    checks.push(...(await checkZoneFileAccess(config, options.now)));
  }
  checks.push(checkTools());
  return checks;
}

/** Loaded only where there are holders. */
async function checkZoneFileAccess(config: Config, now: number): Promise<Check[]> {
  if (!hasDatabase(config.stateDir)) return [];
  try {
    return (await import('../zfa/doctor.js')).checkHolders(config, now);
  } catch (error) {
    if (!(error instanceof ZonewrightError)) throw error;
    const detail = `${placeText(error.place)}${error.message}`;
    return [{ name: 'holders', status: 'fail', detail, advice: error.hint ?? 'see the message' }];
  }
}
