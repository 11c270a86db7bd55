/** `zonewright keys encrypt`, `decrypt`, `restore`, `import`, `export`, as a user types them. */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readKeys } from '#zonewright/keys/store.js';
import { trashKey } from '#zonewright/keys/trash.js';
import { acquireLock } from '#zonewright/publish/lock.js';
import { startZonewright } from '../tools/cli.js';
import { DAY, keyFolder, NOW, newKey, text, ZONE } from './helpers.js';

const WORDS = 'open sesame 4711';

async function zonewright(cwd: string, ...args: readonly string[]) {
  return startZonewright(args, { cwd }).finished;
}

/** A folder with a configuration for example, a passphrase file and a KSK and ZSK. */
function site(configured = true): string {
  const dir = keyFolder();
  writeFileSync(join(dir, 'phrase'), `${WORDS}\n`, { mode: 0o600 });
  writeFileSync(join(dir, 'export.zone'), '');
  const keys = configured ? '[keys]\npassphrase = { file = "phrase" }\n' : '';
  writeFileSync(
    join(dir, 'zonewright.toml'),
    `[source]\nformat = "master"\npath = "export.zone"\n[policy.tld]\n${keys}[[zones]]\nname = "example"\npolicy = "tld"\n`,
  );
  mkdirSync(join(dir, 'keys'), { mode: 0o700 });
  return dir;
}

describe('keys', () => {
  it('encrypt and decrypt change the keys, and say so', async () => {
    const dir = site();
    const keys = join(dir, 'keys');
    const made = [newKey(keys, 'ksk'), newKey(keys, 'zsk')];
    const plain = made.map((key) => text(key.privateFile));
    const first = await zonewright(dir, 'keys', 'encrypt');
    expect(first).toMatchObject({ status: 0, stderr: '' });
    expect(first.stdout.trimEnd().split('\n').sort()).toEqual(
      made.map(({ tag }) => `example ${tag} ECDSAP256SHA256: is encrypted now`).sort(),
    );
    const second = await zonewright(dir, 'keys', 'encrypt', '--json');
    expect(JSON.parse(second.stdout)).toMatchObject({
      keys: [
        { zone: 'example', encrypted: true, changed: false },
        { encrypted: true, changed: false },
      ],
    });
    // Lists need no passphrase, whatever the configuration says of it.
    writeFileSync(join(dir, 'phrase'), '');
    const list = await zonewright(dir, 'keys', 'list');
    expect(list.status).toBe(0);
    expect(list.stdout).toContain(String(made[0].tag));
    writeFileSync(join(dir, 'phrase'), WORDS);
    expect((await zonewright(dir, 'keys', 'decrypt')).status).toBe(0);
    expect(made.map((key) => text(key.privateFile))).toEqual(plain);
    for (const { stdout, stderr } of [first, second, list]) {
      expect(stdout + stderr).not.toMatch(/sesame|PrivateKey|BEGIN/);
    }
  });

  it('without a passphrase, with a wrong one, or one that others can read, changes nothing', async () => {
    const dir = site(false);
    const keys = join(dir, 'keys');
    const key = newKey(keys, 'ksk');
    const before = text(key.privateFile);
    const none = await zonewright(dir, 'keys', 'encrypt');
    expect(none.status).toBe(2);
    expect(none.stderr).toContain('--passphrase-file');
    writeFileSync(join(dir, 'open'), WORDS, { mode: 0o644 });
    const open = await zonewright(dir, 'keys', 'encrypt', '--passphrase-file', 'open');
    expect(open.status).toBe(4);
    expect(open.stderr).toContain('chmod 600 open');
    expect(text(key.privateFile)).toBe(before);
    await zonewright(dir, 'keys', 'encrypt', '--passphrase-file', 'phrase');
    writeFileSync(join(dir, 'other'), 'another', { mode: 0o600 });
    const wrong = await zonewright(dir, 'keys', 'decrypt', '--passphrase-file', 'other');
    expect(wrong.status).toBe(4);
    expect(wrong.stderr).toContain("can't be opened");
    expect(wrong.stderr).not.toMatch(/sesame|another\b.*4711/);
    expect(readdirSync(keys)).toHaveLength(4);
  });

  it('generate makes encrypted keys where a passphrase is configured', async () => {
    const dir = site();
    expect((await zonewright(dir, 'keys', 'generate')).status).toBe(0);
    const names = readdirSync(join(dir, 'keys'));
    expect(names.filter((name) => name.endsWith('.pem'))).toHaveLength(2);
    expect(names).toHaveLength(8);
    const doctor = await zonewright(dir, 'doctor', '--json');
    const { checks } = JSON.parse(doctor.stdout) as { checks: { name: string; status: string }[] };
    expect(checks.find(({ name }) => name === 'keys of example')?.status).toBe('ok');
  });

  it('the passphrase comes from a descriptor, too; sign signs with encrypted keys', async () => {
    const dir = site(false);
    const keys = join(dir, 'keys');
    newKey(keys, 'csk', { created: NOW, publish: NOW, activate: NOW });
    writeFileSync(
      join(dir, 'zone'),
      'example. 60 IN SOA a.example. b.example. 1 60 60 60 60\nexample. 60 IN NS a.example.\na.example. 60 IN A 192.0.2.1\n',
    );
    const run = (...args: readonly string[]): string => {
      const fd = openSync(join(dir, 'phrase'), 'r');
      const bin = join(import.meta.dirname, '../../bin/zonewright.js');
      return execFileSync(process.execPath, [bin, ...args, '--passphrase-fd', '3'], {
        cwd: dir,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe', fd],
      });
    };
    run('keys', 'encrypt');
    expect(
      existsSync(join(keys, readdirSync(keys).find((name) => name.endsWith('.pem')) ?? '-')),
    ).toBe(true);
    const sign = ['sign', 'zone', '--zone', 'example', '--key-dir', 'keys', '--output', 'signed'];
    run(...sign, '--now', '20261123000000');
    expect(readFileSync(join(dir, 'signed'), 'utf8')).toContain('RRSIG');
    const refused = await zonewright(dir, ...sign, '--now', '20261123000000');
    expect(refused.status).toBe(4);
    expect(refused.stderr).toContain('the private key is encrypted, and no passphrase was given');
  });

  it('restore brings a key back by its tag', async () => {
    const dir = site(false);
    const keys = join(dir, 'keys');
    const key = newKey(keys, 'zsk');
    trashKey(key, NOW, NOW + DAY);
    const args = ['keys', 'restore', '--zone', 'example', '--tag'];
    const none = await zonewright(dir, ...args, String((key.tag + 1) % 65536));
    expect(none.status).toBe(4);
    expect(none.stderr).toContain(`there are ${key.tag} (algorithm 13)`);
    expect((await zonewright(dir, ...args, String(key.tag), '--algorithm', 'ROT13')).status).toBe(
      2,
    );
    const back = await zonewright(dir, ...args, String(key.tag));
    expect(back).toMatchObject({ status: 0, stdout: `${key.file}\n` });
    expect(readKeys(keys, ZONE)).toHaveLength(1);
  });

  it('export and import carry keys from one to another', async () => {
    const dir = site(false);
    const keys = join(dir, 'keys');
    newKey(keys, 'ksk');
    newKey(keys, 'zsk');
    const out = await zonewright(dir, 'keys', 'export', '--zone', 'example', '--to', 'given');
    expect(out.stdout.trimEnd().split('\n')).toHaveLength(2);
    const other = site(false);
    const args = ['keys', 'import', '--zone', 'example', '--from', join(dir, 'given'), '--json'];
    const first = JSON.parse((await zonewright(other, ...args)).stdout) as { copied: string[] };
    expect(first.copied).toHaveLength(2);
    const again = JSON.parse((await zonewright(other, ...args)).stdout);
    expect(again).toMatchObject({ copied: [], there: first.copied });
    const read = (folder: string) => readKeys(folder, ZONE).map(({ tag }) => tag);
    expect(read(join(other, 'keys'))).toEqual(read(keys));
  });

  it('changes nothing while another run holds the lock', async () => {
    const dir = site();
    newKey(join(dir, 'keys'), 'ksk');
    const lock = acquireLock(join(dir, 'state'), 'build');
    const refused = await zonewright(dir, 'keys', 'encrypt');
    lock.release();
    expect(refused.status).toBe(5);
    expect(readdirSync(join(dir, 'keys'))).toHaveLength(3);
  });
});
