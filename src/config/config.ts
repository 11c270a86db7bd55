/**
 * Reads and checks the configuration file, zonewright.toml (README, "Configuration").
 *
 * Every error names the file, the line where it is known, and the key path, and ends the run
 * with exit code 2. A key that zonewright does not know is an error: a misspelt guard must not
 * be a guard that is off. Paths in the file are relative to the file's folder.
 */

import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import * as v from 'valibot';
import { usageError } from '../errors.js';
import { zoneLabel } from '../names/name.js';
import { buildConfig } from './build.js';
import { explain, lineText, wrongKeys } from './faults.js';
import type { Config, ZoneConfig } from './model.js';
import { CONFIG_PLACES } from './places.js';
import { fileSchema } from './schema.js';
import { nearest } from './suggest.js';

/**
 * Reads the configuration: the file given by `--config`, or the first of {@link CONFIG_PLACES}.
 *
 * @param given the value of `--config`.
 * @throws ZonewrightError (exit 2) when there is none or it is wrong.
 */
export function loadConfig(given?: string, folder: string = process.cwd()): Config {
  return readConfig(findConfig(given, folder));
}

/**
 * The path of the configuration file.
 *
 * @throws ZonewrightError (exit 2) when there is none.
 */
export function findConfig(given?: string, folder: string = process.cwd()): string {
  if (given !== undefined) return resolve(folder, given);
  for (const place of CONFIG_PLACES) {
    const path = resolve(folder, place);
    if (existsSync(path)) return path;
  }
  throw usageError('no configuration file found', {
    hint: `looked for ./${CONFIG_PLACES[0]} and ${CONFIG_PLACES[1]}; write one with "zonewright init", or name one with --config FILE`,
  });
}

/**
 * Reads and checks one configuration file.
 *
 * @throws ZonewrightError (exit 2).
 */
export function readConfig(file: string): Config {
  const path = resolve(file);
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    throw usageError(
      code === 'ENOENT' ? 'no such configuration file' : `can't be read (${code ?? 'error'})`,
      {
        place: { file },
        hint: 'write one with "zonewright init", or name another with --config FILE',
        cause,
      },
    );
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw usageError('is not UTF-8 text', { place: { file }, cause });
  }
  return parseConfig(text, path);
}

/**
 * Checks the text of a configuration file.
 *
 * @param file its path, for messages and as the base of relative paths.
 * @throws ZonewrightError (exit 2) with the key path and the line.
 */
export function parseConfig(text: string, file: string): Config {
  let data: unknown;
  try {
    data = parse(text);
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    throw usageError(
      `is not valid TOML: ${cause.message.split('\n')[0].replace(/^Invalid TOML document: /, '')}`,
      {
        place: { file, line: cause.line },
        text: lineText(text, cause.line),
        cause,
      },
    );
  }
  const result = v.safeParse(fileSchema, data);
  if (!result.success) {
    const faults = result.issues.map((issue) => explain(issue, text));
    throw wrongKeys(faults, text, file);
  }
  return buildConfig(result.output, text, file);
}

/**
 * The configured zones that `--zone` flags name; all of them without a flag.
 *
 * @throws ZonewrightError (exit 2) for a zone that is not configured.
 */
export function selectZones(config: Config, names: readonly Uint8Array[]): readonly ZoneConfig[] {
  if (names.length === 0) return config.zones;
  const labels = new Set(names.map((name) => zoneLabel(name)));
  for (const label of labels) {
    if (config.zones.some((zone) => zone.label === label)) continue;
    const known = config.zones.map((zone) => zone.label);
    const near = nearest(label, known);
    throw usageError(`zone "${label}" is not in the configuration`, {
      place: { file: config.file },
      hint:
        near === undefined ? `configured zones: ${known.join(', ')}` : `did you mean "${near}"?`,
    });
  }
  return config.zones.filter((zone) => labels.has(zone.label));
}
