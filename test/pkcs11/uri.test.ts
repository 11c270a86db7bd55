import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatTokenUri,
  keyName,
  parseTokenUri,
  type TokenUri,
  tokenName,
} from '#zonewright/pkcs11/uri.js';

describe('PKCS#11 URIs (RFC 7512)', () => {
  it.each<[string, TokenUri]>([
    ['pkcs11:', {}],
    ['pkcs11:token=zw', { token: 'zw' }],
    ['PKCS11:token=zw;', { token: 'zw' }],
    [
      // RFC 7512 §3
      'pkcs11:token=The%20Software%20PKCS%2311%20Softtoken;manufacturer=Snake%20Oil,%20Inc.;model=1.0;object=my-certificate;type=private;id=%69%95%3E%5C%F4%BD%EC%91;serial=?pin-source=file:/etc/token_pin',
      {
        token: 'The Software PKCS#11 Softtoken',
        manufacturer: 'Snake Oil, Inc.',
        model: '1.0',
        serial: '',
        object: 'my-certificate',
        id: Uint8Array.of(0x69, 0x95, 0x3e, 0x5c, 0xf4, 0xbd, 0xec, 0x91),
        pinSource: '/etc/token_pin',
      },
    ],
    [
      // As BIND's documentation writes them: pin-source before any question mark.
      'pkcs11:token=zw;object=com-ksk;pin-source=/etc/pin',
      { token: 'zw', object: 'com-ksk', pinSource: '/etc/pin' },
    ],
    ['pkcs11:object=a&b;token=x', { object: 'a&b', token: 'x' }],
    [
      'pkcs11:slot-id=77?pin-source=file:///p%3Fq&module-path=/x.so',
      { slotId: 77, pinSource: '/p?q' },
    ],
    ['pkcs11:object=%C3%BCber', { object: 'über' }],
    ['pkcs11:object=über', { object: 'über' }],
  ])('%s', (text, uri) => {
    expect(parseTokenUri(text)).toEqual(uri);
  });

  it.each([
    ['token=zw', 'does not begin'],
    ['http://token', 'does not begin'],
    ['pkcs11:token', 'without "="'],
    ['pkcs11:token=a;token=b', '"token" twice'],
    ['pkcs11:token=%4', 'two digits'],
    ['pkcs11:token=a b', 'a space'],
    ['pkcs11:token=%FF', 'not UTF-8'],
    ['pkcs11:slot-id=x', 'no number'],
    ['pkcs11:type=public', 'another type'],
    ['pkcs11:x-flavour=1', '"x-flavour"'],
    ['pkcs11:token=a?pin-source=|cat%20pin', 'a program'],
  ])('refuses %s', (text, message) => {
    expect(() => parseTokenUri(text)).toThrow(message);
  });

  it('refuses a PIN and does not say it', () => {
    for (const text of ['pkcs11:token=a;pin-value=4711', 'pkcs11:token=a?pin-value=4711']) {
      expect(() => parseTokenUri(text)).toThrow(/^holds a PIN: (?!.*4711)/);
    }
  });

  it('reads what it writes', () => {
    const word = fc.option(fc.string({ unit: 'binary' }), { nil: undefined });
    const uris = fc.record({
      token: word,
      manufacturer: word,
      model: word,
      serial: word,
      slotId: fc.option(fc.nat(), { nil: undefined }),
      object: word,
      id: fc.option(fc.uint8Array(), { nil: undefined }),
      // What begins with a bar is a program, and file: is taken off.
      pinSource: fc.option(
        fc.string({ unit: 'binary' }).map((path) => `/${path}`),
        { nil: undefined },
      ),
    });
    fc.assert(
      fc.property(uris, (uri) => {
        const text = formatTokenUri(uri);
        expect(text).toMatch(/^pkcs11:[\x21-\x7e]*$/);
        expect(parseTokenUri(text)).toEqual(
          Object.fromEntries(Object.entries(uri).filter(([, value]) => value !== undefined)),
        );
      }),
    );
  });

  it('names tokens and keys without the PIN source', () => {
    const uri = parseTokenUri('pkcs11:token=zw;object=k?pin-source=/etc/pin');
    expect(tokenName(uri)).toBe('token "zw"');
    expect(keyName(uri)).toBe('key "k"');
    const bare = parseTokenUri('pkcs11:serial=7;id=%01?pin-source=/etc/pin');
    expect(tokenName(bare)).toBe('token pkcs11:serial=7');
    expect(keyName(bare)).toBe('key pkcs11:id=%01');
  });
});
