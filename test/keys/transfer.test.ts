/** Keys from one folder to another. */

import { createSecretKey } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { revokedKeyTag } from '#zonewright/dnssec/keytag.js';
import { generateKeyPair } from '#zonewright/keys/generate.js';
import { sealKey } from '#zonewright/keys/seal.js';
import { keyFileStem, readKeys } from '#zonewright/keys/store.js';
import { copyKeys, type TransferOptions } from '#zonewright/keys/transfer.js';
import { trashKey } from '#zonewright/keys/trash.js';
import { stateFileOf, writeKey } from '#zonewright/keys/write.js';
import { killAtEveryPoint } from './crash.js';
import {
  ACTIVE,
  bindLikeKey,
  DAY,
  keyFolder,
  NOW,
  newKey,
  refusalWith,
  text,
  ZONE,
} from './helpers.js';

const PHRASE = createSecretKey(Buffer.from('a passphrase'));
const FEW = 10;
const PLAIN: TransferOptions = { now: NOW, seal: false };

function caught(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

const files = (dir: string): Record<string, string> =>
  Object.fromEntries(readdirSync(dir).map((name) => [name, readFileSync(join(dir, name), 'utf8')]));

/** A KSK and a ZSK in mid-roll, with lines that are not known here. */
function source(): string {
  const dir = keyFolder();
  const ksk = newKey(dir, 'ksk');
  writeKey(ksk, {
    state: { ...ksk.state, dnskey: 'omnipresent', ds: 'rumoured', goal: 'omnipresent' },
  });
  writeFileSync(stateFileOf(ksk), `${text(stateFileOf(ksk))}X-Ours: kept\n`);
  bindLikeKey(dir, false);
  return dir;
}

describe('copyKeys', () => {
  it('copies every file as it is, with the right modes, into a folder that it makes', () => {
    const from = source();
    const to = join(keyFolder(), 'new');
    const done = copyKeys(from, to, ZONE, PLAIN);
    expect(done.copied).toHaveLength(2);
    expect(done.there).toEqual([]);
    expect(files(to)).toEqual(files(from));
    expect(statSync(to).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(to)) {
      const mode = name.endsWith('.private') ? 0o600 : 0o644;
      expect(statSync(join(to, name)).mode & 0o777).toBe(mode);
    }
    expect(copyKeys(from, to, ZONE, PLAIN)).toEqual({ copied: [], there: done.copied });
  });

  it('copies the keys of its zone only, and a key that is only published', () => {
    const from = source();
    const zsk = readKeys(from, ZONE).find((key) => key.flags === 256);
    rmSync(zsk?.privateFile ?? '');
    generateKeyPair(from, {
      zone: new Uint8Array(Buffer.from('\x05other\0', 'latin1')),
      algorithm: 13,
      role: 'ksk',
      timing: ACTIVE,
    });
    const to = keyFolder();
    copyKeys(from, to, ZONE, PLAIN);
    const copied = readKeys(to, ZONE);
    expect(copied.map((key) => key.secret === undefined).sort()).toEqual([false, true]);
    expect(readdirSync(to).every((name) => name.startsWith('Kexample.'))).toBe(true);
  });

  it.each([
    [
      'a private half that others can read',
      (dir: string, stem: string) => chmodSync(join(dir, `${stem}.private`), 0o640),
      'chmod 600',
    ],
    ['a folder that others can enter', (dir: string) => chmodSync(dir, 0o755), 'chmod 700'],
    [
      'a private half of another key',
      (dir: string, stem: string) =>
        copyFileSync(newKey(keyFolder(), 'zsk').privateFile!, join(dir, `${stem}.private`)),
      'does not belong',
    ],
    [
      'a state file that is broken',
      (dir: string, stem: string) =>
        writeFileSync(join(dir, `${stem}.state`), '; x\nGoalState: up\n'),
      'hidden or omnipresent',
    ],
    [
      'a file of the wrong name',
      (dir: string, stem: string) => {
        const wrong = stem.replace(/\d{5}$/, '00000');
        renameSync(join(dir, `${stem}.key`), join(dir, `${wrong}.key`));
      },
      'its name says',
    ],
  ])('refuses %s, and copies nothing', (_, spoil, message) => {
    const from = source();
    const stem = basename(readKeys(from, ZONE)[1].file, '.key');
    spoil(from, stem);
    const to = keyFolder();
    expect(caught(() => copyKeys(from, to, ZONE, PLAIN))).toSatisfy(refusalWith(message));
    expect(readdirSync(to)).toEqual([]);
    chmodSync(from, 0o700);
  });

  it('refuses a key that is in the trash, and says how to bring that one back', () => {
    const from = keyFolder();
    const key = newKey(from, 'zsk');
    const to = keyFolder();
    copyKeys(from, to, ZONE, PLAIN);
    trashKey(readKeys(to, ZONE)[0], NOW, NOW + DAY);
    expect(caught(() => copyKeys(from, to, ZONE, PLAIN))).toSatisfy(
      refusalWith('in the trash', `keys restore --zone example --tag ${key.tag}`),
    );
    expect(readKeys(to, ZONE)).toEqual([]);
  });

  it('refuses a key that shares a tag with one that is there, in revoked form, too', () => {
    const from = keyFolder();
    const key = newKey(from, 'ksk');
    const to = keyFolder();
    // The same key as it is after its revocation is another DNSKEY, whose tag is that of the
    // first one's revoked form.
    const name = `${keyFileStem(ZONE, 13, revokedKeyTag(key.dnskey))}.key`;
    writeFileSync(join(to, name), text(key.file).replace('DNSKEY 257 ', 'DNSKEY 385 '));
    const error = caught(() => copyKeys(from, to, ZONE, PLAIN));
    expect(error).toSatisfy(refusalWith('shares a tag', name));
    expect(readdirSync(to)).toEqual([name]);
  });

  it('never replaces a file, and says which is in the way', () => {
    const from = source();
    const to = keyFolder();
    const [key] = readKeys(from, ZONE);
    const stray = join(to, basename(key.privateFile!));
    writeFileSync(stray, 'of somebody else', { mode: 0o600 });
    expect(caught(() => copyKeys(from, to, ZONE, PLAIN))).toSatisfy(
      refusalWith('another file', stray),
    );
    expect(files(to)).toEqual({ [basename(stray)]: 'of somebody else' });
  });

  it('refuses a live key of an algorithm that the zone is not signed with', () => {
    const to = keyFolder();
    newKey(to, 'csk', ACTIVE, 15);
    const from = source();
    expect(caught(() => copyKeys(from, to, ZONE, PLAIN))).toSatisfy(
      refusalWith('is signed with ED25519', 'ECDSAP256SHA256', 'RFC 6781'),
    );
    // Before it is live it may come.
    expect(copyKeys(from, to, ZONE, { ...PLAIN, now: NOW - DAY }).copied).toHaveLength(2);
  });

  it('says where there are no keys, and that a store of Knot DNS has none for BIND', () => {
    const from = keyFolder();
    expect(caught(() => copyKeys(from, keyFolder(), ZONE, PLAIN))).toSatisfy(
      refusalWith('no keys of example', 'Kexample.+013+12345.key'),
    );
    mkdirSync(join(from, 'keys'));
    writeFileSync(join(from, 'data.mdb'), '');
    expect(caught(() => copyKeys(from, keyFolder(), ZONE, PLAIN))).toSatisfy(
      refusalWith('Knot DNS'),
    );
    expect(caught(() => copyKeys('/nowhere', keyFolder(), ZONE, PLAIN))).toMatchObject({
      exitCode: 2,
    });
  });

  it('encrypts on the way where it is asked to, and leaves encrypted keys encrypted', () => {
    const from = source();
    const to = keyFolder();
    copyKeys(from, to, ZONE, { now: NOW, passphrase: PHRASE, seal: true });
    const sealed = readKeys(to, ZONE, { passphrase: PHRASE });
    expect(sealed.every((key) => key.sealedFile !== undefined)).toBe(true);
    const third = keyFolder();
    copyKeys(to, third, ZONE, { now: NOW, passphrase: PHRASE, seal: false });
    expect(files(third)).toEqual(files(to));
    expect(caught(() => copyKeys(to, keyFolder(), ZONE, PLAIN))).toSatisfy(
      refusalWith('no passphrase was given'),
    );
  });

  it.each([false, true])(
    'killed at any point goes through the second time, encrypted: %s',
    (seal) => {
      const from = keyFolder();
      const key = newKey(from, 'zsk');
      if (seal) sealKey(key, PHRASE, FEW);
      const options: TransferOptions = { now: NOW, passphrase: PHRASE, seal };
      const points = killAtEveryPoint(
        keyFolder,
        (to) => copyKeys(from, to, ZONE, options),
        (to) => {
          const half = readKeys(to, ZONE, { passphrase: PHRASE });
          for (const copy of half) expect(copy.secret).toBeDefined();
          copyKeys(from, to, ZONE, options);
          expect(files(to)).toEqual(files(from));
        },
      );
      expect(points).toBeGreaterThan(12);
    },
  );
});
