/** Keys and signatures in minisign's format, judged by minisign. */
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseSecretKey, publicKeyText, signatureText } from '#zonewright/zfa/bundles/minisign.js';
import { signingKey } from '#zonewright/zfa/bundles/signing-key.js';
import { zfaPlaces } from '#zonewright/zfa/places.js';
import { run, tempDir } from '../../tools/cli.js';
import { describeWithTools } from '../../tools/judges.js';

describeWithTools(['minisign'], 'minisign', () => {
  it('verifies what our own key signs, comment included, and nothing else', async () => {
    const state = tempDir('minisign');
    const key = signingKey(state);
    const { publicKey } = zfaPlaces(state);
    const file = join(state, 'm');
    const verify = () => run('minisign', ['-Vm', file, '-p', publicKey]);
    for (const size of [0, 1, 5000]) {
      const text = randomBytes(size);
      writeFileSync(file, text);
      writeFileSync(`${file}.minisig`, signatureText(key, text, 'timestamp:1\tfile:m'));
      const done = await verify();
      expect(done).toMatchObject({ status: 0 });
      expect(done.stdout).toContain('Trusted comment: timestamp:1\tfile:m');
    }
    const signature = readFileSync(`${file}.minisig`, 'utf8');
    writeFileSync(`${file}.minisig`, signature.replace('timestamp:1', 'timestamp:2'));
    expect((await verify()).status).not.toBe(0);
    writeFileSync(`${file}.minisig`, signature);
    writeFileSync(file, 'another');
    expect((await verify()).status).not.toBe(0);
  });

  it('signs with the key that we make', async () => {
    const state = tempDir('minisign');
    signingKey(state);
    const { signingKey: secret, publicKey } = zfaPlaces(state);
    const file = join(state, 'm');
    writeFileSync(file, 'text');
    expect(await run('minisign', ['-Sm', file, '-s', secret])).toMatchObject({ status: 0 });
    expect(await run('minisign', ['-Vm', file, '-p', publicKey])).toMatchObject({ status: 0 });
  });

  it('makes keys that we sign with', async () => {
    const state = tempDir('minisign');
    signingKey(state);
    const { signingKey: secret, publicKey } = zfaPlaces(state);
    rmSync(secret);
    rmSync(publicKey);
    const made = await run('minisign', ['-G', '-W', '-s', secret, '-p', publicKey]);
    expect(made).toMatchObject({ status: 0 });
    const theirs = readFileSync(publicKey, 'utf8').split('\n')[1];
    const key = signingKey(state);
    expect(publicKeyText(key).split('\n')[1]).toBe(theirs);
    const file = join(state, 'm');
    writeFileSync(file, 'text');
    writeFileSync(`${file}.minisig`, signatureText(key, Buffer.from('text'), 'c'));
    expect(await run('minisign', ['-Vm', file, '-P', theirs])).toMatchObject({ status: 0 });
  });
});

describe('the signing key', () => {
  it('is made once, for its owner only, and its public part is mended', () => {
    const state = tempDir('minisign');
    const { signingKey: secret, publicKey } = zfaPlaces(state);
    const key = signingKey(state);
    expect(statSync(secret).mode & 0o777).toBe(0o600);
    rmSync(publicKey);
    expect(signingKey(state).publicKey.equals(key.publicKey)).toBe(true);
    expect(readFileSync(publicKey, 'utf8')).toBe(publicKeyText(key));
    expect(parseSecretKey(readFileSync(secret, 'utf8'))).toMatchObject({ number: key.number });
  });

  it('that is none, or whose halves differ, is refused and kept', () => {
    const state = tempDir('minisign');
    const { signingKey: secret } = zfaPlaces(state);
    signingKey(state);
    const good = readFileSync(secret, 'utf8');
    const [comment, line] = good.split('\n');
    const octets = Buffer.from(line, 'base64');
    octets[100] ^= 1;
    for (const bad of [
      '',
      'x',
      `${comment}\nAAAA\n`,
      `${comment}\n${octets.toString('base64')}\n`,
    ]) {
      writeFileSync(secret, bad);
      expect(() => signingKey(state)).toThrow('not a secret key');
      expect(readFileSync(secret, 'utf8')).toBe(bad);
    }
  });

  it('takes away what a killed run left long ago', () => {
    const state = tempDir('minisign');
    signingKey(state);
    const { folder } = zfaPlaces(state);
    for (const name of ['.key-1-old', '.key-1-new']) writeFileSync(join(folder, name), 'x');
    utimesSync(join(folder, '.key-1-old'), 0, 0);
    signingKey(state);
    expect(readdirSync(folder).sort()).toEqual(['.key-1-new', 'minisign.key', 'minisign.pub']);
  });

  it('with a passphrase is refused with what to do', () => {
    const state = tempDir('minisign');
    const { signingKey: secret } = zfaPlaces(state);
    signingKey(state);
    const octets = Buffer.from(readFileSync(secret, 'utf8').split('\n')[1], 'base64');
    // How the rest is encrypted: scrypt.
    octets.write('Sc', 2, 'latin1');
    writeFileSync(secret, `untrusted comment: x\n${octets.toString('base64')}\n`);
    expect(() => signingKey(state)).toThrow('with a passphrase');
  });

  it('signs the same text to the same octets', () => {
    const key = signingKey(tempDir('minisign'));
    const sign = () => signatureText(key, Buffer.from('text'), 'comment');
    expect(sign()).toBe(sign());
  });
});
