import {
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fileZone, keyFileStem, readKeys } from '#zonewright/keys/store.js';
import { writeTiming } from '#zonewright/keys/write.js';
import { nameFromText } from '#zonewright/names/name.js';
import { VECTORS, wire } from '../dnssec/vectors.js';
import {
  ACTIVE,
  bindLikeKey,
  DAY,
  keyFolder,
  keyObject,
  NOW,
  newKey,
  refusalWith,
  text,
  ZONE,
} from './helpers.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const read = (dir: string) => readKeys(dir, ZONE);

function caught(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

describe('key file names (BIND)', () => {
  it.each([
    ['.', 8, 20326, 'K.+008+20326'],
    ['Example.COM', 13, 7, 'Kexample.com.+013+00007'],
    ['0/25.2.0.192.in-addr.arpa', 15, 65535, 'K0%2F25.2.0.192.in-addr.arpa.+015+65535'],
    ['x\\.y*._tcp.example', 16, 1, 'Kx%2Ey%2A._tcp.example.+016+00001'],
  ])('zone %s, algorithm %i, tag %i: %s', (zone, algorithm, tag, stem) => {
    expect(keyFileStem(nameFromText(zone), algorithm, tag)).toBe(stem);
  });

  it('has no separator of folders, whatever the zone', () => {
    expect(fileZone(nameFromText('\\047etc\\000.\\.\\.'))).toBe('%2Fetc%00.%2E%2E.');
  });
});

describe('readKeys', () => {
  it.each(VECTORS)('reads the pair of $title (format v1.2, values over two lines)', (vector) => {
    const dir = keyFolder();
    const zone = wire(vector.owner);
    const [, , algorithm] = vector.dnskey.split(/\s+/);
    const stem = join(dir, keyFileStem(zone, Number(algorithm), vector.tag));
    writeFileSync(`${stem}.key`, `${vector.owner}. 3600 IN DNSKEY ( ${vector.dnskey} ) ; a key\n`);
    writeFileSync(`${stem}.private`, vector.private, { mode: 0o600 });
    const [key] = readKeys(dir, zone);
    expect(key).toMatchObject({ tag: vector.tag, ttl: 3600, timing: {}, declaredRole: undefined });
    expect(keyObject(key.secret).type).toBe('private');
  });

  it.each([
    ['TTL after class', 'example. IN 3600 DNSKEY 257 3 13 @', 3600],
    ['TTL in units, name in capitals', 'EXAMPLE. 1h30m in dnskey 257 3 13 @', 5400],
    ['no TTL, no class', 'example. DNSKEY 257 3 13 @', undefined],
    ['name without final dot', 'example IN DNSKEY 257 3 13 @', undefined],
    ['escaped name', '\\101xampl\\e. IN DNSKEY 257 3 13 @', undefined],
    ['mnemonic of the algorithm', 'example. IN DNSKEY 257 3 ECDSAP256SHA256 @', undefined],
    ['CLASS1 and TYPE48', 'example. CLASS1 TYPE48 257 3 13 @', undefined],
    [
      'parentheses and comments',
      '; one\nexample. IN DNSKEY ( ; two\n 257 3\n 13 ; three\n@ )\n\n; x',
      undefined,
    ],
    ['base64 in pieces', 'example. IN DNSKEY (257 3 13\n@/ )', undefined],
    ['lines that end in CR LF', '; one\r\nexample. IN DNSKEY 257 3 13 @\r\n', undefined],
    ['generic rdata (RFC 3597)', 'example. IN TYPE48 \\# %', undefined],
  ])('takes the presentation: %s', (_, form, ttl) => {
    const dir = keyFolder();
    const made = bindLikeKey(dir, true);
    const key = Buffer.from(made.dnskey.subarray(4)).toString('base64');
    const pieces = `${key.slice(0, 10)} ${key.slice(10, 41)}\n ${key.slice(41)}`;
    const generic = `${made.dnskey.length} ${hex(made.dnskey)}`;
    const line = form
      .replace('@/', () => pieces)
      .replace('@', () => key)
      .replace('%', () => generic);
    writeFileSync(made.file, line);
    const [again] = read(dir);
    expect(hex(again.dnskey)).toBe(hex(made.dnskey));
    expect(again.ttl).toBe(ttl);
  });

  it.each([
    ['an empty file', '', 'holds no record'],
    ['another type', 'example. IN A 192.0.2.1\n', 'is not a DNSKEY record'],
    ['two records', '@\n@\n', 'more than one record'],
    ['an open parenthesis', 'example. IN DNSKEY ( 257 3 13 AAAA\n', 'a ( without its )'],
    ['base64 that is none', 'example. IN DNSKEY 257 3 13 A*A=\n', 'not base64'],
    ['flags beyond 16 bits', 'example. IN DNSKEY 65536 3 13 AAAA\n', 'flags field'],
    ['protocol 4', 'example. IN DNSKEY 257 4 13 AAAA\n', 'protocol is 4'],
    ['a key that is too short', 'example. IN DNSKEY 257 3 13 AAAA\n', 'has 3 octets'],
    ['flags without ZONE', 'example. IN DNSKEY 1 3 13 AAAA\n', 'not a zone key'],
    ['a key of another zone', 'example.com. IN DNSKEY 257 3 13 AAAA\n', 'a key of example.com.'],
    ['a broken name', 'ex..ample. IN DNSKEY 257 3 13 AAAA\n', 'empty label'],
  ])('refuses %s with exit code 4 and the file', (_, content, message) => {
    const dir = keyFolder();
    const made = newKey(dir, 'ksk');
    writeFileSync(
      made.file,
      content.replaceAll('@', () => text(made.file).split('\n').at(-2) ?? ''),
    );
    expect(caught(() => read(dir))).toSatisfy(refusalWith(message, made.file));
  });

  it('reads the times of the private file, not those of the comments', () => {
    const dir = keyFolder();
    const made = newKey(dir, 'ksk');
    writeFileSync(
      made.file,
      text(made.file).replace(/; Activate.*\n/, '; Activate: 20300101000000\n'),
    );
    expect(read(dir)[0].timing).toEqual(ACTIVE);
  });

  it('takes a .key without .private as a key that is only published, with its comments as times', () => {
    const dir = keyFolder();
    const made = newKey(dir, 'ksk');
    rmSync(made.privateFile!);
    chmodSync(dir, 0o755);
    const [key] = read(dir);
    expect(key.secret).toBeUndefined();
    expect(key.privateFile).toBeUndefined();
    expect(key.timing).toEqual(ACTIVE);
  });

  it('leaves a .private without .key alone: an interrupted generation', () => {
    const dir = keyFolder();
    rmSync(newKey(dir, 'ksk').file);
    expect(read(dir)).toEqual([]);
  });

  it('reads the keys of its zone only', () => {
    const dir = keyFolder();
    const made = newKey(dir, 'ksk');
    writeFileSync(join(dir, 'Kexample.com.+013+00001.key'), 'rubbish');
    writeFileSync(join(dir, 'Kexample.+013+1.key'), 'rubbish');
    writeFileSync(join(dir, 'notes.txt'), 'rubbish');
    expect(read(dir).map(({ tag }) => tag)).toEqual([made.tag]);
  });

  it('says with exit code 2 that there is no such folder', () => {
    expect(() => read('/nowhere/keys')).toThrow(expect.objectContaining({ exitCode: 2 }));
  });

  it.each([0o640, 0o604, 0o660, 0o644, 0o610])(
    'refuses a private file of mode %o with the chmod to type',
    (mode) => {
      const dir = keyFolder();
      const { privateFile } = newKey(dir, 'ksk');
      chmodSync(privateFile!, mode);
      expect(caught(() => read(dir))).toSatisfy(refusalWith(`chmod 600 ${privateFile}`));
    },
  );

  it.each([0o750, 0o701, 0o755, 0o770])(
    'refuses a folder of mode %o with the chmod to type',
    (mode) => {
      const dir = keyFolder();
      newKey(dir, 'ksk');
      chmodSync(dir, mode);
      expect(caught(() => read(dir))).toSatisfy(refusalWith(`chmod 700 ${dir}`));
    },
  );

  it('takes modes that are narrower still', () => {
    const dir = keyFolder();
    chmodSync(newKey(dir, 'ksk').privateFile!, 0o400);
    chmodSync(dir, 0o500);
    expect(read(dir)).toHaveLength(1);
    chmodSync(dir, 0o700);
  });

  it('refuses a file name with another tag than its key has, and says the right name', () => {
    const dir = keyFolder();
    const { file, tag } = newKey(dir, 'ksk');
    const wrong = join(dir, keyFileStem(ZONE, 13, (tag + 1) & 0xffff));
    renameSync(file, `${wrong}.key`);
    expect(caught(() => read(dir))).toSatisfy(
      refusalWith(`${wrong}.key`, `name its files ${keyFileStem(ZONE, 13, tag)}`),
    );
  });

  it.each([8, 13, 14, 15, 16])(
    'refuses a private half that does not belong to the published DNSKEY (.de, May 2026), algorithm %i',
    (algorithm) => {
      const dir = keyFolder();
      const one = newKey(dir, 'zsk', ACTIVE, algorithm);
      const other = newKey(dir, 'zsk', ACTIVE, algorithm);
      copyFileSync(other.privateFile!, one.privateFile!);
      expect(caught(() => read(dir))).toSatisfy(
        refusalWith('does not belong to the published DNSKEY', one.privateFile!, one.file),
      );
    },
  );

  it.each([
    ['an empty file', () => '', 'Private-key-format'],
    ['an older format', (t: string) => t.replace('v1.3', 'v1.1'), 'Private-key-format'],
    ['another algorithm', (t: string) => t.replace('13 (', '14 ('), 'is for ECDSAP384SHA384'],
    ['no key', (t: string) => t.replace(/PrivateKey.*\n/, ''), 'has no PrivateKey'],
    [
      'a key of 31 octets too many',
      (t: string) => t.replace(/(PrivateKey: ).*/, `$1${'A'.repeat(83)}E=`),
      '',
    ],
    [
      'a key of zeros',
      (t: string) => t.replace(/(PrivateKey: ).*/, `$1${'A'.repeat(43)}=`),
      'does not belong',
    ],
    [
      'a broken time',
      (t: string) => t.replace(/(Activate: ).*/, '$120261322000000'),
      'Activate is not a time',
    ],
    ['a line that is none', (t: string) => t.replace('Private', ' Private'), '"Tag: value"'],
    ['a key in a token', (t: string) => `${t}Engine: cGtjczExAA==\n`, 'PKCS#11'],
  ])('refuses %s, and the error shows nothing of the key', (_, change, message) => {
    const dir = keyFolder();
    const { privateFile } = newKey(dir, 'ksk');
    const before = text(privateFile);
    writeFileSync(privateFile!, change(before));
    const error = caught(() => read(dir));
    expect(error).toSatisfy(refusalWith(message, privateFile!));
    const secret = /PrivateKey: (.{20})/.exec(before)?.[1] ?? '';
    expect(secret).not.toBe('');
    const whole = error as Error & { text?: string; cause?: unknown };
    expect(`${whole.stack} ${whole.text} ${String(whole.cause)}`).not.toContain(secret);
  });

  it('takes an ECDSA scalar that was written without its leading zero octets', () => {
    // A tag is free: keys are made until one has a scalar that begins with a zero octet.
    const dir = keyFolder();
    for (;;) {
      const made = newKey(dir, 'zsk');
      const scalar = Buffer.from(
        keyObject(made.secret).export({ format: 'jwk' }).d ?? '',
        'base64url',
      );
      if (scalar[0] !== 0) {
        for (const name of readdirSync(dir)) rmSync(join(dir, name));
        continue;
      }
      const short = `PrivateKey: ${scalar.subarray(1).toString('base64')}`;
      writeFileSync(made.privateFile!, text(made.privateFile).replace(/PrivateKey: .*/, short));
      expect(read(dir)[0].tag).toBe(made.tag);
      return;
    }
  });
});

describe('writeTiming', () => {
  it('changes the times in both files and keeps every other line', () => {
    const dir = keyFolder();
    const made = newKey(dir, 'ksk');
    const extra = 'Predecessor: 12345\nX-Unknown: a value\n';
    writeFileSync(made.privateFile!, text(made.privateFile) + extra);
    writeFileSync(made.file, `; a remark of the operator\n${text(made.file)}`);
    const [before] = read(dir);
    const timing = { ...ACTIVE, inactive: NOW + DAY, delete: NOW + 2 * DAY };
    writeTiming(before, timing);
    const [after] = read(dir);
    expect(after.timing).toEqual(timing);
    expect(hex(after.dnskey)).toBe(hex(before.dnskey));
    expect(text(after.privateFile)).toContain(extra);
    expect(text(after.privateFile)).toContain('Inactive: 20261123000000\nDelete: 20261124000000\n');
    expect(text(after.file)).toContain('; a remark of the operator\n');
    expect(text(after.file)).toContain('; Inactive: 20261123000000 (Mon Nov 23 00:00:00 2026)\n');
    expect(statSync(after.privateFile!).mode & 0o777).toBe(0o600);
    writeTiming(after, ACTIVE);
    expect(text(after.privateFile)).not.toContain('Inactive');
    expect(text(after.file)).not.toContain('Inactive');
  });

  it('makes a v1.2 file, which has no times, a v1.3 one', () => {
    const dir = keyFolder();
    const { privateFile } = bindLikeKey(dir, true);
    const old = text(privateFile)
      .replace('v1.3', 'v1.2')
      .replace(/Created[\s\S]*/, '');
    writeFileSync(privateFile!, old);
    const [key] = read(dir);
    expect(key.timing).toEqual({});
    writeTiming(key, ACTIVE);
    expect(text(privateFile)).toBe(
      `${old.replace('v1.2', 'v1.3')}Created: 20261122000000\nPublish: 20261122000000\nActivate: 20261122000000\n`,
    );
  });

  it('leaves no temporary file', () => {
    const dir = keyFolder();
    writeTiming(newKey(dir, 'ksk'), {});
    expect(readdirSync(dir).filter((name) => name.startsWith('.'))).toEqual([]);
    expect(existsSync(dir)).toBe(true);
  });
});
