/** Checks of the configuration, of the export that it names, and of its command. */

import { constants, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../config/config.js';
import type { Config } from '../config/model.js';
import { placeText, ZonewrightError } from '../errors.js';
import { type Check, findTool, may, statOf } from './check.js';

export function checkConfig(given: string | undefined): {
  config: Config | undefined;
  checks: Check[];
} {
  const name = 'configuration';
  try {
    const config = loadConfig(given);
    const zones = config.zones.map((zone) => zone.label).join(', ');
    const checks: Check[] = [{ name, status: 'ok', detail: `${config.file}: zones ${zones}` }];
    for (const warning of config.warnings) {
      checks.push({ name, status: 'warn', detail: warning, advice: `change it in ${config.file}` });
    }
    return { config, checks };
  } catch (error) {
    if (!(error instanceof ZonewrightError)) throw error;
    const detail = placeText(error.place) + error.message;
    const advice = error.hint ?? 'mend it and run doctor again';
    return { config: undefined, checks: [{ name, status: 'fail', detail, advice }] };
  }
}

export function checkSource(config: Config): Check {
  const name = 'export';
  const { path, format, url } = config.source;
  if (path === undefined) {
    if (url !== undefined && 'env' in url && process.env[url.env] === undefined) {
      return {
        name,
        status: 'fail',
        detail: `${format}: the environment has no ${url.env}`,
        advice: `set ${url.env} to the connection text in the unit or crontab of the build`,
      };
    }
    return { name, status: 'ok', detail: `${format}, not asked` };
  }
  const advice = `put the ${format} export there, or change source.path`;
  const stat = statOf(path);
  if (stat === undefined) return { name, status: 'fail', detail: `${path} is not there`, advice };
  if (!may(path, constants.R_OK)) {
    return {
      name,
      status: 'fail',
      detail: `${path} can't be read`,
      advice: 'let this user read it',
    };
  }
  if (stat.isDirectory() && readdirSync(path).length === 0) {
    return { name, status: 'warn', detail: `${path} is empty`, advice };
  }
  const age = Math.floor((Date.now() - stat.mtimeMs) / 86_400_000);
  if (age >= 2) {
    return {
      name,
      status: 'warn',
      detail: `${path} is ${age} days old`,
      advice: 'see why no new export arrives',
    };
  }
  return { name, status: 'ok', detail: `${format}: ${path}` };
}

/** Bytes of the export's files, one level deep. */
export function sourceSize(config: Config): number {
  const { path } = config.source;
  const stat = path === undefined ? undefined : statOf(path);
  if (path === undefined || stat === undefined) return 0;
  if (!stat.isDirectory()) return stat.size;
  try {
    return readdirSync(path).reduce((sum, file) => sum + (statOf(join(path, file))?.size ?? 0), 0);
  } catch {
    return 0;
  }
}

/** Can the command of publish.after be found? Undefined when there is none. */
export function checkAfter(config: Config): Check | undefined {
  const command = config.publish.after?.trim().split(/\s+/)[0];
  if (command === undefined) return undefined;
  const name = 'publish.after';
  if (findTool(command) !== undefined) return { name, status: 'ok', detail: command };
  return {
    name,
    status: 'warn',
    detail: `${command} is not found`,
    advice: 'name it with its whole path: a timer has a short PATH',
  };
}
