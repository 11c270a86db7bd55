/**
 * Kill −9 before every call that changes the disk, of every command on the store, in a process of
 * its own: the next run goes on, no key is lost, and nothing of an encrypted key is left in plain.
 * (The fast tests do the same by an exception; this one is the proof that it is the same.)
 */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readPassphrase } from '#zonewright/keys/passphrase.js';
import { readKeys } from '#zonewright/keys/store.js';
import { listTrash, restoreKey, trashKey } from '#zonewright/keys/trash.js';
import { BIN, ROOT, run } from '../tools/cli.js';
import { sweepPoints } from '../tools/lanes.js';
import { DAY, keyFolder, NOW, newKey, text, ZONE } from './helpers.js';

interface Site {
  readonly dir: string;
  readonly keys: string;
  readonly phrase: string;
}

function site(): Site {
  const dir = keyFolder();
  writeFileSync(join(dir, 'phrase'), 'a passphrase', { mode: 0o600 });
  return { dir, keys: join(dir, 'keys'), phrase: join(dir, 'phrase') };
}

async function zonewright(at: Site, args: readonly string[], killBefore: number) {
  const preload = join(ROOT, 'test', 'tools', 'kill.cjs');
  const flags = ['--zone', 'example', '--key-dir', at.keys, '--now', '20261122000000'];
  return run(process.execPath, ['--require', preload, BIN, 'keys', ...args, ...flags], {
    cwd: at.dir,
    env: { KILL_BEFORE: String(killBefore) },
  });
}

/** Kills the command at each of its points, and runs it to its end after each. */
async function sweep(
  prepare: () => Site,
  args: (at: Site) => readonly string[],
  check: (at: Site) => void,
): Promise<number> {
  return sweepPoints(1, async (point) => {
    const at = prepare();
    const killed = await zonewright(at, args(at), point);
    if (killed.signal !== 'SIGKILL') {
      expect(killed).toMatchObject({ status: 0 });
      check(at);
      return false;
    }
    const after = await zonewright(at, args(at), -1);
    expect(after.status, `point ${point}: ${after.stderr}`).toBe(0);
    check(at);
    return true;
  });
}

const open = (at: Site) =>
  readKeys(at.keys, ZONE, { passphrase: readPassphrase({ file: at.phrase }) });

describe('killed before every call', () => {
  it('keys generate, encrypted', async () => {
    const points = await sweep(
      site,
      ({ phrase }) => ['generate', '--role', 'csk', '--passphrase-file', phrase],
      (at) => {
        const keys = open(at);
        expect(keys).toHaveLength(1);
        for (const key of keys) expect(key.sealedFile).toBeDefined();
        for (const name of readdirSync(at.keys)) {
          expect(readFileSync(join(at.keys, name), 'utf8')).not.toContain('PrivateKey:');
        }
      },
    );
    expect(points).toBeGreaterThan(20);
  });

  it('keys encrypt and keys decrypt', async () => {
    const made = () => {
      const at = site();
      newKey(at.keys, 'csk');
      return at;
    };
    const args = (name: string) => (at: Site) => [name, '--passphrase-file', at.phrase];
    let points = await sweep(made, args('encrypt'), (at) => {
      expect(open(at).filter((key) => key.sealedFile !== undefined)).toHaveLength(1);
      expect(readdirSync(at.keys)).toHaveLength(4);
    });
    expect(points).toBeGreaterThan(8);
    // One prepared folder is copied by its texts: encrypting takes long.
    const sealed = made();
    await zonewright(sealed, args('encrypt')(sealed), -1);
    const files = readdirSync(sealed.keys).map((name) => [name, text(join(sealed.keys, name))]);
    points = await sweep(
      () => {
        const at = site();
        mkdirSync(at.keys, { mode: 0o700 });
        for (const [name, content] of files) {
          writeFileSync(join(at.keys, name), content, { mode: 0o600 });
        }
        return at;
      },
      args('decrypt'),
      (at) => {
        expect(open(at).filter((key) => key.sealedFile === undefined)).toHaveLength(1);
        expect(readdirSync(at.keys)).toHaveLength(3);
      },
    );
    expect(points).toBeGreaterThan(5);
  });

  it('keys import', async () => {
    const from = keyFolder();
    for (const role of ['ksk', 'zsk'] as const) newKey(from, role);
    const names = readdirSync(from);
    const points = await sweep(
      site,
      () => ['import', '--from', from],
      (at) => {
        expect(readdirSync(at.keys).filter((name) => name.startsWith('K'))).toEqual(names);
        for (const name of names) expect(text(join(at.keys, name))).toBe(text(join(from, name)));
      },
    );
    expect(points).toBeGreaterThan(30);
  });

  it('keys restore', async () => {
    for (let point = 0; ; point++) {
      const at = site();
      const key = newKey(at.keys, 'zsk');
      trashKey(key, NOW, NOW + DAY);
      const args = ['restore', '--tag', String(key.tag)];
      const killed = await zonewright(at, args, point);
      if (readKeys(at.keys, ZONE).length === 0) restoreKey(at.keys, ZONE, key.tag);
      expect(readKeys(at.keys, ZONE).map(({ tag }) => tag)).toEqual([key.tag]);
      const [back] = readKeys(at.keys, ZONE);
      expect(back.secret).toBeDefined();
      expect(back.state).toEqual(key.state);
      if (killed.signal !== 'SIGKILL') {
        expect(listTrash(at.keys)).toEqual([]);
        expect(point).toBeGreaterThan(5);
        return;
      }
    }
  });
});
