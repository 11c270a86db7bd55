/**
 * The checks of `zonewright doctor`: what a build needs from the machine, the configuration and
 * the key folder, looked at without changing anything.
 */

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  readdirSync,
  readFileSync,
  type Stats,
  statfsSync,
  statSync,
} from 'node:fs';
import { freemem } from 'node:os';
import { delimiter, dirname, extname, join } from 'node:path';
import { promisify } from 'node:util';
import type { CommonOptions } from '../cli/common.js';
import { printable, printJson } from '../cli/output.js';
import { algorithmName } from '../dnssec/algorithms.js';
import { keyTag } from '../dnssec/keytag.js';
import { EXIT, placeText, ZonewrightError } from '../errors.js';
import type { KeyAccess } from '../keys/access.js';
import { missingKeys } from '../keys/generate.js';
import { type Presigned, presignedAt, withStoredKsks } from '../keys/offline/presigned.js';
import { type Passphrase, type PassphraseSource, passphraseOnce } from '../keys/passphrase.js';
import { selectKeys } from '../keys/select.js';
import { readKeys } from '../keys/store.js';
import { findToken, listTokens } from '../pkcs11/token.js';
import { parseTokenUri } from '../pkcs11/uri.js';
import { hasDatabase } from '../zfa/places.js';
import { loadConfig } from './config.js';
import type { Config, ZoneConfig } from './model.js';
import { formatSize } from './size.js';
import { isoTime } from './time.js';

/** One line of the table. */
export interface Check {
  readonly name: string;
  readonly status: 'ok' | 'warn' | 'fail';
  /** What was found. */
  readonly detail: string;
  /** What to do; always set unless `ok`. */
  readonly advice?: string;
  /** A failure of keys ends with exit 4, not 2. */
  readonly keys?: true;
}

const GIB = 2 ** 30;
const MIB = 2 ** 20;

/** Tools that check zonewright's zones from outside; none is needed to build. */
const JUDGES = ['dnssec-verify', 'ldns-verify-zone', 'kzonesign', 'named-checkzone', 'validns'];

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

function checkNode(version: string): Check {
  const name = 'Node.js';
  const [major, minor] = version.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return { name, status: 'ok', detail: version };
  return { name, status: 'fail', detail: version, advice: 'install Node.js 20.19 or newer' };
}

function checkConfig(given: string | undefined): { config: Config | undefined; checks: Check[] } {
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

/**
 * A clock that is wrong makes signatures that are not valid yet, or no more. It can't be right
 * when it is before the time zonewright was compiled or the last state was written.
 */
function checkClock(now: number, config: Config | undefined): Check {
  const name = 'clock';
  const latest = [new URL(import.meta.url).pathname, config?.stateDir, config?.outputDir]
    .map((path) => (path === undefined ? undefined : statOf(path)))
    .reduce((seconds, stat) => Math.max(seconds, (stat?.mtimeMs ?? 0) / 1000), 0);
  const wall = Math.floor(Date.now() / 1000);
  // Steps of the clock since this process began: the monotonic clock does not follow them.
  const stepped = Math.abs(Date.now() - (performance.timeOrigin + performance.now())) / 1000;
  if (wall + 300 < latest) {
    return {
      name,
      status: 'fail',
      detail: `${isoTime(wall)} is before ${isoTime(Math.floor(latest))}, when files here were written`,
      advice: 'set the clock, or wait: signatures made now would carry wrong times',
    };
  }
  if (stepped > 5) {
    return {
      name,
      status: 'warn',
      detail: `stepped by ${stepped.toFixed(0)} s in the last moments`,
      advice: 'look at the time service (timedatectl, chronyc tracking)',
    };
  }
  const shift = Math.abs(now - wall) > 60 ? ` (--now: ${isoTime(now)})` : '';
  return { name, status: 'ok', detail: isoTime(wall) + shift };
}

async function checkTimeService(): Promise<Check> {
  const name = 'time service';
  try {
    const { stdout } = await promisify(execFile)(
      'timedatectl',
      ['show', '--property=NTPSynchronized', '--value'],
      { timeout: 3000 },
    );
    if (stdout.trim() === 'yes') return { name, status: 'ok', detail: 'synchronised' };
    if (stdout.trim() === 'no') {
      return {
        name,
        status: 'warn',
        detail: 'the clock is not synchronised',
        advice: 'run a time service: timedatectl set-ntp true, or chrony',
      };
    }
  } catch {
    // No systemd here, or it does not answer: nothing known is not a fault.
  }
  return { name, status: 'ok', detail: 'not known here (timedatectl does not say)' };
}

function checkEntropy(): Check {
  const name = 'entropy';
  const advice =
    'make no keys on this machine before its random source is seeded (rngd, virtio-rng)';
  let available = Number.NaN;
  try {
    available = Number(readFileSync('/proc/sys/kernel/random/entropy_avail', 'utf8'));
  } catch {
    // Not Linux: the draw below is all there is to see.
  }
  if (available < 128) {
    return { name, status: 'fail', detail: `the kernel has ${available} bits`, advice };
  }
  if (randomBytes(32).equals(randomBytes(32))) {
    return { name, status: 'fail', detail: 'two draws of 256 bits were the same', advice };
  }
  const bits = Number.isNaN(available) ? '' : ` (${available} bits)`;
  return { name, status: 'ok', detail: `the random source answers${bits}` };
}

function checkMemory(bound: number): Check {
  const name = 'memory';
  const free = availableMemory();
  const detail = `bound ${formatSize(bound)}, available ${formatSize(free)}`;
  if (bound <= free) return { name, status: 'ok', detail };
  return { name, status: 'warn', detail, advice: 'give a smaller --memory, or free some memory' };
}

/** What can be had without swapping; os.freemem() does not count the page cache. */
function availableMemory(): number {
  try {
    const line = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'));
    if (line !== null) return Number(line[1]) * 1024;
  } catch {
    // Not Linux.
  }
  return freemem();
}

function checkSource(config: Config): Check {
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
function sourceSize(config: Config): number {
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

/** A folder that will be written: there or makeable, writable, with room for `need` bytes. */
function checkSpace(name: string, folder: string, need: number): Check {
  let there = folder;
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
  if (!statOf(there)?.isDirectory()) {
    return { name, status: 'fail', detail: `${there} is not a folder`, advice: 'name another one' };
  }
  if (!may(there, constants.W_OK | constants.X_OK)) {
    return {
      name,
      status: 'fail',
      detail: `${there} can't be written to`,
      advice: 'give this user the right, or run as the user who has it',
    };
  }
  const { bavail, bsize } = statfsSync(there);
  const free = bavail * bsize;
  const detail = `${folder}: ${formatSize(free)} free`;
  const least = Math.max(64 * MIB, need);
  if (free < least) {
    return {
      name,
      status: 'fail',
      detail,
      advice: `free at least ${formatSize(least)}, or name another folder`,
    };
  }
  if (free < Math.max(GIB, 2 * need)) {
    return { name, status: 'warn', detail, advice: 'little room: free some' };
  }
  return { name, status: 'ok', detail };
}

function checkKeyFolder(folder: string): Check {
  const name = 'key folder';
  const stat = statOf(folder);
  if (stat === undefined) {
    return {
      name,
      status: 'fail',
      detail: `${folder} is not there`,
      advice: `mkdir -m 700 ${folder}`,
      keys: true,
    };
  }
  const wide = stat.mode & 0o077;
  if (wide !== 0) {
    const mode = (stat.mode & 0o777).toString(8);
    return {
      name,
      status: 'fail',
      detail: `${folder} has mode ${mode}: others may look in`,
      advice: `chmod 700 ${folder}`,
      keys: true,
    };
  }
  if (!may(folder, constants.R_OK | constants.X_OK)) {
    const advice = `let this user read ${folder}, and no other`;
    return { name, status: 'fail', detail: `${folder} can't be read`, advice, keys: true };
  }
  const open = readdirSync(folder)
    .filter((file) => /\.(?:private|pem)$/.test(file))
    .filter((file) => ((statOf(join(folder, file))?.mode ?? 0) & 0o077) !== 0);
  if (open.length > 0) {
    const globs = [...new Set(open.map((file) => `${folder}/*${extname(file)}`))];
    return {
      name,
      status: 'fail',
      detail: `${open.length} private keys are readable by others, e.g. ${open[0]}`,
      advice: `chmod 600 ${globs.join(' ')}\nand think of rolling those keys: others may have them`,
      keys: true,
    };
  }
  return { name, status: 'ok', detail: folder };
}

/**
 * Does the PKCS#11 module load, and are the tokens there that the policies name? (Whether the login
 * succeeds shows at the keys: a wrong PIN is not to be tried more often than need be.)
 */
function checkTokens({ pkcs11, policies }: Config): Check[] {
  if (pkcs11 === undefined) return [];
  const { module } = pkcs11;
  const wanted = new Set([...policies.values()].flatMap(({ keyStorage }) => keyStorage ?? []));
  const checks: Check[] = [];
  try {
    const tokens = listTokens(module).map(({ label }) => JSON.stringify(label));
    const detail = `${module}: ${tokens.length === 0 ? 'no token' : tokens.join(', ')}`;
    const name = 'PKCS#11 module';
    checks.push(
      tokens.length > 0
        ? { name, status: 'ok', detail }
        : { name, status: 'warn', detail, advice: 'connect the HSM, or initialise its token' },
    );
    for (const storage of wanted) {
      const { label, serial, manufacturer } = findToken(module, parseTokenUri(storage)).info;
      checks.push({
        name: `token ${label}`,
        status: 'ok',
        detail: `serial ${serial}, ${manufacturer}`,
      });
    }
  } catch (error) {
    if (!(error instanceof ZonewrightError)) throw error;
    checks.push({
      name: 'PKCS#11',
      status: 'fail',
      detail: placeText(error.place) + error.message,
      advice: error.hint ?? 'look at [pkcs11] and at the HSM',
      keys: true,
    });
  }
  return checks;
}

/**
 * Can the zone be signed at `now` with the keys in the folder? Each private half signs a probe
 * that its public half has to verify.
 */
function checkZoneKeys(
  keyDir: string,
  zone: ZoneConfig,
  { pkcs11 }: KeyAccess,
  now: number,
  passphrase: () => Passphrase | undefined,
): Check {
  const name = `keys of ${zone.label}`;
  try {
    const keys = readKeys(keyDir, zone.name, { pkcs11, passphrase: passphrase() });
    const presigned = presignedAt(keyDir, zone.name, keys, now);
    const known = withStoredKsks(keyDir, zone.name, keys, now);
    const missing = missingKeys(known, zone.policy, now);
    if (missing.length > 0) {
      const lacking = missing.map((key) => `${key.role} of ${algorithmName(key.algorithm)}`);
      return {
        name,
        status: 'fail',
        detail: `the policy asks for ${lacking.join(', ')}`,
        advice: `zonewright keys generate --zone ${zone.label}`,
        keys: true,
      };
    }
    const { dnskeys, ksks, zsks } = selectKeys(keys, now, presigned);
    if (presigned !== undefined) return checkPresigned(name, presigned, tags(zsks));
    const detail = `${dnskeys.length} published; ${tags(ksks)} sign the keys, ${tags(zsks)} the rest`;
    return { name, status: 'ok', detail };
  } catch (error) {
    if (!(error instanceof ZonewrightError)) throw error;
    const detail = placeText(error.place) + error.message;
    const advice = error.hint ?? `zonewright keys list --zone ${zone.label}`;
    return { name, status: 'fail', detail, advice, keys: true };
  }
}

/** Of a zone whose KSK is on another machine: how long will what it has signed do? */
function checkPresigned(name: string, { signers, lasts, warning }: Presigned, zsks: string): Check {
  const detail = `${signers.map(keyTag).join(', ')} on another machine has signed the keys until ${isoTime(lasts)}; ${zsks} sign the rest`;
  if (warning === undefined) return { name, status: 'ok', detail };
  return { name, status: 'warn', detail, advice: warning };
}

function tags(keys: readonly { readonly tag: number }[]): string {
  return keys.map((key) => key.tag).join(', ');
}

/** Can the command of publish.after be found? Undefined when there is none. */
function checkAfter(config: Config): Check | undefined {
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

function checkTools(): Check {
  const name = 'outside judges';
  const found = JUDGES.filter((tool) => findTool(tool) !== undefined);
  if (found.length > 0) return { name, status: 'ok', detail: found.join(', ') };
  return {
    name,
    status: 'ok',
    detail: 'none (not needed; bind9-utils, ldnsutils, knot-dnssecutils have some)',
  };
}

/** Where an executable is; Debian keeps some tools in sbin, which a user's PATH may lack. */
function findTool(tool: string): string | undefined {
  if (tool.includes('/')) return may(tool, constants.X_OK) ? tool : undefined;
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, tool))
    .find((path) => may(path, constants.X_OK));
}

function may(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}
