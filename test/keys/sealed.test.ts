/** Private keys encrypted at rest: their form, the passphrase, there and back, and crashes. */

import { execFileSync } from 'node:child_process';
import { createPrivateKey, createSecretKey, type KeyObject } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generateKeyPair } from '#zonewright/keys/generate.js';
import { listKeys } from '#zonewright/keys/list.js';
import { maybePassphrase, passphraseOnce, readPassphrase } from '#zonewright/keys/passphrase.js';
import { openPem, sealPem } from '#zonewright/keys/pkcs8.js';
import { sealKey, unsealKey } from '#zonewright/keys/seal.js';
import { type KeyPair, readKeys, signingKey } from '#zonewright/keys/store.js';
import { settleStore } from '#zonewright/keys/trash.js';
import { writeKey } from '#zonewright/keys/write.js';
import { openSigner, openVerifier } from '#zonewright/sign/engine.js';
import { describeWithTools, toolPath } from '../tools/judges.js';
import { makePair } from '../tools/key-pairs.js';
import { killAtEveryPoint } from './crash.js';
import {
  ACTIVE,
  DAY,
  keyFolder,
  keyObject,
  NOW,
  newKey,
  refusalWith,
  text,
  ZONE,
} from './helpers.js';

const WORDS = 'correct horse battery staple';
const PHRASE = createSecretKey(Buffer.from(WORDS));
const OTHER = createSecretKey(Buffer.from('another'));
/** Few rounds where many files are made: the form is the same. */
const FEW = 10;

function caught(work: () => unknown): Error & { text?: string; hint?: string } {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}

const pkcs8 = (key: KeyObject): string =>
  key.export({ type: 'pkcs8', format: 'der' }).toString('hex');

/** What of a plain `.private` file is secret. */
const secretOf = (privateText: string): string => {
  const value = /^(?:PrivateKey|PrivateExponent): (.*)$/m.exec(privateText)?.[1] ?? '';
  expect(value.length).toBeGreaterThan(20);
  return value;
};

const folderText = (dir: string): string =>
  readdirSync(dir)
    .map((name) => readFileSync(join(dir, name), 'latin1'))
    .join('\n');

const pemOf = (key: KeyPair): string => key.file.replace(/key$/, 'pem');

describe('sealPem', () => {
  const KEYS = [
    makePair('rsa', { modulusLength: 2048 }).privateKey,
    makePair('ec', { namedCurve: 'P-256' }).privateKey,
    makePair('ec', { namedCurve: 'P-384' }).privateKey,
    makePair('ed25519').privateKey,
    makePair('ed448').privateKey,
  ];

  it('is opened with its passphrase, whatever octets that has', () => {
    const octets = fc.uint8Array({ minLength: 1, maxLength: 100 });
    fc.assert(
      fc.property(fc.constantFrom(...KEYS), octets, (key, phrase) => {
        const pem = sealPem(key, createSecretKey(Buffer.from(phrase)), FEW);
        const opened = openPem(pem, createSecretKey(Buffer.from(phrase)));
        expect(opened === undefined ? '' : pkcs8(opened)).toBe(pkcs8(key));
      }),
      { numRuns: 60 },
    );
  });

  it('is not opened with another one', () => {
    // No zero octets: HMAC takes a key and the same with zeros behind it for one.
    const words = fc.string({ minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(fc.constantFrom(...KEYS), words, words, (key, one, two) => {
        fc.pre(one !== two);
        const pem = sealPem(key, createSecretKey(Buffer.from(one)), FEW);
        expect(openPem(pem, createSecretKey(Buffer.from(two))) === undefined).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('has 600,000 rounds of PBKDF2 with SHA-256, AES-256-CBC, and a salt of its own each time', () => {
    const [one, two] = [sealPem(KEYS[1], PHRASE), sealPem(KEYS[1], PHRASE)];
    expect(one).not.toBe(two);
    const der = Buffer.from(one.replaceAll(/-----.*-----|\s/g, ''), 'base64').toString('hex');
    expect(der).toContain(`0203${(600_000).toString(16).padStart(6, '0')}`);
    expect(der).toContain('06082a864886f70d0209'); // hmacWithSHA256
    expect(der).toContain('060960864801650304012a'); // aes256-CBC
  });
});

describe('readPassphrase', () => {
  const file = (content: string | Uint8Array, mode = 0o600): string => {
    const path = join(keyFolder(), 'phrase');
    writeFileSync(path, content, { mode });
    chmodSync(path, mode);
    return path;
  };
  const words = (path: string): string => readPassphrase({ file: path }).export().toString();

  it.each([WORDS, `${WORDS}\n`, `${WORDS}\r\n`])('takes one line: %j', (content) => {
    expect(words(file(content))).toBe(WORDS);
  });

  it('keeps blanks, and octets that are no text', () => {
    expect(words(file('  a b \t\n'))).toBe('  a b \t');
    const bytes = Buffer.from([0xff, 0, 0x80]);
    expect(readPassphrase({ file: file(bytes) }).export()).toEqual(bytes);
  });

  it.each([
    ['', 2, 'is empty'],
    ['\nsecond', 2, 'is empty'],
    ['first\nsecond\n', 2, 'more than one line'],
    ['x'.repeat(1025), 2, 'too long'],
    ['x'.repeat(5000), 2, 'too long'],
  ])('refuses %j, and shows nothing of it', (content, exitCode, message) => {
    const error = caught(() => words(file(content)));
    expect(error).toMatchObject({ exitCode, message: expect.stringContaining(message) });
    expect(JSON.stringify({ ...error, stack: error.stack })).not.toMatch(/second|xxxx/);
  });

  it.each([0o640, 0o604, 0o622, 0o644])(
    'refuses a file of mode %o with the chmod to type',
    (mode) => {
      const path = file(WORDS, mode);
      expect(caught(() => words(path))).toSatisfy(refusalWith(`chmod 600 ${path}`));
    },
  );

  it('says with exit code 2 that there is no such file or descriptor', () => {
    expect(caught(() => words('/nowhere'))).toMatchObject({ exitCode: 2 });
    expect(caught(() => readPassphrase({ fd: 999 }))).toMatchObject({ exitCode: 2 });
  });

  it('reads a descriptor, once for a run', () => {
    const fd = openSync(file(`${WORDS}\n`), 'r');
    const once = passphraseOnce({ fd });
    expect(once()?.export().toString()).toBe(WORDS);
    expect(once()?.export().toString()).toBe(WORDS);
    closeSync(fd);
    expect(maybePassphrase(undefined)).toBeUndefined();
  });

  it('prints as nothing', () => {
    const phrase = readPassphrase({ file: file(WORDS) });
    expect(
      `${String(phrase)} ${JSON.stringify(phrase)} ${JSON.stringify({ phrase })}`,
    ).not.toContain('horse');
  });
});

describe('an encrypted pair', () => {
  it.each([8, 13, 14, 15, 16])(
    'algorithm %i: is sealed, signs, and comes back',
    async (algorithm) => {
      const dir = keyFolder();
      const key = newKey(dir, 'zsk', { ...ACTIVE, inactive: NOW + DAY }, algorithm);
      writeFileSync(key.privateFile!, `${text(key.privateFile)}Predecessor: 4711\n`);
      const plain = text(key.privateFile);
      const secret = secretOf(plain);
      expect(sealKey(key, PHRASE, FEW)).toBe(true);
      expect(folderText(dir)).not.toContain(secret);
      expect(text(key.privateFile)).toContain('\nExternal:\nCreated:');
      expect(text(key.privateFile)).toContain('Predecessor: 4711');
      for (const file of [pemOf(key), key.privateFile!]) {
        expect(statSync(file).mode & 0o777).toBe(0o600);
      }
      const [sealed] = readKeys(dir, ZONE, { passphrase: PHRASE });
      expect(sealed.sealedFile).toBe(pemOf(key));
      expect(sealed.timing).toEqual({ ...ACTIVE, inactive: NOW + DAY });
      expect(sealKey(sealed, PHRASE, FEW)).toBe(false);
      const signer = await openSigner(signingKey(sealed), 'openssl');
      const verifier = await openVerifier(key.dnskey, 'openssl');
      const out = new Uint8Array(600);
      const end = signer.sign(ZONE, 0, ZONE.length, out, 0);
      expect(verifier.verify(ZONE, 0, ZONE.length, out, 0, end)).toBe(true);

      expect(unsealKey(sealed, PHRASE)).toBe(true);
      expect(text(key.privateFile)).toBe(plain);
      expect(existsSync(pemOf(key))).toBe(false);
      expect(unsealKey(readKeys(dir, ZONE)[0], PHRASE)).toBe(false);
    },
  );

  it('is made so from the start where a passphrase is given: the plain key is never written', () => {
    const dir = keyFolder();
    const made = generateKeyPair(dir, {
      zone: ZONE,
      algorithm: 13,
      role: 'ksk',
      timing: ACTIVE,
      passphrase: PHRASE,
    });
    const [read] = readKeys(dir, ZONE, { passphrase: PHRASE });
    expect({ ...read, secret: undefined }).toEqual({ ...made, secret: undefined });
    expect(pkcs8(keyObject(read.secret))).toBe(pkcs8(keyObject(made.secret)));
    expect(readdirSync(dir)).toHaveLength(4);
  });

  it('is listed, and its times are changed, without the passphrase', () => {
    const dir = keyFolder();
    const key = newKey(dir, 'ksk');
    sealKey(key, PHRASE, FEW);
    const [shut] = readKeys(dir, ZONE, { leaveSealed: true });
    expect(shut.secret).toBeUndefined();
    expect(listKeys([shut], NOW)[0]).toMatchObject({ tag: key.tag, role: 'ksk' });
    writeKey(shut, { timing: { ...ACTIVE, inactive: NOW + DAY } });
    expect(text(key.privateFile)).toMatch(
      /External:\nCreated: .*\n.*\n.*\nInactive: 20261123000000\n/,
    );
    const [open] = readKeys(dir, ZONE, { passphrase: PHRASE });
    expect(open.timing.inactive).toBe(NOW + DAY);
  });

  it.each([
    ['no passphrase', undefined, 'no passphrase was given', '--passphrase-file'],
    ['another passphrase', OTHER, "can't be opened", 'another passphrase file'],
  ] as [string, KeyObject | undefined, string, string][])(
    'is refused with %s, and neither key nor passphrase is shown',
    (_, passphrase, ...parts) => {
      const dir = keyFolder();
      const key = newKey(dir, 'ksk');
      const secret = secretOf(text(key.privateFile));
      sealKey(key, PHRASE, FEW);
      const error = caught(() => readKeys(dir, ZONE, { passphrase }));
      expect(error).toSatisfy(refusalWith(...parts, pemOf(key)));
      const shown = `${error.stack} ${error.text} ${error.hint} ${String(error.cause)}`;
      expect(shown).not.toContain(secret);
      expect(shown).not.toMatch(/horse|MII|BEGIN/);
    },
  );

  it.each([0o640, 0o604, 0o644])('is refused when its .pem has mode %o', (mode) => {
    const dir = keyFolder();
    const key = newKey(dir, 'ksk');
    sealKey(key, PHRASE, FEW);
    chmodSync(pemOf(key), mode);
    const chmod = `chmod 600 ${pemOf(key)}`;
    expect(caught(() => readKeys(dir, ZONE, { passphrase: PHRASE }))).toSatisfy(refusalWith(chmod));
    expect(caught(() => readKeys(dir, ZONE, { leaveSealed: true }))).toSatisfy(refusalWith(chmod));
  });

  it.each([
    [
      'of another key',
      () => sealPem(keyObject(newKey(keyFolder(), 'ksk').secret), PHRASE, FEW),
      'does not belong',
    ],
    [
      'of another algorithm',
      () => sealPem(keyObject(newKey(keyFolder(), 'ksk', ACTIVE, 15).secret), PHRASE, FEW),
      'does not belong',
    ],
    [
      'that is plain',
      (key: KeyPair) => keyObject(key.secret).export({ type: 'pkcs8', format: 'pem' }).toString(),
      'not an encrypted',
    ],
    [
      'that is cut',
      () => '-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n',
      "can't be opened",
    ],
    ['that is empty', () => '', 'not an encrypted'],
  ])('is refused with a .pem %s', (_, content, message) => {
    const dir = keyFolder();
    const key = newKey(dir, 'ksk');
    sealKey(key, PHRASE, FEW);
    writeFileSync(pemOf(key), content(key));
    expect(caught(() => readKeys(dir, ZONE, { passphrase: PHRASE }))).toSatisfy(
      refusalWith(message, pemOf(key)),
    );
  });

  it('without its .pem is a key that is only published, and asks for it where it should sign', () => {
    const dir = keyFolder();
    const key = newKey(dir, 'ksk');
    sealKey(key, PHRASE, FEW);
    rmSync(pemOf(key));
    const [read] = readKeys(dir, ZONE);
    expect(read.secret).toBeUndefined();
    expect(caught(() => signingKey(read))).toSatisfy(refusalWith(pemOf(key)));
  });

  it('that says External and has the key is refused', () => {
    const dir = keyFolder();
    const key = newKey(dir, 'ksk');
    writeFileSync(key.privateFile!, `${text(key.privateFile)}External:\n`);
    expect(caught(() => readKeys(dir, ZONE))).toSatisfy(
      refusalWith('says External and has PrivateKey'),
    );
  });

  it('a plain key is not replaced by an encrypted one that does not open', () => {
    const dir = keyFolder();
    const one = newKey(dir, 'ksk');
    const plain = text(one.privateFile);
    // As if the disk had given back another file than was written.
    const wrong = { ...one, secret: newKey(keyFolder(), 'ksk').secret };
    expect(caught(() => sealKey(wrong, PHRASE, FEW))).toSatisfy(refusalWith('does not belong'));
    expect(text(one.privateFile)).toBe(plain);
    expect(readKeys(dir, ZONE)).toHaveLength(1);
  });
});

describe('killed at any point', () => {
  const check = (dir: string, key: KeyPair) => {
    settleStore(dir);
    const [read, ...more] = readKeys(dir, ZONE, { passphrase: PHRASE });
    expect(more).toEqual([]);
    expect(pkcs8(keyObject(read.secret))).toBe(pkcs8(keyObject(key.secret)));
    return read;
  };

  it('an encryption leaves a key that signs, and goes through the second time', () => {
    const points = killAtEveryPoint(
      () => {
        const dir = keyFolder();
        return { dir, key: newKey(dir, 'ksk') };
      },
      ({ key }) => sealKey(key, PHRASE, FEW),
      ({ dir, key }) => {
        const secret = secretOf(`PrivateKey: ${keyObject(key.secret).export({ format: 'jwk' }).d}`);
        sealKey(check(dir, key), PHRASE, FEW);
        expect(check(dir, key).sealedFile).toBeDefined();
        expect(readdirSync(dir)).toHaveLength(4);
        const plain = Buffer.from(secret, 'base64url').toString('base64');
        expect(folderText(dir)).not.toContain(plain);
      },
    );
    expect(points).toBeGreaterThan(8);
  });

  it('a decryption leaves a key that signs, and goes through the second time', () => {
    const points = killAtEveryPoint(
      () => {
        const dir = keyFolder();
        sealKey(newKey(dir, 'ksk'), PHRASE, FEW);
        return { dir, key: readKeys(dir, ZONE, { passphrase: PHRASE })[0] };
      },
      ({ key }) => unsealKey(key, PHRASE),
      ({ dir, key }) => {
        unsealKey(check(dir, key), PHRASE);
        expect(check(dir, key).sealedFile).toBeUndefined();
        expect(readdirSync(dir)).toHaveLength(3);
      },
    );
    expect(points).toBeGreaterThan(5);
  });

  it('the making of an encrypted key leaves no key, or a whole one, and nothing of it in plain', () => {
    const made = keyObject(newKey(keyFolder(), 'zsk').secret);
    const plain = Buffer.from(made.export({ format: 'jwk' }).d!, 'base64url').toString('base64');
    killAtEveryPoint(
      keyFolder,
      (dir) =>
        generateKeyPair(
          dir,
          { zone: ZONE, algorithm: 13, role: 'zsk', timing: ACTIVE, passphrase: PHRASE },
          () => made,
        ),
      (dir) => {
        const keys = readKeys(dir, ZONE, { passphrase: PHRASE });
        for (const key of keys) expect(pkcs8(keyObject(key.secret))).toBe(pkcs8(made));
        expect(folderText(dir)).not.toContain(plain);
      },
    );
  });

  it('a change of states and times leaves the old ones or the new, and goes through the second time', () => {
    const state = { ksk: true, zsk: false, published: NOW + DAY, dnskey: 'rumoured' } as const;
    const seen = new Set<unknown>();
    const points = killAtEveryPoint(
      () => {
        const dir = keyFolder();
        return { dir, key: newKey(dir, 'ksk', { created: NOW, publish: NOW }) };
      },
      ({ key }) => writeKey(key, { state: { ...state, generated: NOW } }),
      ({ dir }) => {
        const [read] = readKeys(dir, ZONE);
        const isNew = read.state?.dnskey === 'rumoured';
        expect(read.timing.publish).toBe(isNew ? NOW + DAY : NOW);
        seen.add(isNew);
        writeKey(read, { state: { ...state, generated: NOW } });
        settleStore(dir);
        expect(readdirSync(dir)).toHaveLength(3);
        expect(text(read.privateFile)).toContain('Publish: 20261123000000');
        expect(text(read.file)).toContain('; Publish: 20261123000000');
      },
    );
    expect(points).toBeGreaterThan(12);
    expect(seen.size).toBe(2);
  });
});

describeWithTools(['openssl'], 'OpenSSL', () => {
  const openssl = (dir: string, ...args: readonly string[]): string =>
    execFileSync(toolPath('openssl'), args, { cwd: dir, encoding: 'utf8' });

  it.each([8, 13, 15])('opens what we encrypt, algorithm %i', (algorithm) => {
    const dir = keyFolder();
    const key = newKey(dir, 'zsk', ACTIVE, algorithm);
    sealKey(key, PHRASE, FEW);
    writeFileSync(join(dir, 'phrase'), `${WORDS}\n`);
    const out = openssl(dir, 'pkey', '-in', basename(pemOf(key)), '-passin', 'file:phrase');
    expect(pkcs8(createPrivateKey(out))).toBe(pkcs8(keyObject(key.secret)));
  });

  it.each([
    ['-scrypt'],
    ['-v2', 'aes-256-cbc', '-iter', '1000'],
    ['-v2', 'aes-128-cbc', '-v2prf', 'hmacWithSHA512'],
  ])('what it encrypts is opened: %s', (...how) => {
    const dir = keyFolder();
    const key = newKey(dir, 'zsk');
    sealKey(key, PHRASE, FEW);
    writeFileSync(join(dir, 'phrase'), WORDS);
    writeFileSync(
      join(dir, 'plain'),
      keyObject(key.secret).export({ type: 'pkcs8', format: 'pem' }),
    );
    const args = ['pkcs8', '-topk8', '-in', 'plain', '-out', basename(pemOf(key)), ...how];
    openssl(dir, ...args, '-passout', 'file:phrase');
    const [read] = readKeys(dir, ZONE, { passphrase: PHRASE });
    expect(pkcs8(keyObject(read.secret))).toBe(pkcs8(keyObject(key.secret)));
  });
});

describeWithTools(['dnssec-settime', 'dnssec-signzone'], 'BIND', () => {
  it('changes the times of an encrypted pair, and does not sign with it', () => {
    const dir = keyFolder();
    const key = newKey(dir, 'ksk');
    sealKey(key, PHRASE, FEW);
    const bind = (tool: string, ...args: readonly string[]): string =>
      execFileSync(toolPath(tool), args, { cwd: dir, encoding: 'utf8', stdio: 'pipe' });
    bind('dnssec-settime', '-s', '-I', '20270101000000', basename(key.file));
    const [read] = readKeys(dir, ZONE, { passphrase: PHRASE });
    expect(read.timing.inactive).toBe(Date.UTC(2027, 0, 1) / 1000);
    expect(read.sealedFile).toBe(pemOf(key));
    writeFileSync(
      join(dir, 'zone'),
      'example. 60 IN SOA a.example. b.example. 1 60 60 60 60\nexample. 60 IN NS a.example.\n',
    );
    const sign = () =>
      bind('dnssec-signzone', '-S', '-P', '-q', '-o', 'example', '-f', 'signed', 'zone');
    expect(sign).toThrow();
  });
});
