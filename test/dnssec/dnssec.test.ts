import { describe, expect, it } from 'vitest';
import {
  algorithmByName,
  algorithmByNumber,
  signingAlgorithm,
} from '#zonewright/dnssec/algorithms.js';
import {
  bitLength,
  dnskeyText,
  makeDnskey,
  makeRsaPublicKey,
  parseRsaPublicKey,
  revokeDnskey,
} from '#zonewright/dnssec/dnskey.js';
import { DigestType, dsDigest, dsMatches, dsRdata } from '#zonewright/dnssec/ds.js';
import { keyTag, revokedKeyTag } from '#zonewright/dnssec/keytag.js';
import { dnskeyOf, VECTORS, wire } from './vectors.js';

const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex');

/** The DNSKEY of RFC 4034 §5.4 and RFC 4509 §2.3, key id 60485. */
const DSKEY = dnskeyOf(`256 3 5 AQOeiiR0GOMYkDshWoSKz9Xz
  fwJr1AYtsmx3TGkJaNXVbfi/ 2pHm822aJ5iI9BMzNXxeYCmZ
  DRD99WYwYqUSdjMmmAphXdvx egXd/M5+X7OrzKBaMbCVdFLU
  Uh6DhweJBjEVv5f2wwjM9Xzc nOf+EPbtG9DMBmADjFDc2w/r ljwvFw==`);

describe('key tag (RFC 4034 appendix B)', () => {
  it('is 60485 for the key of RFC 4034 §5.4', () => {
    expect(keyTag(DSKEY)).toBe(60485);
  });

  it.each(VECTORS)('is as printed: $title', ({ dnskey, tag }) => {
    expect(keyTag(dnskeyOf(dnskey))).toBe(tag);
  });

  it('of the root KSK of 2017 is 20326, and 20454 once revoked (RFC 5011 §2.1)', () => {
    const root = dnskeyOf(
      '257 3 8 AwEAAaz/tAm8yTn4Mfeh5eyI96WSVexTBAvkMgJzkKTOiW1vkIbzxeF3+/4RgWOq7HrxRixHlFlExOLAJr5emLvN7SWXgnLh4+B5xQlNVz8Og8kvArMtNROxVQuCaSnIDdD5LKyWbRd2n9WGe2R8PzgCmr3EgVLrjyBxWezF0jLHwVN8efS3rCj/EWgvIWgb9tarpVUDK/b58Da+sqqls3eNbuv7pr+eoZG+SrDK6nWeL3c6H5Apxz7LjVc1uTIdsIXxuOLYA4/ilBmSVIzuDWfdRUfhHdY6+cn8HFRm+2hM8AnXGXws9555KrUB5qihylGa8subX2Nn6UwNR1AkUTV74bU=',
    );
    expect(keyTag(root)).toBe(20326);
    expect(revokedKeyTag(root)).toBe(20454);
    expect(keyTag(revokeDnskey(root))).toBe(20454);
  });

  it('adds the carry of the upper half', () => {
    expect(keyTag(Uint8Array.of(0xff, 0xff, 3, 8, 0xff, 0xff - 1, 0xfc, 0xf8))).toBe(
      // 0xffff + 0x0308 + 0xfffe + 0xfcf8 = 0x2fffd; 0xfffd + 2 = 0xffff
      0xffff,
    );
  });

  it('of algorithm 1 is a part of the modulus (RFC 4034 appendix B.1)', () => {
    expect(keyTag(Uint8Array.of(1, 0, 3, 1, 9, 9, 0xab, 0xcd, 0xef))).toBe(0xabcd);
  });
});

describe('DS digest', () => {
  const owner = wire('dskey.example.com');

  it('SHA-1 of RFC 4034 §5.4 is recognised', () => {
    expect(hex(dsDigest(owner, DSKEY, DigestType.sha1))).toBe(
      '2bb183af5f22588179a53b0a98631fad1a292118',
    );
  });

  it('SHA-256 of RFC 4509 §2.3', () => {
    expect(hex(dsRdata(owner, DSKEY, 2))).toBe(
      'ec450502d4b7d520e7bb5f0f67674a0cceb1e3e0614b93c4f9e99b8383f6a1e4469da50a',
    );
  });

  it.each(VECTORS.filter(({ ds }) => ds !== undefined))('as printed: $title', (vector) => {
    const [type, digest] = vector.ds!;
    const dnskey = dnskeyOf(vector.dnskey);
    const ds = dsRdata(wire(vector.owner), dnskey, type);
    expect(hex(ds.subarray(4))).toBe(digest);
    expect([(ds[0] << 8) | ds[1], ds[2], ds[3]]).toEqual([vector.tag, dnskey[3], type]);
    expect(dsMatches(ds, wire(vector.owner), dnskey)).toBe(true);
    expect(dsMatches(ds, wire('other.example'), dnskey)).toBe(false);
    expect(dsMatches(ds.subarray(0, ds.length - 1), wire(vector.owner), dnskey)).toBe(false);
  });

  it.each([1, 3, 5])('is not made with digest type %i', (type) => {
    expect(() => dsRdata(owner, DSKEY, type)).toThrow(`no DS is made with digest type ${type}`);
  });
});

describe('algorithms (IANA registry)', () => {
  it.each([
    [8, 'RSASHA256'],
    [10, 'RSASHA512'],
    [13, 'ECDSAP256SHA256'],
    [14, 'ECDSAP384SHA384'],
    [15, 'ED25519'],
    [16, 'ED448'],
  ])('%i is %s, by number, name and name in lower case', (number, name) => {
    expect(algorithmByName(name)?.number).toBe(number);
    expect(algorithmByName(name.toLowerCase())?.number).toBe(number);
    expect(algorithmByName(String(number))?.mnemonic).toBe(name);
    expect(signingAlgorithm(number).number).toBe(number);
  });

  it.each([5, 7])(
    '%i is known for checking, and refused for signing with exit code 4',
    (number) => {
      expect(algorithmByNumber(number)?.hash).toBe('sha1');
      expect(() => signingAlgorithm(number, 'K.key')).toThrow(
        expect.objectContaining({ exitCode: 4, place: { file: 'K.key' } }),
      );
    },
  );

  it.each([0, 1, 3, 12, 250])('%i is refused with exit code 4', (number) => {
    expect(() => signingAlgorithm(number)).toThrow(expect.objectContaining({ exitCode: 4 }));
  });
});

describe('RSA public key (RFC 3110 §2)', () => {
  it('reads the short and the long form of the exponent length', () => {
    const modulus = Uint8Array.of(0xc1, 2, 3, 4);
    const short = parseRsaPublicKey(Uint8Array.of(3, 1, 0, 1, ...modulus));
    const long = parseRsaPublicKey(Uint8Array.of(0, 0, 3, 1, 0, 1, ...modulus));
    expect(hex(short?.exponent)).toBe('010001');
    expect(long).toEqual(short);
    expect(hex(long?.modulus)).toBe('c1020304');
  });

  it('writes an exponent of 256 octets in the long form', () => {
    const exponent = new Uint8Array(256).fill(7);
    const field = makeRsaPublicKey({ exponent, modulus: Uint8Array.of(9, 9) });
    expect(hex(field.subarray(0, 4))).toBe('00010007');
    expect(parseRsaPublicKey(field)?.exponent).toEqual(exponent);
  });

  it.each([
    [Uint8Array.of()],
    [Uint8Array.of(0)],
    [Uint8Array.of(0, 0, 0, 5)],
    [Uint8Array.of(3, 1, 0, 1)],
    [Uint8Array.of(1, 0, 5)],
    [Uint8Array.of(200, 1, 2, 3)],
  ])('is undefined for broken octets %o', (field) => {
    expect(parseRsaPublicKey(field)).toBeUndefined();
  });

  it('counts bits without leading zeros', () => {
    expect([
      bitLength(Uint8Array.of(0, 0x80, 0)),
      bitLength(Uint8Array.of(1, 0)),
      bitLength(Uint8Array.of(0)),
    ]).toEqual([16, 9, 0]);
  });
});

it('DNSKEY rdata and its text (RFC 4034 §2)', () => {
  expect(dnskeyText(makeDnskey(257, 13, Uint8Array.of(1, 2, 3)))).toBe('257 3 13 AQID');
});
