/** `zonewright keys generate` and `keys list`, as the flags call them. */

import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { addCommonFlags } from '#zonewright/cli/common.js';
import { addKeysCommand } from '#zonewright/cli/keys.js';
import { startZonewright } from '../tools/cli.js';
import { keyFolder } from './helpers.js';

interface Listed {
  zone: string;
  role: string;
  algorithm: string;
  tag: number;
  timing: Record<string, string>;
}

afterEach(() => vi.restoreAllMocks());

/** Runs the command in this process; what it printed on standard output. */
async function keys(...args: readonly string[]): Promise<string> {
  let out = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    out += String(chunk);
    return true;
  });
  const program = new Command('zonewright').exitOverride();
  addCommonFlags(program);
  addKeysCommand(program);
  await program.parseAsync(['node', 'zonewright', '-q', 'keys', ...args]);
  vi.restoreAllMocks();
  return out;
}

const json = async (...args: readonly string[]): Promise<Listed[]> =>
  (JSON.parse(await keys(...args, '--json')) as { keys: Listed[] }).keys;

function config(dir: string, policy: string): string {
  const file = join(dir, 'zonewright.toml');
  const soa =
    '{ mname = "a.nic.test.", rname = "h.nic.test.", refresh = 1800, retry = 900, expire = 604800, minimum = 86400, ttl = 900 }';
  const zone = (name: string): string =>
    `[[zones]]\nname = "${name}"\npolicy = "tld"\nsoa = ${soa}\nns = ["a.nic.test.", "b.nic.test."]\nns-ttl = 60\nglue-ttl = 60\nds-ttl = 60\n`;
  writeFileSync(
    file,
    `state-dir = "state"\noutput-dir = "out"\nkey-dir = "keys"\n[source]\nformat = "rde-csv"\npath = "export"\n[policy.tld]\n${policy}\n${zone('com')}${zone('net')}`,
  );
  return file;
}

describe('keys generate', () => {
  it('without a configuration: a KSK and a ZSK of algorithm 13, dated at --now, once', async () => {
    const dir = join(keyFolder(), 'keys');
    const flags = ['generate', '--zone', 'example', '--key-dir', dir, '--now', '20261122000000'];
    const made = await json(...flags);
    expect(made.map(({ zone, role, algorithm }) => [zone, role, algorithm])).toEqual([
      ['example', 'ksk', 'ECDSAP256SHA256'],
      ['example', 'zsk', 'ECDSAP256SHA256'],
    ]);
    expect(made[0].timing.activate).toBe('2026-11-22T00:00:00Z');
    expect(await json(...flags)).toEqual([]);
    expect(readdirSync(dir)).toHaveLength(6);
  });

  it('--algorithm and --role csk', async () => {
    const dir = keyFolder();
    const flags = [
      '--zone',
      'example',
      '--key-dir',
      dir,
      '--algorithm',
      'ed25519',
      '--role',
      'csk',
    ];
    const made = await json('generate', ...flags);
    expect(made.map(({ role, algorithm }) => `${role} ${algorithm}`)).toEqual(['csk ED25519']);
  });

  it('--role limits it to the one that is missing of that role', async () => {
    const dir = keyFolder();
    const flags = ['generate', '--zone', 'example', '--key-dir', dir, '--role', 'ksk'];
    expect((await json(...flags)).map(({ role }) => role)).toEqual(['ksk']);
    expect(await json(...flags)).toEqual([]);
  });

  it('with a configuration: what the policy of each zone asks for, in its key-dir', async () => {
    const dir = keyFolder();
    const file = config(dir, 'algorithm = "ED25519"\ncsk = true');
    const made = await json('generate', '--config', file);
    expect(made.map(({ zone, role, algorithm }) => `${zone} ${role} ${algorithm}`)).toEqual([
      'com csk ED25519',
      'net csk ED25519',
    ]);
    expect(readdirSync(join(dir, 'keys'))).toHaveLength(6);
    expect(await json('list', '--config', file, '--zone', 'net')).toMatchObject([{ zone: 'net' }]);
  });

  it.each([
    [4, 'SHA-1', ['--zone', 'example', '--algorithm', 'RSASHA1']],
    [4, 'SHA-1', ['--zone', 'example', '--algorithm', '7']],
    [2, 'not known', ['--zone', 'example', '--algorithm', 'ROT13']],
  ])('exit %i, %s: %j', async (exitCode, message, flags) => {
    const dir = join(keyFolder(), 'keys');
    await expect(keys('generate', '--key-dir', dir, ...flags)).rejects.toMatchObject({
      exitCode,
      message: expect.stringContaining(message),
    });
  });

  it('exit 2: a role that the policy does not have, a zone that the configuration does not have', async () => {
    const file = config(keyFolder(), '');
    const flags = ['generate', '--config', file];
    await expect(keys(...flags, '--role', 'csk')).rejects.toMatchObject({ exitCode: 2 });
    await expect(keys(...flags, '--zone', 'org')).rejects.toMatchObject({
      exitCode: 2,
      hint: expect.stringContaining('com, net'),
    });
  });
});

describe('keys generate at the same time', () => {
  it.each([true, false])('makes each key once (with a configuration: %s)', async (configured) => {
    const dir = keyFolder();
    const places = configured
      ? ['--config', config(dir, '')]
      : ['--key-dir', join(dir, 'keys'), '--zone', 'com'];
    const runs = Array.from({ length: 6 }, () => startZonewright(['keys', 'generate', ...places]));
    const ends = await Promise.all(runs.map(({ finished }) => finished));
    for (const { status, stderr } of ends) {
      expect([0, 5], stderr).toContain(status);
      if (status === 5) expect(stderr).toContain('keys generate');
    }
    // Whoever found it locked comes again, as its message says.
    await json('generate', ...places);
    const of = await json('list', ...places);
    const zones = configured ? ['com', 'net'] : ['com'];
    expect(of.map(({ zone, role }) => `${zone} ${role}`).sort()).toEqual(
      zones.flatMap((zone) => [`${zone} ksk`, `${zone} zsk`]),
    );
    expect(readdirSync(join(dir, 'keys'))).toHaveLength(zones.length * 6);
  });
});

describe('keys list', () => {
  it('prints a line a key, with what comes next', async () => {
    const dir = keyFolder();
    await keys('generate', '--zone', 'example', '--key-dir', dir);
    const lines = (await keys('list', '--zone', 'example', '--key-dir', dir)).trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^ZONE +ROLE +ALGORITHM +TAG +DNSKEY +ZRRSIG +KRRSIG +DS +NEXT$/);
    expect(
      lines
        .slice(1)
        .map((line) => line.split(/ +/)[1])
        .sort(),
    ).toEqual(['ksk', 'zsk']);
  });

  it('of a folder without keys of the zone is empty; of no folder it is exit 2', async () => {
    const dir = keyFolder();
    expect(await json('list', '--zone', 'example', '--key-dir', dir)).toEqual([]);
    await expect(
      keys('list', '--zone', 'example', '--key-dir', join(dir, 'none')),
    ).rejects.toMatchObject({ exitCode: 2 });
  });
});
