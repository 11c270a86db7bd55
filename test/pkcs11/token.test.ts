/** Keys in a token of SoftHSM: made, read, signed with; and what is refused. */
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type * as Pkcs11 from 'pkcs11js';
import { beforeAll, expect, it } from 'vitest';
import { generateKeyPair, generateMissingKeys } from '#zonewright/keys/generate.js';
import { type KeyPair, readKeys, signingKey } from '#zonewright/keys/store.js';
import { makeTokenKey, type NewTokenKey } from '#zonewright/keys/tokenkeys.js';
import { stateFileOf } from '#zonewright/keys/write.js';
import { listTokens } from '#zonewright/pkcs11/token.js';
import { isTokenKey } from '#zonewright/pkcs11/token-key.js';
import { openSigner, openVerifier, type Signer } from '#zonewright/sign/engine.js';
import { openTokenSigner } from '#zonewright/sign/engine-pkcs11.js';
import { ACTIVE, keyFolder, NOW, refusalWith, text, ZONE } from '../keys/helpers.js';
import { APEX, CLOCK } from '../sign/sign.js';
import { tempDir, zonewright, zonewrightOk } from '../tools/cli.js';
import { JUDGES, judges, requireTool } from '../tools/judges.js';
import { describeWithToken, MODULE, PIN, type SoftToken, softToken } from '../tools/softhsm.js';

const STORAGE = 'pkcs11:token=zw';

async function caught(work: () => unknown): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

describeWithToken('keys in a token', () => {
  let token: SoftToken;
  const access = () => ({
    pkcs11: { module: MODULE, pin: { file: token.pinFile }, sessions: 4 },
  });
  const make = (dir: string, algorithm: number, role: 'ksk' | 'zsk'): KeyPair =>
    generateKeyPair(dir, {
      ...{ zone: ZONE, algorithm, role, timing: ACTIVE },
      storage: { uri: STORAGE, access: access() },
    });

  beforeAll(() => {
    token = softToken();
    // The module is one for the process, and looks here when it starts.
    Object.assign(process.env, token.env);
  });

  /** The zone-signing pair of a new folder with a KSK and a ZSK in the token, by the command. */
  async function zoneKeys(...flags: readonly string[]): Promise<string> {
    const dir = join(tempDir('token-keys'), 'keys');
    const where = ['--zone', 'example', '--key-dir', dir, '--now', CLOCK];
    const storage = ['--key-storage', STORAGE];
    await zonewrightOk(['keys', 'generate', ...where, ...storage, ...token.flags, ...flags]);
    return dir;
  }

  it.each([
    [8, 'RSASHA256'],
    [10, 'RSASHA512'],
    [13, 'ECDSAP256SHA256'],
    [14, 'ECDSAP384SHA384'],
    [15, 'ED25519'],
    [16, 'ED448'],
  ])('algorithm %i: made in the token, read again, its signatures verify', async (number, name) => {
    const dir = keyFolder();
    const made = make(dir, number, 'zsk');
    const [read] = readKeys(dir, ZONE, access());
    expect(read).toEqual(made);
    expect(made.declaredRole).toBe('zsk');
    const file = text(made.privateFile);
    expect(file).toContain(`Algorithm: ${number} (${name})\n`);
    expect(file).toContain('Engine: cGtjczExAA==\n');
    expect(file).not.toMatch(/PrivateKey|PrivateExponent|Prime1/);

    const data = Uint8Array.from({ length: 500 }, (_, i) => i * 7);
    const signer = await openSigner(signingKey(read), 'openssl');
    for (const engine of ['openssl', 'noble'] as const) {
      const out = new Uint8Array(1024);
      const end = signer.sign(data, 3, 400, out, 11);
      const verifier = await openVerifier(read.dnskey, engine);
      expect(end - 11).toBe(verifier.signatureLength);
      expect(verifier.verify(data, 3, 400, out, 11, end)).toBe(true);
      expect(verifier.verify(data, 3, 401, out, 11, end)).toBe(false);
    }
    signer.close?.();
  });

  it('a private key is sensitive and does not leave the token', () => {
    const made = make(keyFolder(), 13, 'ksk');
    const require = createRequire(import.meta.url);
    const { PKCS11, ...C } = require('pkcs11js') as typeof Pkcs11;
    const api = new PKCS11();
    api.load(MODULE);
    const slot = api
      .C_GetSlotList(true)
      .find((one) => api.C_GetTokenInfo(one).label.trim() === 'zw') as Buffer;
    const session = api.C_OpenSession(slot, C.CKF_SERIAL_SESSION);
    const label = /object=([^;]*)/.exec(isTokenKey(made.secret) ? made.secret.label : '')?.[1];
    api.C_FindObjectsInit(session, [
      { type: C.CKA_CLASS, value: C.CKO_PRIVATE_KEY },
      { type: C.CKA_LABEL, value: label ?? '' },
    ]);
    const found = api.C_FindObjects(session, 10);
    api.C_FindObjectsFinal(session);
    expect(found).toHaveLength(1);
    const read = (type: number) =>
      (api.C_GetAttributeValue(session, found[0], [{ type }])[0].value as Buffer)[0];
    expect(read(C.CKA_SENSITIVE)).toBe(1);
    expect(read(C.CKA_ALWAYS_SENSITIVE)).toBe(1);
    expect(read(C.CKA_NEVER_EXTRACTABLE)).toBe(1);
    expect(read(C.CKA_TOKEN)).toBe(1);
    expect(() => api.C_GetAttributeValue(session, found[0], [{ type: C.CKA_VALUE }])).toThrow(
      'CKR_ATTRIBUTE_SENSITIVE',
    );
    api.C_CloseSession(session);
  });

  it('makes what the policy lacks, and then nothing', () => {
    const dir = keyFolder();
    const policy = { algorithms: [15], csk: false, keyStorage: STORAGE };
    const made = generateMissingKeys(dir, ZONE, policy, NOW, undefined, access());
    expect(made.map((key) => key.declaredRole)).toEqual(['ksk', 'zsk']);
    expect(made.every((key) => isTokenKey(key.secret))).toBe(true);
    expect(generateMissingKeys(dir, ZONE, policy, NOW, undefined, access())).toEqual([]);
  });

  it('a key whose tag is taken is taken out of the token again', () => {
    const dir = keyFolder();
    const first = make(dir, 13, 'zsk');
    const made: NewTokenKey[] = [];
    let discarded = 0;
    const second = generateKeyPair(
      dir,
      { zone: ZONE, algorithm: 13, role: 'zsk', timing: ACTIVE },
      (algorithm, bits) => {
        const key = makeTokenKey(
          algorithm,
          bits,
          { storage: STORAGE, zone: ZONE, role: 'zsk' },
          access(),
        );
        made.push(key);
        if (made.length > 1) return key;
        const discard = (): void => {
          discarded++;
          key.discard();
        };
        // The first key once more, and with it its tag.
        return { ...key, publicKey: first.dnskey.subarray(4), discard };
      },
    );
    expect([made.length, discarded]).toEqual([2, 1]);
    expect(second.secret).toBe(made[1].secret);
    const gone = { ...signingKey(second), secret: made[0].secret };
    expect(() => openTokenSigner(gone)).toThrow('has no private ECDSAP256SHA256 key');
  });

  it("reads BIND's label: URI as text, pin-source in it, no PIN configured", () => {
    const dir = keyFolder();
    const made = make(dir, 13, 'zsk');
    const object = /object=([^;]*)/.exec(isTokenKey(made.secret) ? made.secret.label : '')?.[1];
    const label = `pkcs11:token=zw;object=${object};pin-source=${token.pinFile}`;
    writeFileSync(
      made.privateFile!,
      `Private-key-format: v1.3\nAlgorithm: 13 (ECDSAP256SHA256)\nLabel: ${label}\nCreated: 20261122000000\n`,
    );
    // The times of a state file would count for more.
    rmSync(stateFileOf(made));
    const none = { pkcs11: { module: MODULE, pin: undefined, sessions: 1 } };
    const [read] = readKeys(dir, ZONE, none);
    expect(read.secret).toEqual({ kind: 'token', module: MODULE, label, sessions: 1 });
    expect(read.timing).toEqual({ created: NOW });
  });

  it('refuses a key of the token that is not that of the DNSKEY, by its bytes', async () => {
    const dir = keyFolder();
    const [one, other] = [make(dir, 13, 'zsk'), make(dir, 13, 'ksk')];
    writeFileSync(one.privateFile!, readFileSync(other.privateFile!));
    expect(await caught(() => readKeys(dir, ZONE, access()))).toSatisfy(
      refusalWith('belongs to another DNSKEY', one.privateFile!),
    );
  });

  it('finds the right one of two keys with the same label', async () => {
    const dir = keyFolder();
    const made = [make(dir, 13, 'zsk'), make(dir, 13, 'zsk')];
    const require = createRequire(import.meta.url);
    const { PKCS11, ...C } = require('pkcs11js') as typeof Pkcs11;
    const api = new PKCS11();
    api.load(MODULE);
    const [slot] = api.C_GetSlotList(true);
    const session = api.C_OpenSession(slot, C.CKF_SERIAL_SESSION | C.CKF_RW_SESSION);
    for (const { secret, privateFile } of made) {
      const label = isTokenKey(secret) ? secret.label : '';
      const object = /object=([^;]*)/.exec(label)?.[1] ?? '';
      api.C_FindObjectsInit(session, [{ type: C.CKA_LABEL, value: object }]);
      const pair = api.C_FindObjects(session, 2);
      api.C_FindObjectsFinal(session);
      for (const half of pair) {
        api.C_SetAttributeValue(session, half, [{ type: C.CKA_LABEL, value: 'twins' }]);
      }
      const uri = Buffer.from('pkcs11:token=zw;object=twins\0').toString('base64');
      writeFileSync(privateFile!, text(privateFile).replace(/Label: .*/, `Label: ${uri}`));
    }
    api.C_CloseSession(session);
    // Each has signed a probe that its own DNSKEY verifies.
    expect(readKeys(dir, ZONE, access())).toHaveLength(2);
  });

  it.each([
    ['pkcs11:token=nowhere;object=a', 'the token "nowhere" is not there', 'the module has "zw"'],
    ['pkcs11:token=zw;object=a', 'no private ECDSAP256SHA256 key "a"', 'pkcs11-tool'],
    ['pkcs11:token=zw', 'no key in it', 'object='],
    ['pkcs11:token=zw;object=a;pin-value=4711', 'holds a PIN', 'pin-source'],
    ['com-ksk', 'no PKCS#11 URI', 'pkcs11:token=zw;object=com-ksk'],
  ])('refuses the label %s', async (label, ...parts) => {
    const dir = keyFolder();
    const made = make(dir, 13, 'zsk');
    const base64 = Buffer.from(`${label}\0`).toString('base64');
    writeFileSync(
      made.privateFile!,
      text(made.privateFile).replace(/Label: .*/, `Label: ${base64}`),
    );
    const error = await caught(() => readKeys(dir, ZONE, access()));
    expect(error).toSatisfy(refusalWith(...parts));
    expect(String(error)).not.toContain('4711');
  });

  it('a batch goes to several sessions, in order, also what is larger than their memory', async () => {
    const key = signingKey(make(keyFolder(), 13, 'zsk'));
    const nothing = () => undefined;
    const always = { begin: nothing, end: nothing, measures: () => false, waits: () => true };
    const signer: Signer = openTokenSigner(key, always);
    const verifier = await openVerifier(key.dnskey, 'openssl');
    const data = Uint8Array.from({ length: 3 << 20 }, (_, i) => i ^ (i >> 7));
    const sizes = [...Array.from({ length: 60 }, (_, i) => i * 3), (1 << 20) + 5, 9, 1 << 20, 0];
    const starts = Uint32Array.from(sizes, (_, i) => i * 11);
    const ends = Uint32Array.from(sizes, (size, i) => i * 11 + size);
    const out = new Uint8Array(64 * sizes.length);
    for (let round = 0; round < 3; round++) {
      out.fill(0);
      signer.signMany?.(data, starts, ends, sizes.length, out);
      for (const i of sizes.keys()) {
        const good = verifier.verify(data, starts[i], ends[i], out, i * 64, i * 64 + 64);
        expect(good, `signature ${i} of round ${round}`).toBe(true);
      }
    }
    signer.close?.();
  });

  it('lists the tokens of a module', () => {
    expect(listTokens(MODULE).map(({ label }) => label)).toEqual(['zw']);
  });

  it('sign --engine pkcs11: judges accept the zone; the PIN is nowhere to be seen', async () => {
    const keys = await zoneKeys();
    const folder = tempDir('token-sign');
    const input = join(folder, 'zone');
    const output = join(folder, 'signed');
    writeFileSync(input, APEX);
    const done = await zonewrightOk([
      ...['sign', input, '--zone', 'example', '--key-dir', keys, '--output', output],
      ...['--engine', 'pkcs11', '--json', '--verbose', ...token.flags],
    ]);
    const all = [done.stdout, done.stderr, ...readdirSync(keys).map((f) => text(join(keys, f)))];
    expect(all.join('\n')).not.toContain(PIN);
    expect(JSON.parse(done.stdout).keys).toHaveLength(2);
    // The run itself has verified the zone; the others are asked where they are.
    if (JUDGES.every((tool) => requireTool(tool))) {
      expect(await judges({ zone: 'example', file: output })).toEqual([]);
    }
  });

  it('exit codes and messages of the command', async () => {
    const keys = await zoneKeys();
    const folder = tempDir('token-sign');
    const input = join(folder, 'zone');
    writeFileSync(input, APEX);
    const wrong = join(folder, 'pin');
    writeFileSync(wrong, '24682468\n', { mode: 0o600 });
    const open = join(folder, 'open');
    writeFileSync(open, PIN);
    chmodSync(open, 0o644);
    const sign = async (...flags: readonly string[]) => {
      const done = await zonewright([
        ...['sign', input, '--zone', 'example', '--key-dir', keys, '--now', CLOCK],
        ...['--output', join(folder, 'signed'), ...flags],
      ]);
      expect(done.stderr).not.toMatch(/24682468|91748362|at .*\.js:\d/);
      return `${done.status} ${done.stderr}`;
    };
    const module = ['--pkcs11-module', MODULE];
    expect(await sign()).toMatch(/^2 .*no module to reach it is named/);
    expect(await sign('--pkcs11-module', '/no/such.so')).toMatch(/^2 .*can't be loaded/);
    expect(await sign(...module)).toMatch(/^4 .*wants a PIN/);
    expect(await sign(...module, '--pin-file', wrong)).toMatch(
      /^4 .*refuses the login \(CKR_PIN_INCORRECT\)/,
    );
    expect(await sign(...module, '--pin-file', open)).toMatch(/^4 .*open to other users/);
    expect(await sign(...token.flags, '--engine', 'noble')).toMatch(/^4 .*only the token can sign/);
    expect(await sign(...token.flags)).toMatch(/^0 /);
  });

  it('sign --engine pkcs11 refuses keys in files', async () => {
    const dir = keyFolder();
    const timing = { created: NOW, publish: NOW, activate: NOW };
    generateKeyPair(dir, { zone: ZONE, algorithm: 13, role: 'csk', timing });
    const input = join(tempDir('token-sign'), 'zone');
    writeFileSync(input, APEX);
    const done = await zonewright([
      ...['sign', input, '--zone', 'example', '--key-dir', dir, '--now', CLOCK],
      ...['--output', `${input}.signed`, '--engine', 'pkcs11'],
    ]);
    expect(done.status).toBe(4);
    expect(done.stderr).toContain('engine pkcs11 signs with keys in a token only');
  });
});
