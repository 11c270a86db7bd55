import { chmodSync, closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { algorithmByNumber } from '#zonewright/dnssec/algorithms.js';
import { checkStorage, tokenAccess } from '#zonewright/keys/token-access.js';
import { pointField } from '#zonewright/pkcs11/objects.js';
import { readPin } from '#zonewright/pkcs11/settings.js';
import { refusalWith } from '../keys/helpers.js';
import { tempDir } from '../tools/cli.js';

function pinFile(text: string, mode = 0o600): string {
  const file = join(tempDir('pin'), 'pin');
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

function caught(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

describe('readPin', () => {
  it.each([
    ['1234', '1234'],
    ['1234\n', '1234'],
    ['1234\r\n', '1234'],
    [' 1 2\n\n', ' 1 2\n'],
  ])('takes %j without the line end', (text, pin) => {
    expect(readPin({ file: pinFile(text) })).toBe(pin);
  });

  it('reads a file descriptor', () => {
    const fd = openSync(pinFile('77\n'), 'r');
    expect(readPin({ file: `/dev/fd/${fd}` })).toBe('77');
    closeSync(fd);
  });

  it('reads the environment', () => {
    process.env.ZONEWRIGHT_TEST_PIN = '88';
    expect(readPin({ env: 'ZONEWRIGHT_TEST_PIN' })).toBe('88');
    delete process.env.ZONEWRIGHT_TEST_PIN;
    expect(() => readPin({ env: 'ZONEWRIGHT_TEST_PIN' })).toThrow('no ZONEWRIGHT_TEST_PIN');
  });

  it.each([0o640, 0o604, 0o660])('refuses mode %o', (mode) => {
    const file = pinFile('4711', mode);
    const error = caught(() => readPin({ file }));
    expect(error).toSatisfy(refusalWith('open to other users', file, `chmod 600 ${file}`));
    expect(String(error)).not.toContain('4711');
  });

  it('refuses an empty file, and one that is not there', () => {
    expect(caught(() => readPin({ file: pinFile('\n') }))).toSatisfy(refusalWith('holds no PIN'));
    expect(caught(() => readPin({ file: '/nowhere/pin' }))).toSatisfy(refusalWith('ENOENT'));
  });
});

describe('flags and configuration', () => {
  const configured = { module: '/lib/a.so', pin: { env: 'PIN' }, sessions: 3 };

  it('flags come before the configuration', () => {
    expect(tokenAccess({}, configured)).toEqual({ pkcs11: configured });
    expect(tokenAccess({ pinFile: '/p', pkcs11Sessions: 5 }, configured)).toEqual({
      pkcs11: { module: '/lib/a.so', pin: { file: '/p' }, sessions: 5 },
    });
    expect(tokenAccess({ pkcs11Module: 'b.so' })).toEqual({
      pkcs11: { module: 'b.so', pin: undefined, sessions: 8 },
    });
  });

  it('nothing said is no access; a PIN without a module is a mistake', () => {
    expect(tokenAccess({})).toEqual({});
    expect(() => tokenAccess({ pinFile: '/p' })).toThrow('--pin-file is for keys in a PKCS#11');
  });

  it('a token is a URI that names no key', () => {
    expect(() => checkStorage('pkcs11:token=a')).not.toThrow();
    expect(() => checkStorage('pkcs11:token=a;object=b')).toThrow('names a key');
    const error = caught(() => checkStorage('pkcs11:token=a;pin-value=4711')) as Error;
    expect(error.message).not.toContain('4711');
  });
});

describe('CKA_EC_POINT', () => {
  const bytes = (length: number) => Uint8Array.from({ length }, (_, i) => i);

  it.each([
    ['OCTET STRING (PKCS#11 2.40)', 13, [0x04, 65, 4], 64],
    ['bare', 13, [4], 64],
    ['OCTET STRING', 14, [0x04, 97, 4], 96],
    ['OCTET STRING (SoftHSM)', 15, [0x04, 32], 32],
    ['BIT STRING (PKCS#11 3.0)', 15, [0x03, 33, 0], 32],
    ['bare', 15, [], 32],
    ['OCTET STRING', 16, [0x04, 57], 57],
  ])('%s, algorithm %i', (_, number, head, length) => {
    const point = Uint8Array.from([...head, ...bytes(length)]);
    expect(pointField(point, algorithmByNumber(number)!)).toEqual(bytes(length));
  });

  it('a compressed point or another curve is none', () => {
    const p256 = algorithmByNumber(13)!;
    expect(pointField(Uint8Array.from([0x04, 33, 2, ...bytes(32)]), p256)).toBeUndefined();
    expect(pointField(Uint8Array.from([0x04, 97, 4, ...bytes(96)]), p256)).toBeUndefined();
  });
});
