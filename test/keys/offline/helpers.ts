/** An online and an offline key folder of the zone `example`, and the commands between them. */

import { chmodSync, cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { vi } from 'vitest';
import { addCommonFlags } from '#zonewright/cli/common.js';
import { addKeysCommand } from '#zonewright/cli/keys.js';
import { isoTime } from '#zonewright/config/time.js';
import { type Bundle, KSR, SKR } from '#zonewright/keys/offline/bundle.js';
import { parseBundles } from '#zonewright/keys/offline/parse.js';
import { type KeyPair, readKeys } from '#zonewright/keys/store.js';
import type { KeyTiming } from '#zonewright/keys/timing.js';
import { ROOT } from '../../tools/cli.js';
import { DAY, keyFolder, NOW, newKey, ZONE } from '../helpers.js';

/** Texts that the other programs wrote for the zone `example`, and the `.key` files of its keys. */
export const GOLDEN = join(ROOT, 'test/keys/offline/golden');

export type Maker = 'bind' | 'knot';

export function golden(maker: Maker, name: 'request' | 'response'): string {
  return readFileSync(join(GOLDEN, maker, name), 'latin1');
}

/** A key folder with the public halves of the golden files' keys. */
export function goldenStore(maker: Maker): string {
  const dir = keyFolder();
  for (const name of readdirSync(join(GOLDEN, maker))) {
    if (name.endsWith('.key')) cpSync(join(GOLDEN, maker, name), join(dir, name));
  }
  return dir;
}

export interface Machines {
  readonly online: string;
  readonly offline: string;
  readonly ksk: KeyPair;
  readonly zsk: KeyPair;
}

const SIGNING: KeyTiming = { created: NOW, publish: NOW, activate: NOW };

/** A ZSK on the one machine, a KSK on the other, both in use from NOW on. */
export function machines(algorithm = 13): Machines {
  const online = keyFolder();
  const offline = keyFolder();
  const ksk = newKey(offline, 'ksk', SIGNING, algorithm);
  const zsk = newKey(online, 'zsk', SIGNING, algorithm);
  return { online, offline, ksk, zsk };
}

/** Has the `.key` file of a KSK brought to the online machine. */
export function bringPublic(key: KeyPair, dir: string): void {
  writeFileSync(join(dir, key.file.slice(key.file.lastIndexOf('/') + 1)), readFileSync(key.file));
}

export interface Told {
  readonly out: string;
  readonly err: string;
}

/** Runs `zonewright keys …` in this process. */
export async function keys(...args: readonly string[]): Promise<Told> {
  let out = '';
  let err = '';
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    out += String(chunk);
    return true;
  });
  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    err += String(chunk);
    return true;
  });
  try {
    const program = new Command('zonewright').exitOverride();
    addCommonFlags(program);
    addKeysCommand(program);
    await program.parseAsync(['node', 'zonewright', 'keys', ...args]);
  } finally {
    stdout.mockRestore();
    stderr.mockRestore();
  }
  return { out, err };
}

/** A time as a flag has it. */
export const at = (days: number): string => isoTime(NOW + days * DAY);

/** A file in a new folder. */
export function fileOf(text: string, name = 'text'): string {
  const file = join(keyFolder(), name);
  writeFileSync(file, text, 'latin1');
  return file;
}

/** Makes a request on the online machine; returns its text. */
export async function request(
  dir: string,
  days: readonly [from: number, to: number],
  ...flags: readonly string[]
): Promise<string> {
  const [from, to] = days;
  const period = ['--from', at(from), '--to', at(to), '--now', at(from)];
  const { out } = await keys('request', '--zone', 'example', '--key-dir', dir, ...period, ...flags);
  return out;
}

/** Signs a request on the offline machine; returns the response's text. */
export async function signed(
  text: string,
  dir: string,
  day = 0,
  ...flags: readonly string[]
): Promise<string> {
  const where = ['--zone', 'example', '--key-dir', dir, '--now', at(day)];
  const { out } = await keys('sign-request', fileOf(text, 'example.ksr'), ...where, ...flags);
  return out;
}

/** Imports a response on the online machine; returns what was said. */
export async function imported(
  text: string,
  dir: string,
  day = 0,
  ...flags: readonly string[]
): Promise<string> {
  const where = ['--zone', 'example', '--key-dir', dir, '--now', at(day)];
  const { err } = await keys('import-response', fileOf(text, 'example.skr'), ...where, ...flags);
  return err;
}

/** From request to import. */
export async function ceremony(
  { online, offline }: Pick<Machines, 'online' | 'offline'>,
  days: readonly [from: number, to: number],
  ...flags: readonly string[]
): Promise<void> {
  const response = await signed(await request(online, days, ...flags), offline, days[0]);
  await imported(response, online, days[0]);
}

export const requestOf = (text: string): readonly Bundle[] =>
  parseBundles(KSR, text, 'ksr', ZONE).bundles;

export const responseOf = (text: string): readonly Bundle[] =>
  parseBundles(SKR, text, 'skr', ZONE).bundles;

/** The keys of a folder, by tag. */
export function keyOf(dir: string, tag: number): KeyPair {
  const found = readKeys(dir, ZONE).find((key) => key.tag === tag);
  if (found === undefined) throw new Error(`no key ${tag} in ${dir}`);
  return found;
}

export function privateFolder(dir: string): string {
  chmodSync(dir, 0o700);
  return dir;
}
