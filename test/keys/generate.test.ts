import { chmodSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { algorithmByNumber } from '#zonewright/dnssec/algorithms.js';
import { publicKeyField } from '#zonewright/dnssec/keyobject.js';
import { generateKeyPair, generateMissingKeys } from '#zonewright/keys/generate.js';
import { keyStates, listKeys } from '#zonewright/keys/list.js';
import { selectKeys } from '#zonewright/keys/select.js';
import { readKeys, signingKey } from '#zonewright/keys/store.js';
import { openSigner, openVerifier } from '#zonewright/sign/engine.js';
import { ROOT, run } from '../tools/cli.js';
import { makePair } from '../tools/key-pairs.js';
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

const POLICY = { algorithms: [13], csk: false, dnskeyTtl: 3600 };

const dist = (name: string): string => pathToFileURL(join(ROOT, 'dist', name)).href;

function caught(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

describe('generateKeyPair', () => {
  it.each([
    [8, 256 + 4],
    [13, 64],
    [14, 96],
    [15, 32],
    [16, 57],
  ])('algorithm %i: a pair that reads back the same and signs', async (algorithm, length) => {
    const dir = join(keyFolder(), 'made', 'here');
    const made = generateKeyPair(dir, {
      zone: ZONE,
      algorithm,
      role: 'zsk',
      timing: ACTIVE,
      ttl: 7200,
    });
    expect(made.dnskey.length).toBe(4 + length);
    const [key] = readKeys(dir, ZONE);
    expect({ ...key, secret: undefined }).toEqual({ ...made, secret: undefined });
    expect(key.flags).toBe(256);
    const signer = await openSigner(signingKey(key), 'openssl');
    const out = new Uint8Array(600);
    const end = signer.sign(ZONE, 0, ZONE.length, out, 0);
    const verifier = await openVerifier(made.dnskey, 'openssl');
    expect(verifier.verify(ZONE, 0, ZONE.length, out, 0, end)).toBe(true);
  });

  it('exporting a new key never waits for the collection of its generator', async () => {
    // Node.js 20: some hundred keys were enough for a process to wait for itself for ever.
    const script = `
      import { algorithmByNumber } from ${JSON.stringify(dist('dnssec/algorithms.js'))};
      import { newPrivateKey } from ${JSON.stringify(dist('keys/generate.js'))};
      const algorithm = algorithmByNumber(13);
      for (let n = 0; n < 2500; n++) newPrivateKey(algorithm, 0).export({ format: 'jwk' });
    `;
    const args = ['--input-type=module', '--eval', script];
    const done = await run(process.execPath, args, { timeout: 50_000 });
    expect(done).toMatchObject({ status: 0, timedOut: false, stderr: '' });
  });

  it('the private file has mode 0600, the folder 0700, and nothing else is left there', () => {
    const dir = join(keyFolder(), 'keys');
    const made = newKey(dir, 'ksk');
    expect(statSync(made.privateFile!).mode & 0o777).toBe(0o600);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    expect(made.flags).toBe(257);
    expect(readdirSync(dir)).toHaveLength(3);
  });

  it('nothing is made in a folder that others may enter', () => {
    const dir = keyFolder();
    chmodSync(dir, 0o755);
    expect(caught(() => newKey(dir, 'ksk'))).toSatisfy(refusalWith(`chmod 700 ${dir}`));
    expect(readdirSync(dir)).toEqual([]);
  });

  it('a key whose tag another one has, also in revoked form, is generated again', () => {
    const dir = keyFolder();
    const first = newKey(dir, 'ksk');
    const algorithm = algorithmByNumber(13)!;
    const fresh = () => makePair('ec', { namedCurve: 'P-256' }).privateKey;
    // Twice the key that is there already, and with it its tag.
    const offers = [keyObject(first.secret), keyObject(first.secret), fresh()];
    let asked = 0;
    const second = generateKeyPair(
      dir,
      { zone: ZONE, algorithm: 13, role: 'ksk', timing: ACTIVE },
      () => {
        asked++;
        return offers.shift()!;
      },
    );
    expect(asked).toBe(3);
    expect(second.dnskey.subarray(4)).not.toEqual(
      publicKeyField(algorithm, keyObject(first.secret)),
    );
    expect(readKeys(dir, ZONE)).toHaveLength(2);
  });

  it.each([5, 7, 3, 250])('algorithm %i is refused with exit code 4', (algorithm) => {
    expect(caught(() => newKey(keyFolder(), 'ksk', ACTIVE, algorithm))).toSatisfy(
      refusalWith('use a key of one of'),
    );
  });

  it.each([1024, 2047, 8192])('an RSA key of %i bits is refused', (bits) => {
    const wish = { zone: ZONE, algorithm: 8, role: 'ksk', timing: ACTIVE, bits } as const;
    expect(caught(() => generateKeyPair(keyFolder(), wish))).toSatisfy(refusalWith(`${bits} bits`));
  });
});

describe('generateMissingKeys', () => {
  const generate = (dir: string, policy = POLICY, now = NOW) =>
    generateMissingKeys(dir, ZONE, policy, now);

  it('makes one KSK and one ZSK, and nothing at the second run', () => {
    const dir = join(keyFolder(), 'keys');
    expect(generate(dir).map((key) => [key.declaredRole, key.algorithm, key.ttl])).toEqual([
      ['ksk', 13, 3600],
      ['zsk', 13, 3600],
    ]);
    expect(generate(dir)).toEqual([]);
    const chosen = selectKeys(readKeys(dir, ZONE), NOW);
    expect([chosen.dnskeys.length, chosen.ksks.length, chosen.zsks.length]).toEqual([2, 1, 1]);
  });

  it('makes one CSK when the policy says so', () => {
    const dir = keyFolder();
    expect(generate(dir, { ...POLICY, csk: true }).map((key) => key.declaredRole)).toEqual(['csk']);
    expect(generate(dir, { ...POLICY, csk: true })).toEqual([]);
  });

  it('makes a pair of each algorithm of the policy', () => {
    const dir = keyFolder();
    const made = generate(dir, { ...POLICY, algorithms: [13, 15] });
    expect(made.map((key) => [key.algorithm, key.declaredRole])).toEqual([
      [13, 'ksk'],
      [13, 'zsk'],
      [15, 'ksk'],
      [15, 'zsk'],
    ]);
  });

  it('goes on where a run stopped after the first key', () => {
    const dir = keyFolder();
    const [, zsk] = generate(dir);
    for (const ending of ['key', 'private', 'state']) rmSync(zsk.file.replace(/key$/, ending));
    expect(generate(dir).map((key) => key.declaredRole)).toEqual(['zsk']);
  });

  it('goes on where a run stopped between the files of a key', () => {
    const dir = keyFolder();
    const [, zsk] = generate(dir);
    rmSync(zsk.file);
    expect(generate(dir).map((key) => key.declaredRole)).toEqual(['zsk']);
    expect(selectKeys(readKeys(dir, ZONE), NOW).zsks).toHaveLength(1);
  });

  it('replaces a key that has ceased to sign, not one that is yet to begin', () => {
    const dir = keyFolder();
    newKey(dir, 'ksk');
    newKey(dir, 'zsk', { ...ACTIVE, inactive: NOW + DAY });
    expect(generate(dir)).toEqual([]);
    expect(generate(dir, POLICY, NOW + DAY).map((key) => key.declaredRole)).toEqual(['zsk']);
    expect(generate(dir, POLICY, NOW - DAY)).toEqual([]);
  });

  it('leaves keys alone that act as CSK: to split the roles is a rollover', () => {
    const dir = keyFolder();
    bindLikeKey(dir, true);
    expect(generate(dir)).toEqual([]);
  });

  it('refuses to add another algorithm to a signed zone', () => {
    const dir = keyFolder();
    generate(dir);
    const error = caught(() => generate(dir, { ...POLICY, algorithms: [15] }));
    expect(error).toSatisfy(refusalWith('has keys of ECDSAP256SHA256', 'ED25519', 'RFC 6781'));
    expect(readKeys(dir, ZONE)).toHaveLength(2);
  });
});

describe('listKeys', () => {
  it('has the documented form, and no secret in it', () => {
    const dir = keyFolder();
    const timing = { ...ACTIVE, inactive: NOW + 90 * DAY };
    const key = newKey(dir, 'zsk', timing);
    newKey(dir, 'ksk');
    const listed = listKeys(readKeys(dir, ZONE), NOW).find(({ tag }) => tag === key.tag);
    expect(listed).toEqual({
      zone: 'example',
      tag: key.tag,
      role: 'zsk',
      algorithm: 'ECDSAP256SHA256',
      dnskey: expect.stringMatching(/^256 3 13 [A-Za-z0-9+/]{86}==$/),
      states: { dnskey: 'rumoured', zrrsig: 'rumoured', krrsig: 'hidden', ds: 'hidden' },
      timing: {
        created: '2026-11-22T00:00:00Z',
        publish: '2026-11-22T00:00:00Z',
        activate: '2026-11-22T00:00:00Z',
        inactive: '2027-02-20T00:00:00Z',
      },
      nextEvent: {
        at: '2027-02-20T00:00:00Z',
        what: 'ceases to sign',
        why: 'Inactive time in the key file',
      },
    });
    const secret = /PrivateKey: (\S+)/.exec(text(key.privateFile))?.[1] ?? '?';
    expect(JSON.stringify(listed)).not.toContain(secret);
  });

  // Default TTL of a day and an hour of propagation; signatures turn over within 7 days more.
  const HOUR = 3600;
  it.each([
    ['ksk', NOW - 1, 'hidden hidden hidden hidden'],
    ['ksk', NOW, 'rumoured hidden rumoured hidden'],
    ['ksk', NOW + DAY + HOUR - 1, 'rumoured hidden rumoured hidden'],
    ['ksk', NOW + DAY + HOUR, 'omnipresent hidden omnipresent hidden'],
    ['zsk', NOW + DAY + HOUR, 'omnipresent rumoured hidden hidden'],
    ['zsk', NOW + 8 * DAY + HOUR, 'omnipresent omnipresent hidden hidden'],
    ['csk', NOW + 8 * DAY + HOUR, 'omnipresent omnipresent omnipresent hidden'],
    ['zsk', NOW + 90 * DAY, 'omnipresent unretentive hidden hidden'],
    ['ksk', NOW + 100 * DAY, 'unretentive hidden hidden hidden'],
    ['zsk', NOW + 102 * DAY, 'hidden hidden hidden hidden'],
  ] as const)('a %s at %i is %s', (role, now, expected) => {
    const timing = { ...ACTIVE, inactive: NOW + 90 * DAY, delete: NOW + 100 * DAY };
    const key = { ...newKey(keyFolder(), role, timing), state: undefined };
    const { dnskey, zrrsig, krrsig, ds } = keyStates(key, role, now);
    expect([dnskey, zrrsig, krrsig, ds].join(' ')).toBe(expected);
  });
});
